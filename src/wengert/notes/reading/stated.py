"""Derivatives as the lines of a page state them, where what they derive is not written down: dh/dc = 1 − tanh²(c) without the line of h.

A chain of such factors is followed from line to line: dL/dw = dL/dh · dh/dw and what is put in for its factors must say the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from wengert.notes.reading.scope import Scope
from wengert.notes.reading.scope_line import EQUALS, ScopeLine
from wengert.notes.reading.trees import Frac, Group, Tree, is_fraction_of, without_first

Mark = tuple[Tree, Tree]


def derivative_mark(tree: Tree | None) -> Mark | None:
    """What is derived and by what, the same for d and ∂; None where a formula is no derivative."""
    if not (isinstance(tree, Frac) and is_fraction_of(tree, "∂", "d")):
        return None
    top, low = without_first(tree.top), without_first(tree.low)
    if top is None or low is None:
        return None
    return (top.inner if isinstance(top, Group) else top), low


def stating(scope: Scope, mark: Mark, asker: float, busy: set[float]) -> Iterator[tuple[ScopeLine, Tree]]:
    """The lines that state a derivative with their other sides: the nearest before the line that asks first, then the nearest after it."""
    lines = [line for line in scope.lines if line.position not in busy and line.position != asker and _equates(line)]
    before = [line for line in lines if line.position < asker]
    after = [line for line in lines if line.position > asker]
    for line in (*reversed(before), *after):
        at = next((k for k, side in enumerate(line.sides) if derivative_mark(side) == mark), None)
        if at is None:
            continue
        for side in (*line.sides[at + 1 :], *reversed(line.sides[:at])):
            if side is not None:
                yield line, side


def _equates(line: ScopeLine) -> bool:
    return (
        not line.update and line.statement.form != "update" and all(sign in EQUALS for sign in line.statement.relations)
    )
