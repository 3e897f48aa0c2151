"""The trace: rows in order, numbers that are right by independent routes, and what is said where they cannot be."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from wengert.core.ir.names import bar
from wengert.core.ops.evaluate import evaluate
from wengert.errors import DataError, EquationError, ShapeError
from wengert.notes.derive.random_points import concrete, draw_point, sizes_for
from wengert.notes.elaboration.elaborate import elaborate
from wengert.notes.notation.reader import read
from wengert.notes.show.trace import trace


def rows(found):
    return {row.name: row for row in (*found.forward, *found.backward)}


def test_unit_by_hand(unit, hand):
    """w = 0.5, x = 2, b = 0.1, t = 1, λ = 0.1, each number from the lecture's formulas with math only."""
    found = rows(trace(*unit, hand))
    z = 0.5 * 2 + 0.1
    y = 1 / (1 + math.exp(-z))
    by_hand = {
        "z": z, "y": y, "L": 0.5 * (y - 1) ** 2, "R": 0.125, "L_reg": 0.5 * (y - 1) ** 2 + 0.1 * 0.125,
        "L̄_reg": 1.0, "R̄": 0.1, "L̄": 1.0, "ȳ": y - 1, "z̄": (y - 1) * y * (1 - y),
        "w̄": (y - 1) * y * (1 - y) * 2 + 0.1 * 0.5, "b̄": (y - 1) * y * (1 - y),
    }  # fmt: skip
    for name, value in by_hand.items():
        assert found[name].value == pytest.approx(value, rel=1e-14), name


def test_fan_out_is_taken_apart(unit, hand):
    row = rows(trace(*unit, hand))["w̄"]
    assert [(use.child, use.formula) for use in row.uses] == [("z", "z̄ x"), ("R", "R̄ w")]
    assert sum(use.value for use in row.uses) == pytest.approx(row.value, rel=1e-14)


def test_backward_rows_run_from_the_loss_to_the_inputs(unit, hand):
    found = trace(*unit, hand)
    assert [row.number for row in found.forward] == list(range(1, len(found.forward) + 1))
    assert [row.name for row in found.backward] == ["L̄_reg", "R̄", "L̄", "ȳ", "z̄", "w̄", "b̄"]
    primitive = trace(*unit, hand, primitive=True)
    numbers = [row.number for row in primitive.backward]
    assert numbers == sorted(numbers, reverse=True)


@pytest.mark.parametrize("primitive", [False, True])
def test_every_bar_is_the_slope_of_the_loss(derived, primitive):
    """Central differences of the forward pass alone, at a random point, for every input that has a bar."""
    system, backward = derived
    sizes, rng = sizes_for(system), np.random.default_rng(3)
    point = draw_point(system, rng)
    graph = concrete(system.graph((backward.loss,)))
    signal = np.float64(1.0)
    if not backward.seeded:
        signal = rng.normal(size=np.shape(evaluate(graph, point, sizes)[0]))
    found = trace(
        system, backward, point | ({} if backward.seeded else {bar(backward.loss): signal}), primitive=primitive
    )
    bars = {row.number: row.value for row in found.backward}
    for k, name in enumerate(system.inputs, 1):
        if name not in backward.wrt:
            continue
        direction = rng.normal(size=np.shape(point[name]))

        def loss(h, name=name, direction=direction):
            return np.sum(signal * evaluate(graph, point | {name: point[name] + h * direction}, sizes)[0])

        slope = (loss(1e-5) - loss(-1e-5)) / 2e-5
        assert np.sum(bars[k] * direction) == pytest.approx(slope, rel=1e-6, abs=1e-8), name


@pytest.mark.parametrize("primitive", [False, True])
def test_contributions_add_up(derived, primitive):
    system, backward = derived
    found = trace(system, backward, {}, primitive=primitive, fill=np.random.default_rng(0))
    for row in found.backward:
        if row.uses:
            np.testing.assert_allclose(sum(use.value for use in row.uses), row.value, rtol=1e-10, atol=1e-13)


def test_both_granularities_give_the_same_bars(derived):
    system, backward = derived
    point = draw_point(system, np.random.default_rng(5))
    if not backward.seeded:
        point[bar(backward.loss)] = np.ones(sizes_for(system)["i"])
    named, primitive = trace(system, backward, point), trace(system, backward, point, primitive=True)
    by_number = {row.number: row.value for row in primitive.backward}
    for row in named.backward:
        if row.number <= len(system.inputs):
            np.testing.assert_allclose(row.value, by_number[row.number], rtol=1e-10, atol=1e-13)


def test_primitive_contributions_are_the_adjoints_of_their_ops(unit, hand):
    found = rows(trace(*unit, hand, primitive=True))
    assert found["v̄₁"].formula == "v̄₆ v₂ + 2 v̄₁₂ v₁"
    assert found["v̄₇"].formula == "v̄₈ σ'(v₇)"
    assert (found["v₇"].label, found["v̄₇"].label) == ("z", "z̄")


def test_names_may_be_given_in_any_spelling(network):
    system, backward = network
    values = {"W^(1)": [[1, 2]], "x": [3, 4], "b_1": [5], "w⁽²⁾": [[6], [7]], "b⁽²⁾": [8, 9], "t": [0, 0]}
    assert rows(trace(system, backward, values))["z_i"].value == pytest.approx([16])


def test_missing_values_are_named_with_their_shapes(network):
    with pytest.raises(DataError) as caught:
        trace(*network, {"x": [1.0, 2.0, 3.0], "t": [0.0, 1.0], "b_1": [1, 2]})
    assert str(caught.value).split("\n") == [
        "3 inputs have no value.",
        "  w⁽¹⁾: 2×3, w⁽²⁾: 2×2, b⁽²⁾: 2",
        "Draw values with --seed 0, or give them:  --set w⁽¹⁾=[[1,2,3],[4,5,6]] --set w⁽²⁾=[[1,2],[3,4]] --set b⁽²⁾=[1,2]",
    ]


def test_missing_values_are_drawn_the_same_for_the_same_seed(network):
    one, two = (trace(*network, {"x": [1.0, 2.0]}, fill=np.random.default_rng(7)).to_json() for _ in range(2))
    assert one == two
    assert one["sizes"]["j"] == 2


def test_sizes_of_drawn_values_can_be_wished(network):
    assert trace(*network, {}, fill=np.random.default_rng(0), sizes={"i": 9}).sizes["i"] == 9


def test_values_that_disagree_are_an_error(network):
    with pytest.raises(ShapeError, match="The size 'j' is"):
        trace(*network, {"x": [1, 2, 3], "W^(1)": [[1, 2]]}, fill=np.random.default_rng(0))


def test_a_quantity_that_a_line_computes_cannot_be_set(unit, hand):
    with pytest.raises(DataError, match="'z' is computed by a line"):
        trace(*unit, hand | {"z": 1})


def test_unknown_names_are_refused(unit, hand):
    with pytest.raises(DataError, match="There is no input 'q'"):
        trace(*unit, hand | {"q": 1})


def test_error_signal_of_a_vector_is_given_from_outside(layer):
    system, backward = layer
    values = {"W": [[1.0, 0.0], [0.0, 2.0]], "x": [0.5, 0.25]}
    with pytest.raises(DataError, match="1 input has no value"):
        trace(system, backward, values)
    for name in ("ȳ", "ybar", bar("y")):
        found = rows(trace(system, backward, values | {name: [1.0, -1.0]}))
        slope = 1 - np.tanh(0.5) ** 2
        assert found["z̄_i"].value == pytest.approx([slope, -slope])
    with pytest.raises(DataError, match="has the shape"):
        trace(system, backward, values | {"ȳ": [1.0, -1.0, 2.0]})


def test_a_function_without_a_formula_has_no_numbers():
    from wengert.notes.derive.backward import derive

    system = elaborate(read("φ: function\nz = w x\nL = φ(z)\n"))
    with pytest.raises(EquationError, match="'φ' has no formula"):
        trace(system, derive(system), {"w": 1, "x": 1})


def test_values_that_are_not_finite_are_listed_first_one_first(text_of):
    found = trace(*text_of("y = log x\nL = y w\n"), {"x": 0, "w": 2})
    assert found.not_finite()[0] == "y"


def test_json_holds_every_number(unit, hand, text_of):
    data = json.loads(json.dumps(trace(*unit, hand).to_json()))
    row = next(r for r in data["backward"] if r["name"] == "w̄")
    assert row["formula"] == "z̄ x + R̄ w"
    assert [use["child"] for use in row["contributions"]] == ["z", "R"]
    assert data["rows"] == "quantities"
    infinite = json.loads(
        json.dumps(trace(*text_of("y = log x\nL = y w\n"), {"x": 0, "w": 2}).to_json(), allow_nan=False)
    )
    assert infinite["forward"][2]["value"] == "-inf"
