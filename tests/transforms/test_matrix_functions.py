"""The square root of a matrix: real where it is, complex where it is not, as SciPy gives it, and never another number."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

import wengert as wg
from wengert.errors import GraphError
from wengert.scipy.linalg import sqrtm

INDEFINITE = np.array([[1.0, 2.0], [2.0, 1.0]])
WITHOUT_REAL_ROOT = [INDEFINITE, -np.eye(2), np.array([[-4.0, 1.0], [0.0, -9.0]]), np.diag([1.0, -1e-9])]
WITH_REAL_ROOT = [np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([[0.0, 1.0], [-1.0, 0.0]]), np.eye(3)]


def total(a):
    return np.sum(np.real(sqrtm(a)))


ROUTES = {
    "value_and_grad": lambda a: wg.value_and_grad(total)(a)[0],
    "jvp": lambda a: wg.jvp(sqrtm, (a,), (a,))[0],
    "vjp": lambda a: wg.vjp(sqrtm, a)[0],
    "compile": lambda a: wg.compile(sqrtm)(a),
    "interpreter": lambda a: wg.compile(sqrtm, backend="interpreter")(a),
}


@pytest.mark.parametrize("a", WITHOUT_REAL_ROOT, ids=str)
@pytest.mark.parametrize("route", ROUTES)
def test_a_real_matrix_without_a_real_root_has_its_complex_one_in_every_route_and_at_every_call(route, a):
    root = scipy.linalg.sqrtm(a)
    for _ in range(4):
        want = np.sum(np.real(root)) if route == "value_and_grad" else root
        np.testing.assert_allclose(ROUTES[route](a), want, atol=1e-12)


@pytest.mark.parametrize("a", WITHOUT_REAL_ROOT[0::2], ids=str)
def test_the_slope_of_a_complex_root_of_a_real_matrix_is_that_of_differences(a):
    tangent = np.array([[0.3, -0.2], [0.1, 0.4]])
    h = 1e-6 * np.abs(np.linalg.eigvals(a)).min()
    want = (scipy.linalg.sqrtm(a + h * tangent) - scipy.linalg.sqrtm(a - h * tangent)) / (2 * h)
    np.testing.assert_allclose(wg.jvp(sqrtm, (a,), (tangent,))[1], want, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(np.tensordot(wg.jacobian(sqrtm)(a), tangent, 2), want, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(np.sum(wg.grad(total)(a) * tangent), np.sum(want.real), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("a", WITHOUT_REAL_ROOT, ids=str)
def test_of_many_matrices_one_without_a_real_root_is_refused(a):
    for _ in range(4):
        with pytest.raises(GraphError) as caught:
            wg.vmap(sqrtm)(np.stack([np.eye(len(a)), a]))
        what, where, repair = str(caught.value).split("\n")
        assert what == "The square root of a real matrix with a negative eigenvalue is complex."
        assert where.endswith(f"with the eigenvalue {np.linalg.eigvals(a).min():.6g}")
        assert repair == "Ask for complex results:  sqrtm(A.astype(complex))"


@pytest.mark.parametrize("a", [*WITH_REAL_ROOT, *WITHOUT_REAL_ROOT[:3]], ids=str)
def test_the_complex_root_is_scipys_and_its_slope_that_of_differences(a):
    def f(a):
        return np.sum(np.abs(sqrtm(a.astype(complex))) ** 2)

    np.testing.assert_allclose(
        wg.compile(lambda a: sqrtm(a.astype(complex)))(a), scipy.linalg.sqrtm(a + 0j), atol=1e-12
    )
    if len(set(np.linalg.eigvals(a).tolist())) < len(a):
        return  # at equal negative eigenvalues the root is no smooth function
    wg.check_grads(f, (a,), order=1)


@pytest.mark.parametrize("a", WITH_REAL_ROOT, ids=str)
def test_a_real_root_is_scipys(a):
    np.testing.assert_allclose(wg.compile(sqrtm)(a), scipy.linalg.sqrtm(a), atol=1e-12)
    np.testing.assert_allclose(wg.vmap(sqrtm)(a[None])[0], scipy.linalg.sqrtm(a), atol=1e-12)


def test_nan_stays_nan():
    assert np.isnan(wg.compile(sqrtm)(np.full((2, 2), np.nan))).all()
