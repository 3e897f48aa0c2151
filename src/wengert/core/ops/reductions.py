"""Reductions: sum, extremes, product and log-sum-exp over axes, and softmax, which is the slope of the last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Unpack

from wengert.core.ir.graph import Node, apply, constant_like
from wengert.core.ir.notation import Notation, big, function, unwritten
from wengert.core.ir.op import Op, OpFacts, Params
from wengert.core.ir.types import ArrayType
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ops.kinds import ErrorCases, Value, check_dtype, general, structural
from wengert.core.ops.structural import check_axes, shifted

REDUCED: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
    ((4,), (0,)),
    ((3, 2), (0,)),
    ((3, 2), (1,)),
    ((3, 2), (0, 1)),
    ((2, 3, 2), (0, 2)),
    ((2, 0), (0,)),
    ((3, 2), ()),
    ((1,), (0,)),
]
EMPTY: list[tuple[tuple[int, ...], tuple[int, ...]]] = [((0,), (0,)), ((2, 0), (1,))]


def _samples(cases: list[tuple[tuple[int, ...], tuple[int, ...]]]) -> Callable[[Any], Any]:
    return lambda rng: [([rng.normal(size=shape)], {"axes": axes}) for shape, axes in cases for _ in range(4)]


def _infer(name: str, takes: str, keep: bool = False) -> Callable[[tuple[ArrayType, ...], Params], ArrayType]:
    def infer(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
        (x,), axes = types, params["axes"]
        check_axes(name, axes, x.rank)
        check_dtype(name, x, takes)
        return x if keep else x.with_shape(size for k, size in enumerate(x.shape) if k not in axes)

    return infer


ERRORS: ErrorCases = (
    ((ArrayType((3,)),), {"axes": (1,)}, "distinct axes"),
    ((ArrayType((3, 2)),), {"axes": (0, 0)}, "distinct axes"),
    ((ArrayType((3,), "bool"),), {"axes": (0,)}, "not bool"),
)


def _batch(node: Node, inputs: Sequence[Node], batched: Sequence[bool]) -> Node:
    return apply(node.op, inputs[0], axes=shifted(node.params["axes"]))


def spread(node: Node, like: Node, axes: Sequence[int]) -> Node:
    """A reduced value laid back over the axes it was reduced over."""
    kept = tuple(k for k in range(like.type.rank) if k not in axes)
    if len(kept) == like.type.rank:
        return node
    return apply("broadcast", node, shape=like.shape, axes=kept)


sum = structural(
    "sum",
    "Σ of the entries over `axes`, which the result has not.",
    infer=_infer("sum", "ring"),
    value=lambda xp, x, axes: xp.sum(x, axis=axes),
    adjoint=lambda node, cotangent: spread(cotangent, node.inputs[0], node.params["axes"]),
    batch=_batch,
    notation=big(r"\sum", "Σ"),
    samples=_samples(REDUCED + EMPTY),
    errors=ERRORS,
    law="sum rule",
)


def weighted(
    name: str,
    summary: str,
    *,
    value: Value,
    weights: Callable[[Node], Node],
    notation: Notation,
    cases: list[tuple[tuple[int, ...], tuple[int, ...]]],
    takes: str = "float",
    **facts: Unpack[OpFacts],
) -> Op:
    """A reduction by its weights w_i = ∂y/∂x_i: forward Σ ẋ_i w_i, backward ȳ w_i."""

    def jvp(node: Node, tangents: Sequence[Node | None]) -> Node | None:
        (t,) = tangents
        return None if t is None else apply("sum", t * weights(node), axes=node.params["axes"])

    def vjp(node: Node, cotangent: Node) -> tuple[Node | None, ...]:
        return (spread(cotangent, node.inputs[0], node.params["axes"]) * weights(node),)

    return general(
        name,
        summary,
        infer=_infer(name, takes),
        value=value,
        jvp=jvp,
        vjp=vjp,
        batch=_batch,
        notation=notation,
        samples=_samples(cases),
        errors=ERRORS,
        weights=weights,
        **facts,
    )


def _tie_shares(node: Node) -> Node:
    """1/(number of ties) at each entry that equals the extreme, else 0."""
    (x,), axes = node.inputs, node.params["axes"]
    hit = apply("cast", apply("equal", x, spread(node, x, axes)), dtype=x.type.dtype)
    return hit / spread(apply("sum", hit, axes=axes), x, axes)


max = weighted(
    "max",
    "The largest entry over `axes`; ties share the derivative equally.",
    value=lambda xp, x, axes: xp.max(x, axis=axes),
    weights=_tie_shares,
    notation=function(r"\max", "max"),
    cases=REDUCED,
    takes="number",
    smooth=False,
    growth="mask",
    continued=False,
    law="the largest entry",
)
min = weighted(
    "min",
    "The smallest entry over `axes`; ties share the derivative equally.",
    value=lambda xp, x, axes: xp.min(x, axis=axes),
    weights=_tie_shares,
    notation=function(r"\min", "min"),
    cases=REDUCED,
    takes="number",
    smooth=False,
    growth="mask",
    continued=False,
    law="the smallest entry",
)
logsumexp = weighted(
    "logsumexp",
    "log Σ eˣ over `axes`, without overflow; its derivative is softmax.",
    value=lambda xp, x, axes: _log_sum_exp(xp, x, axes),
    weights=lambda node: apply("softmax", node.inputs[0], axes=node.params["axes"]),
    notation=function(r"\operatorname{logsumexp}", "logsumexp"),
    cases=REDUCED,
    continued=False,
    logarithmic=True,
)


def _finite_max(xp: Vocabulary, x: Any, axes: tuple[int, ...]) -> Any:
    """The real maximum along the axes, kept as axes of 1; 0 where it is −∞."""
    high = xp.max(xp.real(x), axis=axes)
    high = xp.reshape(high, [1 if k in axes else n for k, n in enumerate(x.shape)])
    return xp.where(high == -xp.inf, xp.zeros_like(high), high)


def _exponentials(xp: Vocabulary, x: Any, axes: tuple[int, ...]) -> tuple[Any, Any]:
    """e^(x − max x) and max x; at +∞ entries 1, and 0 beside them."""
    high = _finite_max(xp, x, axes)
    at_top = xp.logical_and(high == xp.inf, xp.real(x) == xp.inf)
    return xp.exp(xp.where(at_top, xp.zeros_like(x), x - high)), high


def _log_sum_exp(xp: Vocabulary, x: Any, axes: tuple[int, ...]) -> Any:
    powers, high = _exponentials(xp, x, axes)
    return xp.log(xp.sum(powers, axis=axes)) + xp.sum(high, axis=axes)


def _softmax(xp: Vocabulary, x: Any, axes: tuple[int, ...]) -> Any:
    powers, _ = _exponentials(xp, x, axes)
    total = xp.sum(powers, axis=axes)
    total = xp.where(total == 0, xp.ones_like(total), total)
    return powers / xp.reshape(total, [1 if k in axes else n for k, n in enumerate(x.shape)])


def _softmax_rule(node: Node, signal: Node | None) -> Node | None:
    """y (s − Σ s y): the Jacobian diag(y) − y yᵀ is symmetric, so it serves both modes."""
    if signal is None:
        return None
    axes = node.params["axes"]
    return node * (signal - spread(apply("sum", signal * node, axes=axes), node, axes))


softmax = general(
    "softmax",
    "y_i = e^(x_i) / Σ e^(x_l) over `axes`, without overflow; 0 where every x is −∞.",
    infer=_infer("softmax", "float", keep=True),
    value=_softmax,
    jvp=lambda node, tangents: _softmax_rule(node, tangents[0]),
    vjp=lambda node, cotangent: (_softmax_rule(node, cotangent),),
    batch=_batch,
    notation=function(r"\operatorname{softmax}", "softmax"),
    samples=_samples(REDUCED),
    errors=ERRORS,
)


# prod: exact where entries are zero, at every order


def _one_axis_at_a_time(node: Node) -> list[Node]:
    """x and the products over the last axis, the one before it, … whose last equals the node."""
    chain = [node.inputs[0]]
    for axis in sorted(node.params["axes"], reverse=True):
        chain.append(apply("prod", chain[-1], axes=(axis,)))
    return chain


def _others(x: Node, axis: int) -> Node:
    return apply("prod_others", x, axis=axis)


def _vjp_prod(node: Node, cotangent: Node) -> tuple[Node | None, ...]:
    chain = _one_axis_at_a_time(node)
    for x, y in reversed(list(pairwise(chain))):
        (axis,) = y.params["axes"]
        cotangent = spread(cotangent, x, (axis,)) * _others(x, axis)
    return (cotangent,)


def _jvp_prod(node: Node, tangents: Sequence[Node | None]) -> Node | None:
    (t,) = tangents
    if t is None:
        return None
    for x, y in pairwise(_one_axis_at_a_time(node)):
        (axis,) = y.params["axes"]
        t = apply("sum", t * _others(x, axis), axes=(axis,))
    return t


prod = general(
    "prod",
    "Π of the entries over `axes`; its derivatives are right where entries are zero.",
    infer=_infer("prod", "ring"),
    value=lambda xp, x, axes: xp.prod(x, axis=axes),
    jvp=_jvp_prod,
    vjp=_vjp_prod,
    batch=_batch,
    notation=big(r"\prod", "Π"),
    samples=_samples(REDUCED + EMPTY),
    errors=ERRORS,
    growth="unbounded",
    law="product rule",
)


def _infer_others(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    check_axes("prod_others", (params["axis"],), types[0].rank)
    check_dtype("prod_others", types[0], "analytic")
    return types[0]


def _value_others(xp: Vocabulary, x: Any, axis: int) -> Any:
    """The product of what stands before times the product of what stands behind; no division."""
    x = xp.moveaxis(x, axis, 0)
    one = xp.ones_like(x[:1])
    before = xp.cumprod(xp.concatenate([one, x[:-1]]), axis=0)
    behind = xp.flip(xp.cumprod(xp.concatenate([one, xp.flip(x, 0)[:-1]]), axis=0), 0)
    return xp.moveaxis((before * behind)[: x.shape[0]], 0, axis)


def _pair_products(node: Node) -> tuple[Node, int]:
    """M with a new axis k behind axis i: M_ik = Π of the entries other than i and k, and M_ii = 0; and the place of axis i."""
    (x,), axis = node.inputs, node.params["axis"]
    size, rank = x.shape[axis], x.type.rank
    shape = (*x.shape[:axis], size, *x.shape[axis:])
    wide = apply("broadcast", x, shape=shape, axes=tuple(k if k < axis else k + 1 for k in range(rank)))
    place = apply("position", size=size, dtype="int64")
    same = apply(
        "equal",
        apply("broadcast", place, shape=shape, axes=(axis,)),
        apply("broadcast", place, shape=shape, axes=(axis + 1,)),
    )
    without_i = apply("where", same, constant_like(1, wide), wide)
    pairs = apply("prod_others", without_i, axis=axis + 1)
    return apply("where", same, constant_like(0, pairs), pairs), axis


def _others_rule(node: Node, signal: Node | None) -> Node | None:
    """Σ_k s_k M_ik; M is symmetric, so it serves both modes."""
    if signal is None:
        return None
    pairs, axis = _pair_products(node)
    rank = signal.type.rank
    wide = apply("broadcast", signal, shape=pairs.shape, axes=tuple(k if k < axis else k + 1 for k in range(rank)))
    return apply("sum", wide * pairs, axes=(axis + 1,))


prod_others = general(
    "prod_others",
    "y_i = Π_(k≠i) x_k along `axis`: the derivative of a product, right where entries are zero.",
    infer=_infer_others,
    value=_value_others,
    jvp=lambda node, tangents: _others_rule(node, tangents[0]),
    vjp=lambda node, cotangent: (_others_rule(node, cotangent),),
    batch=lambda node, inputs, batched: apply("prod_others", inputs[0], axis=node.params["axis"] + 1),
    notation=unwritten("prod_others"),
    samples=lambda rng: [
        ([rng.normal(size=shape)], {"axis": axis})
        for shape, axis in [((4,), 0), ((1,), 0), ((0,), 0), ((3, 2), 0), ((3, 2), 1), ((2, 0), 1), ((2, 3, 2), 1)]
        for _ in range(5)
    ],
    errors=(
        ((ArrayType((3,)),), {"axis": 1}, "distinct axes"),
        ((ArrayType((3,), "int64"),), {"axis": 0}, "not int64"),
    ),
    growth="unbounded",
)
