"""How many axes the text says that a name has: x ∈ ℝⁿ is a vector, W ∈ ℝ^{n×m} a matrix, y ∈ {0, 1} a number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wengert.notes.reading.parser import NotNeutral, parse
from wengert.notes.reading.story import Statement
from wengert.notes.reading.trees import Group, Name, Num, Script, Tree, Word, base_of
from wengert.regex import regex

REALS = regex(
    r"\s*(?:\\(?:mathbb|mathbf|Bbb|mathcal)\s*\{?\s*R\s*\}?|\\(?:RR|R|Reals|reals|SetR|Real)(?![A-Za-z])|ℝ|R(?=\s*\^))"
)
POWER = regex(
    r"\s*\^\s*(?:\{(?P<braced>(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}|\((?P<round>[^()]*)\)|(?P<bare>\\[A-Za-z]+|\w+(?:\s*×\s*\w+)*))"
    r"|(?P<small>[ⁿᵐᵈᵏʰᵖ⁰¹²³⁴⁵⁶⁷⁸⁹]+(?:[ˣ×][ⁿᵐᵈᵏʰᵖ⁰¹²³⁴⁵⁶⁷⁸⁹]+)*)"
)
TIMES = regex(r"\\times|[×ˣ]|\\cdot|\bx\b")
NUMBERS = regex(r"\s*\\\{\s*-?\d[\d\s,.+-]*\\\}")


def declared_ranks(statements: Iterable[Statement]) -> dict[str, int]:
    """The names whose number of axes is said, and everywhere the same."""
    said: dict[str, set[int]] = {}
    for statement in statements:
        for name, rank in _said(statement):
            said.setdefault(name, set()).add(rank)
    return {name: next(iter(ranks)) for name, ranks in said.items() if len(ranks) == 1}


def _said(statement: Statement) -> Iterator[tuple[str, int]]:
    """What a statement says of the names before its ∈; what stands behind a set and a comma is the next of them."""
    before = statement.sides[0]
    for relation, side in zip(statement.relations, statement.sides[1:], strict=True):
        rank, rest = rank_of(side)
        if relation == "∈" and rank is not None:
            for name in before.split(","):
                if base := _bare(name, statement):
                    yield base, rank
        before = rest.lstrip(" ,;")


def rank_of(text: str) -> tuple[int | None, str]:
    """The number of axes of what is in a set, and what stands behind it; None for a set that says none."""
    if numbers := NUMBERS.match(text):
        return 0, text[numbers.end() :]
    reals = REALS.match(text)
    if reals is None:
        return None, text
    power = POWER.match(text, reals.end())
    if power is None:
        behind = text[reals.end() :].lstrip()
        return (None if behind.startswith("^") else 0), text[reals.end() :]
    said = power["braced"] or power["round"] or power["bare"] or power["small"] or ""
    return 1 + len(TIMES.findall(said)), text[power.end() :]


def _bare(text: str, statement: Statement) -> str:
    """The name of a whole quantity, with a layer or a number at most; "" for anything else."""
    try:
        tree = parse(text.strip(), statement.notation)
    except (NotNeutral, RecursionError):
        return ""
    if isinstance(tree, Name | Word):
        return tree.text
    plain = isinstance(tree, Script) and not tree.primes and (tree.sub is None or _is_label(tree.sub))
    return base_of(tree) if plain and isinstance(tree, Script) and isinstance(tree.sup, Group | None) else ""


def _is_label(sub: Tree) -> bool:
    return isinstance(sub, Num | Word)
