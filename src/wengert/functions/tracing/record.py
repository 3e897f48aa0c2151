"""Recording: a Python function run once on traced values, and the nodes it leaves behind. It knows no derivative."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from wengert.core.ir.graph import Graph, Node, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ir.walk import substitute
from wengert.errors import TraceError
from wengert.functions.tracing.narrow import Width, width_of
from wengert.functions.tracing.operands import as_node, checked, supported
from wengert.functions.tracing.source import user_line
from wengert.functions.tracing.standin import StandIn
from wengert.functions.tracing.tracer import Assumed, Trace, Traced, traced
from wengert.functions.tracing.trees import Spec, argument_names, flatten, name_of, unflatten


@dataclass(frozen=True)
class Leaf:
    """What a leaf of the arguments is to a graph: its type, and whether it is a Python number, which takes the dtype of what it meets."""

    type: ArrayType
    weak: bool = False
    width: Width = None
    """The dtype that whole numbers have in NumPy, where that is not int64."""


def is_number(value: Any) -> bool:
    """Whether a leaf is an array of numbers or a number (a truth value of Python is not: it steers)."""
    return isinstance(value, StandIn | np.ndarray | np.generic | int | float | complex) and not isinstance(value, bool)


def leaf_of(value: Any) -> Leaf:
    """What a value is to a graph.

    Raises TraceError where it is no number or array of numbers, or a whole number that int64 does not hold.
    """
    if isinstance(value, StandIn):
        return Leaf(value.type, value.weak, width_of(value.dtype))
    if type(value) is int and not -(2**63) <= value < 2**63:
        raise TraceError(
            "A whole number has at most 64 bits in a graph.",
            f"  this one needs {value.bit_length() + 1}",
            "Write it as a real number:  float(x)",
        )
    if type(value) in (int, float, complex):
        return Leaf(ArrayType((), supported(np.dtype(type(value)))), True)
    if not is_number(value) and not isinstance(value, bool):
        raise TraceError(
            f"A value of type {type(value).__name__} is no array of numbers.",
            f"  it is {value!r:.60}",
            "Give numbers, NumPy arrays, or tuples, lists and dicts of them.",
        )
    array = checked(value)
    return Leaf(ArrayType(array.shape, supported(array.dtype)), False, width_of(array.dtype))


@dataclass(frozen=True)
class Recorded:
    """A function of arrays, written down: from input nodes to the leaves of its result."""

    inputs: list[Node]
    outputs: list[Node]
    weak: list[bool]
    """Which outputs are Python numbers."""
    spec: Spec
    """The container of the outputs."""
    captured: list[tuple[StandIn, Node]]
    """Values of outer traces that the function reads, each with the input that stands for it."""
    guards: list[Assumed] = field(default_factory=list[Assumed])
    """What Python asked while the function ran."""
    widths: list[Width] = field(default_factory=list[Width])
    """The dtypes that outputs of whole numbers have in NumPy."""


def record(
    inputs: Sequence[Node],
    leaves: Sequence[Leaf],
    call: Callable[[list[Traced]], Any],
    stands: Sequence[Any] = (),
) -> Recorded:
    """The nodes of call(values), where the values stand for the inputs, which are such leaves. `stands` are what the inputs stand
    for, where it is known: numbers, or values of the trace around.

    Raises TraceError where the function does what a graph cannot hold.
    """
    from wengert.functions.tracing.rolling import rolled  # a function on a tape does without

    trace = Trace(dict(zip(inputs, stands, strict=False)))
    with trace.open():
        values = [Traced(node, trace, leaf.weak, leaf.width) for node, leaf in zip(inputs, leaves, strict=True)]
        results, spec = flatten(call(values))
        results = [trace.lowered(x) for x in results]
        found = [leaf_of(x) for x in results]
        outputs = [as_node(x) for x in results]
        asked = rolled([*outputs, *(guard.node for guard in trace.guards)])
    outputs, asked = asked[: len(outputs)], asked[len(outputs) :]
    trace.guards[:] = [Assumed(node, guard.outcome) for guard, node in zip(trace.guards, asked, strict=True)]
    captured = [(trace.stands[inner], inner) for inner in trace.captured.values()]
    weak, widths = [leaf.weak for leaf in found], [leaf.width for leaf in found]
    return Recorded(list(inputs), outputs, weak, spec, captured, trace.guards, widths)


def new_inputs(names: Sequence[str], leaves: Sequence[Leaf]) -> list[Node]:
    """An input for each leaf."""
    return [input_node(name, leaf.type) for name, leaf in zip(names, leaves, strict=True)]


def splice(inputs: Sequence[Node], outputs: Sequence[Node], values: Sequence[Any]) -> list[Traced]:
    """The outputs in the open trace, values in place of the inputs."""
    known = {node: as_node(value, node.type.dtype) for node, value in zip(inputs, values, strict=True)}
    return [traced(node) for node in substitute(outputs, known)]


@dataclass(frozen=True)
class TracedProgram:
    """A Python function as a graph, with the containers of its arguments and of its result."""

    graph: Graph
    arguments: Spec
    """The container (args, kwargs)."""
    leaves: tuple[Leaf | None, ...]
    """What each leaf of the arguments is; None for one that is no array, whose value the graph takes for granted."""
    fixed: tuple[Any, ...]
    """The values of those leaves, in order."""
    result: Spec
    """The container of the result, whose leaves are the outputs of the graph."""
    guards: tuple[Assumed, ...] = ()
    """What Python asked while the function ran: the graph is that of the function where it gets these answers."""
    widths: tuple[Width, ...] = ()
    """The dtypes that outputs of whole numbers have in NumPy."""


def traced_program(
    f: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], *, known: bool = False
) -> TracedProgram:
    """The graph of f for arguments of these types: arrays and numbers become inputs, all else is taken as it is. With `known`,
    Python's questions are answered for these values.

    Raises TraceError where the function does what a graph cannot hold, GraphError where it is used inside of another trace and
    reads its values.
    """
    values, spec = flatten((tuple(args), dict(kwargs)))
    names = argument_names(f, args, kwargs)
    leaves = tuple(leaf_of(value) if is_number(value) else None for value in values)
    moving = [(name, leaf) for name, leaf in zip(names, leaves, strict=True) if leaf is not None]
    inputs = new_inputs([name for name, _ in moving], [leaf for _, leaf in moving])

    def call(given: list[Traced]) -> Any:
        found = iter(given)
        filled = [value if leaf is None else next(found) for value, leaf in zip(values, leaves, strict=True)]
        inner_args, inner_kwargs = unflatten(spec, filled)
        return f(*inner_args, **inner_kwargs)

    stands = [value for value, leaf in zip(values, leaves, strict=True) if leaf is not None] if known else ()
    recorded = record(inputs, [leaf for _, leaf in moving], call, stands)
    if recorded.captured:
        raise TraceError(
            f"'{name_of(f)}' reads traced values of the function around it.",
            user_line(),
            "Pass them as arguments, or call it without compiling: the function around it is compiled as a whole.",
        )
    fixed = tuple(value for value, leaf in zip(values, leaves, strict=True) if leaf is None)
    graph = Graph(tuple(inputs), tuple(recorded.outputs))
    return TracedProgram(graph, spec, leaves, fixed, recorded.spec, tuple(recorded.guards), tuple(recorded.widths))
