"""Signals from outside: c̄' = c̄ + h̄ ∘ … adds up a signal c̄ that comes from elsewhere and what the system itself sends back;
∂L/∂y of a loss that no line has is the signal of y."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wengert.notes.elaboration.system import SystemData
from wengert.notes.notation.expr import Expr, Line, Partial, Ref, Spelling, Sum, mapped, mapped_line, walk
from wengert.notes.notation.names import split
from wengert.notes.notation.symbols import LOSSES

GIVEN = "given "


def with_outside_signals(system: SystemData, claims: Sequence[Line]) -> tuple[tuple[Line, ...], tuple[str, ...]]:
    """The claims in which c̄' is the error signal of c, and c̄ beside it a quantity of its own; and the names of such c."""
    claims, added = with_increments(system, claims)
    lefts = [line.left for line in claims if isinstance(line.left, Ref) and line.left.barred]
    primed = {left.name: left.name.rstrip("'") for left in lefts if left.name.endswith("'")}
    stated = {left.name for left in lefts}
    read = {t.name for line in claims for right in line.rights for t in walk(right) if isinstance(t, Ref) and t.barred}
    known = system.quantities
    found = {p: name for p, name in primed.items() if p not in known and name in known and name not in stated}
    if not found:
        return tuple(claims), tuple(added)

    def renamed(tree: Expr) -> Expr:
        if not (isinstance(tree, Ref) and tree.barred):
            return tree
        if tree.name in found:
            return replace(tree, name=found[tree.name])
        return replace(tree, name=GIVEN + tree.name, barred=False) if tree.name in found.values() else tree

    lines = [mapped_line(c, renamed) for c in claims]
    return tuple(lines), tuple(dict.fromkeys((*added, *(name for name in found.values() if name in read))))


def given_names(claims: Sequence[Line]) -> list[str]:
    """The quantities whose signals from outside the claims read under a name of their own."""
    trees = (tree for line in claims for right in line.rights for tree in walk(right))
    return [tree.name.removeprefix(GIVEN) for tree in trees if isinstance(tree, Ref) and tree.name.startswith(GIVEN)]


def with_increments(system: SystemData, claims: Sequence[Line]) -> tuple[list[Line], list[str]]:
    """c̄ += x as c̄ = (the signal of c from outside) + x, and the names of such c, which lines compute; only the first
    line about a signal is meant so."""
    lines: list[Line] = []
    stated: set[str] = set()
    names: list[str] = []
    for line in claims:
        left = line.left
        if isinstance(left, Ref) and left.barred:
            if "+=" in line.notes and left.name not in stated and system.defines(left.name):
                before = Ref(GIVEN + left.name, left.indices, span=left.span)
                rights = tuple(Sum(((1, before), (1, right)), span=right.span) for right in line.rights)
                line = replace(line, rights=rights)
                names.append(left.name)
            stated.add(left.name)
        lines.append(line)
    return lines, names


def is_naming(left: Expr, tree: Expr, loss: str) -> bool:
    """Whether a right side only says what a signal is: the ∂L/∂z of δ = ∂L/∂z = …"""
    if not (isinstance(left, Ref) and left.barred and isinstance(tree, Partial) and isinstance(tree.numerator, Ref)):
        return False
    above, below = tree.numerator, tree.denominator
    of_loss = above.indices is None and (above.name == loss or above.name in LOSSES)
    return of_loss and isinstance(below, Ref) and (below.name, below.indices) == (left.name, left.indices)


def with_loss_signals(system: SystemData, claims: Sequence[Line]) -> tuple[Line, ...]:
    """The claims in which ∂L/∂v on a right side is v̄ as the author has stated it, not worked out anew.

    Not where it is what the line itself states; L is the loss of the system, or one that no line has.
    """

    def is_loss(tree: Expr) -> bool:
        if not isinstance(tree, Ref) or tree.indices is not None or tree.barred:
            return False
        return (tree.name == system.loss and is_loss_like(system)) or (
            tree.name in LOSSES and tree.name not in system.quantities
        )

    sequences = system.clock.axes if system.clock is not None else {}

    def stated(line: Line) -> Line:
        def change(tree: Expr) -> Expr:
            if not isinstance(tree, Partial) or not is_loss(tree.numerator) or not isinstance(tree.denominator, Ref):
                return tree
            spelling = Spelling(tree.symbol, tree.numerator.name if isinstance(tree.numerator, Ref) else "")
            below = replace(tree.denominator, barred=True, span=tree.span, spelling=spelling)
            left = line.left
            own = isinstance(left, Ref) and left.barred and left.name == below.name
            if isinstance(left, Ref) and below.name in sequences:
                own = own and below.indices == left.indices  # h̄_{t+1} is not h̄_t
            return tree if tree.denominator.barred or (own and tree.numerator == Ref(system.loss)) else below

        return replace(line, rights=tuple(mapped(right, change) for right in line.rights))

    return tuple(stated(with_jacobian(system, line)) for line in claims)


def is_loss_like(system: SystemData) -> bool:
    """Whether ∂u/∂v of the last line's quantity u is the signal of v: u is a number, or is called a loss."""
    return not system.quantities[system.loss].type.rank or split(system.loss).base in LOSSES


def with_jacobian(system: SystemData, line: Line) -> Line:
    """∂p/∂z of a last line p that is an array is not z̄ but the derivative of each entry by each."""
    left = line.left
    if (
        not isinstance(left, Ref)
        or left.spelling is None
        or left.spelling.sign not in ("∂", "d")
        or is_loss_like(system)
    ):
        return line
    if left.spelling.name != system.loss:
        return line
    below = replace(left, barred=False, spelling=None)
    return replace(line, left=Partial(Ref(system.loss, span=left.span), below, left.spelling.sign, span=left.span))
