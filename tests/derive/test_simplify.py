"""Simplification keeps the value, finds the textbook's form, and ends soon."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from corpus import entries
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import wengert as wg
from tests.counting import LINEAR, QUADRATIC, growth
from tests.derive.search_work import SEARCH, names_tried, names_written
from tests.derive.shared import derivation_of, system_of
from tests.ops.random_terms import LEAVES, MAKERS, SIZES, values_at, well_conditioned
from tests.thorough import rounds
from wengert.core.ir.graph import Graph, Node, apply, input_node
from wengert.core.ops.build import build
from wengert.core.ops.evaluate import evaluate
from wengert.core.ops.gathering import gather
from wengert.core.ops.normal_form import product, times, total
from wengert.core.ops.terms import ONE, Apply, Factor, NamedLeaf, ProductTerm, Term, number, size_term
from wengert.notes.derive.cancelling import cancel_products, cancel_sums
from wengert.notes.derive.cases import merge_cases
from wengert.notes.derive.factoring import expand, factor, factor_part, group, in_one_sign, together, turn_sign
from wengert.notes.derive.folding import NamedQuantity, NamedTerms, extract, fold
from wengert.notes.derive.random_points import concrete, draw_point, sizes_for
from wengert.notes.derive.recognise import recognise
from wengert.notes.derive.simplify import map_sums, simplify

VALUES = values_at(1)
N, M = LEAVES["A"].shape


# ---------------------------------------------------------------- values


@st.composite
def cases(draw: Any) -> tuple[Node, list[Node]]:
    """A node in which parts occur several times, and some of its parts to be named."""
    pool = list(LEAVES.values())
    for _ in range(draw(st.integers(3, 9))):
        node = draw(st.sampled_from(MAKERS))(draw, pool)
        if node is not None and node.type.rank <= 3:
            pool.append(node)
    made = pool[len(LEAVES) :]
    assume(made)
    node = made[-1]
    alike = [other for other in made if other.shape == node.shape]
    joins: tuple[Callable[[Node, Node], Node], ...] = (lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a - b)
    for _ in range(draw(st.integers(1, 3))):
        node = draw(st.sampled_from(joins))(node, draw(st.sampled_from(alike)))
    return node, draw(st.lists(st.sampled_from(made), max_size=3, unique=True))


STEPS: dict[str, Callable[[Term, NamedTerms], Term]] = {
    "fold": fold,
    "group": lambda term, names: map_sums(term, group),
    "together": lambda term, names: map_sums(term, together),
    "merge_cases": lambda term, names: map_sums(term, lambda t: merge_cases(t, names.conditions)),
    "factor": lambda term, names: map_sums(term, factor),
    "cancel_sums": lambda term, names: cancel_sums(term) if isinstance(term, ProductTerm) else term,
    "cancel_products": lambda term, names: cancel_products(term) if isinstance(term, ProductTerm) else term,
    "expand": lambda term, names: expand(term) or term,
    "in_one_sign": lambda term, names: in_one_sign(term, names.sums),
    "turn_sign": lambda term, names: turn_sign(term),
    "recognise": lambda term, names: recognise(term),
    "simplify": simplify,
}


@settings(max_examples=rounds(80, 300), deadline=None, suppress_health_check=list(HealthCheck))
@given(cases())
def test_every_step_keeps_the_value(case: tuple[Node, list[Node]]) -> None:
    node, named = case
    expected = well_conditioned(node, VALUES)
    parts = [well_conditioned(part, VALUES) for part in named]
    assume(expected is not None and all(part is not None for part in parts))
    env, values = dict(LEAVES), dict(VALUES)
    for k, (part, value) in enumerate(zip(named, parts, strict=True)):
        env[f"q{k}"], values[f"q{k}"] = input_node(f"q{k}", part.type), value
    names = NamedTerms(NamedQuantity(NamedLeaf(part.shape, f"q{k}"), gather(part)) for k, part in enumerate(named))
    term, size = gather(node), max(1.0, float(np.max(np.abs(expected), initial=0)))
    for label, step in STEPS.items():
        changed = step(term, names)
        assert changed.shape == term.shape
        (got,) = evaluate(Graph(tuple(env.values()), (build(changed, env),)), values, SIZES)
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-6 * size, err_msg=label)


@pytest.mark.parametrize("key", entries())
def test_every_step_keeps_the_value_of_the_contributions_of_the_corpus(key: str) -> None:
    entry = entries()[key]
    system = system_of(entry.text("text"), "text")
    wrt = tuple(entry.name(name) for name, _, _ in entry.variables)
    backward = derivation_of(entry.text("text"), "text", wrt).data
    names = NamedTerms(NamedQuantity(NamedLeaf(backward.values[n].shape, n), t) for n, t in backward.values.items())
    sizes = sizes_for(system.data)
    values = draw_point(system.data, np.random.default_rng(0))
    order = tuple(line.name for line in system.data.lines)
    values |= dict(zip(order, evaluate(concrete(system.data.graph(order)), values, sizes), strict=True))
    env = dict(system.data.leaves)
    for name in order:
        env[f"bar {name}"] = input_node(f"bar {name}", system.data.quantities[name].type)
        values[f"bar {name}"] = np.random.default_rng(1).normal(size=np.shape(values[name]))
    for line in backward.lines:
        if not line.contributions:
            continue
        terms = [line.substituted, *(c.term for c in line.contributions)]
        for term in terms:
            changed = [step(term, names) for step in STEPS.values()]
            graph = Graph(tuple(env.values()), tuple(build(t, env) for t in (term, *changed)))
            expected, *found = evaluate(concrete(graph), values, sizes)
            for label, got in zip(STEPS, found, strict=True):
                np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12, err_msg=f"{line.name} {label}")


# ---------------------------------------------------------------- what a fold must not take for a name


def checked(text: str, *wrt: str) -> list[str]:
    """The printed backward pass of a derivation that passed its check."""
    derivation = wg.equations(text).backward(wrt=wrt)
    derivation.check()
    return [line.strip() for line in str(derivation).split("backward\n")[1].splitlines()]


def test_a_function_with_a_coefficient_is_folded_with_its_coefficient() -> None:
    """y = 2 tanh z, so tanh(w x) is y/2 once w x is z."""
    lines = checked("z = w x\ny = 2 tanh(z)\nL = y² + tanh(w x)", "w")
    assert lines[-1] == "w̄ = x (z̄ + L̄ (1 − ¼ y²))"


def test_a_sum_over_rows_is_not_a_sum_over_the_diagonal() -> None:
    """Σ_i a_ii x_i is not Σ_i y_i, though every factor of y_i = Σ_j a_ij x_j occurs in it."""
    assert "s̄ = L̄ Σ_i a_ii x_i" in checked("y_i = Σ_j a_ij x_j\nL = s Σ_i a_ii x_i + Σ_i y_i²", "s", "a")


def test_a_trace_does_not_occur_in_a_sum_over_all_entries() -> None:
    assert "s̄ = L̄ Σ_ij a_ij" in checked("y = Σ_i a_ii\nL = s Σ_ij a_ij + y²", "s", "a")


def test_a_diagonal_over_row_sums_does_not_cancel() -> None:
    checked("L = q Σ_i a_ii / (Σ_j a_ij)", "q", "a")


def test_sums_over_two_letters_are_not_grouped_with_sums_over_one() -> None:
    """Σ_i u_i v_i c_i + (Σ_j u_j d_j)(Σ_k v_k) has no common form."""
    lines = checked("L = q Σ_i u_i v_i c_i + q Σ_j Σ_k u_j v_k d_j", "q")
    assert "c_i + d_i" not in lines[-1]
    assert "c + d" not in lines[-1]


def test_a_chooser_that_depends_on_the_letter_picks_no_single_entry() -> None:
    """⟦k = Y_k⟧ may hold for several k: x_j ⟦j = Y_j⟧ / Σ_k x_k ⟦k = Y_k⟧ stays."""
    size = LEAVES["u"].shape[0]
    place = apply("position", size=size, dtype="int64")
    chooser = input_node("Y", place.type)
    delta = gather(apply("cast", apply("equal", place, chooser), dtype="float64"))
    x = NamedLeaf((size,), "u")
    below = product(ONE, [Factor(x, (0,)), Factor(delta, (0,))], (), (size,))
    above = times(x, delta)
    quotient = product(ONE, [Factor(above, (0,)), Factor(below, (), -ONE)], (0,), (size,))
    assert isinstance(quotient, ProductTerm)
    assert cancel_sums(quotient) == quotient


def test_only_the_chosen_letter_may_go_on_when_a_look_up_cancels() -> None:
    """x_jm ⟦j = y⟧ b_m / Σ_km x_km ⟦k = y⟧ b_m is not ⟦j = y⟧: m was summed too."""
    y = apply(
        "broadcast", input_node("y", apply("position", size=2, dtype="int64").type.with_shape(())), shape=(N,), axes=()
    )
    place = apply("position", size=N, dtype="int64")
    delta = gather(apply("cast", apply("equal", place, y), dtype="float64"))
    x, b = NamedLeaf((N, M), "A"), NamedLeaf((M,), "w")
    factors = [Factor(x, (0, 1)), Factor(delta, (0,)), Factor(b, (1,))]
    below = product(ONE, factors, (), (N, M))
    quotient = product(ONE, [*factors, Factor(below, (), -ONE)], (0, 1), (N, M))
    assert isinstance(quotient, ProductTerm)
    assert cancel_sums(quotient) == quotient
    one = product(ONE, [*factors, Factor(product(ONE, factors, (1,), (N, M)), (1,), -ONE)], (0, 1), (N, M))
    assert isinstance(one, ProductTerm)
    assert cancel_sums(one) == product(ONE, [Factor(delta, (0,))], (0, 1), (N, M))


# ---------------------------------------------------------------- forms


u, v, w = (NamedLeaf((N,), name) for name in ("u", "v", "z"))
Q = NamedLeaf((N, N), "Q")


def summed(*terms: Term) -> Term:
    return product(ONE, [Factor(times(*terms), (0,))], (), (N,))


def test_equal_sums_cancel_above_and_below_the_line() -> None:
    quotient = product(ONE, [Factor(summed(u, v), ()), Factor(summed(u, v), (), -ONE), Factor(w, (0,))], (0,), (N,))
    assert isinstance(quotient, ProductTerm)
    assert cancel_sums(quotient) == w


def test_a_sum_of_a_normalised_quantity_is_1() -> None:
    """Σ_j y_j = 1 for y_k = e^(z_k) / Σ_l e^(z_l)."""
    lines = checked("y_k = e^(z_k) / Σ_l e^(z_l)\nL = a Σ_k y_k", "a")
    assert lines == ["L̄ = 1", "ā = L̄"]


def test_common_factors_stand_before_the_bracket() -> None:
    both = total([times(u, v), times(u, w)], (N,))
    assert factor(both) == times(u, total([v, w], (N,)))


def test_sums_that_differ_in_one_factor_are_one_sum() -> None:
    both = total([summed(u, v), summed(u, w)], ())
    assert group(both) == product(ONE, [Factor(u, (0,)), Factor(total([v, w], (N,)), (0,))], (), (N,))


def test_opposite_indicators_are_cases_with_the_condition_that_was_written() -> None:
    lines = checked("h_i = { z_i² if z_i > 1; 3 z_i otherwise }\nL = Σ_i h_i", "z")
    assert lines[-1].startswith("z̄_i = h̄_i { 2 z_i if z_i > 1; 3 otherwise }")


def test_one_over_y_meets_one_over_one_minus_y() -> None:
    lines = checked("y = σ(z)\nL = −t log y − (1 − t) log(1 − y)", "z")
    assert lines == ["L̄ = 1", "ȳ = L̄ (y − t) / (y (1 − y))", "z̄ = ȳ σ'(z) = L̄ (y − t)"]


def test_a_further_form_is_printed_only_where_it_is_shorter_and_marked_where_it_assumes() -> None:
    text = "y_k = e^(z_k) / Σ_l e^(z_l)\nL = −Σ_k t_k log y_k"
    plain = checked(text, "z")[-1]
    assumed = checked(text + "\nassume Σ_k t_k = 1", "z")[-1]
    assert "(with" not in plain
    assert assumed.endswith("= L̄ (y_k − t_k)    (with Σ_k t_k = 1)")


def test_multiplying_out_stops_at_its_limit() -> None:
    wide = total([Apply((), "tanh", (NamedLeaf((), f"x{k}"),)) for k in range(70)], ())
    assert expand(times(wide, wide)) is None
    assert expand(times(NamedLeaf((), "a"), wide)) is None


def test_a_count_that_cancels_is_counted_once() -> None:
    """(1/n) Σ_i 1 is 1."""
    ones = product(ONE, [Factor(number(1, (N,)), (0,)), Factor(size_term(N), (), -ONE)], (), (N,))
    assert ones == number(1)


def test_extract_takes_a_value_once() -> None:
    entry = NamedQuantity(NamedLeaf((N,), "y"), times(u, v))
    term = times(u, v, u, v)
    assert isinstance(term, ProductTerm)
    once = extract(term, entry)
    assert once == times(NamedLeaf((N,), "y"), u, v)
    assert fold(term, NamedTerms([entry])) == times(NamedLeaf((N,), "y"), NamedLeaf((N,), "y"))


# ---------------------------------------------------------------- how the work grows


def derived(text: str, **options: Any) -> Callable[[], Any]:
    """The derivation of a system that is read already."""
    system = wg.equations(text)
    return lambda: system.backward(**options)


def sum_of(count: int) -> Callable[[], Any]:
    names = "\n".join(f"x{k} ∈ ℝ" for k in range(count))
    terms = " + ".join(f"a x{k} / (1 + x{k}²)" for k in range(count))
    return derived(f"a ∈ ℝ\n{names}\nL = {terms}", wrt="a")


def test_a_sum_is_derived_in_linear_time() -> None:
    assert growth(sum_of, rounds(10, 65)) < LINEAR


def rows_of(count: int) -> Callable[[], Any]:
    terms = " + ".join(f"Σ_j A{k}_ij x{k}_j" for k in range(count))
    return derived(f"z_i = {terms}\nL = Σ_i z_i²", wrt=["x0"])


def test_a_sum_of_products_of_matrices_is_derived_in_linear_time() -> None:
    assert growth(rows_of, 80) < LINEAR


def fractions(count: int) -> Term:
    """Σ_k x_k / (1 + x_k²), written out."""
    leaves = [NamedLeaf((), f"x{k}") for k in range(count)]
    parts = [(Factor(x, ()), Factor(total([number(1), times(x, x)], ()), (), -ONE)) for x in leaves]
    return total([product(ONE, part, (), ()) for part in parts], ())


def simplified(step: Callable[[Term], Term]) -> Callable[[int], Callable[[], Term]]:
    def of(count: int) -> Callable[[], Term]:
        term = fractions(count)
        return lambda: step(term)

    return of


@pytest.mark.parametrize("step", [group, factor_part])
def test_a_sum_of_fractions_is_simplified_in_linear_time(step: Callable[[Term], Term]) -> None:
    assert growth(simplified(step), 80) < LINEAR


@pytest.mark.parametrize("count", [6, 15])
def test_fractions_whose_one_numerator_would_be_long_are_left_as_they_are(count: int) -> None:
    """From 6 on it would have more than 64 terms, and 2ⁿ of them are not begun."""
    assert growth(simplified(together), count) < LINEAR


def chain_of(count: int) -> Callable[[], Any]:
    return derived("\n".join(f"v{k} = tanh(v{k - 1})" for k in range(1, count + 1)))


def test_the_search_along_a_chain_of_functions_is_linear() -> None:
    assert growth(chain_of, rounds(4, 20), names_tried) < LINEAR


def test_a_chain_of_functions_takes_little_more_than_linear_time() -> None:
    """What other lines compute is looked through for each line, which is a small part of the work."""
    assert growth(chain_of, rounds(6, 20)) < 2.6


def residual(blocks: int) -> Callable[[], Any]:
    lines = ["x ∈ ℝ^d", "t ∈ ℝ^d", "h0 = x"]
    for k in range(1, blocks + 1):
        lines += [f"W{k} ∈ ℝ^(m×d)", f"V{k} ∈ ℝ^(d×m)", f"b{k} ∈ ℝ^m"]
        lines += [f"z{k} = W{k} h{k - 1} + b{k}", f"a{k} = tanh(z{k})", f"h{k} = h{k - 1} + V{k} a{k}"]
    return derived("\n".join([*lines, f"L = ½ ‖h{blocks} − t‖²"]))


def test_a_residual_network_takes_little_more_than_linear_time() -> None:
    assert growth(residual, rounds(2, 8)) < 2.6


def test_lines_that_grow_are_not_searched_far() -> None:
    found: list[Any] = []
    derive = residual(3)
    assert names_tried(lambda: found.append(derive())) < SEARCH * names_written(found[0])


def shared(count: int) -> Callable[[], Any]:
    """a u_1 + a u_2 + … + b, of which a is a factor of all terms but one."""
    terms = [times(NamedLeaf((), "a"), NamedLeaf((), f"u{k}")) for k in range(3 * count)]
    both = total([*terms, NamedLeaf((), "b")], ())
    return lambda: factor_part(both)


def test_a_factor_of_many_terms_is_tried_once() -> None:
    assert growth(shared, 10) < LINEAR


def alike(count: int) -> Callable[[], Any]:
    """Σ_abc… u_a u_b u_c …: labels that nothing tells apart."""
    return lambda: ProductTerm((), ONE, tuple(Factor(u, (k,)) for k in range(count)), (), (N,) * count).key


def ring(count: int) -> Callable[[], Any]:
    """tr Q Q Q …, as an array for each place."""
    return lambda: (
        ProductTerm((), ONE, tuple(Factor(Q, (k, (k + 1) % count)) for k in range(count)), (), (N,) * count).key
    )


@pytest.mark.parametrize("labels", [alike, ring])
def test_equal_labels_are_told_apart_in_quadratic_time(labels: Callable[[int], Callable[[], Any]]) -> None:
    assert growth(labels, 6) < QUADRATIC
