"""A function's own `np`, `math` and `scipy` answer for traced values, in every tier; its module, NumPy and other threads see nothing."""

from __future__ import annotations

import functools
import math
import sys
import threading

import numpy as np
import pytest
from numpy import array, zeros
from scipy.special import expit

import wengert as wg
from tests.counting import calls
from tests.namespaces import helpers
from tests.namespaces.helpers import Damped, Spring, filled, spring, table
from wengert.errors import TraceError
from wengert.functions.namespaces import standing

POINT = 0.7


def rotation(t):
    c, s = np.cos(t), np.sin(t)
    return np.sum(np.array([[c, -s], [s, c]]) @ [1.0, 2.0])


def local_import(x):
    import math as m

    import numpy as npy
    from numpy import linalg

    a = npy.zeros(2)
    a[:] = [x, m.sin(x)]
    return linalg.norm(a)


def generated(x):
    def values():
        for i in range(3):
            a = np.zeros(1)
            a[0] = x**i
            yield a[0]

    return sum(values())


def nested(x):
    class Pair:
        size = np.zeros(2).shape

        def both(self):
            return np.array([x, x * x])

    def inner():
        return Pair().both().sum()

    return inner()


def closure():
    lib, shape = np, (2,)

    def f(x):
        a = lib.zeros(shape)
        a[0] = x * x
        return a.sum()

    return f


def shadowed(x):
    np = helpers
    return np.filled(x).sum()


@np.vectorize
def halved(x):
    return x / 2 if x > 0 else x * x


def simulated(x):
    path = np.zeros((5, 2))
    path[0] = [1.0, x]
    for k in range(4):
        path[k + 1, 0] = path[k, 0] + 0.1 * path[k, 1]
        path[k + 1, 1] = path[k, 1] - 0.1 * math.sin(path[k, 0])
    return path[-1].sum()


FUNCTIONS = {
    "zeros filled": lambda x: filled(x).sum(),
    "a rotation": rotation,
    "an array by name": lambda x: array([x, x * x]).sum() + zeros(1)[0],
    "r_": lambda x: np.sum(np.r_[x, x * x, 1.0] * np.arange(3)),
    "c_": lambda x: np.sum(np.c_[[x, x * x], [1.0, 2.0]] ** 2),
    "r_ with a directive": lambda x: np.sum(np.r_["0,2", [x, 1.0], [x * x, 2.0]] ** 2),
    "block": lambda x: np.linalg.det(np.block([[np.eye(2) * x, np.ones((2, 1))], [np.zeros((1, 2)), np.eye(1)]])),
    "vectorize": lambda x: np.vectorize(lambda y: y * y if y > 1 else y)(np.array([x, 3 * x])).sum(),
    "a vectorized function": lambda x: np.sum(halved(np.array([x, -x]))),
    "math": lambda x: math.exp(x) * math.log(x, 2) + math.atan2(x, 2.0) + math.hypot(x, 1.0, 2.0) + math.gamma(x),
    "math with numbers": lambda x: x * math.floor(x + 2) + math.fsum([x, x * x]) + math.pow(x, 3),
    "lists": lambda x: np.mean([x, x**3]) + np.linalg.norm((x, 1.0)) + np.sum(np.exp([x, 2 * x])) + np.max([x, 0.1]),
    "lists in lists": lambda x: np.vstack([[x, 1.0], [2.0, x * x]])[1].sum() + np.dot([x, x], [x, 1.0]),
    "a generator": generated,
    "a class inside": nested,
    "a closure": closure(),
    "an import inside": local_import,
    "another np": shadowed,
    "a module of the user": lambda x: helpers.counted(x).sum(),
    "a method": spring.energy,
    "a method by an object": lambda x: helpers.spring.energy(x) + spring.parts[0](x).sum(),
    "an object made inside": lambda x: Spring(x).energy(x),
    "a class with a base": lambda x: Damped(3.0).energy(x),
    "a function in a table": lambda x: table["filled"](x).sum(),
    "a partial function": functools.partial(lambda a, x: np.array([a, x * x]).sum(), 3.0),
    "a simulation": simulated,
    "float": lambda x: float(np.sum(np.array([x, x * x]))) * x if isinstance(x, float) else x * 0.0 + float("nan"),
    "from SciPy": lambda x: expit(x) + np.sum(expit([x, 1.0])),
    "fromiter": lambda x: np.fromiter((x * k for k in range(3)), float).sum(),
}


def central(f, x, h=1e-3):
    """By differences of three sizes, extrapolated twice."""
    d = [(f(x + k) - f(x - k)) / (2 * k) for k in (h, h / 2, h / 4)]
    first = [(4 * d[1] - d[0]) / 3, (4 * d[2] - d[1]) / 3]
    return (16 * first[1] - first[0]) / 15


@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS.keys())
def test_own_names_answer_for_traced_values_in_every_tier(f):
    value, slope = f(POINT), central(f, POINT)
    gradient = wg.grad(f)
    for _ in range(4):  # eager, recorded, compiled
        np.testing.assert_allclose(gradient(POINT), slope, rtol=1e-9)
    np.testing.assert_allclose(wg.value_and_grad(f)(POINT)[0], value, rtol=1e-14)
    np.testing.assert_allclose(wg.jvp(f, (POINT,), (1.0,))[1], slope, rtol=1e-9)
    np.testing.assert_allclose(wg.compile(gradient)(POINT), slope, rtol=1e-9)
    np.testing.assert_allclose(wg.compile(f)(POINT), value, rtol=1e-12)
    wg.check_grads(f, (POINT,))


@pytest.mark.parametrize("f", [rotation, local_import, closure(), spring.energy, generated])
def test_batches_of_them_are_those_of_each(f):
    x = np.array([0.3, 0.7])
    np.testing.assert_allclose(wg.vmap(f)(x), [f(0.3), f(0.7)], rtol=1e-13)


def test_globals_are_live_and_written_to_the_module():
    before = helpers.calls
    gradient = wg.grad(lambda x: helpers.counted(x).sum())
    gradient(1.0)
    gradient(1.0)
    assert helpers.calls == before + 2


def test_names_that_are_bound_anew_are_noticed():
    space = {"np": np, "__name__": "elsewhere"}
    exec("def g(x): return x\ndef f(x): return g(x) * 1.0", space)
    gradient = wg.grad(space["f"])
    assert gradient(3.0) == 1.0
    exec("def g(x):\n    a = np.zeros(2)\n    a[0] = x * x\n    return a.sum()", space)
    assert gradient(3.0) == 6.0


def test_the_module_numpy_and_other_threads_see_nothing():
    seen, own = [], (np.zeros, math.exp, helpers.np, helpers.filled, vars(helpers).copy())

    asked, told = threading.Event(), threading.Event()

    def look():
        asked.wait()
        seen.append((np.zeros, math.exp, helpers.np, helpers.filled, vars(helpers).copy()))
        told.set()

    thread = threading.Thread(target=look)
    thread.start()

    def f(x):
        a = np.zeros(2)
        a[0] = x
        asked.set()
        told.wait()
        return a.sum()

    wg.grad(f)(1.0)
    thread.join()
    assert seen[0][:4] == own[:4]
    assert seen[0][4].keys() == own[4].keys()
    assert sys.modules["numpy"] is np
    assert type(np.zeros(2)) is np.ndarray


def test_the_value_of_a_function_is_computed_by_its_own_code():
    assert standing(rotation) is not rotation
    assert rotation.__globals__["np"] is np
    assert standing(rotation).__code__ is rotation.__code__


def test_a_function_that_needs_no_stand_ins_runs_itself():
    def plain(x):
        return np.sum(np.tanh(x[1:] * 2.0) ** 2)

    assert standing(plain) is plain
    wg.grad(plain)(np.ones(3))

    def first():
        wg.grad(lambda x: np.sum(np.tanh(x[1:] * 2.0) ** 2))(np.ones(3))

    first()
    own = calls(lambda: standing(lambda x: np.sum(np.tanh(x[1:] * 2.0) ** 2)))
    assert own < 80
    assert calls(first) < 600  # 475 without, on Python 3.11


def test_what_is_refused_names_the_call_and_the_cure():
    outside = np.zeros(2)

    def written(x):
        outside[0] = x
        return outside.sum()

    with pytest.raises(TraceError) as caught:
        wg.grad(written)(1.0)
    assert "outside[0] = x" in caught.value.where
    assert "np.array(a)" in caught.value.repair

    from scipy.ndimage import rank_filter

    with pytest.raises(TraceError) as caught:
        wg.grad(lambda x: rank_filter(x, 1, 3).sum())(np.ones(5))
    assert "'scipy.ndimage.rank_filter'" in caught.value.what
    assert "wg.primitive" in caught.value.repair

    with pytest.raises(TraceError) as caught:
        wg.grad(lambda x: math.comb(x, 2) * x)(3.0)
    assert "'math.comb'" in caught.value.what
    assert "int(n)" in caught.value.repair


MATRIX = np.arange(9.0).reshape(3, 3) + np.eye(3)


class WithMatrix:
    def __init__(self):
        self.X = MATRIX

    def loss(self, w):
        try:
            return self.X.dot(w).dot(MATRIX.T.dot(w)) + sum(MATRIX.dot(k * w).sum() for k in range(3))
        except ZeroDivisionError:
            return 0.0


def test_dot_of_an_array_from_outside_takes_traced_values():
    f, w = WithMatrix().loss, np.array([0.3, 0.5, 0.7])
    expected = [(f(w + h) - f(w - h)) / 2e-4 for h in 1e-4 * np.eye(3)]
    np.testing.assert_allclose(wg.grad(f)(w), expected, rtol=1e-9)
    np.testing.assert_allclose(wg.compile(wg.grad(f))(w), expected, rtol=1e-9)


def test_a_method_of_that_name_of_a_users_class_is_called_as_it_is():
    class Lines:
        def dot(self, scale):
            return f"{scale}"

    def f(x):
        assert Lines().dot(2) == "2"
        return MATRIX[0].dot(MATRIX[1]) * x

    assert wg.grad(f)(1.0) == MATRIX[0].dot(MATRIX[1])


def test_an_array_may_have_a_size_that_was_computed():
    def f(x):
        steps = np.sort(np.array([0, 3]))
        return np.sum(np.ones((steps[1] - steps[0], 2)) * x) + np.sum(np.zeros(steps[1]) + x)

    gradient = wg.grad(f)
    assert [gradient(2.0) for _ in range(4)] == [9.0] * 4
    assert wg.compile(wg.grad(f))(2.0) == 9.0


START = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 1.0]])


def test_a_copy_of_an_array_from_outside_is_written_to():
    def f(x):
        nodes, places = START.copy(), np.array([2, 0]).copy()
        nodes[places[0], 1:] = x
        nodes[places[1]] += x * x
        return np.sum(nodes**3)

    for gradient in (wg.grad(f), wg.compile(wg.grad(f))):
        np.testing.assert_allclose(gradient(0.7), 3 * 0.7**2 + 12 * 0.7**5, rtol=1e-14)
    assert START[2, 1] == 1.0
