"""Part: an expression over whole arrays whose axes carry labels, as a factor of a product does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from wengert.core.ir.types import Size
from wengert.emitting.code import SourceCode


class Labelled(NamedTuple):
    """An expression, the labels of its axes, and the same with summed axes kept as axes of size 1 (None there)."""

    code: SourceCode
    labels: tuple[int, ...]
    kept: tuple[SourceCode, tuple[int | None, ...]] | None = None
    mask: bool = False
    added: Size | None = None
    """How many entries were added up, where the expression is one sum over an axis."""

    @property
    def average(self) -> Labelled:
        """The mean in place of the sum."""
        mean = [
            ".mean(".join(code.text.rsplit(".sum(", 1)) for code in (self.code, *(self.kept[:1] if self.kept else ()))
        ]
        kept = (SourceCode(mean[1]), self.kept[1]) if self.kept else None
        return self._replace(code=SourceCode(mean[0]), kept=kept, added=None)


def letters_for(labels: Sequence[int]) -> dict[int, str]:
    """A letter for each label."""
    return {q: "ijklmnpqrstuvwabcdefgh"[k] for k, q in enumerate(dict.fromkeys(labels))}


def laid_alike(parts: Sequence[Labelled]) -> tuple[int | None, ...] | None:
    """How axes stand in the forms of all these parts that keep axes of size 1, where they all have one and it is the same."""
    found = {part.kept[1] if part.kept is not None else None for part in parts if part.labels}
    return found.pop() if len(found) == 1 else None


def kept_code(part: Labelled) -> SourceCode:
    """The form that keeps axes of size 1."""
    return part.kept[0] if part.kept is not None and part.labels else part.code
