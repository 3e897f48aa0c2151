"""The identity matrix I, which no line and no declaration defines: σ² I beside A Aᵀ. An image I_xy and a current I are quantities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wengert.notes.elaboration.context import Context
from wengert.notes.elaboration.kinds import kind_of
from wengert.notes.elaboration.system import SystemData
from wengert.notes.notation.expr import Call, Expr, Inverse, Line, Product, Ref, Sum, Transpose, walk

IDENTITY = "I"
OF_SQUARES = frozenset({"det", "logdet", "tr"})
"""Functions of square matrices."""


def find_identities(line: Line, context: Context) -> None:
    """I, of which nothing else is known, is the identity matrix where a line about a system adds it to a matrix."""
    for tree in (part for right in line.rights for part in walk(right)):
        if isinstance(tree, Sum):
            names = identities_beside_matrices(tree, context)
            context.identities |= names
            context.kinds.update(dict.fromkeys(names, "m"))


def find_given_identities(lines: Sequence[Line], context: Context) -> None:
    """I in the equations of a system, where it stands in sums only that are square matrices, and nothing says what it is."""
    squares: set[str] = set()
    for tree in (t for line in lines for t in _parts(line)):
        if isinstance(tree, Inverse) and isinstance(tree.operand, Ref):
            squares.add(tree.operand.name)
        if isinstance(tree, Call) and tree.function in OF_SQUARES:
            squares |= {arg.name for arg in tree.args if isinstance(arg, Ref)}
    said = {name for declaration in context.reading.declarations for name in declaration.names}
    said |= {line.left.name for line in lines if isinstance(line.left, Ref)}
    places: dict[str, list[Ref]] = {}
    for tree in (t for line in lines for t in _parts(line) if isinstance(t, Ref) and _is_named(t.name)):
        places.setdefault(tree.name, []).append(tree)
    good = [id(place) for line in lines for place in _square_places(line, squares, context)]
    for name, found in places.items():
        if name not in said and all(id(place) in good for place in found):
            context.identities.add(name)
            context.warn(
                found[0],
                f"'{name}' is read as the identity matrix, because no line says what it is.",
                f"Declare it if it is a quantity:  data {name}",
            )


def identities(system: SystemData) -> list[str]:
    """The names in the equations of a system that are identity matrices, and so none of its quantities."""
    spelled = {name for q in system.quantities.values() for name in (q.name, q.whole, q.indexed)}
    names = {t.name for line in system.reading.lines for t in _parts(line) if isinstance(t, Ref) and _is_named(t.name)}
    return sorted(names - spelled - set(system.size_names))


def _square_places(line: Line, squares: set[str], context: Context) -> Iterator[Ref]:
    """The identity matrices in the sums of a line that must be square: with a number before I, inside of something else, beside A Aᵀ,
    or where the line is what is inverted."""
    inverted = isinstance(line.left, Ref) and line.left.name in squares
    for right in line.rights:
        for tree in walk(right):
            names = identities_beside_matrices(tree, context) if isinstance(tree, Sum) else set[str]()
            if not names or not isinstance(tree, Sum):
                continue
            sure = inverted or tree is not right or any(_is_symmetric(term) for _, term in tree.terms)
            for _, term in tree.terms:
                factors = term.factors if isinstance(term, Product) else (term,)
                place = factors[-1]
                if isinstance(place, Ref) and place.name in names and (sure or len(factors) > 1):
                    yield place


def _is_symmetric(tree: Expr) -> bool:
    """Whether a product ends with the transpose of what it begins with: A Aᵀ, Aᵀ S A."""
    factors = tree.factors if isinstance(tree, Product) else ()
    if len(factors) < 2:
        return False
    first, last = factors[0], factors[-1]
    return first == _turned(last) or _turned(first) == last


def _turned(tree: Expr) -> Expr:
    return tree.operand if isinstance(tree, Transpose) else Transpose(tree)


def _parts(line: Line) -> Iterator[Expr]:
    return (part for right in line.rights for part in walk(right))


def _is_named(name: str) -> bool:
    return name == IDENTITY or name.startswith(IDENTITY + "_")


def identities_beside_matrices(tree: Sum, context: Context) -> set[str]:
    """The names of identity matrices that are added to a matrix, alone or with numbers before them."""
    names = {name for _, term in tree.terms if (name := identity_in(term, context))}
    others = [term for _, term in tree.terms if not identity_in(term, context)]
    return names if any(kind_of(term, context.kinds) == "m" for term in others) else set()


def identity_in(term: Expr, context: Context) -> str:
    """The name of the identity matrix that a term is, or a multiple of; "" where it is none."""
    factors = term.factors if isinstance(term, Product) else (term,)
    last = factors[-1]
    known = isinstance(last, Ref) and (context.target(last) in context.axes or last.name in context.size_names)
    if not isinstance(last, Ref) or last.indices is not None or last.barred or known:
        return ""
    return last.name if _is_named(last.name) and all(kind_of(f, context.kinds) == "s" for f in factors[:-1]) else ""
