"""Reads a CSV file with a header into a table: numbers as float64, columns of labels as text.

It knows nothing of which column serves for what.
"""

from __future__ import annotations

import csv
import io
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import numpy as np

from wengert.errors import DataError
from wengert.train.table import LIMIT_BYTES, Array, Table

_LIMIT_CELLS = LIMIT_BYTES // 8


def read_csv(path: Path) -> Table:
    """Columns (n,) by the names of the header: float64, or text where no cell of the column reads as a number.

    The separator is the comma; it is the tab or the semicolon when the header has no comma but has one of these.
    Lines without any character are passed over.

    Raises:
        DataError: no header, no rows, a row of another length, a file that is not UTF-8 text or is too large. Faults
            of one column (a missing value, text between numbers, nan or inf) are kept in the table and raised when
            that column is used.
    """
    _refuse_binary(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _read(file, path)
    except UnicodeDecodeError as error:
        raise DataError(
            "The data file is not UTF-8 text.",
            f"  {path}: byte {error.start} of a block of the file is {error.object[error.start]:#04x}",
            "Save it as CSV in UTF-8 (in a spreadsheet: 'CSV UTF-8').",
        ) from error


def csv_table(text: str, name: str) -> Table:
    """The same of a text that is no file; `name` stands for it in messages.

    Raises DataError as `read_csv` does.
    """
    if not text.strip() or "\0" in text:
        raise DataError(
            "The data are empty." if not text.strip() else "The data are binary, not CSV text.",
            f"  {name}",
            "Give a header line with the names of the columns, then one line for each example.",
        )
    return _read(io.StringIO(text.removeprefix("\ufeff"), newline=""), Path(name))


def _refuse_binary(path: Path) -> None:
    size = path.stat().st_size
    if size > LIMIT_BYTES:
        raise DataError(
            f"The data file is larger than {LIMIT_BYTES >> 20} MiB.",
            f"  {path}: {size / 2**20:.0f} MiB",
            "Write fewer rows or columns, or split the file.",
        )
    with path.open("rb") as file:
        start = file.read(2**16)
    if not start.strip():
        raise DataError(
            "The data file is empty.",
            f"  {path}",
            "Write a header line with the names of the columns, then one line for each example.",
        )
    if b"\0" in start:
        raise DataError(
            "The data file is binary, not CSV text.",
            f"  {path}: byte {start.index(0)} is zero",
            "Save it as CSV in UTF-8, or as .npz with numpy.savez.",
        )


def _read(file: TextIO, path: Path) -> Table:
    separator = _separator(file)
    rows = _rows(file, separator, path)
    header = _header(next(rows, (1, []))[1], path)
    first = next(rows, None)
    if first is None:
        raise DataError(
            "The data file has a header but no rows.",
            f"  {path}, line 1: {separator.join(header)[:100]}",
            "Write one line for each example under the header.",
        )
    columns = _Columns(header, first[1], path)
    columns.add(*first)
    for line, row in rows:
        columns.add(line, row)
    return columns.table()


def _separator(file: TextIO) -> str:
    start = file.readline(2**20)
    file.seek(0)
    if "," not in start:
        for other in ("\t", ";"):
            if other in start:
                return other
    return ","


def _rows(file: TextIO, separator: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """(line number, cells) for each line that is not blank."""
    reader = csv.reader(file, delimiter=separator, strict=True, skipinitialspace=True)
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
    except csv.Error as error:
        raise DataError(
            "A line of the data file cannot be read as CSV.",
            f"  {path}, line {reader.line_num}: {error}",
            "Close each quotation mark, and write a double one as two.",
        ) from error


def _header(cells: list[str], path: Path) -> list[str]:
    names = [cell.strip() for cell in cells]
    if all(_number(name) is not None for name in names):
        raise DataError(
            "The data file has no header: its first line holds numbers.",
            f"  {path}, line 1: {', '.join(names)[:100]}",
            "Write the names of the columns as the first line, for example:  x1,x2,target",
        )
    seen: set[str] = set()
    for place, name in enumerate(names, start=1):
        if not name or name in seen:
            what = f"Two columns have the name '{name}'." if name else "A column has no name."
            raise DataError(
                what, f"  {path}, line 1, column {place}", "Give each column a name of its own in the header."
            )
        seen.add(name)
    return names


def _number(cell: str) -> float | None:
    if "_" in cell:  # float("1_000") is Python's, not CSV's
        return None
    try:
        return float(cell)
    except ValueError:
        return None


class _Columns:
    """The columns as they grow row by row. The first row decides which hold text."""

    def __init__(self, header: list[str], first: list[str], path: Path) -> None:
        self.header = header
        self.path = path
        text = [_number(cell) is None for cell in first] if len(first) == len(header) else [False] * len(header)
        self.numeric = [j for j, is_text in enumerate(text) if not is_text]
        self.textual = [j for j, is_text in enumerate(text) if is_text]
        self.numbers = array("d")
        self.texts: dict[int, list[str]] = {j: [] for j in self.textual}
        self.labels: dict[str, str] = {}  # one object for each label, however often it occurs
        self.lines = array("q")
        self.faults: dict[str, DataError] = {}

    def add(self, line: int, row: list[str]) -> None:
        if len(row) != len(self.header):
            raise DataError(
                f"A row has {len(row)} {'cell' if len(row) == 1 else 'cells'} where the header has {len(self.header)}.",
                f"  {self.path}, line {line}: {', '.join(row)[:100]}",
                "Give each row one cell for each column of the header.",
            )
        if (len(self.lines) + 1) * len(row) > _LIMIT_CELLS:
            raise DataError(
                f"The data has more than {_LIMIT_CELLS} numbers ({LIMIT_BYTES >> 20} MiB).",
                f"  {self.path}, line {line}",
                "Write fewer rows or columns.",
            )
        self.lines.append(line)
        for j in self.numeric:
            value = _number(row[j])
            if value is None:
                self._fault(j, line, row[j])
                value = float("nan")
            self.numbers.append(value)
        for j in self.textual:
            cell = row[j].strip()
            if not cell:
                self._fault(j, line, cell)
            self.texts[j].append(self.labels.setdefault(cell, cell))

    def _fault(self, j: int, line: int, cell: str) -> None:
        """Keeps the first fault of column j."""
        name = self.header[j]
        shown = cell.strip()[:40]
        what = f"holds text where numbers are needed: '{shown}'" if shown else "has a missing value"
        if shown and (value := _number(cell)) is not None:
            what = f"holds {value:g}, which is not a finite number"
        error = DataError(
            f"The column '{name}' {what}.",
            f"  {self.path}, line {line}, column {j + 1} ({name})",
            "Write a finite number there or delete the row; or bind other columns.",
        )
        self.faults.setdefault(name, error)

    def table(self) -> Table:
        """The finished table; nan, inf and text columns that hold a number too become faults."""
        numbers = np.frombuffer(self.numbers, dtype=np.float64) if self.numbers else np.zeros(0)
        numbers = numbers.reshape(len(self.lines), len(self.numeric))
        arrays: dict[str, Array] = {self.header[j]: np.array(numbers[:, k]) for k, j in enumerate(self.numeric)}
        strange = ~np.isfinite(numbers)
        for place in np.flatnonzero(strange.any(axis=0)):
            row = strange[:, place].argmax()
            self._fault(self.numeric[place], self.lines[row], str(numbers[row, place]))
        for j, texts in self.texts.items():
            if any(_number(label) is not None for label in set(texts)):
                self._fault(j, self.lines[0], texts[0])
            arrays[self.header[j]] = np.array(texts)
        ordered = {name: arrays[name] for name in self.header}
        return Table(str(self.path), ordered, self.faults)
