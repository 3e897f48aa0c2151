"""Random graphs with values for their inputs: what the comparison of back ends runs. They know no back end.

A graph is grown node by node from `random_rules`; its floats stay of moderate size, so that results can be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.core.autodiff.reverse import vjp
from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.types import ArrayType, TapeType, TupleType

SIZES = (1, 2, 3, 4, 5, 7, 8, 16, 17, 33)
LONG_SIZES = (1, 2, 3, 3, 17, 300, 5000)
MATRIX_SIZES = (1, 2, 5, 16, 17, 31, 64, 100, 130, 257)
TINY_SIZES = (1, 2, 3, 4, 6)
LONGEST = 70_000
EMPTY = 0.02
"""How often an axis has no entries."""

Rule = Callable[["Generator"], "Node | None"]


class Generator:
    """A graph in the making. In the body of a loop it has no inputs but the given ones."""

    def __init__(
        self,
        rng: np.random.Generator,
        dtype: str,
        rules: Sequence[Rule],
        sizes: Sequence[int] = SIZES,
        most: int = 4000,
        given: Sequence[Node] | None = None,
        depth: int = 0,
    ) -> None:
        self.rng, self.dtype, self.rules, self.sizes, self.most, self.depth = rng, dtype, rules, sizes, most, depth
        self.closed = given is not None
        self.inputs: list[Node] = list(given or ())
        self.nodes: list[Node] = list(self.inputs)
        self.looked_up: dict[str, Node] = {}
        """The look-ups by an input, by its name."""

    def pick(self, choices: Sequence[Any]) -> Any:
        """One of them."""
        return choices[int(self.rng.integers(len(choices)))]

    def chance(self, probability: float) -> bool:
        """True so often."""
        return bool(self.rng.random() < probability)

    def size(self) -> int:
        """An extent, seldom 0."""
        return 0 if self.chance(EMPTY) else self.pick(self.sizes)

    def shape(self) -> tuple[int, ...]:
        """A shape of up to three axes, of moderate size."""
        while True:
            shape = tuple(self.size() for _ in range(int(self.rng.integers(0, 4))))
            if np.prod(shape, dtype=np.int64) <= self.most:
                return shape

    def axes(self, rank: int, count: int) -> tuple[int, ...]:
        """So many of the axes, in order."""
        return tuple(sorted(int(a) for a in self.rng.permutation(rank)[:count]))

    # nodes

    def leaf(self, shape: tuple[int, ...], dtype: str = "") -> Node:
        """A new input, or a constant array."""
        type = ArrayType(shape, dtype or self.dtype)
        if self.closed or self.chance(0.1):
            node = constant(numbers(self.rng, type), type) if shape else constant(self.pick((0, 1)), type)
        else:
            node = input_node(f"x{len(self.inputs)}", type)
            self.inputs.append(node)
        self.nodes.append(node)
        return node

    def any(self, rank: int = 0, dtypes: Sequence[str] = ()) -> Node:
        """A node with at least so many axes, of one of the dtypes (none given: a real one)."""
        wanted = dtypes or (self.dtype,)
        fitting = [x for x in self.nodes if x.type.rank >= rank and x.type.dtype in wanted]
        if fitting:
            return self.pick(fitting)
        return self.leaf(tuple(self.pick(self.sizes) for _ in range(rank)), self.pick(wanted))

    def whole(self, rank: int = 0) -> Node:
        """A node of any dtype."""
        return self.any(rank, (self.dtype, self.dtype, "int64", "bool"))

    def like(self, node: Node) -> Node:
        """A node of the same type."""
        return self.pick([x for x in self.nodes if x.type == node.type] or [node])

    def grow(self) -> None:
        """One more node."""
        node = self.pick(self.rules)(self)
        if node is not None and int(np.prod(node.shape, dtype=np.int64)) <= self.most:
            self.nodes.append(node)

    def body(self, given: Sequence[ArrayType], wanted: Sequence[ArrayType], nodes: int) -> Graph:
        """A graph from inputs to results of given types: of a loop or a branch."""
        inputs = tuple(input_node(f"a{k}", type) for k, type in enumerate(given))
        inside = Generator(self.rng, self.dtype, self.rules, self.sizes, self.most, inputs, self.depth + 1)
        for _ in range(nodes):
            inside.grow()
        return Graph(inputs, tuple(inside._of_type(type) for type in wanted))

    def _of_type(self, type: ArrayType) -> Node:
        fitting = [x for x in self.nodes if x.type == type]
        fitting = [x for x in fitting if x not in self.inputs] or fitting if self.chance(0.85) else fitting
        if not fitting:
            return constant(numbers(self.rng, type), type) if type.shape else constant(1, type)
        node = self.pick(fitting)
        return apply("tanh", node) if type.dtype == self.dtype and node not in self.inputs else node


def numbers(rng: np.random.Generator, type: ArrayType) -> np.ndarray:
    """Values for an array of a type."""
    shape = tuple(int(size) for size in type.shape if isinstance(size, int))
    if type.dtype == "bool":
        return rng.random(shape) < 0.5
    if type.dtype == "int64":
        return rng.integers(-50, 50, shape)
    return rng.uniform(-2, 2, shape).astype(type.dtype)


@dataclass(frozen=True)
class Case:
    """A graph with values, and how it is to be run."""

    graph: Graph
    values: dict[str, np.ndarray]
    donate: tuple[str, ...] = ()
    small: int = 0
    """The choice of thresholds, for blocks, chunks and rows so small that a small graph has many; 0 for the usual ones."""
    strided: bool = False
    """Whether arrays have gaps."""

    def alone(self, outputs: Sequence[Node], donate: tuple[str, ...] = ()) -> Case:
        """The same for other outputs."""
        return Case(self.graph.with_outputs(outputs), self.values, donate, self.small, self.strided)


def random_case(seed: int, tiny: bool = False) -> Case:
    """A graph of some 5 to 25 nodes with the gradient of a sum of its outputs, and values for its inputs. `tiny` is for what is
    interpreted entry by entry.
    """
    from scripts.random_rules import LONG_RULES, MATRIX_RULES, RULES

    rng = np.random.default_rng(seed)
    dtype = "float64" if rng.random() < 0.7 else "float32"
    scale = rng.random()
    long = scale < 0.06 and not tiny
    if long:
        g = Generator(rng, dtype, LONG_RULES, LONG_SIZES, 80_000)
    elif scale < 0.1 and not tiny:
        g = Generator(rng, dtype, MATRIX_RULES, MATRIX_SIZES, 70_000)
    else:
        g = Generator(rng, dtype, RULES, *((TINY_SIZES, 200) if tiny else (SIZES, 4000)))
    for _ in range(int(rng.integers(1, 4))):
        g.leaf((LONGEST,) if long and rng.random() < 0.3 else g.shape())
    for _ in range(int(rng.integers(3, 10) if long else rng.integers(4, 26))):
        g.grow()
    outputs, bars = _outputs(g)
    values = {str(x.params["name"]): _values(g, x) for x in g.inputs}
    _step_outside(g, values, outputs)
    donate = _donated(g, outputs, bars) if rng.random() < 0.35 else ()
    outputs += bars.values()
    graph = Graph(tuple(g.inputs), tuple(outputs))
    small = seed + 1 if rng.random() < 0.4 else 0
    return Case(graph, values, donate, small, bool(rng.random() < 0.1))


def _outputs(g: Generator) -> tuple[list[Node], dict[Node, Node]]:
    """Some of the nodes, and the gradient of the sum of their sines."""
    outputs = [g.nodes[-1], *(g.pick(g.nodes) for _ in range(int(g.rng.integers(0, 6))))]
    losses = [apply("sum", apply("sin", y), axes=tuple(range(y.type.rank))) for y in outputs if y.type.dtype == g.dtype]
    if not losses:
        return outputs, {}
    loss = losses[0]
    for term in losses[1:]:
        loss = loss + term
    real = [x for x in g.inputs if x.type.is_float]
    bars = vjp([loss], real, [constant(1, loss.type)])
    return outputs, {x: bar for x, bar in zip(real, bars, strict=True) if bar is not None}


def _values(g: Generator, x: Node) -> np.ndarray:
    value = numbers(g.rng, x.type)
    name = str(x.params["name"])
    if name in g.looked_up:
        source = g.looked_up[name]
        return g.rng.integers(0, max(1, _looked_up_size(source)), value.shape)
    if x.type.is_float and g.chance(0.1):
        value = np.round(value)
    if x.type.is_float and g.chance(0.03):
        value = np.where(g.rng.random(value.shape) < 0.1, g.pick((np.nan, np.inf, -np.inf, 0.0)), value)
    if x.type.dtype == "int64" and g.chance(0.1):
        value = np.where(g.rng.random(value.shape) < 0.3, g.pick((2**63 - 1, -(2**63), 2**62)), value)
    return np.asarray(value, dtype=x.type.dtype)


def _looked_up_size(node: Node) -> int:
    sizes: tuple[int, ...] = node.inputs[0].shape if node.op.name == "gather" else node.shape
    return int(sizes[node.params["axis"]])


def _step_outside(g: Generator, values: dict[str, np.ndarray], outputs: list[Node]) -> None:
    """At times an index is outside; what is looked up there is an output then, for what nobody reads nobody looks up."""
    for name, node in g.looked_up.items():
        if values[name].size and 0 not in (*node.shape, *node.inputs[0].shape) and g.chance(0.1):
            places = values[name].copy()
            places.flat[int(g.rng.integers(places.size))] = g.pick((-1, _looked_up_size(node), 2**62, -(2**63)))
            values[name] = places
            outputs.append(node)


def _donated(g: Generator, outputs: list[Node], bars: dict[Node, Node]) -> tuple[str, ...]:
    """Inputs that are given back with new values: a step of descent, another node, another input."""
    names: list[str] = []
    for x in g.inputs:
        if not g.chance(0.7) or isinstance(x.type, TupleType | TapeType):
            continue
        others = [y for y in (*g.nodes, x) if y.type == x.type]
        inputs = [y for y in g.inputs if y.type == x.type]
        steps = [x - bars[x] * 0.1] if x in bars else []
        outputs.insert(int(g.rng.integers(len(outputs) + 1)), g.pick((steps * 2) + [g.pick(others), g.pick(inputs)]))
        names.append(str(x.params["name"]))
    return tuple(names[k] for k in g.rng.permutation(len(names)))
