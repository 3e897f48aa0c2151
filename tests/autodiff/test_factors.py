"""Factors of signals are gathered where that is safe, and a loop back then takes one product a step and keeps no more."""

from __future__ import annotations

import numpy as np
import pytest

from wengert.core.autodiff.factors import gathered
from wengert.core.autodiff.reverse import vjp
from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ir.walk import depends_on, topological
from wengert.core.ops.control import results
from wengert.core.ops.evaluate import evaluate

REAL = ArrayType((), "float64")


def number(name: str) -> Node:
    return input_node(name, REAL)


def value(node: Node, **given: float) -> float:
    inputs = [x for x in topological([node]) if x.op.name == "input"]
    (found,) = evaluate(
        Graph(inputs, (node,)), {str(x.params["name"]): np.float64(given[str(x.params["name"])]) for x in inputs}
    )
    return float(found)


def products_of(node: Node, signal: Node) -> int:
    """How many products in the node have the signal in them."""
    moved = depends_on([node], [signal])
    return sum(each.op.name == "multiply" and each in moved for each in topological([node]))


def test_a_signal_is_multiplied_once():
    g, a, x = number("g"), number("a"), number("x")
    chain = apply("sin", x) * (((g * a) * 0.25) * apply("cos", x))
    (found,) = gathered([chain], [g])
    assert (products_of(chain, g), products_of(found, g)) == (4, 1)
    given = {"g": 1.5, "a": -0.7, "x": 0.4}
    assert value(found, **given) == pytest.approx(value(chain, **given), rel=1e-15)


def test_a_product_that_something_else_reads_stays():
    g, a, x = number("g"), number("a"), number("x")
    inner = g * a
    outputs = [inner * apply("cos", x), inner]
    found = gathered(outputs, [g])
    assert found[0].inputs[0] is found[1] is inner


def test_factors_without_bound_stay_apart():
    g, a, b = number("g"), number("a"), number("b")
    (found,) = gathered([(g * a) * b], [g])
    assert value(found, g=0.0, a=1e200, b=1e200) == 0, "0 · ∞ would be NaN"
    (large,) = gathered([(g * a) * constant(1e200, REAL)], [g])
    assert value(large, g=0.0, a=1e200) == 0


def test_between_factors_without_bound_the_bounded_ones_are_gathered():
    g, a, b, x = number("g"), number("a"), number("b"), number("x")
    chain = (((g * a) * apply("cos", x)) * b) * apply("tanh", x)
    (found,) = gathered([chain], [g])
    assert products_of(found, g) == 2
    assert value(found, g=0.0, a=1e200, b=1e200, x=0.1) == 0


def test_products_of_two_signals_stay():
    g, h, x = number("g"), number("h"), number("x")
    both = (g * h) * apply("cos", x)
    (found,) = gathered([both], [g, h])
    assert found is both


def recurrence(ys: bool = False) -> tuple[Node, Node, list[Node]]:
    """x ← x + ¼ sin x · a, ten steps."""
    x, a = number("x"), number("a")
    after = [x + apply("sin", x) * 0.25 * a]
    body = Graph((x, a), (*after, *([apply("cos", x)] if ys else [])))
    start, outer = number("start"), number("outer")
    scan = apply("scan", start, outer, body=body, carries=1, xs=0, length=10, reverse=False, first=None)
    return start, outer, results(scan)


def loops(outputs: list[Node]) -> list[Node]:
    return [node for node in topological(outputs) if node.op.name == "scan"]


def test_the_way_back_of_a_recurrence_is_one_product_and_keeps_it():
    start, outer, (last, *_) = recurrence()
    bars = vjp([last], [start, outer], [constant(1, REAL)])
    forward, back = loops([bar for bar in bars if bar is not None])
    assert len(forward.params["body"].outputs) == 1 + 2, "for x̄ the factor ¼ a cos x, for ā ¼ sin x"
    body = back.params["body"]
    signal = body.inputs[0]
    assert products_of(body.outputs[0], signal) == 1
    assert not any(node.op.name in ("sin", "cos") for node in topological(body.outputs))


def test_what_a_loop_gives_out_anyway_is_read_from_there():
    start, _, (last, stacked) = recurrence(ys=True)
    (bar,) = vjp([last], [start], [constant(1, REAL)])
    assert bar is not None
    forward = loops([bar, stacked])[0]
    assert len(forward.params["body"].outputs) == 2, "cos x is stacked for the user and read by the way back"


def test_a_step_that_leaves_a_zero_signal_leaves_it_zero_under_large_factors():
    x, a = number("x"), number("a")
    body = Graph((x, a), (((x * a) * a) * apply("cos", a),))
    start, outer = number("start"), number("outer")
    scan = apply("scan", start, outer, body=body, carries=1, xs=0, length=3, reverse=False, first=None)
    (last,) = results(scan)
    (bar,) = vjp([last * 0], [start], [constant(1, REAL)])
    assert bar is not None
    assert value(bar, start=1.0, outer=1e200) == 0
