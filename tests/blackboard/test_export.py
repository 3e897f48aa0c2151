"""One file with everything in it: nothing that it loads, no script but its own, whatever stands in the equations."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

import wengert as wg
from wengert.blackboard.export import page
from wengert.blackboard.samples import HIDDEN, UNIT
from wengert.cli import main

LOADS = {"src", "href", "data", "action", "poster", "srcset"}


class Parts(HTMLParser):
    """The elements of a page with their attributes, and the text of scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.inside = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.open = tag

    def handle_data(self, data):
        if self.open in ("script", "style"):
            self.inside.append((self.elements[-1], data))

    def handle_endtag(self, tag):
        self.open = ""

    @property
    def start(self):
        return json.loads(next(text for (_, attrs), text in self.inside if attrs.get("id") == "board-data"))


def test_a_page_loads_nothing_and_lets_only_its_own_script_run():
    parts = Parts(page(UNIT))
    loaded = [(tag, attrs[name]) for tag, attrs in parts.elements for name in LOADS & set(attrs)]
    assert loaded == [("link", "data:,")]
    policy = next(attrs["content"] for tag, attrs in parts.elements if attrs.get("http-equiv"))
    (script,) = [text for (tag, attrs), text in parts.inside if attrs.get("type") == "module"]
    (style,) = [text for (tag, _), text in parts.inside if tag == "style"]
    for kind, text in (("script", script), ("style", style)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "connect-src" not in policy


def test_a_page_has_the_board_in_every_form_and_both_directions():
    start = Parts(page(HIDDEN)).start
    assert [reply["type"] for reply in start["replies"]] == ["read", "backward", "graph", "graph", "numbers", "checked"]
    assert [reply["direction"] for reply in start["replies"] if reply["type"] == "graph"] == ["right", "down"]
    assert {form: [reply["type"] for reply in replies] for form, replies in start["forms"].items()} == {
        "matrix": ["read", "backward"],
        "elements": ["read", "backward"],
    }


EVIL = [
    "L_</script><script>alert(1)</script> = w\n",
    "# <!--<script>alert(1)</script><img src=x onerror=alert(1)>\nL = w²\n",
    "# \u2028 </SCRIPT >\nL_reg = w²\n",
]


@pytest.mark.parametrize("text", EVIL)
def test_script_in_a_text_is_text(text):
    try:
        found = page(text)
    except wg.EquationError:
        found = page("# " + text.replace("\n", " ") + "\nL = w²\n")
    parts = Parts(found)
    assert [tag for tag, _ in parts.elements].count("script") == 2
    assert not any(tag == "img" for tag, _ in parts.elements)
    assert "alert(1)" in parts.start["text"] or "SCRIPT" in parts.start["text"]


def run(*arguments, monkeypatch):
    monkeypatch.setattr("sys.argv", ["wengert", "board", *map(str, arguments)])
    try:
        main()
    except SystemExit as leave:
        return leave.code
    return 0


def test_the_command_writes_the_file_with_the_given_values(tmp_path, monkeypatch):
    (tmp_path / "unit.txt").write_text(UNIT)
    out = tmp_path / "unit.html"
    arguments = (tmp_path / "unit.txt", "-o", out, "--lang", "ko", "--set", "t=0.125")
    assert run(*arguments, monkeypatch=monkeypatch) == 0
    text = out.read_text()
    assert re.match(r'<!doctype html><html lang="ko">', text)
    numbers = next(reply for reply in Parts(text).start["replies"] if reply["type"] == "numbers")
    assert 0.125 in [row["value"] for row in numbers["forward"]]


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [(UNIT, "board.pdf", "A board cannot be written as '.pdf'."), ("L = (\n", "board.html", "")],
)
def test_what_cannot_be_written_is_said_in_three_lines(tmp_path, monkeypatch, capsys, content, name, said):
    (tmp_path / "unit.txt").write_text(content)
    assert run(tmp_path / "unit.txt", "-o", tmp_path / name, monkeypatch=monkeypatch) == 2
    error = capsys.readouterr().err
    assert error.startswith(said)
    assert len(error.strip().splitlines()) >= 3
    assert not (tmp_path / name).exists()
