"""The examples of a training by what they serve for: loaded or streamed, bound, of one type, held out, standardised."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from wengert.errors import DataError, ModelError
from wengert.train.arrow import Dataset, is_dataset
from wengert.train.binding import Bound, bind
from wengert.train.checkpoint import SavedModel
from wengert.train.data import load
from wengert.train.preparation import Standardisation, split, take
from wengert.train.table import Array, Table
from wengert.train.task import Task, TrainOptions


@dataclass(frozen=True)
class Examples:
    """The examples by what they serve for, standardised; None where there are none. `bound` is before the split."""

    bound: Bound
    binding: str
    held: str
    tested: str
    standardisation: Standardisation
    training: dict[str, Array]
    validation: dict[str, Array] | None
    test: dict[str, Array] | None


def examples_of(task: Task, options: TrainOptions, saved: SavedModel | None, seed: int) -> Examples:
    """Loads and binds the data, holds out the test's and the validation's examples, and standardises by the training's."""
    binding = agreed("bind", options.bind, None if saved is None else saved.binding, "")
    held = agreed(
        "validation",
        options.validation,
        None if saved is None else saved.run.validation,
        "0.2" if options.stream is None else "0",
    )
    tested = agreed("test", options.test, None if saved is None else saved.run.test, "0")
    classes = None if saved is None else saved.classes
    bound = bind(binding, _source(options), task.inputs, classes=classes, canonical=task.canonical)
    bound = of_type(bound, float_type(bound))
    if not bound.arrays:
        raise DataError(
            "The equations have no free quantity that data could be bound to.",
            "  every name is defined by a line, a parameter or a constant",
            "Name fewer parameters with --params, so that inputs and targets are left for the data.",
        )
    rest, test = _hold_out(task, bound, binding, tested, seed)
    rest, validation = _hold_out(task, rest, binding, held, seed)
    standardisation = _standardisation(task, options, rest.arrays, saved)
    parts = (None if part is None else standardisation.apply(part) for part in (validation, test))
    return Examples(bound, binding, held, tested, standardisation, standardisation.apply(rest.arrays), *parts)


def _source(options: TrainOptions) -> Table:
    """The data, or the first buffer of it."""
    if options.stream is None or not isinstance(options.data, str):
        return load(options.data) if isinstance(options.data, str) else options.data
    path = Path(options.data)
    if options.stream < 1 or not is_dataset(path) or not path.exists():
        raise DataError(
            "Only Parquet and Arrow files are streamed, in buffers of one row or more.",
            f"  --data {options.data} --stream {options.stream}",
            "Name such a file or a folder of them.",
        )
    if options.standardise:
        raise DataError(
            "What is streamed is not standardised: its mean is not known before all of it was read.",
            f"  --standardise {','.join(options.standardise)}",
            "Write the statistics into the equations as constants.",
        )
    return Dataset(path).first(options.stream)


def agreed(option: str, stated: Any, saved: Any, default: Any) -> Any:
    """The saved value when resuming, which a stated one must equal; otherwise the stated value or the default."""
    if saved is None:
        return default if stated is None else stated
    if stated is not None and stated != saved:
        raise ModelError(
            f"The saved training had another value of --{option}.",
            f"  the model file has {saved!r}, and the command says {stated!r}",
            f"Leave --{option} out to go on with the saved training, or leave --resume out to begin a new one.",
        )
    return saved


def count(arrays: Mapping[str, Array]) -> int:
    return len(next(iter(arrays.values()), ()))


def float_type(bound: Bound) -> np.dtype[Any]:
    """float32 if all numbers bound are float32 (one-hot rows take the type of the others), else float64."""
    kinds = {a.dtype for name, a in bound.arrays.items() if a.dtype.kind == "f" and name not in bound.classes}
    return kinds.pop() if len(kinds) == 1 else np.dtype(np.float64)


def of_type(bound: Bound, kind: np.dtype[Any]) -> Bound:
    """The same with every floating array of that type; integers, which are indices, stay."""
    cast = {name: a.astype(kind, copy=False) if a.dtype.kind == "f" else a for name, a in bound.arrays.items()}
    return replace(bound, arrays=cast)


def _hold_out(task: Task, bound: Bound, binding: str, held: str, seed: int) -> tuple[Bound, dict[str, Array] | None]:
    """What is left to train with, and the examples held out: rows of the data by a fraction, or a second data set."""
    fraction = _fraction(held)
    if fraction is None:
        other = bind(binding, load(held), task.inputs, classes=bound.classes, canonical=task.canonical)
        return bound, of_type(other, float_type(bound)).arrays
    left, out = split(bound.n, fraction, seed)
    return replace(bound, arrays=take(bound.arrays, left)), take(bound.arrays, out) if len(out) else None


def _fraction(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None  # then it names a data source


def _standardisation(
    task: Task, options: TrainOptions, training: Mapping[str, Array], saved: SavedModel | None
) -> Standardisation:
    stated = None if options.standardise is None else sorted(map(task.canonical, options.standardise))
    if saved is None:
        return Standardisation.of(training, stated or ())
    agreed("standardise", stated, sorted(saved.standardisation.mean), ())
    return saved.standardisation


def digest_of(arrays: Mapping[str, Array]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        values = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {values.dtype.str} {values.shape}".encode())
        digest.update(values.data if values.size else b"")
    return digest.hexdigest()
