"""Lines that give an error signal by itself, z̄ = z̄: true of anything, they say nothing of it."""

from __future__ import annotations

import numpy as np

from wengert.core.ir.names import bar
from wengert.errors import EquationError, GraphError, ShapeError
from wengert.notes.claims.stated import Stated
from wengert.notes.manuscripts.increments import is_same
from wengert.notes.notation.expr import Expr, Line, Partial, Ref, Spelling, walk


def says_itself(stated: Stated, line: Line) -> bool:
    """Whether the first right side is the signal on the left in the same notation, or is made from it though no earlier line states it.

    δ = ∂L/∂z says what δ is. In a recurrence a signal may be made from that of another step.
    """
    left = line.left
    if not isinstance(left, Ref) or not line.rights:
        return False
    (tree, *others), name = line.rights, stated.resolve(left.name)
    if isinstance(tree, Partial):
        return not others and as_signal(tree) == (left.name, left.indices, left.spelling)
    if not any(is_same(part, left) for part in walk(tree)):
        return False
    earlier = bar(name) in stated.points[0].stated or name in stated.system.time
    return not earlier or is_identity(stated, line, name)


def as_signal(tree: Partial) -> tuple[str, tuple[Expr, ...] | None, Spelling] | None:
    """The name, indices and spelling that a derivative of a loss has as a left side."""
    above, below = tree.numerator, tree.denominator
    if not isinstance(above, Ref) or not isinstance(below, Ref):
        return None
    return below.name, below.indices, Spelling(tree.symbol, above.name)


def is_identity(stated: Stated, line: Line, name: str) -> bool:
    """Whether the right side is the signal on the left, whatever that is."""
    point = stated.points[0]
    other = np.random.default_rng(2).normal(size=np.shape(point.truth[name]))
    try:
        value = point.value(stated.node(line, line.rights[0]), {**point.everything(), bar(name): other})
    except (EquationError, GraphError, ShapeError):
        return False  # it will be said what is wrong with it
    return np.shape(value) == np.shape(other) and bool(np.allclose(value, other, rtol=1e-9, atol=0))
