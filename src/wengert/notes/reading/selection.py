"""Which statements of a document make up its systems: equations and declarations, not mentions of quantities.

Formulas that a document sets apart come first. Those within sentences are taken where the others define nothing, since a sentence
repeats, abbreviates and gives examples.
"""

from __future__ import annotations

from collections.abc import Iterator

from wengert.notes.notation.declarations import is_declaration
from wengert.notes.reading.blocks import Kind
from wengert.notes.reading.story import Statement, Story


def selections(story: Story) -> Iterator[list[Statement]]:
    """The statements in order that may make up systems, each time of more kinds."""
    said = [statement for statement in story.statements if says_something(statement)]
    apart: set[Kind] = {"display"} if any(s.kind == "display" and s.relations for s in said) else {"text"}
    taken = -1
    for kinds in (apart, apart | {"inline"}, {"display", "inline", "text"}):
        chosen = [statement for statement in said if statement.kind in kinds]
        if len(chosen) > taken:
            taken = len(chosen)
            yield chosen


def says_something(statement: Statement) -> bool:
    """Whether a statement is an equation or a declaration."""
    if any(is_declaration(chunk) for chunk in statement.chunks):
        return True
    return statement.form not in ("mention", "comparison", "approximate")
