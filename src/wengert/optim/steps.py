"""Optimizers over containers: what each makes of gradients, and the state that it keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.errors import ModelError
from wengert.functions.tracing.foreign import all_taken
from wengert.functions.tracing.trees import flatten, unflatten
from wengert.optim.rules import ADAM, ADAMW, MOMENTUM, SGD, UpdateRule, stepped
from wengert.optim.schedules import Schedule

Tree = Any
"""A container of arrays; states are such too."""
Rate = float | Schedule


@dataclass(frozen=True)
class Optimizer:
    """init(params) -> state; update(gradients, state, params) -> (updates, state). Nothing given is changed."""

    init: Callable[[Tree], Tree]
    update: Callable[..., tuple[Tree, Tree]]


def _leaves(tree: Tree, like: Any = None) -> tuple[list[Any], Any]:
    """The arrays of a container, of one form with another.

    Raises ModelError.
    """
    leaves, spec = flatten(all_taken(tree))
    if like is not None and spec != like:
        raise ModelError(
            "Gradients and parameters are containers of other forms.",
            f"  gradients: {spec}; parameters: {like}",
            "Give the gradient by all parameters:  wg.grad(loss)(params, …)",
        )
    return leaves, spec


def _of_dtype(value: Any, array: Any) -> Any:
    """A number of double precision in that of a real array, so that float32 stays float32; a Python number as it is."""
    if type(value) in (int, float) or not np.issubdtype(array.dtype, np.inexact):
        return value  # in whole numbers a rate or factor would be 0
    return value.astype(array.dtype) if hasattr(value, "astype") else value


def _by_rule(rule: UpdateRule, rate: Rate, settings: Mapping[str, float]) -> Optimizer:
    def init(params: Tree) -> Tree:
        leaves, spec = _leaves(params)
        return {"count": np.int64(0), **{m: unflatten(spec, list(map(np.zeros_like, leaves))) for m in rule.moments}}

    def update(gradients: Tree, state: Tree, params: Tree = None) -> tuple[Tree, Tree]:
        leaves, spec = _leaves(gradients)
        values = leaves if params is None else _leaves(params, spec)[0]
        if params is None and "weight_decay" in settings:
            raise ModelError("Decay of weights needs the weights.", "  params=None", "Write:  update(g, state, params)")
        count = state["count"]
        now = rate(count) if callable(rate) else rate
        scalars = rule.scalars({"learning_rate": now, **settings}, count + 1, lambda a, t: a**t)
        before = [_leaves(state[moment], spec)[0] for moment in rule.moments]

        def own(g: Any) -> dict[str, Any]:
            return {name: _of_dtype(value, g) for name, value in scalars.items()}

        changes, after = stepped(rule, values, leaves, before, own, np.sqrt)
        held = {m: unflatten(spec, each) for m, each in zip(rule.moments, after, strict=True)}
        return unflatten(spec, changes), {"count": count + 1, **held}

    return Optimizer(init, update)


def sgd(learning_rate: Rate) -> Optimizer:
    """p ← p − η g.

    Source: Robbins & Monro, "A Stochastic Approximation Method" (1951).
    """
    return _by_rule(SGD, learning_rate, {})


def momentum(learning_rate: Rate, momentum: float = 0.9) -> Optimizer:
    """m ← μ m + g;  p ← p − η m.

    Source: Sutskever, Martens, Dahl & Hinton, "On the importance of initialization and momentum in deep learning" (2013).
    """
    return _by_rule(MOMENTUM, learning_rate, {"momentum": momentum})


def adam(learning_rate: Rate, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8) -> Optimizer:
    """m ← β₁ m + (1−β₁) g;  v ← β₂ v + (1−β₂) g²;  p ← p − η m̂ / (√v̂ + ε),  m̂ = m/(1−β₁ᵗ),  v̂ = v/(1−β₂ᵗ).

    Source: Kingma & Ba, "Adam: A Method for Stochastic Optimization" (2015), algorithm 1.
    """
    return _by_rule(ADAM, learning_rate, {"b1": b1, "b2": b2, "eps": eps})


def adamw(
    learning_rate: Rate, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8, weight_decay: float = 1e-4
) -> Optimizer:
    """Adam's step with decoupled decay: p ← p − η (m̂ / (√v̂ + ε) + λ p).

    Source: Loshchilov & Hutter, "Decoupled Weight Decay Regularization" (2019), with λ multiplied by η as in optax and torch.
    """
    return _by_rule(ADAMW, learning_rate, {"b1": b1, "b2": b2, "eps": eps, "weight_decay": weight_decay})


def _stateless(change: Callable[[list[Any]], list[Any]]) -> Optimizer:
    def update(gradients: Tree, state: Tree, params: Tree = None) -> tuple[Tree, Tree]:
        leaves, spec = _leaves(gradients)
        return unflatten(spec, change(leaves)), state

    return Optimizer(lambda params: (), update)


def clip(most: float) -> Optimizer:
    """Every entry between −most and most."""
    return _stateless(lambda leaves: [np.clip(g, -most, most) for g in leaves])


def clip_by_global_norm(most: float) -> Optimizer:
    """g · min(1, most / ‖g‖), with the norm over all arrays together.

    Source: R. Pascanu, T. Mikolov, Y. Bengio, On the difficulty of training recurrent neural networks, 2013.
    """

    def change(leaves: list[Any]) -> list[Any]:
        norm = np.sqrt(sum(np.sum(g * g) for g in leaves))
        factor = most / np.maximum(norm, most)
        return [g * _of_dtype(factor, g) for g in leaves]

    return _stateless(change)


def chain(*optimizers: Optimizer) -> Optimizer:
    """Each makes its updates of those before it; the state is a tuple of theirs."""

    def update(gradients: Tree, state: Tree, params: Tree = None) -> tuple[Tree, Tree]:
        after: list[Tree] = []
        for each, own in zip(optimizers, state, strict=True):
            gradients, new = each.update(gradients, own, params)
            after.append(new)
        return gradients, tuple(after)

    return Optimizer(lambda params: tuple(each.init(params) for each in optimizers), update)


def apply_updates(params: Tree, updates: Tree) -> Tree:
    """p + u for each array, in its own dtype and in the containers of the parameters."""
    changes, spec = _leaves(updates)
    leaves, form = _leaves(params, spec)
    return unflatten(
        form, [(p + u).astype(p.dtype) if hasattr(p, "dtype") else p + u for p, u in zip(leaves, changes, strict=True)]
    )
