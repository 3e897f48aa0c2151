#!/usr/bin/env python3
"""Native code against the interpreter on random graphs, with their gradients: python scripts/compare_backends.py --graphs 20000

A graph that differs is shrunk to its smallest part that still differs, and printed; the exit status is 1 then.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.autodiff.reverse import vjp
from wengert.ir.dump import dump
from wengert.ir.graph import Graph, Node, apply, constant, input_node
from wengert.ir.types import ArrayType
from wengert.ir.walk import topological
from wengert.ops.control import results
from wengert.ops.evaluate import evaluate

SIZES = (1, 2, 3, 4, 5, 7, 8, 16, 17, 33)
UNARY = ("negative", "sin", "cos", "tanh", "logistic", "softplus", "abs", "relu", "erf", "arctan", "expm1", "log1p", "sqrt", "exp")
BINARY = ("add", "subtract", "multiply", "maximum", "minimum", "hypot", "logaddexp", "arctan2", "weigh")
COMPARISONS = ("less", "greater_equal", "not_equal")


class Generator:
    """A random graph, grown node by node; every value stays of moderate size, so that results can be compared."""

    def __init__(self, rng: np.random.Generator, dtype: str) -> None:
        self.rng = rng
        self.dtype = dtype
        self.inputs: list[Node] = []
        self.nodes: list[Node] = []

    def pick(self, choices: Sequence[Any]) -> Any:
        """One of them."""
        return choices[int(self.rng.integers(len(choices)))]

    def leaf(self, shape: tuple[int, ...]) -> Node:
        """A new input, or at times a constant array."""
        type = ArrayType(shape, self.dtype)
        if self.rng.random() < 0.1:
            node = constant(self.rng.uniform(-1, 1, shape).astype(self.dtype), type) if shape else constant(0.5, type)
        else:
            node = input_node(f"x{len(self.inputs)}", type)
            self.inputs.append(node)
        self.nodes.append(node)
        return node

    def shape(self) -> tuple[int, ...]:
        """A shape of up to three axes."""
        return tuple(self.pick(SIZES) for _ in range(int(self.rng.integers(0, 4))))

    def any(self, rank: int = 0) -> Node:
        """A node with at least so many axes."""
        fitting = [node for node in self.nodes if node.type.rank >= rank]
        return self.pick(fitting) if fitting else self.leaf(tuple(self.pick(SIZES) for _ in range(rank)))

    def like(self, node: Node) -> Node:
        """A node of the same shape."""
        return self.pick([x for x in self.nodes if x.shape == node.shape])

    def grow(self) -> None:
        """One more node."""
        rule: Callable[[], Node | None] = self.pick(RULES)
        node = rule(self)
        if node is not None and int(np.prod(node.shape, dtype=np.int64)) <= 4000:
            self.nodes.append(node)


def unary(g: Generator) -> Node:
    """A function of one node, kept where it is defined and bounded."""
    name, x = g.pick(UNARY), g.any()
    if name in ("log1p", "sqrt"):
        x = apply("abs", x)
        x = x + 0.25
    if name in ("exp", "expm1"):
        x = apply("tanh", x)
    return apply(name, x)


def binary(g: Generator) -> Node:
    """A function of two nodes of one shape."""
    x = g.any()
    return apply("tanh", apply(g.pick(BINARY), x, g.like(x)))


def choice(g: Generator) -> Node:
    """One of two, by a comparison."""
    x = g.any()
    return apply("where", apply(g.pick(COMPARISONS), x, g.like(x)), g.like(x), g.like(x))


def division(g: Generator) -> Node:
    """A quotient whose denominator is not near zero."""
    x = g.any()
    y = g.like(x)
    return x / (y * y + 0.5)


def broadcast(g: Generator) -> Node:
    """Laid out over further axes."""
    x = g.any()
    rank = x.type.rank + int(g.rng.integers(1, 3))
    axes = tuple(int(a) for a in g.rng.permutation(rank)[: x.type.rank])
    shape = [g.pick(SIZES) for _ in range(rank)]
    for axis, size in zip(axes, x.shape, strict=True):
        shape[axis] = size
    return apply("broadcast", x, shape=tuple(shape), axes=axes)


def transposed(g: Generator) -> Node:
    """The axes in another order."""
    x = g.any(1)
    return apply("transpose", x, axes=tuple(int(a) for a in g.rng.permutation(x.type.rank)))


def reshaped(g: Generator) -> Node:
    """Flat, or with one axis split."""
    x = g.any(1)
    total = int(np.prod(x.shape, dtype=np.int64))
    for size in (2, 3, 4, 7):
        if total % size == 0 and g.rng.random() < 0.7:
            return apply("reshape", x, shape=(size, total // size))
    return apply("reshape", x, shape=(total,))


def sliced(g: Generator) -> Node:
    """A part along every axis."""
    x = g.any(1)
    starts = tuple(int(g.rng.integers(0, n)) for n in x.shape)
    stops = tuple(int(g.rng.integers(a + 1, n + 1)) for a, n in zip(starts, x.shape, strict=True))
    return apply("slice", x, start=starts, stop=stops, step=tuple(int(g.rng.integers(1, 4)) for _ in starts))


def padded(g: Generator) -> Node:
    """Zeros around, at times between."""
    x = g.any(1)
    low, high = (tuple(int(g.rng.integers(0, 4)) for _ in x.shape) for _ in range(2))
    extra = {"step": tuple(int(g.rng.integers(1, 3)) for _ in x.shape)} if g.rng.random() < 0.3 else {}
    return apply("pad", x, low=low, high=high, **extra)


def flipped(g: Generator) -> Node:
    """In reverse order."""
    x = g.any(1)
    return apply("flip", x, axes=(int(g.rng.integers(x.type.rank)),))


def joined(g: Generator) -> Node:
    """Two of one shape in a row."""
    x = g.any(1)
    return apply("concatenate", x, g.like(x), axis=int(g.rng.integers(x.type.rank)))


def reduced(g: Generator) -> Node:
    """A sum, a mean of extremes, a log-sum-exp or a softmax over some axes."""
    x = g.any(1)
    count = int(g.rng.integers(1, x.type.rank + 1))
    axes = tuple(sorted(int(a) for a in g.rng.permutation(x.type.rank)[:count]))
    name = g.pick(("sum", "sum", "max", "min", "logsumexp", "softmax", "prod"))
    if name == "prod":
        x = apply("tanh", x)
    y = apply(name, x, axes=axes)
    return y * 0.1 if name == "sum" else y


def product(g: Generator) -> Node:
    """A matrix product in one of its forms, scaled."""
    a = g.any(1)
    labels = tuple(range(a.type.rank))
    summed = int(g.rng.integers(a.type.rank))
    free = tuple(10 + k for k in range(int(g.rng.integers(0, 3))))
    order = [summed, *free]
    if a.type.rank > 1 and g.rng.random() < 0.4:
        order.append(int(g.pick([l for l in labels if l != summed])))
    order = [order[k] for k in g.rng.permutation(len(order))]
    sizes = {l: a.shape[l] for l in labels}
    b = g.leaf(tuple(sizes.get(l) or g.pick(SIZES) for l in order))
    output = [l for l in dict.fromkeys((*labels, *order)) if l != summed]
    output = [output[k] for k in g.rng.permutation(len(output))]
    y = apply("einsum", a, b, inputs=(labels, tuple(order)), output=tuple(output))
    return apply("tanh", y)


def looked_up(g: Generator) -> Node:
    """Entries picked by indices."""
    x = g.any(1)
    axis = int(g.rng.integers(x.type.rank))
    picks = g.rng.integers(0, x.shape[axis], size=int(g.pick(SIZES)))
    return apply("gather", x, constant(picks, ArrayType(picks.shape, "int64")), axis=axis, batch=0)


def scanned(g: Generator) -> Node:
    """A loop over the leading axis."""
    x = g.any(1)
    row = x.type.with_shape(x.shape[1:])
    carry, part = input_node("carry", row), input_node("part", row)
    new = apply("tanh", carry * 0.5 + part)
    body = Graph((carry, part), (new, new * carry))
    start = constant(0.25, row)
    params = {"carries": 1, "xs": 1, "length": x.shape[0], "first": None}
    return g.pick(results(apply("scan", start, x, body=body, reverse=bool(g.rng.random() < 0.5), **params)))


def branched(g: Generator) -> Node:
    """A branch on a sum."""
    x = g.any()
    a = input_node("a", x.type)
    total = apply("sum", x, axes=tuple(range(x.type.rank)))
    sides = {"then": Graph((a,), (apply("sin", a),)), "other": Graph((a,), (a * a * 0.5,))}
    return results(apply("cond", apply("less", total, constant(0, total.type)), x, **sides))[0]


def repeated(g: Generator) -> Node:
    """As long as a sum is large."""
    x = apply("tanh", g.any())
    a = input_node("a", x.type)
    total = apply("sum", a * a, axes=tuple(range(x.type.rank)))
    test = Graph((a,), (apply("less", constant(0.3, total.type), total),))
    body = Graph((a,), (apply("sin", a) * 0.75,))
    return results(apply("while_loop", x, test=test, body=body, carries=1))[0]


RULES = (
    unary, unary, unary, binary, binary, choice, division, broadcast, transposed, reshaped, sliced, padded, flipped, joined,
    reduced, reduced, product, product, looked_up, scanned, branched, repeated,
)  # fmt: skip


def random_graph(seed: int) -> tuple[Graph, dict[str, np.ndarray]]:
    """A graph of some 5 to 25 nodes with the gradient of a sum of its outputs, and values for its inputs."""
    rng = np.random.default_rng(seed)
    g = Generator(rng, "float64" if rng.random() < 0.7 else "float32")
    for _ in range(int(rng.integers(1, 4))):
        g.leaf(g.shape())
    for _ in range(int(rng.integers(4, 26))):
        g.grow()
    outputs = [g.nodes[-1], *(g.pick(g.nodes) for _ in range(int(rng.integers(0, 3))))]
    terms = [apply("sum", apply("sin", y), axes=tuple(range(y.type.rank))) for y in outputs]
    loss = terms[0]
    for term in terms[1:]:
        loss = loss + term
    bars = vjp([loss], g.inputs, [constant(1, loss.type)])
    outputs += [bar for bar in bars if bar is not None]
    values = {str(x.params["name"]): rng.uniform(-2, 2, x.shape).astype(g.dtype) for x in g.inputs}
    return Graph(tuple(g.inputs), tuple(outputs)), values


TOLERANCE = {"float64": 1e-10, "float32": 2e-3}


def difference(graph: Graph, values: dict[str, np.ndarray], run: Callable[..., Sequence[Any]]) -> str | None:
    """What differs between `run(graph, values)` and the interpreter; None where nothing does."""
    wanted = evaluate(graph, values)
    for k, (got, want) in enumerate(zip(run(graph, values), wanted, strict=True)):
        a, b = np.asarray(got), np.asarray(want)
        if a.shape != b.shape or a.dtype != b.dtype:
            return f"output {k} is {a.dtype}{list(a.shape)}, not {b.dtype}{list(b.shape)}"
        if b.dtype.kind != "f":
            if not np.array_equal(a, b):
                return f"output {k}: {a.tolist()} instead of {b.tolist()}"
            continue
        scale = max(1.0, float(np.max(np.abs(b), initial=0, where=np.isfinite(b))))
        wrong = ~((np.abs(a - b) <= TOLERANCE[str(b.dtype)] * scale) | (a == b) | (np.isnan(a) & np.isnan(b)))
        if wrong.any():
            at = int(np.argmax(wrong))
            return f"output {k}, entry {at}: {a.flat[at]!r} instead of {b.flat[at]!r}"
    return None


def shrunk(graph: Graph, values: dict[str, np.ndarray], run: Callable[..., Sequence[Any]]) -> Graph:
    """The smallest node's graph that still differs: the first in order whose value alone does."""
    for node in topological(graph.outputs):
        if node.op.kind == "leaf" or node.type.dtype in ("tuple", "tape"):
            continue
        alone = graph.with_outputs([node])
        try:
            failed = difference(alone, values, run) is not None
        except Exception:
            failed = True
        if failed:
            return alone
    return graph


def native(graph: Graph, values: dict[str, np.ndarray]) -> Sequence[Any]:
    """The outputs by native code."""
    from wengert.backends import native

    return native.compile(graph, cache=False)(**values)


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, and say what differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graphs", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    options = parser.parse_args(arguments)
    failed = 0
    for seed in range(options.first, options.first + options.graphs):
        graph, values = random_graph(seed)
        found = difference(graph, values, native)
        if found is not None:
            failed += 1
            print(f"seed {seed}: {found}\n{dump(shrunk(graph, values, native))}\n")
    print(f"{options.graphs} graphs, {failed} differ")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
