"""numpy.fft on traced values: transforms along axes that are cut or filled to a length, with the factor of a norm."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply
from wengert.core.ir.types import FLOATS
from wengert.core.ops.complex_numbers import WHOLE, conjugate
from wengert.functions.tracing.answers import answers
from wengert.functions.tracing.operands import as_node, axes_of
from wengert.functions.tracing.tracer import Traced, traced

Norm = str | None
POWERS = {(None, False): 0, ("backward", False): 0, ("ortho", False): 1, ("forward", False): 2}
POWERS |= {(None, True): 2, ("backward", True): 2, ("ortho", True): 1, ("forward", True): 0}
"""The factor of a transform is n^(−p/2), by its norm and whether it is inverse."""


def _real(a: Any) -> Node:
    """A value as real numbers.

    Raises TypeError, as NumPy does, for complex ones.
    """
    x = as_node(a)
    if x.type.is_complex:
        raise TypeError(f"ufunc 'rfft_n_even' did not contain a loop with signature matching types {x.type.dtype}")
    return x if x.type.is_float else apply("cast", x, dtype="float64")


def _complex(a: Any) -> Node:
    x = as_node(a)
    if x.type.is_complex:
        return x
    return apply("cast", x, dtype=WHOLE[x.type.dtype] if x.type.dtype in FLOATS else "complex128")


def _scaled(x: Node, sizes: Sequence[int], norm: Norm, inverse: bool) -> Node:
    """x times the factor that the norm asks for.

    Raises ValueError, with NumPy's words, where there is no such norm.
    """
    if (norm, inverse) not in POWERS:
        raise ValueError(f'Invalid norm value {norm}; should be "backward", "ortho" or "forward".')
    power, number = POWERS[norm, inverse], int(np.prod(sizes, dtype=np.int64))
    if not power or number == 1:
        return x
    return x * (1 / number if power == 2 else float(1 / np.sqrt(number)))


def _length(n: Any, default: int) -> int:
    """The number of entries along an axis.

    Raises ValueError, with NumPy's words, where there are none.
    """
    size = default if n is None else operator.index(n)
    if size < 1:
        raise ValueError(f"Invalid number of FFT data points ({size}) specified.")
    return size


def _fitted(x: Node, axis: int, size: int) -> Node:
    """x cut, or filled with zeros, to `size` entries along an axis."""
    have: Any = x.shape[axis]
    rank = x.type.rank
    if have > size:
        stop = tuple(size if k == axis else n for k, n in enumerate(x.shape))
        return apply("slice", x, start=(0,) * rank, stop=stop, step=(1,) * rank)
    if have < size:
        high = tuple(size - have if k == axis else 0 for k in range(rank))
        return apply("pad", x, low=(0,) * rank, high=high)
    return x


def _axis(axis: Any, rank: int) -> int:
    return axes_of(operator.index(axis), rank)[0]


# ---------------------------------------------------------------- along one axis


def _along_one(x: Node, n: Any, axis: Any, norm: Norm, inverse: bool) -> Node:
    place = _axis(axis, x.type.rank)
    size = _length(n, x.shape[place])  # pyright: ignore[reportArgumentType]
    found = apply("fft", _fitted(x, place, size), axes=(place,), inverse=inverse)
    return _scaled(found, [size], norm, inverse)


def _to_half(x: Node, n: Any, axis: Any, norm: Norm) -> Node:
    """The half of the spectrum of real numbers."""
    place = _axis(axis, x.type.rank)
    size = _length(n, x.shape[place])  # pyright: ignore[reportArgumentType]
    return _scaled(apply("rfft", _fitted(x, place, size), axis=place), [size], norm, False)


def _from_half(y: Node, n: Any, axis: Any, norm: Norm) -> Node:
    """The real numbers of which y is half of the spectrum."""
    place = _axis(axis, y.type.rank)
    size = _length(n, 2 * (y.shape[place] - 1))  # pyright: ignore[reportOperatorIssue, reportArgumentType]
    found = apply("irfft", _fitted(y, place, size // 2 + 1), axis=place, size=size)
    return _scaled(found, [size], norm, True)


@answers(np.fft.fft)
def _fft(a: Any, n: Any = None, axis: Any = -1, norm: Norm = None) -> Traced:
    return traced(_along_one(_complex(a), n, axis, norm, False))


@answers(np.fft.ifft)
def _ifft(a: Any, n: Any = None, axis: Any = -1, norm: Norm = None) -> Traced:
    return traced(_along_one(_complex(a), n, axis, norm, True))


@answers(np.fft.rfft)
def _rfft(a: Any, n: Any = None, axis: Any = -1, norm: Norm = None) -> Traced:
    return traced(_to_half(_real(a), n, axis, norm))


@answers(np.fft.irfft)
def _irfft(a: Any, n: Any = None, axis: Any = -1, norm: Norm = None) -> Traced:
    return traced(_from_half(_complex(a), n, axis, norm))


SWAPPED = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}
"""The norm under which a transform has the factor of its inverse."""


def _swapped(norm: Norm) -> str:
    if norm not in SWAPPED:
        raise ValueError(f'Invalid norm value {norm}; should be "backward", "ortho" or "forward".')
    return SWAPPED[norm]


@answers(np.fft.hfft)
def _hfft(a: Any, n: Any = None, axis: Any = -1, norm: Norm = None) -> Traced:
    """The real spectrum of a signal that is the conjugate of its mirror, from half of it."""
    return traced(_from_half(conjugate(_complex(a)), n, axis, _swapped(norm)))


@answers(np.fft.ihfft)
def _ihfft(a: Any, n: Any = None, axis: Any = -1, norm: Norm = None) -> Traced:
    return traced(conjugate(_to_half(_real(a), n, axis, _swapped(norm))))


# ---------------------------------------------------------------- along several axes


def _sizes_and_axes(x: Node, s: Any, axes: Any, half: bool = False) -> tuple[list[int], list[int]]:
    """The lengths and the axes; −1 is the length that there is, and with `half` the last default is that of a whole spectrum.

    Raises ValueError, with NumPy's words, where they do not fit.
    """
    rank = x.type.rank
    if axes is None:
        given = list(range(rank)) if s is None else list(range(-len(s), 0))
    else:
        given = [operator.index(axis) for axis in axes]
    if s is not None and len(s) != len(given):
        raise ValueError("Shape and axes have different lengths.")
    places = [_axis(axis, rank) for axis in given]
    asked = [None] * len(places) if s is None else [None if n == -1 else n for n in s]
    defaults: list[Any] = [x.shape[place] for place in places]
    if half and s is None and defaults:
        defaults[-1] = 2 * (defaults[-1] - 1)
    return [_length(n, have) for n, have in zip(asked, defaults, strict=True)], places


def _along_several(a: Any, s: Any, axes: Any, norm: Norm, inverse: bool) -> Traced:
    x = _complex(a)
    sizes, places = _sizes_and_axes(x, s, axes)
    if len(set(places)) == len(places):
        for place, size in zip(places, sizes, strict=True):
            x = _fitted(x, place, size)
        found = apply("fft", x, axes=tuple(places), inverse=inverse) if places else x
        return traced(_scaled(found, sizes, norm, inverse))
    for place, size in reversed(
        list(zip(places, sizes, strict=True))
    ):  # an axis that is named twice is transformed twice
        x = _along_one(x, size, place, norm, inverse)
    return traced(x)


@answers(np.fft.fftn)
def _fftn(a: Any, s: Any = None, axes: Any = None, norm: Norm = None) -> Traced:
    return _along_several(a, s, axes, norm, False)


@answers(np.fft.ifftn)
def _ifftn(a: Any, s: Any = None, axes: Any = None, norm: Norm = None) -> Traced:
    return _along_several(a, s, axes, norm, True)


@answers(np.fft.fft2)
def _fft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Norm = None) -> Traced:
    return _along_several(a, s, axes, norm, False)


@answers(np.fft.ifft2)
def _ifft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Norm = None) -> Traced:
    return _along_several(a, s, axes, norm, True)


@answers(np.fft.rfftn)
def _rfftn(a: Any, s: Any = None, axes: Any = None, norm: Norm = None) -> Traced:
    """Along the last axis of real numbers, then along the others."""
    x = _real(a)
    sizes, places = _sizes_and_axes(x, s, axes)
    y = _to_half(x, sizes[-1], places[-1], norm)
    for place, size in list(zip(places, sizes, strict=True))[-2::-1]:
        y = _along_one(y, size, place, norm, False)
    return traced(y)


@answers(np.fft.irfftn)
def _irfftn(a: Any, s: Any = None, axes: Any = None, norm: Norm = None) -> Traced:
    """Along all axes but the last, then along that to real numbers."""
    y = _complex(a)
    sizes, places = _sizes_and_axes(y, s, axes, half=True)
    for place, size in list(zip(places, sizes, strict=True))[:-1]:
        y = _along_one(y, size, place, norm, True)
    return traced(_from_half(y, sizes[-1], places[-1], norm))


@answers(np.fft.rfft2)
def _rfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Norm = None) -> Traced:
    return _rfftn(a, s, axes, norm)


@answers(np.fft.irfft2)
def _irfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Norm = None) -> Traced:
    return _irfftn(a, s, axes, norm)


# ---------------------------------------------------------------- the zero frequency in the middle


def _rolled(x: Any, axes: Any, by: Callable[[int], int]) -> Traced:
    """The entries along axes moved by a number that their size says, those at the end to the start."""
    node = as_node(x)
    for axis in axes_of(axes, node.type.rank):
        size: Any = node.shape[axis]
        cut = size - by(size)
        if 0 < cut < size:
            node = apply("concatenate", _between(node, axis, cut, size), _between(node, axis, 0, cut), axis=axis)
    return traced(node)


def _between(x: Node, axis: int, first: int, last: int) -> Node:
    start = tuple(first if k == axis else 0 for k in range(x.type.rank))
    stop = tuple(last if k == axis else n for k, n in enumerate(x.shape))
    return apply("slice", x, start=start, stop=stop, step=(1,) * x.type.rank)


@answers(np.fft.fftshift)
def _fftshift(x: Any, axes: Any = None) -> Traced:
    return _rolled(x, axes, lambda size: size // 2)


@answers(np.fft.ifftshift)
def _ifftshift(x: Any, axes: Any = None) -> Traced:
    return _rolled(x, axes, lambda size: size - size // 2)
