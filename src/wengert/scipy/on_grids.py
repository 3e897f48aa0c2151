"""scipy.interpolate on grids: values at the crossings of lines, interpolated along each axis.

Source: the documentation of scipy.interpolate.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from wengert.functions.namespaces.numbers import InPlaceOf
from wengert.functions.namespaces.sequences import asarray
from wengert.functions.tracing.standin import refuse
from wengert.scipy.piecewise import Piecewise, cardinal, entries_at, numbers_of, of_spline

SPLINES = {"slinear": 1, "cubic": 3, "quintic": 5}
"""The methods that are splines, and their degrees."""


class OnGrid(InPlaceOf):
    """RegularGridInterpolator: between the values on a grid of several axes, by straight lines or splines along each axis."""

    def __init__(self, points: Any, values: Any, method: str, raises: bool, fill: Any) -> None:
        self._known(method)
        self.grid = [numbers_of(p, "The places of 'scipy.interpolate.RegularGridInterpolator'") for p in points]
        self.values, self.method, self.raises, self.fill = asarray(values), method, raises, fill
        self._cardinals: dict[int, list[Piecewise]] = {}  # by degree, of each axis

    def __call__(self, xi: Any, method: Any = None) -> Any:
        """The values at points, whose coordinates stand along the last axis."""
        kind = self._known(self.method if method is None else method)
        count = len(self.grid)
        if isinstance(xi, tuple):
            xi = np.stack(np.broadcast_arrays(*[asarray(x) for x in xi]), axis=-1)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        at = asarray(xi)
        if count == 1 and (not at.shape or at.shape[-1] != 1):
            at = np.reshape(at, (*at.shape, 1))
        at = np.reshape(at, (1, *at.shape)) if len(at.shape) == 1 else at
        inside: Any = True
        for k, points in enumerate(self.grid):
            inside = np.logical_and(inside, np.logical_and(at[..., k] >= points[0], at[..., k] <= points[-1]))
        if self.raises and not bool(np.all(inside)):
            raise ValueError("One of the requested xi is out of bounds in dimension 0")
        found = self._by_splines(at, SPLINES[kind]) if kind in SPLINES else self._sum(at, kind)
        if not self.raises and self.fill is not None:
            rest = (1,) * (len(self.values.shape) - count)
            found = np.where(np.reshape(inside, (*at.shape[:-1], *rest)), found, self.fill)
        return found

    @staticmethod
    def _known(method: str) -> str:
        if method not in ("linear", "nearest", *SPLINES):
            refuse(
                f"'scipy.interpolate.RegularGridInterpolator' has no derivative with method={method!r}.",
                "Write one of:  method='linear', 'cubic', 'quintic'",
            )
        return method

    def _by_splines(self, at: Any, degree: int) -> Any:
        """Σ v_(i, j, …) B_i(x) B_j(y) …, one axis after the other."""
        shape, sizes = tuple(at.shape[:-1]), self.values.shape
        found, count = self.values, len(self.grid)
        if degree not in self._cardinals:
            self._cardinals[degree] = [cardinal(points, degree) for points in self.grid]
        for k, spline in enumerate(self._cardinals[degree]):
            rows = np.reshape(spline(at[..., k]), (-1, sizes[k]))
            found = np.reshape(found, (sizes[k], -1) if k == 0 else (rows.shape[0], sizes[k], -1))
            found = rows @ found if k == 0 else np.sum(np.reshape(rows, (*rows.shape, 1)) * found, axis=1)
        return np.reshape(found, (*shape, *sizes[count:]))

    def _sum(self, at: Any, kind: str) -> Any:
        low, part = list[Any](), list[Any]()
        for k, points in enumerate(self.grid):
            place = np.clip(np.searchsorted(points, at[..., k], side="right") - 1, 0, len(points) - 2)
            low.append(place)
            start = entries_at(points, place)
            part.append((at[..., k] - start) / (entries_at(points, place + 1) - start))
        rest = (1,) * (len(self.values.shape) - len(self.grid))
        if kind == "nearest":
            return self._entries([np.where(p <= 0.5, a, a + 1) for a, p in zip(low, part, strict=True)])
        total: Any = 0.0
        for corner in itertools.product((0, 1), repeat=len(low)):
            weight: Any = 1.0
            for p, k in zip(part, corner, strict=True):
                weight = weight * (p if k else 1.0 - p)
            entries = self._entries([a + k for a, k in zip(low, corner, strict=True)])
            total = total + np.reshape(weight, tuple(weight.shape) + rest) * entries
        return total

    def _entries(self, places: list[Any]) -> Any:
        """The values at whole places."""
        count = len(places)
        flat = np.reshape(self.values, (-1, *self.values.shape[count:]))
        index: Any = 0
        for place, n in zip(places, self.values.shape[:count], strict=True):
            index = index * n + place
        return entries_at(flat, index)


class Surface(InPlaceOf):
    """RectBivariateSpline: Σ c_(i, j) B_i(x) B_j(y), constant outside of the grid."""

    def __init__(self, x: Piecewise, y: Piecewise, values: Any) -> None:
        self._x, self._y, self._values = x, y, values

    @classmethod
    def through(cls, x: Any, y: Any, z: Any, kx: int, ky: int) -> Surface:
        """The spline through values on a grid."""
        places = [numbers_of(each, "The places of 'scipy.interpolate.RectBivariateSpline'") for each in (x, y)]
        return cls(cardinal(places[0], kx), cardinal(places[1], ky), asarray(z))

    @classmethod
    def of_scipy(cls, of: Any) -> Surface:
        """The spline that SciPy has made."""
        (tx, ty, c), (kx, ky) = of.tck, of.degrees
        sizes = len(tx) - kx - 1, len(ty) - ky - 1
        x, y = (of_spline(t, np.eye(n), k, True) for t, n, k in ((tx, sizes[0], kx), (ty, sizes[1], ky)))
        return cls(x, y, np.reshape(c, sizes))

    @staticmethod
    def _rows(of: Piecewise, at: Any, order: int) -> Any:
        at = asarray(at)
        inside = np.clip(at, float(of.x[0]), float(of.x[-1]))
        return of(inside, order)

    def __call__(self, x: Any, y: Any, dx: int = 0, dy: int = 0, grid: bool = True) -> Any:
        """The values, or derivatives of them, at the crossings of lines x and y; without `grid` at points."""
        if not grid:
            return self.ev(x, y, dx, dy)
        rows, columns = (
            self._rows(self._x, np.atleast_1d(asarray(x)), dx),
            self._rows(self._y, np.atleast_1d(asarray(y)), dy),
        )
        return rows @ self._values @ np.transpose(columns)

    def ev(self, xi: Any, yi: Any, dx: int = 0, dy: int = 0) -> Any:
        """The values, or derivatives of them, at points."""
        xi, yi = np.broadcast_arrays(asarray(xi), asarray(yi))
        rows, columns = self._rows(self._x, xi, dx), self._rows(self._y, yi, dy)
        return np.sum(np.tensordot(rows, self._values, 1) * columns, axis=-1)
