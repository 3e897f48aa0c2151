"""The builder that the emitter writes with: instructions, memory and every function of the ops, inline or outlined. It knows no graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wengert.backends.native import exponential, hyperbolic, inverse, powers, remainders, special, trigonometry
from wengert.backends.native.instructions import Body
from wengert.backends.native.memory import Memory
from wengert.backends.native.module import Module
from wengert.backends.native.values import Value, type_of

__all__ = ["Body", "Builder", "Module", "Value"]


def definition(
    module: Module, name: str, rule: Callable[..., Value], arguments: Sequence[Value], params: Mapping[str, Any]
) -> str:
    """A function of its own with the value of rule(builder, *arguments, **params); the arguments give only types."""
    dtype, width = arguments[0].dtype, arguments[0].width
    inner = Builder(module, width)
    names = [Value(f"%x{k}", argument.dtype, argument.width) for k, argument in enumerate(arguments)]
    result = rule(inner, *names, **params)
    head = f"define internal {type_of(dtype, width)} @{name}({', '.join(x.text for x in names)}) noinline #0 {{"
    return "\n".join([head, "entry:", *inner.lines, f"  ret {result.text}", "}"])


class Builder(Memory):
    """Code of `width` lanes, in the lines of a body that builders of other widths may share.

    With `outline` a mathematical function is a call of one function per (name, dtype, width), of the module or of the library
    that modules share: code for many ops then grows by a call each. Without it the function is written in place, and shares what it can with its neighbours.
    """

    def __init__(self, module: Module, width: int, body: Body | None = None, *, outline: bool = False) -> None:
        super().__init__(module, width, body)
        self.outline = outline

    @property
    def scalar(self) -> Builder:
        """The builder of width 1 that writes the same lines."""
        return self.with_width(1)

    def with_width(self, width: int, *, outline: bool = False) -> Builder:
        """The builder of another width that writes the same lines; it outlines if this one does, or if told to."""
        return self if width == self.width else Builder(self.module, width, self.body, outline=outline or self.outline)

    def _function(self, rule: Callable[..., Value], *arguments: Value, key: str = "", **params: Any) -> Value:
        """The value of a function: its instructions, or a call."""
        if not self.outline:
            return rule(self, *arguments, **params)
        x = arguments[0]
        name = f"wg_{rule.__name__}{key}_{x.dtype}_{x.width}"
        if self.module.shares:
            kinds = ", ".join(argument.type for argument in arguments)
            called = self.module.declare(f"declare {x.type} @{name}({kinds})")
        else:
            called = self.module.define_once(name, lambda: definition(self.module, name, rule, arguments, params))
        operands = ", ".join(argument.text for argument in arguments)
        return self.pure(f"call {x.type} {called}({operands})", x.dtype, x.width)

    # exponentials and logarithms

    def exp(self, x: Value) -> Value:
        """eˣ."""
        return self._function(exponential.exp, x)

    def exp2(self, x: Value) -> Value:
        """2ˣ."""
        return self._function(exponential.exp2, x)

    def expm1(self, x: Value) -> Value:
        """eˣ − 1, exact near 0."""
        return self._function(exponential.expm1, x)

    def log(self, x: Value) -> Value:
        """log x."""
        return self._function(exponential.log, x)

    def log2(self, x: Value) -> Value:
        """log₂ x."""
        return self._function(exponential.log2, x)

    def log10(self, x: Value) -> Value:
        """log₁₀ x."""
        return self._function(exponential.log10, x)

    def log1p(self, x: Value) -> Value:
        """log(1 + x), exact near 0."""
        return self._function(exponential.log1p, x)

    def tanh(self, x: Value) -> Value:
        """tanh x."""
        return self._function(exponential.tanh, x)

    def logistic(self, x: Value) -> Value:
        """1/(1 + e^(−x)), exact in the left tail."""
        return self._function(exponential.logistic, x)

    def logistic_slope(self, x: Value) -> Value:
        """σ(x) σ(−x), exact in both tails."""
        return self._function(exponential.logistic_slope, x)

    def sech2(self, x: Value) -> Value:
        """1/cosh² x, exact in both tails."""
        return self._function(exponential.sech2, x)

    def gauss(self, x: Value) -> Value:
        """e^(−x²), without the rounding of x²."""
        return self._function(exponential.gauss, x)

    def softplus(self, x: Value) -> Value:
        """log(1 + eˣ), exact in the left tail."""
        return self._function(exponential.softplus, x)

    def logaddexp(self, x: Value, y: Value) -> Value:
        """log(eˣ + eʸ) without overflow."""
        return self._function(exponential.logaddexp, x, y)

    def xlogy(self, x: Value, y: Value) -> Value:
        """x log y, and 0 where x = 0."""
        return self._function(exponential.xlogy, x, y)

    # trigonometry

    def sin(self, x: Value) -> Value:
        """sin x."""
        return self._function(trigonometry.sin, x)

    def cos(self, x: Value) -> Value:
        """cos x."""
        return self._function(trigonometry.cos, x)

    def tan(self, x: Value) -> Value:
        """tan x."""
        return self._function(trigonometry.tan, x)

    def arcsin(self, x: Value) -> Value:
        """The angle in [−π/2, π/2] whose sine is x."""
        return self._function(inverse.arcsin, x)

    def arccos(self, x: Value) -> Value:
        """The angle in [0, π] whose cosine is x."""
        return self._function(inverse.arccos, x)

    def arctan(self, x: Value) -> Value:
        """The angle in (−π/2, π/2) whose tangent is x."""
        return self._function(inverse.arctan, x)

    def arctan2(self, y: Value, x: Value) -> Value:
        """The angle of the point (x, y) in (−π, π]."""
        return self._function(inverse.arctan2, y, x)

    # hyperbolic functions

    def sinh(self, x: Value) -> Value:
        """sinh x."""
        return self._function(hyperbolic.sinh, x)

    def cosh(self, x: Value) -> Value:
        """cosh x."""
        return self._function(hyperbolic.cosh, x)

    def arcsinh(self, x: Value) -> Value:
        """The inverse of sinh."""
        return self._function(hyperbolic.arcsinh, x)

    def arccosh(self, x: Value) -> Value:
        """The inverse of cosh for x ≥ 1."""
        return self._function(hyperbolic.arccosh, x)

    def arctanh(self, x: Value) -> Value:
        """The inverse of tanh for |x| < 1."""
        return self._function(hyperbolic.arctanh, x)

    # powers and roots

    def power(self, x: Value, y: Value) -> Value:
        """xʸ, with the special cases of C's pow."""
        return self._function(powers.power, x, y)

    def integer_power(self, x: Value, exponent: int) -> Value:
        """xⁿ. Raises GraphError for an integer x and n < 0."""
        if powers.is_product(x, exponent):
            return powers.integer_power(self, x, exponent)
        return self._function(powers.integer_power, x, key=f"_{exponent}".replace("-", "m"), exponent=exponent)

    def cbrt(self, x: Value) -> Value:
        """The real cube root."""
        return self._function(powers.cbrt, x)

    def hypot(self, x: Value, y: Value) -> Value:
        """√(x² + y²) without overflow."""
        return self._function(powers.hypot, x, y)

    # remainders

    def fmod(self, x: Value, y: Value) -> Value:
        """The remainder of x/y that has the sign of x, exact."""
        return self.host_call("fmod", x, y)

    def remainder(self, x: Value, y: Value) -> Value:
        """The remainder of x/y that has the sign of y."""
        return remainders.remainder(self, self.fmod(x, y), y)

    def floor_divide(self, x: Value, y: Value) -> Value:
        """⌊x/y⌋, as NumPy rounds it."""
        return remainders.floor_divide(self, x, y, self.fmod(x, y))

    # the error function

    def erf(self, x: Value) -> Value:
        """erf x = 2/√π ∫₀ˣ e^(−s²) ds."""
        return self._function(special.erf, x)

    def erfc(self, x: Value) -> Value:
        """1 − erf x, exact in the right tail."""
        return self._function(special.erfc, x)

    def erfinv(self, x: Value) -> Value:
        """The y with erf y = x."""
        return self._function(special.erfinv, x)

    # functions of the process

    def host_call(self, symbol: str, *arguments: Value) -> Value:
        """A C function of doubles that the process has, such as lgamma, called for each lane; the module imports the symbol."""
        x = arguments[0]
        wide = [self.cast(argument, "float64") for argument in arguments]
        called = self.module.declare(f"declare double @{symbol}({', '.join(['double'] * len(wide))}) nounwind")
        result: Value | None = None
        for lane in range(x.width):
            operands = ", ".join(self.extract(value, lane).text for value in wide)
            entry = self.pure(f"call double {called}({operands})", "float64", 1)
            start = Value("poison", "float64", x.width) if result is None else result
            result = self.insert(start, entry, lane)
        assert result is not None
        return self.cast(result, x.dtype)
