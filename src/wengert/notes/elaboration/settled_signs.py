"""Signs whose meaning follows from shapes that are known: * and · between arrays, I beside matrices, δ_ij, a vector beside a matrix.

Lines about a system come with the shapes of all its quantities; each of these is settled where one reading alone fits them, and stays
as it is written otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeGuard

from wengert.notes.elaboration.context import Context
from wengert.notes.elaboration.identity_matrices import find_identities
from wengert.notes.elaboration.kinds import Mismatch, kind_of
from wengert.notes.elaboration.meaning import LineMeaning
from wengert.notes.notation.expr import (
    Call,
    Compare,
    Expr,
    Index,
    Indicator,
    Line,
    MatrixEntries,
    Ones,
    Power,
    Product,
    Quotient,
    Ref,
    Sum,
    Transpose,
    children,
    mapped,
    refs_of,
    walk,
)

KRONECKER = "δ"


def settled(line: Line, context: Context) -> Line:
    """The line with the reading of its signs that fits the shapes."""
    find_identities(line, context)

    def change(tree: Expr) -> Expr:
        match tree:
            case Ref(name="δ", indices=(Index(), Index()), barred=False):
                return kronecker(tree, line, context)
            case Product(sign="*"):
                return beside_matrices(entry_by_entry(tree, context), context)
            case Product(sign="∘"):
                return beside_matrices(tree, context)
            case Sum() | Quotient():
                return beside_matrices(tree, context)
            case _:
                return tree

    rights = tuple(mapped(right, change) if needs_settling(right, context) else right for right in line.rights)
    return line if rights == line.rights else replace(line, rights=rights)


def needs_settling(tree: Expr, context: Context) -> bool:
    """Whether a tree holds a sign that could be settled: δ, or one beside a matrix."""
    matrices = signs = False
    for part in walk(tree):
        match part:
            case Ref(name=name):
                if name == KRONECKER:
                    return True
                matrices = matrices or context.kinds.get(name) in ("m", "any") or name in context.identities
            case Transpose() | Power(exponent=Ref(name="T")) | MatrixEntries() | Call(function="diag"):
                matrices = True
            case Sum() | Quotient() | Product(sign="*" | "∘"):
                signs = True
            case _:
                continue
    return matrices and signs


# δ_ij


def kronecker(tree: Ref, line: Line, context: Context) -> Expr:
    """δ_ij, of a δ that is nothing else, is 1 where i = j; not where i and j run over axes of different sizes."""
    if context.resolve(tree.name) in context.axes or tree.indices is None:
        return tree
    i, j = tree.indices
    sizes = [sizes_under(index, line, context) for index in (i, j)]
    if sizes[0] and sizes[1] and not sizes[0] & sizes[1]:
        return tree
    return Indicator(Compare("=", i, j, span=tree.span), span=tree.span)


def sizes_under(letter: Expr, line: Line, context: Context) -> set[object]:
    """The sizes of the axes that a letter runs over in a line."""
    return {
        context.classes.known.get(context.classes.find(axis))
        for part in refs_of([line])
        if part.indices
        for index, axis in zip(part.indices, context.axes.get(context.target(part), ()), strict=False)
        if index == letter
    }


# shapes


def sizes_of(tree: Expr, context: Context) -> tuple[object, ...] | None:
    """The sizes of the whole axes of an expression, where its shape is known."""
    if any(name not in context.axes and name not in context.size_names for name, _ in context.names_in([tree])):
        return None  # a name that is read here would be taken for known afterwards
    try:
        val = LineMeaning(context, {}).number(tree)
    except Mismatch:
        return None
    classes = context.classes
    sizes = tuple(classes.known.get(classes.find(size)) for size in val.sizes[len(val.letters) :])
    return None if None in sizes else sizes


def is_oblong(shape: Sequence[object] | None) -> TypeGuard[Sequence[object]]:
    """Whether sizes are those of a matrix with different axes; a product with ∂u/∂v in it may have fewer axes than its kind tells."""
    return shape is not None and len(shape) == 2 and shape[0] != shape[1]


def entry_by_entry(tree: Product, context: Context) -> Product:
    """a * b of arrays of one shape, for which the matrix product has no meaning, is a ∘ b."""
    arrays = [factor for factor in tree.factors if kind_of(factor, context.kinds) != "s"]
    if len(arrays) < 2 or any(kind_of(factor, context.kinds) != "m" for factor in arrays):
        return tree
    shapes = [sizes_of(factor, context) for factor in arrays]
    first = shapes[0]
    if not is_oblong(first) or any(shape != first for shape in shapes):
        return tree
    return replace(tree, sign="∘")


def beside_matrices(tree: Sum | Product | Quotient, context: Context) -> Expr:
    """A + b, where b has an entry for each row of A, is A + b 𝟏ᵀ; where it has one for each column, A + 𝟏 bᵀ. Likewise A ∘ b and A / b."""
    parts = list(children(tree))
    kinds = [kind_of(part, context.kinds) for part in parts]
    if "m" not in kinds or "c" not in kinds or getattr(tree, "sign", "∘") != "∘":
        return tree
    shape = sizes_of(parts[kinds.index("m")], context)
    if not is_oblong(shape):
        return tree
    new = [spread_out(part, shape, context) if kind == "c" else part for part, kind in zip(parts, kinds, strict=True)]
    match tree:
        case Sum(terms=terms):
            return replace(tree, terms=tuple((sign, part) for (sign, _), part in zip(terms, new, strict=True)))
        case Product():
            return replace(tree, factors=tuple(new))
        case Quotient():
            return replace(tree, numerator=new[0], denominator=new[1])


def spread_out(term: Expr, shape: Sequence[object], context: Context) -> Expr:
    """A vector as a matrix of equal columns or equal rows, whichever has the shape."""
    size = sizes_of(term, context)
    ones = Ones(span=term.span)
    if size == (shape[0],):
        return Product((term, Transpose(ones, span=term.span)), span=term.span)
    if size == (shape[1],):
        return Product((ones, Transpose(term, span=term.span)), span=term.span)
    return term
