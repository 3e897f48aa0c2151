"""Values that steer a trace: an array to be read at traced indices, a value taken as constant, a function written down."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import numpy as np

from wengert.core.ir.graph import Graph
from wengert.core.ops.complex_numbers import by_parts
from wengert.functions.namespaces import standing
from wengert.functions.tracing.operands import as_node
from wengert.functions.tracing.record import traced_program
from wengert.functions.tracing.standin import FUNCTIONS, StandIn
from wengert.functions.tracing.tape import Tape
from wengert.functions.tracing.tracer import Traced, current
from wengert.functions.tracing.tracer import traced as traced_value
from wengert.functions.tracing.trees import flatten, unflatten

P = ParamSpec("P")


def trace(f: Callable[P, Any]) -> Callable[P, Graph]:
    """The function that writes f down: its graph from the leaves of the arguments to those of the result.

    Raises TraceError where f does what a graph cannot hold.
    """

    @wraps(f)
    def traced(*args: P.args, **kwargs: P.kwargs) -> Graph:
        return traced_program(standing(f), args, kwargs).graph

    return traced


def asarray(x: Any) -> Any:
    """x as an array of the function that is being written down, so that it can be read at traced indices; else NumPy's."""
    around = current()
    if isinstance(x, StandIn):
        return x
    if around is None:
        return np.asarray(x)
    return around.entered(np.asarray(x)) if isinstance(around, Tape) else traced_value(as_node(x))


def stop_gradient(x: Any) -> Any:
    """x itself, whose derivative is taken to be 0; containers leaf by leaf."""
    leaves, spec = flatten(x)
    return unflatten(spec, [_stopped(leaf) for leaf in leaves])


def _stopped(leaf: Any) -> Any:
    return leaf.call(_stopped, (leaf,), {}) if isinstance(leaf, StandIn) else leaf


def _stopped_rule(leaf: Any) -> Traced:
    node = as_node(leaf)
    is_truth = node.type.dtype == "bool"
    return traced_value(node if is_truth else by_parts("stop_gradient", node), getattr(leaf, "weak", False))


FUNCTIONS[_stopped] = _stopped_rule
