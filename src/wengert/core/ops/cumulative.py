"""Running sums, products and extremes along an axis, and the linear recurrence that their derivatives are made of.

Every rule is a polynomial in the entries, so derivatives of any order are right where entries are zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply, constant, constant_like
from wengert.core.ir.notation import unwritten
from wengert.core.ir.op import Params
from wengert.core.ir.types import ArrayType
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ops.kinds import as_batched, batch_size, check_dtype, general, structural
from wengert.core.ops.structural import check_axes
from wengert.errors import GraphError

CASES: list[tuple[tuple[int, ...], int]] = [
    ((4,), 0),
    ((1,), 0),
    ((0,), 0),
    ((3, 2), 0),
    ((3, 2), 1),
    ((2, 0), 0),
    ((2, 3, 2), 1),
]


def _samples(rng: Any) -> list[tuple[list[Any], dict[str, Any]]]:
    return [([rng.normal(size=shape)], {"axis": axis}) for shape, axis in CASES for _ in range(5)]


def _infer(name: str, takes: str) -> Any:
    def infer(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
        check_axes(name, (params["axis"],), types[0].rank)
        check_dtype(name, types[0], takes)
        return types[0]

    return infer


def _errors(params: dict[str, Any]) -> Any:
    return (
        ((ArrayType((3,)),), {"axis": 1, **params}, "distinct axes"),
        ((ArrayType((3,), "bool"),), {"axis": 0, **params}, "not bool"),
    )


def _batch(node: Node, inputs: Sequence[Node], batched: Sequence[bool]) -> Node:
    size = batch_size(inputs, batched)
    full = [as_batched(x, has, size) for x, has in zip(inputs, batched, strict=True)]
    return apply(node.op, *full, **{**node.params, "axis": node.params["axis"] + 1})


# ---------------------------------------------------------------- places along an axis


def _flip(x: Node, axis: int) -> Node:
    return apply("flip", x, axes=(axis,))


def part(x: Node, axis: int, start: int, stop: int) -> Node:
    """x from a start to a stop along an axis."""
    rank = range(x.type.rank)
    low = tuple(start if k == axis else 0 for k in rank)
    high = tuple(stop if k == axis else n for k, n in enumerate(x.shape))
    return apply("slice", x, start=low, stop=high, step=(1,) * x.type.rank)


def _size(x: Node, axis: int) -> int:
    size = x.shape[axis]
    assert isinstance(size, int)
    return size


def _before(x: Node, axis: int, first: int) -> Node:
    """y_j = x_(j−1), and the number `first` at the beginning."""
    size = _size(x, axis)
    if size == 0:
        return x
    shape = (*x.shape[:axis], 1, *x.shape[axis + 1 :])
    return apply("concatenate", constant(first, x.type.with_shape(shape)), part(x, axis, 0, size - 1), axis=axis)


def _recurrence(a: Node, b: Node, axis: int) -> Node:
    return apply("recurrence", a, b, axis=axis)


def _backward(a: Node, b: Node, axis: int) -> Node:
    """g_j = b_j + a_(j+1) g_(j+1), the adjoint of the recurrence: the recurrence from the end."""
    return _flip(_recurrence(_before(_flip(a, axis), axis, 0), _flip(b, axis), axis), axis)


# ---------------------------------------------------------------- sums

cumsum = structural(
    "cumsum",
    "y_j = Σ_(i≤j) x_i along `axis`.",
    infer=_infer("cumsum", "ring"),
    value=lambda xp, x, axis: xp.cumsum(x, axis=axis),
    adjoint=lambda node, cotangent: _flip(
        apply("cumsum", _flip(cotangent, node.params["axis"]), axis=node.params["axis"]), node.params["axis"]
    ),
    batch=_batch,
    notation=unwritten("cumsum"),
    samples=_samples,
    errors=_errors({}),
)


# ---------------------------------------------------------------- the recurrence


def _infer_recurrence(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    a, b = types
    if a != b:
        raise GraphError(
            "'recurrence' takes two inputs of one type.",
            f"  its inputs are {a} and {b}",
            "Broadcast or cast the inputs first; primitives do neither.",
        )
    check_axes("recurrence", (params["axis"],), a.rank)
    check_dtype("recurrence", a, "analytic")
    return a


def _value_recurrence(xp: Vocabulary, a: Any, b: Any, axis: int) -> Any:
    factors, terms = np.moveaxis(a, axis, 0), np.moveaxis(b, axis, 0)
    out = np.empty(terms.shape, np.result_type(a, b))
    h: Any = 0
    for j in range(len(out)):
        h = out[j] = factors[j] * h + terms[j] if j else terms[j]
    return np.moveaxis(out, 0, axis)


def _jvp_recurrence(node: Node, tangents: Sequence[Node | None]) -> Node | None:
    """ḣ_j = a_j ḣ_(j−1) + (ȧ_j h_(j−1) + ḃ_j)."""
    (by_a, by_b), axis = tangents, node.params["axis"]
    moved = None if by_a is None else by_a * _before(node, axis, 0)
    term = by_b if moved is None else moved if by_b is None else moved + by_b
    return None if term is None else _recurrence(node.inputs[0], term, axis)


def _vjp_recurrence(node: Node, cotangent: Node) -> tuple[Node | None, ...]:
    axis = node.params["axis"]
    g = _backward(node.inputs[0], cotangent, axis)
    return g * _before(node, axis, 0), g


recurrence = general(
    "recurrence",
    "h_j = a_j h_(j−1) + b_j along `axis`, from h_0 = b_0.",
    infer=_infer_recurrence,
    value=_value_recurrence,
    jvp=_jvp_recurrence,
    vjp=_vjp_recurrence,
    batch=_batch,
    notation=unwritten("recurrence"),
    samples=lambda rng: [
        ([rng.normal(size=shape), rng.normal(size=shape)], {"axis": axis}) for shape, axis in CASES for _ in range(5)
    ],
    errors=(
        ((ArrayType((3,)), ArrayType((2,))), {"axis": 0}, "two inputs of one type"),
        ((ArrayType((3,)), ArrayType((3,))), {"axis": 1}, "distinct axes"),
    ),
    arity=2,
    growth="unbounded",
)


# ---------------------------------------------------------------- products


def _jvp_cumprod(node: Node, tangents: Sequence[Node | None]) -> Node | None:
    """ẏ_j = x_j ẏ_(j−1) + ẋ_j y_(j−1)."""
    (t,), (x,), axis = tangents, node.inputs, node.params["axis"]
    return None if t is None else _recurrence(x, t * _before(node, axis, 1), axis)


def _vjp_cumprod(node: Node, cotangent: Node) -> tuple[Node | None, ...]:
    (x,), axis = node.inputs, node.params["axis"]
    return (_backward(x, cotangent, axis) * _before(node, axis, 1),)


cumprod = general(
    "cumprod",
    "y_j = Π_(i≤j) x_i along `axis`; its derivatives are right where entries are zero.",
    infer=_infer("cumprod", "ring"),
    value=lambda xp, x, axis: xp.cumprod(x, axis=axis),
    jvp=_jvp_cumprod,
    vjp=_vjp_cumprod,
    batch=_batch,
    notation=unwritten("cumprod"),
    samples=_samples,
    errors=_errors({}),
    growth="unbounded",
)


# ---------------------------------------------------------------- extremes


def _shares(node: Node) -> tuple[Node, Node]:
    """The slopes of y_j = max(y_(j−1), x_j) by both: 1 and 0, ½ and ½ at a tie; 0 and 1 at the beginning."""
    (x,), axis, largest = node.inputs, node.params["axis"], node.params["largest"]
    size = _size(x, axis)
    past, new = part(node, axis, 0, size - 1), part(x, axis, 1, size)
    half, one, zero = (constant_like(n, past) for n in (Fraction(1, 2), 1, 0))
    tie = apply("where", apply("equal", past, new), half, zero)
    kept = apply("where", past > new if largest else past < new, one, tie)
    taken = apply("where", past < new if largest else past > new, one, tie)
    edge = x.type.with_shape((*x.shape[:axis], 1, *x.shape[axis + 1 :]))
    return (
        apply("concatenate", constant(0, edge), kept, axis=axis),
        apply("concatenate", constant(1, edge), taken, axis=axis),
    )


def _jvp_extreme(node: Node, tangents: Sequence[Node | None]) -> Node | None:
    (t,), axis = tangents, node.params["axis"]
    if t is None or not _size(node, axis):
        return t
    kept, taken = _shares(node)
    return _recurrence(kept, t * taken, axis)


def _vjp_extreme(node: Node, cotangent: Node) -> tuple[Node | None, ...]:
    axis = node.params["axis"]
    if not _size(node, axis):
        return (cotangent,)
    kept, taken = _shares(node)
    return (_backward(kept, cotangent, axis) * taken,)


def _value_extreme(xp: Vocabulary, x: Any, axis: int, largest: bool) -> Any:
    if not np.iscomplexobj(x):
        return (np.maximum if largest else np.minimum).accumulate(x, axis=axis)
    larger = xp.maximum if largest else xp.minimum
    out = np.moveaxis(x.copy(), axis, 0)
    for j in range(1, len(out)):
        out[j] = larger(out[j - 1], out[j])
    return np.moveaxis(out, 0, axis)


running_extreme = general(
    "running_extreme",
    "The largest or smallest of the entries so far along `axis`; at a tie with the one before, each has half of the derivative.",
    infer=_infer("running_extreme", "number"),
    value=_value_extreme,
    jvp=_jvp_extreme,
    vjp=_vjp_extreme,
    batch=_batch,
    notation=unwritten("running_extreme"),
    samples=lambda rng: [
        (arrays, {**params, "largest": largest}) for arrays, params in _samples(rng) for largest in (True, False)
    ],
    errors=_errors({"largest": True}),
    smooth=False,
    growth="mask",
)
