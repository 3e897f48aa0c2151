"""Values that steer a trace: an array to be read at traced indices, a value taken as constant, a function written down."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from wengert.ir.graph import Graph, apply, input_node
from wengert.tracing.operands import as_node
from wengert.tracing.record import splice, traced_program
from wengert.tracing.tracer import Traced, current
from wengert.tracing.tracer import traced as traced_value
from wengert.tracing.trees import flatten, unflatten


def trace(f: Callable[..., Any]) -> Callable[..., Graph]:
    """The function that writes f down: its graph from the leaves of the arguments to those of the result.

    Raises TraceError where f does what a graph cannot hold.
    """

    @wraps(f)
    def traced(*args: Any, **kwargs: Any) -> Graph:
        return traced_program(f, args, kwargs).graph

    return traced


def asarray(x: Any) -> Any:
    """x as an array of the function that is being written down, so that it can be read at traced indices; else NumPy's."""
    if isinstance(x, Traced) or current() is None:
        return x if isinstance(x, Traced) else np.asarray(x)
    return traced_value(as_node(x))


def stop_gradient(x: Any) -> Any:
    """x itself, whose derivative is taken to be 0; containers leaf by leaf."""
    leaves, spec = flatten(x)
    return unflatten(spec, [_stopped(leaf) for leaf in leaves])


def _stopped(leaf: Any) -> Any:
    if not isinstance(leaf, Traced):
        return leaf
    x = input_node("x", leaf.node.type)
    (stopped,) = splice([x], [apply("stop_gradient", x)], [leaf])
    stopped.weak = leaf.weak
    return stopped
