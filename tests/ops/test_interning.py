"""Terms are made once, by exact structure; what is remembered of them is bounded, and forgetting changes no result."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import wengert as wg
from wengert.core.ops import interning
from wengert.core.ops.normal_form import product, total
from wengert.core.ops.terms import ONE, Add, Apply, Factor, NamedLeaf, ProductTerm, Term

A, B = NamedLeaf((2, 3), "A"), NamedLeaf((2, 3), "B")

LAYER = """z_i = Σ_j w_ij x_j + b_i
h_i = σ(z_i)
L = ½ Σ_i (h_i − t_i)²"""


def joined(*factors: Term) -> Term:
    return product(ONE, [Factor(f, (0, 1)) for f in factors], (0, 1), (2, 3))


def test_what_is_written_alike_is_one_object() -> None:
    assert NamedLeaf((2, 3), "A") is NamedLeaf((2, 3), "A")
    assert joined(A, B) is joined(A, B)
    assert total([A, B], (2, 3)) is Add((2, 3), (A, B))
    assert Apply((2, 3), "exp", (A,)) is Apply(op="exp", args=(A,), shape=(2, 3))


def test_the_order_in_which_an_author_writes_is_kept() -> None:
    assert joined(A, B) == joined(B, A)
    for one, other in ((joined(A, B), joined(B, A)), (total([A, B], (2, 3)), total([B, A], (2, 3)))):
        assert one is not other
    first, second = joined(A, B), joined(B, A)
    assert isinstance(first, ProductTerm)
    assert isinstance(second, ProductTerm)
    assert [f.term for f in first.factors] == [A, B]
    assert [f.term for f in second.factors] == [B, A]


@pytest.mark.parametrize("value", [1.0, True, np.float64(1.0), Fraction(1)])
def test_parameters_that_compare_equal_are_not_one(value: Any) -> None:
    assert Apply((), "f", (), (("c", 1),)) is not Apply((), "f", (), (("c", value),))


def test_a_parameter_that_cannot_be_hashed_is_taken() -> None:
    array = np.array([1.0, 2.0])
    assert Apply((2,), "constant", (), (("value", array),)).param("value") is array


def test_the_tables_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    interning.forget()
    expected = wg.equations(LAYER).backward().text()
    assert max(interning.sizes()) > 60
    monkeypatch.setattr(interning, "MOST", 60)
    interning.forget()
    assert wg.equations(LAYER).backward().text() == expected
    assert max(interning.sizes()) <= 60


def test_threads_derive_the_same_while_tables_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = wg.equations(LAYER).backward().text()
    monkeypatch.setattr(interning, "MOST", 40)
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda _: wg.equations(LAYER).backward().text(), range(12)))
    assert found == {expected}


def test_a_second_derivation_makes_few_terms_anew() -> None:
    interning.forget()
    wg.equations(LAYER).backward()
    before = sum(interning.sizes())
    wg.equations(LAYER).backward()
    assert sum(interning.sizes()) == before
