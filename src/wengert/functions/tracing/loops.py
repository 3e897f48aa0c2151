"""Branches and loops of Python functions: their bodies are recorded, and what they read from outside becomes an input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.core.ir.graph import Graph, Node, apply, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ops.control import COUNTER, results
from wengert.errors import TraceError
from wengert.functions.tracing.operands import PYTHON
from wengert.functions.tracing.record import Leaf, Recorded, new_inputs, record
from wengert.functions.tracing.source import user_line
from wengert.functions.tracing.standin import StandIn
from wengert.functions.tracing.tracer import Traced
from wengert.functions.tracing.trees import Spec, flatten, unflatten

Body = Callable[..., Any]


@dataclass(frozen=True)
class Built:
    """A branch or a loop as nodes over inputs of its own, with the values that stand for them."""

    inputs: list[Node]
    values: list[Any]
    outputs: list[Node]
    weak: list[bool]


def _all_captured(sides: Sequence[Recorded]) -> list[Any]:
    return list({value.node: value for side in sides for value, _ in side.captured}.values())


def _outer(captured: Sequence[Any]) -> list[Node]:
    return [input_node(f"captured {k}", value.node.type) for k, value in enumerate(captured)]


def _recorded(inputs: Sequence[Node], leaves: Sequence[Leaf], call: Callable[[list[Traced]], Any]) -> Recorded:
    """A body written down.

    Raises TraceError where whole numbers that NumPy keeps narrower would enter or leave it.
    """
    found = record(inputs, leaves, call)
    for width in (*(leaf.width for leaf in leaves), *found.widths):
        if width is not None:
            raise TraceError(
                f"Loops and branches carry whole numbers as int64, and this one is given or gives {width}.",
                user_line(),
                "Convert first:  x.astype(np.int64)",
            )
    return found


# ---------------------------------------------------------------- cond


def build_cond(
    predicate: StandIn, then: Body, other: Body, operands: Sequence[Any], leaves: Sequence[Leaf], spec: Spec
) -> tuple[Built, Spec]:
    """The branch as a node, and the container of its results.

    Raises TraceError where the branches give other containers, shapes or dtypes.
    """
    names = [f"operand {k}" for k in range(len(leaves))]

    def side(f: Body) -> Recorded:
        inputs = new_inputs(names, leaves)
        return _recorded(inputs, leaves, lambda values: f(*unflatten(spec, values)))

    sides = [side(then), side(other)]
    _check_alike(sides)
    dtypes = [_meet(*pair) for pair in zip(*(_kinds(s) for s in sides), strict=True)]
    captured = _all_captured(sides)
    graphs = [_branch(s, dtypes, captured) for s in sides]
    truth = input_node("predicate", ArrayType((), "bool"))
    outer = new_inputs(names, leaves) + _outer(captured)
    node = apply("cond", truth, *outer, then=graphs[0], other=graphs[1])
    weak = [a and b for a, b in zip(sides[0].weak, sides[1].weak, strict=True)]
    return Built([truth, *outer], [predicate, *operands, *captured], results(node), weak), sides[0].spec


def _kinds(side: Recorded) -> list[Leaf]:
    return [Leaf(node.type, weak) for node, weak in zip(side.outputs, side.weak, strict=True)]


def _check_alike(sides: Sequence[Recorded]) -> None:
    shapes = [[node.shape for node in side.outputs] for side in sides]
    if sides[0].spec != sides[1].spec or shapes[0] != shapes[1]:
        shown = [", ".join(str(node.type) for node in side.outputs) or "nothing" for side in sides]
        raise TraceError(
            f"The branches of 'cond' give different results: {shown[0]} and {shown[1]}.",
            user_line(),
            "Let both branches return containers of one form, with arrays of the same shapes.",
        )


def _meet(a: Leaf, b: Leaf) -> str:
    """The dtype to which two results promote."""
    return str(np.result_type(*(_python(leaf) if leaf.weak else np.dtype(leaf.type.dtype) for leaf in (a, b))))


def _python(leaf: Leaf) -> int | float | complex:
    return PYTHON[np.dtype(leaf.type.dtype).kind](0)


def _branch(side: Recorded, dtypes: Sequence[str], captured: Sequence[Any]) -> Graph:
    held = _held(side, captured)
    return Graph((*side.inputs, *held), tuple(map(_cast, side.outputs, dtypes)))


def _held(side: Recorded, captured: Sequence[Any]) -> list[Node]:
    """The inputs of a sub-graph for what it and those beside it read from outside."""
    own = {value.node: inner for value, inner in side.captured}
    return [own[v.node] if v.node in own else input_node(f"unread {k}", v.node.type) for k, v in enumerate(captured)]


def _cast(node: Node, dtype: str) -> Node:
    return node if node.type.dtype == dtype else apply("cast", node, dtype=dtype)


# ---------------------------------------------------------------- loops


@dataclass(frozen=True)
class _Step:
    """A recorded body whose first results are the carries, of the types with which they entered."""

    carries: list[Leaf]
    body: Recorded
    after: list[Node]
    """The carries after the step."""


def _settled(carries: Sequence[Leaf], call: Callable[[list[Leaf]], Recorded], names: Sequence[str]) -> _Step:
    """The step for carries that keep their type: a Python number among them takes the dtype that the body gives it.

    Raises TraceError where a carry changes its shape or dtype.
    """
    current = list(carries)
    for _ in range(3 * len(current) + 2):
        body = call(current)
        wanted = [_carried(a, b, name) for a, b, name in zip(current, _kinds(body), names, strict=False)]
        if wanted == current:
            after = [_cast(node, leaf.type.dtype) for node, leaf in zip(body.outputs, current, strict=False)]
            return _Step(current, body, after)
        current = wanted
    raise AssertionError("a carry changes its type at most three times")


def _carried(before: Leaf, after: Leaf, name: str) -> Leaf:
    """The type of a carry that enters as one and leaves as the other."""
    if before.type == after.type and before.weak == after.weak:
        return before
    dtype = _meet(before, after)
    kept = dtype == before.type.dtype or before.weak
    if before.type.shape != after.type.shape or not kept:
        raise TraceError(
            f"The loop changes '{name}' from {before.type} to {after.type}.",
            user_line(),
            f"Begin with an array of that shape and dtype, or convert in the body:  x.astype('{before.type.dtype}')",
        )
    return Leaf(ArrayType(before.type.shape, dtype), before.weak and after.weak)


def _check_container(found: Any, spec: Spec, what: str) -> None:
    if found != spec:
        raise TraceError(
            f"The body returns another container than {what}.",
            user_line(),
            f"Return {what} in the form in which they came in:  {spec}",
        )


def build_scan(
    f: Body,
    init: tuple[Sequence[Any], Sequence[Leaf], Spec],
    xs: tuple[Sequence[Any], Sequence[Leaf], Spec],
    length: int,
    reverse: bool,
) -> tuple[Built, Spec]:
    """The loop f(carry, x) -> (carry, y) as a node; and the container of the ys.

    Raises TraceError where a carry changes its container, shape or dtype.
    """
    found: list[Spec] = []

    def call(carries: list[Leaf]) -> Recorded:
        given = [*carries, *(Leaf(ArrayType(x.type.shape[1:], x.type.dtype), False, x.width) for x in xs[1])]
        n = len(carries)

        def body(values: list[Traced]) -> Any:
            result = f(unflatten(init[2], values[:n]), unflatten(xs[2], values[n:]))
            carry, y = _pair(result)
            leaves, spec = flatten(carry)
            _check_container(spec, init[2], "the carries")
            others, spec = flatten(y)
            found[:] = [spec]
            return leaves + others

        names = [f"carry {k}" for k in range(n)] + [f"x {k}" for k in range(len(xs[1]))]
        return _recorded(new_inputs(names, given), given, body)

    step = _settled(init[1], call, [f"carry {k}" for k in range(len(init[1]))])
    n = len(step.carries)
    outer = [input_node(f"first {k}", leaf.type) for k, leaf in enumerate(step.carries)]
    outer += [input_node(f"xs {k}", leaf.type) for k, leaf in enumerate(xs[1])]
    captured = [value for value, _ in step.body.captured]
    outer += _outer(captured)
    body = Graph((*step.body.inputs, *_held(step.body, captured)), (*step.after, *step.body.outputs[n:]))
    counts = {"carries": n, "xs": len(xs[1]), "length": length}
    node = apply("scan", *outer, body=body, **counts, reverse=reverse, first=None)
    weak = [leaf.weak for leaf in step.carries] + [False] * (len(body.outputs) - n)
    return Built(outer, [*init[0], *xs[0], *captured], results(node), weak), found[0]


def _pair(result: Any) -> tuple[Any, Any]:
    if not isinstance(result, tuple) or len(result) != 2:  # pyright: ignore[reportUnknownArgumentType]
        raise TraceError(
            "The body of 'scan' returns a pair: the carries after the step, and what is stacked.",
            user_line(),
            "Where nothing is stacked write:  return carry, None",
        )
    return result  # pyright: ignore[reportUnknownVariableType]


def build_fori(f: Body, init: tuple[Sequence[Any], Sequence[Leaf], Spec], lower: int, upper: int) -> Built:
    """The loop carry = f(i, carry) for i from lower to upper − 1, as a node.

    Raises TraceError where a carry changes its container, shape or dtype.
    """

    def call(carries: list[Leaf]) -> Recorded:
        def body(values: list[Traced]) -> Any:
            leaves, spec = flatten(f(values[0], unflatten(init[2], values[1:])))
            _check_container(spec, init[2], "the carries")
            return leaves

        names = ["step", *(f"carry {k}" for k in range(len(carries)))]
        given = [Leaf(COUNTER, True), *carries]
        return _recorded(new_inputs(names, given), given, body)

    step = _settled(init[1], call, [f"carry {k}" for k in range(len(init[1]))])
    captured = [value for value, _ in step.body.captured]
    outer = [input_node(f"first {k}", leaf.type) for k, leaf in enumerate(step.carries)] + _outer(captured)
    body = Graph((*step.body.inputs, *_held(step.body, captured)), tuple(step.after))
    node = apply(
        "scan",
        *outer,
        body=body,
        carries=len(step.carries),
        xs=0,
        length=max(0, upper - lower),
        reverse=False,
        first=lower,
    )
    return Built(outer, [*init[0], *captured], results(node), [leaf.weak for leaf in step.carries])


def build_while(
    test: Body, f: Body, init: tuple[Sequence[Any], Sequence[Leaf], Spec], max_steps: int | None = None
) -> Built:
    """The loop carry = f(carry) as long as test(carry) holds, as a node; at most `max_steps` times where that is given.

    Raises TraceError where a carry changes its container, shape or dtype, or the test gives no truth value.
    """
    names = [f"carry {k}" for k in range(len(init[1]))]

    def call(carries: list[Leaf]) -> Recorded:
        def body(values: list[Traced]) -> Any:
            leaves, spec = flatten(f(unflatten(init[2], values)))
            _check_container(spec, init[2], "the carries")
            return leaves

        return _recorded(new_inputs(names, carries), carries, body)

    step = _settled(init[1], call, names)
    weak = [leaf.weak for leaf in step.carries]
    tested = _recorded(new_inputs(names, step.carries), step.carries, lambda values: test(unflatten(init[2], values)))
    if [node.type for node in tested.outputs] != [ArrayType((), "bool")]:
        shown = ", ".join(str(node.type) for node in tested.outputs) or "nothing"
        raise TraceError(
            f"The test of 'while_loop' gives {shown} instead of one truth value.",
            user_line(),
            "Compare numbers without axes, or write:  np.any(x > 0)",
        )
    captured = _all_captured([step.body, tested])
    outer = [input_node(f"first {k}", leaf.type) for k, leaf in enumerate(step.carries)] + _outer(captured)
    graphs = {
        "test": Graph((*tested.inputs, *_held(tested, captured)), tuple(tested.outputs)),
        "body": Graph((*step.body.inputs, *_held(step.body, captured)), tuple(step.after)),
    }
    bound = {} if max_steps is None else {"max_steps": max_steps}
    node = apply("while_loop", *outer, **graphs, carries=len(step.carries), **bound)
    return Built(outer, [*init[0], *captured], results(node), weak)
