"""Derivatives of Python functions of arrays: gradient, Jacobian times vector and vector times Jacobian, each a function again.

Called on arrays, a transform sees the function run, derives the graph and runs it; called inside of another function that is
being written down, it adds its nodes there. So transforms nest in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from wengert.autodiff.forward import jvp as push
from wengert.autodiff.reverse import vjp as pull
from wengert.engine.arguments import Argnums
from wengert.engine.sight import VALUES, Transform, seen
from wengert.errors import ShapeError, TraceError
from wengert.ir.graph import Node, constant
from wengert.ir.types import ArrayType
from wengert.tracing.record import leaf_of
from wengert.tracing.tracer import Traced
from wengert.tracing.trees import flatten, name_of, unflatten

Array = Any


def _filled(values: Sequence[Node | None], like: Sequence[Node]) -> list[Node]:
    return [constant(0, x.type) if v is None else v for v, x in zip(values, like, strict=True)]


def slopes(inputs: Sequence[Node], outputs: Sequence[Node], extra: Sequence[Node]) -> list[Node]:
    """(L, ∇L) of one real output."""
    (y,) = outputs
    return [y, *_filled(pull([y], inputs, [constant(1, y.type)], weigh=True), inputs)]


def pushed(inputs: Sequence[Node], outputs: Sequence[Node], extra: Sequence[Node]) -> list[Node]:
    """(y, J ẋ), the tangents ẋ as further inputs."""
    return [*outputs, *_filled(push(outputs, inputs, extra, weigh=True), outputs)]


def pulled(inputs: Sequence[Node], outputs: Sequence[Node], extra: Sequence[Node]) -> list[Node]:
    """Jᵀ ȳ, the cotangents ȳ of the real outputs as further inputs."""
    given = iter(extra)
    cotangents = [next(given) if node.type.is_float else None for node in outputs]
    return _filled(pull(outputs, inputs, cotangents, weigh=True), inputs)


def value_and_grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., tuple[Array, Any]]:
    """(L, ∇L) of a function with one real result: its value, and its derivative by the arguments `argnums`.

    A derivative has the container and the shapes of its argument; those of several arguments are a tuple. The function runs
    at every call, so its branches and loops are those of Python.

    Raises TraceError where f does with a traced value what a graph cannot hold, ShapeError where its result is not one real
    number.
    """

    @wraps(f)
    def both(*args: Any, **kwargs: Any) -> tuple[Array, Any]:
        sight = seen(f, args, kwargs, argnums)
        _check_number(f, sight.types)
        value, *found = sight.run(Transform(slopes))
        gradients = unflatten(sight.arguments.spec, found)
        return unflatten(sight.spec, [value]), gradients[0] if isinstance(argnums, int) else gradients

    return both


def grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """∇L of a function with one real result, by the arguments `argnums`, with their containers and shapes.

    Raises TraceError and ShapeError as `value_and_grad` does.
    """
    both = value_and_grad(f, argnums)

    @wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return gradient


def _check_number(f: Callable[..., Any], types: Sequence[ArrayType]) -> None:
    if len(types) != 1 or types[0].rank or not types[0].is_float:
        raise ShapeError(
            f"A gradient needs one real number, and '{name_of(f)}' returns something else.",
            f"  it returns {', '.join(map(str, types)) or 'nothing'}",
            "Sum the result:  lambda x: np.sum(f(x))",
        )


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """(y, ẏ) = (f(x), J ẋ): the result and its derivative along the tangents, containers like the primals.

    Raises TraceError where the tangents are not of the form of the primals.
    """
    sight = seen(f, tuple(primals), {}, range(len(primals)))
    arguments = sight.arguments
    types = [leaf.type for leaf in arguments.real_leaves()]
    moved = _like(tuple(tangents), arguments.spec, types, "tangents", "primals")
    found = sight.run(Transform(pushed), moved)
    n = len(sight.types)
    return unflatten(sight.spec, found[:n]), unflatten(sight.spec, found[n:])


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """(f(x), ȳ ↦ Jᵀ ȳ): the result, and the function from a cotangent of it to the cotangents of the arguments.

    Raises TraceError where a cotangent is not of the form of the result.
    """
    sight = seen(f, primals, {}, range(len(primals)))

    def pullback(cotangents: Any) -> tuple[Any, ...]:
        given = _like(cotangents, sight.spec, sight.types, "cotangents", "result")
        real = [value for type, value in zip(sight.types, given, strict=True) if type.is_float]
        return tuple(unflatten(sight.arguments.spec, sight.run(Transform(pulled), real)))

    return unflatten(sight.spec, sight.run(VALUES)), pullback


def _like(tree: Any, spec: Any, types: Sequence[ArrayType], what: str, whose: str) -> list[Any]:
    """The leaves of a container that has the form of another, with arrays of the same shapes."""
    values, own = flatten(tree)
    shapes = [leaf_of(value).type.shape for value in values]
    if own != spec or shapes != [type.shape for type in types]:
        raise TraceError(
            f"The {what} do not have the form of the {whose}.",
            f"  the {whose}: {', '.join(map(str, types))}; the {what}: {', '.join(map(str, shapes))}",
            f"Give {what} in the same containers, with arrays of the same shapes.",
        )
    return [
        value if isinstance(value, Traced) else np.asarray(value, dtype=type.dtype)
        for value, type in zip(values, types, strict=True)
    ]
