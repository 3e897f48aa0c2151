"""Signals times slopes, where a signal may be nothing and a slope infinite. Both modes follow the same rule.

The product is plain where the slope is bounded. Else, where a mask says that the signal may be nothing, the product is taken where it is
something and is 0 elsewhere. A signal that is infinite, since it passed a singular slope, meets a selection instead of 1 and 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from wengert.core.autodiff import deferred
from wengert.core.autodiff.deferred import Deferred
from wengert.core.autodiff.growth import growth, is_finite, may_overflow, moved_from, op_of
from wengert.core.autodiff.masks import Mask, is_on, not_zero, selected, strict_of
from wengert.core.autodiff.passing import chosen, flat, over_axes, over_factor
from wengert.core.ir.graph import Node, apply, constant_like
from wengert.core.ops.arithmetic import multiply, power
from wengert.core.ops.functions import broadcast
from wengert.core.ops.kinds import add_all, carried, constant_value, times
from wengert.core.ops.meeting import is_gate
from wengert.core.ops.primes import prime
from wengert.core.ops.products import einsum
from wengert.core.ops.squares import at_least, is_over_powers, raised


def vjp(
    node: Node,
    bar: Node,
    mask: Mask | None,
    *,
    steep: bool = False,
    degree: float | None = None,
    arrived: Sequence[Deferred] = (),
) -> tuple[Sequence[Node | None], Sequence[Sequence[Deferred]]]:
    """The op's vjp, and which of it are products that wait, as terms. `mask` is that of the bar; `steep` says that the bar may be infinite.

    `arrived` is the bar as terms that wait, if it is such. `degree` is that of a root by the base of this node, a power whose bar is infinite where the root is least (see `ops.squares`).
    """
    plain, waiting = _with_last_factors(node, bar, _plain_vjp(node, bar, mask), arrived)
    values = _selected(node, bar, mask, plain, steep, degree) if is_on() else plain
    kept = [deferred.kept(w, p, v) for w, p, v in zip(waiting, plain, values, strict=True)]
    return values, kept


def _with_last_factors(
    node: Node, bar: Node, values: Sequence[Node | None], arrived: Sequence[Deferred]
) -> tuple[Sequence[Node | None], Sequence[Sequence[Deferred]]]:
    """What a node sends on, with the last factor of each signal last; and which of it waits for further factors."""
    if not arrived:
        return values, deferred.begun_at_product(node, bar) if node.op is multiply else deferred.begun(node, values)
    waiting = deferred.passed(node, arrived)
    if node.op.fades and waiting[0]:
        signals = [_unless_faded(node, [each.signal])[0] for each in waiting[0]]
        waiting[0] = [replace(w, signal=s) for w, s in zip(waiting[0], signals, strict=True) if s is not None]
    return [add_all([t.product for t in w]) if w else v for v, w in zip(values, waiting, strict=True)], waiting


def _selected(
    node: Node, bar: Node, mask: Mask | None, values: Sequence[Node | None], steep: bool, degree: float | None
) -> Sequence[Node | None]:
    """What a node sends on, where its bar is something and it takes the entries."""
    if is_over_powers(node):
        values = [_guarded(node, bar, values[0]), *values[1:]]
    if node.op.partials is not None or node.op is prime:
        values = [_asked(node, k, v, mask) for k, v in enumerate(values)]
    elif node.op.weights is not None and mask is not None and growth(node) == "unbounded":
        values = [selected(node, over_axes(node, mask.node), values[0])]
    if steep and node.op.chosen is not None and node.op.partials is not None:
        values = [v if t is None else selected(node, t, v) for v, t in zip(values, chosen(node), strict=True)]
    if degree is not None and (power := raised(node)) is not None:
        values = [
            v if x is not power[0] else selected(node, _is_not_least(node, k, bar), v, other=at_least(x, degree))
            for k, (x, v) in enumerate(zip(node.inputs, values, strict=True))
        ]
    return values


def _is_not_least(node: Node, k: int, bar: Node) -> Node:
    """Where the base of a power under a root is not 0, or its bar says that the root is not."""
    away = apply("not_equal", apply("abs", bar), constant_like(math.inf, bar))
    return apply("logical_or", not_zero(node.inputs[k]), over_factor(node, away, k) if node.op is einsum else away)


def _guarded(node: Node, bar: Node, value: Node | None) -> Node | None:
    """The signal of a root over powers: NaN where its bar is not finite, else ∞ where the root is 0, so that the powers can tell the two."""
    if value is None or ((number := constant_value(moved_from(bar))) and math.isfinite(number)):
        return value
    finite = apply("less", apply("abs", bar), constant_like(math.inf, bar))
    least = apply("where", not_zero(node), value, constant_like(math.inf, value))
    return apply("where", finite, least, constant_like(math.nan, value))


def _plain_vjp(node: Node, bar: Node, mask: Mask | None) -> Sequence[Node | None]:
    if node.op.partials is not None:
        return _unless_faded(node, carried(node, [bar] * len(node.inputs)))
    if node.op is prime:
        return [times(bar, _next_prime(node))]
    if node.op is einsum and mask is not None and is_on():
        return [_einsum_adjoint(node, bar, mask, k) for k in range(len(node.inputs))]
    return node.op.vjp(node, bar)


def jvp(
    node: Node,
    tangents: Sequence[Any],
    masks: Sequence[Mask | None],
    *,
    after_inverse: bool,
    steep: bool,
    arrived: Sequence[Sequence[Deferred]] = (),
) -> tuple[Any, Sequence[Deferred]]:
    """The op's jvp by the same rule, and its terms, where they are products that wait; what is flat is selected here, unless it
    comes after an inverse of what is flat. `arrived` are the terms of the tangents that are such."""
    if node.op.weights is not None and growth(node) == "unbounded":
        return _weighted(node, tangents[0], masks[0]), ()
    if node.op.partials is None and node.op is not prime:
        k = 1 if is_gate(node) else 0
        waits = len(arrived) == 1 + 2 * k and arrived[k]
        return node.op.jvp(node, tangents), deferred.advanced(node, k, arrived[k], tangents[k]) if waits else ()
    products, waiting = _products(node, tangents, arrived)
    values = _terms(node, products, masks, after_inverse, steep) if is_on() else products
    return add_all(values), _kept(waiting, products, values)


def _kept(
    waiting: Sequence[Sequence[Deferred]], products: Sequence[Node | None], values: Sequence[Node | None]
) -> list[Deferred]:
    """The terms that wait, all of them or none, with the selections that were made."""
    found: list[Deferred] = []
    for terms, product, value in zip(waiting, products, values, strict=True):
        if value is None or product is None:
            continue
        kept = [each.kept(product, value) for each in terms]
        if not kept or None in kept:
            return []
        found += [each for each in kept if each is not None]
    return found if len(found) <= deferred.MOST else []


def _products(
    node: Node, tangents: Sequence[Any], arrived: Sequence[Sequence[Deferred]]
) -> tuple[list[Node | None], Sequence[Sequence[Deferred]]]:
    """ẋ ∂y/∂x for each input, and the terms of which it is the sum, where they wait."""
    if node.op is prime:
        products = [None if tangents[0] is None else times(tangents[0], _next_prime(node))]
    else:
        products = carried(node, tangents)
    if node.op.fades and may_overflow(node.inputs[0]):
        return _unless_faded(node, products), [()] * len(products)
    if not any(arrived) and not deferred.is_own_slope(node):
        return products, deferred.begun(node, products)
    waiting = [
        () if t is None else deferred.advanced(node, k, terms, t)
        for k, (t, terms) in enumerate(zip(tangents, arrived or [()] * len(tangents), strict=True))
    ]
    together = [
        add_all([each.product for each in terms]) if terms else p for p, terms in zip(products, waiting, strict=True)
    ]
    return together, waiting


def _terms(
    node: Node, products: Sequence[Node | None], masks: Sequence[Mask | None], after_inverse: bool, steep: bool
) -> list[Node | None]:
    """The products where what they are of is something, taken and not flat."""
    terms = [_asked(node, k, t, m) for k, (t, m) in enumerate(zip(products, masks, strict=True))]
    if steep and node.op.chosen is not None:
        terms = [v if t is None else selected(node, t, v) for v, t in zip(terms, chosen(node), strict=True)]
    far = None if after_inverse else flat(node)
    if far is not None:
        terms = [selected(node, apply("logical_not", far), v) for v in terms]
    return terms


def _weighted(node: Node, tangent: Node, mask: Mask | None) -> Node:
    """Σ ẋ w of a reduction, of what is something."""
    assert node.op.weights is not None
    product: Node | None = tangent * node.op.weights(node)
    if mask is not None and is_on():
        product = selected(node, mask.node, product)
    assert product is not None
    return apply("sum", product, axes=node.params["axes"])


def _asked(node: Node, k: int, product: Node | None, mask: Mask | None) -> Node | None:
    """The product for input k, selected where its slope may be infinite beside a signal that is nothing."""
    if product is None or growth(node) not in ("singular", "unbounded"):
        return product
    if node.op is multiply:
        mask = _beside(node.inputs[1 - k], mask)
    elif op_of(node).undoes_flat:
        mask = strict_of(mask)
    return product if mask is None else selected(node, mask.node, product)


def _beside(factor: Node, mask: Mask | None) -> Mask | None:
    """The mask that counts beside a factor: none beside one that is finite; beside one from outside, a flat signal is a number."""
    if is_finite(factor):
        return None
    return mask if may_overflow(factor) else strict_of(mask)


def _unless_faded(node: Node, products: list[Node | None]) -> list[Node | None]:
    """The products, and NaN where the first input has overflowed: log x falls so slowly that its slope there is not 0."""
    x, first = node.inputs[0], products[0]
    if first is None or not node.op.fades or x.type.is_complex or not may_overflow(x):
        return products
    whole = apply("less", apply("abs", x), constant_like(math.inf, x))
    if node.op is power:
        slow = _is_broken(node.inputs[1])
        if slow is None:
            return products
        whole = apply("logical_or", whole, apply("logical_not", slow))
    return [apply("where", whole, first, constant_like(math.nan, first)), *products[1:]]


def _is_broken(exponent: Node) -> Node | None:
    """Whether an exponent is between 0 and 1; None where it is a number that is not."""
    number = constant_value(exponent)
    if number is not None and not 0 < number < 1:
        return None
    return apply("logical_and", exponent > 0, exponent < 1)


def _next_prime(node: Node) -> Node:
    function, order = node.params["function"], node.params["order"]
    return apply("prime", node.inputs[0], function=function, order=order + 1)


def _einsum_adjoint(node: Node, bar: Node, mask: Mask, k: int) -> Node | None:
    """ȳ times the other factor without a sum, as in the adjoint of Σ x², is selected; a sum of products stays an einsum."""
    inputs, output = node.params["inputs"], node.params["output"]
    target = inputs[k]
    if len(inputs) != 2 or len(set(target)) != len(target):
        return node.op.vjp(node, bar)[k]
    other, labels = node.inputs[1 - k], inputs[1 - k]
    if len(set(labels)) != len(labels) or not {*output, *labels} <= set(target):
        return node.op.vjp(node, bar)[k]
    beside = _beside(other, mask)
    if beside is None:
        return node.op.vjp(node, bar)[k]
    shape = node.inputs[k].shape
    signal = broadcast(bar, shape, [target.index(label) for label in output])
    product = signal * broadcast(other, shape, [target.index(label) for label in labels])
    return selected(node, over_factor(node, beside.node, k), product)
