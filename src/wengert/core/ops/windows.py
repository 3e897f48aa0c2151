"""slice, pad and concatenate: parts of an array taken out and put together; slice and pad are each other's adjoint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply, constant
from wengert.core.ir.notation import unwritten
from wengert.core.ir.op import Params
from wengert.core.ir.types import ArrayType, Dim, Size
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ops.index_maps import pad_map, slice_map
from wengert.core.ops.kinds import as_batched, batch_size, general, structural
from wengert.core.ops.structural import check_axes, show_shape
from wengert.errors import GraphError


def _span(size: int, step: int) -> int:
    """The places that `size` entries `step` apart take up."""
    return (size - 1) * step + 1 if size else 0


def _sliced(size: Size, start: int, stop: Size, step: int) -> Size:
    if (start, stop, step) == (0, size, 1):
        return size
    if not (isinstance(size, int) and isinstance(stop, int)):
        raise GraphError(
            f"A slice of an axis of the named size '{size}' has no size.",
            f"  slice {start}:{stop}:{step}",
            "Slice an axis whose size is a number, or take all of it.",
        )
    if not (0 <= start <= stop <= size and step >= 1):
        raise GraphError(
            f"The slice does not lie in an axis of {size} entries.",
            f"  slice {start}:{stop}:{step}",
            "Let 0 ≤ start ≤ stop ≤ size and step ≥ 1; use 'flip' for the reverse order.",
        )
    return (stop - start + step - 1) // step


def _infer_slice(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    (x,), (start, stop, step) = types, (params["start"], params["stop"], params["step"])
    if not len(start) == len(stop) == len(step) == x.rank:
        raise GraphError(
            f"'slice' of {x} needs {x.rank} starts, stops and steps.",
            f"  start={start}, stop={stop}, step={step}",
            "Give one an axis.",
        )
    return x.with_shape(_sliced(*each) for each in zip(x.shape, start, stop, step, strict=True))


def _value_slice(xp: Vocabulary, x: Any, start: Any, stop: Any, step: Any) -> Any:
    return x[tuple(np.s_[a:b:c] for a, b, c in zip(start, stop, step, strict=True))]


def _adjoint_slice(node: Node, cotangent: Node) -> Node:
    start, step = node.params["start"], node.params["step"]
    high: list[int] = []
    for full, part, a, c in zip(node.inputs[0].shape, node.shape, start, step, strict=True):
        high.append(0 if full == part else full - a - _span(part, c))
    extra = {} if all(c == 1 for c in step) else {"step": step}
    return apply("pad", cotangent, low=start, high=tuple(high), **extra)


def _batch_slice(node: Node, inputs: Sequence[Node], batched: Sequence[bool]) -> Node:
    p, n = node.params, inputs[0].shape[0]
    return apply("slice", inputs[0], start=(0, *p["start"]), stop=(n, *p["stop"]), step=(1, *p["step"]))


SLICES = [
    ((5,), (1,), (4,), (1,)),
    ((5,), (0,), (5,), (2,)),
    ((5,), (2,), (2,), (1,)),
    ((0,), (0,), (0,), (1,)),
    ((4, 3), (1, 0), (3, 3), (1, 1)),
    ((4, 3), (0, 1), (4, 3), (3, 2)),
    ((6, 2), (1, 0), (6, 2), (4, 1)),
    ((), (), (), ()),
]

slice = structural(
    "slice",
    "y_i = x_(start + step·i) along every axis.",
    infer=_infer_slice,
    value=_value_slice,
    adjoint=_adjoint_slice,
    batch=_batch_slice,
    notation=unwritten("slice"),
    index_map=slice_map,
    samples=lambda rng: [
        ([rng.normal(size=shape)], {"start": a, "stop": b, "step": c}) for shape, a, b, c in SLICES for _ in range(4)
    ],
    errors=(
        ((ArrayType((3,)),), {"start": (0,), "stop": (4,), "step": (1,)}, "does not lie in an axis of 3 entries"),
        ((ArrayType((Dim("n"),)),), {"start": (1,), "stop": (4,), "step": (1,)}, "named size 'n'"),
    ),
    growth="mask",
    moves="selection",
)


def _padded(size: Size, low: int, high: int, step: int) -> Size:
    if (low, high, step) == (0, 0, 1):
        return size
    if not isinstance(size, int):
        raise GraphError(
            f"An axis of the named size '{size}' cannot be padded.",
            f"  pad by {low} and {high}, step {step}",
            "Pad an axis whose size is a number.",
        )
    if low < 0 or high < 0 or step < 1:
        raise GraphError(
            "'pad' would cut entries off.", f"  pad by {low} and {high}, step {step}", "Use 'slice' to cut."
        )
    return low + _span(size, step) + high


def _infer_pad(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    (x,), low, high = types, params["low"], params["high"]
    step = params.get("step", (1,) * x.rank)
    if not len(low) == len(high) == len(step) == x.rank:
        raise GraphError(
            f"'pad' of {x} needs {x.rank} numbers before and after.",
            f"  low={low}, high={high}, step={step}",
            "Give one an axis.",
        )
    return x.with_shape(_padded(*each) for each in zip(x.shape, low, high, step, strict=True))


def _value_pad(xp: Vocabulary, x: Any, low: Any, high: Any, step: Any = None) -> Any:
    steps = step or (1,) * x.ndim
    if x.ndim == 0:
        return x
    if all(c == 1 for c in steps):
        return xp.pad(x, tuple(zip(low, high, strict=True)))
    spans = [_span(n, c) for n, c in zip(x.shape, steps, strict=True)]
    out = xp.zeros([a + s + b for a, s, b in zip(low, spans, high, strict=True)], dtype=x.dtype)
    out[tuple(np.s_[a : a + s : c] for a, s, c in zip(low, spans, steps, strict=True))] = x
    return out


def _adjoint_pad(node: Node, cotangent: Node) -> Node:
    low, high = node.params["low"], node.params["high"]
    step = node.params.get("step", (1,) * node.type.rank)
    stop = tuple(n if not (a or b) else n - b for n, a, b in zip(node.shape, low, high, strict=True))
    return apply("slice", cotangent, start=low, stop=stop, step=step)


def _batch_pad(node: Node, inputs: Sequence[Node], batched: Sequence[bool]) -> Node:
    p = node.params
    extra = {"step": (1, *p["step"])} if "step" in p else {}
    return apply("pad", inputs[0], low=(0, *p["low"]), high=(0, *p["high"]), **extra)


pad = structural(
    "pad",
    "x with `low` zeros before and `high` zeros after it along every axis, its entries `step` apart.",
    infer=_infer_pad,
    value=_value_pad,
    adjoint=_adjoint_pad,
    batch=_batch_pad,
    notation=unwritten("pad"),
    index_map=pad_map,
    samples=lambda rng: [
        ([rng.normal(size=shape)], {"low": low, "high": high, **extra})
        for shape, low, high, extra in [
            ((3,), (1,), (2,), {}),
            ((3,), (0,), (1,), {"step": (2,)}),
            ((0,), (2,), (1,), {}),
            ((0,), (2,), (1,), {"step": (3,)}),
            ((2, 3), (1, 0), (0, 2), {}),
            ((2, 3), (1, 0), (0, 2), {"step": (1, 3)}),
            ((), (), (), {}),
            ((1, 2, 1), (0, 0, 0), (0, 0, 0), {}),
        ]
        for _ in range(4)
    ],
    errors=(
        ((ArrayType((3,)),), {"low": (-1,), "high": (0,)}, "would cut entries off"),
        ((ArrayType((Dim("n"),)),), {"low": (1,), "high": (0,)}, "named size 'n'"),
    ),
    growth="mask",
)


# concatenate


def _infer_concatenate(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    axis: int = params["axis"]
    if not types:
        raise GraphError("'concatenate' needs at least one input.", "  it has none", "Give the arrays to join.")
    first = types[0]
    check_axes("concatenate", (axis,), first.rank)

    def across(type: ArrayType) -> tuple[Any, ...]:
        return (*type.shape[:axis], *type.shape[axis + 1 :], type.dtype)

    if any(type.rank != first.rank or across(type) != across(first) for type in types):
        raise GraphError(
            f"'concatenate' takes inputs that differ along axis {axis} only.",
            f"  its inputs are {' and '.join(map(str, types))}",
            "Reshape, broadcast or cast the inputs first.",
        )
    sizes = [type.shape[axis] for type in types]
    if len(sizes) == 1:
        return first
    numbers = [size for size in sizes if isinstance(size, int)]
    if len(numbers) != len(sizes):
        raise GraphError(
            "Axes of named sizes have no size when they are joined.",
            f"  the sizes are {show_shape(tuple(sizes))}",
            "Join along an axis whose sizes are numbers.",
        )
    return first.with_shape((*first.shape[:axis], sum(numbers), *first.shape[axis + 1 :]))


def _parts(node: Node) -> list[tuple[int, Any]]:
    axis = node.params["axis"]
    parts: list[tuple[int, Any]] = []
    begin = 0
    for parent in node.inputs:
        size = parent.shape[axis]
        parts.append((begin, size))
        begin = begin + size if isinstance(size, int) else begin
    return parts


def _vjp_concatenate(node: Node, cotangent: Node) -> tuple[Node | None, ...]:
    axis, rank = node.params["axis"], node.type.rank

    def part(begin: int, size: Any) -> Node:
        if len(node.inputs) == 1:
            return cotangent
        start = tuple(begin if k == axis else 0 for k in range(rank))
        stop = tuple(begin + size if k == axis else n for k, n in enumerate(node.shape))
        return apply("slice", cotangent, start=start, stop=stop, step=(1,) * rank)

    return tuple(part(begin, size) for begin, size in _parts(node))


def _value_concatenate(xp: Vocabulary, *xs: Any, axis: int) -> Any:
    return xp.concatenate(xs, axis=axis)


def _jvp_concatenate(node: Node, tangents: Sequence[Node | None]) -> Node | None:
    there = [t for t in tangents if t is not None]
    if not there:
        return None
    dtype = there[0].type.dtype  # where masks are counted that is not the inputs'
    filled = [
        constant(0, x.type.with_dtype(dtype)) if t is None else t for x, t in zip(node.inputs, tangents, strict=True)
    ]
    return apply("concatenate", *filled, axis=node.params["axis"])


def _batch_concatenate(node: Node, inputs: Sequence[Node], batched: Sequence[bool]) -> Node:
    size = batch_size(inputs, batched)
    full = [as_batched(x, has, size) for x, has in zip(inputs, batched, strict=True)]
    return apply("concatenate", *full, axis=node.params["axis"] + 1)


concatenate = general(
    "concatenate",
    "The inputs one behind the other along an axis.",
    infer=_infer_concatenate,
    value=_value_concatenate,
    jvp=_jvp_concatenate,
    vjp=_vjp_concatenate,
    batch=_batch_concatenate,
    notation=unwritten("concatenate"),
    joins=True,
    samples=lambda rng: [
        ([rng.normal(size=shape) for shape in shapes], {"axis": axis})
        for shapes, axis in [
            (((2,), (3,)), 0),
            (((2,), (0,), (1,)), 0),
            (((2, 3), (2, 1)), 1),
            (((1, 3), (2, 3)), 0),
            (((4,),), 0),
            (((0, 2), (0, 2)), 1),
        ]
        for _ in range(5)
    ],
    errors=(
        ((ArrayType((2, 3)), ArrayType((3, 3))), {"axis": 1}, "differ along axis 1 only"),
        ((ArrayType(),), {"axis": 0}, "distinct axes"),
    ),
    arity=None,
)
