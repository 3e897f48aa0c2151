"""Names of the author's own in a derivation: a mistake in the line of one is said once, where a signal uses it or where two sides differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from wengert.claims.diagnosis import Diagnostician, Effort, surroundings
from wengert.claims.kinds import Diagnosis
from wengert.claims.points import close
from wengert.claims.stated import Stated
from wengert.ir.graph import Node
from wengert.ir.system import bar, unbar
from wengert.ir.walk import topological
from wengert.notation.expr import Expr, Line, Ref

Array = Any


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
    blamed: dict[str, str] = field(default_factory=dict[str, str])
    """Names whose definition is the mistake in a line that uses them, each with the error signal that they should be."""

    def otherwise(self, node: Node, known: Sequence[Array]) -> bool:
        """Whether a right side has known values where a name that it reads, of which an author says two things, means the other."""
        read = {str(leaf.params["name"]) for leaf in topological([node]) if leaf.op.name == "input"}
        for name in read & self.disputed.keys():
            for other in self.disputed[name][1:]:
                values = [
                    point.value(node, {**point.everything(), name: point.value(other)}) for point in self.stated.points
                ]
                if close(values, known):
                    return True
        return False

    def blame(self, node: Node, known: Sequence[Array]) -> str:
        """The name of the author's own that is what is wrong with a claim, which would hold if the name were an error signal; "" for
        none. Other lines may mean this signal by it, so that a mistake in its definition is said once."""
        read = {str(leaf.params["name"]) for leaf in topological([node]) if leaf.op.name == "input"}
        signals = [bar(name) for name, quantity in self.stated.system.quantities.items() if quantity.type.is_float]
        for name in sorted(read & (self.definitions.keys() | self.beside) - self.disputed.keys() - self.blamed.keys()):
            own = [point.author[name] for point in self.stated.points]
            alike = [signal for signal in signals if np.shape(self.stated.points[0].truth[signal]) == np.shape(own[0])]
            if any(close([point.truth[signal] for point in self.stated.points], own) for signal in alike):
                continue
            for signal in alike:
                if close(self.meaning(node, name, signal), known):
                    self.blamed[name] = signal
                    return name
        return ""

    def meaning(self, node: Node, name: str, signal: str) -> list[Array]:
        """The values of a right side where a name is an error signal."""
        return [point.value(node, {**point.everything(), name: point.truth[signal]}) for point in self.stated.points]

    def in_definition(self, name: str) -> Diagnosis | None:
        """The likely mistake in the line of a name that should be an error signal."""
        line, signal = self.definitions.get(name) or self.stated.system.line(name).written, unbar(self.blamed[name])
        tree, wanted = line.rights[0], [point.truth[bar(signal)] for point in self.stated.points]

        def evaluate(changed: Expr, count: int | None = None) -> list[Array]:
            return [point.value(self.stated.node(line, changed)) for point in self.stated.points[:count]]

        children = list(self.stated.chain.contributions[signal])
        around = surroundings(self.stated.system, line.left, tree, signal, children, self.claims, list[Ref])
        own = [point.author[name] for point in self.stated.points]
        found = Diagnostician(self.stated.points, own, wanted, evaluate, self.effort).diagnose(tree, "", around)
        return (
            None
            if found is None
            else replace(found, sentence=f"in the line of {name}, {found.sentence}", corrected=None)
        )
