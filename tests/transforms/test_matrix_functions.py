"""The square root of a matrix: real where it is, complex where it is asked to be, and never another number."""

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
    "grad": lambda a: wg.grad(total)(a),
    "jvp": lambda a: wg.jvp(sqrtm, (a,), (a,)),
    "vjp": lambda a: wg.vjp(sqrtm, a)[1](a),
    "jacobian": lambda a: wg.jacobian(sqrtm)(a),
    "vmap": lambda a: wg.vmap(sqrtm)(np.stack([np.eye(len(a)), a])),
    "compile": lambda a: wg.compile(sqrtm)(a),
    "interpreter": lambda a: wg.compile(sqrtm, backend="interpreter")(a),
    "compiled grad": lambda a: wg.compile(wg.grad(total))(a),
}


@pytest.mark.parametrize("a", WITHOUT_REAL_ROOT, ids=str)
@pytest.mark.parametrize("route", ROUTES)
def test_a_real_matrix_without_a_real_root_is_refused_in_every_route_and_at_every_call(route, a):
    for _ in range(4):
        with pytest.raises(GraphError) as caught:
            ROUTES[route](a)
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
