"""scipy.integrate on traced values: integrals by the subdivision and differential equations by the steps that SciPy chooses with numbers.

The steps are constants; what is differentiated is the sum or the recursion over them, whose value is SciPy's to rounding.
Source: R. Piessens et al., QUADPACK, 1983; E. Hairer, S. P. Nørsett, G. Wanner, Solving Ordinary Differential Equations I, II.4–II.6.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import integrate  # pyright: ignore[reportMissingTypeStubs]

from wengert.functions.namespaces.sequences import asarray
from wengert.functions.tracing.standin import refuse
from wengert.scipy.numerical import has_traced, is_followed, not_converged, numbers

__all__ = ["cumulative_trapezoid", "odeint", "quad", "simpson", "solve_ivp", "trapezoid"]

_scipy: Any = integrate
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(21)
EXPLICIT = ("RK45", "RK23", "DOP853")
INTERVALS = 50


def __getattr__(name: str) -> Any:
    """Everything else is SciPy's."""
    return getattr(_scipy, name)


# ---------------------------------------------------------------- samples


def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    """Σ (x_(i+1) − x_i) (y_i + y_(i+1))/2 along an axis."""
    if not has_traced((y, x, dx)):
        return _scipy.trapezoid(y, x, dx, axis)
    return np.trapezoid(asarray(y), None if x is None else asarray(x), dx, axis)


def cumulative_trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1, initial: Any = None) -> Any:
    """The partial sums of `trapezoid`."""
    if not has_traced((y, x, dx)):
        return _scipy.cumulative_trapezoid(y, x, dx, axis, initial)
    y = np.moveaxis(asarray(y), axis, -1)
    steps = dx if x is None else np.diff(asarray(x))
    found = np.cumsum(steps * (y[..., 1:] + y[..., :-1]) / 2.0, axis=-1)
    if initial is not None:
        found = np.concatenate([np.zeros((*found.shape[:-1], 1)), found], axis=-1)
    return np.moveaxis(found, -1, axis)


def simpson(y: Any, x: Any = None, *, dx: float = 1.0, axis: int = -1) -> Any:
    """Simpson's rule. It is linear in y; of the places x the numbers are taken."""
    if not has_traced((y, x, dx)):
        return _scipy.simpson(y, x, dx=dx, axis=axis)
    if has_traced((x, dx)):
        refuse("'scipy.integrate.simpson' has no derivative by places.", "Use one of:  trapezoid, quad")
    y = np.moveaxis(asarray(y), axis, -1)
    weights = _scipy.simpson(np.eye(y.shape[-1]), x, dx=dx, axis=-1)
    return np.sum(y * weights, axis=-1)


# ---------------------------------------------------------------- integrals


def quad(func: Callable[..., Any], a: Any, b: Any, args: Any = (), **options: Any) -> Any:
    """∫ f(x) dx from a to b, and an estimate of its error: Gauss's rule of 21 points on the intervals that QUADPACK chooses.

    The derivatives by what f reads are those of the sum, by finite ends −f(a) and f(b).
    """
    if not is_followed():
        return _scipy.quad(func, a, b, args, **options)
    if options.keys() - {"epsabs", "epsrel", "limit", "points"}:
        refuse("'scipy.integrate.quad' takes no weights on traced values.", "Write the weight into the function.")
    args = args if isinstance(args, tuple) else (args,)
    low, high = (numbers(x, "scipy.integrate.quad") for x in (a, b))

    def known(x: float) -> float:
        return float(numbers(func(x, *args), "scipy.integrate.quad"))

    found = _scipy.quad(known, low, high, full_output=1, **options)
    if len(found) > 3:
        not_converged("scipy.integrate.quad", str(found[3]).splitlines()[0])
    finite = np.isfinite(low) and np.isfinite(high)
    count = int(found[2]["last"])
    ends = sorted(zip(found[2]["alist"][:count], found[2]["blist"][:count], strict=True))
    total: Any = 0.0
    for start, end in ends:
        middle, half = (start + end) / 2, (end - start) / 2
        for node, weight in zip(_NODES, _WEIGHTS, strict=True):
            total = total + half * weight * _sample(func, args, a, b, low, high, middle + half * node, finite)
    if abs(numbers(total, "scipy.integrate.quad") - found[0]) > 1e-8 * (1 + abs(found[0])):
        refuse(
            "'scipy.integrate.quad' extrapolates here towards a singular point, so its sum has no exact derivative.",
            "Substitute so that the integrand stays finite:  quad(lambda s: 2 * s * f(a + s * s), 0, np.sqrt(b - a))",
        )
    return total, found[1]


def _sample(func: Any, args: Any, a: Any, b: Any, low: float, high: float, t: float, finite: bool) -> Any:
    """The integrand at a place of QUADPACK's interval, which is (0, 1] where an end is infinite."""
    if finite:
        s = (t - low) / (high - low) if high != low else 0.0
        return func(a + (b - a) * s, *args) * ((b - a) / (high - low) if high != low else 0.0)
    u, slope = (1 - t) / t, 1 / (t * t)
    if np.isfinite(low) or np.isfinite(high):
        return (func(a + u, *args) if np.isfinite(low) else func(b - u, *args)) * slope
    return (func(u, *args) + func(-u, *args)) * slope


# ---------------------------------------------------------------- differential equations


def solve_ivp(
    fun: Callable[..., Any],
    t_span: Any,
    y0: Any,
    method: Any = "RK45",
    t_eval: Any = None,
    dense_output: bool = False,
    events: Any = None,
    vectorized: bool = False,
    args: Any = None,
    **options: Any,
) -> Any:
    """ẏ = f(t, y) by an explicit method of Runge and Kutta, over the steps that SciPy accepts."""
    if not is_followed():
        return _scipy.solve_ivp(fun, t_span, y0, method, t_eval, dense_output, events, vectorized, args, **options)
    name = "scipy.integrate.solve_ivp"
    if method not in EXPLICIT or events is not None:
        what = "events" if events is not None else f"the method {method!r}"
        refuse(
            f"'{name}' has no derivative with {what}.", f"Use one of the methods {', '.join(EXPLICIT)}, without events."
        )
    more = () if args is None else tuple(args)

    def right(t: Any, y: Any) -> Any:
        return asarray(fun(t, y, *more))

    start = asarray(y0)
    a, b = (float(numbers(t, name)) for t in t_span)
    moving = has_traced(tuple(t_span)) and a != b
    rate: Any = (t_span[1] - t_span[0]) / (b - a) if moving else 1.0
    run = _moved(right, t_span[0], t_span[1], a, b) if moving else right
    found = _scipy.solve_ivp(lambda t, y: numbers(run(t, y), name), (a, b), numbers(start, name), method, **options)
    if not found.success:
        not_converged(name, found.message)
    times, states, stages = _steps(run, found.t, start, _tableau(method))

    def at(t: Any) -> Any:
        """The solution at a time, or at many, which the columns belong to."""
        t = asarray(t)
        if t.ndim:
            return np.stack([at(each) for each in t], axis=-1)
        return _between(a + (t - t_span[0]) / rate if moving else t, times, states, stages, run, method)

    if t_eval is not None:
        found.t = asarray(t_eval)
        found.y = at(found.t)
    else:
        found.t = t_span[0] + rate * (times - a) if moving else times
        found.y = np.stack(states, axis=-1)
    found.sol = at if dense_output else None
    return found


def _tableau(method: str) -> Any:
    return getattr(import_module("scipy.integrate"), method)


def _steps(right: Any, times: Any, y: Any, tableau: Any) -> tuple[Any, list[Any], list[list[Any]]]:
    """The states at the times, and of every step its slopes, the one at its end among them."""
    y = y * 1.0
    states, stages, f = [y], list[list[Any]](), right(float(times[0]), y)
    for start, end in pairwise(times):
        h, slopes = _number(end - start), [f]
        for row, c in zip(tableau.A[1 : tableau.n_stages], tableau.C[1 : tableau.n_stages], strict=True):
            moved = y + h * sum(float(w) * k for w, k in zip(row, slopes, strict=False) if w)
            slopes.append(right(_number(start + c * h), moved))
        y = y + h * sum(float(w) * k for w, k in zip(tableau.B, slopes, strict=True) if w)
        f = right(_number(end), y)
        slopes.append(f)
        states.append(y)
        stages.append(slopes)
    return times, states, stages


def _between(t: Any, times: Any, states: Any, stages: Any, right: Any, method: str) -> Any:
    """The state at a time within a step, by the polynomial of the method; for DOP853 by one step of it to that time."""
    forward = times[-1] >= times[0]
    known = float(numbers(t, "scipy.integrate.solve_ivp"))
    k = int(np.clip(np.searchsorted(times if forward else -times, known if forward else -known) - 1, 0, len(times) - 2))
    h = float(times[k + 1] - times[k])
    x = (_number(t) - float(times[k])) / h
    if method == "DOP853":
        still = known == times[k] and not has_traced(t)
        return states[k] if still else _steps(right, [times[k], t], states[k], _tableau(method))[1][-1]
    weights = [sum(float(p) * x ** (j + 1) for j, p in enumerate(row)) for row in _tableau(method).P]
    return states[k] + h * sum(w * s for w, s in zip(weights, stages[k], strict=True))


def _number(t: Any) -> Any:
    """A time as a number of Python, or as the traced value that it is."""
    return t if has_traced(t) else float(t)


TIGHT = 1e-11


def odeint(func: Callable[..., Any], y0: Any, t: Any, args: Any = (), *, tfirst: bool = False, **options: Any) -> Any:
    """ẏ = f(y, t) at the times t. On traced values by the method DOP853 with tolerances of 10⁻¹¹, more exact than LSODA."""
    if not is_followed():
        return _scipy.odeint(func, y0, t, args, tfirst=tfirst, **options)
    if options.keys() - {"rtol", "atol", "mxstep"}:
        refuse(
            f"'scipy.integrate.odeint' takes no argument '{min(options)}' on traced values.",
            "Leave it out, or use 'solve_ivp'.",
        )
    times = np.asarray(numbers(t, "scipy.integrate.odeint"), float)
    right = func if tfirst else (lambda t, y, *more: func(y, t, *more))
    start = np.atleast_1d(asarray(y0))
    rows = [start]
    moving = asarray(t) if has_traced(t) else times
    for k, (a, b) in enumerate(pairwise(times)):
        run = right if moving is times or a == b else _moved(right, moving[k], moving[k + 1], a, b)
        found = solve_ivp(run, (a, b), rows[-1], "DOP853", args=tuple(args), rtol=TIGHT, atol=TIGHT)
        rows.append(found.y[:, -1])
    return np.stack(rows)


def _moved(right: Callable[..., Any], start: Any, end: Any, a: float, b: float) -> Callable[..., Any]:
    """The equation from time `start` to `end`, over numbers a to b of the same values: its derivatives by the times are kept."""
    rate = (end - start) / (b - a)
    return lambda s, y, *more: rate * asarray(right(start + rate * (s - a), y, *more))
