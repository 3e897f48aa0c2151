"""Error signals that an author writes as rows: after δ = (ŷ − y)ᵀ, the product δ U is that of a row and a matrix."""

from __future__ import annotations

from collections.abc import Collection

from wengert.core.ir.names import bar
from wengert.notes.elaboration.context import Context
from wengert.notes.elaboration.kinds import kind_of
from wengert.notes.notation.expr import Expr, Ref, Transpose, mapped


def is_row(tree: Expr, context: Context) -> bool:
    """Whether an expression is a row of numbers."""
    return kind_of(tree, context.kinds) == "r"


def with_rows(tree: Expr, rows: Collection[str], context: Context) -> Expr:
    """The expression with the signals named in `rows` as rows."""

    def turned(part: Expr) -> Expr:
        if isinstance(part, Ref) and part.barred and part.indices is None and bar(context.resolve(part.name)) in rows:
            return Transpose(part, span=part.span)
        return part

    return mapped(tree, turned)
