"""The interpreter: a graph compiled once and called with arrays of several sizes."""

from __future__ import annotations

import numpy as np
import pytest

import wengert.core.ops  # noqa: F401
from wengert.core.ir.graph import Graph, input_node
from wengert.core.ir.types import ArrayType, Dim
from wengert.core.ops.functions import mean
from wengert.errors import ShapeError
from wengert.targets import interpreter


def test_a_compiled_graph_takes_arrays_of_any_bound_size():
    x = input_node("x", ArrayType((Dim("n"),)))
    f = interpreter.compile(Graph((x,), (mean(x),)))
    assert f(x=[1.0, 2.0]) == (1.5,)
    assert f(x=np.arange(5.0)) == (2.0,)
    assert f(x=[1.0, 2.0]) == (1.5,)
    with pytest.raises(ShapeError, match="has 0 axes, not 1"):
        f(x=1.0)


def test_what_depends_on_no_input_runs_once():
    from dataclasses import replace

    from wengert.core.ir.graph import apply
    from wengert.core.ir.op import OPS

    calls = []

    def counted(xp, size, dtype):
        calls.append(size)
        return xp.arange(size, dtype=dtype)

    place = apply(replace(OPS["position"], value=counted), size=Dim("n"), dtype="float64")
    x = input_node("x", ArrayType((Dim("n"),)))
    f = interpreter.compile(Graph((x,), (x * place, place)))
    first, kept = f(x=[1.0, 2.0])
    kept[:] = 7
    assert [y.tolist() for y in f(x=[1.0, 2.0])] == [[0, 2], [0, 1]]
    f(x=[1.0, 2.0, 3.0])
    assert calls == [2, 3]
    assert first.tolist() == [0, 2]
