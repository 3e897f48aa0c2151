"""A root that a solver finds, with the derivative of the implicit function.

F(x, θ) = 0 is solved; two steps of Newton's method from the point, with traced slopes, leave it where it is and give it derivatives
up to the third. Source: A. Griewank, A. Walther, Evaluating Derivatives, 2nd ed., 15.2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from wengert.functions.tracing.standin import StandIn, refuse
from wengert.functions.tracing.tracer import Traced
from wengert.scipy.numerical import Asked, found_by

STEPS = 2
Shape = tuple[int, ...]
Search = Callable[..., tuple[Sequence[Any], Any]]


def gradient_of(f: Callable[..., Any]) -> Callable[..., Any]:
    """∇f."""
    return import_module("wengert.functions.transforms.derivatives").grad(f)


def jacobian_of(f: Callable[..., Any]) -> Callable[..., Any]:
    """∂f/∂x."""
    return import_module("wengert.functions.transforms.matrices").jacobian(f)


def at_root(f: Callable[[Any], Any], x: Any, called: str, sound: Any = 1.0, is_by_entry: bool = False) -> Any:
    """x with the derivative of a root of f: of a number, a vector, or of many numbers that f takes entry by entry.

    `sound` is 1, found with x: no derivative is computed without the search that may refuse it.
    """
    found: Any = x
    for _ in range(STEPS):
        if not np.ndim(x):
            change = f(found) / gradient_of(f)(found)
        elif is_by_entry:
            change = f(found) / gradient_of(lambda x: np.sum(f(x)))(found)
        else:
            slope = jacobian_of(f)(found)
            constant = slope.constant() if isinstance(slope, Traced) else None
            if constant is not None:
                _must_be_unique(constant, called)
            change = np.linalg.solve(slope, f(found))
        found = found - (change * sound if isinstance(sound, StandIn) else change)
    return found


def _must_be_unique(slope: Any, called: str) -> None:
    """Refuse a singular Jacobian.

    Raises TraceError.
    """
    if not (np.isfinite(slope).all() and np.linalg.matrix_rank(slope) == len(slope)):
        refuse(
            f"'{called}' has no derivative where the solution is not unique: the Jacobian there is singular.",
            "Add an equation, or a small term that makes the solution unique:  + 1e-6 * np.sum(x**2)",
        )


def root_found(
    called: str, f: Callable[[Any], Any], search: Search, asked: Sequence[Any], given: Sequence[Any], shape: Shape
) -> tuple[Any, Any]:
    """The root of f that search(*asked, *given) finds, with its derivative, and SciPy's report; all that is asked is of x.

    Raises TraceError, when numbers are known, where the Jacobian of f is singular there, as where the minimum is no point.
    """
    count = len(asked)

    def checked(*values: Any) -> tuple[Sequence[Any], Any]:
        (x,), report = search(*values[:count], *values[count + 1 :])
        if shape:
            _must_be_unique(values[count](x), called)
        return [x, 1.0], report

    slope = jacobian_of(f) if shape else gradient_of(f)
    functions = [Asked(each, (shape,)) for each in (*asked, slope)]
    (x, sound), report = found_by(called, checked, functions, given, [shape, ()])
    return at_root(f, as_found(x, shape), called, sound), report


def as_found(x: Any, shape: Shape) -> Any:
    """What was found, as a number of Python where it has no axes."""
    return x if isinstance(x, StandIn) else np.asarray(x, float) if shape else float(x)
