"""The dtype of a graph: every real number takes it, the meaning stays."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
from wengert.core.ir.verify import verify
from wengert.core.ir.walk import topological
from wengert.core.passes import pipeline
from wengert.core.passes.precision import in_dtype
from wengert.targets import interpreter

SYSTEMS = {
    "regression with a regularizer": "y = Σ_j w_j x_j + b\nL = ½ (y − t)² + λ/2 Σ_j w_j²",
    "softmax by an index": "z_k = Σ_j w_kj x_j\nL = log(Σ_k exp(z_k)) − Σ_k z_k ⟦k = c⟧",
    "a mean": "m = 1/n Σ_i x_i\nL = 1/n Σ_i (x_i − m)²",
}


def step(text):
    return pipeline.run(wg.equations(text).backward().graph())


@pytest.mark.parametrize("text", SYSTEMS.values(), ids=SYSTEMS)
def test_every_real_number_has_the_dtype(text):
    graph = in_dtype(step(text), "float32")
    verify(graph)
    assert {node.type.dtype for node in topological(graph.outputs)} <= {"float32", "int64", "bool"}
    assert {y.type.dtype for y in graph.outputs} == {"float32"}


@pytest.mark.parametrize("text", SYSTEMS.values(), ids=SYSTEMS)
def test_values_are_those_of_float64_to_the_precision_of_float32(text):
    graph, rng = step(text), np.random.default_rng(0)
    values = {}
    for x in graph.inputs:
        shape = [3 + len(size.name) if not isinstance(size, int) else size for size in x.shape]
        whole = x.type.dtype == "int64"
        values[x.params["name"]] = rng.integers(0, 3, shape) if whole else rng.normal(size=shape)
    wide = interpreter.compile(graph)(**values)
    narrow = interpreter.compile(in_dtype(graph, "float32"))(**values)
    for a, b in zip(narrow, wide, strict=True):
        assert a.dtype == np.float32
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)


def test_float64_and_back_is_the_same_types():
    graph = step(SYSTEMS["a mean"])
    there = in_dtype(in_dtype(graph, "float32"), "float64")
    assert [node.type for node in topological(there.outputs)] == [node.type for node in topological(graph.outputs)]
