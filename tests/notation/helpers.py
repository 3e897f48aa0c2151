"""What the notation tests share: the corpus as entries, and short ways to read."""

from __future__ import annotations

import re
from pathlib import Path

from wengert.api import System
from wengert.notes.elaboration.reread import read_in_context
from wengert.notes.elaboration.system import Definition
from wengert.notes.notation import unicode
from wengert.notes.notation.expr import Expr
from wengert.notes.notation.reader import Page, read, read_expression

DATA = Path(__file__).parent.parent / "data"
SECTIONS = re.compile(r"^## ([A-Z])\. ", re.MULTILINE)


def corpus(sections: str) -> dict[str, tuple[str, str]]:
    """The text and the LaTeX block of each entry of these sections."""
    text = (DATA / "equations.md").read_text(encoding="utf-8")
    parts = SECTIONS.split(text)
    found: dict[str, tuple[str, str]] = {}
    for letter, body in zip(parts[1::2], parts[2::2], strict=True):
        if letter not in sections:
            continue
        for entry in re.split(r"^### ", body, flags=re.MULTILINE)[1:]:
            plain, latex = (
                re.search(r"```text\n(.*?)```", entry, re.DOTALL),
                re.search(r"```latex\n(.*?)```", entry, re.DOTALL),
            )
            assert plain is not None
            assert latex is not None
            found[entry.split()[0]] = (plain.group(1), latex.group(1))
    return found


def halves(block: str) -> tuple[str, str]:
    """The forward and the backward part of a block."""
    forward, backward = re.split(r"^%?---$", block, maxsplit=1, flags=re.MULTILINE)
    return forward, backward


def right(text: str, system: str = "", *, syntax: str | None = None) -> str:
    """The last line of a system, its right side printed; warnings are not allowed."""
    reading = read(f"{system}\n{text}" if system else text, syntax=syntax)
    assert not reading.warnings, reading.warnings
    return unicode.show(reading.lines[-1].rights[-1])


def tree(text: str, system: Page | None = None) -> Expr:
    return read_expression(text, system.symbols if system is not None else None)


def read_backward(system: System, text: str, syntax: str | None = None) -> tuple[Definition, ...]:
    """The lines of a backward pass written by hand, read in the context of its system."""
    return read_in_context(read(text, syntax=syntax, context=system.data.reading.symbols), system.data)
