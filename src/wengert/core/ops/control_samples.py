"""Bodies, tests and branches for the samples of the control ops, with arrays for them, and what the ops must refuse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from wengert.core.ir.graph import Graph, Node, apply, constant
from wengert.core.ir.types import ArrayType, Dim, Shape
from wengert.core.ops import leaves, structural
from wengert.core.ops.kinds import ErrorCases

Sample = tuple[list[Any], dict[str, Any]]
COUNTER = ArrayType((), "int64")


def graph(body: Callable[..., Sequence[Node]], *types: ArrayType) -> Graph:
    """The graph of a function of nodes."""
    inputs = [apply(leaves.input, name=f"a{k}", type=type) for k, type in enumerate(types)]
    return Graph(tuple(inputs), tuple(body(*inputs)))


def _sine(x: Node) -> Node:
    return apply("sin", x)


def _total(x: Node) -> Node:
    return apply("sum", x, axes=tuple(range(x.type.rank)))


def _filled(x: Node, like: Node) -> Node:
    """A number without axes laid over the axes of another node."""
    return apply(structural.broadcast, x, shape=like.shape, axes=()) if like.type.rank else x


def _real(counter: Node, like: Node) -> Node:
    """The number of a step as a real number of the type of another node."""
    return _filled(apply("cast", counter, dtype=like.type.dtype), like)


# ---------------------------------------------------------------- cond


def _rotation(x: Node, y: Node) -> list[Node]:
    return [_sine(x) * y, x + y * y]


def _mixture(x: Node, y: Node) -> list[Node]:
    """Its second result does not depend on y, its first only on y."""
    return [apply("tanh", y), _sine(x) * 2]


def _nothing(x: Node, y: Node) -> list[Node]:
    return [constant(1, x.type), constant(0, x.type)]


def cond(rng: Any) -> list[Sample]:
    """Both outcomes, branches that depend on all operands, on some and on none."""
    samples: list[Sample] = []
    for shape in ((), (3,), (2, 2), (0,)):
        type = ArrayType(shape)
        branches = [graph(f, type, type) for f in (_rotation, _mixture, _nothing)]
        for then, other in ((0, 1), (1, 2), (2, 0), (1, 1)):
            for outcome in (True, False):
                arrays = [rng.choice([outcome]), rng.normal(size=shape), rng.normal(size=shape)]
                samples.append((arrays, {"then": branches[then], "other": branches[other]}))
    return samples


# ---------------------------------------------------------------- scan


def _recurrence(c: Node, x: Node, k: Node) -> list[Node]:
    """One carry, one x, one constant: an x and a y at every step."""
    new = apply("tanh", c * k + x)
    return [new, _sine(new) * x]


def _unit(h: Node, x: Node, w: Node) -> list[Node]:
    """A recurrent unit: h ← tanh(W h + x), y = Σ h²."""
    wh = apply("einsum", w, h, inputs=((0, 1), (1,)), output=(0,))
    new = apply("tanh", wh + x)
    return [new, _total(new * new)]


def _two_carries(c: Node, d: Node, x: Node, y: Node, k: Node) -> list[Node]:
    """The second carry does not depend on the constant, the third result on the second x alone."""
    return [c * d + k, _sine(d) + x * y, y * y]


def _counted(t: Node, c: Node, k: Node) -> list[Node]:
    """A loop over a counter, which the step reads: its slope differs at every step."""
    step = _real(t, c)
    return [c + _sine(c * k) / (step + 1)]


def _counted_xs(t: Node, c: Node, x: Node) -> list[Node]:
    """A y that is no real number: the truth of a comparison."""
    return [c * x + _real(t, c), c > x]


def _unchanged(c: Node, x: Node) -> list[Node]:
    return [c, x]


_CASES: list[tuple[Callable[..., Sequence[Node]], int, int, int, int | None]] = [
    # body, carries, xs, constants, number of the first step
    (_recurrence, 1, 1, 1, None),
    (_two_carries, 2, 2, 1, None),
    (_counted, 1, 0, 1, 0),
    (_counted, 1, 0, 1, 3),
    (_counted_xs, 1, 1, 0, 1),
    (_unchanged, 1, 1, 0, None),
]


def scan(rng: Any) -> list[Sample]:
    """Loops forward and in reverse, over 0, 1 and 3 steps, on numbers, vectors and axes without entries."""
    samples: list[Sample] = []
    for body, carries, xs, consts, first in _CASES:
        for shape, length in (((), 3), ((2,), 3), ((2,), 1), ((0,), 2), ((2,), 0), ((2, 1), 2)):
            for reverse in (False, True):
                type = ArrayType(shape)
                counter = () if first is None else (COUNTER,)
                inner = graph(body, *counter, *(type,) * (carries + xs + consts))
                arrays = [rng.normal(size=shape) for _ in range(carries)]
                arrays += [rng.normal(size=(length, *shape)) for _ in range(xs)]
                arrays += [rng.normal(size=shape) for _ in range(consts)]
                samples.append((arrays, _scan_params(inner, carries, xs, length, reverse, first)))
    return samples + [_unit_sample(rng, length, reverse) for length in (4, 1) for reverse in (False, True)]


def _unit_sample(rng: Any, length: int, reverse: bool) -> Sample:
    body = graph(_unit, ArrayType((3,)), ArrayType((3,)), ArrayType((3, 3)))
    arrays = [rng.normal(size=3), rng.normal(size=(length, 3)), rng.normal(size=(3, 3))]
    return arrays, _scan_params(body, 1, 1, length, reverse, None)


def _scan_params(body: Graph, carries: int, xs: int, length: Any, reverse: bool, first: int | None) -> dict[str, Any]:
    return {"body": body, "carries": carries, "xs": xs, "length": length, "reverse": reverse, "first": first}


# ---------------------------------------------------------------- while_loop


def _below(bound: float) -> Callable[..., Sequence[Node]]:
    def test(t: Node, c: Node, k: Node) -> list[Node]:
        return [apply("less", t, constant(bound, t.type))]

    return test


def _grown(t: Node, c: Node, k: Node) -> list[Node]:
    """A clock beside what it times."""
    return [t + 1, c + _sine(c * k)]


def _until_large(c: Node, k: Node) -> list[Node]:
    return [apply("less", _total(c * c), constant(20, ArrayType()))]


def _doubled(c: Node, k: Node) -> list[Node]:
    """The number of steps depends on the values."""
    return [c * 2 + _sine(c * k)]


def while_loop(rng: Any) -> list[Sample]:
    """No step, a step, several; a number of steps that the values decide."""
    samples: list[Sample] = []
    for shape in ((), (3,), (2, 2), (0,)):
        type = ArrayType(shape)
        types = (ArrayType(), type, type)
        for steps in (0, 1, 4):
            params = {"test": graph(_below(steps - 0.5), *types), "body": graph(_grown, *types), "carries": 2}
            arrays = [[rng.choice([0.0]), rng.normal(size=shape), rng.normal(size=shape)] for _ in range(2)]
            samples += [(each, params) for each in arrays]
        if 0 not in shape:
            params = {"test": graph(_until_large, type, type), "body": graph(_doubled, type, type), "carries": 1}
            samples += [([rng.uniform(0.5, 1, size=shape), rng.normal(size=shape)], params) for _ in range(3)]
    return samples


# ---------------------------------------------------------------- what is refused

_S, _V, _T = ArrayType(), ArrayType((3,)), ArrayType((), "bool")


def _given(*nodes: Node) -> Sequence[Node]:
    return nodes


def _widened(c: Node) -> list[Node]:
    return [_filled(c, constant(0, _V))]


_ONE, _PAIR, _WIDENED = graph(_given, _S), graph(_given, _S, _S), graph(_widened, _S)


def _truth(shape: Shape) -> Graph:
    def test(c: Node) -> list[Node]:
        return [constant(True, ArrayType(shape, "bool"))]

    return graph(test, _S)


COND_ERRORS: ErrorCases = (
    ((), {"then": _ONE, "other": _ONE}, "fewer inputs"),
    ((_S, _S), {"then": _ONE, "other": _ONE}, "one truth value as its predicate"),
    ((_T, _V), {"then": _ONE, "other": _ONE}, "branch 'then' of 'cond' takes other inputs"),
    ((_T, _S), {"then": _ONE, "other": _WIDENED}, "give other types"),
)
SCAN_ERRORS: ErrorCases = (
    ((_S,), _scan_params(_ONE, 2, 0, 3, False, None), "fewer inputs"),
    ((_S,), _scan_params(_ONE, 1, 0, None, False, None), "does not know its number of steps"),
    ((_S,), _scan_params(_ONE, 1, 0, -1, False, None), "does not know its number of steps"),
    ((_S, _V), _scan_params(_PAIR, 1, 1, 4, False, None), "over 4 steps cannot read float64[3]"),
    ((_S, _V), _scan_params(_PAIR, 1, 1, None, False, None), "over tapes cannot read float64[3]"),
    ((_S, _V), _scan_params(_PAIR, 1, 1, Dim("n"), False, None), "over n steps cannot read float64[3]"),
    ((_V,), _scan_params(_ONE, 1, 0, 3, False, None), "body of 'scan' takes other inputs"),
    ((_S,), _scan_params(_ONE, 1, 0, 3, False, 0), "body of 'scan' takes other inputs"),
    ((_S,), _scan_params(_WIDENED, 1, 0, 3, False, None), "changes the type of a carry"),
)
WHILE_ERRORS: ErrorCases = (
    ((), {"test": _truth(()), "body": _ONE, "carries": 1}, "fewer inputs"),
    ((_V,), {"test": _truth(()), "body": _ONE, "carries": 1}, "test of 'while_loop' takes other inputs"),
    ((_S,), {"test": _truth((3,)), "body": _ONE, "carries": 1}, "gives one truth value"),
    ((_S,), {"test": _truth(()), "body": _WIDENED, "carries": 1}, "changes the type of a carry"),
)
