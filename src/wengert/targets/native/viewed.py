"""Programs that take or give complex arrays: their code has these as real arrays of pairs, which are the same memory.

In goes a graph whose complex numbers are in parts inside; out comes code that is called from Python, or None where a node has no native form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from wengert.core.ir.graph import Graph, Node, apply, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ir.walk import order_of, substitute
from wengert.core.ops.complex_numbers import PART
from wengert.targets.base import Array, CalledFromPython
from wengert.targets.native import variant
from wengert.targets.native.loops.complex_parts import in_parts
from wengert.targets.native.support import is_native


def lower(graph: Graph, *, cache: bool = True, quick: bool = False) -> Viewed | None:
    """The code of a graph that takes or gives complex arrays; None where it has nodes without a native form."""
    real = real_form(graph)
    made = None if real is None else variant.lower(real, {}, cache=cache, quick=quick)
    return None if made is None else Viewed(graph, made)


def real_form(graph: Graph) -> Graph | None:
    """The graph that the code is of; None where it has nodes without a native form."""
    real = in_parts(_of_pairs(graph))
    return real if all(map(is_native, order_of(real))) else None


def _of_pairs(graph: Graph) -> Graph:
    """The graph of real arrays: x_(… 0) + i x_(… 1) for each complex input, and an output y_(… k) of its two parts for each complex one."""
    new: dict[Node, Node] = {}
    inputs: list[Node] = []
    for x in graph.inputs:
        wide = input_node(x.params["name"], _pairs(x.type), x.source) if x.type.is_complex else x
        inputs.append(wide)
        new[x] = apply("complex", _part(wide, 0), _part(wide, 1)) if x.type.is_complex else x
    outputs = substitute(graph.outputs, new)
    return Graph(tuple(inputs), tuple(_joined(y) if y.type.is_complex else y for y in outputs), graph.names)


def _pairs(type: ArrayType) -> ArrayType:
    return ArrayType((*type.shape, 2), PART[type.dtype])


def _part(pairs: Node, k: int) -> Node:
    shape = pairs.shape[:-1]
    start, stop = (*(0 for _ in shape), k), (*shape, k + 1)
    row = apply("slice", pairs, start=start, stop=stop, step=(1,) * len(stop))
    return apply("reshape", row, shape=shape)


def _joined(y: Node) -> Node:
    parts = [apply("reshape", apply(name, y), shape=(*y.shape, 1)) for name in ("real", "imag")]
    return apply("concatenate", *parts, axis=y.type.rank)


class Viewed(CalledFromPython):
    """The code of a graph that takes or gives complex arrays."""

    def __init__(self, graph: Graph, made: variant.Variant) -> None:
        self.graph = graph
        self.donated: Mapping[int, int] = {}
        self._made = made

    @property
    def bytes(self) -> int:
        """The bytes of the code."""
        return self._made.bytes

    def run(self, arrays: Sequence[Array], fallback: Callable[..., Any]) -> tuple[Any, ...]:
        """The outputs for arrays of the inputs' types without gaps. `fallback` takes the arrays where the code gives up."""
        found = self._made.run([_as_pairs(x) for x in arrays], lambda *_: [_as_pairs(y) for y in fallback(*arrays)])
        outputs = zip(found, self.graph.outputs, strict=True)
        return tuple(_as_complex(y, node.type) if node.type.is_complex else y for y, node in outputs)


def _as_pairs(x: Any) -> Any:
    """A complex array as its parts, a view; another as it is."""
    if x.dtype.kind != "c":
        return x
    return np.reshape(x, (*x.shape, 1)).view(PART[x.dtype.name])


def _as_complex(pairs: Array, type: ArrayType) -> Any:
    """The array of such parts; without axes, a NumPy scalar."""
    return np.reshape(pairs.view(type.dtype), pairs.shape[:-1])[()]
