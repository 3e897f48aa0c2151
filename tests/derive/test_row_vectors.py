"""Entries with one index that are vectors: z_n = W x_n + b over examples, attention over words; read, derived, checked and judged."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
from wengert.notes.claims.review import review

EXAMPLES = "z_n = W x_n + b\nL = ½ Σ_n ‖z_n − t_n‖²\n"
EXAMPLES_CLAIMS = "\nz̄_n = z_n − t_n\nW̄ = Σ_n z̄_n x_nᵀ\nb̄ = Σ_n z̄_n\nx̄_n = Wᵀ z̄_n\n"
BOLD = r"""
$$\mathbf{z}_n = \mathbf{W} \mathbf{x}_n + \mathbf{b}, \quad \mathbf{y}_n = \tanh(\mathbf{z}_n)$$
$$E = \frac12 \sum_n \|\mathbf{y}_n - \mathbf{t}_n\|^2$$
"""
BOLD_CLAIMS = r"""
$$\bar{\mathbf{y}}_n = \mathbf{y}_n - \mathbf{t}_n$$
$$\bar{\mathbf{z}}_n = \bar{\mathbf{y}}_n \odot (1 - \mathbf{y}_n^2)$$
$$\bar{\mathbf{W}} = \sum_n \bar{\mathbf{z}}_n \mathbf{x}_n^\top$$
$$\bar{\mathbf{b}} = \sum_n \bar{\mathbf{z}}_n$$
"""
BAHDANAU = r"""
$$e_{ij} = v^\top \tanh(W s_i + U h_j), \qquad \alpha_{ij} = \frac{\exp(e_{ij})}{\sum_k \exp(e_{ik})}$$
$$c_i = \sum_j \alpha_{ij} h_j, \qquad L = \frac12 \sum_i \|c_i - t_i\|^2$$
"""
BAHDANAU_CLAIMS = r"""
$$\bar c_i = c_i - t_i$$
$$\bar\alpha_{ij} = \bar c_i^\top h_j$$
$$\bar e_{ij} = \alpha_{ij} (\bar\alpha_{ij} - \sum_k \alpha_{ik} \bar\alpha_{ik})$$
$$\bar v = \sum_i \sum_j \bar e_{ij} \tanh(W s_i + U h_j)$$
"""


@pytest.mark.parametrize("document", [EXAMPLES + EXAMPLES_CLAIMS, BOLD + BOLD_CLAIMS, BAHDANAU + BAHDANAU_CLAIMS])
def test_a_right_derivation_by_examples_holds(document: str) -> None:
    assert [row.status for row in review(document).rows] == ["holds"] * 4


@pytest.mark.parametrize(
    ("document", "right", "wrong", "kind"),
    [
        (EXAMPLES + EXAMPLES_CLAIMS, "x̄_n = Wᵀ z̄_n", "x̄_n = W z̄_n", "transpose"),
        (EXAMPLES + EXAMPLES_CLAIMS, "b̄ = Σ_n z̄_n", "b̄ = z̄_n", "missing sum"),
        (EXAMPLES + EXAMPLES_CLAIMS, "z̄_n = z_n − t_n", "z̄_n = t_n − z_n", "sign"),
        (BOLD + BOLD_CLAIMS, r"\odot (1 - \mathbf{y}_n^2)", "", "activation derivative"),
        (BOLD + BOLD_CLAIMS, r"\bar{\mathbf{z}}_n \mathbf{x}_n^\top", r"\mathbf{x}_n \bar{\mathbf{z}}_n^\top", "transpose"),
        (BAHDANAU + BAHDANAU_CLAIMS, r"\bar c_i^\top h_j", r"-\bar c_i^\top h_j", "sign"),
    ],
)  # fmt: skip
def test_a_mistake_is_found_in_its_line_only(document: str, right: str, wrong: str, kind: str) -> None:
    assert document.count(right) == 1
    line = document[: document.index(right)].count("\n") + 1
    rows = [row for row in review(document.replace(right, wrong)).rows if row.status != "holds"]
    assert [(row.status, row.line, row.kind) for row in rows] == [("wrong", line, kind)]


@pytest.mark.parametrize("text", [EXAMPLES, BAHDANAU])
def test_the_derivation_agrees_with_forward_mode_and_says_what_was_read(text: str) -> None:
    system = wg.equations(text)
    assert system.backward().check().difference < 1e-11
    assert [warning.splitlines()[0] for warning in system.warnings] == [
        "The entries of 't', 'x', 'z' with one index are read as vectors."
        if text == EXAMPLES
        else "The entries of 'c', 'h', 's', 't' with one index are read as vectors."
    ]


def test_the_gradient_over_examples_equals_numpy() -> None:
    rng = np.random.default_rng(0)
    w, x, b, t = rng.normal(size=(2, 3)), rng.normal(size=(5, 3)), rng.normal(size=2), rng.normal(size=(5, 2))
    value, gradients = wg.equations(EXAMPLES).backward().function()(W=w, x=x, b=b, t=t)
    z = x @ w.T + b
    assert value == pytest.approx(0.5 * np.sum((z - t) ** 2))
    np.testing.assert_allclose(gradients["W"], (z - t).T @ x, rtol=1e-12)
    np.testing.assert_allclose(gradients["b"], (z - t).sum(axis=0), rtol=1e-12)


def test_bold_entries_are_vectors_without_a_guess() -> None:
    system = wg.equations(r"\mathbf{m} = \frac{1}{N} \sum_n \mathbf{x}_n \\ L = \|\mathbf{m}\|^2")
    assert system.data.quantities["x"].type.rank == 2
    assert not any("read as vectors" in warning for warning in system.warnings)


@pytest.mark.parametrize("text", ["z_n = w x_n + b\nL = Σ_n (z_n − t_n)²", "L = Σ_n w_n x_n", "y_n = λ x_n"])
def test_entries_that_make_sense_as_numbers_stay_numbers(text: str) -> None:
    assert wg.equations(text).data.quantities["x"].type.rank == 1


PROJECTED = """Q = X W_Q
K = X W_K
S = Q Kᵀ
A = softmax(S)
O = A V

dA = dO Vᵀ
D = rowsum(dO ∘ O)
"""


@pytest.mark.parametrize("claim", ["dS = A ∘ (dA − rowsum(dA ∘ A))", "dS = A ∘ (dA − D)"])
def test_row_sums_are_taken_from_every_entry_of_their_row(claim):
    assert [row.status for row in review(PROJECTED + claim).rows] == ["holds", "defined", "holds"]
    assert review(PROJECTED + claim.replace("−", "+")).rows[-1].status == "wrong"
