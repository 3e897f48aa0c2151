"""What cannot be derived is said in sentences, with the user's line."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

import wengert as wg
from wengert.errors import ShapeError, TraceError

X = np.ones(3)
KEPT: list = []


def leak(x):
    KEPT[:] = [x * 2]
    return np.sum(x)


def said(error, use):
    with pytest.raises(error) as caught:
        use()
    found = caught.value
    assert str(found).startswith(found.what + "\n" + found.where + "\n" + found.repair)
    return found.what, found.where.split("\n"), found.repair


def test_a_result_that_is_no_number():
    what, where, repair = said(ShapeError, lambda: wg.grad(lambda x: x * 2)(X))
    assert what == "A gradient needs one real number, and '<lambda>' returns something else."
    assert where[0].endswith("what, where, repair = said(ShapeError, lambda: wg.grad(lambda x: x * 2)(X))")
    assert where[1].strip() == "^" * len("wg.grad(lambda x: x * 2)(X)")
    assert where[2] == "  it returns float64[3]"
    assert repair == "Sum the result:  lambda x: np.sum(f(x))"


@pytest.mark.parametrize(
    ("result", "repair"), [(None, "Return one number"), ((1.0, 2.0), "Return one number"), (3, "Return a real")]
)
def test_a_result_that_no_sum_mends(result, repair):
    for derive in (wg.grad, lambda f: lambda x: wg.hvp(f)(x, x)):
        _, _, found = said(ShapeError, lambda derive=derive: derive(lambda x: result)(X))
        assert found.startswith(repair)


@pytest.mark.parametrize("transform", [wg.grad, wg.value_and_grad, wg.jacobian, wg.hessian, wg.elementwise_grad])
def test_an_argument_of_whole_numbers_or_a_string(transform):
    what, where, repair = said(TraceError, lambda: transform(lambda x: np.sum(x))(np.arange(3)))
    assert what == "There is no derivative by 'x', which does not hold real numbers."
    assert "transform(lambda x: np.sum(x))(np.arange(3))" in where[0]
    assert where[-1] == "  x is int64[3]"
    assert repair == "Convert it:  x.astype(float)"
    what, where, repair = said(TraceError, lambda: transform(lambda x: np.sum(x))("three"))
    assert what == "A value of type str is no array of numbers."
    assert where[-1] == "  it is 'three'"
    assert repair.startswith("Give numbers, NumPy arrays")


@pytest.mark.parametrize("transform", [wg.grad, wg.jacobian, wg.hessian])
@pytest.mark.parametrize("places", [{"argnums": (0, 0)}, {"argnums": (1, -1)}, {"argnums": (0, 1), "argnames": "y"}])
def test_an_argument_that_is_named_twice(transform, places):
    what, _, repair = said(TraceError, lambda: transform(lambda x, y: np.sum(x * y), **places)(X, X))
    assert what == "An argument of '<lambda>' to derive by is named twice."
    assert repair.startswith("Name each argument once")


def test_cotangents_and_tangents_of_another_form():
    _, pullback = wg.vjp(lambda x: x * 2, X)
    what, where, repair = said(TraceError, lambda: pullback(np.ones(2)))
    assert what == "The cotangents do not have the form of the result."
    assert where[0].endswith("said(TraceError, lambda: pullback(np.ones(2)))")
    assert where[2] == "  the result: float64[3]; the cotangents: (2,)"
    assert repair == "Give cotangents in the same containers, with arrays of the same shapes."
    what, where, _ = said(TraceError, lambda: wg.jvp(np.sin, (X,), (np.ones((3, 1)),)))
    assert what == "The tangents do not have the form of the primals."
    assert where[2] == "  the primals: float64[3]; the tangents: (3, 1)"


@pytest.mark.parametrize(
    "use", [lambda: KEPT[0] + 1, lambda: np.sum(KEPT[0]), lambda: wg.grad(lambda x: np.sum(x * KEPT[0]))(X)]
)
def test_a_value_that_was_kept_and_used_later(use):
    for _ in range(4):
        wg.grad(leak)(X)
        what, where, repair = said(TraceError, use)
        assert what == "A traced value is used after the function that it belongs to has ended."
        assert "KEPT[0]" in where[0]
        assert repair == "Return it from the function instead of keeping it in a variable outside."


@pytest.mark.parametrize("f", [lambda x: x.__float__() * x, lambda x: x.__complex__() * x])
def test_a_number_that_would_leave_the_function(f):
    for _ in range(4):
        what, where, _ = said(TraceError, lambda: wg.grad(f)(1.5))
        assert what.startswith("A traced value has no number yet, so it cannot become ")
        assert "lambda x:" in where[0]


def test_places_and_names_of_arguments():
    what, where, repair = said(TraceError, lambda: wg.grad(lambda x: x, 3)(1.0))
    assert what == "'<lambda>' is called with 1 positional arguments, so there is no argument 3."
    assert where[-1] == "  argnums=[3]"
    what, _, repair = said(TraceError, lambda: wg.grad(lambda x: x, "x")(1.0))
    assert what == "An argument to derive by is given by its place, and 'x' is none."
    assert repair == "Count from 0; for names write:  argnames='x'"


def test_the_function_changes_an_array_that_it_reads():
    """The derivative is that of what was read when it was read."""
    state = np.ones(3)

    def f(x):
        first = np.sum(x * state)
        state[:] = state + 1
        return first + np.sum(x * x * state)

    for _ in range(5):
        before = state.copy()
        np.testing.assert_allclose(wg.grad(f)(X), before + 2 * X * (before + 1))


class Pair(NamedTuple):
    a: object
    b: object


NO_AXES = ["0", 1.5, np.array([0, 1]), np.array(0), True, 0j, object(), wg.vmap]


@pytest.mark.parametrize("name", ["in_axes", "out_axes"])
@pytest.mark.parametrize("inside", [lambda x: x, lambda x: (x,), lambda x: ({"a": x},), lambda x: (Pair(0, x),)])
@pytest.mark.parametrize("axis", NO_AXES, ids=lambda x: type(x).__name__)
def test_an_axis_to_map_over_is_a_whole_number(name, inside, axis):
    what, where, repair = said(TraceError, lambda: wg.vmap(np.sin, **{name: inside(axis)}))
    assert what == f"An axis is a whole number or None, and '{name}' has a value of type {type(axis).__name__}."
    assert where[0].startswith(f"  {name}=")
    assert repair == f"Count the axes from 0:  {name}=0"


@pytest.mark.parametrize("size", [-1, 1.5, "3", True, np.array([1])])
def test_a_size_of_an_axis_is_a_whole_number(size):
    what, *_ = said(TraceError, lambda: wg.vmap(np.sin, in_axes=None, axis_size=size))
    assert what == "The size of an axis is a whole number that is not negative."


@pytest.mark.parametrize("axes", [{"x": 0}, (), (0, 0), [0, 0, 0], Pair(0, 0)])
def test_axes_that_do_not_fit_the_arguments(axes):
    what, *_ = said(TraceError, lambda: wg.vmap(np.sin, in_axes=axes)(np.ones((2, 3))))
    assert what == "'in_axes' does not fit 1 arguments."


def test_axes_may_be_numpys_whole_numbers_and_in_any_container():
    x = np.arange(6.0).reshape(2, 3)
    assert wg.vmap(np.sin, in_axes=np.int64(1), out_axes=np.int32(1))(x).shape == (2, 3)
    found = wg.vmap(lambda p: Pair(p.a * p.b, p.b), in_axes=[Pair(np.int8(1), None)], out_axes=Pair(-1, None))(
        Pair(x, 2.0)
    )
    np.testing.assert_array_equal(found.a, 2 * x)
    assert found.b == 2


@pytest.mark.parametrize("transform", [wg.grad, wg.value_and_grad, wg.jacobian, wg.hessian, wg.elementwise_grad])
@pytest.mark.parametrize("argnums", [1.5, True, (True,), "x", ("x",), np.array(0.0), [0, None]], ids=repr)
def test_a_place_of_an_argument_is_a_whole_number(transform, argnums):
    what, _, repair = said(TraceError, lambda: transform(lambda x: np.sum(x * x), argnums=argnums)(X))
    assert what.startswith("An argument to derive by is given by its place, and ")
    assert repair == "Count from 0; for names write:  argnames='x'"


@pytest.mark.parametrize("argnums", [0, np.int64(0), np.array(0), -1])
def test_a_place_may_be_any_whole_number(argnums):
    def f(x):
        return np.sum(x * x)

    assert wg.grad(f, argnums)(X).tolist() == [2, 2, 2]
    assert wg.value_and_grad(f, [argnums])(X)[1][0].tolist() == [2, 2, 2]
    assert wg.hvp(f, argnums)(X, X).tolist() == [2, 2, 2]
    assert wg.ggnvp(lambda x: x * x, argnums=argnums)(X, X).tolist() == [4, 4, 4]
