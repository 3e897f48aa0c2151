"""The numbers of traced values, for solvers that find a point with numbers before its derivative is taken.

Where the numbers are not known yet, in a function that is written down, the solver runs between parts of the code (`hosted`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NoReturn

import numpy as np

from wengert.core.ir.types import ArrayType
from wengert.functions.namespaces.numbers import has_traced as has_traced
from wengert.functions.tracing.live import Live
from wengert.functions.tracing.standin import StandIn, refuse
from wengert.functions.tracing.tracer import Traced, current
from wengert.scipy.hosted import Asked as Asked
from wengert.scipy.hosted import searched


def is_followed() -> bool:
    """Whether a function is followed now, so that what a callback reads may be traced."""
    return current() is not None


class UnknownError(Exception):
    """The numbers of a traced value are not known yet."""


def known(x: Any) -> Any:
    """A value as numbers.

    Raises UnknownError where they are not known yet, as in a compiled function.
    """
    if isinstance(x, list | tuple):
        return np.array([known(each) for each in x])  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(x, StandIn):
        return x
    found = None
    if isinstance(x, Live):
        found = x.tape.asked(x)
    elif isinstance(x, Traced) and x.owner.is_on_tape:
        found = x.number()
    if found is None:
        raise UnknownError
    return np.array(found)[()]


def found_by(
    name: str,
    search: Callable[..., tuple[Sequence[Any], Any]],
    asked: Sequence[Asked],
    given: Sequence[Any],
    shapes: Sequence[tuple[int, ...]],
) -> tuple[Sequence[Any], Any]:
    """What search(*functions, *given) finds: arrays of these shapes, and SciPy's report; without derivatives.

    Where numbers are known that is done at once; else when the code runs, with no report.
    """
    functions = [_of_numbers(each.function) for each in asked]
    with suppress(UnknownError):
        return search(*functions, *map(known, given))
    types = [ArrayType(shape) for shape in shapes]
    return searched(name, lambda *values: search(*values)[0], asked, given, types), None


def _of_numbers(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: known(function(*args))


def not_converged(name: str, message: str) -> NoReturn:
    """Refuse a derivative at a point that is no solution.

    Raises TraceError.
    """
    refuse(
        f"'{name}' has not converged, so its result has no derivative: {' '.join(message.split()).rstrip('.')}.",
        "Begin nearer to the solution, or allow more iterations and a looser tolerance.",
    )
