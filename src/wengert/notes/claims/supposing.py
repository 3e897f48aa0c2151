"""Claims that hold under an assumption only: the points of a derivation drawn again so that they satisfy it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from wengert.core.ir.graph import Node
from wengert.core.ir.names import bar
from wengert.notes.claims.drawn import admitted
from wengert.notes.claims.points import ClaimPoint, close
from wengert.notes.claims.stated import Stated
from wengert.notes.claims.suppositions import Supposition
from wengert.notes.notation.expr import Line, Ref


@dataclass(eq=False)
class Supposing:
    """What an author may have taken for granted; `given` are the inputs by which he does not differentiate, of which only that can be."""

    stated: Stated
    given: tuple[str, ...]

    def found(self, line: Line, k: int, node: Node) -> Supposition | None:
        """The first assumption under which a right side holds after all."""
        for each, points in self.points():
            if self.holds_at(points, line, k, node):
                return each
        return None

    def points(self) -> Iterator[tuple[Supposition, list[ClaimPoint]]]:
        """Each admitted assumption, with points at which the author has stated what he has so far."""
        for each, points in admitted(self.stated.chain, self.given):
            fresh = [
                replace(point, truth=dict(point.truth), author=dict(point.author), stated=set()) for point in points
            ]
            for point in fresh:
                for name, node in self.stated.statements:
                    self.stated.take(point, name, node)
            yield each, fresh

    def holds_at(self, points: Sequence[ClaimPoint], line: Line, k: int, node: Node) -> bool:
        left = line.left
        assert isinstance(left, Ref)
        name = self.stated.resolve(left.name)
        values = [point.value(node) for point in points]
        if not all(np.all(np.isfinite(value)) for value in values):
            return False  # what is supposed leaves the domain of a function
        if k:
            before = [point.value(self.stated.node(line, line.rights[k - 1])) for point in points]
            if close(values, before):
                return True
        if not left.barred:
            return name in self.stated.system.quantities and close(values, [point.truth[name] for point in points])
        truth = [point.truth[bar(name)] for point in points]
        follows = [point.follows(name) for point in points]
        return any(close(self.stated.values(line, node, known, points), known) for known in (truth, follows))
