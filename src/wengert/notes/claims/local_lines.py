"""Lines about a derivative inside a system, ∂u/∂v = … or σ'(z) = …: the values of both sides in one layout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node
from wengert.notes.claims.stated import Stated
from wengert.notes.notation.expr import Expr, Line

Array = Any


@dataclass(eq=False)
class Local:
    """A line ∂u/∂v = … or σ'(z) = …, and the values of its left side."""

    stated: Stated
    line: Line

    @cached_property
    def left(self) -> tuple[tuple[str, ...], Node]:
        """The letters of the axes of the left side, and its node.

        Raises EquationError where it has no meaning.
        """
        return self.stated.reader().value(self.line.left)

    @cached_property
    def expected(self) -> list[Array]:
        """The values of the left side."""
        return [point.value(self.left[1], point.truth) for point in self.stated.points]

    def values(self, tree: Expr, count: int | None = None) -> list[Array]:
        """The values of a right side at the first so many points, laid out as those of the left side.

        Raises EquationError where it does not fit.
        """
        own, right = self.stated.reader().value(tree, self.line.left)
        pairs = zip(self.stated.points[:count], self.expected[:count], strict=True)
        return [laid_out(point.value(right), own, self.left[0], np.shape(e)) for point, e in pairs]


def laid_out(value: Array, own: Sequence[str], letters: Sequence[str], shape: tuple[int, ...]) -> Array:
    """A value with the axes of its letters in the order of others; one that lacks a letter is the same for each of its entries."""
    missing = [q for q in letters if q not in own]
    order = [*own, *missing]
    value = np.reshape(value, (*np.shape(value)[: len(own)], *(1,) * len(missing), *np.shape(value)[len(own) :]))
    if sorted(order) != sorted(letters):
        return value
    axes = [order.index(q) for q in letters]
    value = np.transpose(value, (*axes, *range(len(axes), np.ndim(value))))
    fits = np.ndim(value) == len(shape) and all(a in (1, b) for a, b in zip(np.shape(value), shape, strict=True))
    return np.broadcast_to(value, shape) if fits else value
