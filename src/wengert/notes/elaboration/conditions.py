"""Comparisons, and what depends on them: cases and indicators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wengert.core.ir.graph import Node, apply
from wengert.notes.elaboration.kinds import Mismatch
from wengert.notes.elaboration.values import Val
from wengert.notes.notation.expr import And, Cases, Compare, Expr, Index, Indicator

if TYPE_CHECKING:
    from wengert.notes.elaboration.meaning import LineMeaning


COMPARISONS = {"<": "less", "≤": "less_equal", ">": "greater", "≥": "greater_equal", "=": "equal", "≠": "not_equal"}
OUTCOMES = {"<": "<", ">": ">", "=": "=", "≤": "<=", "≥": ">=", "≠": "<>"}
SWAPPED = {"<": ">", ">": "<", "=": "=", "≤": "≥", "≥": "≤", "≠": "≠"}


def compare(line: LineMeaning, tree: Compare) -> Val:
    """a < b; two index letters that are compared run over the same axis."""
    left, right = line.read(tree.left), line.read(tree.right)
    if isinstance(tree.left, Index) and isinstance(tree.right, Index):
        line.context.classes.unite(left.sizes[0], right.sizes[0], tree)
    op = COMPARISONS[tree.op]

    def both(a: Node, b: Node) -> Node:
        if a.type.dtype != b.type.dtype:
            a, b = (apply("cast", x, dtype="float64") if x.type.dtype != "float64" else x for x in (a, b))
        return apply(op, a, b)

    return line.combine.entrywise(both, [left, right], tree)


def conjunction(line: LineMeaning, tree: And) -> Val:
    """Whether all of several conditions hold."""

    def all_of(*nodes: Node) -> Node:
        node = nodes[0]
        for other in nodes[1:]:
            node = apply("logical_and", node, other)
        return node

    return line.combine.entrywise(all_of, [line.read(part) for part in tree.parts], tree)


def cases(line: LineMeaning, tree: Cases) -> Val:
    """The value of the first case whose condition holds."""
    conditions = [condition for _, condition in tree.branches]
    if conditions[-1] is not None and not cover_all(conditions):
        raise Mismatch(tree, "The last case must be the 'otherwise' case.", "End with:  value otherwise")
    parts: list[Val] = []
    for value, condition in tree.branches:
        parts.append(line.number(value))
        if condition is not None and len(parts) < 2 * len(conditions) - 1:
            parts.append(line.read(condition))

    def choose(*nodes: Node) -> Node:
        result = nodes[-1]
        for k in range(len(nodes) - 3, -1, -2):
            result = apply("where", nodes[k + 1], nodes[k], result)
        return result

    return line.combine.entrywise(choose, parts, tree)


def indicator(line: LineMeaning, tree: Indicator) -> Val:
    """⟦c⟧: 1 where a condition holds, else 0."""
    return line.combine.cast(line.read(tree.condition), "float64")


def cover_all(conditions: Sequence[Expr | None]) -> bool:
    """Whether one of the conditions always holds: comparisons of the same two sides, such as z ≤ 0 and z > 0."""
    first = conditions[0]
    if not isinstance(first, Compare):
        return False
    outcomes: set[str] = set()
    for each in conditions:
        if not isinstance(each, Compare) or {each.op, first.op} - OUTCOMES.keys():
            return False
        if (each.left, each.right) == (first.left, first.right):
            outcomes |= set(OUTCOMES[each.op])
        elif (each.left, each.right) == (first.right, first.left):
            outcomes |= set(OUTCOMES[SWAPPED[each.op]])
    return outcomes == set("<=>")
