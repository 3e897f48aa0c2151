"""Random graphs of small arrays as straight-line code: the values of the interpreter, within one piece and across many."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import wengert.core.ops  # noqa: F401
from wengert.core.ir.graph import Graph, Node, apply, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ir.walk import topological
from wengert.core.ops.evaluate import evaluate
from wengert.targets import compiled
from wengert.targets.native.build import Build

SHAPES = [(), (1,), (3,), (2, 3), (4,), (2, 2), (3, 2), (2, 1, 3), (16,)]
DTYPES = ["float64", "float64", "float32", "int64", "bool"]
UNARY = ["sin", "cos", "tanh", "negative", "abs", "floor", "sign", "relu", "arctan", "logistic", "expm1"]
BINARY = ["add", "subtract", "multiply", "maximum", "minimum", "arctan2", "hypot"]
FOLDS = ["sum", "max", "min"]
COMPARISONS = ["less", "equal", "greater_equal"]
RECENT = 60
Pick = Callable[[Callable[[Node], bool]], Node | None]


class Drawn:
    """A graph in the making; each kind of step gives a node, or None where no node suits."""

    def __init__(self, rng: np.random.Generator, length: int) -> None:
        self.rng = rng
        self.inputs = [input_node(f"x{k}", ArrayType(self.one(SHAPES), self.one(DTYPES))) for k in range(4)]
        self.nodes = list(self.inputs)
        steps = [
            self.unary,
            self.unary,
            self.binary,
            self.binary,
            self.move,
            self.fold,
            self.join,
            self.choose,
            self.cast,
        ]
        while len(self.nodes) < length:
            node = self.one(steps)()
            if node is not None and 1 <= int(np.prod(node.shape)) <= 16:
                self.nodes.append(node)
        chosen = [self.nodes[int(k)] for k in rng.choice(len(self.nodes), 6)]
        self.graph = Graph(tuple(self.inputs), (*chosen, self.nodes[-1], self.inputs[0]))

    def one(self, things):
        return things[self.rng.integers(len(things))]

    def pick(self, suits: Callable[[Node], bool]) -> Node | None:
        found = [node for node in self.nodes[-RECENT:] + self.inputs if suits(node)]
        return self.one(found) if found else None

    def pair(self, suits: Callable[[Node], bool]) -> tuple[Node, Node] | None:
        x = self.pick(suits)
        y = None if x is None else self.pick(lambda node: node.type == x.type)
        return None if x is None else (x, x if y is None else y)

    def unary(self) -> Node | None:
        x = self.pick(is_float)
        return None if x is None else apply(self.one(UNARY), x)

    def binary(self) -> Node | None:
        both = self.pair(is_float)
        return None if both is None else apply("tanh", apply(self.one(BINARY), *both))

    def move(self) -> Node | None:
        x = self.pick(lambda node: node.type.rank >= 1)
        if x is None:
            return None
        rank, rng = x.type.rank, self.rng
        start = tuple(int(rng.integers(size)) for size in x.shape)
        step = tuple(int(rng.integers(1, 3)) for _ in x.shape)
        wide = (3, *x.shape)
        return self.one(
            [
                lambda: apply("transpose", x, axes=tuple(int(k) for k in rng.permutation(rank))),
                lambda: apply("slice", x, start=start, stop=x.shape, step=step),
                lambda: apply("broadcast", x, shape=wide, axes=tuple(range(1, rank + 1))),
                lambda: apply("flip", x, axes=(rank - 1,)),
                lambda: apply("pad", x, low=(1,) * rank, high=(0,) * rank) if x.type.dtype != "bool" else None,
                lambda: apply("reshape", x, shape=(int(np.prod(x.shape)),)),
            ]
        )()

    def fold(self) -> Node | None:
        x = self.pick(lambda node: node.type.rank >= 1 and node.type.dtype != "bool")
        axes = () if x is None else tuple(k for k in range(x.type.rank) if self.rng.integers(2))
        return None if x is None or not axes else apply(self.one(FOLDS), x, axes=axes)

    def join(self) -> Node | None:
        both = self.pair(lambda node: node.type.rank >= 1)
        return None if both is None else apply("concatenate", *both, axis=both[0].type.rank - 1)

    def choose(self) -> Node | None:
        both = self.pair(is_float)
        if both is None:
            return None
        self.nodes.append(apply(self.one(COMPARISONS), *both))
        return apply("where", self.nodes[-1], *both)

    def cast(self) -> Node | None:
        x = self.pick(lambda node: True)
        return None if x is None else apply("cast", x, dtype=self.one(["float64", "float32", "bool"]))


def is_float(node: Node) -> bool:
    return node.type.dtype in ("float32", "float64")


@pytest.mark.parametrize("length", [8, 60, 700, 2500])
@pytest.mark.parametrize("seed", range(6))
def test_random_graphs_have_the_values_of_the_interpreter(seed, length):
    rng = np.random.default_rng([seed, length])
    graph = Drawn(rng, length).graph
    values = {
        str(x.params["name"]): np.asarray(rng.normal(size=x.shape) * 3).astype(x.type.dtype) for x in graph.inputs
    }
    assert Build(graph, quick=True).cut is not None
    found = compiled.compile(graph, cache=False, quick=True)(**values)
    with np.errstate(all="ignore"):
        wanted = evaluate(graph, values)
    for node, a, b in zip(graph.outputs, map(np.asarray, found), map(np.asarray, wanted), strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        single = any(x.type.dtype == "float32" for x in topological([node]))
        tolerance = 2e-4 if single else 1e-8
        np.testing.assert_allclose(a.astype(float), b.astype(float), rtol=tolerance, atol=tolerance)
