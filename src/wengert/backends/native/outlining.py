"""Which statements of a body are functions of their own. It emits nothing."""

from __future__ import annotations

from collections.abc import Sequence

from wengert.backends.native.facts import FactBook, Ordered, compound
from wengert.loops.nest import Branch, For, Replay, Statement, While, bodies

WHOLE = 300
"""The cost up to which statements are one function. Larger ones are split: code generation slows down faster than it grows."""


def chosen(body: Sequence[Statement], book: FactBook) -> Ordered[Statement]:
    """The statements of a body that are functions of their own: none of a small body, else all that can be.

    Of a loop or branch around large statements, the statements inside are taken instead.
    """
    if sum(book.of(statement).cost for statement in body) <= WHOLE:
        return {}
    found: Ordered[Statement] = {}
    for statement in body:
        if not compound(statement) or is_parallel(statement):
            continue
        if book.of(statement).cost > WHOLE and _is_control(statement):
            found.update(chosen_inside(statement, book))
        elif not book.of(statement).crossing:
            found[statement] = None
    return found


def chosen_inside(statement: Statement, book: FactBook) -> Ordered[Statement]:
    """The statements inside one that are functions of their own, where the one is the whole of a function."""
    found: Ordered[Statement] = {}
    if _is_control(statement):
        for part in bodies(statement):
            found.update(chosen(part, book))
    return found


def is_parallel(statement: Statement) -> bool:
    """Whether a statement is a parallel loop, whose body is a function in any case."""
    return isinstance(statement, For) and statement.kind == "parallel"


def _is_control(statement: Statement) -> bool:
    if isinstance(statement, For):
        return statement.kind == "serial" and any(compound(inner) for inner in statement.body)
    return isinstance(statement, Branch | While | Replay)
