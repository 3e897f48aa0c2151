"""The lines among which a section is judged: its own, what it reads, those just before.

What a line reads is found here by base names alone; which of several lines answers for a name is for the scope to say.
"""

from __future__ import annotations

from collections.abc import Sequence

from wengert.notes.reading.scope_line import EQUALS, ScopeLine
from wengert.notes.reading.trees import Group, Name, Row, Word, base_of

OPERATORS = frozenset({"", "d", "∂", "∇"})


def windows(sections: Sequence[Sequence[ScopeLine]], k: int) -> list[list[ScopeLine]]:
    """The windows of a section, the smallest first, each once."""
    spans = ((max(k - 1, 0), k + 1), (max(k - 3, 0), k + 1))
    found = [list(sections[k]), read_by(sections, k)]
    found += [[line for part in sections[low:high] for line in part] for low, high in spans]
    return list({tuple(map(id, window)): window for window in found}.values())


def read_by(sections: Sequence[Sequence[ScopeLine]], k: int) -> list[ScopeLine]:
    """The lines of a section, those that say what it reads in the nearest section that does, before it or else behind; what these read, and so on."""
    bases = [{base for line in section for base in defined(line)} for section in sections]
    taken = {id(line) for line in sections[k]}
    known = set(bases[k])
    wanted = [(k, base) for line in sections[k] for base in read(line) if base not in known]
    while wanted:
        at, base = wanted.pop()
        if base in known:
            continue
        known.add(base)
        nearest = (*range(at, -1, -1), *range(at + 1, len(sections)))
        place = next((n for n in nearest if base in bases[n]), None)
        for line in () if place is None else sections[place]:
            if base in defined(line) and id(line) not in taken:
                taken.add(id(line))
                wanted += [(place or 0, name) for name in read(line)]
    return [line for part in sections for line in part if id(line) in taken]


def defined(line: ScopeLine) -> set[str]:
    """The base name that a line may define."""
    left = line.left
    if left is None or len(line.sides) < 2 or line.sides[1] is None or line.statement.form == "update":
        return set()
    if line.statement.relations[0] not in EQUALS:
        return set()
    if isinstance(left, Row) and len(left.items) == 2 and isinstance(left.items[1][1], Group):
        left = left.items[0][1]
    return {base_of(left)} - OPERATORS


def read(line: ScopeLine) -> set[str]:
    """The names in a line."""
    nodes = (node for side in line.sides if side is not None for node in side.nodes)
    return {node.text for node in nodes if isinstance(node, Name | Word)} - OPERATORS
