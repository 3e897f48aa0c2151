"""Whatever the text is, the reader gives lines or an EquationError of three parts, and fast."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.counting import LINEAR, calls, growth
from tests.notation.helpers import corpus, halves
from tests.thorough import rounds
from wengert.errors import EquationError
from wengert.notes.notation import latex, layout, unicode
from wengert.notes.notation.reader import Page, read, read_expression, read_name
from wengert.notes.reading.equations import read_equations
from wengert.notes.reading.story import read_story

BLOCKS = [half for pair in corpus("ABCDEFGHI").values() for block in pair for half in halves(block)]
SIGNS = [
    *"abcxyzWXLTdeijk0123456789+-*/=(){}[]|_^,;:. \n'\\&$%#<>!ΣΠ√∂∇½²⁻ᵀ⁽¹⁾₀ᵢ‖⟦⟧𝟏∘·−≤∈ℝσλμé한…⊙\u0304\u0302\ud800\0",
    *(
        r"\frac",
        r"\sum_",
        r"\bar",
        r"\overline",
        r"\mathbf",
        r"\text{",
        r"\begin{cases}",
        r"\end{cases}",
        r"\left",
        r"\right",
        r"\\",
    ),
    *(
        "if ",
        "otherwise",
        "log ",
        "sum_j ",
        r"\quad",
        "^{(1)}",
        r"\hat",
        r"\sqrt",
        "for ",
        "assume ",
        "params ",
        "exp(",
        "max(",
        "∂L/∂",
    ),
]


def outcome(function: Callable[[], object]) -> object:
    """What a reading gives; an EquationError must have its parts, and no other exception is caught."""
    try:
        return function()
    except EquationError as caught:
        error = caught
    assert error.what
    assert error.repair
    return None


def attempt(text: str, syntax: str | None) -> None:
    """Read and print; the only exception is an error with its three parts."""
    reading = outcome(lambda: read(text, syntax=syntax))
    if not isinstance(reading, Page):
        return
    for line in reading.lines:
        unicode.show(line)
        unicode.show(line, ascii=True)
        latex.show(line, reading.symbols)
        layout.render(line)
    for declaration in reading.declarations:
        unicode.show(declaration)
        latex.show(declaration)


def mutated(text: str, chance: random.Random) -> str:
    signs = list(text)
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(signs) + 1)
        kind = chance.randrange(4)
        if kind == 0:
            signs[place:place] = [chance.choice(SIGNS)]
        elif kind == 1:
            del signs[place : place + chance.randint(1, 3)]
        elif kind == 2:
            start = chance.randrange(len(signs) + 1)
            signs[place:place] = signs[start : start + chance.randint(1, 12)]
        else:
            signs[place : place + 1] = [chance.choice(SIGNS)]
    return "".join(signs)


@settings(max_examples=rounds(70, 200), deadline=None)
@given(st.lists(st.sampled_from(SIGNS), max_size=60).map("".join), st.sampled_from([None, "text", "latex"]))
def test_random_signs(text: str, syntax: str | None):
    attempt(text, syntax)


@settings(max_examples=rounds(50, 150), deadline=None)
@given(st.text(max_size=80), st.sampled_from([None, "text", "latex"]))
def test_random_characters(text: str, syntax: str | None):
    attempt(text, syntax)


@settings(max_examples=50, deadline=None)
@given(st.text(st.sampled_from("x_^({[ⁿ'w⁽¹⁾=bar\\σ|-+$`~\n"), max_size=40))
def test_names_expressions_and_documents(text: str):
    for function in (read_name, read_expression, lambda text: read_equations(read_story(text))):
        outcome(lambda function=function: function(text))


def test_mutations_of_the_corpus_take_no_longer_than_the_corpus():
    chance = random.Random(7)

    def work(text: str, syntax: str | None) -> int:
        return calls(lambda: attempt(text, syntax))

    whole = sorted(work(text, None) for text in BLOCKS)
    mutants = sorted(
        work(mutated(chance.choice(BLOCKS), chance), chance.choice([None, "text", "latex"]))
        for _ in range(rounds(200, 1200))
    )
    assert mutants[int(0.99 * len(mutants))] < whole[-1]


NESTS = {
    "round brackets": ("text", "(", ")"),
    "functions": ("text", "exp(", ")"),
    "two arguments": ("text", "max(0, ", ")"),
    "roots": ("text", "√(", ")"),
    "powers": ("text", "2^(", ")"),
    "sums": ("text", "Σ_i (", ")"),
    "conditions": ("text", "⟦", " > 0⟧"),
    "cases": ("text", "{ x if x > 0; ", ""),
    "braces": ("latex", "{", "}"),
    "sized brackets": ("latex", r"\left(", r"\right)"),
    "fractions": ("latex", r"\frac{1}{", "}"),
    "roots of LaTeX": ("latex", r"\sqrt{", "}"),
    "derivatives": ("latex", r"\frac{\partial}{\partial x} (", ")"),
}


@pytest.mark.parametrize("name", NESTS)
def test_what_stands_inside_of_each_other_is_read_in_linear_time(name: str):
    """What is read twice at every level, to see what it is, would be read 256 times at 8 of them."""
    syntax, opening, closing = NESTS[name]
    assert growth(lambda n: lambda: attempt(f"y = {opening * n}x{closing * n}", syntax), 4) < LINEAR


def test_mutated_backward_passes_in_the_context_of_their_system():
    chance = random.Random(8)
    for plain, _ in corpus("ABCD").values():
        forward, backward = halves(plain)
        if forward.startswith("A x"):
            continue
        symbols = read(forward).symbols
        for _ in range(rounds(4, 10)):
            text = mutated(backward, chance)
            outcome(lambda text=text, symbols=symbols: read(text, context=symbols))
