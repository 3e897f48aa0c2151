"""An op of the table called on traced values: wg.ops.log_cosh(x) is the op's own node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wengert.core.ir.graph import apply
from wengert.core.ir.types import TupleType
from wengert.core.ops.array_functions import ArrayFunction
from wengert.functions.tracing.operands import as_node, common_dtype, common_shape, laid_out, shape_of
from wengert.functions.tracing.tracer import traced


def op_rule(function: ArrayFunction) -> Callable[..., Any]:
    """What a call of the op means in a graph: one node, of inputs that are promoted and broadcast if the op works entry by entry."""

    def call(*values: Any, **params: Any) -> Any:
        nodes = [as_node(value) for value in values]
        if function.op.kind == "elementwise":
            dtypes = function.dtypes([node.type.dtype for node in nodes], common_dtype(*values), params)
            shape = common_shape([shape_of(value) for value in values])
            nodes = [laid_out(value, dtype, shape) for value, dtype in zip(values, dtypes, strict=True)]
        node = apply(function.op, *nodes, **params)
        if not isinstance(node.type, TupleType):
            return traced(node)
        return tuple(traced(apply("item", node, index=k)) for k in range(len(node.type.items)))

    call.__module__, call.__name__ = __name__, function.op.name
    return call
