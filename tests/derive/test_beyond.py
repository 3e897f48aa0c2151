"""Normalisation, attention, adapters and the rest of the corpus that is read already: numbers, checks, printed forms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpus import ENDINGS, beyond, run_python

import wengert as wg
from tests.derive.shared import derivation_of, system_of
from tests.thorough import everyday

EXTRA: dict[str, Any] = {"E57": {"d": 3.0}}
"""What the Python block takes from the data, and the equations name."""


@everyday(1, "key", "seed")
@pytest.mark.parametrize("key", beyond())
@pytest.mark.parametrize("seed", range(3))
def test_derived_numbers_equal_the_corpus(key: str, seed: int, tmp_path: Path) -> None:
    entry = beyond()[key]
    values = run_python(entry, tmp_path, seed)
    ending = ENDINGS.get(key, "")
    system = system_of(entry.text("text") + ending, "text")
    if ending:
        values |= {"p": values["h_bar"], "q": values["c_bar"]}
    names = [entry.name(name) for name, _, _ in entry.variables]
    derivation = derivation_of(entry.text("text") + ending, "text", tuple(names))
    given = {name: values[entry.python_name(name)] for name in system.data.inputs if name not in EXTRA.get(key, {})}
    given |= {name: value for name, value in EXTRA.get(key, {}).items() if name in system.data.inputs}
    identifier = {name: q.identifier for name, q in system.data.quantities.items()}
    arguments = {identifier[name]: value for name, value in given.items()}
    (output, *_) = [name for name, _, _ in entry.outputs]
    factor = values[f"{output}_bar"] if derivation.data.seeded and not ending else 1.0
    if not derivation.data.seeded:
        arguments[f"{identifier[derivation.data.loss]}_bar"] = values[f"{output}_bar"]
    _, gradients = derivation.function()(**arguments)
    for name, _, _ in entry.variables:
        ours = gradients[identifier[system.name(entry.name(name))]] * factor
        np.testing.assert_allclose(ours, values[f"{name}_bar"], rtol=1e-9, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("key", beyond())
def test_the_check_passes_for_every_quantity(key: str) -> None:
    report = wg.equations(beyond()[key].text("text"), "text").backward().check()
    assert report.difference < 1e-11
    assert report.quantities >= 1


BATCH_NORM_PLAIN = "X̄_ij = μ̄_j / N + 2 v̄_j (X_ij − μ_j) / N + H̄_ij / √(v_j + ε)"


@pytest.mark.parametrize(
    ("key", "form", "lines"),
    [
        ("E59", "matrix", ["X̄ = Ȳ Wᵀ + s Ȳ Bᵀ Aᵀ", "Ā = s Xᵀ Ȳ Bᵀ", "B̄ = s Aᵀ Xᵀ Ȳ"]),
        (
            "E63",
            "matrix",
            ["h̄ = W⁽²⁾ᵀ ȳ", "W̄⁽²⁾ = ȳ hᵀ", "z̄ = h̄ ∘ ⟦z > 0⟧", "W̄⁽¹⁾ = z̄ xᵀ", "x̄ = W⁽¹⁾ᵀ z̄ + ȳ"],
        ),
        ("E57", "matrix", ["V̄ = Pᵀ Ō", "P̄ = Ō Vᵀ", "Q̄ = S̄ K / √d", "K̄ = S̄ᵀ Q / √d"]),
        ("E57", "matrix", ["D = (P̄ ∘ P) 𝟏 = (Ō ∘ O) 𝟏", "S̄ = P ∘ (P̄ − D 𝟏ᵀ)"]),
        ("E57", "index", ["D_i = Σ_j p̄_ij p_ij = Σ_l ō_il o_il", "s̄_ij = p_ij (p̄_ij − D_i)"]),
        ("E65", "index", ["x̄_i = p̄ Π_(j ≠ i) x_j"]),
        (
            "E45",
            "index",
            [
                "X̄_ij = r_i (Ȳ_ij w_j − r̄_i r_i² X_ij / N) = r_i (Ȳ_ij w_j − r_i X_ij (Σ_k Ȳ_ik Y_ik) / N)",
                "w̄_j = Σ_i Ȳ_ij X_ij r_i",
            ],
        ),
        (
            "E43",
            "index",
            [
                BATCH_NORM_PLAIN + " = g_j (N Ȳ_ij − Σ_k Ȳ_kj − H_ij Σ_k Ȳ_kj H_kj) / (N √(v_j + ε))",
                "ḡ_j = Σ_i Ȳ_ij H_ij",
                "b̄_j = Σ_i Ȳ_ij",
            ],
        ),
        (
            "E42",
            "index",
            [
                "n̄_i = ȳ_i w_i",
                "x̄_i = μ̄ / C + 2 v̄ (x_i − μ) / C + n̄_i r = r (n̄_i − (Σ_j n̄_j) / C − n_i (Σ_j n̄_j n_j) / C)",
                "w̄_i = ȳ_i n_i",
                "b̄_i = ȳ_i",
            ],
        ),
    ],
)
def test_published_lines_come_out(key: str, form: str, lines: list[str]) -> None:
    entry = beyond()[key]
    wrt = [entry.name(name) for name, _, _ in entry.variables]
    derivation = derivation_of(entry.text("text"), "text", tuple(wrt)).in_form(form)
    printed = [line.strip() for line in str(derivation).splitlines()]
    for line in lines:
        assert line in printed
