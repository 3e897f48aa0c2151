"""Whole numbers beside real arguments: they are not derived by, and the call works, in every transform."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

import wengert as wg
from wengert.errors import TraceError

X = np.array([1.0, 2.0, 3.0])
E1 = np.array([0.0, 1.0, 0.0])


def picked(x, i):
    return x[i] ** 2


class Part(NamedTuple):
    x: Any
    i: Any


@pytest.mark.parametrize("i", [1, np.int64(1), np.int8(1), np.array(1)], ids=lambda i: type(i).__name__)
def test_an_index_beside_a_real_argument_is_no_argument_to_derive_by(i):
    for _ in range(4):
        y, pullback = wg.vjp(picked, X, i)
        (slope, none) = pullback(1.0)
        assert (y, slope.tolist(), none) == (4, (4 * E1).tolist(), None)
        for tangent in (0, None, 0.0):
            y, moved = wg.jvp(picked, (X, i), (np.ones(3), tangent))
            assert (y, moved) == (4, 4)
            y, pushforward = wg.linearize(picked, X, i)
            assert (y, pushforward(np.ones(3), tangent)) == (4, 4)
        assert wg.grad(picked)(X, i).tolist() == (4 * E1).tolist()
        assert wg.value_and_grad(picked)(X, i)[0] == 4
        assert wg.jacobian(picked)(X, i).tolist() == (4 * E1).tolist()
        assert wg.hessian(picked)(X, i).tolist() == (2 * np.diag(E1)).tolist()


def test_indices_in_containers_and_truth_values_are_left_as_they_are():
    def f(p, flags):
        return np.sum(p.x[p.i]) * (2 if flags["twice"] else 1)

    point = (Part(X, np.array([0, 0, 2])), {"twice": True})
    y, pullback = wg.vjp(f, *point)
    assert y == 10
    slope, flags = pullback(1.0)
    assert slope.x.tolist() == [4, 0, 2]
    assert (slope.i, flags) == (None, {"twice": None})
    _, moved = wg.jvp(f, point, (Part(np.ones(3), None), {"twice": False}))
    assert moved == 6


def test_other_calls_with_other_whole_numbers_have_their_own_slopes():
    slopes = [wg.vjp(lambda x, n: np.sum(x**n), X, n)[1](1.0)[0].tolist() for n in (2, 3, 2, 0, 3)]
    assert slopes == [(n * X ** max(n - 1, 0)).tolist() for n in (2, 3, 2, 0, 3)]


def test_inside_of_compiled_code_and_of_a_batch():
    def slope(x, i):
        return wg.vjp(picked, x, i)[1](1.0)[0]

    assert wg.compile(slope)(X, 1).tolist() == (4 * E1).tolist()
    indices = np.array([2, 0, 1])
    assert wg.vmap(slope, in_axes=(None, 0))(X, indices).tolist() == np.diag(2 * X)[indices].tolist()


def test_whole_numbers_of_python_alone_are_taken_as_real_ones():
    assert wg.vjp(lambda x: x * x, 3)[1](1.0) == (6,)
    assert wg.jvp(lambda x, y: x * y, (3, 4), (1, 0))[1] == 4
    assert wg.grad(lambda x: x * x)(3) == 6


def test_a_named_whole_number_of_python_is_taken_as_a_real_one():
    assert wg.grad(lambda x, n: np.sum(x**n), argnums=1)(X, 2) == pytest.approx(np.sum(X**2 * np.log(X)))


@pytest.mark.parametrize("transform", [wg.vjp, wg.linearize])
def test_arrays_of_whole_numbers_alone_have_no_derivative(transform):
    with pytest.raises(TraceError, match="There is no derivative by 'x', which does not hold real numbers"):
        transform(lambda x: x * x, np.arange(3))


@pytest.mark.parametrize("tangent", [1, 1.0, np.array(2)])
def test_a_whole_number_does_not_move(tangent):
    with pytest.raises(TraceError) as caught:
        wg.jvp(picked, (X, 1), (X, tangent))
    assert caught.value.what == "'i' holds whole numbers, which do not move."
    assert caught.value.repair == "Give None as its tangent, or make it real:  i * 1.0"


@pytest.mark.parametrize("tangents", [(X,), (X, 0, 0), (None, 0), (X, np.zeros(3)), ((X, 0),), (X, (0,))], ids=str)
def test_tangents_beside_whole_numbers_have_the_form_of_the_primals(tangents):
    with pytest.raises(TraceError, match="The tangents do not have the form of the primals"):
        wg.jvp(picked, (X, 1), tangents)


def test_a_result_of_whole_numbers_takes_any_cotangent_of_its_form_or_none():
    _, pullback = wg.vjp(lambda x: (np.sum(x), np.argmax(x)), X)
    for given in (0, None, 0.0, 5):
        assert pullback((1.0, given))[0].tolist() == [1, 1, 1]
    with pytest.raises(TraceError, match="The cotangents do not have the form of the result"):
        pullback((None, 0))


def test_the_tangents_are_a_tuple_as_the_primals_are():
    with pytest.raises(TraceError, match="The tangents are those of the arguments of the function, in a tuple"):
        wg.jvp(picked, (X, 1), X)


NARROW = ("int8", "int16", "int32", "uint8", "uint16", "uint32")


@wg.primitive
def times_square(x, k):
    return x * (k * k).astype(float)


times_square.defvjp(lambda ans, x, k: lambda g: g * (k * k), argnums=[0])


@wg.primitive(opaque=False)
def traced_times_square(x, k):
    return x * (k * k).astype(float)


traced_times_square.defvjp(lambda ans, x, k: lambda g: g * (k * k), argnums=[0])


@pytest.mark.parametrize("dtype", NARROW)
@pytest.mark.parametrize("f", [times_square, traced_times_square], ids=["opaque", "traced"])
def test_a_primitive_and_its_rules_see_narrow_numbers_as_they_are(f, dtype):
    x, k = np.array([1.0, 2.0]), np.array([np.iinfo(dtype).max, 3], dtype)
    square = (k * k).astype(float)
    g = wg.grad(lambda x: np.sum(f(x, k)))
    for found in (g(x), g(x), g(x), wg.compile(g)(x), wg.compile(wg.grad(lambda x, k: np.sum(f(x, k))))(x, k)):
        np.testing.assert_array_equal(found, square)
    np.testing.assert_array_equal(wg.compile(lambda x, k: f(x, k))(x, k), x * square)


def test_an_index_is_an_argument_of_vjp():
    value, pullback = wg.vjp(lambda x, i: x[i], np.array([1.0, 2.0]), 1)
    slope, none = pullback(1.0)
    assert value == 2
    assert none is None
    np.testing.assert_array_equal(slope, [0, 1])


@pytest.mark.parametrize("dtype", NARROW)
def test_a_checkpoint_gives_narrow_numbers_in_their_dtype(dtype):
    k = np.array([np.iinfo(dtype).max, 3], dtype)
    twice = wg.checkpoint(lambda k: k + k)
    found = wg.compile(lambda k: twice(k) + k)(k)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, k + k + k)
    g = wg.grad(lambda x: np.sum(x * twice(k)))
    for slope in (g(np.ones(2)), g(np.ones(2)), g(np.ones(2)), wg.compile(g)(np.ones(2))):
        np.testing.assert_array_equal(slope, (k + k).astype(float))
