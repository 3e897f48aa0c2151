"""Derived graphs as calls on a tape: equal graphs are one object, so that the run of today is compared with that of before.

A constant of the graph that is another the next time, an array or a number that the function reads from outside, becomes an input.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from wengert.core.ir.graph import Graph, Node, apply, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ir.walk import substitute, topological
from wengert.functions.run.formulas import stable
from wengert.functions.run.programs import GraphRunner
from wengert.functions.tracing.held import is_same
from wengert.functions.tracing.record import splice

Derive = Callable[[Sequence[Node], Sequence[Node]], Sequence[Node]]
MARKED = {repr(value) for value in (0.0, 1.0, -1.0, 2.0, 0.5)}
"""Numbers by which formulas are recognised: they stay constants."""
MOST = 4096
"""So many graphs are remembered, the least recently used go."""


class GraphCall:
    """A graph as a function of arrays, on numbers and in graphs."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    @cached_property
    def _program(self) -> GraphRunner:
        return GraphRunner(self.graph)

    def __call__(self, *values: Any) -> Sequence[Any]:
        """The outputs for arrays of the inputs."""
        return self._program.interpreted(*values)

    def rule(self, *values: Any) -> tuple[Any, ...]:
        """The outputs in the open trace."""
        return tuple(splice(self.graph.inputs, self.graph.outputs, values))


class _Form:
    """Graphs that differ in their constants alone: the values that these had first, which have moved, and the calls."""

    def __init__(self, values: Sequence[Any]) -> None:
        self.values = values
        self.moving: set[int] = set()
        self.calls: dict[Any, GraphCall] = {}

    def lifted(self, values: Sequence[Any]) -> list[int]:
        """The constants that are inputs, given the values of today; the others have one value, or one that marks a formula."""
        for k, (now, first) in enumerate(zip(values, self.values, strict=True)):
            if k not in self.moving and now is not first and not is_same(np.asarray(now), np.asarray(first)):
                self.moving.add(k)
        return [k for k in sorted(self.moving) if isinstance(values[k], np.ndarray) or repr(values[k]) not in MARKED]


_KNOWN: OrderedDict[Any, _Form] = OrderedDict()
_LOCK = threading.Lock()


def interned(
    inputs: Sequence[Node], outputs: Sequence[Node], derive: Derive | None = None, mark: Hashable = None
) -> tuple[GraphCall, list[Any]]:
    """The call of a graph, or of what `derive` makes of it: the same object for equal graphs and equal marks; and the values of its
    further inputs.
    """
    constants: list[Node] = []
    key = structure(inputs, outputs, constants), mark
    values = [node.params["value"] for node in constants]
    with _LOCK:
        form = _KNOWN.get(key)
        if form is None:
            form = _KNOWN[key] = _Form(values)
            if len(_KNOWN) > MOST:
                _KNOWN.popitem(last=False)
        _KNOWN.move_to_end(key)
        lifted = form.lifted(values)
        stay = form.moving.difference(lifted)
        choice = tuple(lifted), tuple([(k, repr(values[k])) for k in sorted(stay)])
    found = form.calls.get(choice)
    if found is None:
        found = form.calls.setdefault(choice, _made(inputs, outputs, [constants[k] for k in lifted], derive))
    return found, [_value(constants[k]) for k in lifted]


def _made(inputs: Sequence[Node], outputs: Sequence[Node], lifted: Sequence[Node], derive: Derive | None) -> GraphCall:
    """The call of a graph, some constants of which are inputs behind the others."""
    renamed = {node: input_node(f"x{k}", node.type) for k, node in enumerate(inputs)}
    further = [input_node(f"constant {k}", _type(node)) for k, node in enumerate(lifted)]
    known = dict(renamed)
    for node, x in zip(lifted, further, strict=True):
        known[node] = x if x.shape == node.shape else apply("broadcast", x, shape=node.shape, axes=())
    found = substitute(outputs, known)
    if derive is not None:
        found = derive(list(renamed.values()), found)
    return GraphCall(Graph((*renamed.values(), *further), tuple(stable(found))))


def _type(node: Node) -> ArrayType:
    """The type of the input that a constant becomes: of a number that fills a shape, a number."""
    return node.type if isinstance(node.params["value"], np.ndarray) else ArrayType((), node.type.dtype)


def _value(node: Node) -> Any:
    value = np.asarray(node.params["value"], node.type.dtype)
    return value if value.ndim else value[()]


def structure(inputs: Sequence[Node], outputs: Sequence[Node], constants: list[Node] | None = None) -> Any:
    """What equal graphs have in common: ops, parameters, and which nodes are read. With `constants`, those that may be others the
    next time are put there instead.
    """
    number: dict[Node, int] = {}
    lines: list[Any] = []
    for node in inputs:
        number[node] = len(number)
        lines.append(("input", node.type))
    for node in topological(outputs):
        if node in number:
            continue
        number[node] = len(number)
        if constants is not None and _may_move(node):
            constants.append(node)
            lines.append(("constant", node.type, isinstance(node.params["value"], np.ndarray)))
            continue
        params = tuple([(name, _frozen(value)) for name, value in node.params.items()])
        lines.append((node.op.name, params, tuple([number[x] for x in node.inputs]), node.type))
    return tuple(lines), tuple([number[y] for y in outputs])


def _may_move(node: Node) -> bool:
    """Whether a constant may come from outside: an array, or a number as Python writes it; those of rules are fractions."""
    if node.op.leaf != "constant":
        return False
    value = node.params["value"]
    return value.ndim > 0 if isinstance(value, np.ndarray) else type(value) in (float, complex)


def _frozen(value: Any) -> Any:
    if isinstance(value, Graph):
        return structure(value.inputs, value.outputs)
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, tuple | list):
        return type(value), tuple([_frozen(each) for each in value])  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, float | complex):  # 0 and -0 are equal, and a NaN is not equal to itself
        return type(value), value.real.hex(), value.imag.hex()
    return type(value), value
