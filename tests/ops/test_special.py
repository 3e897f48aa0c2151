"""Derivatives of special functions against those of mpmath, first and second, at ordinary and at awkward points."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from scipy import special as sp

import wengert as wg
from tests.ops.special_references import SCALAR
from tests.scripts.test_scripts import differences
from tests.thorough import everyday
from wengert.core.ir.graph import Graph, apply, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ops.evaluate import evaluate
from wengert.errors import GraphError, TraceError
from wengert.scipy import special


@pytest.fixture(autouse=True)
def digits():
    """mpmath's precision is of the process, and other tests want theirs."""
    with mpmath.workdps(40):
        yield


POINTS = {
    "gamma": (0.3, 1.0, 2.5, 20.0, -1.5),
    "rgamma": (0.3, 1.0, 2.5, -0.5, -1.5, -3.25, 0.0, -1.0, -4.0),
    "j0": (0.1, 1.0, 7.0, 40.0),
    "j1": (0.0, 0.1, 1.0, 7.0, 40.0),
    "y0": (0.1, 1.0, 7.0),
    "y1": (0.1, 1.0, 7.0),
    "i0": (0.0, 0.1, 1.0, 7.0, -3.0),
    "i1": (0.0, 0.1, 1.0, 7.0, -3.0),
    "k0": (0.1, 1.0, 7.0),
    "k1": (0.1, 1.0, 7.0),
    "i0e": (0.1, 1.0, 7.0),
    "i1e": (0.1, 1.0, 7.0),
    "k0e": (0.1, 1.0, 7.0),
    "k1e": (0.1, 1.0, 7.0),
    "erfcx": (-3.0, 0.0, 1.0, 10.0, 24.9, 25.1, 100.0, 1e4),
    "erfcinv": (0.01, 0.5, 1.3, 1.99),
    "erfi": (-2.0, 0.1, 3.0),
    "dawsn": (-2.0, 0.1, 3.0),
    "ndtri": (0.001, 0.3, 0.9),
    "log_ndtr": (-30.0, -5.0, 0.0, 2.0, 6.0),
    "exp1": (0.05, 1.0, 8.0),
    "expi": (0.05, 1.0, 8.0),
}


def slopes(name, x):
    """f'(x) and f''(x) at points in a row."""
    f, ones = getattr(sp, name), np.ones_like(x)

    def first(t):
        return wg.jvp(lambda u: f(u), (t,), (ones,))[1]

    return first(x), wg.jvp(first, (x,), (ones,))[1]


@pytest.mark.parametrize("name", POINTS)
def test_derivatives_by_the_argument_are_those_of_mpmath(name):
    x = np.array(POINTS[name])
    first, second = slopes(name, x)
    for k, point in enumerate(x):
        one, two = (float(mpmath.diff(SCALAR[name], mpmath.mpf(point), n)) for n in (1, 2))
        assert abs(first[k] - one) <= 1e-12 * max(abs(one), 1e-2), (point, first[k], one)
        assert abs(second[k] - two) <= 1e-8 * max(abs(two), 1e-2), (point, second[k], two)


@everyday(1, "name", "order")
@pytest.mark.parametrize("name", ["jv", "yv", "iv", "kv", "ive", "kve"])
@pytest.mark.parametrize("order", [0, 1, 3, 0.5, 2.3])
def test_derivatives_of_bessel_functions_of_any_order(name, order):
    x = np.array([0.4, 1.0, 6.0])
    f = getattr(sp, name)
    first = wg.grad(lambda t: np.sum(f(order, t)))(x)
    second = np.diag(wg.hessian(lambda t: np.sum(f(order, t)))(x))
    for k, point in enumerate(x):
        one, two = (float(mpmath.diff(lambda t: SCALAR[name](order, t), mpmath.mpf(point), n)) for n in (1, 2))
        assert abs(first[k] - one) <= 1e-12 * max(abs(one), 1e-2), (point, first[k], one)
        assert abs(second[k] - two) <= 1e-8 * max(abs(two), 1e-2)


PAIRS = {
    "beta": ((0.5, 2.0), (3.0, 0.7)),
    "betaln": ((0.5, 2.0), (3.0, 0.7)),
    "rel_entr": ((0.5, 2.0), (3.0, 3.0000001)),
    "kl_div": ((0.5, 2.0), (3.0, 3.0000001)),
    "xlog1py": ((0.5, 2.0), (-2.0, 1e-9)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_derivatives_by_both_arguments_are_those_of_mpmath(name):
    f = getattr(sp, name)
    for x, y in PAIRS[name]:
        found = wg.grad(lambda x, y: f(x, y) * 1.0, argnums=(0, 1))(x, y)
        for k, order in enumerate(((1, 0), (0, 1))):
            one = float(mpmath.diff(SCALAR[name], (mpmath.mpf(x), mpmath.mpf(y)), order))
            assert abs(found[k] - one) <= 1e-12 * max(abs(one), 1e-6), (x, y, order)


@pytest.mark.parametrize("a", [0.3, 1.0, 2.5, 40.0])
def test_incomplete_functions_have_their_densities(a):
    x = np.array([0.2, 0.7])
    density = [float(mpmath.exp((a - 1) * mpmath.log(t) - t - mpmath.loggamma(a))) for t in x]
    np.testing.assert_allclose(wg.grad(lambda t: np.sum(sp.gammainc(a, t)))(x), density, rtol=1e-12)
    np.testing.assert_allclose(wg.grad(lambda t: np.sum(sp.gammaincc(a, t)))(x), np.negative(density), rtol=1e-12)
    density = [float(mpmath.mpf(t) ** (a - 1) * (1 - mpmath.mpf(t)) ** 1.5 / mpmath.beta(a, 2.5)) for t in x]
    np.testing.assert_allclose(wg.grad(lambda t: np.sum(sp.betainc(a, 2.5, t)))(x), density, rtol=1e-12)


SHAPES = [(0.03, 0.4), (0.7, 0.2), (2.5, 9.0), (40.0, 38.0), (500.0, 540.0)]


@pytest.mark.parametrize(("a", "x"), SHAPES)
def test_incomplete_functions_have_derivatives_by_their_shapes(a, x):
    P = mpmath.diff(lambda t: mpmath.gammainc(t, 0, x, regularized=True), mpmath.mpf(a))
    np.testing.assert_allclose(wg.grad(lambda a: sp.gammainc(a, x))(a), float(P), rtol=1e-11)
    np.testing.assert_allclose(wg.grad(lambda a: sp.gammaincc(a, x))(a), -float(P), rtol=1e-11)
    b, part = 1.7, 0.3
    for k, (da, db) in enumerate(((1, 0), (0, 1))):
        exact = mpmath.diff(lambda a, b: mpmath.betainc(a, b, 0, part, regularized=True), (a, b), (da, db))
        found = wg.grad(lambda a, b: sp.betainc(a, b, part), argnums=(0, 1))(a, b)[k]
        np.testing.assert_allclose(found, float(exact), rtol=1e-10)


@pytest.mark.parametrize("name", ["gammaincinv", "gammainccinv", "betaincinv", "stdtrit", "fdtri"])
def test_inverses_move_as_their_functions_say(name):
    f = getattr(sp, name)
    point = np.array([2.4, 1.7, 0.3][-{"betaincinv": 3, "fdtri": 3}.get(name, 2) :])
    gradient = wg.grad(lambda p: f(*p))(point)
    np.testing.assert_allclose(gradient, differences(lambda p: f(*p), point), atol=1e-8)


@pytest.mark.parametrize("order", [0, 1, 2, 3, 4, 6])
def test_sinc_has_all_derivatives_at_zero_and_near_it(order):
    x = np.array([0.0, 1e-12, 1e-5, 0.3, 0.6, 0.7, 1.0, 2.4, -1.3, 30.2])
    node = input_node("x", ArrayType((len(x),)))
    (found,) = evaluate(Graph((node,), (apply("sinc", node, order=order),)), {"x": x})
    for value, point in zip(found, x, strict=True):
        expected = float(taylor(lambda t: mpmath.sincpi(t), mpmath.mpf(point), order))
        assert abs(value - expected) <= 2e-13 * max(1.0, np.pi**order) * max(1.0, abs(point)), (point, value, expected)


def taylor(f, point, order):
    """The derivative by the Taylor polynomial in a circle: mpmath's own loses figures where sin(πx)/(πx) is a limit."""
    return mpmath.taylor(f, point, order, singular=True)[order] * mpmath.factorial(order)


def test_kinks_of_special_functions():
    assert wg.grad(lambda x: sp.xlogy(x, x))(0.0) == -np.inf
    assert wg.grad(lambda x: sp.i0e(x))(0.0) == 0
    assert wg.grad(np.sinc)(0.0) == 0
    assert wg.grad(lambda x: np.sum(np.where(x > 0, sp.gammaln(x), 0.0)))(np.array([0.0, 1.0]))[0] == 0
    assert wg.grad(lambda x: sp.entr(x))(0.0) == np.inf
    np.testing.assert_array_equal(wg.grad(special.logsumexp)(np.array([-np.inf, -np.inf])), [0, 0])
    np.testing.assert_array_equal(wg.grad(special.logsumexp)(np.array([np.inf, 0.0])), [1, 0])
    np.testing.assert_array_equal(wg.grad(special.logsumexp)(np.array([1e4, 0.0])), [1, 0])


def test_logsumexp_by_a_factor_that_is_zero():
    b = np.array([1.0, 0.0])
    found = wg.grad(lambda b: special.logsumexp(np.array([0.0, 2.0]), b=b))(b)
    np.testing.assert_allclose(found, [1.0, np.exp(2.0)], rtol=1e-14)


REFUSED = {
    "jv": (lambda v: sp.jv(v, 2.0), "v"),
    "yv": (lambda v: sp.yv(v, 2.0), "v"),
    "zeta": (lambda x: special.zeta(x, 2.0), "x"),
}


@pytest.mark.parametrize(("f", "argument"), REFUSED.values(), ids=REFUSED.keys())
def test_a_derivative_by_an_order_is_refused_and_its_value_is_not(f, argument):
    with pytest.raises(TraceError, match=f"by {argument} has no closed form") as caught:
        wg.grad(f)(1.5)
    assert caught.value.where
    assert "wg.stop_gradient" in caught.value.repair
    with pytest.raises(TraceError):
        wg.jvp(f, (1.5,), (1.0,))
    assert wg.grad(lambda v: f(wg.stop_gradient(v)) + v)(1.5) == 1
    assert wg.vmap(f)(np.array([1.5, 2.5])).shape == (2,)


def test_an_order_in_a_graph_has_no_silent_derivative():
    v, x = input_node("v", ArrayType()), input_node("x", ArrayType())
    from wengert.core.autodiff.transforms import pull_back

    back = pull_back(Graph((v, x), (apply("jv", v, x),)), ["v"])
    with pytest.raises(GraphError, match="no definition"):
        evaluate(back, {name: np.array(1.5) for name in back.input_names})
