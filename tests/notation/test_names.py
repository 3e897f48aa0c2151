"""Canonical names and the Python identifiers that stand for them."""

from __future__ import annotations

import keyword
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wengert.notes.notation.names import NameParts, identifier, identifiers, join, split


@pytest.mark.parametrize(
    ("name", "parts", "word"),
    [
        ("w", NameParts("w"), "w"),
        ("w⁽¹⁾", NameParts("w", "1"), "w_1"),
        ("w⁽ˡ⁾", NameParts("w", "l"), "w_l"),
        ("L_reg", NameParts("L", "", "reg"), "L_reg"),
        ("w_0", NameParts("w", "", "0"), "w_0"),
        ("θ⁽¹⁾_old", NameParts("θ", "1", "old"), "theta_1_old"),
        ("λ", NameParts("λ"), "lam"),
        ("ℓ", NameParts("ℓ"), "ell"),
        ("X\u0302", NameParts("X\u0302"), "X_hat"),
        ("x\u0304", NameParts("x\u0304"), "x_mean"),
        ("c'", NameParts("c", primes=1), "c_prime"),
        ("w⋆", NameParts("w⋆"), "w_star"),
        ("d_+", NameParts("d", "", "+"), "d_plus"),
        ("h_t−1", NameParts("h", "", "t−1"), "h_t_minus1"),
        ("if", NameParts("if"), "if_"),
    ],
)
def test_parts_and_identifiers(name: str, parts: NameParts, word: str):
    assert split(name) == parts
    assert join(*parts) == name
    assert identifier(name) == word


def test_a_second_name_with_the_same_identifier_is_numbered():
    assert identifiers(["w⁽¹⁾", "w_1", "λ", "lam", "w"]) == {
        "w⁽¹⁾": "w_1",
        "w_1": "w_1_2",
        "λ": "lam",
        "lam": "lam_2",
        "w": "w",
    }


@given(st.text(min_size=1, max_size=6))
def test_every_identifier_can_be_a_keyword_argument(name: str):
    word = identifier(name)
    assert word.isidentifier()
    assert not keyword.iskeyword(word)
    assert unicodedata.normalize("NFKC", word) == word
