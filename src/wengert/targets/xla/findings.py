"""Findings: what NumPy would raise leaves the program as one number beside the results.

XLA raises nothing: it clips an index and divides by 0. Each check or-s a number into one that the host reads when it waits for the
results anyway; where it is not 0, the interpreter runs on the same arrays and raises its own sentence.
"""

from __future__ import annotations

from typing import Any

from wengert.errors import GraphError
from wengert.targets.xla.library import jnp

Array = Any


class Findings:
    """The checks of a trace. Those of a loop's body or a branch have the same list of kinds, and leave it as a result."""

    def __init__(self, kinds: list[str] | None = None) -> None:
        self.kinds = [] if kinds is None else kinds
        """What is said of each number, counted from 1."""
        self._found: Array = None

    def add(self, kind: str, wrong: Array) -> None:
        """Whether something is wrong: any entry of `wrong`."""
        if kind not in self.kinds:
            self.kinds.append(kind)
        number = 1 + self.kinds.index(kind)
        self.merge(jnp.where(jnp.any(wrong), jnp.int32(number), jnp.int32(0)))

    def merge(self, found: Array | None) -> None:
        """What another trace found; the first that was found stays."""
        self._found = found if self._found is None else first(self._found, found)

    def inside(self) -> Findings:
        """For a trace within this one."""
        return Findings(self.kinds)

    @property
    def found(self) -> Array | None:
        """The number of what was found; None where nothing was looked for, so that a loop need not carry it."""
        return self._found

    @property
    def number(self) -> Array:
        """The number of what was found, 0 for nothing."""
        return number_of(self._found)


def number_of(found: Array | None) -> Array:
    """As an array, 0 for nothing."""
    return jnp.zeros((), jnp.int32) if found is None else found


def first(found: Array, later: Array | None) -> Array:
    """The finding that came first."""
    return found if later is None else jnp.where(found != 0, found, later)


def refused(kinds: list[str], number: int) -> GraphError:
    """The error of a finding where the interpreter cannot say it: the arrays lie on other processes, or are gone."""
    return GraphError(
        f"The run met {kinds[number - 1]}.",
        "  XLA goes on in such a place, with numbers that mean nothing; they are not given back",
        "Run the same with backend='interpreter' on fewer examples: it says which one.",
    )
