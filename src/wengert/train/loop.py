"""The training loop: minibatches, updates, and what is measured after each epoch, over any model that gives loss and
gradients; one by one, or many updates in one call where the model has that.

Everything it does is decided by (seed, epoch, step), so that a loop that goes on from any `Progress` makes the same
numbers as one that never stopped. It prints nothing and writes nothing: events go to a reporter, and after each epoch
the progress goes to `keep`. It knows no file and no equations.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from wengert.errors import TrainingError
from wengert.train.advance import InCalls, OneByOne, diverged, examples_of
from wengert.train.metrics import Metric
from wengert.train.model import EpochRecord, Model, Plan, Progress, Updates
from wengert.train.optimizers import NamedOptimizer
from wengert.train.streaming import Streamed
from wengert.train.table import Array

FULL_BATCH_UP_TO = 1024
"""Without a stated batch size, so many examples or fewer are one batch; more are cut into batches of MINIBATCH."""
MINIBATCH = 64
_EVALUATED_AT_ONCE = 4096


@dataclass(frozen=True)
class Started:
    """Training begins; `facts` are lines for people, by key, and plain values for programs."""

    facts: Mapping[str, object]
    epochs: int
    first_epoch: int
    steps: int


@dataclass(frozen=True)
class StepDone:
    """One update is made; the loss is that of its batch before the update."""

    epoch: int
    step: int
    loss: float


@dataclass(frozen=True)
class EpochDone:
    """An epoch is finished and measured."""

    record: EpochRecord
    epochs: int
    seconds: float
    metric: Metric | None
    measured_on: str


@dataclass(frozen=True)
class Finished:
    """Training is over; `facts` as in Started, `interrupted` if Ctrl-C ended it."""

    facts: Mapping[str, object]
    interrupted: bool


Event: TypeAlias = Started | StepDone | EpochDone | Finished
Reporter: TypeAlias = Callable[[Event], None]


def batch_size(n: int, stated: int | None) -> int:
    """The stated number of examples, at most n; otherwise n up to FULL_BATCH_UP_TO examples and MINIBATCH above. 0
    states all.
    """
    if stated is not None and stated < 0:
        raise TrainingError(
            f"The batch size is {stated}.", f"  {n} examples", "Write a positive number, or 0 for all examples at once."
        )
    if stated == 0 or (stated is None and n <= FULL_BATCH_UP_TO):
        return n
    return min(MINIBATCH if stated is None else stated, n)


@np.errstate(all="ignore")  # what is not finite is found and reported by name
def fit(
    model: Model,
    optimizer: NamedOptimizer,
    training: Mapping[str, Array],
    validation: Mapping[str, Array] | None,
    plan: Plan,
    start: Progress,
    report: Reporter,
    keep: Callable[[Progress], None],
    updates: Updates | None = None,
    checkpoint: Callable[[Progress], None] = lambda progress: None,
    streamed: Streamed | None = None,
) -> tuple[Progress, bool]:
    """Trains from `start` to `plan.epochs`; the progress at its end, and whether Ctrl-C ended it (then it is whole,
    between updates). With `updates` many updates are made in one call, and their events come together. `checkpoint` gets the progress
    after each call; `streamed` has the training data where it is read meanwhile, and `training` some of it.

    Raises:
        TrainingError: the loss or a gradient is nan or infinite, or does not fit the parameters. Nothing was kept
        from that update.
    """
    progress = start
    one_by_one = OneByOne(model, optimizer, training)
    advance = streamed or (one_by_one if updates is None else InCalls(updates, one_by_one))
    on = "training" if validation is None else "validation"
    try:
        while progress.epoch < plan.epochs:
            began = time.monotonic()
            for made, losses in advance(progress, plan):
                first, progress = progress.step + 1, made
                for step, loss in enumerate(losses, first):
                    report(StepDone(progress.epoch + 1, step, loss))
                checkpoint(progress)
            n = examples_of(training) if streamed is None else streamed.examples(plan, progress.epoch)
            progress = _close_epoch(model, training, validation, plan, progress, n)
            keep(progress)
            seconds = time.monotonic() - began
            report(EpochDone(progress.history[-1], plan.epochs, seconds, plan.metric, on))
    except KeyboardInterrupt:
        return progress, True
    return progress, False


def _close_epoch(
    model: Model,
    training: Mapping[str, Array],
    validation: Mapping[str, Array] | None,
    plan: Plan,
    progress: Progress,
    n: int,
) -> Progress:
    """The progress at the start of the next epoch, with the record of this one, over n examples."""
    validation_loss, value = None, None
    if validation is not None or plan.metric is not None:
        measured, value = evaluate(model, progress.params, training if validation is None else validation, plan.metric)
        validation_loss = None if validation is None else measured
    record = EpochRecord(progress.epoch + 1, progress.loss_sum / n, validation_loss, value)
    return replace(progress, epoch=progress.epoch + 1, step=0, loss_sum=0.0, history=(*progress.history, record))


@np.errstate(all="ignore")
def evaluate(
    model: Model, params: Mapping[str, Array], data: Mapping[str, Array], metric: Metric | None
) -> tuple[float, float | None]:
    """(loss, metric) over the data, a few thousand examples at a time; the loss is the mean weighted by their
    numbers.

    Raises:
        TrainingError: a loss that is not finite, or a model whose forward pass does not give it.
    """
    n = examples_of(data)
    loss, predictions = 0.0, []
    for first in range(0, n, _EVALUATED_AT_ONCE):
        part = {name: values[first : first + _EVALUATED_AT_ONCE] for name, values in data.items()}
        quantities = model.forward(params, part)
        if model.loss_name not in quantities:
            raise TrainingError(
                f"The model's forward pass does not give its loss '{model.loss_name}'.",
                f"  it gives {', '.join(quantities)}",
                "Bind all data that the loss needs.",
            )
        loss += float(quantities[model.loss_name]) * len(next(iter(part.values()))) / n
        if metric is not None:
            predictions.append(quantities[metric.prediction])
    if not math.isfinite(loss):
        raise diverged(f"The loss over the {n} examples of an evaluation is {loss}.", "  after an epoch")
    return loss, None if metric is None else metric(np.concatenate(predictions), data[metric.target])
