"""Printed text by the forms of its lines: three lines of an error, steps of a derivation, rows of a review.

Mathematics, names and numbers are not touched, and columns stay columns: signs of Korean take two cells of a terminal.
"""

from __future__ import annotations

import re

from wengert.cells import cells
from wengert.languages.catalogue import LANGUAGES, Catalogue, catalogue

LABELS = re.compile(r"(  )(start|children|from|rules|chain rule|put in|with|result)( +)(.*)")
"""A line of a step: what it says, and that."""
RULES = "rules"
"""Behind this label stand words, behind the others mathematics."""
ROW = re.compile(r"(\S+) line( +\S+|\s\S+)  (.*?)(?:    \((.*)\))?")
"""A row of a review: its sign, where it is, the author's line, and a note."""
COUNTS = re.compile(r"(\d+) ([a-z ]+)")
NAMED = re.compile(r"(write|likely|warning|note|results|where|with)(:? +)(.*)", re.DOTALL)
"""What begins with a word and goes on with mathematics, with words or with counts."""
CHECKED = re.compile(r"(% )?(checked: .*)")


def printed(text: str, language: str) -> str:
    """What is printed, in a language; line by line."""
    if language == LANGUAGES[0]:
        return text
    words = catalogue(language)
    return "\n".join(_line(line, words) for line in text.split("\n"))


def _line(line: str, words: Catalogue) -> str:
    for form, said in ((LABELS, _labelled), (ROW, _row)):
        match = form.fullmatch(line)
        if match is not None:
            return said(match, words)
    bare = line.lstrip(" ")
    pad = line[: len(line) - len(bare)]
    named = NAMED.fullmatch(bare)
    if named is not None and (label := words.sentence(named[1])) is not None:
        return pad + label + named[2] + (_counted(named[3], words) or words.text(named[3]))
    if not pad and (counts := _counted(bare, words)) is not None:
        return counts
    return pad + words.text(bare)


def _labelled(match: re.Match[str], words: Catalogue) -> str:
    """A line of a step: its label as wide as it was."""
    margin, label, gap, body = match.groups()
    width = len(label) + len(gap)
    meant = words.sentence(label) or label
    if label == RULES:
        body = ", ".join(words.text(rule) for rule in body.split(", "))
    return f"{margin}{meant}{' ' * max(1, width - cells(meant))}{body}"


def _row(match: re.Match[str], words: Catalogue) -> str:
    sign, place, claim, note = match.groups()
    line = words.sentence("line") or "line"
    return f"{sign} {line}{place}  {claim}" + (f"    ({words.text(note)})" if note else "")


def _counted(line: str, words: Catalogue) -> str | None:
    """'3 right, 0 wrong; 1 system'; None where the line is no such count."""
    parts = re.split(r"([,;] )", line)
    found: list[str] = []
    for part in parts[::2]:
        match = COUNTS.fullmatch(part)
        meant = None if match is None else words.sentence(match[2])
        if match is None or meant is None:
            return None
        found.append(f"{meant} {match[1]}")
    return "".join(each + sign for each, sign in zip(found, [*parts[1::2], ""], strict=True))
