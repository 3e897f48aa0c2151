"""Gradient descent and its kin, by optax's contract: `init(params) -> state`, `update(grads, state, params) ->
(updates, state)`.

Parameters, gradients and updates are arrays by name; the new parameters are p + update. A state is a new object each
time and nothing given is changed. Arrays keep their type: float32 stays float32. The module knows no model and no file.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from wengert.errors import ModelError
from wengert.optim.rules import ADAM, ADAMW, MOMENTUM, SGD, UpdateRule
from wengert.train.table import Array, listed, nearest

Params: TypeAlias = Mapping[str, Array]
State: TypeAlias = Mapping[str, int | dict[str, Array]]
"""`count`, the updates made so far, and for each moment its arrays by parameter name."""


@dataclass(frozen=True)
class Optimizer:
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
        updates: dict[str, Array] = {}
        after: dict[str, dict[str, Array]] = {moment: {} for moment in self.rule.moments}
        for name, g in grads.items():
            before = tuple(_moment(state, moment, name) for moment in self.rule.moments)
            change, moments = self.rule.step(params[name], g, before, scalars, np.sqrt)
            updates[name] = np.asarray(change)
            for moment, value in zip(self.rule.moments, moments, strict=True):
                after[moment][name] = np.asarray(value)
        return updates, {"count": count + 1, **after}


def apply_updates(params: Params, updates: Params) -> dict[str, Array]:
    """p + u for each parameter, of the parameter's type."""
    return {name: np.asarray(p + updates[name], dtype=p.dtype) for name, p in params.items()}


def _moment(state: State, moment: str, name: str) -> Array:
    arrays = state[moment]
    assert isinstance(arrays, dict)
    return arrays[name]


def sgd(learning_rate: float = 0.1) -> Optimizer:
    """p ← p − η g.

    Source: Robbins & Monro, "A Stochastic Approximation Method" (1951).
    """
    return Optimizer("sgd", {"learning_rate": learning_rate}, SGD)


def momentum(learning_rate: float = 0.1, momentum: float = 0.9) -> Optimizer:
    """m ← μ m + g;  p ← p − η m.

    Source: Polyak, "Some methods of speeding up the convergence of iteration methods" (1964), with η outside of the
    sum as in Sutskever, Martens, Dahl & Hinton, "On the importance of initialization and momentum in deep learning"
    (2013), for constant η.
    """
    return Optimizer("momentum", {"learning_rate": learning_rate, "momentum": momentum}, MOMENTUM)


def adam(learning_rate: float = 0.001, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8) -> Optimizer:
    """m ← β₁ m + (1−β₁) g;  v ← β₂ v + (1−β₂) g²;  p ← p − η m̂ / (√v̂ + ε),  m̂ = m/(1−β₁ᵗ),  v̂ = v/(1−β₂ᵗ).

    Source: Kingma & Ba, "Adam: A Method for Stochastic Optimization" (2015), algorithm 1, with its constants.
    """
    return Optimizer("adam", {"learning_rate": learning_rate, "b1": b1, "b2": b2, "eps": eps}, ADAM)


def adamw(
    learning_rate: float = 0.001, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8, weight_decay: float = 1e-4
) -> Optimizer:
    """Adam's step with decoupled decay: p ← p − η (m̂ / (√v̂ + ε) + λ p), where p is the parameter before the step.

    Source: Loshchilov & Hutter, "Decoupled Weight Decay Regularization" (2019), algorithm 2, with λ multiplied by η
    as in optax and torch; 1e-4 is optax's default.
    """
    settings = {"learning_rate": learning_rate, "b1": b1, "b2": b2, "eps": eps, "weight_decay": weight_decay}
    return Optimizer("adamw", settings, ADAMW)


OPTIMIZERS: Mapping[str, Callable[..., Optimizer]] = {"sgd": sgd, "momentum": momentum, "adam": adam, "adamw": adamw}


def optimizer(name: str, **settings: float | None) -> Optimizer:
    """The optimizer of that name; a setting that is None keeps its default.

    Raises:
        ModelError: an unknown name, a setting that this optimizer has not, or a value outside its range.
    """
    if name not in OPTIMIZERS:
        raise ModelError(
            f"There is no optimizer '{name}'.",
            f"  known: {listed(OPTIMIZERS)}",
            f"Write one of these names{nearest(name, OPTIMIZERS)}.",
        )
    make = OPTIMIZERS[name]
    given = {key: float(value) for key, value in settings.items() if value is not None}
    known = inspect.signature(make).parameters
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
    return make(**given)
