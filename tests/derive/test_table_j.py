"""Table J of the corpus: changed lines of its derivations, each with the verdict that it must get; and one that is equal."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.derive.corpus import beyond, entries
from wengert.notes.claims.review import ReviewRow, review

ENTRIES = {**entries(), **beyond()}
ATTENTION = """
S_ij = Σ_c Q_ic K_jc
P_ij = e^(S_ij) / Σ_k e^(S_ik)
O_ic = Σ_j P_ij V_jc
---
V̄_jc = Σ_i P_ij Ō_ic
P̄_ij = Σ_c Ō_ic V_jc
D_i = Σ_c Ō_ic O_ic
S̄_ij = P_ij (P̄_ij − D_i)
Q̄_ic = Σ_j S̄_ij K_jc
K̄_jc = Σ_i S̄_ij Q_ic
"""
NO_ASSUMPTION = "assume Σ_k t_k = 1\n"


@dataclass(frozen=True)
class Change:
    """A line of an entry's backward part in text, what stands in its place, and the kind of the mistake, "" for none."""

    key: str
    right: str
    changed: str
    kind: str

    @property
    def text(self) -> str:
        entry = ENTRIES[self.key]
        document = f"{entry.text('text')}\n---\n{entry.backward['text']}"
        assert document.count(self.right + "\n") == 1
        return document.replace(self.right + "\n", self.changed + "\n")

    @property
    def line(self) -> int:
        return self.text[: self.text.index(self.changed)].count("\n") + 1

    def rows(self) -> list[ReviewRow]:
        return [row for row in review(self.text).rows if row.status in ("wrong", "unread")]


WRONG = {
    "J01": Change("E13", "W̄⁽²⁾ = ȳ hᵀ", "W̄⁽²⁾ = h ȳᵀ", "transpose"),
    "J03": Change("E13", "z̄ = h̄ ⊙ σ'(z)", "z̄ = h̄", "activation derivative"),
    "J04": Change("E14", "b̄⁽¹⁾ = Z̄ᵀ 1", "b̄⁽¹⁾ = Z̄", "missing sum"),
    "J06": Change("E14", "W̄⁽²⁾ = Hᵀ Ȳ", "W̄⁽²⁾ = 2 Hᵀ Ȳ", "factor"),
    "J07": Change(
        "E45",
        "X̄_ij = r_i (Ȳ_ij w_j − 1/N r_i² X_ij Σ_k Ȳ_ik w_k X_ik)",
        "X̄_ij = r_i (Ȳ_ij − 1/N r_i² X_ij Σ_k Ȳ_ik X_ik)",
        "missing factor",
    ),
    "J10": Change("E35", "z̄_k = y_k (ȳ_k − Σ_l ȳ_l y_l)", "z̄_k = ȳ_k y_k (1 − y_k)", "only the diagonal"),
    "J13": Change("E01", "ȳ = y − t", "ȳ = t − y", "sign"),
    "J16": Change(
        "E47",
        "x̄_p = Σ_k w_k ȳ_{p−k}           terms with p − k outside 0…4 are dropped",
        "x̄_p = Σ_k w_{2−k} ȳ_{p−k}",
        "flipped",
    ),
    "J18": Change("E42", "x̄_i = r (n̄_i − 1/C Σ_j n̄_j − n_i · 1/C Σ_j n̄_j n_j)", "x̄_i = r n̄_i", "missing path"),
    "J21": Change("E51", "C̄_vj = Σ_t ⟦s_t = v⟧ Ē_tj", "C̄_vj = max_t ⟦s_t = v⟧ Ē_tj", "missing sum"),
}
"""The Python lines in the notation of the text. J21, where later rows overwrite earlier ones, takes one row of those that repeat."""


@pytest.mark.parametrize("row", WRONG)
def test_wrong_row_of_table_J_is_flagged_at_its_line_and_only_there(row: str):
    change = WRONG[row]
    found = change.rows()
    assert [(each.line, each.status) for each in found] == [(change.line, "wrong")]
    assert found[0].kind == change.kind


SENTENCES = {
    "J07": "likely: the factor w is missing",
    "J10": "likely: only the diagonal of ∂y/∂z is used",
    "J16": "likely: w is taken from its last entry to its first",
    "J18": "likely: the path through μ and v is missing",
    "J21": "likely: the greatest or least of them stands for their sum",
}


@pytest.mark.parametrize("row", SENTENCES)
def test_what_is_likely_is_said_with_the_names(row: str):
    assert WRONG[row].rows()[0].details[-1] == SENTENCES[row]


@pytest.mark.parametrize("row", WRONG)
def test_corrected_row_holds(row: str):
    change = WRONG[row]
    (found,) = change.rows()
    assert Change(change.key, change.right, found.corrected, "").rows() == []


def test_J11_both_forms_of_the_row_sum_are_right():
    assert {row.status for row in review(ATTENTION).rows} == {"holds", "defined"}
    other = ATTENTION.replace("D_i = Σ_c Ō_ic O_ic", "D_i = Σ_k P_ik P̄_ik")
    assert {row.status for row in review(other).rows} == {"holds", "defined"}


def test_J11_with_a_matrix_of_weights():
    change = Change("E57", "S̄_ij = P_ij (P̄_ij − Σ_k P_ik P̄_ik)", "D_i = Σ_c Ō_ic O_ic\nS̄_ij = P_ij (P̄_ij − D_i)", "")
    assert change.rows() == []


def test_J17_the_general_form_is_right_too():
    change = Change("E37", "z̄_k = y_k − t_k", "z̄_k = y_k Σ_l t_l − t_k", "")
    assert change.rows() == []


def test_J17_without_the_assumption_the_short_form_names_it():
    change = Change("E37", "z̄_k = y_k − t_k", "z̄_k = y_k − t_k", "")
    rows = review(change.text.replace(NO_ASSUMPTION, "")).rows
    assert [row.note for row in rows if row.text.startswith("z̄_k")] == ["with Σ_k t_k = 1"]
    assert {row.status for row in rows} == {"holds"}
