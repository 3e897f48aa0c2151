"""The ways in which a random graph grows by a node: every family of ops."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scripts.random_graphs import Generator, Rule
from scripts.random_loops import CONTROL
from wengert.core.ir.graph import Node, apply, constant, input_node
from wengert.core.ir.types import ArrayType

UNARY = (
    "negative",
    "sin",
    "cos",
    "tanh",
    "logistic",
    "softplus",
    "abs",
    "relu",
    "erf",
    "arctan",
    "expm1",
    "log1p",
    "sqrt",
    "exp",
)
BINARY = ("add", "subtract", "multiply", "maximum", "minimum", "hypot", "logaddexp", "arctan2")
COMPARISONS = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")

# entries


def unary(g: Generator) -> Node:
    """A function of one node, kept where it is defined and bounded."""
    name, x = g.pick(UNARY), g.any()
    if name in ("log1p", "sqrt"):
        x = apply("abs", x) + 0.25
    if name in ("exp", "expm1"):
        x = apply("tanh", x)
    return apply(name, x)


def binary(g: Generator) -> Node:
    """A function of two nodes of one shape."""
    x = g.any()
    return apply("tanh", apply(g.pick(BINARY), x, g.like(x)))


def choice(g: Generator) -> Node:
    """One of two, by a comparison or a truth that is there."""
    x = g.whole()
    test = [y for y in g.nodes if y.type == x.type.with_dtype("bool")]
    if not test or g.chance(0.5):
        y = g.any()
        x = g.like(y)
        test = [apply(g.pick(COMPARISONS[:4]), y, g.like(y))]
    return apply("where", g.pick(test), x, g.like(x))


def division(g: Generator) -> Node:
    """A quotient whose denominator is not near zero."""
    x = g.any()
    y = g.like(x)
    return x / (y * y + 0.5)


# whole numbers and truths


def compared(g: Generator) -> Node:
    """Truths: of whole numbers, or of real ones."""
    x = g.any(dtypes=("int64", g.dtype))
    names = COMPARISONS if x.type.dtype == "int64" else COMPARISONS[:4]
    return apply(g.pick(names), x, g.like(x))


def truths(g: Generator) -> Node:
    """And, or, not."""
    x = g.any(dtypes=("bool",))
    name = g.pick(("logical_and", "logical_or", "logical_not"))
    return apply(name, x) if name == "logical_not" else apply(name, x, g.like(x))


def counts(g: Generator) -> Node:
    """Arithmetic of whole numbers, which wraps."""
    x = g.any(dtypes=("int64",))
    name = g.pick(("add", "subtract", "multiply", "maximum", "minimum", "negative", "abs", "sign", "integer_power"))
    if name == "integer_power":
        return apply(name, x, exponent=g.pick((0, 1, 2, 3)))
    return apply(name, x) if name in ("negative", "abs", "sign") else apply(name, x, g.like(x))


def counted_up(g: Generator) -> Node:
    """A reduction of whole numbers."""
    x = g.any(1, ("int64",))
    axes = g.axes(x.type.rank, int(g.rng.integers(1, x.type.rank + 1)))
    name = g.pick(("sum", "max", "min"))
    return apply("sum" if 0 in x.shape else name, x, axes=axes)


def rounded(g: Generator) -> Node:
    """A whole number from a real one, a truth or a place."""
    x = g.any(dtypes=("bool", g.dtype))
    if x.type.dtype == g.dtype:
        x = apply(g.pick(("floor", "round")), x * 3.7)
    return apply("cast", x, dtype="int64")


def real(g: Generator) -> Node:
    """A real number from a whole one or a truth."""
    x = apply("cast", g.any(dtypes=("int64", "bool")), dtype=g.dtype)
    return apply("tanh", x * 0.1)


def narrowed(g: Generator) -> Node:
    """To the other precision and back."""
    other = "float32" if g.dtype == "float64" else "float64"
    x = apply("tanh", apply("cast", g.any(), dtype=other))
    return apply("cast", x, dtype=g.dtype)


def places(g: Generator) -> Node:
    """0, 1, 2, …"""
    return apply("position", size=g.pick(g.sizes), dtype=g.pick(("int64", g.dtype)))


# entries moved


def broadcast(g: Generator) -> Node:
    """Laid out over further axes."""
    x = g.whole()
    rank = x.type.rank + int(g.rng.integers(1, 3))
    axes = tuple(int(a) for a in g.rng.permutation(rank)[: x.type.rank])
    shape = [g.size() for _ in range(rank)]
    for axis, size in zip(axes, x.shape, strict=True):
        shape[axis] = size
    return apply("broadcast", x, shape=tuple(shape), axes=axes)


def transposed(g: Generator) -> Node:
    """The axes in another order."""
    x = g.whole(1)
    return apply("transpose", x, axes=tuple(int(a) for a in g.rng.permutation(x.type.rank)))


def reshaped(g: Generator) -> Node | None:
    """Flat, with one axis split, or with axes of 1."""
    x = g.whole(1)
    total = int(np.prod(x.shape, dtype=np.int64))
    if g.chance(0.2):
        shape = list(x.shape)
        shape.insert(int(g.rng.integers(len(shape) + 1)), 1)
        return apply("reshape", x, shape=tuple(shape))
    for size in (2, 3, 4, 7):
        if total and total % size == 0 and g.chance(0.7):
            shape = (size, total // size) if g.chance(0.5) else (total // size, size)
            return apply("reshape", x, shape=shape)
    return apply("reshape", x, shape=(total,))


def sliced(g: Generator) -> Node:
    """A part along every axis."""
    x = g.whole(1)
    starts = tuple(int(g.rng.integers(0, max(n, 1))) for n in x.shape)
    stops = tuple(
        n if g.chance(0.3) else int(g.rng.integers(min(a + 1, n), n + 1)) for a, n in zip(starts, x.shape, strict=True)
    )
    return apply("slice", x, start=starts, stop=stops, step=tuple(int(g.rng.integers(1, 4)) for _ in starts))


def padded(g: Generator) -> Node:
    """Zeros around, at times between."""
    x = g.whole(1)
    low, high = (tuple(int(g.rng.integers(0, 4)) for _ in x.shape) for _ in range(2))
    extra = {"step": tuple(int(g.rng.integers(1, 3)) for _ in x.shape)} if g.chance(0.3) else {}
    return apply("pad", x, low=low, high=high, **extra)


def flipped(g: Generator) -> Node:
    """In reverse order."""
    x = g.whole(1)
    return apply("flip", x, axes=g.axes(x.type.rank, int(g.rng.integers(1, x.type.rank + 1))))


def joined(g: Generator) -> Node:
    """Two or three in a row, of one shape but along the axis."""
    x = g.whole(1)
    axis = int(g.rng.integers(x.type.rank))
    rest = x.shape[:axis] + x.shape[axis + 1 :]
    fitting = [
        y
        for y in g.nodes
        if y.type.rank == x.type.rank and y.type.dtype == x.type.dtype and y.shape[:axis] + y.shape[axis + 1 :] == rest
    ]
    return apply("concatenate", x, *(g.pick(fitting) for _ in range(int(g.rng.integers(0, 3)))), axis=axis)


# reductions and products


def reduced(g: Generator) -> Node:
    """A sum, a mean of extremes, a log-sum-exp or a softmax over some axes."""
    x = g.any(1)
    axes = g.axes(x.type.rank, int(g.rng.integers(0 if g.chance(0.1) else 1, x.type.rank + 1)))
    count = int(np.prod([x.shape[a] for a in axes], dtype=np.int64))
    name = g.pick(("sum", "sum", "max", "min", "logsumexp", "softmax", "prod"))
    if not count and g.chance(0.9):
        name = "sum"
    if name == "prod":
        x = apply("tanh", x)
    y = apply(name, x, axes=axes)
    return y * (10.0 / max(100, count)) if name == "sum" else y


def other_factors(g: Generator) -> Node | None:
    """The product of all others along an axis."""
    x = apply("tanh", g.any(1))
    axis = int(g.rng.integers(x.type.rank))
    return apply("prod_others", x, axis=axis) if x.shape[axis] <= 40 else None


def product(g: Generator) -> Node | None:
    """A product of two in one of its forms: matrices, batches, vectors, outer."""
    a = g.any(1)
    labels = tuple(range(a.type.rank))
    summed = int(g.rng.integers(a.type.rank))
    free = tuple(10 + k for k in range(int(g.rng.integers(0, 3))))
    order = [summed, *free]
    if a.type.rank > 1 and g.chance(0.4):
        order.append(int(g.pick([l for l in labels if l != summed])))
    order = [order[k] for k in g.rng.permutation(len(order))]
    output = [l for l in dict.fromkeys((*labels, *order)) if l != summed or g.chance(0.1)]
    return _contracted(g, [a], [labels, tuple(order)], output)


def repeated_labels(g: Generator) -> Node | None:
    """Diagonals, traces, sums, up to three factors, all labels anywhere."""
    a = g.any(0)
    if g.chance(0.5):
        size = g.pick(SIZES_OF_SQUARES)
        a = g.leaf((size, size) if g.chance(0.7) else (size, 3, size))
    pool = list(range(4))
    labels: list[tuple[int, ...]] = []
    sizes: dict[int, int] = {}
    first: list[int] = []
    for size in a.shape:
        fitting = [l for l in pool if sizes.get(l, size) == size]
        first.append(g.pick(fitting) if fitting else 9 + len(first))
        sizes[first[-1]] = size
    labels.append(tuple(first))
    for _ in range(int(g.rng.integers(0, 3))):
        labels.append(tuple(g.pick(pool) for _ in range(int(g.rng.integers(0, 3)))))
    known = list(dict.fromkeys(l for ls in labels for l in ls))
    output = [l for l in known if g.chance(0.4)]
    return _contracted(g, [a], labels, output)


SIZES_OF_SQUARES = (1, 2, 3, 5, 8, 17)


def _contracted(g: Generator, factors: list[Node], labels: Sequence[tuple[int, ...]], output: list[int]) -> Node | None:
    sizes = {l: n for x, ls in zip(factors, labels, strict=False) for l, n in zip(ls, x.shape, strict=True)}
    for ls in labels[len(factors) :]:
        shape = tuple(sizes.setdefault(l, g.pick(g.sizes)) for l in ls)
        if np.prod(shape, dtype=np.int64) > g.most:
            return None
        there = [x for x in g.nodes if x.type == ArrayType(shape, g.dtype)]
        factors.append(g.pick(there) if there and g.chance(0.5) else g.leaf(shape))
    output = [output[k] for k in g.rng.permutation(len(output))]
    if np.prod([sizes[l] for l in output], dtype=np.int64) > g.most:
        output = output[:1]
    y = apply("einsum", *factors, inputs=tuple(labels), output=tuple(output))
    return apply("tanh", y)


# look-ups


def looked_up(g: Generator) -> Node | None:
    """Entries picked by indices: constant, given or computed."""
    x = g.whole(1)
    axis = int(g.rng.integers(x.type.rank))
    if not x.shape[axis]:
        return None
    batch = int(g.rng.integers(0, axis + 1)) if g.chance(0.3) else 0
    shape = (*x.shape[:batch], *(g.pick(g.sizes) for _ in range(int(g.rng.integers(0, 3)))))
    indices, name = _indices(g, shape, x.shape[axis])
    node = apply("gather", x, indices, axis=axis, batch=batch)
    if name:
        g.looked_up[name] = node
    return node


def scattered(g: Generator) -> Node | None:
    """Entries added at looked-up places."""
    x = g.any(1)
    axis = int(g.rng.integers(x.type.rank))
    batch = int(g.rng.integers(0, axis + 1)) if g.chance(0.3) else 0
    picked = int(g.rng.integers(0, min(2, x.type.rank - axis) + 1))
    size = g.pick(g.sizes)
    indices, name = _indices(g, (*x.shape[:batch], *x.shape[axis : axis + picked]), size)
    node = apply("scatter_add", x, indices, axis=axis, batch=batch, size=size)
    if name:
        g.looked_up[name] = node
    return apply("tanh", node)


def _indices(g: Generator, shape: tuple[int, ...], size: int) -> tuple[Node, str]:
    """Places in an axis, and the name of the input that they are."""
    type = ArrayType(shape, "int64")
    how = g.pick(("constant", "input", "computed", "same"))
    if how == "input" and not g.closed:
        name = f"k{len(g.inputs)}"
        g.inputs.append(input_node(name, type))
        return g.inputs[-1], name
    if how == "same":
        return constant(int(g.rng.integers(0, size)), type), ""
    known = [x for x in g.nodes if x.type == type]
    if how == "computed" and known:
        low = apply("maximum", g.pick(known), constant(0, type))
        return apply("minimum", low, constant(size - 1, type)), ""
    return constant(g.rng.integers(0, size, shape), type), ""


ENTRIES: tuple[Rule, ...] = (unary, unary, unary, binary, binary, choice, division, narrowed)
WHOLE: tuple[Rule, ...] = (compared, truths, counts, counts, counted_up, rounded, real, places)
MOVED: tuple[Rule, ...] = (broadcast, transposed, reshaped, reshaped, sliced, padded, flipped, joined)
COMBINED: tuple[Rule, ...] = (
    reduced,
    reduced,
    reduced,
    other_factors,
    product,
    product,
    repeated_labels,
    looked_up,
    scattered,
)
RULES: tuple[Rule, ...] = (*ENTRIES, *WHOLE, *MOVED, *COMBINED, *CONTROL)
LONG_RULES: tuple[Rule, ...] = (
    *ENTRIES,
    *MOVED,
    reduced,
    reduced,
    reduced,
    product,
    compared,
    counts,
    counted_up,
    rounded,
    real,
)
MATRIX_RULES: tuple[Rule, ...] = (
    *ENTRIES,
    broadcast,
    transposed,
    reshaped,
    sliced,
    flipped,
    reduced,
    *(product,) * 6,
    repeated_labels,
)
