"""What is made smaller before kernels are formed: composite ops become simple ones, products become pairs.

The values are those of the records, to rounding. It knows no loop nest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from math import prod
from typing import Any

from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.walk import order_of, rebuild
from wengert.core.ops.control import results
from wengert.core.ops.norms import SCALES
from wengert.core.ops.primes import instance
from wengert.core.ops.products import contraction_order
from wengert.core.ops.reductions import spread
from wengert.targets.native.loops.forms import numbers
from wengert.targets.native.loops.layout import ProductLayout, planned, row_major, steps_of
from wengert.targets.native.loops.routines import FACTORED, MATRICES

Labels = tuple[int, ...]


def expand(graph: Graph, rules: Mapping[str, Callable[[Node], Node]] | None = None) -> Graph:
    """The graph in the ops that kernels are made of: no softmax, log-sum-exp or many-factor product. By default by all rules."""
    if rules is None:
        names = {node.op.name for node in order_of(graph)}
        for found, first in ({"convolve"}, FIRST), (MATRICES, FACTORED):
            if names & found:
                graph = expand(graph, first)
        rules = EXPANSIONS
    if all(node.op.name not in rules for node in order_of(graph)):
        return graph
    known = {x: x for x in graph.inputs}
    expanded = False

    def smaller(node: Node, inputs: tuple[Node, ...]) -> Node:
        nonlocal expanded
        rule = rules.get(node.op.name)
        new = node if inputs == node.inputs else Node(node.op, inputs, node.params, node.type, node.source)
        if rule is None:
            return new
        result = rule(new)
        expanded = expanded or result is not new
        return result

    outputs = rebuild(graph.outputs, smaller, known)
    if expanded:
        outputs = rebuild(outputs, _sharing(), known)
    return Graph(graph.inputs, tuple(outputs), graph.names)


def _sharing() -> Callable[[Node, tuple[Node, ...]], Node]:
    """A rule that makes equal nodes one: log-sum-exp and softmax of one array have the same exponentials."""
    seen: dict[tuple[Any, ...], Node] = {}

    def share(node: Node, inputs: tuple[Node, ...]) -> Node:
        if any(not isinstance(value, Hashable) for value in node.params.values()):
            return node if inputs == node.inputs else Node(node.op, inputs, node.params, node.type, node.source)
        # The kind of a number is part of the key: 0.0 equals -0.0 and True equals 1.
        params = tuple((key, value, repr(value)) for key, value in sorted(node.params.items()))
        key = (node.op.name, node.type, params, *inputs)
        if key not in seen:
            seen[key] = node if inputs == node.inputs else Node(node.op, inputs, node.params, node.type, node.source)
        return seen[key]

    return share


# softmax and log-sum-exp


def _exponentials(node: Node) -> tuple[Node, Node]:
    """e^(x − max x), and the maximum, 0 where it is −∞; at +∞ entries 1, and 0 beside them: as the record says."""
    (x,), axes = node.inputs, node.params["axes"]
    if _is_below_zero(x, axes):  # whoever wrote the page has subtracted the maximum
        return apply("exp", x), constant(0, x.type.with_shape(n for k, n in enumerate(x.shape) if k not in axes))
    top = apply("max", x, axes=axes) if axes else x
    low = constant(float("-inf"), top.type)
    high = apply("where", apply("equal", top, low), constant(0, top.type), top)
    wide = spread(high, x, axes)
    infinite = constant(float("inf"), x.type)
    both = apply("logical_and", apply("equal", wide, infinite), apply("equal", x, infinite))
    return apply("exp", apply("where", both, constant(0, x.type), x - wide)), high


def _is_below_zero(x: Node, axes: tuple[int, ...]) -> bool:
    """Whether x is y − max y over the axes: its maximum is 0, or there is a NaN."""
    if x.op.name != "subtract" or not axes:
        return False
    y, spread_top = x.inputs
    while spread_top.op.name in ("broadcast", "reshape", "stop_gradient"):
        spread_top = spread_top.inputs[0]
    return (
        spread_top.op.name == "max"
        and spread_top.inputs[0] is y
        and set(spread_top.params["axes"]) == set(axes)
        and _lies_beside(x.inputs[1], y, axes)
    )


def _lies_beside(wide: Node, y: Node, axes: tuple[int, ...]) -> bool:
    """Whether an array is made of one over the axes that are left, each at its own place."""
    if wide.op.name != "broadcast":
        return False
    narrow, places = wide.inputs[0], wide.params["axes"]
    left = tuple(k for k in range(y.type.rank) if k not in axes)
    long = tuple(place for place, n in zip(places, narrow.shape, strict=True) if n != 1)
    return long == tuple(k for k in left if y.shape[k] != 1)


def _log_sum_exp(node: Node) -> Node:
    powers, high = _exponentials(node)
    return apply("log", _sum(powers, node.params["axes"])) + high


def _sum(x: Node, axes: tuple[int, ...]) -> Node:
    return apply("sum", x, axes=axes) if axes else x


def _softmax(node: Node) -> Node:
    powers, _ = _exponentials(node)
    axes = node.params["axes"]
    total = _sum(powers, axes)
    one = constant(1, total.type)
    total = apply("where", apply("equal", total, constant(0, total.type)), one, total)
    return apply("divide", powers, spread(total, powers, axes))


FEW = 256
"""Norms of so many entries are computed scaled too, to be chosen from; those of more only where one of them asks for it."""


def _norm(node: Node) -> Node:
    """√Σx², of squares scaled by a power of two, up or down, where their plain sum leaves the range."""
    (x,), axes = node.inputs, node.params["axes"]
    plain = _sum(x * x, axes)
    if math.prod(x.shape) <= FEW:
        return within_range(x, axes)
    outside = apply("cast", apply("logical_not", _is_inside(plain)), dtype="int64")
    count = _sum(outside, tuple(range(outside.type.rank)))
    entries, total = input_node("entries", x.type), input_node("total", plain.type)
    then = Graph((entries, total), (apply("sqrt", total),))
    other = Graph((entries, total), (_within_range(entries, total, axes),))
    none = apply("equal", count, constant(0, count.type))
    return results(apply("cond", none, x, plain, then=then, other=other))[0]


def _is_inside(total: Node) -> Node:
    """Whether a sum of squares has all its digits."""
    small, _ = SCALES[total.type.dtype]
    finite = apply("less", total, constant(math.inf, total.type))
    return apply("logical_and", apply("greater_equal", total, constant(small, total.type)), finite)


def within_range(x: Node, axes: tuple[int, ...]) -> Node:
    """√Σx² whatever the range, without a branch."""
    return _within_range(x, _sum(x * x, axes), axes)


def _within_range(x: Node, total: Node, axes: tuple[int, ...]) -> Node:
    """√ of a sum of squares, or of that of scaled entries."""
    _, up = SCALES[x.type.dtype]

    def squares(factor: float) -> Node:
        part = x * factor
        return _sum(part * part, axes)

    is_small = apply("less", total, constant(1, total.type))
    scale = apply("where", is_small, constant(1 / up, total.type), constant(up, total.type))
    scaled = apply("where", is_small, squares(up), squares(1 / up))
    inside = _is_inside(total)
    return apply("sqrt", apply("where", inside, total, scaled)) * apply("where", inside, constant(1, total.type), scale)


# products


def _einsum(node: Node) -> Node:
    """Pair by pair; what one factor alone has is summed first; a product that is no matrix product is one of entries."""
    labels: list[Labels] = list(node.params["inputs"])
    factors = [_without_ones(*_diagonal(x, ls)) for x, ls in zip(node.inputs, labels, strict=True)]
    sizes = dict(zip(node.params["output"], node.shape, strict=True))
    output: Labels = tuple(l for l in node.params["output"] if sizes[l] != 1)
    result = _contracted(factors, output)
    return result if result.shape == node.shape else apply("reshape", result, shape=node.shape)


def _without_ones(x: Node, labels: Labels) -> tuple[Node, Labels]:
    """A factor without its axes of 1."""
    kept = [k for k, size in enumerate(x.shape) if size != 1]
    if len(kept) == len(labels):
        return x, labels
    return apply("reshape", x, shape=tuple(x.shape[k] for k in kept)), tuple(labels[k] for k in kept)


def _contracted(factors: list[tuple[Node, Labels]], output: Labels) -> Node:
    if len(factors) > 2:
        shapes = tuple(tuple(int(n) for n in x.shape) for x, _ in factors)
        order = contraction_order(tuple(ls for _, ls in factors), output, shapes)
        for places in order[:-1]:
            picked = [factors.pop(k) for k in sorted(places, reverse=True)][::-1]
            later = set(output).union(*(ls for _, ls in factors))
            kept = tuple(dict.fromkeys(l for _, ls in picked for l in ls if l in later))
            factors.append((_product(picked, kept), kept))
    return _product(factors, output)


def _diagonal(x: Node, labels: Labels) -> tuple[Node, Labels]:
    """A factor whose labels are distinct: of a repeated one, the entries where its axes are equal, by a look-up."""
    while len(set(labels)) < len(labels):
        second = next(k for k, l in enumerate(labels) if l in labels[:k])
        first = labels.index(labels[second])
        order = (first, *(k for k in range(len(labels)) if k not in (first, second)), second)
        moved = apply("transpose", x, axes=order)
        place = apply("position", size=x.shape[first], dtype="int64")
        picked = apply("reshape", place, shape=(x.shape[first], 1))
        taken = apply("gather", _last_second(moved), picked, axis=1, batch=1)
        rest = tuple(n for k, n in enumerate(x.shape) if k not in (first, second))
        x = apply("reshape", taken, shape=(x.shape[first], *rest))
        labels = tuple(labels[k] for k in order[:-1])
    return x, labels


def _last_second(x: Node) -> Node:
    """The last axis in second place."""
    rank = x.type.rank
    return apply("transpose", x, axes=(0, rank - 1, *range(1, rank - 1)))


def _product(factors: Sequence[tuple[Node, Labels]], output: Labels) -> Node:
    """One or two factors with distinct labels."""
    if len(factors) == 1:
        return _single(*factors[0], output)
    (a, a_labels), (b, b_labels) = factors
    a, a_labels = _reduced(a, a_labels, {*b_labels, *output})
    b, b_labels = _reduced(b, b_labels, {*a_labels, *output})
    if is_matrix_product(a_labels, b_labels, output, sizes_of(((a, a_labels), (b, b_labels)))):
        return _matrix_product((a, a_labels), (b, b_labels), output)
    space = tuple(dict.fromkeys((*output, *a_labels, *b_labels)))
    sizes = sizes_of(((a, a_labels), (b, b_labels)))
    if not (set(a_labels) - set(output)):
        return _aligned(a, a_labels, output, sizes) * _aligned(b, b_labels, output, sizes)
    longer = a_labels if len(a_labels) >= len(b_labels) else b_labels
    if set(longer) == set(space):
        space = longer
    y = _aligned(a, a_labels, space, sizes) * _aligned(b, b_labels, space, sizes)
    kept = tuple(l for l in space if l in output)
    y = apply("sum", y, axes=tuple(k for k, l in enumerate(space) if l not in output))
    return _single(y, kept, output)


def _matrix_product(a: tuple[Node, Labels], b: tuple[Node, Labels], output: Labels) -> Node:
    """A product of two arrays, its operands and its result in the orders of axes that are worth a copy."""
    sizes = sizes_of((a, b))
    layout = ProductLayout(sizes, steps_of(*a), steps_of(*b), row_major(output, sizes))
    plan = planned(layout)
    (x, x_labels), (y, y_labels) = _turned(*a, plan.a), _turned(*b, plan.b)
    made = output if plan.out is None else plan.out
    result = apply("einsum", x, y, inputs=(x_labels, y_labels), output=made)
    return _turned(result, made, output)[0]


def _turned(x: Node, labels: Labels, order: Labels | None) -> tuple[Node, Labels]:
    """An array with its axes in an order."""
    if order is None or order == labels:
        return x, labels
    return apply("transpose", x, axes=tuple(labels.index(l) for l in order)), order


def sizes_of(factors: Sequence[tuple[Node, Labels]]) -> dict[int, int]:
    """The size of each label."""
    return {l: int(n) for x, labels in factors for l, n in zip(labels, x.shape, strict=True)}


def is_matrix_product(a: Labels, b: Labels, output: Labels, sizes: Mapping[int, int]) -> bool:
    """Whether rows, columns and a summed label are all there and longer than 1, the columns last in the output."""
    rows = [l for l in a if l not in b and sizes[l] > 1]
    columns = [l for l in b if l not in a and sizes[l] > 1]
    inner = [l for l in a if l in b and l not in output and sizes[l] > 1]
    return bool(rows and columns and inner) and 0 not in sizes.values()


def _single(x: Node, labels: Labels, output: Labels) -> Node:
    x, labels = _reduced(x, labels, set(output))
    return x if labels == output else apply("transpose", x, axes=tuple(labels.index(l) for l in output))


def _reduced(x: Node, labels: Labels, kept: set[int]) -> tuple[Node, Labels]:
    summed = tuple(k for k, l in enumerate(labels) if l not in kept)
    if not summed:
        return x, labels
    return apply("sum", x, axes=summed), tuple(l for l in labels if l in kept)


def _aligned(x: Node, labels: Labels, space: Labels, sizes: Mapping[int, int]) -> Node:
    if labels == space:
        return x
    axes = tuple(space.index(l) for l in labels)
    return apply("broadcast", x, shape=tuple(sizes[l] for l in space), axes=axes)


# products without one factor


FEW_FACTORS = 16
"""Up to so many factors, a product for each is faster than products that run along the axis."""


def _prod_others(node: Node) -> Node:
    """Π_(k≠i) x_k: of few factors a product over a square, with 1 on its diagonal; else that before i times that behind."""
    (x,), axis = node.inputs, node.params["axis"]
    size, rank = x.shape[axis], x.type.rank
    if size > FEW_FACTORS:
        order = (axis, *(k for k in range(rank) if k != axis))
        rows = x if axis == 0 else apply("transpose", x, axes=order)
        others = _running_product(rows, reverse=False) * _running_product(rows, reverse=True)
        return others if axis == 0 else apply("transpose", others, axes=tuple(order.index(k) for k in range(rank)))
    shape = (*x.shape[:axis], size, *x.shape[axis:])
    wide = apply("broadcast", x, shape=shape, axes=tuple(k if k < axis else k + 1 for k in range(rank)))
    place = apply("position", size=size, dtype="int64")
    rows = apply("broadcast", place, shape=shape, axes=(axis,))
    columns = apply("broadcast", place, shape=shape, axes=(axis + 1,))
    others = apply("where", apply("equal", rows, columns), constant(1, wide.type), wide)
    return apply("prod", others, axes=(axis + 1,))


def _running_product(x: Node, reverse: bool) -> Node:
    """The product of the rows before each row, or behind it."""
    row = x.type.with_shape(x.shape[1:])
    before, factor = input_node("before", row), input_node("factor", row)
    body = Graph((before, factor), (before * factor, before))
    params = {"carries": 1, "xs": 1, "length": x.shape[0], "first": None, "reverse": reverse}
    return results(apply("scan", constant(1, row), x, body=body, **params))[1]


def _reduction(node: Node) -> Node:
    """Axes of 1 are not reduced: they go."""
    (x,), axes = node.inputs, node.params["axes"]
    long = [k for k in axes if x.shape[k] != 1]
    if len(long) == len(axes):
        return node if axes else x
    kept = [k for k in range(x.type.rank) if k in long or k not in axes]
    x = apply("reshape", x, shape=tuple(x.shape[k] for k in kept))
    return apply(node.op, x, axes=tuple(kept.index(k) for k in long)) if long else x


# convolutions


def _convolve(node: Node) -> Node:
    """z_k = Σ_j y_j x_(k − j) over the last axes; of truths, whether one of the products is true."""
    if node.type.dtype == "bool":
        counted = apply("convolve", *(apply("cast", x, dtype="int64") for x in node.inputs), **node.params)
        return apply("not_equal", _convolve(counted), constant(0, counted.type))
    rank = node.type.rank
    return _einsum(_convolution(node, numbers(node.shape), (0,) * rank, (1,) * rank))


def _part_of_convolution(node: Node) -> Node:
    """A slice of a convolution: no other sums are computed."""
    full = node.inputs[0]
    if full.op.name != "convolve" or full.type.dtype == "bool":
        return node
    return _convolution(full, numbers(node.shape), node.params["start"], node.params["step"])


def _convolution(node: Node, shape: tuple[int, ...], start: tuple[int, ...], step: tuple[int, ...]) -> Node:
    """The sums at start + step · i, as windows of the longer factor, which are 0 outside, times the shorter one backward: both are
    read forward.
    """
    count, rank = node.params["count"], node.type.rank
    x, y = sorted(node.inputs, key=lambda each: -prod(numbers(each.shape[rank - count :])))
    batch, front = rank - count, tuple(range(rank - count))
    if 0 in (*x.shape, *y.shape):
        return apply(
            "einsum", constant(0, node.type.with_shape(shape)), inputs=(tuple(range(rank)),), output=tuple(range(rank))
        )
    kernel, back = numbers(y.shape[batch:]), tuple(range(batch, rank))
    rows = [
        tuple(step[a] * int(k == a) + int(a >= batch and k == a + count) for k in range(rank + count))
        for a in range(rank)
    ]
    offset = (*start[:batch], *(a + 1 - m for a, m in zip(start[batch:], kernel, strict=True)))
    windows = apply("window", x, shape=(*shape, *kernel), steps=tuple(rows), offset=offset)
    if any(a or c != 1 for a, c in zip(start[:batch], step[:batch], strict=True)) or shape[:batch] != numbers(
        y.shape[:batch]
    ):
        stop = tuple(
            max(a + c * (n - 1) + 1, a) for a, c, n in zip(start[:batch], step[:batch], shape[:batch], strict=True)
        )
        params = {
            "start": (*start[:batch], *(0,) * count),
            "stop": (*stop, *kernel),
            "step": (*step[:batch], *(1,) * count),
        }
        y = apply("slice", y, **params)
    labels = (tuple(range(rank + count)), (*front, *range(rank, rank + count)))
    return apply("einsum", windows, apply("flip", y, axes=back), inputs=labels, output=tuple(range(rank)))


FIRST: dict[str, Callable[[Node], Node]] = {"slice": _part_of_convolution}
"""What is looked at before anything is expanded."""
EXPANSIONS: dict[str, Callable[[Node], Node]] = {
    "logsumexp": _log_sum_exp,
    "softmax": _softmax,
    "einsum": _einsum,
    "prod_others": _prod_others,
    "norm": _norm,
    "sum": _reduction,
    "max": _reduction,
    "min": _reduction,
    "prod": _reduction,
    "convolve": _convolve,
    "prime": lambda node: instance(node.params["function"], node.params["order"], node.inputs[0]),
}
