"""Each error of the reader says where it is as a place in the text, and where one change mends it, what change that is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import wengert as wg
from tests.notation.helpers import corpus, halves
from tests.thorough import rounds
from wengert.errors import EquationError, place

ENTRIES = corpus("ABCDEFGHIJ")
HIDDEN_LAYER = (Path(__file__).parents[2] / "examples" / "hidden_layer.txt").read_text(encoding="utf-8")
STEP = rounds(13, 1)
"""So many characters are typed between two looks."""


def error_of(text: str) -> EquationError | None:
    try:
        wg.equations(text)
    except EquationError as error:
        return error
    return None


def faults(text: str, step: int) -> list[str]:
    """Where the errors of the beginnings of a text have no place in it, or another than their caret."""
    wrong: list[str] = []
    for end in (*range(0, len(text), step), len(text)):
        typed, error = text[:end], error_of(text[:end])
        if error is None:
            continue
        if error.span is None or not 0 <= error.span[0] <= error.span[1] <= end:
            wrong.append(f"{end}: {error} {error.span}")
        elif "^" in error.where and place(typed, *error.span) != error.where:
            wrong.append(f"{end}: {error}\nis not at\n{place(typed, *error.span)}")
    return wrong


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("syntax", [0, 1], ids=["text", "latex"])
def test_every_error_in_a_beginning_of_an_entry_has_its_place(entry: str, syntax: int) -> None:
    assert faults(halves(ENTRIES[entry][syntax])[0], STEP) == []


def test_every_error_in_a_beginning_of_a_document_has_its_place() -> None:
    assert faults(HIDDEN_LAYER, rounds(2, 1)) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n",
        "\0",
        "z" * 70_000,
        "z⁽¹⁾_i = Σ_j w_ij x_j\n\nL = z\n\nz = w x\nM = z²",
        r"\begin{align}",
        "# only a remark",
    ],
)
def test_what_is_no_equation_has_a_place_too(text: str) -> None:
    error = error_of(text)
    assert error is None or (error.span is not None and 0 <= error.span[0] <= error.span[1] <= len(text))


FIXES = {
    "y = w x + (b": "y = w x + (b)",
    "y = w x) + b": "y = w x + b",
    "y = |x": "y = |x|",
    "y = ‖x + b": "y = ‖x + b‖",
    "y = 2 3 x": "y = 2 · 3 x",
    "y = w⁽¹ x": "y = w⁽¹⁾ x",
    "z = w x\ny = foo(z)": "z = w x\nfoo: function\ny = foo(z)",
    r"y = \sigm(z)": r"y = \sigma(z)",
    r"y = \sqr{z}": r"y = \sqrt{z}",
    "\\begin{alignd}\ny &= z\n\\end{alignd}": None,
    "y = w x +": None,
    "y =": None,
}


@pytest.mark.parametrize("text", FIXES)
def test_a_change_that_mends_an_error_is_said(text: str) -> None:
    error = error_of(text)
    assert error is not None
    mended = None if error.fix is None else error.fix.applied(text)
    if FIXES[text] is not None:
        assert mended == FIXES[text]
        assert error_of(FIXES[text] or "") is None
    else:
        assert mended is None or re.match(r"\\begin\{aligned\}", mended)


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_change_that_is_offered_while_typing_moves_the_error_on(entry: str) -> None:
    """After it the same error does not stand at the same place."""
    text = halves(ENTRIES[entry][0])[0]
    for end in range(1, len(text), STEP):
        error = error_of(text[:end])
        if error is not None and error.fix is not None:
            after = error_of(error.fix.applied(text[:end]))
            assert after is None or (after.what, after.span) != (error.what, error.span), text[:end]
