"""A name in ∂y/∂z that no equation has: each part of the equations is given it in turn, and the claims are judged.

With ∂y/∂z ∂z/∂w nearly every part on the way from w to y fits, so that a name is read as the part with which most lines hold.
"""

from __future__ import annotations

from dataclasses import replace

from wengert.notes.claims.candidates import candidates
from wengert.notes.claims.findings import Claim
from wengert.notes.claims.judge import ClaimJudge
from wengert.notes.claims.subexpressions import LinePart, with_named_parts
from wengert.notes.manuscripts.sections import SystemSection
from wengert.notes.notation.expr import Ref, walk

MAX_TRIALS = 24
"""So many parts, the largest first, are given a name in turn."""


def part_in_derivatives(section: SystemSection, name: str) -> tuple[LinePart, SystemSection] | None:
    """The part with which most claims that use the name hold, and the section in which it has a line; None where with none more
    hold than fail."""
    among = candidates(section)
    if among is None:
        return None
    loss = among.judge.chain.loss
    parts = sorted((each.part for each in among.found), key=lambda part: -part.size)
    best: tuple[int, LinePart, SystemSection] | None = None
    for part in parts[:MAX_TRIALS]:
        system = with_named_parts(section.system, [(name, part)], frozenset(), loss)
        if system is None:
            continue
        tried = replace(section, system=system)
        right, wrong = verdicts(tried, name)
        if right > wrong and (best is None or right > best[0]):
            best = (right, part, tried)
    return None if best is None else best[1:]


def verdicts(section: SystemSection, name: str) -> tuple[int, int]:
    """How many of the claims that use a name hold, and how many do not."""
    judge = ClaimJudge(section, explains=False)
    claims = [claim for claim in judge.run() if uses(claim, name)]
    right = sum(claim.status == "holds" for claim in claims)
    return right, len(claims) - right


def uses(claim: Claim, name: str) -> bool:
    """Whether a side of a claim has a name in it."""
    sides = (claim.line.left, claim.line.rights[claim.link])
    return any(isinstance(tree, Ref) and tree.name == name for side in sides for tree in walk(side))
