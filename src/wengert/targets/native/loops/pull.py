"""One kernel's entries as instructions: what its roots are at the entry (i, j, …) of the space, and what they read.

It chooses no loops: the axes of the space are symbols, which a plan replaces later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wengert.core.ir.graph import Node
from wengert.targets.native.loops.access import Index, access, flat
from wengert.targets.native.loops.forms import REDUCTIONS, is_contraction, is_leaf, numbers
from wengert.targets.native.loops.fuse import Fusion, Kernel
from wengert.targets.native.loops.nest import (
    Affine,
    Axis,
    Buffer,
    Compute,
    Constant,
    Gather,
    Inside,
    Instruction,
    Load,
    Lookup,
    MatrixProduct,
    Position,
    Range,
    along,
)
from wengert.targets.native.loops.values import Entry, EntryVocabulary


@dataclass(frozen=True)
class Place:
    """Where an array lies: in a buffer, from an entry on, in row-major order."""

    buffer: Buffer
    base: Affine = field(default_factory=Affine)


Given = Place | Position
"""What a node is before a kernel runs: memory, or the number of a loop's step."""

Guards = tuple[Range, ...]
Want = tuple[Node, Index, Guards]


class Puller:
    """The instructions of a kernel, in an order in which they can run."""

    def __init__(self, kernel: Kernel, fusion: Fusion, places: Mapping[Node, Given]) -> None:
        self.kernel = kernel
        self.fusion = fusion
        self.home = fusion.home
        self.places = places
        self.axes = tuple(Axis(size, "ijklmnpqrs"[k % 10]) for k, size in enumerate(kernel.space))
        self.identity: Index = tuple(along(axis) if axis.extent != 1 else Affine() for axis in self.axes)
        self.instructions: list[Instruction] = []
        self.product: MatrixProduct | None = None
        self.known: dict[Want, Instruction] = {}
        self.shared: set[Instruction] = set()
        """The values of nodes that several others read."""
        self.finished: set[Instruction] = set()
        """The values of roots, which other kernels load."""

    def entry(self, node: Node) -> Instruction:
        """The node at the kernel's own entry."""
        return self.pull(node, self.identity)

    def pull(self, node: Node, index: Index, guards: Guards = ()) -> Instruction:
        """The node at an index; nothing recurses over the depth of the graph."""
        target = (node, index, guards)
        stack = [target]
        waiting: dict[Want, list[Want]] = {}
        while stack:
            want = stack[-1]
            if want in self.known:
                stack.pop()
                continue
            wants = waiting.get(want)
            if wants is None:
                wants = waiting[want] = self._wants(want)
            missing = [w for w in wants if w not in self.known]
            if missing:
                stack.extend(reversed(missing))
            else:
                self.known[want] = self._make(want, [self.known[w] for w in wants])
                stack.pop()
        return self.known[target]

    def _is_read(self, node: Node, index: Index) -> bool:
        """Whether the node is taken from memory and not computed here."""
        if is_leaf(node):
            return True
        home = self.home.get(node)
        if home is None:
            return False
        if home is self.kernel and index == self.identity and node.op.name not in REDUCTIONS:
            return is_contraction(node)
        product = self.kernel.contraction
        return node not in self.fusion.copies or (product is not None and node in product.inputs)

    def _wants(self, want: Want) -> list[Want]:
        node, index, guards = want
        if self._is_read(node, index):
            return []
        if node.op.name == "gather":
            axis, batch = node.params["axis"], node.params["batch"]
            picked = node.inputs[1].type.rank - batch
            return [(node.inputs[1], (*index[:batch], *index[axis : axis + picked]), guards)]
        step = access(node, index)
        if step is not None:
            return [(node.inputs[0], step.index, guards + tuple(g for g in step.guards if g not in guards))]
        if node.op.name == "reshape":
            return []
        return [(x, index, guards) for x in node.inputs]

    def _make(self, want: Want, inputs: list[Instruction]) -> Instruction:
        node, index, guards = want
        if self._is_read(node, index):
            return self._read(node, index, guards)
        if node.op.name == "gather":
            return self._gather(node, index, guards, inputs[0])
        step = access(node, index)
        if step is not None:
            return self.inside(step.guards, inputs[0], node)
        if node.op.name == "reshape":
            return self._load(node.inputs[0], flat(index, node.shape), guards)
        entries = [Entry(x, self.instructions) for x in inputs]
        result = node.op.value(EntryVocabulary(self.instructions), *entries, **node.params)
        if node in self.fusion.shared:
            self.shared.add(result.instruction)
        if node in self.home:
            self.finished.add(result.instruction)
        return result.instruction

    # what is read

    def _read(self, node: Node, index: Index, guards: Guards) -> Instruction:
        name, params = node.op.name, node.params
        if is_contraction(node) and self.home.get(node) is self.kernel:
            if self.product is None:
                self.product = MatrixProduct(node.type.dtype)
                self.instructions.append(self.product)
            return self.product
        if name == "position":
            return self._add(Position(index[0], params["dtype"]))
        if name == "size_of":
            return self._add(Constant(params["size"], params["dtype"]))
        if name == "constant" and getattr(params["value"], "shape", ()) == () and node not in self.places:
            return self._add(Constant(_number(params["value"], node.type.dtype), node.type.dtype))
        return self._load(node, flat(index, numbers(node.shape)), guards)

    def _load(self, node: Node, index: Affine, guards: Guards) -> Instruction:
        place = self.places[node]
        if isinstance(place, Position):
            return self._add(Position(place.index, place.dtype))
        return self._add(Load(place.buffer, place.base + index, guards))

    def _gather(self, node: Node, index: Index, guards: Guards, place: Instruction) -> Instruction:
        """x at the index with the looked-up place on its axis."""
        x, axis, batch = node.inputs[0], node.params["axis"], node.params["batch"]
        picked = node.inputs[1].type.rank - batch
        sizes = numbers(x.shape)
        fixed = (*index[:axis], Affine(), *index[axis + picked :])
        step = 1
        for size in sizes[axis + 1 :]:
            step *= size
        memory = self.places[x]
        assert isinstance(memory, Place), "what is looked up lies in memory"
        lookup = Lookup(place, step, sizes[axis])
        return self._add(Gather(memory.buffer, memory.base + flat(fixed, sizes), (lookup,), guards))

    def inside(self, guards: Guards, value: Instruction, node: Node) -> Instruction:
        """The value inside the ranges, else 0; a guarded load is that already."""
        if not guards or (isinstance(value, Load | Gather) and set(guards) <= set(value.guards)):
            return value
        inside = self._add(Inside(guards))
        zero = self._add(Constant(0, node.type.dtype))
        return self._add(Compute("where", (inside, value, zero), node.type.dtype))

    def _add(self, instruction: Instruction) -> Instruction:
        self.instructions.append(instruction)
        return instruction


def _number(value: Any, dtype: str) -> float | int | bool:
    if dtype == "bool":
        return bool(value)
    return int(value) if dtype == "int64" else float(value)
