"""Layers written as exponents, z^1 = w^1 x + b^1 and W^{[2]}: the signs of such labels become those of z^{(1)} before names are read.

An exponent on a left side is no power, because nobody defines a power; nor is the exponent 1.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from wengert.notes.notation.chunks import Chunk, relations
from wengert.notes.notation.expr import Span
from wengert.notes.notation.tokens import Source, Token, match_again


@dataclass(frozen=True)
class Raised:
    """A letter with a bare number above it: where the number is among the tokens, and whether this is a whole left side."""

    base: str
    number: int
    at: int
    whole_left: bool


@dataclass
class _Uses:
    """How each letter of the equations is written."""

    raised: dict[int, list[Raised]] = field(default_factory=lambda: defaultdict[int, list[Raised]](list))
    bare: set[str] = field(default_factory=set[str])


def with_layers(chunks: Sequence[Chunk], known: frozenset[str], source: Source) -> tuple[list[Chunk], frozenset[str]]:
    """The chunks with layers as labels in brackets, and the letters that carry them; `known` are those of earlier equations.

    Raises EquationError for two labels in one superscript.
    """
    opened = [replace(chunk, tokens=_square_labels(chunk.tokens, source)) for chunk in chunks]
    uses = _uses(opened)
    layered = known | _layered(uses)
    if layered:
        layered |= {"δ"} - uses.bare
        opened = [
            replace(chunk, tokens=_bracketed(chunk.tokens, {r.at for r in uses.raised[k] if r.base in layered}))
            for k, chunk in enumerate(opened)
        ]
    return opened, layered


def _layered(uses: _Uses) -> frozenset[str]:
    """The letters whose bare exponents are layers."""
    every = [raised for found in uses.raised.values() for raised in found]
    layered = {raised.base for raised in every if raised.whole_left or raised.number == 1}
    if all(raised.number == 2 for raised in every if raised.base in layered):
        return frozenset(layered - uses.bare)  # σ² of a variance, beside which x² is a power
    for found in uses.raised.values():
        own = next((raised.number for raised in found if raised.whole_left), None)
        if own is not None:
            layered |= {r.base for r in found if r.number in (own, own - 1) and r.base not in uses.bare}
    return frozenset(layered)


def _uses(chunks: Sequence[Chunk]) -> _Uses:
    uses = _Uses()
    for k, chunk in enumerate(chunks):
        signs = relations(chunk.tokens)
        for start, end, number in _names(chunk.tokens):
            base = chunk.tokens[start].text
            if number < 0:
                if [token.text for token in chunk.tokens[end : end + 1]] != ["("]:  # of a function
                    uses.bare.add(base)
                continue
            value = chunk.tokens[number].value
            if value is not None and value.denominator == 1:
                whole = start == 0 and bool(signs) and end == signs[0]
                uses.raised[k].append(Raised(base, int(value), number, whole))
    return uses


def _names(tokens: Sequence[Token]) -> Iterator[tuple[int, int, int]]:
    """(first token, the one behind its scripts, the bare number above it or −1) of each name outside scripts."""
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.kind in ("sub", "sup"):
            at = _after_script(tokens, at)
            continue
        if token.kind != "name":
            at += 1
            continue
        start, number = at, -1
        at += 1
        while at < len(tokens) and tokens[at].kind in ("sub", "sup", "prime"):
            end = _after_script(tokens, at)
            inside = tokens[at + 1 : end]
            if inside and inside[0].kind == "open" and inside[0].text == "{":
                inside = inside[1:-1]
            if tokens[at].kind == "sup" and len(inside) == 1 and inside[0].kind == "num":
                number = end - 1 if tokens[end - 1].kind == "num" else end - 2
            at = end
        yield start, at, number


def _after_script(tokens: Sequence[Token], at: int) -> int:
    if tokens[at].kind == "prime" or at + 1 >= len(tokens):
        return at + 1
    first = tokens[at + 1]
    return min(at + 2 + (first.reach if first.kind == "open" else 0), len(tokens))


def _square_labels(tokens: list[Token], source: Source) -> list[Token]:
    """W^{[1]} and W^{[1]\\top} with round brackets.

    Raises EquationError where another label stands behind.
    """
    out = list(tokens)
    for at, token in enumerate(tokens):
        first = at + 1
        if token.kind == "sup" and first < len(tokens) and tokens[first].text == "{":
            first += 1
        if token.kind != "sup" or first >= len(tokens) or tokens[first].text != "[" or tokens[first].kind != "open":
            continue
        last = first + tokens[first].reach
        behind = tokens[last + 1 : last + 2]
        if behind and behind[0].kind == "open":
            raise source.error(
                "Two labels stand in one superscript, as in a^{[2](i)}.",
                Span(tokens[first].span.start, tokens[last + 1 + behind[0].reach].span.end),
                "Write the example as an index:  a^{[2]}_{k,i}",
            )
        out[first] = replace(tokens[first], text="(")
        out[last] = replace(tokens[last], text=")")
    return out


def _bracketed(tokens: list[Token], numbers: set[int]) -> list[Token]:
    """The tokens with round brackets around some of them."""
    if not numbers:
        return tokens
    out: list[Token] = []
    for at, token in enumerate(tokens):
        if at not in numbers:
            out.append(token)
            continue
        begin, end = token.span.start, token.span.end
        out += [Token("open", "(", Span(begin, begin)), token, Token("close", ")", Span(end, end))]
    return match_again(out)
