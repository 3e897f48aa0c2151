"""The routes by which a sample is compared: its graph with both modes and second derivatives, and NumPy's own numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from tests.coverage.samples import NAMED, Sample, call_of
from wengert.core.autodiff.forward import jvp
from wengert.core.autodiff.reverse import vjp
from wengert.core.ir.graph import Graph, Node, constant, input_node
from wengert.core.ops.evaluate import evaluate
from wengert.functions.tracing.record import traced_program
from wengert.functions.tracing.trees import flatten, unflatten

Array = Any
STEP = 1e-30


def is_moving(leaf: Any) -> bool:
    """Whether a leaf of the arguments is differentiated: an array or a scalar of NumPy of real or complex numbers."""
    return isinstance(leaf, np.ndarray | np.generic) and np.asarray(leaf).dtype.kind in "fc"


class Call:
    """A sample as a function of a list of arrays, those that are differentiated."""

    def __init__(self, sample: Sample, dtype: str | None = None) -> None:
        self.sample = sample
        fixed = [a if k in sample.fixed else None for k, a in enumerate(sample.args)]
        leaves, self.spec = flatten(
            (
                tuple(0 if k in sample.fixed else a for k, a in enumerate(sample.args)),
                {k: 0 if k in sample.fixed else a for k, a in sample.kwargs.items()},
            )
        )
        self.fixed = fixed
        self.leaves = leaves
        self.places = [k for k, leaf in enumerate(leaves) if is_moving(leaf)]
        self.arrays = [leaves[k] if dtype is None else _converted(leaves[k], dtype) for k in self.places]

    def of(self, function: Callable[..., Any], arrays: Sequence[Array]) -> Any:
        """What the function gives for these arrays in place of those of the sample."""
        leaves = list(self.leaves)
        for k, array in zip(self.places, arrays, strict=True):
            leaves[k] = array
        args, kwargs = unflatten(self.spec, leaves)
        args = tuple(self.sample.args[k] if k in self.sample.fixed else a for k, a in enumerate(args))
        kwargs = {k: self.sample.kwargs[k] if k in self.sample.fixed else a for k, a in kwargs.items()}
        return function(*args, **kwargs)

    def traced(self, arrays: Sequence[Array]) -> Any:
        """The function under test."""
        return self.of(call_of(self.sample), arrays)

    def expected(self, arrays: Sequence[Array]) -> Any:
        """NumPy's own value."""
        with np.errstate(all="ignore"):
            return self.of(self.sample.reference or self._itself(), arrays)

    def _itself(self) -> Callable[..., Any]:
        entry = self.sample.entry
        return entry if self.sample.call is None and entry in NAMED and callable(entry) else call_of(self.sample)

    def graph(self) -> Graph:
        """The function written down, from the arrays to the leaves of the result."""
        return traced_program(lambda arrays: self.traced(arrays), (self.arrays,), {}).graph


def _converted(leaf: Any, dtype: str) -> Any:
    wanted = np.result_type(dtype, np.complex64) if np.asarray(leaf).dtype.kind == "c" else dtype
    return leaf.astype(wanted)


def outputs_of(result: Any) -> list[Array]:
    """The leaves of a result as arrays."""
    return [np.asarray(leaf) for leaf in flatten(result)[0]]


def evaluated(graph: Graph, arrays: Sequence[Array]) -> list[Array]:
    """The outputs of a graph for arrays in the order of its inputs."""
    return list(evaluate(graph, dict(zip(graph.input_names, arrays, strict=True))))


@dataclass(frozen=True)
class Derived:
    """The graph of a sample with what is derived from it: for directions v and cotangents w."""

    graph: Graph
    directions: list[Node]
    signals: list[Node]
    moving: list[int]
    """The outputs that have derivatives."""
    tangents: list[Node]
    """ẏ = J v, of the outputs that move."""
    slopes: list[Node]
    """x̄ = Jᵀ w."""

    def with_outputs(self, outputs: Sequence[Node]) -> Graph:
        """A graph of the inputs, the directions and the cotangents."""
        return Graph((*self.graph.inputs, *self.directions, *self.signals), tuple(outputs))


def derived(graph: Graph) -> Derived:
    """Both modes of a graph."""
    directions = [input_node(f"v{k}", x.type) for k, x in enumerate(graph.inputs)]
    moving = [k for k, y in enumerate(graph.outputs) if np.dtype(y.type.dtype).kind in "fc"]
    outputs = [graph.outputs[k] for k in moving]
    signals = [input_node(f"w{k}", y.type) for k, y in enumerate(outputs)]
    inputs = list(graph.inputs)
    ahead = filled(jvp(outputs, inputs, directions, masked=True), outputs)
    back = filled(vjp(outputs, inputs, signals, masked=True), inputs)
    return Derived(graph, directions, signals, moving, ahead, back)


def second(found: Derived) -> tuple[list[Node], list[Node]]:
    """H v of ⟨w, f⟩: forward over reverse, and reverse over reverse."""
    inputs = list(found.graph.inputs)
    forward = filled(jvp(found.slopes, inputs, found.directions, masked=True), inputs)
    reverse = filled(vjp(found.slopes, inputs, found.directions, masked=True), inputs)
    return forward, reverse


def filled(values: Sequence[Node | None], like: Sequence[Node]) -> list[Node]:
    """Zeros where there is nothing."""
    return [constant(0, x.type) if v is None else v for v, x in zip(values, like, strict=True)]


def drawn(rng: np.random.Generator, like: Array) -> Array:
    """A random direction of the shape and dtype of an array."""
    array = np.asarray(like)
    real = rng.normal(size=array.shape)
    return (real + 1j * rng.normal(size=array.shape) if array.dtype.kind == "c" else real).astype(array.dtype)


def complex_step(call: Call, directions: Sequence[Array]) -> list[Array] | None:
    """J v as Im f(x + ihv)/h, without cancellation; None where NumPy's function gives no complex numbers."""
    arrays = [np.asarray(a) for a in call.arrays]
    if not call.sample.complex_step or any(a.dtype.kind == "c" for a in arrays):
        return None
    try:
        moved = call.expected([a + 1j * STEP * v for a, v in zip(arrays, directions, strict=True)])
    except TypeError:
        return None
    found = outputs_of(moved)
    return [y.imag / STEP for y in found] if all(y.dtype.kind == "c" for y in found) else None


def _widest_step(directions: Sequence[Array]) -> float:
    return 4e-3 / max([1.0, *(float(np.max(np.abs(v), initial=0)) for v in directions)])


def noise(value: Array, directions: Sequence[Array]) -> float:
    """What the rounding of values, to eight units in the last place of the largest, does to such differences: most by the narrowest step.

    Where slopes are small beside values, as those of a logarithm of large numbers, it is more than a relative bound allows.
    """
    size = float(np.max(np.abs(value[np.isfinite(value)]), initial=0.0))
    return 8 * float(np.finfo(np.float64).eps) * size / (_widest_step(directions) / 4)


def differences(
    f: Callable[[Sequence[Array]], list[Array]], arrays: Sequence[Array], directions: Sequence[Array]
) -> list[Array]:
    """The derivative of f along directions by central differences at h … h/8, extrapolated to O(h⁸) (Richardson 1911)."""
    h = _widest_step(directions)

    def central(step: float) -> list[Array]:
        ahead, behind = (
            f([np.asarray(a) + sign * step * v for a, v in zip(arrays, directions, strict=True)]) for sign in (1, -1)
        )
        return [(1.0 * a - 1.0 * b) / (2 * step) for a, b in zip(ahead, behind, strict=True)]

    table = [central(h / 2**k) for k in range(3)]
    for power in (4, 16):
        table = [
            [(power * b - a) / (power - 1) for a, b in zip(coarse, fine, strict=True)]
            for coarse, fine in pairwise(table)
        ]
    return table[0]
