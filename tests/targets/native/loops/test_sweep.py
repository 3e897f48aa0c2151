"""Sweeps: the loops of a kernel, their axes and lanes, pieces without guards, blocks for accuracy and chunks for threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wengert.core.autodiff  # noqa: F401
from scripts.compare_backends import small_thresholds
from tests.targets.native.loops.arena import in_arena
from wengert.core.ir.graph import Graph, Node, apply, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ops.control import results
from wengert.core.ops.evaluate import evaluate
from wengert.targets import compiled
from wengert.targets.native import pool
from wengert.targets.native.loops.inside import statements
from wengert.targets.native.loops.lower import lower
from wengert.targets.native.loops.nest import For, Gather, Inside, Load, NestProgram, Store


def node(name: str, *shape: int, dtype: str = "float64") -> Node:
    return input_node(name, ArrayType(shape, dtype))


def program_of(*outputs: Node, inputs: tuple[Node, ...]) -> NestProgram:
    return lower(Graph(inputs, outputs))


def loops(program: NestProgram) -> list[For]:
    return [s for s in statements(program.body) if isinstance(s, For)]


def extents(program: NestProgram) -> list[int]:
    return [loop.axis.extent for loop in loops(program)]


def guarded(program: NestProgram) -> list[Any]:
    return [s for s in statements(program.body) if isinstance(s, Inside) or (isinstance(s, Load | Gather) and s.guards)]


def vector_steps(program: NestProgram) -> set[int]:
    """By how much the entries of loads and stores lie apart from lane to lane."""
    (loop,) = [loop for loop in loops(program) if loop.kind == "vector"]
    return {s.index.coefficient(loop.axis) for s in statements(loop.body) if isinstance(s, Load | Store)}


# axes


def test_axes_that_are_walked_as_one_become_one():
    x = node("x", 3, 4, 5)
    assert extents(program_of(apply("sin", x), inputs=(x,))) == [60]
    assert extents(program_of(apply("sum", x, axes=(0, 1, 2)), inputs=(x,))) == [60]


def test_a_spread_axis_keeps_its_neighbours_apart():
    x, b = node("x", 3, 4, 5), node("b", 4)
    y = x + apply("broadcast", b, shape=x.shape, axes=(1,))
    assert sorted(extents(program_of(y, inputs=(x, b)))) == [3, 4, 5]
    c = node("c", 4, 5)
    y = x + apply("broadcast", c, shape=x.shape, axes=(1, 2))
    assert sorted(extents(program_of(y, inputs=(x, c)))) == [3, 20]


def test_axes_of_one_entry_have_no_loop():
    x = node("x", 1, 7, 1)
    assert extents(program_of(apply("sin", x), inputs=(x,))) == [7]
    y = node("y", 1, 1)
    assert extents(program_of(apply("sin", y), inputs=(y,))) == []


def test_lanes_go_where_memory_does():
    x = node("x", 64, 48)
    assert vector_steps(program_of(apply("sin", x), inputs=(x,))) == {1}
    assert vector_steps(program_of(apply("sum", x, axes=(0,)), inputs=(x,))) == {1}


def test_a_place_that_a_thousand_functions_lead_to_is_looked_up():
    x, k = node("x", 9), node("k", 9, dtype="int64")
    y = x
    for _ in range(490):
        y = apply("silu", y)  # two instructions each: a kernel holds no more than 500 ops in a row
    place = apply("minimum", apply("maximum", apply("cast", y, dtype="int64"), k), k)
    added = apply("scatter_add", x, place, axis=0, batch=0, size=9)
    order = np.arange(9)[::-1].copy()
    array = np.arange(9.0)
    np.testing.assert_array_equal(in_arena(program_of(added, inputs=(x, k)), [array, order])[0], array[order])


# pieces


def test_column_sums_beside_a_store_are_in_registers_where_the_columns_fit_the_lanes():
    x = node("x", 100, 16)
    y = apply("tanh", x)
    program = program_of(y, apply("sum", y, axes=(0,)), inputs=(x,))
    (outer, inner) = loops(program)
    assert (outer.axis.extent, outer.kind, inner.axis.extent) == (16, "vector", 100)
    assert all(s.combine is None for s in statements(program.body) if isinstance(s, Store))
    wide = node("x", 100, 200)
    z = apply("tanh", wide)
    assert extents(program_of(z, apply("sum", z, axes=(0,)), inputs=(wide,))) == [100, 200]


def test_guards_of_a_padded_sum_are_cut_into_pieces():
    x = node("x", 100)
    low = apply("pad", x, low=(1,), high=(0,))
    high = apply("pad", x, low=(0,), high=(1,))
    program = program_of(low + high, inputs=(x,))
    assert not guarded(program)
    assert extents(program) == [1, 99, 1]
    np.testing.assert_array_equal(in_arena(program, [np.arange(100.0)])[0], np.convolve(np.arange(100.0), [1, 1]))


def test_a_shifted_stencil_has_no_guard_inside():
    x = node("x", 50, 60)
    parts = [apply("pad", x, low=(a, b), high=(2 - a, 2 - b)) for a, b in ((0, 1), (2, 1), (1, 0), (1, 2))]
    y = parts[0] + parts[1] + parts[2] + parts[3]
    program = program_of(y, inputs=(x,))
    array = np.random.default_rng(0).normal(size=(50, 60))
    np.testing.assert_allclose(in_arena(program, [array])[0], evaluate(Graph((x,), (y,)), {"x": array})[0])


def test_pieces_of_a_total_are_added_in_order():
    x = node("x", 30)
    padded = apply("pad", x, low=(5,), high=(7,))
    y = apply("max", padded * apply("flip", padded, axes=(0,)), axes=(0,))
    total = apply("sum", apply("exp", padded), axes=(0,))
    program = program_of(y, total, inputs=(x,))
    assert not guarded(program)
    array = np.random.default_rng(0).normal(size=30)
    for found, wanted in zip(in_arena(program, [array]), evaluate(Graph((x,), (y, total)), {"x": array}), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-14)


# accuracy


def native_results(*outputs: Node, **arrays: Any) -> Any:
    inputs = tuple(dict.fromkeys(x for y in outputs for x in leaves(y)))
    return compiled.compile(Graph(inputs, outputs), cache=False)(**arrays)


def leaves(y: Node) -> list[Node]:
    return [y] if y.op.name == "input" else [x for part in y.inputs for x in leaves(part)]


def off(found: Any, exact: Any) -> float:
    """The largest relative error, in units of the last place of float32."""
    return float(np.max(np.abs(np.asarray(found, np.float64) - exact) / np.abs(exact)) / np.finfo(np.float32).eps)


UNIFORM = np.random.default_rng(0).uniform(0.5, 1.5, 10**6).astype(np.float32)


def test_blocks_bound_the_error_of_a_long_float32_sum():
    x = node("x", 10**6, dtype="float32")
    (found,) = native_results(apply("sum", x, axes=(0,)), x=UNIFORM)
    assert off(found, UNIFORM.astype(np.float64).sum()) < 4


@pytest.mark.parametrize("shape", [(1000, 1000), (10**5, 10), (10, 10**5), (125000, 8), (100, 100, 100)])
def test_blocks_bound_the_error_over_every_axis(shape):
    x = node("x", *shape, dtype="float32")
    array = UNIFORM.reshape(shape)
    every = [(0,), (len(shape) - 1,), tuple(range(len(shape) - 1)), tuple(range(1, len(shape)))]
    found = native_results(*(apply("sum", x, axes=axes) for axes in every), x=array)
    for axes, y in zip(every, found, strict=True):
        assert off(y, array.astype(np.float64).sum(axis=axes)) < 8, (shape, axes)


def test_a_sum_inside_a_loop_is_as_exact():
    """Loops inside loops have no chunks, so that blocks alone keep totals short."""
    x = node("x", 10**6, dtype="float32")
    wide = node("wide", 125_000, 8, dtype="float32")
    c, a, b = (input_node(k, t) for k, t in (("c", ArrayType((), "float32")), ("a", x.type), ("b", wide.type)))
    body = Graph((c, a, b), (c * 0.5, apply("sum", a, axes=(0,)), apply("sum", b, axes=(0,))))
    start = node("start", dtype="float32")
    params = {"carries": 1, "xs": 0, "length": 1, "first": None, "reverse": False}
    outs = results(apply("scan", start, x, wide, body=body, **params))
    given = {"start": np.float32(1), "x": UNIFORM, "wide": UNIFORM.reshape(-1, 8)}
    _, flat, columns = compiled.compile(Graph((start, x, wide), tuple(outs)), cache=False)(**given)
    assert off(flat[0], UNIFORM.astype(np.float64).sum()) < 8
    assert off(columns[0], UNIFORM.reshape(-1, 8).astype(np.float64).sum(axis=0)) < 200


# threads


def test_chunks_do_not_depend_on_the_number_of_threads():
    x = node("x", 10**6)
    before, seen = pool.threads(), set()
    for count in (1, 2, 7):
        pool.set_threads(count)
        program = program_of(apply("sum", apply("sin", x), axes=(0,)), inputs=(x,))
        seen.add(tuple((loop.kind, loop.axis.extent) for loop in loops(program)))
    pool.set_threads(before)
    assert len(seen) == 1
    assert any(kind == "parallel" for kind, _ in seen.pop())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_and_two_threads_give_the_same_bits(dtype):
    x = node("x", 3000, 300, dtype=dtype)
    w = node("w", 300, 50, dtype=dtype)
    wide = apply("einsum", x, w, inputs=((0, 1), (1, 2)), output=(0, 2))
    outputs = (
        apply("sum", apply("sin", x), axes=(0, 1)),
        apply("sum", x * x, axes=(0,)),
        apply("softmax", x, axes=(1,)),
        apply("logsumexp", x, axes=(0,)),
        apply("tanh", wide),
        apply("einsum", x, apply("tanh", wide), inputs=((0, 1), (0, 2)), output=(1, 2)),
    )
    rng = np.random.default_rng(0)
    arrays = {"x": rng.normal(size=(3000, 300)).astype(dtype), "w": rng.normal(size=(300, 50)).astype(dtype)}
    f = compiled.compile(Graph((x, w), outputs), cache=False)
    before, found = pool.threads(), []
    for count in (1, 2, 3):
        pool.set_threads(count)
        found.append([y.tobytes() for y in f(**arrays)])
    pool.set_threads(before)
    assert found[0] == found[1] == found[2]
    for got, wanted in zip(f(**arrays), evaluate(Graph((x, w), outputs), arrays), strict=True):
        np.testing.assert_allclose(
            got, wanted, rtol=2e-3 if dtype == "float32" else 1e-10, atol=1e-3 if dtype == "float32" else 1e-10
        )


def test_a_small_kernel_has_no_chunks():
    x = node("x", 1000)
    assert all(loop.kind != "parallel" for loop in loops(program_of(apply("sin", x), inputs=(x,))))


# order


def test_a_scatter_adds_in_the_order_of_its_updates():
    u, k = node("u", 5000, dtype="float32"), node("k", 5000, dtype="int64")
    y = apply("scatter_add", u, k, axis=0, batch=0, size=3)
    rng = np.random.default_rng(0)
    arrays = {"u": rng.normal(size=5000).astype(np.float32) * 10.0 ** rng.integers(-4, 4, 5000).astype(np.float32)}
    arrays["k"] = rng.integers(0, 3, 5000)
    (found,) = native_results(y, **arrays)
    assert found.tobytes() == evaluate(Graph((u, k), (y,)), arrays)[0].tobytes()


@pytest.mark.parametrize("small", [0, 1, 2, 3])
@pytest.mark.parametrize("axes", [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)])
@pytest.mark.parametrize("name", ["sum", "max", "min", "prod"])
def test_every_set_of_axes_is_reduced(name, axes, small):
    x = node("x", 5, 7, 9)
    y = apply(name, x, axes=axes)
    array = np.random.default_rng(0).normal(size=(5, 7, 9))
    with small_thresholds(small):
        program = program_of(y, apply("sin", x), inputs=(x,))
    found = in_arena(program, [array])[0]
    np.testing.assert_allclose(found, evaluate(Graph((x,), (y,)), {"x": array})[0], rtol=1e-12)
