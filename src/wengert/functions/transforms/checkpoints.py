"""Checkpoints: functions whose intermediate values are not kept for the way back, but computed again."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from wengert.core.autodiff.custom import CHECKPOINT
from wengert.core.ir.graph import Graph, apply, input_node
from wengert.core.ops.control import results
from wengert.functions.namespaces import standing
from wengert.functions.run.running import finish
from wengert.functions.tracing.narrow import restored
from wengert.functions.tracing.record import leaf_of, new_inputs, record
from wengert.functions.tracing.standin import StandIn
from wengert.functions.tracing.tracer import Traced, current
from wengert.functions.tracing.trees import argument_names, flatten, unflatten

P = ParamSpec("P")
T = TypeVar("T")


def checkpoint(f: Callable[P, T]) -> Callable[P, T]:
    """f itself, of which derivatives keep the arguments alone: what they need beside is computed again on the way back.

    It costs one more run of f and saves the memory of what f computes on its way. It works at every order, in loops, batches
    and compiled functions.

    Raises TraceError where f does with a traced value what a graph cannot hold.
    """

    @wraps(f)
    def again(*args: P.args, **kwargs: P.kwargs) -> Any:
        values, spec = flatten((args, kwargs))
        if not any(isinstance(value, StandIn) for value in values) and current() is None:
            return f(*args, **kwargs)
        moving = [k for k, value in enumerate(values) if isinstance(value, StandIn)]
        leaves = [leaf_of(values[k]) for k in moving]
        names = argument_names(f, args, kwargs)
        inputs = new_inputs([names[k] for k in moving], leaves)

        plain: Callable[..., Any] = standing(f)

        def call(given: list[Any]) -> Any:
            filled = list(values)
            for k, value in zip(moving, given, strict=True):
                filled[k] = value
            inner_args, inner_kwargs = unflatten(spec, filled)
            return plain(*inner_args, **inner_kwargs)

        recorded = record(inputs, leaves, call, [values[k] for k in moving])
        if not moving and not recorded.captured:
            return f(*args, **kwargs)
        held = [node for _, node in recorded.captured]
        body = Graph((*inputs, *held), tuple(recorded.outputs))
        outer = [input_node(f"given {k}", x.type) for k, x in enumerate(body.inputs)]
        node = apply("call", *outer, body=body, rule=CHECKPOINT)
        given = [*(values[k] for k in moving), *(value for value, _ in recorded.captured)]
        found = finish(outer, results(node), given)
        for value, weak in zip(found, recorded.weak, strict=True):
            if isinstance(value, Traced):
                value.weak = weak
        return unflatten(recorded.spec, [restored(x, width) for x, width in zip(found, recorded.widths, strict=True)])

    return again
