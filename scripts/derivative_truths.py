"""The functions that the sweep of derivatives composes: how NumPy writes each, and its value, slopes and curvatures in mpmath.

A formula raises ZeroDivisionError or gives None where there is no derivative: at a kink, a pole, a branch point.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import mpmath as mp

Formula = Callable[..., Any]


@dataclass(frozen=True)
class Function:
    """A function of one or two numbers. `slopes` are its partials, `curvatures` its second ones: xx, or xx, xy and yy."""

    name: str
    source: str
    """Python with {0} and {1} for the arguments."""
    value: Formula
    slopes: tuple[Formula, ...]
    curvatures: tuple[Formula, ...]
    op: str = ""
    """The op whose slope it shows, where it is a single one."""
    rounds: bool = False
    """Whether its definition rounds its argument first, as sinc forms πx."""
    terms: Formula | None = None
    """How large the terms are of which its curvatures are sums, where they may cancel."""
    factor: Formula | None = None
    """What its slopes have as a factor, where it may leave the range of floats though they do not: 1/y in x/y at x = 0."""

    @property
    def arity(self) -> int:
        """How many arguments it has."""
        return len(self.slopes)

    @cached_property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """The arguments that each curvature is for."""
        return ((0, 0),) if self.arity == 1 else ((0, 0), (0, 1), (1, 1))


def _unless(kink: Callable[..., bool], formula: Formula) -> Formula:
    return lambda *xs: None if kink(*xs) else formula(*xs)


def _zero(*_: Any) -> Any:
    return mp.mpf(0)


def _one(*_: Any) -> Any:
    return mp.mpf(1)


def sigmoid(x: Any) -> Any:
    """1/(1 + e^(−x))."""
    return 1 / (1 + mp.exp(-x))


def bell(x: Any) -> Any:
    """The slope of the sigmoid."""
    return 1 / ((1 + mp.exp(-x)) * (1 + mp.exp(x)))


def density(x: Any) -> Any:
    """The density of the normal distribution."""
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def below(x: Any) -> Any:
    """The probability of a normal number below x."""
    return mp.erfc(-x / mp.sqrt(2)) / 2


def cube_root(x: Any) -> Any:
    """The real cube root."""
    return mp.sign(x) * mp.cbrt(abs(x))


def _bump(x: Any) -> Any:
    return 2 / mp.sqrt(mp.pi) * mp.exp(-x * x)


def _erfinv(y: Any) -> Any:
    """Where erf is y: the quantile, which mpmath solves for."""
    if abs(y) >= 1:
        return None
    with mp.extradps(10):
        return mp.erfinv(y) if abs(y) > mp.mpf("1e-100") else mp.sqrt(mp.pi) / 2 * y


def _erfinv_slope(y: Any) -> Any:
    x = _erfinv(y)
    return None if x is None else mp.sqrt(mp.pi) / 2 * mp.exp(x * x)


def _erfinv_curvature(y: Any) -> Any:
    x = _erfinv(y)
    return None if x is None else mp.pi / 2 * x * mp.exp(2 * x * x)


def _sinc(x: Any) -> tuple[Any, Any, Any]:
    """sin(πx)/(πx) and two derivatives; its series near 0."""
    t = mp.pi * x
    if abs(t) < mp.mpf("1e-18"):
        return 1 - t * t / 6, -mp.pi * t / 3, -(mp.pi**2) / 3
    with mp.extradps(40):
        s, c = mp.sin(t), mp.cos(t)
        first = (t * c - s) / t**2
        return s / t, mp.pi * first, mp.pi**2 * (-s / t - 2 * first / t)


LN2, LN10 = (lambda: mp.log(2)), (lambda: mp.log(10))


def _power(c: Any) -> tuple[Formula, Formula, Formula]:
    c = mp.mpf(c)
    return (lambda x: x**c, lambda x: c * x ** (c - 1), lambda x: c * (c - 1) * x ** (c - 2))


def _one_input(name: str, source: str, three: Sequence[Formula], op: str = "") -> Function:
    return Function(name, source, three[0], (three[1],), (three[2],), op, name == "sinc")


_SOFTPLUS = (lambda x: mp.log1p(mp.exp(x)), sigmoid, bell)
_SIGMOID = (sigmoid, bell, lambda x: -bell(x) * mp.tanh(x / 2))
_ABS = (abs, _unless(lambda x: x == 0, mp.sign), _unless(lambda x: x == 0, _zero))
_RIGHT = _unless(lambda x: x == 0, lambda x: mp.mpf(int(x > 0)))


def _where(three: Sequence[Formula]) -> tuple[Formula, ...]:
    """The function right of 0, and 0 left of it."""
    return tuple(_unless(lambda x: x == 0, lambda x, f=f: f(x) if x > 0 else mp.mpf(0)) for f in three)


_RECIPROCAL = (lambda x: 1 / x, lambda x: -1 / x**2, lambda x: 2 / x**3)
_LOG = (mp.log, lambda x: 1 / x, lambda x: -1 / x**2)
_SQRT = (mp.sqrt, lambda x: 1 / (2 * mp.sqrt(x)), lambda x: -1 / (4 * mp.sqrt(x) ** 3))

SMOOTH: tuple[Any, ...] = (
    ("exp", "np.exp({0})", (mp.exp, mp.exp, mp.exp)),
    ("exp2", "np.exp2({0})", tuple(lambda x, k=k: mp.mpf(2) ** x * LN2() ** k for k in range(3))),
    ("expm1", "np.expm1({0})", (mp.expm1, mp.exp, mp.exp)),
    ("log", "np.log({0})", _LOG),
    ("log2", "np.log2({0})", tuple(lambda x, f=f: f(x) / LN2() for f in _LOG)),
    ("log10", "np.log10({0})", tuple(lambda x, f=f: f(x) / LN10() for f in _LOG)),
    ("log1p", "np.log1p({0})", (mp.log1p, lambda x: 1 / (1 + x), lambda x: -1 / (1 + x) ** 2)),
    ("sqrt", "np.sqrt({0})", _SQRT),
    (
        "cbrt",
        "np.cbrt({0})",
        (cube_root, lambda x: 1 / (3 * cube_root(x) ** 2), lambda x: -2 / (9 * cube_root(x) ** 5)),
    ),
    ("reciprocal", "np.reciprocal({0})", _RECIPROCAL),
    ("negative", "-({0})", (lambda x: -x, lambda x: mp.mpf(-1), _zero)),
    ("sin", "np.sin({0})", (mp.sin, mp.cos, lambda x: -mp.sin(x))),
    ("cos", "np.cos({0})", (mp.cos, lambda x: -mp.sin(x), lambda x: -mp.cos(x))),
    ("tan", "np.tan({0})", (mp.tan, lambda x: mp.sec(x) ** 2, lambda x: 2 * mp.sec(x) ** 2 * mp.tan(x))),
    (
        "arcsin",
        "np.arcsin({0})",
        (mp.asin, lambda x: 1 / mp.sqrt((1 - x) * (1 + x)), lambda x: x / mp.sqrt((1 - x) * (1 + x)) ** 3),
    ),
    (
        "arccos",
        "np.arccos({0})",
        (mp.acos, lambda x: -1 / mp.sqrt((1 - x) * (1 + x)), lambda x: -x / mp.sqrt((1 - x) * (1 + x)) ** 3),
    ),
    ("arctan", "np.arctan({0})", (mp.atan, lambda x: 1 / (1 + x * x), lambda x: -2 * x / (1 + x * x) ** 2)),
    ("sinh", "np.sinh({0})", (mp.sinh, mp.cosh, mp.sinh)),
    ("cosh", "np.cosh({0})", (mp.cosh, mp.sinh, mp.cosh)),
    (
        "tanh",
        "np.tanh({0})",
        (mp.tanh, lambda x: mp.sech(x) ** 2, lambda x: -2 * mp.sech(x) ** 2 * mp.tanh(x)),
    ),
    (
        "arcsinh",
        "np.arcsinh({0})",
        (mp.asinh, lambda x: 1 / mp.sqrt(1 + x * x), lambda x: -x / mp.sqrt(1 + x * x) ** 3),
    ),
    (
        "arccosh",
        "np.arccosh({0})",
        (mp.acosh, lambda x: 1 / mp.sqrt((x - 1) * (x + 1)), lambda x: -x / mp.sqrt((x - 1) * (x + 1)) ** 3),
    ),
    (
        "arctanh",
        "np.arctanh({0})",
        (mp.atanh, lambda x: 1 / ((1 - x) * (1 + x)), lambda x: 2 * x / ((1 - x) * (1 + x)) ** 2),
    ),
    ("sinc", "np.sinc({0})", tuple(lambda x, k=k: _sinc(x)[k] for k in range(3))),
    ("erf", "special.erf({0})", (mp.erf, _bump, lambda x: -2 * x * _bump(x))),
    ("erfc", "special.erfc({0})", (mp.erfc, lambda x: -_bump(x), lambda x: 2 * x * _bump(x))),
    ("erfinv", "special.erfinv({0})", (_erfinv, _erfinv_slope, _erfinv_curvature)),
    ("logistic", "special.expit({0})", _SIGMOID),
    ("abs", "np.abs({0})", _ABS),
)
WRITTEN: tuple[Any, ...] = (
    ("1/x", "1/({0})", _RECIPROCAL),
    ("logaddexp(0, x)", "np.logaddexp(0.0, {0})", _SOFTPLUS),
    ("max(x, 0)", "np.maximum({0}, 0.0)", (lambda x: max(x, mp.mpf(0)), _RIGHT, _unless(lambda x: x == 0, _zero))),
    ("x²", "({0})**2", (lambda x: x * x, lambda x: 2 * x, lambda x: mp.mpf(2))),
    ("x³", "({0})**3", (lambda x: x**3, lambda x: 3 * x**2, lambda x: 6 * x)),
    ("1+x", "1 + ({0})", (lambda x: 1 + x, _one, _zero)),
    ("x^2.5", "({0})**2.5", _power("2.5")),
    ("x^-1.5", "({0})**-1.5", _power("-1.5")),
    ("e^-x", "np.exp(-({0}))", (lambda x: mp.exp(-x), lambda x: -mp.exp(-x), lambda x: mp.exp(-x))),
    ("1/(1+e^-x)", "1/(1 + np.exp(-({0})))", _SIGMOID),
    ("log(1+e^x)", "np.log(1 + np.exp({0}))", _SOFTPLUS, "softplus"),
    ("log(e^x+1.0)", "np.log(np.exp({0}) + 1.0)", _SOFTPLUS),
    ("where log", "np.where({0} > 0, np.log({0}), 0.0)", _where(_LOG)),
    ("where √", "np.where({0} > 0, np.sqrt({0}), 0.0)", _where(_SQRT)),
    ("√x²", "np.sqrt(({0})*({0}))", _ABS),
)


def _ordered(pick: Callable[[Any, Any], bool]) -> tuple[Formula, tuple[Formula, ...], tuple[Formula, ...]]:
    """The argument that is picked; a tie is a kink."""

    def formula(chosen: Any, other: Any) -> Formula:
        return _unless(lambda x, y: x == y, lambda x, y: mp.mpf(chosen if pick(x, y) else other))

    return (lambda x, y: x if pick(x, y) else y), (formula(1, 0), formula(0, 1)), (formula(0, 0),) * 3


def _radius(x: Any, y: Any) -> Any:
    return mp.sqrt(x * x + y * y)


def _raised(x: Any, y: Any) -> Any:
    """x^y of real numbers; None where it is none."""
    if x == 0:
        return mp.mpf(1) if y == 0 else mp.mpf(0) if y > 0 else None
    return x**y if x > 0 or y == mp.floor(y) else None


def _times_log(factor: Callable[[Any, Any], Any], x: Any, y: Any) -> Any:
    return factor(x, y) * mp.log(x) if x > 0 else None


_PLUS = (lambda x, y: x + y), (_one, _one), (_zero,) * 3


def _logaddexp(x: Any, y: Any) -> Any:
    return max(x, y) + mp.log1p(mp.exp(-abs(x - y)))


TWO: tuple[Any, ...] = (
    ("add", "{0} + {1}", *_PLUS),
    ("subtract", "{0} - {1}", lambda x, y: x - y, (_one, lambda x, y: mp.mpf(-1)), (_zero,) * 3),
    ("multiply", "({0})*({1})", lambda x, y: x * y, (lambda x, y: y, lambda x, y: x), (_zero, _one, _zero)),
    (
        "divide",
        "({0})/({1})",
        lambda x, y: x / y,
        (lambda x, y: 1 / y, lambda x, y: -x / y**2),
        (_unless(lambda x, y: y == 0, _zero), lambda x, y: -1 / y**2, lambda x, y: 2 * x / y**3),
    ),
    (
        "power",
        "np.power({0}, {1})",
        _raised,
        (
            _unless(lambda x, y: x <= 0, lambda x, y: y * x ** (y - 1)),
            lambda x, y: _times_log(lambda x, y: x**y, x, y),
        ),
        (
            _unless(lambda x, y: x <= 0, lambda x, y: y * (y - 1) * x ** (y - 2)),
            _unless(lambda x, y: x <= 0, lambda x, y: x ** (y - 1) * (1 + y * mp.log(x))),
            _unless(lambda x, y: x <= 0, lambda x, y: x**y * mp.log(x) ** 2),
        ),
        "",
        False,
        lambda x, y: abs(x ** (y - 1)) * (1 + abs(y * mp.log(abs(x)))),
    ),
    (
        "hypot",
        "np.hypot({0}, {1})",
        _radius,
        (lambda x, y: x / _radius(x, y), lambda x, y: y / _radius(x, y)),
        (
            lambda x, y: y * y / _radius(x, y) ** 3,
            lambda x, y: -x * y / _radius(x, y) ** 3,
            lambda x, y: x * x / _radius(x, y) ** 3,
        ),
    ),
    (
        "arctan2",
        "np.arctan2({0}, {1})",
        _unless(lambda y, x: y == 0 and x <= 0, mp.atan2),
        (lambda y, x: x / (x * x + y * y), lambda y, x: -y / (x * x + y * y)),
        (
            lambda y, x: -2 * x * y / (x * x + y * y) ** 2,
            lambda y, x: (y * y - x * x) / (x * x + y * y) ** 2,
            lambda y, x: 2 * x * y / (x * x + y * y) ** 2,
        ),
        "",
        False,
        lambda y, x: 1 / (x * x + y * y),
    ),
    (
        "logaddexp",
        "np.logaddexp({0}, {1})",
        _logaddexp,
        (lambda x, y: sigmoid(x - y), lambda x, y: sigmoid(y - x)),
        (lambda x, y: bell(x - y), lambda x, y: -bell(x - y), lambda x, y: bell(x - y)),
    ),
    (
        "xlogy",
        "special.xlogy({0}, {1})",
        lambda x, y: x * mp.log(y) if y > 0 else None,
        (_unless(lambda x, y: y <= 0, lambda x, y: mp.log(y)), lambda x, y: x / y),
        (_zero, lambda x, y: 1 / y, lambda x, y: -x / y**2),
        "",
        False,
        None,
        lambda x, y: 1 / y,
    ),
    (
        "xlog1py",
        "special.xlog1py({0}, {1})",
        lambda x, y: x * mp.log1p(y) if y > -1 else None,
        (_unless(lambda x, y: y <= -1, lambda x, y: mp.log1p(y)), lambda x, y: x / (1 + y)),
        (_zero, lambda x, y: 1 / (1 + y), lambda x, y: -x / (1 + y) ** 2),
    ),
    ("maximum", "np.maximum({0}, {1})", *_ordered(lambda x, y: x > y)),
    ("minimum", "np.minimum({0}, {1})", *_ordered(lambda x, y: x < y)),
    (
        "where",
        "np.where({0} > 0, {0}, {1})",
        _unless(lambda x, y: x == 0, lambda x, y: x if x > 0 else y),
        (lambda x, y: mp.mpf(int(x > 0)), lambda x, y: mp.mpf(int(x < 0))),
        (_zero,) * 3,
    ),
    (
        "where /",
        "np.where({1} > 0, ({0})/({1}), {0})",
        _unless(lambda x, y: y == 0, lambda x, y: x / y if y > 0 else x),
        (lambda x, y: 1 / y if y > 0 else mp.mpf(1), lambda x, y: -x / y**2 if y > 0 else mp.mpf(0)),
        (_zero, lambda x, y: -1 / y**2 if y > 0 else mp.mpf(0), lambda x, y: 2 * x / y**3 if y > 0 else mp.mpf(0)),
    ),
)


def _multiple(name: str, source: str, factor: float) -> Function:
    c = mp.mpf(factor)
    return _one_input(name, source, (lambda x: c * x, lambda x: c, _zero))


HELPERS: dict[str, Function] = {
    f.name: f
    for f in (
        _multiple("x/2", "0.5*({0})", 0.5),
        _multiple("x/√2", "0.7071067811865476*({0})", 0.7071067811865476),
        _multiple("0.8 x", "0.7978845608028654*({0})", 0.7978845608028654),
        _multiple("0.04 x", "0.044715*({0})", 0.044715),
    )
}
"""Functions that occur inside of others only."""
ONE_INPUT: dict[str, Function] = {row[0]: _one_input(*row) for row in (*(row + row[:1] for row in SMOOTH), *WRITTEN)}
TWO_INPUTS: dict[str, Function] = {row[0]: Function(*row) for row in TWO}
FUNCTIONS = ONE_INPUT | TWO_INPUTS | HELPERS
