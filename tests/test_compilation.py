"""Compiled functions of Python do what the function does: in any container and order, under decorators, copied, in other hands."""

from __future__ import annotations

import copy
import functools
import inspect
import pickle
from collections import OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass

import numpy as np
import pytest

import wengert as wg
from wengert.errors import GraphError, TraceError

Pair = namedtuple("Pair", "left right")
X, Y = np.array([1.0, 2.0]), np.array([5.0, -3.0])


def compiled(f, **options):
    return wg.compile(f, cache=False, **options)


@wg.compile
def doubled(x: float) -> float:
    """2 x."""
    return 2 * x


def halved(x):
    return x / 2


# ---------------------------------------------------------------- what is compiled


def test_a_graph_is_compiled_to_a_callable_by_the_names_of_its_inputs():
    graph = wg.trace(lambda w, x: w - 0.5 * x)(X, Y)
    for f in (compiled(graph), compiled(graph, backend="interpreter")):
        (result,) = f(w=X, x=Y)
        np.testing.assert_array_equal(result, X - 0.5 * Y)
    given = X.copy()
    (result,) = compiled(graph, donate=0)(w=given, x=Y)
    assert result is given


@pytest.mark.parametrize("thing", [3, "f", None, X])
def test_what_is_no_function_is_refused_at_once(thing):
    with pytest.raises(GraphError, match="is no function that could be compiled"):
        wg.compile(thing)


def test_a_compiled_function_keeps_name_text_signature_and_attributes():
    def f(x, y=2.0):
        """x y."""
        return x * y

    f.unit = "m"
    made = compiled(f)
    assert (made.__name__, made.__doc__, made.__wrapped__, made.unit) == ("f", "x y.", f, "m")
    assert inspect.signature(made) == inspect.signature(f)


def test_compiled_again_a_function_has_the_new_options_alone():
    def update(w, x):
        return w - x

    first = compiled(update, donate="w")
    plain, other = compiled(first), compiled(compiled(update), donate="w")
    for _ in range(2):
        w, kept = X.copy(), X.copy()
        plain(w, Y)
        np.testing.assert_array_equal(w, X)
        result = other(kept, Y)
    assert result is kept
    with pytest.raises(GraphError, match="The interpreter has no code"):
        compiled(first, backend="interpreter").variant(X, Y)


class Layer:
    """Callable, with attributes that compiled functions have too."""

    def __init__(self) -> None:
        self.w, self.graph, self._lock, self._kinds = 3.0, "mine", None, 7

    def __call__(self, x):
        return self.w * x

    @wg.compile
    def halved(self, x):
        return x / 2


def test_attributes_of_a_callable_do_not_replace_those_of_the_compiled_function():
    made = compiled(Layer())
    np.testing.assert_array_equal(made(X), 3 * X)
    assert made.graph(X).input_names == ("x",)
    assert made.w == 3.0
    np.testing.assert_array_equal(Layer().halved(X), X / 2)


# ---------------------------------------------------------------- how it is called


def twice_as_much(f):
    """A decorator that sees a difference between positions and keywords."""

    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        return f(*(2 * arg for arg in args), **kwargs)

    return wrapper


def test_a_keyword_is_not_taken_for_a_position_where_a_decorator_makes_a_difference():
    f = twice_as_much(halved)
    made = compiled(f)
    for _ in range(2):
        np.testing.assert_array_equal(made(X), f(X))
        np.testing.assert_array_equal(made(x=X), f(x=X))


@pytest.mark.parametrize("backend", ["native", "interpreter"])
def test_the_order_of_a_dict_is_that_of_the_call(backend):
    made = compiled(lambda p: list(p.values()), backend=backend)
    for _ in range(2):
        for given in ({"b": X, "a": Y}, {"a": Y, "b": X}):
            np.testing.assert_array_equal(made(given), list(given.values()))
            np.testing.assert_array_equal(made({"c": X, **given})[1:], list(given.values()))


def test_the_order_of_keywords_is_that_of_the_call_where_the_function_sees_it():
    made = compiled(lambda **named: list(named.values()))
    for _ in range(2):
        np.testing.assert_array_equal(made(b=X, a=Y), [X, Y])
        np.testing.assert_array_equal(made(a=Y, b=X), [Y, X])
    named = compiled(lambda *, b, a: b - a)
    np.testing.assert_array_equal(named(b=X, a=Y), named(a=Y, b=X))
    assert len(named._kinds) == 1


@pytest.mark.parametrize(
    "given",
    [
        OrderedDict(right=Y, left=X),
        defaultdict(float, left=X, right=Y),
        {"left": X, "right": Y},
    ],
    ids=lambda p: type(p).__name__,
)
def test_any_kind_of_dict_may_be_given_and_other_kinds_of_arguments_after_it(given):
    made = compiled(lambda p: p["left"] - p["right"])
    for _ in range(2):
        np.testing.assert_array_equal(made(given), X - Y)
        np.testing.assert_array_equal(made({"right": X, "left": Y}), Y - X)
        np.testing.assert_array_equal(made({"left": 1.0, "right": Y}), 1 - Y)


@pytest.mark.parametrize("make", [tuple, list, deque, lambda pair: Pair(*pair)], ids=["tuple", "list", "deque", "Pair"])
def test_any_kind_of_sequence_may_be_given_and_returned(make):
    made = compiled(lambda p: make([p[1], p[0] + p[1]]))
    for _ in range(2):
        result = made(make([X, Y]))
        assert type(result) is type(make([X, Y]))
        np.testing.assert_array_equal(np.stack(list(result)), [Y, X + Y])


def test_what_is_no_number_is_part_of_the_kind():
    def f(x, *, sign, part=slice(None)):
        return x[part] if sign == "+" else -x[part]

    made = compiled(f)
    for _ in range(2):
        for sign in "+-":
            for part in (slice(0, 1), slice(1, None), slice(None)):
                np.testing.assert_array_equal(made(X, sign=sign, part=part), f(X, sign=sign, part=part))


@dataclass
class Parameters:
    """Arrays in an object that can change."""

    w: np.ndarray


class Foreign:
    """An array of another library."""

    def __array__(self, dtype=None, copy=None):
        return X


@pytest.mark.parametrize("value", [{1, 2}, bytearray(b"a")], ids=lambda value: type(value).__name__)
def test_what_may_change_unseen_is_refused(value):
    with pytest.raises(TraceError, match="may change, and a compiled function would not see it"):
        compiled(lambda x, y: x)(X, value)


def test_a_dataclass_of_arrays_is_a_container():
    made = compiled(lambda p: Parameters(p.w * 2))
    for w in (X, Y):
        assert made(Parameters(w)).w.tolist() == (w * 2).tolist()


def test_arrays_of_other_libraries_are_taken_as_those_of_numpy():
    np.testing.assert_array_equal(compiled(lambda x: 2 * x)(Foreign()), 2 * X)


def test_whole_numbers_beyond_int64_are_refused_at_every_call():
    made = compiled(lambda x: x / 2)
    for _ in range(2):
        assert made(np.array([6], np.uint64)) == 3
        with pytest.raises(TraceError, match="is beyond those of a graph"):
            made(np.array([2**63], np.uint64))


@pytest.mark.parametrize("size", [4, 40_000], ids=["small", "large"])
def test_what_is_captured_stays_as_it_was_when_the_function_was_written_down(size):
    data = np.arange(float(size))
    view, rows = data[::2], np.broadcast_to(data, (3, size))
    view.flags.writeable = False
    made = compiled(lambda x: (x * data, x * view, x * rows))
    first = made(1.0)
    data[0] = 7.0
    for before, after in zip(first, made(1.0), strict=True):
        np.testing.assert_array_equal(before, after)
    np.testing.assert_array_equal(first[2], np.stack([first[0]] * 3))


# ---------------------------------------------------------------- in other hands


def test_a_compiled_function_is_pickled_by_its_name():
    assert pickle.loads(pickle.dumps(doubled)) is doubled
    assert copy.deepcopy(doubled) is doubled
    assert pickle.loads(pickle.dumps(Layer.halved)) is Layer.halved


def test_one_without_a_name_of_its_own_is_pickled_as_function_and_options():
    made = compiled(halved, donate="x")
    made(X.copy())
    for other in (pickle.loads(pickle.dumps(made)), copy.copy(made), copy.deepcopy(made)):
        assert other is not made
        other(X.copy())
        given = X.copy()
        assert other(given) is given
        np.testing.assert_array_equal(given, X / 2)
