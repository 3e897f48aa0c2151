"""Updates over minibatches as one graph: a loop that carries parameters, moments and losses, and picks a minibatch's rows itself.

How many updates a call makes is an input, so that however they are cut into calls each is the same code. It knows no arrays.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from wengert.core.ir.graph import Graph, Node, apply, input_node
from wengert.core.ir.types import ArrayType, Size
from wengert.core.ir.walk import substitute
from wengert.core.ops import control
from wengert.optim.rules import UpdateRule

AT_ONCE = 256
"""So many updates one call makes at most: it has room for their losses."""

# The inputs that are no quantity have a blank in their names, which no quantity has. Entries know names by identity: interned ones.
FIRST = sys.intern("first place")
"""Where in the order the rows of the next minibatch begin."""
DONE = sys.intern("updates done")
LOSSES = sys.intern("losses so far")
COUNT = sys.intern("update count")
"""The updates that the optimizer has made before."""
WANTED = sys.intern("updates wanted")
ORDER = sys.intern("order of examples")


def setting(key: str) -> str:
    """The input of an optimizer's setting."""
    return sys.intern(f"setting {key}")


def moment(name: str, parameter: str) -> str:
    """The input of a parameter's moment."""
    return sys.intern(f"{name} of {parameter}")


@dataclass(frozen=True)
class StepGraph:
    """(loss, gradient by each parameter) of `batch` examples as a graph whose sizes are numbers, and which inputs are what."""

    graph: Graph
    parameters: tuple[str, ...]
    data: tuple[str, ...]
    batch: int


def updates_graph(
    step: StepGraph,
    rule: UpdateRule,
    settings: Sequence[str],
    examples: int,
    gathered: bool,
    looped: bool = True,
    room: int = AT_ONCE,
    stacked: bool = False,
) -> Graph:
    """p, moments ← update(p, moments, gradients of the next minibatch), as often as is wanted; once, if not `looped`.

    The results are the loss before each update, the count, the parameters, and moment by moment those of each parameter. The data
    are arrays of `examples` rows; without `gathered` every update is over all of them. There is room for the losses of `room` updates.
    With `stacked` the data are `room` minibatches one behind the other, which are taken in turn.
    """
    updates = _Updates(step, rule, settings, examples, gathered, room, stacked)
    return updates.loop() if looped else updates.once()


class _Updates:
    def __init__(
        self,
        step: StepGraph,
        rule: UpdateRule,
        settings: Sequence[str],
        examples: int,
        gathered: bool,
        room: int,
        stacked: bool,
    ) -> None:
        self.step, self.rule, self.gathered, self.room, self.stacked = step, rule, gathered, room, stacked
        inputs = {str(x.params["name"]): x for x in step.graph.inputs}
        counter = ArrayType((), "int64")
        self.first, self.done, self.count = (input_node(name, counter) for name in (FIRST, DONE, COUNT))
        self.losses = input_node(LOSSES, ArrayType((room,)))
        self.wanted = input_node(WANTED, counter)
        self.order = input_node(ORDER, ArrayType((examples,), "int64"))
        self.settings = {key: input_node(setting(key), ArrayType()) for key in settings}
        self.parameters = [inputs[name] for name in step.parameters]
        self.moments = [[input_node(moment(m, n), inputs[n].type) for n in step.parameters] for m in rule.moments]
        self.whole = {
            inputs[n]: input_node(n, inputs[n].type.with_shape(self._rows(inputs[n].shape, examples)))
            for n in step.data
            if n in inputs
        }
        varying = {*self.parameters, *self.whole}
        self.fixed = [x for x in step.graph.inputs if x not in varying]

        self.kept = [self.losses, self.count, *self.parameters, *(x for row in self.moments for x in row)]
        order = [self.order] if gathered else []
        self.known = [*order, *self.whole.values(), *self.fixed, *self.settings.values()]
        self.names = tuple(str(x.params["name"]) for x in self.kept)

    def _rows(self, shape: tuple[Size, ...], examples: int) -> tuple[Size, ...]:
        return (self.room, *shape) if self.stacked else (examples, *shape[1:])

    def loop(self) -> Graph:
        """As many updates as are wanted."""
        carries = [*self.kept, self.first, self.done]
        inputs = (*carries, self.wanted, *self.known)
        test = Graph(inputs, (self.done < self.wanted,))
        body = Graph(inputs, (*self._after(), self.first + self.step.batch, self.done + 1))
        outer = tuple(input_node(str(x.params["name"]), x.type) for x in inputs)
        loop = apply("while_loop", *outer, test=test, body=body, carries=len(carries))
        return Graph(outer, tuple(control.results(loop)[: len(self.kept)]), self.names)

    def once(self) -> Graph:
        """One update."""
        return Graph((*self.kept, self.first, self.done, *self.known), tuple(self._after()), self.names)

    def _after(self) -> list[Node]:
        """What is kept, after one update."""
        loss, *gradients = self._value_and_gradients()
        slot = apply("position", size=self.room, dtype="int64")
        here = apply("equal", slot, filled(self.done, (self.room,)))
        losses = apply("where", here, filled(cast(loss, "float64"), (self.room,)), self.losses)
        count = self.count + 1
        scalars = self.rule.scalars(self.settings, cast(count, "float64"), lambda a, t: apply("power", a, t))
        parameters: list[Node] = []
        moments: list[list[Node]] = [[] for _ in self.moments]
        for k, (p, g) in enumerate(zip(self.parameters, gradients, strict=True)):
            alike = {key: filled(cast(s, p.type.dtype), p.shape) for key, s in scalars.items()}
            before = tuple(row[k] for row in self.moments)
            change, after = self.rule.step(p, g, before, alike, lambda x: apply("sqrt", x))
            parameters.append(p + change)
            for row, value in zip(moments, after, strict=True):
                row.append(value)
        later = [x for row in moments for x in row]
        return [losses, count, *parameters, *later]

    def _value_and_gradients(self) -> list[Node]:
        """The step of this update's minibatch."""
        if self.stacked:
            picked = {x: apply("gather", whole, self.done, axis=0, batch=0) for x, whole in self.whole.items()}
            return substitute(self.step.graph.outputs, picked)
        if not self.gathered:
            return substitute(self.step.graph.outputs, self.whole)
        size = self.step.batch
        place = filled(self.first, (size,)) + apply("position", size=size, dtype="int64")
        rows = apply("gather", self.order, place, axis=0, batch=0)
        picked = {x: apply("gather", whole, rows, axis=0, batch=0) for x, whole in self.whole.items()}
        return substitute(self.step.graph.outputs, picked)


def filled(node: Node, shape: tuple[Size, ...]) -> Node:
    """An array of the shape with one number everywhere."""
    return apply("broadcast", node, shape=shape, axes=()) if shape else node


def cast(node: Node, dtype: str) -> Node:
    """The node in a dtype."""
    return node if node.type.dtype == dtype else apply("cast", node, dtype=dtype)
