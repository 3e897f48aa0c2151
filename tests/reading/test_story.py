"""Documents of every format as statements: what is cut, in what order, of what form, where it stands."""

from __future__ import annotations

import json

import pytest

from tests.counting import LINEAR, growth
from tests.thorough import rounds
from wengert.errors import EquationError
from wengert.notes.reading.forms import FORMS, form_of
from wengert.notes.reading.located import Located
from wengert.notes.reading.normal import PAIRS, normal
from wengert.notes.reading.story import Statement, Story, read_story


def chain(statement: Statement) -> str:
    out = statement.sides[0]
    for relation, side in zip(statement.relations, statement.sides[1:], strict=True):
        out += f" {relation} {side}"
    return " ".join(out.split())


def said(text: str, name: str = "", **more) -> list[str]:
    """The related statements of a text."""
    return [chain(s) for s in read_story(text, name, **more).statements if s.relations]


MARKDOWN = {
    "a display": ("$$z = w x$$", ["z = w x"]),
    "a display over lines": ("$$\nz = w x\n$$", ["z = w x"]),
    "brackets": ("\\[ z = w x \\]", ["z = w x"]),
    "an environment": ("\\begin{align}\nz &= w x \\\\\na &= \\sigma(z)\n\\end{align}", ["z = w x", "a = \\sigma(z)"]),
    "a fence of mathematics": ("```math\nz = w x\n```", ["z = w x"]),
    "a fence of text": ("```text\nz = w x   # the sum\n```", ["z = w x"]),
    "a fence within a list": ("1. first\n\n   ```math\n   z = w x\n   ```\n", ["z = w x"]),
    "a fence without a language": ("```\nz = w x\n```", ["z = w x"]),
    "inline": ("Let $z = w x$, and $a = \\sigma(z)$.", ["z = w x", "a = \\sigma(z)"]),
    "inline over two lines": ("where $z =\nw x$ is the sum", ["z = w x"]),
    "inline in brackets": ("Let \\(z = w x\\) be.", ["z = w x"]),
    "inline of GitHub": ("Let $`z = w x`$ be.", ["z = w x"]),
    "inline of Jekyll": ("where $$z = w x$$ is the sum", ["z = w x"]),
    "code in a line": ("the sum `z = w x + b`", ["z = w x + b"]),
    "a list": ("- $z = w x$\n- $a = \\sigma(z)$", ["z = w x", "a = \\sigma(z)"]),
    "a list without marks": ("* z = w x + b\n* a = σ(z)", ["z = w x + b", "a = σ(z)"]),
    "a table": ("| name | rule |\n|---|---|\n| sum | $z = w x$ |\n| unit | a = σ(z) |", ["z = w x", "a = σ(z)"]),
    "sentences without marks": ("The sum is z = w x + b, and the loss is L = z².", ["z = w x + b", "L = z²"]),
    "a quotation": ("> $$z = w x$$", ["z = w x"]),
    "escaped underscores": ("$z\\_i = w\\_i x$", ["z\\_i = w\\_i x"]),
    "prices": ("It costs $5 and then $10 more, so $z = w x$.", ["z = w x"]),
    "a program": ("```python\nz = w * x\n```\n\n$$a = b$$", ["a = b"]),
    "a comment of the page": ("<!-- $$q = 3$$ -->\n$$z = w x$$", ["z = w x"]),
    "tags": ('<img src="a.png" width="3" alt="q = 3">\n\n$$z = w x$$', ["z = w x"]),
    "addresses": ("[see](https://a.org/?q=3)\n\n$$z = w x$$", ["z = w x"]),
    "a head": ("---\nlayout: x = 3\n---\n$$z = w x$$", ["z = w x"]),
}
LATEX = {
    "environments": (
        "\\begin{gather*} z = w x \\end{gather*}\\begin{eqnarray} a &=& z \\end{eqnarray}",
        ["z = w x", "a = z"],
    ),
    "split": ("\\begin{equation}\\begin{split} z &= w x \\\\ &= x w \\end{split}\\end{equation}", ["z = w x = x w"]),
    "multline": ("\\begin{multline} z = a \\\\ + b \\end{multline}", ["z = a + b"]),
    "inline": ("where $z = w x$ and \\(a = z\\).", ["z = w x", "a = z"]),
    "comments": ("% $q = 3$\n$z = w x$ % $q = 4$", ["z = w x"]),
    "verbatim": ("\\begin{verbatim}\n$q = 3$\n\\end{verbatim}\n$z = w x$", ["z = w x"]),
    "a new command": ("\\newcommand{\\w}{\\mathbf{w}}\n$z = \\w x$", ["z = \\mathbf{w} x"]),
    "a renewed command": ("\\renewcommand{\\w}[1]{w_{#1}}\n$z = \\w{i} x$", ["z = w_{i} x"]),
    "def": (
        "\\def\\pd#1#2{\\frac{\\partial #1}{\\partial #2}}\n$\\pd{L}{w} = x$",
        ["\\frac{\\partial L}{\\partial w} = x"],
    ),
    "gdef": ("$\\gdef\\w{\\omega}$\n$z = \\w x$", ["z = \\omega x"]),
    "an operator": ("\\DeclareMathOperator{\\act}{act}\n$a = \\act(z)$", ["a = \\operatorname{act}(z)"]),
    "a table": ("\\begin{tabular}{ll} sum & $z = w x$ \\\\ unit & $a = z$ \\end{tabular}", ["z = w x", "a = z"]),
    "a list": ("\\begin{itemize}\\item $z = w x$ \\item \\[a = z\\]\\end{itemize}", ["z = w x", "a = z"]),
}
RST = {
    "a directive": ("Title\n=====\n\n.. math::\n\n   z = w x\n\nwords q", ["z = w x"]),
    "its argument": (".. math:: z = w x\n", ["z = w x"]),
    "its options": (".. math::\n   :label: eq\n\n   z = w x\n", ["z = w x"]),
    "its paragraphs": (".. math::\n\n   z = w x\n\n   a = z\n", ["z = w x", "a = z"]),
    "its rows": (".. math::\n\n   z &= w x \\\\\n   &= x w\n", ["z = w x = x w"]),
    "a role": ("Let :math:`z = w x` be.", ["z = w x"]),
    "code": (".. code-block:: python\n\n   q = 3\n\n:math:`z = w x`", ["z = w x"]),
    "a literal block": ("Run::\n\n   q = 3\n\n:math:`z = w x`", ["z = w x"]),
    "a table": ("=====  ==============\nsum    :math:`z = w x`\n=====  ==============\n", ["z = w x"]),
    "a list": ("* :math:`z = w x`\n* :math:`a = z`\n", ["z = w x", "a = z"]),
}
TEXT = {
    "Unicode": ("z = w x + b\na = σ(z)\n∂L/∂w = x", ["z = w x + b", "a = σ(z)", "∂L/∂w = x"]),
    "ASCII": ("z = w*x + b\ndL/dw = (y - t)*x", ["z = w*x + b", "dL/dw = (y - t)*x"]),
    "sentences between": (
        "This is the unit that we train\n\nz = w x\n\nand here is its loss:\n\nL = z²",
        ["z = w x", "L = z²"],
    ),
    "sentences with formulas": ("The sum is z = w x + b. Then L = z² is the loss.", ["z = w x + b", "L = z²"]),
    "a line that goes on": ("z = w x\n  + b\n", ["z = w x + b"]),
    "a row that begins with a relation": ("z = w x\n  = x w\n", ["z = w x = x w"]),
    "hashes before lines": ("# z = w x\n# a = σ(z)", ["z = w x", "a = σ(z)"]),
    "a remark before lines": ("# the square: L = z²\nz = w x   # the sum of a = b", ["z = w x"]),
    "numbered lines": ("(1) z = w x\n2. a = σ(z)", ["z = w x", "a = σ(z)"]),
    "words before": ("hidden layer: h = tanh(z)", ["h = tanh(z)"]),
}
NAMES = {"a.md": MARKDOWN, "a.tex": LATEX, "a.rst": RST, "a.txt": TEXT}
CASES = [(name, case) for name, cases in NAMES.items() for case in cases]


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_document_is_cut_into_its_statements(name: str, case: str):
    text, expected = NAMES[name][case]
    assert said(text, name) == expected


ROWS = {
    r"z = w x, \quad a = \sigma(z)": [r"z = w x", r"a = \sigma(z)"],
    r"z = w x \qquad \text{and} \qquad a = z": ["z = w x", "a = z"],
    r"z = w x \text{ et } a = z": ["z = w x", "a = z"],
    r"z = w x \quad\text{と}\quad a = z": ["z = w x", "a = z"],
    r"z = w x，其中 a = z": ["z = w x", "a = z"],
    r"z = w x 그리고 a = z": ["z = w x", "a = z"],
    r"\text{so wird } z = w x \text{ sowie } a = z": ["z = w x", "a = z"],
    r"z = w x \Rightarrow a = z": ["z = w x", "a = z"],
    r"z = w x \iff a = z": ["z = w x", "a = z"],
    r"z = w x \hspace{1cm} \rightarrow \hspace{0.5in} a = z": ["z = w x", "a = z"],
    r"z &= w x \\ &= x w \\ a &= z": ["z = w x = x w", "a = z"],
    r"z = w x \\ + b": ["z = w x + b"],
    r"z = \left( a \right. \\ \left. + b \right)": [r"z = \left( a + b \right)"],
    r"z = w x \tag{3} \label{eq} \\ a = z \nonumber": ["z = w x", "a = z"],
    r"z = w x \quad \text{for all } i = 1, 2": ["z = w x"],
    r"z = w x \quad \text{if } i = j": ["z = w x"],
    r"z = w x \quad \text{(using } \sum_k t_k = 1\text{)}": ["z = w x"],
    r"z = \begin{pmatrix} a & b \\ c & d \end{pmatrix} x": [r"z = \begin{pmatrix} a & b \\ c & d \end{pmatrix} x"],
    r"\mathbf{z} = \mathbf{W} \mathbf{x}": [r"\mathbf{z} = \mathbf{W} \mathbf{x}"],
    r"\boxed{z = w x}": ["z = w x"],
    r"y = \strange{x} = 2 z": [r"y = \strange{x} = 2 z"],
    r"y = \strange{x} \\ a = z": [r"y = \strange{x}", "a = z"],
    r"y \approx 0.7 = a": [r"y ≈ 0.7 = a"],
    r"f(x) < 1, \quad z = w x": ["f(x) < 1", "z = w x"],
    r"오차_{y} = \frac{d 오차_{y}}{d 가중합}": [r"오차_{y} = \frac{d 오차_{y}}{d 가중합}"],
    r"z＝w（x＋1）": ["z = w(x+1)"],
    r"z_i = w_i x (i = 1, \ldots, n)": ["z_i = w_i x"],
}


@pytest.mark.parametrize("row", ROWS)
def test_a_display_is_cut_into_its_parts(row: str):
    assert said(f"$$\n{row}\n$$") == ROWS[row]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.says}: {pair.example}")
def test_a_pair_writes_its_example_normally(pair):
    part = normal(Located.whole(pair.example), pair.notations[0])
    assert part.text == pair.normal
    assert len(part.places) == len(part.text) + 1
    assert normal(part, pair.notations[0]).text == part.text


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.name}: {form.says}")
def test_a_form_has_its_example_and_not_what_looks_like_it(form):
    (example,) = read_story(f"$${form.example}$$").statements
    (counter,) = read_story(f"$${form.counter}$$").statements
    assert example.form == form.name
    assert counter.form != form.name


FORMED = {
    "w = w - \\eta \\frac{\\partial L}{\\partial w}": "update",
    "w \\leftarrow w - \\eta \\bar w": "update",
    "w += \\Delta w": "update",
    "A = A^T": "open",
    "\\frac{\\partial L}{\\partial w} = \\frac{\\partial L}{\\partial w} x + 1": "open",
    "a \\triangleq \\sigma(z)": "definition",
    "g \\leftarrow \\bar w": "definition",
    "i = 1, \\ldots, n": "comparison",
    "x \\in \\mathbb{R}^n": "comparison",
    "\\bar w": "mention",
}


@pytest.mark.parametrize("text", FORMED)
def test_the_form_of_a_statement(text: str):
    assert [statement.form for statement in read_story(f"$${text}$$").statements] == [FORMED[text]]


def test_what_has_no_form_is_open():
    assert form_of(("z", "w x"), ("=",)) == "open"


@pytest.mark.parametrize("name", NAMES)
def test_places_show_each_side_as_it_was_typed(name: str):
    for text, _ in NAMES[name].values():
        story = read_story(text, name)
        for statement in story.statements:
            for side, place in zip(statement.sides, statement.places, strict=True):
                typed = story.text[place.start : place.end].replace("&", "").replace("\\\\", "")
                if not story.macros:
                    assert "".join(typed.split()) == "".join(side.split())


def test_a_side_from_a_macro_stands_where_the_macro_is_called():
    text = "\\newcommand{\\loss}{\\frac12 z^2}\n$L = \\loss + 1$"
    (statement,) = read_story(text, "a.tex").statements
    place = statement.places[1]
    assert (statement.sides[1], text[place.start : place.end]) == ("\\frac12 z^2 + 1", "\\loss + 1")


def test_kinds_of_blocks():
    story = read_story(
        "Let $a = b$ be.\n\n$$z = w x$$\n\n$c = d$\n\nso q = 3 y here\n\n```python\nr = 3\n```\n", "a.md"
    )
    assert [(chain(s), s.kind) for s in story.statements] == [
        ("a = b", "inline"),
        ("z = w x", "display"),
        ("c = d", "inline"),
        ("q = 3 y", "inline"),
    ]
    (code,) = story.code
    assert (story.text[code.span.start : code.span.end], code.language) == ("r = 3\n", "python")


def test_sections_begin_at_headings():
    markdown = "$a = b$\n# One\n$c = d$\n\nTwo\n===\n$e = f$\n"
    latex = "$a = b$\\section{One}$c = d$\\subsection*{Two}$e = f$"
    rst = ":math:`a = b`\n\nOne\n---\n\n:math:`c = d`\n\nTwo\n~~~\n\n:math:`e = f`\n"
    for text, name in ((markdown, "a.md"), (latex, "a.tex"), (rst, "a.rst")):
        story = read_story(text, name)
        assert [s.section for s in story.statements] == [0, 1, 2]
        assert [section.heading for section in story.sections] == ["", "One", "Two"]


def test_a_chain_does_not_go_on_over_a_heading():
    story = read_story("$$a = b$$\n\n$$= c$$\n\n# Next\n\n$$= d$$\n")
    assert [s.sides for s in story.statements] == [("a", "b", "c"), ("", "d")]


def test_the_words_beside_a_statement():
    (statement,) = read_story("Differentiate. For all $i$ we have $z_i = w x_i$ for $i$ below $n$.").statements[1:2]
    assert (statement.lead, statement.remark) == ("we have", "for")
    (statement,) = read_story("$$z = w x \\quad \\text{for all } x > 0$$").statements
    assert statement.remark.startswith("\\text{for all }")


def test_files_are_read_where_they_are_taken_in():
    files = {
        "forward.tex": "\\subsection{Forward}\n$z = \\vw x$\n\\input{loss}\n",
        "loss.tex": "$L = z^2$\n",
        "ours.sty": "\\newcommand{\\vw}{\\mathbf{w}}",
        "round.tex": "\\input{round}",
    }
    text = "\\documentclass{article}\\usepackage{amsmath,ours}\n\\begin{document}\n\\include{forward}\n\\input{round} \\input{gone}\n$a = z$\n\\end{document}"
    story = read_story(text, "main.tex", files.get)
    assert [chain(s) for s in story.statements] == ["z = \\mathbf{w} x", "L = z^2", "a = z"]
    assert [story.where(s.span.start) for s in story.statements] == [
        ("forward", 2, 2),
        ("loss", 1, 2),
        ("main.tex", 5, 2),
    ]
    assert "vw" in story.macros


def test_cells_of_a_notebook_are_one_story_and_its_code_stands_apart():
    cells = [
        {"cell_type": "markdown", "source": ["# Unit\n", "$$z = w x$$"]},
        {"cell_type": "code", "source": "z = w @ x", "outputs": [{"text": "q = 3"}]},
        {"cell_type": "markdown", "source": "Then $L = z^2$."},
    ]
    story = read_story(json.dumps({"cells": cells, "metadata": {}}), "a.ipynb")
    assert [chain(s) for s in story.statements] == ["z = w x", "L = z^2"]
    assert story.where(story.statements[1].span.start) == ("cell 3", 1, 7)
    assert [story.text[c.span.start : c.span.end] for c in story.code] == ["z = w @ x\n"]


def test_what_is_no_notebook_is_refused_with_three_lines():
    with pytest.raises(EquationError, match="This notebook cannot be read"):
        read_story("{ no", "a.ipynb")


def test_the_comments_of_a_program_are_its_story():
    text = 'def forward(x):\n    """The unit.\n\n    z = w x + b\n    """\n    q = x\n'
    assert said(text, "a.py") == ["z = w x + b"]
    assert said(text) == ["z = w x + b"]


def test_a_display_that_is_not_closed_ends_at_a_blank_line():
    story = read_story("$$z = w x\n\nwords\n\n$$a = z$$\n")
    assert [fault.what for fault in story.faults] == ["This display formula '$$' is not closed."]
    assert [chain(s) for s in story.statements] == ["a = z"]


def test_a_document_of_ten_megabytes_is_refused():
    with pytest.raises(EquationError, match="documents of more than 1,048,576 are not read"):
        read_story("a" * 10_000_000)


PARTS = (
    "Let $z = w x$ be, and so $a = \\sigma(z)$.\n",
    "$$\n\\begin{aligned} z &= w x \\\\ a &= \\strange{z} \\end{aligned}\n$$\n\n",
    "so z = w x + b here\n- a = σ(z)\n",
    "$$ z = \\( \\[ \\begin{align} ` `` $ \n",
    "\\newcommand{\\w}{w}\n$z = \\w$\n",
    "# z = 3\n| a | b = c |\n",
    "(((( [[[[ {{{{ z = ",
)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", ["a.md", "a.tex", "a.rst", "a.txt"])
def test_the_work_is_linear_in_the_length(part: str, name: str):
    def of(size: int):
        text = part * size
        return lambda: read_story(text, name)

    assert growth(of, rounds(40, 100)) < LINEAR


def test_every_text_has_a_story():
    signs = (
        "$$",
        "$",
        "\\[",
        "\\]",
        "z = w",
        "\n\n",
        "`",
        "```",
        "{",
        "}",
        "\\begin{align}",
        "\\end{align}",
        "=",
        "&",
        "\\\\",
        "|",
        "# ",
    )
    for k, one in enumerate(signs):
        for other in (*signs[k:], *signs[:k]):
            for last in signs[:6]:
                for name in NAMES:
                    assert isinstance(read_story(one + other + last + one, name), Story)


def test_a_chain_with_equals_signs_at_the_ends_of_its_lines_is_one() -> None:
    text = "$$\n\\frac{\\partial E}{\\partial u} =\n\\sum_k\n\\frac{\\partial E}{\\partial v_k}\n\\frac{\\partial v_k}{\\partial u} =\n\\sum_k r_k c_k\n$$"
    (statement,) = read_story(text, "page.md").statements
    assert len(statement.sides) == 3
