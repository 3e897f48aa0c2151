"""Tokens, the source text they point into, and the limits on what is read.

Both tokenizers (tokens_text.py, tokens_latex.py) yield the same kinds:

    num        a number, with its value          name       a letter or a word; `bars`, `bold`, `font` say how it was written
    op         + - · ∘ * × /                     rel        = < > ≤ ≥ ≠ ∈ +=
    open close ( ) [ ] { } and \\{ ⟦ cases …      sub sup    _ and ^; the script is the next token or group
    bar norm   | and ‖                           prime      '
    big        Σ, ∏ ("sum", "prod")              root frac  √, \\frac
    partial nabla dots dot comma semicolon colon star arrow amp row
    newline hard soft    ends of lines, of equations, and gaps after which another equation or a remark may follow
    remark     words that are no mathematics     ones       𝟏

A `{` with the text "{" is LaTeX's or the scripts' invisible bracket; a visible one has the text "\\{"; a brace of cases "cases".
Nothing here knows what a name means.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from wengert.errors import EquationError, Fix, message, place
from wengert.notes.notation.expr import Span

MAX_SOURCE = 64 * 1024
MAX_TOKENS = 20_000
MAX_DEPTH = 200
MAX_DIGITS = 400


@dataclass(slots=True)
class Token:
    """One sign of the source; `space` says whether white space stands before it, `reach` how many tokens on its closing bracket is."""

    kind: str
    text: str
    span: Span
    space: bool = False
    bars: int = 0
    bold: bool = False
    font: str = ""
    value: Fraction | None = None
    reach: int = 0


@dataclass(frozen=True)
class Source:
    """The text that a user gave, and the messages that show a place in it."""

    text: str

    def where(self, span: Span) -> str:
        """The line of the place, with a caret under it; of nothing, nothing."""
        return place(self.text, span.start, span.end) if self.text.strip() else ""

    def quote(self, span: Span) -> str:
        """The user's own text at a place, shortened."""
        text = " ".join(self.text[span.start : span.end].split())
        return text if len(text) <= 40 else text[:37] + "…"

    def error(self, what: str, span: Span, repair: str, fix: Fix | None = None) -> EquationError:
        """What is wrong, the place, what to write instead; as a change of the text, where one change does it."""
        error = EquationError(what, self.where(span), repair)
        start = min(max(span.start, 0), len(self.text))
        error.span = start, max(start, min(span.end if span.end >= 0 else len(self.text), len(self.text)))
        error.fix = fix
        return error

    def line_before(self, span: Span, line: str) -> Fix | None:
        """A line put in before that of a place; None in LaTeX, where a line is not an equation."""
        start = self.text.rfind("\n", 0, max(span.start, 0)) + 1
        return None if "\\" in self.text else Fix(start, start, f"{line}\n")

    def warning(self, what: str, span: Span, repair: str) -> str:
        """The same three lines for a reading that is not certain."""
        return message(what, self.where(span), repair)


class Characters:
    """Text in normal form D, each character with its place in the original."""

    def __init__(self, text: str, offset: int = 0, given: Sequence[int] | None = None) -> None:
        if given is None:
            given = range(offset, offset + len(text) + 1)
        if text.isascii():
            self.text = text
            self.places: Sequence[int] = given
            return
        characters: list[str] = []
        places: list[int] = []
        for at, character in zip(given, text, strict=False):
            parts = character if character < "\u00c0" else unicodedata.normalize("NFD", character)
            for part in parts if parts[0].isalpha() else character:  # ≠ stays one sign
                characters.append(part)
                places.append(at)
        places.append(given[len(text)])
        self.text = "".join(characters)
        self.places = places

    def span(self, start: int, end: int) -> Span:
        """The place in the original of characters start … end − 1."""
        begin = self.places[start]
        return Span(begin, max(self.places[end - 1] + 1 if end > start else begin, begin))


def check_size(source: Source, length: int) -> None:
    """Refuse a text that is too long, or that is not text, before any work is done on it."""
    if length > MAX_SOURCE:
        error = EquationError(
            f"The text has {length:,} characters; equations of more than {MAX_SOURCE:,} are not read.",
            "  " + source.text[:60].replace("\n", " ").replace("\0", " ") + "…",
            "Give only the equations, or split them over several files.",
        )
        error.span = 0, len(source.text)
        raise error


def number_value(digits: str, source: Source, span: Span) -> Fraction:
    """The exact value of a decimal number such as 12, 0.5 or 1e-5, refused when it is too long to be meant."""
    mantissa, _, exponent = digits.lower().partition("e")
    if len(mantissa) > MAX_DIGITS or len(exponent) > 4 or abs(int(exponent or 0)) > MAX_DIGITS:
        raise source.error(
            f"This number has more than {MAX_DIGITS} digits.",
            Span(span.start, span.start + 1),
            "Write a shorter number.",
        )
    return Fraction(mantissa + ("e" + exponent if exponent else ""))


def check_depth(tokens: list[Token], source: Source) -> None:
    """Refuse brackets nested deeper than the limit, before anything walks over them."""
    depth = 0
    for token in tokens:
        depth += (token.kind == "open") - (token.kind == "close" and depth > 0)
        if depth > MAX_DEPTH:
            raise source.error(
                f"Brackets nest deeper than {MAX_DEPTH} levels here.",
                token.span,
                "Give the inner part a name of its own.",
            )


def match_again(tokens: Sequence[Token]) -> list[Token]:
    """The tokens, some of which are new, with where the bracket that each one opens is closed."""
    out = [replace(token) if token.kind == "open" else token for token in tokens]
    opened: list[int] = []
    for at, token in enumerate(out):
        if token.kind == "open":
            opened.append(at)
        elif token.kind == "close" and opened:
            start = opened.pop()
            out[start].reach = at - start
    return out


class Collector:
    """The growing list of tokens, which refuses to grow past the limit."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.tokens: list[Token] = []
        self.space = False

    def add(self, kind: str, text: str, span: Span, **more: object) -> Token:
        if len(self.tokens) >= MAX_TOKENS:
            raise self.source.error(
                f"The equations have more than {MAX_TOKENS:,} signs.", span, "Split them over several files."
            )
        token = Token(kind, text, span, self.space, **more)  # pyright: ignore[reportArgumentType]
        self.tokens.append(token)
        self.space = False
        return token


def letter_of(token: Token, source: Source) -> str:
    """Σ or Π where a sign of a sum or a product is written as that letter, which may be a name; "" for any other token."""
    written = source.text[token.span.start : token.span.start + 1]
    return written if token.kind == "big" and written in ("Σ", "Π") else ""
