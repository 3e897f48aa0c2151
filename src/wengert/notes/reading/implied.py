"""What a derivative says of a name that has no line: ∂y/∂x = ∂/∂x (x² + 1) says that y is x² + 1."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import pairwise

from wengert.notes.reading.arrays import Misfit
from wengert.notes.reading.facts import Facts
from wengert.notes.reading.heads import head_of
from wengert.notes.reading.lexicon import Lexicon
from wengert.notes.reading.trees import Frac, Group, Name, Row, Script, Tree, Word, base_of, first_sign, without_first

SIGNS = (Name("∂"), Name("d"))


def implied(sides: list[Tree | None], facts: Facts, known: Collection[str]) -> Iterator[tuple[int, Tree, Tree]]:
    """The names without a line that a chain of sides derives: the number of the side that says it, the name, the formula."""
    for k, (before, side) in enumerate(pairwise(sides), 1):
        found = None if before is None or side is None else said(before, side, facts)
        if found is not None and base_of(found[0]) not in known:
            yield k, *found


def said(left: Tree, right: Tree, facts: Facts) -> tuple[Tree, Tree] | None:
    """y and F of ∂y/∂x = ∂/∂x F, where x stands in F and y does not."""
    one, two = _derived(left), _derived(right)
    if one is None or two is None:
        return None
    (name, low), (formula, by) = one, two
    inside = {node.text for node in formula.nodes if isinstance(node, Name | Word)}
    if not isinstance(name, Name | Script | Word) or isinstance(formula, Name | Script | Word):
        return None
    if base_of(name) in ("", *inside) or base_of(low) not in inside or not _same(low, by, facts):
        return None
    return name, formula


def _derived(tree: Tree) -> tuple[Tree, Tree] | None:
    """F and x of ∂F/∂x or ∂/∂x F that stand alone; None for anything else."""
    operator, body = (tree.items[0][1], tree.items[1:]) if isinstance(tree, Row) else (tree, ())
    if not isinstance(operator, Frac):
        return None
    alone = operator.top in SIGNS
    top = body[0][1] if alone and len(body) == 1 else None if alone or body else without_first(operator.top)
    low = without_first(operator.low)
    signs = {first_sign(operator.top), first_sign(operator.low)}
    if top is None or not isinstance(low, Name | Script | Word) or signs not in ({"∂"}, {"d"}):
        return None
    if isinstance(operator.top, Row) and operator.top.items[0][1] not in SIGNS:
        return None  # a second derivative
    return (top.inner if isinstance(top, Group) else top), low


def _same(one: Tree, two: Tree, facts: Facts) -> bool:
    """Whether two names are the same with their indices; j of a_{j = i} is i."""
    try:
        first, second = (head_of(tree, facts, facts.at, Lexicon()) for tree in (one, two))
    except Misfit:
        return False
    return (
        first is not None
        and second is not None
        and (first.key, first.axes, first.power) == (second.key, second.axes, second.power)
    )
