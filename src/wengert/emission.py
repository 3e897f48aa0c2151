"""emit: a forward and a backward pass as source to keep, from equations or from a function."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from wengert.api import Derivation, System
from wengert.emitting import emitted
from wengert.errors import EquationError

Array = Any


def emit(
    what: System | Derivation | Callable[..., Any],
    *inputs: Array,
    target: str = "numpy",
    loss: str | None = None,
    wrt: str | Iterable[str] = (),
    test: bool = True,
    double: bool = False,
) -> str:
    """The source of v̄ = Σ_u ū ∂u/∂v for a system, a derivation or a function: a module that needs nothing of this package.

    The target is "numpy", "torch" (an autograd.Function), "jax" (a custom_vjp), "c" (one file), "triton" (a kernel for rows) or "latex".
    Of a system, `loss` and `wrt` are those of `System.backward`. A function of arrays is followed at `inputs`, whose shapes become those
    of the module; its local names are those of the quantities. With `test` the module has a test of its own; with `double` PyTorch
    derives the backward pass again, for which only inputs are kept.

    Raises EquationError where a part has no source in the target, TraceError where a function cannot be followed.
    """
    if isinstance(what, Derivation):
        derivation = what
    elif isinstance(what, System):
        derivation = what.backward(loss, wrt)
    elif callable(what):
        derivation = _followed(what, inputs, wrt)
    else:
        raise EquationError(
            f"A {type(what).__name__} cannot be emitted.",
            f"  {what!r:.60}",
            "Give a system, a derivation, or a function and its arguments:  wg.emit(f, x, w)",
        )
    return emitted(derivation.data, target, test=test, double=double)


def _followed(f: Callable[..., Any], inputs: tuple[Array, ...], wrt: str | Iterable[str]) -> Derivation:
    from wengert.emitting.following import system_of_function

    system = System(system_of_function(f, inputs))
    return system.backward(wrt=wrt)
