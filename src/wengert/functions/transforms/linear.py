"""The linear maps ẋ ↦ J ẋ and ȳ ↦ Jᵀ ȳ of a Python function of arrays at a point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from wengert.core.autodiff.forward import jvp as push
from wengert.core.autodiff.reverse import vjp as pull
from wengert.core.ir.graph import Node
from wengert.core.ops.loop import filled
from wengert.errors import TraceError
from wengert.functions.run.runs import Transform, result_of
from wengert.functions.run.seeds import of_real
from wengert.functions.tracing.source import user_line
from wengert.functions.tracing.trees import name_of, unflatten
from wengert.functions.transforms.primals import Primals, like


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

    Whole numbers beside real primals do not move: their tangents are None or 0.

    Raises TraceError where the primals or the tangents are no tuple, or the tangents not of the form of the primals.
    """
    _check_arguments(f, primals, "primals")
    _check_arguments(f, tangents, "tangents")
    point = Primals(f, primals)
    run = point.run
    found = run.run(Transform(both_pushed), point.tangents(tangents))
    n = len(run.types)
    return result_of(run, found[:n]), unflatten(run.spec, found[n:])


def linearize(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """(f(x), ẋ ↦ J ẋ): the result, and its derivative as a linear function of tangents like the arguments.

    What the derivative needs of the point is computed once and kept. The tangents of whole numbers are as in `jvp`.

    Raises TraceError where a tangent is not of the form of its argument.
    """
    point = Primals(f, primals)
    run = point.run
    values, rest = run.split(Transform(pushed), point.real_types)

    def pushforward(*tangents: Any) -> Any:
        return unflatten(run.spec, rest(point.tangents(tangents)))

    return result_of(run, values), pushforward


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """(f(x), ȳ ↦ Jᵀ ȳ): the result, and the function from a cotangent of it to the cotangents of the arguments.

    What the way back needs of the forward pass is kept, so the function may be called again and again. Whole numbers beside
    real arguments have the cotangent None; a result that is a whole number takes any or None.

    Raises TraceError where a cotangent is not of the form of the result.
    """
    point = Primals(f, primals)
    run = point.run
    values, rest = run.split(Transform(pulled, back=of_real), [type for type in run.types if type.is_float])

    def pullback(cotangents: Any) -> tuple[Any, ...]:
        given = like(cotangents, run.spec, run.types, "cotangents", "result")
        real = [value for type, value in zip(run.types, given, strict=True) if type.is_float]
        return point.cotangents(rest(real))

    return result_of(run, values), pullback


def _check_arguments(f: Callable[..., Any], given: Any, what: str) -> None:
    """Refuse an array in place of a tuple of arguments.

    Raises TraceError.
    """
    if not isinstance(given, tuple | list):
        raise TraceError(
            f"The {what} are {'' if what == 'primals' else 'those of '}the arguments of the function, in a tuple.",
            f"{user_line()}\n  they are of type {type(given).__name__}",
            f"Write:  wg.jvp({name_of(f)}, (x,), (v,))",
        )
