"""What a backward pass is given and of what it is the gradient, where the program does not say: tried, and settled by what is right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.errors import CheckError
from wengert.programs.arrays import numbers, size
from wengert.programs.claims import Claims
from wengert.programs.events import Recorder
from wengert.programs.names import TARGET
from wengert.programs.references import references
from wengert.programs.scenario import Point, Scenario

LOSS_LIKE = re.compile(r"loss|entropy|cost|error|mse|mae|nll|hinge|objective|criterion", re.I)


@dataclass(frozen=True)
class Convention:
    """`takes`: what the first argument of backward is, where it is no signal; `mean`: the loss is the mean of what forward gives."""

    takes: str = ""
    mean: bool = False

    def put(self, scenario: Scenario) -> None:
        scenario.takes, scenario.loss = self.takes, _mean if self.mean else None
        scenario.after.clear()
        for point in scenario.points:
            point.weights.clear()


def _mean(out: Any, point: Point) -> Any:
    """The mean of what forward gives."""
    return out.sum() / max(1, size(out))


def conventions(scenario: Scenario) -> Iterator[Convention]:
    """The conventions that a pair may follow, the usual first."""
    pair = scenario.pair
    if pair.flat or pair.combined:
        yield Convention()
        return
    if pair.slope:
        yield Convention("argument")
        yield Convention("output")
        return
    if not scenario.names_a_signal():
        yield Convention()
        yield Convention(mean=True)
        return
    if _is_loss(scenario):
        yield Convention("argument", mean=True)
        yield Convention("argument")
        yield Convention("output", mean=True)
        yield Convention("output")
    yield Convention()


def settle(scenario: Scenario) -> None:
    """Take the convention under which all results are right; where there is none, the usual one.

    Raises CheckError where a derivative is written for a function that is none of single entries.
    """
    tried = list(conventions(scenario))
    tried[0].put(scenario)
    if scenario.pair.slope and not is_entrywise(scenario):
        raise CheckError(
            f"'{scenario.pair.forward}' is no function of single entries, so its derivative is a matrix for each example.",
            f"  {scenario.pair.backward}({', '.join(scenario.parameters())})",
            f"Write its product with a signal:  def {scenario.pair.forward}_backward(dout, …)",
        )
    if len(tried) == 1:
        return
    best = max(tried, key=lambda each: _score(scenario, each))
    best.put(scenario)


def _score(scenario: Scenario, convention: Convention) -> tuple[bool, int]:
    convention.put(scenario)
    right, all_right = right_of(scenario)
    return all_right, right if all_right else 0


def right_of(scenario: Scenario) -> tuple[int, bool]:
    """How many results are right at the first point, and whether all are."""
    try:
        claims = Claims(scenario, [references(scenario, 0)])
        recorder = Recorder()
        out = scenario.run(recorder, 0)
    except (Exception, SystemExit):  # inputs with which it fails are not those that are looked for
        return 0, False
    verdicts = [s.verdict for s in claims.statuses(recorder, out, 0).values()]
    right = sum(v in ("right", "value") for v in verdicts)
    return right, "wrong" not in verdicts and right > 0


def _is_loss(scenario: Scenario) -> bool:
    """Whether a pair is a loss whose backward pass is given the predictions: backward(predictions, targets)."""
    pair = scenario.pair
    taken = scenario.parameters()
    forward = scenario.arguments()
    named = LOSS_LIKE.search(f"{pair.cls or ''} {pair.forward} {pair.backward}") or any(map(TARGET.match, taken[1:]))
    return bool(named) and len(taken) == len(forward) > 1 and taken[0] not in forward and taken[1:] == forward[1:]


def is_entrywise(scenario: Scenario) -> bool:
    """Whether each entry of the result of forward depends on the same entry of its argument alone."""
    point = scenario.points[0]
    name, x = next(iter(point.arguments.items()), ("", None))
    if not isinstance(x, np.ndarray) or not x.size:
        return False

    def value(given: Any) -> np.ndarray:
        point.arguments[name] = given
        try:
            return numbers(scenario.forward_value(0)).astype(float)
        except Exception:  # what the program refuses to compute is no function of single entries
            return np.zeros(0)
        finally:
            point.arguments[name] = x

    moved = x.copy()
    moved.flat[0] += 0.25
    before, after = value(x), value(moved)
    return before.shape == x.shape == after.shape and bool(np.array_equal(before.flat[1:], after.flat[1:]))
