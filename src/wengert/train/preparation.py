"""What happens to the bound arrays before training: the split into training and validation, and standardisation.

It knows neither columns nor equations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from wengert.errors import DataError
from wengert.train.table import Array, listed, nearest


@dataclass(frozen=True)
class Standardisation:
    """x ↦ (x − mean) / scale for each feature, with the mean and the standard deviation of the training examples.

    The standard deviation is √((1/n) Σ (x − mean)²); a feature that does not vary gets scale 1. `mean` and `scale`
    are by equation name, with the shape of one example, float64.
    """

    mean: dict[str, Array] = field(default_factory=dict[str, Array])
    scale: dict[str, Array] = field(default_factory=dict[str, Array])

    @classmethod
    def of(cls, arrays: Mapping[str, Array], names: Iterable[str]) -> Standardisation:
        """The statistics of `arrays[name]` for each of the names.

        A feature counts as constant when its variance is within the rounding error of computing it, n·eps·var +
        (n·eps·mean)². Source: the bound for the two-pass algorithm in Chan, Golub & LeVeque, "Algorithms for
        Computing the Sample Variance" (1983).
        """
        made = cls()
        for name in names:
            if name not in arrays:
                raise DataError(
                    f"'{name}' is to be standardised, but no data is bound to it.",
                    f"  bound: {listed(arrays)}",
                    f"Write one of these names{nearest(name, arrays)}.",
                )
            if arrays[name].dtype.kind != "f":
                raise DataError(
                    f"'{name}' is to be standardised, but it holds indices (integers).",
                    f"  {name}: {arrays[name].dtype}",
                    "Bind it without 'int(…)', or leave it out of the names to standardise.",
                )
            values = arrays[name].astype(np.float64)
            mean, variance = values.mean(axis=0), values.var(axis=0)
            rounding = len(values) * np.finfo(np.float64).eps
            constant = variance <= rounding * variance + (rounding * mean) ** 2
            made.mean[name] = np.asarray(mean)
            made.scale[name] = np.where(constant, 1.0, np.sqrt(variance))
        return made

    def apply(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """The arrays with each standardised name replaced; types stay, other names are untouched.

        Raises:
            DataError: an array with another number of features than in the training.
        """
        made = dict(arrays)
        for name, mean in self.mean.items():
            if name not in arrays:
                continue
            if arrays[name].shape[1:] != mean.shape:
                now, then = _features(arrays[name].shape[1:]), _features(mean.shape)
                raise DataError(
                    f"'{name}' has {now}, and had {then} in the training.",
                    f"  {name}: {' × '.join(map(str, arrays[name].shape))}",
                    "Bind the same columns as in the training.",
                )
            made[name] = ((arrays[name] - mean) / self.scale[name]).astype(arrays[name].dtype)
        return made


def _features(shape: tuple[int, ...]) -> str:
    return f"{' × '.join(map(str, shape))} features" if shape else "1 feature"


def split(n: int, fraction: float, seed: int) -> tuple[Array, Array]:
    """(training rows, validation rows), each ascending: the last ⌊fraction·n + ½⌋ of a permutation by PCG64(seed) are
    for validation.

    With 0 < fraction < 1 each part has at least one row. The same seed gives the same rows under the same NumPy
    version (NEP 19).

    Raises:
        DataError: a fraction outside 0 ≤ fraction < 1, or too few examples to split.
    """
    if not 0 <= fraction < 1:
        raise DataError(
            f"The fraction for validation is {fraction:g}, and must be at least 0 and less than 1.",
            f"  {n} examples",
            "Write, for example, 0.2 for every fifth example.",
        )
    if fraction == 0:
        return np.arange(n), np.arange(0)
    if n < 2:
        raise DataError(
            "One example cannot be split into training and validation.",
            f"  {n} example, fraction {fraction:g}",
            "Write 0 for no validation, or give more data.",
        )
    held = min(max(int(fraction * n + 0.5), 1), n - 1)
    order = np.random.Generator(np.random.PCG64(seed)).permutation(n)
    return np.sort(order[: n - held]), np.sort(order[n - held :])


def take(arrays: Mapping[str, Array], rows: Array) -> dict[str, Array]:
    """The rows of each array, copied."""
    return {name: values[rows] for name, values in arrays.items()}
