"""Data sets of Parquet and Arrow files, by pyarrow: as a table where they fit in memory, else streamed in shuffled buffers.

The pieces of an epoch (row groups of Parquet, record batches of Arrow) are permuted by (seed, epoch) and dealt out to the processes, so
that each reads its part only; within a buffer the rows are permuted too. Everything follows from (seed, epoch, rank, number of ranks).
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from wengert.errors import DataError, MissingPackageError
from wengert.train.table import LIMIT_BYTES, Array, Table

SUFFIXES = (".parquet", ".arrow", ".feather")
PREFETCHED = 2
"""So many buffers are read ahead."""


def _arrow(module: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError:
        raise MissingPackageError(
            "Parquet and Arrow files need pyarrow, which is not installed.",
            f"  there is no module {module}",
            "Install it:  pip install 'wengert[arrow]'",
        ) from None


def is_dataset(path: Path) -> bool:
    """Whether a path is such a file, or a folder that has some."""
    return path.suffix.lower() in SUFFIXES or (path.is_dir() and bool(_files(path)))


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES)


@dataclass(frozen=True)
class RowGroup:
    """A row group of a Parquet file or a record batch of an Arrow file, and its rows."""

    file: Path
    number: int
    rows: int


class Dataset:
    """The files of a path, which have the same columns. Their order is the first file's; what may be null, each file says itself."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pieces: list[RowGroup] = []
        self.columns: dict[str, Any] = {}
        """The type of each."""
        files = _files(path)
        for file in files:
            columns, rows = _described(file)
            self.columns = self.columns or columns
            for name in {**self.columns, **columns}:
                first, here = self.columns.get(name), columns.get(name)
                if first is None or here is None or not first.equals(here):
                    raise _changed(name, files[0], first, file, here)
            self.pieces += [RowGroup(file, k, n) for k, n in enumerate(rows) if n]
        if not self.pieces:
            raise DataError("The data set has no rows.", f"  {path}", "Give files that have some.")

    def read(self, piece: RowGroup) -> Any:
        """A piece as a table of Arrow, with the columns of the first file."""
        found = _read(piece)
        names = list(self.columns)
        return _arrow("pyarrow").Table.from_arrays([found.column(name) for name in names], names)

    @property
    def rows(self) -> int:
        """How many examples there are."""
        return sum(piece.rows for piece in self.pieces)

    def first(self, rows: int) -> Table:
        """The first rows."""
        read, got = [], 0
        for piece in self.pieces:
            if got < rows:
                read.append(self.read(piece))
                got += piece.rows
        return _table(str(self.path), _joined(read), rows)

    def table(self) -> Table:
        """All rows.

        Raises DataError where they are more than memory is given to.
        """
        table = self.first(self.pieces[0].rows)
        size = sum(a.nbytes for a in table.arrays.values()) / self.pieces[0].rows * self.rows
        if size > LIMIT_BYTES:
            raise DataError(
                f"The data set takes about {size / 2**20:.0f} MiB in memory, more than {LIMIT_BYTES >> 20} MiB.",
                f"  {self.path}: {self.rows} rows",
                "Stream it in buffers of so many rows:  --stream 65536",
            )
        return self.first(self.rows)


def _changed(name: str, first: Path, there: Any, file: Path, here: Any) -> DataError:
    kinds = ("no such column" if kind is None else str(kind) for kind in (there, here))
    return DataError(
        f"The column '{name}' is not the same in all files of the data set.",
        f"  {first.name}: {next(kinds)}; {file.name}: {next(kinds)}",
        "Write all files with the same columns, or name those that have.",
    )


@contextmanager
def _sound(file: Path) -> Iterator[None]:
    """Raises DataError where a file cannot be read."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise DataError(
            "The data file is no Parquet or Arrow file, or it is damaged.",
            f"  {file}: {str(error).splitlines()[0]}",
            "Write it anew, for example by pyarrow.parquet.write_table.",
        ) from error


def _described(file: Path) -> tuple[dict[str, Any], list[int]]:
    """The type of each column, and the rows of each piece."""
    with _sound(file):
        if file.suffix.lower() == ".parquet":
            found = _arrow("pyarrow.parquet").ParquetFile(file)
            schema = found.schema_arrow
            counts = [found.metadata.row_group(k).num_rows for k in range(found.metadata.num_row_groups)]
        else:
            with _arrow("pyarrow").memory_map(str(file)) as source:
                reader = _arrow("pyarrow.ipc").open_file(source)
                schema = reader.schema
                counts = [reader.get_batch(k).num_rows for k in range(reader.num_record_batches)]
    twice = next((name for name in schema.names if schema.names.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"Two columns have the name '{twice}'.", f"  {file}", "Give each column a name of its own.")
    return {field.name: field.type for field in schema}, counts


def _read(piece: RowGroup) -> Any:
    with _sound(piece.file):
        if piece.file.suffix.lower() == ".parquet":
            return _arrow("pyarrow.parquet").ParquetFile(piece.file).read_row_group(piece.number)
        pa = _arrow("pyarrow")
        with pa.memory_map(str(piece.file)) as source:
            batch = _arrow("pyarrow.ipc").open_file(source).get_batch(piece.number)
            return pa.Table.from_batches([batch])


def _joined(tables: Sequence[Any]) -> Any:
    return _arrow("pyarrow").concat_tables(tables)


def _table(source: str, found: Any, rows: int) -> Table:
    """Columns as arrays; a list of fixed length is a row of so many entries."""
    arrays: dict[str, Array] = {}
    faults: dict[str, DataError] = {}
    for name in found.column_names:
        array = _column(found.column(name).slice(0, rows))
        arrays[name] = np.zeros(0) if array is None else array
        if array is None or (array.dtype.kind == "f" and not np.isfinite(array).all()):
            faults[name] = DataError(
                f"The column '{name}' holds something other than finite numbers or labels.",
                f"  {source}: it is {found.schema.field(name).type}",
                "Bind other columns, or clean the data first.",
            )
    return Table(source, arrays, faults)


def _column(column: Any) -> Array | None:
    types = _arrow("pyarrow").types
    if column.null_count:
        return None
    if types.is_fixed_size_list(column.type):
        if not types.is_primitive(column.type.value_type):
            return None
        flat = column.combine_chunks()
        flat = flat.flatten() if not hasattr(flat, "chunks") else _arrow("pyarrow").concat_arrays(flat.chunks).flatten()
        return np.asarray(flat.to_numpy(zero_copy_only=False)).reshape(len(column), column.type.list_size)
    if types.is_string(column.type):
        return np.asarray(column.to_pylist(), dtype=str)
    if not types.is_primitive(column.type) or types.is_temporal(column.type):
        return None
    return np.asarray(column.to_numpy())


@dataclass(frozen=True)
class Stream:
    """The rows of a data set in buffers of `buffer` rows, for rank `rank` of `count`."""

    dataset: Dataset
    buffer: int
    seed: int
    rank: int = 0
    count: int = 1

    def __post_init__(self) -> None:
        if len(self.dataset.pieces) < self.count:
            raise DataError(
                f"{self.count} processes read the data set, and it has {len(self.dataset.pieces)} pieces.",
                f"  {self.dataset.path}: a process would have none",
                "Write it with smaller row groups, or start fewer processes.",
            )

    def _dealt(self, epoch: int) -> list[list[RowGroup]]:
        """The pieces of each rank in the order in which it reads them."""
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([self.seed, epoch])))
        order = rng.permutation(len(self.dataset.pieces))
        return [[self.dataset.pieces[k] for k in order[rank :: self.count]] for rank in range(self.count)]

    def rows(self, epoch: int) -> int:
        """The rows that each rank reads in an epoch: as many as the rank with the fewest has."""
        return min(sum(piece.rows for piece in pieces) for pieces in self._dealt(epoch))

    def epoch(self, epoch: int) -> Iterator[Table]:
        """The buffers of this rank, shuffled; the next ones are read meanwhile."""
        ready: queue.Queue[Table | BaseException | None] = queue.Queue(PREFETCHED)
        over = threading.Event()

        def offer(item: Table | BaseException | None) -> None:
            offered = False
            while not (offered or over.is_set()):
                try:
                    ready.put(item, timeout=0.1)
                    offered = True
                except queue.Full:
                    continue

        def read() -> None:
            try:
                for table in self._buffers(epoch):
                    if over.is_set():
                        return
                    offer(table)
                offer(None)
            except BaseException as error:  # it is raised where the buffers are asked for
                offer(error)

        threading.Thread(target=read, daemon=True).start()
        try:
            while (item := ready.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            over.set()

    def _buffers(self, epoch: int) -> Iterator[Table]:
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([self.seed, epoch, 1 + self.rank])))
        left, held, have = self.rows(epoch), [], 0
        for piece in self._dealt(epoch)[self.rank]:
            held.append(self.dataset.read(piece))
            have += piece.rows
            while left and have >= min(self.buffer, left):
                size = min(self.buffer, left)
                whole = _joined(held)
                table = _table(str(self.dataset.path), whole, size)
                yield _permuted(table, rng.permutation(size))
                held, have, left = [whole.slice(size)], have - size, left - size


def _permuted(table: Table, order: Array) -> Table:
    taken: Mapping[str, Array] = {n: a if n in table.faults else a[order] for n, a in table.arrays.items()}
    return Table(table.source, taken, table.faults)
