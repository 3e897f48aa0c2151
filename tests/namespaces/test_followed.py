"""Functions of NumPy and SciPy without a rule, but written in Python, are followed; classes and arrays of other things stay what they are."""

import cmath

import numpy as np
import pytest
import scipy.fft
import scipy.signal
import scipy.sparse as sp
import scipy.stats
from scipy.interpolate import CubicSpline
from scipy.sparse import csr_matrix, issparse

import wengert as wg
from tests.namespaces.test_own_names import central
from wengert.errors import TraceError

A = sp.random(4, 4, 0.5, random_state=0).tocsr()
KINDS = np.array(["a", "b"])


def of_class(x):
    d = sp.diags([1.0, 2, 3, 4])
    assert isinstance(A, csr_matrix)
    assert sp.issparse(d)
    assert issparse(A)
    spline = CubicSpline(np.arange(4.0), np.array([x, 1.0, x * x, 2.0]))
    assert isinstance(spline, CubicSpline)
    return (A @ (d @ np.array([x, 1.0, x, 2.0]))).sum() + spline(1.3)


def structured(x):
    t = np.array([(1.0, 2.0)], dtype=[("a", float), ("b", float)])
    return x * t["b"][0] * len(KINDS) * len(np.array(["u", "v"]))


def diagonal(x):
    k = np.outer([x, 1.0], [x, x])
    k[np.diag_indices_from(k)] += x
    return k[np.triu_indices_from(k)].prod()


def placed(x):
    k = np.array([x, 2 * x, 3.0])
    np.place(k, k > 1.0, x)
    return (k * np.arange(1.0, 4)).sum()


CASES = {
    "functions": lambda x: sum(f(x) for f in np.array([np.sin, np.cos])),
    "objects": lambda x: sum(np.array([x, x * x], dtype=object)),
    "classes": of_class,
    "structured": structured,
    "constant knots": lambda x: CubicSpline(np.arange(5.0), np.sin(np.arange(5.0)))(x),
    "diagonal": diagonal,
    "placed": placed,
    "series": lambda x: np.polynomial.Polynomial([1.0, x, x * x])(1.5),
    "series by function": lambda x: np.polynomial.polynomial.polyval(1.5, np.array([x, 1.0, x])),
    "chebyshev": lambda x: np.polynomial.chebyshev.chebval(0.3, np.array([x, 1.0, x * x])),
    "legendre": lambda x: np.polynomial.legendre.legval(x, [1.0, 2.0, 3.0]),
    "complex": lambda x: abs(complex(x, 2.0)) + (complex(x) * complex(0, 1) * x).imag,
    "cmath": lambda x: abs(cmath.exp(1j * x) * x + cmath.sqrt(x)),
    "signature": lambda x: np.vectorize(lambda v: v @ v, signature="(n)->()")(np.outer([x, 1.0], [x, 2.0])).sum(),
    "frompyfunc": lambda x: np.frompyfunc(lambda a, b: a * b, 2, 1)(np.array([x, 2.0]), x).sum(),
    "detrend": lambda x: (scipy.signal.detrend(np.array([x, x * x, 1.0, 3.0]), type="constant") ** 2).sum(),
    "smoothed": lambda x: (scipy.signal.savgol_filter(np.array([x, x * x, 1, 3, x, 2]), 5, 2) ** 2).sum(),
    "envelope": lambda x: np.abs(scipy.signal.hilbert(np.array([x, x * x, 1.0, 3.0]))).sum(),
    "response": lambda x: np.abs(scipy.signal.freqz([x, 1.0], [1.0, x], worN=3)[1]).sum(),
    "spectrum": lambda x: np.abs(scipy.fft.rfft(np.array([x, x * x, 1.0, 3.0]))).sum(),
    "cosines": lambda x: (scipy.fft.dct(np.array([x, x * x, 1.0]), norm="ortho") ** 3).sum(),
    "sines": lambda x: (scipy.fft.idst(np.array([[x, x * x, 1.0]]), type=1, axis=1, n=2) ** 3).sum(),
    "polydiv": lambda x: np.polydiv([x, 1.0, 2.0], [2.0, x])[0].sum(),
    "scores": lambda x: (scipy.stats.zscore([x, x * x, 1.0, 3.0]) * np.arange(4)).sum(),
    "moments": lambda x: (
        scipy.stats.skew([x, 2.0, 3 * x]) + scipy.stats.gmean([x, 2.0]) + scipy.stats.sem([x, 2.0, 4.0])
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_has_no_rule_is_followed_in_every_tier(name):
    f = CASES[name]
    slope = central(f, 0.7)
    gradient = wg.grad(f)
    np.testing.assert_allclose(gradient(0.7), slope, atol=1e-8)
    np.testing.assert_allclose(wg.compile(gradient)(0.7), slope, atol=1e-8)


WHILE_IT_RUNS = {
    "roots": lambda x: np.abs(np.roots(np.array([1.0, x, x * x + 1]))).sum(),
    "poly1d": lambda x: np.poly1d([x, 1.0, x])(1.5),
    "polymul": lambda x: np.polymul([x, 1.0], [2.0, x]).sum(),
    "histogram": lambda x: (np.histogram([x, 1.0, 2.0], bins=2, weights=np.array([x, x * x, 1.0]))[0] ** 2).sum(),
}


@pytest.mark.parametrize("name", WHILE_IT_RUNS)
def test_what_asks_for_values_is_followed_where_they_are_known(name):
    f = WHILE_IT_RUNS[name]
    np.testing.assert_allclose(wg.grad(f)(0.7), central(f, 0.7), atol=1e-8)
    with pytest.raises(TraceError):
        wg.compile(wg.grad(f))(0.7)


def test_what_cannot_be_followed_is_refused_by_its_name():
    with pytest.raises(TraceError, match=r"scipy\.signal\.find_peaks"):
        wg.grad(lambda x: scipy.signal.find_peaks(x)[0].sum())(np.arange(4.0))


@pytest.mark.parametrize("kind", [np.poly1d, np.polynomial.Polynomial])
def test_a_polynomial_is_differentiated_as_it_is_given(kind):
    p = kind([1.0, 2.0, 3.0])
    np.testing.assert_allclose(wg.grad(p)(0.7), central(p, 0.7), atol=1e-8)
    np.testing.assert_allclose(wg.compile(p)(0.7), p(0.7), rtol=1e-14)
    np.testing.assert_allclose(wg.vmap(p)(np.array([0.7, 0.2])), [p(0.7), p(0.2)], rtol=1e-14)
