"""What tests look at inside of a graph: the value of every node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wengert.core.ir.graph import Graph, Node
from wengert.core.ir.walk import topological
from wengert.core.ops.evaluate import evaluate


def evaluate_all(graph: Graph, values: Mapping[str, Any], sizes: Mapping[str, int] | None = None) -> dict[Node, Any]:
    """The value of every node that the outputs need, in topological order."""
    order = topological(graph.outputs)
    return dict(zip(order, evaluate(graph.with_outputs(order), values, sizes), strict=True))
