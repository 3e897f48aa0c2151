"""Signals of the summed loss: with J = 1/m Σ_i L_i some authors write dZ for the derivative of Σ_i L_i, and 1/m in the lines of dW and db.

All lines are judged in both scales. They are read in that of the sum where more of them hold by it, a line with the 1/m among them,
unless a line that states a signal of the mean would be wrong by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from wengert.core.ir.graph import Node
from wengert.core.ir.types import Dim
from wengert.core.ir.walk import topological
from wengert.core.ops.arithmetic import divide, multiply
from wengert.notes.claims.diagnosis import Effort
from wengert.notes.claims.findings import Claim
from wengert.notes.claims.judge import BY_ITSELF, ClaimJudge
from wengert.notes.claims.points import Scale
from wengert.notes.elaboration.system import SystemData
from wengert.notes.manuscripts.sections import SystemSection, Unread
from wengert.notes.notation.expr import Ref, walk

COUNTS = frozenset("mMnNB")
"""Names for the number of examples."""
MAX_SCALES = 6
"""So many scales are tried."""


def judged_in_scale(section: SystemSection, effort: Effort) -> tuple[list[Claim], list[Unread]]:
    """The claims of a section in the scale in which its author states signals, and what is not read."""
    judge = ClaimJudge(section, effort=effort)
    claims = judge.run()
    if not any(is_off(claim) for claim in claims):
        return claims, judge.unread
    for scale in list(scales(judge.system))[:MAX_SCALES]:
        trial = ClaimJudge(section, explains=False, scale=scale)
        if is_meant(trial, claims, trial.run()):
            judge = ClaimJudge(section, effort=effort, scale=scale)
            return with_note(judge, scale, judge.run()), judge.unread
    return claims, judge.unread


def scales(system: SystemData) -> Iterator[Scale]:
    """The axes over which a line takes a mean; with the number m of 1/m ‖Y − T‖² every axis may be that of the examples."""
    nodes = topological([line.node for line in system.lines])
    sizes = [node.params["size"] for node in nodes if node.op.leaf == "size"]
    yield from (Scale(size) for size in dict.fromkeys(sizes) if isinstance(size, Dim))
    numbers = {leaf: name for name, leaf in system.leaves.items() if name in COUNTS and name in system.inputs}
    below = [part for node in nodes if node.op is divide for part in factors(node.inputs[1])]
    axes = [size for q in system.quantities.values() for size in q.type.shape]
    for name in dict.fromkeys(numbers[part] for part in below if part in numbers):
        yield from (Scale(size, name) for size in dict.fromkeys(axes) if isinstance(size, Dim))


def factors(node: Node) -> Iterator[Node]:
    """The factors of a divisor."""
    if node.op is multiply:
        for each in node.inputs:
            yield from factors(each)
    else:
        yield node


def is_off(claim: Claim) -> bool:
    """Whether a claim does not follow from the author's lines."""
    return claim.status == "wrong" or claim.note == BY_ITSELF


def is_meant(judge: ClaimJudge, plain: Sequence[Claim], scaled: Sequence[Claim]) -> bool:
    """Whether an author states signals in the scale of a judge; his claims, judged as signals of the mean and in that scale.

    A line that reads no signal of an example tells nothing of their scale.
    """
    other = {(claim.span, claim.link): claim for claim in scaled}
    pairs = [(claim, other[claim.span, claim.link]) for claim in plain if (claim.span, claim.link) in other]
    pairs = [(one, two) for one, two in pairs if of_examples(judge, one) or reads_examples(judge, one)]
    gained = [one for one, two in pairs if is_off(one) and not is_off(two)]
    lost = [one for one, two in pairs if is_off(two) and not is_off(one)]
    if len(lost) >= len(gained) or all(of_examples(judge, one) for one in gained):
        return False
    return any(of_examples(judge, one) for one in gained) or not any(of_examples(judge, one) for one in lost)


def reads_examples(judge: ClaimJudge, claim: Claim) -> bool:
    """Whether a claim reads the signal of what has an entry for each example."""
    refs = (tree for tree in walk(claim.line.rights[claim.link]) if isinstance(tree, Ref) and tree.barred)
    names = (judge.stated.resolve(tree.name) for tree in refs)
    return any(name in judge.system.quantities and judge.chain.counts(name) for name in names)


def of_examples(judge: ClaimJudge, claim: Claim) -> bool:
    """Whether a claim states the signal of what has an entry for each example."""
    name = judge.stated.about(claim.line)
    return name in judge.system.quantities and judge.chain.counts(name)


def with_note(judge: ClaimJudge, scale: Scale, claims: Sequence[Claim]) -> list[Claim]:
    """The claims, the first that holds in a scale with a note of it."""
    found = list(claims)
    places = [k for k, claim in enumerate(found) if of_examples(judge, claim)]
    first = next((k for k in places if found[k].status == "holds" and not found[k].note), None)
    first = next(iter(places), None) if first is None else first
    if first is not None:
        found[first] = replace(found[first], note=said(judge.system, scale))
    return found


def said(system: SystemData, scale: Scale) -> str:
    """What the scale is, in words."""
    names = [known for known, size in system.size_names.items() if size == scale.examples]
    times = scale.times or next(iter(names), scale.examples.name)
    return f"{times} times the signal: the derivative of the sum, not of the mean"
