"""One graph's kernels as statements: the whole program's, or that of a loop's body or a branch.

It decides where results lie, in place of an input where that is safe, and in which order kernels run; it knows no target.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from wengert.core.ir.graph import Graph, Node
from wengert.core.ir.walk import order_of
from wengert.targets.native.loops import assembly, control
from wengert.targets.native.loops.access import flat
from wengert.targets.native.loops.batch import in_rows
from wengert.targets.native.loops.contraction import matrices
from wengert.targets.native.loops.expand import expand
from wengert.targets.native.loops.forms import (
    REDUCTIONS,
    UPDATES,
    entries_of,
    is_assembly,
    is_contraction,
    is_leaf,
    numbers,
)
from wengert.targets.native.loops.fuse import (
    BESIDE,
    COST,
    TRANSCENDENTAL,
    Fusion,
    Kernel,
    fuse,
    must_be_stored,
)
from wengert.targets.native.loops.inside import buffers_of
from wengert.targets.native.loops.memory import NestMemory
from wengert.targets.native.loops.multiply_add import with_fma
from wengert.targets.native.loops.nest import (
    Affine,
    Combine,
    Compute,
    Copy,
    Fill,
    Instruction,
    Position,
    Range,
    Statement,
    Store,
)
from wengert.targets.native.loops.pull import Given, Place, Puller
from wengert.targets.native.loops.roots import Reduced, Stored, identity
from wengert.targets.native.loops.rows import in_blocks
from wengert.targets.native.loops.sweep import Sweep
from wengert.targets.native.loops.updates import is_written_over

COMBINES: dict[str, Combine] = {"sum": "add", "prod": "multiply", "max": "maximum", "min": "minimum"}


def lower_graph(
    memory: NestMemory,
    graph: Graph,
    given: Mapping[Node, Given],
    targets: Sequence[Place],
    threads: bool = False,
    in_place: bool = True,
) -> list[Statement]:
    """The statements that compute the outputs of a graph into their targets.

    `given` says where the inputs are. A target may be the memory of an input: it is written in place if every reader comes
    before, else, and without `in_place`, at the end. With `threads`, loops may be parallel.
    """
    rows = in_rows(memory, graph, given, targets, in_place)
    if rows is not None:
        sweep = Sweep([rows.axis], rows.instructions, rows.stored, rows.reduced, cost(rows.instructions), threads)
        rest = [] if rows.rest is None else lower_graph(memory, rows.rest, rows.given, rows.rest_targets)
        return [*sweep.nest(), *rest]
    small = expand(graph)
    known = {new: given[old] for old, new in zip(graph.inputs, small.inputs, strict=True)}
    return Body(memory, small, fuse(small), known, list(targets), threads, in_place).build()


@dataclass
class Body:
    """One graph on its way to statements."""

    memory: NestMemory
    graph: Graph
    fusion: Fusion
    places: dict[Node, Given]
    targets: list[Place]
    threads: bool
    in_place: bool = True
    first: list[Statement] = field(default_factory=list[Statement])
    """The numbers of steps, where they must lie in memory."""
    late: list[tuple[Node, Place]] = field(default_factory=list[tuple[Node, Place]])
    """Outputs that are copied at the end."""

    items: dict[Node, dict[int, Node]] = field(default_factory=dict[Node, dict[int, Node]])
    """Of each loop or branch, the results that are read, by number."""

    def build(self) -> list[Statement]:
        """The statements."""
        for node in self.fusion.home:
            if node.op.name == "item":
                self.items.setdefault(node.inputs[0], {})[node.params["index"]] = node
        self._constants()
        for y, target in zip(self.graph.outputs, self.targets, strict=True):
            self._assign(y, target)
        self._share()
        for node in self.fusion.home:
            if node in self.fusion.stored and node not in self.places and not control.is_control(node):
                self.places[node] = self.memory.place(node.type)
        parts = [self._kernel(kernel) for kernel in self.fusion.ordered()]
        copies = self._copies()
        kept = {buffer for copy in copies for buffer in buffers_of(copy)} | {place.buffer for place in self.targets}
        return [*self.first, *in_blocks(parts, kept), *copies]

    # where things lie

    def _constants(self) -> None:
        """Leaves that must lie in memory, since something reads them there."""
        for node in order_of(self.graph):
            for x in must_be_stored(node):
                if is_leaf(x) and x not in self.places:
                    self.places[x] = self.memory.constant(x)
                elif is_contraction(node):
                    self._remember(x)
        for kernel in self.fusion.kernels:
            for x in kernel.reads:
                if x.op.leaf == "constant" and getattr(x.params["value"], "shape", ()) and x not in self.places:
                    self.places[x] = self.memory.constant(x)
        for y in self.graph.outputs:
            if is_leaf(y) and y not in self.places:
                self.places[y] = self.memory.constant(y)

    def _remember(self, x: Node) -> None:
        """Write the number of a step to memory."""
        position = self.places.get(x)
        if isinstance(position, Position):
            self.places[x] = place = self.memory.place(x.type)
            self.first.extend((position, Store(place.buffer, place.base, position)))

    def _assign(self, y: Node, target: Place) -> None:
        """Let an output lie at its target, now if nothing else needs what stands there."""
        if is_leaf(y):
            if self.places[y] != target:
                self.late.append((y, target))
        elif y in self.places or not self._may_overwrite(y, target):
            self.late.append((y, target))
        else:
            self.places[y] = target

    def _may_overwrite(self, y: Node, target: Place) -> bool:
        """Whether everything else that reads the input at the target can come before y is written."""
        lying = ((x, self.places.get(x)) for x in self.graph.inputs)
        old = [x for x, place in lying if isinstance(place, Place) and place.buffer is target.buffer]
        if old and not self.in_place:
            return False
        maker = y.inputs[0] if y.op.name == "item" else y
        home = self.fusion.home[maker]
        for x in old:
            if x in self.graph.outputs or self.places[x] != target:
                return False
            readers = [kernel for kernel in self.fusion.kernels if x in kernel.reads and kernel is not home]
            over = control.carried(maker, x, y) or is_written_over(maker, x, self.fusion.stored)
            if not home.reads.get(x, True) and not over:
                return False
            if not self.fusion.run_after(home, readers):
                return False
        return True

    def _share(self) -> None:
        """Let an update lie where the array lies that it changes, if whoever else reads that can come before."""
        readers: dict[Node, list[Kernel]] = {}
        for kernel in self.fusion.kernels:
            for x in kernel.reads:
                readers.setdefault(x, []).append(kernel)
        for y in reversed(self.fusion.home):
            x = y.inputs[0] if y.op.name in UPDATES else y
            if x is y or x not in self.fusion.stored or x in self.places or control.is_control(x):
                continue
            home = self.fusion.home[y]
            if not is_written_over(y, x, self.fusion.stored):
                continue
            if not self.fusion.run_after(home, [kernel for kernel in readers.get(x, []) if kernel is not home]):
                continue
            place = self.places.get(y)
            if not isinstance(place, Place):
                place = self.places[y] = self.memory.place(y.type)
            if self._may_overwrite(x, place):
                self.places[x] = place

    def _copies(self) -> list[Statement]:
        """The late outputs; what a copy would overwrite before it is read goes through memory of its own."""
        written = {target.buffer for _, target in self.late}
        first: list[Statement] = []
        last: list[Statement] = []
        for y, target in self.late:
            source = self.places[y]
            if not isinstance(source, Place):
                last.extend((source, Store(target.buffer, target.base, source)))
                continue
            size = entries_of(y.shape)
            if source.buffer in written:
                staged = self.memory.place(y.type)
                first.append(Copy(source.buffer, source.base, staged.buffer, Affine(), size))
                source = staged
            last.append(Copy(source.buffer, source.base, target.buffer, target.base, size))
        return [*first, *last]

    # kernels

    def _kernel(self, kernel: Kernel) -> Sweep | list[Statement]:
        root = kernel.roots[0]
        if root.op.name == "item":
            return []
        if control.is_control(root):
            return control.lower_control(self.memory, root, self.items.get(root, {}), self.places, lower_graph)
        if is_assembly(root):
            return assembly.assemble(self, root)
        return self.sweep(kernel)

    def sweep(self, kernel: Kernel) -> Sweep | list[Statement]:
        """A kernel of entries, reductions or a matrix product."""
        if 0 in kernel.space:
            return [s for root in kernel.roots if root.op.name in REDUCTIONS for s in self._empty(root)]
        puller = self.puller(kernel)
        stored: list[Stored] = []
        reduced: list[Reduced] = []
        for root in kernel.roots:
            if root.op.name in REDUCTIONS:
                reduced.append(self._reduced(puller, root))
            elif root in self.fusion.stored:
                place = self._place(root)
                index = place.base + flat(puller.identity, kernel.space)
                stored.append(Stored(puller.entry(root), place.buffer, index))
        results = [root.value for root in (*stored, *reduced)]
        instructions, new = with_fma(puller.instructions, results, puller.shared, puller.finished)
        stored = [replace(s, value=new[s.value]) for s in stored]
        reduced = [replace(r, value=new[r.value]) for r in reduced]
        if kernel.contraction is not None:
            operands = self.puller(kernel)
            operands.axes, operands.identity = puller.axes, puller.identity
            return matrices(puller, operands, instructions, stored, self.threads).nest()
        return Sweep(puller.axes, instructions, stored, reduced, cost(instructions), self.threads)

    def puller(self, kernel: Kernel) -> Puller:
        """Pulls the entries of a kernel."""
        return Puller(kernel, self.fusion, self.places)

    def _place(self, node: Node) -> Place:
        place = self.places[node]
        assert isinstance(place, Place), "results lie in memory"
        return place

    def _reduced(self, puller: Puller, root: Node) -> Reduced:
        axes = root.params["axes"]
        place = self._place(root)
        over = frozenset(puller.axes[k] for k in axes)
        left = tuple(i for k, i in enumerate(puller.identity) if k not in axes)
        sizes = numbers(root.shape)
        value = self._summand(puller, root.inputs[0])
        combine = COMBINES[root.op.name]
        return Reduced(value, over, combine, place.buffer, place.base, flat(left, sizes), entries_of(sizes))

    def _summand(self, puller: Puller, x: Node) -> Instruction:
        """The entry of what is reduced; of a sum that joined a longer kernel, 0 behind its end."""
        space = puller.kernel.space
        if numbers(x.shape) == space:
            return puller.entry(x)
        guards = (Range(puller.identity[0], 0, int(x.shape[0])),)
        return puller.inside(guards, puller.pull(x, puller.identity, guards), x)

    def _empty(self, root: Node) -> list[Statement]:
        place, size = self._place(root), entries_of(root.shape)
        number = identity(COMBINES[root.op.name], root.type.dtype)
        return [Fill(place.buffer, place.base, size, number)] if size else []


def cost(instructions: Sequence[Instruction]) -> int:
    """The work for one entry, in additions."""
    computed = [each for each in instructions if isinstance(each, Compute)]
    taken = {(each.function, each.inputs) for each in computed}

    def of(each: Compute) -> int:
        beside = any((function, each.inputs) in taken for function in BESIDE.get(each.function, ()))
        return 2 if beside else COST.get(each.function, TRANSCENDENTAL)

    return 1 + sum(of(each) for each in computed)
