"""Subscripts and superscripts as token slices, and what a subscript looks like before its letters are known."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace

from wengert.notes.notation.expr import Span
from wengert.notes.notation.tokens import Source, Token

ROMAN = (
    "\\text",
    "\\mathrm",
    "\\operatorname",
    "\\mathit",
    "\\mathsf",
    "\\mathtt",
    "\\mbox",
    "\\emph",
    "\\mathcal",
    "\\mathscr",
)

ENDS = frozenset({"rel", "op", "close", "comma", "sup", "prime", "end", "amp", "row", "soft", "newline", "bar", "norm"})
"""What follows a subscript that is only a sign, the + of d_+."""


@dataclass(frozen=True)
class ScriptTokens:
    """One script: `kind` sub, sup or prime; its tokens without the group's brackets; `bracketed` if written ^( ) or ^{( )}."""

    kind: str
    content: list[Token]
    bracketed: bool
    span: Span
    end: int  # the position after the script


def next_script(tokens: list[Token], at: int, source: Source) -> ScriptTokens | None:
    """The script that starts at this position, if one does."""
    if at >= len(tokens) or tokens[at].kind not in ("sub", "sup", "prime"):
        return None
    sign = tokens[at]
    if sign.kind == "prime":
        return ScriptTokens("prime", [sign], False, sign.span, at + 1)
    if at + 1 >= len(tokens) or tokens[at + 1].kind in ("close", "end", "rel", "comma", "sub", "sup"):
        raise source.error(
            f"Nothing stands after '{sign.text}' here.", sign.span, "Write an index or an exponent after it."
        )
    first = tokens[at + 1]
    if first.kind == "open" and first.text in ("{", "("):
        content = tokens[at + 2 : at + 1 + first.reach]
        bracketed = first.text == "("
        end = at + 2 + first.reach
        if first.text == "{" and content and content[0].text == "(" and content[0].reach == len(content) - 1:
            content, bracketed = content[1:-1], True
        if not content:
            raise source.error(
                "This script is empty.", Span(sign.span.start, tokens[end - 1].span.end), "Write an index in it."
            )
    elif first.kind == "open":
        content, bracketed, end = tokens[at + 1 : at + 2 + first.reach], False, at + 2 + first.reach
    elif (
        first.kind == "op"
        and first.text in "+-"
        and at + 2 < len(tokens)
        and not (sign.kind == "sub" and (tokens[at + 2].space or tokens[at + 2].kind in ENDS))
    ):
        content, bracketed, end = tokens[at + 1 : at + 3], False, at + 3
    else:
        content, bracketed, end = [first], False, at + 2
        if (
            sign.font == "text"
            and first.kind == "name"
            and first.text != "T"
            and end < len(tokens)
            and tokens[end].kind == "sub"
        ):
            inner = next_script(tokens, end, source)  # e^z_j in plain text is e^(z_j)
            end = inner.end if inner is not None else end
            content = tokens[at + 1 : end]
    if sign.kind == "sub" and len(content) == 1 and content[0].kind == "op" and content[0].text in "+-":
        content = [replace(content[0], kind="name", font=f"\\text{{{content[0].text}}}")]  # d_+ is a name
    return ScriptTokens(
        sign.kind, content, bracketed, Span(sign.span.start, max(tokens[end - 1].span.end, sign.span.end)), end
    )


def clusters(text: str) -> list[str]:
    """The letters of a word, each with its combining marks and primes."""
    out: list[str] = []
    for character in text:
        if out and (unicodedata.combining(character) or character == "'"):
            out[-1] += character
        else:
            out.append(character)
    return out


def is_roman(token: Token) -> bool:
    """Whether a token was written as a word (\\text{reg}), so that it names and does not index."""
    return token.kind == "name" and token.font.startswith(ROMAN)


def shape(content: list[Token]) -> str:
    """What a subscript looks like: "name" (\\text), "digits", "letters" (ij, i0) or "list" (i,j  i+k  s_t)."""
    if all(token.kind in ("name", "num") for token in content):
        if any(is_roman(token) for token in content):
            return "name"
        if all(token.kind == "num" for token in content):
            return "digits"
        return "letters" if all(not token.bars for token in content) else "list"
    return "list"


def elements(content: list[Token]) -> list[str]:
    """The letters and digits of a subscript of shape "letters"."""
    out: list[str] = []
    for token in content:
        out.extend(clusters(token.text) if token.kind == "name" else [token.text])
    return out


def spelled(content: list[Token]) -> str:
    """The text of a name subscript."""
    return "".join(token.text for token in content)


def list_letters(content: list[Token]) -> list[str]:
    """The single letters that stand bare in a subscript with commas, sums or comparisons."""
    out: list[str] = []
    for at, token in enumerate(content):
        scripted = at + 1 < len(content) and content[at + 1].kind in ("sub", "sup")
        if token.kind == "name" and not is_roman(token) and not scripted:
            out.extend(clusters(token.text))
    return out


def split_at_commas(content: list[Token]) -> list[list[Token]]:
    """The elements of a list subscript."""
    parts: list[list[Token]] = [[]]
    at = 0
    while at < len(content):
        step = content[at].reach + 1 if content[at].kind == "open" else 1
        if content[at].kind == "comma":
            parts.append([])
        else:
            parts[-1].extend(content[at : at + step])
        at += step
    return parts
