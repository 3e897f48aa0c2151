"""Primes are opened to formulas that share the forward value."""

from __future__ import annotations

import numpy as np
import pytest

import wengert.core.ops  # noqa: F401
from wengert.core.autodiff.transforms import grad
from wengert.core.ir.dump import dump
from wengert.core.ir.graph import Graph, apply, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ops.evaluate import evaluate
from wengert.core.passes.open_primes import open_primes

S = ArrayType()


def test_the_forward_value_is_shared():
    z, g = input_node("z", S), input_node("g", S)
    y = apply("exp", z)
    slope = g * apply("prime", z, function="exp", order=1)
    assert dump(open_primes(Graph((z, g), (slope, y)))) == (
        "graph(z: float64[], g: float64[])\n"
        "  v1 = exp(z): float64[]\n"
        "  v2 = multiply(g, v1): float64[]\n"
        "  return v2, v1"
    )
    assert open_primes(Graph((z, g), (slope, y))).outputs[1] is y


def test_a_slope_that_is_a_quotient_divides_the_signal():
    z, g = input_node("z", S), input_node("g", S)
    slope = g * apply("prime", z, function="log", order=1)
    assert dump(open_primes(Graph((z, g), (slope,)))) == (
        "graph(z: float64[], g: float64[])\n  v1 = divide(g, z): float64[]\n  return v1"
    )
    assert evaluate(open_primes(Graph((z, g), (slope,))), {"z": 1e-310, "g": 1e-300})[0] == pytest.approx(1e10)


def test_primes_of_one_function_share_a_new_value():
    z = input_node("z", S)
    primes = [apply("prime", z, function="tanh", order=order) for order in (1, 2)]
    text = dump(open_primes(Graph((z,), tuple(primes))))
    assert text.count("tanh(z)") == 1
    assert "prime" not in text


def test_a_derivative_that_is_another_function_takes_it_from_the_graph():
    z = input_node("z", S)
    cosine = apply("cos", z)
    graph = open_primes(Graph((z,), (apply("prime", z, function="sin", order=1), cosine)))
    assert graph.outputs == (cosine, cosine)


@pytest.mark.parametrize("name", ["tanh", "logistic", "log", "arctan", "sqrt", "erf", "softplus"])
def test_opened_high_orders_have_the_right_numbers(name):
    import mpmath

    functions = {
        "log": mpmath.log,
        "logistic": lambda x: 1 / (1 + mpmath.exp(-x)),
        "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
        "arctan": mpmath.atan,
        "erf": mpmath.erf,
        "sqrt": mpmath.sqrt,
        "tanh": mpmath.tanh,
    }
    x = input_node("x", S)
    graph = Graph((x,), (apply(name, x),))
    for order in range(1, 5):
        graph = grad(graph)
        (got,) = evaluate(open_primes(graph), {"x": 0.7})
        assert got == pytest.approx(float(mpmath.diff(functions[name], mpmath.mpf("0.7"), order)), rel=1e-10)
        assert not any("prime" in line for line in dump(open_primes(graph)).splitlines())


def test_nothing_to_open_changes_nothing():
    x = input_node("x", ArrayType((2,)))
    graph = Graph((x,), (apply("sin", x) * x,), ("y",))
    same = open_primes(graph)
    assert same.outputs == graph.outputs
    assert same.names == ("y",)
    assert np.array_equal(evaluate(same, {"x": [1.0, 2.0]})[0], evaluate(graph, {"x": [1.0, 2.0]})[0])
