"""The run of a function that nothing around follows: its calls are on a tape, and what is made of them is kept for the next time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.core.ir import collector
from wengert.core.ir.types import ArrayType
from wengert.errors import GraphError, TraceError
from wengert.functions.namespaces import standing
from wengert.functions.run import roots
from wengert.functions.run.arguments import Arguments
from wengert.functions.run.cold import Undecided, pulled_back
from wengert.functions.run.exponentials import calls_exponential
from wengert.functions.run.formulas import joined, opened, stable
from wengert.functions.run.others import Others, Start
from wengert.functions.run.programs import NodesProgram, Tiers
from wengert.functions.run.restated import Calls, restate, restated
from wengert.functions.run.running import before, result_in_trace
from wengert.functions.run.runs import (
    VALUES,
    Facts,
    Find,
    FunctionRun,
    RecordedRun,
    Residual,
    Transform,
    fact_of,
    found_again,
    further_inputs,
)
from wengert.functions.run.written import WrittenRun, written
from wengert.functions.tracing.kinds import Kind, kind_of
from wengert.functions.tracing.live import Live
from wengert.functions.tracing.record import Leaf, leaf_of
from wengert.functions.tracing.standin import StandIn
from wengert.functions.tracing.tape import Tape
from wengert.functions.tracing.trees import flatten, unflatten
from wengert.memory import refused

Array = Any
FEW = 32
"""The entries of shorter vectors are sooner looked at as Python numbers."""


class TapeRun(FunctionRun):
    """A function that has run once on arrays."""

    def __init__(
        self, codes: tuple[Any, ...], key: Any, values: Sequence[Any], kinds: Sequence[Kind], given: Sequence[Any] = ()
    ) -> None:
        self.key = key
        self.tape = Tape(roots.root_of(key, codes), values, kinds, given)
        self.outputs: tuple[int, ...] = ()
        """The places of the leaves of the result."""
        self.leaves = []
        self.spec = None
        self.last: Tiers | None = None
        """What is kept of the transform that was run last."""
        self._calls: Calls | None = None
        """The calls that stand in place of those of the tape; None before the values were asked for."""

    @classmethod
    def begun(
        cls,
        codes: tuple[Any, ...],
        key: tuple[Any, ...],
        values: Sequence[Any],
        kinds: Sequence[Kind],
        start: Start | None,
        args: list[Any],
        kwargs: dict[str, Any],
        places: Sequence[int],
    ) -> tuple[TapeRun, dict[str, Any]]:
        """A run before its first call, and the arguments by name: the other arguments are values of its tape where they have to be."""
        if start is None or not start.takes_others:
            return cls(codes, key, values, kinds), kwargs
        others = Others(args, kwargs, places)
        run = cls(codes, (*key, others.key), values, kinds, others.values)
        return run, others.filled(args, kwargs, run.tape)

    def follow(self, call: Callable[[Sequence[Any]], Any]) -> None:
        """Run the function on values of the tape."""
        tape = self.tape
        with tape:
            self.returned(call([tape.argument(k) for k in range(tape.arguments)]))

    def returned(self, result: Any) -> None:
        """Note what the function gave."""
        leaves, self.spec = flatten(result)
        self.leaves = [leaf_of(x) for x in leaves]
        self.outputs = tuple([self.tape.placed(x) for x in leaves])

    def returned_one(self, y: Live) -> None:
        """Note that the function gave one value of the tape, in no container: `spec` stays None."""
        self.leaves = [leaf_of(y)]
        self.outputs = (y.place,)

    # what is made of it

    def run(self, transform: Transform, extra: Sequence[Any] = ()) -> list[Any]:
        """See `FunctionRun`. The way is the one that is cheapest for as often as the transform was asked for."""
        if any(isinstance(x, StandIn) for x in extra):
            return super().run(transform, extra)
        given = [*self.tape.inputs, *extra]
        tiers = self.last = self.tiers((self.outputs, transform, tuple([kind_of(x) for x in extra])))
        if tiers.native is not None:
            return list(tiers.native(given))
        tiers.calls += 1
        if not tiers.is_due and (transform.back is not None or transform == VALUES):
            start = time.perf_counter()
            found = self._cold(transform, extra)
            tiers.spent += time.perf_counter() - start
            if found is not None:
                return found
        if tiers.program is None:
            self._hold(tiers, transform, extra)
        return list(tiers.run(given))

    def _hold(self, tiers: Tiers, transform: Transform, extra: Sequence[Any]) -> None:
        """Write the tape down, derive it, and keep the program of that."""
        with collector.waiting():
            graph, further = self.recorded(), further_inputs([leaf_of(x).type for x in extra])
            tiers.hold(NodesProgram([*graph.inputs, *further], graph.derived(transform, further)))
        if not graph.holds:
            roots.forget(self.key)

    def tiers(self, key: Any) -> Tiers:
        """What is kept of a transform of the calls of this run, for arrays of such kinds beside them in the result."""
        path = self.tape.path
        if path is None:
            return Tiers(None)
        outside = [k for k, place in enumerate(self.outputs) if place < 0]
        key = (*key, *[self.leaves[k] for k in outside]) if outside else key
        tiers = path.programs.get(key)
        if tiers is None:
            roots.used(self.key)
            tiers = path.programs.setdefault(key, Tiers(self.tape.position))
        return tiers

    def _cold(self, transform: Transform, extra: Sequence[Any]) -> list[Any] | None:
        """By the values of this run; None where one is not finite, or has no derivative, of which the graph decides."""
        found = self.values()
        if transform.back is not None:
            try:
                found = list(transform.back(found, self._pull, extra))
            except MemoryError as error:
                raise refused(error, "it is asked for by NumPy") from None
            except (TraceError, GraphError, Undecided):
                return None  # the graph may show that it is not needed, else it names the line
        return [self._owned(x) for x in found] if all(map(_is_finite, found)) else None

    def values(self) -> list[Array]:
        """The results, those of stable formulas where there are any."""
        self.tape.replay()
        if self._calls is None:
            self._calls = self._restated()
            if self._calls:
                restate(self.tape, self._calls)
        values, inputs = self.tape.values, self.tape.inputs
        assert values is not None
        found = [values[k] if k >= 0 else inputs[~k] for k in self.outputs]
        return [np.asarray(x, leaf.type.dtype)[()] for x, leaf in zip(found, self.leaves, strict=True)]

    def _restated(self) -> Calls:
        """The calls that are others in stable form; found out once for a path."""
        path, place = self.tape.path, self.tape.position
        if path is None:
            return restated(self.tape)
        found = path.restated.get(place)
        if found is None:
            found = path.restated.setdefault(place, restated(self.tape))
        return found

    def _pull(self, cotangents: Sequence[Array | None]) -> list[Array]:
        tape = self.tape
        seeds: dict[int, Array] = {}
        for place, bar in zip(self.outputs, cotangents, strict=True):
            if bar is not None:
                seeds[place] = seeds[place] + bar if place in seeds else bar
        found = pulled_back(tape, self._calls or {}, seeds)
        kinds = [kind_of(x) for x in tape.inputs[: tape.arguments]]
        return [
            np.zeros(kind.shape, kind.dtype)[()] if bar is None else np.asarray(bar, kind.dtype)[()]
            for bar, kind in zip(found, kinds, strict=True)
        ]

    def _owned(self, x: Any) -> Any:
        """A result that shares no memory with an input."""
        if isinstance(x, np.ndarray) and (x.base is not None or any(x is each for each in self.tape.inputs)):
            return x.copy()
        return x

    def recorded(self) -> RecordedRun:
        """See `FunctionRun`: the tape written down."""
        return recorded_tape(self.tape, written(self.tape, self.outputs))

    def split(self, transform: Transform, types: Sequence[ArrayType]) -> tuple[list[Any], Residual]:
        """See `FunctionRun`."""
        tiers = self.tiers((self.outputs, transform, tuple(types), "split"))
        tiers.calls += 1
        if tiers.halves is None and not tiers.is_due and transform.back is not None:
            values = self.values()
            if all(map(_is_finite, values)):
                return [self._owned(x) for x in values], lambda extra: self.run(transform, extra)
        if tiers.halves is None:
            graph, further = self.recorded(), further_inputs(types)
            nodes = opened(graph.derived(transform, further))
            kept = before(nodes, further)
            tiers.halves = NodesProgram(graph.inputs, [*graph.outputs, *kept]), NodesProgram([*kept, *further], nodes)
        first, second = tiers.halves
        found = list(first(self.tape.inputs))
        n = len(self.outputs)
        return found[:n], lambda extra: result_in_trace(second, [*found[n:], *extra])

    def structure(self, find: Find) -> Any:
        """See `FunctionRun`."""
        tape, path = self.tape, self.tape.path
        facts = [fact_of(x) for x in tape.inputs[tape.arguments :]]
        kept = [] if path is None else path.programs.setdefault((self.outputs, find), [])
        return found_again(kept, facts, lambda: super(TapeRun, self).structure(find))


def recorded_tape(tape: Tape, graph: WrittenRun) -> RecordedRun:
    """A tape that is written down, in stable form."""
    n = tape.arguments

    def facts() -> Facts:
        return dict(zip(graph.inputs[n:], map(fact_of, tape.inputs[n:]), strict=True))

    return RecordedRun(graph.inputs, stable(joined(graph.outputs)), tape.inputs, n, facts, graph.holds)


def _number(x: Any, leaf: Leaf) -> float | complex:
    """The Python number that a leaf of this type is."""
    return complex(x) if leaf.type.is_complex else float(x)


def run_on_tape(arguments: Arguments, leaves: Sequence[Leaf]) -> TapeRun:
    """The run of a function for arguments in containers."""
    values = [_number(x, leaf) if leaf.weak else x for x, leaf in zip(arguments.values, leaves, strict=True)]
    kinds = [kind_of(x) for x in values]
    codes = roots.codes_of(arguments.f)
    given, kwargs = list(arguments.args), arguments.kwargs
    key: tuple[Any, ...] = (roots.mark_of(codes), tuple(arguments.places), *kinds)
    start = None
    if (len(given) > len(arguments.places) or kwargs) and calls_exponential(arguments.f):
        start = Start(key, codes)
    made, kwargs = TapeRun.begun(codes, key, values, kinds, start, given, kwargs, arguments.places)
    made.arguments = arguments

    def call(lives: Sequence[Any]) -> Any:
        for k, each in zip(arguments.places, unflatten(arguments.spec, lives), strict=True):
            given[k] = each
        return standing(arguments.f)(*given, **kwargs)

    made.follow(call)
    if start is not None:
        start.settle(made.tape)
    return made


def _is_finite(x: Array) -> bool:
    if type(x) is np.float64:
        return math.isfinite(x)
    if x.ndim == 1 and len(x) < FEW and x.dtype.kind == "f":
        return all(map(math.isfinite, x.tolist()))
    return x.dtype.kind not in "fc" or bool(np.isfinite(x).all())
