"""Indices that count from 1, strides with a name, ranges that are stated: numbers by loops over entries, claims, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wengert as wg
from tests.notation.helpers import read_backward
from wengert.errors import EquationError
from wengert.notes.claims.review import review
from wengert.notes.derive.report import show_line

FROM_ONE = {
    "a range under the sum": "y_i = Σ_{k=1}^{3} w_k x_{i+k−1}",
    "a name as its end": "y_i = Σ_{k=1}^{K} w_k x_{i+k−1}",
    "a remark": "y_i = Σ_k w_k x_{i+k−1}      for k = 1…3",
    "two remarks": "y_i = Σ_k w_k x_{i+k−1}      for i = 1…7, k = 1…3",
    "in latex": r"y_i = \sum_{k=1}^{K} w_k x_{i+k-1}",
}
STRIDES = {
    "a dot": "s = 2\ny_i = Σ_k w_k x_{s·i+k}",
    "a space": "s = 2\ny_i = Σ_k w_k x_{s i + k}",
    "behind the letter": "s = 2\ny_i = Σ_k w_k x_{i s + k}",
    "afterwards": "y_i = Σ_k w_k x_{s i + k}\ns = 2",
    "a word": "stride = 2\ny_i = Σ_k w_k x_{stride i + k}",
    "a remark": "y_i = Σ_k w_k x_{s i + k}      with stride s = 2",
    "in latex": r"s = 2 \\ y_i = \sum_k w_k x_{s i + k}",
    "letters in a row": r"s = 2 \\ y_i = \sum_k w_k x_{si+k}",
}


def lines(system: str) -> list[str]:
    data = wg.equations(system)
    return [show_line(line, data.data) for line in data.backward().lines()]


def signals(system: str, **values: Any) -> dict[str, Any]:
    return wg.equations(system).backward().function()(**values)[1]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("key", FROM_ONE)
def test_indices_from_one_are_printed_as_they_count(key: str, rng: np.random.Generator) -> None:
    assert lines(FROM_ONE[key]) == [
        "w̄_k = Σ_i ȳ_i x_{i+k−1}",
        f"x̄_p = Σ_{{k: 1 ≤ p−k+1 ≤ {7 if key == 'two remarks' else 'I'}}} ȳ_{{p−k+1}} w_k",
    ]
    w, x, y_bar = rng.normal(size=3), rng.normal(size=9), rng.normal(size=7)
    found = signals(FROM_ONE[key], w=w, x=x, y_bar=y_bar)
    np.testing.assert_allclose(found["w"], [y_bar @ x[k : k + 7] for k in range(3)], rtol=1e-12)
    np.testing.assert_allclose(found["x"], np.convolve(y_bar, w), rtol=1e-12)


def test_a_window_that_begins_at_the_second_entry(rng: np.random.Generator) -> None:
    w, x, y_bar = rng.normal(size=3), rng.normal(size=9), rng.normal(size=6)
    found = signals("y_i = Σ_{k=1}^{3} w_k x_{i+k}", w=w, x=x, y_bar=y_bar)
    np.testing.assert_allclose(found["x"], np.append(0, np.convolve(y_bar, w)), rtol=1e-12)
    assert lines("y_i = Σ_{k=1}^{3} w_k x_{i+k}") == [
        "w̄_k = Σ_i ȳ_i x_{i+k}",
        "x̄_p = Σ_{k: 1 ≤ p−k ≤ I} ȳ_{p−k} w_k",
    ]


def test_lags_from_one_leave_out_the_present(rng: np.random.Generator) -> None:
    a, x, y_bar = rng.normal(size=2), rng.normal(size=6), rng.normal(size=6)
    found = signals("y_n = Σ_{k=1}^{2} a_k x_{n−k}", a=a, x=x, y_bar=y_bar)
    expected = np.zeros(6)
    for n in range(1, 7):
        for k in range(1, 3):
            if n - k >= 1:
                expected[n - k - 1] += y_bar[n - 1] * a[k - 1]
    np.testing.assert_allclose(found["x"], expected, rtol=1e-12, atol=1e-15)
    assert lines("y_n = Σ_{k=1}^{2} a_k x_{n−k}") == [
        "ā_k = Σ_{n: 1 ≤ n−k} ȳ_n x_{n−k}",
        "x̄_n = Σ_{k: k+n ≤ N} ȳ_{k+n} a_k",
    ]


@pytest.mark.parametrize("first", [0, 1])
def test_a_letter_as_a_number_is_that_from_which_it_counts(first: int) -> None:
    end = 2 + first
    found = signals(f"y = Σ_{{k={first}}}^{{{end}}} k² x_k", x=np.ones(3))
    np.testing.assert_array_equal(found["x"], np.arange(first, end + 1) ** 2)
    assert lines(f"y = Σ_{{k={first}}}^{{{end}}} k² x_k") == ["ȳ = 1", "x̄_k = ȳ k²"]


def test_places_that_are_compared_count_from_one_too(rng: np.random.Generator) -> None:
    system = "y_i = max_k x_{2i+k−2}   for i = 1…3, k = 1…2"
    assert lines(system) == ["x̄_p = Σ_{i: 1 ≤ p−2i+2 ≤ 2} ȳ_i ⟦x_p = y_i⟧ / Σ_k ⟦x_{2i+k−2} = y_i⟧"]
    x = rng.permutation(6).astype(float)
    found = signals(system, x=x, y_bar=np.array([1.0, 2.0, 3.0]))
    blocks = x.reshape(3, 2)
    expected = np.where(blocks == blocks.max(axis=1, keepdims=True), [[1.0], [2.0], [3.0]], 0)
    np.testing.assert_array_equal(found["x"], expected.ravel())
    one = wg.equations("y = Σ_{k=1}^{4} k x_k ⟦k ≥ 3⟧").forward(x=np.ones(4))["y"]
    assert one == 3 + 4


@pytest.mark.parametrize(
    "text",
    [
        *FROM_ONE.values(),
        "y_i = max_k x_{2i+k−2}   for i = 1…3, k = 1…2",
        "y = Σ_{k=1}^{3} k² x_k",
        "y_n = Σ_{k=1}^{2} a_k x_{n−k}",
        "y_i = Σ_k w_k x_{2i+2k−3}   for k = 1…3",
    ],
)
def test_what_is_printed_from_one_is_read_back(text: str) -> None:
    system = wg.equations(text)
    derivation = system.backward()
    printed = [show_line(line, system.data) for line in derivation.lines()]
    again = read_backward(system, "\n".join(printed), "text")
    assert [each.written.rights[0] for each in again] == [line.rights[0] for line in derivation.lines()]
    assert derivation.check().difference < 1e-11


@pytest.mark.parametrize("key", STRIDES)
def test_a_stride_has_a_name(key: str, rng: np.random.Generator) -> None:
    assert lines(STRIDES[key]) == ["w̄_k = Σ_i ȳ_i x_{2i+k}", "x̄_p = Σ_{i: 0 ≤ p−2i < K} ȳ_i w_{p−2i}"]
    w, x, y_bar = rng.normal(size=3), rng.normal(size=9), rng.normal(size=4)
    found = signals(STRIDES[key], w=w, x=x, y_bar=y_bar)
    expected = np.zeros(9)
    for i in range(4):
        expected[2 * i : 2 * i + 3] += y_bar[i] * w
    np.testing.assert_allclose(found["x"], expected, rtol=1e-12)


def test_stride_dilation_and_padding_have_names(rng: np.random.Generator) -> None:
    system = "s = 2\nd = 3\np = 1\ny_i = Σ_k w_k x_{s i + d k − p}   for i = 0…3, k = 0…1"
    assert wg.equations(system).data.quantities.keys() == {"y", "w", "x"}
    w, x, y_bar = rng.normal(size=2), rng.normal(size=12), rng.normal(size=4)
    expected = np.zeros(12)
    for i in range(4):
        for k in range(2):
            if 0 <= 2 * i + 3 * k - 1 < 12:
                expected[2 * i + 3 * k - 1] += y_bar[i] * w[k]
    np.testing.assert_allclose(signals("x ∈ ℝ^12\n" + system, w=w, x=x, y_bar=y_bar)["x"], expected, rtol=1e-12)


def test_a_number_that_is_used_elsewhere_too_stays_a_quantity() -> None:
    system = wg.equations("s = 2\ny_i = s Σ_k w_k x_{s i + k}")
    assert "s" in system.data.quantities
    assert system.forward(w=np.ones(2), x=np.ones(4))["y"].tolist() == [4, 4]


@pytest.mark.parametrize(
    ("forward", "right", "wrong"),
    [
        (FROM_ONE["a range under the sum"], ["x̄_p = Σ_k ȳ_{p−k+1} w_k", "x̄_p = Σ_{k=1}^{3} ȳ_{p−k+1} w_k"], ["x̄_p = Σ_k ȳ_{p−k} w_k", "w̄_k = Σ_i ȳ_i x_{i+k}"]),
        (STRIDES["a space"], ["x̄_p = Σ_i ȳ_i w_{p−s i}", "w̄_k = Σ_i ȳ_i x_{s i + k}"], ["x̄_p = Σ_i ȳ_i w_{p−i}", "w̄_k = Σ_i ȳ_i x_{i+s k}"]),
    ],
)  # fmt: skip
def test_claims_count_as_the_equations_do(forward: str, right: list[str], wrong: list[str]) -> None:
    found = review("\n".join([forward, "L = ½ Σ_i (y_i − t_i)²", "", "ȳ_i = y_i − t_i", *right, *wrong]))
    assert [row.status for row in found.rows] == ["holds", *["holds"] * len(right), *["wrong"] * len(wrong)], str(found)


def test_a_claim_that_counts_otherwise_is_not_read() -> None:
    found = review("y_i = Σ_{k=0}^{2} w_k x_{i+k}\nL = Σ_i y_i\n\nx̄_p = Σ_{k=1}^{3} ȳ_{p−k+1} w_k")
    assert [row.note for row in found.rows] == [
        "not read: The index 'k' counts from 1 here, and indices count from 0 in the equations."
    ]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("y_i = Σ_{k=−1}^{1} w_k x_{i+k}", "The index 'k' counts from -1 here."),
        ("y_i = Σ_{k=1}^{3} w_k x_{i+k}   for i = 0…4", "The index 'k' counts from 1 here, and 'i' from 0."),
        ("y = Σ_{k=2}^{5} x_k", "This range of a sum is not read."),
        ("y_i = Σ_k w_k x_{s i + k}", "This index is no sum of letters, each with a whole number in front."),
        ("s = ½\ny_i = Σ_k w_k x_{s i + k}", "Nothing says which whole number 's' is."),
        ("data s\ny_i = Σ_k w_k x_{s i + k}", "Nothing says which whole number 's' is."),
    ],
)
def test_what_could_count_in_two_ways_is_refused(text: str, what: str) -> None:
    with pytest.raises(EquationError) as caught:
        wg.equations(text)
    assert caught.value.what == what
