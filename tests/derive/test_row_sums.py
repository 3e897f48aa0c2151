"""Sums along a row that all of the row uses have a name: where, which, in every form of output; and their check."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import wengert as wg
from tests.derive.corpus import beyond
from wengert.core.ops.evaluate import evaluate
from wengert.core.ops.normal_form import scale
from wengert.errors import CheckError
from wengert.notes.derive.random_points import concrete
from wengert.notes.derive.report import derivation_json
from wengert.notes.derive.steps import steps
from wengert.notes.derive.verify import check

ATTENTION = "S = Q Kᵀ / √d\nP = softmax(S)\nO = P V"
BY = ["Q", "K", "V"]


def lines(text: str, wrt: str | list[str] = ()) -> list[str]:
    derivation = wg.equations(text).backward(wrt=wrt)
    derivation.check()
    return [line.strip() for line in str(derivation).split("backward\n")[1].splitlines()]


def test_the_row_sum_of_attention_is_printed_in_latex() -> None:
    latex = wg.equations(ATTENTION).backward(wrt=BY).latex()
    assert r"D &= (\bar{P} \circ P) \mathbf{1} = (\bar{O} \circ O) \mathbf{1} \\" in latex
    assert r"\bar{S} &= P \circ (\bar{P} - D \mathbf{1}^\top) \\" in latex


def test_the_row_sum_of_attention_is_printed_in_latex_by_index() -> None:
    latex = wg.equations(beyond()["E57"].text("latex"), "latex").backward(wrt=BY).in_form("index").latex()
    assert r"D_{i} &= \sum_{j} \overline{p_{ij}}\,p_{ij} = \sum_{l} \overline{o_{il}}\,o_{il} \\" in latex
    assert r"\overline{s_{ij}} &= p_{ij}\,(\overline{p_{ij}} - D_{i}) \\" in latex


def test_steps_and_json_have_the_row_sum() -> None:
    derivation = wg.equations(ATTENTION).backward(wrt=BY)
    assert "  with       D = (P̄ ∘ P) 𝟏 = (Ō ∘ O) 𝟏\n  result     S̄ = P ∘ (P̄ − D 𝟏ᵀ)\n" in derivation.steps()
    found = derivation_json(derivation.data, derivation.lines(), steps(derivation.data, derivation.form))
    assert "D = (P̄ ∘ P) 𝟏 = (Ō ∘ O) 𝟏" in [line["unicode"] for line in found["backward"]]
    (step,) = [step for step in found["steps"] if step["name"] == "S"]
    assert [line["unicode"] for line in step["sums"]] == ["D = (P̄ ∘ P) 𝟏 = (Ō ∘ O) 𝟏"]


@pytest.mark.parametrize(
    ("text", "wrt", "line"),
    [
        # One row only: its sum is a number, and stands where it is used.
        ("y_k = e^(z_k) / Σ_l e^(z_l)", "z", "z̄_k = y_k (ȳ_k − Σ_l ȳ_l y_l)"),
        # The further form does without it.
        (
            "N = size of n\nY_nk = e^(Z_nk) / Σ_l e^(Z_nl)\nL = −1/N Σ_nk T_nk log Y_nk\nassume Σ_k T_nk = 1",
            "Z",
            "Z̄_nk = Y_nk (Ȳ_nk − Σ_l Ȳ_nl Y_nl) = L̄ (Y_nk − T_nk) / N    (with Σ_k T_nk = 1)",
        ),
        # A sum over one array is no longer than a name.
        ("Y_ij = X_ij − 1/C Σ_k X_ik", "X", "X̄_ij = Ȳ_ij − (Σ_k Ȳ_ik) / C"),
        # It is multiplied by what varies along the row.
        ("r_i = Σ_k X_ik²\nY_ij = X_ij r_i", "X", "X̄_ik = 2 r̄_i X_ik + Ȳ_ik r_i"),
    ],
)
def test_a_sum_that_needs_no_name_has_none(text: str, wrt: str, line: str) -> None:
    found = lines(text, wrt)
    assert found[-1] == line
    assert not any(each.startswith(("D", "E_", "F")) for each in found)


def test_the_name_is_a_letter_that_names_nothing_else() -> None:
    assert "E_i = Σ_j P̄_ij P_ij" in lines("S_ij = D_i x_j\nP_ij = e^(S_ij) / Σ_k e^(S_ik)", "x")
    # The letter d has the size D.
    assert "E_i = Σ_d P̄_id P_id" in lines("P_{i,d} = e^(S_{i,d}) / Σ_k e^(S_{i,k})", "S")


def test_two_rows_have_two_names() -> None:
    text = "P_ij = e^(S_ij) / Σ_k e^(S_ik)\nR_ij = e^(P_ij) / Σ_k e^(P_ik)"
    found = lines(text, "S")
    assert found == [
        "R̄_ij is given",
        "D_i = Σ_j R̄_ij R_ij",
        "P̄_ij = R_ij (R̄_ij − D_i)",
        "E_i = Σ_j P̄_ij P_ij",
        "S̄_ij = P_ij (P̄_ij − E_i)",
    ]


def test_columns_have_sums_too() -> None:
    assert lines("P_ij = e^(S_ij) / Σ_k e^(S_kj)", "S")[1:] == ["D_j = Σ_i P̄_ij P_ij", "S̄_ij = P_ij (P̄_ij − D_j)"]


def test_both_forms_of_a_row_sum_are_what_they_say() -> None:
    derivation = wg.equations(ATTENTION).backward(wrt=BY)
    (line,) = [line for line in derivation.data.lines if line.sums]
    rng = np.random.default_rng(0)
    q, k, v, signal = (rng.normal(size=shape) for shape in ((4, 3), (5, 3), (5, 2), (4, 2)))
    weights = np.exp(q @ k.T / np.sqrt(3.0))
    weights /= weights.sum(axis=1, keepdims=True)
    rows = np.sum(weights * (signal @ v.T), axis=1)
    np.testing.assert_allclose(rows, np.sum(signal * (weights @ v), axis=1), rtol=1e-12)
    for form in ("printed", "run"):
        graph = concrete(derivation.data.graph(("D",), form=form))
        (value,) = evaluate(graph, {"Q": q, "K": k, "V": v, "d": 3.0, "bar O": signal})
        np.testing.assert_allclose(value, rows, rtol=1e-12)
    assert line.sums[0].further is not None


def test_the_check_finds_a_row_sum_whose_forms_differ() -> None:
    data = wg.equations(ATTENTION).backward(wrt=BY).data
    wrong = tuple(
        replace(line, sums=tuple(replace(s, further=scale(2, s.further)) for s in line.sums if s.further is not None))
        for line in data.lines
    )
    with pytest.raises(CheckError, match="two forms of 'D' differ"):
        check(replace(data, lines=wrong))


def test_a_named_sum_is_judged_as_a_part_in_a_derivation_by_hand() -> None:
    text = ATTENTION + "\n\nV̄ = Pᵀ Ō\nP̄ = Ō Vᵀ\nD = (Ō ∘ O) 𝟏\nS̄ = P ∘ (P̄ − D 𝟏ᵀ)\nQ̄ = S̄ K / √d\nK̄ = S̄ᵀ Q / √d\n"
    statuses = [row.status for row in wg.review(text).rows]
    assert statuses == ["holds", "holds", "defined", "holds", "holds", "holds"]
