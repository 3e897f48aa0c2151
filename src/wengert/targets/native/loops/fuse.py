"""Fusion: which nodes are computed together, one kernel a group, and which are kept in memory between kernels.

A kernel has a space, the shape over which it runs, and roots: entries stored over the space, or reductions of it. What lies
between roots is recomputed where it is read, or read from a register where it belongs to the same entry of the same kernel.
It knows no loop.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Iterable, Sequence
from dataclasses import dataclass, field

from wengert.core.ir.graph import Graph, Node
from wengert.core.ir.walk import order_of
from wengert.core.ops.effort import partners, side_by_side
from wengert.core.ops.kinds import constant_value
from wengert.targets.native.loops.forms import (
    CONTROL,
    REDUCTIONS,
    ROUTINES,
    UPDATES,
    entries_of,
    is_assembly,
    is_contraction,
    is_leaf,
    is_map,
    is_special,
    keeps_place,
    numbers,
)
from wengert.targets.native.loops.layout import copied, in_order, is_copy, moves, view_of
from wengert.targets.native.loops.updates import stored_first

CHEAP = 4
"""What costs so little is computed again rather than stored, in units of an addition."""
LONGEST = 500
"""The most ops that are computed for one root without a store on the way."""
MOST_OPS = 150
"""The most ops of a kernel of several roots: longer ones compile slowly, and keep more values alive than there are registers."""
LONG, FEW = 4096, 16
"""Kernels of at least so many entries that differ by at most so many are one: x[1:] and x[:-1] beside x."""
WINDOW = 64
"""So many kernels are looked at for the one that runs next."""

COST = {
    "add": 1, "subtract": 1, "multiply": 1, "negative": 1, "abs": 1, "maximum": 1, "minimum": 1, "where": 1, "relu": 1,
    "less": 1, "less_equal": 1, "greater": 1, "greater_equal": 1, "equal": 1, "not_equal": 1, "cast": 1,
    "logical_and": 1, "logical_or": 1, "logical_not": 1, "step": 1, "sign": 2, "floor": 1, "round": 1, "stop_gradient": 0,
    "wrap": 2, "fma": 1, "divide": 4, "ratio": 5, "reciprocal": 4, "sqrt": 5, "integer_power": 2, "einsum": 1, "gather": 3,
}  # fmt: skip
TRANSCENDENTAL = 10
BESIDE = {"sech2": ("tanh",), "logistic_slope": ("logistic",), "gauss": ("erf", "erfc")}
"""Slopes that cost two additions beside these functions of the same argument, of which they share the parts."""


@dataclass(eq=False)
class Kernel:
    """Nodes computed in one sweep over a space. `needs` are the kernels that must have run."""

    number: int
    space: tuple[int, ...]
    roots: list[Node] = field(default_factory=list[Node])
    needs: int = 0
    """The kernels that this one waits for, all the way up: bit k stands for kernel k."""
    ops: int = 0
    special: bool = False
    """A kernel of one node that is written part by part, or that has graphs inside; nothing joins it."""
    reads: dict[Node, bool] = field(default_factory=dict[Node, bool])
    """The leaves and roots that it reads, and whether only at its own entry."""

    @property
    def contraction(self) -> Node | None:
        """The matrix product whose entries the kernel's space is."""
        return self.roots[0] if self.roots and self.roots[0].op.name == "einsum" else None


@dataclass
class Fusion:
    """The kernels, and the kernel of every root."""

    kernels: list[Kernel]
    home: dict[Node, Kernel]
    stored: frozenset[Node]
    """The roots that something outside their kernel reads: they have memory."""
    copies: frozenset[Node] = frozenset()
    """The roots that only products read: see `copies_of`."""
    shared: frozenset[Node] = frozenset()
    """The nodes that several others read, maybe in several kernels."""

    def run_after(self, kernel: Kernel, others: Collection[Kernel]) -> bool:
        """Let a kernel wait for others, unless one of these waits for it; whether it does now."""
        if any(other.needs >> kernel.number & 1 for other in others):
            return False
        wait(self.kernels, kernel, closure(others))
        return True

    def ordered(self) -> list[Kernel]:
        """The kernels in an order in which they can run: as they were made, but those over the same rows one after another."""
        done = 0
        waiting = list(self.kernels)
        result: list[Kernel] = []
        while waiting:
            rows = result[-1].space[:1] if result else ()
            ready = [kernel for kernel in waiting[:WINDOW] if not kernel.needs & ~done]
            if not ready:
                ready = [next(kernel for kernel in waiting if not kernel.needs & ~done)]
            kernel = next((k for k in ready if rows and k.space[:1] == rows), ready[0])
            waiting.remove(kernel)
            done |= 1 << kernel.number
            result.append(kernel)
        return result


def closure(kernels: Iterable[Kernel]) -> int:
    """The kernels and all that they wait for, as bits."""
    bits = 0
    for kernel in kernels:
        bits |= kernel.needs | 1 << kernel.number
    return bits


def wait(kernels: Iterable[Kernel], kernel: Kernel, needed: int) -> None:
    """Let a kernel wait for others, and with it those that wait for it."""
    if needed & ~kernel.needs:
        kernel.needs |= needed
        for later in kernels:
            if later.needs >> kernel.number & 1:
                later.needs |= needed


# roots


def find_roots(graph: Graph) -> list[Node]:
    """The nodes that are roots of kernels, in topological order."""
    order = order_of(graph)
    roots = {y for y in graph.outputs if not is_leaf(y)}
    roots.update(x for pair in partners(order).items() for x in pair)
    for node in order:
        roots.update(x for x in must_be_stored(node) if not is_leaf(x))
    uses = dict.fromkeys(order, 0)
    spread = set[Node]()
    for node in order:
        for x in set(node.inputs):
            uses[x] += 1
            if node.op.name == "broadcast" and x.shape and entries_of(node.shape) > entries_of(x.shape):
                spread.add(x)
    finished = {x: y for y in order for x in y.inputs if is_contraction(x) and uses[x] == 1 and keeps_place(y)}
    roots.update(y for y in finished.values() if uses[y] > 1)
    cost = dict.fromkeys(order, 0)
    length = dict.fromkeys(order, 0)
    loads = {node: 1 if node.shape else 0 for node in order}
    for node in order:
        if node in roots or not is_map(node):
            continue
        cost[node] = _cost(node) + sum(cost[x] for x in set(node.inputs))
        length[node] = 1 + sum(length[x] for x in set(node.inputs))
        loads[node] = sum(loads[x] for x in set(node.inputs))
        again = cost[node] + (loads[node] - 1 if node in spread else 0)  # what is stored is one load
        if (again > CHEAP and (uses[node] > 1 or node in spread)) or length[node] > LONGEST:
            roots.add(node)
            cost[node] = length[node] = 0
            loads[node] = 1
    return [node for node in side_by_side(order) if node in roots]


def copies_of(order: Sequence[Node], roots: Container[Node]) -> frozenset[Node]:
    """The roots that are copies of other memory, made for products: who else is computed of one reads that memory itself."""
    needed = {x for node in order if not is_contraction(node) for x in must_be_stored(node)}
    found = {x for node in order if is_contraction(node) for x in node.inputs if x in roots and is_copy(x)}
    return frozenset(x for x in found - needed if is_leaf(view_of(x)) or view_of(x) in roots)


def must_be_stored(node: Node) -> list[Node]:
    """What has to be in memory because this node reads it, or because it is no map."""
    name = node.op.name
    if is_contraction(node):
        return [node, *(x if copy else view_of(x) for x, copy in zip(node.inputs, copied(node), strict=True))]
    if name in CONTROL:
        return [node, *node.inputs]
    if name in ROUTINES:
        return [node, *map(in_order, node.inputs)]
    if name == "item":
        return [node]
    if name in UPDATES:
        return [node, *stored_first(node)]
    if name in REDUCTIONS or is_assembly(node):
        return [node]
    if name == "reshape" and not moves(node):
        return [node.inputs[0]]
    if name == "gather":
        return [node.inputs[0]]
    return []


def _cost(node: Node) -> int:
    if node.op.index_map is not None or _is_gate(node):
        return 0
    return COST.get(node.op.name, TRANSCENDENTAL)


def _is_gate(node: Node) -> bool:
    """Whether the node is a choice between something and 0: the truths are the bits that are kept."""
    return node.op.name == "where" and constant_value(node.inputs[2]) == 0


# kernels


def fuse(graph: Graph) -> Fusion:
    """The kernels of a graph whose sizes are numbers, in an order in which they can run."""
    roots = find_roots(graph)
    copies = copies_of(order_of(graph), frozenset(roots))
    grouping = _Grouping(frozenset(roots), copies)
    for root in roots:
        grouping.place(root)
    stored = {y for y in graph.outputs if y in grouping.home} | grouping.read_outside
    return Fusion(grouping.kernels, grouping.home, frozenset(stored), copies, _shared(graph))


def _shared(graph: Graph) -> frozenset[Node]:
    readers = Counter(x for node in order_of(graph) for x in set(node.inputs))
    return frozenset(x for x, count in readers.items() if count > 1)


@dataclass
class _Grouping:
    roots: frozenset[Node]
    copies: frozenset[Node]
    kernels: list[Kernel] = field(default_factory=list[Kernel])
    home: dict[Node, Kernel] = field(default_factory=dict[Node, Kernel])
    read_outside: set[Node] = field(default_factory=set[Node])
    by_space: dict[tuple[int, ...], list[Kernel]] = field(default_factory=dict[tuple[int, ...], list[Kernel]])

    def place(self, root: Node) -> None:
        """Put a root into a kernel of its space, or into a new one."""
        reads, ops = self._reads(root)
        same = {x for x, identical in reads.items() if identical and x in self.home}
        other = {x for x, identical in reads.items() if not identical and x in self.home}
        waits = closure(self.home[x] for x in other)
        space = space_of(root)
        kernel = None
        if not is_special(root) and not is_contraction(root) and root.op.name != "item":
            kernel = self._kernel_for(root, ops, same, waits, reads)
        if kernel is None:
            kernel = Kernel(len(self.kernels), space, special=is_special(root) or root.op.name == "item")
            self.kernels.append(kernel)
            self.by_space.setdefault(space, []).append(kernel)
        outside = other | {x for x in same if self.home[x] is not kernel}
        self.read_outside |= outside
        kernel.roots.append(root)
        kernel.ops += ops
        for x, identical in reads.items():
            kernel.reads[x] = kernel.reads.get(x, True) and identical
        self.home[root] = kernel
        needed = closure(self.home[x] for x in outside)
        if len(kernel.roots) == 1:  # nothing waits for a new kernel
            kernel.needs = needed
        else:
            wait(self.kernels, kernel, needed)

    def _kernel_for(self, root: Node, ops: int, same: set[Node], waits: int, reads: dict[Node, bool]) -> Kernel | None:
        space = space_of(root)
        producers = {self.home[x] for x in same}
        near = [k for k in self.by_space.get(space, [])[-16:] if k in producers or not k.reads.keys().isdisjoint(reads)]
        near.sort(key=lambda k: (k in producers, k.number), reverse=True)
        near += [k for k in reversed(self.kernels[-16:]) if k.space != space and self._nearly(k, root, space, reads)]
        for kernel in near:
            if kernel.special or kernel.ops + ops > MOST_OPS:
                continue
            if kernel.contraction is not None and (kernel not in producers or root.op.name in REDUCTIONS):
                continue
            needed = waits | closure(k for k in producers if k is not kernel)
            if not needed >> kernel.number & 1:
                self._lengthen(kernel, space)
                return kernel
        return None

    def _nearly(self, kernel: Kernel, root: Node, space: tuple[int, ...], reads: dict[Node, bool]) -> bool:
        """Whether a kernel runs over about as many entries of the same arrays, and what is shorter are sums: these are 0 behind
        their ends.
        """
        if len(space) != 1 or len(kernel.space) != 1 or min(*space, *kernel.space) < LONG:
            return False
        shorter = [root] if space < kernel.space else kernel.roots
        close = abs(space[0] - kernel.space[0]) <= FEW
        return close and all(x.op.name == "sum" for x in shorter) and not kernel.reads.keys().isdisjoint(reads)

    def _lengthen(self, kernel: Kernel, space: tuple[int, ...]) -> None:
        """A kernel is as long as its longest root."""
        if space > kernel.space:
            self.by_space[kernel.space].remove(kernel)
            kernel.space = space
            self.by_space.setdefault(space, []).append(kernel)

    def _reads(self, root: Node) -> tuple[dict[Node, bool], int]:
        """The roots and leaves that a root reads, and whether always at its own entry of the space; and the ops on the way."""
        found: dict[Node, bool] = {}
        if is_special(root) or root.op.name == "item" or is_contraction(root):
            start = [(x, False) for x in root.inputs]
        elif root.op.name in REDUCTIONS:
            start = [(root.inputs[0], True)]
        else:
            start = [(x, keeps_place(root)) for x in root.inputs]
        of_product = root.inputs if is_contraction(root) else ()
        seen: set[tuple[Node, bool]] = set()
        stack = start
        while stack:
            node, identical = stack.pop()
            if (node, identical) in seen:
                continue
            seen.add((node, identical))
            if is_leaf(node) or (node in self.roots and (node not in self.copies or node in of_product)):
                found[node] = found.get(node, True) and identical
                continue
            keeps = identical and keeps_place(node)
            stack.extend((x, keeps) for x in node.inputs)
        return found, 1 + len({node for node, _ in seen} - found.keys())


def space_of(root: Node) -> tuple[int, ...]:
    """The shape over which a root is computed: a reduction's is that of its input."""
    if root.op.name in REDUCTIONS:
        return numbers(root.inputs[0].shape)
    if root.op.name in CONTROL:
        return ()
    return numbers(root.shape)
