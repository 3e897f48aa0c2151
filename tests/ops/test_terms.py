"""Terms: reading a graph keeps its value, and two terms are equal exactly where they say the same."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import wengert.core.ops  # noqa: F401
from tests.ops.random_terms import LEAVES, SIZES, M, N, graphs, op_names, values_at, well_conditioned
from tests.thorough import rounds
from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ops.build import build
from wengert.core.ops.calls import indicator, negated
from wengert.core.ops.evaluate import evaluate
from wengert.core.ops.gathering import gather, with_pi
from wengert.core.ops.normal_form import Running, laid_out, power, product, scale, times, total
from wengert.core.ops.terms import ONE, Add, Apply, Factor, NamedLeaf, ProductTerm, Term, number, size_term, whole

RANDOM = settings(
    max_examples=rounds(80, 400),
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
VALUES = values_at(1)
x, y, z = (NamedLeaf((N,), name) for name in ("u", "v", "z"))
A, B, Q = NamedLeaf((N, M), "A"), NamedLeaf((M, N), "B"), NamedLeaf((N, N), "Q")
a = NamedLeaf((), "a")


def value(node: Node, values: dict[str, Any] = VALUES) -> Any:
    (result,) = evaluate(Graph(tuple(LEAVES.values()), (node,)), values, SIZES)
    return result


def rebuilt(node: Node) -> Node:
    return build(gather(node), LEAVES)


def same(got: Any, expected: Any) -> None:
    size = max(1.0, float(np.max(np.abs(expected), initial=0)))
    np.testing.assert_allclose(got, expected, rtol=1e-7, atol=1e-8 * size)


# ---------------------------------------------------------------- values


@RANDOM
@given(graphs())
def test_a_graph_read_as_a_term_and_built_again_has_its_type_and_value(node: Node) -> None:
    expected = well_conditioned(node, VALUES)
    assume(expected is not None)
    again = rebuilt(node)
    assert again.type == node.type
    same(value(again), expected)


@RANDOM
@given(graphs())
def test_reading_what_was_built_gives_the_same_term(node: Node) -> None:
    """Indicators aside, which are built as masks, and transposes of sums below the line."""
    assume(not {"where", "cast", "transpose"} & op_names(node))
    term = gather(node)
    assert gather(build(term, LEAVES)) == term


def test_a_label_that_no_factor_carries_any_more_is_summed_all_the_same() -> None:
    """Σ_i (u_i / u_i) is n, Σ_i u_i⁰ too, and Σ_ij v_i counts j."""
    ratio = apply("sum", LEAVES["u"] / LEAVES["u"], axes=(0,))
    assert gather(ratio) == size_term(N)
    assert value(rebuilt(ratio)) == 3
    zeroth = apply("sum", apply("integer_power", LEAVES["u"], exponent=0), axes=(0,))
    assert gather(zeroth) == size_term(N)
    spread = apply("broadcast", LEAVES["v"], shape=(N, 4), axes=(0,))
    assert gather(apply("sum", spread, axes=(0, 1))) == scale(4, gather(apply("sum", LEAVES["v"], axes=(0,))))


def test_a_label_that_only_a_delta_carried_is_counted_when_the_delta_goes() -> None:
    """Σ_jk ⟦i = j⟧ u_j over k of size m is m u_i, in one product and in nested ones."""
    place = apply("position", size=N, dtype="int64")
    sides = [apply("broadcast", place, shape=(N, N, M), axes=(k,)) for k in (0, 1)]
    delta = apply("cast", apply("equal", *sides), dtype="float64")
    at_once = apply("einsum", delta, LEAVES["u"], inputs=((0, 1, 2), (1,)), output=(0,))
    nested = apply("einsum", apply("sum", delta, axes=(2,)), LEAVES["u"], inputs=((0, 1), (1,)), output=(0,))
    expected = times(ProductTerm((N,), ONE, (Factor(size_term(M), ()),), (0,), (N,)), x)
    for node in (at_once, nested):
        assert gather(node) == expected
        same(value(rebuilt(node)), 2 * VALUES["u"])


def test_both_labels_of_a_summed_delta_leave_one_sum() -> None:
    place = apply("position", size=N, dtype="int64")
    sides = [apply("broadcast", place, shape=(N, N), axes=(k,)) for k in (0, 1)]
    delta = apply("cast", apply("equal", *sides), dtype="float64")
    assert gather(apply("sum", delta, axes=(0, 1))) == size_term(N)
    trace = apply("einsum", delta, LEAVES["Q"], inputs=((0, 1), (0, 1)), output=())
    assert gather(trace) == gather(apply("einsum", LEAVES["Q"], inputs=((0, 0),), output=()))


def test_the_square_root_of_a_square_is_the_absolute_value() -> None:
    root = apply("sqrt", LEAVES["u"] * LEAVES["u"])
    same(value(rebuilt(root)), np.abs(VALUES["u"]))
    assert gather(root) != x
    assert gather(apply("integer_power", apply("sqrt", LEAVES["u"]), exponent=2)) == x


def test_roots_of_products_that_meet_make_the_product() -> None:
    """(4x)^½ (4x)^½ is 4x, the same term as 4x."""
    root = power(scale(4, x), Fraction(1, 2))
    assert times(root, root) == scale(4, x)
    assert times(root, power(root, -1)) == number(1, (N,))


def test_a_power_of_an_indicator_is_the_indicator_unless_it_is_below_the_line() -> None:
    positive = indicator(gather(apply("greater", LEAVES["u"], constant(0, ArrayType((N,))))))
    assert power(positive, 3) == positive
    assert times(positive, positive) == positive
    below = apply("reciprocal", build(positive, LEAVES))
    with np.errstate(divide="ignore"):
        np.testing.assert_array_equal(value(rebuilt(below)), 1 / (VALUES["u"] > 0))


def test_a_number_of_numpy_is_the_decimal_that_it_prints() -> None:
    assert gather(constant(np.float64(0.1), ArrayType(()))) == number(Fraction(1, 10))


# ---------------------------------------------------------------- masks


POINTS: dict[str, Any] = {**VALUES, "u": np.array([0.5, 0.0, -2.0])}


def masked(slope: Node, like: Node) -> Node:
    """where(u > 0, slope, 0) of the shape of `like`."""
    condition = apply("greater", LEAVES["u"], constant(0, ArrayType((N,))))
    if like.type.rank == 2:
        condition = apply("broadcast", condition, shape=like.shape, axes=(0,))
    return apply("where", condition, slope, constant(0, like.type))


@pytest.mark.parametrize("name", ["log", "reciprocal", "sqrt"])
def test_what_is_masked_is_not_looked_at_be_it_infinite(name: str) -> None:
    u = LEAVES["u"]
    node = masked(apply(name, u), u)
    np.testing.assert_array_equal(value(rebuilt(node), POINTS), value(node, POINTS))
    assert np.all(np.isfinite(value(rebuilt(node), POINTS)))


@pytest.mark.parametrize("name", ["log", "reciprocal", "sqrt"])
def test_a_mask_under_a_sum_masks_before_it_adds(name: str) -> None:
    u = LEAVES["u"]
    slope = apply(name, u)
    wide = apply("broadcast", slope, shape=(N, M), axes=(0,)) * LEAVES["A"]
    for node in (
        apply("sum", masked(slope, u), axes=(0,)),
        apply("einsum", masked(slope, u), LEAVES["A"], inputs=((0,), (0, 1)), output=(1,)),
        apply("sum", masked(wide, wide), axes=(0,)),
        apply("sum", masked(wide, wide), axes=(0, 1)),
    ):
        expected = value(node, POINTS)
        assert np.all(np.isfinite(expected))
        same(value(rebuilt(node), POINTS), expected)


def test_a_mask_on_a_diagonal_is_read_on_the_diagonal() -> None:
    condition = apply("greater", LEAVES["Q"], constant(0, ArrayType((N, N))))
    mask = apply("cast", condition, dtype="float64")
    node = apply("einsum", mask, LEAVES["u"], inputs=((0, 0), (0,)), output=(0,))
    same(value(rebuilt(node)), np.where(np.diag(VALUES["Q"]) > 0, VALUES["u"], 0))


def test_an_indicator_of_a_broadcast_condition_is_a_broadcast_indicator() -> None:
    condition = apply("less", LEAVES["u"], constant(0, ArrayType((N,))))
    wide = apply("broadcast", condition, shape=(N, M), axes=(0,))
    inner = indicator(gather(condition))
    assert indicator(gather(wide)) == ProductTerm((N, M), ONE, (Factor(inner, (0,)),), (0, 1), (N, M))
    assert gather(apply("cast", wide, dtype="float64")) == indicator(gather(wide))
    assert negated(negated(gather(wide))) == gather(wide)


# ---------------------------------------------------------------- equality


@st.composite
def products(draw: Any) -> ProductTerm:
    """A product of several factors over a few labels of one size, so that many stand alike."""
    size = draw(st.sampled_from((2, N)))
    labels = range(draw(st.integers(1, 5)))
    pool = [
        NamedLeaf((), "a"),
        NamedLeaf((size,), "u"),
        NamedLeaf((size,), "v"),
        NamedLeaf((size, size), "Q"),
        NamedLeaf((size, size), "R"),
    ]
    factors: list[Factor] = []
    for _ in range(draw(st.integers(1, 6))):
        term = draw(st.sampled_from(pool))
        places = tuple(draw(st.sampled_from(labels)) for _ in range(term.rank))
        factors.append(Factor(term, places, Fraction(draw(st.sampled_from((1, 1, 2, -1))))))
    out = draw(st.lists(st.sampled_from(labels), max_size=2, unique=True))
    term = product(Fraction(draw(st.sampled_from((1, 2, -3)))), factors, out, [size] * len(labels))
    assume(isinstance(term, ProductTerm))
    assert isinstance(term, ProductTerm)
    return term


@RANDOM
@given(products(), st.randoms(use_true_random=False))
def test_equality_knows_no_order_of_factors_and_no_names_of_labels(term: ProductTerm, random: Any) -> None:
    names = list(range(len(term.sizes)))
    random.shuffle(names)
    factors = [Factor(f.term, tuple(names[q] for q in f.labels), f.exponent) for f in term.factors]
    random.shuffle(factors)
    sizes = [size for _, size in sorted(zip(names, term.sizes, strict=True), key=lambda pair: pair[0])]
    other = ProductTerm(term.shape, term.coef, tuple(factors), tuple(names[q] for q in term.out), tuple(sizes))
    assert other == term
    assert hash(other) == hash(term)


@RANDOM
@given(products(), st.data())
def test_equal_terms_have_equal_values(one: ProductTerm, data: st.DataObject) -> None:
    """A term and the same with one label of one factor moved: where the keys agree, the numbers do."""
    place = data.draw(st.sampled_from([k for k, f in enumerate(one.factors) if f.labels] or [-1]))
    assume(place >= 0)
    term, labels, exponent = one.factors[place]
    axis = data.draw(st.integers(0, len(labels) - 1))
    moved = data.draw(st.sampled_from(range(len(one.sizes))))
    factors = list(one.factors)
    factors[place] = Factor(term, (*labels[:axis], moved, *labels[axis + 1 :]), exponent)
    other = product(one.coef, factors, one.out, one.sizes)
    if one != other:
        return
    rng = np.random.default_rng(0)
    leaves = {f.term.name: f.term for f in one.factors if isinstance(f.term, NamedLeaf)}
    env = {name: input_node(name, ArrayType(leaf.shape)) for name, leaf in leaves.items()}
    env |= {"size": input_node("size", ArrayType((N,)))}
    values = {name: rng.uniform(0.5, 2, [2 if s == 2 else 3 for s in node.shape]) for name, node in env.items()}
    same(*evaluate(Graph(tuple(env.values()), (build(one, env), build(other, env))), values))


@pytest.mark.parametrize(("labels", "equal"), [(((1, 0), (0, 1)), True), (((0, 1), (0, 1)), False)])
def test_q_times_q_is_not_q_times_its_transpose(labels: tuple[tuple[int, int], ...], equal: bool) -> None:
    pair = ProductTerm((), ONE, (Factor(Q, (0, 1)), Factor(Q, (1, 0))), (), (N, N))
    other = ProductTerm((), ONE, tuple(Factor(Q, q) for q in labels), (), (N, N))
    assert (pair == other) is equal


def test_cycles_of_one_matrix_are_told_apart_by_their_lengths() -> None:
    """tr(Q⁶) is not tr(Q³)², though every label has the same neighbours."""

    def cycles(*lengths: int) -> Term:
        factors, start = [], 0
        for length in lengths:
            factors += [Factor(Q, (start + k, start + (k + 1) % length)) for k in range(length)]
            start += length
        return ProductTerm((), ONE, tuple(factors), (), (N,) * start)

    assert cycles(6) != cycles(3, 3)
    assert cycles(2, 3) == cycles(3, 2)
    assert cycles(4) == cycles(4)


def test_a_term_differs_by_shape_coefficient_exponent_and_place() -> None:
    terms = [
        x,
        y,
        scale(2, x),
        power(x, 2),
        power(x, -1),
        product(ONE, [whole(x)], (), (N,)),
        product(ONE, [whole(x)], (0, 1), (N, M)),
        product(ONE, [whole(x)], (1, 0), (N, M)),
        number(1, (N,)),
        number(1, ()),
        number(0, (N,)),
        Apply((N,), "tanh", (x,)),
        Apply((N,), "exp", (x,)),
        total([x, y], (N,)),
        total([x, scale(-1, y)], (N,)),
    ]
    assert len(set(terms)) == len(terms)


def test_like_terms_are_collected_and_what_cancels_is_gone() -> None:
    assert total([x, y, x], (N,)) == total([scale(2, x), y], (N,))
    assert total([x, scale(-1, x)], (N,)) == number(0, (N,))
    assert total([x, total([y, scale(-1, x)], (N,))], (N,)) == y
    collected = total([times(x, y), times(y, x)], (N,))
    assert collected == scale(2, times(x, y))
    assert isinstance(total([x, y], (N,)), Add)


def test_long_terms_have_short_keys() -> None:
    term: Term = x
    for _ in range(50):
        term = Apply((N,), "tanh", (total([term, times(term, y)], (N,)),))
    assert len(term.key) < 160


# ---------------------------------------------------------------- numbers with π


TABLE = NamedLeaf((N, N), "A")
ROW, COLUMN = laid_out(x, (1,), (N, N)), laid_out(y, (0,), (N, N))
SUMMANDS = [
    *(TABLE, scale(2, TABLE), scale(-1, TABLE), times(TABLE, TABLE), ROW, scale(-1, ROW), COLUMN, scale(-2, COLUMN)),
    *(laid_out(total([x, times(x, z)], (N,)), (1,), (N, N)), total([TABLE, ROW], (N, N)), number(3, (N, N))),
    *(laid_out(a, (), (N, N)), laid_out(scale(-1, a), (), (N, N)), number(0, (N, N))),
]


@RANDOM
@given(st.lists(st.sampled_from(SUMMANDS), min_size=1, max_size=9))
def test_a_running_sum_is_what_is_summed_step_by_step(parts: list[Term]) -> None:
    """As it stands, too: the same terms in the same order, and the same parts laid out."""
    running, expected = Running((N, N)), None
    for k, part in enumerate(parts):
        running.add(part)
        expected = part if k == 0 else total([expected, part], (N, N))
    assert len(parts) == 1 or repr(running.term) == repr(expected)


@pytest.mark.parametrize(
    ("number", "ratio", "base"),
    [
        (math.sqrt(math.pi) / 2, Fraction(1, 2), math.sqrt(math.pi)),
        (2 / math.sqrt(math.pi), 2, 1 / math.sqrt(math.pi)),
        (-2 / math.sqrt(math.pi), -2, 1 / math.sqrt(math.pi)),
        (1 / math.sqrt(2 * math.pi), 1, 1 / math.sqrt(2 * math.pi)),
        (math.pi / 4, Fraction(1, 4), math.pi),
        (2 * math.pi, 2, math.pi),
        (1 / math.sqrt(2), 1, 1 / math.sqrt(2)),
    ],
)
def test_floats_of_rules_are_read_as_what_they_are(number: float, ratio: Fraction, base: float) -> None:
    found = with_pi(number)
    assert found is not None
    assert found[0] == ratio
    node = build(product(found[0], found[1], (), ()), {})
    (again,) = evaluate(Graph((), (node,)), {}, {})
    assert float(again) == pytest.approx(number, rel=1e-15)
    (unit,) = evaluate(Graph((), (build(product(ONE, found[1], (), ()), {}),)), {}, {})
    assert float(unit) == pytest.approx(base, rel=1e-15)


@given(st.floats(-1e3, 1e3))
def test_other_floats_stay_numbers(number: float) -> None:
    assert with_pi(number) is None


@pytest.mark.parametrize("number", [0.0, 0.5, 3.14159, 1.41421356, 0.7, 0.1])
def test_short_decimals_are_no_irrational_numbers(number: float) -> None:
    assert with_pi(number) is None
