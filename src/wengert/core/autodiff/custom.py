"""Derivatives and batches of calls: checkpoints, which compute their body again on the way back, and batches of custom rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.core.autodiff.batch import batched, spread
from wengert.core.autodiff.entering import entering
from wengert.core.autodiff.forward import jvp
from wengert.core.autodiff.masks import strict_of
from wengert.core.autodiff.reverse import contributions
from wengert.core.ir.graph import Graph, Node, apply, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ops.control import RULES, Cotangents, Rules, results
from wengert.core.ops.custom import CallRule, EntrywiseFunction, HostFunction, behind, call
from wengert.core.ops.kinds import as_batched, batch_size
from wengert.core.ops.loop import FreeNames

Signals = list[Node | None]


# ---------------------------------------------------------------- checkpoints


class Checkpoint:
    """A body that is computed again where it is derived: of the forward pass only its inputs are kept."""

    def __repr__(self) -> str:
        return "checkpoint"

    def jvp(self, node: Node, tangents: Sequence[Node | None]) -> Signals:
        """The body with its tangents, as a checkpoint again."""
        body: Graph = node.params["body"]
        names = FreeNames(body.input_names)
        moved = [x for x, t in zip(body.inputs, tangents, strict=True) if t is not None]
        inner = [names.fresh("tangent", x) for x in moved]
        found = jvp(body.outputs, moved, inner, masked=True)
        given = [*node.inputs, *(t for t in tangents if t is not None)]
        return _results_there(found, (*body.inputs, *inner), given)

    def vjp(self, node: Node, cotangents: Cotangents) -> Signals:
        """The body again, behind the signals, and its way back."""
        body: Graph = node.params["body"]
        names = FreeNames(body.input_names)
        bars = cotangents.bars
        inner = [
            None if bar is None else names.fresh("cotangent", y) for y, bar in zip(body.outputs, bars, strict=True)
        ]
        wanted = [x for x, wants in zip(body.inputs, cotangents.wanted, strict=True) if wants]
        masks = entering(body.outputs, bars, cotangents.masks, names)
        found = contributions(body.outputs, wanted, inner, masked=True, masks=masks.masks)
        back = [found.bars.get(x) if wants else None for x, wants in zip(body.inputs, cotangents.wanted, strict=True)]
        cotangents.leaving.extend(strict_of(found.masks.get(x)) is not None for x in body.inputs)
        read = masks.read(y for y in back if y is not None)
        signals = [bar for bar in bars if bar is not None]
        given = [*(behind(x, signals) for x in node.inputs), *signals, *masks.given(read)]
        inputs = (*body.inputs, *(g for g in inner if g is not None), *masks.inputs(read))
        return _results_there(back, inputs, given)


CHECKPOINT = Checkpoint()


def _results_there(outputs: Sequence[Node | None], inputs: Sequence[Node], given: Sequence[Node]) -> Signals:
    """The outputs that are there as a checkpoint over the given nodes; None for the others."""
    there = tuple(y for y in outputs if y is not None)
    if not there:
        return [None] * len(outputs)
    found = iter(results(apply("call", *given, body=Graph(tuple(inputs), there), rule=CHECKPOINT)))
    return [None if y is None else next(found) for y in outputs]


# ---------------------------------------------------------------- batches


@dataclass(frozen=True)
class Batched:
    """The derivatives of a call over a batch: those of one entry, for every entry."""

    one: CallRule
    op: str
    params: tuple[tuple[str, object], ...]
    """The call of one entry."""
    inner: tuple[ArrayType, ...]
    """The types that it takes."""
    size: int

    def jvp(self, node: Node, tangents: Sequence[Node | None]) -> Signals:
        """ẏ_n = J_n ẋ_n."""
        return self._over(node, tangents, list(self.inner), self.one.jvp)

    def vjp(self, node: Node, cotangents: Cotangents) -> Signals:
        """x̄_n = J_nᵀ ȳ_n."""
        types = [ArrayType(y.type.shape[1:], y.type.dtype) for y in results(node)]

        def of_one(one: Node, bars: Sequence[Node | None]) -> Sequence[Node | None]:
            return self.one.vjp(one, Cotangents(bars, cotangents.wanted, [None] * len(bars), []))

        return self._over(node, cotangents.bars, types, of_one)

    def _over(
        self,
        node: Node,
        signals: Sequence[Node | None],
        types: Sequence[ArrayType],
        derive: Callable[[Node, Sequence[Node | None]], Sequence[Node | None]],
    ) -> Signals:
        inputs = [input_node(f"entry {k}", type) for k, type in enumerate(self.inner)]
        one = apply(self.op, *inputs, **dict(self.params))
        narrow = [None if s is None else input_node(f"signal {k}", types[k]) for k, s in enumerate(signals)]
        found = derive(one, narrow)
        pairs = zip((*inputs, *narrow), (*node.inputs, *signals), strict=True)
        wide = {x: y for x, y in pairs if x is not None and y is not None}
        there = iter(batched([y for y in found if y is not None], wide, self.size))
        return [None if y is None else next(there) for y in found]


@dataclass(frozen=True)
class BatchedFunction(Batched):
    """A function that the host runs for one entry after the other."""

    function: HostFunction

    @property
    def inputs(self) -> tuple[ArrayType, ...]:
        """The types of the function, with the axis."""
        return tuple(type.with_shape((self.size, *type.shape)) for type in self.function.inputs)

    @property
    def results(self) -> tuple[ArrayType, ...]:
        """The types of the results, with the axis."""
        return tuple(type.with_shape((self.size, *type.shape)) for type in self.function.results)

    def value(self, *arrays: Any) -> list[Any]:
        """The results of every entry, stacked."""
        rows = [list(self.function.value(*(array[k] for array in arrays))) for k in range(self.size)]
        if not rows:
            return [np.zeros(self._shape(type), type.dtype) for type in self.results]
        return [np.stack([row[k] for row in rows]) for k in range(len(self.results))]

    @staticmethod
    def _shape(type: ArrayType) -> tuple[int, ...]:
        return tuple(int(size) for size in type.shape if isinstance(size, int))


def _batch_call(node: Node, inputs: Sequence[Node], batch: Sequence[bool]) -> tuple[list[Node], list[bool]]:
    """The body over the batch, derived entry by entry; a checkpoint stays one."""
    size, body = batch_size(inputs, batch), node.params["body"]
    rule = node.params["rule"]
    if rule is CHECKPOINT:
        return _batch_checkpoint(body, inputs, batch, size)
    full = [as_batched(x, has, size) for x, has in zip(inputs, batch, strict=True)]
    wide = tuple(input_node(f"batch {k}", x.type) for k, x in enumerate(full))
    outputs = batched(body.outputs, dict(zip(body.inputs, wide, strict=True)), size)
    params = tuple(node.params.items())
    over = Batched(rule, "call", params, tuple(x.type for x in node.inputs), size)
    found = results(apply("call", *full, body=Graph(wide, tuple(outputs)), rule=over))
    return found, [True] * len(found)


def _batch_checkpoint(
    body: Graph, inputs: Sequence[Node], batch: Sequence[bool], size: int
) -> tuple[list[Node], list[bool]]:
    names = FreeNames(body.input_names)
    wide = {
        x: names.typed("batch", x, x.type.with_shape((size, *x.shape)))
        for x, has in zip(body.inputs, batch, strict=True)
        if has
    }
    outputs, has = spread(body.outputs, wide)
    inner = tuple(wide.get(x, x) for x in body.inputs)
    return results(apply("call", *inputs, body=Graph(inner, tuple(outputs)), rule=CHECKPOINT)), has


def _batch_host_call(node: Node, inputs: Sequence[Node], batch: Sequence[bool]) -> tuple[list[Node], list[bool]]:
    """One call that goes through the batch."""
    size, function = batch_size(inputs, batch), node.params["function"]
    full = [as_batched(x, has, size) for x, has in zip(inputs, batch, strict=True)]
    types = tuple(x.type for x in node.inputs)
    over: HostFunction = (
        function.over(size)
        if isinstance(function, EntrywiseFunction)
        else BatchedFunction(function, "host_call", tuple(node.params.items()), types, size, function)
    )
    found = results(apply("host_call", *full, function=over))
    return found, [True] * len(found)


def _rule(node: Node) -> CallRule:
    rule: CallRule = node.params["rule" if node.op is call else "function"]
    return rule


def _jvp(node: Node, tangents: Sequence[Node | None]) -> Sequence[Node | None]:
    return _rule(node).jvp(node, tangents)


def _vjp(node: Node, cotangents: Cotangents) -> Sequence[Node | None]:
    return _rule(node).vjp(node, cotangents)


RULES["call"] = Rules(_jvp, _vjp, _batch_call)
RULES["host_call"] = Rules(_jvp, _vjp, _batch_host_call)
