"""What a backward pass claims: what it returns, the attributes that it sets, the steps that it takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from wengert.errors import CheckError
from wengert.programs.arrays import is_real, numbers
from wengert.programs.names import HOLDER, RATE, TARGET, quantity
from wengert.programs.state import entries_of, flattened

if TYPE_CHECKING:
    from wengert.programs.scenario import Scenario

GRADIENT = re.compile(r"^_?(d[A-Za-z_]\w*|grads?|gradients?|grad_\w*|nabla\w*|delta\w*|\w+_grads?)$")
RUNNING = re.compile(r"running|moving|velocity|cache|^m$|^v$|momentum")

Results = list[tuple[str, np.ndarray]]


def results(scenario: Scenario, found: Any, this: Any, entered: dict[str, np.ndarray], p: int) -> Results:
    """The claims of a run by name. `entered`: what the object held before."""
    if scenario.pair.rule:
        return list(_in_order(scenario, found))
    out: Results = []
    name = scenario.pair.backward or scenario.pair.forward
    if found is not None:
        names = scenario.returned(name, found)
        if len(names) == 1 and not scenario.pair.combined and quantity(names[0]) is None:
            names = [of_only_input(scenario) or names[0]]
        for n, v in zip(names, found if isinstance(found, tuple) else (found,), strict=False):
            if not (scenario.pair.combined and not isinstance(v, dict | list) and np.ndim(v) == 0):
                out += list(flattened(n, v))
    return out if this is None else [*out, *_set(scenario, this, entered, p)]


def _in_order(scenario: Scenario, found: Any) -> Iterator[tuple[str, np.ndarray]]:
    """The results of a rule: one for each input of forward, in their order; none where it has no gradient.

    Raises CheckError where there is another number of them.
    """
    given = scenario.differentiated()
    parts = tuple(found) if isinstance(found, tuple | list) else (found,)
    if len(parts) != len(given):
        raise CheckError(
            f"'{scenario.pair.backward}' gives another number of results than there are inputs.",
            f"  {len(parts)}, and the inputs are {', '.join(given)}",
            f"Return one for each, None for what has no gradient:  return {', '.join('d' + n for n in given)}",
        )
    for name, value in zip(given, parts, strict=True):
        if is_real(value):
            yield f"gradient of {name}", numbers(value).astype(float)


def _set(scenario: Scenario, this: Any, entered: dict[str, np.ndarray], p: int) -> Iterator[tuple[str, np.ndarray]]:
    """Gradients that an object holds afterwards, and steps that its parameters took."""
    rate = _rate(scenario, this, p)
    for path, value in entries_of(this, scenario.program.names).items():
        old, new = entered.get(path), numbers(value).astype(float)
        holder = path.rpartition(".")[2].split("[")[0]
        if old is not None and old.shape == new.shape and np.array_equal(old, new):
            continue
        named = GRADIENT.match(holder) or (HOLDER.match(holder) and path.endswith("']"))
        if named or any(GRADIENT.match(part.split("[")[0]) for part in path.split(".")[1:]):
            yield path, new
        elif (
            old is not None
            and old.shape == new.shape
            and rate
            and not RUNNING.search(holder)
            and quantity(path) is None
        ):
            yield f"step of {path}", (old - new) / rate


def of_only_input(scenario: Scenario) -> str:
    """The name of the gradient by the only argument of forward that is an array and no target; none where there are several."""
    given = scenario.points[0].arguments
    arrays = [n for n, v in given.items() if isinstance(v, np.ndarray) and v.dtype.kind == "f" and not TARGET.match(n)]
    return f"d{arrays[0]}" if len(arrays) == 1 else ""


def _rate(scenario: Scenario, this: Any, p: int) -> float | None:
    point = scenario.points[p]
    values = {**vars(this), **scenario.program.names, **point.arguments, **point.backward}
    return next((float(values[n]) for n in RATE if isinstance(values.get(n), int | float) and values[n]), None)
