"""Sums with arrays that are zero but at one place: entries replaced, the same sum."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
import wengert.numpy as wnp
from tests.thorough import everyday
from wengert.core.ir.graph import Graph, apply, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ir.walk import topological
from wengert.core.passes import pipeline
from wengert.core.passes.accumulating import accumulate
from wengert.targets import compiled, interpreter

N = 5


def graph_of(shape, axis, count, form, live):
    """x plus updates at `count` places along an axis, in one of several orders of the sum."""
    size = shape[axis]
    x = input_node("x", ArrayType(shape))
    pick = (1,) if form == "list" else ()
    inputs, spread = [x], []
    for k in range(count):
        u = input_node(f"u{k}", ArrayType((*shape[:axis], *pick, *shape[axis + 1 :])))
        place = input_node(f"i{k}", ArrayType(pick, "int64"))
        inputs += [u, place]
        spread.append(apply("scatter_add", u, place, axis=axis, batch=0, size=size))
    total = x if form != "alone" else spread.pop()
    if form == "behind":
        other = spread[0]
        for each in spread[1:]:
            other = other + each
        total = other + total
    else:
        for each in spread:
            total = total + each
    return Graph(tuple(inputs), (total, x * 2.0) if live else (total,))


@everyday(1, lambda form, count: (form, count), lambda shape, axis: (shape, axis), "live")
@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize(
    ("form", "count"),
    [
        (form, count)
        for form in ("number", "list", "behind", "alone")
        for count in (1, 2, 3, 12)
        if (form, count) != ("alone", 1)
    ],
)
@pytest.mark.parametrize(("shape", "axis"), [((N,), 0), ((N, 3), 0), ((2, N), 1)])
def test_entries_that_are_added_are_replaced(shape, axis, count, form, live):
    rng = np.random.default_rng(count)
    graph = graph_of(shape, axis, count, form, live)
    values = {
        node.params["name"]: rng.integers(0, shape[axis], size=node.shape)
        if node.type.dtype == "int64"
        else rng.normal(size=node.shape)
        for node in graph.inputs
    }
    expected = np.zeros(shape) if form == "alone" else values["x"].copy()
    for k in range(count):
        at = (slice(None),) * axis + (int(np.ravel(values[f"i{k}"])[0]),)
        expected[at] += values[f"u{k}"].reshape(expected[at].shape)
    given = {name: value.copy() for name, value in values.items()}
    for each in (accumulate(graph), pipeline.run(graph)):
        for compile in (interpreter.compile, compiled.compile):
            found = compile(each)(**values)
            np.testing.assert_allclose(found[0], expected, rtol=1e-14, atol=1e-15)
            if live:
                np.testing.assert_array_equal(found[1], 2 * values["x"])
    for name, value in values.items():
        np.testing.assert_array_equal(value, given[name])
    left = sum(node.op.name == "scatter_add" for node in topological(accumulate(graph).outputs))
    assert left == (form == "alone" or (form, count) == ("behind", 12))  # so many are added in parts


def test_what_is_added_in_many_places_stays():
    x, u, places = (
        input_node("x", ArrayType((N,))),
        input_node("u", ArrayType((2,))),
        input_node("i", ArrayType((2,), "int64")),
    )
    graph = Graph((x, u, places), (x + apply("scatter_add", u, places, axis=0, batch=0, size=N),))
    assert accumulate(graph) is graph


@pytest.mark.parametrize("batched", [False, True])
def test_the_way_back_through_a_loop_that_fills_an_array_touches_single_entries(batched):
    n = 40

    def fill(x):
        def step(i, y):
            y = y.copy()
            y[i] = 0.5 * y[i] + np.sin(y[i - 1]) * x[0]
            return y

        return np.sum(wg.fori_loop(1, n, step, wnp.zeros(n) + x[0]) * np.arange(n))

    def plain(x):
        y = np.zeros(n) + x[0]
        for i in range(1, n):
            y[i] = 0.5 * y[i] + np.sin(y[i - 1]) * x[0]
        return np.sum(y * np.arange(n))

    x = np.array([0.4])
    slope = (plain(x + 1e-6) - plain(x - 1e-6)) / 2e-6
    if batched:
        xs = np.array([[0.4], [0.4]])
        found = wg.compile(wg.vmap(wg.grad(fill)))(xs)[:, 0]
        np.testing.assert_allclose(found, [slope, slope], rtol=1e-7)
    else:
        np.testing.assert_allclose(wg.compile(wg.grad(fill))(x), [slope], rtol=1e-7)
        h = (wg.grad(fill)(x + 1e-5) - wg.grad(fill)(x - 1e-5)) / 2e-5
        np.testing.assert_allclose(wg.compile(wg.hessian(fill))(x)[0], h, rtol=1e-6)
