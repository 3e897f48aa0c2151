"""Lines of one's own under equations in another notation: each is read as it is written, and judged at its own place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.derive.corpus import entries
from tests.thorough import everyday
from wengert.blackboard.content import Content
from wengert.blackboard.own_lines import together

EXAMPLES = Path(__file__).parents[2] / "examples"
SMALL = "y = w x\nL = ½ (y − t)²\n"
MARK = re.compile(r"\\htmlData\{q=\w+\}\{((?:[^{}]|\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})*)\}")
CANCELS = "E39"
"""Its backward pass has a bar that is 0 but for rounding, beside which a line that says 0 is judged by that rounding."""


def judged(text, lines):
    (reply,) = Content().reply({"type": "judge", "text": text, "lines": lines})
    return reply


def verdicts(text, lines):
    return [(row["line"], row["status"]) for row in judged(text, lines)["rows"]]


def derived(text):
    """What the board derives, as plain text and in LaTeX."""
    (found,) = [reply for reply in Content().edit(text) if reply["type"] == "backward"]
    lines = [line for bar in found["backward"] for line in bar["lines"]]
    tex = "\n".join(line["tex"] for line in lines)
    while MARK.search(tex):
        tex = MARK.sub(r"\1", tex)
    return {"text": "\n".join(line["text"] for line in lines), "latex": tex}


@pytest.mark.parametrize("own", ["text", "latex"])
@pytest.mark.parametrize("head", ["text", "latex"])
@pytest.mark.parametrize("key", [key for key in entries() if key != CANCELS])
@everyday(2, "key")
def test_what_is_derived_from_a_corpus_entry_is_right_in_either_notation_under_either(key, head, own):
    text = entries()[key].text(head)
    found = judged(text, derived(text)[own])
    assert {row["status"] for row in found["rows"]} <= {"holds", "conditional", "defined"}
    assert found["held"] == found["needed"]


@pytest.mark.parametrize("own", ["text", "latex"])
@pytest.mark.parametrize("name", ["hidden_layer.txt", "hidden_layer.md", "lecture_unit.tex"])
def test_what_is_derived_from_a_document_is_right_in_either_notation(name, own):
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    found = judged(text, derived(text)[own])
    assert found["held"] == found["needed"] > 0


def test_a_wrong_line_in_latex_is_found_at_its_place_between_lines_of_plain_text():
    lines = "ȳ = y − t\n\n\\bar{w} = \\bar{y} x^2\nx̄ = ȳ w\n"
    assert verdicts(SMALL, lines) == [(1, "holds"), (3, "wrong"), (4, "holds")]


@pytest.mark.parametrize(
    "lines",
    [
        "$$\\bar{y} = y - t$$\n$$\\bar{w} = \\bar{y} x$$",
        "\\[ \\bar{y} = y - t \\]\n\\[ \\bar{w} = \\bar{y} x \\]",
        "\\bar{y} = y - t \\\\\n\\bar{w} = \\bar{y} x",
        "\\begin{align}\n\\bar{y} &= y - t \\\\\n\\bar{w} &= \\bar{y} x\n\\end{align}",
        "\\begin{aligned}\n\\bar{y} &= y - t \\\\\n\\bar{w} &= \\bar{y} x\n\\end{aligned}",
        "\\frac{\\partial L}{\\partial y} = y - t\n\\frac{\\partial L}{\\partial w} = (y - t) x",
    ],
)
def test_lines_in_latex_are_read_with_and_without_marks_around_them(lines):
    assert [status for _, status in verdicts(SMALL, lines)] == ["holds", "holds"]


def test_a_chain_in_latex_goes_on_in_the_next_line():
    assert verdicts(SMALL, "\\bar{w} = \\bar{y} x\n = (y - t) x\n") == [(1, "holds"), (2, "holds")]


def test_lines_in_the_notation_of_the_equations_follow_them_as_they_are():
    document = together(SMALL, "ȳ = y − t")
    assert (document.text, document.name, document.own) == (f"{SMALL}\nȳ = y − t", "", {4: 1})
