"""Claims about recurrences: which steps a line is about, and signals of single entries such as h̄_T.

A line that reads the signals of step t + 1 says nothing of the last step, where there are none: h̄_t = Wᵀ ā_{t+1} is stated for t < T, and
what comes in at T has a line of its own, or none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node
from wengert.core.ir.names import entry_place, sequence_name, unbar, unmoment
from wengert.core.ir.walk import topological
from wengert.notes.elaboration.clock import Clock
from wengert.notes.elaboration.system import SystemData

Array = Any
Steps = tuple[int, int]
"""How many of the first and of the last steps a line says nothing about."""


def steps_left_out(system: SystemData, name: str, node: Node) -> Steps:
    """The steps that a line about a sequence may leave out, since it reads others before the first or after the last step."""
    if unbar(name) not in system.time:
        return 0, 0
    offsets = [unmoment(n.params["name"])[1] for n in topological([node]) if n.op.leaf == "input"]
    return max(0, -min(offsets, default=0)), max(0, max(offsets, default=0))


def filled(system: SystemData, name: str, out: Steps, values: Sequence[Array], known: Sequence[Array]) -> list[Array]:
    """Values with those of the steps that are left out as they are known; as they are where no step is left."""
    axis = system.time.get(unbar(name))
    first, last = out
    found: list[Array] = []
    for value, other in zip(values, known, strict=True):
        if axis is None or np.shape(value) != np.shape(other) or np.shape(value)[axis] <= first + last:
            found.append(value)
            continue
        steps = np.arange(np.shape(value)[axis])
        inside = (steps >= first) & (steps < len(steps) - last)
        inside = np.expand_dims(inside, tuple(k for k in range(np.ndim(value)) if k != axis))
        found.append(np.where(inside, value, other))
    return found


def said_of(clock: Clock, letter: str, phase: int, out: Steps) -> str:
    """The steps that are left, in words: for t < T."""
    first, last = out
    low = str(clock.first + phase + first - 1)
    if clock.last.isdigit():
        high = str(int(clock.last) + phase - last + 1)
    else:
        by = clock.ends + phase - last + 1
        high = f"{clock.last} {'+' if by > 0 else '−'} {abs(by)}" if by else clock.last
    below = f" < {high}" if last else ""
    return (
        f"for {low} < {letter}{below}"
        if first and last
        else f"for {letter} > {low}"
        if first
        else f"for {letter}{below}"
    )


def entry_of_signal(system: SystemData, name: str, value: Array) -> Array:
    """One entry of the values of a sequence, by the name of the entry."""
    place, base = entry_place(name), unbar(sequence_name(name))
    return np.take(value, place if place is not None else 0, system.time[base])


def with_entry(system: SystemData, name: str, whole: Array, value: Array) -> Array:
    """The values of a sequence with another one at an entry."""
    place, axis = entry_place(name), system.time[unbar(sequence_name(name))]
    found = np.array(whole)
    at: list[Any] = [slice(None)] * found.ndim
    at[axis] = place
    found[tuple(at)] = value
    return found
