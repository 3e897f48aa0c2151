"""Discrete Fourier transforms of rows as routines: real and imaginary parts are arrays of their own, before and after.

The parts of a result lie behind one another in one array, and behind them the complex numbers that NumPy's transforms work on. It
knows no machine.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy

from wengert.core.ir.graph import Node, apply
from wengert.core.ir.op import Op, Params
from wengert.core.ir.types import ArrayType
from wengert.targets.native.loops.decompositions import Parts
from wengert.targets.native.loops.factors import routine
from wengert.targets.native.loops.forms import TRANSFORMS, numbers

np: Any = numpy
Array = Any
Pair = tuple[Node, Node]
"""The real and the imaginary parts of an array."""


def whole_parts(n: int) -> Parts:
    """Of n complex numbers."""
    return Parts({"real": n, "imag": n, "work": 2 * n})


def half_parts(n: int) -> Parts:
    """The half of the spectrum of n real numbers."""
    half = n // 2 + 1
    return Parts({"real": half, "imag": half, "work": 2 * half})


def signal_parts(n: int) -> Parts:
    """n real numbers, made of the half of a spectrum."""
    return Parts({"real": n, "work": 2 * (n // 2 + 1)})


def parts_of(name: str, n: int, params: Mapping[str, Any]) -> Parts:
    """The parts of what a routine makes of rows of n entries."""
    if name == "irfft_parts":
        return signal_parts(params["size"])
    return whole_parts(n) if name == "fft_parts" else half_parts(n)


# ---------------------------------------------------------------- routines


def _op(name: str, summary: str, arity: int, value: Callable[..., Array]) -> Op:
    def infer(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
        *many, n = numbers(types[0].shape)
        return types[0].with_shape((*many, parts_of(name, n, params).total))

    return routine(name, summary, arity, infer, value)


def _packed(parts: Parts, like: Array, **found: Array) -> Array:
    """Parts at their places; 0 where NumPy works."""
    packed = np.zeros((*like.shape[:-1], parts.total), like.dtype)
    for name, array in found.items():
        first = parts.start(name)
        packed[..., first : first + parts.sizes[name]] = array
    return packed


def _fft(x: Array, y: Array, inverse: bool) -> Array:
    z = x + 1j * y
    found = np.fft.ifft(z, norm="forward") if inverse else np.fft.fft(z)
    return _packed(whole_parts(x.shape[-1]), x, real=found.real, imag=found.imag)


def _rfft(x: Array) -> Array:
    found = np.fft.rfft(x)
    return _packed(half_parts(x.shape[-1]), x, real=found.real, imag=found.imag)


def _irfft(x: Array, y: Array, size: int) -> Array:
    return _packed(signal_parts(size), x, real=np.fft.irfft(x + 1j * y, n=size, norm="forward"))


fft = _op("fft_parts", "The transform of complex rows.", 2, lambda xp, x, y, inverse: _fft(x, y, inverse))
rfft = _op("rfft_parts", "The half of the spectrum of real rows.", 1, lambda xp, x: _rfft(x))
irfft = _op("irfft_parts", "The real rows of half a spectrum.", 2, lambda xp, x, y, size: _irfft(x, y, size))
OPS = (fft, rfft, irfft)


def _work(n: int, total: int) -> float:
    return 3 * total * max(1.0, math.log2(max(n, 2)))


WORK: Mapping[str, Callable[[int, int], float]] = dict.fromkeys(TRANSFORMS, _work)


# ---------------------------------------------------------------- the ops of a graph by them


def _order(rank: int, axis: int) -> tuple[int, ...]:
    """The axes with one of them exchanged for the last: its own inverse."""
    order = list(range(rank))
    order[axis], order[-1] = order[-1], order[axis]
    return tuple(order)


def along(x: Node, axis: int) -> Node:
    """The array with an axis and the last in each other's place."""
    return x if axis == x.type.rank - 1 else apply("transpose", x, axes=_order(x.type.rank, axis))


def _rows(x: Node, axis: int) -> Node:
    """Matrices of one row each, along an axis."""
    turned = along(x, axis)
    *many, n = numbers(turned.shape)
    return apply("reshape", turned, shape=(*many, 1, n))


def _part(packed: Node, parts: Parts, name: str, axis: int) -> Node:
    """A part of what a routine made, its axis in its place again."""
    return along(parts.node(packed, name, (parts.sizes[name],)), axis)


def transform(pair: Pair, axis: int, inverse: bool) -> Pair:
    """The transform of complex numbers along an axis."""
    x, y = (_rows(part, axis) for part in pair)
    packed, parts = apply(fft, x, y, inverse=inverse), whole_parts(int(x.shape[-1]))
    return _part(packed, parts, "real", axis), _part(packed, parts, "imag", axis)


def half(x: Node, axis: int) -> Pair:
    """The half of the spectrum of real numbers along an axis."""
    row = _rows(x, axis)
    packed, parts = apply(rfft, row), half_parts(int(row.shape[-1]))
    return _part(packed, parts, "real", axis), _part(packed, parts, "imag", axis)


def signal(pair: Pair, axis: int, size: int) -> Node:
    """The real numbers of the half of a spectrum along an axis."""
    x, y = (_rows(part, axis) for part in pair)
    return _part(apply(irfft, x, y, size=size), signal_parts(size), "real", axis)
