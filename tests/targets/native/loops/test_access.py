"""Index maps against NumPy: an op's entry is the input's entry where the map says, and 0 where a guard does not hold."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from wengert.core.ir.graph import Node, apply, input_node
from wengert.core.ir.op import OPS
from wengert.core.ir.types import ArrayType
from wengert.core.ops.vocabulary import NUMPY
from wengert.targets.native.loops.access import access, flat, strides
from wengert.targets.native.loops.nest import Affine, Axis, along


def random_node(name: str, rng: np.random.Generator) -> Node:
    """An op of random parameters on an input of up to three axes."""
    rank = int(rng.integers(1, 4))
    shape = tuple(int(n) for n in rng.integers(1, 5, rank))
    x = input_node("x", ArrayType(shape, "int64"))
    permutation = tuple(int(a) for a in rng.permutation(rank))
    if name == "broadcast":
        axes = tuple(int(a) for a in rng.permutation(rank + 2)[:rank])
        sizes = [int(n) for n in rng.integers(1, 4, rank + 2)]
        for axis, size in zip(axes, shape, strict=True):
            sizes[axis] = size
        return apply(name, x, shape=tuple(sizes), axes=axes)
    if name == "transpose":
        return apply(name, x, axes=permutation)
    if name == "flip":
        return apply(name, x, axes=tuple(sorted(permutation[: int(rng.integers(1, rank + 1))])))
    if name == "slice":
        start = tuple(int(rng.integers(0, n)) for n in shape)
        stop = tuple(int(rng.integers(a, n + 1)) for a, n in zip(start, shape, strict=True))
        return apply(name, x, start=start, stop=stop, step=tuple(int(s) for s in rng.integers(1, 4, rank)))
    if name == "pad":
        low, high = (tuple(int(n) for n in rng.integers(0, 3, rank)) for _ in range(2))
        return apply(name, x, low=low, high=high)
    if name == "window":
        result = tuple(int(n) for n in rng.integers(1, 5, int(rng.integers(0, 4))))
        steps = tuple(tuple(int(c) for c in rng.integers(-1, 3, len(result))) for _ in shape)
        return apply(name, x, shape=result, steps=steps, offset=tuple(int(n) for n in rng.integers(-2, 3, rank)))
    parts: list[int] = []
    for size in shape:
        factors = [n for n in range(1, size + 1) if size % n == 0]
        factor = int(rng.choice(factors))
        parts += [factor, size // factor] + [1] * int(rng.integers(0, 2))
    return apply(name, x, shape=tuple(parts))


def read(node: Node, array: np.ndarray) -> np.ndarray:
    """The op's value, entry by entry through its index map."""
    axes = [Axis(int(n)) for n in node.shape]
    step = access(node, tuple(map(along, axes)))
    assert step is not None
    found = np.zeros(node.shape, array.dtype)
    for place in itertools.product(*(range(axis.extent) for axis in axes)):
        at = dict(zip(axes, place, strict=True))

        def value(index: Affine, at: dict[Axis, int] = at) -> int:
            return index.offset + sum(c * at[axis] for axis, c in index.terms)

        if all(guard.low <= value(guard.index) < guard.high for guard in step.guards):
            found[place] = array[tuple(value(index) for index in step.index)]
    return found


MAPS = sorted(name for name, op in OPS.items() if op.index_map is not None)


@pytest.mark.parametrize("name", MAPS)
def test_an_entry_is_read_where_the_map_says(name):
    rng = np.random.default_rng(sum(map(ord, name)))
    for _ in range(60):
        node = random_node(name, rng)
        array = rng.integers(1, 1000, node.inputs[0].shape)
        wanted = node.op.value(NUMPY, array, **node.params)
        np.testing.assert_array_equal(read(node, array), wanted, err_msg=f"{name} {dict(node.params)}")


def test_merged_axes_have_no_affine_map():
    x = input_node("x", ArrayType((3, 4)))
    assert access(apply("reshape", x, shape=(12,)), (along(Axis(12)),)) is None
    assert access(apply("reshape", x, shape=(2, 6)), (along(Axis(2)), along(Axis(6)))) is None


def test_spread_entries_have_no_affine_map():
    x = input_node("x", ArrayType((3,)))
    assert access(apply("pad", x, low=(0,), high=(0,), step=(2,)), (along(Axis(5)),)) is None


def test_an_op_that_computes_has_no_map():
    x = input_node("x", ArrayType((3,)))
    assert access(apply("sin", x), (along(Axis(3)),)) is None


def test_the_flat_place_is_that_of_row_major_order():
    shape = (2, 3, 4)
    axes = [Axis(n) for n in shape]
    index = flat(tuple(map(along, axes)), shape)
    assert strides(shape) == tuple(n // 8 for n in np.zeros(shape).strides)
    assert [index.coefficient(axis) for axis in axes] == [12, 4, 1]
    assert index.bounds() == (0, 23)
