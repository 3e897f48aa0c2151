"""Values, slopes and second derivatives of every function of one input against mpmath, over the whole range of floats.

The truth is the record's own expression, evaluated by mpmath at so many digits that differences of it are exact. A point counts where
what is wanted is a normal number; a factor that is none may be off by its last place, times the factor beside it. The function is given x exactly, so that its condition does not enter.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import mpmath
import numpy as np
import pytest

import wengert.core.ops  # noqa: F401
from tests.thorough import rounds
from wengert.core.autodiff.reverse import vjp
from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.op import OPS
from wengert.core.ir.types import ArrayType
from wengert.core.ops.digits import LESS, OPEN, PROMISED
from wengert.core.ops.evaluate import evaluate
from wengert.core.passes.open_primes import open_primes

ONE_INPUT = [op for op in OPS.values() if op.kind == "elementwise" and op.arity == 1 and op.partials]
NAMES = [op.name for op in ONE_INPUT if op.exact and op.name not in OPEN]
WITH_PARAMETERS = {"integer_power", "polygamma"}
KINKS = {"relu": 0.0, "abs": 0.0, "elu": 0.0}
DTYPES = ("float64", "float32")


def points(name: str, dtype: str) -> np.ndarray:
    """±10^k over the whole range, a grid near 0, and where tails and singular points are."""
    info = np.finfo(dtype)
    small, large = math.log10(info.tiny), math.log10(info.max)
    near = 10.0 ** -np.arange(1, -math.log10(info.eps), 2)
    right = np.concatenate(
        [
            10.0 ** np.linspace(small, 0.999 * large, 23),
            np.linspace(0.01, 10, 41),
            np.linspace(10, 50, 17),
            np.linspace(50, 800, 26),
            1 + near,
            1 - near,
            [float(info.smallest_subnormal), 1.0, 0.5, 2.0],
        ]
    )
    x = np.unique(np.concatenate([-right, right]).astype(dtype))
    return x[np.isfinite(x) & (x != KINKS.get(name, np.inf))]


class Names(dict[str, Any]):
    """The functions of a context of mpmath, by name."""

    def __init__(self, context: Any, x: Any) -> None:
        super().__init__({"abs": abs, "max": max, "x": x})
        self.context = context

    def __missing__(self, name: str) -> Any:
        return getattr(self.context, name)


@functools.cache
def with_digits(digits: int) -> Any:
    """mpmath at so many digits."""
    context = mpmath.mp.clone()
    context.dps = digits
    return context


class Truth:
    """f, f' and f'' of an expression in x, by differences at enough digits."""

    def __init__(self, expression: str) -> None:
        self.code = compile(expression, "exact", "eval")

    def value(self, context: Any, x: Any) -> Any:
        """The value at x in a context of mpmath; None where it is no real number."""
        try:
            found = eval(self.code, {"__builtins__": {}}, Names(context, x))
        except (ZeroDivisionError, ValueError, OverflowError, mpmath.libmp.NoConvergence):
            return None
        found = context.convert(found)
        return found if isinstance(found, context.mpf) and context.isfinite(found) else None

    def at(self, x: float) -> list[Any]:
        """Value, slope and second derivative."""
        before: list[Any] | None = None
        for digits in (80, 160, 400, 1000, 2400):
            now = self._differences(x, digits)
            if before is not None and all(_agree(a, b) for a, b in zip(before, now, strict=True)):
                return now
            before = now
        return [None] * 3

    def _differences(self, x: float, digits: int) -> list[Any]:
        context = with_digits(digits)
        x = context.mpf(x)
        h = abs(x) * context.mpf(10) ** (-digits // 4)
        low, middle, high = (self.value(context, x + k * h) for k in (-1, 0, 1))
        if low is None or middle is None or high is None or not h:
            return [middle, None, None]
        return [middle, (high - low) / (2 * h), (high - 2 * middle + low) / (h * h)]


def _agree(a: Any, b: Any) -> bool:
    return a is b or (a is not None and b is not None and abs(a - b) <= abs(b) * mpmath.mpf(10) ** -20)


def derivatives(name: str, x: np.ndarray) -> tuple[Any, ...]:
    """f, f' and f'' of the op as they run."""
    node = input_node("x", ArrayType(x.shape, str(x.dtype)))
    y: Node | None = apply(name, node)
    outputs = []
    for _ in range(3):
        outputs.append(constant(0, node.type) if y is None else y)
        y = None if y is None else vjp([y], [node], [constant(1, y.type)], masked=True)[0]
    with np.errstate(all="ignore"):
        return evaluate(open_primes(Graph((node,), tuple(outputs))), {"x": x})


def errors(name: str, dtype: str, each: int = 1) -> list[tuple[float, float]]:
    """For value, slope and second derivative the largest error in units in the last place, and where: at every point, or one of `each`."""
    x = points(name, dtype)[:: rounds(each, 1)]
    truth = Truth(str(OPS[name].exact))
    info = np.finfo(dtype)
    worst = [(0.0, 0.0)] * 3
    got = derivatives(name, x)
    for k, point in enumerate(x.tolist()):
        for order, want in enumerate(truth.at(point)):
            if want is None or not float(info.tiny) * 1.001 < abs(want) < float(info.max) * 0.999:
                continue
            unit = mpmath.ldexp(1, mpmath.frexp(abs(want))[1] - 1 - info.nmant)
            unit += float(info.smallest_subnormal) * (1 + abs(point))
            found = float(got[order][k])
            error = float(abs(mpmath.mpf(found) - want) / unit) if math.isfinite(found) else math.inf
            if error > worst[order][0]:
                worst[order] = (error, point)
    return worst


@pytest.mark.parametrize("name", [name for name in NAMES if name not in LESS])
@pytest.mark.parametrize("dtype", DTYPES)
def test_values_and_two_derivatives_are_right_to_the_last_digits(name, dtype):
    found = errors(name, dtype, each=3)
    assert all(error <= PROMISED for error, _ in found), found


def test_every_function_of_one_input_names_its_expression_or_is_listed_as_open():
    named = {op.name for op in ONE_INPUT if op.exact}
    assert {op.name for op in ONE_INPUT} - WITH_PARAMETERS == named | OPEN.keys()


@pytest.mark.parametrize("name", LESS)
def test_what_is_not_reached_is_listed_with_its_bound(name):
    bound, _ = LESS[name]
    largest = max(error for dtype in DTYPES for error, _ in errors(name, dtype))
    assert PROMISED < largest <= bound, largest
