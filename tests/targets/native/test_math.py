"""The builder's mathematical functions: exact to the stated bound, NumPy's special values, and no call of a C library."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest
import scipy.special

from tests.targets.native.lanes import Kernel, foreign_calls, named, text_of
from tests.targets.native.math_functions import FUNCTIONS, errors, exact_pair
from tests.thorough import everyday, part, rounds
from wengert.core.ops.effort import SLOPES
from wengert.core.ops.vocabulary import NUMPY
from wengert.targets.native.accuracy import ULP_BOUNDS
from wengert.targets.native.builder import PAIRS
from wengert.targets.native.processor import AARCH64, AVX2, AVX512, X86_64_V2, Processor, host

POINTS = rounds(100, 500)
FLOATS = ("float32", "float64")
TARGETS = {"AVX-512": AVX512, "AVX2": AVX2, "AArch64": AARCH64, "x86-64-v2": X86_64_V2}
PLAIN = dataclasses.replace(host(), fma=False, scaled_exponent=False)
"""The host without a fused multiply-add and without a scaled exponent: the code for older processors."""
ODD = (
    "expm1",
    "log1p",
    "tanh",
    "sin",
    "tan",
    "arcsin",
    "arctan",
    "sinh",
    "arcsinh",
    "arctanh",
    "cbrt",
    "erf",
    "erfinv",
)
SPECIAL = [
    *(0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 2.5, -2.5, 0.1, np.inf, -np.inf, np.nan),
    *(1e-310, -1e-310, 5e-324, -5e-324, 1e-40, -1e-40, 1e300, -1e300, 1e38, -1e38, 1.7976931348623157e308, 3.4e38),
    *(710.0, -745.1, -800.0, 88.7, 89.0, -103.9, -110.0, 10000000000000002.0, 9007199254740993.0, 8388609.0, 1e5),
]


def special(name: str, *x: Any) -> Any:
    """The function of NumPy or SciPy."""
    if name == "logistic":  # SciPy's is 0 where the result is subnormal
        small = np.exp(-np.abs(x[0]))
        return np.where(x[0] < 0, small, x[0].dtype.type(1)) / (1 + small)
    if name in ("logistic_slope", "sech2", "gauss"):
        return getattr(NUMPY, name)(x[0])
    if name in ("erf", "erfc", "erfinv", "xlogy"):
        return getattr(scipy.special, name)(*x)
    return np.logaddexp(x[0], x[0].dtype.type(0)) if name == "softplus" else getattr(np, name)(*x)


def test_pairs_are_the_slopes_that_cost_little_beside_their_functions() -> None:
    assert {tuple(rule.__name__ for rule in rules) for rules in PAIRS.values()} == {
        (function, slope) for slope, functions in SLOPES.items() for function in functions
    }


def arity(name: str) -> int:
    return 2 if FUNCTIONS[name].second else 1


def test_every_function_has_a_bound() -> None:
    assert ULP_BOUNDS.keys() == FUNCTIONS.keys()
    assert max(max(bounds) for bounds in ULP_BOUNDS.values()) <= 4.0


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_function_is_exact_to_its_bound(name: str, dtype: str) -> None:
    arguments = FUNCTIONS[name].points(dtype, POINTS)
    exact = exact_pair(FUNCTIONS[name], arguments)
    bound = ULP_BOUNDS[name][FLOATS.index(dtype)]
    for width, target in ((2 * host().lanes(dtype), host()), (1, host()), (8, PLAIN)):
        kernel = Kernel(named(name), [dtype] * len(arguments), width, target)
        found = errors(name, kernel(*arguments), arguments, *exact)
        worst = int(np.argmax(found))
        assert found[worst] <= bound, (width, target.fma, [float(x[worst]) for x in arguments], found[worst])


@pytest.mark.parametrize("dtype", FLOATS)
def test_an_error_above_the_bound_is_found(dtype: str) -> None:
    arguments = FUNCTIONS["exp"].points(dtype, POINTS)
    exact = exact_pair(FUNCTIONS["exp"], arguments)
    off = Kernel(lambda b, x: b.multiply(b.exp(x), b.like(1 + 4 * np.finfo(dtype).eps, x)), [dtype], 4)
    assert np.max(errors("exp", off(*arguments), arguments, *exact)) > ULP_BOUNDS["exp"][0] + 1


@everyday(1, lambda name, dtype: (name, dtype), lambda width, target: (width, target.fma))
@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("width", "target"), [(1, host()), (8, host()), (8, PLAIN)], ids=["scalar", "vector", "plain"])
def test_special_values_are_those_of_numpy(name: str, dtype: str, width: int, target: Processor) -> None:
    with np.errstate(all="ignore"):
        x = np.array(SPECIAL).astype(dtype)
        arguments = [x] if arity(name) == 1 else [side.ravel() for side in np.meshgrid(x, x)]
        expected = special(name, *arguments)
        found = Kernel(named(name), [dtype] * len(arguments), width, target)(*arguments)
        close = np.abs(found - expected) <= 4 * np.spacing(np.abs(expected))
    ordinary = np.isfinite(expected) & (expected != 0)
    np.testing.assert_array_equal(found[~ordinary], expected[~ordinary])
    assert np.all(close[ordinary])
    signs = ~np.isnan(expected)
    if name == "erfinv":  # SciPy loses the sign of −0
        signs &= arguments[0] != 0
    np.testing.assert_array_equal(np.signbit(found)[signs], np.signbit(expected)[signs])


@pytest.mark.parametrize("dtype", FLOATS)
def test_odd_functions_keep_the_sign_of_zero(dtype: str) -> None:
    zeros = np.array([0.0, -0.0], dtype)
    for name in ODD:
        for width, target in ((2, host()), (2, PLAIN), (1, host())):
            assert np.array_equal(np.signbit(Kernel(named(name), [dtype], width, target)(zeros)), [False, True]), name


@pytest.mark.parametrize("dtype", FLOATS)
def test_left_tails_keep_their_digits(dtype: str) -> None:
    x = np.array([-20.0, -50.0, -87.0] if dtype == "float32" else [-20.0, -100.0, -700.0, -740.0], dtype)
    with np.errstate(under="ignore"):
        expected = np.exp(x)
    for name in ("logistic", "softplus"):
        np.testing.assert_allclose(
            Kernel(named(name), [dtype], 4)(x), expected, rtol=1e-6 if dtype == "float32" else 1e-8
        )
    far = np.array([-800.0], dtype)
    assert Kernel(named("logistic"), [dtype], 4)(far)[0] == Kernel(named("softplus"), [dtype], 4)(far)[0] == 0


@pytest.mark.parametrize("dtype", FLOATS)
def test_one_large_angle_among_small_ones_takes_the_exact_path(dtype: str) -> None:
    x = np.linspace(-3, 3, 16).astype(dtype)
    usual = x.copy()
    x[5], x[9] = 1e22, np.inf
    for name in ("sin", "cos", "tan"):
        kernel = Kernel(named(name), [dtype], 16)
        found, near = kernel(x), kernel(usual)
        kept = np.ones(16, dtype=bool)
        kept[[5, 9]] = False
        np.testing.assert_array_equal(found[kept], near[kept])
        assert np.isnan(found[9])
        np.testing.assert_allclose(
            found[5], getattr(np, name)(x[5].astype(np.longdouble)), rtol=4 * np.finfo(dtype).eps
        )


@pytest.mark.parametrize("width", [1, 8])
@pytest.mark.parametrize("dtype", FLOATS)
def test_logistic_is_exact_to_the_bound_where_it_reaches_0_and_1(dtype: str, width: int) -> None:
    edges = (-104.5, -103.97, -87.4, -70, 16.6, 17.4, 70) if dtype == "float32" else (-746, -745.14, -708.4, 36.7, 600)
    x = np.concatenate([edge + np.linspace(-0.7, 0.7, 60) for edge in edges]).astype(dtype)
    exact = exact_pair(FUNCTIONS["logistic"], [x])
    found = errors("logistic", Kernel(named("logistic"), [dtype], width)(x), [x], *exact)
    assert np.max(found) <= ULP_BOUNDS["logistic"][FLOATS.index(dtype)], x[np.argmax(found)]


@pytest.mark.parametrize("name", ["sin", "cos"])
@pytest.mark.parametrize("dtype", FLOATS)
def test_angles_around_eighth_turns_are_exact_to_the_bound(name: str, dtype: str) -> None:
    """A number is reduced by branches at odd multiples of π/4, and its remainder is smallest at the even ones."""
    x = np.concatenate([[k * np.pi / 4 for k in range(-11, 12) if k], [1e-3, -1e-20, 1e-38]]).astype(dtype)
    around = [x]
    for toward in (-np.inf, np.inf):
        for _ in range(4):
            around.append(np.nextafter(around[-1], np.array(toward, dtype)))
    points = np.concatenate(around)
    exact = exact_pair(FUNCTIONS[name], [points])
    for width, target in ((1, host()), (1, PLAIN), (8, host())):
        found = errors(name, Kernel(named(name), [dtype], width, target)(points), [points], *exact)
        assert np.max(found) <= ULP_BOUNDS[name][FLOATS.index(dtype)], (width, points[np.argmax(found)])


@everyday(1, "name", "dtype")
@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_outlined_function_is_the_inline_one(name: str, dtype: str) -> None:
    arguments = FUNCTIONS[name].points(dtype, 50)
    dtypes = [dtype] * len(arguments)
    for width in (1, 16):
        inline = Kernel(named(name), dtypes, width)(*arguments)
        outlined = Kernel(named(name), dtypes, width, outline=True)(*arguments)
        np.testing.assert_array_equal(inline, outlined)


@pytest.mark.parametrize("exponent", [-7, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 20])
@pytest.mark.parametrize("dtype", FLOATS)
def test_integer_power_is_the_power(exponent: int, dtype: str) -> None:
    x = np.random.default_rng(0).uniform(-3, 3, 300).astype(dtype)
    found = Kernel(named("integer_power", exponent=exponent), [dtype], 8)(x)
    exact = x.astype(np.longdouble) ** exponent
    assert np.max(np.abs(found - exact) / np.spacing(np.abs(found))) <= 2.6


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 5, 10, 63])
def test_integer_power_of_integers_wraps_around(exponent: int) -> None:
    x = np.array([-3, -2, -1, 0, 1, 2, 3, 12345678, -(2**63)])
    found = Kernel(named("integer_power", exponent=exponent), ["int64"], 4)(x)
    np.testing.assert_array_equal(found, x**exponent)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_no_function_calls_a_library(target: Processor) -> None:
    calls = {}
    names = [*FUNCTIONS, "sqrt", "floor", "round", "abs", "sign", "maximum"]
    kinds = itertools.product(names, FLOATS, [(False, False), (True, False), (True, True)])
    for name, dtype, (wide, outline) in part(kinds, 1, lambda case: case[0], lambda case: case[1:]):
        count = arity(name) if name in FUNCTIONS else 1 + (name == "maximum")
        width = 2 * target.lanes(dtype) if wide else 1
        found = foreign_calls(text_of(named(name), [dtype] * count, width, target, outline), target)
        if found:
            calls[name, dtype, width] = found
    assert calls == {}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_a_library_call_is_found(target: Processor) -> None:
    text = text_of(lambda b, x: b.host_call("lgamma", x), ["float64"], 2, target)
    assert foreign_calls(text, target) == {"lgamma"}


@pytest.mark.parametrize("dtype", FLOATS)
def test_host_function_is_called_for_each_lane(dtype: str) -> None:
    x = np.array([0.5, 1, 2.5, 10, -0.5, 30, 3, 4], dtype)
    found = Kernel(lambda b, x: b.host_call("lgamma", x), [dtype], 4)(x)
    np.testing.assert_allclose(found, scipy.special.gammaln(x), rtol=4 * np.finfo(dtype).eps, atol=1e-15)
