"""scipy.optimize on traced values: the point is found by SciPy with numbers, and its derivative is that of the implicit function.

F(x, θ) = 0 is solved; two steps of Newton's method from the point, with traced slopes, leave it where it is and give it derivatives
up to the third. Source: A. Griewank, A. Walther, Evaluating Derivatives, 2nd ed., 15.2.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from scipy import optimize  # pyright: ignore[reportMissingTypeStubs]

from wengert.functions.namespaces.sequences import asarray
from wengert.functions.tracing.standin import refuse
from wengert.scipy.numerical import is_followed, not_converged, numbers

__all__ = [
    "bisect",
    "brenth",
    "brentq",
    "curve_fit",
    "differential_evolution",
    "dual_annealing",
    "fixed_point",
    "fsolve",
    "least_squares",
    "minimize",
    "minimize_scalar",
    "newton",
    "ridder",
    "root",
    "root_scalar",
    "shgo",
    "toms748",
]

_scipy: Any = optimize
STEPS = 2


def __getattr__(name: str) -> Any:
    """Everything else is SciPy's."""
    return getattr(_scipy, name)


def _grad(f: Callable[..., Any]) -> Callable[..., Any]:
    return import_module("wengert.functions.transforms.derivatives").grad(f)


def _jacobian(f: Callable[..., Any]) -> Callable[..., Any]:
    return import_module("wengert.functions.transforms.matrices").jacobian(f)


def _tuple(args: Any) -> tuple[Any, ...]:
    return args if isinstance(args, tuple) else (args,)  # pyright: ignore[reportUnknownVariableType]


# ---------------------------------------------------------------- roots


def _at_root(f: Callable[[Any], Any], x: Any, called: str) -> Any:
    """x with the derivative of a root of f: of a number or a vector.

    Raises TraceError where the Jacobian of f is singular there, as where the minimum is no point.
    """
    found: Any = float(x) if not np.ndim(x) else np.asarray(x, float)
    for _ in range(STEPS):
        if not np.ndim(x):
            found = found - f(found) / _grad(f)(found)
        else:
            try:
                found = found - np.linalg.solve(_jacobian(f)(found), f(found))
            except np.linalg.LinAlgError:
                refuse(
                    f"'{called}' has no derivative where the solution is not unique: the Jacobian there is singular.",
                    "Add an equation, or a small term that makes the solution unique:  + 1e-6 * np.sum(x**2)",
                )
    return found


def _bracketed(name: str) -> Callable[..., Any]:
    original = getattr(_scipy, name)

    def solve(f: Callable[..., Any], a: Any, b: Any, args: Any = (), **options: Any) -> Any:
        """A root of f between a and b."""
        if not is_followed():
            return original(f, a, b, args, **options)
        called = f"scipy.optimize.{name}"
        more = _tuple(args)
        low, high = numbers(a, called), numbers(b, called)
        options = {**options, "full_output": True, "disp": False}
        x, report = original(lambda x: float(numbers(f(x, *more), called)), low, high, **options)
        if not report.converged:
            not_converged(called, str(report.flag))
        return _at_root(lambda x: f(x, *more), x, called)

    solve.__name__ = name
    return solve


brentq, brenth, bisect, ridder, toms748 = map(_bracketed, ("brentq", "brenth", "bisect", "ridder", "toms748"))


def newton(func: Callable[..., Any], x0: Any, fprime: Any = None, args: Any = (), **options: Any) -> Any:
    """A root of f near x₀."""
    if not is_followed():
        return _scipy.newton(func, x0, fprime, args, **options)
    called = "scipy.optimize.newton"
    options = {key: value for key, value in options.items() if key in ("tol", "maxiter", "rtol", "x1")}
    x, report = _scipy.newton(
        lambda x: numbers(func(x, *_tuple(args)), called), numbers(x0, called), full_output=True, disp=False, **options
    )
    if not report.converged:
        not_converged(called, str(report.flag))
    return _at_root(lambda x: func(x, *_tuple(args)), x, called)


def root_scalar(f: Callable[..., Any], args: Any = (), **options: Any) -> Any:
    """A root of f, in a report."""
    if not is_followed():
        return _scipy.root_scalar(f, args, **options)
    called = "scipy.optimize.root_scalar"
    for name in ("fprime", "fprime2"):
        options.pop(name, None)
    if options.get("method") in ("newton", "halley"):
        options["method"] = "secant"
    known = {key: numbers(value, called) if key in ("bracket", "x0", "x1") else value for key, value in options.items()}
    found = _scipy.root_scalar(lambda x: float(numbers(f(x, *_tuple(args)), called)), **known)
    if not found.converged:
        not_converged(called, str(found.flag))
    found.root = _at_root(lambda x: f(x, *_tuple(args)), found.root, called)
    return found


def root(
    fun: Callable[..., Any], x0: Any, args: Any = (), method: str = "hybr", jac: Any = None, **options: Any
) -> Any:
    """A root of a function of vectors, in a report."""
    if not is_followed():
        return _scipy.root(fun, x0, args, method, jac, **options)
    called = "scipy.optimize.root"
    more = _tuple(args)
    f = (lambda x: asarray(fun(x, *more)[0])) if jac is True else (lambda x: asarray(fun(x, *more)))
    found = _scipy.root(lambda x: numbers(f(x), called), np.atleast_1d(numbers(x0, called)), method=method, **options)
    if not found.success:
        not_converged(called, str(found.message))
    found.x = _at_root(lambda x: np.reshape(f(x), -1), found.x, called)
    return found


def fsolve(func: Callable[..., Any], x0: Any, args: Any = (), **options: Any) -> Any:
    """A root of a function of vectors."""
    if not is_followed():
        return _scipy.fsolve(func, x0, args, **options)
    tolerance = {"tol": options["xtol"]} if "xtol" in options else {}
    return root(func, x0, args, **tolerance).x


def fixed_point(func: Callable[..., Any], x0: Any, args: Any = (), **options: Any) -> Any:
    """A point x = f(x)."""
    if not is_followed():
        return _scipy.fixed_point(func, x0, args, **options)
    called = "scipy.optimize.fixed_point"
    more = _tuple(args)
    try:
        x = _scipy.fixed_point(lambda x: numbers(asarray(func(x, *more)), called), numbers(x0, called), **options)
    except RuntimeError as error:
        not_converged(called, str(error).splitlines()[0])
    return _at_root(lambda x: x - func(x, *more), x, called)


# ---------------------------------------------------------------- minima


def _no_limits(called: str, x: Any, bounds: Any, constraints: Any = ()) -> None:
    """Refuse what makes a minimum no root of the gradient.

    Raises TraceError.
    """
    active = False
    if bounds is not None:
        pairs = zip(bounds.lb, bounds.ub, strict=True) if hasattr(bounds, "lb") else bounds
        ends = np.array([[-np.inf if a is None else a, np.inf if b is None else b] for a, b in pairs], float)
        active = bool(np.any(np.abs(np.reshape(x, (-1, 1)) - ends) <= 1e-8 * (1 + np.abs(np.reshape(x, (-1, 1))))))
    if active or constraints:
        refuse(
            f"'{called}' has no derivative where a bound or a constraint holds the minimum.",
            "Write the problem with parameters that are free:  np.exp(p) for what is positive.",
        )


def minimize(fun: Callable[..., Any], x0: Any, args: Any = (), method: Any = None, **options: Any) -> Any:
    """A minimum of f, in a report whose `x` and `fun` have derivatives."""
    if not is_followed():
        return _scipy.minimize(fun, x0, args, method, **options)
    called = "scipy.optimize.minimize"
    more = _tuple(args)
    jac = options.pop("jac", None)
    f = (lambda x: fun(x, *more)[0]) if jac is True else (lambda x: fun(x, *more))
    for name in ("hess", "hessp", "callback"):
        options.pop(name, None)
    start = np.atleast_1d(np.asarray(numbers(asarray(x0), called), float))
    gradient = _grad(f)
    if method in (None, "BFGS", "CG", "Newton-CG", "L-BFGS-B", "TNC", "SLSQP"):
        options["jac"] = lambda x: numbers(gradient(x), called)
    found = _scipy.minimize(lambda x: float(numbers(f(x), called)), start, method=method, **options)
    if not found.success and np.max(np.abs(numbers(gradient(found.x), called))) > 1e-6 * (1 + abs(float(found.fun))):
        not_converged(called, str(found.message))
    _no_limits(called, found.x, options.get("bounds"), options.get("constraints", ()))
    found.x = _at_root(gradient, found.x, called)
    found.fun = f(found.x)
    return found


def _in_a_box(name: str) -> Callable[..., Any]:
    original = getattr(_scipy, name)

    def search(func: Callable[..., Any], bounds: Any, args: Any = (), **options: Any) -> Any:
        """A least minimum of f within bounds, in a report whose `x` and `fun` have derivatives."""
        if not is_followed():
            return original(func, bounds, args, **options)
        called = f"scipy.optimize.{name}"
        more = _tuple(args)
        found = original(lambda x: float(numbers(func(x, *more), called)), bounds, **options)
        if not found.success:
            not_converged(called, str(found.message))
        _no_limits(called, found.x, bounds)
        found.x = _at_root(_grad(lambda x: func(x, *more)), found.x, called)
        found.fun = func(found.x, *more)
        return found

    search.__name__ = name
    return search


differential_evolution, dual_annealing, shgo = map(_in_a_box, ("differential_evolution", "dual_annealing", "shgo"))


def minimize_scalar(
    fun: Callable[..., Any], bracket: Any = None, bounds: Any = None, args: Any = (), **options: Any
) -> Any:
    """A minimum of a function of one number, in a report."""
    if not is_followed():
        return _scipy.minimize_scalar(fun, bracket, bounds, args, **options)
    called = "scipy.optimize.minimize_scalar"
    found = _scipy.minimize_scalar(lambda x: float(numbers(fun(x, *_tuple(args)), called)), bracket, bounds, **options)
    if not found.success:
        not_converged(called, str(found.message))
    _no_limits(called, np.array([found.x]), None if bounds is None else [bounds])
    found.x = _at_root(_grad(lambda x: fun(x, *_tuple(args))), found.x, called)
    found.fun = fun(found.x, *_tuple(args))
    return found


def least_squares(
    fun: Callable[..., Any], x0: Any, jac: Any = "2-point", bounds: Any = (-np.inf, np.inf), **options: Any
) -> Any:
    """A minimum of ½ Σ r², in a report."""
    if not is_followed():
        return _scipy.least_squares(fun, x0, jac, bounds, **options)
    called = "scipy.optimize.least_squares"
    if options.get("loss", "linear") != "linear":
        refuse(
            f"'{called}' has no derivative with another loss than 'linear'.",
            "Use 'minimize' with the loss written out.",
        )
    more, named = _tuple(options.pop("args", ())), options.pop("kwargs", {})

    def residuals(x: Any) -> Any:
        return np.reshape(asarray(fun(x, *more, **named)), -1)

    tight = {"xtol": 1e-12, "ftol": 1e-12, "gtol": 1e-12, **options}
    found = _scipy.least_squares(
        lambda x: numbers(residuals(x), called), np.atleast_1d(numbers(asarray(x0), called)), bounds=bounds, **tight
    )
    if not found.success:
        not_converged(called, str(found.message))
    if np.any(found.active_mask):
        _no_limits(called, found.x, None, "bounds")
    found.x = _at_root(_grad(lambda x: 0.5 * np.sum(residuals(x) ** 2)), found.x, called)
    found.fun = residuals(found.x)
    found.cost = 0.5 * np.sum(found.fun**2)
    return found


def curve_fit(
    f: Callable[..., Any],
    xdata: Any,
    ydata: Any,
    p0: Any = None,
    sigma: Any = None,
    absolute_sigma: bool = False,
    **options: Any,
) -> Any:
    """The parameters p of f(x, *p) that fit y best, and their covariance (Jᵀ J)⁻¹ s²."""
    if not is_followed():
        return _scipy.curve_fit(f, xdata, ydata, p0, sigma, absolute_sigma, **options)
    called = "scipy.optimize.curve_fit"
    if p0 is None:
        code = f.__code__
        p0 = np.ones(code.co_argcount - 1)
    if sigma is not None and np.ndim(sigma) > 1:
        refuse(f"'{called}' takes no matrix 'sigma' on traced values.", "Give the standard deviations, a vector.")
    xdata, ydata = asarray(xdata), asarray(ydata)
    weight = 1.0 if sigma is None else 1.0 / asarray(sigma)

    def residuals(p: Any) -> Any:
        return (f(xdata, *[p[k] for k in range(p.shape[0])]) - ydata) * weight

    def known(x: Any, *p: Any) -> Any:
        return numbers(asarray(f(x, *p)), called)

    given = numbers(xdata, called), numbers(ydata, called), numbers(asarray(p0), called), numbers(sigma, called)
    try:
        start, _ = _scipy.curve_fit(known, *given, absolute_sigma, **{**options, "jac": None})
    except RuntimeError as error:
        not_converged(called, str(error))
    found = least_squares(residuals, start, **{key: value for key, value in options.items() if key == "bounds"})
    slopes = _jacobian(residuals)(found.x)
    covariance = np.linalg.inv(slopes.T @ slopes)
    if not absolute_sigma:
        covariance = covariance * (2 * found.cost / (ydata.shape[0] - found.x.shape[0]))
    return found.x, covariance
