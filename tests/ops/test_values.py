"""The value of every op against an independent reference: mpmath for functions of numbers, NumPy or a sum for the rest."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
import scipy.special

import wengert.core.ops  # noqa: F401
from tests.ops import linalg_references, special_references
from wengert.core.ir.graph import Graph, apply, input_node
from wengert.core.ir.op import OPS
from wengert.core.ir.types import ArrayType
from wengert.core.ops.evaluate import evaluate


@pytest.fixture(autouse=True)
def digits():
    """mpmath's precision is of the process, and other tests want theirs."""
    with mpmath.workdps(40):
        yield


def by_mpmath(function):
    def reference(*xs, **params):
        with mpmath.workdps(40):
            return np.vectorize(lambda *x: float(function(*map(mpmath.mpf, x), **params)), otypes=[float])(*xs)

    return reference


def window(x, shape, steps, offset):
    found = np.zeros(shape, x.dtype)
    for out in np.ndindex(shape):
        place = tuple(
            start + sum(c * k for c, k in zip(row, out, strict=True)) for row, start in zip(steps, offset, strict=True)
        )
        if all(0 <= k < size for k, size in zip(place, x.shape, strict=True)):
            found[out] = x[place]
    return found


def einsum(*xs, inputs, output):
    letters = "abcdefgh"
    left = ",".join("".join(letters[l] for l in ls) for ls in inputs)
    return np.einsum(f"{left}->{''.join(letters[l] for l in output)}", *xs)


def gather(x, indices, axis, batch):
    def one(x, indices, axis, batch):
        if batch:
            return np.array([one(a, b, axis - 1, batch - 1) for a, b in zip(x, indices, strict=True)])
        return np.take(x, indices, axis=axis)

    return one(x, indices, axis, batch)


def scatter_add(updates, indices, axis, batch, size):
    out = np.zeros((*updates.shape[:axis], size, *updates.shape[axis + indices.ndim - batch :]))
    picked = indices.shape[batch:]
    for place in np.ndindex(*updates.shape):
        before, at, after = place[:axis], place[axis : axis + len(picked)], place[axis + len(picked) :]
        out[(*before, indices[(*before[:batch], *at)], *after)] += updates[place]
    return out


def pad(x, low, high, step=None):
    for axis, each in enumerate(step or ()):
        if x.shape[axis] > 1:
            places = np.repeat(np.arange(1, x.shape[axis]), each - 1)
            x = np.insert(x, places, 0.0, axis=axis)
    return np.pad(x, list(zip(low, high, strict=True))) if x.ndim else x


def slice_(x, start, stop, step):
    for axis, (a, b, c) in enumerate(zip(start, stop, step, strict=True)):
        x = np.take(x, range(a, b, c), axis=axis)
    return x


def broadcast(x, shape, axes):
    out = np.empty(shape)
    for place in np.ndindex(*shape):
        out[place] = x[tuple(place[axis] for axis in axes)]
    return out


def prime(x, function, order):
    return np.vectorize(lambda s: float(mpmath.diff(SCALAR[function], mpmath.mpf(float(s)), order)), otypes=[float])(x)


def step(body, *arrays):
    """One step of a loop, or one branch: the sub-graph by itself."""
    return evaluate(body, dict(zip(body.input_names, arrays, strict=True)))


def cond(predicate, *operands, then, other):
    return step(then, *operands) if predicate else step(other, *operands)


def scan(*arrays, body, carries, xs, length, reverse, first):
    """Written out: a list of steps from the last to the first, or from the first to the last."""
    state, stacks, consts = list(arrays[:carries]), arrays[carries : carries + xs], arrays[carries + xs :]
    ys = [np.full((length, *y.shape), 7, dtype=y.type.dtype) for y in body.outputs[carries:]]
    steps = list(range(length))
    while steps:
        t = steps.pop(-1 if reverse else 0)
        counter = [] if first is None else [np.int64(first + t)]
        after = step(body, *counter, *state, *[x[t] for x in stacks], *consts)
        state = list(after[:carries])
        for y, value in zip(ys, after[carries:], strict=True):
            y[t] = value
    return (*state, *ys)


def while_loop(*arrays, test, body, carries):
    state, consts = arrays[:carries], arrays[carries:]
    return (
        while_loop(*step(body, *state, *consts), *consts, test=test, body=body, carries=carries)
        if step(test, *state, *consts)[0]
        else state
    )


def call(*arrays, body, rule):
    return step(body, *arrays)


def host_call(x, function):
    """The function of the samples is half the square."""
    return (np.float_power(x, 2) * 0.5,)


def convolve(x, y, count):
    """The sum over the pairs of entries, each at the place that its places add up to."""
    first, second = x.shape[-count:], y.shape[-count:]
    out = np.zeros((*x.shape[:-count], *(n + m - 1 for n, m in zip(first, second, strict=True))))
    for i in np.ndindex(*first):
        for j in np.ndindex(*second):
            out[(..., *np.add(i, j))] += x[(..., *i)] * y[(..., *j)]
    return out


def set_slice(x, v, start, step):
    out = x.copy()
    for place in np.ndindex(*v.shape):
        out[tuple(a + c * k for a, c, k in zip(start, step, place, strict=True))] = v[place]
    return out


def put(x, indices, v, axis, batch):
    """One entry after the other, so that the last one stays where several meet."""
    out = x.copy()
    for place in np.ndindex(*v.shape):
        out[(*place[:axis], indices[(*place[:batch], place[axis])], *place[axis + 1 :])] = v[place]
    return out


def dft(size, inverse):
    """The matrix of a transform, e^(∓2πi jk/n)."""
    turns = np.outer(np.arange(size), np.arange(size)) / size
    return np.exp((2j if inverse else -2j) * np.pi * turns)


def along(matrix, x, axis):
    return np.moveaxis(np.tensordot(matrix, x, (1, axis)), 0, axis)


def fft(x, axes, inverse):
    for axis in axes:
        x = along(dft(x.shape[axis], inverse), x, axis)
    return x


def rfft(x, axis):
    return along(dft(x.shape[axis], False)[: x.shape[axis] // 2 + 1], x, axis)


def irfft(y, axis, size):
    """The real signal of the spectrum: its half, and the conjugates of the half in reverse."""
    half = np.moveaxis(y, axis, 0).copy()
    half[0] = half[0].real
    if size % 2 == 0:
        half[-1] = half[-1].real
    whole = np.concatenate([half, half[1 : size - size // 2][::-1].conj()])
    found = along(dft(size, True), whole, 0)
    assert np.allclose(found.imag, 0, atol=1e-12)
    return np.moveaxis(found.real, 0, axis)


SCALAR = {
    "negative": lambda x: -x,
    "reciprocal": lambda x: 1 / x,
    "sqrt": mpmath.sqrt,
    "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
    "exp": mpmath.exp,
    "exp2": lambda x: mpmath.mpf(2) ** x,
    "expm1": mpmath.expm1,
    "log": mpmath.log,
    "log2": lambda x: mpmath.log(x, 2),
    "log10": mpmath.log10,
    "log1p": lambda x: mpmath.log(1 + x),
    "logistic": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "erf": mpmath.erf,
    "erfc": mpmath.erfc,
    "abs": abs,
    "sign": mpmath.sign,
    "floor": mpmath.floor,
    "relu": lambda x: max(x, 0),
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "tan": mpmath.tan,
    "cot": mpmath.cot,
    "sec": mpmath.sec,
    "csc": mpmath.csc,
    "coth": mpmath.coth,
    "erfinv": mpmath.erfinv,
    "lgamma": mpmath.loggamma,
    "digamma": mpmath.digamma,
    "silu": lambda x: x / (1 + mpmath.exp(-x)),
    "gelu": lambda x: x * mpmath.ncdf(x),
    "elu": lambda x: x if x > 0 else mpmath.expm1(x),
    "round": mpmath.nint,
    "step": lambda x: x > 0,
    "arcsin": mpmath.asin,
    "arccos": mpmath.acos,
    "arctan": mpmath.atan,
    "sinh": mpmath.sinh,
    "cosh": mpmath.cosh,
    "tanh": mpmath.tanh,
    "sech2": lambda x: mpmath.sech(x) ** 2,
    "logistic_slope": lambda x: mpmath.sech(x / 2) ** 2 / 4,
    "gauss": lambda x: mpmath.exp(-x * x),
    "disc": lambda x: 1 - x * x,
    "lorentz": lambda x: 1 / (1 + x * x),
    "arcsinh": mpmath.asinh,
    "arccosh": mpmath.acosh,
    "arctanh": mpmath.atanh,
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "ratio": lambda a, h: a / h,
    "multiple": lambda c, x: c * x,
    **{f"balanced{n}": lambda *x: mpmath.fprod(x) for n in range(3, 9)},
    "log_power": lambda x, y, n: x**y * mpmath.log(x) ** n,
    "log_ratio": lambda x, y: mpmath.log(x / y),
    "power": lambda x, y: x**y,
    "hypot": mpmath.hypot,
    "direction": lambda x, y, along: (y if along else x) / mpmath.hypot(x, y),
    "arctan2": mpmath.atan2,
    "logaddexp": lambda x, y: mpmath.log(mpmath.exp(x) + mpmath.exp(y)),
    "xlogy": lambda x, y: x * mpmath.log(y),
    "maximum": max,
    "minimum": min,
}


def wrapped(number: int, of: np.iinfo) -> int:
    """The number that differs from this one by a multiple of the numbers that there are, and is one of them."""
    return (number - of.min) % (of.max - of.min + 1) + of.min


ARRAYS = {
    "polygamma": lambda x, order: np.vectorize(lambda v: float(mpmath.polygamma(order, v)), otypes=[float])(x),
    "integer_power": lambda x, exponent: (
        np.prod([x] * abs(exponent) + [np.ones_like(x)], axis=0) ** np.sign(exponent or 1)
    ),
    "less": lambda x, y: x < y,
    "less_equal": lambda x, y: x <= y,
    "greater": lambda x, y: x > y,
    "greater_equal": lambda x, y: x >= y,
    "equal": lambda x, y: x == y,
    "not_equal": lambda x, y: x != y,
    "logical_and": lambda x, y: x & y,
    "logical_or": lambda x, y: x | y,
    "logical_not": lambda x: ~x,
    "stop_gradient": lambda x: x,
    "barrier": lambda x, after: x,
    "where": lambda c, x, y: np.choose(c, [y, x]),
    "real": lambda z: (z + z.conj()) / 2,
    "imag": lambda z: (z - z.conj()) / 2j,
    "conj": lambda z: np.abs(z) * np.exp(-1j * np.angle(z)),
    "complex": lambda x, y: x + 1j * y,
    "fft": fft,
    "rfft": rfft,
    "irfft": irfft,
    "cast": lambda x, dtype: np.asarray(x, dtype=dtype),
    "constant": lambda value, type: np.full(type.shape, float(value) if np.ndim(value) == 0 else value),
    "position": lambda size, dtype: np.array(list(range(size)), dtype=dtype),
    "size_of": lambda size, dtype: np.array(size, dtype=dtype),
    "broadcast": broadcast,
    "transpose": lambda x, axes: np.einsum(x, list(range(x.ndim)), list(axes)),
    "reshape": lambda x, shape: np.array(list(x.flat)).reshape(shape),
    "flip": lambda x, axes: x[tuple(np.s_[::-1] if k in axes else np.s_[:] for k in range(x.ndim))],
    "slice": slice_,
    "pad": pad,
    "concatenate": lambda *xs, axis: np.concatenate(xs, axis),
    "gather": gather,
    "scatter_add": scatter_add,
    "set_slice": set_slice,
    "put": put,
    "window": window,
    "convolve": convolve,
    "einsum": einsum,
    "sum": lambda x, axes: np.add.reduce(x, axis=axes),
    "max": lambda x, axes: np.maximum.reduce(x, axis=axes),
    "min": lambda x, axes: np.minimum.reduce(x, axis=axes),
    "prod": lambda x, axes: np.multiply.reduce(x, axis=axes),
    "norm": lambda x, axes: np.sqrt(np.sum(np.square(x, dtype=np.longdouble), axis=axes)).astype(float),
    "logsumexp": lambda x, axes: scipy.special.logsumexp(x, axis=axes) if axes else x,
    "softmax": lambda x, axes: scipy.special.softmax(x, axis=axes) if axes else np.ones_like(x),
    "prod_others": lambda x, axis: np.prod(x, axis=axis, keepdims=True) / x,
    "prime": prime,
    "cond": cond,
    "scan": scan,
    "while_loop": while_loop,
    "call": call,
    "host_call": host_call,
    "item": None,
    "wrap": lambda x, dtype: np.vectorize(lambda v: wrapped(int(v), np.iinfo(dtype)), otypes=[np.int64])(x),
}
REFERENCES = {name: by_mpmath(function) for name, function in (SCALAR | special_references.SCALAR).items()}
REFERENCES |= ARRAYS | special_references.ARRAYS | linalg_references.REFERENCES


def test_the_value_is_that_of_the_reference(op, graphs):
    if op.name in ("input", "opaque", "undetermined"):
        return
    assert op.name in REFERENCES, "an op has an independent reference in this file"
    tolerance = 1e-10 if op.name == "prime" else 1e-12
    for graph, values in graphs(op):
        several = graph.outputs[0].op.name == "item"
        node = graph.outputs[0].inputs[0] if several else graph.outputs[0]
        expected = REFERENCES[op.name](*values.values(), **node.params)
        pairs = [(evaluate(graph, values)[0], expected)]
        if several:
            pairs = list(zip(evaluate(graph, values), expected, strict=True))
        for y, reference in pairs:
            assert np.shape(y) == np.shape(reference)
            np.testing.assert_allclose(y, reference, rtol=tolerance, atol=1e-14)


def test_no_reference_is_left_over():
    assert not set(REFERENCES) - set(OPS)


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("logistic", -800.0, 0.0),
        ("logistic", 800.0, 1.0),
        ("softplus", 800.0, 800.0),
        ("softplus", -800.0, 0.0),
        ("log1p", 1e-20, 1e-20),
        ("expm1", 1e-20, 1e-20),
        ("erfc", 20.0, 5.395865611607901e-176),
    ],
)
def test_the_ends_of_a_function_are_exact(name, x, expected):
    node = input_node("x", ArrayType())
    (y,) = evaluate(Graph((node,), (apply(name, node),)), {"x": x})
    assert math.isclose(y, expected, rel_tol=1e-13)
