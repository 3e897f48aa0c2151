"""Primitives: functions with derivatives of their own, in every mode, order and place; and the checks of their rules."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import linalg

import wengert as wg
from wengert.core.ir.walk import topological
from wengert.errors import CheckError, TraceError

X = np.array([0.3, -0.7, 1.2])


def opaque_sine(x):
    """What no graph shows."""
    return np.array([math.sin(t) for t in np.ravel(x)]).reshape(np.shape(x))


def by_vjp(**options):
    f = wg.primitive(**options)(opaque_sine) if options else wg.primitive(opaque_sine)
    return f.defvjp(lambda ans, x: lambda g: g * np.cos(x))


def by_jvp(**options):
    f = wg.primitive(**options)(opaque_sine) if options else wg.primitive(opaque_sine)
    return f.defjvp(lambda g, ans, x: g * np.cos(x))


def transparent():
    f = wg.primitive(opaque=False)(lambda x: np.sin(x))
    return f.defvjp(lambda ans, x: lambda g: g * np.cos(x))


@pytest.mark.parametrize("make", [by_vjp, by_jvp, transparent])
def test_one_rule_gives_both_modes_and_all_orders(make):
    f = make()
    loss = lambda x: np.sum(f(x) * x)  # noqa: E731
    plain = lambda x: np.sum(np.sin(x) * x)  # noqa: E731
    np.testing.assert_allclose(f(X), np.sin(X))
    np.testing.assert_allclose(wg.grad(loss)(X), wg.grad(plain)(X), rtol=1e-13)
    np.testing.assert_allclose(wg.jvp(f, (X,), (X,))[1], np.cos(X) * X, rtol=1e-13)
    np.testing.assert_allclose(wg.jacobian(f, mode="forward")(X), np.diag(np.cos(X)), rtol=1e-13)
    np.testing.assert_allclose(wg.jacobian(f, mode="reverse")(X), np.diag(np.cos(X)), rtol=1e-13)
    np.testing.assert_allclose(wg.hessian(loss)(X), wg.hessian(plain)(X), rtol=1e-12, atol=1e-13)
    third = lambda f: wg.grad(wg.grad(wg.grad(lambda t: f(t) * t)))  # noqa: E731
    assert third(f)(0.3) == pytest.approx(float(third(np.sin)(0.3)), rel=1e-11)


@pytest.mark.parametrize("make", [by_vjp, by_jvp, transparent])
def test_a_primitive_stands_in_batches_loops_branches_and_code(make):
    f = make()
    rows = np.stack([X, 2 * X])
    np.testing.assert_allclose(wg.vmap(f)(rows), np.sin(rows))
    np.testing.assert_allclose(wg.vmap(wg.grad(lambda x: np.sum(f(x))))(rows), np.cos(rows))
    np.testing.assert_allclose(wg.grad(lambda r: np.sum(wg.vmap(f)(r)))(rows), np.cos(rows))
    np.testing.assert_allclose(wg.vmap(wg.hessian(lambda x: np.sum(f(x))))(rows)[1], -np.diag(np.sin(2 * X)))
    np.testing.assert_allclose(wg.compile(wg.grad(lambda x: np.sum(f(x) ** 2)))(X), np.sin(2 * X), rtol=1e-13)

    def looped(f):
        return lambda x: np.sum(wg.fori_loop(0, 4, lambda i, c: f(c) + x, x))

    np.testing.assert_allclose(wg.grad(looped(f))(X), wg.grad(looped(np.sin))(X), rtol=1e-12)
    np.testing.assert_allclose(wg.compile(wg.grad(looped(f)))(X), wg.grad(looped(np.sin))(X), rtol=1e-12)
    branch = lambda x: wg.cond(x > 0, f, lambda x: x**2, x)  # noqa: E731
    np.testing.assert_allclose(wg.vmap(wg.grad(branch))(X), np.where(X > 0, np.cos(X), 2 * X), rtol=1e-13)
    assert wg.vmap(f)(np.zeros((0, 3))).shape == (0, 3)


def test_a_transparent_primitive_is_compiled_and_has_the_derivative_that_is_given():
    f = wg.primitive(opaque=False, check=False)(lambda x: np.floor(x))
    f.defvjp(lambda ans, x: lambda g: 2 * g)
    assert wg.grad(f)(1.5) == 2
    assert wg.jvp(f, (1.5,), (3.0,))[1] == 6
    graph = wg.compile(wg.grad(lambda x: np.sum(f(x) ** 2))).graph(X)
    assert not {"call", "host_call"} & {node.op.name for node in topological(graph.outputs)}


def test_rules_have_a_place_for_each_argument():
    @wg.primitive
    def weighted(w, x, scale, *, power=1):
        return scale * float(np.dot(w, x**power))

    weighted.defvjp(
        lambda ans, w, x, scale, power=1: lambda g: g * scale * x**power,
        lambda ans, w, x, scale, power=1: lambda g: g * scale * w * power * x ** (power - 1),
    )
    w = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(wg.grad(weighted)(w, X, 2.0, power=2), 2 * X**2)
    np.testing.assert_allclose(wg.grad(weighted, 1)(w, X, 2.0, power=2), 4 * w * X)
    both = wg.grad(weighted, (0, 1))(w, X, 2.0)
    np.testing.assert_allclose(both[1], 2 * w)
    with pytest.raises(TraceError) as caught:
        wg.grad(weighted, 2)(w, X, 2.0)
    assert caught.value.what == "'weighted' has no derivative by its argument 2."
    assert caught.value.where == "  defvjp has rules for the arguments: 0, 1"
    assert caught.value.repair == "Give one, or None where it is zero:  weighted.defvjp(rule, argnums=[2])"
    weighted.defvjp(None, argnums=[2])
    with pytest.raises(CheckError, match="wrong for argument 2: it gives 0, "):
        wg.grad(weighted, 2)(w, X + 1, 2.0, power=3)
    with pytest.raises(TraceError, match="a traced value as a keyword argument"):
        wg.grad(lambda p: weighted(w, X, 2.0, power=p))(2.0)


def test_a_primitive_takes_and_gives_containers():
    @wg.primitive
    def split(p, mode):
        assert mode == "both"
        return {"s": np.asarray(p["a"]) + p["b"], "p": (np.asarray(p["a"]) * p["b"],), "n": 3}

    split.defvjp(
        lambda ans, p, mode: (
            lambda g: {
                "a": g["s"] + g["p"][0] * p["b"],
                "b": np.sum(g["s"] + g["p"][0] * p["a"]),
            }
        )
    )
    p = {"a": X, "b": 2.0}

    def loss(p):
        found = split(p, "both")
        return np.sum(found["s"] ** 2) + np.sum(found["p"][0]) * found["n"]

    def plain(p):
        return np.sum((p["a"] + p["b"]) ** 2) + np.sum(p["a"] * p["b"]) * 3

    found, expected = wg.grad(loss)(p), wg.grad(plain)(p)
    np.testing.assert_allclose(found["a"], expected["a"], rtol=1e-13)
    np.testing.assert_allclose(found["b"], expected["b"], rtol=1e-13)
    v = {"a": np.ones(3), "b": 0.5}
    np.testing.assert_allclose(wg.jvp(loss, (p,), (v,))[1], wg.jvp(plain, (p,), (v,))[1], rtol=1e-13)
    np.testing.assert_allclose(wg.hvp(loss)(p, v)["a"], wg.hvp(plain)(p, v)["a"], rtol=1e-12)


def test_a_method_can_be_a_primitive():
    class Model:
        k = 3.0

        @wg.primitive
        def run(self, x):
            return self.k * math.exp(x)

    Model.run.defvjp(lambda ans, self, x: lambda g: g * ans, argnums=[1])
    assert wg.grad(Model().run)(0.5) == pytest.approx(3 * math.exp(0.5), rel=1e-13)


def test_an_implicit_function_through_a_solver():
    """x(a) from Newton's iteration of its own, with the derivative of the implicit function theorem: both modes and the second."""

    @wg.primitive
    def root(a):
        x = 1.0
        for _ in range(60):
            x -= (x**3 + x - float(a)) / (3 * x**2 + 1)
        return x

    root.defvjp(lambda x, a: lambda g: g / (3 * root(a) ** 2 + 1))
    x = root(2.0)
    slope = 1 / (3 * x**2 + 1)
    assert wg.grad(root)(2.0) == pytest.approx(slope, rel=1e-12)
    assert wg.jvp(root, (2.0,), (1.0,))[1] == pytest.approx(slope, rel=1e-12)
    assert wg.grad(wg.grad(root))(2.0) == pytest.approx(-6 * x * slope**3, rel=1e-10)
    assert wg.hvp(root)(2.0, 1.0) == pytest.approx(-6 * x * slope**3, rel=1e-10)


def test_the_answer_in_a_rule_is_derived_too():
    f = wg.primitive(lambda x: math.exp(x))
    f.defvjp(lambda ans, x: lambda g: g * ans)
    for _ in range(3):
        g = f
        assert wg.grad(g)(0.5) == pytest.approx(math.exp(0.5), rel=1e-13)
    assert wg.grad(wg.grad(wg.grad(f)))(0.5) == pytest.approx(math.exp(0.5), rel=1e-12)


def test_a_rule_that_no_graph_shows_gives_the_first_derivative():
    f = wg.primitive(lambda a: linalg.expm(np.asarray(a)), like=0)
    f.defvjp(lambda ans, a: lambda g: linalg.expm_frechet(np.asarray(a).T, np.asarray(g), compute_expm=False))
    a = np.random.default_rng(1).normal(size=(3, 3))
    h = 1e-6
    slope = wg.grad(lambda a: np.sum(np.sin(f(a))))(a)
    step = np.zeros((3, 3))
    step[1, 2] = h
    expected = (np.sum(np.sin(linalg.expm(a + step))) - np.sum(np.sin(linalg.expm(a - step)))) / (2 * h)
    assert slope[1, 2] == pytest.approx(expected, rel=1e-7)
    with pytest.raises(TraceError, match="rule 'defvjp' of '<lambda>' cannot be derived"):
        wg.hessian(lambda a: np.sum(f(a)))(a)
    with pytest.raises(TraceError, match="cannot be derived"):
        wg.jvp(f, (a,), (a,))


def test_a_linear_primitive_is_its_own_rule():
    f = wg.primitive(lambda x: 3.0 * opaque_sine(np.zeros(3)) + np.cumsum(np.asarray(x))).defjvp("same")
    np.testing.assert_allclose(wg.jacobian(f)(X), np.tril(np.ones((3, 3))))
    with pytest.raises(TraceError, match="so that reverse mode does not follow from it"):
        wg.jacobian(f, mode="reverse")(X)
    f.defvjp(lambda ans, x: lambda g: np.flip(np.cumsum(np.flip(g))))
    np.testing.assert_allclose(wg.jacobian(f, mode="reverse")(X), np.tril(np.ones((3, 3))))


# ---------------------------------------------------------------- what is returned


def test_the_result_is_known_by_trial_or_by_what_it_is_like():
    seen: list[Any] = []

    @wg.primitive
    def f(x):
        seen.append(np.copy(x))
        return opaque_sine(x)[:2]

    f.defvjp(lambda ans, x: lambda g: np.concatenate([g * np.cos(x[:2]), np.zeros(1)]))
    graph = wg.trace(f)(X)
    assert graph.outputs[0].type.shape == (2,)

    @wg.primitive
    def picky(x):
        if not np.array_equal(x, X):
            raise ValueError("not defined there")
        return x * 2.0

    with pytest.raises(TraceError, match="a trial run failed: ValueError") as caught:
        wg.trace(picky)(X)
    assert caught.value.repair == "Say what the result is like:  @wg.primitive(like=lambda x: x)"
    told = wg.primitive(like=lambda x: np.empty(x.shape))(picky.function)
    assert wg.trace(told)(X).outputs[0].type.shape == (3,)


def test_a_result_of_another_shape_than_before_is_refused():
    f = wg.primitive(like=0)(lambda x: np.asarray(x)[1:])
    f.defvjp(lambda ans, x: lambda g: g)
    with pytest.raises(TraceError, match="returns other shapes than those that it is known for"):
        wg.compile(lambda x: f(x))(X)


# ---------------------------------------------------------------- checks


def wrong_vjp(factor):
    return wg.primitive(opaque_sine).defvjp(lambda ans, x: lambda g: g * np.cos(x) * factor)


def wrong_jvp(factor):
    return wg.primitive(opaque_sine).defjvp(lambda g, ans, x: g * np.cos(x) * factor)


@pytest.mark.parametrize("make", [wrong_vjp, wrong_jvp])
@pytest.mark.parametrize("factor", [1.001, 0.999, -1.0, 2.0, np.nan])
def test_a_rule_that_is_wrong_by_a_thousandth_is_found_on_first_use(make, factor):
    for use in (
        lambda f: wg.grad(lambda x: np.sum(f(x)))(X),
        lambda f: wg.jvp(f, (X,), (X,)),
        lambda f: wg.compile(wg.grad(lambda x: np.sum(f(x))))(X),
        lambda f: wg.vmap(wg.grad(f))(X),
        lambda f: wg.grad(lambda x: np.sum(wg.fori_loop(0, 2, lambda i, c: f(c), x)))(X),
    ):
        f = make(factor)
        rule = "defvjp" if make is wrong_vjp else "defjvp"
        with pytest.raises(CheckError, match=f"rule '{rule}' of 'opaque_sine' is wrong for argument 0: it gives"):
            use(f)


def test_a_right_rule_passes_with_float32_and_at_every_size():
    for x in (np.float32([0.1, 2.0]), X * 1e6, X * 1e-9, np.zeros((2, 2)), np.zeros(0), np.float64(3.0)):
        f = by_vjp()
        np.testing.assert_allclose(wg.grad(lambda x, f=f: np.sum(f(x)))(x), np.cos(x), rtol=1e-6)


def test_a_rule_is_checked_once():
    calls = []

    @wg.primitive
    def f(x):
        calls.append(1)
        return opaque_sine(x)

    f.defvjp(lambda ans, x: lambda g: g * np.cos(x))
    g = wg.grad(lambda x: np.sum(f(x)))
    g(X)
    many = len(calls)
    calls.clear()
    g(X)
    assert len(calls) < 3 < many


def test_checks_can_be_switched_off():
    from wengert.extend import check_rules

    f = wg.primitive(check=False)(opaque_sine).defvjp(lambda ans, x: lambda g: 2 * g)
    assert wg.grad(lambda x: np.sum(f(x)))(X).tolist() == [2, 2, 2]
    before = check_rules(False)
    try:
        assert wg.grad(lambda x: np.sum(wrong_vjp(2.0)(x)))(X) == pytest.approx(2 * np.cos(X))
    finally:
        check_rules(before)


def test_the_wrong_argument_is_named():
    f = wg.primitive(lambda x, y: float(x) * float(y) ** 2)
    f.defvjp(lambda ans, x, y: lambda g: g * y**2, lambda ans, x, y: lambda g: g * x * y)
    with pytest.raises(CheckError) as caught:
        wg.grad(f, (0, 1))(2.0, 3.0)
    assert caught.value.what.startswith("The rule 'defvjp' of '<lambda>' is wrong for argument 1: it gives ")
    assert caught.value.where == "  at the values of its first call, with float64[], float64[]"
    assert caught.value.repair == "Correct the rule, or switch the check off:  @wg.primitive(check=False)"


def test_a_kink_is_no_mistake():
    f = wg.primitive(lambda x: max(float(x), 0.0)).defvjp(lambda ans, x: lambda g: g * (x > 0))
    assert wg.grad(f)(0.0) == 0
    g = wg.primitive(lambda x: max(float(x), 0.0)).defvjp(lambda ans, x: lambda g: g * (x < 0))
    with pytest.raises(CheckError):
        wg.grad(g)(1.0)


def test_a_rule_of_the_wrong_shape_is_refused():
    f = wg.primitive(opaque_sine).defvjp(lambda ans, x: lambda g: np.sum(g * np.cos(x)))
    with pytest.raises(TraceError) as caught:
        wg.grad(lambda x: np.sum(f(x)))(X)
    assert caught.value.what == "The rule 'defvjp' of 'opaque_sine' gives the shape () for argument 0, which has (3,)."
    f = wg.primitive(opaque_sine).defvjp(lambda ans, x: lambda g: (g, g))
    with pytest.raises(TraceError, match="gives another container than the argument"):
        wg.grad(lambda x: np.sum(f(x)))(X)
    f = wg.primitive(opaque_sine).defvjp(lambda ans, x: lambda g: np.array([float(t) for t in g[:2]]))
    with pytest.raises(TraceError, match=r"rule 'defvjp' of 'opaque_sine' gives the shapes \(2,\)"):
        wg.grad(lambda x: np.sum(f(x)))(X)


def test_a_primitive_without_rules_says_so():
    f = wg.primitive(opaque_sine)
    for use in (lambda: wg.grad(lambda x: np.sum(f(x)))(X), lambda: wg.jvp(f, (X,), (X,))):
        with pytest.raises(TraceError, match="'opaque_sine' has no derivative by its argument 0"):
            use()
    assert wg.grad(lambda x: np.sum(f(wg.stop_gradient(x)) * x))(X) == pytest.approx(np.sin(X))
