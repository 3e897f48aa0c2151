"""A call whose result has another dtype or shape for other values takes another path."""

import numpy as np
import pytest

import wengert as wg

REAL = np.array([[2.0, 1.0], [0.5, 1.0]])
ROTATION = np.array([[1.0, -2.0], [1.5, 0.5]])


def spread(a):
    """Σ |λ|² of the eigenvalues, which NumPy gives as real numbers where all are."""
    return np.sum(np.abs(np.linalg.eigvals(a)) ** 2)


def spread_of_pairs(a):
    return np.sum(np.abs(np.linalg.eig(a)[0]) ** 2)


def differences(f, a, step=1e-5):
    slope = np.zeros_like(a)
    for place in np.ndindex(*a.shape):
        moved = np.zeros_like(a)
        moved[place] = step
        slope[place] = (f(a + moved) - f(a - moved)) / (2 * step)
    return slope


@pytest.mark.parametrize("f", [spread, spread_of_pairs])
@pytest.mark.parametrize("first", [REAL, ROTATION])
def test_eigenvalues_are_real_at_some_calls_and_complex_at_others(f, first):
    slope = wg.value_and_grad(f)
    other = ROTATION if first is REAL else REAL
    for a in (first, other, first * 1.1, other * 0.9, other, first, other * 1.2):
        value, found = slope(a)
        assert abs(value - f(a)) <= 1e-12 * value
        np.testing.assert_allclose(found, differences(f, a), rtol=1e-7, atol=1e-7)
        turned = wg.jvp(f, (a,), (np.ones_like(a),))[1]
        np.testing.assert_allclose(turned, np.sum(found), rtol=1e-12)


def distances(a):
    """lstsq gives the sums of squares at full rank only."""
    return np.sum(np.linalg.lstsq(a, np.array([1.0, 2.0, 4.0]), rcond=None)[1]) + np.sum(a)


def test_least_squares_gives_distances_at_full_rank_only():
    full = np.array([[1.0, 0.5], [1.0, 2.0], [1.0, 3.0]])
    flat = np.array([[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]])
    slope = wg.grad(distances)
    for a in (full, flat, full + 0.1, flat, full, flat):
        expected = differences(distances, a) if a is not flat else np.ones_like(a)
        np.testing.assert_allclose(slope(a), expected, rtol=1e-7, atol=1e-7)


def test_a_truth_value_of_python_is_a_number():
    for f, slope in [
        (lambda x: x * True, 1.0),
        (lambda x: False + x, 1.0),
        (lambda x: (True - x) * x, -3.0),
        (lambda x: np.maximum(x, True), 1.0),
    ]:
        derived = wg.grad(f)
        assert [derived(2.0) for _ in range(6)] == [slope] * 6
