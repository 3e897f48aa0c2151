"""Masks: where a signal may be something. Nothing is not the number 0. It knows no rule of an op.

Nothing is what was not asked for (a cotangent or tangent given as 0), what was not taken (the other side of a `where`, an entry that
no one reads) and what is flat (exp far left, tanh far out: no factor that a float holds brings it back). A signal that is nothing stays
nothing beside a slope that is not finite. A 0 that was computed is a number, and 0 · ∞ is NaN.

A mask is a comparison that the forward pass has made already, and it is built only where a slope that may be infinite asks for it.
None stands for everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from wengert.core.ir.graph import Node, apply, constant
from wengert.core.ir.mask import Mask
from wengert.core.ir.types import ArrayType
from wengert.core.ops.complex_numbers import PART, is_zero
from wengert.core.ops.kinds import constant_value, zeros_like

_ON: ContextVar[bool] = ContextVar("annihilation", default=True)
_LIST: ContextVar[list[Gate] | None] = ContextVar("annihilations", default=None)


class Gate(NamedTuple):
    """A product of a derivative that is 0 where its truths do not hold, whatever the product is there."""

    node: Node
    """The node whose slope it has."""
    truths: Node
    product: Node


def strict_of(mask: Mask | None) -> Mask | None:
    """The mask without what is flat."""
    return None if mask is None else mask.strict


def mapped(mask: Mask | None, make: Callable[[Mask | None], Node], *, always: bool = False) -> Mask | None:
    """The mask made from this one and, where that is another, from its strict one; None from None unless `always`."""
    if mask is None and not always:
        return None
    found = Mask(lambda: make(mask))
    strict = strict_of(mask)
    return found if strict is mask else found.beside(mapped(strict, make, always=always))


def both(mask: Mask | None, make: Callable[[], Node]) -> Mask:
    """Where a mask holds and further truths do."""

    def joined(mask: Mask | None) -> Node:
        return make() if mask is None else apply("logical_and", mask.node, make())

    found = mapped(mask, joined, always=True)
    assert found is not None
    return found


def unless_flat(mask: Mask | None, make: Callable[[], Node]) -> Mask:
    """Where a mask holds and the truths, that the op is not flat, do; the strict mask is that of `mask`."""
    return Mask(lambda: make() if mask is None else apply("logical_and", mask.node, make())).beside(strict_of(mask))


def either(masks: Sequence[Mask | None]) -> Mask | None:
    """Where one of several signals may be something."""
    there = [mask for mask in masks if mask is not None]
    if len(there) < len(masks) or not masks:
        return None
    if all(mask is there[0] for mask in there):
        return there[0]
    found = Mask(lambda: _any_of([mask.node for mask in there]))
    stricts = [mask.strict for mask in there]
    return found if stricts == there else found.beside(either(stricts))


def _any_of(nodes: Sequence[Node]) -> Node:
    found, *rest = dict.fromkeys(nodes)
    for each in rest:
        found = apply("logical_or", found, each)
    return found


def given(signal: Node) -> Mask | None:
    """The mask of a signal that comes from outside: what is 0 there was not asked for."""
    return None if constant_value(signal) not in (None, 0) else by_value(signal)


def by_value(signal: Node) -> Mask:
    """Where a signal is not 0."""
    return Mask(lambda: not_zero(signal))


def not_zero(x: Node) -> Node:
    """Whether x is not 0, entry by entry."""
    return apply("logical_not", is_zero(x)) if x.type.is_complex else apply("not_equal", x, zeros_like(x))


def counts(mask: Mask | None, type: ArrayType) -> Node:
    """The mask of a signal of this type as real numbers 1 and 0."""
    dtype = PART.get(type.dtype, type.dtype)
    return constant(1, type.with_dtype(dtype)) if mask is None else apply("cast", mask.node, dtype=dtype)


def truths_of(mask: Mask | None, type: ArrayType) -> Node:
    """The mask of a signal of this type as truths, where it is everywhere as well."""
    return constant(True, type.with_dtype("bool")) if mask is None else mask.node


def gated(truths: Node, product: Node | None) -> Node | None:
    """The product where the truths hold, else 0."""
    return None if product is None else apply("where", truths, product, zeros_like(product))


def selected(node: Node, truths: Node, product: Node | None, *, other: Node | None = None) -> Node | None:
    """A product with the slope of a node where the truths hold, else 0, by another node where one is given; listed for whoever listens."""
    if product is None:
        return None
    listed = _LIST.get()
    if listed is not None:
        listed.append(Gate(node, truths, product))
    return gated(truths, product) if other is None else apply("where", truths, product, other)


def is_on() -> bool:
    """Whether what is nothing annihilates a slope that is not finite."""
    return _ON.get()


@contextmanager
def annihilating(on: bool) -> Generator[None]:
    """Derive with or without masks for a while."""
    token = _ON.set(on)
    try:
        yield
    finally:
        _ON.reset(token)


@contextmanager
def listed() -> Generator[list[Gate]]:
    """Derive and keep a list of every gate that is made."""
    found: list[Gate] = []
    token = _LIST.set(found)
    try:
        yield found
    finally:
        _LIST.reset(token)
