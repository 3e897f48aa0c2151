"""Programs made of recorded functions, run: on numbers, or as nodes of the trace that is open."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from wengert.core.ir.graph import Node
from wengert.core.ir.types import TapeType, TupleType
from wengert.core.ir.walk import depends_on, topological
from wengert.functions.run.formulas import joined as joined
from wengert.functions.run.formulas import stable as stable
from wengert.functions.run.interned import Derive, interned
from wengert.functions.run.programs import NodesProgram
from wengert.functions.tracing.record import splice
from wengert.functions.tracing.standin import StandIn
from wengert.functions.tracing.tracer import Trace, current


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


def result_in_trace(program: NodesProgram, values: Sequence[Any]) -> list[Any]:
    """The outputs of a program for values of its inputs: nodes of the open trace where one of them is traced, else numbers."""
    if any(isinstance(value, StandIn) for value in values):
        return placed(program.inputs, program.outputs, values)
    return list(program(values))


def finish(inputs: Sequence[Node], outputs: Sequence[Node], values: Sequence[Any]) -> list[Any]:
    """The outputs for values of the inputs: nodes of the open trace where one of them is traced, else numbers."""
    if any(isinstance(value, StandIn) for value in values):
        return placed(inputs, outputs, values)
    return list(NodesProgram(inputs, outputs)(values))
