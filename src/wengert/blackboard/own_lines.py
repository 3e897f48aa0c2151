"""Equations and lines of one's own as one document, each line in the notation in which it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from wengert.notes.notation.reader import guess_syntax
from wengert.notes.reading.formats import format_of

Notation = Literal["text", "latex"]
FENCES: dict[Notation, tuple[str, str]] = {"text": ("```equations", "```"), "latex": ("$$", "$$")}
SET_APART = re.compile(r"\$|\\\[|\\\(|\\begin\{(?:align|equation|gather|multline|eqnarray|math|displaymath)\*?\}")
OPENED = re.compile(r"\\begin\{|\\\[")
CLOSED = re.compile(r"\\end\{|\\\]")


@dataclass(frozen=True)
class Document:
    """A text for the reader, its format where its words do not show it, and which of its lines is which of one's own, from 1."""

    text: str
    name: str
    own: dict[int, int]


def together(equations: str, lines: str) -> Document:
    """The equations with one's own lines after them.

    Where both are plain, or both LaTeX without marks, they follow as they are. Else they are a Markdown document: plain lines in fences,
    those in LaTeX in displays of their own, since one of them would have all the others read as LaTeX.
    """
    if _alike(equations, lines):
        before = equations.rstrip().count("\n") + 2
        count = lines.count("\n") + 1
        return Document(f"{equations.rstrip()}\n\n{lines}", "", {before + k: k for k in range(1, count + 1)})
    return _apart(equations, lines)


def _alike(equations: str, lines: str) -> bool:
    """Whether the lines go on as the equations began, without marks around either."""
    return _bare(equations) and guess_syntax(equations) == guess_syntax(lines)


def _bare(equations: str) -> bool:
    """Whether nothing sets the equations apart from words; a remark after # makes a text look like Markdown."""
    return format_of(equations) in ("text", "markdown") and not SET_APART.search(equations) and "```" not in equations


def _apart(equations: str, lines: str) -> Document:
    """Both as Markdown, the equations as they are where they are a document already."""
    out = equations.rstrip().split("\n")
    if _bare(equations):
        opening, closing = FENCES[_notation(equations)]
        out = [opening, *out, closing]
    own: dict[int, int] = {}
    for notation, begin, block in _blocks(lines.split("\n")):
        opening, closing = FENCES[notation]
        marked = notation == "latex" and SET_APART.search("\n".join(block))
        out += ["", *([] if marked else [opening])]
        for k, line in enumerate(block):
            out.append(line)
            own[len(out)] = begin + k
        out += [] if marked else [closing]
    return Document("\n".join([*out, ""]), "own.md", own)


def _notation(text: str) -> Notation:
    return "latex" if guess_syntax(text) == "latex" else "text"


def _blocks(lines: Sequence[str]) -> Iterator[tuple[Notation, int, list[str]]]:
    """What belongs together, with the number of its first line: plain lines without an empty one between, an equation or an environment in LaTeX."""
    block: list[str] = []
    notation: Notation = "text"
    for number, line in enumerate([*lines, ""], 1):
        goes_on = bool(block) and _goes_on(block, notation, line)
        if block and not goes_on:
            yield notation, number - len(block), block
            block = []
        if not block and line.strip():
            notation = _notation(line)
        if block or line.strip():
            block.append(line)


def _goes_on(block: Sequence[str], notation: Notation, line: str) -> bool:
    """Whether a line belongs to the block before it."""
    if notation == "text":
        return bool(line.strip()) and _notation(line) == "text"
    text = "\n".join(block)
    if len(OPENED.findall(text)) > len(CLOSED.findall(text)) or text.count("$$") % 2:
        return True
    return bool(line.strip()) and (text.rstrip().endswith("\\\\") or line.lstrip().startswith(("=", "&=")))


__all__ = ["Document", "together"]
