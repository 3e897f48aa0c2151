"""Loops and branches of random graphs, inside one another. They know no other family of ops: a body grows by all rules."""

from __future__ import annotations

from collections.abc import Sequence

from scripts.random_graphs import Generator, Rule, numbers
from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.types import ArrayType, TapeType
from wengert.core.ops.control import results

DEEPEST = 2
"""So deep are they inside one another."""


def scanned(g: Generator) -> Node | None:
    """A loop over the leading axis, of a body that is random too."""
    x = g.whole(1)
    if g.depth > DEEPEST or x.shape[0] > 40:
        return None
    row, carry = x.type.with_shape(x.shape[1:]), g.any(dtypes=(g.dtype, g.dtype, "int64", "bool"))
    const = g.any()
    first = g.pick((None, None, 0, 3))
    counter = () if first is None else (ArrayType((), "int64"),)
    record = g.pick((carry.type, row, ArrayType((), g.dtype)))
    body = g.body((*counter, carry.type, row, const.type), (carry.type, record), int(g.rng.integers(1, 6)))
    params = {"carries": 1, "xs": 1, "length": x.shape[0], "first": first, "reverse": g.chance(0.5)}
    return g.pick(results(apply("scan", carry, x, const, body=body, **params)))


def turned(g: Generator) -> Node | None:
    """A loop over a counter with two carries, which a step may exchange."""
    if g.depth > DEEPEST:
        return None
    x = g.any()
    y = g.like(x)
    types = (x.type, y.type)
    body = g.body((ArrayType((), "int64"), *types), types, int(g.rng.integers(1, 6)))
    if g.chance(0.3):
        body = Graph(body.inputs, (body.inputs[2], body.outputs[0]))
    steps = int(g.pick((0, 1, 2, 5)))
    params = {"carries": 2, "xs": 0, "length": steps, "first": 0, "reverse": g.chance(0.2)}
    return g.pick(results(apply("scan", x, y, body=body, **params)))


def branched(g: Generator) -> Node | None:
    """A branch on a sum, with random sides."""
    if g.depth > DEEPEST:
        return None
    x, y = g.any(), g.whole()
    total = apply("sum", x, axes=tuple(range(x.type.rank)))
    sides = [g.body((x.type, y.type), (x.type, y.type), int(g.rng.integers(0, 5))) for _ in range(2)]
    node = apply("cond", apply("less", total, constant(0.1, total.type)), x, y, then=sides[0], other=sides[1])
    return g.pick(results(node))


def repeated(g: Generator) -> Node | None:
    """As long as a sum is large, at most 7 times; at times with a record that is read afterwards."""
    if g.depth > DEEPEST:
        return None
    x = apply("tanh", g.any())
    const = g.like(x)
    count = ArrayType((), "int64")
    n, a, c = (input_node(name, type) for name, type in (("n", count), ("a", x.type), ("c", x.type)))
    total = apply("sum", a * a, axes=tuple(range(x.type.rank)))
    large = apply("less", constant(g.pick((0.3, 0.3, 1e9)), total.type), total)
    test = Graph((n, a, c), (apply("logical_and", large, apply("less", n, constant(7, count))),))
    inner = g.body((x.type, x.type), (x.type,), int(g.rng.integers(1, 4)))
    small = apply("less", total, constant(0.5, total.type))
    (step,) = results(apply("cond", small, a, c, then=inner, other=Graph((a, c), (a,))))
    body = Graph((n, a, c), (n + 1, apply("sin", a) * 0.7 + step * 0.02, total, apply("cos", a) * c))
    out = results(apply("while_loop", constant(0, count), x, const, test=test, body=body, carries=2))
    return g.pick((out[0], out[1], _replayed(g, out[2:])))


def _replayed(g: Generator, tapes: Sequence[Node]) -> Node:
    """What a loop recorded, summed up."""
    assert all(isinstance(tape.type, TapeType) for tape in tapes)
    types = [tape.type.item for tape in tapes if isinstance(tape.type, TapeType)]
    carry, total, record = (input_node(f"r{k}", type) for k, type in enumerate((types[1], *types)))
    wide = apply("broadcast", total, shape=record.shape, axes=()) if record.type.rank else total
    body = Graph((carry, total, record), (apply("tanh", carry * 0.5 + record * apply("tanh", wide)),))
    params = {"carries": 1, "xs": 2, "length": None, "first": None, "reverse": g.chance(0.5)}
    start = constant(numbers(g.rng, types[1]), types[1]) if types[1].shape else constant(0.5, types[1])
    return results(apply("scan", start, *tapes, body=body, **params))[0]


CONTROL: tuple[Rule, ...] = (scanned, turned, branched, repeated)
