"""Matrices and vectors that are written out entry by entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wengert.notes.notation.expr import Expr, MatrixEntries, Span
from wengert.notes.notation.tokens import Token

if TYPE_CHECKING:
    from wengert.notes.notation.parser import Parser


def entries(parser: Parser, opening: Token, first: Expr) -> Expr:
    """[a, b; c, d] after its first entry."""
    rows = [[first]]
    while parser.token.kind in ("comma", "semicolon"):
        if parser.advance().kind == "semicolon":
            rows.append([])
        rows[-1].append(parser.sum())
    end = parser.close()
    span = Span(opening.span.start, end.span.end)
    return same_lengths(parser, [tuple(row) for row in rows], span)


def same_lengths(parser: Parser, rows: list[tuple[Expr, ...]], span: Span) -> Expr:
    if not rows or len({len(row) for row in rows}) != 1:
        raise parser.error(
            "The rows of this matrix have different lengths.", span, "Write as many entries in every row."
        )
    return MatrixEntries(tuple(rows), span=span)


def matrix(parser: Parser) -> Expr:
    """The entries of a matrix or vector that is written out."""
    start = parser.at
    parser.advance()
    rows: list[tuple[Expr, ...]] = []
    row: list[Expr] = []
    with parser.enclosed():
        while parser.token.kind != "close":
            row.append(parser.sum())
            if parser.token.kind == "amp":
                parser.advance()
            elif parser.token.kind == "row":
                parser.advance()
                rows.append(tuple(row))
                row = []
            elif parser.token.kind != "close":
                raise parser.unexpected()
        parser.close()
    if row:
        rows.append(tuple(row))
    return same_lengths(parser, rows, parser.span_from(start))
