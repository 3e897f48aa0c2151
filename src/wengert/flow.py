"""Branches and loops for functions that are written down: Python's own `if` and `while` cannot ask for a number that is not known yet.

Called on arrays alone, a loop is written down and run; a branch on a known predicate is Python's.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.core.autodiff.memory import bytes_of_step, least_bytes, segments
from wengert.core.ir.graph import Node
from wengert.errors import TraceError
from wengert.functions.run.running import finish
from wengert.functions.tracing.loops import Built, build_cond, build_fori, build_scan, build_while
from wengert.functions.tracing.record import Leaf, leaf_of
from wengert.functions.tracing.standin import StandIn
from wengert.functions.tracing.tracer import Traced
from wengert.functions.tracing.trees import Spec, flatten, unflatten
from wengert.functions.transforms.checkpoints import checkpoint

Body = Callable[..., Any]


def cond(predicate: Any, then: Body, other: Body, *operands: Any) -> Any:
    """then(*operands) where the predicate holds, else other(*operands); only the one that is taken runs.

    Raises TraceError where the predicate is not one truth value, or the branches return other containers or shapes.
    """
    if not isinstance(predicate, StandIn):
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


def scan(
    f: Body, init: Any, xs: Any = None, length: int | None = None, reverse: bool = False, memory: int | None = None
) -> tuple[Any, Any]:
    """carry, y_t = f(carry, x_t) for every step t: (the last carry, the y_t stacked along a new first axis).

    `xs` is a container of arrays whose first axis has an entry a step; without it, `length` is the number of steps. With
    `reverse` the last step is the first. `memory` bounds the bytes that derivatives keep of the steps: where all steps need
    more, the loop runs in segments, of which the carries alone are kept and whose steps are run again on the way back.

    Raises TraceError where the number of steps is not known, a carry changes its container, shape or dtype, or no segments
    need as little as `memory`.
    """
    stacks = _taken_apart(xs)
    steps = _steps(stacks[0], length)
    built, ys = build_scan(f, _taken_apart(init), stacks, steps, reverse)
    lengths = () if memory is None or not steps else _segments(built.outputs, steps, memory)
    if lengths:
        return segmented(f, init, xs, steps, reverse, lengths)
    found = _run(built)
    _, spec = flatten(init)
    n = spec.num_leaves
    return unflatten(spec, found[:n]), unflatten(ys, found[n:])


def _segments(results: Sequence[Node], steps: int, memory: int) -> tuple[int, ...]:
    """The lengths of the segments of a scan.

    Raises TraceError.
    """
    if not results:
        return ()
    cost = bytes_of_step(results[0].inputs[0])
    lengths = segments(steps, cost, memory)
    if lengths is None:
        raise TraceError(
            f"The derivative of a loop of {steps} steps needs more than {memory} bytes, however it is cut into segments.",
            f"  a checkpoint needs {cost.carries} bytes, a step {cost.kept}",
            f"Give it the least that it needs:  memory={least_bytes(steps, cost)}",
        )
    return lengths


def segmented(f: Body, init: Any, xs: Any, steps: int, reverse: bool, lengths: Sequence[int]) -> tuple[Any, Any]:
    """The same scan by segments of the first of the lengths, these by segments of the second, and so on; each a checkpoint."""
    if not lengths:
        return scan(f, init, xs, steps, reverse)
    if lengths[0] >= steps:
        return segmented(f, init, xs, steps, reverse, lengths[1:])
    size = lengths[0]
    count, left = divmod(steps, size)
    # Where the last step is the first, what is left over stands in front.
    inner, rest = (np.s_[left:], np.s_[:left]) if reverse else (np.s_[: steps - left], np.s_[steps - left :])

    @checkpoint
    def segment(carry: Any, part: Any) -> Any:
        return segmented(f, carry, part, size, reverse, lengths[1:])

    @checkpoint
    def last(carry: Any, part: Any) -> Any:
        return segmented(f, carry, part, left, reverse, lengths[1:])

    parts = _each(xs, lambda x: np.reshape(x[inner], (count, size, *np.shape(x)[1:])))
    carry, ys = scan(segment, init, parts, count, reverse)
    ys = _each(ys, lambda y: np.reshape(y, (count * size, *np.shape(y)[2:])))
    if left:
        carry, more = last(carry, _each(xs, lambda x: x[rest]))
        both = [more, ys] if reverse else [ys, more]
        pairs = zip(*(flatten(each)[0] for each in both), strict=True)
        ys = unflatten(flatten(ys)[1], [np.concatenate(pair) for pair in pairs])
    return carry, ys


def _each(tree: Any, change: Callable[[Any], Any]) -> Any:
    values, spec = flatten(tree)
    return unflatten(spec, [change(value) for value in values])


def fori_loop(lower: Any, upper: Any, body: Body, init: Any, memory: int | None = None) -> Any:
    """carry = body(i, carry) for i = lower … upper − 1: the last carry.

    Where a bound is traced, the number of steps is known at run time only, and the loop is a `while_loop`. `memory` is that of
    `scan`.

    Raises TraceError where a carry changes its container, shape or dtype.
    """
    if isinstance(lower, StandIn) or isinstance(upper, StandIn):
        _, _, carry = while_loop(
            lambda state: state[0] < state[1],
            lambda state: (state[0] + 1, state[1], body(state[0], state[2])),
            (lower, upper, init),
        )
        return carry
    if memory is not None:
        places = np.arange(operator.index(lower), operator.index(upper))
        return scan(lambda carry, i: (body(i, carry), None), init, places, memory=memory)[0]
    _, spec = flatten(init)
    built = build_fori(body, _taken_apart(init), operator.index(lower), operator.index(upper))
    return unflatten(spec, _run(built))


def while_loop(test: Body, body: Body, init: Any, max_steps: int | None = None) -> Any:
    """carry = body(carry) as long as test(carry) holds: the last carry.

    `max_steps` promises that there are no more steps. The back end `xla` needs it for derivatives, since it makes room for the
    records of all steps before the first; there and by NumPy one step more is an error, native code does not count.

    Raises TraceError where a carry changes its container, shape or dtype, the test gives no truth value, or `max_steps` is
    negative; GraphError where the loop wants more steps.
    """
    _, spec = flatten(init)
    bound = None if max_steps is None else operator.index(max_steps)
    if bound is not None and bound < 0:
        raise TraceError(
            f"A while loop of at most {bound} steps makes no sense.",
            f"  max_steps={bound}",
            "Give a whole number that is not negative, or leave max_steps out.",
        )
    return unflatten(spec, _run(build_while(test, body, _taken_apart(init), bound)))


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
