"""Shifted indices: a sum over ⟦p = a i + k⟧ reads along a line, so it is a window; where no index can go, a scatter-add.

Σ_p x_p ⟦p = a i + k⟧ = x_(a i + k), 0 outside        Σ_ik g_i w_k ⟦p = i + k⟧ = Σ_k g_(p − k) w_k
Σ_ik g_ik ⟦p = a i + k⟧ = the g_ik added up at the places a i + k, those outside left out
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from wengert.core.ir.graph import Graph, Node, apply, constant
from wengert.core.ir.types import ArrayType, Dim, Size
from wengert.core.ops.arithmetic import multiply
from wengert.core.ops.kinds import constant_value
from wengert.core.ops.structural import broadcast, transpose
from wengert.core.passes.lookup import indicator, masks_opened, ordered
from wengert.core.passes.structure import EinsumProduct, Factor, Labels, over_products

Affine = tuple[dict[int, int], int]
"""({label: coefficient}, offset)."""


def shift(graph: Graph) -> Graph:
    """The graph whose sums over ⟦p = index arithmetic⟧ are windows and scatter-adds."""
    return over_products(graph, _resolved)


def _resolved(node: Node, product: EinsumProduct) -> Node | None:
    return None if node.op is transpose else _built(masks_opened(product), node.type, node.source)


def _built(product: EinsumProduct, type: ArrayType, source: Any) -> Node | None:
    """The product with windows and scatter-adds for its indicators; None where it has none that can go."""
    found = False
    while (step := _one_window(product)) is not None:
        product, found = step, True
    added = _added(product, type, source)
    if added is not None:
        return added
    return product.build(type, source) if found else None


def affine(x: Node, labels: Labels) -> Affine | None:
    """An integer node as Σ c · position + offset; None where it is something else."""
    number = constant_value(x)
    if number is not None:
        return ({}, int(number)) if number == int(number) else None
    if x.op.leaf == "position":
        return {labels[0]: 1}, 0
    axes: Labels = x.params.get("axes", ())
    if x.op is broadcast:
        return affine(x.inputs[0], tuple(labels[axis] for axis in axes))
    if x.op is transpose:
        return affine(x.inputs[0], tuple(labels[axes.index(k)] for k in range(len(labels))))
    parts = [affine(part, labels) for part in x.inputs] if x.op.signs or x.op is multiply else []
    known = [part for part in parts if part is not None]
    if not parts or len(known) < len(parts):
        return None
    if x.op.signs:
        return _sum(list(zip(x.op.signs, known, strict=True)))
    scale = next((offset for coefficients, offset in known if not coefficients), None)
    other = next((part for part in known if part[0]), known[0])
    return None if scale is None else _sum([(scale, other)])


def _sum(parts: list[tuple[int, Affine]]) -> Affine:
    total: dict[int, int] = {}
    offset = 0
    for scale, (coefficients, start) in parts:
        offset += scale * start
        for label, c in coefficients.items():
            total[label] = total.get(label, 0) + scale * c
    return {q: c for q, c in total.items() if c}, offset


def _relation(x: Node, labels: Labels) -> tuple[int, Affine] | None:
    """(p, index) of a factor ⟦p = index⟧ whose index is arithmetic on other labels."""
    sides = indicator(x, labels)
    if sides is None:
        return None
    (_, (place,)), (index, at) = sides
    found = affine(index, at)
    return None if found is None or place in found[0] else (place, found)


# ---------------------------------------------------------------- windows


def _one_window(product: EinsumProduct) -> EinsumProduct | None:
    """The product with one indicator less, and what it went over read at an index."""
    for k, (x, labels) in enumerate(product.factors):
        relation = _relation(x, labels)
        if relation is None:
            continue
        rest = product.factors[:k] + product.factors[k + 1 :]
        goes = _goes(product, relation, rest)
        if goes is None:
            continue
        label, index = goes
        read = [_window(f, ls, label, index, product.sizes) if label in ls else (f, ls) for f, ls in rest]
        sizes = {q: n for q, n in product.sizes.items() if q != label}
        return replace(product, factors=read, sizes=sizes)
    return None


def _goes(product: EinsumProduct, relation: tuple[int, Affine], rest: list[Factor]) -> tuple[int, Affine] | None:
    """A summed label with what it is in the others; None where no array could be read there, or far too often."""
    place, (coefficients, offset) = relation
    carried = {q for _, labels in rest if len(set(labels)) == len(labels) for q in labels}
    carried -= {q for _, labels in rest if len(set(labels)) < len(labels) for q in labels}
    if place not in product.output:
        same = offset == 0 and len(coefficients) == 1 and 1 in coefficients.values()
        if place not in carried or (same and product.sizes[place] == product.sizes[next(iter(coefficients))]):
            return None
        return place, (coefficients, offset)
    units = [q for q, c in coefficients.items() if abs(c) == 1 and q in carried and q not in product.output]
    label = _longest(units, product.sizes, product.sizes[place])
    if label is None:
        return None
    others = {q: c for q, c in coefficients.items() if q != label}
    if any(abs(c) > 1 and q not in product.output for q, c in others.items()) and not _is_long(product.sizes[label]):
        return None
    sign = coefficients[label]
    return label, _sum([(sign, ({place: 1}, 0)), (-sign, (others, offset))])


def _longest(labels: list[int], sizes: dict[int, Size], array: Size) -> int | None:
    """The label over the longest axis: one that follows from the array's, or is as long, else the largest number."""

    def rank(label: int) -> tuple[bool, int]:
        size = sizes[label]
        return (_is_long(size) or size == array, size if isinstance(size, int) else 0)

    return max(labels, key=rank, default=None)


def _is_long(size: Size) -> bool:
    return isinstance(size, Dim) and bool(size.rule)


def _window(x: Node, labels: Labels, label: int, index: Affine, sizes: dict[int, Size]) -> Factor:
    """A factor read at an index along one label; the labels of the index come last, where the factor has them not yet."""
    coefficients, offset = index
    kept = tuple(q for q in labels if q != label)
    out = kept + tuple(q for q in coefficients if q not in kept)
    rows = tuple(
        tuple(coefficients.get(o, 0) for o in out) if q == label else tuple(int(o == q) for o in out) for q in labels
    )
    starts = tuple(offset if q == label else 0 for q in labels)
    return apply("window", x, shape=tuple(sizes[q] for q in out), steps=rows, offset=starts), out


# ---------------------------------------------------------------- scatter


def _added(product: EinsumProduct, type: ArrayType, source: Any) -> Node | None:
    """Σ_ik g_ik ⟦p = a i + k⟧: what belongs to p is added up there; places outside of the array are left out."""
    for k, (x, labels) in enumerate(product.factors):
        relation = _relation(x, labels)
        if relation is None or relation[0] not in product.output or not relation[1][0]:
            continue
        place, (coefficients, offset) = relation
        rest = product.factors[:k] + product.factors[k + 1 :]
        places = tuple(coefficients)
        if any(place in ls for _, ls in rest) or any(q in product.output for q in places):
            continue
        others = tuple(q for q in product.output if q != place)
        inner = replace(product, factors=list(rest), output=places + others)
        inner.sizes = {q: n for q, n in product.sizes.items() if q != place}
        shape = tuple(product.sizes[q] for q in inner.output)
        inside = _built(inner, type.with_shape(shape), source)
        updates = inner.build(type.with_shape(shape), source) if inside is None else inside
        index = _index(coefficients, offset, shape[: len(places)])
        y = _scatter(updates, index, product.sizes[place], source)
        return ordered(y, (place, *others), product.output)[0]
    return None


def _index(coefficients: dict[int, int], offset: int, shape: tuple[Size, ...]) -> Node:
    """The places as an integer for every value of their labels."""
    total = constant(offset, ArrayType(shape, "int64"))
    for axis, (size, step) in enumerate(zip(shape, coefficients.values(), strict=True)):
        along = apply("broadcast", apply("position", size=size, dtype="int64"), shape=shape, axes=(axis,))
        total = total + (along if step == 1 else along * step)
    return total


def _scatter(updates: Node, index: Node, size: Size, source: Any) -> Node:
    """A scatter-add along a new first axis, without the updates whose place lies outside."""
    zero = constant(0, index.type)
    last = apply("cast", apply("size_of", size=size, dtype="float64"), dtype="int64")
    last = apply("broadcast", last, shape=index.shape, axes=()) if index.shape else last
    inside = apply("logical_and", apply("greater_equal", index, zero), apply("less", index, last))
    wide = apply("broadcast", inside, shape=updates.shape, axes=tuple(range(index.type.rank)))
    kept = apply("where", wide if updates.shape != index.shape else inside, updates, constant(0, updates.type))
    held = apply("where", inside, index, zero)
    return apply("scatter_add", kept, held, axis=0, batch=0, size=size, source=source)
