"""Steps that repeat become a loop of the graph: a scan, whose body is one step. The values are the same to the last bit.

What a step reads of the step before is a carry, what it reads from outside at a moving place is cut from a stack, and what others read of
it is stacked. The body is looked at again: loops in loops are found from the outermost inwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply, constant, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ir.walk import topological, with_inputs
from wengert.core.ops.control import results
from wengert.core.ops.loop import Carry, Loop, Read
from wengert.core.ops.structural import reshape
from wengert.core.ops.updates import set_slice
from wengert.core.ops.windows import concatenate
from wengert.core.ops.windows import slice as slice_op
from wengert.functions.tracing.repeating import PLACED, Before, Each, Fixed, Own, Repeat, in_order, repeats


def rolled(outputs: Sequence[Node]) -> list[Node]:
    """The outputs, computed with a loop in place of every run of steps that repeat."""
    order = in_order(outputs)
    found = list(outputs)
    while True:
        for repeat in repeats(order, found):
            made = _Rolled(repeat)
            if made.is_possible:
                found, order = made.put(order, found)
                break
        else:
            return found


class _Rolled:
    """A loop made of steps that repeat."""

    def __init__(self, repeat: Repeat) -> None:
        self.repeat = repeat
        self.inside: dict[Node, tuple[int, int]] = {
            repeat.nodes[k]: divmod(k - repeat.start, repeat.period) for k in range(repeat.start, repeat.stop)
        }
        """By node its step and its place in it."""
        self.read = _read_behind(repeat)
        self._carries: dict[Any, list[Carry]] = {}
        self._xs: list[Read] = []
        self._known_xs: dict[Any, Node] = {}
        self._consts: dict[Node, Node] = {}
        self._count = 0
        self.is_possible = all(self._is_known(place) for place in range(repeat.period))

    def _is_known(self, place: int) -> bool:
        """Whether steps may differ as they do at a place, and its values can leave the loop where others read them."""
        node = self.repeat.at(place)[0]
        return place not in self.read or isinstance(node.type, ArrayType)

    # ---------------------------------------------------------------- the body

    def put(self, order: Sequence[Node], outputs: Sequence[Node]) -> tuple[list[Node], list[Node]]:
        """The outputs with the loop in place of its steps, and the nodes that they need in order."""
        repeat = self.repeat
        self._body: list[Node] = []
        for place in range(repeat.period):
            self._body.append(self._entry(place))
        steps, last = repeat.steps, repeat.steps - 1
        carried = {key[0]: k for k, key in enumerate(self._heads()) if key[1] == 1}
        ys = [p for p in self.read if not (self.read[p] == {last} and p in carried)]
        carries = [carry for key in self._carries for carry in self._closed(key)]
        starts = np.cumsum([0, *(len(chain) for chain in self._carries.values())])
        inner = rolled([*(c.after for c in carries), *(self._body[p] for p in ys)])
        carries = [c._replace(after=y) for c, y in zip(carries, inner, strict=False)]
        consts = tuple(Read(outer, own) for outer, own in self._consts.items())
        loop = Loop(tuple(carries), tuple(self._xs), consts, tuple(inner[len(carries) :]), steps)
        items = results(loop.node())
        stacks = {p: items[len(carries) + k] for k, p in enumerate(ys)}
        finals = {p: items[starts[k]] for p, k in carried.items()}
        return _Rest(self, stacks, finals).rebuilt(order, outputs)

    def _heads(self) -> list[tuple[int, int]]:
        return [(key[0], key[1]) for key in self._carries]

    def _closed(self, key: Any) -> Iterator[Carry]:
        """The carries of a value and of those of the steps before."""
        before = self._body[key[0]]
        for carry in self._carries[key]:
            yield carry._replace(after=before)
            before = carry.inner

    def _entry(self, place: int) -> Node:
        """The node of the body at a place."""
        nodes, operands = self.repeat.at(place), self.repeat.operands[place]
        node = nodes[0]
        placed = PLACED.get(node.op, ())
        moving = bool(placed) and any(node.params[key] != each.params[key] for each in nodes[1:] for key in placed)
        if not moving:
            return with_inputs(node, [self._operand(x) for x in operands])
        starts = np.array([each.params["start"] for each in nodes])
        if node.op is set_slice:
            whole, new = (self._operand(x) for x in operands)
            return self._set(whole, new, starts, node)
        (base,) = operands
        if isinstance(base, Fixed):
            return self._x(("slice", base.node, starts.tobytes(), node.shape), _cuts(base.node, starts, node))
        return self._get(self._operand(base), starts, node.shape, node.params["step"])

    def _operand(self, x: Any) -> Node:
        if isinstance(x, Own):
            return self._body[x.place]
        if isinstance(x, Before):
            return self._carry(x)
        if isinstance(x, Fixed):
            return self._const(x.node)
        assert isinstance(x, Each)
        if all(node.op.leaf == "constant" and not isinstance(node.params["value"], np.ndarray) for node in x.nodes):
            return self._numbers([node.params["value"] for node in x.nodes], x.nodes[0].type)
        return self._x(x.nodes, _stacked(x.nodes))

    def _carry(self, x: Before) -> Node:
        key = (x.place, x.lag, x.first)
        if key not in self._carries:
            first = x.first[::-1]  # the value of one step before the loop, of two, …
            self._carries[key] = [Carry(node, self._input(node.type), node) for node in first]
        return self._carries[key][-1].inner

    def _const(self, node: Node) -> Node:
        if node.op.leaf == "constant" and not isinstance(node.params["value"], np.ndarray):
            return node
        if node not in self._consts:
            self._consts[node] = self._input(node.type)
        return self._consts[node]

    def _numbers(self, values: Sequence[Any], type: ArrayType) -> Node:
        stack = np.array(values, type.dtype)
        x = self._x((type, stack.tobytes()), constant(stack, ArrayType(stack.shape, type.dtype)))
        return apply("broadcast", x, shape=type.shape, axes=()) if type.shape else x

    def _x(self, key: Any, stack: Node) -> Node:
        """The entry of a stack that a step reads."""
        if key not in self._known_xs:
            self._known_xs[key] = self._input(ArrayType(stack.shape[1:], stack.type.dtype))
            self._xs.append(Read(stack, self._known_xs[key]))
        return self._known_xs[key]

    def _input(self, type: Any) -> Node:
        self._count += 1
        return input_node(f"of step {self._count}", type)

    # ---------------------------------------------------------------- places that move in arrays of the loop

    def _indices(self, starts: Any, axis: int, size: int, step: int) -> Node:
        places = starts[:, axis, None] + step * np.arange(size)
        return self._x(("places", places.tobytes(), size), constant(places, ArrayType(places.shape, "int64")))

    def _get(self, base: Node, starts: Any, shape: Sequence[Any], step: Sequence[int]) -> Node:
        """base[start : start + step·size : step] where the start of some axes is another at each step."""
        moving = _moving(starts)
        low = [0 if k in moving else int(a) for k, a in enumerate(starts[0])]
        stop = [
            n if k in moving else a + (m - 1) * c + 1
            for k, (a, m, c, n) in enumerate(zip(low, shape, step, base.shape, strict=True))
        ]
        steps = tuple(1 if k in moving else c for k, c in enumerate(step))
        if (low, stop) != ([0] * len(low), list(base.shape)):
            base = apply("slice", base, start=tuple(low), stop=tuple(stop), step=steps)
        for axis in moving:
            base = apply("gather", base, self._indices(starts, axis, shape[axis], step[axis]), axis=axis, batch=0)
        return base

    def _set(self, base: Node, new: Node, starts: Any, node: Node) -> Node:
        """base with new entries from a place on that is another at each step: a row is taken out, changed and put back."""
        step, (axis, *others) = node.params["step"], _moving(starts)
        indices = self._indices(starts, axis, new.shape[axis], step[axis])
        rows = (*base.shape[:axis], new.shape[axis], *base.shape[axis + 1 :])
        if new.shape != rows or others:
            row = apply("gather", base, indices, axis=axis, batch=0)
            inner = np.array(starts)
            inner[:, axis] = 0
            if others:
                new = self._set(row, new, inner, node)
            else:
                steps = tuple(1 if k == axis else c for k, c in enumerate(step))
                new = apply("set_slice", row, new, start=tuple(map(int, inner[0])), step=steps)
        return apply("put", base, indices, new, axis=axis, batch=0)


def _moving(starts: Any) -> list[int]:
    return [axis for axis in range(starts.shape[1]) if np.any(starts[:, axis] != starts[0, axis])]


def _read_behind(repeat: Repeat) -> dict[int, set[int]]:
    """By place the steps whose values are read behind the loop: by nodes there, or as results, which no node need read."""
    found: dict[int, set[int]] = {}
    number = {repeat.nodes[k]: k - repeat.start for k in range(repeat.start, repeat.stop)}
    behind = [x for node in repeat.nodes[repeat.stop :] for x in node.inputs]
    read = {x for node in repeat.nodes for x in node.inputs}
    for node in [*behind, *repeat.results, *(node for node in number if node not in read)]:
        if node in number:
            step, place = divmod(number[node], repeat.period)
            found.setdefault(place, set()).add(step)
    return found


# ---------------------------------------------------------------- stacks


def _cuts(base: Node, starts: Any, node: Node) -> Node:
    """The parts of an array that slices of one size cut out, one behind another along a new first axis."""
    shape, step, moving = node.shape, node.params["step"], _moving(starts)
    rank = len(shape)
    low = [0 if k in moving else int(a) for k, a in enumerate(starts[0])]
    stop = [
        n if k in moving else a + (m - 1) * c + 1
        for k, (a, m, c, n) in enumerate(zip(low, shape, step, base.shape, strict=True))
    ]
    steps = tuple(1 if k in moving else c for k, c in enumerate(step))
    if (low, stop) != ([0] * rank, list(base.shape)):
        base = apply("slice", base, start=tuple(low), stop=tuple(stop), step=steps)
    rest = [k for k in range(rank) if k not in moving]
    order = (*moving, *rest)
    if order != tuple(range(rank)):
        base = apply("transpose", base, axes=order)
    if len(moving) == 1 and shape[moving[0]] == 1:
        return apply("reshape", _picked(base, starts[:, moving[0]]), shape=(len(starts), *shape))
    places = np.zeros((len(starts), *(1 for _ in moving)), np.int64)
    for k, axis in enumerate(moving):
        own = starts[:, axis, None] + step[axis] * np.arange(shape[axis])
        along = (-1 if j == k else 1 for j in range(len(moving)))
        places = places * base.shape[k] + own.reshape(len(starts), *along)
    flat = apply("reshape", base, shape=(int(np.prod(base.shape[: len(moving)])), *base.shape[len(moving) :]))
    found = apply("gather", flat, constant(places, ArrayType(places.shape, "int64")), axis=0, batch=0)
    back = (0, *(1 + order.index(k) for k in range(rank)))
    return found if back == tuple(range(rank + 1)) else apply("transpose", found, axes=back)


def _picked(base: Node, places: Any) -> Node:
    """Entries along the first axis: a slice where they follow one another at one distance."""
    gaps = set(np.diff(places).tolist())
    rest = base.shape[1:]
    if len(gaps) > 1 or 0 in gaps:
        return apply("gather", base, constant(places, ArrayType(places.shape, "int64")), axis=0, batch=0)
    (gap,) = gaps
    low, high = int(places.min()), int(places.max())
    steps = (abs(gap), *(1 for _ in rest))
    part = apply("slice", base, start=(low, *(0 for _ in rest)), stop=(high + 1, *rest), step=steps)
    return apply("flip", part, axes=(0,)) if gap < 0 else part


def _stacked(nodes: Sequence[Node]) -> Node:
    """Nodes of one type along a new first axis."""
    if all(node.op.leaf == "constant" for node in nodes):
        value = np.stack([np.broadcast_to(node.params["value"], node.shape) for node in nodes])
        value = value.astype(nodes[0].type.dtype)
        return constant(value, ArrayType(value.shape, nodes[0].type.dtype))
    rows = [_row_of(node) for node in nodes]
    base = rows[0][0]
    if base is not None and all(each is base and b == a + 1 for (_, a), (each, b) in pairwise(rows)):
        return _rows(base, rows[0][1], len(rows))
    shape = (1, *nodes[0].shape)
    return apply("concatenate", *[apply("reshape", node, shape=shape) for node in nodes], axis=0)


def _row_of(node: Node) -> tuple[Node | None, int]:
    """The array of which a node is one entry along the first axis, and which."""
    cut = node.inputs[0] if node.op is reshape else node
    if cut.op is slice_op and cut.shape and cut.shape[0] == 1:
        base = cut.inputs[0]
        if cut.shape[1:] == base.shape[1:] and node.shape == base.shape[1:]:
            return base, cut.params["start"][0]
    return None, 0


def _rows(base: Node, first: int, count: int) -> Node:
    if count == base.shape[0]:
        return base
    rest = base.shape[1:]
    return apply(
        "slice", base, start=(first, *(0 for _ in rest)), stop=(first + count, *rest), step=(1,) * len(base.shape)
    )


# ---------------------------------------------------------------- what stands behind the loop


class _Rest:
    """The nodes behind a loop, which read its results."""

    def __init__(self, of: _Rolled, stacks: dict[int, Node], finals: dict[int, Node]) -> None:
        self._of, self._stacks, self._finals = of, stacks, finals
        self._entries: dict[Node, Node] = {}
        self._lifted: dict[Node, tuple[Node, int]] = {}
        """Reshaped entries with a new axis of 1: the entry and the place of the axis."""

    def rebuilt(self, order: Sequence[Node], outputs: Sequence[Node]) -> tuple[list[Node], list[Node]]:
        """The outputs, and the nodes that they need, in order."""
        repeat = self._of.repeat
        made: dict[Node, Node] = {}
        behind: list[Node] = []
        for node in order[repeat.stop :]:
            inputs = [self._value(x, made) for x in node.inputs]
            joined = self._joined(node, inputs) if node.op is concatenate else None
            made[node] = with_inputs(node, inputs) if joined is None else joined
            behind.append(made[node])
            old = node.inputs[0] if node.op is reshape else None
            if old in self._of.inside:
                self._lifted[made[node]] = old, _new_axis(old.shape, node.shape)
        found = [self._value(x, made) for x in outputs]
        return found, _merged(order[: repeat.start], behind, found)

    def _value(self, x: Node, made: dict[Node, Node]) -> Node:
        if x in made:
            return made[x]
        if x not in self._of.inside:
            return x
        if x not in self._entries:
            self._entries[x] = self._entry(x)
        return self._entries[x]

    def _entry(self, x: Node) -> Node:
        step, place = self._of.inside[x]
        if place not in self._stacks:
            return self._finals[place]
        if step == self._of.repeat.steps - 1 and place in self._finals:
            return self._finals[place]
        return apply("reshape", _rows(self._stacks[place], step, 1), shape=x.shape)

    def _joined(self, node: Node, inputs: Sequence[Node]) -> Node | None:
        """Entries of one stack in their order, joined again: a part of the stack. None where they are not that."""
        axis, found = node.params["axis"], [self._lifted.get(x) for x in inputs]
        places = [self._of.inside[x[0]] if x is not None and x[1] == axis else (-1, -1) for x in found]
        (step, place), count = places[0], len(places)
        if place not in self._stacks or places != [(step + k, place) for k in range(count)]:
            return None
        part = _rows(self._stacks[place], step, count)
        if not axis:
            return part
        rest = list(range(1, len(part.shape)))
        return apply("transpose", part, axes=(*rest[:axis], 0, *rest[axis:]))


def _new_axis(old: tuple[Any, ...], new: tuple[Any, ...]) -> int:
    """Where an axis of 1 has come in; -1 where that is not all."""
    for axis in range(len(new)):
        if new[axis] == 1 and (*new[:axis], *new[axis + 1 :]) == old:
            return axis
    return -1


def _merged(before: Sequence[Node], behind: Sequence[Node], outputs: Sequence[Node]) -> list[Node]:
    """The nodes that outputs need: those of two lists in their order, others as soon as they are read."""
    needed = topological(outputs)
    wanted = set(needed)
    order: list[Node] = []
    done: set[Node] = set()

    def enter(node: Node) -> None:
        for each in topological([node], done):
            if each not in done:
                done.add(each)
                if each.op.leaf not in ("input", "constant"):
                    order.append(each)

    for node in (*before, *behind, *outputs):
        if node in wanted:
            enter(node)
    return order
