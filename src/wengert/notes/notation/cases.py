"""Conditions and what depends on them: ⟦c⟧, 𝟏[c], (z > 0) among factors, { a if c; b otherwise }."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from wengert.notes.notation.expr import Cases, Compare, Expr, Indicator, Span
from wengert.notes.notation.scripts import ScriptTokens
from wengert.notes.notation.tokens import Token

if TYPE_CHECKING:
    from wengert.notes.notation.parser import Parser


def condition_in(parser: Parser, script: ScriptTokens) -> Expr:
    inner = replace(parser, tokens=script.content, at=0, open_bars=[], reaches=[], condition=True)
    tree = inner.comparison()
    if inner.token.kind != "end":
        raise inner.unexpected()
    parser.at = script.end
    return tree


def has_relation(parser: Parser) -> bool:
    """Whether the bracket that opens here holds a comparison at its own level."""
    # A bracket that is the whole argument of a command, as in \frac1[, is closed beyond its end.
    at, end = parser.at + 1, min(parser.at + parser.token.reach, len(parser.tokens))
    while at < end:
        token = parser.tokens[at]
        if token.kind == "rel":
            return True
        at += token.reach + 1 if token.kind == "open" else 1
    return False


def indicator(parser: Parser) -> Expr:
    """⟦c⟧, [c] with a comparison, 𝟏[c]"""
    start = parser.at
    opening = parser.advance()
    outer, parser.condition = parser.condition, True
    with parser.enclosed():
        condition = parser.comparison()
        parser.condition = outer
        parser.close()
    return Indicator(condition, span=Span(opening.span.start, parser.span_from(start).end))


def mask(parser: Parser, opening: Token, left: Expr) -> Expr:
    """(z > 0) among factors: 1 where it holds, as NumPy multiplies by it."""
    sign = parser.advance()
    right = parser.sum()
    end = parser.close()
    span = Span(opening.span.start, end.span.end)
    return Indicator(Compare(sign.text, left, right, span=span), span=span)


def cases(parser: Parser) -> Expr:
    """{ a if c; b otherwise } and \\begin{cases}; a brace without conditions is a bracket."""
    opening = parser.advance()
    outer, parser.condition = parser.condition, True
    branches: list[tuple[Expr, Expr | None]] = []
    with parser.enclosed():
        while parser.token.kind != "close":
            value = parser.sum()
            if parser.token.kind == "comma":
                parser.advance()
            branches.append((value, case_condition(parser)))
            if parser.token.kind == "row":
                parser.advance()
            elif parser.token.kind != "close":
                raise parser.unexpected()
        end = parser.close()
    parser.condition = outer
    span = Span(opening.span.start, max(end.span.end, opening.span.end))
    if len(branches) == 1 and branches[0][1] is None:
        return branches[0][0]
    open_ends = [place for place, (_, condition) in enumerate(branches) if condition is None]
    if not branches or open_ends not in ([], [len(branches) - 1]):
        raise parser.error(
            "A case without a condition must be the last one.", span, "Write, for example:  { a if c; b otherwise }"
        )
    return Cases(tuple(branches), span=span)


def case_condition(parser: Parser) -> Expr | None:
    """The condition after a case's value; None for 'otherwise'."""
    if parser.token.kind == "amp":
        parser.advance()
    token = parser.token
    if token.kind in ("row", "close"):
        return None
    if token.text in ("otherwise", "else"):
        parser.advance()
        if parser.token.kind == "dot":
            parser.advance()
        return None
    if token.text in ("if", "when", "for"):
        parser.advance()
    if parser.token.kind not in ("row", "close"):
        return parser.comparison()
    raise parser.unexpected()
