"""Watching for numbers that are not finite: where the first one arises, forward or on the way back.

A watched function runs call by call, each by NumPy, and its derivatives are run by the interpreter. Where a result of these is not
finite, the backward pass is gone through, contribution by contribution, for the first that is not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import numpy as np

from wengert.core.autodiff.masks import Gate, annihilating, listed
from wengert.core.autodiff.reverse import Adjoints, contributions
from wengert.core.ir.graph import Graph, Node, constant
from wengert.core.ir.types import ArrayType
from wengert.core.ir.walk import topological
from wengert.core.ops.evaluate import evaluate
from wengert.core.passes.open_primes import open_primes
from wengert.errors import NonFiniteError
from wengert.functions.namespaces import standing
from wengert.functions.run.arguments import Arguments
from wengert.functions.run.interned import GraphCall
from wengert.functions.run.on_tape import recorded_tape
from wengert.functions.run.runs import FunctionRun, RecordedRun, Residual, Transform
from wengert.functions.run.written import WrittenRun, written
from wengert.functions.tracing import references
from wengert.functions.tracing.kinds import Kind
from wengert.functions.tracing.paths import Root
from wengert.functions.tracing.record import Leaf, leaf_of
from wengert.functions.tracing.repairs import called
from wengert.functions.tracing.source import Line, running, shown_line
from wengert.functions.tracing.tape import Tape
from wengert.functions.tracing.trees import flatten, name_of, unflatten
from wengert.functions.tracing.watch import FOUND, ON, PLAIN, Annihilation

SHOWN = 3
"""So many values that a call was given are shown."""


class WatchedTape(Tape):
    """A tape that looks at the value of every call, and knows the line of each."""

    def __init__(self, inputs: Sequence[Any]) -> None:
        super().__init__(Root(), inputs)
        self.path, self.log, self.kinds = None, [], []
        self.keys, self.values = (), []
        self.lines: dict[int, Line | None] = {}

    def _computed(self, key: Any) -> Any:
        place = self.position
        found = super()._computed(key)
        self.lines[place] = running()
        given = self.given(key)
        values: Any = self.values
        for k in range(place, self.position):
            arisen = _arisen(values[k], given)
            if arisen is not None:
                raise NonFiniteError(
                    f"'{_named(key[0])}' gives {arisen}, the first value that is not finite.",
                    f"{shown_line(self.lines[place])}\n  it is given {_shown(given)}",
                    "Keep what it is given where it is finite:  np.where(x > 0, np.log(np.where(x > 0, x, 1.0)), 0.0)",
                )
        return found

    def written(self, places: Sequence[int]) -> WrittenRun:
        """The results at some places, as a graph of the inputs."""
        return written(self, places, [self.lines.get(k) for k in range(self.position)])

    def call_of(self, place: int) -> int:
        """The place of the call that gave a result: one of several results stands behind it."""
        while place not in self.lines and place > 0:
            place -= 1
        return place

    def given_at(self, place: int) -> list[Any]:
        """The values that the call at a place, or the one that gave the result there, reads."""
        return self.given(self.log[self.call_of(place)])

    def given(self, key: Any) -> list[Any]:
        """The values that a call reads."""
        found: list[int] = []
        given, named = references.arguments(key)
        for each in (*given, *(each for _, each in named)):
            references.places(each, found)
        values: Any = self.values
        return [values[k] if k >= 0 else self.inputs[~k] for k in dict.fromkeys(found)]


def _named(function: Any) -> str:
    """The name of a call."""
    if isinstance(function, GraphCall):
        return "a loop, a branch or a derivative"
    return called(getattr(function, "ufunc", function))


def _arisen(value: Any, given: Sequence[Any]) -> str | None:
    """The first entry that is not finite and does not come from one that was not: NaN from no NaN, an infinity from none."""
    if isinstance(value, list):
        return None
    x = np.asarray(value)
    if x.dtype.kind not in "fc" or np.isfinite(x).all():
        return None
    inputs = [np.asarray(y) for y in given]
    inputs = [y for y in inputs if y.dtype.kind in "fc"]
    if np.isnan(x).any():
        if any(np.isnan(y).any() for y in inputs):
            return None
        return _entry(x, np.isnan(x))
    return None if any(not np.isfinite(y).all() for y in inputs) else _entry(x, ~np.isfinite(x))


def _entry(x: Any, wrong: Any) -> str:
    if not x.ndim:
        return str(x[()])
    place = np.unravel_index(int(np.argmax(wrong)), x.shape)
    return f"{x[place]} at entry {', '.join(str(int(k)) for k in place)}"


def _shown(values: Sequence[Any]) -> str:
    shown = [
        np.array2string(np.asarray(x), threshold=8, precision=6, separator=", ").replace("\n", "")
        for x in values[:SHOWN]
    ]
    return " and ".join(shown) + (" …" if len(values) > SHOWN else "") if shown else "nothing"


class WatchedRun(FunctionRun):
    """The run of a function that is watched: nothing of it is kept."""

    def __init__(self, arguments: Arguments, leaves: Sequence[Leaf]) -> None:
        self.arguments = arguments
        weak = [
            float(x) if leaf.weak and type(x) is int else x for x, leaf in zip(arguments.values, leaves, strict=True)
        ]
        self.tape = tape = WatchedTape(weak)
        with tape:
            args = list(arguments.args)
            lives = unflatten(arguments.spec, [tape.argument(k) for k in range(tape.arguments)])
            for k, live in zip(arguments.places, lives, strict=True):
                args[k] = live
            found, self.spec = flatten(standing(arguments.f)(*args, **arguments.kwargs))
            self.leaves = [leaf_of(x) for x in found]
            self.outputs = [tape.placed(x) for x in found]

    def recorded(self) -> RecordedRun:
        """See `FunctionRun`."""
        return recorded_tape(self.tape, self.tape.written(self.outputs))

    def run(self, transform: Transform, extra: Sequence[Any] = ()) -> list[Any]:
        """See `FunctionRun`.

        Raises NonFiniteError where a result is not finite.
        """
        with annihilating(not PLAIN[0]):
            found = super().run(transform, extra)
        return self._looked_at(found)

    def split(self, transform: Transform, types: Sequence[ArrayType]) -> tuple[list[Any], Residual]:
        """See `FunctionRun`.

        Raises NonFiniteError where a result is not finite.
        """
        with annihilating(not PLAIN[0]):
            found, rest = super().split(transform, types)
        return found, lambda extra: self._looked_at(rest(extra))

    def _looked_at(self, found: list[Any]) -> list[Any]:
        FOUND[-1].extend(_annihilated(self.tape, self.outputs))
        if all(_is_finite(x) for x in found):
            return found
        error = _backward(self.tape, self.outputs)
        if error is None and all(_is_finite(x) for x in self.tape.inputs):
            error = NonFiniteError(
                f"A derivative of '{name_of(self.arguments.f)}' is not finite, and no single step back shows why.",
                f"  at {_shown(self.arguments.values)}",
                "Look whether numbers grow beyond what a float holds from step to step.",
            )
        if error is None:
            return found  # what the function was given is not finite itself
        raise error


def _is_finite(x: Any) -> bool:
    array = np.asarray(x) if isinstance(x, np.ndarray | np.generic | float | complex) else None
    return array is None or array.dtype.kind not in "fc" or bool(np.isfinite(array).all())


# ---------------------------------------------------------------- the way back


@dataclass(frozen=True)
class _WayBack:
    """A run written down with all of its calls, and the way back from its results."""

    graph: WrittenRun
    owner: dict[Node, int]
    """The call that each node was made by."""
    inputs: list[Node]
    adjoints: Adjoints
    gates: list[Gate]


def _way_back(tape: WatchedTape, outputs: Sequence[int]) -> _WayBack:
    places = [k for k in range(tape.position) if isinstance(tape.kinds[k], Kind)]
    graph = tape.written([*places, *outputs])
    owner = _owners(places, graph.outputs, graph.inputs)
    last = [y for y in graph.outputs[len(places) :] if y.type.is_float]
    inputs = list(graph.inputs[: tape.arguments])
    with annihilating(not PLAIN[0]), listed() as gates:
        adjoints = contributions(last, inputs, [constant(1, y.type) for y in last], masked=True)
    return _WayBack(graph, owner, inputs, adjoints, gates)


def _evaluated(tape: WatchedTape, graph: WrittenRun, nodes: Sequence[Node]) -> dict[Node, Any]:
    """The values of nodes of a run that is written down."""
    values = {str(node.params["name"]): x for node, x in zip(graph.inputs, tape.inputs, strict=True)}
    with np.errstate(all="ignore"):
        found = evaluate(open_primes(Graph(tuple(graph.inputs), tuple(nodes))), values)
    return dict(zip(nodes, found, strict=True))


def _annihilated(tape: WatchedTape, outputs: Sequence[int]) -> list[Annihilation]:
    """The products on the way back that are not finite where their signal is nothing."""
    way = _way_back(tape, outputs)
    value = _evaluated(tape, way.graph, list({node for gate in way.gates for node in (gate.truths, gate.product)}))
    found: list[Annihilation] = []
    for gate in way.gates:
        wrong = ~np.isfinite(value[gate.product]) & ~value[gate.truths]
        place = way.owner.get(gate.node)
        if place is not None and np.any(wrong):
            call = tape.call_of(place)
            line = shown_line(tape.lines[call])
            found.append(Annihilation(_named(tape.log[call][0]), line, int(np.sum(wrong)), int(np.size(wrong))))
    return found


def _backward(tape: WatchedTape, outputs: Sequence[int]) -> NonFiniteError | None:
    """Where what is not finite in the derivatives comes from: the step back that makes it from a signal that is finite."""
    way = _way_back(tape, outputs)
    graph, owner, adjoints, inputs = way.graph, way.owner, way.adjoints, way.inputs
    uses = {v: adjoints.contributions[v] for v in adjoints.contributions}
    terms = list(dict.fromkeys(term for each in uses.values() for _, term in each))
    value = _evaluated(tape, graph, terms)

    def wrong(v: Node) -> list[tuple[Node | None, Node]]:
        return [(u, term) for u, term in uses.get(v, ()) if not _is_finite(value[term])]

    at = next((x for x in inputs if wrong(x)), None)
    while at is not None:
        u, term = wrong(at)[0]
        if u is None:
            return None
        if not wrong(u):
            place = owner.get(u)
            if place is None or not all(map(_is_finite, tape.given_at(place))):
                return None
            return _error(tape, place, value[term], [value[t] for _, t in uses[u]])
        at = u
    return None


def _owners(places: Sequence[int], nodes: Sequence[Node], inputs: Sequence[Node]) -> dict[Node, int]:
    """The call that each node was made by."""
    found: dict[Node, int] = {}
    known = set(inputs)
    for place, node in zip(places, nodes, strict=False):
        for each in topological([node], known):
            if each not in known:
                known.add(each)
                found[each] = place
    return found


def _error(tape: WatchedTape, place: int, value: Any, arrives: Sequence[Any]) -> NonFiniteError:
    place = tape.call_of(place)
    key = tape.log[place]
    x = np.asarray(value)
    return NonFiniteError(
        f"The derivative of '{_named(key[0])}' is {_entry(x, ~np.isfinite(x))}, the first on the way back that is not finite.",
        f"{shown_line(tape.lines[place])}\n  it was given {_shown(tape.given(key))}"
        + (f", and the signal {_shown(arrives)}" if arrives else ""),
        "Keep what it is given where its derivative is finite, away from the point itself:  np.sqrt(x + 1e-12)",
    )


# ---------------------------------------------------------------- functions that would be compiled


def watched(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """f(*args, **kwargs), its calls looked at one by one."""
    with np.errstate(all="ignore"):
        result = f(*args, **kwargs)  # derivatives that it asks for are watched by themselves
    places = [k for k, arg in enumerate(args) if _all_real(arg)]
    if not places:
        return result
    arguments = Arguments(f, args, kwargs, places)
    run = WatchedRun(arguments, arguments.real_leaves)
    values: Any = run.tape.values
    found = [values[k] if k >= 0 else run.tape.inputs[~k] for k in run.outputs]
    return unflatten(run.spec, found)


def or_watched(f: Callable[..., Any], compiled: Callable[..., Any]) -> Callable[..., Any]:
    """The compiled function; f itself, watched, as long as the switch is on."""

    @wraps(f)
    def either(*args: Any, **kwargs: Any) -> Any:
        return watched(f, args, kwargs) if ON[0] else compiled(*args, **kwargs)

    return either


def _all_real(arg: Any) -> bool:
    leaves, _ = flatten(arg)
    return bool(leaves) and all(isinstance(x, float) or getattr(x, "dtype", np.dtype(int)).kind == "f" for x in leaves)
