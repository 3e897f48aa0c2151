"""Text measured in terminal cells: combining marks take none, wide characters two."""

from __future__ import annotations

import unicodedata
from functools import lru_cache


def cells(text: str) -> int:
    """The number of cells that a text takes on a terminal."""
    return len(text) if text.isascii() else sum(map(cell, text))


@lru_cache(4096)
def cell(character: str) -> int:
    """The cells of one character."""
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def pad(text: str, width: int) -> str:
    """The text with blanks behind it up to `width` cells."""
    return text + " " * max(0, width - cells(text))


def wrap(text: str, width: int, hanging: int = 2) -> list[str]:
    """The text in lines of at most `width` cells, broken at blanks; later lines are indented by `hanging`.

    A word that is longer than a line is broken between characters.
    """
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        while True:
            room = width - (hanging if lines else 0)
            if cells(line) + bool(line) + cells(word) <= room:
                line = f"{line} {word}" if line else word
                break
            if line:
                lines.append(line)
                line = ""
                continue
            head = _head(word, max(room, 1))
            lines.append(head)
            word = word[len(head) :]
    lines.append(line)
    return [(" " * hanging if k else "") + part for k, part in enumerate(lines)]


def _head(word: str, room: int) -> str:
    """As many characters as fit, combining marks with the letter before them; at least one."""
    end = used = 0
    while end < len(word) and (used + cell(word[end]) <= room or end == 0):
        used += cell(word[end])
        end += 1
    return word[:end]
