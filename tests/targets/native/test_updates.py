"""Entries are replaced in place where nothing else needs the old ones, and every value is that of the interpreter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wengert.core.ops  # noqa: F401
from tests.thorough import rounds
from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ops.control import results
from wengert.core.ops.evaluate import evaluate
from wengert.targets import compiled
from wengert.targets.native.loops.inside import statements
from wengert.targets.native.loops.lower import lower
from wengert.targets.native.loops.nest import Copy

N = 12


def random_updates(seed: int, length: int = 8) -> Graph:
    """A graph of updates whose new entries and places are made of any arrays before."""
    rng = np.random.default_rng(seed)
    inputs = [input_node(f"x{k}", ArrayType((N,))) for k in range(2)]
    places = input_node("p", ArrayType((4,), "int64"))
    pool: list[Node] = [*inputs, constant(0, ArrayType((N,)))]

    def chosen() -> Node:
        return pool[-1] if rng.random() < 0.6 else pool[rng.integers(len(pool))]

    def part(size: int) -> Node:
        x, start = chosen(), int(rng.integers(0, N - size + 1))
        if rng.random() < 0.3:
            x = x * chosen() + 0.5
        if rng.random() < 0.3:
            return apply("gather", x, indices(size), axis=0, batch=0)
        return apply("slice", x, start=(start,), stop=(start + size,), step=(1,))

    def indices(size: int) -> Node:
        if size == 4 and rng.random() < 0.5:
            return places
        return constant(rng.integers(0, N, size=size), ArrayType((size,), "int64"))

    for _ in range(length):
        size = int(rng.choice([1, 1, 2, 4, 5]))
        v = apply("sin", part(size)) if rng.random() < 0.5 else part(size) * 0.5
        x = chosen()
        if rng.random() < 0.5:
            step = int(rng.integers(1, 1 + max(1, (N - 1) // size)))
            start = int(rng.integers(0, N - (size - 1) * step))
            pool.append(apply("set_slice", x, v, start=(start,), step=(step,)))
        else:
            pool.append(apply("put", x, indices(size), v, axis=0, batch=0))
    outputs = [pool[-1], *(y for y in pool[3:-1] if rng.random() < 0.2)]
    return Graph((*inputs, places), tuple(outputs))


def values(seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {"x0": rng.normal(size=N), "x1": rng.normal(size=N), "p": rng.integers(0, N, size=4)}


@pytest.mark.parametrize("start", range(0, rounds(50, 200), 25))
def test_random_updates_are_those_of_the_interpreter(start: int) -> None:
    for seed in range(start, start + 25):
        graph, given = random_updates(seed), values(seed)
        kept = {name: np.copy(x) for name, x in given.items()}
        found = compiled.compile(graph, cache=False)(**given)
        for mine, theirs in zip(found, evaluate(graph, given), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-13, atol=1e-300, err_msg=f"seed {seed}")
        assert all(np.array_equal(given[name], kept[name]) for name in given)


@pytest.mark.parametrize("start", range(0, rounds(20, 60), 20))
def test_random_updates_of_a_carry_are_those_of_the_interpreter(start: int) -> None:
    for seed in range(start, start + 20):
        inner = random_updates(seed, 4)
        body = Graph(inner.inputs, (inner.outputs[0], *inner.outputs[1:]))
        params = {"carries": 1, "xs": 0, "length": 3, "reverse": False, "first": None}
        outer = [input_node(str(x.params["name"]), x.type) for x in body.inputs]
        graph = Graph(tuple(outer), tuple(results(apply("scan", *outer, body=body, **params))))
        given = values(seed)
        found = compiled.compile(graph, cache=False)(**given)
        for mine, theirs in zip(found, evaluate(graph, given), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-13, atol=1e-300, err_msg=f"seed {seed}")


def copies(graph: Graph) -> int:
    return sum(isinstance(each, Copy) for each in statements(lower(graph).body))


def test_a_chain_of_updates_copies_once() -> None:
    x = y = input_node("x", ArrayType((N,)))
    for k in range(1, 6):
        before = apply("slice", y, start=(k - 1,), stop=(k,), step=(1,))
        y = apply("set_slice", y, before * 0.5, start=(k,), step=(1,))
    assert copies(Graph((x,), (y,))) == 1


def test_a_carry_is_updated_without_a_copy_in_the_loop() -> None:
    y, k = input_node("y", ArrayType((N,))), input_node("k", ArrayType((), "int64"))
    place = apply("reshape", k, shape=(1,))
    before = apply("gather", y, place - 1, axis=0, batch=0)
    body = Graph((k, y), (apply("put", y, place, before * 0.5, axis=0, batch=0),))
    x = input_node("x", ArrayType((N,)))
    params = {"carries": 1, "xs": 0, "length": N - 1, "reverse": False, "first": 1}
    graph = Graph((x,), tuple(results(apply("scan", x, body=body, **params))))
    assert copies(graph) == 1  # of x, before the loop
    start = np.linspace(1.0, 2.0, N)
    (found,) = compiled.compile(graph, cache=False)(x=start)
    np.testing.assert_allclose(found, start[0] * 0.5 ** np.arange(N))


def test_new_entries_that_read_the_old_ones_elsewhere_are_made_first() -> None:
    x = input_node("x", ArrayType((N,)))
    y = apply("set_slice", x, apply("slice", x, start=(0,), stop=(3,), step=(1,)), start=(2,), step=(1,))
    shifted = apply("slice", y, start=(0,), stop=(N - 1,), step=(1,))
    z = apply("set_slice", y, shifted * 2, start=(1,), step=(1,))
    given = np.arange(float(N))
    graph = Graph((x,), (z,))
    (found,) = compiled.compile(graph, cache=False)(x=given)
    assert np.array_equal(found, evaluate(graph, {"x": given})[0])
