"""A loop taken apart into what each of its inputs is outside and inside, and put together with more of them. It derives nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.types import ArrayType, Size, TapeType
from wengert.core.ir.walk import topological


class Carry(NamedTuple):
    """What goes from step to step: its value before the first step, the input of the body, the body's result."""

    first: Node
    inner: Node
    after: Node


class Read(NamedTuple):
    """What a step reads: the array or tape outside, and the input of the body, which is one entry of it or all of it."""

    outer: Node
    inner: Node


@dataclass(frozen=True)
class Loop:
    """A scan, or a while loop, which has a test instead of a number of steps and xs."""

    carries: tuple[Carry, ...]
    xs: tuple[Read, ...]
    consts: tuple[Read, ...]
    ys: tuple[Node, ...] = ()
    """The results of the body that are stacked, or recorded on tapes."""
    length: Size | None = None
    reverse: bool = False
    first: int | None = None
    """The number of the first step, where the body reads it."""
    counter: Node | None = None
    """The input of the body that is the number of the step."""
    test: Graph | None = None
    max_steps: int | None = None
    """So many steps a while loop makes at most; None where nothing was said."""

    @staticmethod
    def of(node: Node) -> Loop:
        """The parts of a node `scan` or `while_loop`."""
        params, body = node.params, node.params["body"]
        scans = node.op.name == "scan"
        counted = scans and params["first"] is not None
        n, m = params["carries"], params["xs"] if scans else 0
        inner = body.inputs[counted:]
        reads = [Read(*pair) for pair in zip(node.inputs, inner, strict=True)]
        carries = [Carry(x, c, y) for (x, c), y in zip(reads[:n], body.outputs, strict=False)]
        return Loop(
            tuple(carries),
            tuple(reads[n : n + m]),
            tuple(reads[n + m :]),
            body.outputs[n:],
            params["length"] if scans else None,
            scans and params["reverse"],
            params["first"] if scans else None,
            body.inputs[0] if counted else None,
            None if scans else params["test"],
            params.get("max_steps"),
        )

    @property
    def inner(self) -> tuple[Node, ...]:
        """The inputs of the body but for the counter, in the order of the inputs of the node."""
        return tuple(each.inner for each in (*self.carries, *self.xs, *self.consts))

    @property
    def varying(self) -> tuple[Node, ...]:
        """The inputs of the body that differ from step to step."""
        counter = () if self.counter is None else (self.counter,)
        return (*counter, *(each.inner for each in (*self.carries, *self.xs)))

    @property
    def after(self) -> tuple[Node, ...]:
        """The results of the body: the carries after a step, then the ys."""
        return (*(carry.after for carry in self.carries), *self.ys)

    def node(self) -> Node:
        """The loop as a node."""
        outer = [*(c.first for c in self.carries), *(read.outer for read in (*self.xs, *self.consts))]
        counter = () if self.counter is None else (self.counter,)
        body = Graph((*counter, *self.inner), self.after)
        n = len(self.carries)
        if self.test is not None:
            bound = {} if self.max_steps is None else {"max_steps": self.max_steps}
            return apply("while_loop", *outer, test=self.test, body=body, carries=n, **bound)
        counts = {"carries": n, "xs": len(self.xs), "length": self.length}
        return apply("scan", *outer, body=body, **counts, reverse=self.reverse, first=self.first)

    def with_more(self, carries: Iterable[Carry], xs: Iterable[Read], consts: Iterable[Read]) -> Loop:
        """The loop with further carries, xs and constants behind those that it has; a test does not look at them."""
        test = self.test
        more, held = tuple(carries), tuple(consts)
        if test is not None:
            n = len(self.carries)
            names = FreeNames(test.input_names)
            unread = [names.fresh("unread", read.inner) for read in (*more, *held)]
            inputs = (*test.inputs[:n], *unread[: len(more)], *test.inputs[n:], *unread[len(more) :])
            test = Graph(inputs, test.outputs)
        return replace(self, carries=self.carries + more, xs=(*self.xs, *xs), consts=self.consts + held, test=test)

    def recording(self, nodes: Sequence[Node]) -> Loop:
        """The loop whose ys hold these nodes of the body too."""
        held = set(self.ys)
        return replace(self, ys=(*self.ys, *(node for node in dict.fromkeys(nodes) if node not in held)))

    def changed(self, after: Sequence[Node]) -> Loop:
        """The loop with another body: what the carries and the ys become."""
        carries = tuple(c._replace(after=y) for c, y in zip(self.carries, after, strict=False))
        return replace(self, carries=carries, ys=tuple(after[len(carries) :]))

    def place(self, y: Node) -> int:
        """The place of a y among the results of the node."""
        return self._places[y]

    @cached_property
    def _places(self) -> dict[Node, int]:
        n = len(self.carries)
        return {y: n + k for k, y in reversed(list(enumerate(self.ys)))}


class FreeNames:
    """Names of inputs that are not taken yet."""

    def __init__(self, taken: Iterable[str]) -> None:
        self.taken = set(taken)
        self.counts: dict[str, int] = {}
        """The last number behind each name."""

    def fresh(self, stem: str, like: Node) -> Node:
        """A new input of the type of another node, named by a stem and the name of that (of its op, where it is no input)."""
        return self.typed(stem, like, like.type)

    def typed(self, stem: str, like: Node, type: ArrayType) -> Node:
        """The same of another type."""
        return input_node(self._free(f"{stem} of {like.params.get('name', like.op.name)}"), type)

    def again(self, node: Node) -> Node:
        """An input that stands for another under a name that is not taken: the input itself, where its own is not."""
        name = str(node.params["name"])
        free = self._free(name)
        return node if free == name else input_node(free, node.type)

    def _free(self, name: str) -> str:
        """The name, which is taken from now on; with a number behind it where it was taken before."""
        free = name
        while free in self.taken:
            self.counts[name] = self.counts.get(name, 1) + 1
            free = f"{name} {self.counts[name]}"
        self.taken.add(free)
        return free


def names_of(loop: Loop) -> FreeNames:
    """The names that the inputs of a body have."""
    counter = () if loop.counter is None else (loop.counter,)
    return FreeNames([str(node.params["name"]) for node in (*counter, *loop.inner)])


def read_only(reads: Sequence[Read], outputs: Sequence[Node]) -> tuple[Read, ...]:
    """Those of the reads that the outputs of a body read."""
    needed = set(topological(outputs))
    return tuple(read for read in reads if read.inner in needed)


def zeros(type: ArrayType) -> Node:
    """A constant 0 of a type."""
    assert not isinstance(type, TapeType)
    return constant(0, type)


def filled(value: Node | None, type: ArrayType) -> Node:
    """A signal, 0 where there is none."""
    return zeros(type) if value is None else value
