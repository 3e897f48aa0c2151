"""What a training is given and what comes out: the task of an equation system, the user's options, the result. It does nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from wengert.errors import TrainingError
from wengert.train.model import EpochRecord, Model
from wengert.train.model_file import SavedModel
from wengert.train.table import Array, Table


@dataclass(frozen=True)
class Task:
    """An equation system as training sees it. `context` is kept in the model file, for whoever builds the task again
    from it.
    """

    equations: str
    inputs: tuple[str, ...]
    build: Callable[[Mapping[str, Array], Mapping[str, int]], Model]
    context: Mapping[str, str] = field(default_factory=dict[str, str])
    canonical: Callable[[str], str] = str.strip
    warnings: tuple[str, ...] = ()
    """What was guessed while the equations were read."""


@dataclass(frozen=True)
class TrainOptions:
    """What the user decides. None is the stated default, and with `resume` what the saved training had.

    `data` names a file or a set, or is the table itself. `test` (default none) and `validation` (default "0.2") are fractions or data sources of their own. The test's
    examples are taken first and measured once, at the end; the validation's fraction is one of the rest. `batch` 0 is
    all examples at once; every `checkpoint_every` updates a checkpoint is written into the folder `checkpoints`, from the
    newest of which a training goes on; `epochs` counts those of the saved training too; with `stream` the data
    is read in buffers of so many rows; `standardise` names bound quantities; with `factors` "bfloat16" XLA rounds those of
    sums of products in float32, and adds in float32.
    """

    data: str | Table
    bind: str | None = None
    sizes: Mapping[str, int] = field(default_factory=dict[str, int])
    standardise: tuple[str, ...] | None = None
    validation: str | None = None
    test: str | None = None
    optimizer: str | None = None
    learning_rate: float | None = None
    momentum: float | None = None
    weight_decay: float | None = None
    epochs: int = 100
    batch: int | None = None
    seed: int | None = None
    initial: str = "glorot"
    metric: str | None = None
    model: str | Path = "model.safetensors"
    log: str | Path | None = None
    curve: str | Path | None = None
    resume: bool = False
    json: bool = False
    checkpoints: str | Path | None = None
    checkpoint_every: int = 100
    stream: int | None = None
    factors: str = "float32"

    def refuse_wide(self, arrays: Mapping[str, Any]) -> None:
        """Rounded factors are those of data in float32.

        Raises TrainingError where the data is not.
        """
        wide = [name for name, array in arrays.items() if np.asarray(array).dtype == np.float64]
        if self.factors != "float32" and wide:
            raise TrainingError(
                f"Factors are rounded to {self.factors} where the data is in float32, and '{wide[0]}' is in float64.",
                f"  --factors {self.factors}",
                "Store the data in float32, or leave --factors out.",
            )


@dataclass(frozen=True)
class Measured:
    """Loss and metric over one set of examples, with the final parameters; `value` is None without a metric."""

    examples: int
    loss: float
    value: float | None


@dataclass(frozen=True)
class TrainResult:
    """What came out: the content of the model file, the measures, the files written, and whether Ctrl-C ended the
    training.
    """

    saved: SavedModel
    training: Measured
    validation: Measured | None
    test: Measured | None
    files: Mapping[str, str]
    interrupted: bool

    @property
    def history(self) -> tuple[EpochRecord, ...]:
        return self.saved.progress.history
