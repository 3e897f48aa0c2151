"""Products of several factors whose partial products do not leave the range of floats: y·u′·y where y² is no float and y u′ is one.

The factors are put in order of size; a product below 1 takes the largest that is left, any other the smallest. So no partial
product leaves the range unless the whole does, or a factor is no normal number.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from wengert.core.ir.graph import Node, apply
from wengert.core.ir.notation import unwritten
from wengert.core.ir.op import Op
from wengert.core.ops.kinds import away_from_zero, elementwise

FEWEST, MOST = 3, 8
"""So many factors are put in order; two have one order."""


def _larger_first(xp: Any, a: Any, b: Any) -> tuple[Any, Any]:
    swap = xp.less(xp.abs(a), xp.abs(b))
    return xp.where(swap, b, a), xp.where(swap, a, b)


def _by_size(xp: Any, factors: Sequence[Any]) -> list[Any]:
    """The factors, the largest first: each in turn is sunk to its place."""
    found: list[Any] = []
    for factor in factors:
        for k, other in enumerate(found):
            found[k], factor = _larger_first(xp, other, factor)
        found.append(factor)
    return found


def _value(xp: Any, *factors: Any) -> Any:
    largest, *rest, smallest = _by_size(xp, factors)
    product = xp.multiply(largest, smallest)
    one = xp.ones_like(product)
    while len(rest) > 1:
        small = xp.less(xp.abs(product), one)
        taken = xp.where(small, rest[0], rest[-1])
        rest = [xp.where(small, after, before) for before, after in itertools.pairwise(rest)]
        product = xp.multiply(product, taken)
    return xp.multiply(product, rest[0])


def product_of(factors: Sequence[Node]) -> Node:
    """Π x_k, in an order that keeps to the range of floats; of at most `MOST` factors."""
    if len(factors) == 1:
        return factors[0]
    return apply("multiply" if len(factors) < FEWEST else f"balanced{len(factors)}", *factors)


def _others(factors: Sequence[Node], k: int) -> list[Node]:
    return [*factors[:k], *factors[k + 1 :]]


def _through(signals: Sequence[Node | None], y: Node, *factors: Node) -> tuple[Node | None, ...]:
    """The signal takes the place of the factor."""
    return tuple(None if s is None else product_of([s, *_others(factors, k)]) for k, s in enumerate(signals))


def _partials(y: Node, *factors: Node) -> tuple[Node, ...]:
    return tuple(product_of(_others(factors, k)) for k in range(len(factors)))


def _of(count: int) -> Op:
    return elementwise(
        f"balanced{count}",
        f"A product of {count} factors, multiplied in an order that keeps to the range of floats.",
        value=_value,  # pyright: ignore[reportArgumentType]
        partials=_partials,  # pyright: ignore[reportArgumentType]
        through=_through,
        arity=count,
        domain=away_from_zero,
        notation=unwritten(f"balanced{count}"),
    )


BALANCED = tuple(_of(count) for count in range(FEWEST, MOST + 1))
