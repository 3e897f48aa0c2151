"""Functions with an order, f_v(x): differentiable by x alone, and what says so where a derivative by the order is asked for.

The derivatives of Bessel and incomplete gamma and beta functions by their orders have no closed form.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from wengert.core.ir.graph import Node, apply
from wengert.core.ir.notation import unwritten
from wengert.core.ir.op import Growth, Op, Params, register
from wengert.core.ir.types import ArrayType
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ops.kinds import (
    SHAPES,
    Domain,
    ErrorCases,
    add_all,
    batch_elementwise,
    check_dtype,
    general,
    local_partials,
    times,
)
from wengert.core.ops.scipy_functions import scipy
from wengert.errors import GraphError, TraceError


def without_partial(function: str, place: int, *inputs: Node) -> Node | None:
    """∂f/∂x_k as an expression that has no value, for an order that is a real number; whole numbers have no derivative."""
    if not inputs[place].type.is_float:
        return None
    order = tuple(int(k == place) for k in range(len(inputs)))
    like = inputs[-1].type.dtype
    return apply("opaque", *(_as(x, like) for x in inputs), function=function, order=order)


def _as(x: Node, dtype: str) -> Node:
    return x if x.type.dtype == dtype else apply("cast", x, dtype=dtype)


Partials = Callable[[Node, Node, Node], Sequence[Any]] | Callable[[Node, Node, Node, Node], Sequence[Any]]


def ordered(
    name: str,
    summary: str,
    *,
    partials: Partials,
    orders: Sequence[tuple[int, int]],
    domain: Domain,
    growth: Growth = "unbounded",
    function: Callable[..., Any] | None = None,
) -> Op:
    """SciPy's f(v, …, x) of that name entry by entry, the last input real and of the type of the result; `orders` are the ranges of the samples' orders.

    The orders v may be whole numbers or real ones. What SciPy does not have is given as `function`.
    """
    arity = len(orders) + 1

    def infer(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
        x = types[-1]
        check_dtype(name, x, "float")
        for v in types[:-1]:
            check_dtype(name, v, "number")
            if v.shape != x.shape:
                raise GraphError(
                    f"'{name}' takes inputs of one shape.",
                    f"  its inputs are {' and '.join(map(str, types))}",
                    "Broadcast the inputs first; primitives do not.",
                )
        return x

    def jvp(node: Node, tangents: Sequence[Node | None]) -> Node | None:
        pairs = zip(tangents, local_partials(node), strict=True)
        return add_all([None if t is None else times(t, p) for t, p in pairs])

    def vjp(node: Node, cotangent: Node) -> tuple[Node | None, ...]:
        return tuple(times(cotangent, p) for p in local_partials(node))

    def in_dtype_of_x(xp: Vocabulary, *inputs: Any) -> Any:
        *v, x = inputs
        same = [xp.cast(each, xp.real(x).dtype.name) for each in v]
        return scipy(name, *same, x) if function is None else function(*same, x)

    def samples(rng: Any) -> list[tuple[list[Any], dict[str, Any]]]:
        return [
            ([*(rng.integers(low, high, size=shape) for low, high in orders), domain(rng, shape)], {})
            for shape in SHAPES
            for _ in range(5)
        ]

    number, whole = ArrayType((3,)), ArrayType((2,), "int64")
    errors: ErrorCases = (
        ((whole,) * (arity - 1) + (number,), {}, "inputs of one shape"),
        ((ArrayType((), "int64"),) * arity, {}, "not int64"),
    )
    rules = (infer, in_dtype_of_x, jvp, vjp, batch_elementwise, unwritten(name), samples, errors)
    return register(
        Op(name, summary, "elementwise", arity, *rules, partials=partials, textbook=partials, growth=growth)
    )


def _refused(node: Node) -> Any:
    function, argument = node.params["function"], node.params["argument"]
    where = node.source if isinstance(node.source, str) else f"  {function}, by {argument}"
    raise TraceError(
        f"The derivative of '{function}' by {argument} has no closed form.",
        where,
        f"Take {argument} as a constant:  wg.stop_gradient({argument})",
    )


def _infer_order(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    check_dtype("order", types[0], "number")
    return types[0]


def _value_order(xp: Vocabulary, x: Any, function: str, argument: str) -> Any:
    return xp.multiply(x, 1)


order = general(
    "order",
    "x itself, as the argument of a function that has no derivative by it.",
    infer=_infer_order,
    value=_value_order,
    jvp=lambda node, tangents: None if tangents[0] is None else _refused(node),
    vjp=lambda node, cotangent: _refused(node),
    batch=batch_elementwise,
    notation=unwritten("order"),
    samples=lambda rng: [
        ([rng.integers(0, 5, size=shape)], {"function": "jv", "argument": "the order"})
        for shape in SHAPES
        for _ in range(5)
    ],
    errors=(((ArrayType((), "bool"),), {"function": "jv", "argument": "the order"}, "not bool"),),
)
