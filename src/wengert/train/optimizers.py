"""Gradient descent and its kin, by optax's contract: `init(params) -> state`, `update(grads, state, params) ->
(updates, state)`.

Parameters, gradients and updates are arrays by name; the new parameters are p + update. A state is a new object each
time and nothing given is changed. Arrays keep their type: float32 stays float32. The module knows no model and no file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from wengert.errors import ModelError
from wengert.optim.rules import RULES, UpdateRule, stepped
from wengert.train.table import Array, listed, nearest

Params: TypeAlias = Mapping[str, Array]
State: TypeAlias = Mapping[str, int | dict[str, Array]]
"""`count`, the updates made so far, and for each moment its arrays by parameter name."""


@dataclass(frozen=True)
class NamedOptimizer:
    """An update rule with its settings.

    `init(params)` gives the state before the first update; `update(grads, state, params)` gives the updates to add
    and the next state.
    """

    name: str
    settings: Mapping[str, float]
    rule: UpdateRule

    def init(self, params: Params) -> State:
        """No update made, every moment 0."""
        return {"count": 0, **{m: {n: np.zeros_like(p) for n, p in params.items()} for m in self.rule.moments}}

    def update(self, grads: Params, state: State, params: Params) -> tuple[dict[str, Array], State]:
        """What is added to each parameter, and the state after the update."""
        count = state["count"]
        assert isinstance(count, int)
        scalars = self.rule.scalars(self.settings, count + 1, lambda a, t: a**t)
        values, moments = [params[name] for name in grads], self.rule.moments
        before = [[_moment(state, moment, name) for name in grads] for moment in moments]
        changes, after = stepped(self.rule, values, list(grads.values()), before, lambda g: scalars, np.sqrt)

        def named(arrays: list[Any]) -> dict[str, Array]:
            return dict(zip(grads, map(np.asarray, arrays), strict=True))

        return named(changes), {"count": count + 1, **dict(zip(moments, map(named, after), strict=True))}


def apply_updates(params: Params, updates: Params) -> dict[str, Array]:
    """p + u for each parameter, of the parameter's type."""
    return {name: np.asarray(p + updates[name], dtype=p.dtype) for name, p in params.items()}


def _moment(state: State, moment: str, name: str) -> Array:
    arrays = state[moment]
    assert isinstance(arrays, dict)
    return arrays[name]


def optimizer(name: str, **settings: float | None) -> NamedOptimizer:
    """The optimizer of that name; a setting that is None keeps its default.

    Raises:
        ModelError: an unknown name, a setting that this optimizer has not, or a value outside its range.
    """
    if name not in RULES:
        raise ModelError(
            f"There is no optimizer '{name}'.",
            f"  known: {listed(RULES)}",
            f"Write one of these names{nearest(name, RULES)}.",
        )
    rule = RULES[name]
    given = {key: float(value) for key, value in settings.items() if value is not None}
    known = rule.settings
    for key, value in given.items():
        if key not in known:
            raise ModelError(
                f"The optimizer '{name}' has no setting '{key}'.",
                f"  {name} has {listed(known)}",
                f"Leave it out, or choose an optimizer that has it{nearest(key, known)}.",
            )
        below_one = key in ("momentum", "b1", "b2")
        if not (0 <= value < (1 if below_one else float("inf"))) or (key == "learning_rate" and value == 0):
            low = "more than 0" if key == "learning_rate" else "at least 0"
            raise ModelError(
                f"The setting '{key}' of the optimizer '{name}' is {value:g}.",
                f"  {key} = {value:g}",
                f"Write a number that is {low}{' and less than 1' if below_one else ''}.",
            )
    return NamedOptimizer(name, {**known, **given}, rule)
