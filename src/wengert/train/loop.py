"""The training loop: minibatches, updates, and what is measured after each epoch, over any model that gives loss and
gradients; one by one, or many updates in one call where the model has that.

Everything it does is decided by (seed, epoch, step), so that a loop that goes on from any `Progress` makes the same
numbers as one that never stopped. It prints nothing and writes nothing: events go to a reporter, and after each epoch
the progress goes to `keep`. It knows no file and no equations.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias, runtime_checkable

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
CALL_SECONDS = 0.05
"""About so long one call makes updates: Ctrl-C loses no more than that."""


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


class Updates(Protocol):
    """Many updates in one call, of one model by one optimizer over one set of examples."""

    @property
    def at_once(self) -> int:
        """The most updates of one call."""
        ...

    def __call__(
        self, params: Mapping[str, Array], state: State, order: Array | None, first: int, batch: int, count: int
    ) -> tuple[dict[str, Array], State, list[float]]:
        """(parameters, state, the loss before each update) after `count` updates over `batch` examples each: the rows
        order[first : first + batch] and so on; without an order, all rows in each.

        However the same updates are cut into calls, the result is the same to the last bit.
        """
        ...


@runtime_checkable
class Compiled(Protocol):
    """A model that has more than loss and gradients: updates in one call."""

    def updates(self, optimizer: Optimizer, training: Mapping[str, Array]) -> Updates | None:
        """The updates by an optimizer over these examples; None where they are made one by one."""
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
    updates: Updates | None = None,
) -> tuple[Progress, bool]:
    """Trains from `start` to `plan.epochs`; the progress at its end, and whether Ctrl-C ended it (then it is whole,
    between updates). With `updates` many updates are made in one call, and their events come together.

    Raises:
        TrainingError: the loss or a gradient is nan or infinite, or does not fit the parameters. Nothing was kept
        from that update.
    """
    progress = start
    one_by_one = OneByOne(model, optimizer, training)
    advance = one_by_one if updates is None else InCalls(updates, one_by_one)
    on = "training" if validation is None else "validation"
    try:
        while progress.epoch < plan.epochs:
            began = time.monotonic()
            for made, losses in advance(progress, plan):
                first, progress = progress.step + 1, made
                for step, loss in enumerate(losses, first):
                    report(StepDone(progress.epoch + 1, step, loss))
            progress = _close_epoch(model, training, validation, plan, progress)
            keep(progress)
            seconds = time.monotonic() - began
            report(EpochDone(progress.history[-1], plan.epochs, seconds, plan.metric, on))
    except KeyboardInterrupt:
        return progress, True
    return progress, False


@dataclass(frozen=True)
class OneByOne:
    """The updates left in an epoch, each by the model's gradients."""

    model: Model
    optimizer: Optimizer
    training: Mapping[str, Array]

    def __call__(self, progress: Progress, plan: Plan) -> Iterator[tuple[Progress, list[float]]]:
        order = _order(self.training, plan, progress)
        for first in range(progress.step * plan.batch, _examples(self.training), plan.batch):
            progress, loss = _update(self.model, self.optimizer, self.batch(order, first, plan.batch), progress)
            yield progress, [loss]

    def batch(self, order: Array | None, first: int, size: int) -> Mapping[str, Array]:
        """The examples at places first … first + size − 1 of the order."""
        return self.training if order is None else take(self.training, order[first : first + size])


class InCalls:
    """The updates left in an epoch, as many in a call as take about CALL_SECONDS; a last smaller batch in a call of its own."""

    def __init__(self, updates: Updates, one_by_one: OneByOne) -> None:
        self.updates = updates
        self.one_by_one = one_by_one
        self.count = 1

    def __call__(self, progress: Progress, plan: Plan) -> Iterator[tuple[Progress, list[float]]]:
        n = _examples(self.one_by_one.training)
        order = _order(self.one_by_one.training, plan, progress)
        while (first := progress.step * plan.batch) < n:
            batch = min(plan.batch, n - first)
            count = min(self.count, max(1, (n - first) // plan.batch))
            began = time.monotonic()
            progress, losses = self._made(progress, order, first, batch, count)
            self._pace(count, time.monotonic() - began)
            yield progress, losses

    def _pace(self, count: int, seconds: float) -> None:
        """How many updates the next call makes; the first call of all, which compiles, says nothing about it."""
        if seconds > CALL_SECONDS:
            self.count = max(1, count // 2)
        elif count == self.count and seconds < CALL_SECONDS / 2:
            self.count = min(2 * count, self.updates.at_once)

    def _made(
        self, progress: Progress, order: Array | None, first: int, batch: int, count: int
    ) -> tuple[Progress, list[float]]:
        params, state, losses = self.updates(progress.params, progress.state, order, first, batch, count)
        # What is not finite stays so: p + u is nan or infinite where p is, and where u is.
        if not np.isfinite(losses).all() or not all(np.isfinite(p).all() for p in params.values()):
            self._refuse(progress, order, first, batch, losses, params)
        loss_sum = progress.loss_sum
        for loss in losses:
            loss_sum += loss * batch
        return replace(progress, params=params, state=state, step=progress.step + count, loss_sum=loss_sum), losses

    def _refuse(
        self,
        progress: Progress,
        order: Array | None,
        first: int,
        batch: int,
        losses: Sequence[float],
        params: Mapping[str, Array],
    ) -> None:
        """Raises the error of the first update whose numbers are not finite: the updates are made again, one in a call."""
        where = _where(progress)
        if len(losses) == 1:
            _refuse_not_finite(losses[0], {}, where)
            _, gradients = self.one_by_one.model.loss_and_gradients(
                progress.params, self.one_by_one.batch(order, first, batch)
            )
            _refuse_not_finite(losses[0], gradients, where)
            _refuse_overflow(params, where)
        for k in range(len(losses)):
            progress, _ = self._made(progress, order, first + k * batch, batch, 1)


def _update(
    model: Model, optimizer: Optimizer, batch: Mapping[str, Array], progress: Progress
) -> tuple[Progress, float]:
    loss, gradients = model.loss_and_gradients(progress.params, batch)
    loss = float(loss)
    where = _where(progress)
    _refuse_not_finite(loss, gradients, where)
    _refuse_misfit(progress.params, gradients, where)
    updates, state = optimizer.update(gradients, progress.state, progress.params)
    params = apply_updates(progress.params, updates)
    _refuse_overflow(params, where)
    loss_sum = progress.loss_sum + loss * _examples(batch)
    return replace(progress, params=params, state=state, step=progress.step + 1, loss_sum=loss_sum), loss


def _examples(arrays: Mapping[str, Array]) -> int:
    return len(next(iter(arrays.values())))


def _order(training: Mapping[str, Array], plan: Plan, progress: Progress) -> Array | None:
    """The order of the examples in this epoch; None where a batch is all of them."""
    n = _examples(training)
    return epoch_order(n, plan.seed, progress.epoch) if plan.batch < n else None


def _where(progress: Progress) -> str:
    return f"  epoch {progress.epoch + 1}, step {progress.step + 1}"


def _refuse_overflow(params: Mapping[str, Array], where: str) -> None:
    for name, value in params.items():
        if not np.isfinite(value).all():
            raise _diverged(f"The parameter '{name}' is no longer finite after the update.", where)


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
    n = _examples(training)
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
    n = _examples(data)
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
