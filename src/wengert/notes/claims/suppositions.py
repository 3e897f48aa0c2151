"""What an author may have taken for granted of an input: Σ_k t_k = 1, one-hot rows, a symmetric matrix.

Only where it is usual: the first two of what weighs a logarithm, as the targets of a cross-entropy do, the third of a matrix that no
line tells from its transpose, as xᵀ A x does not. Of any other input a wrong line could be right under them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node
from wengert.core.ir.walk import topological
from wengert.core.ops.determinants import det
from wengert.notes.claims.points import Adjust, ClaimPoint, close
from wengert.notes.elaboration.system import SystemData

Array = Any


@dataclass(frozen=True)
class Supposition:
    """An assumption in words of the system, and how inputs are made to satisfy it."""

    text: str
    adjust: Adjust
    symmetric: tuple[str, ...] = ()
    """Quantities that have to come out symmetric then."""


def suppositions(point: ClaimPoint, given: Sequence[str]) -> Iterator[Supposition]:
    """The assumptions that given inputs of a system admit, the weakest first."""
    system, values = point.chain.system, point.truth
    arrays = [name for name in given if np.ndim(values[name]) and system.quantities[name].type.is_float]
    targets = [name for name in arrays if name in weights_of_logarithms(system)]
    along = [(name, axis) for name in targets for axis in range(-1, -np.ndim(values[name]) - 1, -1)]
    for name, axis in along:
        text = _sum_text(system, name, axis)
        yield Supposition(text, lambda point, name=name, axis=axis: _sum_to_one(point, name, axis))
    definite = _definite_by_nature(system)
    for name in system.inputs:
        square = np.ndim(values[name]) == 2 and len(set(np.shape(values[name]))) == 1
        if square and (name in definite or (name in arrays and is_blind_to_transpose(point, name))):
            adjust = _definite if name in definite else _symmetric
            yield Supposition(f"{name} = {name}ᵀ", lambda point, name=name, adjust=adjust: adjust(point, name))
    for computed, names in _covariances(system, values):
        text = " and ".join(f"{name} = {name}ᵀ" for name in names)
        yield Supposition(text, lambda point, names=names: _all_definite(point, names), (computed,))
    for name, axis in along:
        text = f"{name} one-hot"
        yield Supposition(text, lambda point, name=name, axis=axis: _one_hot(point, name, axis))


def weights_of_logarithms(system: SystemData) -> set[str]:
    """The inputs by which a logarithm is multiplied, or of whose products with something the logarithm is taken; also those of
    which such a weight is made by lines that add and multiply only."""
    names = {leaf: name for name, leaf in system.leaves.items()}
    having = set[str]()
    """The quantities of which a logarithm is part."""
    found = set[str]()
    for line in system.lines:
        nodes = topological([line.node])
        logs = {node for node in nodes if node.op.logarithmic or names.get(node) in having}
        for node in nodes:
            if any(x in logs for x in node.inputs):
                logs.add(node)
            if node.op.is_product and node in logs:
                found |= {
                    names[x] for part in node.inputs if part not in logs for x in _linear_leaves(part) if x in names
                }
            if node.op.logarithmic:
                found |= {names[x] for x in _linear_leaves(node.inputs[0]) if x in names}
        if line.node in logs:
            having.add(line.name)
    for line in reversed(system.lines):
        if line.name in found:
            found |= {names[x] for x in _linear_leaves(line.node) if x in names}
    return found


def _linear_leaves(node: Node) -> set[Node]:
    """The inputs that a node reads through sums and products only."""
    found, waiting = set[Node](), [node]
    while waiting:
        each = waiting.pop()
        if each.op.leaf == "input":
            found.add(each)
        elif each.op.signs or each.op.is_product or each.op.kind == "structural":
            waiting += each.inputs
    return found


def is_blind_to_transpose(point: ClaimPoint, name: str) -> bool:
    """Whether every line that reads a matrix has the same value with its transpose."""
    system = point.chain.system
    turned = {**point.truth, name: np.transpose(point.truth[name])}
    lines = [system.line(child).node for child in system.children(name)]
    return all(close([point.value(node, turned)], [point.value(node, point.truth)]) for node in lines)


def _definite_by_nature(system: SystemData) -> set[str]:
    """The inputs whose determinant is in a line: such as a covariance, which is symmetric by its nature."""
    names = {leaf: name for name, leaf in system.leaves.items()}
    nodes = topological([line.node for line in system.lines])
    return {names[x] for node in nodes if node.op is det for x in node.inputs if x in names}


def _covariances(system: SystemData, values: Mapping[str, Array]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The computed quantities whose determinant is in a line, as S = H P Hᵀ + R, each with the square inputs that it is made of."""
    names = {leaf: name for name, leaf in system.leaves.items()}
    nodes = topological([line.node for line in system.lines])
    reached = [names[x] for node in nodes if node.op is det for x in node.inputs if x in names]
    for computed in dict.fromkeys(name for name in reached if system.defines(name)):
        above, waiting = set[str](), [computed]
        while waiting:
            name = waiting.pop()
            if name not in above:
                above.add(name)
                waiting += system.parents(name) if system.defines(name) else ()
        square = tuple(
            name
            for name in system.inputs
            if name in above and np.ndim(values[name]) == 2 and len(set(np.shape(values[name]))) == 1
        )
        if square:
            yield computed, square


def _sum_text(system: SystemData, name: str, axis: int) -> str:
    quantity = system.quantities[name]
    letters = quantity.letters or ("k",) * quantity.type.rank
    return f"Σ_{letters[axis]} {quantity.indexed or name}_{''.join(letters)} = 1"


def _sum_to_one(point: dict[str, Array], name: str, axis: int) -> None:
    values = point[name]
    if np.all(values > 0):
        point[name] = values / values.sum(axis=axis, keepdims=True)
    else:  # a shift leaves entries of both signs
        point[name] = values + (1 - values.sum(axis=axis, keepdims=True)) / values.shape[axis]


def _symmetric(point: dict[str, Array], name: str) -> None:
    point[name] = (point[name] + point[name].T) / 2


def _definite(point: dict[str, Array], name: str) -> None:
    values = point[name]
    point[name] = values @ values.T + np.eye(len(values))


def _all_definite(point: dict[str, Array], names: Sequence[str]) -> None:
    for name in names:
        _definite(point, name)


def _one_hot(point: dict[str, Array], name: str, axis: int) -> None:
    values = point[name]
    point[name] = (values == values.max(axis=axis, keepdims=True)).astype(float)
