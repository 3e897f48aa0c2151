"""Derivatives of a Python function compared with differences of what NumPy computes for it, in both modes and to higher orders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from wengert.core.autodiff.check import DOT_TOLERANCE, CheckReport
from wengert.errors import CheckError, TraceError
from wengert.functions.tracing.trees import argument_names, flatten, name_of, unflatten
from wengert.functions.transforms.differences import differences, largest
from wengert.functions.transforms.linear import jvp, vjp

Function = Callable[..., tuple[Any, ...]]
MODES = {"fwd": "forward mode", "rev": "reverse mode"}
ENTRIES = 1000
"""So many entries of an argument are looked through to name the one that is wrong."""


def check_grads(
    f: Callable[..., Any],
    args: Sequence[Any],
    order: int = 2,
    modes: Sequence[str] = ("fwd", "rev"),
    *,
    directions: int = 3,
    rtol: float | None = None,
    atol: float = 1e-12,
    seed: int = 0,
) -> CheckReport:
    """Check the derivatives of f at its arguments, by every real argument, in the modes that are named.

    J ẋ and Jᵀ ȳ are compared with extrapolated differences of f, which NumPy computes without a graph, along random
    directions: |difference| ≤ atol + rtol · (the largest entry) + what rounding of f makes of them. Where both modes are checked, ⟨ȳ, J ẋ⟩ = ⟨Jᵀ ȳ, ẋ⟩ holds to 100
    units of rounding. Order 2 checks Jᵀ ȳ as a function of x and ȳ in the same way, and so on. `rtol` is 10⁻⁶ by default,
    10⁻³ in float32.

    Whole numbers are left as they are; where there is nothing else, those of Python are taken as real ones.

    Raises CheckError for the first disagreement, with the argument, the entry, and both numbers; TraceError where there is
    nothing to compare.
    """
    _check_counts(order=order, directions=directions)
    _check_tolerances(rtol=rtol, atol=atol)
    _check_given(f, args, modes)
    values, spec = flatten(tuple(args))
    real = [k for k, value in enumerate(values) if _is_real(value)]
    if not real:
        real = [k for k, value in enumerate(values) if type(value) is int]
        values = [float(value) if k in real else value for k, value in enumerate(values)]
    labels = argument_names(f, args, {})

    def of_real(*leaves: Any) -> tuple[Any, ...]:
        given = list(values)
        for k, leaf in zip(real, leaves, strict=True):
            given[k] = leaf
        found, _ = flatten(f(*unflatten(spec, given)))
        return tuple(y for y in found if _is_real(y))

    point = [values[k] for k in real]
    if not point or not of_real(*point):
        raise TraceError(
            f"There is nothing to check of '{name_of(f)}'.",
            f"  none of its {'results' if point else 'arguments'} is real",
            "Give real arguments, and return real numbers that depend on them.",
        )
    checker = _Checker(name_of(f), tuple(modes), directions, rtol, atol, np.random.default_rng(seed))
    checker.run(of_real, point, [labels[k] for k in real], order, 1)
    return CheckReport(len(checker.gaps), max(checker.gaps, default=0.0))


def _check_given(f: Callable[..., Any], args: Sequence[Any], modes: Sequence[str]) -> None:
    """Refuse arguments that are no tuple, and modes that there are not.

    Raises TraceError.
    """
    if not isinstance(args, tuple | list):
        raise TraceError(
            "What is checked are the arguments of the function, in a tuple.",
            f"  they are of type {type(args).__name__}",
            f"Write:  wg.check_grads({name_of(f)}, (x,))",
        )
    unknown = [mode for mode in modes if mode not in MODES]
    if unknown or not modes:
        raise TraceError(
            f"There is no mode '{unknown[0] if unknown else ''}' to check.",
            f"  modes={modes!r}",
            "Write:  modes=('fwd', 'rev')",
        )


def _check_counts(**counts: Any) -> None:
    """Refuse counts that are not at least 1.

    Raises TraceError.
    """
    for name, count in counts.items():
        if not isinstance(count, int | np.integer) or isinstance(count, bool) or count < 1:
            raise TraceError(
                f"'{name}' is a whole number that is at least 1.", f"  {name}={count!r:.60}", f"Write:  {name}=1"
            )


def _check_tolerances(**tolerances: Any) -> None:
    """Refuse tolerances that are not numbers from 0 on; None is the default.

    Raises TraceError.
    """
    for name, given in tolerances.items():
        if given is not None and not (isinstance(given, int | float | np.number) and 0 <= given < np.inf):
            raise TraceError(
                f"'{name}' is a real number that is not negative.", f"  {name}={given!r:.60}", f"Write:  {name}=1e-6"
            )


def _is_real(value: Any) -> bool:
    """Whether a value has derivatives: real or complex numbers."""
    return isinstance(value, float | complex) or getattr(value, "dtype", np.dtype(int)).kind in "fc"


def _paired(weights: Sequence[Any], moved: Sequence[Any]) -> float:
    """Re Σ w t."""
    return sum((float(np.real(np.sum(w * t))) for w, t in zip(weights, moved, strict=True)), 0.0)  # pyright: ignore[reportUnknownArgumentType]


@dataclass
class _Checker:
    name: str
    modes: tuple[str, ...]
    directions: int
    rtol: float | None
    atol: float
    rng: np.random.Generator
    gaps: list[float] = field(default_factory=list[float])

    def run(self, f: Function, point: list[Any], names: list[str], order: int, level: int) -> None:
        """The derivatives of f by each array, then those of its backward pass, which is a function like any other."""
        y = f(*point)
        weights = [self._like(each) for each in y]
        pullback = vjp(f, *point)[1] if "rev" in self.modes else None
        back = None if pullback is None else pullback(tuple(weights))
        for k, name in enumerate(names):
            if np.size(point[k]):
                for _ in range(self.directions):
                    direction = self._like(point[k])
                    self._along(f, point, k, direction, weights, back, (name, level))
        if level < order and y and point:
            self._further(f, point, names, weights, order, level)

    def _further(
        self, f: Function, point: list[Any], names: list[str], weights: list[Any], order: int, level: int
    ) -> None:
        n = len(point)
        if "rev" in self.modes:

            def backward(*leaves: Any) -> tuple[Any, ...]:
                return vjp(f, *leaves[:n])[1](tuple(leaves[n:]))

            cotangents = [f"the cotangent of result {k}" for k in range(len(weights))]
            self.run(backward, [*point, *weights], [*names, *cotangents], order, level + 1)
        else:
            moved = [self._like(x) for x in point]

            def forward(*leaves: Any) -> tuple[Any, ...]:
                return jvp(f, leaves[:n], leaves[n:])[1]

            tangents = [f"the tangent of {name}" for name in names]
            self.run(forward, [*point, *moved], [*names, *tangents], order, level + 1)

    def _along(
        self,
        f: Function,
        point: list[Any],
        k: int,
        direction: Any,
        weights: list[Any],
        back: Any,
        place: tuple[str, int],
    ) -> None:
        """One direction of one array: both modes against differences, and against each other."""
        found = differences(lambda given: f(*given), point, {k: direction})
        numeric = found.slopes
        tolerance = self.rtol or (1e-6 if self._eps(point) < 1e-10 else 1e-3)
        tangents = [direction if j == k else np.zeros_like(x) for j, x in enumerate(point)]
        pushed = jvp(f, tuple(point), tuple(tangents))[1] if "fwd" in self.modes else None
        if pushed is not None and not self._agree(pushed, numeric, largest(numeric), tolerance, found.rounding):
            raise self._error(f, point, k, None, weights, place, "fwd")
        if back is not None:
            pulled = _paired([back[k]], [direction])
            scale = sum(float(np.sum(np.abs(w * s))) for w, s in zip(weights, numeric, strict=True))
            rounding = sum(float(np.sum(np.abs(w))) * r for w, r in zip(weights, found.rounding, strict=True))
            if not self._agree([pulled], [_paired(weights, numeric)], scale, tolerance, [rounding]):
                raise self._error(f, point, k, back, weights, place, "rev")
            if pushed is not None:
                along = _paired(weights, pushed)
                scale = max(scale, float(np.sum(np.abs(back[k] * direction))))
                if not self._agree([pulled], [along], scale, DOT_TOLERANCE * self._eps(point)):
                    raise self._products(pulled, along, place)

    def _agree(
        self,
        mine: Sequence[Any],
        theirs: Sequence[Any],
        scale: float,
        tolerance: float,
        rounding: Sequence[float] | None = None,
    ) -> bool:
        a, b = (np.concatenate([np.ravel(x).astype(complex) for x in each]) for each in (mine, theirs))
        known = np.concatenate(
            [np.full(np.size(x), r) for x, r in zip(mine, rounding or [0.0] * len(mine), strict=True)]
        )
        with np.errstate(all="ignore"):
            gap = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.abs(a - b))
        limit = self.atol + tolerance * scale + known
        self.gaps.append(float(np.max(gap - known, initial=0)) / scale if scale else 0.0)
        return bool(np.all(gap <= limit))

    def _error(
        self, f: Function, point: list[Any], k: int, back: Any, weights: list[Any], place: tuple[str, int], mode: str
    ) -> CheckError:
        """The entry of an argument whose derivative is farthest from the differences."""
        worst: tuple[float, tuple[int, ...], float, float] = (-1.0, (), np.nan, np.nan)
        shape = np.shape(point[k])
        for index in list(np.ndindex(*shape))[:ENTRIES]:
            unit = np.zeros(shape, np.asarray(point[k]).dtype)
            unit[index] = 1
            slopes = differences(lambda given: f(*given), point, {k: unit[()]}).slopes
            theirs = _paired(weights, slopes)
            if back is None:
                moved = [unit[()] if j == k else np.zeros_like(x) for j, x in enumerate(point)]
                pushed = jvp(f, tuple(point), tuple(moved))[1]
                mine = _paired(weights, pushed)
            else:
                mine = float(np.real(np.asarray(back[k])[index]))
            gap = abs(mine - theirs)
            if not gap <= worst[0]:
                worst = (np.inf if np.isnan(gap) else gap, index, mine, theirs)
        name, level = place
        _, index, mine, theirs = worst
        entry = f" at entry {', '.join(map(str, index))}" if index else ""
        return CheckError(
            f"The derivative of '{self.name}' by '{name}' is wrong{entry}: {MODES[mode]} gives {mine:.9g}, "
            f"differences give {theirs:.9g}.",
            f"  order {level}, a random sum of the results",
            "Compare the functions that it is made of, one at a time, or look whether the point is a kink.",
        )

    def _products(self, pulled: float, pushed: float, place: tuple[str, int]) -> CheckError:
        return CheckError(
            f"Forward and reverse mode of '{self.name}' disagree by '{place[0]}': the products with a random direction are "
            f"{pushed:.17g} and {pulled:.17g}.",
            f"  order {place[1]}",
            "Compare the rules of both modes of the functions that it is made of, one at a time.",
        )

    def _like(self, value: Any) -> Any:
        shape, dtype = np.shape(value), np.asarray(value).dtype
        drawn = self.rng.normal(size=shape)
        return (drawn + 1j * self.rng.normal(size=shape) if dtype.kind == "c" else drawn).astype(dtype)[()]

    @staticmethod
    def _eps(point: Sequence[Any]) -> float:
        return max((float(np.finfo(np.asarray(x).dtype).eps) for x in point), default=2.0**-52)
