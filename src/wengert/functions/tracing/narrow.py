"""Whole numbers that NumPy keeps in fewer than 64 bits: what dtype a result has there, and its value wrapped to that.

A graph has int64 alone. A traced value of a narrower dtype says so by its `width`; its node holds the same number as int64.
NumPy is asked for the dtype of a result, by the same call on arrays of zeros.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from wengert.core.ops.wrapping import NARROW, wrapped
from wengert.functions.tracing.calls import computed
from wengert.functions.tracing.standin import StandIn, refuse

if TYPE_CHECKING:
    from wengert.functions.tracing.tracer import Traced

Width = np.dtype[Any] | None
"""A dtype of whole numbers other than int64; None for all that a graph has itself."""

_BITS = {np.add, np.subtract, np.multiply, np.negative, np.positive, np.left_shift}
_BITS |= {np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert}
_BITS |= {np.sum, np.prod, np.cumsum, np.cumprod, "method sum", "method prod", "method cumsum", "method cumprod"}
_BITS |= {"getitem", "method copy", "method reshape", "method ravel", "method astype", np.copy, np.reshape, np.ravel}
_BITS |= {np.transpose, np.swapaxes, np.moveaxis, np.squeeze, np.expand_dims, np.broadcast_to, np.where, np.take}
_BITS |= {np.concatenate, np.stack, np.zeros_like, np.ones_like, np.full_like}
_NAMES = frozenset(each for name in (*NARROW, "uint64") for each in (name, np.dtype(name).char, np.dtype(name).str[1:]))
"""How texts name such a dtype: uint8, B or u1."""
UNSIGNED: frozenset[Any] = frozenset(_BITS)
"""The calls that mean the same for the bits of an uint64 and of an int64."""


def width_of(dtype: np.dtype[Any]) -> Width:
    """The dtype, where it holds whole numbers of other widths than a graph's."""
    return dtype if dtype.kind in "iu" and dtype != np.int64 else None


def restored(value: Any, width: Width) -> Any:
    """A result of a graph in the dtype that it has for NumPy."""
    return value if width is None else value.astype(width)


def is_concerned(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether an argument is of such a dtype, or names one, or holds truth values, of which NumPy makes int8."""
    return any(map(_is_narrow, args)) or any(map(_is_narrow, kwargs.values()))


def _is_narrow(x: Any) -> bool:
    if isinstance(x, StandIn | np.ndarray | np.generic):
        dtype: Any = x.dtype
    elif isinstance(x, tuple | list):
        return any(map(_is_narrow, x))  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(x, str):
        return x in _NAMES
    elif isinstance(x, np.dtype) or (isinstance(x, type) and issubclass(x, np.generic)):
        dtype = np.dtype(x)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    else:
        return False
    return (dtype.kind in "iu" and dtype != np.int64) or (dtype.kind == "b" and isinstance(x, StandIn))


def narrowed(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any], result: Any) -> Any:
    """The result of a call with such arguments, wrapped to the dtypes that NumPy gives it.

    Raises OverflowError, with NumPy's words, for a number of Python that the dtype does not hold, TraceError where it is asked of
    an uint64 what its bits do not tell.
    """
    parts: Any = result if isinstance(result, tuple | list) else (result,)
    _refuse_large(function, args, kwargs, parts)
    if not any(isinstance(x, StandIn) and x.type.dtype == "int64" for x in parts):
        return result
    with np.errstate(all="ignore"):
        found = computed(function, [_zeros(x) for x in args], {name: _zeros(x) for name, x in kwargs.items()})
    if not isinstance(result, tuple | list):
        return _as_numpys(result, found)
    made = [_as_numpys(x, y) for x, y in zip(result, found, strict=True)]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return type(result)(*made) if hasattr(result, "_fields") else type(result)(made)  # pyright: ignore[reportUnknownArgumentType]


def _as_numpys(x: Any, found: Any) -> Any:
    """A traced value as NumPy's result is."""
    width = width_of(np.asarray(found).dtype)
    if isinstance(x, StandIn) and width is not None and x.type.dtype == "int64":
        y: Traced = x  # pyright: ignore[reportAssignmentType]
        y.node = wrapped(y.node, width.name) if width.name in NARROW else y.node
        y.width, y.weak = width, False
    return x


def _zeros(x: Any) -> Any:
    """What stands for an argument: zeros of its shape and dtype, or the number of Python that it is."""
    if isinstance(x, StandIn):
        if x.weak:
            return x.dtype.type(0).item()
        return np.broadcast_to(np.zeros((), x.dtype), x.shape)[() if x.shape else ...]
    if isinstance(x, tuple | list):
        parts: list[Any] = [_zeros(each) for each in x]  # pyright: ignore[reportUnknownVariableType]
        return type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts)  # pyright: ignore[reportUnknownArgumentType]
    return x


def _may_be_large(x: StandIn) -> bool:
    """Whether an uint64 may be beyond int64: what is given to a function is looked at in every call, and is not."""
    node: Any = x.node
    while node.op.rearranges:
        node = node.inputs[0]
    return node.op.leaf not in ("input", "constant")


def _refuse_large(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any], parts: Sequence[Any]) -> None:
    """Refuse what the bits of an uint64 as an int64 do not tell.

    Raises TraceError.
    """
    given = [
        x for x in (*args, *kwargs.values()) if isinstance(x, StandIn) and x.dtype == np.uint64 and _may_be_large(x)
    ]
    bits = function in UNSIGNED and not any(isinstance(x, StandIn) and x.type.is_float for x in parts)
    if given and not bits:
        refuse(
            "Whole numbers of dtype uint64 may be beyond those of a graph, which are int64.",
            "Convert first:  x.astype(np.int64)",
        )
