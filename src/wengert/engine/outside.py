"""The sight of a function that nothing around follows: its calls are on a tape, and what is made of them is kept for the next time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.engine import roots
from wengert.engine.arguments import Arguments
from wengert.engine.cold import pulled_back
from wengert.engine.programs import AT_ONCE, SECONDS_A_NODE, THIRD, Program
from wengert.engine.running import before, finish, joined, stable
from wengert.engine.sight import VALUES, Rest, Transform
from wengert.engine.written import Written, written
from wengert.errors import TraceError
from wengert.ir.graph import Node, input_node
from wengert.ir.types import ArrayType
from wengert.tracing.kinds import kind_of
from wengert.tracing.record import Leaf, leaf_of
from wengert.tracing.standin import StandIn
from wengert.tracing.tape import Tape
from wengert.tracing.trees import Spec, flatten, unflatten

Array = Any


class Outside:
    """A function that has run once on arrays."""

    def __init__(self, arguments: Arguments, leaves: Sequence[Leaf]) -> None:
        self.arguments = arguments
        values = [_owned(value, leaf) for value, leaf in zip(arguments.values, leaves, strict=True)]
        self.run_of = Run(arguments.f, tuple(arguments.places), values)
        given = list(arguments.args)

        def call(lives: Sequence[Any]) -> Any:
            for k, each in zip(arguments.places, unflatten(arguments.spec, lives), strict=True):
                given[k] = each
            return arguments.f(*given, **arguments.kwargs)

        self.run_of.follow(call)

    @property
    def spec(self) -> Spec:
        """The container of the result."""
        return self.run_of.spec

    @property
    def types(self) -> list[ArrayType]:
        """The types of the leaves of the result."""
        return [leaf.type for leaf in self.run_of.leaves]

    @property
    def weak(self) -> list[bool]:
        """Which leaves of the result are Python numbers."""
        return [leaf.weak for leaf in self.run_of.leaves]

    def run(self, transform: Transform, extra: Sequence[Any] = ()) -> list[Any]:
        """See `Sight`."""
        return self.run_of.made(transform, extra)

    def split(self, transform: Transform, types: Sequence[ArrayType]) -> tuple[list[Any], Rest]:
        """See `Sight`."""
        return self.run_of.split(transform, types)


class Run:
    """One run of a function on a tape, and what is made of it."""

    def __init__(self, f: Any, places: Any, values: Sequence[Any]) -> None:
        self.key = roots.code_of(f), places, tuple([kind_of(x) for x in values])
        self.tape = Tape(roots.root_of(self.key), values)
        self.outputs: tuple[int, ...] = ()
        self.leaves: list[Leaf] = []
        self.spec: Spec = None

    def follow(self, call: Any) -> None:
        """Run the function."""
        tape = self.tape
        with tape.open():
            leaves, self.spec = flatten(call([tape.argument(k) for k in range(tape.arguments)]))
            self.leaves = [leaf_of(x) for x in leaves]
            self.outputs = tuple([tape.placed(x) for x in leaves])

    # programs

    def made(self, transform: Transform, extra: Sequence[Any]) -> list[Any]:
        """What a transform makes of the run: the way that is cheapest for as often as it was asked for."""
        if any(isinstance(x, StandIn) for x in extra):
            inputs, nodes, further, _ = self._derived(transform, [leaf_of(x).type for x in extra])
            return finish([*inputs, *further], nodes, [*self.tape.inputs, *extra])
        given = [*self.tape.inputs, *extra]
        seat = self._seat((self.outputs, transform, tuple([kind_of(x) for x in extra])))
        if seat.program is not None and seat.program.native is not None:
            return list(seat.program(given))
        seat.calls += 1
        worth = seat.calls >= THIRD and (seat.estimate <= AT_ONCE or seat.spent >= seat.estimate)
        if not worth and (transform.back is not None or transform == VALUES):
            start = time.thread_time()
            found = self._cold(transform, extra)
            seat.spent += time.thread_time() - start
            if found is not None:
                return found
        if seat.program is None:
            inputs, nodes, further, holds = self._derived(transform, [leaf_of(x).type for x in extra])
            seat.program = Program([*inputs, *further], nodes)
            if not holds:
                roots.forget(self.key)
        return list(seat.program(given))

    def _seat(self, key: Any) -> Seat:
        path = self.tape.path
        if path is None:
            return Seat(self.tape.position, False)
        seat = path.programs.get(key)
        if seat is None:
            seat = path.programs.setdefault(key, Seat(self.tape.position, True))
        return seat

    def _cold(self, transform: Transform, extra: Sequence[Any]) -> list[Any] | None:
        """By the values of this run; None where one is not finite, of which the graph decides."""
        values = self.values()
        if transform.back is None:
            found = values
        else:
            try:
                found = list(transform.back(values, self._pull, extra))
            except TraceError:  # what has no derivative, unless the graph shows that none is needed
                return None
        return [_owned_result(x, self.tape) for x in found] if all(map(_is_finite, found)) else None

    def values(self) -> list[Array]:
        """The results."""
        self.tape.replay()
        values: Any = self.tape.values
        return [
            np.asarray(values[k] if k >= 0 else self.tape.inputs[~k], leaf.type.dtype)[()]
            for k, leaf in zip(self.outputs, self.leaves, strict=True)
        ]

    def _pull(self, cotangents: Sequence[Array | None]) -> list[Array]:
        tape = self.tape
        seeds: dict[int, Array] = {}
        for place, bar in zip(self.outputs, cotangents, strict=True):
            if bar is not None:
                seeds[place] = seeds[place] + bar if place in seeds else bar
        with np.errstate(all="ignore"):
            found = pulled_back(tape, seeds)
        return [
            np.zeros(np.shape(x), kind_of(x).dtype)[()] if bar is None else np.asarray(bar, kind_of(x).dtype)[()]
            for bar, x in zip(found, tape.inputs, strict=False)
        ]

    def _derived(
        self, transform: Transform, types: Sequence[ArrayType]
    ) -> tuple[list[Node], list[Node], list[Node], bool]:
        """The inputs of the run, the nodes of the transform, the further inputs; and whether it holds for other runs."""
        graph: Written = written(self.tape, self.outputs)
        further = [input_node(f"extra {k}", type) for k, type in enumerate(types)]
        outputs = stable(joined(graph.outputs))
        nodes = transform.derive(graph.inputs[: self.tape.arguments], outputs, further, *transform.static)
        return graph.inputs, joined(nodes), further, graph.holds

    def split(self, transform: Transform, types: Sequence[ArrayType]) -> tuple[list[Any], Rest]:
        """See `Sight`."""
        seat = self._seat((self.outputs, transform, tuple(types), "split"))
        seat.calls += 1
        if seat.halves is None and seat.calls < THIRD and transform.back is not None:
            values = self.values()
            if all(map(_is_finite, values)):
                return [_owned_result(x, self.tape) for x in values], lambda extra: self.made(transform, extra)
        if seat.halves is None:
            seat.halves = self._halves(transform, types)
        first, rest = seat.halves
        n = len(self.outputs)
        found = list(first(self.tape.inputs))
        return (
            found[:n],
            lambda extra: (
                finish(rest.inputs, rest.outputs, [*found[n:], *extra])
                if any(isinstance(x, StandIn) for x in extra)
                else list(rest([*found[n:], *extra]))
            ),
        )

    def _halves(self, transform: Transform, types: Sequence[ArrayType]) -> tuple[Program, Program]:
        """The values and what is kept of them; and the transform, from what is kept and the further inputs."""
        graph = written(self.tape, self.outputs)
        further = [input_node(f"extra {k}", type) for k, type in enumerate(types)]
        outputs = stable(joined(graph.outputs))
        nodes = joined(transform.derive(graph.inputs[: self.tape.arguments], outputs, further, *transform.static))
        kept = before(nodes, further)
        return Program(graph.inputs, [*outputs, *kept]), Program([*kept, *further], nodes)


class Seat:
    """What is known of a transform of a path: how often it was asked for, the time spent without a program, the program."""

    def __init__(self, calls: int, kept: bool) -> None:
        self.calls = 0
        self.spent = 0.0
        self.estimate = 3 * SECONDS_A_NODE * calls if kept else float("inf")
        self.program: Program | None = None
        self.halves: tuple[Program, Program] | None = None


def _is_finite(x: Array) -> bool:
    return x.dtype.kind not in "fc" or bool(np.isfinite(x).all())


def _owned(value: Any, leaf: Leaf) -> Any:
    """A number as a Python float; an array as it is."""
    if not leaf.weak:
        return value
    return complex(value) if leaf.type.is_complex else float(value)


def _owned_result(x: Any, tape: Tape) -> Any:
    """A result that shares no memory with an input."""
    if isinstance(x, np.ndarray) and (x.base is not None or any(x is each for each in tape.inputs)):
        return x.copy()
    return x
