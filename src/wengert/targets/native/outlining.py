"""Which statements of a body are functions of their own, several to a function. It emits nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wengert.targets.native.facts import FactBook, compound
from wengert.targets.native.loops.inside import bodies
from wengert.targets.native.loops.nest import Branch, Constant, For, Replay, Statement, While

WHOLE = 300
"""The cost up to which statements are one function. Larger ones are split: code generation slows down faster than it grows."""

Group = tuple[Statement, ...]
Outlined = dict[Statement, Group]
"""For the first statement with a body of each function all its statements, in order; for the others nothing."""


def chosen(body: Sequence[Statement], book: FactBook) -> Outlined:
    """The statements of a body that are functions of their own: none of a small body, else all that can be.

    Of a loop or branch around large statements, the statements inside are taken instead.
    """
    if sum(book.of(statement).cost for statement in body) <= WHOLE:
        return {}
    found: Outlined = {}
    group: Group = ()
    for atom in _atoms(body, book):
        around = [s for s in atom if book.of(s).cost > WHOLE and _is_control(s)]
        alone = bool(around) or book.all(atom).crossing
        if alone or _cost(group, book) + _cost(atom, book) > WHOLE:
            _enter(found, group)
            group = ()
        for statement in around:
            found.update(chosen_inside((statement,), book))
        if not alone:
            group += atom
    _enter(found, group)
    return found


def chosen_inside(group: Sequence[Statement], book: FactBook) -> Outlined:
    """The statements inside some that are functions of their own, where the some are the whole of a function."""
    found: Outlined = {}
    for statement in group:
        if _is_control(statement):
            for part in bodies(statement):
                found.update(chosen(part, book))
    return found


def _enter(found: Outlined, group: Group) -> None:
    """Make statements one function; those without a body are no function."""
    first = next((statement for statement in group if compound(statement)), None)
    if first is not None:
        found.update(dict.fromkeys(group, ()))
        found[first] = group


def _atoms(body: Sequence[Statement], book: FactBook) -> Iterator[Group]:
    """The body in the smallest pieces such that no value or accumulator of one is used in another."""
    last: dict[object, int] = {}
    statements = [statement for statement in body if not isinstance(statement, Constant)]
    for k, statement in enumerate(statements):
        facts = book.of(statement)
        last.update(dict.fromkeys((statement, *facts.used, *facts.accumulates, *facts.totals), k))
    start = end = 0
    for k, statement in enumerate(statements):
        end = max(end, last[statement])
        if end == k:
            yield tuple(statements[start : k + 1])
            start = end = k + 1


def _cost(group: Sequence[Statement], book: FactBook) -> int:
    return sum(book.of(statement).cost for statement in group)


def _is_control(statement: Statement) -> bool:
    if isinstance(statement, For):
        return statement.kind == "serial" and any(compound(inner) for inner in statement.body)
    return isinstance(statement, Branch | While | Replay)
