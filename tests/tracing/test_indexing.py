"""Indexing of traced values is NumPy's, for random indices too, with its derivative and its errors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wengert as wg
from tests.thorough import rounds
from wengert.core.autodiff.check import check_grads
from wengert.core.ops.evaluate import evaluate
from wengert.errors import GraphError, TraceError
from wengert.functions.tracing.record import traced_program

X = np.random.default_rng(0).normal(size=(4, 3, 5))


def run(f, *args):
    program = traced_program(f, args, {})
    return evaluate(program.graph, dict(zip(program.graph.input_names, args, strict=True)))[0]


CASES = {
    "a number": 1,
    "a negative number": -1,
    "numbers": (1, -2, 3),
    "a slice": np.s_[1:3],
    "a step": np.s_[::2],
    "reversed": np.s_[::-1],
    "a negative step": np.s_[3:0:-2],
    "an empty slice": np.s_[3:1],
    "an empty negative slice": np.s_[0:3:-1],
    "beyond the end": np.s_[2:99],
    "from behind": np.s_[-2:],
    "all kinds": np.s_[1, ::-1, None, 1:4:2],
    "an ellipsis": np.s_[..., 0],
    "an ellipsis in the middle": np.s_[0, ..., ::-2],
    "new axes": np.s_[None, :, None],
    "nothing": (),
    "an array": np.array([0, 3, 0]),
    "a list": [1, -1],
    "an array of rank 2": np.array([[0, 1], [2, 3]]),
    "an array behind a slice": np.s_[1:, [0, 2]],
    "an array before a slice": np.s_[[0, 2], ::-1],
    "two arrays": (np.array([0, 1, 2]), np.array([2, 1, 0])),
    "two arrays that broadcast": (np.array([[0], [1]]), np.array([2, 1, 0])),
    "two arrays behind": np.s_[:, np.array([0, 1]), np.array([4, 0])],
    "three arrays": (np.array([0, 1]), np.array([2, -1]), np.array([4, 0])),
    "apart": (np.array([0, 1]), slice(None), np.array([4, 0])),
    "apart with a new axis": (np.array([0, 1]), None, slice(1, 3), np.array([4, 0])),
    "a mask that is known": np.array([True, False, True, True]),
    "no index": np.array([], dtype=np.int64),
    "an empty list": [],
    "a number and an array apart": np.s_[0, :, [0, 2]],
    "a number beside an array": np.s_[:, 1, [0, 2, 4]],
    "NumPy's number": np.int32(2),
}


@pytest.mark.parametrize("index", CASES.values(), ids=CASES.keys())
def test_an_index_is_numpys(index):
    expected = X[index]
    got = run(lambda x: x[index] * 1.0, X)
    assert got.shape == expected.shape
    np.testing.assert_array_equal(got, expected)
    program = traced_program(lambda x: x[index] * 1.0, (X,), {})
    check_grads(program.graph, {"x": X}, order=1)


def one_index(size: int):
    bound = st.one_of(st.none(), st.integers(-size - 2, size + 2))
    step = st.one_of(st.none(), st.integers(-3, 3).filter(bool))
    options = [st.builds(slice, bound, bound, step), st.none()]
    if size:
        options.append(st.integers(-size, size - 1))
        options.append(st.lists(st.integers(-size, size - 1), min_size=2, max_size=2).map(np.array))
    return st.one_of(*options)


@st.composite
def indices(draw, shape=X.shape):
    parts, axis = [], 0
    while axis < len(shape) and draw(st.booleans()):
        part = draw(one_index(shape[axis]))
        parts.append(part)
        axis += part is not None
    return (*parts, Ellipsis) if draw(st.booleans()) else tuple(parts)


@given(indices())
@settings(max_examples=rounds(60, 200), deadline=None)
def test_random_indices_are_numpys(index):
    expected = X[index]
    got = run(lambda x: x[index] * 1.0, X)
    assert got.shape == expected.shape
    np.testing.assert_array_equal(got, expected)


def test_traced_indices_count_from_the_end_too():
    def f(x, k):
        return x[k], x[:, k], x[k, 0], x[k][::-1]

    k = np.array([0, -1, 2])
    program = traced_program(f, (X, k), {})
    for got, expected in zip(evaluate(program.graph, {"x": X, "k": k}), f(X, k), strict=True):
        np.testing.assert_array_equal(got, expected)


def test_one_traced_index_picks_one_entry():
    assert run(lambda x, k: x[k] * 1.0, X[0, 0], -2) == X[0, 0, -2]


def test_a_traced_index_outside_is_an_error_when_it_runs():
    with pytest.raises(GraphError, match="index 9 is outside"):
        run(lambda x, k: x[k], X, np.array([9]))


def test_the_loss_of_classes_reads_one_entry_a_row():
    labels = np.array([2, 0, 1])

    def loss(z):
        return -np.sum(z[np.arange(3), labels])

    slope = wg.grad(loss)(np.zeros((3, 3)))
    assert slope.tolist() == [[0, 0, -1], [-1, 0, 0], [0, -1, 0]]


OUTSIDE = {
    "too large": lambda x: x[4],
    "too small": lambda x: x[-5],
    "too many": lambda x: x[0, 0, 0, 0],
    "two ellipses": lambda x: x[..., ...],
    "an array outside": lambda x: x[[0, 4]],
    "real numbers": lambda x: x[np.array([0.5])],
    "a mask of another size": lambda x: x[np.array([True, False])],
    "a real number": lambda x: x[0.5],
    "a text": lambda x: x["a"],
}


@pytest.mark.parametrize("f", OUTSIDE.values(), ids=OUTSIDE.keys())
def test_what_numpy_refuses_is_an_index_error(f):
    with pytest.raises(IndexError):
        f(X)
    with pytest.raises(IndexError):
        run(f, X)


def test_a_traced_mask_is_refused_and_real_indices_too():
    with pytest.raises(TraceError, match="How many entries a traced mask picks"):
        run(lambda x: x[x[:, 0, 0] > 0], X)
    with pytest.raises(IndexError, match="integer"):
        run(lambda x: x[x[0, 0]], X)
