"""scipy.optimize on traced values: the point is found by SciPy with numbers, and its derivative is that of the implicit function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import optimize  # pyright: ignore[reportMissingTypeStubs]

from wengert.functions.namespaces.sequences import asarray
from wengert.functions.tracing.standin import refuse
from wengert.scipy.implicit import Shape, as_found, at_root, gradient_of, jacobian_of, root_found
from wengert.scipy.numerical import Asked, found_by, has_traced, is_followed, not_converged

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


def __getattr__(name: str) -> Any:
    """Everything else is SciPy's."""
    return getattr(_scipy, name)


def _tuple(args: Any) -> tuple[Any, ...]:
    return args if isinstance(args, tuple) else (args,)  # pyright: ignore[reportUnknownVariableType]


def _reported(report: Any, x: Any) -> Any:
    """SciPy's report with x, the point that has derivatives; what there is of it where the point is found when code runs."""
    if report is None:
        report = _scipy.OptimizeResult(success=True, status=1, message="found by SciPy")
    report.x = x
    return report


def _minimum(report: Any, x: Any, f: Callable[[Any], Any]) -> Any:
    """The report with x and f(x)."""
    report = _reported(report, x)
    report.fun = f(x)
    return report


def _must_succeed(called: str, report: Any) -> None:
    """Raises TraceError where SciPy found no point."""
    if not report.success:
        not_converged(called, str(report.message))


# ---------------------------------------------------------------- roots


def _bracketed(name: str) -> Callable[..., Any]:
    original = getattr(_scipy, name)

    def solve(f: Callable[..., Any], a: Any, b: Any, args: Any = (), **options: Any) -> Any:
        """A root of f between a and b."""
        if not is_followed():
            return original(f, a, b, args, **options)
        called = f"scipy.optimize.{name}"
        options = {**options, "full_output": True, "disp": False}

        def equation(x: Any) -> Any:
            return f(x, *_tuple(args))

        def search(f: Callable[..., Any], low: Any, high: Any) -> tuple[Sequence[Any], Any]:
            x, report = original(lambda x: float(f(x)), low, high, **options)
            if not report.converged:
                not_converged(called, str(report.flag))
            return [x], report

        return root_found(called, equation, search, [equation], [a, b], ())[0]

    solve.__name__ = name
    return solve


brentq, brenth, bisect, ridder, toms748 = map(_bracketed, ("brentq", "brenth", "bisect", "ridder", "toms748"))


def newton(func: Callable[..., Any], x0: Any, fprime: Any = None, args: Any = (), **options: Any) -> Any:
    """A root of f near x₀; of an array each entry's."""
    if not is_followed():
        return _scipy.newton(func, x0, fprime, args, **options)
    called = "scipy.optimize.newton"
    options = {key: value for key, value in options.items() if key in ("tol", "maxiter", "rtol", "x1", "fprime2")}
    second, more = options.pop("fprime2", None), _tuple(args)
    shape: Shape = np.shape(x0)

    def equation(x: Any) -> Any:
        return func(x, *more)

    def search(f: Any, *values: Any) -> tuple[Sequence[Any], Any]:
        *slopes, start = values
        known = dict(zip(("fprime", "fprime2"), slopes, strict=False))
        try:
            x, *reports = _scipy.newton(f, start, full_output=True, disp=False, **known, **options)
        except RuntimeError as error:  # of an array where no entry converges
            not_converged(called, str(error))
        if not np.all(reports[0] if shape else reports[0].converged):
            not_converged(called, "some entries have no root yet" if shape else str(reports[0].flag))
        return [x, 1.0], None

    slopes = [(lambda x, each=each: each(x, *more)) for each in (fprime, second) if each is not None]
    functions = [Asked(each, (shape,)) for each in (equation, *slopes)]
    (x, sound), _ = found_by(called, search, functions, [x0], [shape, ()])
    return at_root(equation, as_found(x, shape), called, sound, is_by_entry=bool(shape))


def root_scalar(f: Callable[..., Any], args: Any = (), **options: Any) -> Any:
    """A root of f, in a report."""
    if not is_followed():
        return _scipy.root_scalar(f, args, **options)
    called = "scipy.optimize.root_scalar"
    for name in ("fprime", "fprime2"):
        options.pop(name, None)
    if options.get("method") in ("newton", "halley"):
        options["method"] = "secant"
    names = [name for name in ("bracket", "x0", "x1") if options.get(name) is not None]
    given = [asarray(options.pop(name)) for name in names]

    def equation(x: Any) -> Any:
        return f(x, *_tuple(args))

    def search(f: Any, *values: Any) -> tuple[Sequence[Any], Any]:
        report = _scipy.root_scalar(lambda x: float(f(x)), **dict(zip(names, values, strict=True)), **options)
        if not report.converged:
            not_converged(called, str(report.flag))
        return [report.root], report

    x, report = root_found(called, equation, search, [equation], given, ())
    if report is None:
        report = _scipy.RootResults(x, 0, 0, 0, str(options.get("method")))
    report.root = x
    return report


def root(
    fun: Callable[..., Any], x0: Any, args: Any = (), method: str = "hybr", jac: Any = None, **options: Any
) -> Any:
    """A root of a function of vectors, in a report."""
    if not is_followed():
        return _scipy.root(fun, x0, args, method, jac, **options)
    called = "scipy.optimize.root"
    more = _tuple(args)
    start = np.atleast_1d(asarray(x0))

    def equation(x: Any) -> Any:
        found = fun(x, *more)
        return np.reshape(asarray(found[0] if jac is True else found), -1)

    def search(f: Any, start: Any) -> tuple[Sequence[Any], Any]:
        report = _scipy.root(f, start, method=method, **options)
        _must_succeed(called, report)
        return [report.x], report

    x, report = root_found(called, equation, search, [equation], [start], start.shape)
    return _reported(report, x)


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
    more, shape = _tuple(args), np.shape(x0)

    def image(x: Any) -> Any:
        return asarray(func(x, *more))

    def search(f: Any, start: Any) -> tuple[Sequence[Any], Any]:
        try:
            return [_scipy.fixed_point(f, start, **options)], None
        except RuntimeError as error:
            not_converged(called, str(error).splitlines()[0])

    return root_found(called, lambda x: x - image(x), search, [image], [x0], shape)[0]


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


SLOPED = (None, "BFGS", "CG", "Newton-CG", "L-BFGS-B", "TNC", "SLSQP")
"""The methods of `minimize` that take a gradient."""


def minimize(fun: Callable[..., Any], x0: Any, args: Any = (), method: Any = None, **options: Any) -> Any:
    """A minimum of f, in a report whose `x` and `fun` have derivatives."""
    if not is_followed():
        return _scipy.minimize(fun, x0, args, method, **options)
    called = "scipy.optimize.minimize"
    more = _tuple(args)
    jac = options.pop("jac", None)
    for name in ("hess", "hessp", "callback"):
        options.pop(name, None)
    start = np.atleast_1d(asarray(x0)) * 1.0

    def f(x: Any) -> Any:
        found = fun(x, *more)
        return found[0] if jac is True else found

    gradient = gradient_of(f)

    def search(f: Any, gradient: Any, start: Any) -> tuple[Sequence[Any], Any]:
        sloped = {"jac": gradient} if method in SLOPED else {}
        report = _scipy.minimize(lambda x: float(f(x)), start, method=method, **sloped, **options)
        if not report.success and np.max(np.abs(gradient(report.x))) > 1e-6 * (1 + abs(float(report.fun))):
            not_converged(called, str(report.message))
        _no_limits(called, report.x, options.get("bounds"), options.get("constraints", ()))
        return [report.x], report

    x, report = root_found(called, gradient, search, [f, gradient], [start], start.shape)
    return _minimum(report, x, f)


def _in_a_box(name: str) -> Callable[..., Any]:
    original = getattr(_scipy, name)

    def search(func: Callable[..., Any], bounds: Any, args: Any = (), **options: Any) -> Any:
        """A least minimum of f within bounds, in a report whose `x` and `fun` have derivatives."""
        if not is_followed():
            return original(func, bounds, args, **options)
        called = f"scipy.optimize.{name}"

        def f(x: Any) -> Any:
            return func(x, *_tuple(args))

        def within(f: Any) -> tuple[Sequence[Any], Any]:
            report = original(lambda x: float(f(x)), bounds, **options)
            _must_succeed(called, report)
            _no_limits(called, report.x, bounds)
            return [report.x], report

        size = len(bounds.lb if hasattr(bounds, "lb") else bounds)
        x, report = root_found(called, gradient_of(f), within, [f], [], (size,))
        return _minimum(report, x, f)

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

    def f(x: Any) -> Any:
        return fun(x, *_tuple(args))

    def search(f: Any) -> tuple[Sequence[Any], Any]:
        report = _scipy.minimize_scalar(lambda x: float(f(x)), bracket, bounds, **options)
        _must_succeed(called, report)
        _no_limits(called, np.array([report.x]), None if bounds is None else [bounds])
        return [report.x], report

    x, report = root_found(called, gradient_of(f), search, [f], [], ())
    return _minimum(report, x, f)


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
    start = np.atleast_1d(asarray(x0)) * 1.0

    def residuals(x: Any) -> Any:
        return np.reshape(asarray(fun(x, *more, **named)), -1)

    def search(residuals: Any, start: Any) -> tuple[Sequence[Any], Any]:
        tight = {"xtol": 1e-12, "ftol": 1e-12, "gtol": 1e-12, **options}
        report = _scipy.least_squares(residuals, start, bounds=bounds, **tight)
        _must_succeed(called, report)
        if np.any(report.active_mask):
            _no_limits(called, report.x, None, "bounds")
        return [report.x], report

    gradient = gradient_of(lambda x: 0.5 * np.sum(residuals(x) ** 2))
    x, report = root_found(called, gradient, search, [residuals], [start], start.shape)
    report = _minimum(report, x, residuals)
    report.cost = 0.5 * np.sum(report.fun**2)
    return report


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
    if sigma is not None and np.ndim(sigma) > 1:
        refuse(f"'{called}' takes no matrix 'sigma' on traced values.", "Give the standard deviations, a vector.")
    start = asarray(np.ones(f.__code__.co_argcount - 1) if p0 is None else p0)
    xdata, ydata = asarray(xdata), asarray(ydata)
    weight = 1.0 if sigma is None else 1.0 / asarray(sigma)

    def model(p: Any) -> Any:
        return f(xdata, *[p[k] for k in range(p.shape[0])])

    def residuals(p: Any) -> Any:
        return (model(p) - ydata) * weight

    def search(model: Any, start: Any, ydata: Any, weight: Any) -> tuple[Sequence[Any], Any]:
        places = np.arange(float(len(ydata)))  # the model reads its own
        given = start, 1 / (weight + np.zeros(len(ydata)))
        try:
            found = _scipy.curve_fit(
                lambda _, *p: model(np.array(p)), places, ydata, *given, **{**options, "jac": None}
            )
        except RuntimeError as error:
            not_converged(called, str(error))
        return [found[0]], None

    (near,), _ = found_by(called, search, [Asked(model, (start.shape,))], [start, ydata, weight], [start.shape])
    found = least_squares(residuals, near, **{key: value for key, value in options.items() if key == "bounds"})
    slopes = jacobian_of(residuals)(found.x)
    covariance = np.linalg.inv(slopes.T @ slopes)
    if not absolute_sigma:
        covariance = covariance * (2 * found.cost / (ydata.shape[0] - found.x.shape[0]))
    return found.x, covariance


def linear_sum_assignment(cost_matrix: Any, maximize: bool = False) -> Any:
    """The rows and columns of the assignment of least cost: whole numbers, which stay where the costs move a little."""
    if not has_traced(cost_matrix):
        return _scipy.linear_sum_assignment(cost_matrix, maximize)
    costs = asarray(cost_matrix)
    count = min(costs.shape)

    def search(numbers: Any) -> tuple[Sequence[Any], Any]:
        return list(_scipy.linear_sum_assignment(numbers, maximize)), True

    found, _ = found_by("scipy.optimize.linear_sum_assignment", search, [], [costs], [(count,), (count,)])
    return tuple(each.astype(np.int64) for each in found)
