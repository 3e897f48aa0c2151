"""The builder that the emitter writes with: instructions, memory and every function of the ops, inline or outlined. It knows no graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wengert.targets.native import exponential, hyperbolic, inverse, powers, remainders, special, trigonometry
from wengert.targets.native.instructions import CodeBody
from wengert.targets.native.memory import Memory
from wengert.targets.native.module import Module
from wengert.targets.native.values import Value, type_of

__all__ = ["Builder", "CodeBody", "Module", "Value"]


Rule = Callable[..., Value]

PAIRS: dict[str, tuple[Rule, Rule]] = {
    "tanh_sech2": (exponential.tanh, exponential.sech2),
    "logistic_logistic_slope": (exponential.logistic, exponential.logistic_slope),
    "erf_gauss": (special.erf, exponential.gauss),
    "erfc_gauss": (special.erfc, exponential.gauss),
}
"""Functions and their slopes, which are made of the same parts: of one argument they are one call."""


def _partners() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for name, (first, second) in PAIRS.items():
        found.setdefault(first.__name__, {})[second.__name__] = name
        found.setdefault(second.__name__, {})[first.__name__] = name
    return found


PARTNERS = _partners()
"""For each function of a pair those that it makes one with, and the names of these pairs."""


def definition(
    module: Module, name: str, rules: Sequence[Rule], arguments: Sequence[Value], params: Mapping[str, Any]
) -> str:
    """A function of its own with the values of rule(builder, *arguments, **params); the arguments give only types."""
    dtype, width = arguments[0].dtype, arguments[0].width
    inner = Builder(module, width)
    names = [Value(f"%x{k}", argument.dtype, argument.width) for k, argument in enumerate(arguments)]
    results = [rule(inner, *names, **params) for rule in rules]
    returned = results[0].text if len(results) == 1 else _as_struct(inner, results)
    kind = _struct(type_of(dtype, width), len(results))
    head = f"define internal {kind} @{name}({', '.join(x.text for x in names)}) noinline #0 {{"
    return "\n".join([head, "entry:", *inner.lines, f"  ret {returned}", "}"])


def _name(function: str, x: Value) -> str:
    """The symbol of a function for arguments such as x."""
    return f"wg_{function}_{x.dtype}_{x.width}"


def _struct(kind: str, count: int) -> str:
    """The type of so many results of one type."""
    return kind if count == 1 else f"{{ {', '.join([kind] * count)} }}"


def _as_struct(b: Memory, values: Sequence[Value]) -> str:
    """Several values as one operand."""
    kind, whole = _struct(values[0].type, len(values)), "poison"
    for k, value in enumerate(values):
        name = b.fresh("s")
        b.emit(f"{name} = insertvalue {kind} {whole}, {value.text}, {k}")
        whole = name
    return f"{kind} {whole}"


class Builder(Memory):
    """Code of `width` lanes, in the lines of a body that builders of other widths may share.

    With `outline` a mathematical function is a call of one function per (name, dtype, width), of the module or of the library
    that modules share: code for many ops then grows by a call each, and by one call for a function and its slope. Without it the function is written in place, and shares what it can with its neighbours.
    """

    def __init__(self, module: Module, width: int, body: CodeBody | None = None, *, outline: bool = False) -> None:
        super().__init__(module, width, body)
        self.outline = outline

    @property
    def scalar(self) -> Builder:
        """The builder of width 1 that writes the same lines."""
        return self.with_width(1)

    def with_width(self, width: int, *, outline: bool = False) -> Builder:
        """The builder of another width that writes the same lines; it outlines if this one does, or if told to."""
        return self if width == self.width else Builder(self.module, width, self.body, outline=outline or self.outline)

    def _function(self, rule: Rule, *arguments: Value, key: str = "", **params: Any) -> Value:
        """The value of a function: its instructions, or a call."""
        if not self.outline:
            return rule(self, *arguments, **params)
        x, function = arguments[0], rule.__name__
        operands = ", ".join(argument.text for argument in arguments)
        text = f"call {x.type} @{_name(function + key, x)}({operands})"
        found = self.body.table.get(text) or self._beside_partner(function, x, text)
        if found is not None:
            return found
        self._callee(function + key, (rule,), arguments, params)
        value = self.pure(text, x.dtype, x.width)
        if function in PARTNERS:
            self.body.table["call", function, x] = value, len(self.lines) - 1
        return value

    def _callee(
        self, function: str, rules: Sequence[Rule], arguments: Sequence[Value], params: Mapping[str, Any]
    ) -> str:
        """The name (with its @) of a function that is called from now on."""
        x = arguments[0]
        name = _name(function, x)
        if not self.module.shares:
            return self.module.define_once(name, lambda: definition(self.module, name, rules, arguments, params))
        kinds = ", ".join(argument.type for argument in arguments)
        return self.module.declare(f"declare {_struct(x.type, len(rules))} @{name}({kinds})")

    def _beside_partner(self, function: str, x: Value, text: str) -> Value | None:
        """The value of a function whose partner was called before: that call becomes one of both. None where there is none."""
        for partner, pair in PARTNERS.get(function, {}).items():
            before, line = self.body.table.get(("call", partner, x), (None, 0))
            if before is None or not self.lines[line].startswith(f"  {before.name} = call {x.type} "):
                continue
            rules, kind = PAIRS[pair], _struct(x.type, 2)
            both, value = self.fresh("both"), Value(self.fresh(), x.dtype, x.width)
            results = (before, value) if rules[1].__name__ == function else (value, before)
            call = f"  {both} = call {kind} {self._callee(pair, rules, (x,), {})}({x.text})"
            parts = [f"  {result.name} = extractvalue {kind} {both}, {k}" for k, result in enumerate(results)]
            self.lines[line] = "\n".join([call, *parts])
            self.module.withdraw(_name(partner, x))
            self.body.table[text] = value
            return value
        return None

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
