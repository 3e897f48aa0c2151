"""Applies a saved model to new data: the same binding, classes and standardisation, then the forward pass.

It knows no equations: `task_from` builds the task again from what the model file keeps.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.lib import format as npy

from wengert.atomic import write_atomically
from wengert.errors import DataError, ModelError
from wengert.train.binding import Bound, bind
from wengert.train.checkpoint import SavedModel, load_model
from wengert.train.data import load
from wengert.train.examples import of_type
from wengert.train.metrics import Metric, per_example
from wengert.train.table import Array, listed, nearest
from wengert.train.task import Task


@dataclass(frozen=True)
class PredictOptions:
    """`quantities` are the names to compute (none: the prediction that the training measured, else all that has an
    example's axis); `bind` replaces the binding of the training.
    """

    model: str | Path
    data: str
    bind: str | None = None
    quantities: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prediction:
    """Quantities by name, each (n, …); the predicted class for each example by target; the metric, if the data has
    the target.

    `missing` holds, by name, the column that the data has not, for names that were left out.
    """

    quantities: dict[str, Array]
    classes: dict[str, list[int] | list[str]] = field(default_factory=dict[str, "list[int] | list[str]"])
    metric: Metric | None = None
    value: float | None = None
    missing: Mapping[str, str] = field(default_factory=dict[str, str])


def predict(task_from: Callable[[SavedModel], Task], options: PredictOptions) -> Prediction:
    """The forward pass of the saved model over new data.

    Raises:
        ModelError: a model file that is damaged or was made from other equations. DataError: data that does not fit
            the training, or a quantity that cannot be computed from it.
    """
    saved = load_model(options.model)
    task = task_from(saved)
    binding = saved.binding if options.bind is None else options.bind
    table = load(options.data)
    bound = bind(binding, table, task.inputs, classes=saved.classes, lenient=True, canonical=task.canonical)
    if not bound.arrays:
        raise DataError(
            "No column of the data is bound to a name of the equations.",
            f"  {options.data} lacks {listed(f'{column} (for {name})' for name, column in bound.missing.items())}",
            "Give data with the columns of the training, or --bind anew.",
        )
    kinds = [value.dtype for value in saved.parameters.values()]
    data = saved.standardisation.apply(of_type(bound, kinds[0] if kinds else np.dtype(np.float64)).arrays)
    model = task.build(data, saved.sizes)
    saved.require(model, task.equations, options.model)
    with np.errstate(all="ignore"):
        computed = model.forward(saved.parameters, data)
        shapes = per_example(lambda part: model.forward(saved.parameters, part), data)
    names = _chosen(
        [task.canonical(name) for name in options.quantities],
        saved.metric,
        [name for name in shapes if name not in data],
        bound,
    )
    quantities = {name: computed[name] for name in names}
    return _with_classes(quantities, computed, saved, data, bound)


def _chosen(stated: Sequence[str], metric: Metric | None, there: Sequence[str], bound: Bound) -> Sequence[str]:
    """The stated names, else the measured prediction, else all."""
    lacking = listed(f"{column} (for {name})" for name, column in bound.missing.items())
    because = f"; the data lacks {lacking}" if bound.missing else ""
    for name in stated:
        if name not in there:
            raise DataError(
                f"'{name}' cannot be computed for each example of the data.",
                f"  computed: {listed(there)}{because}",
                f"Write one of these names{nearest(name, there)}.",
            )
    if not there:
        raise DataError(
            "Nothing can be computed for each example of the data.",
            f"  bound: {listed(bound.arrays)}{because}",
            "Give data with the columns of the training, or --bind anew.",
        )
    if stated:
        return stated
    return [metric.prediction] if metric is not None and metric.prediction in there else there


def _with_classes(
    quantities: dict[str, Array],
    computed: Mapping[str, Array],
    saved: SavedModel,
    data: Mapping[str, Array],
    bound: Bound,
) -> Prediction:
    metric = saved.metric
    if metric is None or metric.prediction not in computed:
        return Prediction(quantities, missing=bound.missing)
    scores = computed[metric.prediction]
    classes: dict[str, list[int] | list[str]] = {}
    if metric.kind == "accuracy" and metric.prediction in quantities:
        if metric.threshold is not None:
            classes[metric.target] = np.where(scores > metric.threshold, 1, metric.low).tolist()
        else:
            labels = np.asarray(saved.classes.get(metric.target, range(scores.shape[1])))
            classes[metric.target] = labels[scores.argmax(axis=1)].tolist()
    value = metric(scores, data[metric.target]) if metric.target in data else None
    return Prediction(quantities, classes, metric, value, bound.missing)


def write_prediction(prediction: Prediction, output: str | Path | TextIO) -> None:
    """Writes a row for each example as CSV (to a path or a stream), or the arrays as .npz, by the path's ending.

    A quantity y of rank 0 for each example is the column y, of rank 1 the columns y_1, y_2, …; the class predicted
    for the target t is the column predicted_t. Numbers are written so that they read back as the same floats.

    Raises:
        ModelError: the path cannot be written, or has another ending.
    """
    if not isinstance(output, str | Path):
        output.writelines(_csv_lines(prediction))
        return
    suffix = Path(output).suffix.lower()
    if suffix == ".csv":
        content = "".join(_csv_lines(prediction)).encode()
    elif suffix == ".npz":
        content = _npz(prediction)
    else:
        raise ModelError(
            f"The predictions cannot be written as '{suffix}'.",
            f"  {output}",
            "Write a path that ends in .csv or .npz.",
        )
    write_atomically(output, content, "file of predictions")


def _npz(prediction: Prediction) -> bytes:
    """The arrays as numpy.savez writes them; that function itself has arguments that a quantity's name could meet."""
    arrays = prediction.quantities | {f"predicted_{t}": np.asarray(c) for t, c in prediction.classes.items()}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, values in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                npy.write_array(member, values, allow_pickle=False)
    return content.getvalue()


def _csv_lines(prediction: Prediction) -> Iterator[str]:
    columns: dict[str, list[object]] = {}
    for name, values in prediction.quantities.items():
        for place in np.ndindex(values.shape[1:]):
            suffix = "".join(f"_{i + 1}" for i in place)
            columns[name + suffix] = values[(slice(None), *place)].tolist()
    for target, labels in prediction.classes.items():
        columns[f"predicted_{target}"] = list(labels)
    for row in [list(columns), *zip(*columns.values(), strict=True)]:
        line = io.StringIO(newline="")
        csv.writer(line, lineterminator="\n").writerow(row)
        yield line.getvalue()
