"""Linear algebra where it is delicate: singular matrices, equal eigenvalues, zero vectors, one triangle, errors of values."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import wengert as wg
from wengert.core.ops.matrices import positive_definite, well_conditioned
from wengert.errors import GraphError
from wengert.scipy import linalg

RNG = np.random.default_rng(21)
A, SPD = well_conditioned(RNG, 3, 3), positive_definite(RNG, 3, 3)


def test_the_gradient_of_a_singular_determinant_is_the_matrix_of_cofactors():
    assert np.array_equal(wg.grad(np.linalg.det)(np.diag([1.0, 0.0, 2.0])), np.diag([0.0, 2.0, 0.0]))
    assert np.array_equal(wg.grad(np.linalg.det)(np.zeros((3, 3))), np.zeros((3, 3)))
    assert np.array_equal(wg.grad(np.linalg.det)(np.zeros((1, 1))), [[1.0]])


def test_second_derivatives_of_a_singular_determinant_are_minors():
    hessian = wg.hessian(np.linalg.det)(np.diag([1.0, 0.0, 2.0]))
    expected = np.zeros((3, 3, 3, 3))
    for (i, j), minor in {(0, 1): 2.0, (1, 2): 1.0, (0, 2): 0.0}.items():
        expected[i, i, j, j] = expected[j, j, i, i] = minor
        expected[i, j, j, i] = expected[j, i, i, j] = -minor
    np.testing.assert_allclose(hessian, expected, atol=1e-15)


def test_a_large_determinant_has_a_gradient_of_its_size():
    a = 1e3 * well_conditioned(RNG, 30, 30)
    np.testing.assert_allclose(wg.grad(np.linalg.det)(a), np.linalg.det(a) * np.linalg.inv(a).T, rtol=1e-9)


def read(gradient):
    """The gradient by the lower triangle, from one by all entries of a symmetric matrix: each entry stands in two places."""
    return np.tril(gradient + gradient.T, -1) + np.diag(np.diag(gradient))


def test_equal_eigenvalues_have_the_gradient_of_their_symmetric_functions():
    for basis in (np.eye(3), np.linalg.qr(RNG.normal(size=(3, 3)))[0]):
        a = basis @ np.diag([1.0, 1.0, 3.0]) @ basis.T
        a = (a + a.T) / 2
        found = wg.grad(lambda a: np.sum(np.linalg.eigvalsh(a) ** 2))(a)
        np.testing.assert_allclose(found, read(2 * a), atol=1e-13)
    assert np.array_equal(wg.grad(lambda a: np.sum(np.linalg.eigh(a)[0] ** 2))(np.eye(3)), 2 * np.eye(3))
    tangent = wg.jvp(lambda a: np.sum(np.linalg.eigvalsh(a) ** 3), (np.eye(2),), (np.ones((2, 2)),))[1]
    assert tangent == pytest.approx(6.0, rel=1e-14)


@pytest.mark.parametrize(
    "function",
    [
        lambda a: np.sum(np.linalg.eigvalsh(a) ** 2),
        lambda a: np.sum(np.real(np.linalg.eigvals(a)) ** 2),
        lambda a: np.sum(np.linalg.svdvals(a) ** 3),
    ],
)
def test_second_derivatives_at_equal_eigenvalues_are_nan_and_not_wrong(function):
    assert np.isnan(wg.hessian(function)(np.eye(2))).any()
    assert not np.isnan(wg.hessian(function)(np.diag([1.0, 2.0]))).any()
    assert not np.isnan(wg.grad(function)(np.eye(2))).any()


def test_a_projection_on_the_space_of_equal_eigenvalues_has_its_derivative():
    """P = Σ v vᵀ over the two largest of 1, 2, 2: its motion is that of the vector of 1."""
    a = np.diag([1.0, 2.0, 2.0])
    direction = np.array([[0.0, 0.3, -0.2], [0.3, 0.0, 0.5], [-0.2, 0.5, 0.1]])

    def projection(a):
        v = np.linalg.eigh(a)[1][:, 1:]
        return v @ v.T

    moved = wg.jvp(projection, (a,), (direction,))[1]
    expected = np.array([[0.0, 0.3, -0.2], [0.3, 0.0, 0.0], [-0.2, 0.0, 0.0]])
    np.testing.assert_allclose(moved, expected, atol=1e-14)


def test_equal_singular_values_have_a_nuclear_norm_with_a_gradient():
    np.testing.assert_allclose(wg.grad(lambda a: np.linalg.norm(a, "nuc"))(np.eye(3)), np.eye(3), atol=1e-15)


@pytest.mark.parametrize("order", [None, 2, 1, 3, 2.5])
def test_the_norm_of_the_zero_vector_has_the_gradient_zero(order):
    assert np.array_equal(wg.grad(lambda x: np.linalg.norm(x, order))(np.zeros(3)), np.zeros(3))


@pytest.mark.parametrize("order", [None, 2, "nuc", 1, np.inf])
def test_the_norm_of_the_zero_matrix_has_the_gradient_zero(order):
    assert np.array_equal(wg.grad(lambda x: np.linalg.norm(x, order))(np.zeros((2, 2))), np.zeros((2, 2)))


def test_rows_of_zeros_do_not_spoil_the_norms_of_others():
    found = wg.grad(lambda x: np.sum(np.linalg.norm(x, axis=1)))(np.array([[0.0, 0.0], [3.0, 4.0]]))
    np.testing.assert_allclose(found, [[0, 0], [0.6, 0.8]], rtol=1e-15)


@pytest.mark.parametrize("function", [np.linalg.cholesky, lambda a: np.linalg.eigh(a)[0], np.linalg.eigvalsh])
def test_the_gradient_is_by_the_triangle_that_is_read(function):
    weights = RNG.normal(size=function(SPD).shape)

    def f(a):
        return np.sum(weights * function(a))

    found = wg.grad(f)(SPD)
    assert np.array_equal(found, np.tril(found))
    direction = RNG.normal(size=(3, 3))
    step = 1e-6
    numeric = (f(SPD + step * direction) - f(SPD - step * direction)) / (2 * step)
    assert np.sum(found * direction) == pytest.approx(numeric, rel=1e-7)
    wg.check_grads(f, (SPD,))


@pytest.mark.parametrize("uplo", ["L", "U"])
def test_a_symmetric_construction_has_the_symmetric_gradient(uplo):
    weights = RNG.normal(size=3)
    found = wg.grad(lambda a: np.sum(weights * np.linalg.eigh((a + a.T) / 2, uplo)[0]))(SPD)
    np.testing.assert_allclose(found, found.T, atol=1e-14)
    v = np.linalg.eigh(SPD)[1]
    np.testing.assert_allclose(found, v @ np.diag(weights) @ v.T, atol=1e-13)


@pytest.mark.parametrize("uplo", ["L", "U"])
def test_the_triangle_that_numpy_does_not_read_has_no_say_in_the_value(uplo):
    other = np.triu(np.ones((3, 3)), 1) if uplo == "L" else np.tril(np.ones((3, 3)), -1)
    f = wg.compile(lambda a: np.linalg.eigh(a, uplo)[0])
    np.testing.assert_allclose(f(SPD + other), np.linalg.eigvalsh(SPD), rtol=1e-14)


@pytest.mark.parametrize(
    ("function", "matrix"),
    [
        (lambda a: np.sum(np.linalg.inv(a)), np.ones((2, 2))),
        (lambda a: np.sum(np.linalg.solve(a, np.ones(2))), np.zeros((2, 2))),
        (lambda a: np.sum(np.linalg.cholesky(a)), -np.eye(2)),
    ],
)
def test_values_that_lapack_refuses_raise_numpys_error(function, matrix):
    with pytest.raises(np.linalg.LinAlgError) as theirs:
        function(matrix)
    for run in (wg.grad(function), wg.compile(wg.grad(function))):
        with pytest.raises(np.linalg.LinAlgError) as mine:
            run(matrix)
        assert str(mine.value) == str(theirs.value)


@pytest.mark.parametrize(
    "function",
    [
        np.linalg.inv,
        np.linalg.det,
        np.linalg.cholesky,
        np.linalg.eigh,
        np.linalg.slogdet,
        np.linalg.eigvals,
        lambda a: np.linalg.solve(a, np.ones(2)),
        lambda a: np.linalg.matrix_power(a, 2),
    ],
)
def test_shapes_that_numpy_refuses_raise_numpys_error(function):
    for shape in ((2, 3), (3,)):
        with pytest.raises(np.linalg.LinAlgError) as theirs:
            function(np.ones(shape))
        with pytest.raises(np.linalg.LinAlgError) as mine:
            wg.grad(lambda a: np.sum(function(a)))(np.ones(shape))
        assert str(mine.value).split(" ")[-4:] == str(theirs.value).split(" ")[-4:]


@pytest.mark.parametrize("transform", [wg.grad, lambda f: lambda a: wg.jvp(f, (a,), (np.ones_like(a),))])
@pytest.mark.parametrize(
    "function", [lambda a: np.sum(np.linalg.svd(a)[0]), lambda a: np.sum(np.linalg.qr(a, "complete")[0])]
)
def test_columns_that_the_matrix_does_not_determine_have_no_derivative(function, transform):
    with pytest.raises(GraphError, match="not determined by the matrix"):
        transform(function)(well_conditioned(RNG, 4, 2))


def test_what_stands_beside_undetermined_columns_has_its_derivative():
    tall = well_conditioned(RNG, 4, 2)
    full, thin = (
        wg.grad(lambda a, full=full: np.sum(np.linalg.svd(a, full_matrices=full)[1] ** 3))(tall)
        for full in (True, False)
    )
    np.testing.assert_allclose(full, thin, rtol=1e-12)
    complete, reduced = (
        wg.grad(lambda a, mode=mode: np.sum(np.linalg.qr(a, mode)[1] ** 3))(tall) for mode in ("complete", "reduced")
    )
    np.testing.assert_allclose(complete, reduced, rtol=1e-12)


def test_a_vjp_over_many_right_sides_solves_them_at_once():
    jacobian = wg.jacobian(lambda b: np.linalg.solve(A, b))(np.ones(3))
    np.testing.assert_allclose(jacobian, np.linalg.inv(A), rtol=1e-13)


def test_functions_of_stacks_are_those_of_each_matrix():
    stack = well_conditioned(RNG, 4, 3, 3)

    def f(a):
        return np.sum(np.linalg.inv(a)) + np.linalg.det(a) + np.linalg.norm(a, 2) + np.linalg.slogdet(a)[1]

    alone = np.stack([wg.grad(f)(a) for a in stack])
    np.testing.assert_allclose(wg.vmap(wg.grad(f))(stack), alone, rtol=1e-12)


def test_a_gaussian_likelihood_has_the_gradient_of_its_formula():
    """½ yᵀ K⁻¹ y + log det L: by cho_solve as in books, and K̄ = ½ (K⁻¹ − K⁻¹ y yᵀ K⁻¹), by the triangle that is read."""
    y = RNG.normal(size=3)

    def likelihood(k):
        factor = linalg.cho_factor(k, lower=True)
        return 0.5 * y @ linalg.cho_solve(factor, y) + np.sum(np.log(np.diag(factor[0])))

    inverse = np.linalg.inv(SPD)
    expected = read(0.5 * (inverse - np.outer(inverse @ y, inverse @ y)))
    np.testing.assert_allclose(wg.grad(likelihood)(SPD), expected, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(wg.compile(wg.grad(likelihood))(SPD), expected, rtol=1e-11, atol=1e-13)


def test_the_gradient_of_a_function_of_eigenvectors_is_that_of_mpmath():
    """By central differences with 50 digits, whose error is h²."""
    weights = RNG.normal(size=(3, 3))
    a = SPD.copy()
    found = wg.grad(lambda a: np.sum(weights * np.linalg.eigh(a)[1] ** 2))(a)

    def f(matrix):
        _, v = mpmath.eigsy(matrix)
        return mpmath.fsum(weights[i, j] * v[i, j] ** 2 for i in range(3) for j in range(3))

    with mpmath.workdps(50):
        step = mpmath.mpf(10) ** -15
        for i, j in ((0, 0), (0, 1), (2, 1)):
            ahead, behind = mpmath.matrix(a.tolist()), mpmath.matrix(a.tolist())
            for p, q in {(i, j), (j, i)}:
                ahead[p, q] += step
                behind[p, q] -= step
            slope = float((f(ahead) - f(behind)) / (2 * step))
            assert found[max(i, j), min(i, j)] == pytest.approx(slope, rel=1e-11)


def test_least_squares_without_full_rank_keep_their_gradient_call_after_call():
    a, b = np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]]), np.array([1.0, 2.0, 4.0])
    gradient = wg.grad(lambda a: np.sum(np.linalg.lstsq(a, b)[0] ** 2))
    (first, *others) = [gradient(a) for _ in range(4)]
    inverse = np.linalg.pinv(a)
    x = inverse @ b
    # ẋ along −A⁺ Ȧ x + (AᵀA)⁺ Ȧᵀ (b − A x) + (I − A⁺A) Ȧᵀ (A⁺)ᵀ x, for 2 xᵀ ẋ.
    expected = -2 * np.outer(inverse.T @ x, x) + 2 * np.outer(b - a @ x, inverse @ inverse.T @ x)
    np.testing.assert_allclose(first, expected, atol=1e-14)
    for other in others:
        np.testing.assert_allclose(other, first, atol=1e-15)
