"""The dtype in which a graph computes: a system of equations is written in real numbers, and its data decides. It knows no arrays."""

from __future__ import annotations

from typing import Any

from wengert.core.ir.graph import Graph, Node, input_node
from wengert.core.ir.types import COMPLEXES, FLOATS, ArrayType, TapeType, TupleType
from wengert.core.ir.walk import rebuild
from wengert.core.ops.complex_numbers import WHOLE


def in_dtype(graph: Graph, dtype: str) -> Graph:
    """The same function with every real number, inputs and results too, of one dtype, "float32" or "float64", and complex numbers of such parts."""
    inputs = {x: input_node(str(x.params["name"]), _typed(x.type, dtype), x.source) for x in graph.inputs}

    def retyped(node: Node, parents: tuple[Node, ...]) -> Node:
        params = {key: _changed(key, value, dtype) for key, value in node.params.items()}
        type = node.op.infer(tuple(parent.type for parent in parents), params)
        return Node(node.op, parents, params, type, node.source)

    return Graph(tuple(inputs.values()), tuple(rebuild(graph.outputs, retyped, inputs)), graph.names)


def _typed(type: ArrayType, dtype: str) -> ArrayType:
    if isinstance(type, TupleType):
        return TupleType(items=tuple(_typed(item, dtype) for item in type.items))
    if isinstance(type, TapeType):
        return TapeType(item=_typed(type.item, dtype))
    if type.is_complex:
        return type.with_dtype(WHOLE[dtype])
    return type.with_dtype(dtype) if type.is_float else type


def _changed(key: str, value: Any, dtype: str) -> Any:
    """A parameter with its types changed: of a constant, of a cast, of a position, inside a sub-graph."""
    if key == "dtype" and value in FLOATS:
        return dtype
    if key == "dtype" and value in COMPLEXES:
        return WHOLE[dtype]
    if isinstance(value, ArrayType):
        return _typed(value, dtype)
    return in_dtype(value, dtype) if isinstance(value, Graph) else value
