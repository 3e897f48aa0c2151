"""A step of gradient descent as a call without arguments: the parameters it returns are those of its next call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


class Descent:
    """(loss, parameters) ← step(parameters, data), the parameters fed back."""

    def __init__(self, step: Callable[..., Any], parameters: Sequence[Any], data: Sequence[Any]) -> None:
        self.step = step
        self.parameters = list(parameters)
        self.data = tuple(data)

    def __call__(self) -> tuple[Any, ...]:
        value, *self.parameters = self.step(*self.parameters, *self.data)
        return value, *self.parameters


class Finished(Descent):
    """The same for asynchronous peers: the call ends when the loss is there."""

    def __call__(self) -> tuple[Any, ...]:
        value, *self.parameters = self.step(*self.parameters, *self.data)
        value.block_until_ready()
        return value, *self.parameters


def copies(arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Parameters of one's own, as a step may change them in place."""
    return [array.copy() for array in arrays]


def repeated(
    step: Callable[..., tuple[Any, ...]], count: int, parameters: Sequence[Any], data: Sequence[Any]
) -> list[Any]:
    """The parameters after `count` steps from Python."""
    current = list(parameters)
    for _ in range(count):
        current = list(step(*current, *data)[1:])
    return current


def in_double(arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The arrays in float64: the references are computed so."""
    return [np.asarray(array, np.float64) for array in arrays]
