"""What a function may do while its gradient is taken: read what changes, branch, raise, differentiate inside, run in threads."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import wengert as wg
from wengert.errors import TraceError
from wengert.functions.tracing import held
from wengert.functions.tracing.tracer import current

X = np.array([0.3, -0.4, 0.5])


def times(count, f, *args):
    """The results of several calls, which go through the tiers."""
    return [f(*args) for _ in range(count)]


def test_a_closure_is_read_at_every_call():
    scale = 1.0
    weights = np.ones(3)

    def f(x):
        return np.sum(scale * weights * x * x)

    g = wg.grad(f)
    for k in range(6):
        scale, weights = float(k), np.full(3, k + 1.0)
        np.testing.assert_allclose(g(X), 2 * scale * weights * X, rtol=1e-14)


def test_a_structure_that_changes_is_followed():
    n = 1

    def f(x):
        for _ in range(n):
            x = np.sin(x)
        return np.sum(x)

    g = wg.grad(f)
    for n in (1, 1, 1, 1, 2, 2, 2, 2, 1, 3, 2, 1):
        expected, y = np.ones(3), X
        for _ in range(n):
            expected, y = expected * np.cos(y), np.sin(y)
        np.testing.assert_allclose(g(X), expected, rtol=1e-14)


def test_numbers_that_a_call_takes_for_granted_may_change():
    exponent, axis = 2, 0
    g = wg.grad(lambda x: np.sum(np.sum(x, axis=axis) ** exponent))
    a = np.arange(6.0).reshape(2, 3)
    for exponent, axis in ((2, 0), (2, 0), (2, 0), (3, 0), (2, 1), (3, 1), (2.5, 1), (2, 0)):
        total = np.sum(a, axis=axis, keepdims=True)
        np.testing.assert_allclose(g(a), np.broadcast_to(exponent * total ** (exponent - 1), a.shape), rtol=1e-13)


def test_zero_and_minus_zero_are_two_numbers():
    def padded(x, fill):
        return np.sum(np.copysign(x[0], np.pad(x, 1, constant_values=fill)))

    def inside(x, side):
        return wg.value_and_grad(lambda y: np.arctan2(side, -y) * y)(x)[0]

    for fill in (0.0, -0.0, 0.0, -0.0, np.float64(-0.0), 0.0, -0.0, 0.0, -0.0):
        sign = np.copysign(1.0, fill)
        value, slope = wg.value_and_grad(lambda x, v=fill: padded(x, v))(np.ones(2))
        np.testing.assert_array_equal((value, *slope), (2 + 2 * sign, 2 + 2 * sign, 0.0))
        value, slope = wg.value_and_grad(lambda x, v=fill: inside(x, v))(2.0)
        np.testing.assert_allclose((value, slope), (2 * np.pi * sign, np.pi * sign), rtol=1e-14)


SIZES = pytest.mark.parametrize("size", [3, 20_000, 300_000])


@SIZES
def test_an_array_means_what_it_held_when_it_was_read(size):
    buffer = np.ones(size)

    def f(x):
        total = 0.0
        for k in range(3):
            buffer[:] = k + 1.0
            total = total + np.sum(x * buffer) * (k + 1.0)
        return total

    for g in times(5, wg.grad(f), np.ones(size)):
        np.testing.assert_allclose(g, 1 + 4 + 9)


@SIZES
@pytest.mark.parametrize("read", [lambda a: a, lambda a: a[:], lambda a: a[::-1], lambda a: a.view()])
def test_views_made_before_do_not_change_what_was_read(size, read):
    buffer = np.ones(size)
    sibling = buffer[:2]

    def f(x):
        sibling[:] = 2.0
        y = np.sum(x * read(buffer))
        sibling[:] = 7.0
        return y

    expected = read(np.concatenate([[2.0, 2.0], np.ones(size - 2)]))
    for g in times(5, wg.grad(f), np.ones(size)):
        np.testing.assert_array_equal(g, expected)


@SIZES
def test_zero_that_becomes_minus_zero_is_another_number(size):
    buffer = np.zeros(size)

    def f(x):
        first = np.sum(np.copysign(x, buffer))
        buffer[:] = -buffer
        second = np.sum(np.copysign(x, buffer))
        buffer[:] = 0.0
        return 3.0 * first + second

    for g in times(4, wg.grad(f), np.ones(size)):
        np.testing.assert_array_equal(g, np.full(size, 2.0))


@SIZES
def test_an_argument_means_what_it_held_when_the_function_was_called(size):
    x = np.ones(size)

    def f(y):
        x[:] = 7.0
        return np.sum(y * y * x)

    for _ in range(5):
        x[:] = 2.0
        np.testing.assert_array_equal(wg.grad(f)(x), np.full(size, 28.0))


def test_what_nobody_may_write_is_read_where_it_is(monkeypatch):
    copies = []
    monkeypatch.setattr(held, "copied", lambda x, order="K": copies.append(x.shape) or np.array(x))
    fixed = np.arange(50_000.0)
    fixed.flags.writeable = False
    for _ in range(4):
        np.testing.assert_array_equal(wg.grad(lambda x: np.sum(x * fixed))(2.0), np.sum(fixed))
        np.testing.assert_array_equal(wg.grad(lambda x: np.sum(x * fixed[::2]))(2.0), np.sum(fixed[::2]))
    assert not copies
    view = np.broadcast_to(np.ones(3), (2, 3))  # read-only, but not what it is a view of
    np.testing.assert_array_equal(wg.grad(lambda x: np.sum(x * view))(2.0), 6.0)
    assert copies == [(2, 3)]


def test_entries_that_are_repeated_are_copied_once():
    row = np.array([1.0, 2.0, 3.0])
    kept = held.CapturedArrays().keep(np.broadcast_to(row, (1 << 40, 3)), None)
    assert kept.shape == (1 << 40, 3)
    row[:] = 0.0
    np.testing.assert_array_equal(kept[7], [1.0, 2.0, 3.0])


def test_arrays_can_be_written_by_others_while_a_function_runs():
    large = np.ones(50_000)
    reads, ends = threading.Event(), threading.Event()
    found = []

    def slow(x):
        y = np.sum(x * large)
        reads.set()
        assert ends.wait(600)
        return y

    thread = threading.Thread(target=lambda: found.append(wg.grad(slow)(1.0)))
    thread.start()
    assert reads.wait(600)
    large[:] = 2.0
    ends.set()
    thread.join()
    assert found == [50_000.0]


def test_random_numbers_are_drawn_at_every_call():
    rng = np.random.default_rng(0)
    drawn = []

    def f(x):
        noise = rng.normal(size=3)
        drawn.append(noise)
        return np.sum(x * noise)

    for _ in range(6):
        np.testing.assert_array_equal(wg.grad(f)(X), drawn[-1])
    assert len(drawn) == 6
    assert not np.array_equal(drawn[-1], drawn[-2])


def test_branches_are_those_of_the_values():
    def f(x):
        y = x * x
        while np.sum(y) < 10:
            y = y * 2
        if x[0] > 0:
            return np.sum(y)
        return -np.sum(np.sin(x))

    g = wg.grad(f)
    for _ in range(4):
        for x in (X, -X, 2 * X, 9 * X, -9 * X):
            y, factor = x * x, 1.0
            while np.sum(y) < 10:
                y, factor = y * 2, factor * 2
            np.testing.assert_allclose(g(x), 2 * factor * x if x[0] > 0 else -np.cos(x), rtol=1e-13)


def test_whole_numbers_steer():
    def f(x):
        k = int(np.argmax(x))
        total = x[k] * x[np.argmin(x)]
        for _ in range(int(x[0] * 10)):
            total = total * 2
        return total

    for x in (X, X[::-1].copy(), X, X, X + 0.2, X):
        expected = np.zeros(3)
        big, small = int(np.argmax(x)), int(np.argmin(x))
        factor = 2.0 ** int(x[0] * 10) if x[0] > 0 else 1.0
        expected[big] += x[small] * factor
        expected[small] += x[big] * factor
        np.testing.assert_allclose(wg.grad(f)(x), expected, rtol=1e-14)


def test_masks_pick_and_places_are_found():
    def f(x):
        chosen = x[x > 0]
        there = np.nonzero(x < 0)[0]
        return np.sum(chosen**3) + np.sum(x[there]) + np.sum(np.unique(x) ** 2)

    for x in (X, -X, X, X, X, np.ones(3)):
        np.testing.assert_array_equal(wg.grad(lambda x: np.sum(x[(x > 0).nonzero()]))(x), x > 0)
        unique = np.unique(x, return_index=True)[1]
        expected = np.where(x > 0, 3 * x * x, 0) + (x < 0)
        expected[unique] += 2 * x[unique]
        np.testing.assert_allclose(wg.grad(f)(x), expected, rtol=1e-14)


def test_what_raises_for_some_values_raises_where_it_is_called():
    def f(a):
        try:
            factor = np.linalg.cholesky(a)
        except np.linalg.LinAlgError:
            return np.sum(a)
        return 2 * np.sum(np.log(np.diagonal(factor)))

    good, bad = np.array([[2.0, 0.5], [0.5, 1.0]]), -np.eye(2)
    for a in (good, good, good, good, bad, good, bad):
        expected = np.ones((2, 2)) if a is bad else np.linalg.inv(a)
        found = wg.grad(f)(a)
        np.testing.assert_allclose(found + found.T, expected + expected.T, rtol=1e-10)


def test_a_power_of_a_matrix_raises_where_it_is_called():
    def f(x):
        try:
            return np.sum(np.linalg.matrix_power(x, -1) * [[1, 2], [3, 4]])
        except np.linalg.LinAlgError:
            return np.sum(x)

    g = wg.grad(f)
    for _ in range(4):
        np.testing.assert_allclose(g(np.diag([0.5, 0.25])), [[-4, -16], [-24, -64]], rtol=1e-12)
        np.testing.assert_array_equal(g(np.ones((2, 2))), np.ones((2, 2)))


class Owner:
    """An object that NumPy takes for an array."""

    def __init__(self, entries):
        self.entries = entries

    def __array__(self, dtype=None, copy=None):
        return np.array(self.entries, dtype)


def test_objects_that_are_taken_for_arrays_mean_what_they_hold():
    owner = Owner(np.ones(3))
    g = wg.grad(lambda x: np.sum(np.multiply(x, owner) * x))
    for k in range(5):
        owner.entries = np.full(3, k + 1.0)
        np.testing.assert_allclose(g(X), 2 * (k + 1.0) * X, rtol=1e-14)


SHAPES = {
    "broadcast_to": lambda x, shape: np.broadcast_to(x, shape),
    "reshape": lambda x, shape: np.reshape(np.outer(x, x)[:2], shape),
    "full_like": lambda x, shape: np.full_like(x, x[0], shape=shape),
    "tile": lambda x, shape: np.tile(x, shape),
}


@pytest.mark.parametrize("make", SHAPES.values(), ids=SHAPES.keys())
def test_sizes_in_an_array_may_change(make):
    shape = np.array([2, 3])

    def f(x):
        y = make(x, shape)
        return np.sum(y[0] ** 3)

    g = wg.grad(f)
    for sizes in ([2, 3], [2, 3], [1, 2, 3], [1, 2, 3], [2, 3], [2, 1, 3], [1, 2, 3]):
        shape = np.array(sizes)
        expected = np.imag([f(X + 1e-30j * row) for row in np.eye(3)]) / 1e-30
        np.testing.assert_allclose(g(X), expected, rtol=1e-12)


@pytest.mark.parametrize("exponent", [np.array(2), np.array(0.5), np.array(2.5), np.float64(3.0), [2.0, 1.0, 0.5]])
def test_exponents_are_numbers_arrays_and_lists(exponent):
    n = np.asarray(exponent)
    for found in times(5, wg.grad(lambda x: np.sum(x**exponent)), np.abs(X)):
        np.testing.assert_allclose(found, n * np.abs(X) ** (n - 1), rtol=1e-14)


NARROW = {
    "beyond int8": lambda x: np.sum(x * (300 * x).astype(np.int8)),
    "below 0": lambda x: np.sum(x * ((3 * x).astype(np.uint8) - np.uint8(5))),
    "beyond int32": lambda x: np.sum(x * ((3 * x).astype(np.int32) * 2**30)),
    "one of several": lambda x: np.sum(x * np.divmod((300 * x).astype(np.uint8), np.uint8(7))[1]),
    "a number": lambda x: x[0] * (900 * x[0]).astype(np.int8),
    "an index": lambda x: np.sum(x[np.array([2, 0], np.int8)] ** 2 * x[(2 * x).astype(np.int8)[:2]]),
}


@pytest.mark.parametrize("f", NARROW.values(), ids=NARROW.keys())
def test_narrow_whole_numbers_go_round_as_numpys(f):
    x = np.array([0.305, 0.7217, 1.2131])
    expected = (f(1.0000001 * x) - f(0.9999999 * x)) / 2e-7
    for g in times(5, wg.grad(f), x):
        assert np.sum(g * x) == pytest.approx(expected, rel=1e-5)
    assert wg.grad(lambda x: np.sum(wg.grad(lambda y: np.sum(y**2 * (300 * x).astype(np.int8)))(x)))(
        x
    ) == pytest.approx(2.0 * (300 * x).astype(np.int8))


@pytest.mark.parametrize("dtype", [np.longdouble, np.clongdouble])
def test_numbers_that_graphs_do_not_have_are_refused(dtype):
    for derive in (wg.grad, wg.jacobian, wg.compile):
        with pytest.raises(TraceError, match="There are no values of dtype"):
            derive(lambda x: np.sum(x * x))(X.astype(dtype))


def test_values_are_printed_while_the_function_runs():
    shown = []

    def f(x):
        shown.append(f"{x[0]:.2f} {x} {str(2 * x[1])[:4]}")
        return np.sum(x)

    for k in range(4):
        wg.grad(f)(X + k)
        assert shown[-1] == f"{X[0] + k:.2f} {X + k} {str(2 * (X[1] + k))[:4]}"
    shown.clear()
    wg.compile(f)(X)
    assert shown[0] == "<traced float64[]> <traced float64[3]> <tra"


@pytest.mark.parametrize(
    ("name", "repair"), [("partition", "np.partition"), ("strides", "outside"), ("view", "astype")]
)
def test_what_arrays_have_and_traced_values_have_not_is_said_with_the_line(name, repair):
    for derive in (wg.grad, wg.compile):
        with pytest.raises(TraceError, match=f"'{name}' of arrays") as caught:
            derive(lambda x: getattr(x, name)[0])(X)
        assert "getattr(x, name)[0]" in caught.value.where
        assert repair in caught.value.repair
        assert derive(lambda x: x[0] * hasattr(x, name))(X) is not None


def test_an_error_leaves_nothing_behind():
    fails = True
    large = np.ones(50_000)

    def f(x):
        y = np.sum(x * large)
        if fails:
            raise KeyError("mine")
        return y * y

    g = wg.grad(f)
    x = np.full(50_000, 0.5)
    for fails in (True, False, True, False, False, False, True, False):
        if fails:
            with pytest.raises(KeyError, match="mine"):
                g(x)
        else:
            np.testing.assert_allclose(g(x), np.full(50_000, 2 * 25_000.0))
        assert current() is None
        assert large.flags.writeable


def test_a_value_that_outlives_its_run_is_refused():
    kept = []
    g = wg.grad(lambda x: np.sum(kept.append(x) or x))
    for _ in range(4):
        g(X)
    for use in (lambda: kept[-1] + 1.0, lambda: np.sin(kept[0]), lambda: g(kept[1]), lambda: kept[0] @ kept[0]):
        with pytest.raises(TraceError, match="after the function that it belongs to has ended"):
            use()
    with pytest.raises(TraceError, match="after the function that it belongs to has ended"):
        wg.grad(lambda x: np.sum(x * kept[2]))(X)


def test_a_gradient_inside_takes_part_where_it_reads_values_and_not_else():
    def inner(y):
        return y**3 if y > 0 else y**2

    def f(x):
        outside = wg.grad(inner)(2.0)
        inside = wg.grad(lambda y: inner(y) * x[1])(x[0])
        return inside * outside + np.sum(x)

    for x in (X, -X, X, X, X, -X):
        a, b = x[0], x[1]
        slope, curve = (3 * a * a, 6 * a) if a > 0 else (2 * a, 2.0)
        np.testing.assert_allclose(wg.grad(f)(x), np.array([12 * b * curve + 1, 12 * slope + 1, 1.0]), rtol=1e-13)


def test_third_derivatives_by_gradients_of_gradients():
    def f(x):
        return np.sin(x) * np.exp(x) if x < 1 else x**4

    third = wg.grad(wg.grad(wg.grad(f)))
    for x in (0.5, 0.5, 0.5, 0.5, 2.0, 0.5):
        expected = 2 * np.exp(x) * (np.cos(x) - np.sin(x)) if x < 1 else 24 * x
        np.testing.assert_allclose(third(x), expected, rtol=1e-12)


def test_loops_and_batches_stand_on_the_tape():
    def f(x):
        y, _ = wg.scan(lambda c, t: (c * x[0] + t, None), x[1], np.arange(3.0))
        z = wg.cond(x[0] > 0, lambda: np.sin(x[1]), lambda: x[1] * x[1])
        return y + z + np.sum(wg.vmap(lambda v: v * v * x[2])(x))

    def plain(x):
        y = x[1]
        for t in range(3):
            y = y * x[0] + t
        return y + (np.sin(x[1]) if x[0] > 0 else x[1] * x[1]) + np.sum(x * x * x[2])

    for x in (X, X, X, X, -X, -X):
        h = 1e-6
        numeric = [(plain(x + h * e) - plain(x - h * e)) / (2 * h) for e in np.eye(3)]
        np.testing.assert_allclose(wg.grad(f)(x), numeric, rtol=1e-7)


def test_threads_share_what_was_seen():
    def f(x):
        for _ in range(20):
            x = np.sin(x) * 1.5
        return np.sum(x) if x[0] > 0 else np.sum(x * x)

    points = [X, -X, X + 0.1, X - 0.2]
    expected = [complex_slope(p) for p in points]
    wrong = []

    def work(k):
        for n in range(30):
            p = (k + n) % len(points)
            if not np.allclose(wg.grad(f)(points[p]), expected[p], rtol=1e-12):
                wrong.append(p)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert wrong == []


def complex_slope(x):
    """By the complex step, of the function of the test above."""

    def f(z):
        real = x
        for _ in range(20):
            z, real = np.sin(z) * 1.5, np.sin(real) * 1.5
        return np.sum(z) if real[0] > 0 else np.sum(z * z)

    return np.array([np.imag(f(x + 1e-30j * e)) / 1e-30 for e in np.eye(3)])


def test_arguments_may_be_changed_by_the_function_without_effect_on_the_caller():
    def f(x):
        x[0] = x[1] * 2.0
        return np.sum(x * x)

    for _ in range(5):
        x = X.copy()
        np.testing.assert_allclose(wg.grad(f)(x), [0.0, 10 * X[1], 2 * X[2]], rtol=1e-14)
        np.testing.assert_array_equal(x, X)


def test_a_changed_structure_of_arguments_is_another_function():
    g = wg.grad(lambda x: np.sum(x * x))
    for x in (X, X.astype(np.float32), np.ones((2, 2)), 3.0, np.float64(2.0), X[::-1], np.array(4.0)) * 4:
        found = g(x)
        assert np.asarray(found).dtype == np.asarray(x).dtype
        np.testing.assert_allclose(found, 2 * np.asarray(x), rtol=1e-7)
