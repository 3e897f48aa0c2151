"""Blocks of rows: kernels over the same rows are one pass over them, where each reads of the others only its own row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wengert.core.autodiff  # noqa: F401
from scripts.compare_backends import small_thresholds
from tests.targets.native.loops.arena import in_arena
from wengert.core.autodiff.reverse import vjp
from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ops.evaluate import evaluate
from wengert.core.passes.precision import in_dtype
from wengert.targets import compiled
from wengert.targets.native.loops.inside import buffers_of, statements
from wengert.targets.native.loops.lower import lower
from wengert.targets.native.loops.nest import For, Load, NestProgram, Statement
from wengert.targets.ready import pair_donated

ROWS, COLUMNS = 70, 20
SHAPE = (ROWS, COLUMNS)


def node(name: str, *shape: int) -> Node:
    return input_node(name, ArrayType(shape))


def down(v: Node) -> Node:
    """A vector of a number a row, laid out over the columns."""
    return apply("broadcast", v, shape=SHAPE, axes=(0,))


def across(v: Node) -> Node:
    """A vector of a number a column, laid out over the rows."""
    return apply("broadcast", v, shape=SHAPE, axes=(1,))


def product(x: Node, w: Node) -> Node:
    return apply("einsum", x, w, inputs=((0, 1), (1,)), output=(0,))


def lowered(graph: Graph, donate: tuple[str, ...] = ()) -> NestProgram:
    with small_thresholds(1):
        return lower(graph, pair_donated(graph, donate))


def assert_same(graph: Graph, donate: tuple[str, ...] = ()) -> NestProgram:
    """The program, which gives what the interpreter gives."""
    rng = np.random.default_rng(0)
    values: dict[str, Any] = {str(x.params["name"]): rng.normal(size=x.shape) for x in graph.inputs}
    program = lowered(graph, donate)
    found = in_arena(program, list(values.values()))
    for a, b in zip(found, evaluate(graph, values), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)
    return program


def passes(program: NestProgram, name: str) -> int:
    """How many top-level loops read an input."""

    def reads(statement: Statement) -> bool:
        return any(buffer.name == name for s in statements((statement,)) for buffer in buffers_of(s))

    return sum(map(reads, program.body))


def regression() -> Graph:
    """The value and gradient of a logistic regression."""
    x, w, t = node("x", *SHAPE), node("w", COLUMNS), node("t", ROWS)
    z = product(x, w)
    loss = apply("sum", apply("softplus", z) - t * z, axes=(0,))
    (bar,) = vjp([loss], [w], [constant(1, loss.type)])
    assert bar is not None
    return Graph((x, w, t), (loss, bar))


def test_a_regression_is_one_pass_over_its_rows():
    program = assert_same(regression())
    assert passes(program, "x") == 1


def test_a_small_regression_is_not_cut():
    """What stays near by itself needs no blocks."""
    program = lower(regression())
    assert all(loop.axis.name != "block" for loop in statements(program.body) if isinstance(loop, For))
    assert passes(program, "x") > 1


def test_the_softmax_of_rows_is_one_pass():
    x = node("x", *SHAPE)
    program = assert_same(Graph((x,), (apply("softmax", apply("tanh", x), axes=(1,)),)))
    assert passes(program, "x") == 1


def test_a_layer_norm_is_one_pass():
    x, g = node("x", *SHAPE), node("g", COLUMNS)
    mean = apply("sum", x, axes=(1,)) * (1 / COLUMNS)
    centred = x - down(mean)
    variance = apply("sum", centred * centred, axes=(1,)) * (1 / COLUMNS)
    y = centred * down(apply("reciprocal", apply("sqrt", variance + 1e-5))) * across(g)
    assert passes(assert_same(Graph((x, g), (y,))), "x") == 1


def test_what_is_summed_over_rows_is_known_after_them_only():
    """The exponentials wait for the largest entry of each column."""
    x = node("x", *SHAPE)
    program = assert_same(Graph((x,), (apply("softmax", x, axes=(0,)),)))
    assert passes(program, "x") > 1


def test_a_row_that_reads_another_row_waits_for_it():
    x = node("x", *SHAPE)
    y = apply("exp", x)
    z = y + apply("flip", y, axes=(0,))
    program = assert_same(Graph((x,), (apply("sum", z, axes=(1,)), apply("max", apply("sin", x), axes=(1,)))))
    loops = [s for s in program.body if isinstance(s, For)]
    assert len(loops) > 1


def test_a_result_of_one_block_has_memory_for_one_block():
    x = node("x", *SHAPE)
    top = apply("max", x, axes=(1,))
    y = apply("exp", x - down(top))
    program = assert_same(Graph((x,), (y * down(apply("sum", y, axes=(1,))),)))
    sizes = {s.buffer.name: s.buffer.entries for s in statements(program.body) if isinstance(s, Load)}
    assert sizes.pop("x") == ROWS * COLUMNS
    assert all(entries < ROWS * COLUMNS for entries in sizes.values())


def test_totals_over_rows_and_columns_at_once():
    x, w = node("x", *SHAPE), node("w", COLUMNS)
    y = apply("tanh", x * across(w))
    outputs = [apply("sum", y, axes=axes) for axes in ((0,), (1,), (0, 1))]
    outputs += [apply("max", x, axes=(0,)), apply("prod", y, axes=(1,)), y]
    assert_same(Graph((x, w), tuple(outputs)))


@pytest.mark.parametrize("shape", [(40, 6, 5), (16, 3, 4), (17, 2, 33), (100, 1, 4)])
def test_a_total_over_a_middle_axis_fills_its_own_block(shape):
    x = node("x", *shape)
    top = apply("max", x, axes=(1, 2))
    y = apply("exp", x - apply("broadcast", top, shape=shape, axes=(0,)))
    assert_same(Graph((x,), (apply("sum", y, axes=(1,)), apply("sum", apply("sin", x), axes=(1,)), top, y)))


def test_padded_columns_are_totalled_in_blocks():
    x = node("x", *SHAPE)
    y = apply("pad", x, low=(0, 3), high=(0, 2))
    top = apply("max", y, axes=(1,))
    shifted = y - apply("broadcast", top, shape=y.shape, axes=(0,))
    assert_same(Graph((x,), (top, apply("sum", apply("exp", shifted), axes=(1,)), apply("sum", y, axes=(0,)))))


def test_padded_rows_are_looked_at_row_by_row():
    x = node("x", *SHAPE)
    y = apply("pad", x, low=(3, 0), high=(4, 0))
    top = apply("max", y, axes=(1,))
    shifted = y - apply("broadcast", top, shape=y.shape, axes=(0,))
    assert_same(Graph((x,), (top, apply("sum", apply("exp", shifted), axes=(1,)), apply("sum", y, axes=(0,)))))


@pytest.mark.parametrize("donate", [("x",), ("w",), ("x", "w"), ("v",), ("v", "w", "x")])
def test_rows_that_are_overwritten_are_read_before(donate):
    x, w, v = node("x", *SHAPE), node("w", COLUMNS), node("v", ROWS)
    y = apply("tanh", x + across(w))
    total = apply("sum", y * down(v), axes=(1,))
    new_w = w - apply("sum", apply("sin", x) * down(total), axes=(0,)) * 0.1
    assert_same(Graph((x, w, v), (y * down(total), new_w, apply("sum", apply("exp", y), axes=(1,)) + v)), donate)


def test_a_square_whose_totals_overwrite_what_columns_read():
    x, w = node("x", 33, 33), node("w", 33)
    wide = apply("broadcast", w, shape=(33, 33), axes=(1,))
    a = apply("tanh", x + wide)
    s = apply("sum", apply("tanh", x * 0.5 + wide), axes=(1,))
    e = apply("sum", apply("exp", a - apply("broadcast", s, shape=(33, 33), axes=(0,))), axes=(1,))
    assert_same(Graph((x, w), (e, a)), ("w",))


def test_a_long_total_in_the_last_block_ends_where_the_rows_end():
    """Two classes in float32: the rows' losses are added in a block that is longer than what float32 adds at once."""
    n = 3 * 4096 + 5
    x = input_node("x", ArrayType((n, 2), "float32"))
    top = apply("max", x, axes=(1,))
    powers = apply("exp", x - apply("broadcast", top, shape=x.shape, axes=(0,)))
    loss = apply("sum", apply("log", apply("sum", powers, axes=(1,))) + top, axes=(0,))
    graph = Graph((x,), (loss,))
    array = np.random.default_rng(0).normal(size=(n, 2)).astype(np.float32)
    with small_thresholds(1):
        program = lower(graph)
    exact = evaluate(in_dtype(graph, "float64"), {"x": array.astype(np.float64)})[0]
    np.testing.assert_allclose(in_arena(program, [array])[0], exact, rtol=1e-6)
    clipped = [s for s in statements(program.body) if isinstance(s, For) and s.axis.clip is not None]
    assert clipped


def test_the_totals_of_blocks_are_wider_than_their_products():
    """X w, tanh, Xᵀ r in float32: each block's Xᵀ r is a product in float32, the blocks' sum is one in float64."""
    x, w = input_node("x", ArrayType((64, 3), "float32")), input_node("w", ArrayType((3,), "float32"))
    r = apply("tanh", product(x, w))
    graph = Graph((x, w), (apply("einsum", r, x, inputs=((0,), (0, 1)), output=(1,)),))
    rng = np.random.default_rng(0)
    arrays = {"x": rng.normal(size=(64, 3)).astype(np.float32), "w": rng.normal(size=3).astype(np.float32)}
    program = lowered(graph)
    assert passes(program, "x") == 1
    for run in (in_arena(program, list(arrays.values())), native_results(graph, arrays)):
        np.testing.assert_allclose(run[0], evaluate(graph, arrays)[0], rtol=1e-5)


def native_results(graph: Graph, arrays: dict[str, Any]) -> Any:
    with small_thresholds(1):
        return compiled.compile(graph, cache=False)(**arrays)
