"""Macros of a LaTeX document are expanded before anything else reads it, and errors point at the text as it was written."""

from __future__ import annotations

import pytest

from wengert.errors import EquationError
from wengert.notes.notation.macros import expand


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        (r"\newcommand{\R}{\mathbb{R}}x \in \R", r"x \in \mathbb{R}"),
        (r"\newcommand\w{\mathbf w}\w^\top x", r"\mathbf w^\top x"),
        (r"\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}}\pd{L}{w}", r"\frac{\partial L}{\partial w}"),
        (
            r"\newcommand{\g}[2][L]{\partial #1/\partial #2}\g{w} \g[E]{v}",
            r"\partial L/\partial w \partial E/\partial v",
        ),
        (r"\def\pd#1#2{(#1|#2)}\pd ab \pd{x}{y z}", r"(a|b) (x|y z)"),
        (r"\DeclareMathOperator{\relu}{ReLU}\relu(z)", r"\operatorname{ReLU}(z)"),
        (r"\DeclareMathOperator*{\best}{arg\,max}\best_k z", r"\operatorname{arg\,max}_k z"),
        (r"\DeclarePairedDelimiter{\size}{\lvert}{\rvert}\size*{x}", r"\lvert x \rvert"),
        (r"\let\eps\varepsilon\eps", r"\varepsilon"),
        (r"\newcommand{\a}{b}\newcommand{\c}{\a\a}\c x \ac", r"bb x \ac"),
        (r"\newcommand{\R}{\mathbb}\R R", r"\mathbb R"),
        (r"\newcommand{\x}{\alpha}\x y", r"\alpha y"),
        ("% \\newcommand{\\a}{b}\n\\a", "% \\newcommand{\\a}{b}\n\\a"),
        (r"\pdv{L}{w} + \norm{x}", r"\frac{\partial L}{\partial w} + \lVert x \rVert"),
        (r"\newcommand{\norm}[1]{|#1|}\norm{x}", r"|x|"),
        ("no macros at all", "no macros at all"),
    ],
)
def test_what_a_macro_stands_for(text: str, expanded: str):
    assert expand(text).text == expanded


def test_what_a_macro_brings_stands_where_it_is_called():
    text = r"\newcommand{\sq}[1]{(#1)^2}y = \sq{x + 1} + z"
    found = expand(text)
    call, behind = text.index(r"\sq{x"), text.index(" + z")
    at = found.text.index("(x + 1)")
    assert found.place(at) == call
    assert text[found.place(at + 1)] == "x"
    assert found.place(found.text.index("2")) == behind - 1
    assert text[found.place(found.text.index("z"))] == "z"


@pytest.mark.parametrize(
    "text",
    [
        r"\newcommand{\a}{\a}\a",
        r"\newcommand{\a}{\b\b}\newcommand{\b}{\a\a}\a",
        "".join(
            rf"\newcommand{{\{a}}}{{\{b}\{b}}}"
            for a, b in zip("abcdefghijklmnopqrs", "bcdefghijklmnopqrst", strict=True)
        )
        + r"\a",
    ],
)
def test_macros_without_end_are_an_error_at_the_call(text: str):
    with pytest.raises(EquationError) as caught:
        expand(text)
    assert "without end" in caught.value.what
