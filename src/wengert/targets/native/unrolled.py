"""A long graph of small arrays as straight-line code: no loops, every array a vector, in functions of bounded length.

Code generation takes more than linear time in the length of a function, so the graph is cut into pieces; what a later piece
reads lies in the arena between them. It knows no nest.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from wengert.core.ir.graph import Graph, Node
from wengert.core.ir.walk import order_of
from wengert.core.ops.effort import partners, side_by_side
from wengert.targets.native import subnormals
from wengert.targets.native.builder import Builder
from wengert.targets.native.emit import Emitted
from wengert.targets.native.instructions import CodeBody
from wengert.targets.native.loops.expand import EXPANSIONS, expand
from wengert.targets.native.loops.forms import entries_of
from wengert.targets.native.loops.fuse import COST, TRANSCENDENTAL
from wengert.targets.native.memory import BYTES
from wengert.targets.native.module import PLAIN, Module
from wengert.targets.native.processor import Processor
from wengert.targets.native.signature import PROGRAM
from wengert.targets.native.unrolled_ops import (
    FOLDS,
    LEAVES,
    MOST_ENTRIES,
    Form,
    Forms,
    lanes_of,
    moved,
    picked,
)
from wengert.targets.native.values import ELEMENTS, Value

LONG = 500
"""The instructions from which on a graph is written so."""
PIECE = 500
"""About how many instructions a function has."""
LARGEST_INPUT = 1 << 16
"""The most entries of an input of which a graph reads a few."""
ALIGNMENT = 8
RULES = {name: rule for name, rule in EXPANSIONS.items() if name not in {*FOLDS, "einsum"}}
"""What is made smaller first; sums and products are written out as they are."""
PART = Form(1, lambda node, inputs, builders: inputs[0])
"""The mark of nodes that are a few entries of an input: these are read where they lie."""
ARGUMENTS = "ptr %inputs, ptr %outputs, ptr %arena"


@dataclass
class Cut:
    """A graph cut into pieces: for each node its form, the number of its piece, and of the last piece that reads it."""

    graph: Graph
    forms: dict[Node, Form] = field(default_factory=dict[Node, Form])
    piece: dict[Node, int] = field(default_factory=dict[Node, int])
    last: dict[Node, int] = field(default_factory=dict[Node, int])
    pieces: int = 0

    @property
    def operations(self) -> int:
        """What a call costs, in additions."""
        return sum(COST.get(node.op.name, TRANSCENDENTAL) for node in self.piece)


def cut(graph: Graph, at_least: int = LONG) -> Cut | None:
    """The pieces of a graph; None where it has fewer instructions than that, or a node that is more than a vector."""
    if len(order_of(graph)) < at_least // 4:  # most nodes are one instruction
        return None
    small = expand(graph, RULES)
    large = {x for x in small.inputs if not _fits(x)}
    if not all(map(_fits, small.outputs)):
        return None
    forms, found = Forms(), Cut(small)
    total = 0
    order = side_by_side(order_of(small))
    pairs = partners(order)
    for node in order:
        if node.op.leaf == "input":
            continue
        form = PART if _is_part(node) else forms.of(node)
        if form is None or (large and form is not PART and not large.isdisjoint(node.inputs)):
            return None
        number = found.piece[pairs[node]] if node in pairs else total // PIECE
        found.piece[node] = number
        found.forms[node] = form
        total += form.instructions
        for x in node.inputs:
            found.last[x] = number
    if total < at_least:
        return None
    found.pieces = total // PIECE + 1
    found.last.update(dict.fromkeys(small.outputs, found.pieces))
    return found


def _fits(node: Node) -> bool:
    return 1 <= entries_of(node.shape) <= MOST_ENTRIES and node.type.dtype in ELEMENTS


def _is_part(node: Node) -> bool:
    """Whether a node is a few entries of an input, which may be large."""
    if node.op.index_map is None or node.inputs[0].op.leaf != "input":
        return False
    return _fits(node) and 1 <= entries_of(node.inputs[0].shape) <= LARGEST_INPUT


def emit(whole: Cut, target: Processor, flushes: bool = False) -> Emitted:
    """The module with `i32 @program(ptr inputs, ptr outputs, ptr arena)`: a call of each piece, the last of which writes the results."""
    module = Module(target, shares=True)
    module.unique(PROGRAM)
    arena = VectorArena()
    pieces = [Piece(whole, number, arena, module) for number in range(whole.pieces + 1)]
    calls: list[str] = []
    pending = [(node, number) for node, number in whole.piece.items()]
    at = 0
    for number, piece in enumerate(pieces):
        while at < len(pending) and pending[at][1] == number:
            piece.node(pending[at][0])
            at += 1
        if number == whole.pieces:
            piece.results()
        name = module.unique(f"piece.{number}")
        module.define(name, piece.text(name))
        calls.append(f"  call void @{name}({ARGUMENTS})")
        arena.end(number)
    before, after = [], []
    if flushes:
        for line in subnormals.declarations(target):
            module.declare(line)
        before = subnormals.begin(target, module.external(subnormals.SWITCH))
        after = subnormals.end(target)
    head = f"define i32 @{PROGRAM}({ARGUMENTS}) {PLAIN} {{"
    module.define(PROGRAM, "\n".join([head, "entry:", *before, *calls, *after, "  ret i32 0", "}"]))
    return Emitted(module.text(), (), (), arena.bytes)


class VectorArena:
    """Places of vectors that later pieces read; one whose readers have run is taken again, by a vector of as many bytes."""

    def __init__(self) -> None:
        self.bytes = 0
        self.places: dict[Node, int] = {}
        self._free: dict[int, list[int]] = {}
        self._ends: dict[int, list[tuple[int, int]]] = {}

    def take(self, node: Node, last: int) -> int:
        """The byte at which a vector lies until the piece `last` has run."""
        size = max(lanes_of(node.shape) * BYTES[node.type.dtype], ALIGNMENT)
        free = self._free.setdefault(size, [])
        place = free.pop() if free else self.bytes
        self.bytes = max(self.bytes, place + size)
        self._ends.setdefault(last, []).append((place, size))
        self.places[node] = place
        return place

    def end(self, number: int) -> None:
        """What piece `number` was the last to read is free."""
        for place, size in self._ends.pop(number, ()):
            self._free[size].append(place)


class Piece:
    """One function in the making."""

    def __init__(self, whole: Cut, number: int, arena: VectorArena, module: Module) -> None:
        self.whole, self.number, self.arena, self.module = whole, number, arena, module
        self.body = CodeBody()
        self.inputs = {x: k for k, x in enumerate(whole.graph.inputs)}
        self.values: dict[Node, Value] = {}
        self.builders: dict[int, Builder] = {}

    def lanes(self, width: int) -> Builder:
        """The builder of so many lanes."""
        builder = self.builders.get(width)
        if builder is None:
            builder = self.builders[width] = Builder(self.module, width, self.body, outline=True)
        return builder

    def node(self, node: Node) -> None:
        """Compute a node, and keep it if a later piece reads it."""
        form, values = self.whole.forms[node], self.values
        if form is PART:
            value = self._part(node)
        else:
            value = form.write(node, [values[x] if x in values else self._value(x) for x in node.inputs], self.lanes)
        values[node] = value
        last = self.whole.last[node]
        if last > self.number and node.op.name not in LEAVES:
            place = self._slot(self.arena.take(node, last))
            self.lanes(value.width).store(value, place, ALIGNMENT)

    def _slot(self, place: int) -> str:
        return self.lanes(1).pointer(f"getelementptr i8, ptr %arena, i64 {place}")

    def _value(self, node: Node) -> Value:
        """A node's vector: computed here, or read from where it lies."""
        if node in self.values:
            return self.values[node]
        if node.op.leaf == "input":
            value = self._loaded(node, 0, entries_of(node.shape))
            value = picked(self.lanes, [(value, k) for k in range(value.width)], value.dtype)
        elif node.op.name in LEAVES:
            value = self.whole.forms[node].write(node, (), self.lanes)
        else:
            place = self._slot(self.arena.places[node])
            value = self.lanes(lanes_of(node.shape)).load(place, node.type.dtype, ALIGNMENT)
        self.values[node] = value
        return value

    def _part(self, node: Node) -> Value:
        """Some entries of an input."""
        places, x = moved(node), node.inputs[0]
        first = max(places[0], 0)
        if places == tuple(range(first, first + len(places))):
            side_by_side = self._loaded(x, first, len(places))
            return picked(self.lanes, [(side_by_side, k) for k in range(len(places))], x.type.dtype)
        sources = [None if k < 0 else (self._loaded(x, k, 1), 0) for k in places]
        return picked(self.lanes, sources, x.type.dtype)

    def _loaded(self, x: Node, first: int, count: int) -> Value:
        """Entries of an input that lie side by side."""
        one = self.lanes(1)
        array = one.pointer(f"getelementptr ptr, ptr %inputs, i64 {self.inputs[x]}")
        base = one.shared(("input", x), lambda: self._pointer(array))
        return self.lanes(count).load(one.element(base, x.type.dtype, str(first)), x.type.dtype)

    def _pointer(self, place: str) -> str:
        """The pointer that lies at a place."""
        name = self.lanes(1).fresh("b")
        self.lanes(1).emit(f"{name} = load ptr, ptr {place}, align 8")
        return name

    def results(self) -> None:
        """Write the outputs, all of them read before: one may lie where an input does."""
        values = [self._value(y) for y in self.whole.graph.outputs]
        one = self.lanes(1)
        for k, (y, value) in enumerate(zip(self.whole.graph.outputs, values, strict=True)):
            array = one.pointer(f"getelementptr ptr, ptr %outputs, i64 {k}")
            count = entries_of(y.shape)
            exact = value if count == value.width else one.part(value, 0, count)
            self.lanes(count).store(exact, self._pointer(array))

    def text(self, name: str) -> str:
        """The function."""
        head = f"define internal void @{name}({ARGUMENTS}) noinline {PLAIN} {{"
        return "\n".join([head, "entry:", *self.body.lines, "  ret void", "}"])
