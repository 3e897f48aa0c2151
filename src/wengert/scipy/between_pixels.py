"""scipy.ndimage between pixels: images at places that move, by splines of order 0 to 5 with the borders of SciPy.

An image is Σ_i c_i B(x − i), with the B-spline B of the order; its coefficients c are linear in the pixels, by the matrices that SciPy's
`spline_filter1d` has along each axis.

Source: the documentation of scipy.ndimage; M. Unser, Splines: a perfect fit for signal and image processing (1999).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import cache
from math import comb, factorial
from typing import Any

import numpy as np
from scipy import ndimage  # pyright: ignore[reportMissingTypeStubs]

from wengert.functions.namespaces.sequences import asarray
from wengert.functions.tracing.answers import stands_in
from wengert.functions.tracing.operands import as_node, ndim_of, shape_of
from wengert.functions.tracing.standin import StandIn
from wengert.functions.tracing.tracer import refuse, traced

_scipy: Any = ndimage
PADDING = 12
"""So many pixels SciPy puts around an image with the border 'nearest', before it finds the coefficients."""


def _real(x: Any) -> Any:
    return traced(as_node(asarray(x), "float64"))


# ---------------------------------------------------------------- borders


def _triangle(x: Any, period: float) -> Any:
    """x, turned back at half of the period and at 0."""
    inside = np.abs(x) - period * np.floor(np.abs(x) / period)
    return np.where(inside > period / 2, period - inside, inside)


def _mirrored(x: Any, n: int) -> Any:
    return _triangle(x, 2.0 * n - 2.0) if n > 1 else 0.0 * x


def _reflected(x: Any, n: int) -> Any:
    return np.clip(_triangle(x + 0.5, 2.0 * n) - 0.5, -0.5, n - 0.5)


def _wrapped(x: Any, n: int) -> Any:
    """Around the borders at 0 and n − 1, which are one pixel."""
    around = x - (n - 1.0) * np.floor(x / (n - 1.0)) if n > 1 else 0.0 * x
    return np.where(np.logical_and(x >= 0, x <= n - 1), x, around)


def _periodic(x: Any, n: int) -> Any:
    around = x - n * np.floor(x / n)
    return np.where(np.logical_and(x >= 0, x <= n - 1), x, around)


PLACES: dict[str, Callable[[Any, int], Any]] = {
    "constant": lambda x, n: x,
    "nearest": lambda x, n: x,
    "mirror": _mirrored,
    "reflect": _reflected,
    "grid-mirror": _reflected,
    "wrap": _wrapped,
    "grid-wrap": _periodic,
}
"""Where in the image a place is for a border; beside it, splines go on over the pixels that `_index` finds."""


def _index(mode: str, places: Any, n: int) -> Any:
    """The pixel that stands for a place beside the image, as SciPy takes its splines on."""
    if mode in ("reflect", "grid-mirror"):
        around = places - 2 * n * (places // (2 * n))
        return np.where(around >= n, 2 * n - 1 - around, around)
    if mode == "grid-wrap":
        return places - n * (places // n)
    if mode == "nearest":
        return np.clip(places, 0, n - 1)
    if n == 1:
        return 0 * places
    around = places - (2 * n - 2) * (places // (2 * n - 2))
    return np.where(around >= n, 2 * n - 2 - around, around)


# ---------------------------------------------------------------- splines


@cache
def _pieces(order: int) -> list[list[float]]:
    """The B-spline of an order between whole numbers: of each of the order + 1 pieces its coefficients by powers of t in [0, 1)."""
    rows = list[list[float]]()
    for piece in range(order + 1):  # B(x) = Σ_j (−1)^j C(n + 1, j) (x − j)₊ⁿ/n!  at  x = piece + t
        row = [0.0] * (order + 1)
        for j in range(piece + 1):
            for power in range(order + 1):
                term = comb(order, power) * (piece - j) ** (order - power)
                row[power] += (-1) ** j * comb(order + 1, j) * term / factorial(order)
        rows.append(row)
    return rows


def _polynomial(row: Sequence[float], t: Any) -> Any:
    found: Any = row[-1]
    for c in row[-2::-1]:
        found = found * t + c
    return found


def _weights(at: Any, order: int) -> tuple[Any, list[Any]]:
    """The first pixel that counts at a place, and the weights of it and its neighbours."""
    low = np.floor(at) if order % 2 else np.floor(at + 0.5)
    t = at - low if order % 2 else at - low + 0.5
    return low - order // 2, [_polynomial(row, t) for row in reversed(_pieces(order))]


def _filtered(image: Any, order: int, mode: str) -> Any:
    """The coefficients of the spline through the pixels."""
    for axis, n in enumerate(shape_of(image)):
        if order > 1 and n > 1:
            image = _filtered_along(image, axis, order, mode)
    return image


def _filtered_along(image: Any, axis: int, order: int, mode: str) -> Any:
    matrix = _scipy.spline_filter1d(np.eye(shape_of(image)[axis]), order, axis=0, mode=mode)
    return np.moveaxis(np.tensordot(matrix, image, (1, axis)), 0, axis)


def _at(image: Any, at: Sequence[Any], order: int, mode: str, cval: Any, prefilter: bool, called: str) -> Any:
    """The image at places, one array for each axis."""
    if mode not in PLACES:
        refuse(
            f"'scipy.ndimage.{called}' has no derivative with the border '{mode}'.", f"Those are:  {', '.join(PLACES)}"
        )
    image, at = _real(image), [_real(c) for c in at]
    sizes = shape_of(image)
    inside: Any = True
    if mode == "constant":
        for c, n in zip(at, sizes, strict=True):
            inside = np.logical_and(inside, np.logical_and(c >= 0, c <= n - 1))
    at = [PLACES[mode](c, n) for c, n in zip(at, sizes, strict=True)]
    if prefilter and order > 1 and mode == "nearest":
        image, at = np.pad(image, PADDING, mode="edge"), [c + PADDING for c in at]
    image = _filtered(image, order, mode) if prefilter else image
    found = _summed(image, at, order, mode)
    return found if mode != "constant" else np.where(inside, found, cval)


def _summed(image: Any, at: Sequence[Any], order: int, mode: str) -> Any:
    """Σ_i c_i Π_k B(x_k − i_k) over the neighbours of each place."""
    sizes = shape_of(image)
    rows = [_weights(c, order) for c in at]
    indices = [
        [_index(mode, (low + k).astype(np.int64), n) for k in range(order + 1)]
        for (low, _), n in zip(rows, sizes, strict=True)
    ]
    total: Any = 0.0
    for corner in itertools.product(range(order + 1), repeat=len(sizes)):
        weight: Any = 1.0
        for (_, weights), k in zip(rows, corner, strict=True):
            weight = weight * weights[k]
        total = total + weight * image[tuple(row[k] for row, k in zip(indices, corner, strict=True))]
    return total


# ---------------------------------------------------------------- functions


@stands_in(_scipy.spline_filter1d)
def spline_filter1d(input: Any, order: int = 3, axis: int = -1, output: Any = None, mode: str = "mirror") -> Any:
    """The coefficients of the spline along one axis."""
    return _filtered_along(_real(input), axis % ndim_of(input), order, mode)


@stands_in(_scipy.spline_filter)
def spline_filter(input: Any, order: int = 3, output: Any = None, mode: str = "mirror") -> Any:
    """The coefficients of the spline along all axes."""
    return _filtered(_real(input), order, mode)


@stands_in(_scipy.map_coordinates)
def map_coordinates(
    input: Any,
    coordinates: Any,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:
    """The image at places between its pixels."""
    return _at(input, list(coordinates), order, mode, cval, prefilter, "map_coordinates")


def _grid(shape: Sequence[int]) -> list[Any]:
    return list(np.meshgrid(*[np.arange(n, dtype=float) for n in shape], indexing="ij"))


@stands_in(_scipy.shift)
def shift(
    input: Any,
    shift: Any,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:
    """The image moved by a number of pixels."""
    sizes = shape_of(input)
    moved = [shift] * len(sizes) if ndim_of(shift) == 0 else [shift[k] for k in range(len(sizes))]
    at = [g - s for g, s in zip(_grid(sizes), moved, strict=True)]
    return _at(input, at, order, mode, cval, prefilter, "shift")


@stands_in(_scipy.affine_transform)
def affine_transform(
    input: Any,
    matrix: Any,
    offset: Any = 0.0,
    output_shape: Any = None,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:
    """The image at M x + b for every pixel x of the result; M may be the diagonal, or have b as a last column."""
    rank = ndim_of(input)
    m, b = asarray(matrix), asarray(offset)
    if ndim_of(m) == 2 and shape_of(m)[1] == rank + 1:
        m, b = m[:rank, :rank], m[:rank, rank]
    at = _moved(m, b, shape_of(input) if output_shape is None else tuple(output_shape))
    return _at(input, at, order, mode, cval, prefilter, "affine_transform")


def _moved(m: Any, b: Any, shape: Sequence[int]) -> list[Any]:
    grid = _grid(shape)
    shifts = [b if ndim_of(b) == 0 else b[k] for k in range(len(grid))]
    if ndim_of(m) == 1:
        return [m[k] * g + s for k, (g, s) in enumerate(zip(grid, shifts, strict=True))]
    return [sum((m[k, j] * g for j, g in enumerate(grid)), 0.0) + shifts[k] for k in range(len(grid))]


@stands_in(_scipy.rotate)
def rotate(
    input: Any,
    angle: Any,
    axes: tuple[int, int] = (1, 0),
    reshape: bool = True,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:
    """The image turned about its centre by an angle in degrees, in the plane of two axes."""
    sizes = shape_of(input)
    first, second = sorted(k % len(sizes) for k in axes)
    if isinstance(angle, StandIn) and reshape:
        refuse(
            "'scipy.ndimage.rotate' gives an image whose size depends on its angle.",
            "Keep the size:  rotate(image, angle, reshape=False)",
        )
    turn = np.deg2rad(angle)
    m = np.stack([np.cos(turn), np.sin(turn), -np.sin(turn), np.cos(turn)]).reshape(2, 2)
    old = np.array([sizes[first], sizes[second]])
    new = old
    if reshape:
        low_high = np.abs(m) @ old
        new = (low_high + 0.5).astype(int)
    offset = (old - 1) / 2 - m @ ((new - 1) / 2)
    shape = [int(new[0]) if k == first else int(new[1]) if k == second else n for k, n in enumerate(sizes)]
    at = _grid(shape)
    one, two = at[first], at[second]
    at[first], at[second] = m[0, 0] * one + m[0, 1] * two + offset[0], m[1, 0] * one + m[1, 1] * two + offset[1]
    return _at(input, at, order, mode, cval, prefilter, "rotate")


@stands_in(_scipy.zoom)
def zoom(
    input: Any,
    zoom: Any,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
    *,
    grid_mode: bool = False,
) -> Any:
    """The image with other numbers of pixels."""
    if isinstance(zoom, StandIn):
        refuse(
            "'scipy.ndimage.zoom' gives an image whose size depends on its factor.",
            "Give the factor as a number, or use 'affine_transform', whose size is known.",
        )
    sizes = shape_of(input)
    factors = [zoom] * len(sizes) if np.ndim(zoom) == 0 else list(zoom)
    new = [round(n * f) for n, f in zip(sizes, factors, strict=True)]
    if grid_mode:
        pairs = [(n / m, 0.5 * n / m - 0.5) for n, m in zip(sizes, new, strict=True)]
    else:
        pairs = [((n - 1) / (m - 1) if m > 1 else 1.0, 0.0) for n, m in zip(sizes, new, strict=True)]
    at = [g * step + start for g, (step, start) in zip(_grid(new), pairs, strict=True)]
    return _at(input, at, order, mode, cval, prefilter, "zoom")


@stands_in(_scipy.geometric_transform)
def geometric_transform(
    input: Any,
    mapping: Callable[..., Any],
    output_shape: Any = None,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
    extra_arguments: Any = (),
    extra_keywords: Any = None,
) -> Any:
    """The image at mapping(x) for every pixel x of the result."""
    shape = shape_of(input) if output_shape is None else tuple(output_shape)
    points = [mapping(x, *extra_arguments, **(extra_keywords or {})) for x in np.ndindex(*shape)]
    places = np.stack([np.stack([asarray(c) for c in point]) for point in points])
    at = [np.reshape(places[:, k], shape) for k in range(ndim_of(input))]
    return _at(input, at, order, mode, cval, prefilter, "geometric_transform")
