"""Many small functions at once: a graph over N rows of a few entries as one loop over the rows, whose lanes are the rows.

Every entry of a row is a value of its own; arrays between inputs and results are never stored, sums over small axes are written out,
and entries that are known to be 0 or 1, as in Jacobians, cost nothing. What adds over the rows is a total; what is made of totals
comes after the loop.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from wengert.core.ir.graph import Graph, Node, input_node
from wengert.core.ir.walk import order_of, rebuild, with_inputs
from wengert.targets.native.loops.access import access, flat
from wengert.targets.native.loops.expand import EXPANSIONS, expand, within_range
from wengert.targets.native.loops.folding import Folder, TooMuch
from wengert.targets.native.loops.forms import REDUCTIONS, is_leaf, keeps_place, numbers
from wengert.targets.native.loops.inside import operands
from wengert.targets.native.loops.memory import NestMemory
from wengert.targets.native.loops.multiply_add import with_fma
from wengert.targets.native.loops.nest import Affine, Axis, Gather, Instruction, Load, Lookup, Position, along
from wengert.targets.native.loops.pull import Given, Place
from wengert.targets.native.loops.roots import Reduced, Stored

LEAST_ROWS = 64
"""Fewer rows do not fill lanes; a longer axis than this is no axis of a row."""
MOST_ENTRIES = 256
"""Of an array in a row."""
MOST = 3000
"""Instructions for a row."""
LONGEST = 16
"""Longer axes of a row fill lanes themselves."""
MOST_TERMS = 64
"""Larger products have kernels of their own."""
MOST_TOTALS = 32
LEAST_MIXING = 3
"""Where fewer nodes mix the entries of a row, a sweep over all entries is as fast."""
MIXING = frozenset({*REDUCTIONS, "einsum", "concatenate", "norm", "pad", "slice"})
"""Ops in which an entry of a row meets others."""
COMBINES = {"sum": "add", "max": "maximum", "min": "minimum", "prod": "multiply"}
Array = Any
"""An object array of instructions: the entries of a row."""
RULES = {
    **{name: rule for name, rule in EXPANSIONS.items() if name not in ("einsum", "sum", "max", "min", "prod")},
    "norm": lambda node: within_range(node.inputs[0], node.params["axes"]),
}
"""How ops are made smaller here: sums and products are written out, and nothing branches."""


class NotInRows(Exception):
    """The graph is no function of rows; it never leaves this module."""


@dataclass
class BatchedRows:
    """One graph on its way to a loop over rows."""

    memory: NestMemory
    graph: Graph
    places: dict[Node, Given]
    rows: int
    axis: Axis
    code: Folder = field(default_factory=lambda: Folder(MOST))
    entries: dict[Node, Array] = field(default_factory=dict[Node, Array])
    totals: dict[Node, tuple[str, Array]] = field(default_factory=dict[Node, tuple[str, Array]])
    """What is combined over the rows: how, and the entries of one row."""

    def run(self) -> list[Node]:
        """Fill `entries` and `totals`; the nodes that are made of totals are given back."""
        late: dict[Node, None] = {}
        for node in order_of(self.graph):
            if any(x in self.totals or x in late for x in node.inputs):
                if self.rows in numbers(node.shape):
                    raise NotInRows
                late[node] = None
                continue
            self._make(node)
        return list(late)

    # shapes

    def place_of(self, shape: Sequence[Any]) -> int | None:
        """Where the axis of the rows is."""
        sizes = numbers(shape)
        if sizes.count(self.rows) > 1:
            raise NotInRows
        return sizes.index(self.rows) if self.rows in sizes else None

    def small(self, shape: Sequence[Any]) -> tuple[int, ...]:
        """The shape of a row."""
        sizes = numbers(shape)
        self.place_of(sizes)
        left = tuple(n for n in sizes if n != self.rows)
        if math.prod(left) > MOST_ENTRIES or max(left, default=1) > LONGEST:
            raise NotInRows
        return left

    def index(self, shape: Sequence[Any], small: Sequence[int]) -> tuple[Affine, ...]:
        """The index in the whole array of an entry of a row."""
        found = [Affine((), k) for k in small]
        place = self.place_of(shape)
        if place is not None:
            found.insert(place, along(self.axis))
        return tuple(found)

    def small_index(self, node: Node, index: Sequence[Affine]) -> tuple[int, ...]:
        """The entry of a row that an index is."""
        place = self.place_of(node.shape)
        found: list[int] = []
        for k, each in enumerate(index):
            if k == place:
                if each.terms != ((self.axis, 1),) or each.offset:
                    raise NotInRows
            elif each.terms:
                raise NotInRows
            else:
                found.append(each.offset)
        return tuple(found)

    def built(self, node: Node, entry: Callable[[tuple[int, ...]], Instruction]) -> Array:
        """The entries of a row, each by a rule."""
        shape = self.small(node.shape)
        array = np.empty(shape, object)
        for small in np.ndindex(*shape):
            array[small] = entry(small)
        return array

    # nodes

    def _make(self, node: Node) -> None:
        name = node.op.name
        if is_leaf(node):
            self.entries[node] = self._leaf(node)
        elif name in REDUCTIONS:
            self._reduce(node)
        elif name == "einsum":
            self._product(node)
        elif name in OWN:
            self.entries[node] = OWN[name](self, node)
        elif node.op.index_map is not None:
            self.entries[node] = self._moved(node)
        elif keeps_place(node):
            given = [self.entries[x] for x in node.inputs]
            self.entries[node] = self.built(
                node, lambda small: self.code.value_of(node.op, [x[small] for x in given], node.params)
            )
        else:
            raise NotInRows

    def _leaf(self, node: Node) -> Array:
        if node.op.leaf == "constant" and np.ndim(node.params["value"]) == 0:
            number = np.asarray(node.params["value"], node.type.dtype).item()
            return self.built(node, lambda small: self.code.number(number, node.type.dtype))
        if self.place_of(node.shape) is None and node.op.leaf != "input":
            value = self.memory.constant(node).buffer.value
            return self.built(node, lambda small: self.code.number(value[small].item(), node.type.dtype))
        place = self.places.get(node)
        if place is None and node.op.leaf != "input":
            place = self.places[node] = self.memory.constant(node)
        if isinstance(place, Position):
            step = Position(place.index, place.dtype)
            return self.built(
                node,
                lambda small: self.code.add(step, ("position", place.index.terms, place.index.offset, place.dtype)),
            )
        if not isinstance(place, Place):
            raise NotInRows
        sizes = numbers(node.shape)
        return self.built(
            node, lambda small: self.code.load(Load(place.buffer, place.base + flat(self.index(sizes, small), sizes)))
        )

    def _moved(self, node: Node) -> Array:
        (x,) = node.inputs
        if node.op.name == "reshape":
            return self._reshaped(node, x)

        def entry(small: tuple[int, ...]) -> Instruction:
            found = access(node, self.index(node.shape, small))
            if found is None:
                raise NotInRows
            for guard in found.guards:
                low, high = guard.index.bounds()
                if low < guard.low or high >= guard.high:
                    if guard.low <= high and low < guard.high:
                        raise NotInRows
                    return self.code.number(False if node.type.dtype == "bool" else 0, node.type.dtype)
            return self.entries[x][self.small_index(x, found.index)]

        return self.built(node, entry)

    def _reshaped(self, node: Node, x: Node) -> Array:
        """Entries keep their order before the axis of the rows and behind it."""
        before = [math.prod(numbers(y.shape)[: self.place_of(y.shape)]) for y in (node, x)]
        if (self.place_of(node.shape) is None) != (self.place_of(x.shape) is None) or (
            before[0] != before[1] and self.place_of(x.shape) is not None
        ):
            raise NotInRows
        return self.entries[x].reshape(self.small(node.shape))

    def combined(self, function: str, values: Sequence[Instruction], dtype: str) -> Instruction:
        """The values combined in order."""
        total = values[0]
        for each in values[1:]:
            total = self.code.compute(function, (total, each), dtype)
        return total

    def _reduce(self, node: Node) -> None:
        (x,), axes = node.inputs, node.params["axes"]
        place, row, dtype = self.place_of(x.shape), self.entries[x], node.type.dtype
        if 0 in x.shape or dtype == "bool" or (place in axes and node.op.name == "prod"):
            raise NotInRows
        inner = tuple(k - (place is not None and k > place) for k in axes if k != place)
        kept = tuple(k for k in range(row.ndim) if k not in inner)
        shape = tuple(row.shape[k] for k in kept)
        turned = row.transpose((*kept, *inner)).reshape((*shape, -1))
        function, result = COMBINES[node.op.name], np.empty(shape, object)
        for small in np.ndindex(*shape):
            result[small] = self.combined(function, list(turned[small]), dtype)
        self._finish(node, place in axes and place is not None, function, result)

    def _finish(self, node: Node, over_rows: bool, function: str, result: Array) -> None:
        if over_rows:
            if 0 in result.shape or result.size > MOST_TOTALS:
                raise NotInRows
            self.totals[node] = function, result
        else:
            self.entries[node] = result

    def _product(self, node: Node) -> None:
        """Sums of products of entries, each written out."""
        labels, output = node.params["inputs"], node.params["output"]
        sizes: dict[int, int] = {}
        for x, own in zip(node.inputs, labels, strict=True):
            sizes.update(zip(own, numbers(x.shape), strict=True))
        over = [l for l, n in sizes.items() if n == self.rows]
        summed = [l for l in sizes if l not in output and l not in over]
        if len(over) > 1 or 0 in sizes.values():
            raise NotInRows
        kept = [l for l in output if l not in over]
        if math.prod(sizes[l] for l in (*kept, *summed)) > MOST_TERMS:
            raise NotInRows
        result = np.empty([sizes[l] for l in kept], object)
        for small in np.ndindex(*result.shape):
            at, terms = dict(zip(kept, small, strict=True)), []
            for more in itertools.product(*(range(sizes[l]) for l in summed)):
                at.update(zip(summed, more, strict=True))
                factors = [
                    self.entries[x][tuple(at[l] for l in own if l not in over)]
                    for x, own in zip(node.inputs, labels, strict=True)
                ]
                terms.append(self.combined("multiply", factors, node.type.dtype))
            result[small] = self.combined("add", terms, node.type.dtype)
        self._finish(node, bool(over) and over[0] not in output, "add", result)

    def joined(self, node: Node) -> Array:
        """Arrays one behind another, along an axis of the rows."""
        place, axis = self.place_of(node.shape), node.params["axis"]
        if axis == place:
            raise NotInRows
        parts = [self.entries[x] for x in node.inputs]
        return np.concatenate(parts, axis - (place is not None and axis > place))

    def looked_up(self, node: Node) -> Array:
        """Entries of memory that is given, at places that each row has."""
        (x, places), axis, batch = node.inputs, node.params["axis"], node.params["batch"]
        memory, picked = self.places.get(x), places.type.rank - batch
        if batch or not is_leaf(x) or not isinstance(memory, Place):
            raise NotInRows
        sizes = numbers(x.shape)
        step = math.prod(sizes[axis + 1 :])

        def entry(small: tuple[int, ...]) -> Instruction:
            index = self.index(node.shape, small)
            place = self.entries[places][self.small_index(places, index[axis : axis + picked])]
            fixed = flat((*index[:axis], Affine(), *index[axis + picked :]), sizes)
            gather = Gather(memory.buffer, memory.base + fixed, (Lookup(place, step, sizes[axis]),))
            return self.code.add(gather, (memory.buffer, place, fixed.terms, fixed.offset))

        return self.built(node, entry)


OWN: Mapping[str, Callable[[BatchedRows, Node], Array]] = {
    "concatenate": BatchedRows.joined,
    "gather": BatchedRows.looked_up,
}


# ---------------------------------------------------------------- the whole


@dataclass(frozen=True)
class RowLoop:
    """A loop over rows as a sweep has it, and the graph of what is made of totals, with where its inputs lie."""

    axis: Axis
    instructions: list[Instruction]
    stored: list[Stored]
    reduced: list[Reduced]
    rest: Graph | None
    given: dict[Node, Given]
    rest_targets: list[Place]


def rows_of(graph: Graph) -> int | None:
    """The size of the long axis that all inputs with one share."""
    long = Counter(n for x in graph.inputs for n in numbers(x.shape) if n >= LEAST_ROWS)
    return next(iter(long)) if len(long) == 1 else None


def _keeps_rows(graph: Graph, given: Mapping[Node, Given], targets: Sequence[Place], rows: int, in_place: bool) -> bool:
    """Whether a result that takes the memory of an input has its rows where that has them: each is read before it is written.

    Without `in_place` nothing may be written there.
    """
    for y, target in zip(graph.outputs, targets, strict=True):
        for x, place in given.items():
            if not isinstance(place, Place) or place.buffer is not target.buffer:
                continue
            moved = numbers(x.shape) != numbers(y.shape) or rows not in numbers(y.shape) or place != target
            if moved or not in_place:
                return False
    return True


def in_rows(
    memory: NestMemory, graph: Graph, given: Mapping[Node, Given], targets: Sequence[Place], in_place: bool
) -> RowLoop | None:
    """The loop of a graph that is a function of rows; None where it is none, or too long."""
    rows = rows_of(graph)
    mixing = sum(rows in node.inputs[0].shape and node.op.name in MIXING for node in order_of(graph) if node.inputs)
    if rows is None or mixing < LEAST_MIXING or not _keeps_rows(graph, given, targets, rows, in_place):
        return None
    small = expand(graph, RULES)
    places = {new: given[old] for old, new in zip(graph.inputs, small.inputs, strict=True)}
    loop = BatchedRows(memory, small, places, rows, Axis(rows, "i"))
    try:
        late = loop.run()
        return _roots(loop, late, targets)
    except (NotInRows, TooMuch):
        return None


def _roots(loop: BatchedRows, late: Sequence[Node], targets: Sequence[Place]) -> RowLoop:
    graph, memory = loop.graph, loop.memory
    stored: list[Stored] = []
    reduced: list[Reduced] = []
    needed = dict.fromkeys([x for node in late for x in node.inputs] + list(graph.outputs))
    kept = {y: target for y, target in zip(graph.outputs, targets, strict=True) if y not in late}
    places: dict[Node, Place] = {}
    for y in needed:
        if y in loop.totals:
            places[y] = kept.get(y) or memory.place(y.type)
            reduced.extend(_totals(loop, y, places[y]))
        elif y not in late and y not in kept and not is_leaf(y):
            raise NotInRows
    for y, target in zip(graph.outputs, targets, strict=True):
        if y in loop.entries:
            if loop.rows not in numbers(y.shape):
                raise NotInRows
            stored.extend(_stores(loop, y, target))
        elif y in loop.totals and places[y] is not target:
            raise NotInRows
    if not stored and not reduced:
        raise NotInRows
    instructions, new = with_fma(loop.code.instructions, [each.value for each in (*stored, *reduced)])
    stored = [replace(each, value=new[each.value]) for each in stored]
    reduced = [replace(each, value=new[each.value]) for each in reduced]
    rest, rest_given, rest_targets = _rest(loop, late, targets, places)
    return RowLoop(loop.axis, _used(instructions, stored, reduced), stored, reduced, rest, rest_given, rest_targets)


def _totals(loop: BatchedRows, y: Node, place: Place) -> list[Reduced]:
    combine, row = loop.totals[y]
    over = frozenset((loop.axis,))
    return [
        Reduced(value, over, combine, place.buffer, place.base + k, Affine(), 1)  # pyright: ignore[reportArgumentType]
        for k, value in enumerate(row.reshape(-1))
    ]


def _stores(loop: BatchedRows, y: Node, target: Place) -> list[Stored]:
    row, sizes = loop.entries[y], numbers(y.shape)
    return [
        Stored(row[small], target.buffer, target.base + flat(loop.index(sizes, small), sizes))
        for small in np.ndindex(*row.shape)
    ]


def _used(
    instructions: Sequence[Instruction], stored: Sequence[Stored], reduced: Sequence[Reduced]
) -> list[Instruction]:
    """Those that results need."""
    needed = {each.value for each in (*stored, *reduced)}
    for each in reversed(instructions):
        if each in needed:
            needed.update(operands(each))
    return [each for each in instructions if each in needed]


def _rest(
    loop: BatchedRows, late: Sequence[Node], targets: Sequence[Place], places: Mapping[Node, Place]
) -> tuple[Graph | None, dict[Node, Given], list[Place]]:
    """The graph of the nodes behind the loop."""
    ends = [(y, target) for y, target in zip(loop.graph.outputs, targets, strict=True) if y in late]
    if not ends:
        return None, {}, []
    given: dict[Node, Given] = {}
    known: dict[Node, Node] = {}
    for x in dict.fromkeys(x for node in late for x in node.inputs if x not in late):
        if is_leaf(x) and x.op.leaf != "input":
            known[x] = x
            continue
        place = places.get(x) or loop.places.get(x)
        if place is None:
            raise NotInRows
        known[x] = input_node(f"total{len(known)}", x.type)
        given[known[x]] = place
    outputs = rebuild([y for y, _ in ends], with_inputs, known)
    inputs = tuple(x for x in known.values() if x in given)
    return Graph(inputs, tuple(outputs)), given, [target for _, target in ends]
