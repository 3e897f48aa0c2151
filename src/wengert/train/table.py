"""A data set as named columns; a column that cannot be used says so when it is asked for, not before.

It knows no file format and no equations.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from wengert.errors import DataError

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

LIMIT_BYTES = 256 * 2**20
"""The most bytes that a data file, or the arrays read from it, may take."""


@dataclass(frozen=True)
class Table(Mapping[str, Array]):
    """Columns by name: each an array whose first axis counts the n examples.

    `faults` holds, by column, why that column cannot be used (a missing value, text between numbers). A column that
    nobody binds may be faulty.

    Raises:
        DataError: on `table[name]`, for a name that is not a column or a column with a fault.
    """

    source: str
    arrays: Mapping[str, Array]
    faults: Mapping[str, DataError] = field(default_factory=dict[str, DataError])

    def __getitem__(self, name: str) -> Array:
        name = self.resolve(name)
        if name in self.faults:
            raise self.faults[name]
        return self.arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.arrays)

    def __len__(self) -> int:
        return len(self.arrays)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._find(name) is not None

    def resolve(self, name: str) -> str:
        """The column's own name for `name`, which may also be the column's name made an identifier ("mean radius" as
        mean_radius).
        """
        found = self._find(name)
        if found is None:
            raise DataError(
                f"The data has no column '{name}'.",
                f"  {self.source} has {listed(self.arrays)}",
                f"Write one of these names{nearest(name, self.arrays)}.",
            )
        return found

    def _find(self, name: str) -> str | None:
        if name in self.arrays:
            return name
        same = self._by_identifier.get(name, ())
        return same[0] if len(same) == 1 else None

    @cached_property
    def _by_identifier(self) -> Mapping[str, list[str]]:
        """The columns whose names become an identifier, by that."""
        found: dict[str, list[str]] = {}
        for column in self.arrays:
            found.setdefault(identifier(column), []).append(column)
        return found


def listed(names: Iterable[str], most: int = 12) -> str:
    """The names with commas between them; after `most` of them the number of the others."""
    names = list(names)
    shown = ", ".join(names[:most])
    if len(names) > most:
        shown += f" and {len(names) - most} more"
    return shown or "no names"


def nearest(name: str, names: Iterable[str]) -> str:
    """ ", for example 'target'" for the name most like the one written; empty when none is like it."""
    folded = {other.casefold(): other for other in names}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return f", for example '{folded[close[0]]}'" if close else ""


def identifier(name: str) -> str:
    """A column's name with each run of other characters made one underscore: "sepal length (cm)" is sepal_length_cm."""
    kept = "".join(c if c.isalnum() or c == "_" else " " for c in name)
    joined = "_".join(kept.split())
    return f"_{joined}" if joined[:1].isdigit() else joined
