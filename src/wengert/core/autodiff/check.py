"""Checks of derivatives against independent routes: forward against reverse, both against the complex step or differences.

It must not know how the derivatives were made: it asks for graphs and compares numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from wengert.core.autodiff.transforms import Wrt, pull_back, push_forward, real_inputs
from wengert.core.ir.graph import Graph
from wengert.core.ir.walk import topological
from wengert.core.ops.evaluate import bind, evaluate
from wengert.errors import CheckError

Array = Any
Arrays = dict[str, Array]

DOT_TOLERANCE = 100
"""Forward against reverse, in units of eps: the two differ in the order of additions only."""
STEP = 1e-30
"""The complex step h: Im f(x + ih)/h has the error h² f‴/6 and no cancellation (Squire and Trapp 1998, SIAM Review 40)."""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check did: how many comparisons, and the largest relative difference among them."""

    checks: int
    largest: float

    def __str__(self) -> str:
        return f"checked: {self.checks} comparisons, largest relative difference {self.largest:.1g}"


@dataclass(slots=True)
class _GraphChecker:
    values: Arrays
    sizes: Mapping[str, int]
    wrt: list[str]
    modes: Sequence[str]
    directions: int
    rtol: float | None
    atol: float
    rng: np.random.Generator
    differences: list[float] = field(default_factory=list[float])

    def run(self, graph: Graph, values: Arrays, order: int, level: int) -> None:
        """Both modes at this level, then the same for the backward pass, which is a graph like any other."""
        forward, reverse = push_forward(graph, self.wrt), pull_back(graph, self.wrt)
        outputs = evaluate(graph, values, self.sizes)
        cotangents = self._cotangents(reverse, graph, outputs)
        back = evaluate(reverse, {**values, **cotangents}, self.sizes) if "reverse" in self.modes else None
        weights = [cotangents.get(name) for name in self._output_signals(reverse, graph)]
        for name in self.wrt:
            for k in range(self.directions):
                self._one_direction(graph, forward, back, values, outputs, weights, name, (level, k))
        if order > level and any(np.size(values[name]) for name in self.wrt):
            self.run(reverse, {**values, **cotangents}, order, level + 1)

    def _one_direction(
        self,
        graph: Graph,
        forward: Graph,
        back: tuple[Array, ...] | None,
        values: Arrays,
        outputs: tuple[Array, ...],
        weights: list[Array | None],
        name: str,
        place: tuple[int, int],
    ) -> None:
        direction = self._like(values[name])
        tangents = {f"tangent_{other}": np.zeros_like(values[other]) for other in self.wrt} | {
            f"tangent_{name}": direction
        }
        pushed = evaluate(forward, {**values, **tangents}, self.sizes)
        numeric, route, tolerance = self._numeric(graph, values, name, direction, outputs, place[0])
        if "forward" in self.modes:
            for mine, theirs in zip(pushed, numeric, strict=True):
                self._compare(
                    mine, theirs, np.max(np.abs(theirs), initial=0), tolerance, name, place, "forward mode", route
                )
        if back is not None:
            pulled = np.real(np.sum(back[self.wrt.index(name)] * direction))
            for other, label, limit in self._routes(pushed, numeric, route, tolerance, outputs):
                terms = [np.real(np.sum(w * t)) for w, t in zip(weights, other, strict=True) if w is not None]
                sizes = [np.sum(np.abs(w * t)) for w, t in zip(weights, other, strict=True) if w is not None]
                scale = max(sum(sizes), float(np.sum(np.abs(back[self.wrt.index(name)] * direction))))
                self._compare(pulled, sum(terms), scale, limit, name, place, "reverse mode", label)

    def _routes(
        self, pushed: Any, numeric: Any, route: str, tolerance: float, outputs: Any
    ) -> list[tuple[Any, str, float]]:
        routes: list[tuple[Any, str, float]] = [(numeric, route, tolerance)]
        if "forward" in self.modes:
            routes.insert(0, (pushed, "forward mode", DOT_TOLERANCE * self._eps(outputs)))
        return routes

    # numbers

    def _like(self, value: Array) -> Array:
        shape, dtype = np.shape(value), np.asarray(value).dtype
        parts = self.rng.normal(size=shape)
        return (parts + 1j * self.rng.normal(size=shape) if dtype.kind == "c" else parts).astype(dtype)

    def _eps(self, outputs: tuple[Array, ...]) -> float:
        dtypes = [np.asarray(a).dtype for a in (*outputs, *(self.values[name] for name in self.wrt))]
        return max(float(np.finfo(dtype).eps) for dtype in dtypes if dtype.kind in "fc")

    def _output_signals(self, reverse: Graph, graph: Graph) -> list[str]:
        names = iter(reverse.input_names[len(graph.inputs) :])
        return [next(names) if y.type.is_float else "" for y in graph.outputs]

    def _cotangents(self, reverse: Graph, graph: Graph, outputs: tuple[Array, ...]) -> Arrays:
        signals = zip(self._output_signals(reverse, graph), outputs, strict=True)
        return {name: self._like(y) for name, y in signals if name}

    def _numeric(
        self, graph: Graph, values: Arrays, name: str, direction: Array, outputs: tuple[Array, ...], level: int
    ) -> tuple[list[Array], str, float]:
        """The derivative along a direction: the complex step of real functions whose ops take complex numbers, else differences."""
        eps = self._eps(outputs)
        plane = any(node.type.is_complex for node in topological(graph.outputs))
        try:
            moved = (
                None if plane else evaluate(graph, {**values, name: values[name] + 1j * STEP * direction}, self.sizes)
            )
        except TypeError:
            moved = None
        if moved is None:
            slopes = _richardson(graph, values, name, direction, self.sizes, eps)
            return slopes, "central differences", self.rtol or max(1e-7, 4e4 * eps) * 10 ** (level - 1)
        slopes = [np.imag(y) / STEP for y in moved]
        return slopes, "complex step", self.rtol or max(1e-10, 4e5 * eps) * 10 ** (level - 1)

    def _compare(
        self,
        mine: Array,
        theirs: Array,
        scale: Any,
        tolerance: float,
        name: str,
        place: tuple[int, int],
        mode: str,
        route: str,
    ) -> None:
        """|mine − theirs| ≤ atol + rtol · scale in every entry; equal infinities and NaN on both sides agree."""
        a, b = np.asarray(mine), np.asarray(theirs)
        if not a.size:
            return
        with np.errstate(all="ignore"):
            gap = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.abs(a - b))
            vanishing = (gap == 0) | ((gap <= self.atol) & (scale <= self.atol))
            relative = np.where(vanishing, 0.0, gap / np.maximum(scale, np.finfo(float).tiny))
            wrong = ~(gap <= self.atol + tolerance * scale)
        self.differences.append(float(np.max(relative)))
        if np.any(wrong):
            at = int(np.argmax(np.where(wrong, np.where(np.isnan(gap), np.inf, gap), -1)))
            mine_at, theirs_at = a.flat[at].item(), b.flat[at].item()
            raise CheckError(
                f"The derivative by '{name}' is wrong: {mode} gives {mine_at:.9g}, {route} {theirs_at:.9g}, "
                f"relative difference {float(relative.flat[at]):.2g}.",
                f"  order {place[0]}, random direction {place[1] + 1} of {self.directions}, entry {at} of {a.size}",
                f"Compare the rules of the ops that read '{name}', one op at a time, or look whether the point is a kink.",
            )


def _richardson(
    graph: Graph, values: Arrays, name: str, direction: Array, sizes: Mapping[str, int], eps: float
) -> list[Array]:
    """Central differences at h, h/2, h/4, extrapolated twice: the error is O(h⁶) (Richardson 1911)."""
    h = eps ** (1 / 7) * max(1.0, float(np.max(np.abs(values[name]), initial=0))) / 4
    # The direction is scaled, so that the largest entry moves by h at most.
    h /= max(1.0, float(np.max(np.abs(direction), initial=0)))

    def central(step: float) -> list[Array]:
        ahead = evaluate(graph, {**values, name: values[name] + step * direction}, sizes)
        behind = evaluate(graph, {**values, name: values[name] - step * direction}, sizes)
        return [
            (np.asarray(a, dtype=_wide(a)) - np.asarray(b, dtype=_wide(b))) / (2 * step)
            for a, b in zip(ahead, behind, strict=True)
        ]

    one, two, four = central(h), central(h / 2), central(h / 4)
    first = [(4 * b - a) / 3 for a, b in zip(one, two, strict=True)]
    second = [(4 * b - a) / 3 for a, b in zip(two, four, strict=True)]
    return [(16 * b - a) / 15 for a, b in zip(first, second, strict=True)]


def _wide(value: Array) -> Any:
    return np.complex128 if np.iscomplexobj(value) else np.float64


def check_grads(
    graph: Graph,
    values: Mapping[str, Array],
    order: int = 2,
    modes: Sequence[str] = ("forward", "reverse"),
    *,
    wrt: Wrt = None,
    sizes: Mapping[str, int] | None = None,
    directions: int = 3,
    rtol: float | None = None,
    atol: float = 1e-14,
    seed: int = 0,
) -> CheckReport:
    """Check the derivatives of a graph at a point, along random directions, up to an order.

    At every level: ⟨ȳ, J ẋ⟩ = ⟨Jᵀ ȳ, ẋ⟩ to 100 eps; J ẋ and Jᵀ ȳ against Im f(x + ihẋ)/h, or against extrapolated central
    differences where an op takes no complex numbers. Complex arrays are paired by Re Σ ȳ ẏ. Order 2 checks the backward pass in the same way: forward over
    reverse and reverse over reverse. Differences count against the largest entry, or the sum of the magnitudes of a
    contraction: |difference| ≤ atol + rtol · scale.

    Raises CheckError for the first disagreement, naming the input, both values and the relative difference.
    """
    names = [str(node.params["name"]) for node in real_inputs(graph, wrt)]
    arrays, bound = bind(graph, values, sizes)
    point = dict(zip(graph.input_names, arrays, strict=True))
    checker = _GraphChecker(point, bound, names, modes, directions, rtol, atol, np.random.default_rng(seed))
    checker.run(graph, point, order, 1)
    return CheckReport(len(checker.differences), max(checker.differences, default=0.0))
