"""Arrays of other libraries are taken, and given back in kind where asked; numbers of 16 bits are stored so and computed as float32."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
from wengert.errors import TraceError

X = np.array([0.5, -1.25, 2.0])


class Exported:
    """An array that speaks DLPack alone, as one of another library."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


class Listed:
    """One that NumPy's protocol alone reads."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return np.array(self.array, dtype)


class Away:
    """One on another device."""

    dtype = "float32"

    def __array__(self, dtype=None, copy=None):
        raise TypeError("can't convert cuda:0 device type tensor to numpy")


def tensor(array):
    return pytest.importorskip("torch").tensor(array, requires_grad=True)


def jax_array(array):
    return pytest.importorskip("jax.numpy").asarray(array, dtype="float32")


def column(array):
    return pytest.importorskip("pandas").Series(array, index=["a", "b", "c"], name="x")


def polars_column(array):
    return pytest.importorskip("polars").Series("x", array)


KINDS = [Exported, Listed, tensor, jax_array, column, polars_column]


def f(x):
    return np.sum(np.sin(x) ** 2)


@pytest.mark.parametrize("kind", KINDS)
def test_an_array_of_another_library_is_an_argument_of_every_transform(kind):
    x, want = kind(X), 2 * np.sin(X) * np.cos(X)
    close = {"rtol": 1e-6}
    np.testing.assert_allclose(wg.grad(f)(x), want, **close)
    np.testing.assert_allclose(wg.grad(lambda p: f(p["x"][0]))({"x": [x]})["x"][0], want, **close)
    np.testing.assert_allclose(wg.compile(f)(x), f(X), **close)
    np.testing.assert_allclose(wg.compile(wg.grad(f))(x), want, **close)
    np.testing.assert_allclose(wg.vmap(np.sin)(x), np.sin(X), **close)
    np.testing.assert_allclose(wg.vjp(f, x)[1](1.0)[0], want, **close)
    np.testing.assert_allclose(wg.jvp(f, (x,), (np.ones(3, wg.vjp(f, x)[1](1.0)[0].dtype),))[1], want.sum(), **close)
    np.testing.assert_allclose(wg.hessian(f)(x), np.diag(2 * np.cos(2 * X)), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("turned", [False, True])
def test_an_array_of_another_library_meets_traced_values(kind, turned):
    held = kind(X)
    if turned and kind in (tensor, jax_array, polars_column):
        pytest.skip("its own operator comes first and refuses what it does not know")
    product = (lambda a: np.sum(held * a)) if turned else (lambda a: np.sum(a * held))
    np.testing.assert_allclose(wg.grad(product)(np.ones(3)), X, rtol=1e-6)
    np.testing.assert_allclose(wg.compile(wg.grad(product))(np.ones(3)), X, rtol=1e-6)


@pytest.mark.parametrize("kind", [tensor, jax_array, column, polars_column])
def test_results_are_given_back_in_kind(kind):
    x = kind(X)
    value, slope = wg.in_kind(wg.value_and_grad(f))(x)
    assert type(slope).__module__.partition(".")[0] == type(x).__module__.partition(".")[0]
    np.testing.assert_allclose(np.asarray(slope), 2 * np.sin(X) * np.cos(X), rtol=1e-6)
    np.testing.assert_allclose(float(value), f(X), rtol=1e-6)
    if kind is column:
        assert (list(slope.index), slope.name) == (["a", "b", "c"], "x")


def test_arrays_of_numpy_alone_stay_such():
    assert type(wg.in_kind(wg.grad(f))(X)) is np.ndarray


def test_numbers_of_16_bits_are_stored_so_and_computed_as_float32():
    x = X.astype(np.float16)
    found = []
    wg.grad(lambda x: f(x) + 0 * found.append(x.dtype) if found.append(x.dtype) else f(x))(x)
    assert found[0] == np.float32
    for slope in (wg.grad(f)(x), wg.grad(lambda p: f(p["x"]))({"x": x})["x"], wg.jvp(f, (x,), (X.astype("f4"),))[1]):
        assert slope.dtype in (np.float16, np.float32)
    assert wg.grad(f)(x).dtype == np.float16
    np.testing.assert_array_equal(wg.grad(f)(x), wg.grad(f)(X.astype(np.float32)).astype(np.float16))
    assert wg.compile(f)(x).dtype == np.float32


def test_bfloat16_is_read_and_its_gradient_is_stored_so():
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    slope = wg.grad(f)(X.astype(bfloat16))
    assert slope.dtype == bfloat16
    np.testing.assert_allclose(slope.astype(float), 2 * np.sin(X) * np.cos(X), rtol=1e-2)


@pytest.mark.parametrize("use", [lambda: wg.grad(f)(Away()), lambda: wg.compile(f)(Away())])
def test_an_array_on_another_device_is_refused_with_the_cure(use):
    with pytest.raises(TraceError) as caught:
        use()
    what, where, repair = str(caught.value).splitlines()
    assert what == "An array of type Away cannot be read by NumPy."
    assert "cuda:0" in where
    assert repair == "Copy it to the host first, for example:  x.cpu()"
