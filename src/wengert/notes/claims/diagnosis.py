"""The likely kind of a mistake in a claim, found by taking each kind back until the claim holds, and the corrected line.

Sign, factor, transpose, a missing sum, path or use, a lost activation derivative, a mean for a sum, a local derivative without the
incoming signal, a wrong index: what makes the value right names the kind.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any

import numpy as np

from wengert.errors import WengertError
from wengert.notes.claims.edits import Surroundings, edits, letters_of, tidied
from wengert.notes.claims.kinds import Diagnosis, said, times_too_large
from wengert.notes.claims.named_slopes import named_slope
from wengert.notes.claims.omissions import Omissions
from wengert.notes.claims.points import SMALLEST, ClaimPoint, close
from wengert.notes.elaboration.system import SystemData
from wengert.notes.notation import names
from wengert.notes.notation.expr import BigOp, Call, Expr, Index, Line, Product, Quotient, Ref, refs_of, walk
from wengert.notes.notation.unicode import show

Array = Any
MAX_EDITS = 1500
"""So many edits of one expression are tried."""
MAX_WORK = 10_000_000
"""So many entries are computed for one diagnosis."""
FEW_EDITS = 300
"""So many under an assumption."""
MAX_SIGNS = 40_000
"""So many names and signs are read in all the edits of one document."""
SHARE = 4
"""One diagnosis takes at most such a part of what is left of them, so that something remains for every line."""
SIGNS_OF_A_LINE = 5
"""So many signs are as much work as what is to be done for a line of any length."""
MAX_ENTRIES = 24
"""So many entries of one signal are tried as the incoming one."""


@dataclass
class Effort:
    """How many entries may still be computed to find out what is wrong, how many signs may be read in edits, and for how many lines:
    in one document all in all."""

    left: int = 3 * MAX_WORK
    signs: int = MAX_SIGNS
    diagnoses: int = 200


@dataclass
class Diagnostician:
    """Finds what is wrong with values that were expected to be others; `evaluate` gives the values of another right side at the
    first so many points."""

    points: Sequence[ClaimPoint]
    values: Sequence[Array]
    expected: Sequence[Array]
    evaluate: Callable[[Expr, int], list[Array]]
    effort: Effort = field(default_factory=Effort)
    said: Callable[[list[Array]], list[Array]] = list
    """What a line says of values: at steps that it leaves out they are as expected."""

    def __post_init__(self) -> None:
        self.start = self.work
        self.limit = min(MAX_WORK, self.effort.left)
        self.least = self.effort.signs - self.effort.signs // SHARE

    @property
    def work(self) -> int:
        """How many entries were computed at the points so far."""
        return sum(point.work for point in self.points)

    def exhausted(self) -> bool:
        """Whether as much was tried as is reasonable."""
        return self.work - self.start > self.limit

    def diagnose(self, tree: Expr, name: str, around: Surroundings) -> Diagnosis | None:
        """The first kind that explains the values; `name` is the quantity whose signal is claimed, "" for none."""
        self.effort.diagnoses -= 1
        if self.effort.diagnoses < 0:
            return None
        try:
            return self.first(tree, name, around)
        finally:
            self.effort.left -= min(self.work - self.start, self.effort.left)

    def first(self, tree: Expr, name: str, around: Surroundings) -> Diagnosis | None:
        """From what the values tell to what other expressions would give."""
        found = self.shaped() or self.scaled() if self.values else None
        left_out: Diagnosis | None = None
        if (found is None or found.kind == "factor") and name and self.values:
            left_out = Omissions(self.points, name, self.values, self.expected, self.said, self.exhausted).first()
        if left_out is not None:
            edited = self.edited(tree, around, {left_out.kind})
            return left_out if edited is None else replace(left_out, corrected=edited.corrected)
        return self.edited(tree, around, None if found is None or found.kind == "factor" else {found.kind}) or found

    def supposed(self, tree: Expr, around: Surroundings) -> Diagnosis | None:
        """The first of the likeliest edits that explains the values at points which satisfy an assumption."""
        try:
            return self.edited(tree, around, None, FEW_EDITS)
        finally:
            self.effort.left -= min(self.work - self.start, self.effort.left)

    # the whole value

    def shaped(self) -> Diagnosis | None:
        """The value in another layout, or with an axis that should be summed."""
        value, wanted = np.asarray(self.values[0]), np.asarray(self.expected[0])
        if value.ndim == 2 and close([np.asarray(v).T for v in self.values], self.expected):
            return said("transpose")
        if value.ndim > wanted.ndim:
            for axes in itertools.combinations(range(value.ndim), value.ndim - wanted.ndim):
                summed = [np.asarray(v).sum(axis=axes) for v in self.values]
                if close(summed, self.expected) or close([s.T for s in summed], self.expected):
                    return said("missing sum")
        return None

    def scaled(self) -> Diagnosis | None:
        """The value times a number that is the same for every entry and every point."""
        ratio = ratio_of(self.values, self.expected)
        if ratio is None:
            return None
        if abs(ratio + 1) < 1e-9:
            return said("sign")
        for size in self.points[0].chain.sizes.values():
            if size < SMALLEST:
                continue  # it could as well be a number that the author lost
            if abs(ratio - size) < 1e-9 * size:
                return said("mean for sum")
            if abs(ratio * size - 1) < 1e-9:
                return said("sum for mean")
        return Diagnosis("factor", times_too_large(1 / ratio)) if ratio else said("factor")

    # the author's own expression

    def edited(
        self, tree: Expr, around: Surroundings, kinds: set[str] | None, most: int = MAX_EDITS
    ) -> Diagnosis | None:
        """The first edit of the author's expression that has the expected value."""
        signs = SIGNS_OF_A_LINE + sum(1 for _ in walk(tree))
        for kind, changed in itertools.islice(edits(tree, around), most):
            if kinds is not None and kind not in kinds:
                continue
            if self.exhausted() or self.effort.signs <= self.least:
                return None
            self.effort.signs -= signs
            if self.explains(changed):
                return replace(self.worded(kind, tree, changed, around), corrected=tidied(changed))
        return None

    def explains(self, changed: Expr) -> bool:
        """Whether another right side has the expected values: at the first point, then at all."""
        try:
            return all(close(self.evaluate(changed, n), self.expected[:n]) for n in (1, len(self.points)))
        except WengertError:
            return False  # an edit that means nothing is none

    def worded(self, kind: str, tree: Expr, changed: Expr, around: Surroundings) -> Diagnosis:
        """What an edit that makes the line right says of the mistake."""
        summed = bound(changed) - bound(tree)
        new = [ref for ref in refs_in(changed) if ref not in refs_in(tree)]
        if kind == "missing sum" and summed:
            return Diagnosis(kind, f"the sum over {' and '.join(sorted(summed))} is missing", changed)
        if kind == "missing sum" and extremes(changed) < extremes(tree):
            return Diagnosis(kind, "the greatest or least of them stands for their sum", changed)
        if kind == "factor" and self.values and (ratio := ratio_of(self.expected, self.values)) is not None:
            return Diagnosis(kind, times_too_large(ratio), changed)
        if kind == "factor" and len(refs_in(changed)) < len(refs_in(tree)):
            return Diagnosis(kind, "a factor is too much", changed)
        if kind == "activation derivative" and (functions := calls_of(tree, changed, around)):
            return Diagnosis(kind, f"the derivative of {functions[0]} is lost", changed)
        if kind == "missing factor":
            inverse = any(isinstance(part, Quotient) and part.denominator in new for part in walk(changed))
            names_said = [f"1/{named(ref)}" if inverse else named(ref) for ref in new][:1]
            return said(kind, names_said or ["of a quantity"], changed)
        new = new or list(Counter(refs_in(changed)) - Counter(refs_in(tree)))
        if kind == "quantity":
            gone = {named(ref) for ref in Counter(refs_in(tree)) - Counter(refs_in(changed))}
            put = {named(ref) for ref in new}
            if len(gone) != 1 or len(put) != 1:  # an edit of a name that others are printed with
                return said(kind, corrected=changed)
            return Diagnosis(kind, f"{gone.pop()} stands where {put.pop()} should", changed)
        if kind == "product":
            wanted = "entry by entry" if signs_of(changed) > signs_of(tree) else "as matrices"
            return Diagnosis(kind, f"factors are to be multiplied {wanted}", changed)
        if kind == "layer":
            return said(kind, [names.split(ref.name).base for ref in new][:1], changed)
        if kind == "missing path":
            return Diagnosis(kind, "a term is missing", changed)
        return said(kind, corrected=changed)


def bound(tree: Expr) -> set[str]:
    """The letters over which an expression sums."""
    return {letter for part in walk(tree) if isinstance(part, BigOp) for letter in part.letters}


def extremes(tree: Expr) -> int:
    """How often an expression takes the greatest or the least over a letter."""
    return sum(isinstance(part, BigOp) and part.op in ("max", "min") for part in walk(tree))


def calls_of(tree: Expr, changed: Expr, around: Surroundings) -> list[str]:
    """The functions that a changed expression has more primes of, or the derivatives."""
    before, after = ([t for t in walk(each) if isinstance(t, Call)] for each in (tree, changed))
    found = [
        b.function for a, b in zip(before, after, strict=False) if a.function == b.function and a.primes < b.primes
    ]
    opened = [(call.function, around.slope(call)) for call in before if len(call.args) == 1]
    new = list(walk(changed))
    return found or [function for function, slope in opened if slope is not None and slope in new]


def signs_of(tree: Expr) -> int:
    """How many products of an expression are entry by entry."""
    return sum(isinstance(part, Product) and part.sign == "∘" for part in walk(tree))


def named(ref: Ref) -> str:
    """The name of a quantity without its indices."""
    return show(replace(ref, indices=None))


def refs_in(tree: Expr) -> list[Ref]:
    """The quantities in an expression."""
    return [part for part in walk(tree) if isinstance(part, Ref)]


def ratio_of(values: Sequence[Array], expected: Sequence[Array]) -> float | None:
    """The number by which all entries at all points differ, if there is one."""
    if len(values) != len(expected) or any(np.shape(v) != np.shape(e) for v, e in zip(values, expected, strict=True)):
        return None
    above = np.concatenate([np.ravel(e) for e in expected])
    below = np.concatenate([np.ravel(v) for v in values])
    if not len(below) or not np.all(np.isfinite(below)) or np.any(below == 0):
        return None
    ratios = above / below
    same = bool(np.isfinite(ratios[0])) and np.allclose(ratios, ratios[0], rtol=1e-9, atol=0)
    return float(ratios[0]) if same else None


def surroundings(
    system: SystemData,
    left: Expr,
    tree: Expr,
    name: str,
    children: Sequence[str],
    written: Sequence[Ref],
    derived: Callable[[], Sequence[Ref]],
) -> Surroundings:
    """What edits of a right side may put in; `children` are the quantities whose signals come in to that of `name`, `written` those
    that the author writes."""
    letters = letters_of([left, tree])
    ranks = {n: q.type.rank for q in system.quantities.values() for n in (q.name, q.whole, q.indexed)}
    wholes = {n: q.whole or q.name for q in system.quantities.values() for n in (q.name, q.whole, q.indexed)}
    below = moved_by(system, name) if name else list(system.quantities)
    incoming = [ref for child in children for ref in itertools.islice(_entries(system, child, letters), MAX_ENTRIES)]
    aside = [other for other in system.quantities if other == name or other not in below]
    unmoved = {n for other in aside for n in names_of(system, other)}
    incoming += [ref for ref in written if ref.name not in unmoved]
    lines = [system.line(child).written for child in dict.fromkeys((*children, *below)) if system.defines(child)]
    parts = [ref for line in lines for right in line.rights for ref in refs_in(right) if ref.name in ranks]
    parts += [ref for ref in (line.left for line in lines) if isinstance(ref, Ref)]
    if not letters:
        parts = [Ref(wholes[ref.name]) for ref in parts if ref.name in wholes]
    return Surroundings(
        letters,
        letters_of([left]),
        tuple(Ref(other, barred=True) for other in below),
        tuple(dict.fromkeys(incoming)),
        tuple(dict.fromkeys(parts)),
        tuple(system.size_names),
        lambda ref: ranks.get(ref.name, 0),
        {n: axis for sequence, axis in system.time.items() for n in names_of(system, sequence)},
        layers_of(system),
        partial(named_slope, system),
        cache(derived),
    )


def layers_of(system: SystemData) -> dict[str, tuple[str, ...]]:
    """By spelling of a quantity, those of others that differ from it in their label only."""
    found: dict[str, tuple[str, ...]] = {}
    labelled = [parts for parts in map(names.split, system.quantities) if parts.label]
    for name in system.quantities:
        base, label, *scripts = names.split(name)
        others = [
            names.join(*each)
            for each in labelled
            if label and each.label != label and [each.base, *each[2:]] == [base, *scripts]
        ]
        for k, spelling in enumerate(names_of(system, name)):
            found[spelling] = tuple(names_of(system, other)[k] for other in others if k < len(names_of(system, other)))
    return found


def signals_in(claims: Sequence[Line]) -> tuple[Ref, ...]:
    """The error signals in lines, each once."""
    return tuple(dict.fromkeys(ref for ref in refs_of(claims) if ref.barred))


def names_of(system: SystemData, name: str) -> tuple[str, ...]:
    """How a quantity may be written: its name, the whole array, its entries."""
    quantity = system.quantities[name]
    return tuple(dict.fromkeys((quantity.name, quantity.whole or name, quantity.indexed or name)))


def moved_by(system: SystemData, name: str) -> list[str]:
    """The quantities that a quantity moves, not itself unless it is read by its own next step: their signals come before its own."""
    found: list[str] = []
    waiting = [name]
    while waiting:
        for child in system.children(waiting.pop()):
            if child not in found:
                found.append(child)
                waiting.append(child)
    return found


def _entries(system: SystemData, name: str, letters: Sequence[str]) -> Iterator[Ref]:
    """The signal of a quantity: whole where a line has no indices, else its entries at letters of the line."""
    quantity = system.quantities[name]
    if not letters:
        yield Ref(quantity.whole or name, barred=True)
        return
    known = tuple(dict.fromkeys((*letters, *quantity.letters)))
    for chosen in itertools.permutations(known, quantity.type.rank):
        yield Ref(name, tuple(map(Index, chosen)) or None, barred=True)
