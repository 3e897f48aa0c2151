"""Paths: the calls that a function has been seen to make for arguments of some types, one after another, with what was made of them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from wengert.functions.tracing.kinds import Kind, Several, form
from wengert.functions.tracing.source import Line, running

MOST_PATHS = 64
"""So many paths are remembered for a function and types of arguments; then all are forgotten."""

FEW_PATHS = 16
"""A function of more paths has its numbers 1.0, −1.0, 2.0 and 0.5 as inputs of the run: it may be given them by chance, as signs of data."""

NOTES = 5
"""So many frames above are the tape's, at least."""


class Root:
    """What is remembered of a function for arguments of some types: the first path, from which the others turn off."""

    def __init__(self, codes: tuple[Any, ...] = ()) -> None:
        self.codes = codes
        """The code of the function, which is alive as long as this is remembered by its identity."""
        self.lock = threading.RLock()
        self.paths = 1
        self.first = Path(self, [], [], [])
        self.asks = False
        """Whether what it does depends on values, so that a run needs them from the start."""
        self.takes_marks = True
        """Whether 1.0, −1.0, 2.0 and 0.5 tell its paths apart also where they are no summands."""
        self.takes_others: bool | None = None
        """Whether arguments by which nothing is derived are values of the tape; None where a run has to tell."""
        self.is_full = False
        """Whether it has so many paths that it is time to begin anew."""
        self.is_long = False
        """Whether a run made more calls than are kept."""
        self.counted = 0
        """The calls of all its paths when they were counted last."""


class Path:
    """Calls in order, and the kinds of their results. Lists only grow, so that what was seen once stays so."""

    __slots__ = ("exits", "keys", "kinds", "lines", "programs", "restated", "root")

    def __init__(
        self, root: Root, keys: list[Any], kinds: list[Kind | Several | None], lines: list[Line | None]
    ) -> None:
        self.root = root
        self.keys = keys
        self.kinds = kinds
        self.lines = lines
        """The line of the user's code that made each call when it was new."""
        self.exits: dict[Any, Path] = {}
        """The path on which the run goes on, by the place and the call with which it turns off, and the kind where that differs alone."""
        self.programs: dict[Any, Any] = {}
        """What was made of the calls up to some results, by those and by what it is."""
        self.restated: dict[int, Mapping[int, Any]] = {}
        """By number of calls: those among them that are others in stable form, by place."""

    def noted(self, place: int, key: Any, kind: Kind | Several | None) -> Path | None:
        """The path on which a run goes on that has followed this one up to a place and makes this call there; None where it is not kept.

        Raises TypeError where the call holds what has no hash.
        """
        keys = self.keys
        if place < len(keys) and keys[place] == key and self._gives(place, kind):
            return self
        with self.root.lock:
            if place == len(keys):
                hash(key)
                self.kinds.append(kind)
                self.lines.append(running(NOTES))
                keys.append(key)
                return self
            turn: Any = place, key
            if keys[place] == key:
                if self._gives(place, kind):
                    return self
                turn = place, key, form(kind)
            found = self.exits.get(turn)
            if found is not None and not found._gives(place, kind):
                turn = place, key, form(kind)
                found = self.exits.get(turn)
            if found is None and self.root.paths == MOST_PATHS:
                self.root.is_full = True
            elif found is None:
                found = Path(
                    self.root, [*keys[:place], key], [*self.kinds[:place], kind], [*self.lines[:place], running(NOTES)]
                )
                self.exits[turn] = found
                self.root.paths += 1
                self.root.takes_marks = self.root.paths <= FEW_PATHS
            return found

    def _gives(self, place: int, kind: Kind | Several | None) -> bool:
        """Whether the call at a place gave results of this kind: the eigenvalues of some matrices are real numbers."""
        return kind is self.kinds[place] or form(kind) == form(self.kinds[place])
