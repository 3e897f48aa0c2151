"""What is emitted is judged by `wengert check --run`: it finds every result right, and a planted mistake at its line."""

from __future__ import annotations

import pytest
from modules import ENTRIES, derivation

from tests.thorough import part
from wengert.emission import emit
from wengert.programs.files import check_text


@pytest.mark.parametrize("key", part([k for k in ENTRIES if not k.startswith("E0")], 8, lambda key: ""))
def test_check_finds_an_emitted_module_right(key: str) -> None:
    report = check_text(emit(derivation(key), test=False), "module.py")
    assert [j.error for j in report.judged if j.error] == []
    results = [value for j in report.judged for value in j.results.values()]
    assert len(results) == len(derivation(key).data.wrt)
    assert set(results) <= {"right", "value"}


def test_check_finds_a_planted_mistake_in_an_emitted_module() -> None:
    source = emit(derivation("E14"), test=False)
    wrong = source.replace("dH = dY @ W_2.T", "dH = -dY @ W_2.T")
    assert wrong != source
    report = check_text(wrong, "module.py")
    line = wrong.splitlines().index("    dH = -dY @ W_2.T") + 1
    rows = [row for j in report.judged for row in j.rows if row.status == "wrong"]
    assert [row.line for row in rows] == [line]
    assert rows[0].corrected == "dH = dY @ W_2.T"


GAUSS = '''"""A Gaussian."""

import numpy as np


def forward(S, x):
    """{said}"""
    inverse = np.linalg.inv(S)
    loss = 0.5 * np.log(np.linalg.det(S)) + 0.5 * x @ inverse @ x
    return loss, (inverse, x)


def backward(dloss, kept):
    inverse, x = kept
    dx = dloss * (inverse @ x)
    return (dx,)
'''


@pytest.mark.parametrize(
    ("said", "results"),
    [
        ("S: symmetric numbers, positive definite, shape (n, n)\n    x: numbers, shape (n,)\n    ", {"right"}),
        ("S: numbers, shape (n, n)\n    x: numbers, shape (n,)\n    ", {"right"}),
    ],
)
def test_a_matrix_has_what_the_docstring_says_of_it_or_what_makes_the_loss_finite(said: str, results: set[str]) -> None:
    report = check_text(GAUSS.replace("{said}", said), "module.py")
    assert [j.error for j in report.judged if j.error] == []
    assert {value for j in report.judged for value in j.results.values()} == results


def test_numbers_that_a_docstring_says_sum_to_one_do() -> None:
    source = emit(derivation("E37"), test=False)
    assert "t: numbers that sum to 1, shape (n_l,)" in source
    report = check_text(source.replace(" that sum to 1", ""), "module.py")
    assert "wrong" in {value for j in report.judged for value in j.results.values()}
