"""A graph whose sizes are numbers as code in memory: run on arrays, or called by an entry of its own.

It knows no Python function that a graph came from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wengert.core.ir.graph import Graph
from wengert.core.ir.walk import order_of
from wengert.targets.base import Array
from wengert.targets.native import bound, entry
from wengert.targets.native.build import Build
from wengert.targets.native.signature import Input, Signature, with_given_outputs
from wengert.targets.native.support import is_native
from wengert.targets.parameters import Parameter, Tree
from wengert.targets.ready import check_graph


def lower(graph: Graph, donated: Mapping[int, int], *, cache: bool = True, quick: bool = False) -> Variant | None:
    """The code of a graph; None where a node of it has no native form.

    Raises MemoryLimitError where results or scratch memory do not fit.
    """
    check_graph(graph, {})
    build = Build(graph, donated, quick=quick)
    if build.cut is None and not all(map(is_native, order_of(graph))):
        return None
    return Variant(build, cache)


class Variant:
    """The code of a graph."""

    def __init__(self, build: Build, cache: bool) -> None:
        self.build, self.graph, self.donated = build, build.graph, build.donated
        check_graph(self.graph, {}, build.emitted.arena_bytes)
        self.code = build.load(cache)
        self._plain: Callable[..., Any] | None = None

    @property
    def bytes(self) -> int:
        """The bytes of the code."""
        return self.code.object_bytes

    def entry(
        self,
        parameters: Sequence[Parameter] | None,
        result: Tree,
        slow: Callable[..., Any],
        fail: Callable[..., Any],
        *,
        strict: bool = False,
        weak: Sequence[bool] = (),
        into: str | None = None,
    ) -> Callable[..., Any]:
        """The function of C that checks what it is given and calls the code: see `base.Executable`."""
        signature = self._signature(parameters, result, strict, weak)
        if into is not None:
            signature = with_given_outputs(signature, into)
        return entry.builtin(self.code, signature, slow, fail)

    def bound(
        self,
        arrays: Sequence[Array],
        outputs: Sequence[Array],
        result: Any,
        fail: Callable[[], Any],
        busy: Callable[[], Any],
    ) -> Callable[[], Any]:
        """The function of C without arguments: see `base.Executable`."""
        scratch, long = self.build.emitted.arena_bytes, self.build.is_long
        return bound.bind(self.code, arrays, outputs, scratch, long, result, fail, busy)

    def _signature(
        self, parameters: Sequence[Parameter] | None, result: Tree, strict: bool, weak: Sequence[bool]
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
        plain = self._plain
        if plain is None:
            parameters = [Parameter(f"p{k}", k, "positional") for k in range(len(self.graph.inputs))]
            plain = self._plain = self.entry(parameters, tuple(range(len(self.graph.outputs))), fallback, fallback)
        return plain(*arrays)
