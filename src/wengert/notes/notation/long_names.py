"""Names of several letters that LaTeX sets as single ones: the net of net_j = Σ_i w_ji o_i, because a left side is one quantity."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from wengert.notes.notation.chunks import Chunk, relations
from wengert.notes.notation.expr import Span
from wengert.notes.notation.symbols import FUNCTIONS
from wengert.notes.notation.tokens import Token, match_again

SHORTEST = 3
"""A x = b and Ax = b are equations that x solves."""


def with_long_names(chunks: Sequence[Chunk], known: Collection[str]) -> list[Chunk]:
    """The chunks with each name of several letters as one token; `known` are those of earlier equations."""
    found = {name for name in known if len(name) >= SHORTEST and name.isascii() and name.isalpha()}
    found |= {name for chunk in chunks if (name := _left_name(chunk.tokens))}
    found -= FUNCTIONS.keys()
    if not found:
        return list(chunks)
    return [replace(chunk, tokens=_joined(chunk.tokens, found)) for chunk in chunks]


def _runs(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """(start, end) of letters that stand side by side without a gap."""
    at = 0
    while at < len(tokens):
        end = at + 1
        if _is_letter(tokens[at]):
            while end < len(tokens) and _is_letter(tokens[end]) and not tokens[end].space:
                end += 1
            yield at, end
        at = end


def _is_letter(token: Token) -> bool:
    plain = not (token.bars or token.bold or token.font)
    return token.kind == "name" and plain and len(token.text) == 1 and token.text.isascii()


def _left_name(tokens: Sequence[Token]) -> str:
    """The name of several letters that a left side begins with, its scripts being all that follows; "" where it does not."""
    start, end = next(_runs(tokens), (0, 0))
    signs = relations(list(tokens))
    if start or end < SHORTEST or not signs or end > signs[0]:
        return ""
    at = end
    while at < signs[0] and tokens[at].kind in ("sub", "sup", "prime"):
        first = tokens[at + 1]
        at += 1 if tokens[at].kind == "prime" else 2 + (first.reach if first.kind == "open" else 0)
    name = "".join(token.text for token in tokens[:end])
    return name if at == signs[0] and not name.startswith("d") else ""


def _joined(tokens: list[Token], found: Collection[str]) -> list[Token]:
    """The tokens with the names as one token each, also behind the d of a differential."""
    out: list[Token] = []
    at = 0
    for start, end in _runs(tokens):
        run = "".join(token.text for token in tokens[start:end])
        begin = start if run in found else start + 1 if run[:1] == "d" and run[1:] in found else end
        if begin == end:
            continue
        out += tokens[at:begin]
        name = "".join(token.text for token in tokens[begin:end])
        span = Span(tokens[begin].span.start, tokens[end - 1].span.end)
        out.append(Token("name", name, span, tokens[begin].space, font=f"\\mathit{{{name}}}"))
        at = end
    return match_again([*out, *tokens[at:]]) if at else tokens
