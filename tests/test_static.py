"""Static arguments are constants of compiled code, which is made anew for each of their values."""

from __future__ import annotations

import functools
import pickle
from dataclasses import dataclass

import numpy as np
import pytest

import wengert as wg
from wengert.errors import GraphError, TraceError

X = np.array([0.3, -1.2, 2.5])


def times(x, n, mode="sin", *, scale=1.0):
    for _ in range(n):
        x = getattr(np, mode)(x)
    return scale * x


TIMES = wg.compile(times, static=("n", "mode", "scale"))


@functools.partial(wg.compile, static="n")
def powered(x, n):
    return x**n


@pytest.mark.parametrize("n", [0, 1, 3, np.int64(2)])
@pytest.mark.parametrize("rest", [{}, {"mode": "tanh"}, {"scale": 2.5}])
def test_a_static_argument_may_steer_by_place_by_name_and_by_default(n, rest):
    want = times(X, n, **rest)
    np.testing.assert_allclose(TIMES(X, n, **rest), want, rtol=1e-15)
    np.testing.assert_allclose(TIMES(X, n=n, **rest), want, rtol=1e-15)
    np.testing.assert_allclose(TIMES(n=n, x=X, **rest), want, rtol=1e-15)


def test_a_static_argument_is_a_constant_of_the_graph_and_asks_nothing():
    graph = TIMES.graph(X, 2)
    assert graph.input_names == ("x",)
    assert len(graph.outputs) == 1
    assert len(wg.compile(times).graph(X, 2).outputs) == 2  # with the question whether n is 2


@pytest.mark.parametrize("first", [1, 1.0, True, 0.0])
def test_values_that_python_takes_for_equal_have_code_of_their_own(first):
    f = wg.compile(lambda x, c: np.copysign(1.0, c) * x if type(c) is float else x * c, static="c")
    for c in (first, -0.0, 0.0, 1, True, 1.0, 0, float("nan"), float("nan")):
        np.testing.assert_array_equal(f(X, c), np.copysign(1.0, c) * X if type(c) is float else X * c)


@dataclass
class Settings:
    power: int
    kind: str


def test_containers_are_known_by_what_they_hold_and_kept_as_they_were():
    def f(x, settings):
        if "extra" in settings:
            x = x + settings["extra"]
        return x ** settings["power"]

    compiled = wg.compile(f, static="settings")
    settings = {"power": 2}
    for change in ({}, {"power": 3}, {"extra": np.ones(3)}, {"extra": np.arange(3.0)}, {"power": 2}):
        settings.update(change)
        for x in (X, np.append(X, 1.0)[1:]):  # the second call is of code that is there
            np.testing.assert_allclose(compiled(x, settings), f(x, settings), rtol=1e-14)
    g = wg.compile(lambda x, s: np.sin(x) if s.kind == "sin" else x**s.power, static=1)
    np.testing.assert_allclose(g(X, Settings(2, "sin")), np.sin(X), rtol=1e-15)
    np.testing.assert_allclose(g(X, Settings(2, "power")), X**2, rtol=1e-15)


def test_a_gradient_with_a_static_argument_is_compiled():
    f = wg.compile(wg.grad(lambda x, n: np.sum(np.diff(x, n) ** 2)), static="n")
    for n in (1, 2):
        np.testing.assert_allclose(f(X, n), wg.grad(lambda x, n=n: np.sum(np.diff(x, n) ** 2))(X), rtol=1e-14)


def test_methods_bound_arrays_donation_and_pickling_go_on():
    class Model:
        def __init__(self, c):
            self.c = c

        run = wg.compile(lambda self, x, n: self.c * x**n, static=("self", "n"))

    np.testing.assert_allclose(Model(2.0).run(X, 3), 2 * X**3)
    np.testing.assert_allclose(Model(5.0).run(X, n=2), 5 * X**2)
    given = X.copy()
    bound = wg.compile(lambda x, n: x * n, static="n").bind(given, 3)
    given[:] = 1
    np.testing.assert_array_equal(bound(), [3, 3, 3])
    step = wg.compile(lambda n, x: x + n, static="n", donate=1)
    held = step(1, given)
    assert step(1, held) is held
    np.testing.assert_array_equal(held, [3, 3, 3])
    assert pickle.loads(pickle.dumps(powered)) is powered
    again = pickle.loads(pickle.dumps(wg.compile(times, static="n")))
    np.testing.assert_allclose(again(X, 2), times(X, 2), rtol=1e-15)


def test_a_static_argument_of_vmap_is_the_same_for_every_entry():
    rows = np.arange(12.0).reshape(4, 3)
    for static in ("n", 1, ["mode", "n"]):
        np.testing.assert_allclose(wg.vmap(times, static=static)(rows, 2), times(rows, 2), rtol=1e-15)
    np.testing.assert_allclose(wg.vmap(times, static=("n", "mode"))(rows, 2, "cos"), times(rows, 2, "cos"), rtol=1e-15)


def said(kind, call):
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value).splitlines()


@pytest.mark.parametrize("transform", [wg.compile, wg.vmap])
def test_a_static_parameter_that_is_not_there_is_refused(transform):
    what, where, repair = said(GraphError, lambda: transform(times, static="m"))
    assert what == "'times' has no parameter 'm' that could be static."
    assert where == "  its parameters are x, n, mode, scale"
    assert repair == "Name a parameter, or give its place, counted from 0."


def test_what_may_change_unseen_is_refused():
    f = wg.compile(lambda x, s: x, static="s")
    what, _, repair = said(TraceError, lambda: f(X, {1, 2}))
    assert what == "A static argument of type set may change, and a compiled function would not see it."
    assert repair.startswith("Give numbers, strings, arrays, what has a hash")
    what, _, repair = said(TraceError, lambda: wg.grad(lambda x: f(1.0, x))(2.0))
    assert what == "A static argument has a traced value, which is not known yet."
    assert repair == "Leave it out of 'static', or give a number from outside."


def test_who_needs_a_traced_number_as_a_size_is_told_both_cures():
    repair = said(TraceError, lambda: wg.vmap(lambda x, n: x[: len(range(n))])(np.ones((2, 3)), np.arange(2)))[-1]
    assert repair.startswith("Give int(n) from outside, or name the argument in 'static';")
