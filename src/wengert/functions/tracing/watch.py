"""Whether numbers that are not finite are watched for: a switch, for all threads. It knows no number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ON = [False]
PLAIN = [False]
"""Whether derivatives are plain products while it is on, so that nothing annihilates what is not finite."""
FOUND: list[list[Annihilation]] = [[]]
"""The list of the watch that is on, behind those of the watches around it."""


@dataclass(frozen=True)
class Annihilation:
    """A step back whose slope was not finite, and whose signal was nothing: the product counts as 0."""

    call: str
    line: str
    """The line of the call, with a caret."""
    entries: int
    """So many entries of the product were not finite."""
    of: int
    """So many entries it has."""

    def __str__(self) -> str:
        which = f" at {self.entries} of {self.of} entries" if self.of > 1 else ""
        return f"the slope of '{self.call}' is not finite{which}, where nothing is asked of it\n{self.line}"


class check_nans:
    """From here on name the first NaN or infinity that a watched function computes, forward or on the way back.

    `with check_nans():` does so for what stands inside; `check_nans()` alone from there on, `check_nans(False)` no longer. Watched are
    functions that are differentiated (`grad`, `vjp`, `jacobian`, …) and those given to `compile` while it is on. They run call by
    call, which takes longer. A value that is not finite because it was given one is not named.

    A slope that is not finite counts as 0 where nothing is asked of it: an entry that is not taken, a flat tail. Each such place is in the
    list `annihilations`, in the order of the way back. With `annihilate=False` derivatives are plain products, and 0 · ∞ is the NaN that
    is named.

    What is found is raised as NonFiniteError, at the line of the call.
    """

    def __init__(self, on: bool = True, *, annihilate: bool = True) -> None:
        self._before = ON[0], PLAIN[0]
        ON[0], PLAIN[0] = on, on and not annihilate
        self.annihilations: list[Annihilation] = []
        FOUND.append(self.annihilations)

    def __enter__(self) -> check_nans:
        return self

    def __exit__(self, *error: Any) -> None:
        ON[0], PLAIN[0] = self._before
        FOUND.remove(self.annihilations)
