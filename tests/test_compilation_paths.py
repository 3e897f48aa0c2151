"""Compiled functions follow Python: a path for each way through `if`, `while` and `range`, chosen by what the arguments say."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

import wengert as wg
from wengert.core.ir.walk import topological
from wengert.errors import TraceError
from wengert.functions.run import compiling, kind

XLA = pytest.param("xla", marks=pytest.mark.skipif(find_spec("jax") is None, reason="JAX is not installed"))
BACKENDS = ["native", "interpreter", XLA]


class Counted:
    """A function that counts how often Python runs it."""

    def __init__(self, f):
        self.f, self.runs = f, 0

    def __call__(self, *args):
        self.runs += 1
        return self.f(*args)


def compiled(f, **options):
    return wg.compile(f, cache=False, **options)


def halved_or_squared(x):
    if x > 1:
        return x / 2
    return x * x


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_way_through_an_if_is_written_down_once(backend):
    counted = Counted(halved_or_squared)
    f = compiled(counted, backend=backend)
    for x in (3.0, 0.5, 4.0, 0.25, 1.0, 7.0, -2.0):
        assert f(x) == halved_or_squared(x)
    assert counted.runs == 2


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_while_loop_has_a_path_for_each_number_of_steps(backend):
    def root(x):
        y = x
        while abs(y * y - x) > 1e-9 * x:
            y = (y + x / y) / 2
        return y

    counted = Counted(root)
    f = compiled(counted, backend=backend)
    for _ in range(2):
        for x in (2.0, 9.0, 1e6, 2.5, 0.3):
            assert f(x) == pytest.approx(np.sqrt(x), rel=1e-8)
    assert counted.runs <= 5


def test_a_whole_number_that_python_asks_for_is_part_of_the_path():
    def power(x, n):
        y = 1.0
        for _ in range(int(n)):
            y = y * x
        return y

    counted = Counted(power)
    f = compiled(counted)
    assert [f(2.0, n) for n in (3, 5, 3, 0, 5)] == [8.0, 32.0, 8.0, 1.0, 32.0]
    assert counted.runs == 3


def test_paths_part_at_any_question():
    def f(x, y):
        if x > 0:
            return (y + 1 if y > 0 else y - 1) if x > 1 else y * 10
        return -y if y > 0 else y * y

    counted = Counted(f)
    g = compiled(counted)
    points = [(x, y) for x in (-1.0, 0.5, 2.0) for y in (-3.0, 4.0)]
    for x, y in points + points[::-1] + points[::2]:
        assert g(x, y) == f(x, y)
    assert counted.runs == 5


def test_gradients_follow_branches():
    f = wg.value_and_grad(lambda x: np.sum(np.where(x > 0, x, 0)) if np.sum(x) > 0 else np.sum(x**3))
    g = compiled(f)
    for x in (np.array([1.0, -0.5]), np.array([-2.0, 0.5]), np.array([0.25, 4.0])):
        value, slope = g(x)
        wanted = (np.where(x > 0, x, 0).sum(), (x > 0) * 1.0) if x.sum() > 0 else ((x**3).sum(), 3 * x**2)
        np.testing.assert_allclose(value, wanted[0])
        np.testing.assert_allclose(slope, wanted[1])


def test_nothing_is_overwritten_where_python_asks():
    def step(w, g):
        return w - g if w[0] > 0 else w + g

    f = compiled(step, donate="w")
    w, g = np.array([1.0, 2.0]), np.array([0.5, 0.5])
    assert f(w, g).tolist() == [0.5, 1.5]
    assert f(-w, g).tolist() == [-0.5, -1.5]
    assert w.tolist() == [1.0, 2.0]


def test_a_wrong_path_raises_nothing():
    def f(x):
        return np.linalg.cholesky(x)[0, 0] if x[0, 0] > 0 else x[0, 0]

    g = compiled(f)
    good, bad = np.eye(2) * 4, -np.eye(2)
    assert g(good) == 2.0
    assert g(bad) == -1.0
    assert g(good) == 2.0
    with pytest.raises(np.linalg.LinAlgError):
        g(np.array([[1.0, 3.0], [3.0, 1.0]]))


def test_an_index_outside_is_an_error_of_the_right_path_only():
    a = wg.asarray if hasattr(wg, "asarray") else np.asarray

    def f(x, k):
        return a(x)[k] if k < 2 else x[0]

    g = compiled(f)
    x = np.array([5.0, 6.0])
    assert g(x, 1) == 6.0
    assert g(x, 7) == 5.0
    assert g(x, 0) == 5.0


def test_a_loop_that_only_the_right_path_ends_is_not_tried():
    def f(n):
        if n >= 0:
            return wg.while_loop(lambda k: k != 0, lambda k: k - 1, n)
        return n

    g = compiled(f)
    assert g(3) == 0
    assert g(-1) == -1


def test_an_answer_that_rounding_decides_leads_to_one_of_the_paths():
    def f(x):
        y = np.sin(x) * np.exp(x) / np.cos(x) - np.tan(x) * np.exp(x)
        return 1.0 + y if y == 0 else 2.0 + y

    counted = Counted(f)
    g = compiled(counted)
    for x in np.linspace(0.1, 1.5, 40):
        assert min(abs(g(float(x)) - 1), abs(g(float(x)) - 2)) < 1e-9
    assert len(g.graph(0.1).outputs) == 2


def test_paths_that_ran_longest_ago_are_dropped(monkeypatch):
    monkeypatch.setattr(kind, "MOST_PATHS", 3)
    counted = Counted(lambda x, n: x * int(n))
    f = compiled(counted)
    for n in (1, 2, 3, 4, 4, 3, 2):
        assert f(2.0, n) == 2.0 * n
    assert counted.runs == 4
    assert f(2.0, 1) == 2.0
    assert counted.runs == 5


def test_kinds_that_were_asked_for_longest_ago_are_dropped(monkeypatch):
    monkeypatch.setattr(compiling, "MOST_KINDS", 2)
    counted = Counted(lambda x: np.sum(x))
    f = compiled(counted)
    for n in range(1, 10):
        assert f(np.ones(n)) == n
    assert counted.runs == 9
    assert f(np.ones(9)) == 9
    assert f(np.ones(1)) == 1
    assert counted.runs == 10


@pytest.mark.parametrize("code", ["x[x > 0]", "np.nonzero(x > 0)", "np.unique(x)"])
def test_how_many_entries_there_are_cannot_be_asked_of_long_arrays(code):
    functions = {
        "x[x > 0]": lambda x: x[x > 0],
        "np.nonzero(x > 0)": lambda x: np.nonzero(x > 0),
        "np.unique(x)": lambda x: np.unique(x),
    }
    with pytest.raises(TraceError) as failure:
        compiled(functions[code])(np.ones(5000))
    what, where, repair = str(failure.value).split("\n")[0], str(failure.value), str(failure.value).split("\n")[-1]
    assert what.endswith(".")
    assert code in where
    assert repair


def test_containers_and_keywords_go_along_every_path():
    def f(p, *, scale=1.0):
        return {"y": p["a"] * scale if p["a"] > p["b"] else p["b"], "n": None}

    g = compiled(f)
    for a, b in ((2.0, 1.0), (1.0, 2.0), (3.0, 0.0)):
        assert g({"a": a, "b": b}, scale=2.0) == f({"a": a, "b": b}, scale=2.0)


def test_the_graph_is_that_of_the_path_of_the_values():
    g = compiled(halved_or_squared)
    assert [len(g.graph(x).outputs) for x in (2.0, 0.5)] == [2, 2]
    assert g.graph(2.0) is not g.graph(0.5)
    assert g.graph(2.0) is g.graph(3.0)


def test_many_questions_inside_a_derivative_make_a_graph_in_proportion():
    def grown(x):
        steps = 0
        while x < 1000:
            x, steps = x * 1.05 + 0.01 * np.sin(x), steps + 1
        return x * steps

    f = compiled(wg.value_and_grad(grown))
    value, slope = f(1.0)
    assert value == pytest.approx(float(grown(np.float64(1.0))))
    assert slope == pytest.approx((grown(np.float64(1 + 1e-6)) - grown(np.float64(1 - 1e-6))) / 2e-6, rel=1e-6)
    assert len(topological(f.graph(1.0).outputs)) < 30 * 150
