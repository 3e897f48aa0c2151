"""What is printed is read back as the same tree: in Unicode, in ASCII and in LaTeX."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import pytest
from hypothesis import given, settings

from tests.notation.helpers import corpus, halves
from tests.notation.trees import SYMBOLS, trees
from tests.thorough import rounds
from wengert.notes.notation import latex, unicode
from wengert.notes.notation.expr import Cases, Compare, Expr, Indicator, Line, Num, Ones, Product
from wengert.notes.notation.reader import Page, read, read_expression


@settings(max_examples=rounds(90, 300), deadline=None)
@given(trees)
def test_unicode_is_read_back(tree: Expr):
    assert read_expression(unicode.show(tree, symbols=SYMBOLS), SYMBOLS, syntax="text") == tree


@settings(max_examples=rounds(90, 300), deadline=None)
@given(trees)
def test_ascii_is_ascii_and_is_read_back(tree: Expr):
    text = unicode.show(tree, ascii=True, symbols=SYMBOLS)
    assert text.isascii()
    assert read_expression(text, SYMBOLS, syntax="text") == tree


@settings(max_examples=rounds(90, 300), deadline=None)
@given(trees)
def test_latex_is_read_back(tree: Expr):
    assert read_expression(latex.show(tree, SYMBOLS), SYMBOLS, syntax="latex") == tree


@cache
def readings(entry: str) -> list[Page]:
    out: list[Page] = []
    for block, syntax in zip(corpus("ABCDEFGHI")[entry], ("text", "latex"), strict=True):
        forward, backward = halves(block)
        first = read(forward, syntax=syntax)
        out += [first, read(backward, syntax=syntax, context=first.symbols)]
    return out


@pytest.mark.parametrize("entry", corpus("ABCDEFGHI"))
@pytest.mark.parametrize("form", ["unicode", "ascii", "latex"])
def test_every_line_of_the_corpus_is_read_back(entry: str, form: str):
    for reading in readings(entry):
        for line in reading.lines:
            text = (
                latex.show(line, reading.symbols)
                if form == "latex"
                else unicode.show(line, form == "ascii", reading.symbols)
            )
            again = read(text, syntax="latex" if form == "latex" else "text", context=reading.symbols).lines
            assert [(a.left, a.rights) for a in again] == [(line.left, line.rights)], text


def line_of(text: str) -> Line:
    return read(text).lines[-1]


ABOVE = Compare(op=">", left=Ones(), right=Num(Fraction(0)))


@pytest.mark.parametrize("condition", [Indicator(ABOVE), Cases(((Ones(), ABOVE), (Ones(), None)))])
def test_the_ones_vector_before_a_condition_is_read_back(condition: Expr):
    tree = Product((Ones(), condition))
    assert read_expression(unicode.show(tree, symbols=SYMBOLS), SYMBOLS, syntax="text") == tree
    assert read_expression(latex.show(tree, SYMBOLS), SYMBOLS, syntax="latex") == tree
