"""Canonical names and the Python identifiers that stand for them."""

from __future__ import annotations

import keyword
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wengert.notation.names import Parts, identifier, identifiers, join, split


@pytest.mark.parametrize(
    ("name", "parts", "word"),
    [
        ("w", Parts("w"), "w"),
        ("w⁽¹⁾", Parts("w", "1"), "w_1"),
        ("w⁽ˡ⁾", Parts("w", "l"), "w_l"),
        ("L_reg", Parts("L", "", "reg"), "L_reg"),
        ("w_0", Parts("w", "", "0"), "w_0"),
        ("θ⁽¹⁾_old", Parts("θ", "1", "old"), "theta_1_old"),
        ("λ", Parts("λ"), "lam"),
        ("ℓ", Parts("ℓ"), "ell"),
        ("X\u0302", Parts("X\u0302"), "X_hat"),
        ("x\u0304", Parts("x\u0304"), "x_mean"),
        ("c'", Parts("c", primes=1), "c_prime"),
        ("w⋆", Parts("w⋆"), "w_star"),
        ("d_+", Parts("d", "", "+"), "d_plus"),
        ("h_t−1", Parts("h", "", "t−1"), "h_t_minus1"),
        ("if", Parts("if"), "if_"),
    ],
)
def test_parts_and_identifiers(name: str, parts: Parts, word: str):
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
