"""What a link says by its form alone: about derivatives, in words, up to an order, under a condition."""

from __future__ import annotations

from fractions import Fraction

from wengert.notes.reading.omitted import acts
from wengert.notes.reading.scope_line import EQUALS, ScopeLine
from wengert.notes.reading.story import Statement
from wengert.notes.reading.terms import is_operator
from wengert.notes.reading.trees import (
    Big,
    Frac,
    Group,
    Name,
    Num,
    Relation,
    Row,
    Script,
    Sum,
    Tree,
    Word,
    base_of,
    has_derivative,
    is_fraction_of,
)
from wengert.regex import regex


def summing_to_one(line: ScopeLine) -> str:
    """The name whose entries a line says to sum to one, Σ_k y_k = 1; "" where it says no such thing."""
    left = line.left
    if len(line.sides) != 2 or line.sides[1] != Num(Fraction(1)) or line.statement.relations[0] not in EQUALS:
        return ""
    if not (isinstance(left, Big) and left.sign == "Σ" and isinstance(left.term, Script) and left.term.sub is not None):
        return ""
    return base_of(left.term) if left.term.sup is None else ""


def is_chain(side: Tree) -> bool:
    """Whether a side is made of derivatives alone: ∂a/∂b · ∂b/∂c, with sums of such products."""
    if isinstance(side, Row | Sum):
        return all(is_chain(part) for part in side.parts)
    if isinstance(side, Group | Big):
        return is_chain(side.parts[-1])
    return is_fraction_of(side, "∂", "d") and isinstance(side, Frac) and not acts(side)


def begins_with_operator(side: Tree | None) -> bool:
    """Whether ∂/∂v stands before the first of several terms, so that it may reach over all of them."""
    if not isinstance(side, Sum) or len(side.terms) < 2 or not isinstance(side.terms[0][1], Row):
        return False
    return is_operator(side.terms[0][1].items[0][1])


def in_words(side: Tree | None) -> bool:
    """Whether a side tells in words what stands beside it, as in ȳ = 2 × 1 matrix = (…)."""
    nodes = () if side is None else side.nodes
    return any(isinstance(node, Word) for node in nodes) and not any(isinstance(node, Name) for node in nodes)


def is_up_to_order(tree: Tree) -> bool:
    """Whether o(h) or O(h) stands in a sum: what it says is not exact."""
    terms = [term for node in tree.nodes if isinstance(node, Sum) for _, term in node.terms]
    return any(
        isinstance(term, Row)
        and len(term.items) == 2
        and term.items[0][1] in (Name("o"), Name("O"))
        and isinstance(term.items[1][1], Group)
        for term in terms
    )


def derived(line: ScopeLine, link: int) -> bool:
    """Whether a link is about derivatives."""
    return line.signals or any(
        side is not None and (has_derivative(side) or _has_small(side)) for side in line.sides[: link + 1]
    )


def _has_small(tree: Tree) -> bool:
    return any(isinstance(node, Row) and node.items[0][1] == Name("d") for node in tree.nodes)


CONDITION = regex(r"([a-z])\s*(=|≠|\\neq?(?![a-z])|<|>|\\leq?(?![a-z])|\\geq?(?![a-z])|≤|≥)\s*([a-z])(?![a-z])")
RELATION_SIGNS = {"\\ne": "≠", "\\neq": "≠", "\\le": "≤", "\\leq": "≤", "\\ge": "≥", "\\geq": "≥"}


def condition_of(statement: Statement) -> Relation | None:
    """The condition that is written behind a statement: (i ≠ j)."""
    found = CONDITION.search(statement.remark)
    if found is None:
        return None
    return Relation(RELATION_SIGNS.get(found.group(2), found.group(2)), Name(found.group(1)), Name(found.group(3)))
