"""Graphs that a target takes in parts only: cut, so that the host runs the other nodes with NumPy between the target's parts.

It knows no machine code.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.core.ir.graph import Graph, Node, input_node
from wengert.core.ir.types import TapeType, TupleType
from wengert.core.ir.walk import order_of, rebuild, with_inputs
from wengert.core.ops.evaluate import bind_params
from wengert.targets import interpreter
from wengert.targets.base import Array, CalledFromPython, Executable, Target


@dataclass(frozen=True)
class GraphPart:
    """A graph of the target, or one node that the host runs; `reads` and `writes` are the values it takes and gives, by number."""

    graph: Graph | None
    node: Node | None
    reads: tuple[int, ...]
    writes: tuple[int, ...]


@dataclass(frozen=True)
class Partition:
    """The parts in order. Values 0 … n − 1 are the inputs of the graph."""

    parts: tuple[GraphPart, ...]
    values: int
    outputs: tuple[int, ...]


def partition(graph: Graph, target: Target) -> Partition | None:
    """The parts of a graph whose sizes are numbers; None where all of it is the target's."""
    order = order_of(graph)
    hosted = {node for node in order if target.supports(node).by != "target"}
    if not hosted:
        return None
    while True:
        # What the host gives as a tuple or tape never enters code, nor do these leave it.
        hosted.update(node for node in order if any(_is_several(x) and x in hosted for x in node.inputs))
        ranks = _ranks(order, hosted)
        crossing = {x for node in order for x in node.inputs if _is_several(x) and ranks[x] != ranks[node]} - hosted
        if not crossing:
            return _Splitter(graph, order, hosted, ranks).split()
        hosted.update(x.inputs[0] if x.op.name == "item" else x for x in crossing)


def _is_several(node: Node) -> bool:
    return isinstance(node.type, TupleType | TapeType)


def _ranks(order: Sequence[Node], hosted: Collection[Node]) -> dict[Node, int]:
    """The place of each node's part: the target's parts have even ones, hosted nodes odd ones; a node comes after all that it reads."""
    ranks: dict[Node, int] = {}
    for node in order:
        if node.op.kind == "leaf":
            ranks[node] = -1
            continue
        before = max((ranks[x] for x in node.inputs), default=-1)
        ranks[node] = max(before, 0) + (max(before, 0) % 2 != (node in hosted))
    return ranks


class _Splitter:
    def __init__(
        self, graph: Graph, order: Sequence[Node], hosted: Collection[Node], ranks: Mapping[Node, int]
    ) -> None:
        self.graph = graph
        self.order = order
        self.hosted = hosted
        self.ranks = ranks
        self.numbers = {x: k for k, x in enumerate(graph.inputs)}

    def split(self) -> Partition:
        """The parts in order of their places."""
        groups: dict[int, list[Node]] = {}
        for node in self.order:
            if node.op.kind != "leaf":
                groups.setdefault(self.ranks[node], []).append(node)
        parts: list[GraphPart] = []
        for place in sorted(groups):
            if place % 2:
                parts.extend(self._hosted(node) for node in groups[place])
            else:
                parts.append(self._own(groups[place], place))
        outputs = tuple(self._number(y, parts) for y in self.graph.outputs)
        return Partition(tuple(parts), len(self.numbers), outputs)

    def _number(self, node: Node, parts: list[GraphPart]) -> int:
        """The number of a value; a constant becomes one by a part of its own."""
        if node not in self.numbers:
            self.numbers[node] = len(self.numbers)
            parts.append(GraphPart(None, node, (), (self.numbers[node],)))
        return self.numbers[node]

    def _hosted(self, node: Node) -> GraphPart:
        reads = tuple(self.numbers[x] for x in node.inputs if not is_constant(x))
        self.numbers[node] = len(self.numbers)
        return GraphPart(None, node, reads, (self.numbers[node],))

    def _own(self, nodes: list[Node], place: int) -> GraphPart:
        inside = set(nodes)
        reads = list(dict.fromkeys(x for node in nodes for x in node.inputs if x in self.numbers))
        later = {x for node in self.order if self.ranks[node] > place for x in node.inputs} | set(self.graph.outputs)
        writes = [node for node in nodes if node in later and not _is_several(node)]
        inputs = {x: input_node(f"v{self.numbers[x]}", x.type) for x in reads}
        outputs = rebuild(writes, lambda node, new: with_inputs(node, new) if node in inside else node, inputs)
        for node in writes:
            self.numbers[node] = len(self.numbers)
        part = Graph(tuple(inputs.values()), tuple(outputs))
        return GraphPart(part, None, tuple(self.numbers[x] for x in reads), tuple(self.numbers[y] for y in writes))


# running


def lower(
    graph: Graph, target: Target, donated: Mapping[int, int], *, cache: bool = True, quick: bool = False
) -> Executable:
    """A graph whose sizes are numbers, ready to run on a target, with the host between its parts where it needs that."""
    graph = target.prepared(graph)
    whole = target.lower(graph, donated, cache=cache, quick=quick)
    return _Partitioned(graph, target, donated, cache, quick) if whole is None else whole


class _Partitioned(CalledFromPython):
    """The parts of a graph, run one after another. It has no entry."""

    bytes = 0
    """Its parts are not counted."""

    def __init__(self, graph: Graph, target: Target, donated: Mapping[int, int], cache: bool, quick: bool) -> None:
        self.graph, self.donated = graph, donated
        parts = partition(graph, target)
        assert parts is not None, "a target lowers what it supports"
        self._parts = parts
        self._runs = [_runner(part, target, cache, quick) for part in parts.parts]

    def run(self, arrays: Sequence[Array], fallback: Callable[..., Any]) -> tuple[Any, ...]:
        """The outputs; a part that gives up is run by NumPy alone."""
        values: list[Any] = [None] * self._parts.values
        values[: len(arrays)] = arrays
        for part, run in zip(self._parts.parts, self._runs, strict=True):
            made = run(*(values[k] for k in part.reads))
            for k, value in zip(part.writes, made if part.node is None else (made,), strict=True):
                values[k] = value if isinstance(value, tuple | list) else np.asarray(value)
        given = {id(array) for array in arrays}
        return tuple(_owned(values[k], given) for k in self._parts.outputs)


def _runner(part: GraphPart, target: Target, cache: bool, quick: bool) -> Callable[..., Any]:
    if part.node is not None:
        return hosted_value(part.node)
    assert part.graph is not None
    made, plain = lower(part.graph, target, {}, cache=cache, quick=quick), interpreter.compile(part.graph).in_order
    return lambda *arrays: made.run(arrays, plain)


def _owned(value: Array, given: Collection[int]) -> Any:
    """A result that shares no memory with an input, as an op on the host may give; without axes, a NumPy scalar."""
    if value.ndim == 0:
        return value[()]
    return value.copy() if value.base is not None or id(value) in given else value


def hosted_value(node: Node) -> Callable[..., Any]:
    """The value of a node by NumPy, as a function of the inputs that are no constants."""
    params = {key: bind_params(value, {}) for key, value in node.params.items()}
    fixed = [x.op.value(interpreter.vocabulary, **x.params) if is_constant(x) else None for x in node.inputs]

    def value(*arrays: Any) -> Any:
        given = iter(arrays)
        with np.errstate(all="ignore"):
            return node.op.value(interpreter.vocabulary, *(next(given) if c is None else c for c in fixed), **params)

    return value


def is_constant(node: Node) -> bool:
    """Whether the node's value depends on no input and is a leaf's."""
    return node.op.leaf not in (None, "input")
