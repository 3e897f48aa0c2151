"""How masks pass through a node: backward from its bar to those of its inputs, forward from the tangents of its inputs to its own.

Elementwise ops leave them, but for what is not chosen and what is flat; ops that move entries move them, by their own rule for signals
of 1 and 0; a product keeps what any summand may be; any other op mixes all. It makes no product.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wengert.core.autodiff.growth import growth, is_entrywise, op_of
from wengert.core.autodiff.masks import (
    Mask,
    both,
    by_value,
    counts,
    either,
    mapped,
    not_zero,
    strict_of,
    truths_of,
    unless_flat,
)
from wengert.core.ir.graph import Node, apply, constant_like
from wengert.core.ir.types import TapeType, TupleType
from wengert.core.ops.functions import broadcast
from wengert.core.ops.products import einsum

FAR = 4096.0
"""e^(−4096) times all that two factors of a float can hold is still 0."""

PLACES = ("permutation", "selection")
"""Moves that add no entries up, either way: their rules hold for truths."""


def flat(node: Node) -> Node | None:
    """Where a node is flat, as truths; None where it is nowhere."""
    side = op_of(node).flat
    if side is None or node.type.is_complex:
        return None
    x = node.inputs[0]
    if side == "left":
        return apply("less", x, constant_like(-FAR, x))
    return apply("greater", apply("abs", x), constant_like(FAR, x))


def _moves_entries(node: Node) -> bool:
    return node.op.kind == "structural" or node.op.joins


def chosen(node: Node) -> Sequence[Node | None]:
    """The entries that a node takes of each input; None where it takes all."""
    return (None,) * len(node.inputs) if node.op.chosen is None else node.op.chosen(*node.inputs)


# ---------------------------------------------------------------- backward


def back_through(node: Node, mask: Mask | None, values: Sequence[Node | None]) -> list[Mask | None]:
    """The masks of what a node adds to the bars of its inputs, `values`."""
    if is_entrywise(node):
        return _back_through_entries(node, mask, values)
    if growth(node) == "mask" or _moves_entries(node):
        always = growth(node) == "mask"
        return [None if v is None else _moved_back(node, mask, k, always) for k, v in enumerate(values)]
    if mask is None:
        return [None] * len(values)
    if node.op is einsum:
        return [None if v is None else _of_factor(node, mask, k) for k, v in enumerate(values)]
    if node.op.weights is not None:
        return [None if v is None else mapped(mask, _over_axes(node)) for v in values]
    return [None if v is None else mapped(mask, _laid_over(v)) for v in values]


def of_body(values: Sequence[Node | None], leaving: Sequence[bool]) -> list[Mask | None]:
    """The masks of what leaves a body: by value, where it may be nothing in places."""
    flags = leaving or [False] * len(values)
    return [
        by_value(v) if doubt and v is not None and not isinstance(v.type, TupleType | TapeType) else None
        for v, doubt in zip(values, flags, strict=True)
    ]


def _back_through_entries(node: Node, mask: Mask | None, values: Sequence[Node | None]) -> list[Mask | None]:
    found: list[Mask | None] = []
    takes = chosen(node) if node.op.chosen is not None else (None,) * len(values)
    far = flat(node)
    if op_of(node).undoes_flat:  # what is flat was a number there, and so is what goes on
        mask = strict_of(mask)
    for value, take in zip(values, takes, strict=True):
        passed = mask
        if value is not None and take is not None:
            passed = both(passed, _just(take))
        if value is not None and far is not None:
            passed = unless_flat(passed, _is_steep_or_something(far, value))
        found.append(passed)
    return found


def _just(truths: Node) -> Callable[[], Node]:
    return lambda: truths


def _is_steep_or_something(far: Node, value: Node) -> Callable[[], Node]:
    """Nothing is what is far out and 0: an infinite signal is still one."""
    return lambda: apply("logical_or", apply("logical_not", far), not_zero(value))


def _moved_back(node: Node, mask: Mask | None, k: int, always: bool) -> Mask | None:
    """Entries that are read are something: the op's own adjoint of the truths, or of 1 and 0 where entries are added up."""

    def entries(mask: Mask | None) -> Node:
        if node.op.moves in PLACES:
            moved = node.op.vjp(node, truths_of(mask, node.type))[k]
            assert moved is not None
            return moved
        back = node.op.vjp(node, counts(mask, node.type))[k]
        assert back is not None
        return not_zero(back)

    return mapped(mask, entries, always=always)


def _laid_over(like: Node) -> Callable[[Mask | None], Node]:
    def whole(mask: Mask | None) -> Node:
        assert mask is not None
        return broadcast(any_over(mask.node, range(mask.node.type.rank)), like.shape, ())

    return whole


def _over_axes(node: Node) -> Callable[[Mask | None], Node]:
    def laid(mask: Mask | None) -> Node:
        assert mask is not None
        return over_axes(node, mask.node)

    return laid


def over_axes(node: Node, truths: Node) -> Node:
    """Truths of a reduction, laid back over the axes of its input."""
    (x,), axes = node.inputs, node.params["axes"]
    return broadcast(truths, x.shape, [k for k in range(x.type.rank) if k not in axes])


def any_over(truths: Node, axes: Sequence[int]) -> Node:
    """Whether one of the entries along the axes holds."""
    if not axes:
        return truths
    return not_zero(apply("sum", apply("cast", truths, dtype="int64"), axes=tuple(axes)))


def _of_factor(node: Node, mask: Mask, k: int) -> Mask | None:
    """The mask of an einsum laid over its input k; the other factors are not looked at."""

    def laid(mask: Mask | None) -> Node:
        assert mask is not None
        return over_factor(node, mask.node, k)

    return mapped(mask, laid)


def over_factor(node: Node, truths: Node, k: int) -> Node:
    """Truths of the shape of an einsum, any over the labels that its input k has not and laid over those that only that has."""
    labels, out = node.params["inputs"][k], node.params["output"]
    kept = [q for q in out if q in labels]
    found = any_over(truths, [i for i, q in enumerate(out) if q not in labels])
    return broadcast(found, node.inputs[k].shape, [labels.index(q) for q in kept])


# ---------------------------------------------------------------- forward


def forward_through(
    node: Node, tangents: Sequence[Node | None], masks: Sequence[Mask | None], result: Node
) -> Mask | None:
    """The mask of the tangent of a node, `result`, from those of the tangents of its inputs."""
    there = [k for k, t in enumerate(tangents) if t is not None]
    if is_entrywise(node):
        return _forward_through_entries(node, there, masks)
    if all(masks[k] is None for k in there):
        return None
    if node.op.moves in PLACES:
        truths = [
            None if t is None else truths_of(m, x.type) for t, m, x in zip(tangents, masks, node.inputs, strict=True)
        ]
        return Mask(lambda: node.op.jvp(node, truths))
    if _moves_entries(node) or growth(node) == "mask":
        ones = [None if t is None else counts(m, x.type) for t, m, x in zip(tangents, masks, node.inputs, strict=True)]
        return Mask(lambda: not_zero(node.op.jvp(node, ones)))
    if any(masks[k] is None for k in there):
        return None
    return Mask(lambda: _whole([m for k in there if (m := masks[k]) is not None], result))


def _forward_through_entries(node: Node, there: Sequence[int], masks: Sequence[Mask | None]) -> Mask | None:
    """A result is something where an input that is taken is; where all are taken between them, all of it is."""
    takes = chosen(node)
    if len(there) > 1 and all(masks[k] is None for k in there):
        return None
    each = [masks[k] if (t := takes[k]) is None else both(masks[k], _just(t)) for k in there]
    return either(each)


def _whole(masks: Sequence[Mask], like: Node) -> Node:
    found = either([Mask(_all_of(mask)) for mask in masks])
    assert found is not None
    return broadcast(found.node, like.shape, ())


def _all_of(mask: Mask) -> Callable[[], Node]:
    return lambda: any_over(mask.node, range(mask.node.type.rank))
