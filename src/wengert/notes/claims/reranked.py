"""Ranks that only the claims tell: y = (x / r) * w leaves open whether w is a number or a vector, w̄ = ȳ * (x / r) does not.

The forward lines alone are read at the least surprise. Where claims have another shape than the quantity, the lines are read again so
that the claims make sense, and that reading is kept if fewer of them are wrong in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from wengert.errors import EquationError, GraphError, ShapeError
from wengert.notes.claims.diagnosis import Effort
from wengert.notes.claims.findings import Claim
from wengert.notes.claims.summed_loss import judged_in_scale
from wengert.notes.claims.unnamed import Meant
from wengert.notes.elaboration.elaborate import elaborate
from wengert.notes.elaboration.system import SystemData
from wengert.notes.manuscripts.sections import SystemSection, Unread, with_named_loss
from wengert.notes.notation.expr import Ref

MAX_LINES = 40
"""Longer systems are read once."""
WORDS = {0: "a number", 1: "a vector", 2: "a matrix"}


@dataclass(frozen=True, eq=False)
class Reranked:
    """The claims of a section with the ranks in which they were judged, and what was read so that they make sense."""

    section: SystemSection
    claims: list[Claim]
    unread: list[Unread]
    meant: tuple[Meant, ...] = ()

    @property
    def failures(self) -> int:
        """How many claims are wrong, or mean nothing: W̄ = z̄ xᵀ where x is a number."""
        return [claim.status for claim in self.claims].count("wrong") + len(self.unread)


def judged(section: SystemSection, effort: Effort) -> Reranked:
    """The claims of a section judged, with the ranks of names that stand whole chosen so that fewer of them are wrong."""
    first = Reranked(section, *judged_in_scale(section, effort))
    again = reranked(section) if first.unread or has_misfits(first.claims) else None
    if again is None:
        return first
    second = Reranked(again, *judged_in_scale(again, effort), tuple(differences(section.system, again.system)))
    return second if second.failures < first.failures and len(second.unread) <= len(first.unread) else first


def has_misfits(claims: Sequence[Claim]) -> bool:
    """Whether a claim is wrong by its shape."""
    return any(differs_in_shape(claim) for claim in claims)


def differs_in_shape(claim: Claim) -> bool:
    """Whether a claim has another shape than the quantity that it is about."""
    finding = claim.finding
    if finding is None:
        return False
    return not finding.values or np.shape(finding.values[0]) != np.shape(finding.expected[0])


def reranked(section: SystemSection) -> SystemSection | None:
    """The section with ranks in which its claims make sense; None where these are the ones that it has."""
    system = section.system
    if section.code or system.clock is not None or not section.whole or len(system.lines) > MAX_LINES:
        return None
    claims = [line for line in section.claims if isinstance(line.left, Ref)]
    try:
        again = with_named_loss(elaborate(system.reading, claims=claims))
    except (EquationError, GraphError, ShapeError, RecursionError):
        return None
    if is_lowered(system, again):
        return None
    return replace(section, system=again) if any(True for _ in differences(system, again)) else None


def is_lowered(system: SystemData, other: SystemData) -> bool:
    """Whether a quantity has fewer axes in the other system: a transpose or a sum that a claim lacks would pass in it, as
    W̄ = z̄ x does for z = W x where x is a number."""
    both = [name for name in system.quantities if name in other.quantities]
    return any(other.quantities[name].type.rank < system.quantities[name].type.rank for name in both)


def differences(system: SystemData, other: SystemData) -> Iterator[Meant]:
    """The inputs that have another rank in one system than in the other."""
    for name in other.inputs:
        rank = other.quantities[name].type.rank
        if name in system.quantities and system.quantities[name].type.rank != rank:
            yield Meant(name, f"{name} read as {WORDS.get(rank, f'an array of {rank} axes')}")
