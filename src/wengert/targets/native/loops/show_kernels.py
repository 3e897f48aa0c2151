"""A graph's kernels in words: what each reads, which values it computes in one sweep, and which of them it keeps. It computes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from wengert.core.ir.graph import Graph, Node
from wengert.core.ir.walk import topological
from wengert.targets.native.loops.expand import expand
from wengert.targets.native.loops.forms import is_leaf
from wengert.targets.native.loops.fuse import Fusion, Kernel, fuse
from wengert.targets.native.loops.show import SIGNS

HIDDEN = frozenset({"type", "dtype", "size", "name"})
"""The parameters that the types of values say already."""


def show_kernels(graph: Graph) -> str:
    """The kernels of a graph whose sizes are numbers, in the order in which they run."""
    return "\n".join(_kernels(graph)) + "\n"


def _kernels(graph: Graph) -> list[str]:
    """The lines of one graph; those of the graphs of loops and branches stand below the kernel that has them."""
    small = expand(graph)
    fusion = fuse(small)
    names = _names(small)
    lines = [f"in   {names[x]}: {x.type}" for x in small.inputs]
    for number, kernel in enumerate(fusion.ordered(), 1):
        lines += ["", *_kernel(names, fusion, kernel, number)]
    results = [f"{name} = {names[y]}" for name, y in zip(graph.names, small.outputs, strict=False) if names[y] != name]
    return [*lines, *(["", f"out  {', '.join(results)}"] if results else [])]


def _names(graph: Graph) -> dict[Node, str]:
    """Inputs and results by their names, numbers as they are written, all else v1, v2, …"""
    names = {x: str(x.params["name"]) for x in graph.inputs}
    for name, y in zip(graph.names, graph.outputs, strict=False):
        names.setdefault(y, name)
    counter = 0
    for node in topological(graph.outputs):
        if node not in names and is_leaf(node):
            names[node] = _leaf(node)
        elif node not in names:
            counter += 1
            names[node] = f"v{counter}"
    return names


def _leaf(node: Node) -> str:
    if node.op.leaf == "position":
        return "0, 1, 2, …"
    if node.op.leaf == "size":
        return str(node.params["size"])
    return _value(node.params["value"])


def _value(value: Any) -> str:
    return f"an array of {value.size} numbers" if isinstance(value, np.ndarray) and value.size > 4 else str(value)


def _kernel(names: dict[Node, str], fusion: Fusion, kernel: Kernel, number: int) -> list[str]:
    members = _members(fusion, kernel)
    inside = set(members)
    read = [x for x in names if x in kernel.reads and x not in inside and not _is_number(x)]
    lines = [f"kernel {number}: {_kind(kernel)}"]
    if read:
        lines.append(f"  reads     {', '.join(names[x] for x in read)}")
    head = "computes"
    for node in members:
        lines.append(f"  {head:<9} {names[node]} = {_expression(names, node)}")
        head = ""
        for key, value in node.params.items():
            if isinstance(value, Graph):
                lines += [f"            {key}", *(f"              {line}".rstrip() for line in _kernels(value))]
    kept = [f"{names[x]}: {x.type}" for x in members if x in fusion.stored]
    return [*lines, f"  keeps     {', '.join(kept) or 'nothing'}"]


def _is_number(node: Node) -> bool:
    return is_leaf(node) and node.op.leaf != "input"


def _kind(kernel: Kernel) -> str:
    space = "×".join(map(str, kernel.space))
    if kernel.special:
        return f"{kernel.roots[0].op.name}, by itself"
    if kernel.contraction is not None:
        more = len(kernel.roots) > 1
        return f"a matrix product, {space} entries{', finished while they are in registers' if more else ''}"
    return f"a sweep over {space} entries" if space else "one entry"


def _members(fusion: Fusion, kernel: Kernel) -> list[Node]:
    """The values that the kernel computes: its roots, and what lies between them and what it reads."""
    elsewhere = {x for x, home in fusion.home.items() if home is not kernel}
    order = topological(kernel.roots, elsewhere)
    return [node for node in order if node not in elsewhere and not is_leaf(node)]


def _expression(names: dict[Node, str], node: Node) -> str:
    inputs = [names[x] for x in node.inputs]
    name = node.op.name
    if name in SIGNS and len(inputs) == 2:
        return f"{inputs[0]} {'==' if name == 'equal' else SIGNS[name]} {inputs[1]}"
    if name == "einsum":
        return _product(inputs, node)
    if name == "cast":
        return f"{node.type.dtype}({inputs[0]})"
    given = [f"{key}={_parameter(value)}" for key, value in node.params.items() if _is_said(key, value)]
    return f"{name}({', '.join([*inputs, *given])})"


def _is_said(key: str, value: Any) -> bool:
    return key not in HIDDEN and not isinstance(value, Graph)


def _parameter(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        parts: Iterable[Any] = value
        return f"({', '.join(map(_parameter, parts))})"
    return str(value)


def _product(inputs: Sequence[str], node: Node) -> str:
    """Σ over the labels that are not in the result, with an index for each label."""
    letters = "ijklmnpqrsuvwxyz"
    result: tuple[int, ...] = node.params["output"]
    labels = list(dict.fromkeys((*result, *(l for part in node.params["inputs"] for l in part))))
    letter = {label: letters[k % len(letters)] for k, label in enumerate(labels)}
    factors = [
        f"{name}[{', '.join(letter[l] for l in part)}]"
        for name, part in zip(inputs, node.params["inputs"], strict=True)
    ]
    summed = " ".join(letter[l] for l in labels if l not in result)
    return f"{f'Σ_{summed} ' if summed else ''}{' · '.join(factors)}"
