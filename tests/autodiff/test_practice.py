"""Functions of practice where they saturate, overflow or vanish: values and two derivatives against mpmath, by every route.

They were written down without a look at the rules. Left out are formulas that cancel as they are written, (1 − cos x)/x² near 0 and the like,
and points from which a factor of a slope leaves the range of floats (docs/accuracy.md).
"""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pytest

import wengert as wg

DIGITS = 900
"""1 + e⁻⁸⁰⁰ is another number than 1."""
NAMES = {"abs": abs, "arcsinh": mp.asinh, "arctan": mp.atan, "arctanh": mp.atanh, "log1p": lambda x: mp.log(1 + x)}
TWO = {"maximum": lambda a, b: a if a >= b else b, "minimum": lambda a, b: a if a <= b else b}
LIMIT = 1e-11


class Exact:
    """The functions of NumPy that are used here, of one number with many digits."""

    def __getattr__(self, name: str) -> Any:
        return NAMES.get(name) or TWO.get(name) or getattr(mp, name)

    @staticmethod
    def where(condition: Any, x: Any, y: Any) -> Any:
        return x if condition else y

    @staticmethod
    def clip(x: Any, low: Any, high: Any) -> Any:
        return min(max(x, low), high)


FUNCTIONS = {
    "cross entropy of a logit": (lambda m, z: m.maximum(z, 0) - z * 0.3 + m.log1p(m.exp(-m.abs(z))), [3.0, 40.0, -40.0, 800.0, -800.0]),
    "cross entropy of σ(z)": (lambda m, z: -0.25 * m.log(1 / (1 + m.exp(-z))) - 0.75 * m.log(1 - 1 / (1 + m.exp(-z))), [1.0, 40.0, -40.0, 700.0, -700.0]),
    "focal": (lambda m, p: -((1 - p) ** 2) * m.log(p), [0.3, 1e-300]),
    "sharp softplus": (lambda m, x: m.log1p(m.exp(5 * x)) / 5, [0.0, 20.0, -20.0, 300.0, -120.0]),
    "swish": (lambda m, x: x / (1 + m.exp(-x)), [0.0, 30.0, -30.0, 300.0, -300.0, 1e5]),
    "mish": (lambda m, x: x * m.tanh(m.log(1 + m.exp(x))), [1.0, 30.0, -30.0, 500.0, -500.0]),
    "elu": (lambda m, x: m.where(x > 0, x, m.exp(m.minimum(x, 0)) - 1), [2.0, -2.0, -700.0, 800.0, -1e-12]),
    "elu without a guard": (lambda m, x: m.where(x > 0, x, 1.67 * (m.exp(x) - 1)), [2.0, -2.0, -700.0, 800.0]),
    "student": (lambda m, x: -2.5 * m.log1p(x**2 / 4), [1.0, -3.0, 1e10, 1e-200]),
    "huber": (lambda m, x: m.where(m.abs(x) <= 1, 0.5 * x**2, m.abs(x) - 0.5), [0.5, 1e-300, 1e300, -1e300]),
    "log cosh": (lambda m, x: m.abs(x) + m.log1p(m.exp(-2 * m.abs(x))), [1.0, 30.0, 300.0, -300.0]),
    "welsch": (lambda m, x: -m.expm1(-((x / 3) ** 2) / 2), [1e-9, 1.0, 20.0, 1e5, 1e200]),
    "tukey": (lambda m, x: m.where(m.abs(x) < 2, 1 - (1 - (x / 2) ** 2) ** 3, 1.0), [0.5, 3.0, 1e200]),
    "planck": (lambda m, x: x**3 / m.expm1(x), [1.0, 40.0, 300.0, -40.0, -800.0]),
    "fermi": (lambda m, x: 1 / (1 + m.exp((x - 1) / 0.001)), [0.5, 1.0 + 2**-30, 2.0, -3.0, 1e5]),
    "free energy": (lambda m, x: -0.01 * m.log(1 + m.exp(-(x - 1) / 0.01)), [0.3, 2.0, -3.0, 7.5]),
    "yukawa": (lambda m, r: m.exp(-r) / r, [1.0, 1e-100, 40.0, 700.0]),
    "morse": (lambda m, r: (1 - m.exp(-2 * (r - 1))) ** 2, [0.0, -30.0, 30.0, 300.0]),
    "logit": (lambda m, p: m.log(p / (1 - p)), [0.3, 1e-150, 1e-16]),
    "log(1 − e^−x)": (lambda m, x: m.where(x < 0.693, m.log(-m.expm1(-x)), m.log1p(-m.exp(-x))), [1.0, 1e-100, 1e-10, 40.0, 700.0]),
    "gompertz": (lambda m, t: 3 * m.exp(-2 * m.exp(-t)), [1.0, 5.0, -5.0, -1000.0, 700.0, 40.0]),
    "weibull": (lambda m, x: m.exp(-((x / 2) ** 1.5)), [1.0, 1e-200, 5.0, 1e10, 1e300]),
    "growth": (lambda m, t: 100 / (1 + 9 * m.exp(-t)), [0.0, 10.0, -10.0, 600.0, -300.0]),
    "arrhenius": (lambda m, t: m.exp(-8.0 / t), [300.0, 1.0, 1e-3, 1e100]),
    "bump": (lambda m, x: m.where(m.abs(x) < 1, m.exp(-1 / (1 - x**2)), 0.0), [0.5, 0.99, 1.5, -2.0]),
    "flat at 0": (lambda m, x: m.where(x > 0, m.exp(-1 / m.where(x > 0, x, 1.0)), 0.0), [1.0, 1e-2, 1e-5, 1e-300, -1.0]),
    "smoothstep": (lambda m, x: m.clip(x, 0, 1) ** 2 * (3 - 2 * m.clip(x, 0, 1)), [0.3, -5.0, 1e300, 0.999]),
    "squashed gaussian": (lambda m, x: 2 * (0.6931471805599453 - x - m.log1p(m.exp(-2 * x))), [1.0, 20.0, -20.0, 300.0, -300.0]),
    "gumbel": (lambda m, u: -m.log(-m.log(u)), [0.5, 1e-100]),
    "cloglog": (lambda m, x: -m.expm1(-m.exp(x)), [1.0, -40.0, -700.0, 5.0]),
    "poisson": (lambda m, x: m.exp(x) - 7 * x, [0.0, -800.0, 500.0, 700.0]),
    "arcsinh, scaled": (lambda m, x: m.arcsinh(x / 150) * 150, [1.0, 1e10, 1e-100]),
    "compound interest": (lambda m, r: m.exp(m.log1p(r / 12) * 12), [1.0, 1e-12, 1e-300]),
    "guarded root": (lambda m, x: m.where(x > 0, m.sqrt(m.where(x > 0, x, 1.0)), 0.0), [1.0, -1.0, 1e-150, -1e200]),
    "log |x|": (lambda m, x: 0.5 * m.log(x**2), [1.0, 1e-150, 1e150, -1e100]),
    "tanh by exp": (lambda m, x: (m.exp(2 * x) - 1) / (m.exp(2 * x) + 1), [1.0, -1.0, 30.0, -30.0, 300.0, -300.0]),
    "1 − σ": (lambda m, x: 1 - 1 / (1 + m.exp(-x)), [1.0, -30.0, 4.0, -700.0]),
    "inverse multiquadric": (lambda m, r: 1 / m.sqrt(1 + r**2), [1.0, 1e-200, 30.0, 1e80]),
    "binary entropy": (lambda m, p: -p * m.log(p) - (1 - p) * m.log1p(-p), [0.3, 1e-100]),
    "root of a quadratic": (lambda m, b: 1 / (-b + m.sqrt(b * b - 0.5)), [-1.0, -1e9, -1e70]),
}  # fmt: skip


def truth(f, x):
    """f, f′ and f″ at x by differences with many digits."""
    with mp.workdps(DIGITS):
        x = mp.mpf(x)
        h = (abs(x) or mp.mpf("1e-30")) * mp.mpf("1e-60")
        left, here, right = (f(Exact(), x + step) for step in (-h, 0, h))
        return [float(each) for each in (mp.mpf(here), (right - left) / (2 * h), (right - 2 * here + left) / h**2)]


def routes(f, x):
    """(order, name, result) of every route."""
    value, total = (lambda x: f(np, x)), (lambda x: np.sum(f(np, x)))
    g = wg.grad(total)
    gg = wg.grad(lambda x: np.sum(g(x)))
    yield 0, "value", wg.compile(value)(x)
    for call in (1, 2, 3, 4, 5):
        yield 1, f"call {call}", g(x)
    yield 1, "compiled", wg.compile(g)(x)
    yield 1, "jvp", wg.jvp(value, (x,), (np.ones_like(x),))[1]
    yield 1, "vmap", wg.vmap(wg.grad(value))(x)
    yield 1, "alone", np.array([wg.grad(value)(float(each)) for each in x])
    yield 2, "grad of grad", gg(x)
    yield 2, "grad of grad, compiled", wg.compile(gg)(x)
    yield 2, "jvp of grad", wg.jvp(g, (x,), (np.ones_like(x),))[1]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_of_practice_has_its_derivatives_where_it_saturates(name):
    f, points = FUNCTIONS[name]
    want = np.array([truth(f, x) for x in points]).T
    with np.errstate(all="ignore"):
        for order, route, got in routes(f, np.array(points)):
            np.testing.assert_allclose(got, want[order], rtol=LIMIT, atol=1e-306, err_msg=route)
