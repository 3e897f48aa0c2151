"""The arguments of a call that a transform is not about, where they are numbers or arrays: whether and how they are values of the tape.

They are where the function calls an exponential of them alone, since it may overflow. That is found out by the first run, and again
where a run makes calls that were not seen before: such a run is the one that is not helped. All other functions get what they are given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from wengert.functions.run import roots
from wengert.functions.run.outlines import EXPONENTIALS, name_of
from wengert.functions.tracing.kinds import kind_of
from wengert.functions.tracing.tape import Tape


class Start:
    """What is known before a run of a function that calls an exponential: whether the other arguments are values of the tape."""

    __slots__ = ("_known", "_root", "takes_others")

    def __init__(self, key: Any, codes: tuple[Any, ...]) -> None:
        self._root = root = roots.root_of(key, codes)
        self.takes_others = root.takes_others is not False
        self._known = len(root.first.keys) + root.paths

    def settle(self, tape: Tape) -> None:
        """Note after a run whether they have to be in the next one."""
        root = self._root
        if not self.takes_others:
            if self._known > 1 and self._known < len(root.first.keys) + root.paths:
                root.takes_others = None
        elif root.takes_others is None:
            others = tape.others
            named = [k for k in range(tape.position) if name_of(tape.log[k][0]) in EXPONENTIALS]
            root.takes_others = others is not None and any(map(others.is_given, named))


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
