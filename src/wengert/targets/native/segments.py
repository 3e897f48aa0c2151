"""Graphs with ops that have no native form: cut into native parts, between which the host runs those ops with NumPy.

It knows no machine code.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from wengert.ir.graph import Graph, Node, input_node
from wengert.ir.op import Op
from wengert.ir.types import TapeType, TupleType
from wengert.ir.walk import order_of, rebuild, topological, with_inputs
from wengert.ops.evaluate import bind_params
from wengert.ops.primes import opened
from wengert.ops.vocabulary import NUMPY
from wengert.targets.native.builder import Builder
from wengert.targets.native.loops.access import MAPS
from wengert.targets.native.loops.expand import EXPANSIONS
from wengert.targets.native.loops.forms import ASSEMBLIES, CONTROL, LEAVES, REDUCTIONS
from wengert.targets.native.loops.nest import Compute, Constant, Instruction
from wengert.targets.native.loops.values import Entry, EntryVocabulary

STRUCTURE = frozenset({*MAPS, *EXPANSIONS, *ASSEMBLIES, *CONTROL, *LEAVES, *REDUCTIONS, "gather", "item"})
"""The ops that are lowered by name; all others by the functions that their value is written in."""

EXTREMES = frozenset({"max", "min", "logsumexp", "softmax"})
"""The ops that look for the largest or smallest entry over axes."""


@lru_cache(maxsize=1024)
def is_function_of_entries(op: Op, dtypes: tuple[str, ...], params: tuple[tuple[str, Any], ...]) -> bool:
    """Whether an op is elementwise, with a value in functions that native code has."""
    if op.kind not in ("elementwise", "product") or op.arity is None:
        return False
    made: list[Instruction] = []
    entries = [Entry(Constant(1, dtype), made) for dtype in dtypes]
    try:
        result = op.value(EntryVocabulary(made), *entries, **dict(params))
    except (
        TypeError,
        AttributeError,
        ValueError,
    ):  # the value asks for more than entries: it is written for whole arrays
        return False
    functions = {each.function for each in made if isinstance(each, Compute)}
    return isinstance(result, Entry) and all(hasattr(Builder, function) for function in functions)


def is_native(node: Node) -> bool:
    """Whether the node has a native form; a loop has one if all nodes of its graphs have. Complex numbers have none."""
    if node.type.is_complex or any(x.type.is_complex for x in node.inputs):
        return False
    if node.op.name in CONTROL:
        graphs = [value for value in node.params.values() if isinstance(value, Graph)]
        return all(is_native(inner) for graph in graphs for inner in topological(graph.outputs))
    if is_refused(node):
        return False
    if node.op.name == "prime":
        _, formula = opened(node.params["function"], node.params["order"], node.type)
        return all(is_native(inner) for inner in topological([formula]))
    if node.op.name in STRUCTURE:
        return True
    dtypes = tuple(x.type.dtype for x in node.inputs)
    return is_function_of_entries(node.op, dtypes, tuple(sorted(node.params.items())))


def is_refused(node: Node) -> bool:
    """Whether NumPy raises for every value of the input's type: for the extremes of nothing and 1/n of whole numbers."""
    if node.op.name in EXTREMES:
        return any(node.inputs[0].shape[axis] == 0 for axis in node.params["axes"])
    return node.op.name == "integer_power" and node.type.dtype == "int64" and node.params["exponent"] < 0


@dataclass(frozen=True)
class Part:
    """A native graph, or one node that the host runs; `reads` and `writes` are the values it takes and gives, by number."""

    graph: Graph | None
    node: Node | None
    reads: tuple[int, ...]
    writes: tuple[int, ...]


@dataclass(frozen=True)
class Segments:
    """The parts in order. Values 0 … n − 1 are the inputs of the graph."""

    parts: tuple[Part, ...]
    values: int
    outputs: tuple[int, ...]


def split(graph: Graph) -> Segments | None:
    """The parts of a graph whose sizes are numbers; None where all of it is native."""
    order = order_of(graph)
    hosted = {node for node in order if not is_native(node)}
    if not hosted:
        return None
    while True:
        # What the host gives as a tuple or tape never enters native code, nor do these leave it.
        hosted.update(node for node in order if any(_is_several(x) and x in hosted for x in node.inputs))
        ranks = _ranks(order, hosted)
        crossing = {x for node in order for x in node.inputs if _is_several(x) and ranks[x] != ranks[node]} - hosted
        if not crossing:
            return _Splitter(graph, order, hosted, ranks).split()
        hosted.update(x.inputs[0] if x.op.name == "item" else x for x in crossing)


def _is_several(node: Node) -> bool:
    return isinstance(node.type, TupleType | TapeType)


def _ranks(order: Sequence[Node], hosted: Collection[Node]) -> dict[Node, int]:
    """The place of each node's part: native parts have even ones, hosted nodes odd ones; a node comes after all that it reads."""
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

    def split(self) -> Segments:
        """The parts in order of their places."""
        groups: dict[int, list[Node]] = {}
        for node in self.order:
            if node.op.kind != "leaf":
                groups.setdefault(self.ranks[node], []).append(node)
        parts: list[Part] = []
        for place in sorted(groups):
            if place % 2:
                parts.extend(self._hosted(node) for node in groups[place])
            else:
                parts.append(self._native(groups[place], place))
        outputs = tuple(self._number(y, parts) for y in self.graph.outputs)
        return Segments(tuple(parts), len(self.numbers), outputs)

    def _number(self, node: Node, parts: list[Part]) -> int:
        """The number of a value; a constant becomes one by a part of its own."""
        if node not in self.numbers:
            self.numbers[node] = len(self.numbers)
            parts.append(Part(None, node, (), (self.numbers[node],)))
        return self.numbers[node]

    def _hosted(self, node: Node) -> Part:
        reads = tuple(self.numbers[x] for x in node.inputs if not is_constant(x))
        self.numbers[node] = len(self.numbers)
        return Part(None, node, reads, (self.numbers[node],))

    def _native(self, nodes: list[Node], place: int) -> Part:
        inside = set(nodes)
        reads = list(dict.fromkeys(x for node in nodes for x in node.inputs if x in self.numbers))
        later = {x for node in self.order if self.ranks[node] > place for x in node.inputs} | set(self.graph.outputs)
        writes = [node for node in nodes if node in later and not _is_several(node)]
        inputs = {x: input_node(f"v{self.numbers[x]}", x.type) for x in reads}
        outputs = rebuild(writes, lambda node, new: with_inputs(node, new) if node in inside else node, inputs)
        for node in writes:
            self.numbers[node] = len(self.numbers)
        part = Graph(tuple(inputs.values()), tuple(outputs))
        return Part(part, None, tuple(self.numbers[x] for x in reads), tuple(self.numbers[y] for y in writes))


def hosted_value(node: Node) -> Callable[..., Any]:
    """The value of a node by NumPy, as a function of the inputs that are no constants."""
    params = {key: bind_params(value, {}) for key, value in node.params.items()}
    fixed = [x.op.value(NUMPY, **x.params) if is_constant(x) else None for x in node.inputs]

    def value(*arrays: Any) -> Any:
        given = iter(arrays)
        with np.errstate(all="ignore"):
            return node.op.value(NUMPY, *(next(given) if c is None else c for c in fixed), **params)

    return value


def is_constant(node: Node) -> bool:
    """Whether the node's value depends on no input and is a leaf's."""
    return node.op.kind == "leaf" and node.op.name != "input"
