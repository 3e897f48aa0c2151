"""Lines that add to a signal which has a line already: v̄ += b, and v̄ = v̄ + b."""

from __future__ import annotations

from dataclasses import replace

from wengert.notes.notation.expr import Expr, Line, Neg, Num, Ref, Sum


def increment(line: Line) -> Expr | None:
    """What a line adds to the signal on its left; None where it states the signal anew, or adds nothing."""
    if len(line.rights) != 1:
        return None
    (right,) = line.rights
    if "+=" in line.notes:
        return right
    if not isinstance(right, Sum) or not isinstance(line.left, Ref) or not line.left.barred:
        return None
    own = next((k for k, (sign, term) in enumerate(right.terms) if sign > 0 and is_same(term, line.left)), None)
    if own is None:
        return None
    rest = (*right.terms[:own], *right.terms[own + 1 :])
    if all(is_zero(term) for _, term in rest):
        return None
    if len(rest) > 1:
        return replace(right, terms=rest)
    return next(term if sign > 0 else Neg(term, span=right.span) for sign, term in rest)


def added(before: Expr, more: Expr, place: Expr) -> Expr:
    """before + more, which stands where `place` does; what is added to 0 by itself."""
    if is_zero(before):
        return more
    return Sum((*terms_of(before), *terms_of(more)), span=place.span)


def is_same(tree: Expr, left: Ref) -> bool:
    """Whether an expression is the left side itself, in the same notation."""
    return isinstance(tree, Ref) and tree == left and tree.spelling == left.spelling


def is_zero(tree: Expr) -> bool:
    """Whether an expression is the number 0."""
    return isinstance(tree, Num) and tree.value == 0


def terms_of(tree: Expr) -> tuple[tuple[int, Expr], ...]:
    """The terms of a sum with their signs; of another expression the one that it is."""
    match tree:
        case Sum(terms=terms):
            return terms
        case Neg(operand=inner):
            return ((-1, inner),)
        case _:
            return ((1, tree),)
