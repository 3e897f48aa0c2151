"""How much is tried in search of further forms of a derivation's lines, beside how much the lines themselves write."""

from __future__ import annotations

from collections.abc import Callable

from tests.counting import uses
from wengert.notes.derive import further
from wengert.notes.derive.backward import Backward
from wengert.notes.derive.further import written_length

SEARCH = 8
"""The forms that are tried write at most so many times the names that the lines do: 4 or 5 times, and 15 or more where each line
may grow before it is given up."""


def names_tried(derive: Callable[[], object]) -> int:
    """How many names all forms write that are simplified in the search."""
    return uses(further, "simplify", derive, lambda term, names: written_length(term))


def names_written(derivation: Backward) -> int:
    """How many names the lines write."""
    return sum(written_length(line.value) for line in derivation.data.lines)
