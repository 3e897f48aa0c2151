"""check_nans: the first value that is not finite is named by its line, its function and what it was given."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
from wengert.errors import NonFiniteError

X = np.array([1.0, 0.0, 2.0])


def logs(x):
    y = x * 2.0
    z = np.log(y)
    return np.sum(np.exp(z))


def roots(x):
    y = x - 1.0
    r = np.sqrt(y * y + 0.0 * x)
    s = np.sqrt(y)
    return np.sum(r) + np.sum(s)


def test_the_first_value_forward_is_named():
    for use in (
        wg.grad(logs),
        wg.value_and_grad(logs),
        wg.jacobian(logs),
        wg.hessian(logs),
        lambda x: wg.jvp(logs, (x,), (x,)),
        lambda x: wg.vjp(logs, x)[0],
    ):
        with wg.check_nans(), pytest.raises(NonFiniteError) as caught:
            use(X)
        assert caught.value.what == "'log' gives -inf at entry 1, the first value that is not finite."
        line, caret, given = caught.value.where.split("\n")
        assert line.endswith("z = np.log(y)")
        assert caret.strip() == "^" * len("np.log(y)")
        assert given == "  it is given [2., 0., 4.]"
        assert caught.value.repair.startswith("Keep what it is given where it is finite:")
    assert isinstance(caught.value, FloatingPointError)


def test_what_is_not_finite_on_the_way_back_is_named_by_the_step():
    x = np.array([2.0, 1.0, 5.0])
    for use in (wg.grad(roots), wg.value_and_grad(roots), wg.jacobian(roots), lambda x: wg.vjp(roots, x)[1](1.0)):
        assert not np.all(np.isfinite(np.hstack([np.ravel(y) for y in _parts(use(x))])))
        with wg.check_nans(), pytest.raises(NonFiniteError) as caught:
            use(x)
        assert caught.value.what.startswith("The derivative of 'sqrt' is ")
        assert "at entry 1, the first on the way back that is not finite." in caught.value.what
        assert "s = np.sqrt(y)" in caught.value.where
        assert "it was given [1., 0., 4.], and the signal [" in caught.value.where


def _parts(found):
    return found if isinstance(found, tuple) else (found,)


def test_a_number_has_no_entry():
    with (
        wg.check_nans(),
        pytest.raises(NonFiniteError, match="divide' gives nan, the first value"),
    ):
        wg.grad(lambda x: (x - 1.0) / (x - 1.0))(1.0)
    with (
        wg.check_nans(),
        pytest.raises(NonFiniteError, match="The derivative of 'sqrt' is inf, the first on the way back"),
    ):
        wg.grad(lambda x: np.sqrt(x))(0.0)


def test_finite_derivatives_pass_though_values_on_the_way_are_singular():
    """A zero signal annihilates an infinite partial, here as everywhere."""
    with wg.check_nans():
        assert wg.grad(lambda x: np.sum(np.where(x > 0, np.sqrt(np.abs(x)), 0.0)))(X) == pytest.approx(
            [0.5, 0, 8**-0.5]
        )
        np.testing.assert_allclose(wg.grad(lambda x: np.sum(np.sin(x) * x))(X), np.cos(X) * X + np.sin(X))
        assert wg.hessian(lambda x: np.sum(x**3))(X).shape == (3, 3)


def test_infinities_that_were_given_are_not_named():
    mask = np.array([0.0, -np.inf, 0.0])
    with wg.check_nans():
        found = wg.grad(lambda x: np.sum(np.exp(x + mask)))(X)
    np.testing.assert_allclose(found, np.exp(X) * [1, 0, 1])
    with wg.check_nans():
        assert np.isnan(wg.grad(lambda x: np.sum(x * x))(np.array([np.nan, 1.0]))[0])


def test_it_is_a_switch_and_ends_with_its_block():
    with wg.check_nans():
        pass
    wg.grad(logs)(X)
    wg.check_nans()
    try:
        with pytest.raises(NonFiniteError):
            wg.grad(logs)(X)
        with wg.check_nans(False):
            wg.grad(logs)(X)
        with pytest.raises(NonFiniteError):
            wg.grad(logs)(X)
    finally:
        wg.check_nans(False)
    wg.grad(logs)(X)


def test_a_compiled_function_runs_call_by_call():
    with wg.check_nans():
        fast = wg.compile(wg.grad(lambda x: np.sum(np.sin(x))))
        plain = wg.compile(logs)
        np.testing.assert_allclose(fast(X), np.cos(X))
        with pytest.raises(NonFiniteError, match="'log' gives -inf at entry 1"):
            plain(X)
        with pytest.raises(NonFiniteError):
            wg.compile(wg.grad(logs))(X)
    assert plain(X) == pytest.approx(6.0)
    np.testing.assert_allclose(fast(X), np.cos(X))


def test_loops_and_branches_of_python_are_watched():
    def f(x):
        for _ in range(3):
            if x < 1e3:
                x = np.exp(x)
        return np.log(x) / (x - x)

    with wg.check_nans(), pytest.raises(NonFiniteError, match="divide' gives inf, the first"):
        wg.grad(f)(1.0)

    def g(x):
        return wg.fori_loop(0, 5, lambda i, c: np.exp(c), x)

    with wg.check_nans(), pytest.raises(NonFiniteError, match="gives inf, the first value"):
        wg.grad(g)(2.0)


def untaken(x):
    return np.sum(np.where(x > 0, np.sqrt(x), 0.0)) + 0.0 * np.sum(x)


def test_what_annihilates_a_slope_that_is_not_finite_is_listed_with_its_line():
    with wg.check_nans() as watch:
        assert wg.grad(untaken)(np.array([1.0, 0.0, 4.0])).tolist() == [0.5, 0.0, 0.25]
    (found,) = watch.annihilations
    assert (found.call, found.entries, found.of) == ("sqrt", 1, 3)
    assert "np.where(x > 0, np.sqrt(x), 0.0)" in found.line
    assert str(found).startswith("the slope of 'sqrt' is not finite at 1 of 3 entries, where nothing is asked of it\n")


def test_a_norm_at_zero_is_listed_as_annihilated():
    with wg.check_nans() as watch:
        assert wg.grad(lambda x: np.sqrt(np.sum(x * x)))(np.zeros(2)).tolist() == [0, 0]
    assert {each.call for each in watch.annihilations} == {"multiply"}


def test_nothing_is_listed_where_all_is_finite():
    with wg.check_nans() as watch:
        wg.grad(untaken)(np.array([1.0, 2.0]))
    assert watch.annihilations == []


def test_annihilation_can_be_switched_off():
    with wg.check_nans(annihilate=False), pytest.raises(NonFiniteError) as caught:
        wg.grad(untaken)(np.array([1.0, 0.0, 4.0]))
    assert (
        caught.value.what == "The derivative of 'sqrt' is nan at entry 1, the first on the way back that is not finite."
    )
    with wg.check_nans():
        assert wg.grad(untaken)(np.array([1.0, 0.0])).tolist() == [0.5, 0]
