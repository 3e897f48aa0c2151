"""What is wrong with a claim that does not hold: both values, the likely mistake, and a right side in its author's notation that holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

from wengert.core.ir.names import is_entry
from wengert.errors import WengertError
from wengert.notes.claims.corrections import Corrections, as_written
from wengert.notes.claims.diagnosis import Diagnostician, Effort, signals_in, surroundings
from wengert.notes.claims.edits import Surroundings
from wengert.notes.claims.findings import Finding
from wengert.notes.claims.kinds import Diagnosis
from wengert.notes.claims.local_lines import Local
from wengert.notes.claims.points import ClaimPoint, close
from wengert.notes.claims.stated import Stated
from wengert.notes.claims.supposing import Supposing
from wengert.notes.notation.expr import Expr, Line, Ref, Span

Array = Any


@dataclass(eq=False)
class Mistakes:
    """Finds the mistakes in the claims of one section; `written` are their lines as they stand in the text, by place."""

    stated: Stated
    assumed: Supposing
    claims: Sequence[Line]
    written: Mapping[Span, Line]
    effort: Effort
    explains: bool = True
    """Whether it is found out what is wrong with a claim, or its values are said only."""

    def finding(
        self, problem: str, line: Line, k: int, values: list[Array], before: list[Array], letters: tuple[str, ...] = ()
    ) -> Finding:
        """Both values, and the likely kind of the mistake."""
        if not self.explains or self.effort.diagnoses <= 0:
            return Finding(problem, tuple(values), tuple(before), letters)
        left, tree = line.left, line.rights[k]
        name = self.stated.about(line)
        name = "" if is_entry(name) else name
        if k and name and not close(before, [point.follows(name) for point in self.stated.points]):
            name = ""  # the side before it is not what the chain rule gives

        def evaluate(changed: Expr, count: int | None = None) -> list[Array]:
            return self.stated.values(line, self.stated.node(line, changed), before[:count], self.stated.points[:count])

        said = partial(self.stated.filled, line, name, tree, before)
        doctor = Diagnostician(self.stated.points, values, before, evaluate, self.effort, said)
        children = list(self.stated.chain.contributions[name]) if name else []
        derived = partial(self.corrections.signals, left, name)
        around = surroundings(self.stated.system, left, tree, name, children, self.signals_written, derived)
        diagnosis = doctor.diagnose(tree, name, around) or (self.supposing(line, tree, name, around) if name else None)

        def holds(changed: Expr) -> bool:
            try:
                return close(evaluate(changed), before)
            except WengertError:
                return False

        corrected = self.corrections.mended(left, name, tree, diagnosis, holds)
        corrected = corrected if corrected is None else as_written(corrected, self.primed)
        return Finding(problem, tuple(values), tuple(before), letters, diagnosis, corrected)

    def in_derivative(self, local: Local, tree: Expr, values: list[Array]) -> Finding:
        """Both values of a right side of ∂u/∂v = …, and the likely kind of the mistake."""
        expected = local.expected
        if not self.explains or self.effort.diagnoses <= 0:
            return Finding("", tuple(values), tuple(expected))
        around = surroundings(self.stated.system, local.line.left, tree, "", [], self.signals_written, list[Ref])
        doctor = Diagnostician(self.stated.points, values, expected, local.values, self.effort)
        found = doctor.diagnose(tree, "", around)
        corrected = None if found is None else found.corrected
        if corrected is None:
            letters, node = local.left
            offered = self.corrections.of_derivative(node, letters)
            corrected = next((each for each in offered if each != local.line.left and self.is_right(local, each)), None)
        return Finding("", tuple(values), tuple(expected), (), found, corrected)

    def is_right(self, local: Local, tree: Expr) -> bool:
        """Whether a right side has the values of the derivative on the left."""
        try:
            return close(local.values(tree), local.expected)
        except WengertError:
            return False

    def supposing(self, line: Line, tree: Expr, name: str, around: Surroundings) -> Diagnosis | None:
        """The mistake in a right side that would hold under an assumption without it."""
        for each, points in self.assumed.points():

            def evaluate(changed: Expr, count: int, points: Sequence[ClaimPoint] = points) -> list[Array]:
                node = self.stated.node(line, changed)
                return [point.value(node) for point in points[:count]]

            doctor = Diagnostician(points, (), [point.follows(name) for point in points], evaluate, self.effort)
            found = doctor.supposed(tree, around)
            if found is not None:
                return replace(found, sentence=f"{found.sentence} (with {each.text})")
        return None

    @cached_property
    def signals_written(self) -> tuple[Ref, ...]:
        """The error signals that the author writes."""
        return signals_in(self.claims)

    @cached_property
    def primed(self) -> dict[str, str]:
        """The names c̄' that the author has for signals of c which are not all from outside."""
        lefts = [(self.written[line.span].left, line.left) for line in self.claims if line.span in self.written]
        pairs = [(own, new) for own, new in lefts if isinstance(own, Ref) and isinstance(new, Ref)]
        return {new.name: own.name for own, new in pairs if own.name != new.name and own.barred and new.barred}

    @cached_property
    def corrections(self) -> Corrections:
        """What the derivation offers in place of wrong lines."""
        chain = self.stated.chain
        return Corrections(self.stated.system, chain.loss, not chain.given, chain.outside, self.claims)
