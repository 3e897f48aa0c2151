"""The explanation line by line: chain-line letters, sources, rules, two stages, legend, differences, JSON."""

from __future__ import annotations

import functools
import json
from typing import Any

import pytest
from corpus import entries
from two_stages import two_stage

import wengert as wg
from wengert.notes.derive.report import derivation_json, difference_text, show_line, steps_text
from wengert.notes.derive.steps import DerivationStep, legend, steps
from wengert.notes.notation import expr, latex, unicode
from wengert.notes.notation.expr import BigOp, Expr, Index, Partial, Product, Ref, Sum, Transpose, walk


def explained(text: str, form: str = "index", wrt: str | list[str] = ()) -> dict[str, str]:
    """The two stages of every line, by quantity."""
    derivation = wg.equations(text).backward(wrt=wrt)
    return {
        step.name: unicode.show(two_stage(step), symbols=derivation.system.data.reading.symbols)
        for step in steps(derivation.data, form)
    }


# ---------------------------------------------------------------- chain lines


@pytest.mark.parametrize(
    ("text", "name", "line"),
    [
        ("z_i = Σ_j w_ij x_j\nL = Σ_i z_i²", "w", "w̄_ij = z̄_i ∂z_i/∂w_ij = z̄_i x_j"),
        ("z_i = Σ_j w_ij x_j\nL = Σ_i z_i²", "x", "x̄_j = Σ_i z̄_i ∂z_i/∂x_j = Σ_i z̄_i w_ij"),
        ("h_i = tanh(z_i)\nL = Σ_i h_i²", "z", "z̄_i = h̄_i ∂h_i/∂z_i = h̄_i (1 − h_i²)"),
        # Softmax: z_k stands above and z_l below, so the letter of y is not tied to that of z.
        (
            "y_k = e^(z_k) / Σ_l e^(z_l)\nL = Σ_k y_k²",
            "z",
            "z̄_k = Σ_l ȳ_l ∂y_l/∂z_k = y_k (ȳ_k − Σ_l ȳ_l y_l)",
        ),
        # Both uses of x carry one letter of y, each another one.
        ("y_ij = x_i x_j\nL = Σ_ij y_ij", "x", "x̄_i = Σ_jk ȳ_jk ∂y_jk/∂x_i = Σ_j x_j (ȳ_ij + ȳ_ji)"),
        # The row letter is tied in every use, the column letter in one of two.
        (
            "P_ij = C_ij / Σ_k C_ik\nL = Σ_ij P_ij²",
            "C",
            "C̄_ij = Σ_k P̄_ik ∂P_ik/∂C_ij = (P̄_ij − D_i) / Σ_k C_ik",
        ),
        ("y_i = a x_i\nL = Σ_i y_i²", "a", "ā = Σ_i ȳ_i ∂y_i/∂a = Σ_i ȳ_i x_i"),
        ("m_i = max_j X_ij\nL = Σ_i m_i²", "X", None),
        ("s = Σ_i x_i\nL = s²", "x", "x̄_i = s̄ ∂s/∂x_i = s̄"),
    ],
)
def test_the_sum_runs_over_the_letters_that_are_not_tied(text: str, name: str, line: str | None) -> None:
    found = explained(text, wrt=name)[name]
    if line is None:
        assert found.startswith("X̄_ij = m̄_i ∂m_i/∂X_ij = ")
    else:
        assert found == line


@pytest.mark.parametrize(
    ("text", "name", "line"),
    [
        ("z = W x\nL = ‖z‖²", "W", "W̄ = (∂z/∂W)ᵀ z̄ = z̄ xᵀ"),
        ("z = W x\nL = ‖z‖²", "x", "x̄ = (∂z/∂x)ᵀ z̄ = Wᵀ z̄"),
        ("s = xᵀ A x\nL = s²", "A", "Ā = s̄ ∂s/∂A = s̄ x xᵀ"),
        ("y = a x\nL = y²", "a", "ā = ȳ ∂y/∂a = ȳ x"),
    ],
)
def test_the_chain_line_in_matrices(text: str, name: str, line: str) -> None:
    assert explained(text, "matrix", name)[name] == line


def test_every_child_adds_a_term_in_the_order_of_lines() -> None:
    text = "u = a x\nv = b x\nw = c x\nL = u v w"
    assert explained(text, wrt="x")["x"] == "x̄ = ū ∂u/∂x + v̄ ∂v/∂x + w̄ ∂w/∂x = ū a + v̄ b + w̄ c"


@functools.cache
def corpus_derivation(key: str) -> wg.Derivation:
    entry = entries()[key]
    system = wg.equations(entry.text("text"), "text")
    return system.backward(wrt=[entry.name(name) for name, _, _ in entry.variables])


@functools.cache
def corpus_steps(key: str, form: str) -> list[DerivationStep]:
    return steps(corpus_derivation(key).data, form)


def free_letters(tree: Expr, bound: frozenset[str] = frozenset()) -> set[str]:
    if isinstance(tree, BigOp):
        bound = bound | set(tree.letters)
    if isinstance(tree, Index):
        return {tree.letter} - bound
    return set().union(*(free_letters(child, bound) for child in expr.children(tree)))


@pytest.mark.parametrize("form", ["index", "matrix"])
@pytest.mark.parametrize("key", entries())
def test_every_line_of_the_corpus_is_explained(key: str, form: str) -> None:
    assert corpus_steps(key, form)
    for step in corpus_steps(key, form):
        assert_explained(corpus_derivation(key), step)


def assert_explained(derivation: wg.Derivation, step: DerivationStep) -> None:
    system = derivation.system.data
    if step.chain is None:
        assert step.name == derivation.data.loss
        assert step.children == step.sources == step.rules == ()
        return
    # Children are the quantities whose line reads this one; each has its line among the sources, and its term in the chain.
    assert set(step.children) == {child for child in system.children(step.name) if child in by_name(derivation)}
    lines = {line.name: line.written.left for line in system.lines}
    assert len(step.sources) == len(step.children)
    (chain,) = step.chain.rights
    terms = [term for _, term in chain.terms] if isinstance(chain, Sum) else [chain]
    assert len(terms) == len(step.children)
    for term, child in zip(terms, step.children, strict=True):
        (partial,) = [t for t in walk(term) if isinstance(t, Partial)]
        assert isinstance(partial.numerator, Ref)
        assert isinstance(partial.denominator, Ref)
        assert partial.denominator.indices == step.chain.left.indices
        signal = [t for t in walk(term) if isinstance(t, Ref) and t.barred]
        assert [(t.name, t.indices) for t in signal] == [(partial.numerator.name, partial.numerator.indices)]
        quantity = system.quantities[child]
        assert partial.numerator.name in (quantity.name, quantity.indexed, quantity.whole)
        assert child in lines
    # Every letter is on the left or under a Σ.
    for right in two_stage(step).rights:
        assert free_letters(right) <= free_letters(two_stage(step).left)
    assert len(step.rules) == len(set(step.rules))
    assert two_stage(step).rights[-1] == step.simplified.rights[0]


def by_name(derivation: wg.Derivation) -> set[str]:
    return {line.name for line in derivation.data.lines}


@pytest.mark.parametrize("form", ["index", "matrix"])
@pytest.mark.parametrize("key", entries())
def test_every_step_is_text_and_latex(key: str, form: str) -> None:
    symbols = corpus_derivation(key).system.data.reading.symbols
    for step in corpus_steps(key, form):
        for line in (step.chain, step.substituted, step.simplified, two_stage(step), *step.sources):
            if line is not None:
                assert unicode.show(line, symbols=symbols)
                assert unicode.show(line, ascii=True, symbols=symbols).isascii()
                assert latex.show(line, symbols)


@pytest.mark.parametrize("key", entries())
def test_a_matrix_chain_line_is_a_transposed_derivative(key: str) -> None:
    for step in corpus_steps(key, "matrix"):
        if step.chain is not None and any(isinstance(t, Transpose) for t in walk(step.chain.rights[0])):
            products = [t for t in walk(step.chain.rights[0]) if isinstance(t, Product)]
            assert all(isinstance(p.factors[-1], Ref | Partial) for p in products)


# ---------------------------------------------------------------- rules, stages


@pytest.mark.parametrize(
    ("text", "name", "rules"),
    [
        ("L = a + b", "a", ("sum rule",)),
        ("L = a b", "a", ("product rule",)),
        ("L = a / b", "b", ("quotient rule",)),
        ("L = a³", "a", ("power rule",)),
        ("L = √a", "a", ("power rule",)),
        ("L = tanh(a)", "a", ("derivative of tanh",)),
        ("f: function\nL = f(a)", "a", ("derivative of f",)),
        ("L = |a|", "a", ("derivative of abs",)),
        ("L = max(0, a)", "a", ("derivative of max(0, ·)",)),
        ("L = max(a, b)", "a", ("the larger one",)),
        ("L = min(a, b)", "a", ("the smaller one",)),
        ("L = max_i x_i", "x", ("the largest entry",)),
        ("L = { a if a > 1; 2 a otherwise }", "a", ("the branch that was taken", "product rule")),
        ("L = log(1 + a²)", "a", ("derivative of log", "sum rule", "power rule")),
        ("y = a\nL = y²", "a", ()),
    ],
)
def test_rules_are_named_in_the_order_in_which_they_apply(text: str, name: str, rules: tuple[str, ...]) -> None:
    (step,) = [s for s in steps(wg.equations(text).backward(wrt=name).data, "index") if s.name == name]
    assert step.rules == rules


def test_what_was_put_in_is_shown_where_it_was_simplified() -> None:
    text = wg.equations("y = σ(z)\nL = −t log y − (1 − t) log(1 − y)").backward(wrt="z").steps()
    paragraph = next(p for p in text.split("\n\n") if p.startswith("ȳ"))
    assert paragraph == (
        "ȳ\n"
        "  children   L\n"
        "  from       L = −t log y − (1 − t) log(1 − y)\n"
        "  rules      sum rule, product rule, derivative of log\n"
        "  chain rule ȳ = L̄ ∂L/∂y\n"
        "  put in     ȳ = L̄ (1 − t) / (1 − y) − L̄ t / y\n"
        "  result     ȳ = L̄ (y − t) / (y (1 − y))"
    )


def test_the_quantity_itself_is_a_rule_too() -> None:
    assert "  rules      the quantity itself\n" in wg.equations("y = a\nL = y²").backward(wrt="a").steps()


# ---------------------------------------------------------------- legend


def legend_of(text: str) -> list[str]:
    derivation = wg.equations(text).backward()
    return [show_line(line, derivation.system.data) for line in legend(derivation.data)]


def test_the_legend_opens_the_primes_that_are_in_print() -> None:
    assert legend_of("h_i = σ(z_i)\nL = ½ Σ_i h_i²") == ["σ'(z) = σ(z) (1 − σ(z))"]
    assert legend_of("h_i = tanh(z_i)\nL = ½ Σ_i h_i²") == []
    assert legend_of("φ: function\nh = φ(z)\nL = h²") == []


def test_the_legend_has_second_derivatives_where_they_are_in_print() -> None:
    (line,) = legend_of("s = σ'(z)\nL = s²")
    assert line == "σ''(z) = σ(z) (1 − σ(z)) (1 − 2 σ(z))"


# ---------------------------------------------------------------- difference


def changes(old: str, new: str, wrt: str | list[str] = ()) -> str:
    a, b = (wg.equations(text).backward(wrt=wrt) for text in (old, new))
    return difference_text(a.difference(b), b.system.data)


SQUARED = "z = w x + b\ny = σ(z)\nL = ½ (y − t)²"
ENTROPY = "z = w x + b\ny = σ(z)\nL = −t log y − (1 − t) log(1 − y)"


def test_another_loss_changes_one_line() -> None:
    assert changes(SQUARED, ENTROPY, ["w", "b"]) == (
        "- ȳ = L̄ (y − t)\n"
        "+ ȳ = L̄ (y − t) / (y (1 − y))\n"
        "  z̄ = ȳ σ'(z)\n"
        "  w̄ = z̄ x\n"
        "  b̄ = z̄\n"
        "1 of 4 lines of the backward pass differs"
    )


def test_the_difference_is_symmetric() -> None:
    there, back = changes(SQUARED, ENTROPY, ["w", "b"]), changes(ENTROPY, SQUARED, ["w", "b"])
    swapped = {"-": "+", "+": "-", " ": " "}
    assert sorted(swapped[line[0]] + line[1:] for line in there.splitlines()[:-1]) == sorted(back.splitlines()[:-1])
    assert there.splitlines()[-1] == back.splitlines()[-1]


def test_a_derivation_does_not_differ_from_itself() -> None:
    text = changes(SQUARED, SQUARED, ["w", "b"])
    assert text.endswith("0 of 4 lines of the backward pass differ")
    assert not any(line[0] in "+-" for line in text.splitlines()[:-1])


def test_lines_that_only_one_of_them_has_are_shown() -> None:
    text = changes("y = w x\nL = y²", "y = w x\nR = w²\nL = y² + R", "w")
    assert "+ R̄ = L̄" in text
    assert changes("y = w x\nR = w²\nL = y² + R", "y = w x\nL = y²", "w").count("- R̄ = L̄") == 1


# ---------------------------------------------------------------- JSON


@pytest.mark.parametrize("key", entries())
def test_json_is_valid_and_complete(key: str) -> None:
    entry = entries()[key]
    system = wg.equations(entry.text("text"), "text")
    derivation = system.backward(wrt=[entry.name(name) for name, _, _ in entry.variables])
    found: dict[str, Any] = json.loads(
        json.dumps(derivation_json(derivation.data, derivation.lines(), steps(derivation.data, derivation.form)))
    )
    data = system.data
    assert found["loss"] == data.loss
    assert found["wrt"] == list(derivation.data.wrt)
    assert set(found["quantities"]) == set(data.quantities)
    for name, quantity in found["quantities"].items():
        assert quantity["parents"] == list(data.parents(name))
        assert quantity["children"] == list(data.children(name))
        assert len(quantity["shape"]) == data.quantities[name].type.rank
    assert len(found["forward"]) == len(data.lines)
    assert len(found["backward"]) == len(derivation.lines())
    assert [step["name"] for step in found["steps"]] == [
        line.name for line in derivation.data.lines if derivation.data.seeded or line.name != data.loss
    ]
    for line in (*found["forward"], *found["backward"], *(step["result"] for step in found["steps"])):
        assert line["unicode"].count("=") >= 1
        assert line["latex"]


def test_steps_text_has_a_paragraph_for_every_line() -> None:
    derivation = wg.equations(SQUARED).backward(wrt=["w", "b"])
    text = steps_text(derivation.data, steps(derivation.data, "index"), legend(derivation.data))
    heads = [paragraph.splitlines()[0] for paragraph in text.split("\n\n")]
    assert heads == ["L̄", "ȳ", "z̄", "w̄", "b̄", "where σ'(z) = σ(z) (1 − σ(z))"]
