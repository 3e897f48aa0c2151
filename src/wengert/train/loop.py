"""The training loop: minibatches, updates, and what is measured after each epoch, over any model that gives loss and
gradients.

Everything it does is decided by (seed, epoch, step), so that a loop that goes on from any `Progress` makes the same
numbers as one that never stopped. It prints nothing and writes nothing: events go to a reporter, and after each epoch
the progress goes to `keep`. It knows no file and no equations.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

import numpy as np

from wengert.errors import TrainingError
from wengert.train.metrics import Metric
from wengert.train.optimizers import Optimizer, State, apply_updates
from wengert.train.preparation import take
from wengert.train.table import Array

FULL_BATCH_UP_TO = 1024
"""Without a stated batch size, so many examples or fewer are one batch; more are cut into batches of MINIBATCH."""
MINIBATCH = 64
_EVALUATED_AT_ONCE = 4096


class Model(Protocol):
    """What is trained: the batch's loss (1/N) Σ_n L_n + R, with its gradients, as a function of parameters and data."""

    @property
    def fingerprint(self) -> str:
        """A digest of the equations, sizes, constants and parameter names: another digest, another model."""
        ...

    @property
    def parameters(self) -> Mapping[str, tuple[int, ...]]:
        """The shape of each parameter, by Python identifier."""
        ...

    @property
    def sizes(self) -> Mapping[str, int]:
        """Each named size except the batch's; given back when the model is built for prediction."""
        ...

    @property
    def loss_name(self) -> str:
        """The name of the loss in `forward`."""
        ...

    def loss_and_gradients(
        self, params: Mapping[str, Array], batch: Mapping[str, Array]
    ) -> tuple[float, dict[str, Array]]:
        """The loss of the batch, and its gradient by each parameter, of the parameter's shape and type."""
        ...

    def forward(self, params: Mapping[str, Array], batch: Mapping[str, Array]) -> dict[str, Array]:
        """Every named quantity in the order of lines; the batch axis comes first where a quantity depends on data.

        The batch may lack data names; the quantities that depend on these are then left out.
        """
        ...


@dataclass(frozen=True)
class EpochRecord:
    """What one epoch gave. `loss` is the mean over its batches, each before its update, weighted by their numbers of
    examples.
    """

    epoch: int
    loss: float
    validation_loss: float | None = None
    metric: float | None = None


@dataclass(frozen=True)
class Progress:
    """A point between two updates: `step` updates of epoch `epoch` (from 0) are done, with loss_sum = Σ loss ·
    examples so far.
    """

    params: Mapping[str, Array]
    state: State
    epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    history: tuple[EpochRecord, ...] = ()


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


@dataclass(frozen=True)
class Plan:
    """How long and in what pieces: `epochs` in all (those already made included), `batch` examples per update."""

    epochs: int
    batch: int
    seed: int
    metric: Metric | None = None


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


def epoch_order(n: int, seed: int, epoch: int) -> Array:
    """The order of the examples in an epoch: a permutation that depends on (seed, epoch) only."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, epoch]))).permutation(n)


@np.errstate(all="ignore")  # what is not finite is found and reported by name
def fit(
    model: Model,
    optimizer: Optimizer,
    training: Mapping[str, Array],
    validation: Mapping[str, Array] | None,
    plan: Plan,
    start: Progress,
    report: Reporter,
    keep: Callable[[Progress], None],
) -> tuple[Progress, bool]:
    """Trains from `start` to `plan.epochs`; the progress at its end, and whether Ctrl-C ended it (then it is whole,
    between updates).

    Raises:
        TrainingError: the loss or a gradient is nan or infinite, or does not fit the parameters. Nothing was kept
        from that update.
    """
    progress = start
    n = len(next(iter(training.values())))
    try:
        while progress.epoch < plan.epochs:
            began = time.monotonic()
            order = epoch_order(n, plan.seed, progress.epoch) if plan.batch < n else None
            for first in range(progress.step * plan.batch, n, plan.batch):
                rows = None if order is None else order[first : first + plan.batch]
                batch = training if rows is None else take(training, rows)
                progress, loss = _update(model, optimizer, batch, progress)
                report(StepDone(progress.epoch + 1, progress.step, loss))
            progress = _close_epoch(model, training, validation, plan, progress)
            keep(progress)
            on = "training" if validation is None else "validation"
            seconds = time.monotonic() - began
            report(EpochDone(progress.history[-1], plan.epochs, seconds, plan.metric, on))
    except KeyboardInterrupt:
        return progress, True
    return progress, False


def _update(
    model: Model, optimizer: Optimizer, batch: Mapping[str, Array], progress: Progress
) -> tuple[Progress, float]:
    loss, gradients = model.loss_and_gradients(progress.params, batch)
    loss = float(loss)
    where = f"  epoch {progress.epoch + 1}, step {progress.step + 1}"
    _refuse_not_finite(loss, gradients, where)
    _refuse_misfit(progress.params, gradients, where)
    updates, state = optimizer.update(gradients, progress.state, progress.params)
    params = apply_updates(progress.params, updates)
    for name, value in params.items():
        if not np.isfinite(value).all():
            raise _diverged(f"The parameter '{name}' is no longer finite after the update.", where)
    count = len(next(iter(batch.values())))
    made = replace(
        progress, params=params, state=state, step=progress.step + 1, loss_sum=progress.loss_sum + loss * count
    )
    return made, loss


def _refuse_not_finite(loss: float, gradients: Mapping[str, Array], where: str) -> None:
    if not math.isfinite(loss):
        raise _diverged(f"The loss is {loss}.", where)
    for name, g in gradients.items():
        if not np.isfinite(g).all():
            value = np.asarray(g)[~np.isfinite(g)].flat[0]
            raise _diverged(f"The gradient of the loss by '{name}' is {value} in some entry.", where)


def _diverged(what: str, where: str) -> TrainingError:
    return TrainingError(
        what, where, "Write a smaller --lr, standardise the inputs, or look at the equations' domains."
    )


def _refuse_misfit(params: Mapping[str, Array], gradients: Mapping[str, Array], where: str) -> None:
    if set(gradients) != set(params):
        raise TrainingError(
            "The model's gradients are not those of its parameters.",
            f"{where}: parameters {sorted(params)}, gradients {sorted(gradients)}",
            "Give one gradient for each parameter.",
        )
    for name, g in gradients.items():
        if np.shape(g) != params[name].shape:
            raise TrainingError(
                f"The gradient by '{name}' has the shape {np.shape(g)}, the parameter {params[name].shape}.",
                where,
                "Give each gradient in the shape of its parameter.",
            )


def _close_epoch(
    model: Model,
    training: Mapping[str, Array],
    validation: Mapping[str, Array] | None,
    plan: Plan,
    progress: Progress,
) -> Progress:
    """The progress at the start of the next epoch, with the record of this one."""
    n = len(next(iter(training.values())))
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
    n = len(next(iter(data.values())))
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
        raise _diverged(f"The loss over the {n} examples of an evaluation is {loss}.", "  after an epoch")
    return loss, None if metric is None else metric(np.concatenate(predictions), data[metric.target])
