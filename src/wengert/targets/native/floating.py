"""What floating-point functions are made of: bits and powers of two, polynomials, and the exact errors of roundings. It knows no function.

It takes the form that the target is best at: a fused multiply-add or two roundings, vscalef or two factors.
"""

from __future__ import annotations

import math
from functools import cache

from wengert.targets.native.instructions import Instructions
from wengert.targets.native.values import BIAS, INTEGERS, MANTISSA, Value, constant_of, suffix_of

ROUNDER = {"float32": 1.5 * 2.0**23, "float64": 1.5 * 2.0**52}
"""1.5 · 2^(bits of the mantissa): added to x, it leaves the nearest whole number in the low bits of the sum."""

ROUNDER_BITS = {"float32": 0x4B400000, "float64": 0x4338000000000000}


@cache
def _constants(numbers: tuple[float, ...], dtype: str, width: int) -> tuple[Value, ...]:
    return tuple([constant_of(number, dtype, width) for number in numbers])


class Floating(Instructions):
    """A builder of the pieces of floating-point functions."""

    # bits of floats

    def bits(self, x: Value) -> Value:
        """The bits of a float as an integer of its size."""
        return self.converted("bitcast", x, INTEGERS[x.dtype])

    def from_bits(self, x: Value, dtype: str) -> Value:
        """The float with these bits."""
        return self.converted("bitcast", x, dtype)

    def integer(self, instruction: str, x: Value, number: int) -> Value:
        """An integer instruction with a constant: add, and, xor, shl, lshr, ashr."""
        return self.binary(instruction, x, self.like(number, x))

    def nearest(self, x: Value, factor: float | None = None) -> tuple[Value, Value]:
        """The whole number nearest to x (or to `factor` · x), as a float and as an integer, for |x| < 2^(bits of the mantissa − 1).

        One addition rounds and one subtraction restores: no conversion, which AVX2 has not for 64-bit integers.
        """
        shifted = self._shifted(x, factor)
        whole = self.subtract(shifted, self.like(ROUNDER[x.dtype], x))
        return whole, self.integer("sub", self.bits(shifted), ROUNDER_BITS[x.dtype])

    def _shifted(self, x: Value, factor: float | None) -> Value:
        """The sum with `ROUNDER`, whose low bits are the whole number nearest to x or to `factor` · x."""
        rounder = self.like(ROUNDER[x.dtype], x)
        return self.add(x, rounder) if factor is None else self.fma(x, self.like(factor, x), rounder)

    def power_of_nearest(self, x: Value, factor: float, shift: int) -> Value:
        """2ⁿ⁻ˢ with the n of `nearest`, where that is a normal number: what `ROUNDER` has above its low bits is shifted out."""
        low = self.integer("shl", self.bits(self._shifted(x, factor)), MANTISSA[x.dtype])
        return self.from_bits(self.integer("add", low, (BIAS[x.dtype] - shift) << MANTISSA[x.dtype]), x.dtype)

    def small_float(self, k: Value, dtype: str) -> Value:
        """A small integer (|k| < 2^(bits of the mantissa − 1)) as a float of its size."""
        if dtype == "float32" or self.target.scaled_exponent:
            return self.cast(k, dtype)
        shifted = self.from_bits(self.integer("add", k, ROUNDER_BITS[dtype]), dtype)
        return self.subtract(shifted, constant_of(ROUNDER[dtype], dtype, k.width))

    def power_of_two(self, n: Value, dtype: str) -> Value:
        """2ⁿ by its bits, for an n whose 2ⁿ is a normal number."""
        return self.from_bits(self.integer("shl", self.integer("add", n, BIAS[dtype]), MANTISSA[dtype]), dtype)

    def scaled(self, x: Value, n: Value) -> Value:
        """x · 2ⁿ, rounded once, subnormal results included; n is an integer of the size of x, |n| ≤ 2 · bias."""
        if self.target.scaled_exponent:
            exponent = self.cast(n, "int32")
            name = f"llvm.ldexp.{suffix_of(x.dtype, x.width)}.{suffix_of('int32', x.width)}"
            return self.intrinsic(name, (x.dtype, x.width), x, exponent)
        # Two factors: neither overflows, and only the second product can round.
        half = self.integer("ashr", n, 1)
        rest = self.subtract(n, half)
        return self.multiply(self.multiply(x, self.power_of_two(half, x.dtype)), self.power_of_two(rest, x.dtype))

    # polynomials and compensated arithmetic

    def polynomial(self, coefficients: tuple[float, ...], x: Value) -> Value:
        """Σ cₖ xᵏ, by pairs and pairs of pairs (Estrin), so that the chain of dependent steps is short."""
        terms = list(_constants(coefficients, x.dtype, x.width))
        power = x
        while len(terms) > 1:
            pairs = [self.fma(terms[k + 1], power, terms[k]) for k in range(0, len(terms) - 1, 2)]
            terms = pairs + terms[len(pairs) * 2 :]
            power = self.multiply(power, power) if len(terms) > 1 else power
        return terms[0]

    def polynomial_from(self, coefficients: tuple[float, ...], x: Value) -> Value:
        """The polynomial with its constant term added last: where that term dominates, nearly one rounding."""
        return self.fma(self.polynomial(coefficients[1:], x), x, self.like(coefficients[0], x))

    def two_sum(self, x: Value, y: Value) -> tuple[Value, Value]:
        """(s, e): s = x + y rounded and e what the rounding lost, exactly (Knuth, TAOCP 2, 4.2.2)."""
        s = self.add(x, y)
        back = self.subtract(s, x)
        return s, self.add(self.subtract(x, self.subtract(s, back)), self.subtract(y, back))

    def fast_two_sum(self, x: Value, y: Value) -> tuple[Value, Value]:
        """(s, e) of `two_sum` where |x| ≥ |y|."""
        s = self.add(x, y)
        return s, self.subtract(y, self.subtract(s, x))

    def two_product(self, x: Value, y: Value) -> tuple[Value, Value]:
        """(p, e): p = x y rounded and e what the rounding lost, exactly where nothing overflows or underflows."""
        p = self.multiply(x, y)
        if self.target.fma:
            return p, self.fma(x, y, self.negative(p))
        (xh, xl), (yh, yl) = self._halves(x), self._halves(y)
        cross = self.add(self.multiply(xh, yl), self.multiply(xl, yh))
        return p, self.add(self.add(self.subtract(self.multiply(xh, yh), p), cross), self.multiply(xl, yl))

    def _halves(self, x: Value) -> tuple[Value, Value]:
        """x as a sum of two numbers with half the bits (Dekker 1971)."""
        factor = 2.0 ** ((MANTISSA[x.dtype] + 2) // 2) + 1
        scaled = self.multiply(x, self.like(factor, x))
        high = self.subtract(scaled, self.subtract(scaled, x))
        return high, self.subtract(x, high)

    def clamp(self, x: Value, low: float, high: float) -> Value:
        """x within [low, high]; NaN stays NaN."""
        return self.minimum(self.maximum(x, self.like(low, x)), self.like(high, x))

    def is_infinite(self, x: Value) -> Value:
        """Whether |x| = ∞."""
        return self.equal(self.abs(x), self.like(math.inf, x))
