"""Functions with derivatives of their own: a sub-graph, or a Python function that the host runs; and the barrier of checkpoints.

    call        y = body(x), derived by a rule that stands beside the body
    host_call   y = f(x) for a function of arrays that no graph shows
    barrier     x itself, computed after something else

The rules of derivatives are those of the objects in the parameters; how such calls are batched enters `RULES` from above.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from wengert.core.ir.graph import Graph, Node, apply
from wengert.core.ir.notation import unwritten
from wengert.core.ir.op import Params
from wengert.core.ir.types import ArrayType, TupleType
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ops.control import Cotangents, check_fits, register_control
from wengert.core.ops.control_samples import Sample, graph
from wengert.core.ops.evaluate import Array, GraphProgram, run
from wengert.core.ops.kinds import ErrorCases, elementwise
from wengert.errors import GraphError


class CallRule(Protocol):
    """How a call is derived, by nodes."""

    def jvp(self, node: Node, tangents: Sequence[Node | None]) -> Sequence[Node | None]:
        """The tangent of each result."""
        ...

    def vjp(self, node: Node, cotangents: Cotangents) -> Sequence[Node | None]:
        """The cotangent of each input."""
        ...


class HostFunction(CallRule, Protocol):
    """A function of arrays that the host runs."""

    @property
    def inputs(self) -> tuple[ArrayType, ...]:
        """The types that it takes."""
        ...

    @property
    def results(self) -> tuple[ArrayType, ...]:
        """The types that it gives."""
        ...

    def value(self, *arrays: Array) -> Sequence[Array]:
        """The results."""
        ...


@runtime_checkable
class EntrywiseFunction(HostFunction, Protocol):
    """A function of arrays of one shape, entry by entry."""

    def over(self, size: int) -> HostFunction:
        """The function of arrays with one more axis before the others."""
        ...


# ---------------------------------------------------------------- call


def _infer_call(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    body: Graph = params["body"]
    check_fits("call", "body", body, types)
    return TupleType(items=tuple(node.type for node in body.outputs))


def _value_call(xp: Vocabulary, *arrays: Array, body: GraphProgram, rule: CallRule) -> tuple[Array, ...]:
    return run(body, arrays)


# ---------------------------------------------------------------- host_call


def _infer_host_call(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    function: HostFunction = params["function"]
    taken = [type.shape for type in function.inputs]
    if taken != [type.shape for type in types]:
        raise GraphError(
            "'host_call' is given arrays that its function does not take.",
            f"  it takes {', '.join(map(str, function.inputs)) or 'none'}, and is given {', '.join(map(str, types)) or 'none'}",
            "Make a function for these types.",
        )
    return TupleType(items=function.results)


def _value_host_call(xp: Vocabulary, *arrays: Array, function: HostFunction) -> tuple[Array, ...]:
    if any(np.iscomplexobj(array) and not type.is_complex for array, type in zip(arrays, function.inputs, strict=True)):
        raise TypeError("a function that the host runs takes no complex step")
    found = function.value(*arrays)
    return tuple(np.asarray(y, dtype=type.dtype) for y, type in zip(found, function.results, strict=True))


# ---------------------------------------------------------------- samples


@dataclass(frozen=True)
class _Square:
    """y = x²/2 for the samples: ẏ = x ẋ, x̄ = x ȳ."""

    type: ArrayType

    @property
    def inputs(self) -> tuple[ArrayType, ...]:
        return (self.type,)

    @property
    def results(self) -> tuple[ArrayType, ...]:
        return (self.type,)

    def value(self, *arrays: Array) -> list[Array]:
        return [arrays[0] * arrays[0] / 2]

    def jvp(self, node: Node, tangents: Sequence[Node | None]) -> list[Node | None]:
        (t,) = tangents
        return [None if t is None else node.inputs[0] * t]

    def vjp(self, node: Node, cotangents: Cotangents) -> list[Node | None]:
        return self.jvp(node, cotangents.bars)


def _squares(rng: Any) -> list[tuple[Array, ArrayType]]:
    shapes: list[tuple[int, ...]] = [(), (3,), (2, 2), (0,), (1, 2, 1)]
    return [(rng.normal(size=shape), ArrayType(shape)) for shape in shapes for _ in range(6)]


def _half_square(x: Node) -> list[Node]:
    return [x * x / 2]


def _itself(x: Node) -> list[Node]:
    return [x]


def _call_samples(rng: Any) -> list[Sample]:
    return [([x], {"body": graph(_half_square, type), "rule": _Square(type)}) for x, type in _squares(rng)]


def _host_samples(rng: Any) -> list[Sample]:
    return [([x], {"function": _Square(type)}) for x, type in _squares(rng)]


_VECTOR = ArrayType((2,))
_CALL_ERRORS: ErrorCases = (
    ((ArrayType((3,)),), {"body": graph(_itself, _VECTOR), "rule": _Square(_VECTOR)}, "takes other inputs"),
)
_HOST_ERRORS: ErrorCases = (((ArrayType((3,)),), {"function": _Square(_VECTOR)}, "does not take"),)

call = register_control(
    "call",
    "The results of the graph `body`, which has derivatives of its own.",
    _infer_call,
    _value_call,
    _call_samples,
    _CALL_ERRORS,
)
host_call = register_control(
    "host_call",
    "The results of a function of arrays that the host runs, with its own derivatives.",
    _infer_host_call,
    _value_host_call,
    _host_samples,
    _HOST_ERRORS,
)
barrier = elementwise(
    "barrier",
    "x itself, computed after the other input: two computations of the same on both sides of a barrier stay two.",
    value=lambda xp, x, after: x,
    partials=lambda y, x, after: (1, None),
    arity=2,
    notation=unwritten("barrier"),
    growth="bounded",
)


def behind(x: Node, signals: Sequence[Node]) -> Node:
    """x, to be computed after the signals; whole numbers and truth values as they are."""
    if not x.type.is_float:
        return x
    for signal in signals:
        if signal.type.is_float and all(signal.shape):
            first = signal
            if signal.type.rank:
                ones, zeros = (1,) * signal.type.rank, (0,) * signal.type.rank
                first = apply("reshape", apply("slice", signal, start=zeros, stop=ones, step=ones), shape=())
            if first.type.dtype != x.type.dtype:
                first = apply("cast", first, dtype=x.type.dtype)
            x = apply("barrier", x, apply("broadcast", first, shape=x.shape, axes=()) if x.type.rank else first)
    return x
