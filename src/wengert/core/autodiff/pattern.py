"""Patterns: which columns each row of a matrix of derivatives may have entries in, and colours of columns that meet in no row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Places = Any
"""An array of whole numbers."""


@dataclass(frozen=True, eq=False)
class SparsityPattern:
    """The places of a sparse matrix: row i has entries in columns[starts[i]:starts[i + 1]], in rising order."""

    starts: Places
    columns: Places
    width: int

    @staticmethod
    def of_pairs(rows: Places, columns: Places, count: int, width: int) -> SparsityPattern:
        """The pattern of `count` rows with these places, each of which may be named more than once."""
        codes = rows.astype(np.int64) * width + columns
        if not np.all(codes[1:] > codes[:-1]):
            codes.sort()
            codes = codes[np.concatenate([[True], codes[1:] != codes[:-1]])]
        rows, columns = np.divmod(codes, max(width, 1))
        return SparsityPattern(np.searchsorted(rows, np.arange(count + 1)), columns, width)

    @staticmethod
    def diagonal(count: int, first: int, width: int) -> SparsityPattern:
        """Row i with the one column first + i."""
        return SparsityPattern(np.arange(count + 1), first + np.arange(count), width)

    @property
    def count(self) -> int:
        """The number of rows."""
        return len(self.starts) - 1

    @property
    def rows(self) -> Places:
        """The row of each place."""
        return np.repeat(np.arange(self.count), np.diff(self.starts))

    def take(self, places: Places) -> SparsityPattern:
        """Row k is the row places[k]; without columns where that is −1."""
        places = places.ravel()
        if not self.count:
            return SparsityPattern(np.zeros(len(places) + 1, np.int64), self.columns, self.width)
        sizes: Places = np.where(places < 0, 0, np.diff(self.starts)[places])
        starts: Places = np.concatenate([[0], np.cumsum(sizes)])
        inside: Places = np.arange(int(starts[-1])) - np.repeat(starts[:-1], sizes)
        return SparsityPattern(starts, self.columns[np.repeat(self.starts[:-1][places], sizes) + inside], self.width)

    def grouped(self, groups: Places, count: int) -> SparsityPattern:
        """Row g has the columns of all rows i with groups[i] = g."""
        return SparsityPattern.of_pairs(
            np.repeat(groups.ravel(), np.diff(self.starts)), self.columns, count, self.width
        )

    def only(self, held: Places) -> SparsityPattern:
        """The rows where something holds; the others are without columns."""
        kept = np.repeat(held.ravel(), np.diff(self.starts))
        return SparsityPattern.of_pairs(self.rows[kept], self.columns[kept], self.count, self.width)

    def transposed(self) -> SparsityPattern:
        """The pattern of the transposed matrix."""
        order = np.argsort(self.columns, kind="stable")
        return SparsityPattern.of_pairs(self.columns[order], self.rows[order], self.width, self.count)


def joined(patterns: Iterable[SparsityPattern | None]) -> SparsityPattern | None:
    """The places of any of several patterns with the same rows; None stands for none."""
    given = [pattern for pattern in patterns if pattern is not None]
    if len(given) < 2:
        return given[0] if given else None
    rows = np.concatenate([each.rows for each in given])
    return SparsityPattern.of_pairs(
        rows, np.concatenate([each.columns for each in given]), given[0].count, given[0].width
    )


def stacked(patterns: Sequence[SparsityPattern]) -> SparsityPattern:
    """The rows of several patterns one behind the other."""
    starts, shift = [np.zeros(1, np.int64)], 0
    for each in patterns:
        starts.append(each.starts[1:] + shift)
        shift += len(each.columns)
    columns = np.concatenate([each.columns for each in patterns])
    return SparsityPattern(np.concatenate(starts), columns, patterns[0].width)


def coloured(pattern: SparsityPattern) -> Places:
    """A colour for each column, so that no row has entries in two columns of one colour: greedy, by the better of two orders."""
    of_column = pattern.transposed()
    falling = np.argsort(-np.diff(of_column.starts), kind="stable")
    found = [_greedy(of_column, pattern.count, order) for order in (np.arange(pattern.width), falling)]
    return min(found, key=lambda colours: colours.max(initial=-1))


def _greedy(of_column: SparsityPattern, rows: int, order: Places) -> Places:
    """Each column in turn gets the first colour that none of its rows has met. Met colours are the bits of a number."""
    colours = np.zeros(of_column.count, np.int64)
    met = [0] * rows
    starts: list[int] = of_column.starts.tolist()
    entries: list[int] = of_column.columns.tolist()
    for column in order.tolist():
        own = entries[starts[column] : starts[column + 1]]
        taken = 0
        for row in own:
            taken |= met[row]
        free = ~taken & (taken + 1)
        for row in own:
            met[row] |= free
        colours[column] = free.bit_length() - 1
    return colours
