"""Lines of differentials, dL = (y − t) dy: what changes with what, judged as a sum of derivatives; dy is no error signal there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node
from wengert.errors import EquationError
from wengert.notes.claims.findings import Claim, Finding, place_of
from wengert.notes.claims.local_derivatives import LocalDerivatives
from wengert.notes.claims.points import close
from wengert.notes.claims.stated import Stated
from wengert.notes.derive.backward import influence
from wengert.notes.elaboration.kinds import Mismatch
from wengert.notes.elaboration.reread import ContextReader
from wengert.notes.manuscripts.sections import Unread, unread
from wengert.notes.notation.expr import Expr, Line, Ref, Spelling, mapped, walk

Array = Any
PLAIN = Spelling("d")
CHANGE = "change of "
"""What the name of a differential begins with: dw may stand beside w̄."""


def differentials_of(stated: Stated, line: Line) -> tuple[str, ...]:
    """The quantities whose differentials the right sides are written with; none where the line states an error signal.

    An error signal is written with those of later quantities, a differential with those of earlier ones.
    """
    left = line.left
    if not isinstance(left, Ref) or left.spelling != PLAIN:
        return ()
    name, system = stated.resolve(left.name), stated.system
    refs = [tree for right in line.rights for tree in walk(right) if isinstance(tree, Ref) and tree.spelling == PLAIN]
    read = tuple(dict.fromkeys(stated.resolve(ref.name) for ref in refs))
    earlier = set(read) <= influence(system, name) - {name}
    return read if earlier and not any(name in influence(system, v) for v in read) else ()  # both in a recurrence


def differential(stated: Stated, line: Line, over: Sequence[str]) -> tuple[list[Claim], list[Unread]]:
    """The right sides of du = …, judged where the differentials of `over` may be any numbers."""
    assert isinstance(line.left, Ref)
    name = stated.resolve(line.left.name)
    rng = np.random.default_rng(1)
    local = LocalDerivatives(stated.system)
    changes = [{CHANGE + v: np.asarray(rng.normal(size=np.shape(p.truth[v]))) for v in over} for p in stated.points]
    try:
        slopes = {v: local.jacobian(stated.system.leaves[name], v, alone=False) for v in over}
    except Mismatch as mismatch:
        return [], [unread(line.span, ContextReader(stated.system, stated.system.reading).error(line, mismatch))]
    expected = [
        sum_of_changes({v: p.value(node, p.truth) for v, node in slopes.items()}, change)
        for p, change in zip(stated.points, changes, strict=True)
    ]
    claims: list[Claim] = []
    refused: list[Unread] = []
    for k, tree in enumerate(line.rights):
        place = place_of(line, k)
        try:
            node = node_of(stated, line, tree, over)
            values = [p.value(node, {**p.truth, **change}) for p, change in zip(stated.points, changes, strict=True)]
        except EquationError as error:
            refused.append(unread(place, error))
            continue
        if close(values, expected):
            claims.append(Claim(line, k, place, "holds", said(line)))
        else:
            claims.append(Claim(line, k, place, "wrong", said(line), Finding("", tuple(values), tuple(expected))))
    return claims, refused


def said(line: Line) -> str:
    """How such a line was read."""
    assert isinstance(line.left, Ref)
    return f"d{line.left.name} read as a differential"


def node_of(stated: Stated, line: Line, tree: Expr, over: Sequence[str]) -> Node:
    """A right side in which differentials have names of their own.

    Raises EquationError where it does not fit the left side.
    """

    def change(part: Expr) -> Expr:
        if not (isinstance(part, Ref) and part.spelling == PLAIN):
            return part
        return replace(part, name=CHANGE + stated.resolve(part.name), barred=False, spelling=None)

    system = stated.system
    types = {CHANGE + v: system.quantities[v].type for v in over}
    reader = ContextReader(system, system.reading, stated.auxiliaries | types, LocalDerivatives(system))
    return reader.line(replace(line, rights=(mapped(tree, change),))).node


def sum_of_changes(slopes: dict[str, Array], change: dict[str, Array]) -> Array:
    """Σ_v ∂u/∂v dv."""
    parts = [np.tensordot(slope, change[CHANGE + v], np.ndim(change[CHANGE + v])) for v, slope in slopes.items()]
    return sum(parts[1:], parts[0])
