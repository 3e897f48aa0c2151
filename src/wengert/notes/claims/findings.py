"""What was found of a claim: that it holds, or is wrong, with both values, the likely mistake and what to write."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from wengert.notes.claims.kinds import Diagnosis
from wengert.notes.notation.expr import Expr, Line, Span

Array = Any

BY_ITSELF = "it is true, but does not follow from the lines before it"


@dataclass(frozen=True, eq=False)
class Claim:
    """One right side of a line about a quantity, and what was found of it.

    status    "holds", "wrong" or "defined" (an auxiliary quantity, which a later line may use)
    note      what it holds under, or that it holds but does not follow
    """

    line: Line
    link: int
    span: Span
    status: str
    note: str = ""
    finding: Finding | None = None


@dataclass(frozen=True, eq=False)
class Finding:
    """What is known of a wrong claim: both values where they differ, and the node and values that were expected."""

    problem: str
    values: tuple[Array, ...] = ()
    expected: tuple[Array, ...] = ()
    letters: tuple[str, ...] = ()
    """The letters of the axes of values that are not laid out as the left side."""
    diagnosis: Diagnosis | None = None
    corrected: Expr | None = None
    """A right side that holds."""


def place_of(line: Line, k: int) -> Span:
    """Where a right side stands; where its line does, if it has no place of its own."""
    span = line.rights[k].span
    return span if span.start >= 0 else line.span


def either_side(claim: Claim) -> Claim:
    """A wrong side of a line for a name of the author's own: the side before it can be the wrong one as well."""
    finding = claim.finding
    if finding is None:
        return claim
    found = finding.diagnosis
    said = None if found is None else replace(found, sentence=f"{found.sentence}, here or in the side before it")
    return replace(claim, finding=replace(finding, diagnosis=said, corrected=None))
