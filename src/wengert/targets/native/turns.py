"""Sine and cosine of one angle, where branches guess its quarter turn, so that a chain of angles does not wait for it. It knows no lanes.

x = q π/2 + r. An angle up to 9π/4 is compared with odd multiples of π/4, and each way on has its own multiple of π/2 to
subtract; the next branch takes the polynomial of the sine or of the cosine. In a loop whose angle moves little from step to
step the processor foresees both, and only r and the polynomial are waited for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from wengert.targets.native.coefficients import COS, SIN, TURNS
from wengert.targets.native.memory import Memory
from wengert.targets.native.values import MANTISSA, Value

General = Callable[[], tuple[Value, Value]]
"""Writes (r, q) for an angle that no branch is for."""


class Turn(NamedTuple):
    """x = ±(q π/2 + r), |r| ≤ π/4, with the bit of the sign; `square` is r², but −0 at 0: with it r + r³ P(r²) has the sign of r."""

    r: Value
    square: Value
    q: Value
    sign: Value


def half_turn(b: Memory, q: Value, dtype: str) -> Value:
    """The bit of the sign of a float where q counts a half turn."""
    return b.integer("shl", b.integer("and", q, 2), MANTISSA[dtype] + (7 if dtype == "float32" else 10))


def sine(b: Memory, x: Value, general: General) -> Value:
    """sin x of a number x."""
    turn = _turn(b, x, general)
    return _by_quadrant(b, turn, turn.q, turn.sign)


def cosine(b: Memory, x: Value, general: General) -> Value:
    """cos x = sin(|x| + π/2) of a number x."""
    turn = _turn(b, x, general)
    q = b.integer("add", turn.q, 1)
    return _by_quadrant(b, turn, q, b.like(0, q))


def _turn(b: Memory, x: Value, general: General) -> Turn:
    return b.shared(("turns", x), lambda: _guessed(b, x, general))


def _by_quadrant(b: Memory, turn: Turn, q: Value, minus: Value) -> Value:
    """±sin(q π/2 + r). The sign goes into the terms early, where nothing waits for it."""
    r = turn.r
    bits = b.binary("xor", minus, half_turn(b, q, r.dtype))
    sign = b.from_bits(b.binary("or", bits, b.bits(b.like(1, r))), r.dtype)
    odd = b.not_equal(b.integer("and", q, 1), b.like(0, q))
    even, uneven, after = b.label("sine"), b.label("cosine"), b.label("quadrant")
    b.branch(odd, uneven, even)
    arms: list[tuple[Value, str]] = []
    for label, polynomial in ((even, _sine), (uneven, _cosine)):
        b.start_block(label)
        with b.scope():
            arms.append((polynomial(b, r, turn.square, sign), label))
        b.jump(after)
    b.start_block(after)
    return b.phi(arms)


def _sine(b: Memory, r: Value, square: Value, sign: Value) -> Value:
    """±sin r = ±(r + r³ P(r²))."""
    r = b.multiply(r, sign)
    return b.fma(b.multiply(square, r), b.polynomial(SIN[r.dtype], square), r)


def _cosine(b: Memory, r: Value, square: Value, sign: Value) -> Value:
    """±cos r = ±(1 − ½ r² + r⁴ P(r²))."""
    head = b.fma(square, b.multiply(sign, b.like(-0.5, r)), sign)
    fourth = b.multiply(b.multiply(square, square), sign)
    return b.fma(fourth, b.polynomial(COS[r.dtype], square), head)


def _guessed(b: Memory, x: Value, general: General) -> Turn:
    size, bits = b.abs(x), b.bits(x)
    none, minus = b.like(0, bits), b.integer("and", bits, -(2 ** (31 if x.dtype == "float32" else 63)))
    after, zero, elsewhere, small = (b.label(name) for name in ("turned", "zero", "angle", "small"))
    with b.scope():
        ways = _ways(b, size, elsewhere)
    arms: list[tuple[Turn, str]] = []
    for q, label in enumerate(ways):
        b.start_block(label)
        with b.scope():
            if q == 0:
                b.branch(b.equal(x, b.like(0, x)), zero, small)
                b.start_block(small)
            r = x if q == 0 else _remainder(b, size, q)
        arms.append((Turn(r, r, b.like(q, none), minus if q else none), b.block))
        b.jump(after)
    b.start_block(zero)
    with b.scope():
        arms.append((Turn(x, b.negative(x), none, none), zero))
    b.jump(after)
    b.start_block(elsewhere)
    with b.scope():
        r, q = general()
    arms.append((Turn(r, r, q, none), b.block))
    b.jump(after)
    b.start_block(after)
    r, factor, q, sign = (b.phi([(turn[k], label) for turn, label in arms]) for k in range(4))
    return Turn(r, b.multiply(r, factor), q, sign)


def _ways(b: Memory, size: Value, elsewhere: str) -> list[str]:
    """Branches on |x|: the labels, their blocks still to be written, where it has 0, 1, … quarter turns; large angles go elsewhere."""
    most = len(TURNS[size.dtype])
    found = [b.label("turn") for _ in range(most + 1)]

    def below(turns: int) -> Value:
        return b.less_equal(size, b.like((2 * turns + 1) * math.pi / 4, size))

    on = b.label("few")
    b.branch(below(most), on, elsewhere)
    for turns in range(most):
        b.start_block(on)
        on = b.label("on") if turns + 1 < most else found[most]
        b.branch(below(turns), found[turns], on)
    return found


def _remainder(b: Memory, size: Value, q: int) -> Value:
    """|x| − q π/2; the first subtraction is exact."""
    high, low = TURNS[size.dtype][q - 1]
    return b.subtract(b.subtract(size, b.like(high, size)), b.like(low, size))
