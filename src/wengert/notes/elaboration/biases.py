"""A vector added to a product of matrices: the b of Z = W X + b has an entry for each row, that of Y = X W + b one for each column.

The weights stand on the side of the axis that the bias shares; which factor they are, the declarations and the letters say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wengert.notes.elaboration.context import Context
from wengert.notes.elaboration.kinds import Mismatch, is_transpose, kind_of
from wengert.notes.notation.expr import Expr, Line, Ones, Power, Product, Ref, Sum, Transpose, mapped, walk

WEIGHTS = frozenset("WVUΘΩBM")
DATA = frozenset("XHAZYSEFD")


def with_spread_biases(lines: Sequence[Line], context: Context) -> list[Line]:
    """The lines with b 𝟏ᵀ or 𝟏 bᵀ for a vector b beside a product of matrices.

    Raises Mismatch where it could be either.
    """
    computed = {line.left.name for line in lines if isinstance(line.left, Ref)}

    def change(tree: Expr) -> Expr:
        if not isinstance(tree, Sum):
            return tree
        kinds = [kind_of(term, context.kinds) for _, term in tree.terms]
        if "m" not in kinds or "c" not in kinds:
            return tree
        products = [term for (_, term), kind in zip(tree.terms, kinds, strict=True) if kind == "m"]
        by_rows = _weights_first(products, context, computed)
        terms = tuple(
            (sign, _spread(term, by_rows) if kind == "c" else term)
            for (sign, term), kind in zip(tree.terms, kinds, strict=True)
        )
        return replace(tree, terms=terms)

    def needs(line: Line) -> bool:
        return any(isinstance(part, Sum) for right in line.rights for part in walk(right))

    return [
        replace(line, rights=tuple(mapped(r, change) for r in line.rights)) if needs(line) else line for line in lines
    ]


def _spread(term: Expr, by_rows: bool) -> Expr:
    ones = Ones(span=term.span)
    if by_rows:
        return Product((term, Transpose(ones, span=term.span)), span=term.span)
    return Product((ones, Transpose(term, span=term.span)), span=term.span)


def _weights_first(products: Sequence[Expr], context: Context, computed: set[str]) -> bool:
    """Whether the weights are the first factor of the products, W X, so that a bias has an entry for each row.

    Raises Mismatch.
    """
    for product in products:
        factors = product.factors if isinstance(product, Product) else ()
        matrices = [factor for factor in factors if kind_of(factor, context.kinds) == "m"]
        if len(matrices) == 2:
            first, last = (_weight(factor, context, computed) for factor in matrices)
            if first != last:
                return first > last
    raise Mismatch(
        products[0],
        "A vector beside this matrix could have an entry for each of its rows, or for each of its columns.",
        "Write 'b 𝟏ᵀ' for equal columns, '𝟏 bᵀ' for equal rows.",
    )


def _weight(factor: Expr, context: Context, computed: set[str]) -> int:
    """1 for a matrix of weights, −1 for data and what is computed, 0 where nothing tells."""
    tree = factor.operand if isinstance(factor, Transpose) else factor
    if isinstance(factor, Power) and is_transpose(factor, context.kinds):
        tree = factor.base
    if not isinstance(tree, Ref):
        return -1
    declared = {name: d.kind for d in context.reading.declarations if d.kind in ("params", "data") for name in d.names}
    if tree.name in declared:
        return 1 if declared[tree.name] == "params" else -1
    if tree.name in computed:
        return -1
    return (tree.name[0] in WEIGHTS) - (tree.name[0] in DATA)
