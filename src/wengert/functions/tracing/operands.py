"""Operands: what a function of NumPy is given, as nodes of one dtype and shape. NumPy's promotion is asked, not copied."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply, constant
from wengert.core.ir.types import COMPLEXES, DTYPES, ArrayType
from wengert.core.ops.complex_numbers import by_parts
from wengert.functions.tracing.copying import copied, is_fixed
from wengert.functions.tracing.standin import StandIn
from wengert.functions.tracing.tracer import Traced, current, own, refuse, traced

Kind = Any
"""np.dtype of an array, or int, float or complex for a Python number, which takes the dtype of what it meets (NEP 50)."""

PYTHON: dict[str, type[int] | type[float] | type[complex]] = {"i": int, "f": float, "c": complex}
"""The Python numbers that stand beside arrays of a kind of dtype."""


def kind_of(value: Any) -> Kind:
    """How a value takes part in NumPy's promotion."""
    if isinstance(value, Traced):
        return PYTHON[value.dtype.kind] if value.weak else value.dtype
    if type(value) in (int, float, complex):
        return type(value)
    return np.asarray(value).dtype


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape of a value."""
    return value.node.type.shape if isinstance(value, Traced) else np.shape(value)  # pyright: ignore[reportReturnType]


def ndim_of(value: Any) -> int:
    """The number of axes of a value."""
    return len(shape_of(value))


def sizes_of(shape: Any) -> tuple[int, ...]:
    """A shape as NumPy takes it: one whole number or several.

    Raises TraceError where they are traced.
    """
    sizes: Any = shape if isinstance(shape, tuple | list) or ndim_of(shape) else (shape,)
    return tuple(operator.index(size) for size in sizes)


def common_dtype(*values: Any) -> str:
    """The dtype to which NumPy promotes values that meet.

    Raises TraceError where graphs do not have it.
    """
    return supported(_result_type(tuple(kind_of(value) for value in values)))


@lru_cache(maxsize=4096)
def _result_type(kinds: tuple[Kind, ...]) -> np.dtype[Any]:
    return np.result_type(*(kind(0) if isinstance(kind, type) else kind for kind in kinds))


@lru_cache(maxsize=64)  # NumPy makes a dtype's name anew each time
def supported(dtype: np.dtype[Any]) -> str:
    """The name of a dtype in a graph: whole numbers of any width are int64.

    Raises TraceError where graphs do not have it.
    """
    if dtype.kind in "iu":
        return "int64"
    if dtype.name not in DTYPES:
        refuse(f"There are no values of dtype {dtype} in a graph.", f"Convert first, to one of:  {', '.join(DTYPES)}")
    return dtype.name


def checked(value: Any) -> np.ndarray[Any, Any]:
    """A value as an array whose numbers and operators are those of a graph.

    Raises TraceError for other numbers, for whole numbers beyond int64, and for arrays of a class with operators of its own.
    """
    array = np.asarray(value)
    if array.dtype.kind not in "biufc":
        refuse(
            f"A value of dtype {array.dtype} cannot stand in a graph.",
            "Give numbers or arrays of them; to join traced values write:  np.stack([a, b])",
        )
    if isinstance(value, np.ndarray) and _OPERATORS(type(value)) != _OPERATORS(np.ndarray):
        refuse(
            f"Arrays of class {type(value).__name__} have operators of their own, which a graph does not know.",
            "Give the numbers alone:  np.asarray(x)",
        )
    if array.dtype.kind == "u" and array.dtype.itemsize == 8 and array.size and array.max() > np.iinfo(np.int64).max:
        refuse(
            f"The whole number {array.max()} is beyond those of a graph, which are int64.",
            "Convert first:  x.astype(float)",
        )
    return array


def value_of(value: Any, dtype: Any = None) -> Traced:
    """A value as one of the open trace, of a dtype (its own by default): what functions that are composed of others begin with.

    Raises TraceError where it is no array of numbers.
    """
    return traced(as_node(value, None if dtype is None else supported(np.dtype(dtype))))


def real_value(value: Any, dtype: Any = None) -> Traced:
    """The same as numbers with a point."""
    x = value_of(value, dtype)
    return x if x.dtype.kind in "fc" else value_of(x, "float64")


def stopped(value: Any) -> Traced:
    """A value that is taken as constant: its derivative is 0."""
    return traced(by_parts("stop_gradient", as_node(value)))


_OPERATORS = operator.attrgetter("__array_ufunc__", "__array_function__", "__mul__", "__add__")


def as_node(value: Any, dtype: str | None = None) -> Node:
    """A value as a node of a dtype (its own by default); NumPy arrays become constants, copied where they can change.

    Raises TraceError where it is no array of numbers.
    """
    if isinstance(value, StandIn):
        node = own(value)
        if node.type.is_complex and dtype is not None and dtype not in COMPLEXES:
            refuse(
                f"Complex numbers that become {dtype} would lose their imaginary parts.",
                "Choose a real quantity first:  np.real(x), np.imag(x) or np.abs(x)",
            )
        return node if dtype is None or node.type.dtype == dtype else apply("cast", node, dtype=dtype)
    array = checked(value)
    name = dtype or supported(array.dtype)
    if array.ndim == 0:
        return constant(array.astype(name).item(), ArrayType((), name))
    return _held(array, name)


def _held(array: np.ndarray[Any, Any], dtype: str) -> Node:
    """An array as a constant; one that the open trace has read before, and that has not changed since, is the same node."""
    trace = current()
    known = trace.arrays.get((id(array), dtype)) if trace is not None else None
    if known is not None and np.array_equal(known[1].params["value"], array):
        return known[1]
    held = np.asarray(array, dtype=dtype) if is_fixed(array) else copied(array, dtype)
    held.flags.writeable = False
    node = constant(held, ArrayType(held.shape, dtype))
    if trace is not None:
        trace.arrays[id(array), dtype] = array, node
    return node


def broadcast_to(node: Node, shape: Sequence[int]) -> Node:
    """A node laid over a shape by NumPy's rule: axes are aligned at the right, an axis of 1 is spread.

    Raises ValueError, with NumPy's words, where it does not fit.
    """
    shape = tuple(shape)
    if node.shape == shape:
        return node
    if node.shape and np.broadcast_shapes(node.shape, shape) != shape:  # pyright: ignore[reportArgumentType]
        raise ValueError(f"cannot broadcast an array of shape {node.shape} to shape {shape}")
    if node.op.leaf == "constant" and not isinstance(node.params["value"], np.ndarray):
        return constant(node.params["value"], node.type.with_shape(shape))
    low = len(shape) - node.type.rank
    kept = [axis for axis, size in enumerate(node.shape) if size == shape[low + axis]]
    if len(kept) < node.type.rank:
        node = apply("reshape", node, shape=tuple(node.shape[axis] for axis in kept))
    if node.shape == shape:
        return node
    return apply("broadcast", node, shape=shape, axes=tuple(low + axis for axis in kept))


def together(nodes: Sequence[Node]) -> list[Node]:
    """The nodes broadcast to one shape.

    Raises ValueError, with NumPy's words, where they do not fit.
    """
    shape = common_shape([node.shape for node in nodes])
    return [broadcast_to(node, shape) for node in nodes]


def common_shape(shapes: Sequence[tuple[Any, ...]]) -> tuple[int, ...]:
    """The shape to which arrays of these shapes broadcast.

    Raises ValueError, with NumPy's words, where they do not fit.
    """
    different = {shape for shape in shapes if shape}
    if len(different) > 1:
        return np.broadcast_shapes(*shapes)
    return different.pop() if different else ()


def laid_out(value: Any, dtype: str, shape: tuple[int, ...]) -> Node:
    """A value as a node of a dtype, broadcast to a shape; a number of Python fills it."""
    if type(value) in (int, float, complex):
        return constant(np.dtype(dtype).type(value).item(), ArrayType(shape, dtype))
    return broadcast_to(as_node(value, dtype), shape)


def promoted(*values: Any) -> list[Node]:
    """The values as nodes of the dtype to which NumPy promotes them; shapes stay."""
    dtype = common_dtype(*values)
    return [as_node(value, dtype) for value in values]


def as_arrays(*values: Any) -> list[Node]:
    """The same where NumPy makes arrays of them first, so that a Python number is a float64 or an int64 like others."""
    kinds = [value.dtype if isinstance(value, Traced) else np.asarray(value).dtype for value in values]
    dtype = supported(_result_type(tuple(kinds)))
    return [as_node(value, dtype) for value in values]


def axes_of(axis: Any, rank: int) -> tuple[int, ...]:
    """NumPy's argument `axis`, as axes from 0; None is all of them.

    Raises numpy.exceptions.AxisError where there is no such axis.
    """
    if axis is None:
        return tuple(range(rank))
    given = axis if isinstance(axis, tuple | list) else (axis,)
    for each in given:
        if not -rank <= int(each) < rank:
            raise np.exceptions.AxisError(int(each), rank)
    return tuple(sorted(int(each) % rank for each in given))
