"""Branches and loops as those of `lax`. Nothing is derived here, so a loop may be one whose number of steps is not known.

A while loop that records its steps has stacks of `max_steps` entries and the number of those that are there, a `RecordStack`. It stops at the
bound, and that is a finding, since the derivative of fewer steps is a plausible number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from wengert.core.ir.graph import Graph
from wengert.targets.xla.findings import Findings, first, number_of
from wengert.targets.xla.library import jnp, lax

Array = Any
Within = Callable[[Graph, Sequence[Array], Findings], tuple[tuple[Array, ...], Array | None]]
"""(sub-graph, arrays, findings) -> (its outputs, what was found, None where nothing was looked for)."""


class RecordStack(NamedTuple):
    """Records of a while loop: a stack with room for all, and how many there are."""

    stack: Array
    count: Array


def _constant(within: Within, findings: Findings, given: Sequence[Array], value: Any, type: Any) -> Array:
    number = value if hasattr(value, "dtype") or isinstance(value, int | complex) else float(value)
    return jnp.broadcast_to(jnp.asarray(number, type.dtype), type.shape)


def _item(within: Within, findings: Findings, given: Sequence[Array], index: int) -> Array:
    return given[0][index]


def _cond(within: Within, findings: Findings, given: Sequence[Array], then: Graph, other: Graph) -> tuple[Array, ...]:
    predicate, *operands = given

    def branch(graph: Graph) -> Callable[..., Any]:
        def run(arrays: Any) -> Any:
            outputs, found = within(graph, arrays, findings)
            return outputs, number_of(found)

        return run

    outputs, found = lax.cond(predicate, branch(then), branch(other), tuple(operands))
    findings.merge(found)
    return outputs


def _call(within: Within, findings: Findings, given: Sequence[Array], body: Graph, rule: Any) -> tuple[Array, ...]:
    outputs, found = within(body, given, findings)
    findings.merge(found)
    return outputs


class _Steps(NamedTuple):
    """A scan: its body, and where its inputs and outputs are."""

    within: Within
    findings: Findings
    body: Graph
    consts: Sequence[Array]
    carries: int
    first: int | None

    def step(self, t: Array, state: Sequence[Array], xs: Sequence[Array]) -> tuple[Any, Any, Array | None]:
        """The carries after step t, what it gives, and what was found."""
        counter = () if self.first is None else (t,)
        outputs, found = self.within(self.body, (*counter, *state, *xs, *self.consts), self.findings)
        return tuple(outputs[: self.carries]), tuple(outputs[self.carries :]), found


def _scan(
    within: Within,
    findings: Findings,
    given: Sequence[Array],
    body: Graph,
    carries: int,
    xs: int,
    length: int | None,
    reverse: bool,
    first: int | None,
) -> tuple[Any, ...]:
    state, stacks, consts = given[:carries], given[carries : carries + xs], given[carries + xs :]
    steps = _Steps(within, findings, body, consts, carries, first)
    begin = tuple(map(jnp.asarray, state)), jnp.zeros((), jnp.int32)
    if length is None:
        return _over_tapes(steps, begin, stacks, reverse)
    return _over_axis(steps, begin, tuple(stacks), length, reverse)


def _over_axis(
    steps: _Steps, begin: tuple[Any, Array], stacks: tuple[Array, ...], length: int, reverse: bool
) -> tuple[Any, ...]:
    def step(carry: Any, at: Any) -> Any:
        (state, found), (t, xs) = carry, at
        state, ys, later = steps.step(t, state, xs)
        return (state, first(found, later)), ys

    start = steps.first or 0
    times = jnp.arange(start, start + length, dtype=jnp.int64)
    (state, found), ys = lax.scan(step, begin, (times, stacks), length=length, reverse=reverse)
    steps.findings.merge(found)
    return (*state, *ys)


def _over_tapes(
    steps: _Steps, begin: tuple[Any, Array], tapes: Sequence[RecordStack], reverse: bool
) -> tuple[Any, ...]:
    """As many steps as there are records, not as there is room for."""
    count, room = tapes[0].count, tapes[0].stack.shape[0]
    start = steps.first or 0
    types = [y.type for y in steps.body.outputs[steps.carries :]]
    stacks = tuple(jnp.zeros((room, *type.shape), type.dtype) for type in types)

    def step(k: Array, carry: Any) -> Any:
        (state, found), stacks = carry
        place = count - 1 - k if reverse else k
        state, ys, later = steps.step(start + place, state, tuple(tape.stack[place] for tape in tapes))
        return (state, first(found, later)), tuple(s.at[place].set(y) for s, y in zip(stacks, ys, strict=True))

    (state, found), stacks = lax.fori_loop(jnp.zeros((), jnp.int64), count, step, (begin, stacks))
    steps.findings.merge(found)
    return (*state, *(RecordStack(stack, count) for stack in stacks))


def _while(
    within: Within,
    findings: Findings,
    given: Sequence[Array],
    test: Graph,
    body: Graph,
    carries: int,
    max_steps: int | None = None,
) -> tuple[Any, ...]:
    state, consts = tuple(map(jnp.asarray, given[:carries])), given[carries:]
    types = [y.type for y in body.outputs[carries:]]
    stacks = tuple(jnp.zeros((max_steps or 0, *type.shape), type.dtype) for type in types)

    def wanted(state: Sequence[Array]) -> Array:
        return within(test, (*state, *consts), findings)[0][0]

    def goes_on(carry: Any) -> Array:
        k, state, _, _ = carry
        return wanted(state) if max_steps is None else wanted(state) & (k < max_steps)

    def step(carry: Any) -> Any:
        k, state, stacks, found = carry
        outputs, later = within(body, (*state, *consts), findings)
        new = tuple(s.at[k].set(y) for s, y in zip(stacks, outputs[carries:], strict=True))
        return k + 1, tuple(outputs[:carries]), new, first(found, later)

    start = jnp.zeros((), jnp.int64), state, stacks, jnp.zeros((), jnp.int32)
    count, state, stacks, found = lax.while_loop(goes_on, step, start)
    findings.merge(found)
    if max_steps is not None:
        findings.add("a while loop of more steps than its max_steps", wanted(state))
    return (*state, *(RecordStack(stack, count) for stack in stacks))


CONTROL: dict[str, Callable[..., Any]] = {
    "constant": _constant,
    "item": _item,
    "cond": _cond,
    "call": _call,
    "scan": _scan,
    "while_loop": _while,
}
"""The ops that are lowered with their sub-graphs, and the leaves that need no vocabulary."""
