"""Graphs as native functions: a variant of code for each binding of the named sizes, and the way of what does not fit.

The newest variants check for themselves whether they are meant; what none takes comes here, to be converted, bound to
sizes, compiled, or run by the interpreter, whose errors are exact. It knows no Python function that a graph came from.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from wengert.errors import GraphError
from wengert.ir.graph import Graph
from wengert.ops.evaluate import Array, bind
from wengert.targets import interpreter
from wengert.targets.native import entry
from wengert.targets.native.build import Build
from wengert.targets.native.loops.expand import with_sizes
from wengert.targets.native.segments import Part, Segments, hosted_value, split
from wengert.targets.native.signature import Input, Parameter, Signature
from wengert.targets.room import check_graph

CHAIN = 4
"""So many variants are tried one after another before the sizes are looked up."""


class Variant:
    """The code of a graph whose sizes are numbers."""

    def __init__(self, graph: Graph, donated: Mapping[int, int], cache: bool, quick: bool = False) -> None:
        self.graph = graph
        self.donated = donated
        check_graph(graph, {})
        self.build = Build(graph, donated, quick=quick)
        self.segments = None if self.build.cut is not None else split(graph)
        self.parts: list[Callable[..., Any]] = []
        self._plain: Callable[..., Any] | None = None
        if self.segments is None:
            check_graph(graph, {}, self.build.emitted.arena_bytes)
            self.code = self.build.load(cache)
        else:
            self.parts = [_part(part, cache, quick) for part in self.segments.parts]

    def signature(
        self, parameters: Sequence[Parameter] | None, result: Any, strict: bool = False, weak: Sequence[bool] = ()
    ) -> Signature:
        """How the code is called."""
        back = set(self.donated.values())
        flags = weak or [False] * len(self.graph.inputs)
        inputs = tuple(
            Input(str(x.params["name"]), x.type, flags[k], k in back, strict) for k, x in enumerate(self.graph.inputs)
        )
        return Signature(
            inputs,
            tuple(y.type for y in self.graph.outputs),
            None if parameters is None else tuple(parameters),
            result,
            self.donated,
            self.build.emitted.arena_bytes,
            self.build.is_long,
        )

    def run(self, arrays: Sequence[Array], fallback: Callable[..., Any]) -> tuple[Any, ...]:
        """The outputs for arrays of the inputs' types without gaps. `fallback` takes the arrays where the code gives up."""
        if self.segments is not None:
            return _run_segments(self.segments, self.parts, arrays)
        plain = self._plain
        if plain is None:
            parameters = [Parameter(f"p{k}", k, "positional") for k in range(len(self.graph.inputs))]
            signature = self.signature(parameters, tuple(range(len(self.graph.outputs))))
            plain = self._plain = entry.builtin(self.code, signature, fallback, fallback)
        return plain(*arrays)


def _part(part: Part, cache: bool, quick: bool) -> Callable[..., Any]:
    if part.node is not None:
        return hosted_value(part.node)
    assert part.graph is not None
    graph = part.graph
    variant = Variant(graph, {}, cache, quick)
    plain = interpreter.compile(graph)
    return lambda *arrays: variant.run(arrays, lambda *given: plain(**dict(zip(graph.input_names, given, strict=True))))


def _run_segments(segments: Segments, parts: Sequence[Callable[..., Any]], arrays: Sequence[Array]) -> tuple[Any, ...]:
    values: list[Any] = [None] * segments.values
    values[: len(arrays)] = arrays
    for part, run in zip(segments.parts, parts, strict=True):
        made = run(*(values[k] for k in part.reads))
        for k, value in zip(part.writes, made if part.node is None else (made,), strict=True):
            values[k] = value if isinstance(value, tuple | list) else np.asarray(value)
    given = {id(array) for array in arrays}
    return tuple(_owned(values[k], given) for k in segments.outputs)


def _owned(value: Array, given: Collection[int]) -> Any:
    """A result that shares no memory with an input, as an op on the host may give; without axes, a NumPy scalar."""
    if value.ndim == 0:
        return value[()]
    return value.copy() if value.base is not None or id(value) in given else value


class Native:
    """A graph as a native function: f(**arrays) -> the outputs in order."""

    name = "native"

    def __init__(
        self, graph: Graph, sizes: Mapping[str, int] | None, donate: Sequence[str], cache: bool, quick: bool
    ) -> None:
        self.graph = graph
        self.sizes = dict(sizes or {})
        self.cache = cache
        self.quick = quick
        self.donated = pair_donated(graph, donate)
        self.variants: dict[tuple[tuple[str, int], ...], Variant] = {}
        self._interpreted: interpreter.Interpreted | None = None
        self._lock = threading.RLock()
        self._first: Callable[..., Any] = self._dispatch

    def __call__(self, /, **arrays: Any) -> tuple[Any, ...]:
        """The outputs for arrays by the names of the inputs; without axes, NumPy scalars.

        Raises ShapeError where an array does not fit its input, GraphError where the graph cannot be run on these values.
        """
        return self._first(**arrays)

    def interpret(self, /, **arrays: Any) -> tuple[Any, ...]:
        """The same by NumPy, node by node."""
        if self._interpreted is None:
            self._interpreted = interpreter.compile(self.graph, self.sizes)
        return self._interpreted(**arrays)

    def variant(self, sizes: Mapping[str, int]) -> Variant:
        """The code for these sizes, compiled where it is not there yet."""
        key = tuple(sorted(sizes.items()))
        with self._lock:
            if key not in self.variants:
                variant = Variant(with_sizes(self.graph, sizes), self.donated, self.cache, self.quick)
                self.variants[key] = variant
                if variant.segments is None and len(self.variants) <= CHAIN:
                    signature = variant.signature(None, tuple(range(len(self.graph.outputs))))
                    self._first = entry.builtin(variant.code, signature, self._first, self.interpret)
            return self.variants[key]

    def _dispatch(self, /, *args: Any, **values: Any) -> tuple[Any, ...]:
        known = interned(values)
        if known is not None:
            return self._first(*args, **known)
        if args:
            values = {**dict(zip(self.graph.input_names, args, strict=False)), **values}
        arrays, sizes = bind(self.graph, values, self.sizes)
        if any(a.dtype.kind == "c" and not x.type.is_complex for a, x in zip(arrays, self.graph.inputs, strict=True)):
            return self.interpret(**values)
        variant = self.variant(sizes)
        donated = set(variant.donated.values())
        names = self.graph.input_names
        own = [array is values[name] for array, name in zip(arrays, names, strict=True)]
        whole = [_whole(array, k in donated, own[k]) for k, array in enumerate(arrays)]
        return variant.run(whole, lambda *given: self.interpret(**dict(zip(names, given, strict=True))))


def interned(values: Mapping[str, Any]) -> dict[str, Any] | None:
    """The same under names by identity, as entries know them; None where they are that already. Names made at run time are not."""
    known = {sys.intern(name): value for name, value in values.items()}
    return known if any(a is not b for a, b in zip(known, values, strict=True)) else None


def _whole(array: Array, donated: bool, own: bool) -> Array:
    """The array without gaps; of a donated one that the code cannot overwrite as the caller's `own` array, a copy."""
    if not donated:
        return np.require(array, requirements=["C", "A"])
    flags = array.flags
    usable = own and flags.c_contiguous and flags.aligned and flags.writeable and not flags.writebackifcopy
    return array if usable else np.array(array, order="C")


def pair_donated(graph: Graph, donate: Sequence[str]) -> dict[int, int]:
    """For each donated input, in order, the first output of its type that no other has: output -> input.

    Raises GraphError where a name is no input, or no output has its type.
    """
    pairs: dict[int, int] = {}
    names = list(graph.input_names)
    for name in donate:
        if name not in names:
            raise GraphError(
                f"The donated '{name}' is no input.",
                f"  the inputs are {', '.join(names)}",
                "Donate an input by its name.",
            )
        k = names.index(name)
        type = graph.inputs[k].type
        free = [j for j, y in enumerate(graph.outputs) if y.type == type and j not in pairs]
        if not free:
            raise GraphError(
                f"No result has the type of the donated '{name}'.",
                f"  {name} is {type}; the results are {', '.join(str(y.type) for y in graph.outputs)}",
                "Donate what is given back with new values, such as the parameters of a step.",
            )
        pairs[free[0]] = k
    return pairs
