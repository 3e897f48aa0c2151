"""The check on the spot: it passes what is right, and fails every derivation with one thing changed."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from corpus import entries
from hypothesis import HealthCheck, Phase, given, settings
from random_systems import systems

import wengert as wg
from tests import thorough
from tests.derive.shared import derivation_of
from tests.thorough import rounds
from wengert.core.ir.graph import Graph, input_node
from wengert.core.ir.names import bar, unbar
from wengert.core.ir.types import Dim
from wengert.core.ops.build import build
from wengert.core.ops.calls import map_leaves
from wengert.core.ops.evaluate import evaluate
from wengert.core.ops.normal_form import product, scale, total
from wengert.core.ops.terms import Add, Apply, Factor, ProductTerm, Term, size_term
from wengert.errors import CheckError, EquationError
from wengert.notes.derive import verify
from wengert.notes.derive.backward import Backward, BackwardLine
from wengert.notes.derive.random_points import concrete, draw_point, sizes_for
from wengert.notes.derive.verify import Verification, check

MORE = {
    "undefined function": "φ: function\nz_i = Σ_j w_ij x_j\nh_i = φ(z_i)\nL = ½ Σ_i h_i²",
    "function of two": "f: function\nu = a x\nv = b x²\ny = f(u, v)",
    "not scalar": "z_i = Σ_j w_ij x_j + b_i\nh_i = tanh(z_i) z_i",
    "integers": "E_tj = C_{s_t,j}\nL = ½ Σ_tj (E_tj − T_tj)²",
    "assumption": "z_l = Σ_j w_lj x_j\ny_k = e^(z_k) / Σ_l e^(z_l)\nL = −Σ_k t_k log y_k\nassume Σ_k t_k = 1",
    "batch": "N = size of n\nZ_nk = Σ_j X_nj W_jk + b_k\nY_nk = σ(Z_nk)\nL = 1/(2N) Σ_nk (Y_nk − T_nk)² + λ Σ_jk W_jk²",
    "square": "y_i = Σ_j a_ij x_j\nz_j = Σ_i a_ij y_i\nL = ½ Σ_i z_i² + Σ_ij a_ij³",
    "kinks": "h_i = max(0, u_i) + |v_i|\nm = max_i h_i\nL = m² + Σ_i { u_i² if u_i < v_i; v_i otherwise }",
}


Change = tuple[BackwardLine, str, str, Term]
DERIVED = (*entries(), *MORE)


def derived(key: str) -> Backward:
    """The backward pass of an entry of the corpus, or of one of the other systems."""
    if key in MORE:
        return derivation_of(MORE[key]).data
    entry = entries()[key]
    return derivation_of(entry.text("text"), "text", tuple(entry.name(name) for name, _, _ in entry.variables)).data


# ---------------------------------------------------------------- mutants


def mutants(term: Term) -> Iterator[tuple[str, Term]]:
    """The term with one thing changed."""
    yield "a factor of 1.001", scale(Fraction(1001, 1000), term)
    yield "the sign", scale(-1, term)
    for part in dict.fromkeys(real_parts(term)):
        if isinstance(part, Add):
            for k in range(len(part.terms)):
                rest = total([*part.terms[:k], *part.terms[k + 1 :]], part.shape)
                yield "a dropped term", replaced(term, part, rest)
        if isinstance(part, ProductTerm):
            for name, other in changed_products(part):
                yield name, replaced(term, part, other)


def real_parts(term: Term) -> Iterator[Term]:
    """Every subterm outside conditions."""
    yield term
    inner: tuple[Term, ...] = ()
    if isinstance(term, Add):
        inner = term.terms
    elif isinstance(term, ProductTerm):
        inner = tuple(f.term for f in term.factors)
    elif isinstance(term, Apply):
        inner = tuple(arg for arg in term.args if not (isinstance(arg, Apply) and arg.dtype == "bool"))
    for part in inner:
        yield from real_parts(part)


def value_of(backward: Backward, term: Term, seed: int) -> Any:
    """The term at a random point, all error signals at their true values."""
    system, sizes = backward.system, sizes_for(backward.system)
    values = draw_point(system, np.random.default_rng(seed))
    bars = [bar(line.name) for line in backward.lines if line.name != backward.loss]
    names = (*(line.name for line in system.lines), *bars)
    values[bar(backward.loss)] = np.ones(
        [sizes[s.name] if isinstance(s, Dim) else s for s in system.quantities[backward.loss].type.shape]
    )
    values |= dict(zip(names, evaluate(concrete(backward.graph(names)), values, sizes), strict=True))
    env = {name: input_node(name, system.quantities[unbar(name)].type) for name in values}
    (value,) = evaluate(concrete(Graph(tuple(env.values()), (build(term, env),))), values, sizes)
    return value


def replaced(term: Term, old: Term, new: Term) -> Term:
    return map_leaves(term, lambda t: new if t == old else None)


def changed_products(part: ProductTerm) -> Iterator[tuple[str, Term]]:
    for k, f in enumerate(part.factors):
        before, after = part.factors[:k], part.factors[k + 1 :]
        yield "a dropped factor", product(part.coef, [*before, *after], part.out, part.sizes)
        if len(f.labels) == 2 and f.term.shape[0] == f.term.shape[1]:
            turned = Factor(f.term, f.labels[::-1], f.exponent)
            yield "a transpose", product(part.coef, [*before, turned, *after], part.out, part.sizes)
    if len(part.out) == 2 and part.sizes[part.out[0]] == part.sizes[part.out[1]]:
        yield "swapped operands", product(part.coef, part.factors, part.out[::-1], part.sizes)
    for label in part.summed:
        size = Factor(size_term(part.sizes[label]), (), Fraction(-1))
        yield "a mean for a sum", product(part.coef, [*part.factors, size], part.out, part.sizes)


def with_line(backward: Backward, line: BackwardLine) -> Backward:
    return replace(backward, lines=tuple(line if old.name == line.name else old for old in backward.lines))


@pytest.mark.parametrize("key", DERIVED)
def test_every_derivation_passes_as_it_is(key: str) -> None:
    report = check(derived(key))
    assert report.quantities == len(derived(key).lines) - 1
    assert report.difference < 1e-11


@pytest.mark.parametrize("key", DERIVED)
def test_every_derivation_with_one_thing_changed_fails_at_that_line(key: str) -> None:
    backward, count = derived(key), 0
    for line, form, kind, wrong in sample(changes(backward)):
        term = getattr(line, form)
        if all(np.allclose(value_of(backward, wrong, k), value_of(backward, term, k), rtol=1e-7) for k in (7, 8)):
            continue  # the same in another form: a factor that is 1, a symmetric matrix
        mutant = with_line(backward, replace(line, **{form: wrong}))
        with pytest.raises(CheckError) as caught:
            unnoticed(mutant, f"{kind} in {form} of {line.name}: {wrong}")
        assert len(str(caught.value).split("\n")) == 3
        count += 1
    assert count >= rounds(1, 2)


def sample(changes: Iterator[Change]) -> list[Change]:
    """Every day one change of each line and one of each kind."""
    return thorough.part(changes, 1, lambda change: change[0].name, lambda change: change[2])


def changes(backward: Backward) -> Iterator[Change]:
    """Every line and form with one thing changed, and the kind of the change."""
    lines = [line for line in backward.lines if line.name != backward.loss]
    for line, form in itertools.product(lines, ("value", "further")):
        term = getattr(line, form)
        yield from ((line, form, kind, wrong) for kind, wrong in (() if term is None else mutants(term)))


def unnoticed(mutant: Backward, what: str) -> None:
    check(mutant, points=2)
    pytest.fail(f"not noticed: {what}")


@pytest.mark.parametrize("text", [MORE["kinks"], MORE["batch"], "L = Σ_i |x_i|³", "L = sin(x)²"])
def test_a_rule_that_is_wrong_in_both_modes_is_found_without_rules(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Complex step and central differences know no rule, so a slope that is wrong by 0.1 % shows."""
    backward = wg.equations(text).backward().data
    line = backward.lines[-1]
    wrong = with_line(backward, replace(line, value=scale(Fraction(1001, 1000), line.value), further=None))
    true_mode = verify._Comparison.forward_mode

    def agreeing(self: Any, name: str, values: Any, direction: Any) -> float:
        return true_mode(self, name, values, direction) * (1.001 if name == line.name else 1)

    monkeypatch.setattr(verify._Comparison, "forward_mode", agreeing)
    with pytest.raises(CheckError, match=r"(complex step|central differences) gives"):
        check(wrong)


def test_the_error_names_the_quantity_the_route_and_the_difference() -> None:
    backward = derived("E12")
    line = backward.line("h")
    with pytest.raises(CheckError) as caught:
        check(with_line(backward, replace(line, value=scale(Fraction(1001, 1000), line.value))))
    first, second, third = str(caught.value).split("\n")
    assert re.fullmatch(r"The error signal of 'h' is \S+ along a random direction, but forward mode gives \S+\.", first)
    assert re.fullmatch(r"  relative difference \d\.\de-04", second)
    assert third == "Please report it with the equations: this is a mistake in wengert's derivation."


# ---------------------------------------------------------------- the report


def test_the_report_is_a_sentence_with_its_number() -> None:
    derivation = wg.equations(NET).backward(wrt=["w", "b", "v", "c"])
    sentence = r"checked: 7 quantities, largest relative difference \de-1\d \(against forward mode and complex step\)"
    assert re.fullmatch(sentence, str(derivation.check()))
    assert str(Verification(1, 0.0, ("forward mode",))) == (
        "checked: 1 quantity, largest relative difference 0e+00 (against forward mode)"
    )
    assert check(wg.equations("h = |u|\nL = sin(h)").backward().data).routes == (
        "forward mode",
        "complex step",
        "central differences",
    )


NET = "z_i = Σ_j w_ij x_j + b_i\nh_i = tanh(z_i)\ny_k = Σ_i v_ki h_i + c_k\nL = ½ Σ_k (y_k − t_k)²"


def test_the_same_seed_gives_the_same_report() -> None:
    backward = derived("E14")
    assert check(backward, seed=3) == check(backward, seed=3)


# ---------------------------------------------------------------- points


@pytest.mark.parametrize(
    "text",
    [
        "L = log(x) + log(1 − x)",
        "L = √(x − 1)",
        "L = log(log(x))",
        "L = Σ_i √(u_i) / log(1 + u_i)",
        "L = x^y + y^x",
    ],
)
def test_points_lie_where_every_line_is_finite(text: str) -> None:
    assert wg.equations(text).backward().check().difference < 1e-9


def test_no_point_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(CheckError, match=r"(?i)no point was found"):
        wg.equations("L = log(−1 − x²)").backward().check()


def test_a_point_beside_a_kink_or_on_it_is_no_mistake() -> None:
    """max(0, x − x) is at its kink wherever x is; its derivative is 0 by convention, and differences give ½."""
    report = wg.equations("d = a − a\nL = b max(0, d) + d²").backward(wrt=["d", "b"]).check()
    assert report.difference < 1e-9
    jump = wg.equations("d = a − a + c / 1000000000\nL = { d if d > 0; 2 otherwise }").backward(wrt="d").check()
    assert jump.difference < 1e-9


def test_sizes_are_distinct_so_that_a_transpose_cannot_hide() -> None:
    sizes = sizes_for(wg.equations(NET).data)
    assert len(set(sizes.values())) == len(sizes)
    assert min(sizes.values()) >= 2


@settings(
    max_examples=rounds(8, 25),
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(systems())
def test_random_systems_pass(text: str) -> None:
    try:
        system = wg.equations(text)
    except EquationError:
        return
    system.backward().check()
    assert np.isfinite(system.backward().check(seed=1).difference)
