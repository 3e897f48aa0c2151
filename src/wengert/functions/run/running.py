"""Programs made of recorded functions, run: on numbers, or as nodes of the trace that is open."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from wengert.core.ir.graph import Graph, Node, input_node
from wengert.core.ir.types import TapeType, TupleType
from wengert.core.ir.walk import depends_on, substitute, topological
from wengert.core.passes import pipeline
from wengert.functions.run.formulas import joined as joined
from wengert.functions.run.formulas import stable as stable
from wengert.functions.run.interned import Derive, interned
from wengert.functions.tracing.record import splice
from wengert.functions.tracing.standin import StandIn
from wengert.functions.tracing.tracer import Trace, current
from wengert.targets import interpreter


def before(outputs: Sequence[Node], further: Sequence[Node]) -> list[Node]:
    """The nodes from which, with the further inputs, the outputs are made: what depends on no further input, as late as it can be.

    A tape cannot be kept, so what it is recorded from is.
    """
    moved = depends_on(outputs, further)
    while True:
        edge = [x for node in topological(outputs) if node in moved for x in node.inputs if x not in moved]
        edge += [node for node in outputs if node not in moved]
        kept = dict.fromkeys(x for x in edge if x.op.leaf in (None, "input"))
        opaque = [x for x in kept if isinstance(x.type, TapeType | TupleType)]
        if not opaque:
            return list(kept)
        moved.update(opaque)


def placed(
    inputs: Sequence[Node],
    outputs: Sequence[Node],
    values: Sequence[Any],
    derive: Derive | None = None,
    mark: Hashable = None,
) -> list[Any]:
    """The outputs, or what `derive` makes of them and the inputs, in the trace that is open; on a tape they are one call, which is
    the same for equal graphs and equal marks.
    """
    around = current()
    if isinstance(around, Trace) or around is None:
        return list(splice(inputs, outputs if derive is None else derive(inputs, outputs), values))
    if not outputs:
        return []
    if derive is None:
        known = set(topological(outputs))
        read = [(node, value) for node, value in zip(inputs, values, strict=True) if node in known]
        inputs, values = [node for node, _ in read], [value for _, value in read]
    call, further = interned(inputs, outputs, derive, mark)
    return list(around.call(call, (*values, *further), {}))


class PreparedRun:
    """Outputs over inputs, simplified once and run as often as wanted."""

    def __init__(self, inputs: Sequence[Node], outputs: Sequence[Node]) -> None:
        self._inputs = list(inputs)
        self._outputs = list(outputs)
        self._compiled: Any = None

    def __call__(self, values: Sequence[Any]) -> list[Any]:
        """The outputs for values of the inputs: nodes of the open trace where one of them is traced, else numbers."""
        if any(isinstance(value, StandIn) for value in values):
            return placed(self._inputs, self._outputs, values)
        if self._compiled is None:
            renamed = [input_node(f"x{k}", node.type) for k, node in enumerate(self._inputs)]
            known = dict(zip(self._inputs, renamed, strict=True))
            graph = pipeline.run(Graph(tuple(renamed), tuple(substitute(self._outputs, known))))
            self._compiled = interpreter.compile(graph)
        return list(self._compiled(**{f"x{k}": value for k, value in enumerate(values)}))


def finish(inputs: Sequence[Node], outputs: Sequence[Node], values: Sequence[Any]) -> list[Any]:
    """The outputs for values of the inputs: nodes of the open trace where one of them is traced, else numbers."""
    return PreparedRun(inputs, outputs)(values)
