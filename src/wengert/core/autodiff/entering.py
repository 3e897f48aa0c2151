"""Masks that enter a sub-graph: of the signals that a body gets, as inputs of its own. It derives nothing.

Flatness stays outside: at the edge of a body a flat signal is the number 0. Of a mask that the body does not read no input is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from wengert.core.autodiff.masks import Mask, strict_of
from wengert.core.ir.graph import Node
from wengert.core.ir.types import TapeType
from wengert.core.ir.walk import topological
from wengert.core.ops.loop import FreeNames


def of_input(truths: Node) -> Mask:
    """The mask whose truths are an input."""
    return Mask(lambda: truths)


def truths_like(names: FreeNames, y: Node) -> Node:
    """An input for the truths of a signal of a node's type."""
    return names.typed("mask", y, y.type.with_dtype("bool"))


@dataclass
class Entering:
    """The masks inside of a body, one a signal, and what stands outside for each input that was made."""

    masks: list[Mask | None] = field(default_factory=list[Mask | None])
    inner: list[Node | None] = field(default_factory=list[Node | None])
    outer: list[Mask | None] = field(default_factory=list[Mask | None])

    def begin(self, k: int, truths: Node) -> None:
        """A mask for a signal that begins as all that it is."""
        self.inner[k], self.masks[k] = truths, of_input(truths)

    def read(self, outputs: Iterable[Node]) -> list[int]:
        """Which of the masks the outputs of the body read."""
        reached = set(topological(list(outputs)))
        return [k for k, truths in enumerate(self.inner) if truths is not None and truths in reached]

    def inputs(self, places: Iterable[int]) -> list[Node]:
        """The inputs of these masks."""
        return [truths for k in places if (truths := self.inner[k]) is not None]

    def given(self, places: Iterable[int]) -> list[Node]:
        """What is given for them."""
        return [mask.node for k in places if (mask := self.outer[k]) is not None]


def entering(
    results: Sequence[Node], bars: Sequence[Node | None], masks: Sequence[Mask | None], names: FreeNames
) -> Entering:
    """The masks of the cotangents of results of a body."""
    found = Entering()
    for y, bar, mask in zip(results, bars, masks, strict=True):
        strict = None if bar is None or isinstance(bar.type, TapeType) else strict_of(mask)
        truths = None if strict is None else truths_like(names, y)
        found.inner.append(truths)
        found.outer.append(strict)
        found.masks.append(None if truths is None else of_input(truths))
    return found
