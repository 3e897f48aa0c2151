"""Loops and branches: scan, while_loop and cond as statements around the statements of their graphs.

Carries live in the memory of the results and are updated in place where that is safe. It knows no target.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.types import ArrayType, TapeType
from wengert.core.ir.walk import substitute
from wengert.targets.native.loops.forms import CONTROL, entries_of
from wengert.targets.native.loops.memory import NestMemory
from wengert.targets.native.loops.nest import (
    Affine,
    Axis,
    Branch,
    Copy,
    For,
    Position,
    RecordTape,
    Replay,
    Statement,
    Store,
    While,
    along,
)
from wengert.targets.native.loops.pull import Given, Place

LowerGraph: TypeAlias = Callable[[NestMemory, Graph, Mapping[Node, Given], Sequence[Place]], list[Statement]]
Items: TypeAlias = Mapping[int, Node]
"""The results of a node that are read, by number."""


def is_control(node: Node) -> bool:
    """Whether the node is a loop or a branch."""
    return node.op.name in CONTROL


def carried(node: Node, x: Node, y: Node) -> bool:
    """Whether x enters a loop only as the start of the carry that leaves it as y."""
    if node.op.name not in ("scan", "while_loop") or y.op.name != "item":
        return False
    k = y.params["index"]
    return k < node.params["carries"] and [j for j, given in enumerate(node.inputs) if given is x] == [k]


def lower_control(
    memory: NestMemory, node: Node, items: Items, places: dict[Node, Given], lower: LowerGraph
) -> list[Statement]:
    """The statements of a loop or a branch; the places of its results are entered."""
    return _Control(memory, node, items, places, lower).build()


class _Control:
    def __init__(
        self, memory: NestMemory, node: Node, items: Items, places: dict[Node, Given], lower: LowerGraph
    ) -> None:
        self.memory = memory
        self.node = node
        self.items = items
        self.places = places
        self.lower = lower

    def build(self) -> list[Statement]:
        if self.node.op.name == "cond":
            return self._cond()
        if self.node.op.name == "while_loop":
            return self._while()
        return self._replay() if self.node.params["length"] is None else self._scan()

    # memory

    def _result(self, index: int, type: ArrayType) -> Place:
        """Where a result lies: where it is wanted, else in new memory."""
        item = self.items.get(index)
        place = self.places.get(item) if item is not None else None
        if not isinstance(place, Place):
            place = self.memory.place(type)
            if item is not None:
                self.places[item] = place
        return place

    def _results(self, types: Sequence[ArrayType], first: int = 0) -> list[Place]:
        return [self._result(first + k, type) for k, type in enumerate(types)]

    def _tapes(self, types: Sequence[ArrayType], first: int) -> list[RecordTape]:
        tapes: list[RecordTape] = []
        for k, type in enumerate(types):
            tapes.append(self.memory.tape(TapeType(item=type)))
            item = self.items.get(first + k)
            if item is not None:
                self.memory.tapes[item] = tapes[-1]
        return tapes

    def _buffer_of(self, node: Node) -> Place:
        place = self.places[node]
        if isinstance(place, Place):
            return place
        new = self.memory.place(node.type)
        self.start.append(place)
        self.start.append(Store(new.buffer, new.base, place))
        return new

    start: list[Statement]

    def _begin(self, carries: int) -> tuple[list[Place], list[Given]]:
        """The carries in the memory of their results, at their first values; and the places of the other inputs."""
        self.start = []
        inits = self.node.inputs[:carries]
        state = self._results([x.type for x in inits])
        for x, place in zip(inits, state, strict=True):
            source = self.places[x]
            if isinstance(source, Place):
                if source != place and entries_of(x.shape):
                    self.start.append(Copy(source.buffer, source.base, place.buffer, place.base, entries_of(x.shape)))
            else:
                self.start.extend((source, Store(place.buffer, place.base, source)))
        others = [x for x in self.node.inputs[carries:] if not isinstance(x.type, TapeType)]
        return state, [self.places[x] for x in others]

    # forms

    def _scan(self) -> list[Statement]:
        params, inputs = self.node.params, self.node.inputs
        n, m, body = params["carries"], params["xs"], params["body"]
        state, rest = self._begin(n)
        axis = Axis(int(params["length"]), "step")
        step = along(axis) if axis.extent != 1 else Affine()
        slices: list[Given] = []
        for x, place in zip(inputs[n : n + m], rest, strict=False):
            assert isinstance(place, Place), "what is scanned lies in memory"
            slices.append(Place(place.buffer, place.base + step * entries_of(x.shape[1:])))
        counter: list[Given] = [] if params["first"] is None else [Position(step + params["first"], "int64")]
        given = dict(zip(body.inputs, [*counter, *state, *slices, *rest[m:]], strict=True))
        records: list[Place] = []
        for k, y in enumerate(body.outputs[n:]):
            stack = self._result(n + k, y.type.with_shape((axis.extent, *y.shape)))
            records.append(Place(stack.buffer, stack.base + step * entries_of(y.shape)))
        inside = self.lower(self.memory, body, given, [*state, *records])
        return [*self.start, For(axis, tuple(inside), reverse=bool(params["reverse"]))] if axis.extent else self.start

    def _while(self) -> list[Statement]:
        params = self.node.params
        n, body = params["carries"], params["body"]
        state, consts = self._begin(n)
        flag = self.memory.place(ArrayType((), "bool"), "flag")
        records = [self.memory.place(y.type) for y in body.outputs[n:]]
        tapes = self._tapes([y.type for y in body.outputs[n:]], n)
        known = [*state, *consts]
        test = self.lower(self.memory, params["test"], dict(zip(params["test"].inputs, known, strict=True)), [flag])
        inside = self.lower(self.memory, body, dict(zip(body.inputs, known, strict=True)), [*state, *records])
        pairs = tuple((place.buffer, tape) for place, tape in zip(records, tapes, strict=True))
        return [*self.start, While(tuple(test), flag.buffer, tuple(inside), pairs)]

    def _replay(self) -> list[Statement]:
        params, inputs = self.node.params, self.node.inputs
        n, m, body = params["carries"], params["xs"], params["body"]
        state, consts = self._begin(n)
        slices = [self.memory.place(x.type.item) for x in inputs[n : n + m] if isinstance(x.type, TapeType)]
        reads = tuple((self.memory.tapes[x], place.buffer) for x, place in zip(inputs[n : n + m], slices, strict=True))
        counter = None
        known: list[Given] = [*state, *slices, *consts]
        if params["first"] is not None:
            counter = self.memory.place(ArrayType((), "int64"), "step")
            body = _counted_from(body, int(params["first"]))
            known = [counter, *known]
        records = [self.memory.place(y.type) for y in body.outputs[n:]]
        tapes = self._tapes([y.type for y in body.outputs[n:]], n)
        inside = self.lower(self.memory, body, dict(zip(body.inputs, known, strict=True)), [*state, *records])
        writes = tuple((place.buffer, tape) for place, tape in zip(records, tapes, strict=True))
        buffer = counter.buffer if counter is not None else None
        return [*self.start, Replay(reads, writes, tuple(inside), bool(params["reverse"]), buffer)]

    def _cond(self) -> list[Statement]:
        self.start = []
        predicate, *operands = self.node.inputs
        then, other = self.node.params["then"], self.node.params["other"]
        flag = self.memory.place(predicate.type, "flag")
        place = self._buffer_of(predicate)
        self.start.append(Copy(place.buffer, place.base, flag.buffer, flag.base, 1))
        results = self._results([y.type for y in then.outputs])
        known = [self.places[x] for x in operands]
        sides = [
            tuple(self.lower(self.memory, side, dict(zip(side.inputs, known, strict=True)), results))
            for side in (then, other)
        ]
        return [*self.start, Branch(flag.buffer, *sides)]


def _counted_from(body: Graph, first: int) -> Graph:
    """The body with a counter that starts at 0."""
    if not first:
        return body
    old = body.inputs[0]
    new = input_node(str(old.params["name"]), old.type)
    shifted = apply("add", new, constant(first, old.type))
    outputs = substitute(body.outputs, {old: shifted})
    return Graph((new, *body.inputs[1:]), tuple(outputs), body.names)
