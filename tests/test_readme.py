"""The README says what is there: its order, its commands, its public names. That it runs is in test_docs.py."""

from __future__ import annotations

import re
from pathlib import Path

import wengert as wg
from wengert import cli

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_what_it_is_then_an_example_then_two_commands():
    headings = re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)
    assert headings == [
        "wengert",
        "Equations",
        "Derivations made by hand",
        "The board",
        "Functions",
        "Two commands",
        "Equations from Python",
        "Machine code",
        "The commands",
        "What is not there yet",
        "Licence",
    ]


def test_both_scripts_are_there_and_can_be_run():
    for name in re.findall(r"^(scripts/\w+) ", TEXT, re.MULTILINE):
        assert (ROOT / name).stat().st_mode & 0o111, name


def test_every_command_is_named_once():
    commands = sorted(command.name or command.callback.__name__ for command in cli.app.registered_commands)
    assert sorted(re.findall(r"^\| `wengert (\w+)", TEXT, re.MULTILINE)) == commands


def test_the_example_is_the_file():
    block = re.search(r"^```\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    written = (ROOT / "examples" / "hidden_layer.txt").read_text(encoding="utf-8").split("\n", 1)
    assert written[0].startswith("#")
    assert block is not None
    assert block[1] == written[1]


def test_public_names_that_it_uses_are_public():
    used = set(re.findall(r"\bwg\.(\w+)", TEXT))
    assert used <= set(wg.__all__)
