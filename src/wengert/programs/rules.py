"""Backward passes that a library is told of: torch.autograd.Function and jax.custom_vjp, run by themselves.

The forward pass is run as plain code, so that the library differentiates what it computes, and not by the rule that is to be judged.
"""

from __future__ import annotations

import copy
import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wengert.programs.pairs import Pair


class RuleContext:
    """What a torch.autograd.Function keeps from forward for backward."""

    saved_tensors: tuple[Any, ...] = ()

    def __init__(self, count: int) -> None:
        self.needs_input_grad = (True,) * count

    def save_for_backward(self, *tensors: Any) -> None:
        self.saved_tensors = tensors

    saved_variables = property(lambda self: self.saved_tensors)

    def mark_dirty(self, *tensors: Any) -> None:
        """Which inputs are overwritten: of no account here, where nothing is shared."""

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Which outputs have no gradient: those that are no floating point numbers have none anyway."""

    def set_materialize_grads(self, value: bool) -> None:
        """Signals are never None here."""


class FunctionRule:
    """forward(ctx, …) or forward(…) with setup_context, and backward(ctx, …)."""

    def __init__(self, cls: Any) -> None:
        self.cls = cls
        self.context: Any = None

    def __deepcopy__(self, memo: dict[int, Any]) -> FunctionRule:
        made = FunctionRule(self.cls)
        made.context = copy.deepcopy(self.context, memo)
        return made

    def forward(self, **arguments: Any) -> Any:
        values = tuple(arguments.values())
        self.context = RuleContext(len(values))
        if "setup_context" not in vars(self.cls):
            return self.cls.forward(self.context, *values)
        out = self.cls.forward(*values)
        self.cls.setup_context(self.context, values, out)
        return out

    def backward(self, **signals: Any) -> Any:
        return self.cls.backward(self.context, *signals.values())


class VjpRule:
    """fwd(…) gives the output and what is kept; bwd(kept, signal), after arguments that are not differentiated."""

    def __init__(self, names: dict[str, Any], pair: Pair) -> None:
        self._names, self._pair = names, pair
        self._kept: Any = None
        self._plain: tuple[Any, ...] = ()

    def __deepcopy__(self, memo: dict[int, Any]) -> VjpRule:
        made = VjpRule(self._names, self._pair)
        made._kept, made._plain = self._kept, self._plain  # arrays of JAX do not change
        return made

    def __getattr__(self, name: str) -> Any:
        if name == self._pair.forward:
            return self._forward
        if name == self._pair.backward:
            return self._backward
        raise AttributeError(name)

    def _forward(self, **arguments: Any) -> Any:
        values = tuple(arguments.values())
        out, self._kept = self._names[str(self._pair.forward)](*values)
        self._plain = values[: self._pair.plain]
        return out

    def _backward(self, **signals: Any) -> Any:
        return self._names[str(self._pair.backward)](*self._plain, self._kept, *signals.values())


def rule_of(names: dict[str, Any], pair: Pair) -> Any:
    """The object that runs a rule."""
    return FunctionRule(names[str(pair.cls)]) if pair.rule == "function" else VjpRule(names, pair)


def is_vjp(value: Any) -> bool:
    """Whether a value is a function of jax.custom_vjp that has been told its two passes."""
    kind = type(value)
    return kind.__name__ == "custom_vjp" and kind.__module__.startswith("jax") and value.fwd is not None


def is_function(value: Any) -> bool:
    """Whether a value is a class of torch.autograd.Function."""
    return inspect.isclass(value) and any(
        c.__name__ == "Function" and c.__module__.startswith("torch.") for c in value.__mro__[1:]
    )
