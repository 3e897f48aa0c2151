"""Sparse Jacobians and Hessians: their structure, their entries against dense ones, and what they cost."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
from wengert.errors import ShapeError, TraceError

sparse = pytest.importorskip("scipy.sparse")
RNG = np.random.default_rng(5)
X = RNG.normal(size=12)
A = np.where(RNG.random((12, 12)) < 0.2, RNG.normal(size=(12, 12)), 0.0)
INDEX = RNG.integers(0, 12, 7)


def filled(x):
    r = np.zeros(14)
    for i in range(1, 11):
        r[i] = x[i - 1] * x[i + 1]
    r[12] = np.sum(x[:3])
    return r


def stepped(u, steps):
    for _ in range(steps):
        u = u - 0.1 * u * (u - np.roll(u, 1))
    return u


def added(x):
    a = np.zeros(5)
    np.add.at(a, INDEX % 5, x[:7] ** 2)
    return a


def branch(x):
    y = wg.cond(x[0] > 0, lambda x: x[1:4], lambda x: x[4:7] ** 2, x)
    return np.exp(y)


EXACT = {
    "entry by entry": lambda x: np.sin(x) * x,
    "differences": lambda x: np.diff(x) ** 2,
    "a constant matrix": lambda x: A @ np.sin(x),
    "rows of products": lambda x: np.einsum("ij,ij->i", x.reshape(4, 3), x.reshape(4, 3)),
    "a product of matrices": lambda x: x.reshape(4, 3) @ np.ones((3, 2)),
    "look-ups": lambda x: np.exp(x[INDEX]),
    "places added to": added,
    "a convolution with gaps": lambda x: np.convolve(x**2, [1, 0, 2.0]),
    "neighbours": lambda x: np.roll(x, 1) * x - np.roll(x, -2),
    "a mask": lambda x: np.where(np.arange(12) > 5, x**2, 0.0),
    "entries written one by one": filled,
    "steps": lambda x: stepped(x, 2),
    "a loop that is found again": lambda x: stepped(0.3 * x, 9)[:4],
    "norms of rows": lambda x: np.linalg.norm(x.reshape(4, 3), axis=1),
    "systems with many right sides": lambda x: np.linalg.solve(np.eye(3) * 4 + np.ones((3, 3)), x.reshape(3, 4)),
    "parts put together": lambda x: np.concatenate([x[:2] ** 2, np.pad(x[5:7], 1), x[::-1]]),
    "a window": lambda x: np.lib.stride_tricks.sliding_window_view(x, 3) @ np.array([1.0, 0.0, 2.0]),
}
WIDER = {
    "a branch": branch,
    "a sort of rows": lambda x: np.sort(x.reshape(4, 3), axis=1),
    "the largest": lambda x: np.max(x.reshape(4, 3), axis=1),
    "values decide": lambda x: np.where(x > 0, x**2, x[::-1]),
    "a transform": lambda x: np.real(np.fft.fft(x.reshape(3, 4), axis=1)),
    "running sums": lambda x: np.cumsum(x.reshape(4, 3), axis=1),
    "a solution by its matrix": lambda x: np.linalg.solve(x[:9].reshape(3, 3) + 5 * np.eye(3), x[9:]),
    "a loop until": lambda x: wg.while_loop(lambda c: c[0] < 100, lambda c: 2 * c, np.abs(x) + 1),
}


@pytest.mark.parametrize("mode", ["auto", "forward", "reverse"])
@pytest.mark.parametrize("name", [*EXACT, *WIDER])
def test_a_sparse_jacobian_has_the_entries_of_the_dense_one(name, mode):
    f = EXACT.get(name) or WIDER[name]
    found, want = wg.sparse_jacobian(f, mode=mode), wg.jacobian(f)
    for x in (X, 1.5 * X, X):
        np.testing.assert_allclose(found(x).toarray(), want(x).reshape(-1, 12), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", EXACT)
def test_the_structure_is_exact_where_no_value_decides(name):
    assert wg.sparse_jacobian(EXACT[name])(X).nnz == np.count_nonzero(wg.jacobian(EXACT[name])(X))


@pytest.mark.parametrize("n", [10, 200])
def test_columns_that_meet_in_no_row_are_computed_together(n):
    """A second difference has three diagonals, so three colours whatever its size."""
    from wengert.functions.run.runs import seen
    from wengert.functions.transforms.sparse import jacobian_plan

    def f(x):
        return np.diff(x, 2) * x[1:-1]

    assert seen(f, (np.ones(n),), {}, 0).structure(jacobian_plan).count == 3


@pytest.mark.parametrize("dense", ["a row", "a column"])
def test_a_full_row_is_taken_backward_and_a_full_column_forward(dense):
    from wengert.functions.run.runs import seen
    from wengert.functions.transforms.sparse import jacobian_plan

    def row(x):
        return np.concatenate([x**2, [np.sum(x)]])

    def column(x):
        return x**2 + x[0]

    plan = seen(row if dense == "a row" else column, (np.ones(50),), {}, 0).structure(jacobian_plan)
    assert (plan.reverse, plan.count) == ((True, 2) if dense == "a row" else (False, 2))


def test_indices_and_zeros_that_are_arguments_may_change_from_call_to_call():
    found = wg.sparse_jacobian(lambda x, i, m: m @ x[i])
    want = wg.jacobian(lambda x, i, m: m @ x[i])
    for seed in range(8):
        rng = np.random.default_rng(seed % 3)
        i, m = rng.integers(0, 12, 5), np.where(rng.random((4, 5)) < 0.4, rng.normal(size=(4, 5)), 0.0)
        j = found(X, i, m)
        np.testing.assert_allclose(j.toarray(), want(X, i, m), rtol=1e-13)
        assert j.nnz <= np.count_nonzero(m)


def test_the_structure_is_found_once_for_a_path():
    from wengert.functions.transforms import sparse as module

    calls = []
    real = module._pattern
    module._pattern = lambda *given: calls.append(1) or real(*given)
    try:
        j = wg.sparse_jacobian(lambda x: x**2 if x[0] > 0 else np.diff(x))
        for x in (np.ones(4), np.ones(4), np.arange(4.0), -np.ones(4), np.ones(4), -np.ones(4)):
            j(x)
    finally:
        module._pattern = real
    assert len(calls) == 2


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


@pytest.mark.parametrize(
    "f", [rosenbrock, lambda x: np.sum(stepped(x, 2) ** 2), lambda x: x[0] * np.sum(x**3), lambda x: np.sum(A @ x)]
)
def test_a_sparse_hessian_has_the_entries_of_the_dense_one(f):
    found = wg.sparse_hessian(f)
    for _ in range(4):
        np.testing.assert_allclose(found(X).toarray(), wg.hessian(f)(X), rtol=1e-11, atol=1e-13)
    assert wg.sparse_hessian(rosenbrock)(X).nnz == 34


def test_containers_are_laid_one_after_another():
    def f(p):
        return {"a": p["u"] ** 2, "b": p["v"][1:] * p["u"][0]}

    j = wg.sparse_jacobian(f)({"u": np.array([1.0, 2.0, 3.0]), "v": np.array([4.0, 5.0])}).toarray()
    np.testing.assert_allclose(j, [[2, 0, 0, 0, 0], [0, 4, 0, 0, 0], [0, 0, 6, 0, 0], [5, 0, 0, 0, 1]], rtol=1e-15)


@pytest.mark.parametrize("form", ["csr", "csc", "coo"])
def test_the_forms_are_those_of_scipy(form):
    made = wg.sparse_jacobian(lambda x: np.diff(x) ** 2, form=form)(X)
    assert sparse.issparse(made)
    assert made.format == form
    rows, columns, values = wg.sparse_jacobian(lambda x: np.diff(x) ** 2, form="entries")(X)
    np.testing.assert_array_equal(made.toarray()[rows, columns], values)


def test_a_sparse_jacobian_is_compiled_and_derived_like_any_function():
    def values(x):
        return wg.sparse_jacobian(lambda y: np.diff(y**3), form="entries")(x)[2]

    np.testing.assert_allclose(wg.compile(values)(X), values(X), rtol=1e-14)

    def f(x):
        return np.sum(wg.sparse_jacobian(lambda y: np.diff(y) ** 2)(x) @ x)

    def dense(x):
        return np.sum(wg.jacobian(lambda y: np.diff(y) ** 2)(x) @ x)

    np.testing.assert_allclose(wg.grad(f)(X), wg.grad(dense)(X), rtol=1e-12)


def test_least_squares_takes_it_as_its_jacobian():
    optimize = pytest.importorskip("scipy.optimize")

    def residuals(x):
        return np.concatenate([10 * (x[1:] - x[:-1] ** 2), 1 - x[:-1]])

    found = optimize.least_squares(residuals, 0.5 * np.ones(40), jac=wg.sparse_jacobian(residuals))
    np.testing.assert_allclose(found.x, 1, rtol=1e-6)


def said(kind, call):
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value).splitlines()


def test_what_has_no_sparse_jacobian_is_refused():
    what, _, repair = said(TraceError, lambda: wg.sparse_jacobian(np.sin, form="dok"))
    assert (what, repair) == ("There is no form 'dok' of a sparse matrix.", "Write one of:  csr, csc, coo, entries")
    what = said(ShapeError, lambda: wg.sparse_jacobian(lambda x: x + 1j)(X))[0]
    assert what == "A sparse Jacobian is one of real results by real arguments, and '<lambda>' has others."
    assert said(ShapeError, lambda: wg.sparse_hessian(lambda x: x)(X))[0].startswith("A gradient needs one real number")
