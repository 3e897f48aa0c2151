"""Kinks, ties and singular points of NumPy's functions, as grad and jvp give them: the table of docs/design.md, and more."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special as sp

import wengert as wg
from wengert.scipy import special

INF = np.inf
CASES = {
    "a masked logarithm": (lambda x: np.where(x > 0, np.log(x), 0.0), [0.0, 2.0], [0.0, 0.5]),
    "abs at 0": (np.abs, [0.0, -2.0], [0.0, -1.0]),
    "copysign at 0": (lambda x: np.copysign(x, -1.0), [0.0, -2.0, 2.0], [0.0, 1.0, -1.0]),
    "the root of a square at 0": (lambda x: np.sqrt(x * x), [0.0], [0.0]),
    "ties of a maximum": (np.max, [1.0, 1.0, 0.0], [0.5, 0.5, 0.0]),
    "ties of a minimum": (np.min, [1.0, 0.0, 0.0], [0.0, 0.5, 0.5]),
    "maximum at a tie": (lambda x: np.maximum(x, 1.0), [1.0, 2.0, 0.0], [0.5, 1.0, 0.0]),
    "fmax at a tie and beside NaN": (lambda x: np.fmax(x, [1.0, np.nan, 1.0]), [1.0, 2.0, 0.0], [0.5, 1.0, 0.0]),
    "fmax of NaN": (lambda x: np.fmax(x, 1.0), [np.nan], [0.0]),
    "ties of ptp": (np.ptp, [2.0, 2.0, 1.0], [0.5, 0.5, -1.0]),
    "maximum.accumulate at a tie": (np.maximum.accumulate, [1.0, 1.0, 0.5], [2.0, 1.0, 0.0]),
    "clip": (lambda x: np.clip(x, 0, 1), [0.0, 0.5, 1.0, 2.0], [1.0, 1.0, 1.0, 0.0]),
    "x ** 0 at 0": (lambda x: x**0.0, [0.0, 1.0], [0.0, 0.0]),
    "hypot at 0": (lambda x: np.hypot(x, 0.0), [0.0, -2.0], [0.0, -1.0]),
    "arctan2 at 0": (lambda x: np.arctan2(x, 0.0), [0.0], [0.0]),
    "a product with one zero": (np.prod, [0.0, 2.0, 3.0], [6.0, 0.0, 0.0]),
    "a product with two zeros": (np.prod, [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]),
    "a running product with zeros": (np.cumprod, [2.0, 0.0, 3.0], [1.0, 8.0, 0.0]),
    "nanprod": (np.nanprod, [0.0, np.nan, 3.0], [3.0, 0.0, 0.0]),
    "standard deviation of a constant": (np.std, [2.0, 2.0], [0.0, 0.0]),
    "variance of one entry": (np.var, [2.0], [0.0]),
    "nanstd of a constant": (np.nanstd, [2.0, np.nan, 2.0], [0.0, 0.0, 0.0]),
    "logaddexp of -∞": (lambda x: np.logaddexp(x, -INF), [-INF, 0.0], [0.0, 1.0]),
    "logaddexp.reduce": (np.logaddexp.reduce, [-INF, -INF], [0.0, 0.0]),
    "logsumexp of -∞": (special.logsumexp, [-INF, -INF], [0.0, 0.0]),
    "sinc": (np.sinc, [0.0, 1.0], [0.0, -1.0]),
    "xlogy": (lambda x: sp.xlogy(x, x), [0.0, 1.0], [-INF, 1.0]),
    "sort with ties": (lambda x: np.sort(x) * [1.0, 2.0, 3.0], [2.0, 1.0, 2.0], [2.0, 1.0, 3.0]),
    "the median of ties": (np.median, [1.0, 1.0, 1.0], [0.0, 1.0, 0.0]),
    "nansum": (np.nansum, [1.0, np.nan], [1.0, 0.0]),
    "nanmean": (np.nanmean, [1.0, np.nan, 3.0], [0.5, 0.0, 0.5]),
    "nanmax": (np.nanmax, [1.0, np.nan, 3.0], [0.0, 0.0, 1.0]),
    "nan_to_num": (np.nan_to_num, [1.0, np.nan, INF], [1.0, 0.0, 0.0]),
    "a sum of nothing": (np.sum, [], []),
    "the remainder": (lambda x: x % 1.0, [0.25, -0.25], [1.0, 1.0]),
    "steps": (lambda x: np.floor(x) + np.sign(x) + np.rint(x) + x // 2, [0.3, -2.6], [0.0, 0.0]),
    "heaviside": (lambda x: np.heaviside(x, 0.5), [0.0, 1.0], [0.0, 0.0]),
}


@pytest.mark.parametrize(("f", "x", "slope"), CASES.values(), ids=CASES.keys())
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_derivative_at_a_kink(f, x, slope):
    x, slope = np.array(x, dtype=float), np.array(slope, dtype=float)
    np.testing.assert_array_equal(wg.grad(lambda x: np.sum(f(x)))(x), slope)
    for k, each in enumerate(np.eye(len(x))):
        np.testing.assert_array_equal(wg.jvp(lambda x: np.sum(f(x)), (x,), (each,))[1], slope[k])


SECOND = {
    "the square at 0": (lambda x: x**2, 0.0, 2.0),
    "sinc at 0": (np.sinc, 0.0, -(np.pi**2) / 3),
    "hypot": (lambda x: np.hypot(x, 2.0), 2.0, 0.17677669529663687),
    "the remainder": (lambda x: (x % 1.0) ** 2, 0.25, 2.0),
}


@pytest.mark.parametrize(("f", "x", "value"), SECOND.values(), ids=SECOND.keys())
def test_the_second_derivative_at_a_kink(f, x, value):
    assert wg.grad(wg.grad(f))(x) == pytest.approx(value, rel=1e-12)


def test_a_product_with_zeros_has_its_second_derivatives():
    np.testing.assert_array_equal(wg.hessian(np.prod)(np.array([0.0, 0.0, 3.0])), [[0, 3, 0], [3, 0, 0], [0, 0, 0]])
    found = wg.hessian(lambda x: np.sum(np.cumprod(x)))(np.array([0.0, 0.0, 3.0]))
    np.testing.assert_array_equal(found, [[0, 4, 0], [4, 0, 0], [0, 0, 0]])


def test_operators_of_python_for_remainders_and_shifts():
    assert wg.grad(lambda x: sum(divmod(x, 0.7)))(2.0) == 1
    assert wg.grad(lambda x: sum(divmod(7.3, x)))(2.0) == -3
    np.testing.assert_array_equal(wg.grad(lambda x: np.sum(x * (x.astype(int) << 2)))(np.array([1.0, 3.0])), [4, 12])
    np.testing.assert_array_equal(wg.grad(lambda x: np.sum(x * (x.astype(int) >> 1)))(np.array([1.0, 3.0])), [0, 1])


@pytest.mark.filterwarnings("ignore:Degrees of freedom")
def test_a_variance_without_freedom_is_numpys():
    for ddof in (1, 2):
        assert np.isnan(wg.compile(lambda x, d=ddof: np.var(x, ddof=d))(np.array([2.0])))


REFUSED = {
    "where of a ufunc": lambda x: np.add(x, x, where=x > 0),
    "a traced place": lambda x: np.partition(x, x[0]),
    "the order of polygamma": lambda x: special.polygamma(x, 2.0),
}


@pytest.mark.parametrize("f", REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.filterwarnings("ignore:'where' used without 'out'")
def test_what_has_no_form_in_compiled_code_says_what_to_write(f):
    with pytest.raises(wg.errors.TraceError) as caught:
        wg.compile(f)(np.array([0.5, 1.5]))
    assert "lambda x" in caught.value.where
    assert caught.value.repair
