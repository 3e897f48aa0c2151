"""Look-ups: a sum over an indicator ⟦k = t⟧ reads one entry, so it is a gather; and its adjoint is a scatter-add.

    Σ_k x_k ⟦k = t_n⟧ = x_(t_n)          Σ_n g_n ⟦k = t_n⟧ = the g_n added up at the places t_n
    Σ_j a_ij ⟦j = l⟧  = a_il

Assumes 0 ≤ t < size: outside, the sum is 0, and the gather raises an error that names the index.
"""

from __future__ import annotations

from dataclasses import replace

from wengert.core.ir.graph import Graph, Node, apply
from wengert.core.ops.kinds import constant_value
from wengert.core.ops.piecewise import cast, equal, where
from wengert.core.ops.structural import broadcast, transpose
from wengert.core.passes.structure import EinsumProduct, Factor, Labels, over_products


def look_up(graph: Graph) -> Graph:
    """The graph whose sums over an indicator are gathers and scatter-adds."""
    return over_products(graph, _resolved)


def _resolved(node: Node, product: EinsumProduct) -> Node | None:
    if node.op is transpose:
        return None
    current = masks_opened(product)
    found = False
    while (step := _identity(current) or _gathered(current)) is not None:
        current, found = step, True
    scattered = _scattered(node, current)
    if scattered is not None:
        return scattered
    return current.build(node.type, node.source) if found else None


def masks_opened(product: EinsumProduct) -> EinsumProduct:
    """where(k = t, x, 0) as the factors x and ⟦k = t⟧."""
    factors: list[Factor] = []
    for x, labels in product.factors:
        if x.op is where and constant_value(x.inputs[2]) == 0 and _sides(x.inputs[0], labels):
            factors.append((x.inputs[1], labels))
            factors.append((apply("cast", x.inputs[0], dtype=x.type.dtype), labels))
        else:
            factors.append((x, labels))
    return replace(product, factors=factors)


# ---------------------------------------------------------------- indicators


def indicator(x: Node, labels: Labels) -> tuple[Factor, Factor] | None:
    """(places along one axis, indices) where a factor is ⟦k = t⟧."""
    return _sides(x.inputs[0], labels) if x.op is cast and x.inputs[0].type.dtype == "bool" else None


def _sides(condition: Node, labels: Labels) -> tuple[Factor, Factor] | None:
    if condition.op is not equal or condition.inputs[0].type.dtype != "int64":
        return None
    a, b = (_core(side, labels) for side in condition.inputs)
    for place, index in ((a, b), (b, a)):
        if place[0].op.leaf == "position" and place[1][0] not in index[1]:
            return place, index
    return None


def _core(x: Node, labels: Labels) -> Factor:
    """What a broadcast lays out, at its labels."""
    while x.op is broadcast:
        axes: Labels = x.params["axes"]
        labels = tuple(labels[axis] for axis in axes)
        x = x.inputs[0]
    return x, labels


# ---------------------------------------------------------------- the identity matrix


def _identity(product: EinsumProduct) -> EinsumProduct | None:
    """Σ_j a_ij ⟦j = l⟧ = a_il: one label stands for the other."""
    for k, (x, labels) in enumerate(product.factors):
        sides = indicator(x, labels)
        if sides is None or sides[1][0].op.leaf != "position":
            continue
        pair = (sides[0][1][0], sides[1][1][0])
        gone = next((q for q in pair if q not in product.output), None)
        kept = pair[0] if gone == pair[1] else pair[1]
        rest = product.factors[:k] + product.factors[k + 1 :]
        if (
            gone is None
            or product.sizes[gone] != product.sizes[kept]
            or not any(gone in ls or kept in ls for _, ls in rest)
        ):
            continue
        renamed = [(f, tuple(kept if q == gone else q for q in ls)) for f, ls in rest]
        sizes = {q: n for q, n in product.sizes.items() if q != gone}
        return replace(product, factors=renamed, sizes=sizes)
    return None


# ---------------------------------------------------------------- gather


def _gathered(product: EinsumProduct) -> EinsumProduct | None:
    """Σ_k x_k ⟦k = t⟧ … = x_t …: every factor along k is read at the indices."""
    for k, (x, labels) in enumerate(product.factors):
        sides = indicator(x, labels)
        if sides is None:
            continue
        (_, (label,)), (index, places) = sides
        rest = product.factors[:k] + product.factors[k + 1 :]
        along = [labels for _, labels in rest if label in labels]
        if label in product.output or not along or any(ls.count(label) > 1 for ls in along):
            continue
        picked = [pick(f, ls, label, index, places) if label in ls else (f, ls) for f, ls in rest]
        sizes = {q: n for q, n in product.sizes.items() if q != label}
        return replace(product, factors=picked, sizes=sizes)
    return None


def pick(x: Node, labels: Labels, label: int, index: Node, places: Labels) -> Factor:
    """x read at the indices along a label; the labels that both have run together."""
    common = tuple(q for q in places if q in labels)
    x, labels = ordered(x, labels, common + tuple(q for q in labels if q not in common))
    index, places = ordered(index, places, common + tuple(q for q in places if q not in common))
    axis = labels.index(label)
    y = apply("gather", x, index, axis=axis, batch=len(common))
    return y, labels[:axis] + places[len(common) :] + labels[axis + 1 :]


def ordered(x: Node, labels: Labels, order: Labels) -> Factor:
    """A factor with its axes in another order."""
    if labels == order:
        return x, order
    return apply("transpose", x, axes=tuple(labels.index(q) for q in order)), order


# ---------------------------------------------------------------- scatter


def _scattered(node: Node, product: EinsumProduct) -> Node | None:
    """Σ_n g_n ⟦k = t_n⟧: what has index t is added up at place t."""
    for i, (x, labels) in enumerate(product.factors):
        sides = indicator(x, labels)
        if sides is None:
            continue
        (_, (label,)), (index, places) = sides
        rest = product.factors[:i] + product.factors[i + 1 :]
        if (
            label not in product.output
            or not rest
            or any(label in ls for _, ls in rest)
            or not places
            or len(set(places)) != len(places)
            or any(q in product.output for q in places)
            or not set(places) <= {q for _, ls in rest for q in ls}
        ):
            continue
        others = tuple(q for q in product.output if q != label)
        sizes = {q: n for q, n in product.sizes.items() if q != label}
        inner = replace(product, factors=rest, output=places + others, sizes=sizes)
        shape = tuple(product.sizes[q] for q in inner.output)
        updates = inner.build(node.type.with_shape(shape), node.source)
        y = apply("scatter_add", updates, index, axis=0, batch=0, size=product.sizes[label], source=node.source)
        return ordered(y, (label, *others), product.output)[0]
    return None
