"""Functions on XLA: dtypes, donated arrays, the caller's JAX, what can be looked at."""

from __future__ import annotations

import re

import numpy as np
import pytest

import wengert as wg
from wengert.core.ir.graph import Graph, apply, input_node
from wengert.core.ir.types import ArrayType
from wengert.errors import GraphError
from wengert.targets.base import target
from wengert.targets.stages import stage


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_function_computes_in_the_dtype_that_it_is_given(dtype):
    def f(w, x):
        return np.sum(np.tanh(x @ w) ** 2)

    rng = np.random.default_rng(0)
    w, x = rng.normal(size=(5, 3)).astype(dtype), rng.normal(size=(7, 5)).astype(dtype)
    value, gradient = wg.compile(wg.value_and_grad(f), backend="xla")(w, x)
    assert (value.dtype, gradient.dtype) == (dtype, dtype)
    exact, slopes = wg.value_and_grad(f)(w.astype("float64"), x.astype("float64"))
    tolerance = 1e-5 if dtype == "float32" else 1e-13
    np.testing.assert_allclose(value, exact, rtol=tolerance)
    np.testing.assert_allclose(gradient, slopes, rtol=tolerance, atol=tolerance)


def test_jax_keeps_the_precision_that_the_user_set():
    import jax.numpy as jnp

    wg.compile(np.sin, backend="xla")(np.ones(3))
    assert jnp.ones(3).dtype == "float32"


def test_a_donated_array_of_the_caller_stays():
    x = np.arange(4.0)
    f = wg.compile(lambda x: x * 2, donate="x", backend="xla")
    for _ in range(2):
        np.testing.assert_array_equal(f(x), [0, 2, 4, 6])
    np.testing.assert_array_equal(x, np.arange(4.0))


@pytest.fixture
def bfloat16():
    wg.set_factors("bfloat16")
    yield
    wg.set_factors(None)


def test_factors_in_bfloat16_are_rounded_and_added_in_float32(bfloat16):
    import ml_dtypes

    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=(64, 512)).astype(np.float32) for _ in range(2))
    found = wg.compile(lambda a, b: a @ b.T, backend="xla")(a, b)
    rounded = [x.astype(ml_dtypes.bfloat16).astype(np.float64) for x in (a, b)]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, rounded[0] @ rounded[1].T, rtol=0, atol=2e-4)
    assert np.max(np.abs(found - a.astype(float) @ b.T.astype(float))) > 1e-2
    wide = wg.compile(lambda a, b: a @ b.T, backend="xla")(a.astype(float), b.astype(float))
    np.testing.assert_allclose(wide, a.astype(float) @ b.T.astype(float), rtol=0, atol=1e-12)


def test_the_program_multiplies_bfloat16_into_float32_forward_and_backward(bfloat16):
    given = [np.ones((8, 8), np.float32)] * 2
    graph = wg.trace(wg.grad(lambda w, x: np.sum(np.tanh(x @ w) ** 2)))(*given)
    text = str(stage(graph, "hlo", target=target("xla")))  # pyright: ignore[reportArgumentType]
    products = [line for line in text.splitlines() if "dot_general" in line and "contracting_dims = []" not in line]
    assert len(products) == 2
    types = re.compile(r"\(tensor<[\dx]*bf16>, tensor<[\dx]*bf16>\) -> tensor<[\dx]*f32>$")
    assert all(types.search(line.rstrip()) for line in products), products


def test_factors_of_another_dtype_are_refused():
    with pytest.raises(GraphError, match="Factors are not rounded to 'float16'"):
        wg.set_factors("float16")


def test_devices_are_listed():
    assert wg.devices()[0][0] in ("cpu", "gpu", "tpu")


@pytest.mark.parametrize("stop", ["hlo", "optimised"])
def test_the_program_can_be_read(stop):
    x = input_node("x", ArrayType((3,)))
    found = stage(Graph((x,), (apply("tanh", x),)), stop, target=target("xla"))  # pyright: ignore[reportArgumentType]
    assert "tanh" in str(found)
