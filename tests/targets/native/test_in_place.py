"""Donated inputs: results in their memory, never at the cost of a right result; what is not donated is not written."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import wengert.core.autodiff  # noqa: F401
from scripts.compare_backends import difference
from scripts.random_graphs import Case
from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ops.control import results
from wengert.errors import GraphError
from wengert.targets import compiled, interpreter

SIZE = 40


def vectors(*names: str) -> list[Node]:
    return [input_node(name, ArrayType((SIZE,))) for name in names]


def numbers(*names: str) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=SIZE) for name in names}


def descent() -> Graph:
    w, g = vectors("w", "g")
    return Graph((w, g), (w - apply("tanh", g) * 0.1, apply("sum", w * g, axes=(0,))))


def assert_same(graph: Graph, values: dict[str, Any], *donate: str) -> None:
    for small in (0, 1):
        found = difference(Case(graph, values, donate, small))
        assert found is None, (donate, small, found)


def test_the_donated_array_comes_back_itself_from_the_first_call_on():
    f = compiled.compile(descent(), donate=["w"], cache=False)
    w, g = numbers("w", "g").values()
    for _ in range(3):
        wanted = w - np.tanh(g) * 0.1
        y, _ = f(w=w, g=g)
        assert y is w
        np.testing.assert_allclose(w, wanted, rtol=1e-14)


def test_what_is_not_donated_stays():
    f = compiled.compile(descent(), donate=["w"], cache=False)
    w, g = numbers("w", "g").values()
    kept = g.copy()
    f(w=w, g=g)
    f(w=w, g=g)
    np.testing.assert_array_equal(g, kept)


def fortran_like(x: Any) -> Any:
    wide = np.zeros(2 * SIZE)
    wide[::2] = x
    return wide[::2]


def read_only(x: Any) -> Any:
    x = x.copy()
    x.flags.writeable = False
    return x


@pytest.mark.parametrize(
    "make",
    [fortran_like, read_only, lambda x: x.astype(np.float32), lambda x: x.tolist(), lambda x: x[::-1].copy()[::-1]],
    ids=["gaps", "read-only", "float32", "list", "backwards"],
)
def test_what_cannot_be_overwritten_is_copied(make):
    graph = descent()
    f = compiled.compile(graph, donate=["w"], cache=False)
    values = numbers("w", "g")
    given = make(values["w"])
    kept = np.array(given)
    wanted = interpreter.compile(graph)(w=given, g=values["g"])
    for _ in range(2):
        y, total = f(w=given, g=values["g"])
        assert y is not given
        np.testing.assert_allclose(y, wanted[0], rtol=1e-14)
        np.testing.assert_allclose(total, wanted[1], rtol=1e-13)
        np.testing.assert_array_equal(given, kept)


@pytest.mark.parametrize("shift", [0, 1, 7, SIZE - 1])
def test_donated_memory_that_overlaps_another_input_is_not_written_early(shift):
    graph = descent()
    f = compiled.compile(graph, donate=["w"], cache=False)
    for first, second in ((0, shift), (shift, 0)):
        for _ in range(2):
            whole = np.random.default_rng(0).normal(size=2 * SIZE)
            w, g = whole[first : first + SIZE], whole[second : second + SIZE]
            wanted = interpreter.compile(graph)(w=w.copy(), g=g.copy())
            found = f(w=w, g=g)
            for a, b in zip(found, wanted, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-13)


def test_one_array_donated_twice():
    a, b = vectors("a", "b")
    graph = Graph((a, b), (a + b * 2, b - a))
    f = compiled.compile(graph, donate=["a", "b"], cache=False)
    for _ in range(2):
        x = np.arange(float(SIZE))
        first, second = f(a=x, b=x)
        np.testing.assert_array_equal(first, 3 * np.arange(float(SIZE)))
        np.testing.assert_array_equal(second, np.zeros(SIZE))


@pytest.mark.parametrize("order", ["".join(p) for p in itertools.permutations("abc")])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_every_exchange_of_donated_inputs(order, count):
    nodes = dict(zip("abc", vectors("a", "b", "c"), strict=True))
    graph = Graph(tuple(nodes.values()), tuple(nodes[name] for name in order))
    for donate in itertools.permutations("abc", count):
        f = compiled.compile(graph, donate=donate, cache=False)
        for _ in range(2):
            given = numbers("a", "b", "c")
            for y, name in zip(f(**given), order, strict=True):
                np.testing.assert_array_equal(y, numbers("a", "b", "c")[name])


def test_mixed_exchanges_and_computations():
    a, b, c = vectors("a", "b", "c")
    s = apply("sin", a)
    for outputs in (
        (b, s + b, a),
        (s, a, b),
        (a + 1, a, a - 1),
        (b + c, c + a, a + b),
        (apply("flip", b, axes=(0,)), a, s),
    ):
        for donate in itertools.permutations("abc", 3):
            assert_same(Graph((a, b, c), outputs), numbers("a", "b", "c"), *donate)


def test_readers_of_other_entries_keep_the_old_values():
    a, b = vectors("a", "b")
    mirrored = apply("flip", apply("exp", a), axes=(0,))
    shifted = apply("pad", apply("slice", a, start=(1,), stop=(SIZE,), step=(1,)), low=(0,), high=(1,))
    total = apply("broadcast", apply("sum", a, axes=(0,)), shape=(SIZE,), axes=())
    outputs = (a + b, mirrored - b, shifted + a, total * b, apply("flip", a, axes=(0,)))
    for k in range(len(outputs)):
        chosen = (*outputs[k:], *outputs[:k])
        for donate in (("a",), ("b",), ("a", "b"), ("b", "a")):
            assert_same(Graph((a, b), chosen), numbers("a", "b"), *donate)


def test_the_old_carry_of_a_loop_is_its_start():
    x, r, c = vectors("x", "r", "c")
    body = Graph((c,), (apply("sin", c) + 0.1, apply("flip", c, axes=(0,)), c))
    outs = results(apply("scan", x, body=body, carries=1, xs=0, length=5, first=None, reverse=False))
    graph = Graph((x, r), (outs[0], outs[1], outs[2], x + r, outs[0] * r))
    for donate in (("x",), ("r",), ("x", "r")):
        assert_same(graph, numbers("x", "r"), *donate)


def test_an_index_that_depends_on_a_donated_array_is_checked_before_it_is_overwritten():
    """The interpreter, which words the error, must find the donated array as it was."""
    w, x = vectors("w", "x")
    total = apply("cast", apply("sum", w, axes=(0,)), dtype="int64")
    picked = apply("gather", apply("exp", x), apply("broadcast", total, shape=(3,), axes=()), axis=0, batch=0)
    graph = Graph((w, x), (w * 0.0, picked))
    f = compiled.compile(graph, donate=["w"], cache=False)
    values = {"w": np.full(SIZE, 0.1), "x": np.arange(float(SIZE)) / SIZE}
    given = values["w"].copy()
    assert f(**{**values, "w": given})[0] is given
    bad = np.full(SIZE, 2.0)
    with pytest.raises(GraphError, match="The index 80 is outside an axis of 40 entries"):
        f(w=bad, x=values["x"])
    np.testing.assert_array_equal(bad, np.full(SIZE, 2.0))


def test_a_loop_that_looks_up_by_its_donated_carry_is_checked_first():
    k, x = input_node("k", ArrayType((), "int64")), vectors("x")[0]
    c, a = input_node("c", k.type), vectors("a")[0]
    entry = apply("gather", a, c, axis=0, batch=0)
    body = Graph((c, a), (c + apply("cast", entry, dtype="int64"),))
    y = results(apply("scan", k, x, body=body, carries=1, xs=0, length=4, first=None, reverse=False))[0]
    row = apply("broadcast", y, shape=(3,), axes=())
    state = input_node("state", ArrayType((3,), "int64"))
    graph = Graph((state, k, x), (state + row,))
    f = compiled.compile(graph, donate=["state"], cache=False)
    fine = {"k": np.int64(1), "x": np.full(SIZE, 12.0)}
    assert f(state=np.zeros(3, np.int64), **fine)[0].tolist() == [49, 49, 49]
    state_array = np.zeros(3, np.int64)
    with pytest.raises(GraphError, match="The index 41 is outside"):
        f(state=state_array, k=np.int64(1), x=np.full(SIZE, 20.0))
    assert state_array.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("donate", "words"),
    [(["z"], "The donated 'z' is no input"), (["g", "w"], "No result has the type of the donated 'w'")],
)
def test_donations_that_make_no_sense_are_refused(donate, words):
    w, g = vectors("w", "g")
    with pytest.raises(GraphError, match=words):
        compiled.compile(Graph((w, g), (w + g,)), donate=donate)


def test_a_donated_constant_result():
    (w,) = vectors("w")
    f = compiled.compile(Graph((w,), (constant(2.5, w.type), apply("sum", w, axes=(0,)))), donate=["w"], cache=False)
    for _ in range(2):
        given = np.ones(SIZE)
        y, total = f(w=given)
        assert y is given
        assert total == SIZE
        assert y.tolist() == [2.5] * SIZE


def test_a_donated_array_without_axes_comes_back_itself():
    w = input_node("w", ArrayType())
    f = compiled.compile(Graph((w,), (w * 0.5,)), donate=["w"], cache=False)
    given = np.array(8.0)
    for wanted in (4.0, 2.0, 1.0):
        (y,) = f(w=given)
        assert y is given
        assert y == wanted
    for number in (8.0, np.float64(8.0), 8):
        assert f(w=number)[0] == 4.0


@pytest.mark.parametrize("shape", [(0,), (3, 0)])
def test_a_donated_array_without_entries(shape):
    w = input_node("w", ArrayType(shape))
    f = compiled.compile(Graph((w,), (apply("sin", w),)), donate=["w"], cache=False)
    given = np.zeros(shape)
    for _ in range(2):
        assert f(w=given)[0] is given
