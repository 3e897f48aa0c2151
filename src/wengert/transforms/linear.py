"""The linear maps ẋ ↦ J ẋ and ȳ ↦ Jᵀ ȳ of a Python function of arrays at a point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.autodiff.forward import jvp as push
from wengert.autodiff.reverse import vjp as pull
from wengert.engine.seeds import of_real
from wengert.engine.sight import Transform, seen
from wengert.errors import TraceError
from wengert.ir.graph import Node
from wengert.ir.types import ArrayType
from wengert.ops.loop import filled
from wengert.tracing.record import leaf_of
from wengert.tracing.source import user_line
from wengert.tracing.standin import StandIn
from wengert.tracing.trees import Spec, flatten, name_of, unflatten


def pushed(inputs: Sequence[Node], outputs: Sequence[Node], extra: Sequence[Node]) -> list[Node]:
    """J ẋ, the tangents ẋ as further inputs."""
    moved = push(outputs, inputs, extra, masked=True)
    return [filled(t, y.type) for t, y in zip(moved, outputs, strict=True)]


def both_pushed(inputs: Sequence[Node], outputs: Sequence[Node], extra: Sequence[Node]) -> list[Node]:
    """(y, J ẋ)."""
    return [*outputs, *pushed(inputs, outputs, extra)]


def pulled(inputs: Sequence[Node], outputs: Sequence[Node], extra: Sequence[Node]) -> list[Node]:
    """Jᵀ ȳ, the cotangents ȳ of the real outputs as further inputs."""
    given = iter(extra)
    cotangents = [next(given) if node.type.is_float else None for node in outputs]
    back = pull(outputs, inputs, cotangents, masked=True)
    return [filled(g, x.type) for g, x in zip(back, inputs, strict=True)]


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """(y, ẏ) = (f(x), J ẋ): the result and its derivative along the tangents, containers like the primals.

    Raises TraceError where the primals are no tuple, or the tangents not of their form.
    """
    _check_arguments(f, primals)
    sight = seen(f, tuple(primals), {}, range(len(primals)))
    moved = like(tuple(tangents), sight.arguments.spec, _types(sight.arguments), "tangents", "primals")
    found = sight.run(Transform(both_pushed), moved)
    n = len(sight.types)
    return unflatten(sight.spec, found[:n]), unflatten(sight.spec, found[n:])


def linearize(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """(f(x), ẋ ↦ J ẋ): the result, and its derivative as a linear function of tangents like the arguments.

    What the derivative needs of the point is computed once and kept.

    Raises TraceError where a tangent is not of the form of its argument.
    """
    sight = seen(f, primals, {}, range(len(primals)))
    types = _types(sight.arguments)
    values, rest = sight.split(Transform(pushed), types)

    def pushforward(*tangents: Any) -> Any:
        return unflatten(sight.spec, rest(like(tangents, sight.arguments.spec, types, "tangents", "primals")))

    return unflatten(sight.spec, values), pushforward


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """(f(x), ȳ ↦ Jᵀ ȳ): the result, and the function from a cotangent of it to the cotangents of the arguments.

    What the way back needs of the forward pass is kept, so the function may be called again and again.

    Raises TraceError where a cotangent is not of the form of the result.
    """
    sight = seen(f, primals, {}, range(len(primals)))
    values, rest = sight.split(Transform(pulled, back=of_real), [type for type in sight.types if type.is_float])

    def pullback(cotangents: Any) -> tuple[Any, ...]:
        given = like(cotangents, sight.spec, sight.types, "cotangents", "result")
        real = [value for type, value in zip(sight.types, given, strict=True) if type.is_float]
        return tuple(unflatten(sight.arguments.spec, rest(real)))

    return unflatten(sight.spec, values), pullback


def _types(arguments: Any) -> list[ArrayType]:
    return [leaf.type for leaf in arguments.real_leaves()]


def like(tree: Any, spec: Spec, types: Sequence[ArrayType], what: str, whose: str) -> list[Any]:
    """The leaves of a container that has the form of another, with arrays of the same shapes.

    Raises TraceError.
    """
    values, own = flatten(tree)
    shapes = [leaf_of(value).type.shape for value in values]
    if own != spec or shapes != [type.shape for type in types]:
        raise TraceError(
            f"The {what} do not have the form of the {whose}.",
            f"{user_line()}\n  the {whose}: {', '.join(map(str, types))}; the {what}: {', '.join(map(str, shapes))}",
            f"Give {what} in the same containers, with arrays of the same shapes.",
        )
    for value, type in zip(values, types, strict=True):
        if leaf_of(value).type.is_complex and not type.is_complex:
            raise TraceError(
                f"The {what} are complex where the {whose} are real.",
                f"{user_line()}\n  the {whose}: {', '.join(map(str, types))}",
                f"Give real {what}:  np.real(v)",
            )
    return [
        value if isinstance(value, StandIn) else np.asarray(value, dtype=type.dtype)
        for value, type in zip(values, types, strict=True)
    ]


def _check_arguments(f: Callable[..., Any], primals: Any) -> None:
    """Refuse an array in place of a tuple of arguments.

    Raises TraceError.
    """
    if not isinstance(primals, tuple | list):
        raise TraceError(
            "The primals are the arguments of the function, in a tuple.",
            f"{user_line()}\n  they are of type {type(primals).__name__}",
            f"Write:  wg.jvp({name_of(f)}, (x,), (v,))",
        )
