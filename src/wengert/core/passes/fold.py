"""Constant folding: what does not depend on an input is computed once, when the graph is made.

Fractions stay fractions (½·2 is 1, ⅓·3 is 1), so folding them rounds once where the graph would round at every op; all else
is computed by the op itself and is exact to the last bit.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from wengert.core.ir.graph import Graph, Node, Number, constant
from wengert.core.ir.types import FLOATS, Shape, TupleType
from wengert.core.ir.walk import map_graph, with_inputs
from wengert.core.ops import leaves
from wengert.core.ops.kinds import constant_value
from wengert.core.ops.piecewise import stop_gradient
from wengert.core.ops.primes import opaque, prime
from wengert.core.ops.reductions import sum as total
from wengert.core.ops.vocabulary import NUMPY

LIMIT = 4096
"""The most entries that a folded array may have."""
BITS = 256
"""The longest numerator or denominator of a folded fraction."""
KEEPS = (leaves.input, leaves.position, opaque, stop_gradient)
"""What is never folded: values from outside, places that other passes recognise, marks for derivatives."""


def fold(graph: Graph) -> Graph:
    """The graph with every op on constants replaced by its value.

    Not folded: what raises, what makes ∞ or NaN out of finite numbers, arrays of more than `LIMIT` entries.
    """
    return map_graph(graph, lambda node, inputs: folded(with_inputs(node, inputs)))


def folded(node: Node) -> Node:
    """The node as a constant where its inputs are constants and the rules allow it; else the node itself."""
    if node.op.leaf == "constant":
        return _as_number(node)
    if node.op in KEEPS or any(parent.op.leaf != "constant" for parent in node.inputs):
        return node
    if node.op.leaf == "size":
        size = node.params["size"]
        return constant(size, node.type) if isinstance(size, int) else node
    if not node.inputs:
        return node
    numbers = [constant_value(parent) for parent in node.inputs]
    if all(number is not None for number in numbers):
        value = _number_result(node, [n for n in numbers if n is not None])
        if value is not None:
            return constant(value, node.type)
    return _array_result(node)


def _as_number(node: Node) -> Node:
    """An array whose entries are all the same, as a number that fills the shape."""
    array: Any = node.params["value"]
    if isinstance(array, int | float | complex | Fraction) or not 0 < array.size <= LIMIT:
        return node
    number = array.flat[0].item()
    same = array.tobytes() == np.full_like(array, number).tobytes()
    return constant(number, node.type) if same and isinstance(number, int | float | complex) else node


# ---------------------------------------------------------------- numbers that fill a shape


def _number_result(node: Node, numbers: list[Number]) -> Number | None:
    if node.op.rearranges:
        return numbers[0]
    if node.op is total:
        return _filled_sum(node, numbers[0])
    if node.op.kind != "elementwise" and node.op is not prime:
        return None
    exact = node.op.fraction if node.type.dtype in FLOATS else None
    if exact and not any(isinstance(n, float | bool) for n in numbers):
        given: list[Any] = [*(Fraction(n) for n in numbers), *node.params.values()]
        return _short(exact(*given))
    arrays = [np.asarray(_plain(n), dtype=parent.type.dtype) for n, parent in zip(numbers, node.inputs, strict=True)]
    result = _value(node, arrays)
    return None if result is None else result.item()


def _plain(number: Number) -> int | float:
    return float(number) if isinstance(number, Fraction) else number


def _filled_sum(node: Node, number: Number) -> Number | None:
    """Σ of N equal fractions is N times one."""
    shape: Shape = tuple(node.inputs[0].shape[axis] for axis in node.params["axes"])
    sizes = [size for size in shape if isinstance(size, int)]
    if isinstance(number, float | bool) or len(sizes) != len(shape) or node.type.dtype not in FLOATS:
        return None
    return _short(Fraction(number) * math.prod(sizes))


def _short(value: Fraction | None) -> Number | None:
    """The fraction if it can be kept, whole numbers as int."""
    if value is None or max(value.numerator.bit_length(), value.denominator.bit_length()) > BITS:
        return None
    return value.numerator if value.denominator == 1 else value


# ---------------------------------------------------------------- arrays


def _array_result(node: Node) -> Node:
    shapes = [node.shape, *(parent.shape for parent in node.inputs)]
    sizes = [[n for n in shape if isinstance(n, int)] for shape in shapes]
    if any(len(known) != len(shape) for known, shape in zip(sizes, shapes, strict=True)):
        return node
    if any(math.prod(known) > LIMIT for known in sizes) or isinstance(node.type, TupleType):
        return node
    if node.op.kind == "control":
        return node
    arrays = [parent.op.value(NUMPY, **parent.params) for parent in node.inputs]
    result = _value(node, arrays)
    if result is None:
        return node
    result = np.array(result)
    result.flags.writeable = False
    return _as_number(constant(result, node.type))


def _value(node: Node, arrays: list[Any]) -> Any:
    """The op's value; None where it raises or leaves the finite numbers."""
    try:
        with np.errstate(all="ignore"):
            result = np.asarray(node.op.value(NUMPY, *arrays, **node.params))
    except Exception:  # whatever it raises, it is to be raised when the graph runs
        return None
    if _all_finite(arrays) and not _all_finite([result]):
        return None
    return result


def _all_finite(arrays: list[Any]) -> bool:
    return all(bool(np.all(np.isfinite(array))) for array in arrays)
