"""Structure: a sum of products is one einsum, and what is the same along an axis is computed once.

Σ over products of broadcasts and transposes is read as labelled factors; moves become labels, numbers come out of the sum,
products under one another become one product, whose order of contraction is chosen when its sizes are known. So an outer
product that is summed again is never laid out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from wengert.core.ir.graph import Graph, Node, Number, apply, constant, input_node
from wengert.core.ir.op import OPS, Op
from wengert.core.ir.types import ArrayType, Size
from wengert.core.ir.walk import map_graph, order_of, with_inputs
from wengert.core.ops.arithmetic import divide, integer_power, multiply, negative
from wengert.core.ops.kinds import constant_value
from wengert.core.ops.products import einsum
from wengert.core.ops.reductions import sum as total
from wengert.core.ops.structural import broadcast, transpose
from wengert.core.passes.patterns import moderate
from wengert.core.passes.rewrite import Maker, Procedure, Rewrite, rewrite

Labels = tuple[int, ...]
Factor = tuple[Node, Labels]
FACTORS = 8
"""The most factors of a product: finding an order for more takes longer than it saves."""


def contract(graph: Graph) -> Graph:
    """The graph whose sums of products are einsums over the factors themselves. To rounding: sums are in another order."""
    return over_products(
        graph, lambda node, product: product.build(node.type, node.source) if product.changed else None
    )


def narrow(graph: Graph) -> Graph:
    """The graph whose elementwise ops on broadcasts are broadcasts of ops on what was broadcast."""
    if all(node.op is not broadcast for node in order_of(graph)):
        return graph
    return rewrite(graph, NARROW).graph


def over_products(graph: Graph, rule: Callable[[Node, EinsumProduct], Node | None]) -> Graph:
    """The graph with rule(node, its product) in place of every sum of products, from the leaves up; None leaves the node."""
    order = order_of(graph)
    if all(node.op not in ROOTS for node in order):
        return graph
    reads = Counter(graph.outputs)
    for node in order:
        reads.update(node.inputs)
    count: dict[Node, int] = {}

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
        new = with_inputs(node, inputs)
        if new.op in ROOTS and new.type.is_float:
            product = EinsumProduct.read(new, count)
            better = rule(new, product) if product is not None else None
            new = new if better is None else better
        count[new] = count.get(new, 0) + reads.get(node, 1)
        return new

    return map_graph(graph, visit)


# ---------------------------------------------------------------- products

ROOTS = frozenset({total, einsum, transpose})


@dataclass
class EinsumProduct:
    """coef · Σ Π factors over the labels that are not in `output`; label q has size sizes[q]."""

    coef: Number
    factors: list[Factor]
    output: Labels
    sizes: dict[int, Size]
    uses: Mapping[Node, int] = field(default_factory=dict[Node, int])
    """How often a node is read: what others read too is not opened."""
    changed: bool = False

    @staticmethod
    def read(node: Node, uses: Mapping[Node, int]) -> EinsumProduct | None:
        """The product of a sum, an einsum or a transposed einsum, opened as far as it goes."""
        x = node.inputs[0]
        if node.op is total:
            labels = tuple(range(x.type.rank))
            axes: Labels = node.params["axes"]
            out = tuple(q for q in labels if q not in axes)
            product = EinsumProduct(1, [(x, labels)], out, dict(enumerate(x.shape)), uses)
        elif node.op is einsum:
            factors = list(zip(node.inputs, node.params["inputs"], strict=True))
            sizes = {q: n for f, labels in factors for q, n in zip(labels, f.shape, strict=True)}
            product = EinsumProduct(1, factors, node.params["output"], sizes, uses)
        elif x.op in (einsum, total) and uses.get(x, 1) == 1:
            inner = EinsumProduct.read(x, uses)
            if inner is None:
                return None
            order: Labels = node.params["axes"]
            inner.output = tuple(inner.output[axis] for axis in order)
            inner.changed = True
            return inner
        else:
            return None
        product.open()
        return product

    def open(self) -> None:
        """Open factors until none can be opened."""
        work, done = self.factors[::-1], list[Factor]()
        while work:
            node, labels = work.pop()
            inner = self.inside(node, labels, len(work) + len(done))
            if inner is None:
                done.append((node, labels))
            else:
                self.changed = True
                work.extend(reversed(inner))
        self.factors = done

    def inside(self, node: Node, labels: Labels, others: int) -> list[Factor] | None:
        """The factors that a factor beside `others` is the product of; None where it stays closed. Numbers go to `coef`."""
        number = constant_value(node)
        if number is not None and moderate(number):
            self.coef = times(self.coef, number)
            return []
        opener = _OPENERS.get(node.op)
        if opener is None or (node.op not in _FREE and self.uses.get(node, 1) > 1):
            return None
        if len(node.inputs) > 1 and others + len(node.inputs) > FACTORS:
            return None
        return opener(self, node, labels)

    def fresh(self, size: Size) -> int:
        """A new label."""
        label = max(self.sizes, default=-1) + 1
        self.sizes[label] = size
        return label

    # building

    def build(self, type: ArrayType, source: Any = None) -> Node:
        """The product as ops of a type: a chain of products, a sum, or one einsum; then its number."""
        self.count_lost_labels(type.dtype)
        used = {q for _, labels in self.factors for q in labels}
        inner = tuple(q for q in self.output if q in used)
        y = self.combined(inner, type, source)
        if y.type != type:
            axes = tuple(k for k, q in enumerate(self.output) if q in used)
            y = apply("broadcast", y, shape=type.shape, axes=axes, source=source)
        return scaled(y, self.coef)

    def count_lost_labels(self, dtype: str) -> None:
        """Σ over a label that no factor has is its size."""
        used = {q for _, labels in self.factors for q in labels}
        for label in sorted(self.sizes):
            if label in used or label in self.output or label not in self.summed:
                continue
            size = self.sizes[label]
            if isinstance(size, int):
                self.coef = times(self.coef, size)
            else:
                self.factors.append((apply("size_of", size=size, dtype=dtype), ()))

    @property
    def summed(self) -> set[int]:
        """The labels that are summed over."""
        return set(self.sizes) - set(self.output)

    def combined(self, inner: Labels, type: ArrayType, source: Any) -> Node:
        """Σ Π of the factors at the labels `inner`."""
        scalars = [x for x, labels in self.factors if not labels]
        arrays = [(x, labels) for x, labels in self.factors if labels]
        if len(arrays) == 1 and len(set(arrays[0][1])) == len(arrays[0][1]):
            y = self.single(*arrays[0], inner)
        elif arrays and all(labels == inner for _, labels in arrays):
            y = chain([x for x, _ in arrays])
        elif arrays:
            inputs = tuple(labels for _, labels in self.factors)
            return apply("einsum", *(x for x, _ in self.factors), inputs=inputs, output=inner, source=source)
        else:
            return chain(scalars) if scalars else constant(1, type.with_shape(()))
        if not scalars:
            return y
        scale = chain(scalars)
        return y * (apply("broadcast", scale, shape=y.shape, axes=()) if y.type.rank else scale)

    @staticmethod
    def single(x: Node, labels: Labels, inner: Labels) -> Node:
        """One factor: summed over what goes, its axes in the order of the output."""
        gone = tuple(k for k, q in enumerate(labels) if q not in inner)
        if gone:
            x = apply("sum", x, axes=gone)
            labels = tuple(q for q in labels if q in inner)
        return x if labels == inner else apply("transpose", x, axes=tuple(labels.index(q) for q in inner))


def chain(nodes: list[Node]) -> Node:
    """The product of nodes of one type, entry by entry."""
    y = nodes[0]
    for x in nodes[1:]:
        y = y * x
    return y


def times(a: Number, b: Number) -> Number:
    """The product of two numbers; fractions stay exact."""
    if isinstance(a, float) or isinstance(b, float):
        return float(a) * float(b)
    product = Fraction(a) * Fraction(b)
    return product.numerator if product.denominator == 1 else product


def scaled(node: Node, coef: Number) -> Node:
    """coef · node, a sign in front."""
    if coef in (1, -1):
        return node if coef == 1 else -node
    return node * coef


# ---------------------------------------------------------------- what opens

Opener = Callable[[EinsumProduct, Node, Labels], "list[Factor] | None"]


def _open_broadcast(product: EinsumProduct, node: Node, labels: Labels) -> list[Factor]:
    axes: Labels = node.params["axes"]
    return [(node.inputs[0], tuple(labels[axis] for axis in axes))]


def _open_transpose(product: EinsumProduct, node: Node, labels: Labels) -> list[Factor]:
    axes: Labels = node.params["axes"]
    return [(node.inputs[0], tuple(labels[axes.index(k)] for k in range(len(axes))))]


def _open_multiply(product: EinsumProduct, node: Node, labels: Labels) -> list[Factor]:
    return [(x, labels) for x in node.inputs]


def _open_square(product: EinsumProduct, node: Node, labels: Labels) -> list[Factor] | None:
    return [(node.inputs[0], labels)] * 2 if node.params["exponent"] == 2 else None


def _open_negative(product: EinsumProduct, node: Node, labels: Labels) -> list[Factor]:
    product.coef = times(product.coef, -1)
    return [(node.inputs[0], labels)]


def _open_quotient(product: EinsumProduct, node: Node, labels: Labels) -> list[Factor] | None:
    number = constant_value(node.inputs[1])
    if number is None or not moderate(number):
        return None
    product.coef = product.coef / number if isinstance(number, float) else times(product.coef, 1 / Fraction(number))
    return [(node.inputs[0], labels)]


def _open_sum(product: EinsumProduct, node: Node, labels: Labels) -> list[Factor]:
    x, outer = node.inputs[0], iter(labels)
    inner = tuple(
        product.fresh(size) if axis in node.params["axes"] else next(outer) for axis, size in enumerate(x.shape)
    )
    return [(x, inner)]


def _open_einsum(product: EinsumProduct, node: Node, labels: Labels) -> list[Factor]:
    local = dict(zip(node.params["output"], labels, strict=True))
    opened: list[Factor] = []
    for x, inner in zip(node.inputs, node.params["inputs"], strict=True):
        for label, size in zip(inner, x.shape, strict=True):
            if label not in local:
                local[label] = product.fresh(size)
        opened.append((x, tuple(local[q] for q in inner)))
    return opened


_FREE = frozenset({broadcast, transpose, negative})
"""They cost nothing, so they are opened even where others read them too."""
_OPENERS: dict[Op, Opener] = {
    broadcast: _open_broadcast,
    transpose: _open_transpose,
    multiply: _open_multiply,
    integer_power: _open_square,
    negative: _open_negative,
    divide: _open_quotient,
    total: _open_sum,
    einsum: _open_einsum,
}


# ---------------------------------------------------------------- elementwise ops on broadcasts


def _narrow(node: Node, make: Maker) -> Node | None:
    """f(broadcast(x), …) is broadcast(f(x, …)): over the axes that some input has."""
    rank = node.type.rank
    wide = [x for x in node.inputs if constant_value(x) is None]
    if node.op.kind not in ("elementwise", "product") or not wide or any(x.op is not broadcast for x in wide):
        return None
    kept = tuple(sorted({axis for x in wide for axis in x.params["axes"]}))
    if len(kept) == rank:
        return None
    shape = tuple(node.shape[axis] for axis in kept)
    inputs: list[Node] = []
    for x in node.inputs:
        number = constant_value(x)
        if number is not None:
            inputs.append(make("constant", (), {"value": number, "type": x.type.with_shape(shape)}))
            continue
        places = tuple(kept.index(axis) for axis in x.params["axes"])
        whole = places == tuple(range(len(kept)))
        inputs.append(x.inputs[0] if whole else make("broadcast", x.inputs, {"shape": shape, "axes": places}))
    y = make(node.op.name, tuple(inputs), node.params)
    return make("broadcast", (y,), {"shape": node.shape, "axes": kept})


def _narrow_samples() -> list[Node]:
    def wide(name: str, shape: tuple[int, ...], axes: tuple[int, ...]) -> Node:
        return apply("broadcast", input_node(name, ArrayType(shape)), shape=(3, 4, 2), axes=axes)

    x, y, z = wide("x", (3,), (0,)), wide("y", (2, 3), (2, 0)), wide("z", (), ())
    return [apply("exp", x), x + y, 2 - x, x * z, z * 3]


NARROW: tuple[Rewrite, ...] = (
    Procedure("narrow", [name for name, op in OPS.items() if op.kind == "elementwise"], _narrow, "f(broadcast(x), …) → broadcast(f(x, …))", exact=False, samples=_narrow_samples, complex=True),
)  # fmt: skip

__all__ = ["NARROW", "EinsumProduct", "contract", "narrow", "over_products"]
