"""Gradients of Python functions of arrays, each a function again.

Called on arrays, a transform sees the function run, derives the graph and runs it; called inside of another function that is
being written down, it adds its nodes there. So transforms nest in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from wengert.core.autodiff.reverse import vjp as pull
from wengert.core.ir.graph import Node, constant
from wengert.core.ir.types import ArrayType
from wengert.core.ops.loop import filled
from wengert.errors import ShapeError
from wengert.functions.run.quick import Quick
from wengert.functions.run.runs import FunctionRun, Transform, result_of, seen
from wengert.functions.run.seeds import of_first, of_sum
from wengert.functions.tracing.source import user_line
from wengert.functions.tracing.trees import name_of, unflatten
from wengert.functions.transforms.analytic import analytic, check_plane, turned_slopes
from wengert.functions.transforms.beside import LossAndMore
from wengert.functions.transforms.chosen import Argnames, Argnums, choose, places_of

Array = Any
P = ParamSpec("P")
T = TypeVar("T")


def slopes(inputs: Sequence[Node], outputs: Sequence[Node], extra: Sequence[Node]) -> list[Node]:
    """(L, …, ∇L): the outputs, and the gradient of the first, which is one real number."""
    y = outputs[0]
    back = pull([y], inputs, [constant(1, y.type)], masked=True)
    return [*outputs, *(filled(g, x.type) for g, x in zip(back, inputs, strict=True))]


def summed_slopes(inputs: Sequence[Node], outputs: Sequence[Node], extra: Sequence[Node]) -> list[Node]:
    """Jᵀ 𝟏 of one real output: the gradient of the sum of its entries."""
    (y,) = outputs
    back = pull([y], inputs, [constant(1, y.type)], masked=True)
    return [filled(g, x.type) for g, x in zip(back, inputs, strict=True)]


SLOPES = Transform(slopes, back=of_first)


def value_and_grad(
    f: Callable[P, T], argnums: Argnums | None = None, argnames: Argnames = (), *, has_aux: bool = False
) -> Callable[P, tuple[T, Any]]:
    """(L, ∇L) of a function with one real result: its value, and its derivative by some of the arguments.

    `argnums` are places of arguments (the first by default), `argnames` names of arguments; for a sequence of them the
    derivatives are a tuple. A derivative has the container and the shapes of its argument. With `has_aux` the function
    returns (L, more), and the value is that pair. The function runs at every call, so its branches and loops are those of
    Python.

    Raises TraceError where f does with a traced value what a graph cannot hold, ShapeError where its result is not one real
    number.
    """
    argnums = places_of(argnums)
    quick = _quick(f, argnums, argnames, has_aux)

    @wraps(f)
    def both(*args: P.args, **kwargs: P.kwargs) -> tuple[Any, Any]:
        found = quick(args, kwargs)
        if found is not None:
            return found[0], found[1][0] if argnums is None or isinstance(argnums, int) else tuple(found[1])
        beside = LossAndMore(f) if has_aux else None
        chosen = choose(f if beside is None else beside.numbers, args, kwargs, argnums, argnames)
        run = seen(*chosen.call)
        check_number(f, run, has_aux)
        n = len(run.types)
        found = run.run(SLOPES)
        gradients = unflatten(run.arguments.spec, found[n:])
        value = result_of(run, found[:n])
        return value if beside is None else (value[0], beside.filled(value[1])), chosen.result(gradients)

    return both


def grad(
    f: Callable[P, Any], argnums: Argnums | None = None, argnames: Argnames = (), *, has_aux: bool = False
) -> Callable[P, Any]:
    """∇L of a function with one real result, by the arguments `argnums` and `argnames`, with their containers and shapes.

    With `has_aux` the function returns (L, more), and what is returned is (∇L, more).

    Raises TraceError and ShapeError as `value_and_grad` does.
    """
    argnums = places_of(argnums)
    both = value_and_grad(f, argnums, argnames, has_aux=has_aux)
    quick = _quick(f, argnums, argnames, has_aux)

    @wraps(f)
    def gradient(*args: P.args, **kwargs: P.kwargs) -> Any:
        found = quick(args, kwargs)
        if found is not None:
            return found[1][0] if argnums is None or isinstance(argnums, int) else tuple(found[1])
        value, slope = both(*args, **kwargs)
        return (slope, value[1]) if has_aux else slope

    return gradient


def _quick(f: Callable[..., Any], argnums: Argnums | None, argnames: Argnames, has_aux: bool) -> Quick:
    """The short way, for calls of plain arrays by place."""
    places = 0 if argnums is None else argnums
    chosen = (places,) if isinstance(places, int) else tuple(places)
    others = argnames or has_aux or len(set(chosen)) < len(chosen) or not all(isinstance(k, int) for k in chosen)  # pyright: ignore[reportUnnecessaryIsInstance]
    return Quick(f, () if others else chosen, SLOPES, lambda run: check_number(f, run, has_aux))


def elementwise_grad(f: Callable[P, Any], argnums: Argnums | None = None, argnames: Argnames = ()) -> Callable[P, Any]:
    """∂ (Σ_i y_i)/∂x: of a function that works entry by entry, its derivative at every entry.

    A complex result is that of complex arguments by an analytic function.

    Raises TraceError as `grad` does, ShapeError where the result is not one array of numbers, CheckError where a complex
    function is not analytic.
    """

    @wraps(f)
    def gradient(*args: P.args, **kwargs: P.kwargs) -> Any:
        chosen = choose(f, args, kwargs, argnums, argnames)
        run = seen(*chosen.call)
        if len(run.types) != 1 or not run.types[0].is_float:
            raise ShapeError(
                f"A derivative entry by entry needs one real array, and '{name_of(f)}' returns something else.",
                f"{user_line()}\n  it returns {listed(run.types)}",
                "Let it return one array of real numbers.",
            )
        if run.types[0].is_complex:
            check_plane(run)
            found = analytic(f, run.run(Transform(turned_slopes)))
        else:
            found = run.run(Transform(summed_slopes, back=of_sum))
        return chosen.result(unflatten(run.arguments.spec, found))

    return gradient


def listed(types: Sequence[ArrayType]) -> str:
    """Types, for messages."""
    return ", ".join(map(str, types)) or "nothing"


def check_number(f: Callable[..., Any], run: FunctionRun, has_aux: bool) -> None:
    """Refuse what has no gradient.

    Raises ShapeError.
    """
    types, spec = run.types, run.spec
    if has_aux and (spec.type is not tuple or spec.num_children != 2 or not spec.child(0).is_leaf()):
        raise ShapeError(
            f"With 'has_aux' a function returns a pair, and '{name_of(f)}' returns something else.",
            f"{user_line()}\n  it returns {listed(types)}",
            "Let it return the number to derive, and what else is wanted:  return loss, more",
        )
    if types and types[0].is_complex:
        raise ShapeError(
            f"A gradient is that of a real number, and '{name_of(f)}' returns complex ones.",
            f"{user_line()}\n  it returns {listed(types)}",
            "Take a real quantity, np.real(f(z)) or np.abs(f(z)), or the derivative of an analytic function:  holomorphic_grad(f)",
        )
    if (len(types) != 1 and not has_aux) or types[0].rank or not types[0].is_float:
        raise ShapeError(
            f"A gradient needs one real number, and '{name_of(f)}' returns something else.",
            f"{user_line()}\n  it returns {listed(types)}",
            one_number(types),
        )


def one_number(types: Sequence[ArrayType]) -> str:
    """What to do about a result that is not one real number."""
    if len(types) != 1:
        return "Return one number, and what else is wanted beside it, with 'has_aux':  return loss, more"
    if not types[0].is_float:
        return "Return a real number that depends on the argument; whole numbers and truth values have no derivative."
    return "Sum the result:  lambda x: np.sum(f(x))"
