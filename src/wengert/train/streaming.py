"""The updates of an epoch over data that is read meanwhile: buffer by buffer, each of whole minibatches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from wengert.errors import DataError
from wengert.train.advance import diverged
from wengert.train.arrow import Stream
from wengert.train.model import Plan, Progress
from wengert.train.table import Array, Table


@dataclass
class Streamed:
    """The updates left in an epoch. `bound` makes arrays by the names of the equations of a buffer; `updates` are those of a model.

    What is left of the rows and fills no minibatch is left out. The place in the data is the number of the step: to go on from one, the
    buffers before it are read again.
    """

    stream: Stream
    updates: Any
    bound: Callable[[Table], Mapping[str, Array]]

    def examples(self, plan: Plan, epoch: int) -> int:
        """The examples of an epoch, those of all ranks."""
        own = plan.batch // self.stream.count
        return self.stream.rows(epoch) // own * own * self.stream.count

    def __call__(self, progress: Progress, plan: Plan) -> Iterator[tuple[Progress, list[float]]]:
        own = self._own(plan)
        rows = self.stream.rows(progress.epoch)
        if rows < own:
            raise DataError(
                f"One of {self.stream.count} readers has {rows} examples in an epoch, and its part of a minibatch is {own}.",
                f"  {self.stream.dataset.path}: {len(self.stream.dataset.pieces)} pieces, the smallest of them with {rows}",
                "Write the data in pieces of one size, or choose a smaller --batch.",
            )
        skipped = progress.step
        for table in self.stream.epoch(progress.epoch):
            arrays = self.bound(table)
            rows = len(next(iter(arrays.values())))
            steps = rows // own
            first, skipped = min(skipped, steps), max(skipped - steps, 0)
            updates = self.updates.over(arrays)
            while first < steps:
                count = min(updates.at_once, steps - first)
                progress, losses = self._made(updates, progress, plan, np.arange(rows), first, count)
                first += count
                yield progress, losses

    def _own(self, plan: Plan) -> int:
        """The examples of a minibatch that this rank reads.

        Raises DataError where the ranks, or the buffer, do not share them evenly.
        """
        own, over = divmod(plan.batch, self.stream.count)
        if over or self.stream.buffer % max(own, 1):
            raise DataError(
                "A buffer is no whole number of minibatches.",
                f"  --stream {self.stream.buffer}, --batch {plan.batch}, {self.stream.count} processes",
                f"Write a multiple, for example:  --stream {max(own, 1) * 64}",
            )
        return own

    def _made(
        self, updates: Any, progress: Progress, plan: Plan, order: Array, first: int, count: int
    ) -> tuple[Progress, list[float]]:
        own = self._own(plan)
        params, state, losses = updates(progress.params, progress.state, order, first * own, plan.batch, count)
        if not np.isfinite(losses).all() or not all(np.isfinite(p).all() for p in params.values()):
            raise diverged("The loss or a parameter is no longer finite.", f"  epoch {progress.epoch + 1}")
        total = progress.loss_sum
        for loss in losses:
            total += loss * plan.batch
        return replace(progress, params=params, state=state, step=progress.step + count, loss_sum=total), losses
