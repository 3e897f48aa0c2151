"""Branches and loops for functions that are written down: Python's own `if` and `while` cannot ask for a number that is not known yet.

Called on arrays alone, a loop is written down and run; a branch on a known predicate is Python's.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from wengert.engine.running import finish
from wengert.errors import TraceError
from wengert.tracing.loops import Built, build_cond, build_fori, build_scan, build_while
from wengert.tracing.record import Leaf, leaf_of
from wengert.tracing.tracer import Traced
from wengert.tracing.trees import Spec, flatten, unflatten

Body = Callable[..., Any]


def cond(predicate: Any, then: Body, other: Body, *operands: Any) -> Any:
    """then(*operands) where the predicate holds, else other(*operands); only the one that is taken runs.

    Raises TraceError where the predicate is not one truth value, or the branches return other containers or shapes.
    """
    if not isinstance(predicate, Traced):
        return then(*operands) if predicate else other(*operands)
    if predicate.shape or predicate.dtype != bool:
        raise TraceError(
            f"'cond' takes one truth value, not {predicate.node.type}.",
            "  a branch is taken as a whole",
            "Compare numbers without axes, or choose entry by entry:  np.where(c, x, y)",
        )
    values, leaves, spec = _taken_apart(operands)
    built, result = build_cond(predicate, then, other, values, leaves, spec)
    return unflatten(result, _run(built))


def scan(f: Body, init: Any, xs: Any = None, length: int | None = None, reverse: bool = False) -> tuple[Any, Any]:
    """carry, y_t = f(carry, x_t) for every step t: (the last carry, the y_t stacked along a new first axis).

    `xs` is a container of arrays whose first axis has an entry a step; without it, `length` is the number of steps. With
    `reverse` the last step is the first.

    Raises TraceError where the number of steps is not known, or a carry changes its container, shape or dtype.
    """
    stacks = _taken_apart(xs)
    steps = _steps(stacks[0], length)
    built, ys = build_scan(f, _taken_apart(init), stacks, steps, reverse)
    found = _run(built)
    _, spec = flatten(init)
    n = spec.num_leaves
    return unflatten(spec, found[:n]), unflatten(ys, found[n:])


def fori_loop(lower: Any, upper: Any, body: Body, init: Any) -> Any:
    """carry = body(i, carry) for i = lower … upper − 1: the last carry.

    Where a bound is traced, the number of steps is known at run time only, and the loop is a `while_loop`.

    Raises TraceError where a carry changes its container, shape or dtype.
    """
    if isinstance(lower, Traced) or isinstance(upper, Traced):
        _, _, carry = while_loop(
            lambda state: state[0] < state[1],
            lambda state: (state[0] + 1, state[1], body(state[0], state[2])),
            (lower, upper, init),
        )
        return carry
    _, spec = flatten(init)
    built = build_fori(body, _taken_apart(init), operator.index(lower), operator.index(upper))
    return unflatten(spec, _run(built))


def while_loop(test: Body, body: Body, init: Any) -> Any:
    """carry = body(carry) as long as test(carry) holds: the last carry.

    Raises TraceError where a carry changes its container, shape or dtype, or the test gives no truth value.
    """
    _, spec = flatten(init)
    return unflatten(spec, _run(build_while(test, body, _taken_apart(init))))


def _taken_apart(tree: Any) -> tuple[list[Any], list[Leaf], Spec]:
    values, spec = flatten(tree)
    return values, [leaf_of(value) for value in values], spec


def _steps(stacks: Sequence[Any], length: int | None) -> int:
    """The number of steps of a scan, on which all that it reads agrees.

    Raises TraceError.
    """
    sizes = {leaf.shape[0] if leaf.shape else None for leaf in (leaf_of(stack).type for stack in stacks)}
    if length is not None:
        sizes.add(operator.index(length))
    if len(sizes) != 1 or None in sizes:
        shown = ", ".join(str(leaf_of(stack).type) for stack in stacks) or "none"
        raise TraceError(
            "The number of steps of 'scan' is not known, or not the same for all that it reads.",
            f"  the xs are {shown}; length={length}",
            "Give arrays whose first axis has an entry a step, or a 'length'.",
        )
    (steps,) = sizes
    assert isinstance(steps, int)
    return steps


def _run(built: Built) -> list[Any]:
    found = finish(built.inputs, built.outputs, built.values)
    for value, weak in zip(found, built.weak, strict=True):
        if isinstance(value, Traced):
            value.weak = weak
    return found
