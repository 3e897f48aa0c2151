"""Classes, containers and calls as programs have them, each with its gradient in every tier."""

import functools
import itertools
import math
import operator
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import pytest

import wengert as wg
from tests.namespaces.test_own_names import central


@dataclass
class P:
    a: float
    b: float = 2.0

    def f(self):
        return np.array([self.a, self.b])


@dataclass(frozen=True)
class Q:
    a: float

    def f(self):
        return np.array([self.a, 1.0])


class Base(ABC):
    @abstractmethod
    def go(self, x): ...
    def run(self, x):
        return self.go(x) + np.zeros(2)


class Impl(Base):
    def __init__(self, w):
        self.w = w

    def go(self, x):
        a = np.zeros(2)
        a[0] = self.w * x
        return a


@functools.lru_cache
def table(n):
    return np.arange(n) * 2.0


def deco(f):
    @functools.wraps(f)
    def w(*a):
        return f(*a) * 2

    return w


@deco
def dec(x):
    return np.array([x, x]).sum()


class C:
    @staticmethod
    def s(x):
        return np.array([x, x * x]).sum()

    @classmethod
    def c(cls, x):
        return cls.s(x)

    @property
    def p(self):
        return np.zeros(2)

    def __call__(self, x):
        z = self.p
        z[0] = x
        return z.sum()

    def __matmul__(self, x):
        return self.s(x)


c = C()
imp = Impl(3.0)
memo = {}


def memoized(x):
    key = round(1.234, 2)
    if key not in memo:
        memo[key] = np.ones(3)
    return (memo[key] * np.array([x, x, x])).sum()


T = [0.1, 0.2]
CASES = dict(  # noqa: C408
    dataclass=lambda x: P(x).f().sum() * P(x, x).b,
    frozen=lambda x: Q(x).f().sum(),
    abc=lambda x: imp.run(x).sum(),
    abc2=lambda x: Impl(x).run(x).sum(),
    lru=lambda x: (table(3) * x).sum(),
    dec=dec,
    stat=lambda x: C.s(x) + c.c(x) + c(x) + (c @ x),
    memo=memoized,
    item=lambda x: np.array([x, 2 * x])[1].item() * x,
    tolist=lambda x: sum(np.array([x, x * x]).tolist()),
    reduce=lambda x: functools.reduce(np.multiply, [np.array([x, 1.0]), np.array([2.0, x])]).sum(),
    loopfloat=lambda x: sum(math.exp(-t * x) for t in np.linspace(0, 1, 4)),
    strkey=lambda x: {f"{t:.1f}": t * x for t in np.arange(0, 1, 0.5)}["0.5"],
    hashed=lambda x: {t: t * x for t in np.arange(3)}[2],
    intidx=lambda x: T[int(np.floor(np.array([1.2])[0]))] * x,
    copyout=lambda x: (lambda a: (a.__setitem__(0, x), a)[1].sum())(np.array(T)),
    outer=lambda x: np.add.outer([x, 1.0], [2.0, x]).sum(),
    acc=lambda x: np.add.accumulate([x, x * x, 1.0]).sum(),
    srt=lambda x: sorted([x, 3 * x, 2 * x])[1],
    mx=lambda x: max(np.array([x, 2 * x])) + min([x, 5.0]),
    poly=lambda x: np.polyval([x, 1.0, 2.0], x),
    interp=lambda x: np.interp(x, [0, 1, 2], [0, x, 4]),
    einsum=lambda x: np.einsum("ij,j->i", [[x, 1.0], [2.0, x]], [1.0, x]).sum(),
    tr=lambda x: np.trace(np.diag([x, x * x, 3.0])),
    kron=lambda x: np.kron([x, 1], [1, x]).sum(),
    where=lambda x: np.where([x > 0.5, x < 0.5], [x, 2 * x], [0.0, x * x]).sum(),
    allc=lambda x: x if np.allclose([x, 1], [x, 1]) else 0 * x,
    lst=lambda x: np.array([np.array([x, 1.0]), [2.0, x]]).prod(),
    cplx=lambda x: abs(complex(0, 1) * x + np.exp(1j * np.array([x]))[0]),
    full=lambda x: np.full((2, 2), x).sum(),
    tile=lambda x: np.tile([x, 1.0], 2).sum(),
    append=lambda x: np.append(np.append([], x), [x * x]).sum(),
    ins=lambda x: np.insert(np.zeros(2), 1, x).sum(),
    obj=lambda x: np.sum([t * x for t in T]),
    mean=lambda x: np.std([x, 2 * x, x**3]),
    hist=lambda x: np.gradient(np.array([x, x * x, x**3]), 0.1).sum(),
    trap=lambda x: np.trapezoid([x, x * x], [0, 1]),
    conv=lambda x: np.convolve([x, 1], [1, x]).sum(),
    cross=lambda x: np.cross([x, 1, 0], [0, x, 1.0]).sum(),
    meth=lambda x: np.ones(2).dot([x, x]),
    mm=lambda x: (np.eye(2) @ [x, x * x]).sum(),
    solve=lambda x: np.linalg.solve([[x, 1.0], [0.0, 2.0]], [1.0, x]).sum(),
    det=lambda x: np.linalg.det([[x, 1.0], [1.0, x * x]]),
    zl=lambda x: np.zeros_like([x, 1.0]).sum() + x,
    ndi=lambda x: sum(a * x for i, a in np.ndenumerate(np.array([[1.0, 2.0], [3.0, 4.0]]))),
    enum=lambda x: sum(a * i for i, a in enumerate(np.array([x, x * x]))),
    shp=lambda x: np.reshape([x, x, x, x], (2, 2)).sum(),
    cum=lambda x: itertools.accumulate([x, x * x, 1.0], operator.mul).__next__(),
    bol=lambda x: x * np.sum(np.array([True, False, True])),
    t0=lambda x: np.array(x).reshape(1, 1)[0, 0] * np.atleast_1d(x)[0],
)


@pytest.mark.parametrize("name", CASES)
def test_what_programs_write_has_its_gradient_in_every_tier(name):
    f = CASES[name]
    slope = central(f, 0.7)
    gradient = wg.grad(f)
    for _ in range(3):
        np.testing.assert_allclose(gradient(0.7), slope, atol=1e-8)
    np.testing.assert_allclose(wg.compile(gradient)(0.7), slope, atol=1e-8)


def test_what_depends_on_no_argument_is_known():
    def f(x):
        t = np.linspace(0.0, 1.0, 3)
        assert float(t[1]) == 0.5
        assert t.tolist() == [0.0, 0.5, 1.0]
        assert {t[2]: "end"}[1.0] == "end"
        assert f"{t[1]:.2f}" == "0.50"
        return x * t.sum()

    assert wg.grad(f)(2.0) == 1.5
    assert wg.compile(wg.grad(f))(2.0) == 1.5
    with pytest.raises(TypeError, match="unhashable"):
        wg.grad(lambda x: {x: 1.0}[x])(1.0)
