"""The updates of an epoch: one by one from a model's gradients, or many in a call; what is not finite is found and named.

Everything is decided by (seed, epoch, step). It prints nothing and knows no file and no equations.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from wengert.errors import TrainingError
from wengert.train.model import Model, Plan, Progress, Updates
from wengert.train.optimizers import NamedOptimizer, apply_updates
from wengert.train.preparation import take
from wengert.train.table import Array

CALL_SECONDS = 0.05
"""About so long one call makes updates: Ctrl-C loses no more than that."""


def epoch_order(n: int, seed: int, epoch: int) -> Array:
    """The order of the examples in an epoch: a permutation that depends on (seed, epoch) only."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, epoch]))).permutation(n)


@dataclass(frozen=True)
class OneByOne:
    """The updates left in an epoch, each by the model's gradients."""

    model: Model
    optimizer: NamedOptimizer
    training: Mapping[str, Array]

    def __call__(self, progress: Progress, plan: Plan) -> Iterator[tuple[Progress, list[float]]]:
        order = _order(self.training, plan, progress)
        for first in range(progress.step * plan.batch, examples_of(self.training), plan.batch):
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
        self.count = updates.at_first

    def __call__(self, progress: Progress, plan: Plan) -> Iterator[tuple[Progress, list[float]]]:
        n = examples_of(self.one_by_one.training)
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
        if self.updates.at_first > 1:  # an epoch is one call there
            return
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
    model: Model, optimizer: NamedOptimizer, batch: Mapping[str, Array], progress: Progress
) -> tuple[Progress, float]:
    loss, gradients = model.loss_and_gradients(progress.params, batch)
    loss = float(loss)
    where = _where(progress)
    _refuse_not_finite(loss, gradients, where)
    _refuse_misfit(progress.params, gradients, where)
    updates, state = optimizer.update(gradients, progress.state, progress.params)
    params = apply_updates(progress.params, updates)
    _refuse_overflow(params, where)
    loss_sum = progress.loss_sum + loss * examples_of(batch)
    return replace(progress, params=params, state=state, step=progress.step + 1, loss_sum=loss_sum), loss


def examples_of(arrays: Mapping[str, Array]) -> int:
    """How many examples the arrays hold."""
    return len(next(iter(arrays.values())))


def _order(training: Mapping[str, Array], plan: Plan, progress: Progress) -> Array | None:
    """The order of the examples in this epoch; None where a batch is all of them."""
    n = examples_of(training)
    return epoch_order(n, plan.seed, progress.epoch) if plan.batch < n else None


def _where(progress: Progress) -> str:
    return f"  epoch {progress.epoch + 1}, step {progress.step + 1}"


def _refuse_overflow(params: Mapping[str, Array], where: str) -> None:
    for name, value in params.items():
        if not np.isfinite(value).all():
            raise diverged(f"The parameter '{name}' is no longer finite after the update.", where)


def _refuse_not_finite(loss: float, gradients: Mapping[str, Array], where: str) -> None:
    if not math.isfinite(loss):
        raise diverged(f"The loss is {loss}.", where)
    for name, g in gradients.items():
        if not np.isfinite(g).all():
            value = np.asarray(g)[~np.isfinite(g)].flat[0]
            raise diverged(f"The gradient of the loss by '{name}' is {value} in some entry.", where)


def diverged(what: str, where: str) -> TrainingError:
    """The error of numbers that are not finite."""
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
