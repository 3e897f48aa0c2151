"""Names of the author's own in a derivation: a mistake in the line of one is said once, where a signal uses it or where two sides differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node
from wengert.core.ir.names import bar, sequence_name
from wengert.core.ir.walk import topological
from wengert.errors import EquationError, GraphError, ShapeError
from wengert.notes.claims.diagnosis import Diagnostician, Effort, signals_in, surroundings
from wengert.notes.claims.kinds import Diagnosis
from wengert.notes.claims.over_time import filled, steps_left_out
from wengert.notes.claims.part_values import Candidate, has_few_parts, values_of_parts
from wengert.notes.claims.points import close
from wengert.notes.claims.stated import Stated
from wengert.notes.notation.expr import Expr, Line, Ref, walk

Array = Any
User = tuple[Node, str]
"""A right side, and the error signal that it states."""


@dataclass(frozen=True, eq=False)
class Meaning:
    """What a name may be meant for: values at every point, those of the error signal of a quantity where that has a name."""

    values: Sequence[Array]
    quantity: str = ""


@dataclass(eq=False)
class Auxiliaries:
    """The lines for names of the author's own, and which of them are what is wrong with the lines after them.

    beside  the quantities with a forward line on which the result does not depend: they are names of the author's own as well
    """

    stated: Stated
    claims: Sequence[Line]
    beside: set[str]
    effort: Effort
    disputed: dict[str, list[Node]] = field(default_factory=dict[str, list[Node]])
    """The sides of lines that are not equal: which is wrong is said there, and not where they are used."""
    definitions: dict[str, Line] = field(default_factory=dict[str, Line])
    blamed: dict[str, Meaning] = field(default_factory=dict[str, Meaning])
    """Names whose definition is the mistake in a line that uses them, each with what it should be."""

    def otherwise(self, node: Node, known: Sequence[Array]) -> bool:
        """Whether a right side has known values where a name that it reads, of which an author says two things, means the other."""
        for name in names_read(node) & self.disputed.keys():
            for other in self.disputed[name][1:]:
                values = [
                    point.value(node, {**point.everything(), name: point.value(other)}) for point in self.stated.points
                ]
                if close(values, known):
                    return True
        return False

    # which name is what is wrong

    def blame(self, node: Node, signal: str, known: Sequence[Array]) -> str:
        """The name of the author's own that is what is wrong with a claim; "" for none.

        The claim, and others that use the name, would hold if it were an error signal, of a quantity or of a part of the equations,
        or the value of such a part; none holds with what its line says. A mistake in that line is said once then.
        """
        for name in sorted(
            names_read(node) & (self.definitions.keys() | self.beside) - self.disputed.keys() - self.blamed.keys()
        ):
            users = self.users(name)
            own = [point.truth[name] for point in self.stated.points]
            if self.holding(users, name, own):
                continue
            fitting = [each for each in self.signals(own) if self.mends(node, name, each, signal, known)]
            best = self.likeliest(users, name, fitting, 2)
            if best is None:
                others = (*self.parts(own), *self.ratios(users, name, own))
                others = [each for each in others if self.mends(node, name, each, signal, known)]
                best = self.likeliest(users, name, others, 2)
            if best is None and not any(close(each.values, own) for each in self.signals(own)):
                best = self.likeliest(users, name, fitting, 0)
            if best is not None:
                self.blamed[name] = best
                return name
        return ""

    def likeliest(self, users: Sequence[User], name: str, fitting: Sequence[Meaning], least: int) -> Meaning | None:
        """That with which most claims hold, so many at least; the first of several."""
        counts = [self.holding(users, name, each.values) for each in fitting]
        most = max(counts, default=-1)
        return fitting[counts.index(most)] if most >= least else None

    def users(self, name: str) -> list[User]:
        """The right sides that state an error signal and use a name, each with the signal."""
        found: list[User] = []
        truth = self.stated.points[0].truth
        for line in self.claims:
            signal = bar(self.stated.about(line))
            for tree in line.rights if signal in truth else ():
                if any(isinstance(part, Ref) and part.name == name for part in walk(tree)):
                    try:
                        found.append((self.stated.side(line, tree)[1], signal))
                    except EquationError:
                        continue  # what has no value tells nothing
        return found

    def holding(self, users: Sequence[User], name: str, values: Sequence[Array]) -> int:
        """How many of these hold, for true signals, where the name has some values."""
        count = 0
        for node, signal in users:
            if not names_read(node) <= self.stated.points[0].truth.keys():
                continue  # a name that is defined later
            envs = [{**point.truth, name: each} for point, each in zip(self.stated.points, values, strict=True)]
            found = [point.value(node, env) for point, env in zip(self.stated.points, envs, strict=True)]
            truth = [point.truth[signal] for point in self.stated.points]
            count += close(self.at_all_steps(node, signal, found, truth), truth)
        return count

    def signals(self, like: Sequence[Array]) -> list[Meaning]:
        """The error signals of quantities with the shape of other values."""
        named = [name for name, quantity in self.stated.system.quantities.items() if quantity.type.is_float]
        found = [Meaning([point.truth[bar(name)] for point in self.stated.points], name) for name in named]
        return [each for each in found if np.shape(each.values[0]) == np.shape(like[0])]

    def parts(self, like: Sequence[Array]) -> list[Meaning]:
        """The error signals and the values of parts of the equations with the shape of other values."""
        values = [values for each in self.candidates for values in (each.signals, each.values)]
        return [Meaning(each) for each in values if np.shape(each[0]) == np.shape(like[0])]

    def ratios(self, users: Sequence[User], name: str, own: Sequence[Array]) -> list[Meaning]:
        """What a name has to be, entry by entry, where a right side is a multiple of it: a slope that has no name in the equations."""
        found: list[Meaning] = []
        for node, signal in users:
            wanted = [point.truth[signal] for point in self.stated.points]
            if np.shape(wanted[0]) == np.shape(own[0]) and names_read(node) <= self.stated.points[0].truth.keys():
                values = [point.value(node, point.truth) for point in self.stated.points]
                with np.errstate(all="ignore"):
                    meant = [a * b / c for a, b, c in zip(own, wanted, values, strict=True)]
                if all(np.all(np.isfinite(each)) for each in meant):
                    found.append(Meaning(meant))
        return found

    @cached_property
    def candidates(self) -> Sequence[Candidate]:
        """The parts of the equations; none where there are too many."""
        if not has_few_parts(self.stated.system):
            return ()
        try:
            return values_of_parts(self.stated.chain, self.stated.points) or ()
        except (EquationError, GraphError, ShapeError):
            return ()  # some part has no value

    def mends(self, node: Node, name: str, meant: Meaning, signal: str, known: Sequence[Array]) -> bool:
        """Whether a right side has known values where a name means something else, or, for true signals, the true one that it states."""
        pairs = list(zip(self.stated.points, meant.values, strict=True))
        values = [point.value(node, {**point.everything(), name: value}) for point, value in pairs]
        if close(self.at_all_steps(node, signal, values, known), known):
            return True
        return signal in self.stated.points[0].truth and self.holding([(node, signal)], name, meant.values) > 0

    def at_all_steps(self, node: Node, signal: str, values: list[Array], known: Sequence[Array]) -> list[Array]:
        """The values of a right side, at the steps that it leaves out those that are known."""
        return filled(self.stated.system, signal, steps_left_out(self.stated.system, signal, node), values, known)

    def in_definition(self, name: str, where_used: Diagnosis | None) -> Diagnosis | None:
        """The likely mistake in the line of a name that should be something else; that which a line that uses it has, where none is found."""
        line, meant = self.definitions.get(name) or self.stated.system.line(name).written, self.blamed[name]
        tree = line.rights[0]

        def evaluate(changed: Expr, count: int | None = None) -> list[Array]:
            return [point.value(self.stated.node(line, changed)) for point in self.stated.points[:count]]

        children = list(self.stated.chain.contributions[meant.quantity]) if meant.quantity else []
        around = surroundings(
            self.stated.system, line.left, tree, meant.quantity, children, signals_in(self.claims), list[Ref]
        )
        own = [point.author[name] for point in self.stated.points]
        doctor = Diagnostician(self.stated.points, own, meant.values, evaluate, self.effort)
        found = doctor.diagnose(tree, "", around) or where_used
        return found and replace(found, sentence=f"in the line of {name}, {found.sentence}", corrected=None)


def names_read(node: Node) -> set[str]:
    """The names of what a node is computed from."""
    return {sequence_name(str(leaf.params["name"])) for leaf in topological([node]) if leaf.op.leaf == "input"}
