"""What the forward pass gives, which loss that stands for, and what the backward pass is given of it."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from wengert.errors import CheckError
from wengert.programs.arrays import is_differentiable, is_real, is_traced, numbers, size
from wengert.programs.events import Recorder
from wengert.programs.names import LOSS, plain, quantity, same

if TYPE_CHECKING:
    from wengert.programs.scenario import Point, Scenario

OUTPUT = re.compile(r"^_?(out|outputs?|results?|y|Y|a|A|activations?|predictions?|y_pred|y_hat|loss|probs?)$")


def outputs(scenario: Scenario, out: Any) -> dict[str, Any]:
    """The real results of forward that are not kept for backward."""
    names = scenario.returned(scenario.pair.forward, out)
    values = list(out) if isinstance(out, tuple) else [out]
    taken = scenario.parameters()
    known = set(scenario.arguments()) | set(names)
    strange = [a for a in taken[1:] if a not in known and quantity(a) is None and a not in scenario.points[0].backward]
    if len(values) > 1 and not scenario.pair.rule and ("cache" in taken or strange):
        values, names = values[:-1], names[:-1]
    return {
        n: v
        for n, v in zip(names, values, strict=False)
        if (is_real(v) or is_traced(v)) and "cache" not in n and n not in taken
    }


def weighted(scenario: Scenario, outs: dict[str, Any], point: Point) -> Any:
    """J = Σ ⟨weight, output⟩; the weights are the signals from outside."""
    if scenario.loss is not None:
        return scenario.loss(next(iter(outs.values())), point)
    total: Any = 0.0
    upstream = scenario.has_upstream()
    for name, value in outs.items():
        if name not in point.weights:
            rng = np.random.default_rng([point.seed, len(point.weights)])
            shape = tuple(np.shape(value))
            point.weights[name] = (
                rng.standard_normal(shape) if shape and upstream else np.ones(shape) if shape else np.float64(1.0)
            )
        weight = scenario.program.library.given(point.weights[name])
        total = total + ((value * weight).sum() if np.ndim(value) else value * weight)
    return total if is_differentiable(total) else float(total)


def backward_arguments(
    scenario: Scenario, p: int, arguments: dict[str, Any], out: Any, this: Any, recorder: Recorder
) -> dict[str, Any]:
    """The arguments of backward by name: signals from outside, and what it takes of the forward pass."""
    point, node = scenario.points[p], scenario.definition(scenario.pair.backward)
    taken = scenario.parameters()
    given_to = scenario.program.library.given
    if scenario.pair.rule == "vjp":
        weights = tuple(given_to(copy.deepcopy(w)) for w in point.weights.values())
        return {taken[0]: weights if isinstance(out, tuple) else weights[0]}
    names = scenario.returned(scenario.pair.forward, out)
    values = dict(zip(names, out if isinstance(out, tuple) else (out,), strict=False))
    free = list(point.weights)
    required = len(taken) - len(node.args.defaults)
    given: dict[str, Any] = {}
    for i, name in enumerate(taken):
        about = quantity(name)
        if i == 0 and scenario.takes:
            first = next(iter(arguments.values()))
            given[name] = copy.deepcopy(first if scenario.takes == "argument" else output(out, this))
        elif name in point.backward:
            given[name] = given_to(copy.deepcopy(point.backward[name]))
        elif name == "cache":
            given[name] = values.get(name, out[-1] if isinstance(out, tuple) else out)
        elif name in values and name not in free:
            given[name] = values[name]
        elif name not in arguments and free and (i == 0 or about is not None or scenario.pair.rule):
            hit = next((n for n in free if about and same(about[1], plain(n))), free[0])
            free.remove(hit)
            scalar = np.ndim(point.weights[hit]) == 0
            given[name] = 1 if scalar and i >= required else signal(scenario, point.weights[hit])
        elif name in arguments:
            given[name] = arguments[name]
        elif i < required:
            given[name] = local(scenario, name, out, recorder, last=i == len(taken) - 1 and i > 0)
    return given


def signal(scenario: Scenario, weight: Any) -> Any:
    """The signal that backward is given for an output; of a number it is a number, in the other libraries an array of no axes."""
    library = scenario.program.library
    return library.given(np.array(weight)) if library.name != "numpy" else copy.deepcopy(weight)


def output(out: Any, this: Any) -> Any:
    """What forward computes before it takes a loss of it: what it gives, or of a number the attribute of that name."""
    value = out[0] if isinstance(out, tuple) else out
    kept = [v for n, v in vars(this).items() if OUTPUT.match(n) and np.ndim(v)] if this is not None else []
    return kept[-1] if kept and not np.ndim(value) else value


def local(scenario: Scenario, name: str, out: Any, recorder: Recorder, last: bool) -> Any:
    """A value that backward takes and forward neither takes nor returns by this name.

    Raises CheckError where forward has none of this name.
    """
    seen = [e.value for e in recorder.events if e.forward and plain(e.name) == name]
    if seen:
        return scenario.program.library.given(np.array(seen[-1], copy=True))
    if isinstance(out, tuple) and last:
        return out[-1]
    raise CheckError(
        f"What '{name}' is, an argument of '{scenario.pair.backward}', is not to be seen in '{scenario.pair.forward}'.",
        f"  {scenario.pair.backward}({', '.join(scenario.parameters())})",
        f"Return '{name}' from '{scenario.pair.forward}', or keep it in the cache.",
    )


def loss_of(scenario: Scenario, out: Any, recorder: Recorder) -> Any:
    """The loss of a function that returns it beside its gradients: its first result, or what has such a name."""
    value: Any = out[0] if isinstance(out, tuple) else out
    if (is_real(value) or is_traced(value) or isinstance(value, int)) and size(value) == 1:
        return _number(value)
    return loss_seen(scenario, recorder)


def loss_seen(scenario: Scenario, recorder: Recorder) -> Any:
    """The value of the last event that is named a loss.

    Raises CheckError where there is none.
    """
    hits = [v for n, v in recorder.scalars.items() if LOSS.match(n)] if recorder.probes is not None else []
    if not hits:
        hits = [e.value for e in recorder.events if LOSS.match(e.name) and e.value.size == 1]
    if not hits:
        raise CheckError(
            f"No loss is found in {scenario.pair}.",
            "  no name like loss, cost or J has a number",
            "Give the loss a name:  loss = …",
        )
    return _number(hits[-1])


def _number(value: Any) -> Any:
    if is_differentiable(value):
        return value.sum() if np.ndim(value) else value
    return float(np.sum(numbers(value)))
