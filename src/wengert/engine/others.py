"""The arguments of a call that a transform is not about, where they are numbers or arrays: they are values of the tape, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.tracing.kinds import kind_of
from wengert.tracing.tape import Tape


@dataclass(frozen=True)
class Others:
    """Real numbers and arrays among the arguments by which nothing is derived."""

    places: tuple[int | str, ...]
    """Where they stand, by place or by name."""
    values: tuple[Any, ...]

    @property
    def key(self) -> Any:
        """What a run is remembered by."""
        return self.places, *[kind_of(x) for x in self.values]

    def filled(self, args: list[Any], kwargs: dict[str, Any], tape: Tape) -> dict[str, Any]:
        """Put the values of the tape in their places; the arguments by name with them."""
        if tape.others is None:
            return kwargs
        named = dict(kwargs)
        for place, live in zip(self.places, tape.others.lives, strict=True):
            if isinstance(place, int):
                args[place] = live
            else:
                named[place] = live
        return named


def others_of(args: Sequence[Any], kwargs: Mapping[str, Any], places: Sequence[int]) -> Others:
    """The others among the arguments of a call: floats, and arrays of floats that are no entries of containers."""
    found = {k: x for k, x in enumerate(args) if k not in places and _is_real(x)}
    found |= {name: x for name, x in kwargs.items() if _is_real(x)}
    return Others(tuple(found), tuple(found.values()))


def _is_real(x: Any) -> bool:
    return type(x) in (float, np.float64) or (type(x) is np.ndarray and x.dtype.kind == "f")
