"""The true cotangent of every event of a run: one reverse pass through zeros that are added at all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.errors import WengertError
from wengert.programs.events import Event, Key, Recorder
from wengert.programs.names import plain
from wengert.programs.scenario import RunOutcome, Scenario

TOLERANCE = 1e-6
LOOSE = 2e-4  # where the references are differences
DIRECTIONS = 6
ENTRIES = 600  # events that have more are not differentiated by differences
SHORTER = (1.0, 1e-2, 1e-4)  # parts of the usual step: entries far smaller than the median need shorter ones


@dataclass(frozen=True)
class References:
    """At one point: the loss, the cotangents by event, the events, and how the cotangents were found."""

    loss: float
    cotangents: dict[Key, np.ndarray]
    events: dict[Key, Event]
    by_name: dict[str, list[Key]]
    tolerance: float
    why_differences: str = ""

    def close(self, value: Any, key: Key) -> bool:
        return close(value, self.cotangents[key], self.tolerance)


def close(value: Any, wanted: Any, tolerance: float = TOLERANCE) -> bool:
    """Whether arrays agree to a part of the largest entry; axes of length 1 do not matter."""
    a, b = np.asarray(value, float), np.asarray(wanted, float)
    if a.shape != b.shape:
        if a.size != b.size or [n for n in a.shape if n != 1] != [n for n in b.shape if n != 1]:
            return False
        a = a.reshape(b.shape)
    scale = max(float(np.max(np.abs(b), initial=0)), 1e-9)
    return bool(np.all(np.isfinite(a)) and np.max(np.abs(a - b), initial=0) <= tolerance * scale)


def references(scenario: Scenario, p: int) -> References:
    """The references at point p.

    Raises what the forward pass raises.
    """
    recorder, out = plain_run(scenario, p)
    loss = float(np.sum(out.loss))
    events = {e.key: e for e in recorder.events}
    forward = [e for e in recorder.events if e.forward and e.value.size]
    why = ""
    try:
        found = _traced(scenario, p, forward, loss)
        tolerance = TOLERANCE
    except Exception as error:  # whatever the tracer refuses, differences do instead
        found = _differences(scenario, p, forward, loss)
        why, tolerance = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}", LOOSE
    cotangents = {k: g for k, g in found.items() if np.any(g != 0)}
    by_name: dict[str, list[Key]] = {}
    for key in cotangents:
        by_name.setdefault(plain(key[1]), []).append(key)
    return References(loss, cotangents, events, by_name, tolerance, why)


def plain_run(scenario: Scenario, p: int) -> tuple[Recorder, RunOutcome]:
    """A run with nothing changed; where backward fails, what forward did stands."""
    recorder = Recorder()
    out = scenario.run(recorder, p)
    if out.error is not None and out.loss is None:
        raise out.error
    return recorder, out


def _traced(scenario: Scenario, p: int, forward: list[Event], loss: float) -> dict[Key, np.ndarray]:
    keys = [e.key for e in forward]

    def through_zeros(zeros: list[Any]) -> Any:
        recorder = Recorder(keep=False, probes=dict(zip(keys, zeros, strict=True)))
        return scenario.run(recorder, p, only_forward=True).loss

    library = scenario.program.library
    with library.running():
        value, gradients = library.gradients(through_zeros, [np.zeros(e.value.shape) for e in forward])
    if not close(value, loss, 1e-9):
        raise WengertError("The loss differs while it is traced.")
    found = {k: np.asarray(g, float) for k, g in zip(keys, gradients, strict=True)}
    _check_by_differences(scenario, p, forward, found)
    return found


def _check_by_differences(scenario: Scenario, p: int, forward: list[Event], found: dict[Key, np.ndarray]) -> None:
    rng = np.random.default_rng(3)
    moving = [e for e in forward if np.any(found[e.key] != 0)]
    for event in moving[:: max(1, len(moving) // DIRECTIONS)]:
        direction = rng.standard_normal(event.value.shape)
        wanted = float(np.sum(found[event.key] * direction))
        near = 1e-3 * abs(wanted) + 1e-5 * max(1.0, float(np.max(np.abs(found[event.key]))))
        if not any(abs(_slope(scenario, p, event, part * direction) / part - wanted) <= near for part in SHORTER):
            raise WengertError(f"The tracer and differences disagree at '{event.name}'.")


def _slope(scenario: Scenario, p: int, event: Event, direction: np.ndarray) -> float:
    """The derivative of the loss along a direction at an event, by a central difference."""
    size = np.abs(event.value)[np.abs(event.value) < 1e6]  # without what stands for minus infinity
    h = 1e-6 * max(1.0, float(np.median(size)) if size.size else 1.0)
    sides = [
        float(np.sum(scenario.run(Recorder(move={event.key: s * h * direction}), p, only_forward=True).loss))
        for s in (1, -1)
    ]
    return (sides[0] - sides[1]) / (2 * h)


def _differences(scenario: Scenario, p: int, forward: list[Event], loss: float) -> dict[Key, np.ndarray]:
    """Entry by entry, of events that move the loss at all."""
    out: dict[Key, np.ndarray] = {}
    rng = np.random.default_rng(5)
    for event in forward:
        if event.value.size > ENTRIES:
            continue
        moved = Recorder(move={event.key: rng.standard_normal(event.value.shape) * 1e-3})
        if float(np.sum(scenario.run(moved, p, only_forward=True).loss)) == loss:
            continue
        gradient = np.zeros(event.value.shape)
        for i in np.ndindex(*event.value.shape):
            unit = np.zeros(event.value.shape)
            unit[i] = 1
            gradient[i] = _slope(scenario, p, event, unit)
        out[event.key] = gradient
    return out
