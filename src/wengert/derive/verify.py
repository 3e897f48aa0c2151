"""Every derivation is checked on the spot: each bar against forward mode and against complex step or central differences.

The points are random, inside the domain where every line is finite; size classes get distinct sizes of at least 2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from wengert.autodiff.forward import jvp
from wengert.derive.backward import Backward
from wengert.derive.folding import symmetric_name
from wengert.derive.recurrences import moved_values
from wengert.errors import CheckError
from wengert.ir.graph import Graph, Node, apply, input_node
from wengert.ir.system import System, bar, entry_place
from wengert.ir.types import Dim
from wengert.ir.walk import map_graph, topological
from wengert.notation.tokens import Source
from wengert.ops.evaluate import evaluate
from wengert.ops.gather import gather
from wengert.ops.terms import Leaf, Product
from wengert.passes.open_primes import open_primes

Array = Any
EXACT = 1e-9
"""Largest relative difference that forward mode and complex step may show."""
DIFFERENCES = 1e-5
"""The same for central differences, where the complex step cannot go (abs, max, comparisons on complex numbers), beside rounding."""
ZERO = 1e-12
"""Signals this far below the largest one are rounding."""


@dataclass(frozen=True)
class Report:
    """What was compared: the number of quantities, the largest relative difference, and the routes taken."""

    quantities: int
    difference: float
    routes: tuple[str, ...]

    def __str__(self) -> str:
        plural = "quantity" if self.quantities == 1 else "quantities"
        return f"checked: {self.quantities} {plural}, largest relative difference {self.difference:.0e} (against {' and '.join(self.routes)})"


def check(backward: Backward, *, seed: int = 0, points: int = 3) -> Report:
    """Compare every bar of the backward pass with independent routes at random points.

    Raises CheckError where one differs, naming the quantity, both values and their difference.
    """
    names = [line.name for line in backward.lines if line.name != backward.loss]
    if not names:
        return Report(0, 0.0, ("forward mode",))
    worst, routes = 0.0, set[str]()
    rng = np.random.default_rng(seed)
    for _ in range(points):
        point = draw_point(backward.system, rng)
        comparison = _Comparison(backward, point, rng)
        comparison.run(names)
        worst = max(worst, comparison.worst)
        routes |= comparison.routes
    order = ("forward mode", "complex step", "central differences")
    return Report(len(names), worst, tuple(r for r in order if r in routes))


# ---------------------------------------------------------------- points


DRAWS: tuple[Callable[[Any, tuple[int, ...]], Array], ...] = (
    lambda rng, shape: 0.5 * rng.normal(size=shape),
    lambda rng, shape: np.abs(rng.normal(size=shape)) + 0.2,
    lambda rng, shape: rng.uniform(0.1, 0.9, size=shape),
    lambda rng, shape: rng.uniform(1.2, 2.5, size=shape),
)
"""Where inputs may lie, tried in this order until every line of the system is finite."""


def sizes_for(system: System) -> dict[str, int]:
    """A size of at least 2 for every named size, all different, so that a transposed axis cannot go unnoticed."""
    return distinct_sizes(system, 2)


def distinct_sizes(system: System, smallest: int) -> dict[str, int]:
    """Different sizes from `smallest` on; in the other order where a matrix that is inverted would be singular so."""
    dims = dict.fromkeys(size.name for size in all_sizes(system))
    smallest = max(smallest, steps_needed(system))
    rising = fitted(system, list(dims), smallest)
    falling = fitted(system, list(reversed(dims)), smallest)
    return falling if not is_regular(system, rising) and is_regular(system, falling) else rising


def steps_needed(system: System) -> int:
    """How many steps the sequences of a system must have, so that the single entries that lines read are there."""
    places = [place for name in system.moments if (place := entry_place(name)) is not None]
    return max((place + 1 if place >= 0 else -place for place in places), default=0)


def all_sizes(system: System) -> list[Dim]:
    """Every named size of a system, each once."""
    sizes = [size for q in system.quantities.values() for size in q.type.shape]
    sizes += [size for node in topological([line.node for line in system.lines]) for size in node.shape]
    return list(dict.fromkeys(size for size in (*sizes, *system.size_names.values()) if isinstance(size, Dim)))


def fitted(system: System, names: Sequence[str], smallest: int) -> dict[str, int]:
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


WHOLE_MATRIX = frozenset(("inv", "det", "solve"))
SINGULAR = 1e10
"""The condition of a matrix beyond which it is taken for singular."""


def is_regular(system: System, sizes: Mapping[str, int]) -> bool:
    """Whether the matrices that are inverted can be, at a random point of these sizes."""
    nodes = topological(tuple(system.values().values()))
    matrices = [node.inputs[0] for node in nodes if node.op.name in WHOLE_MATRIX]
    if not matrices:
        return True
    rng = np.random.default_rng(0)
    point = {name: _draw(system, name, 0, sizes, rng) for name in system.inputs}
    graph = Graph(tuple(system.leaves[name] for name in system.inputs), tuple(matrices))
    try:
        return all(np.linalg.cond(value) < SINGULAR for value in evaluate(concrete(graph), point, sizes))
    except np.linalg.LinAlgError:
        return False


ATTEMPTS = 200


def draw_point(
    system: System,
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


def _draw(system: System, name: str, region: int, sizes: Mapping[str, int], rng: Any) -> Array:
    type = system.quantities[name].type
    shape = tuple(sizes[s.name] if isinstance(s, Dim) else s for s in type.shape)
    if type.dtype == "int64":
        return rng.integers(0, min([*sizes.values(), 2]), size=shape)
    return DRAWS[region](rng, shape)


def satisfy_assumptions(system: System, point: dict[str, Array]) -> None:
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
        single = isinstance(total, Product) and len(total.factors) == 1 and total.coef == 1
        leaf = total.factors[0].term if single and isinstance(total, Product) else None
        if not (isinstance(leaf, Leaf) and leaf.name in point and isinstance(target, Product) and not target.factors):
            raise CheckError(
                "This assumption cannot be tested: only a sum of one input that equals a number, and A = Aᵀ, can.",
                Source(system.source).where(spans[number]),
                "Write, for example:  assume Σ_k t_k = 1",
            )
        assert isinstance(total, Product)
        axes = tuple(k for k, q in enumerate(total.factors[0].labels) if q in total.summed)
        values = np.abs(point[leaf.name]) + 0.1
        point[leaf.name] = values * float(target.coef) / values.sum(axis=axes, keepdims=True)


def concrete(graph: Graph) -> Graph:
    """The graph with primes opened and every undefined function φ given as a product of tanh, so that it has numbers.

    A formula in φ and φ' that holds for every φ holds for this one.
    """

    def define(node: Node, inputs: tuple[Node, ...]) -> Node:
        if node.op.name != "opaque":
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


# ---------------------------------------------------------------- comparison


@dataclass
class _Comparison:
    """Every bar at one point, in all the forms that are printed, against the derivative of the loss as a function of that quantity alone."""

    backward: Backward
    point: Mapping[str, Array]
    rng: Any
    worst: float = 0.0
    routes: set[str] = field(default_factory=set[str])

    def run(self, names: Sequence[str]) -> None:
        """Compare the bars of `names`.

        Raises CheckError.
        """
        system, loss = self.backward.system, self.backward.loss
        self.sizes = sizes_for(system)
        order = tuple(line.name for line in system.lines)
        forward = evaluate(concrete(system.graph(order)), self.point, self.sizes)
        self.forward = dict(self.point) | dict(zip(order, forward, strict=True))
        self.signal = np.asarray(1.0) if self.backward.seeded else self.rng.normal(size=np.shape(self.forward[loss]))
        given = {**self.point, bar(loss): self.signal}
        bars = tuple(bar(name) for name in names)
        printed = [
            evaluate(concrete(self.backward.graph(bars, form=form)), given, self.sizes) for form in ("printed", "run")
        ]
        self.largest = max(
            float(np.max(np.abs(value), initial=0.0, where=np.isfinite(value))) for value in (*printed[0], self.signal)
        )
        for name, *forms in zip(names, *printed, strict=True):
            self.quantity(name, forms)
        for line in self.backward.lines:
            for each in line.sums:
                first, last = (
                    evaluate(concrete(self.backward.graph((each.name,), form=form)), given, self.sizes)[0]
                    for form in ("printed", "run")
                )
                self.named_sum(each.name, first, last)

    def named_sum(self, name: str, value: Array, other: Array) -> None:
        """Compare both forms of a named sum, which is no derivative.

        Raises CheckError.
        """
        difference = float(np.max(np.abs(value - other), initial=0.0))
        if not difference <= EXACT * max(float(np.max(np.abs(value), initial=0.0)), ZERO * self.largest):
            raise CheckError(
                f"The two forms of '{name}' differ by {difference:.3g}.",
                f"  the first is {np.array2string(np.asarray(value), precision=6, threshold=6)}",
                "Please report it with the equations: this is a mistake in wengert's derivation.",
            )

    def quantity(self, name: str, forms: Sequence[Array]) -> None:
        direction = self.rng.normal(size=np.shape(self.forward[name]))
        graph = from_quantity(self.backward.system, name, self.backward.loss)
        values = {n: self.forward[n] for n in graph.input_names}
        exact = self.forward_mode(graph, name, values, direction)
        path = _Path(graph, name, values, direction, self.signal, self.sizes)
        numeric = path.slope(exact)
        for value in forms:
            claimed, scale = float(np.sum(value * direction)), float(np.sum(np.abs(value * direction)))
            self.judge(name, claimed, _Slope(exact, "forward mode"), scale)
            if numeric is not None:
                self.judge(name, claimed, numeric, scale)

    def forward_mode(self, graph: Graph, name: str, values: Mapping[str, Array], direction: Array) -> float:
        leaf = next(node for node in graph.inputs if node.params["name"] == name)
        tangent = input_node("direction", leaf.type)
        (result,) = jvp(graph.outputs, [leaf], [tangent])
        if result is None:
            return 0.0
        (value,) = evaluate(
            open_primes(Graph((*graph.inputs, tangent), (result,))), {**values, "direction": direction}, self.sizes
        )
        return float(np.sum(self.signal * value))

    def judge(self, name: str, claimed: float, truth: _Slope, scale: float) -> None:
        """Add one comparison; both count as 0 where they are far below the largest signal."""
        self.routes.add(truth.route)
        if max(abs(claimed), abs(truth.value)) <= ZERO * self.largest:
            return
        difference = abs(claimed - truth.value) / max(scale, abs(truth.value))
        agrees = truth.agrees(claimed, scale)
        if not agrees and abs(claimed - truth.value) <= ZERO * self.largest:
            return  # large terms have cancelled (a saturated softmax), and what is left is their rounding
        if not agrees:
            raise CheckError(
                f"The error signal of '{name}' is {claimed:.12g} along a random direction, but {truth.route} gives {truth.value:.12g}.",
                f"  relative difference {difference:.1e}",
                "Please report it with the equations: this is a mistake in wengert's derivation.",
            )
        if truth.route != "central differences" and np.isfinite(difference):
            self.worst = max(self.worst, difference)


@dataclass(frozen=True)
class _Slope:
    """The derivative of the loss along a direction, by some route; `noise` is the rounding of a difference quotient."""

    value: float
    route: str
    noise: float = 0.0

    def agrees(self, claimed: float, scale: float) -> bool:
        """Whether a claim is this slope as far as the route can tell."""
        limit = DIFFERENCES if self.route == "central differences" else EXACT
        if not (np.isfinite(claimed) and np.isfinite(self.value)):
            return str(claimed) == str(self.value)
        return abs(claimed - self.value) <= limit * max(scale, abs(self.value)) + self.noise


def from_quantity(system: System, name: str, loss: str) -> Graph:
    """The loss as a function of one quantity, all inputs and earlier quantities held: what v̄ is the derivative of."""
    values = moved_values(system, name)
    free = system.leaves[name]
    inputs = tuple(dict.fromkeys((*(system.leaves[n] for n in system.inputs), free)))
    return concrete(Graph(inputs, (values[loss],), (loss,)))


ROUGH = frozenset(
    (
        "abs",
        "max",
        "min",
        "maximum",
        "minimum",
        "relu",
        "sign",
        "floor",
        "less",
        "less_equal",
        "greater",
        "greater_equal",
        "erfc",
        "softplus",
        "logsumexp",
        "logistic",
        "erfinv",
    )
)
"""Ops whose NumPy values are not the analytic continuation, or that have none for complex numbers, so that a complex step through them means nothing."""


STEPS = (1e-4, 1e-5, 1e-6)
"""Steps of central differences, relative to the size of the quantity: a smaller one where a kink lies within a step."""


@dataclass(frozen=True)
class _Path:
    """The loss along a line through one quantity: its slope without any rule of differentiation."""

    graph: Graph
    name: str
    values: Mapping[str, Array]
    direction: Array
    signal: Array
    sizes: Mapping[str, int]

    def slope(self, expected: float) -> _Slope | None:
        """The slope by the complex step, or by central differences; None where these do not settle, as on a kink or beside a jump."""
        if not any(node.op.name in ROUGH for node in topological(self.graph.outputs)):
            step = 1e-100
            value = self.at(1j * step)
            return _Slope(float(np.sum(self.signal * np.imag(value)) / step), "complex step")
        slopes = [self.central(step) for step in STEPS]
        last, before = slopes[-1], slopes[-2]
        # Where only the second derivative jumps, the error falls with the step itself: it is taken out.
        limit = (STEPS[-2] * last.value - STEPS[-1] * before.value) / (STEPS[-2] - STEPS[-1])
        slopes.append(_Slope(limit, last.route, 2 * last.noise))
        found = next((s for s in slopes if s.agrees(expected, 0.0)), None)
        settled = all(s.agrees(last.value, 100 * abs(last.value)) for s in slopes)
        return found or (slopes[0] if settled and not self.on_kink() else None)

    def at(self, t: complex) -> Array:
        """The loss with the quantity moved by t along the direction."""
        moved = self.values[self.name] + t * self.direction
        (value,) = evaluate(self.graph, {**self.values, self.name: moved}, self.sizes)
        return value

    def scaled(self, step: float) -> float:
        """The step for the size of the quantity."""
        return step * max(1.0, float(np.max(np.abs(self.values[self.name]), initial=0.0)))

    def central(self, step: float) -> _Slope:
        """Central differences at h and 2h, combined so that the error is of fourth order."""
        h = self.scaled(step)
        one, two = (float(np.sum(self.signal * (self.at(k * h) - self.at(-k * h)))) / (2 * k * h) for k in (1, 2))
        size = float(np.sum(np.abs(self.signal * self.at(0.0))))
        return _Slope((4 * one - two) / 3, "central differences", 64 * float(np.finfo(float).eps) * size / h)

    def on_kink(self) -> bool:
        """Whether the slopes to the left and to the right stay apart as the step shrinks."""
        gaps: list[float] = []
        for step in (STEPS[0], STEPS[-1]):
            h = self.scaled(step)
            bend = np.sum(self.signal * (self.at(h) - 2 * self.at(0.0) + self.at(-h)))
            gaps.append(abs(float(bend)) / h)
        return gaps[1] > gaps[0] / 10
