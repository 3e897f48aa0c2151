"""The arguments of a call that a transform is not about, where they are numbers or arrays: they are values of the tape, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from wengert.tracing.kinds import kind_of
from wengert.tracing.tape import Tape


class Others:
    """Real numbers and arrays among the arguments by which nothing is derived: where they stand, by place or by name."""

    __slots__ = ("key", "places", "values")

    def __init__(self, args: Sequence[Any], kwargs: Mapping[str, Any], chosen: Sequence[int]) -> None:
        self.places: list[int | str] = []
        self.values: list[Any] = []
        key: list[Any] = []
        """What a run is remembered by, beside the arguments that are derived by."""
        for place, x in (*enumerate(args), *kwargs.items()) if kwargs else enumerate(args):
            kind = type(x)
            if (
                kind is float or (kind is np.ndarray and x.dtype.kind == "f") or kind is np.float64
            ) and place not in chosen:
                self.places.append(place)
                self.values.append(x)
                key += place, kind_of(x)
        self.key = tuple(key)

    def filled(self, args: list[Any], kwargs: dict[str, Any], tape: Tape) -> dict[str, Any]:
        """Put the values of the tape in their places; the arguments by name with them."""
        if tape.others is None:
            return kwargs
        named = dict(kwargs) if kwargs else kwargs
        for place, live in zip(self.places, tape.others.lives, strict=True):
            if type(place) is int:
                args[place] = live
            else:
                named[str(place)] = live
        return named
