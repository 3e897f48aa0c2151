"""A graph as plain text, a line a node, sub-graphs below the node that has them: for debugging and golden tests. It knows no mathematics."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from wengert.core.ir.graph import Graph, Node
from wengert.core.ir.walk import topological


def dump(graph: Graph) -> str:
    """The inputs with their types, the nodes v1, v2 … in topological order, the outputs."""
    names = number(graph)
    inputs = ", ".join(f"{node.params['name']}: {node.type}" for node in graph.inputs)
    lines = [f"graph({inputs})"]
    for node in topological(graph.outputs):
        if node not in graph.inputs:
            arguments = [names[parent] for parent in node.inputs]
            arguments += [f"{key}={_show(value)}" for key, value in node.params.items() if key != "type"]
            lines.append(f"  {names[node]} = {node.op.name}({', '.join(arguments)}): {node.type}")
            for key, value in node.params.items():
                if isinstance(value, Graph):
                    lines += _indented(key, value)
    results = [names[node] for node in graph.outputs]
    if graph.names:
        results = [f"{name} = {result}" for name, result in zip(graph.names, results, strict=True)]
    return "\n".join([*lines, f"  return {', '.join(results)}"])


def _indented(key: str, graph: Graph) -> list[str]:
    first, *rest = dump(graph).splitlines()
    return [f"    {key} = {first}", *(f"    {line}" for line in rest)]


def number(graph: Graph) -> dict[Node, str]:
    """The name of every node: an input's own, v1, v2 … for the others in topological order."""
    names: dict[Node, str] = {node: str(node.params["name"]) for node in graph.inputs}
    counter = 0
    for node in topological(graph.outputs):
        if node not in names:
            counter += 1
            names[node] = f"v{counter}"
    return names


def _show(value: Any) -> str:
    if isinstance(value, Graph):
        return f"graph({', '.join(value.input_names)})"
    array: Any = value
    if isinstance(array, np.ndarray):
        return np.array2string(cast("Any", array), threshold=8, separator=", ").replace("\n", "")
    if isinstance(value, tuple):
        shown = [_show(part) for part in cast("tuple[Any, ...]", value)]
        return "(" + ", ".join(shown) + ("," if len(shown) == 1 else "") + ")"
    return repr(value) if isinstance(value, str) else str(value)
