"""Reads the arrays of an .npz file into a table, without pickle and never more bytes than the limit."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy

from wengert.errors import DataError
from wengert.train.table import LIMIT_BYTES, Array, Table


def read_npz(path: Path) -> Table:
    """The arrays by the names that numpy.savez gave them; sizes are read from the headers before anything is
    allocated.

    Raises:
        DataError: object arrays, records, complex numbers or dates; more than the limit; a file that is damaged or
            not an .npz file. nan and inf are kept as faults of their column.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [item for item in archive.infolist() if item.filename.endswith(".npy")]
            total = 0
            for item in members:
                with archive.open(item) as file:
                    total += _promised(file, path, item.filename)
                if total > LIMIT_BYTES:
                    raise _too_large(path, item.filename)
            arrays: dict[str, Array] = {}
            for item in members:
                with archive.open(item) as file:
                    arrays[item.filename.removesuffix(".npy")] = npy.read_array(file, allow_pickle=False)
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(
            "The data file is not an .npz file, or it is damaged.",
            f"  {path}: {error}",
            "Write it anew:  numpy.savez(path, x=…, t=…)",
        ) from error
    if not arrays:
        raise DataError("The data file holds no arrays.", f"  {path}", "Write it:  numpy.savez(path, x=…, t=…)")
    return Table(str(path), arrays, _faults(arrays, path))


def _promised(file: IO[bytes], path: Path, name: str) -> int:
    """The bytes that the array's header promises."""
    version = npy.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"{name} has the array format {version[0]}.{version[1]}")
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(file)
    if dtype.hasobject or dtype.kind not in "biufU":
        kind = "Python objects" if dtype.hasobject else f"entries of type {dtype}"
        raise DataError(
            f"The array '{name.removesuffix('.npy')}' holds {kind}, not numbers.",
            f"  {path}",
            "Write it as an array of numbers:  numpy.asarray(values, dtype=float)",
        )
    count = dtype.itemsize
    for extent in shape:
        count *= extent
    return count


def _too_large(path: Path, name: str) -> DataError:
    return DataError(
        f"The arrays of the data file take more than {LIMIT_BYTES >> 20} MiB.",
        f"  {path}, at {name}",
        "Write fewer rows, or float32 instead of float64.",
    )


def _faults(arrays: dict[str, Array], path: Path) -> dict[str, DataError]:
    faults: dict[str, DataError] = {}
    for name, values in arrays.items():
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            place = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
            where = f"row {place[0] + 1}" if place else "its only entry"
            if len(place) > 1:
                where += f", entry {', '.join(str(i + 1) for i in place[1:])}"
            faults[name] = DataError(
                f"The array '{name}' holds {values[place]:g}, which is not a finite number.",
                f"  {path}, {name}, {where}",
                "Replace or delete the rows with nan and inf before training.",
            )
    return faults
