"""Finds a data set by what the user wrote: a CSV or .npz path, a set that ships in scikit-learn, or one of an
installed reader.

It knows no equations: `binding` says which column serves for which name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import numpy as np

from wengert.errors import DataError
from wengert.train.arrow import Dataset, is_dataset
from wengert.train.csvfile import read_csv
from wengert.train.npzfile import read_npz
from wengert.train.table import Array, Table, identifier, listed, nearest

NAMED_SETS: Mapping[str, Mapping[str, Any]] = {
    "breast_cancer": {},
    "diabetes": {"scaled": False},
    "digits": {},
    "iris": {},
    "wine": {},
}
"""The sets that scikit-learn ships, with the arguments of their loaders: raw values, so that standardising is the
user's decision.
"""

READERS = "wengert.data"
"""The entry-point group of further readers: a name such as ".parquet" (a suffix) or "my_set", and a function Reader.
"""

Reader = Callable[[str], Mapping[str, Array]]
"""Takes the source as the user wrote it, gives arrays by name."""


def load(source: str) -> Table:
    """The data set that `source` names, as columns by name.

    A name of NAMED_SETS gives `data` (n, d), `target` (n,) and each feature (n,) under its name made an identifier; a
    path gives the columns of the CSV file or the arrays of the .npz file. A file that has the name of a set is
    written with its folder (./digits). A Parquet or Arrow file, or a folder of such, needs pyarrow.

    Raises:
        DataError: no such file or set, a file that cannot be read, scikit-learn missing for a named set.
    """
    if source in NAMED_SETS:
        return _named(source)
    path = Path(source).expanduser()
    readers = {point.name: point for point in entry_points(group=READERS)}
    reader = readers.get(source) or readers.get(path.suffix.lower())
    if reader is not None:
        return _from_reader(reader, source)
    try:
        if is_dataset(path) and path.exists():
            return Dataset(path).table()
        if path.is_file():
            with path.open("rb") as file:
                zipped = file.read(4) == b"PK\x03\x04"
            return read_npz(path) if zipped or path.suffix.lower() == ".npz" else read_csv(path)
    except OSError as error:
        raise DataError(
            f"The data file cannot be read: {error.strerror or error}.",
            f"  {path}",
            "Give a file that you may read.",
        ) from error
    raise _unknown(source, path, readers)


def _unknown(source: str, path: Path, readers: Mapping[str, EntryPoint]) -> DataError:
    sets = [*NAMED_SETS, *(name for name in readers if not name.startswith("."))]
    if path.suffix or len(path.parts) > 1:
        what = (
            f"There is no data file '{source}'." if not path.is_dir() else f"'{source}' is a folder, not a data file."
        )
        siblings = [p.name for p in path.parent.glob("*") if p.is_file()] if path.parent.is_dir() else []
        near = nearest(path.name, siblings)
    else:
        what = f"'{source}' is neither a file here nor a data set that is known."
        near = nearest(source, sets)
    return DataError(
        what,
        f"  known sets: {listed(sets)}",
        f"Write one of these names or the path of a CSV or .npz file{near}.",
    )


def _named(name: str) -> Table:
    try:
        from sklearn import datasets
    except ImportError as error:
        raise DataError(
            f"The data set '{name}' ships with scikit-learn, which is not installed.",
            f"  {error}",
            'Install it with:  pip install "wengert[data]"',
        ) from error
    bunch = getattr(datasets, f"load_{name}")(**NAMED_SETS[name])
    data = np.asarray(bunch.data, dtype=np.float64)
    arrays: dict[str, Array] = {"data": data, "target": np.asarray(bunch.target)}
    for j, feature in enumerate(bunch.feature_names):
        arrays.setdefault(identifier(str(feature)), np.array(data[:, j]))
    return Table(name, arrays)


def _from_reader(point: EntryPoint, source: str) -> Table:
    arrays = {str(name): np.asarray(values) for name, values in point.load()(source).items()}
    faults: dict[str, DataError] = {}
    for name, values in arrays.items():
        bad = values.dtype.kind not in "biufU" or (values.dtype.kind == "f" and not np.isfinite(values).all())
        if bad:
            faults[name] = DataError(
                f"The column '{name}' holds something other than finite numbers or labels ({values.dtype}).",
                f"  {source}, read by {point.value}",
                "Bind other columns, or clean the data first.",
            )
    return Table(source, arrays, faults)
