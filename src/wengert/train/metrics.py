"""How good a prediction is, beside the loss: accuracy or root mean square error, chosen once from the target.

    target (n, k), rows one-hot       accuracy: argmax of the prediction (n, k) is the class
    target (n,), whole numbers int    accuracy: argmax of the prediction (n, k) is the number
    target (n,), values 0 and 1       accuracy: prediction (n,) > 0.5 where the target is 1
    target (n,), values -1 and 1      accuracy: prediction (n,) > 0 where the target is 1
    otherwise                         RMSE: √(mean (prediction − target)²), over all entries

The prediction is the last named quantity that can be computed without the target and has its shape. The module knows
no equations: what depends on the target is found by computing the quantities without it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from wengert.errors import DataError
from wengert.train.table import Array, listed, nearest

Kind: TypeAlias = Literal["accuracy", "rmse"]
Forward: TypeAlias = Callable[[Mapping[str, Array]], Mapping[str, Array]]
"""The named quantities that can be computed from a batch, in the order of their lines."""


@dataclass(frozen=True)
class Metric:
    """`kind` of `prediction` against `target`; a prediction above `threshold` means class 1, otherwise class `low` (0
    or -1).
    """

    kind: Kind
    prediction: str
    target: str
    threshold: float | None = None
    low: int = 0

    @property
    def statement(self) -> str:
        """What is measured, as the user would write it with --metric: accuracy(y > 0.5, t)."""
        left = self.prediction if self.threshold is None else f"{self.prediction} > {self.threshold:g}"
        return f"{self.kind}({left}, {self.target})"

    def __call__(self, prediction: Array, target: Array) -> float:
        """The share of right classes in [0, 1], or √(mean (prediction − target)²) in the target's unit."""
        if self.kind == "rmse":
            difference = prediction.astype(np.float64) - target
            return float(np.sqrt(np.mean(difference * difference)))
        if self.threshold is not None:
            return float(np.mean((prediction > self.threshold) == (target > (self.low + 1) / 2)))
        classes = target.argmax(axis=1) if target.ndim == 2 else target
        return float(np.mean(prediction.argmax(axis=1) == classes))


def choose_metric(
    forward: Forward,
    batch: Mapping[str, Array],
    statement: str = "auto",
    canonical: Callable[[str], str] = str.strip,
) -> Metric | None:
    """The metric that the data decides, or the one that `statement` writes: "none", "rmse(y, t)", "accuracy(y > 0.5,
    t)".

    None if there is no pair of prediction and target, or more than one target. `batch` should hold the training data,
    as the values of the target decide.

    Raises:
        DataError: a statement that cannot be read, or names that do not fit.
    """
    if statement == "none":
        return None
    if statement != "auto":
        return _stated(forward, batch, statement, canonical)
    found: list[tuple[str, str]] = []
    for target in batch:
        prediction = _prediction(forward, batch, target)
        if prediction is not None:
            found.append((prediction, target))
    if len(found) != 1:
        return None
    return _fit(*found[0], batch[found[0][1]])


def per_example(forward: Forward, batch: Mapping[str, Array]) -> dict[str, tuple[int, ...]]:
    """The shape for one example of each quantity that has the batch axis: one row and the same row twice show which
    have it.
    """
    if not batch:
        return {}
    one = forward({name: values[:1] for name, values in batch.items()})
    two = forward({name: values[[0, 0]] for name, values in batch.items()})
    return {
        name: values.shape[1:]
        for name, values in one.items()
        if values.shape[:1] == (1,) and two[name].shape == (2, *values.shape[1:])
    }


def _prediction(forward: Forward, batch: Mapping[str, Array], target: str) -> str | None:
    """The last quantity that needs no target and whose shape fits it."""
    values = batch[target]
    rest = {name: array for name, array in batch.items() if name != target}
    index = values.dtype.kind in "iu" and values.ndim == 1
    for name, shape in reversed(per_example(forward, rest).items()):
        if name not in batch and (shape == values.shape[1:] or (index and len(shape) == 1)):
            return name
    return None


def _fit(prediction: str, target: str, values: Array) -> Metric:
    if values.ndim == 2 and values.shape[1] > 1 and _is_onehot(values):
        return Metric("accuracy", prediction, target)
    if values.ndim == 1 and values.dtype.kind in "iu":
        return Metric("accuracy", prediction, target)
    if values.ndim == 1:
        present = set(np.unique(values[: 10**6]).tolist())
        if present == {0.0, 1.0}:
            return Metric("accuracy", prediction, target, 0.5)
        if present == {-1.0, 1.0}:
            return Metric("accuracy", prediction, target, 0.0, low=-1)
    return Metric("rmse", prediction, target)


def _is_onehot(values: Array) -> bool:
    return bool(np.isin(values, (0.0, 1.0)).all() and (values.sum(axis=1) == 1).all())


_STATEMENT = re.compile(r"\s*(accuracy|rmse)\s*\((.+?)(?:>\s*(-?[0-9.]+(?:e-?[0-9]+)?)\s*)?,([^,]+)\)\s*")


def _stated(forward: Forward, batch: Mapping[str, Array], statement: str, canonical: Callable[[str], str]) -> Metric:
    read = _STATEMENT.fullmatch(statement)
    if read is None:
        raise DataError(
            f"The metric '{statement}' cannot be read.",
            "  forms: none, rmse(prediction, target), accuracy(prediction, target), accuracy(prediction > number, target)",
            "Write, for example:  --metric 'accuracy(y > 0.5, t)'",
        )
    prediction, target = canonical(read[2].strip()), canonical(read[4].strip())
    shapes = per_example(forward, batch)
    for name, names in ((prediction, shapes), (target, batch)):
        if name not in names:
            raise DataError(
                f"The metric '{statement}' needs '{name}', which is not there for each example.",
                f"  there are {listed(names)}",
                f"Write one of these names{nearest(name, names)}.",
            )
    shape, wanted = shapes[prediction], batch[target].shape[1:]
    if read[1] == "accuracy" and read[3] is None:
        fits = len(shape) == 1 and wanted in ((), shape)
    else:
        fits = shape == wanted
    if not fits:
        raise DataError(
            f"The metric '{statement}' compares shapes that do not fit.",
            f"  for one example {prediction} has the shape {shape}, {target} has {wanted}",
            "Name a prediction with the target's shape; for the accuracy of one number write 'accuracy(y > 0.5, t)'.",
        )
    kind: Kind = "rmse" if read[1] == "rmse" else "accuracy"
    if read[3] is None:
        return Metric(kind, prediction, target)
    return Metric(kind, prediction, target, float(read[3]), low=-1 if (batch[target] == -1).any() else 0)
