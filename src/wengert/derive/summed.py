"""Signals of the summed loss: with J = 1/m Σ_i L_i some authors write dZ for the derivative of Σ_i L_i, and 1/m in the lines of dW and db.

It is read so where the signals of what has an entry for each example are m times the true ones, and those of the parameters are true.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from wengert.derive.claims import Claim, Judge
from wengert.derive.points import Array, close
from wengert.errors import EquationError
from wengert.ir.system import System, bar
from wengert.ir.types import Dim
from wengert.notation.expr import Ref, walk


@dataclass(frozen=True)
class _Stated:
    """A claim about the signal of a quantity: how many times the true signal it states, and whether it reads such a signal."""

    place: int
    name: str
    examples: Dim | None
    """The axis by whose size the claim is too large; None where it is true."""
    values: tuple[Array, ...]
    truth: tuple[Array, ...]
    reads: frozenset[str]


def with_summed_losses(judge: Judge, claims: Sequence[Claim]) -> list[Claim]:
    """The claims, those right that state signals of the summed loss where the author means these."""
    found = list(claims)
    wrong = [claim for claim in found if claim.status == "wrong" and _ratio(claim) is not None]
    if not wrong or not judge.points:
        return found
    stated = [each for place, claim in enumerate(found) if (each := _stated(judge, place, claim)) is not None]
    for examples in dict.fromkeys(each.examples for each in stated if each.examples is not None):
        scaled = {
            each.name for each in stated if each.examples == examples and _counts(judge.system, each.name, examples)
        }
        parameters = [each for each in stated if not _counts(judge.system, each.name, examples) and each.reads & scaled]
        true = [each for each in parameters if each.examples is None]
        faults = [each for each in parameters if each.examples == examples]
        if not scaled or len(true) <= len(faults):
            continue
        for each in stated:
            if each.name in scaled and each.examples == examples:
                found[each.place] = _holding(found[each.place], judge.system, each.name, examples)
        for each in true:
            found[each.place] = replace(found[each.place], note="")
        for each in faults:
            found[each.place] = _fault(judge, found[each.place], each)
    return found


def _ratio(claim: Claim) -> float | None:
    """How many times what is expected a wrong claim is, if that is one number above 1."""
    finding = claim.finding
    if finding is None or not finding.values or np.shape(finding.values[0]) != np.shape(finding.expected[0]):
        return None
    value, wanted = np.asarray(finding.values[0]), np.asarray(finding.expected[0])
    scale = float(np.sum(value * wanted) / max(float(np.sum(wanted * wanted)), 1e-300))
    return scale if scale > 1.5 and close([value], [scale * wanted]) else None


def _stated(judge: Judge, place: int, claim: Claim) -> _Stated | None:
    left, system = claim.line.left, judge.system
    if not (isinstance(left, Ref) and left.barred) or claim.status not in ("holds", "wrong") or "with " in claim.note:
        return None
    context = judge.reader().context
    name = context.resolve(left.name)
    if name not in system.quantities:
        return None
    tree = claim.line.rights[claim.link]
    try:
        _, node = judge.side(claim.line, tree)
        values = tuple(point.value(node) for point in judge.points)
    except EquationError:
        return None
    truth = tuple(point.truth[bar(name)] for point in judge.points)
    if np.shape(values[0]) != np.shape(truth[0]):
        return None
    reads = frozenset(context.resolve(t.name) for t in walk(tree) if isinstance(t, Ref) and t.barred)
    if close(list(values), list(truth)):
        return _Stated(place, name, None, values, truth, reads)
    for size, number in _sizes(judge):
        if close(list(values), [number * np.asarray(each) for each in truth]):
            return _Stated(place, name, size, values, truth, reads)
    return None


def _sizes(judge: Judge) -> Iterator[tuple[Dim, int]]:
    """The named sizes of the system with their numbers at the points."""
    found: dict[Dim, int] = {}
    for name, quantity in judge.system.quantities.items():
        if name in judge.points[0].truth:
            shape = np.shape(judge.points[0].truth[name])
            found |= {size: n for size, n in zip(quantity.type.shape, shape, strict=False) if isinstance(size, Dim)}
    yield from found.items()


def _counts(system: System, name: str, examples: Dim) -> bool:
    """Whether a quantity has an entry for each example."""
    return examples in system.quantities[name].type.shape


def _holding(claim: Claim, system: System, name: str, examples: Dim) -> Claim:
    count = next((known for known, size in system.size_names.items() if size == examples), examples.name)
    note = f"{count} times the signal: the derivative of the sum, not of the mean" if claim.status == "wrong" else ""
    return replace(claim, status="holds", note=note, finding=None)


def _fault(judge: Judge, claim: Claim, stated: _Stated) -> Claim:
    """A parameter whose signal lacks the 1/m."""
    finding = judge.finding("", claim.line, claim.link, list(stated.values), list(stated.truth))
    return replace(claim, status="wrong", note="", finding=finding)
