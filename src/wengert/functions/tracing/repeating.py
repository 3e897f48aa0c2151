"""Where the nodes of a trace repeat: the steps of a loop that Python has run, found again by what they compute. It changes nothing.

Nodes stand in the order in which they were made, so that the steps of a loop are runs of equal labels at a fixed distance, the period.
Whether such a run is a loop is told by where its nodes read from: the same place of their own step or of a step a fixed number before,
the same node outside at every step, or another one at each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from wengert.core.ir.graph import Graph, Node
from wengert.core.ir.types import ArrayType
from wengert.core.ir.walk import topological
from wengert.core.ops.control import item
from wengert.core.ops.piecewise import cast
from wengert.core.ops.updates import set_slice
from wengert.core.ops.windows import concatenate
from wengert.core.ops.windows import slice as slice_op

LEAST_STEPS = 6
"""So few steps are left as they are."""
LEAST_NODES = 160
"""So many nodes a loop must spare."""
LONGEST = 4000
"""So many nodes one step has at most."""
PLACED = {slice_op: ("start", "stop"), set_slice: ("start",)}
"""Ops that say by whole numbers which entries they read or write; these may differ from step to step."""
MOVING = (cast, item, concatenate)
"""Beside moves, what computes nothing: steps of them alone are no loop."""


@dataclass(frozen=True)
class Own:
    """An operand from the same step: the node at a place of it."""

    place: int


@dataclass(frozen=True)
class Before:
    """An operand from the step `lag` before: the node at a place of it, for the first steps nodes outside."""

    place: int
    lag: int
    first: tuple[Node, ...]


@dataclass(frozen=True)
class Fixed:
    """The same node outside at every step."""

    node: Node


@dataclass(frozen=True)
class Each:
    """Another node outside at every step."""

    nodes: tuple[Node, ...]


Operand = Own | Before | Fixed | Each


@dataclass(frozen=True)
class Repeat:
    """Steps that repeat: nodes start … start + period·steps − 1 of an order, and for each place what its operands are."""

    start: int
    period: int
    steps: int
    nodes: Sequence[Node] = field(repr=False)
    operands: Sequence[Sequence[Operand]] = field(repr=False)
    results: Sequence[Node] = field(repr=False)
    """What the trace gives."""

    @property
    def stop(self) -> int:
        """The number of the first node behind it."""
        return self.start + self.period * self.steps

    def at(self, place: int) -> list[Node]:
        """The nodes at a place, step by step."""
        return [self.nodes[k] for k in range(self.start + place, self.stop, self.period)]


def in_order(outputs: Sequence[Node]) -> list[Node]:
    """The nodes that outputs need, inputs and constants aside, in the order in which they were made."""
    return sorted((x for x in topological(outputs) if x.op.leaf not in ("input", "constant")), key=lambda x: x.number)


def repeats(order: Sequence[Node], results: Sequence[Node]) -> Iterator[Repeat]:
    """The loops in an order of nodes that give these results, the one that covers most of it first."""
    if len(order) < LEAST_NODES:
        return
    names = Labels()
    labels = np.array([names.of(node) for node in order])
    for start, period, covered in _candidates(labels):
        found = _checked(order, results, start, period, covered)
        if found is not None:
            yield found


# ---------------------------------------------------------------- labels


class Labels:
    """Nodes by what they compute, whatever they read: a number for each op with its parameters and type."""

    def __init__(self) -> None:
        self._known: dict[Any, int] = {}
        self._graphs: dict[int, tuple[Graph, Any]] = {}

    def of(self, node: Node) -> int:
        """The label of a node."""
        placed = PLACED.get(node.op, ())
        params = tuple((key, self._value(value)) for key, value in node.params.items() if key not in placed)
        kinds = tuple([x.type for x in node.inputs])
        key = (node.op.name, params, node.type, kinds)
        return self._known.setdefault(key, len(self._known))

    def _value(self, value: Any) -> Any:
        if isinstance(value, Graph):
            known = self._graphs.get(id(value))
            if known is None:
                known = self._graphs[id(value)] = value, self._shape(value)
            return known[1]
        if isinstance(value, np.ndarray):
            return (value.shape, value.dtype.str, value.tobytes())
        if isinstance(value, list):
            return tuple(map(self._value, value))
        try:
            hash(value)
        except TypeError:
            return id(value)
        return (type(value), value)

    def _shape(self, graph: Graph) -> Any:
        """What equal graphs have in common: their nodes in order, each with the numbers of those that it reads."""
        order = topological((*graph.inputs, *graph.outputs))
        number = {node: k for k, node in enumerate(order)}
        inputs = {node: k for k, node in enumerate(graph.inputs)}
        rows: list[Any] = []
        for node in order:
            if node in inputs:
                rows.append(("input", inputs[node], node.type))
                continue
            params = tuple((key, self._value(value)) for key, value in node.params.items())
            rows.append((node.op.name, params, tuple(number[x] for x in node.inputs)))
        return tuple(rows), tuple(number[x] for x in graph.outputs)


def _candidates(labels: np.ndarray[Any, Any]) -> list[tuple[int, int, int]]:
    """(start, period, number of nodes) of the longest run of every period, the runs that cover most first.

    A multiple of a period covers no more than it; what covers hardly more is left out.
    """
    n = len(labels)
    found: list[tuple[int, int, int]] = []
    best = 0
    for period in range(1, min(LONGEST, n // LEAST_STEPS) + 1):
        start, length = _longest(labels[:-period] == labels[period:])
        covered = length + period
        if length and covered >= LEAST_STEPS * period and covered - period >= LEAST_NODES and covered > 1.1 * best:
            found.append((start, period, covered))
            best = covered
    return found[::-1]


def _longest(equal: np.ndarray[Any, Any]) -> tuple[int, int]:
    """Where the longest run of truth begins, and how long it is."""
    if equal.all():
        return 0, len(equal)
    edges = np.flatnonzero(~equal)
    starts = np.concatenate(([0], edges + 1))
    lengths = np.concatenate((edges, [len(equal)])) - starts
    k = int(np.argmax(lengths))
    return int(starts[k]), int(lengths[k])


# ---------------------------------------------------------------- operands


def _checked(order: Sequence[Node], results: Sequence[Node], start: int, period: int, covered: int) -> Repeat | None:
    """The run as a loop; from a later node on, where it is none from its first."""
    if all(node.op.moves is not None or node.op in MOVING for node in order[start : start + period]):
        return None
    numbers = {node: k for k, node in enumerate(order)}
    for shift in range(min(2 * period, covered - LEAST_STEPS * period) + 1):
        steps = (covered - shift) // period
        if steps < LEAST_STEPS or steps * period - period < LEAST_NODES:
            return None
        operands = _operands(order, numbers, start + shift, period, steps)
        if operands is not None:
            return Repeat(start + shift, period, steps, order, operands, results)
    return None


def _operands(
    order: Sequence[Node], numbers: dict[Node, int], start: int, period: int, steps: int
) -> list[list[Operand]] | None:
    """For each place what its operands are; None where they are not alike from step to step."""
    found: list[list[Operand]] = []
    stop = start + period * steps
    for place in range(period):
        nodes = [order[k] for k in range(start + place, stop, period)]
        row: list[Operand] = []
        for sources in zip(*[node.inputs for node in nodes], strict=True):
            operand = _operand(sources, [numbers.get(x, -1) - start for x in sources], period, stop - start)
            if operand is None:
                return None
            row.append(operand)
        found.append(row)
    return found


def _operand(sources: Sequence[Node], places: Sequence[int], period: int, size: int) -> Operand | None:
    """What one operand is, from its node at every step and the place of that in the run."""
    inside = [0 <= k < size for k in places]
    if not any(inside):
        return _outside(sources)
    steps = len(sources)
    last, place = divmod(places[-1], period)
    lag = steps - 1 - last
    if not inside[-1] or lag >= steps or any(inside[:lag]):
        return None
    if any(places[t] != (t - lag) * period + place for t in range(lag, steps)):
        return None
    if not lag:
        return Own(place)
    return Before(place, lag, tuple(sources[:lag])) if isinstance(sources[-1].type, ArrayType) else None


def _outside(sources: Sequence[Node]) -> Operand | None:
    first = sources[0]
    if all(x is first or is_same_constant(x, first) for x in sources):
        return Fixed(first)
    return Each(tuple(sources)) if isinstance(first.type, ArrayType) else None


def is_same_constant(a: Node, b: Node) -> bool:
    """Whether two nodes are constants of one value."""
    if a.op.leaf != "constant" or b.op.leaf != "constant" or a.type != b.type:
        return False
    x, y = a.params["value"], b.params["value"]
    if isinstance(x, np.ndarray) or isinstance(y, np.ndarray):
        return np.array_equal(x, y, equal_nan=True)
    return type(x) is type(y) and (x == y or (x != x and y != y)) and str(x) == str(y)
