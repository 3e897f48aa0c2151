"""Losses for programs that write none: what `A2 - y` speaks of. One is taken only where results are right with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from wengert.programs.scenario import Point, Scenario

TINY = 1e-300


Log = Callable[[Any], Any]


def _squares(a: Any, y: Any, log: Log) -> Any:
    return ((a - y) ** 2).sum()


def _binary(a: Any, y: Any, log: Log) -> Any:
    return -(y * log(a + TINY) + (1 - y) * log(1 - a + TINY)).sum()


def _entropy(a: Any, y: Any, log: Log) -> Any:
    return -(y * log(a + TINY)).sum()


FORMS: dict[str, tuple[Callable[[Any, Any, Log], Any], tuple[float, ...]]] = {
    "cross-entropy": (_entropy, (1.0,)),
    "binary cross-entropy": (_binary, (1.0,)),
    "squared error": (_squares, (0.5, 1.0)),
}


def needs_loss(scenario: Scenario) -> bool:
    """Whether forward gives an output and backward is told the targets, and nothing says the loss."""
    pair = scenario.pair
    if pair.flat or pair.combined or scenario.has_upstream():
        return False
    return _target(scenario.points[0]) is not None


def _target(point: Point) -> np.ndarray | None:
    arrays = [v for v in {**point.backward, **point.arguments}.values() if isinstance(v, np.ndarray)]
    return arrays[0] if point.backward and arrays else None


def losses(scenario: Scenario) -> Iterator[tuple[str, Callable[[Any, Point], Any]]]:
    """The losses by name: sums over all entries, by the size of the batch, by the number of entries."""
    library = scenario.program.library
    for name, (form, factors) in FORMS.items():
        for factor in factors:
            for mean in ("", "mean", "mean over all entries"):

                def loss(out: Any, point: Point, form: Any = form, factor: float = factor, mean: str = mean) -> Any:
                    target = _target(point)
                    assert target is not None
                    y = _rows(target, tuple(np.shape(out)))
                    size = max(np.shape(out)) if 1 in np.shape(out) else len(y)
                    count = {"": 1, "mean": size, "mean over all entries": y.size}[mean]
                    return form(out, library.given(y), library.log) * factor / count

                yield f"{'half the ' if factor == 0.5 else ''}{name}{', ' + mean if mean else ''}", loss


def _rows(target: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Targets in the shape of the output: classes as one-hot rows."""
    if target.shape == shape:
        return target
    if target.dtype.kind in "iu" and len(shape) == 2 and target.size == shape[0]:
        return np.eye(shape[1])[target.reshape(-1)]
    return target.reshape(shape) if target.size == int(np.prod(shape)) else target
