"""Distributions of scipy.stats: values are SciPy's, derivatives by the argument and all real parameters those of differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats
from scipy.stats import dirichlet, multivariate_normal, norm

import wengert as wg
from tests.scripts.test_scripts import differences
from wengert.errors import TraceError

SHAPES = {
    "norm": (), "t": (3.5,), "gamma": (2.5,), "invgamma": (2.5,), "chi2": (3.5,), "beta": (2.5, 1.7), "expon": (), "laplace": (),
    "logistic": (), "lognorm": (0.7,), "uniform": (), "cauchy": (), "halfnorm": (), "weibull_min": (1.6,), "pareto": (2.3,),
    "gumbel_r": (), "rayleigh": (), "truncnorm": (-0.7, 1.9), "genpareto": (0.3,), "genextreme": (-0.2,),
}  # fmt: skip
METHODS = ("pdf", "logpdf", "cdf", "logcdf", "sf", "logsf", "ppf")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", SHAPES)
def test_a_function_of_a_distribution_has_its_derivatives(name, method):
    shapes = SHAPES[name]
    loc, scale = 0.2, 1.3
    x = 0.37 if method == "ppf" else float(getattr(stats, name).ppf(0.37, *shapes, loc=loc, scale=scale))

    def f(p):
        return getattr(getattr(stats, name), method)(p[0], *p[3:], loc=p[1], scale=p[2])

    point = np.array([x, loc, scale, *shapes])
    value, gradient = wg.value_and_grad(f)(point)
    np.testing.assert_allclose(value, f(point), rtol=2e-14)
    np.testing.assert_allclose(gradient, differences(f, point), atol=1e-8 * max(1, np.abs(gradient).max()))


@pytest.mark.parametrize("name", SHAPES)
def test_outside_of_the_support_a_density_is_0_and_does_not_move(name):
    shapes = SHAPES[name]
    for x in (-40.0, 0.0, 1e3):
        expected = getattr(stats, name).pdf(x, *shapes)
        value, slope = wg.value_and_grad(lambda x: getattr(stats, name).pdf(x, *shapes))(x)
        np.testing.assert_allclose(value, expected, rtol=1e-12)
        if expected == 0 and (x < 0):
            assert slope == 0


COUNTS = {"poisson": (2.7,), "nbinom": (5.0, 0.4), "binom": (7, 0.3), "bernoulli": (0.3,), "geom": (0.4,)}


@pytest.mark.parametrize("method", ["pmf", "logpmf", "cdf", "sf", "logcdf"])
@pytest.mark.parametrize("name", COUNTS)
def test_a_function_of_counts_has_the_derivative_by_its_real_parameter(name, method):
    *fixed, last = COUNTS[name]
    k = np.array([1, 1]) if name in ("bernoulli", "geom") else np.array([1, 3])
    if name == "bernoulli":
        k = k - 1

    def f(p):
        return np.sum(getattr(getattr(stats, name), method)(k, *fixed, p[0]))

    point = np.array([last])
    np.testing.assert_allclose(wg.value_and_grad(f)(point)[0], f(point), rtol=1e-13)
    np.testing.assert_allclose(wg.grad(f)(point), differences(f, point), atol=1e-8)


def test_frozen_distributions_and_lists():
    def f(p):
        return norm(p[0], scale=np.exp(p[1])).logpdf([0.3, 1.2]).sum() + norm(0.1).cdf(p[0])

    point = np.array([0.4, -0.2])
    np.testing.assert_allclose(wg.grad(f)(point), differences(f, point), atol=1e-9)


def test_several_variables():
    x = np.random.default_rng(0).normal(size=(4, 2))

    def f(p):
        cov = np.array([[p[2] ** 2 + 1, p[3]], [p[3], 2.0]])
        return multivariate_normal.logpdf(x, mean=p[:2], cov=cov).sum() + multivariate_normal(p[:2]).pdf(x[0])

    point = np.array([0.1, -0.3, 0.5, 0.2])
    np.testing.assert_allclose(wg.value_and_grad(f)(point)[0], f(point), rtol=1e-13)
    np.testing.assert_allclose(wg.grad(f)(point), differences(f, point), atol=1e-8)

    def g(a):
        return dirichlet.logpdf([0.2, 0.3, 0.5], a)

    alpha = np.array([1.5, 2.0, 0.8])
    np.testing.assert_allclose(wg.grad(g)(alpha), differences(g, alpha), atol=1e-8)


def test_what_is_not_there_is_refused_by_name():
    with pytest.raises(TraceError, match=r"'scipy.stats.norm.expect' has no form in a graph"):
        wg.grad(lambda x: norm.expect(lambda t: t, loc=x))(1.0)
    with pytest.raises(TraceError, match=r"'scipy.stats.wasserstein_distance' takes no weights on traced values"):
        wg.grad(lambda x: stats.wasserstein_distance(x, x, x))(np.ones(3))
    with pytest.raises(TraceError, match=r"'scipy.stats.kappa4.pdf' has no form in a graph"):
        wg.grad(lambda h: stats.kappa4.pdf(1.0, h, 0.2))(0.1)
    with pytest.raises(TraceError, match=r"'scipy.stats.argus.ppf' has no derivative here"):
        wg.grad(lambda q: stats.argus.ppf(q, 1.0))(0.4)


WRITTEN = {
    "skewnorm": ("logpdf", 1.5), "gompertz": ("cdf", 0.9), "vonmises": ("logpdf", 1.4), "loggamma": ("sf", 0.8),
    "exponnorm": ("logpdf", 1.2), "fisk": ("ppf", 3.0), "invgauss": ("logcdf", 1.1), "f": ("cdf", 3.0, 7.0), "chi": ("cdf", 2.4),
    "triang": ("logpdf", 0.6), "powerlaw": ("sf", 1.7), "nakagami": ("logpdf", 2.0), "jf_skew_t": ("cdf", 4.0, 3.0), "wald": ("pdf",),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN)
def test_a_distribution_that_scipy_wrote_in_python_is_followed(name):
    method, *shapes = WRITTEN[name]
    x = 0.37 if method == "ppf" else float(getattr(stats, name).ppf(0.37, *shapes, loc=0.2, scale=1.3))

    def f(p):
        return getattr(getattr(stats, name), method)(p[0] * np.ones(2), *p[3:], loc=p[1], scale=p[2])[1]

    point = np.array([x, 0.2, 1.3, *shapes])
    value, gradient = wg.value_and_grad(f)(point)
    np.testing.assert_allclose(value, f(point), rtol=1e-12)
    np.testing.assert_allclose(gradient, differences(f, point), atol=1e-8 * max(1, np.abs(gradient).max()))


@pytest.mark.parametrize("name", ["genpareto", "genextreme"])
def test_a_tail_of_index_0_moves_with_the_index(name):
    def f(c):
        return getattr(stats, name).logpdf(0.8, c)

    expected = (f(1e-3) - f(-1e-3)) / 2e-3
    np.testing.assert_allclose(wg.grad(f)(0.0), expected, rtol=1e-5)
    np.testing.assert_allclose(wg.grad(f)(1e-9), expected, rtol=1e-5)


GIVEN = {
    "a method": stats.norm.pdf,
    "a method of one with parameters": stats.gamma(2.5, scale=2.0).logpdf,
    "a method of several variables": multivariate_normal([0.3], [[2.0]]).logpdf,
    "a ufunc": special.erf,
    "a function in Python": special.logsumexp,
}


@pytest.mark.parametrize("name", GIVEN)
def test_a_function_of_scipy_is_differentiated_as_it_is_given(name):
    f, x = GIVEN[name], 0.7
    slope = (float(f(x + 1e-6)) - float(f(x - 1e-6))) / 2e-6
    np.testing.assert_allclose(wg.grad(f)(x), slope, atol=1e-8)
    np.testing.assert_allclose(wg.value_and_grad(f)(x), (f(x), slope), atol=1e-8)
    np.testing.assert_allclose(wg.jvp(f, (x,), (1.0,)), (f(x), slope), atol=1e-8)
    np.testing.assert_allclose(wg.compile(f)(x), f(x), rtol=1e-14)
    np.testing.assert_allclose(wg.vmap(f)(np.array([x, 0.2])), [f(x), f(0.2)], rtol=1e-14)


def test_parameters_by_place_of_a_method_have_derivatives():
    found = wg.grad(stats.gamma.logpdf, argnums=(0, 1))(0.7, 2.0)
    np.testing.assert_allclose(found, (1 / 0.7 - 1, np.log(0.7) - special.digamma(2.0)), rtol=1e-12)


def test_a_distribution_with_parameters_from_outside_takes_traced_values_and_keeps_its_own_methods():
    f, many = stats.gamma(2.5, scale=2.0), dirichlet([2.0, 3.0])
    np.testing.assert_allclose(wg.grad(lambda x: x * f.mean() + f.logpdf(x))(0.7), 5.0 + 1.5 / 0.7 - 0.5, rtol=1e-12)
    np.testing.assert_allclose(wg.grad(lambda p: many.logpdf(p))(np.array([0.3])), [1 / 0.3 - 2 / 0.7], rtol=1e-12)


def test_a_method_without_a_form_is_refused_by_its_name():
    with pytest.raises(TraceError, match=r"scipy\.stats\.norm\.rvs"):
        wg.grad(stats.norm.rvs)(1.0)


U, V = np.random.default_rng(4).normal(size=(2, 9))
OF_SAMPLES = {
    "pearsonr": lambda x: stats.pearsonr(x, U)[0] + stats.pearsonr(U, x).pvalue,
    "ttest_rel": lambda x: sum(stats.ttest_rel(x, U)),
    "f_oneway": lambda x: stats.f_oneway(x, U, V).statistic + stats.f_oneway(U, x)[1],
    "wasserstein_distance": lambda x: stats.wasserstein_distance(x, U[:5]),
    "energy_distance": lambda x: stats.energy_distance(x, U[:5]),
    "gaussian_kde": lambda x: stats.gaussian_kde(x)(U).sum() + stats.gaussian_kde(x, "silverman").logpdf(V[:2]).sum(),
    "gaussian_kde at places": lambda x: KDE(x[:4].reshape(2, 2)).sum() + KDE.covariance[0, 0] * x[0],
    "gaussian_kde with weights": lambda x: stats.gaussian_kde(U, 0.4, weights=x**2).pdf(V)[3],
}  # fmt: skip
KDE = stats.gaussian_kde(np.stack([U, V]))
OF_PARAMETERS = {
    "mean": lambda p: stats.gamma(p[0]).mean() + stats.beta.mean(p[0], p[1], loc=p[2], scale=2.0) + stats.poisson(p[0]).mean(),
    "var": lambda p: stats.beta(p[0], p[1]).var() + stats.lognorm.var(p[0], scale=p[1]),
    "std": lambda p: stats.norm(p[0], p[1]).std() + stats.chi2.std(p[2]),
    "median": lambda p: stats.gamma(p[0], scale=p[1]).median() + stats.cauchy.median(p[0]),
    "interval": lambda p: stats.norm.interval(0.9, p[0], p[1])[1] + stats.t.interval(0.5, 4.5, p[0], p[1])[0],
    "entropy": lambda p: stats.norm(p[0], p[1]).entropy() + stats.gamma.entropy(p[0], scale=p[1]),
    "entropy of several": lambda p: multivariate_normal.entropy(np.zeros(2), np.diag(p[:2])),
    "singular": lambda p: multivariate_normal.logpdf([p[0], 0.5, 0.0], [0.0, p[1], 0.0], np.diag([1.0, 2.0, 0.0]), allow_singular=True),
}  # fmt: skip


@pytest.mark.parametrize("f", [*OF_SAMPLES.values(), *OF_PARAMETERS.values()], ids=[*OF_SAMPLES, *OF_PARAMETERS])
def test_a_statistic_has_its_derivatives(f):
    x = V + 0.01 if f in OF_SAMPLES.values() else np.array([1.4, 0.8, 2.5])
    value, gradient = wg.value_and_grad(f)(x)
    np.testing.assert_allclose(value, f(x), rtol=1e-12)
    expected = differences(f, x)
    np.testing.assert_allclose(gradient, expected, atol=1e-8 * max(1, np.abs(expected).max()))
    np.testing.assert_allclose(wg.compile(wg.grad(f))(x), gradient, rtol=1e-10, atol=1e-12)
