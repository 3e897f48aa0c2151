"""Arguments by which nothing is derived: values of the tape where the function calls an exponential, and arrays and numbers to all who ask."""

import math

import numpy as np
import pytest

import wengert as wg
from wengert.functions.run.exponentials import calls_exponential

A, B = np.array([1000.0, 1.0]), np.array([999.0, -2.0])


def _helper(x):
    return np.exp(x)


def _together(a, b):
    return np.log(np.exp(a) + np.exp(b))


def _through_a_helper(a, b):
    return np.log(_helper(a) + _helper(b))


@pytest.mark.parametrize("f", [_together, _through_a_helper], ids=["itself", "through a helper"])
@pytest.mark.parametrize("argnums", [0, 1])
def test_a_formula_of_several_arguments_is_stable_whichever_is_derived_by(f, argnums):
    def total(a, b):
        return np.sum(f(a, b))

    value = 1000 + math.log1p(math.exp(-1)) + math.log(math.exp(1) + math.exp(-2))
    share = np.array([1 / (1 + math.exp(-1)), 1 / (1 + math.exp(-3))])
    both = wg.value_and_grad(total, argnums=argnums)
    for found, slope in [*(both(A, B) for _ in range(5)), wg.compile(both)(A, B)]:
        np.testing.assert_allclose(found, value, rtol=1e-15)
        np.testing.assert_allclose(slope, share if argnums == 0 else 1 - share, rtol=1e-14)
    by_name = wg.value_and_grad(total)
    for _ in range(4):
        np.testing.assert_allclose(by_name(A, b=B)[1], share, rtol=1e-14)


def test_numbers_of_python_are_values_of_the_tape_too():
    both = wg.value_and_grad(_together)
    want = 1000 + math.log1p(math.exp(-1)), 1 / (1 + math.exp(-1))
    for _ in range(5):
        np.testing.assert_allclose(both(1000.0, 999.0), want, rtol=1e-15)
    np.testing.assert_allclose(wg.hessian(_together)(1000.0, 999.0), want[1] * (1 - want[1]), rtol=1e-14)


def _asking(a, b, n):
    assert isinstance(float(n), float)
    count = int(n)
    if n > 2:
        a = a * 2
    known = np.histogram(b)[0].sum() + np.asarray(b).mean() + b.tolist()[0] + np.median(b) + np.linalg.norm(b)
    known = known + math.sin(n) + b.std() + b[np.argsort(b)][0] + b[b > 0].sum() + b.nbytes
    return np.sum(np.log(np.exp(a) + np.exp(b))) * count + known + a[0] ** n


def test_who_asks_for_the_value_of_another_argument_gets_it_at_every_call():
    both = wg.value_and_grad(_asking)
    a, b = A / 1000, B / 1000
    for n in [3.0, 3.0, 3.0, 3.0, 1.5, 1.5, 1.5, 3.0]:
        value, slope = both(a, b, n)
        np.testing.assert_allclose(value, _asking(a, b, n), rtol=1e-14)
        steps = 1e-6 * np.eye(2)
        want = [(_asking(a + e, b, n) - _asking(a - e, b, n)) / 2e-6 for e in steps]
        np.testing.assert_allclose(slope, want, rtol=1e-7)


def test_an_array_that_is_written_is_written_for_the_caller():
    def f(a, b):
        b[0] = 5.0
        b *= 2
        part = b[1:]
        part[0] = 7.0
        return np.sum(a * b) + 0 * np.sum(np.exp(a / 1000))

    gradient = wg.grad(f)
    for _ in range(4):
        b = B.copy()
        np.testing.assert_allclose(gradient(A, b), [10.0, 7.0])
        np.testing.assert_array_equal(b, [10.0, 7.0])


def test_what_is_made_of_them_alone_can_be_kept_and_used_after_the_call():
    kept = []

    def f(a, b):
        kept.append(np.exp(b) * 2)
        return np.sum(a * b)

    gradient = wg.grad(f)
    for _ in range(4):
        gradient(A, np.array([0.0, 1.0]))
    for each in kept:
        np.testing.assert_allclose(each + 1, [3.0, 2 * math.e + 1])
        assert float(each[0]) == 2.0
        np.testing.assert_allclose(wg.grad(lambda a, c=each: np.sum(a * c))(A), [2.0, 2 * math.e])


def test_a_derivative_is_not_lost_with_a_value_that_has_one():
    with pytest.raises(wg.TraceError, match="no number yet"):
        wg.grad(lambda a, b: np.sum(a * np.exp(b)).__float__())(A, B)


def test_whether_a_function_calls_an_exponential_is_told_by_its_code_and_that_of_what_it_names():
    inner = _through_a_helper
    assert calls_exponential(_together)
    assert calls_exponential(lambda a: inner(a, a))
    assert not calls_exponential(lambda a, b: np.sum(a * b))


def test_a_function_that_takes_no_exponential_of_them_alone_gets_what_it_is_given_from_the_second_call_on():
    kinds = []

    def f(a, b):
        kinds.append(type(b))
        return np.sum(np.exp(a / 1000) * b)

    gradient = wg.grad(f)
    for _ in range(6):
        np.testing.assert_allclose(gradient(A, B), np.exp(A / 1000) * B / 1000, rtol=1e-14)
    assert kinds[1:] == [np.ndarray] * 5


def test_a_branch_that_takes_one_later_is_helped_after_the_call_that_shows_it():
    def f(a, b, is_sum):
        return np.sum(np.log(np.exp(a) + np.exp(b)) if is_sum else np.exp(a / 1000) * b)

    gradient = wg.grad(f)
    for _ in range(4):
        gradient(A, B, False)
    with np.errstate(over="ignore"):
        gradient(A, B, True)
    share = [1 / (1 + math.exp(-1)), 1 / (1 + math.exp(-3))]
    for _ in range(5):
        np.testing.assert_allclose(gradient(A, B, True), share, rtol=1e-14)
