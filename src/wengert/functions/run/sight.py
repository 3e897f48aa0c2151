"""Sight: one run of a user's function, its structure known, so that programs derived from it can be run on its inputs."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from wengert.core.ir.graph import Node, input_node
from wengert.core.ir.types import ArrayType
from wengert.functions.run.arguments import Argnums, Arguments
from wengert.functions.run.formulas import opened
from wengert.functions.run.running import PreparedRun, before, finish, joined, placed, stable
from wengert.functions.tracing.narrow import Width, restored
from wengert.functions.tracing.record import Leaf, leaf_of
from wengert.functions.tracing.standin import StandIn
from wengert.functions.tracing.tracer import current
from wengert.functions.tracing.trees import Spec, unflatten
from wengert.functions.tracing.watch import ON

MOST_STRUCTURES = 4
Derive = Callable[..., Sequence[Node]]
Pull = Callable[[Sequence[Any]], list[Any]]
Back = Callable[[Sequence[Any], Pull, Sequence[Any]], Sequence[Any]]
Facts = Mapping[Node, Any]
"""Of inputs of a graph beside the arguments: whole numbers and truth values themselves, of real numbers whether each is not 0."""
Find = Callable[[Sequence[Node], Sequence[Node], Facts], Any]
"""find(inputs, outputs, facts): what holds of a graph for all real numbers that may be its inputs."""
Rest = Callable[[Sequence[Any]], list[Any]]
"""From the further values of a transform to what it gives."""


@dataclass(frozen=True)
class Transform:
    """What is made of a function that is written down: derive(inputs, outputs, extra, *static) -> nodes.

    `derive` is a function of a module, pure; programs are kept by (derive, static), so equal transforms give equal nodes.
    """

    derive: Derive
    static: tuple[Hashable, ...] = ()
    back: Back | None = None
    """The same on the values of one run, where it is reverse mode: from the outputs, the map from their cotangents to those of the
    inputs (None stands for zero) and the further values."""


def values(inputs: Sequence[Node], outputs: Sequence[Node], extra: Sequence[Node]) -> Sequence[Node]:
    """The function itself."""
    return outputs


VALUES = Transform(values)


class Sight(Protocol):
    """A function that has run once on arguments: what it returned, by types, and the programs that can be made of it."""

    arguments: Arguments

    @property
    def spec(self) -> Spec:
        """The container of the result."""
        ...

    @property
    def types(self) -> list[ArrayType]:
        """The types of the leaves of the result."""
        ...

    @property
    def widths(self) -> list[Width]:
        """The dtypes that leaves of whole numbers have in NumPy."""
        ...

    @property
    def weak(self) -> list[bool]:
        """Which leaves of the result are Python numbers."""
        ...

    def run(self, transform: Transform, extra: Sequence[Any] = ()) -> list[Any]:
        """The program of a transform, on the inputs of this run and further values: arrays, or traced where an input is."""
        ...

    def split(self, transform: Transform, types: Sequence[ArrayType]) -> tuple[list[Any], Rest]:
        """The values of the run, and the transform as a function of further values of these types alone.

        What depends on no further value is computed here, once, and kept: the function itself is not run again.
        """
        ...

    def structure(self, find: Find) -> Any:
        """What `find` finds in the graph of this run; kept with its path, for as long as the facts are the same."""
        ...


class InnerTracer:
    """The sight of a function inside of another that is followed: its graph is written down at every call."""

    def __init__(self, arguments: Arguments, leaves: Sequence[Leaf]) -> None:
        self.arguments = arguments
        self._recorded = arguments.record(leaves)

    @cached_property
    def _stable(self) -> list[Node]:
        return stable(joined(self._recorded.outputs))

    @property
    def spec(self) -> Spec:
        """The container of the result."""
        return self._recorded.spec

    @property
    def types(self) -> list[ArrayType]:
        """The types of the leaves of the result."""
        return [node.type for node in self._recorded.outputs]

    @property
    def widths(self) -> list[Width]:
        """The dtypes that leaves of whole numbers have in NumPy."""
        return self._recorded.widths

    @property
    def weak(self) -> list[bool]:
        """Which leaves of the result are Python numbers."""
        return self._recorded.weak

    def run(self, transform: Transform, extra: Sequence[Any] = ()) -> list[Any]:
        """See `Sight`."""
        further = [input_node(f"extra {k}", leaf_of(value).type) for k, value in enumerate(extra)]
        recorded = self._recorded
        inputs = [*recorded.inputs, *(node for _, node in recorded.captured), *further]
        given = [*self.arguments.values, *(value for value, _ in recorded.captured), *extra]
        if any(isinstance(value, StandIn) for value in given):
            n, last = len(recorded.inputs), len(inputs) - len(further)

            def derive(xs: Sequence[Node], ys: Sequence[Node]) -> Sequence[Node]:
                return joined(transform.derive(xs[:n], stable(joined(ys)), xs[last:], *transform.static))

            return placed(inputs, recorded.outputs, given, derive, (transform, n, last))
        nodes = transform.derive(recorded.inputs, self._stable, further, *transform.static)
        return finish(inputs, joined(nodes), given)

    def split(self, transform: Transform, types: Sequence[ArrayType]) -> tuple[list[Any], Rest]:
        """See `Sight`."""
        recorded = self._recorded
        further = [input_node(f"extra {k}", type) for k, type in enumerate(types)]
        nodes = opened(joined(transform.derive(recorded.inputs, self._stable, further, *transform.static)))
        kept = before(nodes, further)
        inputs = [*recorded.inputs, *(node for _, node in recorded.captured)]
        given = [*self.arguments.values, *(value for value, _ in recorded.captured)]
        found = finish(inputs, [*self._stable, *kept], given)
        n = len(self._stable)
        rest = PreparedRun([*kept, *further], nodes)
        return found[:n], lambda extra: rest([*found[n:], *extra])

    def structure(self, find: Find) -> Any:
        """See `Sight`. Nothing is kept."""
        return find(self._recorded.inputs, self._stable, {})


def fact_of(x: Any) -> Any:
    """What a structure may read of an array: the array of whole numbers, of real ones where they are not 0."""
    array = np.asarray(x)
    return array.copy() if array.dtype.kind in "biu" else array != 0


def found_again(kept: list[tuple[list[Any], Any]], facts: list[Any], find: Callable[[], Any]) -> Any:
    """What was found for the same facts, else what is found now; the last few are kept."""
    for known, found in kept:
        if all(map(np.array_equal, known, facts)):
            return found
    found = find()
    kept.insert(0, (facts, found))
    del kept[MOST_STRUCTURES:]
    return found


def result_of(sight: Sight, values: Sequence[Any]) -> Any:
    """The result in its container, whole numbers in the dtypes that they have in NumPy."""
    return unflatten(sight.spec, [restored(x, width) for x, width in zip(values, sight.widths, strict=True)])


def seen(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Argnums) -> Sight:
    """f run once on arguments, to be derived by the real arguments `argnums`.

    Raises TraceError where one of them is not real, or f does with a traced value what a graph cannot hold.
    """
    arguments = Arguments(f, args, kwargs, argnums)
    leaves = arguments.real_leaves()
    if current() is not None or any(isinstance(value, StandIn) for value in arguments.values):
        return InnerTracer(arguments, leaves)
    if ON[0]:
        from wengert.functions.run.watching import Watched

        return Watched(arguments, leaves)
    from wengert.functions.run.outside import outside

    return outside(arguments, leaves)
