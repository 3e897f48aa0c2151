"""Graphs as functions of arrays: an executable for each binding of the named sizes, and the way of what does not fit.

The newest executables check for themselves whether they are meant; what none takes comes here, to be converted, bound to
sizes, compiled, or run by the interpreter, whose errors are exact. It knows no Python function that a graph came from.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from wengert.core.ir.graph import Graph
from wengert.core.ops.evaluate import bind
from wengert.targets import interpreter
from wengert.targets.base import Array, Executable, Target, target
from wengert.targets.parameters import Parameter, Tree
from wengert.targets.partition import lower
from wengert.targets.ready import pair_donated, with_sizes

CHAIN = 4
"""So many variants are tried one after another before the sizes are looked up."""


class Compiled(Protocol):
    """A graph that runs: arrays by the names of its inputs, to its outputs in order."""

    graph: Graph

    def __call__(self, /, **arrays: Any) -> tuple[Any, ...]:
        """The outputs; without axes, NumPy scalars. Raises ShapeError where an array does not fit its input."""
        ...

    def interpret(self, /, **arrays: Any) -> tuple[Any, ...]:
        """The same by NumPy, node by node."""
        ...

    def named(
        self, names: Sequence[str], result: Tree, slow: Callable[..., Any], fail: Callable[..., Any], doc: str
    ) -> Callable[..., Any]:
        """The callable with keywords `names`, one an input in order, that gives the tree `result` of outputs.

        `slow` takes all that is not just as an executable wants it, and runs the graph; `fail` is called where code gives up.
        """
        ...


def compile(
    graph: Graph,
    name: str = "native",
    sizes: Mapping[str, int] | None = None,
    *,
    donate: Sequence[str] = (),
    cache: bool = True,
    quick: bool = False,
) -> Compiled:
    """The graph as a callable over arrays by the target of that name; `sizes` gives the named sizes that no input has.

    The memory of the inputs in `donate` is that of results of the same types. With `cache`, object code is kept on disk. With
    `quick`, code is made in a fraction of the time where all arrays are small; it is hardly slower.

    Raises GraphError where there is no such target, or a donated name has no result of its type.
    """
    chosen = target(name)
    if not chosen.makes_code:
        return interpreter.compile(graph, sizes)
    return Dispatched(graph, chosen, sizes, donate, cache, quick)


class Dispatched:
    """A graph as code: f(**arrays) -> the outputs in order, by the code for the sizes of the arrays."""

    def __init__(
        self,
        graph: Graph,
        target: Target,
        sizes: Mapping[str, int] | None,
        donate: Sequence[str],
        cache: bool,
        quick: bool,
    ) -> None:
        self.graph = graph
        self.target = target
        self.sizes = dict(sizes or {})
        self.cache = cache
        self.quick = quick
        self.donated = pair_donated(graph, donate)
        self.variants: dict[tuple[tuple[str, int], ...], Executable] = {}
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

    def variant(self, sizes: Mapping[str, int]) -> Executable:
        """The code for these sizes, compiled where it is not there yet."""
        key = tuple(sorted(sizes.items()))
        with self._lock:
            if key not in self.variants:
                made = lower(
                    with_sizes(self.graph, sizes), self.target, self.donated, cache=self.cache, quick=self.quick
                )
                self.variants[key] = made
                if len(self.variants) <= CHAIN:
                    result = tuple(range(len(self.graph.outputs)))
                    self._first = made.entry(None, result, self._first, self.interpret) or self._first
            return self.variants[key]

    def named(
        self, names: Sequence[str], result: Tree, slow: Callable[..., Any], fail: Callable[..., Any], doc: str
    ) -> Named:
        """See `Compiled`. Each has a class of its own, whose call is the newest variant's entry."""
        return type("Named", (Named,), {"__doc__": doc, "__module__": __name__})(self, names, result, slow, fail)

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


class Named:
    """f(**values) -> a tree of the outputs. Each has a class of its own, whose call is the newest variant's emitted entry."""

    def __init__(
        self, graph: Dispatched, names: Sequence[str], result: Tree, slow: Callable[..., Any], fail: Callable[..., Any]
    ) -> None:
        self.graph = graph
        self.parameters = [Parameter(name, k, "keyword") for k, name in enumerate(names)]
        self.result = result
        self.slow = slow
        self.fail = fail
        self._entries = 0
        self._lock = threading.Lock()
        self._first: Callable[..., Any] = self._other

    def __call__(self, /, **values: Any) -> Any:
        return self._other(**values)

    def _other(self, /, *args: Any, **values: Any) -> Any:
        """What no entry takes: it is checked and run, which may compile a variant, whose entry comes first from then on."""
        known = interned(values)
        if known is not None:
            return self._first(*args, **known)
        found = self.slow(*args, **values)
        with self._lock:
            variants = list(self.graph.variants.values())[:CHAIN]
            for variant in variants[self._entries :]:
                made = variant.entry(self.parameters, self.result, self._first, self.fail)
                if made is not None:
                    self._first = type(self).__call__ = made
            self._entries = len(variants)
        return found


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
