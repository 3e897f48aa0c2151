"""The engine under the rules: matching, types, sharing, bounds on work, and no recursion over depth."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import wengert.core.ops  # noqa: F401
from tests.thorough import rounds
from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.types import ArrayType, Dim
from wengert.core.ir.walk import topological
from wengert.core.ops.evaluate import evaluate
from wengert.core.passes import rewrite as engine
from wengert.core.passes.algebra import IDENTITIES, simplify
from wengert.core.passes.patterns import abs, call, exp, fill, log, match, show, sqrt, trace
from wengert.core.passes.pipeline import PIPELINE, run, stages
from wengert.core.passes.rewrite import Rewrite, Rule, listing, rewrite
from wengert.core.passes.stability import STABILITY
from wengert.errors import GraphError

S = ArrayType()
X, Y = input_node("x", S), input_node("y", S)


def op_names(graph: Graph) -> list[str]:
    return [node.op.name for node in topological(graph.outputs)]


def simple(node: Node) -> Node:
    inputs = tuple(item for item in topological([node]) if item.op.name == "input")
    return simplify(Graph(inputs, (node,))).outputs[0]


def test_a_rule_is_four_lines_and_applies_everywhere() -> None:
    rule = Rule("log-exp", lambda x: log(exp(x)), lambda x: x, exact=False)
    graph = Graph((X,), (apply("log", apply("exp", -apply("log", apply("exp", X)))),))
    outcome = rewrite(graph, [rule])
    assert op_names(outcome.graph) == ["input", "negative"]
    assert [entry.name for entry in outcome.applied] == ["log-exp", "log-exp"]


def test_commuting_inputs_match_in_both_orders_at_every_level() -> None:
    left, _ = trace(lambda x, y: (1 + exp(x)) * (y + 2))
    one, two = constant(1, S), constant(2, S)
    for first in (apply("add", one, apply("exp", X)), apply("add", apply("exp", X), one)):
        for second in (apply("add", Y, two), apply("add", two, Y)):
            for node in (apply("multiply", first, second), apply("multiply", second, first)):
                assert match(left, node) == {"x": X, "y": Y}


def test_one_variable_stands_for_one_node() -> None:
    left, _ = trace(lambda x: x - x)
    assert match(left, X - X) == {"x": X}
    assert match(left, X - Y) is None


def test_zero_in_a_pattern_is_not_minus_zero() -> None:
    left, _ = trace(lambda x: x + 0)
    assert match(left, apply("add", X, constant(0.0, S))) == {"x": X}
    assert match(left, apply("add", X, constant(-0.0, S))) is None


def test_parameters_are_variables_too() -> None:
    left, _ = trace(lambda x, n: call("integer_power", x, exponent=n))
    assert match(left, X**3) == {"x": X, "n": 3}
    number, _ = trace(lambda x, c: fill(c) * x)
    assert match(number, 2.5 * X) == {"x": X, "c": 2.5}


def test_numbers_of_the_right_side_fill_the_shape_of_what_they_replace() -> None:
    x = input_node("x", ArrayType((Dim("m"), 3), "float32"))
    for node in (x**0, -(1 * -(x * 2)) * 3, 0.5 * (2 * x)):
        assert simple(node).type == x.type


def test_a_rule_that_changes_the_type_is_refused() -> None:
    wrong = Rule("wrong", lambda x, axes: call("sum", x, axes=axes), lambda x, axes: x, exact=True)
    x = input_node("x", ArrayType((3,)))
    with pytest.raises(GraphError, match="turns float64\\[\\] into float64\\[3\\]"):
        rewrite(Graph((x,), (apply("sum", x, axes=(0,)),)), [wrong])


def test_the_sides_of_a_rule_have_the_same_variables() -> None:
    with pytest.raises(GraphError, match="same parameters"):
        Rule("wrong", lambda x: exp(x), lambda y: y, exact=True)


# ---------------------------------------------------------------- bounds


def chain(length: int) -> Graph:
    node = X
    for k in range(length // 4):
        node = apply("tanh", node * 1.0001 + 0.5) if k % 2 else -(1 * -(node - Y)) * 1
    return Graph((X, Y), (node,))


def test_no_pass_recurses_over_depth() -> None:
    graph = chain(rounds(10_000, 50_000))
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(200)
    try:
        for name, stage in stages(graph):
            assert name
            assert stage.outputs
    finally:
        sys.setrecursionlimit(limit)


def test_rules_that_never_end_leave_the_graph_as_it_was() -> None:
    swap: list[Rewrite] = [
        Rule("there", lambda x: exp(x), lambda x: abs(x), exact=True),
        Rule("back", lambda x: abs(x), lambda x: exp(x), exact=True),
    ]
    graph = Graph((X,), (apply("exp", X),))
    outcome = rewrite(graph, swap)
    assert outcome.graph is graph
    assert not outcome.complete
    assert outcome.applied == ()
    assert str(outcome).startswith("not simplified")


def test_rules_that_grow_the_graph_without_end_are_stopped() -> None:
    grow = Rule("grow", lambda x: exp(x), lambda x: exp(exp(x)), exact=True)
    assert not rewrite(Graph((X,), (apply("exp", X),)), [grow]).complete


def test_out_of_time_means_not_simplified() -> None:
    graph = chain(4000)
    outcome = rewrite(graph, IDENTITIES, seconds=0.0)
    assert not outcome.complete
    assert outcome.graph is graph


def test_rules_that_push_inward_do_not_recurse() -> None:
    inward = Rule("inward", lambda x, y: -(x + y), lambda x, y: (-x) + (-y), exact=False)
    node = X
    for _ in range(3000):
        node = node + Y
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(400)
    try:
        outcome = rewrite(Graph((X, Y), (-node,)), [inward])
    finally:
        sys.setrecursionlimit(limit)
    assert evaluate(outcome.graph, {"x": 1.0, "y": 2.0}) == (-6001.0,)


def test_equal_new_nodes_are_made_once() -> None:
    graph = Graph((X,), (apply("log", 1 + apply("exp", X)) + apply("exp", apply("log", apply("exp", 1 * X) + 1)),))
    names = op_names(rewrite(graph, IDENTITIES + STABILITY).graph)
    assert names.count("softplus") == 1


def test_inputs_stay_the_same_nodes() -> None:
    graph = Graph((X, Y), (X * 1 + 0 * Y,), ("z",))
    result = run(graph)
    assert result.inputs == graph.inputs
    assert result.names == ("z",)


# ---------------------------------------------------------------- what simplification gives


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ((2 * (X - Y)) * 0.5, "x - y"),
        (0.5 * (2 * X), "x"),
        ((X - Y) * 2 / 2, "x - y"),
        (-(Y - X), "x - y"),
        (X + (-Y), "x - y"),
        ((-X) * (-Y), "x * y"),
        (X**1, "x"),
        (1 * X / 1 - 0, "x"),
    ],
)
def test_the_textbook_form_comes_out(node: Node, expected: str) -> None:
    wanted = {"x": X, "x - y": X - Y, "x * y": X * Y}[expected]
    got = simple(node)
    assert [n.op.name for n in topological([got])] == [n.op.name for n in topological([wanted])]
    assert got.inputs == wanted.inputs


def test_what_hides_nan_is_no_identity() -> None:
    graph = Graph((X,), (X - X,))
    assert op_names(simplify(graph)) == ["input", "subtract"]


def test_fractions_stay_exact() -> None:
    third = apply("divide", constant(1, S), constant(3, S))
    assert run(Graph((X,), (3 * (third * X),))).outputs == (X,)


# ---------------------------------------------------------------- in words


def test_rules_print_as_mathematics() -> None:
    assert show(trace(lambda x: sqrt(x * x) / (1 - exp(-x)) ** 2)[0]) == "sqrt(x · x) / (1 − exp(−x))^2"
    text = listing(IDENTITIES)
    assert "double-negative: −(−x) → x  (exact)" in text
    assert "half-power: power(x, 1/2) → sqrt(x)  (valid for x >= 0)" in text
    assert len(text.splitlines()) == len(IDENTITIES)


def test_stages_are_named_and_end_with_the_result_of_run() -> None:
    graph = Graph((X,), (apply("log", 1 + apply("exp", X)),))
    named = stages(graph)
    assert [name for name, _ in named] == ["start", *(each.__name__ for each in PIPELINE)]
    values: Any = [evaluate(stage, {"x": 0.3})[0] for _, stage in named]
    np.testing.assert_allclose(values, values[0], rtol=1e-15)
    assert op_names(named[-1][1]) == op_names(run(graph)) == ["input", "softplus"]


def test_the_engine_bounds_are_what_the_policy_says() -> None:
    assert engine.SECONDS == 2.0
