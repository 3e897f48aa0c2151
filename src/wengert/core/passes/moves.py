"""Moves of entries in a row as one move: transposes, broadcasts, reshapes, casts, and sums over what was moved."""

from __future__ import annotations

import math

from wengert.core.ir.graph import Node, apply, input_node
from wengert.core.ir.types import ArrayType, Dim, Shape, Size
from wengert.core.ops import structural
from wengert.core.passes.patterns import Env, Pattern, broadcast, call, cast, computed, fill, reshape, sum, transpose
from wengert.core.passes.rewrite import Example, Maker, Procedure, Rewrite, Rule

Axes = tuple[int, ...]


def compose(outer: Axes, inner: Axes) -> Axes:
    """The axes of two maps in a row: (outer ∘ inner)(k) = outer[inner[k]]."""
    return tuple(outer[k] for k in inner)


def inverse(axes: Axes) -> Axes:
    """The permutation that takes another back."""
    return tuple(axes.index(k) for k in range(len(axes)))


def _identity(axes: Axes) -> bool:
    return tuple(axes) == tuple(range(len(axes)))


def _nothing_moves(env: Env) -> bool:
    return _identity(env["axes"])


def _nothing_added(env: Env) -> bool:
    return _identity(env["axes"]) and env["shape"] == env["x"].shape


def _only_permuted(env: Env) -> bool:
    return len(env["axes"]) == len(env["shape"])


def _places(axes: Axes, order: Axes) -> Axes:
    """Where axes stand after a transpose."""
    return tuple(order.index(axis) for axis in axes)


def _permuted(shape: Shape, order: Axes) -> Shape:
    return tuple(shape[axis] for axis in order)


def _laid(axes: Axes, order: Axes) -> Axes:
    """The axes on which those of x are laid when its transpose by `order` is laid on `axes`."""
    return tuple(axes[order.index(k)] for k in range(len(order)))


def _union(inner: Axes, outer: Axes, x: Node) -> Axes:
    """The axes of x that two sums in a row add up."""
    left = [k for k in range(x.type.rank) if k not in inner]
    return tuple(sorted((*inner, *(left[k] for k in outer))))


def _order_left(order: Axes, axes: Axes) -> Axes:
    """The order of the axes that a sum over `axes` leaves of a transpose by `order`."""
    left = [axis for k, axis in enumerate(order) if k not in axes]
    return tuple(sorted(left).index(axis) for axis in left)


def _sorted_sources(order: Axes, axes: Axes) -> Axes:
    return tuple(sorted(order[axis] for axis in axes))


def _lossless(env: Env) -> bool:
    """Whether the inner cast of two keeps every number."""
    have, inner = env["x"].type.dtype, env["d"]
    return have == "bool" or (have, inner) == ("float32", "float64")


def _same_dtype(env: Env) -> bool:
    return env["x"].type.dtype == env["d"]


def _same_shape(env: Env) -> bool:
    return env["x"].shape == env["s"]


def _opposite_flips(env: Env) -> bool:
    return set(env["a"]) == set(env["b"])


def flip(x: Pattern, axes: Pattern) -> Pattern:
    """The entries along axes in reverse order."""
    return call("flip", x, axes=axes)


_X3 = ArrayType((2, 3, 4))
_N = Dim("n")

LAYOUT: tuple[Rewrite, ...] = (
    Rule("transpose-nothing", lambda x, axes: transpose(x, axes), lambda x, axes: x, exact=True, when=_nothing_moves, examples=({"x": _X3, "axes": (0, 1, 2)},), complex=True),
    Rule("transpose-twice", lambda x, p, q: transpose(transpose(x, p), q), lambda x, p, q: transpose(x, computed(compose, p, q)), exact=True, examples=({"x": _X3, "p": (2, 0, 1), "q": (2, 0, 1)}, {"x": _X3, "p": (1, 0, 2), "q": (0, 2, 1)}), complex=True),
    Rule("broadcast-nothing", lambda x, shape, axes: broadcast(x, shape, axes), lambda x, shape, axes: x, exact=True, when=_nothing_added, examples=({"x": _X3, "shape": (2, 3, 4), "axes": (0, 1, 2)},), complex=True),
    Rule("broadcast-permutes", lambda x, shape, axes: broadcast(x, shape, axes), lambda x, shape, axes: transpose(x, computed(inverse, axes)), exact=True, when=_only_permuted, examples=({"x": _X3, "shape": (4, 2, 3), "axes": (1, 2, 0)},), complex=True),
    Rule("broadcast-twice", lambda x, s, a, t, b: broadcast(broadcast(x, s, a), t, b), lambda x, s, a, t, b: broadcast(x, t, computed(compose, b, a)), exact=True, examples=({"x": ArrayType((2,)), "s": (3, 2), "a": (1,), "t": (2, 4, 3), "b": (2, 0)},), complex=True),
    Rule("transpose-of-broadcast", lambda x, s, a, p: transpose(broadcast(x, s, a), p), lambda x, s, a, p: broadcast(x, computed(_permuted, s, p), computed(_places, a, p)), exact=True, examples=({"x": ArrayType((2, 3)), "s": (2, 4, 3), "a": (0, 2), "p": (2, 0, 1)},), complex=True),
    Rule("broadcast-of-transpose", lambda x, p, s, a: broadcast(transpose(x, p), s, a), lambda x, p, s, a: broadcast(x, s, computed(_laid, a, p)), exact=True, examples=({"x": _X3, "p": (2, 0, 1), "s": (5, 4, 2, 3), "a": (1, 2, 3)},), complex=True),
    Rule("reshape-nothing", lambda x, s: reshape(x, s), lambda x, s: x, exact=True, when=_same_shape, examples=({"x": _X3, "s": (2, 3, 4)},), complex=True),
    Rule("reshape-twice", lambda x, s, t: reshape(reshape(x, s), t), lambda x, s, t: reshape(x, t), exact=True, examples=({"x": _X3, "s": (6, 4), "t": (24,)},), complex=True),
    Rule("flip-twice", lambda x, a, b: flip(flip(x, a), b), lambda x, a, b: x, exact=True, when=_opposite_flips, examples=({"x": _X3, "a": (0, 2), "b": (2, 0)},), complex=True),
    Rule("cast-nothing", lambda x, d: cast(x, d), lambda x, d: x, exact=True, when=_same_dtype, examples=({"d": "float64"},), complex=True),
    Rule("cast-twice", lambda x, d, e: cast(cast(x, d), e), lambda x, d, e: cast(x, e), exact=True, when=_lossless, examples=({"x": ArrayType((_N,), "float32"), "d": "float64", "e": "float32"}, {"x": ArrayType((_N,), "bool"), "d": "float32", "e": "float64"}), complex=True),
)  # fmt: skip


# ---------------------------------------------------------------- sums of what was moved


def _product_of_one(node: Node, make: Maker) -> Node | None:
    """A product of one factor is its sum over the labels that go, its axes in the order of the output."""
    labels, output = node.params["inputs"][0], node.params["output"]
    if len(node.inputs) != 1 or len(set(labels)) != len(labels):
        return None
    gone = tuple(k for k, q in enumerate(labels) if q not in output)
    x = make("sum", node.inputs, {"axes": gone}) if gone else node.inputs[0]
    left = [q for q in labels if q in output]
    return make("transpose", (x,), {"axes": tuple(left.index(q) for q in output)})


def _products_of_one() -> list[Node]:
    x = input_node("x", _X3)
    return [
        apply("einsum", x, inputs=((0, 1, 2),), output=output) for output in ((), (2, 0), (1,), (2, 0, 1), (0, 1, 2))
    ]


def _sum_of_broadcast(node: Node, make: Maker) -> Node | None:
    """Σ over axes that x has not is their number of entries times x."""
    (wide,) = node.inputs
    if wide.op is not structural.broadcast:
        return None
    (x,), axes, summed = wide.inputs, wide.params["axes"], node.params["axes"]
    added = [axis for axis in summed if axis not in axes]
    number = count(node.type, [wide.shape[axis] for axis in added], make)
    if number is None:
        return None
    own = tuple(k for k, axis in enumerate(axes) if axis in summed)
    total = make("sum", (x,), {"axes": own}) if own else x
    left = [axis for axis in range(wide.type.rank) if axis not in summed]
    places = tuple(left.index(axis) for axis in axes if axis not in summed)
    y = make("broadcast", (total,), {"shape": node.shape, "axes": places})
    return make("multiply", (number, y), {}) if added else y


def count(type: ArrayType, sizes: list[Size], make: Maker) -> Node | None:
    """The product of sizes, filling a type; named sizes stay names, which needs a real dtype."""
    known = math.prod(size for size in sizes if isinstance(size, int))
    named = [size for size in sizes if isinstance(size, Dim)]
    if named and not type.is_float:
        return None
    scalar = type.with_shape(())
    number = make("constant", (), {"value": known, "type": scalar if named else type})
    if not named:
        return number
    for k, size in enumerate(named):
        one = make("size_of", (), {"size": size, "dtype": type.dtype})
        number = one if k == 0 and known == 1 else make("multiply", (number, one), {})
    return make("broadcast", (number,), {"shape": type.shape, "axes": ()}) if type.rank else number


def _broadcasts() -> list[Node]:
    x = input_node("x", ArrayType((3, 2)))
    wide = apply("broadcast", x, shape=(3, 4, 2), axes=(0, 2))
    turned = apply("broadcast", x, shape=(2, _N, 3), axes=(2, 0))
    return [apply("sum", wide, axes=axes) for axes in ((1,), (0, 1), (0,), (0, 1, 2))] + [
        apply("sum", turned, axes=(1, 0))
    ]


_SUMS: tuple[Example, ...] = ({"x": _X3, "axes": (1,), "c": 3}, {"x": _X3, "axes": (0, 2), "c": 0.1})

SUMS: tuple[Rewrite, ...] = (
    Rule("sum-over-nothing", lambda x, axes: sum(x, axes), lambda x, axes: x, exact=False, ulps=0, when=lambda env: not env["axes"], examples=({"x": _X3, "axes": ()},), complex=True),
    Rule("sum-twice", lambda x, a, b: sum(sum(x, a), b), lambda x, a, b: sum(x, computed(_union, a, b, x)), exact=False, ulps=16, units="inputs", examples=({"x": _X3, "a": (1,), "b": (1,)}, {"x": _X3, "a": (2, 0), "b": (0,)}), complex=True),
    Rule("sum-of-negative", lambda x, axes: sum(-x, axes), lambda x, axes: -sum(x, axes), exact=False, ulps=16, units="inputs", examples=_SUMS, complex=True),
    Rule("sum-of-multiple", lambda x, axes, c: sum(fill(c) * x, axes), lambda x, axes, c: fill(c) * sum(x, axes), exact=False, ulps=16, units="inputs", examples=_SUMS, complex=True),
    Rule("sum-of-fraction", lambda x, axes, c: sum(x / fill(c), axes), lambda x, axes, c: sum(x, axes) / fill(c), exact=False, ulps=16, units="inputs", examples=_SUMS, complex=True),
    Rule("sum-of-transpose", lambda x, p, axes: sum(transpose(x, p), axes), lambda x, p, axes: transpose(sum(x, computed(_sorted_sources, p, axes)), computed(_order_left, p, axes)), exact=False, ulps=16, units="inputs", examples=({"x": _X3, "p": (2, 0, 1), "axes": (1,)}, {"x": _X3, "p": (1, 2, 0), "axes": (0, 2)}), complex=True),
    Procedure("product-of-one", ["einsum"], _product_of_one, "Σ x over labels → sum(x)", exact=False, ulps=16, units="inputs", samples=_products_of_one, complex=True),
    Procedure("sum-of-broadcast", ["sum"], _sum_of_broadcast, "sum(broadcast(x), axes that x has not) → their number · x", exact=False, ulps=16, units="inputs", samples=_broadcasts, complex=True),
)  # fmt: skip

MOVES: tuple[Rewrite, ...] = (*LAYOUT, *SUMS)
"""In the order in which they are tried."""
