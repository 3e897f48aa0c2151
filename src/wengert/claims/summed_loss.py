"""Signals of the summed loss: with J = 1/m Σ_i L_i some authors write dZ for the derivative of Σ_i L_i, and 1/m in the lines of dW and db.

It is read so where a signal of what has an entry for each example is m times the true one, and the lines of parameters that read it have 1/m.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from wengert.claims.findings import Claim
from wengert.claims.judge import Judge
from wengert.claims.points import Array, close
from wengert.errors import EquationError
from wengert.ir.system import System
from wengert.ir.types import Dim
from wengert.notation.expr import Ref, walk


@dataclass(frozen=True)
class _Stated:
    """A claim about the signal of a parameter: its values, what follows from the author's own signals, and which of these it reads."""

    place: int
    name: str
    values: list[Array]
    follows: list[Array]


def with_summed_losses(judge: Judge, claims: Sequence[Claim]) -> list[Claim]:
    """The claims, those right that state signals of the summed loss where the author means these."""
    found = list(claims)
    entries = {place: entry for place, claim in enumerate(found) if (entry := _too_large(judge, claim)) is not None}
    for examples, number in dict.fromkeys(entries.values()):
        first = {place for place, entry in entries.items() if entry[0] == examples}
        scaled = _scaled(judge, found, {_name(judge, found[place]) for place in first}, examples)
        parameters = list(_parameters(judge, found, scaled, examples))
        true = [each for each in parameters if close([number * value for value in each.values], each.follows)]
        faults = [each for each in parameters if close(each.values, each.follows)]
        if len(true) <= len(faults):
            continue
        for place in first:
            found[place] = replace(found[place], status="holds", note=_note(judge.system, examples), finding=None)
        for each in parameters:
            claim = found[each.place]
            if each in true:
                found[each.place] = replace(claim, status="holds", note="", finding=None)
            else:
                wanted = [follow / number for follow in each.follows]
                finding = judge.mistakes.finding("", claim.line, claim.link, each.values, wanted)
                found[each.place] = replace(claim, status="wrong", note="", finding=finding)
    return found


def _too_large(judge: Judge, claim: Claim) -> tuple[Dim, int] | None:
    """The axis of the examples and their number, where a wrong claim is just so many times what is expected of it."""
    finding, name = claim.finding, _name(judge, claim)
    if claim.status != "wrong" or finding is None or not finding.values or name not in judge.system.quantities:
        return None
    shape = judge.system.quantities[name].type.shape
    if np.shape(finding.values[0]) != np.shape(finding.expected[0]):
        return None
    for size, number in zip(shape, np.shape(finding.expected[0]), strict=False):
        times = [number * np.asarray(each) for each in finding.expected]
        if isinstance(size, Dim) and close(list(finding.values), times):
            return size, number
    return None


def _name(judge: Judge, claim: Claim) -> str:
    """The quantity whose signal a claim states; "" where it states none."""
    left = claim.line.left
    return judge.stated.reader().context.resolve(left.name) if isinstance(left, Ref) and left.barred else ""


def _reads(judge: Judge, claim: Claim) -> set[str]:
    """The quantities whose signals a claim reads."""
    resolve = judge.stated.reader().context.resolve
    tree = claim.line.rights[claim.link]
    return {resolve(part.name) for part in walk(tree) if isinstance(part, Ref) and part.barred}


def _scaled(judge: Judge, claims: Sequence[Claim], first: set[str], examples: Dim) -> set[str]:
    """The quantities with an entry for each example whose signals follow from the first ones."""
    scaled = set(first)
    for claim in claims:
        name = _name(judge, claim)
        if name and _counts(judge.system, name, examples) and _reads(judge, claim) & scaled:
            scaled.add(name)
    return scaled


def _parameters(judge: Judge, claims: Sequence[Claim], scaled: set[str], examples: Dim) -> Iterator[_Stated]:
    """The claims about what has no entry for each example that read one of these signals."""
    for place, claim in enumerate(claims):
        name = _name(judge, claim)
        if not name or _counts(judge.system, name, examples) or not _reads(judge, claim) & scaled:
            continue
        try:
            _, node = judge.stated.side(claim.line, claim.line.rights[claim.link])
            values = [point.value(node) for point in judge.stated.points]
        except EquationError:
            continue  # its shape is wrong, which has been said
        follows = [point.follows(name) for point in judge.stated.points]
        if np.shape(values[0]) == np.shape(follows[0]):
            yield _Stated(place, name, values, follows)


def _counts(system: System, name: str, examples: Dim) -> bool:
    """Whether a quantity has an entry for each example."""
    return name in system.quantities and examples in system.quantities[name].type.shape


def _note(system: System, examples: Dim) -> str:
    count = next((known for known, size in system.size_names.items() if size == examples), examples.name)
    return f"{count} times the signal: the derivative of the sum, not of the mean"
