"""What users bring that is awkward: names bound anew, modules read again, caches, generators, calls of other libraries; each is right or refused."""

from __future__ import annotations

import decimal
import fractions
import functools
import importlib
import json
import math
import statistics
import struct
import sys

import numpy as np
import pytest

import wengert as wg
from wengert.errors import TraceError

STAR = """
from numpy import *
from numpy.linalg import *
from math import *
def f(x):
    a = zeros(3)
    a[0] = x
    a[1] = sin(x) * exp(x)
    return sum(a**2) * abs(x) * max(a) + det(array([[x, 1.0], [0.5, x * x]]))
"""


class Fake:
    pi = 3.0

    @staticmethod
    def zeros(n):
        return [0.0] * n


class Pendulum:
    scale = 3.0

    @classmethod
    def energy(cls, x):
        a = np.zeros(2)
        a[0] = cls.scale * x * x
        return a.sum()


def of_text(text, **names):
    exec(text, names)
    return names["f"]


def powers(x):
    for k in range(3):
        yield x**k


@functools.lru_cache
def cached(x):
    return np.array([x, x * x]).sum()


FUNCTIONS = {
    "np is math": lambda x, np=math: np.exp(x) * np.sin(x),
    "np is a class of the user": of_text(
        "def f(x):\n  a = np.zeros(2)\n  a[0] = x * np.pi\n  return a[0] * a[0] + a[1]", np=Fake
    ),
    "from numpy import *": of_text(STAR),
    "a class method": Pendulum.energy,
    "a lambda in a lambda": lambda x: (lambda y: np.array([y, x]) @ np.array([1.0, y]))(x * x),
    "a generator": lambda x: np.array(list(powers(x))).sum() * np.fromiter(powers(x), float, 3).prod(),
    "a function with a cache": lambda x: cached(x) + cached(2 * x),
    "a reduction by operators": lambda x: functools.reduce(lambda a, b: a * b, map(np.sin, [x, 2 * x, 3 * x])),
}


@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS.keys())
def test_awkward_functions_have_right_gradients(f):
    h = 1e-4
    expected = (8 * (f(0.7 + h) - f(0.7 - h)) - (f(0.7 + 2 * h) - f(0.7 - 2 * h))) / (12 * h)
    gradient = wg.grad(f)
    for _ in range(3):
        assert gradient(0.7) == pytest.approx(expected, rel=1e-9)
    assert wg.compile(wg.grad(f))(0.7) == pytest.approx(expected, rel=1e-9)


def test_a_cache_keeps_no_traced_value():
    cached.cache_clear()
    assert wg.grad(lambda x: cached(x) * cached(3.0))(0.5) == 12.0 * 2.0
    assert cached.cache_info().currsize == 1


def test_a_module_that_is_read_again_is_followed_as_it_is_now(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    place = tmp_path / "read_again.py"
    place.write_text("import numpy as np\ndef f(x):\n  a = np.zeros(2)\n  a[0] = 2.0 * x * x\n  return a.sum()\n")
    module = importlib.import_module("read_again")
    gradient = wg.grad(lambda x: module.f(x))
    assert [gradient(1.5) for _ in range(3)] == [6.0] * 3
    place.write_text("import numpy as np\ndef f(x):\n  a = np.zeros(2)\n  a[1] = 3.0 * x * x * x\n  return a.sum()\n")
    importlib.reload(module)
    assert [gradient(1.5) for _ in range(3)] == [20.25] * 3
    assert wg.compile(wg.grad(lambda x: module.f(x)))(1.5) == 20.25


CALLS = {
    "decimal.Decimal": lambda x: float(decimal.Decimal(x[0])),
    "memoryview": lambda x: memoryview(x)[0],
    "statistics.mean": lambda x: statistics.mean(list(x)),
    "struct.pack": lambda x: struct.unpack("d", struct.pack("d", x[0]))[0],
    "fractions.Fraction": lambda x: float(fractions.Fraction(2 * x[0])),
    "json.dumps": lambda x: json.loads(json.dumps({"a": x[0]}))["a"],
}


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("name", CALLS)
def test_a_call_of_other_code_that_knows_no_traced_values_is_refused_by_its_name(name, compiled):
    gradient = wg.grad(CALLS[name])
    with pytest.raises(TraceError) as caught:
        (wg.compile(gradient) if compiled else gradient)(np.ones(2))
    assert caught.value.what == f"'{name}' takes numbers and arrays, and knows no traced values."
    assert f"{name}(" in caught.value.where
    assert "wg.primitive" in caught.value.repair


def test_an_extension_that_takes_arrays_is_refused_at_the_users_line():
    from scipy.linalg import blas, lapack
    from sklearn.metrics import mean_squared_error

    calls = {
        "blas.ddot(x, x)": lambda x: blas.ddot(x, x),
        "lapack.dgetrf(": lambda x: lapack.dgetrf(np.outer(x, x))[0].sum(),
        "mean_squared_error(": lambda x: mean_squared_error(np.ones(2), x),
    }
    for text, f in calls.items():
        with pytest.raises(TraceError) as caught:
            wg.grad(f)(np.ones(2))
        line, caret = caught.value.where.split("\n")
        assert text in line[caret.index("^") : caret.rindex("^") + 1]


def test_a_generator_as_result_is_refused_by_its_name():
    with pytest.raises(TraceError, match="type generator is no array of numbers"):
        wg.grad(powers)(1.0)


def test_a_traced_key_is_refused_with_the_line():
    with pytest.raises(TraceError, match="unhashable") as caught:
        wg.grad(lambda x: {x * 2: 1.0}[x * 2])(1.0)
    assert "{x * 2: 1.0}" in caught.value.where


@pytest.mark.parametrize("written", [str, "{}".format, lambda x: f"{x}"])
def test_a_number_read_from_the_text_of_a_traced_value_is_refused(written):
    assert wg.grad(lambda x: x * len(written(x)[:3]))(2.0) == 3.0
    with pytest.raises(TraceError, match=r"its derivative would be lost|knows no traced values"):
        wg.grad(lambda x: float(written(x)) * x)(2.0)


READ = {
    "eval": lambda x: eval(str(x)) * x,
    "complex": lambda x: (complex(str(x)) * x).real,
    "np.float64": lambda x: np.float64(f"{x}") * x,
    "np.array": lambda x: np.array(str(x)).astype(float) * x,
}


@pytest.mark.parametrize("f", READ.values(), ids=READ.keys())
def test_text_of_a_traced_value_is_read_by_nobody(f):
    with pytest.raises(TraceError, match="its derivative would be lost"):
        wg.grad(f)(2.0)


def test_eval_sees_the_names_of_its_function():
    def f(x):
        y = x * x
        assert y >= 0
        return eval("y * np.sin(x)") + eval("2 * a", {"a": x})

    assert wg.grad(f)(0.5) == pytest.approx(np.sin(0.5) + 0.25 * np.cos(0.5) + 2.0)


def local_numpy(x):
    import numpy as np

    return np.float32(x) * x


CASTS = {
    "np.float64": (lambda x: np.float64(x) * x, 2.6),
    "np.int64": (lambda x: np.int64(x) * x, 1.0),
    "np.complex128": (lambda x: np.real(np.complex128(x) * x), 2.6),
    "of a list": (lambda x: np.float64([x, 2.0]).sum() * x, 4.6),
    "numpy within": (local_numpy, 2.6),
    "as a dtype": (lambda x: np.zeros(2, np.float64).dtype.type is np.float64 and 3 * x, 3.0),
}  # fmt: skip


@pytest.mark.parametrize("name", CASTS)
def test_a_class_of_numbers_is_called(name):
    f, slope = CASTS[name]
    assert wg.grad(f)(1.3) == pytest.approx(slope, rel=1e-6)
    assert wg.compile(wg.grad(f))(1.3) == pytest.approx(slope, rel=1e-6)
