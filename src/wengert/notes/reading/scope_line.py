"""A line of a scope: a statement with its sides as trees, and what it defines."""

from __future__ import annotations

from dataclasses import dataclass, field

from wengert.notes.notation.expr import Span
from wengert.notes.reading.heads import Axis, Key
from wengert.notes.reading.patterns import Pattern
from wengert.notes.reading.story import Statement
from wengert.notes.reading.trees import Relation, Tree

EQUALS = frozenset({"=", ":=", "←", "≜", "≡"})
SUPPOSITION = Statement(("", ""), ("=",), (Span(0, 0), Span(0, 0)), "text", "", 0, "definition", "latex")
"""What stands for a line that no text has."""


@dataclass(eq=False)
class ScopeLine:
    """A statement with its sides as trees (None where one is not read), and what it defines."""

    statement: Statement
    sides: list[Tree | None]
    position: float = 0.0
    key: Key = ()
    axes: list[Axis] = field(default_factory=list)
    pattern: Pattern | None = None
    arguments: tuple[str, ...] = ()
    update: bool = False
    conditions: list[Relation] = field(default_factory=list)
    """What is said behind it of its indices: (i ≠ j)."""
    example: bool = False
    """Whether its right side is numbers alone or an array that is written out: a value of an example."""
    signals: bool = False
    """Whether it has barred names that are signals."""
    index: bool = False
    """Whether it says which index is meant, or what the Kronecker delta is."""
    introduced: dict[int, str] = field(default_factory=dict)
    """Names that sides are given: r of a - y =: r."""
    brace: bool = False
    """Whether it is a part of a formula with its name below a brace."""

    @property
    def left(self) -> Tree | None:
        return self.sides[0]

    @property
    def right(self) -> Tree:
        right = self.sides[1]
        assert right is not None
        return right

    def defines(self) -> bool:
        return self.pattern is not None
