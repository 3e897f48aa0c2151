"""The calls on a tape written down as a graph, each by its rule. It knows no derivative."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wengert.core.ir.graph import Node, constant, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ops.complex_numbers import real_part
from wengert.errors import GraphError, TraceError
from wengert.functions.tracing import references
from wengert.functions.tracing.calls import BY_ENTRIES, rule_of
from wengert.functions.tracing.kinds import Kind, Several, kind_of
from wengert.functions.tracing.operands import as_node
from wengert.functions.tracing.repairs import called
from wengert.functions.tracing.source import STANDS_FOR, Line, user_line
from wengert.functions.tracing.tape import Tape
from wengert.functions.tracing.tracer import OPEN, Trace, Traced


@dataclass(frozen=True)
class WrittenRun:
    """A run as a graph: its inputs, all of them in order, and the nodes of some results."""

    inputs: list[Node]
    outputs: list[Node]
    weak: list[bool]
    """Which outputs are Python numbers."""
    holds: bool
    """Whether it holds for other inputs of the same types; not where a rule asked for the entries of an array."""


def written(tape: Tape, places: Sequence[int], lines: Sequence[Line | None] | None = None) -> WrittenRun:
    """The results at some places, as a graph of the inputs of the run; `lines` of the calls, where they are not those of the path.

    Raises TraceError where a call has no form in a graph.
    """
    kinds = [kind_of(x) for x in tape.inputs]
    nodes = [input_node(f"x{k}", kind.type) for k, kind in enumerate(kinds)]
    if lines is None:
        lines = [None] * tape.position if tape.path is None else tape.path.lines
    token = OPEN.set(None)
    try:
        trace = Trace()
        with trace.open():
            writer = _GraphWriter(
                tape, trace, [Traced(node, trace, kind.weak) for node, kind in zip(nodes, kinds, strict=True)]
            )
            standing = STANDS_FOR.set(None)
            try:
                for place, key in enumerate(tape.log[: tape.position]):
                    STANDS_FOR.set(lines[place])
                    writer.call(place, key)
            finally:
                STANDS_FOR.reset(standing)
            found = [writer.values[place] if place >= 0 else writer.inputs[~place] for place in places]
        return WrittenRun(nodes, [trace.own(x) for x in found], [x.weak for x in found], writer.holds)
    finally:
        OPEN.reset(token)


class _GraphWriter:
    def __init__(self, tape: Tape, trace: Trace, inputs: list[Traced]) -> None:
        self.tape = tape
        self.trace = trace
        self.inputs = inputs
        self.values: list[Any] = []
        self.holds = True

    def call(self, place: int, key: Any) -> None:
        """The nodes of one call."""
        function = key[0]
        if function == "outcome":
            self.values.append(None)
            return
        given, named = references.arguments(key)
        if function == "item":
            self.values.append(self._fitted(references.read(given[0], self.values, ())[given[1][1]], place))
            return
        result = self._ruled(function, given, named)
        kind = self.tape.kinds[place]
        self.values.append(result if isinstance(kind, Several) else self._fitted(result, place))

    def _ruled(self, function: Any, given: Sequence[Any], named: Sequence[tuple[str, Any]]) -> Any:
        rule = rule_of(function)
        try:
            return self._apply(rule, given, named, self.inputs)
        except (TraceError, TypeError):
            if not self._captured(given, named):
                raise
        # The rule asks for the entries of an array that was read from outside, or for a number: those of today.
        constants = [x if k < self.tape.arguments else self.tape.inputs[k] for k, x in enumerate(self.inputs)]
        result = self._apply(rule, given, named, constants)
        BY_ENTRIES.add(function)
        self.holds = False
        return result

    def _apply(self, rule: Any, given: Sequence[Any], named: Sequence[tuple[str, Any]], inputs: Sequence[Any]) -> Any:
        args = [references.read(each, self.values, inputs) for each in given]
        return rule(*args, **{name: references.read(each, self.values, inputs) for name, each in named})

    def _captured(self, given: Sequence[Any], named: Sequence[tuple[str, Any]]) -> list[int]:
        """The inputs of a call that are no arguments of the function."""
        found: list[int] = []
        for each in (*given, *(each for _, each in named)):
            references.places(each, found)
        return [~place for place in found if place < 0 and ~place >= self.tape.arguments]

    def _fitted(self, result: Any, place: int) -> Traced:
        """A result of the shape and dtype that NumPy gave it."""
        kind = self.tape.kinds[place]
        assert isinstance(kind, Kind)
        weak = isinstance(result, Traced) and result.weak
        return Traced(fitted(result, self.trace, kind.type, self.tape.log[place][0]), self.trace, weak)


def fitted(result: Any, trace: Trace, type: ArrayType, function: Any) -> Node:
    """What the rule of a function gives, as a node of the type of NumPy's result; in the open trace.

    Raises GraphError where it is of another shape.
    """
    node = as_node(result)
    if not type.is_complex:  # NumPy gives real eigenvalues as real numbers
        node = real_part(node)
    if node.shape != type.shape and 0 in type.shape:  # lstsq gives distances at full rank only
        node = constant(0, type)
    if node.type.dtype != type.dtype:
        node = as_node(Traced(node, trace), type.dtype)
    if node.type != type:
        raise GraphError(
            f"The rule of '{called(function)}' gives {node.type} where the function gave {type}.",
            user_line(),
            "This is a mistake of wengert: report it, and write the line by other functions until then.",
        )
    return node
