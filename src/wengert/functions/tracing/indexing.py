"""Indexing of traced values as NumPy does it: whole numbers, slices, None, an ellipsis, masks, and arrays of whole numbers.

What an index means is found once, as a `Indexing` of the array and in it a `Spot` of looked-up places; the part is read, or
written by `assignment`.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply, constant
from wengert.core.ir.types import ArrayType
from wengert.functions.tracing.operands import as_node, broadcast_to, together
from wengert.functions.tracing.tracer import FUNCTIONS, Traced, refuse, traced


def getitem(x: Any, index: Any) -> Traced:
    """x[index].

    Raises IndexError, with NumPy's words, where an index is outside; TraceError where the shape of the result is not known.
    """
    part = part_of(as_node(x), index)
    return traced(part.node if part.spot is None else part.spot.read())


@dataclass(frozen=True)
class Indexing:
    """What slices, numbers and None take out of an array, and what arrays of indices pick out of that."""

    whole: Node
    node: Node
    """The part, its axes as slices and None leave them."""
    start: tuple[int, ...]
    step: tuple[int, ...]
    flipped: tuple[int, ...]
    """The axes that run backwards."""
    inner: tuple[int, ...]
    """The shape of the part with all axes of the array, those of numbers too."""
    spot: Spot | None

    def replaced(self, new: Node) -> Node:
        """The array with another node in place of the part."""
        if new.shape != self.inner:
            new = apply("reshape", new, shape=self.inner)
        if self.flipped:
            new = apply("flip", new, axes=self.flipped)
        if new.shape == self.whole.shape:
            return new
        return apply("set_slice", self.whole, new, start=self.start, step=self.step)


@dataclass(frozen=True)
class Spot:
    """Looked-up places: along one axis of a node, whose axes were moved and joined for that."""

    node: Node
    indices: Node
    axis: int
    joined: tuple[int, ...]
    """The shape with the looked-up axes apart."""
    order: tuple[int, ...]
    """The axes in the order in which they were moved."""

    @property
    def shape(self) -> tuple[Any, ...]:
        """The shape of what is picked."""
        return (*self.node.shape[: self.axis], *self.indices.shape, *self.node.shape[self.axis + 1 :])

    def read(self) -> Node:
        """The entries."""
        return apply("gather", self.node, self.indices, axis=self.axis, batch=0)

    def replaced(self, new: Node) -> Node:
        """The node, its axes where they were, with new entries of the shape of what is picked; the last counts where indices are equal."""
        flat = int(np.prod(self.indices.shape, dtype=np.int64))  # pyright: ignore[reportArgumentType]
        indices = self.indices if self.indices.shape == (flat,) else apply("reshape", self.indices, shape=(flat,))
        shape = (*self.node.shape[: self.axis], flat, *self.node.shape[self.axis + 1 :])
        entries = new if new.shape == shape else apply("reshape", new, shape=shape)
        return self.restored(apply("put", self.node, indices, entries, axis=self.axis, batch=0))

    def restored(self, new: Node) -> Node:
        """A node like this one with its axes apart and where they were."""
        new = new if new.shape == self.joined else apply("reshape", new, shape=self.joined)
        inverse = tuple(self.order.index(k) for k in range(len(self.order)))
        return new if inverse == tuple(range(len(inverse))) else apply("transpose", new, axes=inverse)


def part_of(node: Node, index: Any) -> Indexing:
    """What an index means in an array of these sizes.

    Raises IndexError, with NumPy's words; TraceError where how many entries it picks is not known.
    """
    entries = _expanded(_without_masks(index if isinstance(index, tuple) else (index,), node), node.type.rank)
    if any(is_array(each) for each in entries):  # beside an array, NumPy takes a number for one
        entries = [np.asarray(operator.index(each)) if is_number(each) else each for each in entries]
    return _basic(node, entries)


def _without_masks(index: tuple[Any, ...], node: Node) -> list[Any]:
    """The index with every mask written as the places where it holds, an array an axis; True is a new axis.

    Raises IndexError where a mask does not fit; TraceError for a traced one, which picks a number of entries that is not known.
    """
    axis, found = 0, list[Any]()
    rest = max(0, node.type.rank - sum(_axes(each) for each in index))
    for each in index:
        if not _is_mask(each):
            found.append(each)
        elif not np.ndim(each) and not isinstance(each, Traced):
            if not each:
                refuse("The index False picks nothing.", "Write an empty slice:  x[:0]")
            found.append(None)
        else:
            mask: Any = each.entries() if isinstance(each, Traced) else np.asarray(each)
            if mask is None:
                refuse("How many entries a traced mask picks is not known.", "Keep the shape:  np.where(mask, x, 0)")
            _check_mask(mask, node.shape[axis : axis + mask.ndim], axis)
            found += np.nonzero(mask)
        axis += rest if each is Ellipsis else _axes(each)
    return found


def _axes(each: Any) -> int:
    """How many axes of the array an entry of an index is about."""
    if each is None or each is Ellipsis:
        return 0
    return np.ndim(each) if _is_mask(each) and not isinstance(each, Traced) else 1


def _is_mask(each: Any) -> bool:
    if isinstance(each, bool | np.bool_):
        return True
    if isinstance(each, Traced | np.ndarray):
        return each.dtype.kind == "b"
    return isinstance(each, list) and bool(each) and np.asarray(each).dtype.kind == "b"


def _check_mask(mask: np.ndarray[Any, Any], sizes: tuple[Any, ...], axis: int) -> None:
    for k, (found, size) in enumerate(zip(mask.shape, sizes, strict=False)):
        if found != size:
            raise IndexError(
                f"boolean index did not match indexed array along axis {axis + k}; "
                f"size of axis is {size} but size of corresponding boolean axis is {found}"
            )
    if mask.ndim > len(sizes):
        raise IndexError(f"too many indices for array: a mask has {mask.ndim} axes, and {len(sizes)} are left")


FUNCTIONS["getitem"] = getitem


def _expanded(index: list[Any], rank: int) -> list[Any]:
    """The index with the ellipsis written out and one entry for every axis, None aside."""
    used = sum(each is not None and each is not Ellipsis for each in index)
    if used > rank:
        raise IndexError(f"too many indices for array: array is {rank}-dimensional, but {used} were indexed")
    if sum(each is Ellipsis for each in index) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    whole = [slice(None)] * (rank - used)
    entries: list[Any] = []
    for each in index:
        entries += whole if each is Ellipsis else [each]
    return entries if any(each is Ellipsis for each in index) else entries + whole


def _basic(node: Node, entries: list[Any]) -> Indexing:
    """Slices, whole numbers and None done; the axes of the part that arrays index are left to a spot."""
    start, step, inner = list[int](), list[int](), list[int]()
    flipped, shape = list[int](), list[int]()
    picks: dict[int, Any] = {}
    for each in entries:
        if each is None:
            shape.append(1)
            continue
        axis = len(inner)
        low, count, stride = _span(each, node.shape[axis], axis)
        if stride < 0:
            flipped.append(axis)
            low, stride = low + (count - 1) * stride if count else 0, -stride
        start.append(low)
        step.append(stride if count > 1 else 1)
        inner.append(count)
        if not is_number(each):
            if not isinstance(each, slice):
                picks[len(shape)] = each
            shape.append(count)
    part = node
    if tuple(inner) != node.shape:
        stop = tuple(a + (n - 1) * c + 1 if n else a for a, n, c in zip(start, inner, step, strict=True))
        part = apply("slice", part, start=tuple(start), stop=stop, step=tuple(step))
    if flipped:
        part = apply("flip", part, axes=tuple(flipped))
    if part.shape != tuple(shape):
        part = apply("reshape", part, shape=tuple(shape))
    spot = _spot(part, picks) if picks else None
    return Indexing(node, part, tuple(start), tuple(step), tuple(flipped), tuple(inner), spot)


def is_array(each: Any) -> bool:
    """Whether an entry of an index is an array of places."""
    return isinstance(each, Traced | list | np.ndarray)


def is_number(each: Any) -> bool:
    """Whether an entry of an index is a whole number, known now."""
    return not is_array(each) and not isinstance(each, slice | bool | np.bool_) and hasattr(each, "__index__")


def _span(each: Any, size: Any, axis: int) -> tuple[int, int, int]:
    """The first place, the number of places and the step of an entry along an axis; all of it for an array."""
    if isinstance(each, slice):
        places = range(*each.indices(size))
        return (places.start if len(places) else 0), len(places), places.step
    if not is_number(each):
        return 0, size, 1
    number = operator.index(each)
    if not -size <= number < size:
        raise IndexError(f"index {number} is out of bounds for axis {axis} with size {size}")
    return number % size, 1, 1


# ---------------------------------------------------------------- arrays of whole numbers


def _spot(node: Node, picks: dict[int, Any]) -> Spot:
    """The places at arrays of indices, which run together; their axes stand where the first of neighbouring axes stood, else in front."""
    axes = list(picks)
    indices = together([_indices(each, int(node.shape[axis]), axis) for axis, each in picks.items()])  # pyright: ignore[reportArgumentType]
    order = list(range(node.type.rank))
    if axes != list(range(axes[0], axes[0] + len(axes))):
        order = [*axes, *(k for k in order if k not in axes)]
        node = apply("transpose", node, axes=tuple(order))
        axes = list(range(len(axes)))
    sizes = [int(node.shape[axis]) for axis in axes]  # pyright: ignore[reportArgumentType]
    flat = indices[0]
    for index, size in zip(indices[1:], sizes[1:], strict=True):
        flat = flat * size + index
    first, last, joined = axes[0], axes[-1], node.shape
    if len(axes) > 1:
        node = apply("reshape", node, shape=(*node.shape[:first], int(np.prod(sizes)), *node.shape[last + 1 :]))
    return Spot(node, flat, first, joined, tuple(order))  # pyright: ignore[reportArgumentType]


def _indices(each: Any, size: int, axis: int) -> Node:
    """An array of indices counted from 0; those known now are checked now.

    Raises IndexError.
    """
    if not isinstance(each, Traced):
        array = np.asarray(each) if np.size(each) else np.asarray(each, dtype=np.int64)
        if array.dtype.kind not in "iu":
            raise IndexError("arrays used as indices must be of integer (or boolean) type")
        if array.size and (array.min() < -size or array.max() >= size):
            wrong = array[(array < -size) | (array >= size)].flat[0]
            raise IndexError(f"index {wrong} is out of bounds for axis {axis} with size {size}")
        return as_node(np.where(array < 0, array + size, array).astype(np.int64))
    if each.dtype.kind != "i":
        raise IndexError("arrays used as indices must be of integer (or boolean) type")
    node = as_node(each)
    return apply("where", node < 0, node + broadcast_to(constant(size, ArrayType((), "int64")), node.shape), node)
