"""Functions of whole matrices that are no loops over entries: which there are, what is made of them, their statements.

It knows no machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from wengert.core.ir.graph import Node
from wengert.targets.native.loops import decompositions, factors, fourier
from wengert.targets.native.loops.forms import entries_of, numbers
from wengert.targets.native.loops.layout import in_order
from wengert.targets.native.loops.nest import Affine, Axis, For, Routine, Statement
from wengert.targets.native.loops.pull import Place

if TYPE_CHECKING:
    from wengert.targets.native.loops.body import Body

OWN = {op.name: op for op in (factors.lu, factors.lu_solve, factors.lu_inverse, *decompositions.OPS, *fourier.OPS)}
"""The ops that only native code has."""
WORK: Mapping[str, Callable[[int, int], float]] = {
    "lu": lambda n, k: 2 * n**3 / 3,
    "lu_solve": lambda n, k: 2 * n**2 * k,
    "lu_inverse": lambda n, k: 2 * n**3,
    "cholesky": lambda n, k: n**3 / 3,
    "solve_triangular": lambda n, k: n**2 * k,
    **decompositions.WORK,
    **fourier.WORK,
}
"""About the operations on one matrix of n columns, and k right-hand sides or rows, by the name of the routine."""
CHUNK_WORK = 200_000
"""The least operations of a chunk of matrices that threads share: some 100 µs, as calls are slower than loops."""
MOST_CHUNKS = 64


def _item(node: Node) -> Node:
    """A result of a function of matrices that has several."""
    made = RESULTS.get(node.inputs[0].op.name)
    return node if made is None else made(node)


RESULTS: Mapping[str, Callable[[Node], Node]] = {"slogdet": factors.determinant, **decompositions.RESULTS}
MATRICES = frozenset({"solve", "inv", "mirror", "rigid", "undetermined", *RESULTS})
"""What is computed by factors and decompositions, and what goes with them …"""
FACTORED: Mapping[str, Callable[[Node], Node]] = {
    "solve": factors.solve,
    "inv": factors.inverse,
    "item": _item,
    "mirror": factors.mirror,
    **dict.fromkeys(("rigid", "undetermined"), lambda node: node.inputs[0]),
}
"""… and the rules of `expand` for it."""


def call(body: Body, root: Node, place: Place) -> list[Statement]:
    """The statements of a routine: of a stack of matrices, chunks that threads share."""
    shape = numbers(root.inputs[0].shape)
    many = entries_of(shape[:-2])
    if not entries_of(root.shape):
        return []
    columns = numbers(root.shape)[-1]
    work = WORK[root.op.name](shape[-1], columns)
    chunk = max(1, -(-many // MOST_CHUNKS), int(CHUNK_WORK / max(work, 1)))
    if not body.threads or many < 2 * chunk:
        return [_some(body, root, place, many, int(many * work), Affine())]
    axis = Axis(many // chunk, "chunk")
    shared = _some(body, root, place, chunk, int(chunk * work), Affine(((axis, chunk),)))
    statements: list[Statement] = [For(axis, (shared,), "parallel")]
    if rest := many % chunk:
        statements.append(_some(body, root, place, rest, int(rest * work), Affine((), many - rest)))
    return statements


def _some(body: Body, root: Node, place: Place, many: int, work: int, first: Affine) -> Routine:
    """The routine of so many matrices, from one on."""
    sources: list[Any] = []
    for x in root.inputs:
        given = body.places[in_order(x)]
        assert isinstance(given, Place), "matrices lie in memory"
        size = entries_of(x.shape[-2:])
        shape = (many, *numbers(x.shape)[-2:])
        sources.append((given.buffer, given.base + first * size, shape))
    stack = len(root.inputs[0].shape) - 2
    target = (place.buffer, place.base + first * entries_of(root.shape[stack:]))
    params = tuple(sorted(root.params.items()))
    rows, columns = numbers(root.inputs[0].shape)[-1], numbers(root.shape)[-1]
    return Routine(root.op.name, params, tuple(sources), target, many, rows, columns, work)
