"""Which of the ways to read a program is meant: code does not say how many axes its arrays have, nor of which of its values a name
holds the error signal.

The least surprising reading is taken unless fewer lines are wrong in another one; how the names were read is said beside the first line.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

from wengert.notes.claims.findings import Claim
from wengert.notes.claims.judge import ClaimJudge
from wengert.notes.claims.outside import GIVEN
from wengert.notes.manuscripts.sections import SystemSection
from wengert.notes.notation.expr import Expr, Ref, mapped, refs_of

MOST_EDITS = 60
"""So many changes of a wrong statement are tried."""
MOST_WAYS = 24
"""So many ways to read a program are tried."""


def as_meant(section: SystemSection) -> SystemSection:
    """A program in the first of the readings in which the fewest lines are wrong or not read."""
    ways = itertools.islice(itertools.chain([section], section.others()), MOST_WAYS)
    best, least = section, -1
    for way in with_signals_from_outside(ways):
        faults = faults_of(way)
        if least < 0 or faults < least:
            best, least = way, faults
        if not least:
            break
    return best


def with_signals_from_outside(ways: Iterator[SystemSection]) -> Iterator[SystemSection]:
    """Every way, and then with the signals given that it reads and does not state, where there are such."""
    for way in ways:
        yield way
        if (given := with_given_signals(way)) is not None:
            yield given


def faults_of(section: SystemSection) -> int:
    """How many lines are wrong or not read."""
    judge = ClaimJudge(section, explains=False)
    claims = judge.run()
    lost = len(judge.unread) + len(section.unread)
    return lost + sum(claim.status == "wrong" for claim in claims)


def with_given_signals(section: SystemSection) -> SystemSection | None:
    """The section of a program in which c_bar, which it reads and never assigns, is what comes from outside beside what c's own children
    send back; None where there is no such c."""
    lefts = {line.left.name for line in section.claims if isinstance(line.left, Ref) and line.left.barred}
    barred = {ref.name for ref in refs_of(section.claims) if ref.barred}
    given = {name for name in barred - lefts if section.system.defines(name) and section.system.children(name)}
    if not given:
        return None

    def change(tree: Expr) -> Expr:
        if isinstance(tree, Ref) and tree.barred and tree.name in given:
            return replace(tree, name=GIVEN + tree.name, barred=False)
        return tree

    claims = tuple(
        replace(line, rights=tuple(mapped(right, change) for right in line.rights)) for line in section.claims
    )
    return replace(section, claims=claims)


def mended(section: SystemSection, claim: Claim) -> str:
    """A wrong statement with one small change that makes it right, as code; "" where none of those that are tried does."""
    line = claim.line
    before = tuple(each for each in section.claims if each.span < line.span)
    for text, changed in itertools.islice(section.edited(line), MOST_EDITS):
        claims = ClaimJudge(replace(section, claims=(*before, changed)), explains=False).run()
        if any(each.line.span == line.span and each.status == "holds" and not each.note for each in claims):
            return text
    return ""


def told(section: SystemSection, claims: Sequence[Claim]) -> Iterator[Claim]:
    """The claims, the first with a note on how the names of the program were read."""
    for k, claim in enumerate(sorted(claims, key=lambda claim: claim.line.span)):
        note = "; ".join(filter(None, (claim.note, section.told)))
        yield claim if k or not section.told else replace(claim, note=note)
