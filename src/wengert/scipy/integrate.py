"""scipy.integrate on traced values: integrals by the subdivision and differential equations by the steps that SciPy chooses with numbers.

The steps are constants; what is differentiated is the sum or the recursion over them, whose value is SciPy's to rounding. Where numbers
are not known yet, in a function that is written down, both are loops of the graph.
Source: R. Piessens et al., QUADPACK, 1983; E. Hairer, S. P. Nørsett, G. Wanner, Solving Ordinary Differential Equations I, II.4–II.6.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from itertools import pairwise
from typing import Any, NoReturn

import numpy as np
from scipy import integrate  # pyright: ignore[reportMissingTypeStubs]

from wengert.errors import TraceError
from wengert.flow import fori_loop
from wengert.functions.namespaces.sequences import asarray
from wengert.functions.tracing.standin import refuse
from wengert.functions.transforms.batches import vmap
from wengert.functions.transforms.values import stop_gradient
from wengert.scipy.numerical import Asked, UnknownError, found_by, has_traced, is_followed, known, not_converged
from wengert.scipy.runge_kutta import Stepper, states_at

__all__ = ["cumulative_trapezoid", "dblquad", "nquad", "odeint", "quad", "simpson", "solve_ivp", "tplquad", "trapezoid"]

_scipy: Any = integrate
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(21)
EXPLICIT = ("RK45", "RK23", "DOP853")
INTERVALS = 50
"""So many intervals `quad` makes at most, where nothing else is said."""
EPSILON = float(np.finfo(float).eps)


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

    The derivatives by what f reads are those of the sum; a finite end moves the interval that it bounds, and the others stay, so that
    f may jump between them.
    """
    if not is_followed():
        return _scipy.quad(func, a, b, args, **options)
    if options.keys() - {"epsabs", "epsrel", "limit", "points"}:
        refuse("'scipy.integrate.quad' takes no weights on traced values.", "Write the weight into the function.")
    name, args = "scipy.integrate.quad", args if isinstance(args, tuple) else (args,)

    def search(f: Any, low: Any, high: Any) -> tuple[list[Any], Any]:
        found = _scipy.quad(lambda x: float(f(x)), low, high, full_output=1, **options)
        if len(found) > 3:
            not_converged(name, str(found[3]).splitlines()[0])
        count = int(found[2]["last"])
        starts, ends = (np.resize(found[2][each][:count], most) for each in ("alist", "blist"))
        _must_be_sum(f, low, high, starts[:count], ends[:count], found[0])
        return [count, starts, ends, found[1]], count

    most = options.get("limit", INTERVALS)
    shapes = [(), (most,), (most,), ()]
    given = [Asked(lambda x: func(x, *args), ((),))]
    (places, starts, ends, error), count = found_by(name, search, given, [a, b], shapes)
    unbounded = _is_infinite(a), _is_infinite(b)

    def piece(start: Any, end: Any) -> Any:
        if unbounded == (False, False):
            start, end = np.where(start == stop_gradient(a), a, start), np.where(end == stop_gradient(b), b, end)
        middle, half = (start + end) / 2, (end - start) / 2
        values = _samples(lambda t: _sample(func, args, a, b, unbounded, t) * 1.0, middle + half * (_NODES * 1.0))
        return half * np.sum(_WEIGHTS * values)

    if count is None:
        return fori_loop(0, places.astype(int), lambda k, total: total + piece(starts[k], ends[k]), 0.0), error
    rows = sorted(zip(starts[:count], ends[:count], strict=True))
    return sum((piece(start, end) for start, end in rows), 0.0), error


def _samples(f: Callable[[Any], Any], places: Any) -> Any:
    """The values of a function at places: together, or one by one where it asks for the numbers of its argument."""
    try:
        return vmap(f)(places)
    except TraceError:
        return np.stack([asarray(f(place)) for place in places])


def nquad(func: Callable[..., Any], ranges: Any, args: Any = (), opts: Any = None, full_output: bool = False) -> Any:
    """∫ … ∫ f(x_0, …, x_n) dx_0 … dx_n, x_0 the innermost: `quad` within `quad`. A range may depend on the variables outside of it."""
    if not is_followed() or full_output:
        return _scipy.nquad(func, ranges, args, opts, full_output)
    args = args if isinstance(args, tuple) else (args,)

    def over(depth: int, outer: tuple[Any, ...]) -> Any:
        if depth < 0:
            return func(*outer, *args), 0.0
        own = ranges[depth](*outer, *args) if callable(ranges[depth]) else ranges[depth]
        given = opts[depth] if isinstance(opts, list | tuple) else opts
        options: Any = given(*outer, *args) if callable(given) else given or {}
        return quad(lambda x: over(depth - 1, (x, *outer))[0], own[0], own[1], **options)

    return over(len(ranges) - 1, ())


def dblquad(
    func: Callable[..., Any],
    a: Any,
    b: Any,
    gfun: Any,
    hfun: Any,
    args: Any = (),
    epsabs: float = 1.49e-8,
    epsrel: float = 1.49e-8,
) -> Any:
    """∫∫ f(y, x) dy dx for x from a to b and y from g(x) to h(x)."""
    own = {"epsabs": epsabs, "epsrel": epsrel}
    return nquad(func, [lambda x, *_: (_end(gfun, x), _end(hfun, x)), (a, b)], args, [own, own])


def tplquad(
    func: Callable[..., Any],
    a: Any,
    b: Any,
    gfun: Any,
    hfun: Any,
    qfun: Any,
    rfun: Any,
    args: Any = (),
    epsabs: float = 1.49e-8,
    epsrel: float = 1.49e-8,
) -> Any:
    """∫∫∫ f(z, y, x) dz dy dx for x from a to b, y from g(x) to h(x) and z from q(x, y) to r(x, y)."""
    own = {"epsabs": epsabs, "epsrel": epsrel}
    inner = [lambda y, x, *_: (_end(qfun, x, y), _end(rfun, x, y)), lambda x, *_: (_end(gfun, x), _end(hfun, x))]
    return nquad(func, [*inner, (a, b)], args, [own, own, own])


def _end(end: Any, *at: Any) -> Any:
    return end(*at) if callable(end) else end


def _is_infinite(end: Any) -> bool:
    """Whether an end is said to be infinite; one that is traced is finite."""
    return not has_traced(end) and bool(np.isinf(end))


def _must_be_sum(f: Any, low: float, high: float, starts: Any, ends: Any, value: float) -> None:
    """Refuse an integral that is no sum over its intervals.

    Raises TraceError.
    """
    infinite = bool(np.isinf(low)), bool(np.isinf(high))
    half = (ends - starts)[:, None] / 2
    places = (starts + ends)[:, None] / 2 + half * _NODES
    values = np.vectorize(lambda t: float(_sample(f, (), low, high, infinite, t)), otypes=[float])(places)
    if abs(np.sum(half * _WEIGHTS * values) - value) > 1e-8 * (1 + abs(value)):
        refuse(
            "'scipy.integrate.quad' extrapolates here towards a singular point, so its sum has no exact derivative.",
            "Substitute so that the integrand stays finite:  quad(lambda s: 2 * s * f(a + s * s), 0, np.sqrt(b - a))",
        )


def _sample(func: Any, args: Any, a: Any, b: Any, unbounded: tuple[bool, bool], t: Any) -> Any:
    """The integrand at a place of QUADPACK's interval, which is (0, 1] where an end is infinite."""
    if unbounded == (False, False):
        return func(t, *args)
    u, slope = (1 - t) / t, 1 / (t * t)
    if not all(unbounded):
        return (func(b - u, *args) if unbounded[0] else func(a + u, *args)) * slope
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

    start = np.atleast_1d(asarray(y0)) * 1.0
    with suppress(UnknownError):
        return _by_known_steps(right, t_span, start, method, t_eval, dense_output, options)
    return _by_loop(right, t_span, start, method, t_eval, dense_output, options)


def _by_known_steps(
    right: Any, t_span: Any, start: Any, method: str, t_eval: Any, dense_output: bool, options: dict[str, Any]
) -> Any:
    """The solution over the steps that SciPy chooses with numbers.

    Raises UnknownError where they are not known yet.
    """
    a, b = (float(known(t)) for t in t_span)
    moving = has_traced(tuple(t_span)) and a != b
    rate: Any = (t_span[1] - t_span[0]) / (b - a) if moving else 1.0
    run = _moved(right, t_span[0], t_span[1], a, b) if moving else right
    found = _scipy.solve_ivp(lambda t, y: known(run(t, y)), (a, b), known(start), method, **options)
    if not found.success:
        not_converged("scipy.integrate.solve_ivp", found.message)
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


def _by_loop(
    right: Any, t_span: Any, start: Any, method: str, t_eval: Any, dense_output: bool, options: dict[str, Any]
) -> Any:
    """The solution in a function that is written down; at the end alone, where no times are given."""
    a, b = t_span
    forward: Any = np.where(b < a, -1.0, 1.0) if has_traced((a, b)) else -1.0 if b < a else 1.0
    tolerances = (
        max(options.get("rtol", 1e-3), 100 * EPSILON),
        options.get("atol", 1e-6),
        options.get("max_step", np.inf),
    )
    stepper = Stepper(right, _tableau(method), b, forward, *tolerances)

    def steps(given: Any) -> tuple[Any, Any, Any]:
        times = asarray(given) if has_traced(given) else np.asarray(given, float)
        if not has_traced((times, a, b)) and np.any((forward * times < forward * a) | (forward * times > forward * b)):
            raise ValueError("Values in `t_eval` are not within `t_span`.")  # SciPy's words
        return times, *states_at(stepper, a, start, times, options.get("first_step"))

    def at(t: Any) -> Any:
        """The solution at a time, or at many, by the same steps once more."""
        t = asarray(t)
        flat: Any = np.reshape(t, (-1,))
        order = np.argsort(forward * flat)
        found = steps(flat[order])[1][..., np.argsort(order)]
        return found if t.ndim else found[..., 0]

    times, columns, end = steps([] if t_eval is None else t_eval)
    places, states = (_Ends(a, b), _Ends(start, end)) if t_eval is None else (times, columns)
    sol = at if dense_output else None
    return _scipy._ivp.ivp.OdeResult(t=places, y=states, sol=sol, success=True, status=0, message="")


class _Ends:
    """What stands at all steps, of which only the first and the last are known: read with 0 or −1 behind."""

    def __init__(self, first: Any, last: Any) -> None:
        self._ends = {0: first, -1: last}

    def __getitem__(self, index: Any) -> Any:
        index = index if isinstance(index, tuple) else (index,)
        if index[-1] not in (0, -1) or (np.ndim(self._ends[0]) and len(index) < 2):
            self._refuse()
        found = self._ends[index[-1]]
        return found[index[:-1]] if index[:-1] and index[0] is not Ellipsis else found

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in ("__array__", "__len__"):
            raise AttributeError(name)
        self._refuse()

    def _refuse(self) -> NoReturn:
        refuse(
            "'scipy.integrate.solve_ivp' takes as many steps as it needs, so that the size of its result is not known here.",
            "Read the end,  sol.y[:, -1],  or say at which times it is wanted:  t_eval=np.linspace(a, b, 50)",
        )


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
    now = float(known(t))
    k = int(np.clip(np.searchsorted(times if forward else -times, now if forward else -now) - 1, 0, len(times) - 2))
    h = float(times[k + 1] - times[k])
    x = (_number(t) - float(times[k])) / h
    if method == "DOP853":
        still = now == times[k] and not has_traced(t)
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
    right = func if tfirst else (lambda t, y, *more: func(y, t, *more))
    start, moving = np.atleast_1d(asarray(y0)) * 1.0, asarray(t)

    def at(t: Any, y: Any) -> Any:
        return asarray(right(t, y, *args))

    with suppress(UnknownError):
        return _over_intervals(at, start, moving)
    ends, tight = (moving[0], moving[-1]), {"rtol": TIGHT, "atol": TIGHT}
    return _by_loop(at, ends, start, "DOP853", moving, False, tight).y.T


def _over_intervals(right: Any, start: Any, t: Any) -> Any:
    """The solution at known times, from each to the next.

    Raises UnknownError where numbers are not known yet.
    """
    times = np.asarray(known(t), float)
    rows = [start]
    for k, (a, b) in enumerate(pairwise(times)):
        run = right if not has_traced(t) or a == b else _moved(right, t[k], t[k + 1], a, b)
        options = {"rtol": TIGHT, "atol": TIGHT}
        found = _by_known_steps(run, (a, b), rows[-1], "DOP853", None, False, options)
        rows.append(found.y[:, -1])
    return np.stack(rows)


def _moved(right: Callable[..., Any], start: Any, end: Any, a: float, b: float) -> Callable[..., Any]:
    """The equation from time `start` to `end`, over numbers a to b of the same values: its derivatives by the times are kept."""
    rate = (end - start) / (b - a)
    return lambda s, y, *more: rate * asarray(right(start + rate * (s - a), y, *more))
