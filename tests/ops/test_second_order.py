"""Second derivatives at the special points of the table of kinks: Hessians are symmetric, and right wherever the function has two derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from tests.ops.test_digits import Truth
from wengert.core.autodiff.check import check_grads
from wengert.core.autodiff.transforms import grad, hessian
from wengert.core.ir.graph import Graph, Node, apply, constant_like, input_node
from wengert.core.ir.op import OPS
from wengert.core.ir.types import ArrayType
from wengert.core.ops.digits import OPEN
from wengert.core.ops.evaluate import evaluate
from wengert.core.ops.functions import clip, dot, logsumexp, norm, total, variance
from wengert.core.ops.kinds import has_prime
from wengert.core.passes.open_primes import open_primes

Function = Callable[[Node], Node]
inf = np.inf

SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 20.0, -20.0, 300.0, -300.0)
ONE_INPUT = [
    op.name
    for op in OPS.values()
    if op.kind == "elementwise" and op.arity == 1 and op.partials and op.exact and op.smooth and op.name not in OPEN
]
LARGE = 1e100
"""Where a derivative is larger, steps of differences are too wide."""


def _derivatives(expression: str, x: float) -> list[Any] | None:
    """f, f', f'' and f''' at x by mpmath; None where one is not known, or is beyond what differences reach."""
    truth = Truth(expression)
    with mpmath.workdps(60):
        try:
            found = [mpmath.diff(lambda v: _real(truth, v), x, n) for n in range(4)]
        except (TypeError, ValueError, ZeroDivisionError, mpmath.libmp.NoConvergence):
            return None
        return found if all(abs(v) < LARGE for v in found) else None


def _real(truth: Truth, x: Any) -> Any:
    found = truth.value(mpmath.mp, x)
    if found is None:
        raise ValueError
    return found


@pytest.mark.parametrize("name", ONE_INPUT)
def test_two_derivatives_of_a_function_are_right_at_special_points(name: str) -> None:
    tried = 0
    for x in SPECIAL:
        expected = _derivatives(OPS[name].exact or "", x)
        if expected is None:
            continue
        node = input_node("x", ArrayType())
        graph = Graph((node,), (apply(name, node),))
        first, second = (open_primes(each) for each in (grad(graph), grad(grad(graph))))
        scale = float(max(abs(v) for v in expected))
        for derived, truth in ((first, expected[1]), (second, expected[2])):
            with np.errstate(all="ignore"):
                (found,) = evaluate(derived, {"x": np.float64(x)})
            assert abs(float(found) - float(truth)) <= 1e-13 * scale, f"{name} at {x}"
        tried += 1
    assert tried


def _power(x: Node, exponent: float) -> Node:
    return apply("power", x, constant_like(exponent, x))


def _masked(x: Node, f: Function) -> Node:
    return apply("where", x > 0, f(x), constant_like(0, x))


def _pair(name: str) -> Function:
    def f(x: Node) -> Node:
        return total(apply(name, *(apply("slice", x, start=(k,), stop=(k + 1,), step=(1,)) for k in (0, 1))))

    return f


def _over(name: str, **params: Any) -> Function:
    return lambda x: total(apply(name, x, **params))


SMOOTH: dict[str, tuple[Function, Any]] = {
    "a masked log": (lambda x: total(_masked(x, lambda x: apply("log", x))), [2.0, -1.0, 0.0]),
    "a masked root": (lambda x: total(_masked(x, lambda x: apply("sqrt", x))), [2.0, -1.0]),
    "the square of a norm": (lambda x: dot(x, x), [0.0, 0.0]),
    "a norm": (norm, [3.0, -4.0, 0.0]),
    "a norm with one entry": (norm, [0.0, -4.0]),
    "the op of a norm": (_over("norm", axes=(0,)), [3.0, 0.0]),
    "the root of 1 and squares": (lambda x: apply("sqrt", dot(x, x) + 1), [0.0, 0.0]),
    "clip inside": (lambda x: total(clip(x, 0, 1) * x), [0.5, 1.5]),
    "log-sum-exp": (logsumexp, [1e3, 0.0, 1e3]),
    "softmax": (lambda x: total(apply("softmax", x, axes=(0,)) * x), [1.0, 0.0, 0.5]),
    "x squared": (lambda x: total(_power(x, 2.0)), [0.0, -2.0]),
    "a product with one 0": (_over("prod", axes=(0,)), [0.0, 2.0, 3.0]),
    "a product with two": (_over("prod", axes=(0,)), [0.0, 0.0, 3.0]),
    "running products with a 0": (lambda x: total(apply("cumprod", x, axis=0)), [2.0, 0.0, 3.0]),
    "variance": (variance, [2.0, 2.0, 2.0]),
    "the variance of one": (variance, [2.0]),
    "deviation": (lambda x: apply("sqrt", variance(x)), [1.0, 2.0, 4.0]),
    "a singular determinant": (lambda x: apply("det", x), np.diag([1.0, 0.0, 2.0])),
    "a determinant of rank 1": (lambda x: apply("det", x), np.diag([0.0, 0.0, 2.0])),
    "sinc": (lambda x: total(apply("sinc", x, order=0)), [0.0, 0.5]),
    **{
        f"{name} at {x}, {y}": (_pair(name), [x, y])
        for name, points in {
            "power": [(4.0, 0.0), (0.5, 2.0), (2.0, 0.0)],
            "hypot": [(3.0, 0.0), (0.0, 3.0), (-3.0, 4.0)],
            "arctan2": [(0.0, 1.0), (1.0, 0.0), (-1.0, 0.0)],
            "logaddexp": [(0.0, 0.0), (40.0, -40.0)],
            "xlogy": [(0.0, 2.0), (2.0, 0.5)],
            "xlog1py": [(0.0, 0.0), (2.0, -0.5)],
            "multiply": [(0.0, 0.0)],
            "divide": [(0.0, 1.0), (1.0, -2.0)],
            "maximum": [(2.0, 1.0)],
            "minimum": [(2.0, 1.0)],
        }.items()
        for x, y in points
    },
}
"""Where there are two derivatives: a function of an array, and the point."""

KINKS: dict[str, tuple[Function, Any]] = {
    "a norm at 0": (norm, [0.0, 0.0]),
    "the op of a norm at 0": (_over("norm", axes=(0,)), [0.0, 0.0]),
    "a root of squares": (lambda x: apply("sqrt", dot(x, x)), [0.0, 0.0]),
    "deviation of a constant": (lambda x: apply("sqrt", variance(x)), [2.0, 2.0, 2.0]),
    "ties of a maximum": (_over("max", axes=(0,)), [1.0, 1.0, 0.0]),
    "ties of a minimum": (_over("min", axes=(0,)), [1.0, 0.0, 0.0]),
    "log-sum-exp of nothing": (logsumexp, [-inf, -inf]),
    "log-sum-exp at infinity": (logsumexp, [inf, 0.0]),
    **{
        f"{name} at {x}, {y}": (_pair(name), [x, y])
        for name, points in {
            "power": [(0.0, 0.0), (0.0, 1.0), (0.0, 0.5), (-2.0, 3.0), (0.0, -1.0), (0.0, 2.0)],
            "hypot": [(0.0, 0.0)],
            "arctan2": [(0.0, 0.0), (0.0, -1.0)],
            "logaddexp": [(-inf, -inf), (0.0, -inf)],
            "xlogy": [(0.0, 0.0), (2.0, 1e-300)],
            "xlog1py": [(0.0, -1.0)],
            "divide": [(0.0, 0.0), (1.0, 0.0)],
            "maximum": [(1.0, 1.0)],
            "minimum": [(1.0, 1.0)],
            "rel_entr": [(0.0, 1.0), (0.0, 0.0), (1.0, 1.0), (2.0, 0.0)],
            "kl_div": [(0.0, 1.0), (0.0, 0.0), (1.0, 1.0), (2.0, 0.0)],
        }.items()
        for x, y in points
    },
}
"""Where there are not."""


def _graph(f: Function, at: Any) -> tuple[Graph, dict[str, Any]]:
    x = np.asarray(at, float)
    node = input_node("x", ArrayType(x.shape))
    return Graph((node,), (f(node),)), {"x": x}


@pytest.mark.parametrize("name", SMOOTH)
def test_both_derivatives_agree_with_differences_where_there_are_two(name: str) -> None:
    graph, values = _graph(*SMOOTH[name])
    check_grads(graph, values, order=2)


@pytest.mark.parametrize("name", [*SMOOTH, *KINKS])
def test_a_hessian_is_symmetric_at_every_special_point(name: str) -> None:
    graph, values = _graph(*(SMOOTH | KINKS)[name])
    with np.errstate(all="ignore"):
        (found,) = evaluate(hessian(graph), values)
        (opened,) = evaluate(open_primes(hessian(graph)), values)
    size = values["x"].size
    for h in (found, opened):
        h = h.reshape(size, size)
        unknown = np.isnan(h)
        np.testing.assert_array_equal(unknown, unknown.T)
        np.testing.assert_allclose(h[~unknown], h.T[~unknown], rtol=1e-13, atol=1e-15)


def test_the_table_has_every_function_of_one_input_that_is_smooth() -> None:
    primes = {op.name for op in OPS.values() if has_prime(op) and op.exact and op.name not in OPEN}
    assert primes <= set(ONE_INPUT)
