"""Functions with derivatives of their own, as users declare them, and what a call of one is in a graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, overload

import numpy as np

from wengert.core.ir.graph import Graph, Node, apply, input_node
from wengert.core.ops.control import results
from wengert.errors import TraceError
from wengert.functions.tracing.operands import as_node
from wengert.functions.tracing.record import Leaf, leaf_of, record
from wengert.functions.tracing.source import user_line
from wengert.functions.tracing.standin import FUNCTIONS
from wengert.functions.tracing.tracer import closed, traced
from wengert.functions.tracing.trees import flatten
from wengert.functions.transforms.primitives import Primitive, Site, Types, invoke, trial_values, types_of
from wengert.functions.transforms.rules import PrimitiveCall


@overload
def primitive(function: Callable[..., Any], /) -> Primitive: ...
@overload
def primitive(*, like: Any = None, opaque: bool = True, check: bool = True) -> Callable[..., Primitive]: ...
def primitive(
    function: Callable[..., Any] | None = None, /, *, like: Any = None, opaque: bool = True, check: bool = True
) -> Any:
    """A function of arrays, whose derivatives are given by `defvjp` or `defjvp`: one is enough, the other follows from it.

    The function is called with NumPy arrays and may do anything; graphs hold it as a whole. With `opaque=False` it is traced
    and compiled like others, and only its derivatives are those that are given. Where a graph is made before the function
    has run, its result is found by a call on trial values, unless `like` says what it has the shape and dtype of: the place of
    an argument, or a function of the arguments. The first time a rule is used it is compared with differences of the
    function; `check=False` leaves that out.

    Rules are written with NumPy functions where further derivatives are wanted; others give the first derivative only.
    """
    if function is None:

        def given(f: Callable[..., Any]) -> Primitive:
            return Primitive(f, like, opaque, check)

        return given
    return Primitive(function, like, opaque, check)


def _call_rule(site: Site, *arrays: Any) -> Any:
    """The nodes of a call."""
    own = site.primitive
    nodes = [as_node(array) for array in arrays]
    types = types_of(arrays)
    if own.opaque:
        if (site, types) not in own.known:
            own.known[site, types] = _result_by_trial(site, types)
        spec, found = own.known[site, types]
        call = PrimitiveCall(site, types, found)
        items = results(apply("host_call", *nodes, function=call))
    else:
        spec, items = _transparent(site, nodes, types)
    values = tuple(traced(node) for node in items)
    return values[0] if spec.is_leaf() else values


def _transparent(site: Site, nodes: Sequence[Node], types: Types) -> tuple[Any, list[Node]]:
    """A call whose function is traced."""
    own = site.primitive
    inputs = [input_node(f"value {k}", type) for k, type in enumerate(types)]

    def call(values: Sequence[Any]) -> Any:
        args, kwargs = site.arguments(values)
        return own.function(*args, **kwargs)

    found = record(inputs, [Leaf(x.type) for x in inputs], lambda values: call(values))
    if found.captured:
        raise TraceError(
            f"'{own.name}' reads traced values from outside, by which its rules give no derivative.",
            user_line(),
            "Pass them as arguments.",
        )
    body = Graph(tuple(inputs), tuple(found.outputs))
    own.known[site, types] = found.spec, tuple(y.type for y in found.outputs)
    rule = PrimitiveCall(site, types, own.known[site, types][1])
    return found.spec, results(apply("call", *nodes, body=body, rule=rule))


def _result_by_trial(site: Site, types: Types) -> tuple[Any, Types]:
    """The container and the types of the result, as `like` says or a call on trial values shows.

    Raises TraceError where that fails.
    """
    own = site.primitive
    args, kwargs = site.arguments(trial_values(types))
    try:
        if own.like is None:
            with closed():
                result = own.function(*args, **kwargs)
        else:
            result = args[own.like] if isinstance(own.like, int) else own.like(*args, **kwargs)
    except Exception as error:
        raise TraceError(
            f"What '{own.name}' returns is not known before it has run, and a trial run failed: {type(error).__name__}.",
            user_line(),
            "Say what the result is like:  @wg.primitive(like=lambda x: x)",
        ) from error
    leaves, spec = flatten(result)
    return spec, tuple(leaf_of(np.asarray(leaf)[()] if not hasattr(leaf, "dtype") else leaf).type for leaf in leaves)


FUNCTIONS[invoke] = _call_rule
