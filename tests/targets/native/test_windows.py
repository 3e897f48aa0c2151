"""Windows, convolutions and pooling as machine code: values and derivatives are those of NumPy and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal
from numpy.lib.stride_tricks import sliding_window_view

import wengert as wg
import wengert.scipy.signal as traced_signal
from wengert.core.autodiff.check import check_grads
from wengert.core.ir.graph import Graph, apply, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ir.walk import order_of
from wengert.targets import compiled
from wengert.targets.native.loops.count import operations
from wengert.targets.native.loops.inside import statements
from wengert.targets.native.loops.lower import lower
from wengert.targets.native.loops.nest import Contract
from wengert.targets.native.support import is_native

VIEWS = [((9,), 3, None), ((9,), (1,), None), ((6, 7), (2, 3), None), ((6, 7), 3, 1), ((2, 6, 7), (3, 2), (2, 1)), ((2, 6, 7), (3, 2), (1, 1)), ((4, 5), (2, 2, 2), (0, 1, -1)), ((5,), (5,), 0)]  # fmt: skip


def native(f, *arrays) -> bool:
    return all(is_native(node) for node in order_of(wg.compile(f).graph(*arrays)))


def slope(f, x: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """The slope of f at x in a random direction: by the compiled gradient, and by central differences."""
    v, h = rng.normal(size=x.shape), 1e-6
    return float(np.sum(wg.compile(wg.grad(f))(x) * v)), float((f(x + h * v) - f(x - h * v)) / (2 * h))


@pytest.mark.parametrize(("shape", "window", "axis"), VIEWS)
def test_windows_of_a_traced_value_are_those_of_numpy(shape, window, axis):
    x = np.random.default_rng(0).normal(size=shape)
    np.testing.assert_array_equal(
        wg.compile(lambda x: sliding_window_view(x, window, axis) * 1.0)(x), sliding_window_view(x, window, axis)
    )


@pytest.mark.parametrize(("shape", "window", "axis"), VIEWS)
def test_the_slope_of_windows_is_that_of_differences(shape, window, axis):
    rng = np.random.default_rng(1)
    x = rng.normal(size=shape)
    w = rng.normal(size=sliding_window_view(x, window, axis).shape)
    got, want = slope(lambda x: np.sum(np.sin(sliding_window_view(x, window, axis)) * w), x, rng)
    assert got == pytest.approx(want, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize(("window", "axis"), [((2,), None), ((2, 3), (0,)), (8, 1), (-1, 0)])
def test_windows_that_do_not_fit_are_refused_with_the_words_of_numpy(window, axis):
    x = np.ones((4, 5))
    with pytest.raises(ValueError, match=r".") as theirs:
        sliding_window_view(x, window, axis)
    with pytest.raises(ValueError, match=r".") as ours:
        wg.trace(lambda x: sliding_window_view(x, window, axis))(x)
    assert str(ours.value) == str(theirs.value)


STRIDES = [(8, 8, 3, 1, 0), (9, 7, 3, 2, 1), (6, 6, 1, 1, 0), (12, 10, 5, 3, 2)]


def layer(x, w, stride, padding):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(x, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("nchwij,ocij->nohw", windows, w)


@pytest.mark.parametrize(("height", "width", "size", "stride", "padding"), STRIDES)
def test_a_layer_of_windows_and_its_two_slopes_are_right(height, width, size, stride, padding):
    rng = np.random.default_rng(2)
    x, w = rng.normal(size=(2, 3, height, width)), rng.normal(size=(4, 3, size, size))
    assert native(lambda x, w: layer(x, w, stride, padding), x, w)
    got = wg.compile(lambda x, w: layer(x, w, stride, padding))(x, w)
    wide = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    want = np.array(
        [
            [sum(scipy.signal.correlate2d(a, b, "valid") for a, b in zip(image, k, strict=True)) for k in w]
            for image in wide
        ]
    )
    np.testing.assert_allclose(got, want[:, :, ::stride, ::stride], rtol=1e-11, atol=1e-12)
    for f, at in ((lambda x: np.sum(layer(x, w, stride, padding) ** 2), x), (lambda w: np.sum(layer(x, w, stride, padding) ** 2), w)):  # fmt: skip
        found, expected = slope(f, at, rng)
        assert found == pytest.approx(expected, rel=1e-6)


def test_a_layer_of_windows_is_a_matrix_product():
    graph = wg.trace(lambda x, w: layer(x, w, 1, 0))(np.ones((8, 6, 12, 12)), np.ones((16, 6, 5, 5)))
    assert any(isinstance(each, Contract) and each.inner.extent == 150 for each in statements(lower(graph).body))


def test_pooling_and_its_slope_are_right():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(2, 3, 8, 6))

    def pooled(x):
        return np.max(sliding_window_view(x, (2, 2), axis=(2, 3))[:, :, ::2, ::2], axis=(4, 5))

    want = x.reshape(2, 3, 4, 2, 3, 2).max(axis=(3, 5))
    np.testing.assert_array_equal(wg.compile(pooled)(x), want)
    found, expected = slope(lambda x: np.sum(pooled(x) ** 3), x, rng)
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize(("n", "m"), [(7, 3), (3, 7), (1, 1), (40, 5), (33, 33), (1000, 9)])
def test_convolutions_of_lines_are_those_of_numpy(n, m, mode):
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=n), rng.normal(size=m)
    assert native(lambda x, y: np.convolve(x, y, mode), x, y)
    np.testing.assert_allclose(wg.compile(lambda x, y: np.convolve(x, y, mode))(x, y), np.convolve(x, y, mode), rtol=1e-11, atol=1e-12)  # fmt: skip
    np.testing.assert_allclose(wg.compile(lambda x, y: np.correlate(x, y, mode))(x, y), np.correlate(x, y, mode), rtol=1e-11, atol=1e-12)  # fmt: skip
    for f, at in ((lambda x: np.sum(np.convolve(x, y, mode) ** 2), x), (lambda y: np.sum(np.convolve(x, y, mode) ** 2), y)):  # fmt: skip
        found, expected = slope(f, at, rng)
        assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize(("shape", "kernel"), [((6, 7), (3, 2)), ((4, 5, 6), (2, 3, 2)), ((9, 9), (1, 4))])
def test_convolutions_of_images_and_volumes_are_those_of_scipy(shape, kernel, mode):
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=shape), rng.normal(size=kernel)
    got = wg.compile(lambda x, y: traced_signal.convolve(x, y, mode))(x, y)
    np.testing.assert_allclose(got, scipy.signal.convolve(x, y, mode, method="direct"), rtol=1e-11, atol=1e-12)
    found, expected = slope(lambda x: np.sum(traced_signal.convolve(x, y, mode) ** 2), x, rng)
    assert found == pytest.approx(expected, rel=1e-6)


def test_a_slice_of_a_convolution_computes_no_other_sums():
    x, y = input_node("x", ArrayType((1000,))), input_node("y", ArrayType((900,)))
    full = apply("convolve", x, y, count=1)
    graph = Graph((x, y), (apply("slice", full, start=(890,), stop=(900,), step=(1,)),))
    assert operations(lower(graph).body) < 50_000


@pytest.mark.parametrize("params", [((0, 2), (3, 9), (2, 3)), ((1, 0), (2, 10), (1, 1)), ((0, 4), (3, 4), (1, 1))])
def test_a_strided_slice_of_a_batch_of_convolutions_is_right(params):
    rng = np.random.default_rng(6)
    x, y = input_node("x", ArrayType((3, 8))), input_node("y", ArrayType((3, 3)))
    start, stop, step = params
    graph = Graph((x, y), (apply("slice", apply("convolve", x, y, count=1), start=start, stop=stop, step=step),))
    given = {"x": rng.normal(size=(3, 8)), "y": rng.normal(size=(3, 3))}
    full = np.array([np.convolve(a, b) for a, b in zip(given["x"], given["y"], strict=True)])
    (found,) = compiled.compile(graph)(**given)
    np.testing.assert_allclose(found, full[tuple(map(slice, start, stop, step))], rtol=1e-12, atol=1e-13)
    check_grads(graph, given)
