"""The session without a browser: what a page is told about a text, and that no half-typed text leaves it without an answer."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import wengert as wg
from tests.derive.corpus import beyond, entries
from tests.thorough import rounds
from wengert.blackboard.content import Content
from wengert.blackboard.diagnostics import utf16, warning
from wengert.blackboard.samples import EXAMPLES, HIDDEN, UNIT
from wengert.blackboard.subject import Subject


def replies(request):
    return list(Content().reply(request))


def by_type(text, **fields):
    return {reply["type"]: reply for reply in Content().edit(text, **fields)}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_has_a_whole_board_that_json_takes(name):
    found = list(Content().edit(EXAMPLES[name]))
    assert [reply["type"] for reply in found] == ["read", "backward", "graph", "numbers"]
    assert "error" not in found[-1]
    assert found[0]["diagnostics"] == []
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_forward_lines_stand_at_their_place_in_the_text_in_utf16_units():
    text = "# 𝟏 and 𝟏 are two units each\n" + UNIT
    forward = by_type(text)["read"]["forward"]
    units = text.encode("utf-16-le")
    assert [units[2 * f["from"] : 2 * f["to"]].decode("utf-16-le") for f in forward] == [
        "z = Σ_j w_j x_j + b",
        "y = σ(z)",
        "L = ½ (y − t)²",
    ]
    assert utf16("a𝟏b", 2) == 3


def test_every_quantity_in_a_line_carries_its_number_and_every_bar_its_mark():
    found = by_type(UNIT)
    names = [quantity["name"] for quantity in found["read"]["quantities"]]
    (line,) = [line for line in found["read"]["forward"] if names[line["q"]] == "y"]
    assert line["tex"] == rf"\htmlData{{q={names.index('y')}}}{{y}} = \sigma(\htmlData{{q={names.index('z')}}}{{z}})"
    bars = {names[b["q"]]: b for b in found["backward"]["backward"]}
    assert rf"\htmlData{{q={names.index('y')}b}}{{\bar{{y}}}}" in bars["z"]["lines"][0]["tex"]


def test_steps_have_children_sources_rules_chain_and_result():
    found = by_type(UNIT)
    names = [quantity["name"] for quantity in found["read"]["quantities"]]
    step = next(line for line in found["backward"]["backward"] if names[line["q"]] == "w")
    assert [names[q] for q in step["children"]] == ["z"]
    assert step["rules"] == ["sum rule", "product rule"]
    assert step["chain"]["text"] == "w̄_j = z̄ ∂z/∂w_j"
    assert (step["result"]["text"], step["sources"][0]["text"]) == ("w̄_j = z̄ x_j", "z = Σ_j w_j x_j + b")


@pytest.mark.parametrize("form", ["index", "matrix", "elements"])
def test_each_form_prints_a_line_for_every_bar(form):
    found = by_type(HIDDEN, form=form)["backward"]
    assert (found["form"], found["remark"]) == (form, None)
    assert all(line["lines"] for line in found["backward"])


def test_a_form_that_cannot_be_printed_gives_that_of_the_text_and_says_why():
    found = by_type("h_t = a h_{t−1} + x_t\nL = Σ_t h_t\n", form="elements")["backward"]
    assert found["form"] == "index"
    assert found["remark"].startswith("A recurrence has no line an entry here.")


def test_numbers_are_those_of_the_system_and_its_function():
    values = {"w": [0.5, -1.0], "x": [2.0, 3.0], "b": 0.25, "t": 1.0}
    found = by_type(UNIT, values=values)
    names = [quantity["name"] for quantity in found["read"]["quantities"]]
    forward = {names[row["q"]]: row["value"] for row in found["numbers"]["forward"]}
    backward = {names[row["q"]]: row["value"] for row in found["numbers"]["backward"]}
    z = 0.5 * 2 - 3 + 0.25
    y = 1 / (1 + np.exp(-z))
    assert forward["y"] == pytest.approx(y)
    assert backward["w"] == pytest.approx(list((y - 1) * y * (1 - y) * np.array([2.0, 3.0])))


def test_values_that_do_not_fit_the_text_any_more_are_drawn_instead():
    found = by_type(UNIT, values={"w": [[1.0]], "gone": 3.0, "b": "no number", "t": 0.5, "y": 1.0})["numbers"]
    assert "error" not in found
    assert 0.5 in [row["value"] for row in found["forward"]]


def test_the_bars_are_checked_by_independent_routes():
    (found,) = replies({"type": "check", "text": HIDDEN})
    assert found["holds"]
    assert found["said"].startswith("checked: 7 quantities, largest relative difference")


def test_a_nudge_moves_the_loss_by_the_bar_times_the_step():
    for name, place in (("w", [1]), ("b", [])):
        (found,) = replies({"type": "nudge", "text": UNIT, "name": name, "place": place, "by": 1e-5, "values": {}})
        assert found["change"] == pytest.approx(found["predicted"], rel=1e-3)
        assert found["change"] != 0


@pytest.mark.parametrize(
    "request_", [{"name": "w", "place": []}, {"name": "w", "place": [99]}, {"name": "y", "place": []}]
)
def test_a_nudge_of_what_is_no_entry_of_an_input_is_a_diagnostic(request_):
    (found,) = replies({"type": "nudge", "text": UNIT, **request_})
    assert found["diagnostics"][0]["what"].startswith("There is no such entry")


def test_an_error_has_its_place_and_its_three_lines():
    text = "z = w x + b\nL = (z − t ²\n"
    (found,) = list(Content().edit(text))
    (error,) = found["diagnostics"]
    assert error["severity"] == "error"
    assert error["what"]
    assert error["where"].endswith("^")
    assert text[error["from"] : error["to"]]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("y = W x\nL = ½ ‖y − t‖²\nL2 = foo(y)\n", ["foo: function"]),
        ("h = tanh\n", ["tanh(x)"]),
        ("z = W⁽¹⁾ x + b⁽¹⁾\nh = σ(z)\n", ["z ∈ ℝ", "z ∈ ℝ^n", "z ∈ ℝ^(m×n)"]),
    ],
)
def test_a_repair_is_offered_only_where_the_text_can_be_read_with_it(text, codes):
    (error,) = next(iter(Content().edit(text)))["diagnostics"]
    assert [fix["code"] for fix in error["fixes"]] == codes
    for fix in error["fixes"]:
        wg.equations(text[: fix["from"]] + fix["insert"] + text[fix["to"] :])


def test_a_repair_that_does_not_help_is_not_offered():
    (error,) = Content().problem(wg.EquationError("What.", "  a", "Write:  not = = read"), "a = b")["diagnostics"]
    assert "fixes" not in error


def test_a_warning_is_placed_at_the_line_that_it_quotes():
    text = EXAMPLES["norm"].replace("C = size of i\n", "")
    (found,) = by_type(text)["read"]["diagnostics"]
    assert text[found["from"] : found["to"]] == "μ = 1/C Σ_i x_i"
    assert found["repair"] == "Declare it:  C = size of i"
    assert "from" not in warning("A guess.", text)


def prefixes():
    for key, entry in {**entries(), **beyond()}.items():
        for syntax in ("text", "latex"):
            text = entry.text(syntax)
            wanted = rounds(4, len(text))
            places = sorted({round(k * len(text) / wanted) for k in range(wanted + 1)})
            yield pytest.param(text, places, id=f"{key}-{syntax}")


@pytest.mark.parametrize(("text", "places"), list(prefixes()))
def test_every_prefix_of_a_corpus_entry_has_an_answer(text, places):
    content = Content()
    for place in places:
        types = [reply["type"] for reply in content.edit(text[:place])]
        assert types in (["diagnostics"], ["read", "backward", "graph", "numbers"], ["read", "diagnostics"])


def test_every_keystroke_of_the_hidden_layer_has_an_answer():
    content = Content()
    step = rounds(7, 1)
    for place in range(0, len(HIDDEN), step):
        found = list(content.edit(HIDDEN[:place]))
        assert found[0]["type"] == "read" or found[0]["diagnostics"][0]["what"]


def test_sentences_are_korean_where_that_is_asked_for_and_mathematics_is_not_touched():
    found = {reply["type"]: reply for reply in Content().edit(UNIT, lang="ko")}
    english = by_type(UNIT)
    assert found["backward"]["backward"][-1]["rules"] != english["backward"]["backward"][-1]["rules"]
    for korean, line in zip(found["backward"]["backward"], english["backward"]["backward"], strict=True):
        assert korean["lines"] == line["lines"]
        assert all(re.search("[가-힣]", rule) for rule in korean["rules"])
    (error,) = next(iter(Content().edit("L = (w\n", lang="ko")))["diagnostics"]
    assert re.search("[가-힣]", error["what"])
    assert error["where"].endswith("^")


def test_only_the_newest_texts_are_kept():
    content = Content()
    for k in range(70):
        list(content.edit(f"L = {k} + w\n"))
    assert len(content.kept) == 64
    assert next(iter(content.kept)) == ("L = 6 + w\n", 0)


def test_ones_own_lines_are_judged_with_places_of_their_own():
    lines = "ȳ_k = y_k − t_k\nh̄_i = Σ_k ȳ_k w⁽²⁾_ik\nz̄_i = h̄_i (1 − h_i)\n"
    (found,) = replies({"type": "judge", "text": HIDDEN, "lines": lines})
    assert [(row["line"], row["status"]) for row in found["rows"]] == [(1, "holds"), (2, "wrong"), (3, "wrong")]
    assert found["rows"][1]["corrected"] == "h̄_i = Σ_k ȳ_k w⁽²⁾_ki"
    assert (found["held"], found["needed"]) == (1, 7)


def test_a_right_derivation_is_counted_as_done():
    lines = "ȳ = y − t\nz̄ = ȳ σ'(z)\nw̄_j = z̄ x_j\nb̄ = z̄\n"
    (found,) = replies({"type": "judge", "text": UNIT, "lines": lines})
    assert {row["status"] for row in found["rows"]} <= {"holds", "defined"}
    assert found["held"] == found["needed"] == 4


SMALL = "y = w x\nL = ½ (y − t)²\n"


def judged(text, lines):
    (reply,) = Content().reply({"type": "judge", "text": text, "lines": lines})
    return reply


@pytest.mark.parametrize(
    ("lines", "held"),
    [
        ("L̄ = 1\nȳ = y − t\n", 1),
        ("y = w x\nw x = y\nȳ = y − t\n", 1),
        ("∂L/∂y = y − t\n∂L/∂w = (y − t) x\n", 2),
        ("ȳ = y − t\nȳ = (y − t) L̄\nw̄ = ȳ x\nw̄ = ȳ x²\n", 1),
        ("w̄ = ȳ x = ȳ x²\n", 0),
    ],
)
def test_only_bars_that_are_asked_for_count_and_each_once(lines, held):
    found = judged(SMALL, lines)
    assert (found["held"], found["needed"]) == (held, 4)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_lines_that_the_board_derives_are_a_whole_homework(name):
    printed = str(wg.equations(EXAMPLES[name]).backward()).split("backward\n")[1]
    found = judged(EXAMPLES[name], "\n".join(line for line in printed.splitlines() if "where" not in line))
    assert {row["status"] for row in found["rows"]} <= {"holds", "defined"}
    assert found["held"] == found["needed"]


def test_a_line_from_which_nothing_is_read_is_not_left_out():
    rows = judged(SMALL, "ȳ = = y − t\n# a remark = none\nw̄ = ȳ x\n   = (y − t) x\n")["rows"]
    assert [(row["line"], row["status"]) for row in rows] == [(1, "unread"), (3, "holds"), (4, "holds")]


def test_two_versions_differ_in_the_lines_that_differ():
    other = UNIT.replace("½ (y − t)²", "−t log y − (1 − t) log(1 − y)")
    (found,) = replies({"type": "compare", "text": UNIT, "other": other})
    assert [pair["same"] for pair in found["forward"]] == [True, True, False]
    assert [pair["new"]["text"].split(" = ")[0] for pair in found["backward"] if not pair["same"]] == ["ȳ"]


def test_a_version_that_cannot_be_read_has_diagnostics_of_its_own():
    (found,) = replies({"type": "compare", "text": UNIT, "other": "L = ("})
    assert found["type"] == "compared"
    assert found["diagnostics"][0]["what"]


@pytest.mark.parametrize("text", [UNIT, HIDDEN])
def test_each_other_loss_can_be_read_and_changes_the_line_of_the_loss_alone(text):
    (found,) = replies({"type": "losses", "text": text})
    assert [version["name"] for version in found["versions"]] == ["squared", "absolute", "entropy"]
    for version in found["versions"]:
        assert version["text"].splitlines()[:-1] == text.splitlines()[:-1]
        wg.equations(version["text"]).backward().check()


def test_the_expansion_counts_more_operations_than_the_backward_pass():
    (found,) = replies({"type": "expand", "text": HIDDEN})
    counts = found["counts"]
    assert counts["expanded"]["total"] > 10 * counts["backward"]["total"]
    assert sum(counts["backward"][k] for k in ("products", "sums", "functions")) == counts["backward"]["total"]
    assert found["lines"][0]["text"].startswith("L = ")


@pytest.mark.parametrize("direction", ["right", "down"])
def test_the_drawing_names_what_each_part_stands_for(direction):
    subject = Subject(HIDDEN)
    found = subject.graph(direction)
    names = list(subject.system.quantities)
    assert sorted(names[int(frame["q"])] for frame in found["frames"]) == sorted(names)
    edges = {(names[int(a["parent"])], names[int(a["child"])]) for a in found["arrows"] if not a["back"]}
    assert edges == {(p, line.name) for line in subject.system.lines for p in subject.system.parents(line.name)}
    back = {(names[int(a["parent"])], names[int(a["child"])]) for a in found["arrows"] if a["back"]}
    assert back == edges - {("x", "z"), ("t", "L")}
    assert {text["q"] for text in found["texts"]} >= {frame["q"] for frame in found["frames"]}
    assert (found["width"] > found["height"]) == (direction == "right")


def test_an_expansion_that_cannot_be_written_says_why():
    text = "K_ij = exp(−(x_i − x_j)² / (2 ℓ²))\nL = ½ yᵀ K⁻¹ y\n"
    (found,) = replies({"type": "expand", "text": text})
    assert found["diagnostics"][0]["what"].startswith("The expansion is written with indices")
