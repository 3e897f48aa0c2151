"""What a function returns beside its value with `has_aux`, and arguments that are no tuple."""

import numpy as np
import pytest

import wengert as wg


def loss(x, table):
    y = np.sum(x**2)
    return y, {"double": 2 * x, "name": "squares", "steps": 3, "table": table, "more": (None, True, [y, "end"])}


def test_what_is_beside_may_be_anything():
    table = np.arange(3)
    for scale in (1.0, 2.0, 3.0, 4.0):
        x = scale * np.array([1.0, -2.0])
        (value, more), slope = wg.value_and_grad(loss, has_aux=True)(x, table)
        assert value == np.sum(x**2)
        np.testing.assert_array_equal(slope, 2 * x)
        np.testing.assert_array_equal(more.pop("double"), 2 * x)
        assert more == {"name": "squares", "steps": 3, "table": table, "more": (None, True, [value, "end"])}
        assert more["table"] is table


def test_so_it_may_inside_of_another_function():
    def f(x):
        slope, more = wg.grad(loss, has_aux=True)(x, np.arange(3))
        assert more["name"] == "squares"
        return np.sum(slope * more["double"])

    x = np.array([1.0, -2.0])
    for derived in (wg.grad(f), wg.compile(wg.grad(f))):
        np.testing.assert_allclose(derived(x), 8 * x)


def test_a_function_that_returns_no_pair_is_named():
    def single(x):
        return np.sum(x)

    with pytest.raises(wg.ShapeError, match="returns a pair, and 'single'"):
        wg.grad(single, has_aux=True)(np.ones(2))


def test_arguments_of_jvp_are_a_tuple():
    with pytest.raises(wg.TraceError, match="in a tuple") as failure:
        wg.jvp(np.sin, np.ones(1), np.ones(1))
    assert "wg.jvp(sin, (x,), (v,))" in str(failure.value)
