"""Random points of a system at which all its lines are finite; axes are of different sizes, so that a transposed one cannot go unnoticed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from wengert.core.ir.graph import Graph, Node, apply
from wengert.core.ir.names import entry_place
from wengert.core.ir.types import Dim
from wengert.core.ir.walk import map_graph, topological
from wengert.core.ops.evaluate import evaluate
from wengert.core.ops.gathering import gather
from wengert.core.ops.primes import opaque
from wengert.core.ops.terms import NamedLeaf, ProductTerm
from wengert.core.passes.open_primes import open_primes
from wengert.errors import CheckError
from wengert.notes.derive.folding import symmetric_name
from wengert.notes.elaboration.system import SystemData
from wengert.notes.notation.tokens import Source

Array = Any


DRAWS: tuple[Callable[[Any, tuple[int, ...]], Array], ...] = (
    lambda rng, shape: 0.5 * rng.normal(size=shape),
    lambda rng, shape: np.abs(rng.normal(size=shape)) + 0.2,
    lambda rng, shape: rng.uniform(0.1, 0.9, size=shape),
    lambda rng, shape: rng.uniform(1.2, 2.5, size=shape),
)
"""Where inputs may lie, tried in this order until every line of the system is finite."""
SINGULAR = 1e10
"""The condition of a matrix beyond which it is taken for singular."""
ATTEMPTS = 200


def sizes_for(system: SystemData) -> dict[str, int]:
    """A size of at least 2 for every named size, all different, so that a transposed axis cannot go unnoticed."""
    return distinct_sizes(system, 2)


def distinct_sizes(system: SystemData, smallest: int) -> dict[str, int]:
    """Different sizes from `smallest` on; in the other order where a matrix that is inverted would be singular so."""
    dims = dict.fromkeys(size.name for size in all_sizes(system))
    smallest = max(smallest, steps_needed(system))
    rising = fitted(system, list(dims), smallest)
    falling = fitted(system, list(reversed(dims)), smallest)
    return falling if not is_regular(system, rising) and is_regular(system, falling) else rising


def steps_needed(system: SystemData) -> int:
    """How many steps the sequences of a system must have, so that the single entries that lines read are there."""
    places = [place for name in system.moments if (place := entry_place(name)) is not None]
    return max((place + 1 if place >= 0 else -place for place in places), default=0)


def all_sizes(system: SystemData) -> list[Dim]:
    """Every named size of a system, each once."""
    sizes = [size for q in system.quantities.values() for size in q.type.shape]
    sizes += [size for node in topological([line.node for line in system.lines]) for size in node.shape]
    return list(dict.fromkeys(size for size in (*sizes, *system.size_names.values()) if isinstance(size, Dim)))


def fitted(system: SystemData, names: Sequence[str], smallest: int) -> dict[str, int]:
    """Different sizes; an array in which shifted indices run is as long as they need."""
    following = _in_order([size for size in all_sizes(system) if size.rule])
    sizes: dict[str, int] = {}
    for gap in range(1, 20):
        sizes = {name: smallest + gap * k for k, name in enumerate(names)}
        read = {fit.size.name for size in following for fit in size.rule if isinstance(fit.size, Dim)}
        sizes.update(dict.fromkeys(read - {size.name for size in following}, 0))
        for size in reversed(following):
            for fit in size.rule:
                if isinstance(fit.size, Dim):
                    sizes[fit.size.name] = max(fit.needed(sizes[size.name], sizes), sizes[fit.size.name])
        for size in following:
            sizes[size.name] = size.follows(sizes) or 0
        if len(set(sizes.values())) == len(sizes):
            break
    return sizes


def _in_order(following: Sequence[Dim]) -> list[Dim]:
    """Sizes that follow from others, each after those."""
    found: dict[Dim, None] = {}

    def visit(size: Dim) -> None:
        for fit in size.rule:
            for other in fit.sizes:
                if isinstance(other, Dim) and other.rule:
                    visit(other)
        found.setdefault(size)

    for size in following:
        visit(size)
    return list(found)


def is_regular(system: SystemData, sizes: Mapping[str, int]) -> bool:
    """Whether the matrices that are inverted can be, at a random point of these sizes."""
    nodes = topological(tuple(system.values().values()))
    matrices = [node.inputs[0] for node in nodes if node.op.regular]
    if not matrices:
        return True
    rng = np.random.default_rng(0)
    point = {name: _draw(system, name, 0, sizes, rng) for name in system.inputs}
    graph = Graph(tuple(system.leaves[name] for name in system.inputs), tuple(matrices))
    try:
        return all(np.linalg.cond(value) < SINGULAR for value in evaluate(concrete(graph), point, sizes))
    except np.linalg.LinAlgError:
        return False


def draw_point(
    system: SystemData,
    rng: Any,
    sizes: Mapping[str, int] | None = None,
    lines: Callable[[Mapping[str, Array]], Sequence[Array]] | None = None,
) -> dict[str, Array]:
    """Values for every input at which all lines are finite; `lines` computes these, where something does that already.

    Raises CheckError where none was found.
    """
    bound = dict(sizes or sizes_for(system))
    if lines is None:
        lines = partial(evaluate, concrete(system.graph()), sizes=bound)
    draws: dict[str, int] = dict.fromkeys(system.inputs, 0)
    for attempt in range(ATTEMPTS):
        point = {name: _draw(system, name, draws[name], bound, rng) for name in system.inputs}
        satisfy_assumptions(system, point)
        values = lines(point)
        if all(np.all(np.isfinite(v)) for v in values):
            return point
        # First every input moves to the next region together, then each for itself.
        if attempt < len(DRAWS) - 1:
            draws = dict.fromkeys(draws, attempt + 1)
        else:
            draws = {name: int(rng.integers(len(DRAWS))) for name in draws}
    raise CheckError(
        "No point was found at which every line of the system is finite.",
        f"  {ATTEMPTS} points were drawn",
        "Give values of your own:  .check(x=…, y=…)",
    )


def _draw(system: SystemData, name: str, region: int, sizes: Mapping[str, int], rng: Any) -> Array:
    type = system.quantities[name].type
    shape = tuple(sizes[s.name] if isinstance(s, Dim) else s for s in type.shape)
    if type.dtype == "int64":
        return rng.integers(0, min([*sizes.values(), 2]), size=shape)
    return DRAWS[region](rng, shape)


def satisfy_assumptions(system: SystemData, point: dict[str, Array]) -> None:
    """Make Σ_k t_k = c true by scaling t, and A = Aᵀ, in place; other assumptions cannot be drawn and are an error.

    Raises CheckError.
    """
    spans = [declaration.span for declaration in system.reading.declarations if declaration.kind == "assume"]
    for number, (left, right) in enumerate(system.assumptions):
        total, target = gather(left), gather(right)
        matrix = symmetric_name(total, target)
        if matrix in point:
            point[matrix] = (point[matrix] + point[matrix].T) / 2
            continue
        single = isinstance(total, ProductTerm) and len(total.factors) == 1 and total.coef == 1
        leaf = total.factors[0].term if single and isinstance(total, ProductTerm) else None
        if not (
            isinstance(leaf, NamedLeaf)
            and leaf.name in point
            and isinstance(target, ProductTerm)
            and not target.factors
        ):
            raise CheckError(
                "This assumption cannot be tested: only a sum of one input that equals a number, and A = Aᵀ, can.",
                Source(system.source).where(spans[number]),
                "Write, for example:  assume Σ_k t_k = 1",
            )
        assert isinstance(total, ProductTerm)
        axes = tuple(k for k, q in enumerate(total.factors[0].labels) if q in total.summed)
        values = np.abs(point[leaf.name]) + 0.1
        point[leaf.name] = values * float(target.coef) / values.sum(axis=axes, keepdims=True)


def concrete(graph: Graph) -> Graph:
    """The graph with primes opened and every undefined function φ given as a product of tanh, so that it has numbers.

    A formula in φ and φ' that holds for every φ holds for this one.
    """

    def define(node: Node, inputs: tuple[Node, ...]) -> Node:
        if node.op is not opaque:
            return node if inputs == node.inputs else Node(node.op, inputs, node.params, node.type, node.source)
        result: Node | None = None
        for k, (x, order) in enumerate(zip(inputs, node.params["order"], strict=True)):
            shifted = x * 0.7 + (0.3 + k / 5)
            f = (
                apply("tanh", shifted)
                if order == 0
                else apply("prime", shifted, function="tanh", order=order) * 0.7**order
            )
            result = f if result is None else result * f
        assert result is not None
        return result

    return open_primes(map_graph(graph, define))
