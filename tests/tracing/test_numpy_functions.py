"""Functions of NumPy together: operators and promotion are NumPy's, and what has no form in a graph is refused at its line."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
from wengert.core.autodiff.check import check_grads
from wengert.core.ir.verify import verify
from wengert.core.ir.walk import topological
from wengert.core.ops.evaluate import evaluate
from wengert.errors import TraceError
from wengert.functions.tracing.record import traced_program

RNG = np.random.default_rng(0)
X, Y = RNG.uniform(0.2, 0.9, size=(3, 4)), RNG.uniform(0.2, 0.9, size=(3, 4))
V, W, B = RNG.normal(size=4), RNG.normal(size=(4, 2)), RNG.normal(size=(5, 1, 3, 4))


def run(f, *args):
    """What f gives when it is written down and then evaluated."""
    program = traced_program(f, args, {})
    verify(program.graph)
    values = dict(zip(program.graph.input_names, args, strict=True))
    results = evaluate(program.graph, values)
    return results[0] if len(results) == 1 else results


def agree(f, *args):
    with np.errstate(all="ignore"):
        expected = f(*args)
    got = run(f, *args)
    assert np.shape(got) == np.shape(expected)
    assert got.dtype == np.asarray(expected).dtype
    np.testing.assert_allclose(got, expected, rtol=1e-12 if got.dtype != np.float32 else 2e-6, atol=1e-14)


def differentiable(f, *args):
    program = traced_program(f, args, {})
    values = dict(zip(program.graph.input_names, args, strict=True))
    check_grads(program.graph, values, order=1, rtol=1e-9)


@pytest.mark.parametrize(
    "f", [np.floor, np.ceil, np.trunc, np.rint, np.sign, np.abs, lambda x: x % 0.7, lambda x: x // 0.7]
)
def test_rounding_on_both_sides_of_zero(f):
    agree(f, np.array([-2.5, -1.2, -0.5, 0.3, 1.5, 2.7]))


WHOLE = [0, 1, -1, 2, -7, 10**6, 2**53 + 1, -(2**60) - 7, 3 * 2**61 + 5, 2**63 - 1, -(2**63)]


@pytest.mark.parametrize("backend", ["native", "interpreter"])
def test_whole_numbers_are_divided_exactly(backend):
    x, y = (a.ravel() for a in np.meshgrid(WHOLE, [*WHOLE, 3, 10, -10]))
    divided = wg.compile(lambda x, y: (x // y, x % y), backend=backend, cache=False)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(divided(x, y), (x // y, x % y))


CASES = {
    "add.reduce of all": lambda x: np.add.reduce(x, axis=None) + np.minimum.reduce(x, keepdims=True),
    "clip, bounds crossed": lambda x: np.clip(x, 0.8, 0.4) + x,
    "size": lambda x: x * np.size(x),
    "ndim and shape": lambda x: x * np.ndim(x) * np.shape(x)[0] * len(x),
    "rows": lambda x: sum(row * k for k, row in enumerate(x)),
    "square": lambda x: np.square(x) + x**2 + x**-1 + x**0.5 + x**1.3 + 2.0**x + x**x,
    "operators": lambda x: (3 - x) / (2 + x) * -x + +x - abs(x - 0.5) + 1 / x + x // 1,
}
"""What the samples of single functions do not show."""


@pytest.mark.parametrize("f", CASES.values(), ids=CASES.keys())
def test_a_program_is_numpys(f):
    agree(f, X)
    differentiable(f, X)


@pytest.mark.parametrize("name", CASES)
def test_float32_stays_where_numpy_keeps_it(name):
    agree(CASES[name], X.astype(np.float32))


WEAK = {
    "float32 and a number": lambda x: x.astype(np.float32) * 2.0 + 1,
    "float32 and float64": lambda x: x.astype(np.float32) * np.float64(2.0),
    "whole numbers and a number": lambda x: x.astype(int) * 2.5,
    "whole numbers divided": lambda x: (x * 10).astype(int) / 3,
    "whole numbers": lambda x: (x * 10).astype(int) + 3,
    "truth values added": lambda x: np.sum(x > 0.5),
    "the largest of truth values": lambda x: np.max(x > 0.5, axis=0) ^ np.min(x > 0.2),
    "truth values along the first axis": lambda x: np.logical_and.reduce(x > 0.5) | np.logical_or.reduce(x > 0.8),
    "truth values times numbers": lambda x: (x > 0.5) * x,
    "a wide array of float32": lambda x: x.astype(np.float32) + np.arange(4, dtype=np.float32),
    "int32 and float32": lambda x: x.astype(np.float32) + np.arange(4, dtype=np.int32),
    "int8 and float32": lambda x: x.astype(np.float32) + np.arange(4, dtype=np.int8),
    "compared": lambda x: (x.astype(np.float32) < 0.5) & (x > 0.1) | ~(x == x) ^ (x != 0.3),
}


@pytest.mark.parametrize("f", WEAK.values(), ids=WEAK.keys())
def test_promotion_is_numpys(f):
    agree(f, X)


def test_a_number_of_python_takes_the_dtype_that_it_meets():
    single, double = X.astype(np.float32), X
    assert run(lambda x, s: x * s * 2 + (s + 1) / 3, single, 0.5).dtype == np.float32
    assert run(lambda x, s: x * s * 2 + (s + 1) / 3, double, 0.5).dtype == np.float64
    assert run(lambda x, k: x * (k + 1) * 2, single, 3).dtype == np.float32
    assert run(lambda x, s: x * np.exp(s), single, 0.5).dtype == np.float64, "np.exp of a number is a float64 of NumPy"


def test_captured_arrays_are_copied_when_they_are_read():
    buffer = np.zeros(3)

    def f(x):
        total = 0
        for k in range(3):
            buffer[:] = k
            total = total + np.sum(x * buffer)
        return total

    assert run(f, np.ones(3)) == 9.0


def test_an_array_that_is_read_twice_and_does_not_change_is_one_constant():
    data = RNG.normal(size=(3, 4))
    graph = traced_program(lambda x: (x * data) @ (data.T @ data) + data, (X,), {}).graph
    assert sum(node.op.name == "constant" for node in topological(graph.outputs)) == 2, "the array and its product"
    assert run(lambda x: x * data + data, X).shape == (3, 4)


PLACE = np.zeros((3, 4))
REFUSED = {
    "np.bitwise_count": (lambda x: np.bitwise_count(x.astype(int)), "'bitwise_count' has no form in a graph"),
    "arctan2.accumulate": (lambda x: np.arctan2.accumulate(x), "'arctan2.accumulate' has no form"),
    "out": (lambda x: np.add(x, x, out=PLACE), "would write a traced value into a NumPy array"),
    "in place": (lambda x: PLACE.__iadd__(x), "would write a traced value into a NumPy array"),
    "where=": (lambda x: np.add(x, x, where=X > 0.5), "takes no argument 'where'"),
    "order": (lambda x: np.reshape(x, (4, 3), order="A"), "in the order 'A'"),
    "where of one": (lambda x: np.where(x > 0), "is not known while a function is traced"),
    "complex": (lambda x: x * np.clongdouble(1j), "no values of dtype complex256"),
    "searchsorted": (lambda x: X.searchsorted(x), "cannot become a NumPy array"),
    "float16": (lambda x: x.astype(np.float16), "no values of dtype float16"),
    "a text": (lambda x: np.where(x > 0, x, "a"), "dtype"),
    "a whole reciprocal": (lambda x: np.reciprocal(x.astype(int)), "reciprocal of a whole number"),
}


@pytest.mark.parametrize(("f", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_has_no_form_is_refused_at_its_line(f, words):
    with pytest.raises(TraceError) as caught:
        run(f, X)
    assert words in caught.value.what
    assert "lambda x:" in caught.value.where
    assert "^" in caught.value.where
    assert caught.value.repair


WRONG = {
    "shapes": (lambda x: x + V[:3], ValueError),
    "matmul": (lambda x: x @ x, ValueError),
    "a matrix with a number": (lambda x: x @ x[0, 0], ValueError),
    "tensordot": (lambda x: np.tensordot(x, x, 1), ValueError),
    "einsum": (lambda x: np.einsum("ijk->i", x), ValueError),
    "reshape": (lambda x: x.reshape(5), ValueError),
    "axis": (lambda x: x.sum(axis=2), np.exceptions.AxisError),
    "transpose": (lambda x: np.transpose(x, (0, 0)), ValueError),
    "squeeze": (lambda x: np.squeeze(x, 0), ValueError),
    "stack": (lambda x: np.stack([x, x[0]]), ValueError),
    "broadcast_to": (lambda x: np.broadcast_to(x, (4,)), ValueError),
    "empty max": (lambda x: np.max(x[:0], axis=0), ValueError),
    "negative power": (lambda x: x.astype(int) ** -1, ValueError),
    "length of a number": (lambda x: len(x[0, 0]), TypeError),
    "no such method": (lambda x: x.partition(2), AttributeError),
}


@pytest.mark.parametrize(("f", "error"), WRONG.values(), ids=WRONG.keys())
def test_what_numpy_refuses_is_refused_with_its_errors(f, error):
    with pytest.raises(error):
        run(f, X)
    if f is not WRONG["no such method"][0]:
        with pytest.raises(error):
            f(X)


@pytest.mark.parametrize("shape", [(), (1,), (2,), (1, 2), (2, 1), (2, 2)], ids=str)
def test_values_to_pad_with_are_one_a_pair_or_a_pair_an_axis_when_they_are_traced(shape):
    def padded(x, c):
        return np.pad(x, ((1, 2), (3, 0)), constant_values=c) ** 2

    c = np.arange(1.0, 1 + np.prod(shape)).reshape(shape)
    np.testing.assert_array_equal(wg.compile(padded)(X, c), padded(X, c))
    wg.check_grads(padded, (X, c))
