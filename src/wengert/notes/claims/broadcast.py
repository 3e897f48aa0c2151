"""Row sums that are taken from a matrix, dP − rowsum(dP ∘ P) or dP − D: each is meant for every entry of its row, as in array code."""

from __future__ import annotations

from collections.abc import Collection

from wengert.notes.notation.expr import Call, Expr, Ones, Product, Ref, Sum, Transpose, mapped


def with_columns(tree: Expr, vectors: Collection[str]) -> Expr:
    """The tree in which row sums, and some vectors, that are terms of a sum stand as matrices of equal columns."""

    def is_column(term: Expr) -> bool:
        if isinstance(term, Ref):
            return term.name in vectors and term.indices is None and not term.barred
        return isinstance(term, Call) and term.function == "rowsum"

    def change(part: Expr) -> Expr:
        if not isinstance(part, Sum) or all(is_column(term) for _, term in part.terms):
            return part
        columns = [(s, Product((t, Transpose(Ones()))) if is_column(t) else t) for s, t in part.terms]
        return Sum(tuple(columns), span=part.span)

    return mapped(tree, change)
