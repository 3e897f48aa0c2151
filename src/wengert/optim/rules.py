"""Update rules of gradient descent and its kin, each written once, with operators only, so that it holds for numbers, arrays, traced values
and the nodes of a graph alike. It knows no model and no container.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Value: TypeAlias = Any
"""An array, or a node of a graph, of a parameter's shape and type."""
Scalar: TypeAlias = Any
"""A number, or a node without axes, in double precision."""


@dataclass(frozen=True)
class UpdateRule:
    """The update of one parameter, in operators that arrays and nodes have.

    `scalars(settings, t, power)` gives the numbers of update t (from 1); power(a, t) is aᵗ. `step(p, g, moments, scalars,
    sqrt)` gives what is added to p, and the moments after the update in the order of `moments`.
    """

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


SGD = UpdateRule((), _sgd_scalars, _sgd_step)


def _momentum_scalars(settings: Mapping[str, Scalar], t: Scalar, power: Any) -> dict[str, Scalar]:
    return {"rate": settings["learning_rate"], "mu": settings["momentum"]}


def _momentum_step(p: Value, g: Value, moments: tuple[Value, ...], s: Mapping[str, Value], sqrt: Any) -> Any:
    m = s["mu"] * moments[0] + g
    return -s["rate"] * m, (m,)


MOMENTUM = UpdateRule(("m",), _momentum_scalars, _momentum_step)


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


ADAM = UpdateRule(("m", "v"), _adam_scalars, _adam_step)
ADAMW = UpdateRule(("m", "v"), _adam_scalars, _adamw_step)
