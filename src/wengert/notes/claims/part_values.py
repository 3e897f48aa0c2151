"""What a name could stand for: each part of the forward lines, with its value and its error signal at random points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from wengert.core.autodiff.reverse import vjp
from wengert.core.ir.graph import input_node
from wengert.core.ir.names import bar
from wengert.core.ir.types import ArrayType
from wengert.errors import EquationError, GraphError, ShapeError
from wengert.notes.claims.points import ClaimPoint, SignalChain, close
from wengert.notes.claims.subexpressions import LinePart, unnamed_parts, with_named_part
from wengert.notes.elaboration.reread import ContextReader
from wengert.notes.elaboration.system import SystemData
from wengert.notes.notation.expr import Line, walk

Array = Any
MAX_PARTS = 80
"""Parts are not looked at in lines that have more of them."""
MAX_SIGNS = 400
"""Nor in lines with more names and signs."""
MAX_LINES = 40
"""Nor in longer systems."""
MAX_LETTERS = 3
"""Nor those with more axes."""
PART = "part"
"""The name of a part while its value is worked out."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A part of the forward lines with its type, and its value and error signal at every point."""

    part: LinePart
    type: ArrayType
    values: Sequence[Array]
    signals: Sequence[Array]


def has_few_parts(system: SystemData) -> bool:
    """Whether the lines are so few and short that their parts are looked at."""
    signs = sum(1 for line in system.lines for _ in walk(line.written.rights[0]))
    return len(system.lines) <= MAX_LINES and signs <= MAX_SIGNS


def values_of_parts(chain: SignalChain, points: Sequence[ClaimPoint]) -> list[Candidate] | None:
    """All parts of the lines on which the result depends; None where there are too many."""
    system = chain.system
    parts = unnamed_parts([line.written for line in system.lines if line.name in chain.influence])
    if len(parts) > MAX_PARTS:
        return None
    return [each for part in parts for each in layouts(system, points, part)]


def layouts(system: SystemData, points: Sequence[ClaimPoint], part: LinePart) -> Iterator[Candidate]:
    """A part with its axes in each order; none where it has no value."""
    if len(part.letters) > MAX_LETTERS:
        return
    for each in part.layouts():
        try:
            found = candidate(system, points, each)
        except (EquationError, GraphError, ShapeError):
            return
        if found is None:
            return
        yield found


def candidate(system: SystemData, points: Sequence[ClaimPoint], part: LinePart) -> Candidate | None:
    """The part with its values; None where a line means something else when a part of it has a name, or it holds no numbers.

    Raises EquationError, GraphError or ShapeError where it has no value.
    """
    node = ContextReader(system, system.reading).line(Line(part.called(PART), (part.tree,))).node
    if not node.type.is_float:
        return None
    values = [point.value(node, point.truth) for point in points]
    signals = [np.zeros(np.shape(value)) for value in values]
    for line in system.lines:
        written = with_named_part(line.written, part, PART)
        if written is line.written:
            continue
        added = contribution(system, points, line.name, written, node.type, values)
        if added is None:
            return None
        signals = [a + b for a, b in zip(signals, added, strict=True)]
    return Candidate(part, node.type, values, signals)


def contribution(
    system: SystemData, points: Sequence[ClaimPoint], child: str, line: Line, type: ArrayType, values: Sequence[Array]
) -> list[Array] | None:
    """ū ∂u/∂p at every point, for a line of u that reads a part p under its name; None where it has another value then.

    Raises EquationError, GraphError or ShapeError where it has none.
    """
    reader = ContextReader(system, system.reading, {PART: type})
    node = reader.line(replace(line, rights=line.rights[:1])).node
    here = [point.truth | {PART: value} for point, value in zip(points, values, strict=True)]
    found = [point.value(node, env) for point, env in zip(points, here, strict=True)]
    if not close(found, [point.truth[child] for point in points]):
        return None
    if bar(child) in points[0].truth:
        (result,) = vjp([node], [reader.context.leaf(PART)], [input_node(bar(child), node.type)], masked=True)
        if result is not None:
            return [point.value(result, env) for point, env in zip(points, here, strict=True)]
    return [np.zeros(np.shape(value)) for value in values]
