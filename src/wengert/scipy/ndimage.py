"""scipy.ndimage on traced values: linear filters and order statistics with the borders of SciPy; `between_pixels` has what moves images.

Source: the documentation of scipy.ndimage.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from scipy import ndimage  # pyright: ignore[reportMissingTypeStubs]

from wengert.functions.tracing.answers import stands_in
from wengert.functions.tracing.operands import as_node, ndim_of, shape_of
from wengert.functions.tracing.standin import StandIn
from wengert.functions.tracing.tracer import refuse, traced
from wengert.scipy.between_pixels import (
    affine_transform,
    geometric_transform,
    map_coordinates,
    rotate,
    shift,
    spline_filter,
    spline_filter1d,
    zoom,
)

__all__ = [
    "affine_transform",
    "geometric_transform",
    "map_coordinates",
    "rotate",
    "shift",
    "spline_filter",
    "spline_filter1d",
    "zoom",
]

_scipy: Any = ndimage
BORDERS = {
    "reflect": "symmetric",
    "grid-mirror": "symmetric",
    "mirror": "reflect",
    "nearest": "edge",
    "wrap": "wrap",
    "grid-wrap": "wrap",
    "constant": "constant",
    "grid-constant": "constant",
}
"""What NumPy calls the borders."""


def __getattr__(name: str) -> Any:
    """Everything else is SciPy's."""
    return getattr(_scipy, name)


def _real(x: Any) -> Any:
    return traced(as_node(x, "float64"))


def _padded(x: Any, widths: Any, mode: str, cval: Any, called: str) -> Any:
    if mode not in BORDERS:
        refuse(f"'scipy.ndimage.{called}' has no border '{mode}'.", f"Those are:  {', '.join(BORDERS)}")
    filling = {"constant_values": cval} if BORDERS[mode] == "constant" else {}
    return np.pad(x, widths, mode=BORDERS[mode], **filling)  # pyright: ignore[reportArgumentType, reportCallIssue]


def _correlated(x: Any, weights: Any, mode: str, cval: Any, origin: Any, called: str) -> Any:
    """Σ_j w_j x_(i + j − n//2 − origin), the border filled."""
    x, w = _real(x), weights if isinstance(weights, StandIn) else np.asarray(weights, float)
    sizes, rank = shape_of(w), ndim_of(x)
    if len(sizes) != rank:
        raise RuntimeError("filter weights array has incorrect shape.")
    origins = [origin] * rank if np.ndim(origin) == 0 else list(origin)
    low = [n // 2 + int(o) for n, o in zip(sizes, origins, strict=True)]
    wide = _padded(x, [(a, n - 1 - a) for a, n in zip(low, sizes, strict=True)], mode, cval, called)
    total: Any = 0.0
    for place in itertools.product(*map(range, sizes)):
        if not isinstance(w, StandIn) and w[place] == 0:
            continue
        part = wide[tuple(slice(a, a + n) for a, n in zip(place, shape_of(x), strict=True))]
        total = total + w[place] * part
    return total if isinstance(total, StandIn) else 0.0 * x


def _reversed(weights: Any, origin: Any, rank: int) -> tuple[Any, list[int]]:
    """The weights of a convolution as those of a correlation."""
    w = weights if isinstance(weights, StandIn) else np.asarray(weights, float)
    origins = [origin] * rank if np.ndim(origin) == 0 else list(origin)
    return np.flip(w), [-int(o) - (n % 2 == 0) for o, n in zip(origins, shape_of(w), strict=True)]


@stands_in(_scipy.correlate)
def correlate(
    input: Any, weights: Any, output: Any = None, mode: str = "reflect", cval: Any = 0.0, origin: Any = 0
) -> Any:
    """Σ_j w_j x_(i + j) around every pixel."""
    return _correlated(input, weights, mode, cval, origin, "correlate")


@stands_in(_scipy.convolve)
def convolve(
    input: Any, weights: Any, output: Any = None, mode: str = "reflect", cval: Any = 0.0, origin: Any = 0
) -> Any:
    """Σ_j w_j x_(i − j) around every pixel."""
    w, origins = _reversed(weights, origin, ndim_of(input))
    return _correlated(input, w, mode, cval, origins, "convolve")


def _along(x: Any, weights: Any, axis: int, mode: str, cval: Any, origin: int, called: str) -> Any:
    rank, axis = ndim_of(x), int(axis) % ndim_of(x)
    shape = [-1 if k == axis else 1 for k in range(rank)]
    return _correlated(
        x, np.reshape(weights, shape), mode, cval, [origin if k == axis else 0 for k in range(rank)], called
    )


@stands_in(_scipy.correlate1d)
def correlate1d(
    input: Any,
    weights: Any,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    origin: int = 0,
) -> Any:
    """The correlation along one axis."""
    return _along(input, weights, axis, mode, cval, origin, "correlate1d")


@stands_in(_scipy.convolve1d)
def convolve1d(
    input: Any,
    weights: Any,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    origin: int = 0,
) -> Any:
    """The convolution along one axis."""
    w, (own,) = _reversed(weights, origin, 1)
    return _along(input, w, axis, mode, cval, own, "convolve1d")


def _number(value: Any, name: str, called: str) -> Any:
    if isinstance(value, StandIn):
        refuse(
            f"'scipy.ndimage.{called}' has no derivative by '{name}', which says how wide the filter is.",
            "Give a number, or write the weights out and use 'correlate1d'.",
        )
    return value


@stands_in(_scipy.gaussian_filter1d)
def gaussian_filter1d(
    input: Any,
    sigma: Any,
    axis: int = -1,
    order: int = 0,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    truncate: float = 4.0,
    *,
    radius: Any = None,
) -> Any:
    """The correlation with the density of a normal distribution, or a derivative of it, along one axis."""
    width = int(truncate * float(_number(sigma, "sigma", "gaussian_filter1d")) + 0.5) if radius is None else int(radius)
    at = np.zeros(4 * width + 1)
    at[2 * width] = 1.0
    answer = _scipy.gaussian_filter1d(at, sigma, order=order, mode="constant", truncate=truncate, radius=radius)
    return _along(input, answer[width : 3 * width + 1][::-1], axis, mode, cval, 0, "gaussian_filter1d")


def _each_axis(value: Any, axes: list[int]) -> list[Any]:
    return [value] * len(axes) if isinstance(value, str) or np.ndim(value) == 0 else list(value)


def _axes(axes: Any, rank: int) -> list[int]:
    given = range(rank) if axes is None else axes if isinstance(axes, tuple | list) else (axes,)
    return [int(k) % rank for k in given]


@stands_in(_scipy.gaussian_filter)
def gaussian_filter(
    input: Any,
    sigma: Any,
    order: Any = 0,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    truncate: float = 4.0,
    *,
    radius: Any = None,
    axes: Any = None,
) -> Any:
    """`gaussian_filter1d` along every axis."""
    found, places = input, _axes(axes, ndim_of(input))
    sigmas, orders = _each_axis(_number(sigma, "sigma", "gaussian_filter"), places), _each_axis(order, places)
    rows = zip(places, sigmas, orders, _each_axis(mode, places), _each_axis(radius, places), strict=True)
    for axis, s, k, m, r in rows:
        if s > 1e-15:
            found = gaussian_filter1d(found, s, axis, k, None, m, cval, truncate, radius=r)
    return _real(found)


@stands_in(_scipy.uniform_filter1d)
def uniform_filter1d(
    input: Any, size: int, axis: int = -1, output: Any = None, mode: str = "reflect", cval: Any = 0.0, origin: int = 0
) -> Any:
    """The mean of `size` neighbours along one axis."""
    return _along(input, np.full(size, 1.0 / size), axis, mode, cval, origin, "uniform_filter1d")


@stands_in(_scipy.uniform_filter)
def uniform_filter(
    input: Any,
    size: Any = 3,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """`uniform_filter1d` along every axis."""
    found, places = input, _axes(axes, ndim_of(input))
    rows = zip(places, _each_axis(size, places), _each_axis(mode, places), _each_axis(origin, places), strict=True)
    for axis, n, m, o in rows:
        if n > 1:
            found = uniform_filter1d(found, n, axis, None, m, cval, o)
    return _real(found)


@stands_in(_scipy.sobel)
def sobel(input: Any, axis: int = -1, output: Any = None, mode: Any = "reflect", cval: Any = 0.0) -> Any:
    """The weights −1, 0, 1 along one axis and 1, 2, 1 along the others."""
    return _differences(input, axis, mode, cval, [1, 2, 1])


@stands_in(_scipy.prewitt)
def prewitt(input: Any, axis: int = -1, output: Any = None, mode: Any = "reflect", cval: Any = 0.0) -> Any:
    """The weights −1, 0, 1 along one axis and 1, 1, 1 along the others."""
    return _differences(input, axis, mode, cval, [1, 1, 1])


def _differences(x: Any, axis: int, mode: Any, cval: Any, weights: list[int]) -> Any:
    places = _axes(None, ndim_of(x))
    modes, axis = _each_axis(mode, places), axis % ndim_of(x)
    found = correlate1d(x, [-1, 0, 1], axis, None, modes[axis], cval)
    for k in places:
        if k != axis:
            found = correlate1d(found, weights, k, None, modes[k], cval)
    return found


@stands_in(_scipy.laplace)
def laplace(input: Any, output: Any = None, mode: Any = "reflect", cval: Any = 0.0, *, axes: Any = None) -> Any:
    """Σ of the second differences along the axes."""
    places = _axes(axes, ndim_of(input))
    modes = _each_axis(mode, places)
    return sum(
        (correlate1d(input, [1, -2, 1], axis, None, m, cval) for axis, m in zip(places, modes, strict=True)), 0.0
    )


@stands_in(_scipy.gaussian_laplace)
def gaussian_laplace(
    input: Any, sigma: Any, output: Any = None, mode: Any = "reflect", cval: Any = 0.0, *, axes: Any = None, **rest: Any
) -> Any:
    """Σ of the second derivatives of the filtered image along the axes."""
    return sum(_gaussian_derivatives(input, sigma, 2, mode, cval, axes, rest), 0.0)


@stands_in(_scipy.gaussian_gradient_magnitude)
def gaussian_gradient_magnitude(
    input: Any, sigma: Any, output: Any = None, mode: Any = "reflect", cval: Any = 0.0, *, axes: Any = None, **rest: Any
) -> Any:
    """The length of the gradient of the filtered image."""
    slopes = _gaussian_derivatives(input, sigma, 1, mode, cval, axes, rest)
    return np.sqrt(sum((y * y for y in slopes), 0.0))


def _gaussian_derivatives(x: Any, sigma: Any, order: int, mode: Any, cval: Any, axes: Any, rest: Any) -> list[Any]:
    places = _axes(axes, ndim_of(x))
    orders = [[order if k == axis else 0 for k in places] for axis in places]
    return [gaussian_filter(x, sigma, each, None, mode, cval, axes=tuple(places), **rest) for each in orders]


# ---------------------------------------------------------------- order statistics


def _neighbours(x: Any, size: Any, footprint: Any, mode: str, cval: Any, origin: Any, called: str) -> Any:
    """The pixels under a footprint around every pixel, along a first axis."""
    x = _real(x)
    rank = ndim_of(x)
    if footprint is None:
        if size is None:
            raise RuntimeError("no footprint or filter size provided")
        footprint = np.ones([size] * rank if np.ndim(size) == 0 else list(size), bool)
    footprint = np.asarray(footprint, bool)
    origins = [origin] * rank if np.ndim(origin) == 0 else list(origin)
    low = [n // 2 + int(o) for n, o in zip(footprint.shape, origins, strict=True)]
    widths = [(a, n - 1 - a) for a, n in zip(low, footprint.shape, strict=True)]
    wide = _padded(x, widths, mode, cval, called)
    places = np.argwhere(footprint)
    return np.stack([wide[tuple(slice(a, a + n) for a, n in zip(p, shape_of(x), strict=True))] for p in places])


@stands_in(_scipy.maximum_filter)
def maximum_filter(
    input: Any,
    size: Any = None,
    footprint: Any = None,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
) -> Any:
    """The largest neighbour."""
    return np.max(_neighbours(input, size, footprint, mode, cval, origin, "maximum_filter"), axis=0)


@stands_in(_scipy.minimum_filter)
def minimum_filter(
    input: Any,
    size: Any = None,
    footprint: Any = None,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
) -> Any:
    """The smallest neighbour."""
    return np.min(_neighbours(input, size, footprint, mode, cval, origin, "minimum_filter"), axis=0)


@stands_in(_scipy.median_filter)
def median_filter(
    input: Any,
    size: Any = None,
    footprint: Any = None,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
) -> Any:
    """The neighbour in the middle, of an even number the higher one."""
    near = _neighbours(input, size, footprint, mode, cval, origin, "median_filter")
    return np.sort(near, axis=0)[shape_of(near)[0] // 2]
