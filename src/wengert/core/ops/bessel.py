"""Bessel functions J, Y, I and K of any order, and those of the orders 0 and 1 that SciPy has by themselves.

A derivative by x is made of the neighbouring orders: that of J_v is (J_(v−1) − J_(v+1))/2. By the order there is none.

Source: Abramowitz and Stegun, 9.1.27 and 9.6.26 (NIST DLMF 10.6.1 and 10.29.1).
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from wengert.core.ir.graph import Node, apply, constant
from wengert.core.ir.notation import unwritten
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ops.kinds import elementwise, within
from wengert.core.ops.orders import ordered, without_partial
from wengert.core.ops.scipy_functions import scipy

HALF = Fraction(1, 2)
Slope = Callable[[Node, Node], Node]


def _neighbours(name: str, sign: int, v: Node, x: Node) -> Node:
    """(f_(v−1) ± f_(v+1)) / 2."""
    below, above = apply(name, v - 1, x), apply(name, v + 1, x)
    return HALF * (below + above if sign > 0 else below - above)


Slopes = Callable[[Node, Node, Node], Node]


def _of_order(name: str, summary: str, slope: Slopes) -> None:
    def partials(y: Node, v: Node, x: Node) -> tuple[Node | None, Node]:
        return without_partial(name, 0, v, x), slope(y, v, x)

    ordered(name, summary, partials=partials, orders=((0, 4),), domain=right, growth="singular")


right = within(0.3, 12)

_of_order("jv", "J_v(x), the Bessel function of the first kind.", lambda y, v, x: _neighbours("jv", -1, v, x))
_of_order("yv", "Y_v(x), the Bessel function of the second kind.", lambda y, v, x: _neighbours("yv", -1, v, x))
_of_order("iv", "I_v(x), the modified function of the first kind.", lambda y, v, x: _neighbours("iv", 1, v, x))
_of_order("kv", "K_v(x), the modified function of the second kind.", lambda y, v, x: -_neighbours("kv", 1, v, x))
_of_order("ive", "I_v(x) e^(−|x|).", lambda y, v, x: _neighbours("ive", 1, v, x) - apply("sign", x) * y)
_of_order("kve", "K_v(x) eˣ.", lambda y, v, x: y - _neighbours("kve", 1, v, x))


def _second(name: str, x: Node) -> Node:
    """The function of order 2."""
    return apply(name, constant(2, x.type.with_dtype("int64")), x)


SLOPES: dict[str, tuple[str, int, Slope]] = {
    "j0": ("jv", 0, lambda y, x: -apply("j1", x)),
    "j1": ("jv", 1, lambda y, x: HALF * (apply("j0", x) - _second("jv", x))),
    "y0": ("yv", 0, lambda y, x: -apply("y1", x)),
    "y1": ("yv", 1, lambda y, x: HALF * (apply("y0", x) - _second("yv", x))),
    "i0": ("iv", 0, lambda y, x: apply("i1", x)),
    "i1": ("iv", 1, lambda y, x: HALF * (apply("i0", x) + _second("iv", x))),
    "k0": ("kv", 0, lambda y, x: -apply("k1", x)),
    "k1": ("kv", 1, lambda y, x: -HALF * (apply("k0", x) + _second("kv", x))),
    "i0e": ("ive", 0, lambda y, x: apply("i1e", x) - apply("sign", x) * y),
    "i1e": ("ive", 1, lambda y, x: HALF * (apply("i0e", x) + _second("ive", x)) - apply("sign", x) * y),
    "k0e": ("kve", 0, lambda y, x: y - apply("k1e", x)),
    "k1e": ("kve", 1, lambda y, x: y - HALF * (apply("k0e", x) + _second("kve", x))),
}
"""The functions of the orders 0 and 1: the function of any order, the order, and the derivative."""


def _value(name: str, general: str, order: int) -> Callable[[Any, Any], Any]:
    """SciPy has the functions of the orders 0 and 1 for real numbers, those of any order for complex ones."""

    def value(xp: Vocabulary, x: Any) -> Any:
        return scipy(general, order, x) if xp.iscomplexobj(x) else scipy(name, x)

    return value


def _partials(slope: Slope) -> Callable[[Node, Node], tuple[Node]]:
    return lambda y, x: (slope(y, x),)


for _name, (_general, _order, _slope) in SLOPES.items():
    elementwise(
        _name,
        f"{_name[0].upper()}_{_order}(x)" + {"i": " e^(−|x|).", "k": " eˣ."}.get(_name[0] * _name.endswith("e"), "."),
        value=_value(_name, _general, _order),
        partials=_partials(_slope),
        domain=right,
        notation=unwritten(_name),
        growth="bounded" if _name[0] in "ji" else "singular",
    )
