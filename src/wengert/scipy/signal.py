"""Convolutions and recursive filters of scipy.signal; else SciPy's own functions.

On traced values convolutions are sums of products, whatever the method, and a recursive filter is a loop in the transposed direct form II.

Source: A. V. Oppenheim, R. W. Schafer, Discrete-Time Signal Processing, 3rd ed., 6.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import signal  # pyright: ignore[reportMissingTypeStubs]

from wengert.core.ir.graph import Node, apply, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ops.control import results
from wengert.core.ops.loop import Carry, Loop, Read
from wengert.functions.tracing.answers import stands_in
from wengert.functions.tracing.convolution import centred, convolved
from wengert.functions.tracing.indexing import getitem
from wengert.functions.tracing.moving import flip
from wengert.functions.tracing.operands import as_arrays, as_node, axes_of, broadcast_to
from wengert.functions.tracing.shapes import moveaxis
from wengert.functions.tracing.tracer import Traced, refuse, traced
from wengert.scipy.ndimage import median_filter

__all__ = [
    "convolve",
    "convolve2d",
    "correlate",
    "correlate2d",
    "fftconvolve",
    "filtfilt",
    "lfilter",
    "medfilt",
    "oaconvolve",
    "sosfilt",
    "upfirdn",
]

_scipy: Any = signal


def __getattr__(name: str) -> Any:
    """Everything else is SciPy's."""
    return getattr(_scipy, name)


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


# ---------------------------------------------------------------- recursive filters


def _filtered(b: Node, a: Node, x: Node, state: Node) -> tuple[Node, Node]:
    """y_t = b_0 x_t + z_0 and z_k = b_(k+1) x_t − a_(k+1) y_t + z_(k+1) for every column of x, and the last z."""
    n, m = x.shape
    order = state.shape[0]
    tail = [apply("slice", w, start=(1,), stop=(order + 1,), step=(1,)) for w in (b, a)]
    head = apply("reshape", apply("slice", b, start=(0,), stop=(1,), step=(1,)), shape=())
    z, x_t = input_node("z", state.type), input_node("x", ArrayType((m,), x.type.dtype))
    consts = [Read(outer, input_node(name, outer.type)) for name, outer in zip("bah", (*tail, head), strict=True)]
    rest, back, first = (read.inner for read in consts)
    z_first = apply("reshape", apply("slice", z, start=(0, 0), stop=(1, m), step=(1, 1)), shape=(m,))
    y_t = apply("broadcast", first, shape=(m,), axes=()) * x_t + z_first
    shifted = apply("slice", z, start=(1, 0), stop=(order, m), step=(1, 1))
    shifted = apply("pad", shifted, low=(0, 0), high=(1, 0))

    def outer(w: Node, v: Node) -> Node:
        return apply("einsum", w, v, inputs=((0,), (1,)), output=(0, 1))

    after = outer(rest, x_t) - outer(back, y_t) + shifted
    last, y = results(Loop((Carry(state, z, after),), (Read(x, x_t),), tuple(consts), (y_t,), n).node())
    return y, last


@stands_in(_scipy.lfilter)
def lfilter(b: Any, a: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """a_0 y_t = Σ_k b_k x_(t − k) − Σ_(k ≥ 1) a_k y_(t − k) along an axis; with the state zi before, and the one behind it."""
    b, a, x = (traced(as_node(np.atleast_1d(w), "float64")) for w in (b, a, x))
    order = max(b.size, a.size, 2) - 1
    scale = a[0]
    top, bottom = (np.concatenate([w / scale, np.zeros(order + 1 - w.size)]) for w in (b, a))
    (place,) = axes_of(axis, x.ndim)
    moved = moveaxis(x, place, 0)
    flat: Any = np.reshape(moved, (moved.shape[0], -1))
    count = max(b.size, a.size) - 1
    if zi is None:
        state: Any = np.zeros((order, flat.shape[1]))
    else:
        spread = np.broadcast_to(zi, (*x.shape[:place], count, *x.shape[place + 1 :]))  # pyright: ignore[reportArgumentType, reportCallIssue]
        state = np.reshape(np.moveaxis(spread, place, 0), (count, -1))  # pyright: ignore[reportArgumentType, reportCallIssue]
        state = state if count else np.zeros((order, flat.shape[1]))
    y, last = _filtered(as_node(top), as_node(bottom), as_node(flat), as_node(state))
    found = moveaxis(np.reshape(traced(y), moved.shape), 0, place)  # pyright: ignore[reportArgumentType, reportCallIssue]
    if zi is None:
        return found
    final: Any = np.reshape(traced(last)[:count], (count, *moved.shape[1:]))  # pyright: ignore[reportArgumentType, reportCallIssue]
    return found, moveaxis(final, 0, place)


@stands_in(_scipy.sosfilt)
def sosfilt(sos: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """`lfilter` by one section of second order after another, with the states zi before, and those behind it."""
    found, states = x, list[Any]()
    for k in range(len(sos)):
        if zi is None:
            found = lfilter(sos[k][:3], sos[k][3:], found, axis)
        else:
            found, state = lfilter(sos[k][:3], sos[k][3:], found, axis, zi[k])
            states.append(state)
    return found if zi is None else (found, np.stack(states))


@stands_in(_scipy.upfirdn)
def upfirdn(h: Any, x: Any, up: int = 1, down: int = 1, axis: int = -1, mode: str = "constant", cval: float = 0) -> Any:
    """Zeros between the samples, a filter, and every so-many-th sample of that."""
    if mode != "constant" or cval:
        refuse(
            "'scipy.signal.upfirdn' takes no 'mode' and 'cval' on traced values.", "Continue the signal with 'np.pad'."
        )
    h, x = (traced(as_node(w, "float64")) for w in (h, x))
    moved = moveaxis(x, axis, -1)
    n = moved.shape[-1]
    spread: Any = np.reshape(np.stack([moved, *[moved * 0.0] * (up - 1)], axis=-1), (*moved.shape[:-1], n * up))  # pyright: ignore[reportArgumentType, reportCallIssue]
    wide = spread[..., : (n - 1) * up + 1]
    kernel: Any = np.reshape(h, (1,) * (wide.ndim - 1) + h.shape)  # pyright: ignore[reportArgumentType, reportCallIssue]
    full = convolve(wide, kernel)
    return moveaxis(full[..., ::down], -1, axis)


@stands_in(_scipy.medfilt)
def medfilt(volume: Any, kernel_size: Any = None) -> Any:
    """The median of the neighbours, with zeros beside the signal."""
    size = 3 if kernel_size is None else kernel_size
    return median_filter(volume, size, mode="constant")


@stands_in(_scipy.filtfilt)
def filtfilt(b: Any, a: Any, x: Any, axis: int = -1, padtype: Any = "odd", padlen: Any = None, **options: Any) -> Any:
    """`lfilter` forward and then backward, over a signal that is continued at both ends by its reflection in the end point."""
    if options.get("method", "pad") != "pad" or padtype != "odd" or isinstance(b, Traced) or isinstance(a, Traced):
        refuse(
            "'scipy.signal.filtfilt' on traced values has coefficients that are numbers, method='pad' and padtype='odd'.",
            "Write the two passes with 'lfilter'.",
        )
    width = 3 * max(len(np.atleast_1d(a)), len(np.atleast_1d(b))) if padlen is None else int(padlen)
    x = moveaxis(traced(as_node(x, "float64")), axis, -1)
    n = x.shape[-1]
    if n <= width:
        raise ValueError(f"The length of the input vector x must be greater than padlen, which is {width}.")
    left = 2 * x[..., :1] - flip(x[..., 1 : width + 1], -1)
    right = 2 * x[..., -1:] - flip(x[..., n - 1 - width : n - 1], -1)
    wide: Any = np.concatenate([left, x, right], axis=-1)
    start = _scipy.lfilter_zi(b, a)
    for _ in range(2):
        wide = flip(lfilter(b, a, wide, -1, start * wide[..., :1])[0], -1)
    return moveaxis(wide[..., width : width + n], -1, axis)
