"""Random graphs of the ops that equation systems use, over named and numeric sizes, with values at which they are well conditioned."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.evaluating import evaluate_all
from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.types import ArrayType, Dim
from wengert.core.ir.walk import topological

N, M = Dim("n"), Dim("m")
SIZES = {"n": 3, "m": 2}
SHAPES: dict[str, tuple[Any, ...]] = {
    "a": (),
    "b": (),
    "u": (N,),
    "v": (N,),
    "w": (M,),
    "o": (1,),
    "A": (N, M),
    "B": (M, N),
    "Q": (N, N),
    "T": (2, N),
    "c": (4,),
}
LEAVES = {name: input_node(name, ArrayType(shape)) for name, shape in SHAPES.items()}
SINGULAR = frozenset(("divide", "reciprocal", "integer_power", "power", "sqrt", "log"))

Draw = Callable[[Any], Any]


def numbers(shape: tuple[Any, ...]) -> tuple[int, ...]:
    """A shape with its numbers."""
    return tuple(SIZES[s.name] if isinstance(s, Dim) else s for s in shape)


def values_at(seed: int) -> dict[str, Any]:
    """Values of the leaves, none of them near 0."""
    rng = np.random.default_rng(seed)
    return {
        name: rng.uniform(0.4, 1.6, numbers(shape)) * rng.choice([-1, 1], numbers(shape), p=[0.3, 0.7])
        for name, shape in SHAPES.items()
    }


def well_conditioned(node: Node, values: dict[str, Any]) -> Any:
    """The value of a node; None where an intermediate value is not finite, huge, or too near a singular point."""
    graph = Graph(tuple(LEAVES.values()), (node,))
    found = evaluate_all(graph, values, SIZES)
    for item, value in found.items():
        if value.dtype == bool:
            continue
        if not np.all(np.isfinite(value)) or np.max(np.abs(value), initial=0) > 1e5:
            return None
        if item.op.name in SINGULAR and any(
            np.any(np.abs(found[x]) < 1e-2) for x in item.inputs if x.op.name != "constant"
        ):
            return None
    return found[node]


@st.composite
def graphs(draw: Draw, steps: int = 8) -> Node:
    """A node made in a few steps from the leaves."""
    pool: list[Node] = list(LEAVES.values())
    for _ in range(draw(st.integers(1, steps))):
        maker = draw(st.sampled_from(MAKERS))
        node = maker(draw, pool)
        if node is not None and node.type.rank <= 3:
            pool.append(node)
    return pool[-1]


def pick(draw: Draw, pool: list[Node], want: Callable[[Node], bool] = lambda node: True) -> Node | None:
    """A node of the pool, late ones more often."""
    fit = [node for node in pool if want(node)]
    if not fit:
        return None
    return draw(st.sampled_from(fit + fit[-3:] * 2))


def unary(draw: Draw, pool: list[Node]) -> Node | None:
    x = pick(draw, pool)
    op = draw(st.sampled_from(("negative", "tanh", "exp", "logistic", "abs", "relu", "reciprocal", "sin", "sqrt")))
    return apply(op, x)


def scaled(draw: Draw, pool: list[Node]) -> Node | None:
    x = pick(draw, pool)
    return x * draw(st.sampled_from((2, -1, Fraction(1, 2), Fraction(-3, 4), 0.1, 0)))


def raised(draw: Draw, pool: list[Node]) -> Node | None:
    x = pick(draw, pool)
    if draw(st.booleans()):
        return apply("integer_power", x, exponent=draw(st.sampled_from((0, 1, 2, 3, -1, -2))))
    return apply("power", x, constant(draw(st.sampled_from((0.5, 1.5, -0.5, 2.0, Fraction(1, 3)))), x.type))


def binary(draw: Draw, pool: list[Node]) -> Node | None:
    x = pick(draw, pool)
    y = pick(draw, pool, lambda node: node.shape == x.shape)
    op = draw(st.sampled_from(("add", "subtract", "multiply", "multiply", "divide", "maximum", "minimum")))
    return apply(op, x, y)


def plus_number(draw: Draw, pool: list[Node]) -> Node | None:
    return pick(draw, pool) + draw(st.sampled_from((1, -1, Fraction(1, 2), 3)))


def broadcast(draw: Draw, pool: list[Node]) -> Node | None:
    x = pick(draw, pool, lambda node: node.type.rank <= 2)
    size = draw(st.sampled_from((N, M, 1, 4)))
    place = draw(st.integers(0, x.type.rank))
    shape = (*x.shape[:place], size, *x.shape[place:])
    return apply("broadcast", x, shape=shape, axes=tuple(k for k in range(len(shape)) if k != place))


def transposed(draw: Draw, pool: list[Node]) -> Node | None:
    x = pick(draw, pool, lambda node: node.type.rank >= 2)
    return None if x is None else apply("transpose", x, axes=tuple(draw(st.permutations(range(x.type.rank)))))


def reduced(draw: Draw, pool: list[Node]) -> Node | None:
    x = pick(draw, pool, lambda node: node.type.rank >= 1)
    if x is None:
        return None
    axes = draw(st.lists(st.sampled_from(range(x.type.rank)), min_size=1, unique=True))
    op = draw(st.sampled_from(("sum", "sum", "sum", "max", "min", "prod")))
    return apply(op, x, axes=tuple(sorted(axes)))


def contracted(draw: Draw, pool: list[Node]) -> Node | None:
    """An einsum whose labels are drawn among the axes of equal size, so that labels repeat within a factor too."""
    factors = [pick(draw, pool) for _ in range(draw(st.integers(1, 3)))]
    sizes: dict[int, Any] = {}
    inputs: list[tuple[int, ...]] = []
    for x in factors:
        labels: list[int] = []
        for size in x.shape:
            same = [q for q, s in sizes.items() if s == size]
            label = draw(st.sampled_from([*same, *same, len(sizes)]))
            sizes[label] = size
            labels.append(label)
        inputs.append(tuple(labels))
    output = draw(st.lists(st.sampled_from(sorted(sizes)), max_size=2, unique=True)) if sizes else []
    return apply("einsum", *factors, inputs=tuple(inputs), output=tuple(output))


def compared(draw: Draw) -> Callable[[Node], Node]:
    """A condition on leaves of the wanted shape, broadcast where there are none: never at a tie."""
    op = draw(st.sampled_from(("less", "less_equal", "greater", "greater_equal")))
    bound = draw(st.sampled_from((0, Fraction(1, 2))))
    sign = draw(st.sampled_from((1, -1)))

    def condition(like: Node) -> Node:
        leaf = next((x for x in LEAVES.values() if x.shape == like.shape), None)
        if leaf is None:
            leaf = apply("broadcast", LEAVES["a"], shape=like.shape, axes=())
        return apply(op, leaf * sign, constant(bound, leaf.type))

    return condition


def chosen(draw: Draw, pool: list[Node]) -> Node | None:
    x = pick(draw, pool)
    other = draw(st.sampled_from(("zero", "zero", "node", "indicator")))
    condition = compared(draw)(x)
    if other == "indicator":
        return x * apply("cast", condition, dtype="float64")
    y = constant(0, x.type) if other == "zero" else pick(draw, pool, lambda node: node.shape == x.shape)
    a, b = (x, y) if draw(st.booleans()) else (y, x)
    return apply("where", condition, a, b)


def delta(draw: Draw, pool: list[Node]) -> Node | None:
    """⟦i = j⟧ over two equal axes, with a third now and then along which it is constant."""
    size = draw(st.sampled_from((N, M)))
    shape = (size, size, M) if draw(st.booleans()) else (size, size)
    place = apply("position", size=size, dtype="int64")
    sides = [apply("broadcast", place, shape=shape, axes=(k,)) for k in (0, 1)]
    return apply("cast", apply("equal", *sides), dtype="float64")


def normalised(draw: Draw, pool: list[Node]) -> Node | None:
    """e^x / Σ e^x along the last axis."""
    x = pick(draw, pool, lambda node: node.type.rank >= 1)
    if x is None:
        return None
    last, powers = x.type.rank - 1, apply("exp", apply("tanh", x))
    total = apply("sum", powers, axes=(last,))
    return powers / apply("broadcast", total, shape=x.shape, axes=tuple(range(last)))


MAKERS = (
    unary,
    unary,
    scaled,
    raised,
    binary,
    binary,
    binary,
    plus_number,
    broadcast,
    transposed,
    reduced,
    reduced,
    contracted,
    contracted,
    contracted,
    chosen,
    delta,
    normalised,
)


def op_names(node: Node) -> set[str]:
    """The ops of a graph."""
    return {item.op.name for item in topological([node])}
