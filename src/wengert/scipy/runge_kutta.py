"""ẏ = f(t, y) by SciPy's explicit methods of Runge and Kutta, as a loop of the graph: steps are chosen as SciPy chooses them.

The size of a step is a constant; what is differentiated is the recursion over the steps. A step is found by trials that have no
derivative, then made once more with one. Source: E. Hairer, S. P. Nørsett, G. Wanner, Solving Ordinary Differential Equations I, II.4–II.6.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from wengert.flow import while_loop
from wengert.functions.transforms.values import stop_gradient

SAFETY, LEAST, MOST = 0.9, 0.2, 10.0
"""The factors by which SciPy lets a step grow."""
SPACING, TINY = 2.0**-52, 2.0**-1074
"""Numbers near t lie apart by at most SPACING |t|."""
Right = Callable[[Any, Any], Any]


class Accepted(NamedTuple):
    """A step, while it is looked for and when it is found."""

    h: Any
    is_last: Any
    """Whether it ends where the solution does."""
    next: Any
    """The size to try next."""
    rejected: Any
    failed: Any
    """Whether no step is small enough."""


NO = np.bool_(False)


@dataclass(frozen=True)
class Stepper:
    """A method for one equation, with its tolerances."""

    right: Right
    tableau: Any
    end: Any
    forward: Any
    """1 forward in time, −1 backward."""
    rtol: Any
    atol: Any
    max_step: float

    # one step

    def stages(self, t: Any, y: Any, f: Any, h: Any) -> tuple[Any, Any]:
        """The state after a step, and all slopes, the one at its end last."""
        method = self.tableau
        slopes = [f]
        for row, c in zip(method.A[1 : method.n_stages], method.C[1 : method.n_stages], strict=True):
            slopes.append(self.right(t + float(c) * h, y + h * _combined(row, slopes)))
        after = y + h * _combined(method.B, slopes)
        return after, [*slopes, self.right(t + h, after)]

    def error(self, y: Any, after: Any, slopes: Any, h: Any) -> Any:
        """The size of the error of a step, in units of the tolerance."""
        scale = self.atol + np.maximum(np.abs(y), np.abs(after)) * self.rtol
        if not hasattr(self.tableau, "E3"):
            return _norm(h * _combined(self.tableau.E, slopes) / scale)
        fifth = np.sum((_combined(self.tableau.E5, slopes) / scale) ** 2)
        third = np.sum((_combined(self.tableau.E3, slopes) / scale) ** 2)
        total = fifth + 0.01 * third
        return np.where(total > 0, np.abs(h) * fifth / np.sqrt(np.where(total > 0, total, 1.0) * y.size), 0.0)

    def accepted(self, t: Any, y: Any, f: Any, size: Any) -> Accepted:
        """The step that is small enough: sizes that are too large are tried first."""
        least = 10 * np.maximum(SPACING * np.abs(t), TINY)
        power = -1 / (self.tableau.error_estimator_order + 1)

        def trial(state: Accepted) -> Accepted:
            h = t + self.forward * state.next - t
            is_last = self.forward * (t + h - self.end) >= 0
            h = np.where(is_last, self.end - t, h)
            after, slopes = self.stages(t, y, f, h)
            error = self.error(y, after, slopes, h)
            fits = error < 1
            grown = np.where(error == 0, MOST, np.minimum(MOST, SAFETY * np.where(error > 0, error, 1.0) ** power))
            grown = np.where(state.rejected, np.minimum(1.0, grown), grown)
            shrunk = SAFETY * np.where(np.isfinite(error) & (error > 0), error, np.inf) ** power
            size = np.abs(h) * np.where(fits, grown, np.maximum(LEAST, shrunk))
            return Accepted(h, is_last, size, ~fits, ~fits & (size < least))

        size = np.minimum(np.maximum(size, least), self.max_step)
        first = trial(Accepted(size, NO, size, NO, NO))
        return while_loop(lambda state: state.rejected & ~state.failed, trial, first)

    def first_size(self, t: Any, y: Any, f: Any) -> Any:
        """The size of the first step that SciPy tries."""
        length = np.abs(self.end - t)
        scale = self.atol + np.abs(y) * self.rtol
        state, slope = _norm(y / scale), _norm(f / scale)
        small = (state < 1e-5) | (slope < 1e-5)
        h = np.minimum(np.where(small, 1e-6, 0.01 * state / np.where(small, 1.0, slope)), length)
        moved = self.right(t + h * self.forward, y + h * self.forward * f)
        bend = _norm((moved - f) / scale) / h
        still = (slope <= 1e-15) & (bend <= 1e-15)
        largest = np.where(still, 1.0, np.maximum(slope, bend))
        power = 1 / (self.tableau.error_estimator_order + 1)
        second = np.where(still, np.maximum(1e-6, h * 1e-3), (0.01 / largest) ** power)
        return np.minimum(np.minimum(100 * h, second), np.minimum(length, self.max_step))

    # between steps

    def between(self, x: Any, t: Any, y: Any, after: Any, slopes: Any, h: Any) -> Any:
        """The states at the fractions x of a step, a column each, by the polynomial of the method."""
        method = self.tableau
        if not hasattr(method, "D"):
            powers = [np.ones_like(x)]
            for _ in range(method.P.shape[1]):
                powers.append(powers[-1] * x)
            weights = [sum(float(p) * power for p, power in zip(row, powers[1:], strict=True)) for row in method.P]
            return y[:, None] + h * sum(k[:, None] * w for k, w in zip(slopes, weights, strict=True))
        slopes = list(slopes)
        for row, c in zip(method.A_EXTRA, method.C_EXTRA, strict=True):
            slopes.append(self.right(t + float(c) * h, y + h * _combined(row, slopes)))
        delta = after - y
        parts = [delta, h * slopes[0] - delta, 2 * delta - h * (slopes[method.n_stages] + slopes[0])]
        parts += [h * _combined(row, slopes) for row in method.D]
        found: Any = 0.0
        for k, part in enumerate(reversed(parts)):
            found = (found + part[:, None]) * (x if k % 2 == 0 else 1 - x)
        return y[:, None] + found


def _combined(weights: Any, slopes: Any) -> Any:
    return sum(float(w) * k for w, k in zip(weights, slopes, strict=False) if w)


def _norm(x: Any) -> Any:
    return np.sqrt(np.sum(x**2) / x.size)


def states_at(stepper: Stepper, start: Any, y: Any, times: Any, first_step: Any) -> tuple[Any, Any]:
    """The states at times, a column each, and the one at the end; NaN where a step would be too small, and outside of the ends."""
    f = stepper.right(start, y)
    quiet = _still(stepper)
    still = stop_gradient(start), stop_gradient(y), stop_gradient(f)
    size = quiet.first_size(*still) if first_step is None else first_step
    way = stepper.forward

    def step(state: Any) -> Any:
        t, y, f, size, columns, _, _ = state
        found = quiet.accepted(stop_gradient(t), stop_gradient(y), stop_gradient(f), size)
        h = np.where(found.is_last, stepper.end - t, stop_gradient(found.h))
        until = np.where(found.is_last, stepper.end, t + h)
        after, slopes = stepper.stages(t, y, f, h)
        if times.shape[0]:
            inside = stop_gradient((way * times > way * t) & (way * times <= way * until))
            x = np.where(inside, (times - t) / h, 0.5)
            columns = np.where(inside, stepper.between(x, t, y, after, slopes, h), columns)
        return until, after, slopes[-1], stop_gradient(found.next), columns, found.is_last, found.failed

    columns = y[:, None] + np.zeros((1, times.shape[0]))
    ended = stop_gradient(way * (stepper.end - start) <= 0)
    state = (start * 1.0, y, f, stop_gradient(size), columns, ended, NO)
    _, y, _, _, columns, _, failed = while_loop(lambda state: ~(state[5] | state[6]), step, state)
    outside = stop_gradient((way * times < way * start) | (way * times > way * stepper.end))
    # a factor, so that derivatives are no numbers either
    return columns * np.where(failed | outside, np.nan, 1.0), y * np.where(failed, np.nan, 1.0)


def _still(stepper: Stepper) -> Stepper:
    """The same without derivatives."""

    def right(t: Any, y: Any) -> Any:
        return stop_gradient(stepper.right(t, y))

    return replace(stepper, right=right, end=stop_gradient(stepper.end))
