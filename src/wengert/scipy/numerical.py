"""The numbers of traced values, for solvers that find a point with numbers before its derivative is taken."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from wengert.functions.namespaces.numbers import has_traced as has_traced
from wengert.functions.tracing.live import Live
from wengert.functions.tracing.standin import StandIn, refuse
from wengert.functions.tracing.tracer import Traced, current


def is_followed() -> bool:
    """Whether a function is followed now, so that what a callback reads may be traced."""
    return current() is not None


def numbers(x: Any, name: str) -> Any:
    """A value as numbers.

    Raises TraceError where they are not known, as in a compiled function.
    """
    if isinstance(x, list | tuple):
        return np.array([numbers(each, name) for each in x])  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(x, StandIn):
        return x
    found = None
    if isinstance(x, Live):
        found = x.tape.asked(x)
    elif isinstance(x, Traced) and x.owner.is_on_tape:
        found = x.number()
    if found is None:
        refuse(
            f"'{name}' finds its result with numbers, which are not known while a function is written down.",
            "Take the derivative without wg.compile and wg.vmap, or write the iteration with wg.while_loop.",
        )
    return np.array(found)[()]


def not_converged(name: str, message: str) -> NoReturn:
    """Refuse a derivative at a point that is no solution.

    Raises TraceError.
    """
    refuse(
        f"'{name}' has not converged, so its result has no derivative: {' '.join(message.split()).rstrip('.')}.",
        "Begin nearer to the solution, or allow more iterations and a looser tolerance.",
    )
