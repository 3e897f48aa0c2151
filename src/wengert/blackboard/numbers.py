"""The run of a system as data: every value forward and backward, and what a small change of an input does to the loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from wengert.blackboard.diagnostics import diagnostic
from wengert.blackboard.subject import Subject
from wengert.core.ir.types import bind_shape
from wengert.errors import DataError, WengertError
from wengert.languages import LANGUAGES
from wengert.notes.show.numbers import plain
from wengert.notes.show.settings import complete, known_sizes, resolve
from wengert.notes.show.trace import ValueTrace, trace

MOST_SHOWN = 4096
"""An array with more entries goes to the page by its first ones on each axis."""
LONGEST_AXIS = 64


def numbers(subject: Subject, values: Mapping[str, Any], lang: str = LANGUAGES[0]) -> dict[str, Any]:
    """The message `numbers`: the run at the given values; those that are missing, or do not fit the text any more, are drawn."""
    try:
        given = fitting(subject, values)
        table = run(subject, given)
    except WengertError as error:
        return {"type": "numbers", "error": diagnostic(error, subject.text, lang=lang)}
    marks = subject.marks
    names = [*subject.system.inputs, *(line.name for line in subject.system.lines)]
    forward = [{"q": marks[n], "value": shown(r.value)} for n, r in zip(names, table.forward, strict=True)]
    backward = [
        {
            "q": marks[line.name],
            "value": shown(row.value),
            "uses": [
                {"child": marks[use.child], "value": shown(part.value)}
                for use, part in zip(line.contributions, row.uses, strict=False)
            ],
        }
        for line, row in zip(subject.derived.lines, table.backward, strict=True)
    ]
    return {"type": "numbers", "forward": forward, "backward": backward, "sizes": dict(table.sizes)}


def run(subject: Subject, given: Mapping[str, Any]) -> ValueTrace:
    """The trace at given values; what is missing is drawn, the same at every call."""
    return trace(subject.system, subject.derived, given, fill=np.random.default_rng(0))


def fitting(subject: Subject, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of inputs whose names, ranks and sizes go with the text; a page may still have those of an earlier version."""
    system = subject.system
    found: dict[str, Any] = {}
    for spelled, value in values.items():
        try:
            name, array = resolve(system, spelled), np.asarray(value, dtype=np.float64)
        except (DataError, ValueError, TypeError):
            continue
        quantity = system.quantities.get(name)
        if quantity is None or array.ndim != quantity.type.rank or array.size > 10**6:
            continue
        sizes = known_sizes(system, found)
        wanted = bind_shape(quantity.type.shape, sizes)
        if all(not isinstance(n, int) or n == m for n, m in zip(wanted, array.shape, strict=True)):
            found[name] = array if quantity.type.is_float else array.astype(np.int64)
    return found


def plain_values(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """Values as JSON takes them."""
    return {name: plain(value) for name, value in (values or {}).items()}


def shown(value: Any) -> Any:
    """A value as JSON takes it, rounded to what a double shows; of a large array the first entries on each axis."""
    array = np.asarray(value)
    if array.size > MOST_SHOWN:
        array = array[tuple(slice(0, LONGEST_AXIS) for _ in array.shape)]
    return plain(array)


def nudged(
    subject: Subject,
    name: str,
    place: Sequence[int] = (),
    by: float = 1e-3,
    values: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The message `nudged`: ΔL where one entry of an input is moved by h, beside v̄ · h.

    Raises DataError where there is no such entry.
    """
    system, backward = subject.system, subject.derived
    given = complete(system, fitting(subject, values or {}), None, np.random.default_rng(0))
    moved = np.array(given.get(name, np.nan), dtype=np.float64)
    at = tuple(place)
    if name not in given or len(at) != moved.ndim or any(not 0 <= k < n for k, n in zip(at, moved.shape, strict=True)):
        raise DataError(f"There is no such entry of '{name}'.", f"  {list(place)}", "Choose an entry of an input.")
    before = run(subject, given)
    moved[at] += by
    after = run(subject, {**given, name: moved})
    index = [*system.inputs, *(line.name for line in system.lines)].index(backward.loss)
    bars = {line.name: row.value for line, row in zip(backward.lines, before.backward, strict=True)}
    slope = float(np.asarray(bars[name])[at]) if name in bars else 0.0
    change = float(after.forward[index].value) - float(before.forward[index].value)
    return {
        "type": "nudged",
        "q": subject.marks[name],
        "place": list(place),
        "by": by,
        "change": plain(change),
        "predicted": plain(slope * by),
    }
