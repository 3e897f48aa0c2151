"""The results of the lecture (R. Grosse, CSC321, lecture 6), one by one, against its own source lines where it has them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from two_stages import two_stage

import wengert as wg
from wengert.notes.derive.steps import steps
from wengert.notes.elaboration.reread import read_in_context
from wengert.notes.elaboration.system import SystemData
from wengert.notes.notation.expr import Line
from wengert.notes.notation.reader import read
from wengert.notes.reading.story import read_story

NOTES = (Path(__file__).parent.parent / "data" / "lecture_notes.txt").read_text(encoding="utf8")
DISPLAYS = [NOTES[start:end].strip() for start, end in read_story(NOTES).displays]


def displays_from(first: str, count: int) -> list[str]:
    """`count` display equations of the notes, beginning with the one that contains `first`."""
    start = next(k for k, text in enumerate(DISPLAYS) if first in text)
    return DISPLAYS[start : start + count]


def system_of(displays: list[str]) -> wg.System:
    return wg.equations("\n".join(f"$${text}$$" for text in displays))


def lines_of(displays: list[str], system: SystemData) -> list[Line]:
    """The notes' backward lines, read in the context of their system."""
    reading = read(" \\\\\n".join(displays), syntax="latex", context=system.reading.symbols)
    return [definition.written for definition in read_in_context(reading, system)]


@pytest.fixture(scope="module")
def unit() -> wg.System:
    """z = wx + b … L_reg = L + λR, as the notes have it, equation numbers and all."""
    return system_of(displays_from(r"z = wx + b \quad (1)", 5))


@pytest.fixture(scope="module")
def net() -> wg.System:
    """The network with one hidden layer."""
    return system_of(displays_from(r"z_i = \sum_j w_{ij}^{(1)} x_j", 4))


def test_result_1_the_lines_are_read_as_they_stand_and_run_forward(unit: wg.System) -> None:
    assert [line.name for line in unit.data.lines] == ["z", "y", "L", "R", "L_reg"]
    assert unit.warnings == ()
    values = unit.forward(w=0.5, x=2.0, b=0.1, t=1.0, lam=0.1)
    y = 1 / (1 + np.exp(-1.1))
    assert values["y"] == pytest.approx(y, rel=1e-15)
    assert values["L_reg"] == pytest.approx(0.5 * (y - 1) ** 2 + 0.1 * 0.125, rel=1e-15)


def test_result_2_the_calculus_class_expansion_with_its_counts(unit: wg.System) -> None:
    assert unit.backward(wrt=["w", "b"]).compare() == (
        "as in calculus class\n"
        "  L_reg = ½ (σ(w x + b) − t)² + ½ λ w²\n"
        "  ∂L_reg/∂w = (σ(w x + b) − t) σ'(w x + b) x + λ w\n"
        "  ∂L_reg/∂b = (σ(w x + b) − t) σ'(w x + b)\n"
        "written more than once in these derivatives\n"
        "  w x + b: 4 times, which is z\n"
        "  σ(w x + b) − t: 2 times\n"
        "  σ(w x + b): 2 times, which is y\n"
        "  σ'(w x + b): 2 times\n"
        "operations\n"
        "  expanded derivatives       19  (8 products and powers, 7 sums, 4 functions)\n"
        "  forward pass               10  (6 products and powers, 3 sums, 1 function)\n"
        "  backward pass               7  (4 products and powers, 2 sums, 1 function)"
    )


def test_result_3_changes_of_several_paths_add() -> None:
    system = wg.equations("f: function\ng: function\nh: function\nu = g(x)\nv = h(x)\ny = f(u, v)")
    assert str(system.backward(wrt="x")).splitlines()[4:] == [
        "backward",
        "  ȳ = 1",
        "  v̄ = ȳ ∂f/∂v",
        "  ū = ȳ ∂f/∂u",
        "  x̄ = ū g'(x) + v̄ h'(x)",
    ]
    assert system.backward(wrt="x").check().difference < 1e-12


def test_result_4_every_line_is_in_bar_notation(unit: wg.System) -> None:
    lines = unit.backward(wrt=["w", "b"]).lines()
    assert all(line.left.barred for line in lines)


def test_result_5_parents_and_children(unit: wg.System) -> None:
    assert unit.parents("z") == ("w", "x", "b")
    assert unit.children("w") == ("z", "R")
    assert unit.parents("x") == ()
    assert unit.children("L_reg") == ()


def test_result_7_the_backward_pass_equals_the_notes_in_both_stages(unit: wg.System) -> None:
    derivation = unit.backward(wrt=["w", "b"])
    assert str(derivation).splitlines()[6:] == [
        "backward",
        "  L̄_reg = 1",
        "  R̄ = L̄_reg λ",
        "  L̄ = L̄_reg",
        "  ȳ = L̄ (y − t)",
        "  z̄ = ȳ σ'(z)",
        "  w̄ = z̄ x + R̄ w",
        "  b̄ = z̄",
    ]
    start = (
        next(
            k
            for k, text in enumerate(DISPLAYS)
            if "최종" in NOTES and r"\frac{d\mathcal{L}_{\text{reg}}}{d\mathcal{R}}" in text
        )
        - 1
    )
    displays = DISPLAYS[start : start + 13]
    final = DISPLAYS[start + 13 : start + 20]
    assert lines_of(final, unit.data) == [Line(line.left, line.rights[:1]) for line in derivation.lines()]
    symbols = unit.data.reading.symbols
    chains = read(" \\\\\n".join(displays), syntax="latex", context=symbols).lines
    assert chains == tuple(two_stage(step) for step in steps(derivation.data, "index"))


def test_result_8_with_another_loss_only_one_line_changes() -> None:
    squared = wg.equations("z = w x + b\ny = σ(z)\nL = ½ (y − t)²")
    entropy = wg.equations("z = w x + b\ny = σ(z)\nL = −t log y − (1 − t) log(1 − y)")
    changes = squared.backward(wrt=["w", "b"]).difference(entropy.backward(wrt=["w", "b"]))
    assert [change.name for change in changes if not change.same] == ["y"]


def test_result_9_the_network_by_index_equals_the_notes(net: wg.System) -> None:
    derivation = net.backward(wrt=["w^(1)", "b^(1)", "w^(2)", "b^(2)"])
    notes = [re.sub(r"\\quad.*", "", text) for text in displays_from(r"\overline{\mathcal{L}} = 1", 8)]
    assert lines_of(notes, net.data) == derivation.lines()
    assert str(derivation).splitlines()[5:] == [
        "backward",
        "  L̄ = 1",
        "  ȳ_k = L̄ (y_k − t_k)",
        "  w̄⁽²⁾_ki = ȳ_k h_i",
        "  b̄⁽²⁾_k = ȳ_k",
        "  h̄_i = Σ_k ȳ_k w⁽²⁾_ki",
        "  z̄_i = h̄_i σ'(z_i)",
        "  w̄⁽¹⁾_ij = z̄_i x_j",
        "  b̄⁽¹⁾_i = z̄_i",
    ]


def test_result_10_the_network_in_matrices_equals_the_notes(net: wg.System) -> None:
    derivation = net.backward(wrt=["w^(1)", "b^(1)", "w^(2)", "b^(2)"]).in_form("matrix")
    notes = displays_from(r"\bar{\mathcal{L}} = 1", 8)
    assert lines_of(notes, net.data) == derivation.lines()
    assert str(derivation).splitlines()[5:] == [
        "backward",
        "  L̄ = 1",
        "  ȳ = L̄ (y − t)",
        "  W̄⁽²⁾ = ȳ hᵀ",
        "  b̄⁽²⁾ = ȳ",
        "  h̄ = W⁽²⁾ᵀ ȳ",
        "  z̄ = h̄ ∘ σ'(z)",
        "  W̄⁽¹⁾ = z̄ xᵀ",
        "  b̄⁽¹⁾ = z̄",
    ]


def test_result_10_either_form_from_either_input() -> None:
    by_index = wg.equations(
        "z_i = Σ_j w⁽¹⁾_ij x_j + b⁽¹⁾_i\nh_i = σ(z_i)\ny_k = Σ_i w⁽²⁾_ki h_i + b⁽²⁾_k\nL = ½ Σ_k (y_k − t_k)²"
    )
    whole = wg.equations("z = W⁽¹⁾ x + b⁽¹⁾\nh = σ(z)\ny = W⁽²⁾ h + b⁽²⁾\nL = ½ ‖y − t‖²")
    for form in ("index", "matrix"):
        assert str(by_index.backward().in_form(form)) == str(whole.backward().in_form(form))


def test_result_11_each_line_names_its_forward_lines_and_rules(unit: wg.System) -> None:
    paragraph = next(p for p in unit.backward(wrt=["w", "b"]).steps().split("\n\n") if p.startswith("w̄"))
    assert paragraph == (
        "w̄\n"
        "  children   z, R\n"
        "  from       z = w x + b\n"
        "  from       R = ½ w²\n"
        "  rules      sum rule, product rule, power rule\n"
        "  chain rule w̄ = z̄ ∂z/∂w + R̄ ∂R/∂w\n"
        "  result     w̄ = z̄ x + R̄ w"
    )
