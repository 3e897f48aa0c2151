"""Joining: a loop and the same loop with more to it, as a derivative makes of it, run once.

Forward mode adds carries to a loop and reverse mode results, and both leave its body as it was, node for node. So two loops
with carries in common, which begin and go on alike, are one loop that has what either has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from wengert.core.ir.graph import Graph, Node, apply
from wengert.core.ir.walk import order_of, substitute, with_inputs
from wengert.core.ops.control import item
from wengert.core.ops.loop import Carry, Loop, Read, names_of

Value = tuple[Node, int]
"""A result of a loop, by its number: of the loop that had it first."""


def join(graph: Graph) -> Graph:
    """The graph in which loops over the same carries are one. Exact to the last bit."""
    while True:
        loops = [node for node in order_of(graph) if node.op.loops]
        if len(loops) < 2:
            return graph
        joining = _Joining(graph, loops)
        for number, node in enumerate(loops):
            joining.enter(number, node)
        if not joining.joined:
            return graph
        graph = joining.result()


@dataclass(eq=False)
class _Group:
    """Loops that are one: the loop that has what each has, and where the results of each stand among its results."""

    loop: Loop
    members: dict[Node, list[int]]
    numbers: int
    """The members as bits: bit k stands for loop k."""


@dataclass
class _Joining:
    """One walk over the loops of a graph, each of which joins the first group that it fits."""

    graph: Graph
    loops: Sequence[Node]
    joined: bool = False
    groups: dict[Node, _Group] = field(default_factory=dict[Node, _Group])
    alike: dict[Value, Value] = field(default_factory=dict[Value, Value])
    """For a result of a loop that has joined a group, the same result of the group."""
    reading: dict[tuple[Node, Node | Value], list[_Group]] = field(
        default_factory=dict[tuple[Node, Node | Value], list[_Group]]
    )
    """The groups that have an input of a body, by that and by what stands for it outside."""

    def __post_init__(self) -> None:
        self.needs = _needs(self.graph, self.loops)

    def enter(self, number: int, node: Node) -> None:
        """Let a loop join a group, or be one of its own."""
        loop = Loop.of(node)
        keys = [(inner, self._value(outer)) for inner, outer in _outside(loop)]
        for group in dict.fromkeys(group for key in keys for group in self.reading.get(key, ())):
            if self._independent(group, number) and self._alike(group.loop, loop):
                self._join(group, number, node, loop)
                break
        else:
            group = _Group(loop, {node: list(range(len(loop.after)))}, 1 << number)
        self.groups[node] = group
        for key in keys:
            known = self.reading.setdefault(key, [])
            if group not in known:
                known.append(group)

    def _value(self, node: Node) -> Node | Value:
        """What a node is: a result of a loop, the same of every loop of a group, or itself."""
        if node.op is not item or not node.inputs[0].op.loops:
            return node
        value = (node.inputs[0], node.params["index"])
        return self.alike.get(value, value)

    def _independent(self, group: _Group, number: int) -> bool:
        """Whether neither needs the other."""
        if self.needs[number] & group.numbers:
            return False
        return not any(self.needs[k] >> number & 1 for k in _bits(group.numbers))

    def _alike(self, a: Loop, b: Loop) -> bool:
        """Whether two loops take the same steps, and what both have in common begins and goes on alike."""
        if (a.length, a.reverse) != (b.length, b.reverse) or not _same_test(a.test, b.test):
            return False
        if a.counter is not None and b.counter is not None and (a.counter, a.first) != (b.counter, b.first):
            return False
        first, second = self._roles(a), self._roles(b)
        common = first.keys() & second.keys()
        carried = any(carry.inner in common for carry in a.carries) or (not a.carries and not b.carries)
        return carried and all(first[x] == second[x] for x in common)

    def _roles(self, loop: Loop) -> dict[Node, tuple[Any, ...]]:
        """What each input of the body is: a carry with its first value and its next, or a read of something."""
        value = self._value
        roles: dict[Node, tuple[Any, ...]] = {c.inner: ("carry", value(c.first), c.after) for c in loop.carries}
        roles |= {inner: ("entry", value(outer)) for outer, inner in loop.xs}
        return roles | {inner: ("constant", value(outer)) for outer, inner in loop.consts}

    def _join(self, group: _Group, number: int, node: Node, loop: Loop) -> None:
        """Let a group have what a loop has; it and what needs it now need what the loop needs."""
        self.joined = True
        a = group.loop
        group.loop, places = _union(a, loop)
        n = len(a.carries)
        after = [*range(n), *range(len(group.loop.carries), len(group.loop.carries) + len(a.ys))]
        group.members = {member: [after[k] for k in old] for member, old in group.members.items()}
        known = {place: (member, k) for member, old in reversed(group.members.items()) for k, place in enumerate(old)}
        for k, place in enumerate(places):
            if place in known:
                self.alike[node, k] = self.alike.get(known[place], known[place])
        group.members[node] = places
        group.numbers |= 1 << number
        needed = self.needs[number]
        for k in _bits(group.numbers):
            needed |= self.needs[k]
        for k, needs in enumerate(self.needs):
            if group.numbers >> k & 1:
                self.needs[k] = needed
            elif needs & group.numbers:
                self.needs[k] = needs | needed | group.numbers

    def result(self) -> Graph:
        """The graph with a loop for each group."""
        whole: dict[_Group, list[Node]] = {}
        for group in dict.fromkeys(self.groups.values()):
            if len(group.members) > 1:
                node = group.loop.node()
                whole[group] = [apply("item", node, index=k) for k in range(len(group.loop.after))]
        instead: dict[Node, Node] = {}
        for each in order_of(self.graph):
            if each.op is item and each.inputs[0] in self.groups:
                group = self.groups[each.inputs[0]]
                if group in whole:
                    instead[each] = whole[group][group.members[each.inputs[0]][each.params["index"]]]
        return self.graph.with_outputs(_with(self.graph.outputs, instead), self.graph.names)


def _needs(graph: Graph, loops: Sequence[Node]) -> list[int]:
    """For each loop the loops that it needs, all the way up, as bits."""
    number = {node: k for k, node in enumerate(loops)}
    above: dict[Node, int] = {}
    for node in order_of(graph):
        bits = 0
        for x in node.inputs:
            bits |= above[x]
            if x in number:
                bits |= 1 << number[x]
        above[node] = bits
    return [above[node] for node in loops]


def _bits(numbers: int) -> list[int]:
    return [k for k in range(numbers.bit_length()) if numbers >> k & 1]


def _outside(loop: Loop) -> list[tuple[Node, Node]]:
    """Each input of the body with what stands for it outside: the first value of a carry."""
    reads = [(read.inner, read.outer) for read in (*loop.xs, *loop.consts)]
    return [*((carry.inner, carry.first) for carry in loop.carries), *reads]


def _with(outputs: Sequence[Node], instead: dict[Node, Node]) -> list[Node]:
    """The outputs with nodes replaced by others, and above these too; what does not depend on them stays."""
    new: dict[Node, Node] = {}
    targets = [instead.get(node, node) for node in outputs]
    stack = list(targets)
    while stack:
        node = stack[-1]
        if node in new:
            stack.pop()
            continue
        above = [instead.get(x, x) for x in node.inputs]
        waiting = [x for x in above if x not in new]
        if waiting:
            stack.extend(waiting[::-1])
        else:
            new[node] = with_inputs(node, [new[x] for x in above])
            stack.pop()
    return [new[node] for node in targets]


def _same_test(a: Graph | None, b: Graph | None) -> bool:
    if a is None or b is None:
        return a is b
    return a.outputs == b.outputs


def _union(a: Loop, b: Loop) -> tuple[Loop, list[int]]:
    """The loop with all that two have, and where the results of the second stand among its results."""
    names, known = names_of(a), set(a.inner)
    moved = {x: names.again(x) for x in b.inner if x not in known}
    counter, start = a.counter, a.first
    if counter is None and b.counter is not None:
        counter = moved[b.counter] = names.again(b.counter)
        start = b.first
    after = substitute(b.after, moved)
    carries = [Carry(c.first, moved.get(c.inner, c.inner), y) for c, y in zip(b.carries, after, strict=False)]
    both = a.with_more(
        [carry for carry in carries if carry.inner not in known],
        [Read(x.outer, moved[x.inner]) for x in b.xs if x.inner not in known],
        [Read(k.outer, moved[k.inner]) for k in b.consts if k.inner not in known],
    )
    ys = after[len(carries) :]
    both = replace(both, counter=counter, first=start).recording(ys)
    place = {carry.inner: k for k, carry in enumerate(both.carries)}
    return both, [*(place[carry.inner] for carry in carries), *(both.place(y) for y in ys)]
