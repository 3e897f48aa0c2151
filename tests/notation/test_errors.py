"""What cannot be read is said in three parts: what is wrong, the user's line with a caret, what to write instead."""

from __future__ import annotations

import re

import pytest

from wengert.errors import EquationError
from wengert.notes.notation.expr import Product, Ref
from wengert.notes.notation.reader import read, read_expression, read_name


def parts(text: str, **options: str) -> tuple[str, list[str], str]:
    with pytest.raises(EquationError) as caught:
        read(text, **options)
    error = caught.value
    return error.what, error.where.splitlines(), error.repair


SENTENCES = {
    "y = w x + (b": ("This '(' is not closed.", "            ^", "Write the ')' that closes it."),
    "y = w x) + b": ("This ')' closes nothing.", "         ^", "Remove it, or write the bracket that it closes."),
    "y = (w x] + b": ("This '(' is not closed.", "      ^", "Write the ')' that closes it."),
    "y = w x +": ("The expression ends too early.", "           ^", "Complete it."),
    "y = w + + x": ("Two signs stand side by side.", "          ^", "Put the second one in brackets:  a + (−b)"),
    "y = 2 3": ("Two numbers stand side by side.", "        ^", "Write '2 · 3', or a decimal point."),
    "y = sin": ("The function 'sin' is not applied to anything.", "      ^^^", "Write:  sin(x)"),
    "y = Σ x_i": ("This needs an index letter.", "      ^", "Write, for example:  Σ_j w_j x_j"),
    "y = sin⁻¹(x)": ("'sin⁻¹' can mean the inverse function or the reciprocal.", "      ^^^^^", "Write 'arcsin(x)' or '1/sin(x)'."),
    "y =": ("Nothing stands after this equals sign.", "    ^", "Write the right side."),
    "= w x": ("The left side is missing.", "  ^", "Write a quantity before the equals sign."),
    "w x + b": ("This line has no equals sign.", "  ^^^^^^^", "Write 'name = expression', or put remarks after '#'."),
    "w + x = b": ("The left side must be one quantity.", "  ^^^^^", "Write it solved for the name:  name = expression"),
    "y = z if z > 0": ("A condition stands outside a brace.", "        ^^", "Write, for example:  { a if c; b otherwise }"),
    "y = |x": ("This '|' is not closed.", "      ^", "Write the second '|'."),
    "y = x_": ("Nothing stands after '_' here.", "       ^", "Write an index or an exponent after it."),
    "y = max(x)": ("'max' has 1 here; it takes two or more arguments, or an index as in 'max_j x_j'.", "      ^^^^^^", "Give it two or more arguments, or an index as in 'max_j x_j'."),
    "y = w⁽¹ x": ("The label bracket '⁽' is not closed.", "       ^", "Write '⁾' after the label:  w⁽¹⁾"),
    "y > 0": ("This compares and defines nothing.", "    ^", "Write:  name = expression"),
}  # fmt: skip


@pytest.mark.parametrize("text", SENTENCES)
def test_sentences(text: str):
    what, where, repair = parts(text)
    assert (what, where, repair) == (SENTENCES[text][0], ["  " + text, SENTENCES[text][1]], SENTENCES[text][2])


def test_an_unknown_command_is_named_with_a_near_one():
    what, where, repair = parts(r"y = \sigm(z)")
    assert what == "The LaTeX command '\\sigm' is not known."
    assert where == ["  y = \\sigm(z)", "      ^^^^^"]
    assert repair.startswith("Did you mean '\\sigma'?")


def test_an_unknown_environment():
    assert parts(r"\begin{case} x \end{case}")[2] == "Did you mean 'cases'?"


def test_an_unclosed_brace_is_shown_at_its_opening():
    what, where, _ = parts("y = \\frac{1}{2 \\\\ z = x")
    assert what == "This '{' is not closed."
    assert where[1].index("^") == where[0].index("{2")


def test_the_caret_counts_display_cells():
    assert parts("ȳ = w̄ (x")[1] == ["  ȳ = w̄ (x", "        ^"]


def test_the_line_number_is_given_when_there_are_several_lines():
    _, where, _ = parts("z = w x\ny = σ(z\nL = y")
    assert where[0].startswith("  line 2: y = σ(z")


def test_a_long_line_is_shown_around_the_place():
    _, where, _ = parts("y = " + "w x + " * 400 + ") + b")
    assert len(where[0]) < 130
    assert where[0][where[1].index("^")] == ")"


def test_a_set_under_a_sum_is_refused():
    assert parts(r"y = \sum_{j \in \text{Ch}(v)} x_j")[0] == "A sum over a set is not read."


@pytest.mark.parametrize("text", ["y = x ⊗ z", "y = x ⊕ z + 1", "y = x ± z", "y = ∫ x dx", r"y = x \pm z"])
def test_a_sign_that_is_not_read_begins_no_remark(text: str):
    assert re.fullmatch("The sign '.' is not read.", parts(text)[0])


@pytest.mark.parametrize("text", ["y = w x ∀ x", "∴ y = w x", "→ y = w x", "y = w x ⇒ then y"])
def test_signs_of_the_prose_around_an_equation_are_stepped_over(text: str):
    (line,) = read(text).lines
    assert (line.left, line.rights) == (Ref("y"), (Product((Ref("w"), Ref("x"))),))


def test_nothing_to_read():
    assert parts("")[0] == parts("  \n# only a remark\n")[0] == "There are no equations here."


@pytest.mark.parametrize("data", ["\x89PNG\r\n\x1a\n\0\0\0", "\0" * 100, "y = \ufffd\ufffd"])
def test_binary_data_is_named(data: str):
    assert "which is no text" in parts(data)[0]


# limits


def test_too_long_a_text():
    assert parts("x" * 70_000)[0] == "The text has 70,000 characters; equations of more than 65,536 are not read."


def test_ten_megabytes_are_refused_at_once():
    assert "characters" in parts("y = x + x\n" * 1_000_000)[0]


def test_too_many_signs():
    assert parts("y = " + "x + " * 11_000)[0] == "The equations have more than 20,000 signs."


def test_brackets_two_hundred_deep_are_read_and_more_are_not():
    assert read("y = " + "(" * 200 + "x" + ")" * 200).lines
    assert parts("y = " + "(" * 201 + "x" + ")" * 201)[0] == "Brackets nest deeper than 200 levels here."


@pytest.mark.parametrize("text", ["y = " + "sin " * 300 + "x", "y = " + "x / " * 300 + "x", "y = " + "Σ_i " * 300 + "x", "y = " + "a + b (" * 190 + "x" + ")" * 190])  # fmt: skip
def test_nesting_without_brackets_has_the_same_limit(text: str):
    assert parts(text)[0].startswith("The expression nests deeper than 200 levels")


def test_long_numbers():
    assert read("y = " + "9" * 400).lines
    assert parts("y = " + "9" * 401)[0] == parts("y = 1e99999")[0] == "This number has more than 400 digits."


def test_a_tower_of_powers_is_not_computed():
    assert read("y = 9^(9^(9^(9^9)))").lines


# guesses are warnings


def test_a_bar_in_a_forward_system_is_an_accent_with_a_warning():
    reading = read("x̄ = μ + 1\ny = 2 x̄")
    assert reading.lines[0].left.name == "x\u0304"
    assert not reading.lines[0].left.barred
    assert reading.warnings[0].splitlines() == [
        "The bar over 'x' is read as part of the name, because 'x' has no line before this one.",
        "  line 1: x̄ = μ + 1",
        "          ^",
        "If it is an error signal, give the equations in which 'x' stands first.",
    ]


def test_a_bar_after_the_quantity_was_used_is_an_error_signal():
    reading = read("z = w x\nL = z²\nz̄ = 2 z\nw̄ = z̄ x")
    assert [line.left.barred for line in reading.lines] == [False, False, True, True]
    assert reading.warnings == ()


def test_words_after_a_gap_are_a_remark_with_a_warning():
    reading = read("P = softmax(S)     (over each row)")
    assert reading.lines[0].notes == ("(over each row)",)
    assert len(reading.warnings) == 1


# names on the command line


@pytest.mark.parametrize(("text", "name"), [("w^(1)", "w⁽¹⁾"), ("w⁽¹⁾", "w⁽¹⁾"), ("L_reg", "L_reg"), ("lambda", "λ"), ("w", "w"), ("w_0", "w_0"), (r"\lambda", "λ"), ("Xhat", "X\u0302")])  # fmt: skip
def test_names_as_on_a_command_line(text: str, name: str):
    assert read_name(text).name == name


@pytest.mark.parametrize("text", ["w + x", "3", "", "w x", "(w)"])
def test_what_is_no_name_is_refused(text: str):
    with pytest.raises(EquationError):
        read_name(text)


def test_an_expression_in_the_context_of_its_system():
    context = read("z_i = Σ_j w_ij x_j\nL = Σ_i z_i²").symbols
    assert read_expression("w_ij", context).indices is not None
