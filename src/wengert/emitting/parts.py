"""Part: an expression over whole arrays whose axes carry labels, as a factor of a product does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from wengert.emitting.code import Code


class Part(NamedTuple):
    """An expression, the labels of its axes, and the same with summed axes kept as axes of size 1 (None there)."""

    code: Code
    labels: tuple[int, ...]
    kept: tuple[Code, tuple[int | None, ...]] | None = None
    mask: bool = False


def letters_for(labels: Sequence[int]) -> dict[int, str]:
    """A letter for each label."""
    return {q: "ijklmnpqrstuvwabcdefgh"[k] for k, q in enumerate(dict.fromkeys(labels))}
