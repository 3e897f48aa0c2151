"""Documents: which parts of a Markdown, LaTeX or plain text file are equations, and where they stand in it.

Display mathematics is the system; inline mathematics ($…$) and everything else is prose.
"""

from __future__ import annotations

import re

from wengert.errors import EquationError
from wengert.notation.expr import Span
from wengert.notation.latex_commands import WRAPPERS
from wengert.notation.reader import Piece, Reading, guess_syntax, read
from wengert.notation.symbols import Symbols
from wengert.notation.tokens import Source

MAX_DOCUMENT = 1024 * 1024

FENCE = re.compile(
    r"^ {0,3}(`{3,}|~{3,})[ \t]*([\w+-]*)[^\n]*\n(.*?)(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL
)
FENCE_SYNTAX = {
    "math": "latex",
    "latex": "latex",
    "tex": "latex",
    "text": "text",
    "equations": "text",
    "wengert": "text",
}
ENVIRONMENTS = "|".join(
    sorted((re.escape(name) for name in WRAPPERS - {"document", "math", "split"}), key=len, reverse=True)
)
OPENING = re.compile(rf"(?<!\\)(?:\$\$|\\\[(?!\d)|\\begin\{{(?P<name>{ENVIRONMENTS})\}})")
DOLLARS = re.compile(r"(?<!\\)\$\$")
BLANK_LINE = re.compile(r"\n[ \t]*\n")
COMMENT = re.compile(r"(?<!\\)%[^\n]*")
WORDS = re.compile(r"[^\W\d_]{2,}")
EQUATION_SIGN = re.compile(r"[=∈≜:{}]|\b(otherwise|if|params|data|assume|implicit)\b")


def pieces(text: str, faults: list[EquationError] | None = None) -> tuple[Piece, ...]:
    """The equations of a document: fenced blocks (text, math, latex), $$…$$, \\[…\\] and display environments.

    If there is none of these, a text with LaTeX commands is LaTeX mathematics as a whole, and a plain text gives its lines without
    the sentences between them. A display that is not closed ends at the next blank line if `faults` is given, to which the error is
    added. Raises EquationError for a display that is not closed otherwise, and for a document that is too long.
    """
    if len(text) > MAX_DOCUMENT:
        raise EquationError(
            f"The document has {len(text):,} characters; documents of more than {MAX_DOCUMENT:,} are not read.",
            "  " + " ".join(text[:60].split()) + "…",
            "Give the part with the equations.",
        )
    found: list[Piece] = []
    body = list(text)
    fenced = False
    for fence in FENCE.finditer(text):
        fenced = True
        syntax = FENCE_SYNTAX.get(fence.group(2).lower())
        if syntax:
            found.append(Piece(fence.group(3), fence.start(3), syntax))
        body[fence.start() : fence.end()] = " " * (fence.end() - fence.start())
    found += _displays("".join(body), text, faults)
    if found or fenced or faults:
        return tuple(sorted(found, key=lambda piece: piece.start))
    return _whole(text)


def read_document(text: str, context: Symbols | None = None) -> Reading:
    """All equations of a document as one system."""
    return read(pieces(text), context=context, source=text)


def _displays(body: str, text: str, faults: list[EquationError] | None) -> list[Piece]:
    """Display mathematics of a text whose fenced blocks are blanked out."""
    found: list[Piece] = []
    odd = len(DOLLARS.findall(body)) % 2 == 1
    at = 0
    while (opening := OPENING.search(body, at)) is not None:
        sign = opening.group()
        name = opening.group("name")
        closing = "$$" if sign == "$$" else r"\]" if name is None else rf"\end{{{name}}}"
        end = body.find(closing, opening.end())
        doubtful = faults is not None and (end < 0 or (odd and sign == "$$"))
        blank = BLANK_LINE.search(body, opening.end()) if doubtful else None
        if blank is not None and blank.start() < end:
            end = -1
        if end < 0:
            error = Source(text).error(
                f"This display formula '{sign}' is not closed.",
                Span(opening.start(), opening.end()),
                f"Write '{closing}' after it.",
            )
            if faults is None:
                raise error
            faults.append(error)
            at = len(body) if blank is None else blank.end()
            continue
        if name is None:
            found.append(Piece(body[opening.end() : end], opening.end(), "latex"))
        else:
            found.append(Piece(body[opening.start() : end + len(closing)], opening.start(), "latex"))
        at = end + len(closing)
    return [piece for piece in found if COMMENT.sub("", piece.text).strip()]


def _whole(text: str) -> tuple[Piece, ...]:
    """A text without display mathematics: all of it, or its lines that are no sentences."""
    if guess_syntax(text) == "latex":
        return (Piece(text, 0, "latex"),)
    runs: list[Piece] = []
    at = start = 0
    for line in text.splitlines(keepends=True):
        if _is_prose(line):
            runs.append(Piece(text[start:at], start, "text"))
            start = at + len(line)
        at += len(line)
    runs.append(Piece(text[start:], start, "text"))
    return tuple(piece for piece in runs if piece.text.strip()) or (Piece(text, 0, "text"),)


def _is_prose(line: str) -> bool:
    """A heading or a sentence: several words and no sign of an equation."""
    return len(WORDS.findall(line.split("#")[0])) >= 4 and EQUATION_SIGN.search(line) is None
