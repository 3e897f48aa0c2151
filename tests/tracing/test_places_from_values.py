"""Masks, bounds of slices and counts that are traced: where the run has their numbers, they mean what they mean in NumPy."""

import numpy as np
import pytest

import wengert as wg
from wengert.errors import TraceError

POINTS = [
    np.array(x) for x in ([1.0, -2.0, 3.0, 0.5], [-1.0, -0.5, 2.0, -3.0], [4.0, 1.0, 2.0, 3.0], [1.0, -2.0, 3.5, 0.25])
]


def scaled_where_negative(x):
    y = x * 2
    y[y < 0] *= 0.1
    return np.sum(y**3)


def squares_where_positive(x):
    y = x.copy()
    y[x > 0] = x[x > 0] ** 2
    y[~(x > 0)] += x[~(x > 0)] ** 3
    return np.sum(y**2 * np.arange(4))


def picked(x):
    return np.sum(x[x > 0] ** 3) * len(x[x > 0])


def picked_by_places(x):
    return np.sum(x[np.nonzero(x > 0)] ** 3) + np.sum(np.compress(x < 0, x) ** 2) + np.sum(np.flatnonzero(x > 0)) * x[0]


def from_the_largest(x):
    y = x**2
    y[: np.argmin(x)] *= 3.0
    return np.sum(x[np.argmax(x) :] ** 2) + np.sum(y * np.arange(4))


def rolled(x):
    return np.sum(np.roll(x, np.argmax(x)) ** 2 * np.arange(4))


def repeated(x):
    return np.sum(np.repeat(x, np.argsort(x)) ** 3)


def counted(x):
    return np.sum(np.bincount(np.digitize(x, [-0.7, 0.7]), minlength=3) * x[:3] ** 2) + np.sum(
        np.bincount(np.digitize(x, [0.7]), weights=x, minlength=2) ** 2 * np.array([1.0, 3.0])
    )


MASKS = [scaled_where_negative, squares_where_positive, picked, picked_by_places, from_the_largest]


def slopes(f, x, step=1e-4):
    """∇f by extrapolated differences of NumPy's values."""

    def along(k, h):
        moved = np.zeros_like(x)
        moved[k] = h
        return (f(x + moved) - f(x - moved)) / (2 * h)

    return np.array([(4 * along(k, step / 2) - along(k, step)) / 3 for k in range(x.size)])


@pytest.mark.parametrize("f", [*MASKS, rolled, repeated, counted])
def test_a_gradient_takes_the_places_of_the_run(f):
    slope = wg.grad(f)
    for x in POINTS * 2:
        np.testing.assert_allclose(slope(x), slopes(f, x), rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("f", [*MASKS, rolled, repeated, counted])
def test_so_does_a_gradient_inside_of_another_function(f):
    outer = wg.grad(lambda x: np.sum(wg.grad(f)(x) ** 2))
    pushed = wg.grad(lambda x: wg.jvp(f, (x,), (np.arange(1.0, 5.0),))[1])
    for x in POINTS * 2:
        expected = slopes(lambda y: np.sum(wg.grad(f)(y) ** 2), x, 1e-3)
        np.testing.assert_allclose(outer(x), expected, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(pushed(x), wg.hvp(f)(x, np.arange(1.0, 5.0)), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("f", MASKS)
def test_compiled_code_holds_for_the_same_mask_and_is_made_anew_for_another(f):
    value, slope = wg.compile(f), wg.compile(wg.grad(f))
    for x in POINTS * 2:
        assert abs(value(x) - f(x)) <= 1e-12 * abs(f(x))
        np.testing.assert_allclose(slope(x), slopes(f, x), rtol=1e-7, atol=1e-7)


def test_a_mask_of_more_than_one_word():
    x = np.random.default_rng(0).normal(size=(20, 10))
    slope = wg.compile(wg.grad(picked))
    for each in (x, -x, x[::-1].copy(), x):
        np.testing.assert_allclose(slope(each), np.where(each > 0, 3 * each**2, 0) * np.sum(each > 0))


def test_where_there_are_no_numbers_the_error_says_what_to_write():
    with pytest.raises(TraceError, match=r"np\.where"):
        wg.vmap(scaled_where_negative)(np.stack(POINTS))
    with pytest.raises(TraceError, match="index or a size"):
        wg.vmap(from_the_largest)(np.stack(POINTS))
    with pytest.raises(TraceError, match=r"'np\.roll' would move"):
        wg.compile(rolled)(POINTS[0])
