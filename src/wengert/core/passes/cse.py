"""Common subexpressions: two nodes that compute the same from the same become one. Exact to the last bit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from wengert.core.ir.graph import Graph, Node
from wengert.core.ir.op import Op, Params
from wengert.core.ir.walk import map_graph, with_inputs
from wengert.core.ops.products import einsum

SMALL = 65_536
"""Arrays of up to so many bytes are compared by their entries, larger ones by identity."""


def share(graph: Graph) -> Graph:
    """The graph in which v_i = v_j is computed once: the node met first stands for all. Inputs are never merged."""
    table = NodeTable()
    return map_graph(graph, lambda node, inputs: table.share(with_inputs(node, inputs)))


class NodeTable:
    """The nodes met so far, by what they compute."""

    def __init__(self) -> None:
        self.known: dict[Any, Node] = {}

    def share(self, node: Node) -> Node:
        """The first node that computes what this one does: an earlier one, or itself."""
        if node.op.leaf == "input":
            return node
        return self.known.setdefault(node.key or key(node), node)


def key(node: Node) -> tuple[Any, ...]:
    """Equal for nodes of one op, the same inputs and equal parameters; the places of commuting inputs do not count.

    It holds the identities of inputs, so it means something while the node lives.
    """
    found = node.key
    if found is None:
        op = node.op
        places = [id(parent) for parent in node.inputs]
        if op.commutes == "exactly":
            places.sort()
        found = node.key = (op.name, *places, *_params_key(op, node.params)) if node.params else (op.name, *places)
    return found


def _params_key(op: Op, params: Params) -> tuple[Any, ...]:
    if not params:
        return ()
    if op is einsum:
        return _labels_key(params["inputs"], params["output"])
    return tuple((name, _value_key(params[name])) for name in sorted(params))


def _labels_key(inputs: tuple[tuple[int, ...], ...], output: tuple[int, ...]) -> tuple[Any, ...]:
    """Labels numbered by first appearance: Σ_j a_ij b_j and Σ_l a_kl b_l are one product."""
    number: dict[int, int] = {}
    for labels in inputs:
        for label in labels:
            number.setdefault(label, len(number))
    return tuple(tuple(number[q] for q in labels) for labels in (*inputs, output))


def _value_key(value: Any) -> Any:
    """Equal where two parameters mean the same: 0 and −0 differ, NaN equals NaN, 1 equals 1.0."""
    if isinstance(value, np.ndarray):
        return _array_key(value)  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, float):
        if math.isnan(value):
            return "nan"
        return "-0" if not value and math.copysign(1, value) < 0 else value
    if isinstance(value, complex):
        return ("complex", _value_key(value.real), _value_key(value.imag))
    if isinstance(value, tuple):
        return tuple(_value_key(part) for part in value)  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, Mapping):
        return tuple((name, _value_key(value[name])) for name in sorted(value))  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    try:
        hash(value)
    except TypeError:
        return id(value)
    return value


def _array_key(array: np.ndarray[Any, Any]) -> Any:
    if array.nbytes > SMALL or array.dtype == object:
        return id(array)
    return (array.dtype.str, array.shape, array.tobytes())
