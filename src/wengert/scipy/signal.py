"""Convolutions of scipy.signal. On traced values they are sums of products, whatever the method; else SciPy's own functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import signal  # pyright: ignore[reportMissingTypeStubs]

from wengert.ir.graph import apply
from wengert.tracing.answers import stands_in
from wengert.tracing.convolution import centred, convolved
from wengert.tracing.indexing import getitem
from wengert.tracing.moving import flip
from wengert.tracing.operands import as_arrays, as_node, axes_of, broadcast_to
from wengert.tracing.shapes import moveaxis
from wengert.tracing.tracer import Traced, refuse, traced

__all__ = ["convolve", "convolve2d", "correlate", "correlate2d", "fftconvolve", "oaconvolve"]

_scipy: Any = signal


def _alike(in1: Any, in2: Any, real: bool = False) -> list[Traced]:
    """Two arrays of one dtype and one number of axes.

    Raises ValueError, with SciPy's words.
    """
    nodes = as_arrays(in1, in2)
    if nodes[0].type.rank != nodes[1].type.rank:
        raise ValueError("in1 and in2 should have the same dimensionality")
    if real and nodes[0].type.dtype == "int64":
        nodes = [apply("cast", x, dtype="float64") for x in nodes]
    return [traced(x) for x in nodes]


def _convolved(x: Traced, y: Traced, mode: str, axes: Sequence[int]) -> Any:
    """The convolution over axes, the others broadcast; all of it, the middle of the size of x, or the sums without gaps.

    Raises ValueError, with SciPy's words, for another mode, and where neither is contained in the other for 'valid'.
    """
    if mode not in ("full", "same", "valid"):
        raise ValueError("acceptable mode flags are 'valid', 'same', or 'full'")
    if not x.ndim:
        return x * y
    if not x.size or not y.size:
        return np.array([])
    longer = [x.shape[k] >= y.shape[k] for k in axes]
    if mode == "valid" and not all(longer) and not all(y.shape[k] >= x.shape[k] for k in axes):
        raise ValueError("For 'valid' mode, one must be at least as large as the other in every dimension")
    last = range(-len(axes), 0)
    left, right = (moveaxis(z, axes, last) for z in (x, y))
    batch = np.broadcast_shapes(left.shape[: -len(axes)], right.shape[: -len(axes)])
    left, right = (traced(broadcast_to(as_node(z), (*batch, *z.shape[-len(axes) :]))) for z in (left, right))
    full = moveaxis(convolved(left, right, len(axes)), last, axes)
    if mode == "full":
        return full
    sizes = list(full.shape)
    for k in axes:
        sizes[k] = x.shape[k] if mode == "same" else abs(x.shape[k] - y.shape[k]) + 1
    return centred(full, sizes)


def _reversed(y: Traced) -> Any:
    """conj(y), backward along every axis."""
    return flip(np.conjugate(y) if y.dtype.kind == "c" else y)  # pyright: ignore[reportArgumentType, reportCallIssue]


@stands_in(_scipy.convolve)
def convolve(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    """z_k = Σ_i x_i y_(k − i) over all axes."""
    x, y = _alike(in1, in2)
    return _convolved(x, y, mode, range(x.ndim))


@stands_in(_scipy.correlate)
def correlate(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    """z_k = Σ_i x_(k + i) conj(y_i) over all axes."""
    x, y = _alike(in1, in2)
    return _convolved(x, _reversed(y), mode, range(x.ndim))


def _over_axes(in1: Any, in2: Any, mode: str, axes: Any) -> Any:
    x, y = _alike(in1, in2, real=True)
    return _convolved(x, y, mode, axes_of(axes, x.ndim))


@stands_in(_scipy.fftconvolve)
def fftconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    """z_k = Σ_i x_i y_(k − i) over some axes."""
    return _over_axes(in1, in2, mode, axes)


@stands_in(_scipy.oaconvolve)
def oaconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    """The same as `fftconvolve`."""
    return _over_axes(in1, in2, mode, axes)


def _plane(x: Traced, y: Traced, mode: str, boundary: str, fillvalue: Any, middle: int) -> Any:
    """A convolution of two matrices, whose entries outside are given by the boundary.

    `middle` is 1 where the middle of an even number of entries is the one before it, 0 where it is the one behind it.
    """
    if x.ndim != 2:
        raise ValueError("convolve2d inputs must both be 2-D arrays")
    if mode == "valid":  # nothing outside is read
        return _convolved(x, y, mode, (0, 1))
    padding: dict[str, Any] = {
        "fill": {"mode": "constant", "constant_values": fillvalue},
        "pad": {"mode": "constant", "constant_values": fillvalue},
        "wrap": {"mode": "wrap"},
        "circular": {"mode": "wrap"},
        "symm": {"mode": "symmetric"},
        "symmetric": {"mode": "symmetric"},
    }
    if boundary not in padding:
        refuse(f"The boundary '{boundary}' has no form in a graph.", "Give one of:  'fill', 'wrap', 'symm'")
    widths = [(n - 1, n - 1) for n in y.shape]
    wide: Any = np.pad(x, widths, **padding[boundary])  # pyright: ignore[reportArgumentType, reportCallIssue]
    full = _convolved(wide, y, "valid", (0, 1))
    if mode == "full":
        return full
    starts = [(n - middle) // 2 for n in y.shape]
    return getitem(full, tuple(slice(a, a + n) for a, n in zip(starts, x.shape, strict=True)))


@stands_in(_scipy.convolve2d)
def convolve2d(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0) -> Any:
    """z_k = Σ_i x_i y_(k − i) of matrices, with zeros, a value, the other side or a mirror image around the first."""
    x, y = _alike(in1, in2)
    return _plane(x, y, mode, boundary, fillvalue, 1)


@stands_in(_scipy.correlate2d)
def correlate2d(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0) -> Any:
    """z_k = Σ_i x_(k + i) conj(y_i) of matrices, with the boundaries of `convolve2d`."""
    x, y = _alike(in1, in2)
    found = _plane(x, _reversed(y), mode, boundary, fillvalue, 0)
    smaller = any(n < m for n, m in zip(x.shape, y.shape, strict=True))
    # SciPy exchanges the two then, and takes the conjugate of the one that is second.
    return np.conjugate(found) if mode == "valid" and smaller and x.dtype.kind == "c" else found
