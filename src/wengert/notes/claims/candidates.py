"""The parts of a section's forward lines, for which the names in its claims could stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wengert.errors import CheckError, EquationError, GraphError, ShapeError
from wengert.notes.claims.judge import ClaimJudge
from wengert.notes.claims.part_values import Candidate, has_few_parts, values_of_parts
from wengert.notes.claims.points import POINTS, ClaimPoint, draw
from wengert.notes.manuscripts.sections import SystemSection


@dataclass(frozen=True, eq=False)
class Candidates:
    """The parts of a section's forward lines at the points of a judge of it."""

    judge: ClaimJudge
    points: Sequence[ClaimPoint]
    found: Sequence[Candidate]


def candidates(section: SystemSection) -> Candidates | None:
    """All parts of the lines on which the result depends; None where there are too many or the lines have no values."""
    if not has_few_parts(section.system):
        return None
    try:
        judge = ClaimJudge(section)
        points = [draw(judge.chain, judge.rng) for _ in range(POINTS)]
        found = values_of_parts(judge.chain, points)
    except (EquationError, CheckError, GraphError, ShapeError):
        return None  # the claims will be refused with this reason
    return None if found is None else Candidates(judge, points, found)
