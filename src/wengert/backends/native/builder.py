"""The builder that the emitter writes with: instructions, memory and every function of the ops, inline or outlined. It knows no graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wengert.backends.native import exponential, trigonometry
from wengert.backends.native.instructions import Body, Value, type_of
from wengert.backends.native.memory import Memory
from wengert.backends.native.module import Module

__all__ = ["Body", "Builder", "Module", "Value"]


class Builder(Memory):
    """Code of `width` lanes, in the lines of a body that builders of other widths may share.

    With `outline` a mathematical function is a call of one function per (name, dtype, width) of the module: code for many
    ops then grows by a call each. Without it the function is written in place, and shares what it can with its neighbours.
    """

    def __init__(self, module: Module, width: int, body: Body | None = None, *, outline: bool = False) -> None:
        super().__init__(module, width, body)
        self.outline = outline

    @property
    def scalar(self) -> Builder:
        """The builder of width 1 that writes the same lines."""
        return self.with_width(1)

    def with_width(self, width: int) -> Builder:
        """The builder of another width that writes the same lines."""
        return self if width == self.width else Builder(self.module, width, self.body, outline=self.outline)

    def _function(self, rule: Callable[..., Value], *arguments: Value, key: str = "", **params: Any) -> Value:
        """The value of a function: its instructions, or a call."""
        if not self.outline:
            return rule(self, *arguments, **params)
        x = arguments[0]
        name = f"wg_{rule.__name__}{key}_{x.dtype}_{x.width}"
        called = self.module.define_once(name, lambda: self._definition(name, rule, arguments, params))
        operands = ", ".join(argument.text for argument in arguments)
        return self.pure(f"call {x.type} {called}({operands})", x.dtype, x.width)

    def _definition(
        self, name: str, rule: Callable[..., Value], arguments: tuple[Value, ...], params: dict[str, Any]
    ) -> str:
        dtype, width = arguments[0].dtype, arguments[0].width
        inner = Builder(self.module, width)
        names = [Value(f"%x{k}", argument.dtype, argument.width) for k, argument in enumerate(arguments)]
        result = rule(inner, *names, **params)
        head = f"define internal {type_of(dtype, width)} @{name}({', '.join(x.text for x in names)}) noinline #0 {{"
        return "\n".join([head, "entry:", *inner.lines, f"  ret {result.text}", "}"])

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
