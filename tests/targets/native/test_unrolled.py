"""Straight-line code of long graphs and of those that are wanted soon: the same numbers as the interpreter, in functions of bounded length."""

from __future__ import annotations

import re

import numpy as np
import pytest

import wengert as wg
from wengert.core.ir.graph import Graph, apply, constant, input_node
from wengert.core.ir.op import OPS
from wengert.core.ir.types import ArrayType, TupleType
from wengert.core.ops.evaluate import evaluate
from wengert.targets import compiled
from wengert.targets.native import unrolled
from wengert.targets.native.build import Build
from wengert.targets.native.unrolled_ops import MOST_ENTRIES, form

HAS_NO_LANES = {"gather", "scatter_add", "argmax", "argmin", "lgamma", "digamma", "item"}
SAMPLED = [op for op in OPS.values() if op.kind != "control" and op.samples(np.random.default_rng(0))]
UNROLLED = [
    "add",
    "where",
    "less",
    "sin",
    "cast",
    "integer_power",
    "transpose",
    "pad",
    "slice",
    "concatenate",
    "sum",
    "max",
    "einsum",
]


def small_cases(op):
    """A graph of all samples of an op that have a form over lanes, and the values of its inputs."""
    inputs, outputs, values = [], [], {}
    for arrays, params in op.samples(np.random.default_rng(0)):
        arrays = [np.asarray(a) for a in arrays]
        if any(a.dtype.kind == "c" or a.size > MOST_ENTRIES or not a.size for a in arrays):
            continue
        own = [input_node(f"x{len(inputs) + k}", ArrayType(a.shape, str(a.dtype))) for k, a in enumerate(arrays)]
        node = apply(op, *own, **params)
        if isinstance(node.type, TupleType) or form(node) is None:
            continue
        values.update({str(x.params["name"]): a for x, a in zip(own, arrays, strict=True)})
        inputs += own
        outputs.append(node)
    return Graph(tuple(inputs), tuple(outputs)), values


@pytest.mark.parametrize("op", SAMPLED, ids=lambda op: op.name)
def test_samples_over_lanes_are_those_of_the_interpreter(op):
    graph, values = small_cases(op)
    if not graph.outputs:
        assert op.name not in UNROLLED
        return
    assert Build(graph, quick=True).cut is not None
    found = compiled.compile(graph, cache=False, quick=True)(**values)
    for got, wanted in zip(found, evaluate(graph, values), strict=True):
        a, b = np.asarray(got), np.asarray(wanted)
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        rtol = 3e-6 if b.dtype == np.float32 else 1e-14
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)


FUNCTIONS = ((np.sin, np.cos), (np.cos, lambda x: -np.sin(x)), (np.tanh, lambda x: 1 - np.tanh(x) ** 2))
ORDER = [FUNCTIONS[k] for k in np.random.default_rng(1).integers(0, 3, 1000)]
"""Which function a step has, with its slope: no loop is found in steps that are not alike."""


def steps(x, count):
    for function, _ in ORDER[:count]:
        x = x + 0.01 * function(x) * x
    return x


def slope(x, count):
    """d/dx of `steps`, by the recurrence of the derivative."""
    d = np.ones_like(x)
    for function, derivative in ORDER[:count]:
        d = d * (1 + 0.01 * (function(x) + x * derivative(x)))
        x = x + 0.01 * function(x) * x
    return d


@pytest.mark.parametrize("shape", [(), (3,), (2, 2)])
def test_a_long_loop_of_python_has_the_gradient_of_its_recurrence(shape):
    x = np.linspace(0.2, 0.7, int(np.prod(shape))).reshape(shape)
    f = wg.compile(wg.value_and_grad(lambda x: np.sum(steps(x, 400))), cache=False)
    assert f.variant(x).build.cut is not None
    value, gradient = f(x)
    np.testing.assert_allclose(value, np.sum(steps(x, 400)), rtol=1e-13)
    np.testing.assert_allclose(gradient, slope(x, 400), rtol=1e-11)


def test_no_function_of_a_long_program_is_long():
    f = wg.compile(wg.grad(lambda x: steps(x, 1000)), cache=False)
    text = f.variant(0.3).build.emitted.text
    lengths = [body.count("\n") for body in re.findall(r"^define.*?^}", text, re.DOTALL | re.MULTILINE)]
    assert len(lengths) > 10
    assert max(lengths) < 4 * unrolled.PIECE


def test_a_place_in_the_arena_is_used_again():
    x = input_node("x", ArrayType(()))
    y = x
    for _ in range(5 * unrolled.PIECE):
        y = apply("sin", y)
    assert Build(Graph((x,), (y,))).emitted.arena_bytes <= 64


def test_results_may_lie_where_inputs_do():
    x, y = input_node("x", ArrayType((3,))), input_node("y", ArrayType((3,)))
    graph = Graph((x, y), (apply("add", y, y), x))
    run = compiled.compile(graph, cache=False, quick=True, donate=["x", "y"])
    a, b = np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0])
    p, q = run(x=a, y=b)
    assert run.variant({}).build.cut is not None
    assert p.tolist() == [8.0, 10.0, 12.0]
    assert q.tolist() == [1.0, 2.0, 3.0]


def test_entries_of_a_large_input_are_read_where_they_lie():
    x = input_node("x", ArrayType((100, 7)))
    row = apply("slice", x, start=(40, 1), stop=(41, 6), step=(1, 1))
    column = apply("slice", x, start=(0, 3), stop=(100, 4), step=(25, 1))
    flipped = apply("transpose", apply("slice", x, start=(3, 0), stop=(5, 2), step=(1, 1)), axes=(1, 0))
    graph = Graph((x,), (row, column, flipped, apply("sum", row, axes=(1,))))
    values = np.arange(700.0).reshape(100, 7)
    assert Build(graph, quick=True).cut is not None
    for got, wanted in zip(
        compiled.compile(graph, cache=False, quick=True)(x=values), evaluate(graph, {"x": values}), strict=True
    ):
        np.testing.assert_array_equal(got, wanted)


def test_a_large_array_is_left_to_loops():
    x = input_node("x", ArrayType((MOST_ENTRIES + 1,)))
    assert Build(Graph((x,), (apply("sin", x),)), quick=True).cut is None
    assert compiled.compile(Graph((x,), (apply("sin", x),)), cache=False, quick=True)(x=np.zeros(17))[0].sum() == 0


def test_lanes_behind_the_last_entry_do_no_harm():
    x = input_node("x", ArrayType((3,), "int64"))
    seven = constant(np.array([7, 8, 9]), ArrayType((3,), "int64"))
    y = apply("maximum", apply("multiply", x, seven), x)
    total = apply("max", y, axes=(0,))
    graph = Graph((x,), (y, total))
    got = compiled.compile(graph, cache=False, quick=True)(x=np.array([-1, -2, -3]))
    assert got[0].tolist() == [-1, -2, -3]
    assert got[1] == -1


def test_a_function_and_its_slope_are_in_one_piece():
    x = input_node("x", ArrayType((4,)))
    values = [x]
    for _ in range(400):
        values.append(apply("tanh", values[-1]))
    slopes = [apply("sech2", z) for z in values[:-1]]
    total = values[-1]
    for slope in slopes[::-1]:
        total = total * slope
    cut = unrolled.cut(Graph((x,), (total,)))
    assert cut is not None
    assert cut.pieces > 1
    for z, slope in zip(values[1:], slopes, strict=True):
        assert cut.piece[z] == cut.piece[slope]
    text = Build(Graph((x,), (total,))).emitted.text
    assert text.count("call { <4 x double>, <4 x double> } @wg_tanh_sech2") == 400
    assert "@wg_tanh_float64" not in text
