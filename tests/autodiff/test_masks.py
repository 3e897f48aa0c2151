"""Masks: where one is asked for, and how it passes through ops that move entries."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import wengert as wg
from wengert.core.autodiff.transforms import grad, hvp, push_forward
from wengert.core.ir.graph import Graph, Node, apply, constant_like, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ir.walk import order_of
from wengert.core.ops.evaluate import evaluate
from wengert.core.ops.functions import total

FOUR = ArrayType((4,))


def ops(graph: Graph) -> list[str]:
    return [node.op.name for node in order_of(graph)]


def of_four(f: Callable[[Node], Node]) -> Graph:
    x = input_node("x", FOUR)
    return Graph((x,), (f(x),))


@pytest.mark.parametrize(("number", "asked"), [(2.0, 0), (-1e30, 0), (1e300, 1), (np.inf, 1)])
def test_a_finite_factor_asks_for_no_mask(number: float, asked: int):
    graph = push_forward(of_four(lambda x: x * constant_like(number, x)))
    assert ops(graph).count("where") == asked
    direction = np.array([0.0, 1.0, 0.0, -1.0])
    (moved,) = evaluate(graph, {"x": np.ones(4), "tangent_x": direction})
    np.testing.assert_array_equal(moved, [0, number, 0, -number])


MOVED: dict[str, tuple[Callable[[Node], Node], Callable[[np.ndarray], np.ndarray]]] = {
    "slice": (lambda x: apply("slice", x, start=(0,), stop=(4,), step=(2,)), lambda v: v[::2]),
    "flip": (lambda x: apply("flip", x, axes=(0,)), lambda v: v[::-1]),
    "reshape": (lambda x: apply("reshape", x, shape=(2, 2)), lambda v: v.reshape(2, 2)),
    "transpose": (
        lambda x: apply("transpose", apply("reshape", x, shape=(2, 2)), axes=(1, 0)),
        lambda v: v.reshape(2, 2).T,
    ),
}


@pytest.mark.parametrize("name", MOVED)
def test_the_truths_of_a_direction_move_with_its_entries(name: str):
    f, by_hand = MOVED[name]
    graph = push_forward(of_four(lambda x: apply("log", f(x))))
    assert "cast" not in ops(graph)
    x, direction = np.array([0.0, 2.0, 4.0, 0.0]), np.array([0.0, 1.0, 3.0, 1.0])
    (moved,) = evaluate(graph, {"x": x, "tangent_x": direction})
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.where(direction == 0, 0, direction / x)
    np.testing.assert_array_equal(moved, by_hand(expected))


@pytest.mark.parametrize("name", MOVED)
def test_the_truths_of_a_cotangent_move_back_with_its_entries(name: str):
    f, by_hand = MOVED[name]

    def masked(x: Node) -> Node:
        y = f(apply("log", x))
        return total(apply("where", y > 0, y, constant_like(0, y)))

    graph = grad(of_four(masked))
    assert "cast" not in ops(graph)
    (slope,) = evaluate(graph, {"x": np.array([0.0, 2.0, 4.0, 8.0])})
    expected = np.array([0.0, 1 / 2, 1 / 4, 1 / 8])
    np.testing.assert_array_equal(by_hand(slope), by_hand(expected))


def test_a_direction_of_0_stays_nothing_beside_an_infinite_value():
    graph = hvp(of_four(lambda x: total(x**3)))
    (moved,) = evaluate(graph, {"x": np.array([np.inf, 1.0, 2.0, np.inf]), "tangent_x": np.array([0.0, 1.0, 0.0, 1.0])})
    np.testing.assert_array_equal(moved, [0, 6, 0, np.inf])


def test_a_node_that_is_a_carry_and_stacked_has_both_masks():
    v = np.array([0.3, 0.4, 0.5])

    def f(v):
        def step(a, x):
            return a * x + a, a * x + a

        def alike(a, x):
            y = a * x + a
            return y, y

        return [wg.scan(each, v, np.arange(7) * 0.1)[1][4].sum() for each in (alike, step)]

    made = [wg.compile(wg.grad(lambda v, k=k: f(v)[k]), backend="interpreter")(v) for k in range(2)]
    np.testing.assert_allclose(made, np.prod(1 + np.arange(5) * 0.1) * np.ones((2, 3)), rtol=1e-14)


def test_what_is_joined_to_others_and_not_read_is_nothing():
    slope = wg.grad(lambda x: np.concatenate([np.exp(x), x])[1])
    with np.errstate(over="ignore"):
        for _ in range(4):
            assert slope(np.array([1000.0])) == 1
