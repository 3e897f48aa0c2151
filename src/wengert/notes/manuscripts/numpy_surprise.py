"""How surprising it is that arrays with such axes stand so in NumPy code. What NumPy allows is broadcast; people do it in few ways."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from wengert.notes.manuscripts.numpy_arrays import LetteredArray
from wengert.notes.manuscripts.numpy_syntax import called, names_in
from wengert.regex import regex

ROUGH = 0.3
"""What an unlikely but usual reading costs: a vector beside a matrix."""
UNUSUAL = 2.0
"""And one that is rarer: a target that is subtracted from a batch and has fewer axes, a vector before a matrix."""
UNLIKELY = 4.0
"""And a less likely one: a number added to an array."""
WRONG = 8.0
"""And one that is hardly meant: a bias with as many axes as a batch, a sum along the only axis that is counted from the left."""
NOT_PLACES = 8.0
"""And indices that are no list of places."""
SMALL = frozenset({"eps", "epsilon", "tiny"})
"""Numbers that are added to arrays so that nothing is divided by zero."""
GAIN = regex(r"(b|w|g|bias|weight|gamma|beta|gain|scale|shift)([_\d].*)?")
"""Names of what is broadcast over a batch."""
WEIGHTS = regex(r"w|weights?|theta|beta|coef")
"""Names of the weights of a linear model."""


def surprise_of_broadcast(
    a: LetteredArray, b: LetteredArray, node: ast.BinOp, inputs: frozenset[str], sizes: set[str]
) -> float:
    """What a sum, a product or a quotient of entries costs."""
    sides = (node.left, node.right)
    if is_gain(node.right, inputs) and is_linear_model(node.left):
        return WRONG if min(a.rank, b.rank) else 0.0
    larger = [side for side, part in zip(sides, (a, b), strict=True) if part.rank == max(a.rank, b.rank) > 1]
    cost = WRONG if any(is_gain(side, inputs) for side in larger) and not any((*a.ones, *b.ones)) else 0.0
    if a.rank == b.rank:
        return cost
    if a.rank and b.rank:
        aligned = zip(reversed(a.ones), reversed(b.ones), strict=False)
        cost += ROUGH if all(one == other for one, other in aligned) else UNLIKELY
        side = node.left if a.rank < b.rank else node.right
        target = isinstance(node.op, ast.Sub) and isinstance(side, ast.Name) and side.id in inputs
        return cost + UNUSUAL * target
    number = node.left if not a.rank else node.right
    computed = any(isinstance(part, ast.Call) for part in ast.walk(number))
    added = isinstance(node.op, ast.Add | ast.Sub) and not computed and names_in(number) - SMALL - sizes
    return cost + UNLIKELY * bool(added)


def surprise_of_product(a: LetteredArray, b: LetteredArray) -> float:
    """A vector stands behind a matrix rather than before it, and a matrix behind a batch of such."""
    return UNUSUAL * (a.rank == 1 < b.rank) + (UNLIKELY + UNUSUAL) * (1 < a.rank < b.rank)


def surprise_of_reduction(array: LetteredArray, axes: Sequence[int] | None, keep: bool) -> float:
    """Nothing is reduced along an axis of one entry, and of a vector no axis has to be named."""
    over = range(array.rank) if axes is None else axes
    cost = WRONG * any(array.ones[axis] for axis in over)
    if array.rank == 1 and axes is not None:
        cost += WRONG if 0 in axes else UNUSUAL * (1 + keep) / 2
    return cost


def is_gain(node: ast.expr, inputs: frozenset[str]) -> bool:
    """Whether a name is that of a given array that is broadcast over a batch."""
    return isinstance(node, ast.Name) and node.id in inputs and GAIN.fullmatch(node.id) is not None


def is_linear_model(node: ast.expr) -> bool:
    """x @ w with a vector of weights, to which one number is added."""
    right: ast.expr | None = None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        right = node.right
    elif isinstance(node, ast.Call) and called(node) == "dot" and node.args:
        right = node.args[-1]
    return isinstance(right, ast.Name) and WEIGHTS.fullmatch(right.id) is not None
