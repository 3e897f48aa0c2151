"""What the base has in place of SciPy's special functions and triangular solver: against mpmath, and as SciPy at the edges."""

from __future__ import annotations

import itertools

import mpmath
import numpy as np
import pytest
from scipy import linalg, special

from wengert.core.ops import special_functions
from wengert.core.ops.matrices import triangular
from wengert.core.ops.solving import substituted
from wengert.errors import MissingPackageError

RNG = np.random.default_rng(0)
NEAR_ONE = 1 - 10.0 ** -RNG.uniform(0, 15, size=60)
TINY = 10.0 ** -RNG.uniform(0, 300, size=60)
REFERENCES = {
    "erf": (mpmath.erf, np.concatenate([RNG.normal(size=80) * 3, TINY])),
    "erfc": (mpmath.erfc, RNG.uniform(-5, 26, size=80)),
    "erfinv": (mpmath.erfinv, np.concatenate([RNG.uniform(-1, 1, size=80), NEAR_ONE, -NEAR_ONE, TINY])),
    "expit": (
        lambda x: 1 / (1 + mpmath.exp(-x)),
        np.concatenate([RNG.normal(size=80), RNG.uniform(-700, 700, size=80)]),
    ),
    "i0": (lambda x: mpmath.besseli(0, x), np.concatenate([RNG.normal(size=80), RNG.uniform(-700, 700, size=80)])),
    "gammaln": (
        lambda x: mpmath.log(abs(mpmath.gamma(x))),
        np.concatenate([RNG.uniform(-6, 6, size=80), RNG.uniform(6, 300, size=80)]),
    ),
}
EDGES = np.array([0.0, -0.0, 1, -1, -2, 2, np.inf, -np.inf, np.nan, 800, -800, 1e306, 1e308, -1e17, 5e-324])


@pytest.mark.parametrize("name", REFERENCES)
def test_a_value_is_that_of_forty_digits(name):
    reference, x = REFERENCES[name]
    with mpmath.workdps(40):
        expected = [float(reference(mpmath.mpf(float(each)))) for each in x]
    absolute = 2e-14 if name == "gammaln" else 0.0  # near its zeros
    np.testing.assert_allclose(getattr(special_functions, name)(x), expected, rtol=2e-15, atol=absolute)


@pytest.mark.parametrize("name", [name for name in REFERENCES if name != "i0"])
def test_the_edges_are_scipys(name):
    x = EDGES[:-1] if name == "gammaln" else EDGES  # where SciPy says ∞, and 744 is right
    found, expected = getattr(special_functions, name)(x), getattr(special, name)(x)
    np.testing.assert_allclose(found, expected, rtol=1e-14, atol=0)
    np.testing.assert_array_equal(
        np.signbit(found[:2]), np.signbit(x[:2]) if name == "erfinv" else np.signbit(expected[:2])
    )


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(), (0,), (2, 3)])
def test_shape_dtype_and_class_are_scipys(name, dtype, shape):
    x = RNG.uniform(0.1, 0.9, size=shape).astype(dtype)
    found, expected = getattr(special_functions, name)(x), getattr(special, name)(x)
    assert (type(found), found.dtype, found.shape) == (type(expected), expected.dtype, expected.shape)
    np.testing.assert_allclose(found, expected, rtol=8 * np.finfo(dtype).eps, atol=1e-15)


def test_x_log_y_is_scipys():
    x = np.array([0, 0, 0, 0, 0, 1, 2, np.nan, -1])
    y = np.array([0, np.nan, -1, np.inf, -np.inf, 0, 3, 0, 2])
    np.testing.assert_array_equal(special_functions.xlogy(x, y), special.xlogy(x, y))
    z = 1e-30j * np.ones(3) + [0, 1, 2]
    np.testing.assert_allclose(special_functions.xlogy(z, z[::-1] + 1), special.xlogy(z, z[::-1] + 1), rtol=1e-15)


@pytest.mark.parametrize("name", ["erf", "erfc"])
def test_the_complex_step_gives_the_slope(name):
    x = np.array([0.0, 0.3, -2.0, 7.0])
    slope = (2 / np.sqrt(np.pi)) * np.exp(-(x**2)) * (1 if name == "erf" else -1)
    found = getattr(special_functions, name)(x + 1e-30j)
    np.testing.assert_allclose(found.imag / 1e-30, slope, rtol=1e-15)
    np.testing.assert_array_equal(found.real, getattr(special_functions, name)(x))


def test_what_only_scipy_has_of_complex_numbers_is_refused():
    with pytest.raises(MissingPackageError, match=r"(?s)'erf' of complex numbers.*pip install scipy"):
        special_functions.erf(np.array([1 + 1e-3j]))
    for name in ("erfinv", "loggamma"):
        with pytest.raises(TypeError, match="real numbers only"):
            getattr(special_functions, name)(np.array([0.5 + 1e-30j]))


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
def test_a_triangle_is_solved_as_by_scipy(dtype):
    for lower, transpose, unit in itertools.product((True, False), repeat=3):
        for many, n, k in (((), 4, 2), ((2,), 3, 1), ((2, 2), 1, 3)):
            a = triangular(RNG, *many, n, n, lower=lower).astype(dtype)
            a = a + np.triu(np.ones(n), 1) if lower else a + np.tril(np.ones(n), -1)  # what is not read
            b = (RNG.normal(size=(*many, n, k)) * (1 + 1j if dtype == "complex128" else 1)).astype(dtype)
            found = substituted(a.astype(dtype), b, lower, transpose, unit)
            for place in np.ndindex(many):
                expected = linalg.solve_triangular(
                    a[place], b[place], trans=int(transpose), lower=lower, unit_diagonal=unit
                )
                np.testing.assert_allclose(
                    found[place], expected, rtol=200 * np.finfo(dtype).eps, atol=1e-6 * (dtype == "float32")
                )
            assert found.dtype == dtype


def test_a_graded_triangle_is_solved_to_the_last_digits():
    factor = np.tril(np.ones((6, 6))) * 10.0 ** np.arange(0, -60, -10)[:, None]
    x = np.arange(1.0, 7.0)[:, None]
    b = np.cumsum(x, axis=0) * 10.0 ** np.arange(0, -60, -10)[:, None]
    np.testing.assert_allclose(substituted(factor, b, True, False, False), x, rtol=1e-14)


def test_a_singular_triangle_is_refused():
    with pytest.raises(np.linalg.LinAlgError, match="Singular"):
        substituted(np.diag([1.0, 0.0]), np.ones((2, 1)), True, False, False)
