"""wengert.numpy is NumPy, but what it makes can hold traced values; array-API code runs on traced values."""

from __future__ import annotations

import importlib
import pickle

import numpy
import pytest

import wengert as wg
import wengert.numpy as np
from wengert.errors import TraceError

X = numpy.array([0.3, 0.5, 0.7])


def central(f, x, step=1e-5):
    """The gradient by differences of fourth order."""
    unit = numpy.eye(x.size).reshape(x.size, *x.shape) * step
    return numpy.reshape(
        [(8 * (f(x + e) - f(x - e)) - f(x + 2 * e) + f(x - 2 * e)) / (12 * step) for e in unit], x.shape
    )


def test_every_public_name_of_numpy_is_there():
    assert all(hasattr(np, name) for name in numpy.__all__)
    assert {name for name in dir(numpy) if not name.startswith("_")} <= set(dir(np))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        np.nothing  # noqa: B018


@pytest.mark.parametrize("name", ["linalg", "fft", "random"])
def test_submodules_are_numpys(name):
    ours, theirs = importlib.import_module(f"wengert.numpy.{name}"), getattr(numpy, name)
    assert all(getattr(ours, each) is getattr(theirs, each) for each in theirs.__all__)


def test_classes_and_constants_are_numpys():
    assert np.ndarray is numpy.ndarray
    assert np.float64 is numpy.float64
    assert (np.pi, np.newaxis, np.sin) == (numpy.pi, None, numpy.sin)
    assert isinstance(pickle.loads(pickle.dumps(np.zeros(3))), numpy.ndarray)


MADE = {
    "zeros": lambda np: np.zeros((2, 3)),
    "zeros of whole numbers": lambda np: np.zeros(3, dtype=int),
    "zeros of float32": lambda np: np.zeros(3, np.float32),
    "zeros without axes": lambda np: np.zeros(()),
    "ones": lambda np: np.ones(4),
    "full": lambda np: np.full((2, 2), 3.5),
    "full of whole numbers": lambda np: np.full(2, 3),
    "eye": lambda np: np.eye(3, 4, 1),
    "identity": lambda np: np.identity(2),
    "tri": lambda np: np.tri(3),
    "arange": lambda np: np.arange(5),
    "arange of reals": lambda np: np.arange(0.5, 3.0, 0.5),
    "linspace": lambda np: np.linspace(0, 1, 5),
    "logspace": lambda np: np.logspace(0, 1, 4),
    "geomspace": lambda np: np.geomspace(1, 8, 4),
    "array": lambda np: np.array([[1.0, 2.0], [3.0, 4.0]]),
    "array of whole numbers": lambda np: np.array([1, 2]),
    "array with axes in front": lambda np: np.array([1.0, 2.0], ndmin=3),
    "asarray": lambda np: np.asarray([1.0, 2.0]),
    "zeros_like": lambda np: np.zeros_like(numpy.arange(3.0)),
    "full_like": lambda np: np.full_like(numpy.arange(3.0), 2.0),
    "fromfunction": lambda np: np.fromfunction(lambda i, j: i + 2 * j, (2, 2)),
}


@pytest.mark.parametrize("make", MADE.values(), ids=MADE.keys())
def test_what_is_made_is_numpys_outside_and_inside_of_a_function(make):
    expected = make(numpy)
    plain = make(np)
    assert type(plain) is type(expected)
    assert numpy.array_equal(plain, expected)
    assert plain.dtype == expected.dtype

    def f(x):
        made = make(np)
        assert (made.shape, made.dtype) == (expected.shape, expected.dtype)
        made[...] = made + 0
        return numpy.sum(made * 1.0) + x

    assert numpy.isclose(wg.value_and_grad(f)(0.0)[0], expected.sum())


FILLED = {
    "zeros": lambda x: _filled(np.zeros(3), x),
    "empty": lambda x: _filled(np.empty(3), x, first=0.0),
    "ones": lambda x: _filled(np.ones(3), x),
    "eye": lambda x: _filled(np.eye(3)[0], x),
    "linspace": lambda x: _filled(np.linspace(0.0, 1.0, 3), x),
    "zeros_like of NumPy's": lambda x: _filled(np.zeros_like(X), x),
    "a copy of NumPy's": lambda x: _filled(np.array(X), x),
    "full of a value": lambda x: np.full(3, x[0] * x[1]),
    "full of a row": lambda x: np.full((2, 3), x),
    "an array of values": lambda x: np.array([x[0] * x[1], x[2], 1.0]),
    "an array of rows": lambda x: np.array([[x[0], 2.0], [x[1] * x[2], x[0]]]),
    "an array of arrays": lambda x: np.array([x, 2 * x, X]),
    "a tuple of values": lambda x: np.asarray((x[0], x[1])),
    "a list in a stack": lambda x: np.stack([np.array([x[0], 1]), np.array([2, x[1]])]),
    "arange of traced numbers": lambda x: np.arange(3) * x[0],
    "an array without axes": lambda x: _added(np.array(x[0] * x[1]), x),
    "a constant array without axes": lambda x: _added(np.zeros(()), x),
    "linspace to a value": lambda x: np.linspace(0.0, x[0], 4),
}


def _filled(y, x, first=None):
    if first is not None:
        y[0] = first
    y[1:] = x[:2] * x[2]
    y[0] += x[0] ** 2
    return y


def _added(y, x):
    z = y
    z += x[1]
    return y * x[2]


@pytest.mark.parametrize("f", FILLED.values(), ids=FILLED.keys())
def test_values_are_written_into_arrays_of_the_namespace(f):
    def loss(x):
        return numpy.sum(numpy.sin(f(x)) * 1.3)

    value, slope = wg.value_and_grad(loss)(X)
    assert numpy.isclose(value, loss(X), rtol=1e-14)
    numpy.testing.assert_allclose(slope, central(loss, X), rtol=1e-8, atol=1e-9)
    numpy.testing.assert_allclose(wg.compile(wg.grad(loss))(X), slope, rtol=1e-13)
    again = wg.grad(lambda x: numpy.sum(wg.grad(loss)(x) ** 2))
    numpy.testing.assert_allclose(
        again(X), central(lambda x: numpy.sum(wg.grad(loss)(x) ** 2), X), rtol=1e-6, atol=1e-7
    )


def test_rows_of_different_lengths_are_refused_by_numpys_words():
    with pytest.raises(ValueError, match="inhomogeneous shape"):
        wg.grad(lambda x: np.array([x, x[:2]])[0, 0])(X)


def test_array_returns_another_array_and_asarray_the_same():
    def f(x):
        y, z = np.array(x), np.asarray(x)
        y[0], z[1] = 10.0, 20.0
        return x[0] + x[1] * y[1]

    assert wg.value_and_grad(f)(X)[0] == 0.3 + 20 * 0.5


def test_a_file_for_autograd_numpy_needs_its_import_changed_only():
    from wengert.numpy import dot, exp, linalg

    def loss(w):
        rows = np.vstack([w, np.ones(3)])
        return (
            linalg.norm(dot(rows, rows.T))
            + np.linalg.det(rows @ rows.T)
            + exp(w).sum()
            + np.random.default_rng(0).normal()
        )

    numpy.testing.assert_allclose(wg.grad(loss)(X), central(loss, X), rtol=1e-7)


def test_a_plain_array_does_not_take_traced_values_and_the_error_names_what_does():
    y = numpy.zeros(3)

    def f(x):
        y[0] = x[0]
        return y.sum()

    with pytest.raises(TraceError) as caught:
        wg.grad(f)(X)
    assert "np.array(a)" in str(caught.value)
    assert "y[0] = x[0]" in str(caught.value)


# ---------------------------------------------------------------- the array API standard


def standardised(x):
    xp = x.__array_namespace__()
    y = xp.astype(xp.asarray(x), xp.float64)
    z = (y - xp.mean(y)) / (xp.std(y) + 1e-3)
    return xp.sum(
        xp.concat([z, xp.zeros(2, dtype=z.dtype)]) ** 2
        * xp.permute_dims(xp.reshape(xp.arange(5.0), (5, 1)), (1, 0))[0, :]
    )


def test_code_for_the_array_api_runs():
    value, slope = wg.value_and_grad(standardised)(X)
    assert numpy.isclose(value, standardised(X))
    numpy.testing.assert_allclose(slope, central(standardised, X), rtol=1e-6, atol=1e-8)


def test_a_traced_value_says_of_itself_what_an_array_does():
    seen = {}

    def f(x):
        seen.update(device=x.device, itemsize=x.itemsize, nbytes=x.nbytes, there=x.to_device("cpu") is x)
        seen.update(mT=x.mT.shape, size=x.size, ndim=x.ndim, inside=1.0 in x)
        seen.update(namespace=x.__array_namespace__(api_version="2024.12"))
        return x.sum()

    wg.grad(f)(numpy.ones((2, 3, 4)))
    assert seen == {
        "device": "cpu",
        "itemsize": 8,
        "nbytes": 192,
        "there": True,
        "mT": (2, 4, 3),
        "size": 24,
        "ndim": 3,
        "inside": True,
        "namespace": np,
    }


def test_another_device_is_refused():
    with pytest.raises(ValueError, match="Unsupported device"):
        wg.grad(lambda x: x.to_device("cuda").sum())(X)


def test_copies_of_pythons_module_copy_are_copies():
    import copy

    def f(x):
        y, z = copy.copy(x), copy.deepcopy({"a": x})["a"]
        y[0], z[0] = 5.0, 7.0
        return x[0] * y[0] * z[0]

    assert wg.grad(f)(X)[0] == 35.0


LIKE = {
    "array": lambda np, x, **like: np.array([1.0, 2.0, 3.0], **like),
    "asarray": lambda np, x, **like: np.asarray([1.0, 2.0, 3.0], **like),
    "empty": lambda np, x, **like: np.empty(3, **like) * 0,
    "full": lambda np, x, **like: np.full(3, 2.0, **like),
    "eye": lambda np, x, **like: np.eye(3, **like)[1].copy(),
    "identity": lambda np, x, **like: np.identity(3, **like)[0],
    "tri": lambda np, x, **like: np.tri(3, **like)[2],
    "arange": lambda np, x, **like: np.arange(3.0, **like),
    "zeros": lambda np, x, **like: np.zeros(3, **like),
}


@pytest.mark.parametrize("make", LIKE.values(), ids=LIKE.keys())
def test_arrays_made_like_a_traced_value_take_traced_values(make):
    def f(x, **like):
        y = make(numpy, x, **like)
        y[1] = x[0] * x[1]
        return numpy.sum(y * y * x)

    expected = central(f, X)
    for derive in (wg.grad, lambda f: wg.compile(wg.grad(f))):
        for _ in range(4):
            numpy.testing.assert_allclose(derive(lambda x: f(x, like=x))(X), expected, rtol=1e-8)


def test_a_range_between_traced_numbers_has_the_dtype_of_numpys():
    def f(x, np=np):
        y = np.arange(5, x[0], -1)
        assert y.dtype == numpy.float64
        return np.sum(y * x[1])

    numpy.testing.assert_allclose(wg.grad(f)(X), central(lambda x: f(x, numpy), X), rtol=1e-8)
