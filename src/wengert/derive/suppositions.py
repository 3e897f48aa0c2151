"""What an author may have taken for granted of an input: Σ_k t_k = 1, one-hot rows, a symmetric matrix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.derive.points import Adjust
from wengert.ir.system import System
from wengert.ir.walk import topological

Array = Any


@dataclass(frozen=True)
class Supposition:
    """An assumption in words of the system, and how inputs are made to satisfy it."""

    text: str
    adjust: Adjust
    symmetric: tuple[str, ...] = ()
    """Quantities that have to come out symmetric then."""


def suppositions(system: System, values: Mapping[str, Array], given: Sequence[str]) -> Iterator[Supposition]:
    """The assumptions that given inputs of a system admit, the weakest first."""
    arrays = [name for name in given if np.ndim(values[name]) and system.quantities[name].type.is_float]
    for name in arrays:
        yield Supposition(_sum_text(system, name), lambda point, name=name: _sum_to_one(point, name))
    definite = _definite_by_nature(system)
    for name in system.inputs:
        square = np.ndim(values[name]) == 2 and len(set(np.shape(values[name]))) == 1
        if square and (name in arrays or name in definite):
            adjust = _definite if name in definite else _symmetric
            yield Supposition(f"{name} = {name}ᵀ", lambda point, name=name, adjust=adjust: adjust(point, name))
    for computed, names in _covariances(system, values):
        text = " and ".join(f"{name} = {name}ᵀ" for name in names)
        yield Supposition(text, lambda point, names=names: _all_definite(point, names), (computed,))
    for name in arrays:
        yield Supposition(f"{name} one-hot", lambda point, name=name: _one_hot(point, name))


def _definite_by_nature(system: System) -> set[str]:
    """The inputs whose determinant is in a line: such as a covariance, which is symmetric by its nature."""
    names = {leaf: name for name, leaf in system.leaves.items()}
    nodes = topological([line.node for line in system.lines])
    return {names[x] for node in nodes if node.op.name == "det" for x in node.inputs if x in names}


def _covariances(system: System, values: Mapping[str, Array]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The computed quantities whose determinant is in a line, as S = H P Hᵀ + R, each with the square inputs that it is made of."""
    names = {leaf: name for name, leaf in system.leaves.items()}
    nodes = topological([line.node for line in system.lines])
    reached = [names[x] for node in nodes if node.op.name == "det" for x in node.inputs if x in names]
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


def _sum_text(system: System, name: str) -> str:
    quantity = system.quantities[name]
    letters = quantity.letters or ("k",) * quantity.type.rank
    return f"Σ_{letters[-1]} {quantity.indexed or name}_{''.join(letters)} = 1"


def _sum_to_one(point: dict[str, Array], name: str) -> None:
    values = point[name]
    if np.all(values > 0):
        point[name] = values / values.sum(axis=-1, keepdims=True)
    else:  # a shift leaves entries of both signs
        point[name] = values + (1 - values.sum(axis=-1, keepdims=True)) / values.shape[-1]


def _symmetric(point: dict[str, Array], name: str) -> None:
    point[name] = (point[name] + point[name].T) / 2


def _definite(point: dict[str, Array], name: str) -> None:
    values = point[name]
    point[name] = values @ values.T + np.eye(len(values))


def _all_definite(point: dict[str, Array], names: Sequence[str]) -> None:
    for name in names:
        _definite(point, name)


def _one_hot(point: dict[str, Array], name: str) -> None:
    values = point[name]
    point[name] = (values == values.max(axis=-1, keepdims=True)).astype(float)
