"""Documents: display mathematics and fenced blocks are equations, the rest is prose."""

from __future__ import annotations

import pytest

from wengert.errors import EquationError
from wengert.notes.notation import unicode
from wengert.notes.reading.equations import read_equations
from wengert.notes.reading.story import read_story

MARKDOWN = """# A unit

Inline $z = 1$ is prose, and so is this: y = 2.

$$z = wx + b \\quad (1)$$

```python
q = 3
$$ no $$
```

```text
y = σ(z)     # text in a fence
L = ½ (y − t)²
```

\\[ R = \\frac12 w^2 \\]

\\begin{align*}
  J &= L + \\lambda R && \\text{all of it}
\\end{align*}
"""


def test_a_markdown_document_is_one_system():
    reading = read_equations(read_story(MARKDOWN))
    assert [unicode.show(line) for line in reading.lines] == [
        "z = w x + b",
        "y = σ(z)",
        "L = ½ (y − t)²",
        "R = ½ w²",
        "J = L + λ R",
    ]


def test_spans_point_into_the_document():
    line = read_equations(read_story(MARKDOWN)).lines[3]
    assert MARKDOWN[line.span.start : line.span.end].strip() == "R = \\frac12 w^2"


def test_errors_show_the_documents_line():
    with pytest.raises(EquationError) as caught:
        read_equations(read_story("# Title\n\n$$z = w x + b$$\n\n$$y = \\sigma(z$$\n"))
    assert caught.value.where.startswith("  line 5: $$y = \\sigma(z$$")


def test_a_display_that_is_not_closed():
    with pytest.raises(EquationError, match="This display formula '\\$\\$' is not closed"):
        read_equations(read_story("text\n$$ z = w x\n"))


def test_a_latex_file_without_displays_is_mathematics_as_a_whole():
    reading = read_equations(read_story("z = wx + b \\\\\ny = \\sigma(z)\n"))
    assert [unicode.show(line) for line in reading.lines] == ["z = w x + b", "y = σ(z)"]


def test_a_latex_article_gives_its_displays():
    text = "\\documentclass{article}\n\\begin{document}\nLet $x$ be given.\n\\begin{equation}\\label{a}\nz = w x\n\\end{equation}\n\\end{document}\n"
    assert [unicode.show(line) for line in read_equations(read_story(text)).lines] == ["z = w x"]


def test_sentences_between_plain_lines_are_stepped_over():
    text = "This is the unit that we train on every example\n\nz = w x + b\n\nand the loss of one of the examples\n\nL = z²\n"
    assert [unicode.show(line) for line in read_equations(read_story(text)).lines] == ["z = w x + b", "L = z²"]


def test_a_line_that_looks_like_an_equation_is_never_stepped_over():
    with pytest.raises(EquationError):
        read_equations(read_story("z = w x + b\nL = z² +\n"))


def test_a_document_of_ten_megabytes_is_refused():
    with pytest.raises(EquationError, match="documents of more than 1,048,576 are not read"):
        read_equations(read_story("a" * 10_000_000))


ROWS = (
    r"L &= -t \log y \\ &\quad - (1-t) \log (1-y)",
    r"L &= -t \log y \\ &{} - (1-t) \log (1-y)",
    r"L ={}& -t \log y - \\ & (1-t) \log (1-y)",
    r"L &= -\Bigl( t \log y \notag \\ & \qquad + (1-t) \log (1-y)\Bigr)",
    r"L &= -\left( t \log y \right. \\ & \left. + (1-t) \log (1-y)\right)",
    r"L &= \begin{multlined}[t] -t \log y \\ - (1-t) \log (1-y) \end{multlined}",
)
"""One equation over two rows, as people break it."""


@pytest.mark.parametrize("rows", ROWS)
def test_an_equation_goes_on_in_the_next_row(rows: str):
    reading = read_equations(read_story(f"\\begin{{align}} y &= \\sigma(z) \\\\ {rows} \\\\ q &= 2 \\end{{align}}"))
    left = [unicode.show(line).split(" = ")[0] for line in reading.lines]
    (right,) = reading.lines[1].rights
    assert left == ["y", "L", "q"]
    assert unicode.show(right) in (
        "−t log y − (1 − t) log(1 − y)",
        "−(t log y + (1 − t) log(1 − y))",
    )


@pytest.mark.parametrize("sign", ["-", "−", "+"])
def test_a_line_of_plain_text_that_begins_with_a_sign_goes_on_with_the_one_before(sign: str):
    reading = read_equations(read_story(f"params w\nz = w x\n    {sign} (1 − w) log x\nL = z²\n"))
    shown = [unicode.show(line) for line in reading.lines]
    assert shown == [f"z = w x {sign.replace('-', '−')} (1 − w) log x", "L = z²"]


def test_words_behind_a_dash_do_not_go_on_with_an_equation():
    reading = read_equations(read_story("z = w x\n- where the weights are drawn at random\nL = z²\n"))
    assert [unicode.show(line) for line in reading.lines] == ["z = w x", "L = z²"]


UNMARKED = {
    "z = w x + b\ny = σ(z)   # of the unit": True,
    "Forward:\n\n1. z = w x\n   = Σ_i w_i x_i\n-----\nhidden layer: h = tanh(z)": True,
    "\\hat y = \\sigma(w x)": True,
    "loss = 0.25\nepoch = 3": False,
    "z = W @ x\nprint(z)": False,
    "x = np.dot(a, b)": False,
    "for (int i = 0; i < n; ++i) {\n  s = s + x;\n}": False,
    "$ wengert check a.md\nz = w x": False,
    "x --> z = w x": False,
    "z = w x\nTraceback: 3, {a}": False,
}


@pytest.mark.parametrize("block", UNMARKED)
def test_a_block_without_a_language_is_read_where_it_holds_equations_and_no_code(block: str):
    text = f"# Notes\n\n```\n{block}\n```\n"
    story = read_story(text)
    assert [text[start:end].strip() for start, end in story.displays] == ([block] if UNMARKED[block] else [])
    assert [text[code.span.start : code.span.end].strip() for code in story.code] == (
        [] if UNMARKED[block] else [block]
    )


PROSE = (
    "# Title\n\nThe signal comes\nfrom the loss.\n\n$$z = w x + b$$\n",
    "# Title\n\n$$z = w x + b$$\n\n```python\nimport numpy as np\n```\n",
    "# Title\n\nclass labels are t, and the weights are the numbers that we train.\n\n    z = w x + b\n",
)


@pytest.mark.parametrize("text", PROSE)
def test_sentences_and_displays_are_no_program(text: str):
    assert [statement.sides for statement in read_story(text).statements] == [("z", "w x + b")]


def test_of_a_program_only_the_comments_are_read():
    text = 'import numpy as np\n\ndef forward(x):\n    """The unit.\n\n    z = w x + b\n    """\n    q = x\n'
    assert [unicode.show(line) for line in read_equations(read_story(text)).lines] == ["z = w x + b"]
