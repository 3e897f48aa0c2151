"""check_grads of functions: right ones pass, ones wrong by a thousandth do not, and the message names argument and entry."""

from __future__ import annotations

import math

import numpy as np
import pytest

import wengert as wg
from wengert.errors import CheckError, TraceError

RNG = np.random.default_rng(0)
W, X = RNG.normal(size=(3, 4)), RNG.normal(size=4)


def network(params, x, n=2):
    h = x
    for _ in range(n):
        h = np.tanh(params["w"] @ h) @ params["w"]
    return {"h": h * params["b"], "count": n, "sum": np.sum(h**2)}


def wrong(factor, mode="defvjp"):
    """sin with a derivative that is wrong at one entry, and not checked by itself."""
    f = wg.primitive(check=False)(lambda x: np.array([math.sin(t) for t in x]))
    if mode in ("defvjp", "both"):
        f.defvjp(lambda ans, x: lambda g: g * np.cos(x) * np.where(np.arange(4) == 2, factor, 1.0))
    if mode in ("defjvp", "both"):
        f.defjvp(
            lambda g, ans, x: g * np.cos(x) * np.where(np.arange(4) == 2, factor if mode == "defjvp" else 1.0, 1.0)
        )
    return f


@pytest.mark.parametrize("modes", [("fwd",), ("rev",), ("fwd", "rev")])
def test_right_derivatives_pass(modes):
    report = wg.check_grads(network, ({"w": W, "b": 0.7}, X), modes=modes)
    assert report.checks > 20
    assert report.largest < 1e-6
    wg.check_grads(lambda x: np.sort(x) * np.sum(np.exp(x)), (X,), order=3, modes=modes, directions=1)
    wg.check_grads(lambda x, k: x[k] ** 2, (X, 2), modes=modes)
    wg.check_grads(lambda x: np.exp(x), (np.float32([0.1, 2.0]),), modes=modes)
    wg.check_grads(lambda x: np.sum(x), (np.zeros(0),), modes=modes)
    wg.check_grads(lambda x: x * 1e8, (1e-8,), modes=modes)


@pytest.mark.parametrize("mode", ["defvjp", "defjvp"])
@pytest.mark.parametrize("factor", [1.001, 0.999, -1.0])
@pytest.mark.parametrize("modes", [("fwd",), ("rev",)])
def test_a_derivative_that_is_wrong_by_a_thousandth_is_found(mode, factor, modes):
    f = wrong(factor, mode)
    with pytest.raises(CheckError) as caught:
        wg.check_grads(lambda scale, x: np.exp(scale * f(x)), (2.0, X), order=1, modes=modes)
    shown = {"fwd": "forward mode", "rev": "reverse mode"}[modes[0]]
    assert f"The derivative of '<lambda>' by 'x' is wrong at entry 2: {shown} gives " in caught.value.what
    assert caught.value.where == "  order 1, a random sum of the results"


def test_modes_that_disagree_are_found():
    with pytest.raises(CheckError, match="reverse mode gives"):
        wg.check_grads(wrong(1.001, "both"), (X,), order=1)
    with pytest.raises(CheckError, match="Forward and reverse mode of '<lambda>' disagree by 'x'"):
        wg.check_grads(wrong(1 + 1e-9, "both"), (X,), order=1)


def test_a_second_derivative_that_is_wrong_is_found():
    inner = wg.primitive(check=False, opaque=False)(lambda x: np.cos(x)).defvjp(
        lambda ans, x: lambda g: -1.001 * g * np.sin(x)
    )
    f = wg.primitive(check=False, opaque=False)(lambda x: np.sin(x)).defvjp(lambda ans, x: lambda g: g * inner(x))
    wg.check_grads(f, (X,), order=1)
    with pytest.raises(CheckError) as caught:
        wg.check_grads(f, (X,), order=2)
    assert caught.value.where == "  order 2, a random sum of the results"
    with pytest.raises(CheckError):
        wg.check_grads(f, (X,), order=2, modes=("fwd",))


def test_a_kink_is_named_as_a_possible_reason():
    with pytest.raises(CheckError) as caught:
        wg.check_grads(lambda x: np.where(x > 0, x, 0.0), (0.0,), order=1)
    assert caught.value.repair.endswith("or look whether the point is a kink.")
    with pytest.raises(TraceError, match="no mode 'reverse' to check"):
        wg.check_grads(np.sin, (X,), modes=("reverse",))


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (np.sum, (np.arange(3),)),
        (np.argmax, (np.ones(3),)),
        (lambda x: x > 0, (np.ones(3),)),
        (lambda: 1.0, ()),
    ],
)
def test_a_check_of_nothing_is_refused(f, args):
    with pytest.raises(TraceError, match="There is nothing to check of"):
        wg.check_grads(f, args, order=1)


def test_whole_numbers_of_python_alone_are_checked_as_real_ones():
    assert wg.check_grads(lambda x, y: x * x * y, (3, 4)).checks > 0
    with pytest.raises(CheckError):
        wg.check_grads(lambda x: wg.stop_gradient(x) * x, (3,))


@pytest.mark.parametrize(
    "options",
    [
        {"order": 0},
        {"order": 1.5},
        {"order": True},
        {"directions": 0},
        {"directions": -1},
        {"rtol": -1},
        {"rtol": np.nan},
        {"rtol": "1"},
        {"atol": -1e-3},
        {"atol": np.inf},
    ],
    ids=str,
)
def test_counts_and_tolerances_of_a_check_are_looked_at(options):
    (name,) = options
    with pytest.raises(TraceError, match=f"^'{name}' is a (whole|real) number that is") as caught:
        wg.check_grads(np.sum, (np.ones(3),), **options)
    assert str(caught.value).count("\n") == 2


def test_what_is_checked_stands_in_a_tuple():
    with pytest.raises(TraceError, match="the arguments of the function, in a tuple"):
        wg.check_grads(np.sum, np.ones(3))


@pytest.mark.parametrize("name", ["eigvalsh", "cholesky"])
@pytest.mark.parametrize("power", [1, 2, 3])
def test_a_function_of_the_triangle_that_is_read_passes(name, power):
    matrix = np.array([[2.0, 0.3], [0.3, 1.0]])
    assert wg.check_grads(lambda a: np.sum(getattr(np.linalg, name)(a) ** power), (matrix,)).checks > 0


def test_what_rounding_makes_of_differences_is_no_fault():
    assert wg.check_grads(lambda x: np.sum(x) * 1e10, (np.ones(3),)).checks > 0
    with pytest.raises(CheckError):
        wg.check_grads(lambda x: np.sum(x + 1e-7 * wg.stop_gradient(x)) * 1e10, (np.ones(3),), rtol=1e-9)
