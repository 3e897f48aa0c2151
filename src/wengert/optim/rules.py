"""Update rules of gradient descent and its kin, each written once, with operators only, so that it holds for numbers, arrays, traced values
and the nodes of a graph alike. It knows no model and no container.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Value: TypeAlias = Any
"""An array, or a node of a graph, of a parameter's shape and type."""
Scalar: TypeAlias = Any
"""A number, or a node without axes, in double precision."""


@dataclass(frozen=True)
class UpdateRule:
    """The update of one parameter, in operators that arrays and nodes have, and the settings that it has, with their defaults.

    `scalars(settings, t, power)` gives the numbers of update t (from 1); power(a, t) is aᵗ. `step(p, g, moments, scalars,
    sqrt)` gives what is added to p, and the moments after the update in the order of `moments`.
    """

    settings: Mapping[str, float]
    moments: tuple[str, ...]
    scalars: Callable[[Mapping[str, Scalar], Scalar, Callable[[Scalar, Scalar], Scalar]], dict[str, Scalar]]
    step: Callable[
        [Value, Value, tuple[Value, ...], Mapping[str, Value], Callable[[Value], Value]],
        tuple[Value, tuple[Value, ...]],
    ]


def _sgd_scalars(settings: Mapping[str, Scalar], t: Scalar, power: Any) -> dict[str, Scalar]:
    return {"rate": settings["learning_rate"]}


def _sgd_step(p: Value, g: Value, moments: tuple[Value, ...], s: Mapping[str, Value], sqrt: Any) -> Any:
    return -s["rate"] * g, ()


SGD = UpdateRule({"learning_rate": 0.1}, (), _sgd_scalars, _sgd_step)


def _momentum_scalars(settings: Mapping[str, Scalar], t: Scalar, power: Any) -> dict[str, Scalar]:
    return {"rate": settings["learning_rate"], "mu": settings["momentum"]}


def _momentum_step(p: Value, g: Value, moments: tuple[Value, ...], s: Mapping[str, Value], sqrt: Any) -> Any:
    m = s["mu"] * moments[0] + g
    return -s["rate"] * m, (m,)


MOMENTUM = UpdateRule({"learning_rate": 0.1, "momentum": 0.9}, ("m",), _momentum_scalars, _momentum_step)


def _adam_scalars(settings: Mapping[str, Scalar], t: Scalar, power: Any) -> dict[str, Scalar]:
    b1, b2 = settings["b1"], settings["b2"]
    of_t = {"first": 1 - power(b1, t), "second": 1 - power(b2, t)}
    decay = {"decay": settings["weight_decay"]} if "weight_decay" in settings else {}
    new = {"new1": 1 - b1, "new2": 1 - b2}
    return {"rate": settings["learning_rate"], "b1": b1, "b2": b2, "eps": settings["eps"], **new, **of_t, **decay}


def _adam_direction(g: Value, moments: tuple[Value, ...], s: Mapping[str, Value], sqrt: Any) -> Any:
    """m̂ / (√v̂ + ε), and m, v."""
    m = s["b1"] * moments[0] + s["new1"] * g
    v = s["b2"] * moments[1] + s["new2"] * g * g
    return (m / s["first"]) / (sqrt(v / s["second"]) + s["eps"]), (m, v)


def _adam_step(p: Value, g: Value, moments: tuple[Value, ...], s: Mapping[str, Value], sqrt: Any) -> Any:
    direction, after = _adam_direction(g, moments, s, sqrt)
    return -s["rate"] * direction, after


def _adamw_step(p: Value, g: Value, moments: tuple[Value, ...], s: Mapping[str, Value], sqrt: Any) -> Any:
    direction, after = _adam_direction(g, moments, s, sqrt)
    return -s["rate"] * (direction + s["decay"] * p), after


_ADAM = {"learning_rate": 0.001, "b1": 0.9, "b2": 0.999, "eps": 1e-8}
ADAM = UpdateRule(_ADAM, ("m", "v"), _adam_scalars, _adam_step)
ADAMW = UpdateRule({**_ADAM, "weight_decay": 1e-4}, ("m", "v"), _adam_scalars, _adamw_step)

RULES: Mapping[str, UpdateRule] = {"sgd": SGD, "momentum": MOMENTUM, "adam": ADAM, "adamw": ADAMW}


def stepped(
    rule: UpdateRule,
    parameters: Sequence[Value],
    gradients: Sequence[Value],
    moments: Sequence[Sequence[Value]],
    scalars: Callable[[Value], Mapping[str, Value]],
    sqrt: Callable[[Value], Value],
) -> tuple[list[Value], list[list[Value]]]:
    """The update of several parameters: what is added to each, and for each moment its values after; `scalars` gives the numbers for
    a gradient.
    """
    changes: list[Value] = []
    after: list[list[Value]] = [[] for _ in rule.moments]
    for k, (p, g) in enumerate(zip(parameters, gradients, strict=True)):
        change, new = rule.step(p, g, tuple(moment[k] for moment in moments), scalars(g), sqrt)
        changes.append(change)
        for values, value in zip(after, new, strict=True):
            values.append(value)
    return changes, after
