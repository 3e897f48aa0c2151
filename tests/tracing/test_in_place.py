"""What is written in place means what it means in NumPy: to the value, to all that shares its memory, and to its derivatives."""

from __future__ import annotations

import operator

import numpy as np
import pytest

import wengert as wg
from tests.thorough import part
from wengert.errors import TraceError

X = np.array([0.3, 0.5, 0.7, 1.1])
A = np.array([[0.3, 0.5, 0.7], [1.1, 1.3, 0.2], [0.9, 0.4, 0.6]])


def central(f, x, step=1e-4, places=None):
    """The gradient by differences of fourth order, or its entries at some places."""
    unit = np.eye(x.size).reshape(x.size, *x.shape)[slice(None) if places is None else places] * step
    found = [(8 * (f(x + e) - f(x - e)) - f(x + 2 * e) + f(x - 2 * e)) / (12 * step) for e in unit]
    return np.reshape(found, x.shape if places is None else len(found))


def check(f, x, order=2):
    """Value, both modes, code and second derivatives of f, which may change its argument; and x is not changed."""
    before = x.copy()

    def plain(x):
        return f(x.copy())

    expected = central(plain, x)
    for _ in range(4):  # as it is seen first, again, and when it has code
        value, slope = wg.value_and_grad(f)(x)
        assert value == pytest.approx(plain(x), rel=1e-13)
        np.testing.assert_allclose(slope, expected, rtol=1e-7, atol=1e-8)
    direction = np.cos(np.arange(x.size)).reshape(x.shape)
    tangent = wg.jvp(f, (x,), (direction,))[1]
    np.testing.assert_allclose(tangent, np.sum(slope * direction), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(wg.compile(wg.grad(f))(x), slope, rtol=1e-12, atol=1e-14)
    assert wg.compile(f)(x) == pytest.approx(plain(x), rel=1e-13)
    if order > 1:

        def along(x):
            return np.sum(wg.grad(f)(x) * direction)

        places = part(range(x.size), 2)
        np.testing.assert_allclose(
            wg.grad(along)(x).ravel()[places], central(along, x, places=places), rtol=1e-6, atol=1e-7
        )
    assert np.array_equal(x, before), "the caller's array is changed"


def total(y):
    """Σ w sin y with different weights."""
    return np.sum(np.sin(y) * np.linspace(0.5, 2.0, y.size).reshape(y.shape))


def test_an_entry():
    def f(x):
        y = x.copy()
        y[1] = x[0] * x[2]
        y[-1] *= y[1]
        return total(y) + y[1] ** 2

    check(f, X)


def test_the_argument_itself():
    def f(x):
        z = x * 2
        x[0] = x[1] * x[2]
        x[1:] *= x[0]
        return total(x) + total(z)

    check(f, X)


def test_a_slice_with_a_step_and_backwards():
    def f(x):
        y = x**2
        y[::2] = y[1::2] * 3
        y[::-1] = y * x
        y[2:0:-1] += x[:2]
        return total(y)

    check(f, X)


def test_all_entries():
    def f(x):
        y = np.zeros_like(x)
        y[...] = x * 2
        y[:] += 1
        y[()] = y * x
        return total(y)

    check(f, X)


def test_a_row_a_column_and_a_block():
    def f(a):
        b = a * 1
        b[0] = a[1] * a[2]
        b[:, 1] = b[0, ::-1]
        b[1:, 1:] = b[:2, :2] ** 2
        b[2, None, 0] = 4.0
        return total(b)

    check(f, A)


def test_views_write_through_and_see_what_is_written():
    def f(a):
        b = a * 2
        row, column, corner, flipped = b[0], b[:, 1], b[1:, 1:], b[::-1]
        turned, flat = b.T, b.reshape(-1)
        row[1] = 5 * a[0, 0]
        corner *= column[1:, None]
        flat[3] = flat[1] ** 2
        turned[2] += flipped[0]
        b[2, 2] = row[1]
        return total(b) + total(row) + total(column) + total(corner) + total(flipped) + total(turned) + total(flat)

    check(f, A)


def test_views_of_views_of_views():
    def f(a):
        b = a * 2
        v = b[1:].T[:2]
        w = v[:, ::-1]
        u = w.ravel()  # a copy
        w[0] = a[0, 1:]
        v += 1
        u[0] = 7.0
        b[1] *= w[1, 0]
        return total(b) + total(v) + total(w) + total(u)

    check(f, A)


VIEWS = {
    "transpose": lambda b: np.transpose(b),
    "swapaxes": lambda b: b.swapaxes(0, 1),
    "moveaxis": lambda b: np.moveaxis(b, 0, 1),
    "reshape": lambda b: b.reshape(3, 1, 3),
    "np.reshape": lambda b: np.reshape(b, (9,)),
    "reshape of a transpose": lambda b: b.T.reshape(9),
    "reshape of a slice": lambda b: b[:, :2].reshape(3, 2, 1),
    "reshape of a slice that is no view": lambda b: b[:, :2].reshape(6),
    "ravel": lambda b: b.ravel(),
    "ravel of a transpose": lambda b: b.T.ravel(),
    "ravel of rows": lambda b: b[1:].ravel(),
    "flatten": lambda b: b.flatten(),
    "expand_dims": lambda b: np.expand_dims(b, 1),
    "squeeze": lambda b: b[:1].squeeze(),
    "atleast_3d": lambda b: np.atleast_3d(b),
    "flip": lambda b: np.flip(b, 1),
    "fliplr": lambda b: np.fliplr(b),
    "rot90": lambda b: np.rot90(b),
    "a part of a split": lambda b: np.split(b, 3)[1],
    "a part of hsplit": lambda b: np.hsplit(b, 3)[2],
    "a row of an iteration": lambda b: list(b)[1],
    "mT": lambda b: b.mT,
    "a new axis": lambda b: b[:, None],
    "an array of indices": lambda b: b[[0, 2]],
    "a mask": lambda b: b[np.array([True, False, True])],
    "a copy": lambda b: b.copy(),
    "np.copy": lambda b: np.copy(b),
    "plus": lambda b: +b,
    "astype": lambda b: b.astype(float),
    "a sum": lambda b: b + 0,
    "a diagonal by einsum": lambda b: np.einsum("ii->i", b),
    "a transpose by einsum": lambda b: np.einsum("ij->ji", b),
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS.keys())
def test_what_is_a_view_and_what_a_copy_is_as_in_numpy(view):
    def f(a):
        b = a * 2
        v = view(b)
        v[0] = v[-1] * 3 + a[0, 0]
        first = total(b) + total(v)
        b[1] *= a[2, 1]
        return first + 2 * total(b) + 3 * total(v)

    check(f, A)


READ_ONLY = {
    "broadcast_to": lambda b: np.broadcast_to(b, (2, 3, 3)),
    "diagonal": lambda b: np.diagonal(b),
    "the method diagonal": lambda b: b.diagonal(),
    "diag": lambda b: np.diag(b),
}


@pytest.mark.parametrize("view", READ_ONLY.values(), ids=READ_ONLY.keys())
def test_what_numpy_lets_only_be_read_is_refused_by_its_words_and_sees_what_is_written(view):
    def write(a):
        view(a * 1)[0] = 1.0
        return 0.0 * a.sum()

    with pytest.raises(ValueError, match="assignment destination is read-only"):
        wg.grad(write)(A)

    def f(a):
        b = a * 1
        v = view(b)
        b[0] = a[1] ** 2
        return total(v)

    check(f, A)


INDEXED = {
    "an array": np.array([2, 0]),
    "a list": [1, -1],
    "a repeated index": np.array([1, 1, 0]),
    "a mask": np.array([True, False, True]),
    "a mask of two axes": A > 0.55,
    "two arrays": (np.array([0, 2]), np.array([1, 1])),
    "two arrays that meet": (np.array([0, 0]), np.array([1, 1])),
    "an array behind a slice": np.s_[1:, [0, 2]],
    "arrays apart": np.s_[[0, 1], None, [2, 1]],
    "np.ix_": np.ix_([0, 2], [1, 2]),
    "nothing": np.zeros(0, int),
}


@pytest.mark.parametrize("index", INDEXED.values(), ids=INDEXED.keys())
def test_arrays_of_indices_and_masks(index):
    size = A[index].size

    def f(a):
        b = a * 1
        b[index] = (a * 0.7).ravel()[:size].reshape(A[index].shape) ** 2
        b[index] += 0.3 * a[0, 1]
        b[index] *= b[index]
        return total(b)

    check(f, A)


def test_a_mask_that_is_traced():
    def f(x):
        y = x * 1
        y[y > 0.4] = 0.1 * x[0]
        y[x < 0.6] += x[0]
        y[x > 0.6] *= x[x > 0.6]
        return total(y)

    x, before = X.copy(), X.copy()
    value, slope = wg.value_and_grad(f)(x)
    assert value == pytest.approx(f(x.copy()))
    np.testing.assert_allclose(slope, central(lambda x: f(x.copy()), x), rtol=1e-8)
    assert np.array_equal(x, before)


def test_a_traced_mask_with_one_value_is_compiled():
    def f(a):
        b = a * 1
        b[a > 0.65] = a[0, 0] ** 2
        b[b[:, 0] > 0.8] = a[1]
        return total(b)

    check(f, A)


def test_augmented_assignment_is_seen_under_all_names():
    def f(x):
        y = x * 1
        z = y
        z += x
        z -= 0.1
        z *= x
        z /= 2 + x
        z **= 2
        z %= 0.4
        z //= 0.07
        return total(y * x) + np.sum(z)

    check(f, X)


def test_a_number_is_bound_anew():
    def f(x):
        s = x[0]
        t = s
        t += x[1]
        u = np.sum(x)
        v = u
        v *= 2
        return s * t + u * v

    check(f, X)


def test_an_array_without_axes_is_written():
    def f(x):
        y = np.zeros_like(x[0:1].reshape(()))
        z = y[...]
        z += x[0]
        y[()] = y * x[1]
        w = x[2, ...]
        w *= 3
        return y * z + w * x[2]

    check(f, X)


def test_matmul_in_place():
    def f(a):
        b = a * 1
        c = b
        b @= a
        return total(c)

    check(f, A)


OUT = {
    "a ufunc": lambda a, b: np.exp(a, out=b),
    "a ufunc of itself": lambda a, b: np.multiply(b, a, out=b),
    "a ufunc into a view": lambda a, b: np.add(a[0], 1, out=b[1]),
    "out by place": lambda a, b: np.subtract(a, b, b),
    "where": lambda a, b: np.sqrt(a, out=b, where=A > 0.5),
    "a broadcast result": lambda a, b: np.sin(a[0], out=b),
    "sum": lambda a, b: np.sum(a, axis=0, out=b[0]),
    "sum by place": lambda a, b: np.sum(a, 0, None, b[0]),
    "the method sum": lambda a, b: a.sum(axis=1, out=b[:, 1]),
    "mean": lambda a, b: np.mean(a, axis=1, out=b[2]),
    "dot": lambda a, b: np.dot(a, a, out=b),
    "dot by place": lambda a, b: np.dot(a, a, b),
    "matmul": lambda a, b: np.matmul(a, a, out=b),
    "clip": lambda a, b: np.clip(a, 0.35, 0.95, out=b),
    "clip by place": lambda a, b: np.clip(a, 0.35, 0.95, b),
    "concatenate": lambda a, b: np.concatenate([a[:1], a[:2]], out=b),
    "cumsum": lambda a, b: np.cumsum(a, axis=1, out=b),
}


@pytest.mark.parametrize("call", OUT.values(), ids=OUT.keys())
def test_out_is_written_and_returned(call):
    def f(a):
        b = a * 1.5
        row = b[0]
        result = call(a, b)
        return total(b) + total(row) + total(result)

    check(f, A)


AT = {
    "add": lambda x, v: np.add.at(x, [0, 2, 0], v[:3]),
    "add of one": lambda x, v: np.add.at(x, [1, 1, 1], v[0]),
    "add of a list": lambda x, v: np.add.at(x, [0, 0, 2], [v[0], 1.5, v[1] * v[2]]),
    "add in a slice": lambda x, v: np.add.at(x, np.s_[1:3], v[:2]),
    "subtract": lambda x, v: np.subtract.at(x, [3, 3], v[:2]),
    "multiply": lambda x, v: np.multiply.at(x, [0, 1, 0, 0], v),
    "divide": lambda x, v: np.divide.at(x, [2, 2], v[:2]),
    "maximum": lambda x, v: np.maximum.at(x, [0, 0, 1], v[1:]),
    "negative": lambda x, v: np.negative.at(x, [0, 0, 3]),
}


@pytest.mark.parametrize("call", AT.values(), ids=AT.keys())
def test_the_method_at_goes_over_an_entry_as_often_as_it_is_named(call):
    def f(x):
        y = x * 2
        z = y[::-1]
        call(y, x**2)
        return total(y) + total(z)

    check(f, X)


def test_add_at_in_two_axes():
    def f(a):
        b = a * 1
        np.add.at(b, ([0, 0, 2], [1, 1, 0]), a[0])
        np.add.at(b, 1, a[2])
        return total(b)

    check(f, A)


WRITES = {
    "fill": lambda b, a: b.fill(a[0, 0]),
    "copyto": lambda b, a: np.copyto(b, a[0] ** 2),
    "copyto where": lambda b, a: np.copyto(b, a**2, where=A > 0.5),
    "fill_diagonal": lambda b, a: np.fill_diagonal(b, a[0, 1]),
    "fill_diagonal by a row": lambda b, a: np.fill_diagonal(b, a[0] * 2),
    "put": lambda b, a: np.put(b, [0, 4, -1], a[1] * 2),
    "put of few": lambda b, a: np.put(b, [0, 4, 5], a[1, :2]),
    "put that wraps": lambda b, a: np.put(b, [11, -12], a[1, :2], mode="wrap"),
    "the method put": lambda b, a: b.put([1, 1], a[2, :2]),
    "place": lambda b, a: np.place(b, A > 0.55, a[0] * 3),
    "putmask": lambda b, a: np.putmask(b, A > 0.55, a**2),
    "putmask of few": lambda b, a: np.putmask(b, A > 0.55, a[0]),
    "put_along_axis": lambda b, a: np.put_along_axis(b, np.array([[0], [2], [1]]), a[:, :1] * 4, axis=1),
    "put_along_axis in front": lambda b, a: np.put_along_axis(b, np.array([[0, 2, 1]]), a[:1] * 4, axis=0),
    "sort": lambda b, a: b.sort(),
    "sort of columns": lambda b, a: b.sort(axis=0),
    "flat": lambda b, a: b.flat.__setitem__(np.s_[1:7:2], a[0]),
    "an entry of flat": lambda b, a: b.flat.__setitem__(4, a[0, 0]),
    "all of flat": lambda b, a: setattr(b, "flat", a[0] * 2),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_functions_that_write(write):
    def f(a):
        b = a * 1.5
        column = b[:, 1]
        write(b, a)
        write(b.T, a)
        return total(b) + total(column) + b.flat[4] * sum(b.flat)

    check(f, A)


def test_a_write_under_a_branch():
    def f(x):
        y = x * 1
        for k in range(4):
            if y[k] > 0.63:
                y[k] = y[k - 1] * x[0]
            else:
                y[k:] += 0.1
        return total(y)

    check(f, X)


def test_writes_in_loops_branches_and_batches():
    def body(k, y):
        y[k] = y[k - 1] * y[0] + 0.5
        y[1] += 0.1
        return y

    def step(y, row):
        y = y.copy()
        y[:2] += row[1:]
        return y, y[0] * 2

    def one(x, c):
        y = x * 1
        y[0] = c * x[1]
        return y

    def then(x):
        x = x.copy()
        x[0] *= 3
        return x

    def f(a):
        y = wg.fori_loop(1, 3, body, a[0])
        z, out = wg.scan(step, y, a)
        w = wg.vmap(one)(a, out)
        u = wg.cond(np.sum(a) > 3, then, lambda x: x, a[1])
        return total(y) + total(z) + total(w) + total(u) + total(a)

    check(f, A)


def test_a_traced_index_is_written():
    def f(x):
        def body(k, y):
            y[k] = wg.asarray(x)[k] ** 2
            y[3 - k] *= 1.5
            return y

        return total(wg.fori_loop(0, 4, body, x * 1))

    check(f, X)


def test_a_row_at_a_traced_index_is_a_view():
    def f(a):
        def body(k, b):
            row = b[k]
            row[1] = row[0] * wg.asarray(a)[k, 2]
            row += k
            return b

        return total(wg.fori_loop(0, 3, body, a * 1))

    check(f, A)


def test_whole_numbers_keep_their_dtype():
    def f(x):
        n = np.zeros_like(x, dtype=int)
        n[:] = 3
        n += 2
        n[0] = 2.7
        return np.sum(n * x)

    check(f, X)


def test_float32_stays_float32():
    def f(x):
        y = x.astype(np.float32)
        y += x
        y[0] = 2.0
        assert y.dtype == np.float32
        return np.sum(y)

    assert wg.value_and_grad(f)(X)[0].dtype == np.float32


REFUSED = {
    "a cast": (
        lambda x: np.zeros_like(x, dtype=int).__iadd__(x),
        TypeError,
        "Cannot cast ufunc 'add' output from dtype",
    ),
    "division of whole numbers": (
        lambda x: np.zeros_like(x, dtype=int).__itruediv__(2),
        TypeError,
        "Cannot cast ufunc '.*divide' output",
    ),
    "a larger result": (
        lambda x: (x * 1).__iadd__(np.ones((2, 4))),
        ValueError,
        r"non-broadcastable output operand with shape \(4,\) doesn't match the broadcast shape \(2,4\)",
    ),
    "a value that does not fit": (
        lambda x: (x * 1).__setitem__(slice(3), x),
        ValueError,
        r"could not broadcast input array from shape \(4,\) into shape \(3,\)",
    ),
    "values that do not fit": (
        lambda x: (x * 1).__setitem__([0, 1], x),
        ValueError,
        r"shape mismatch: value array of shape \(4,\)",
    ),
    "an index outside": (lambda x: (x * 1).__setitem__(4, 1.0), IndexError, "index 4 is out of bounds"),
    "too many": (lambda x: (x * 1).__setitem__((0, 0), 1.0), IndexError, "too many indices for array"),
    "a number": (lambda x: operator.setitem(x[0], 0, 1.0), TypeError, "does not support item assignment"),
}


@pytest.mark.parametrize(("write", "error", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_numpy_refuses_is_refused_by_its_words(write, error, words):
    def f(x):
        write(x)
        return np.sum(x)

    for run in (wg.grad(f), wg.trace(f), f):
        with pytest.raises(error, match=words):
            run(X.copy())


OUTSIDE = {
    "in a loop": lambda x, y: wg.fori_loop(0, 3, lambda k, c: (y.__setitem__(0, c), c)[1], x[0]),
    "in a gradient": lambda x, y: wg.grad(lambda u: (y.__setitem__(0, u), u)[1])(x[0]),
    "in a branch": lambda x, y: wg.cond(x[0] > 0, lambda: (y.__iadd__(1), x[0])[1], lambda: x[0]),
    "in a batch": lambda x, y: np.sum(wg.vmap(lambda u: (y.fill(u), u)[1])(x)),
}


@pytest.mark.parametrize("run", OUTSIDE.values(), ids=OUTSIDE.keys())
def test_an_array_of_the_function_around_is_not_written(run):
    with pytest.raises(TraceError) as caught:
        wg.trace(lambda x: run(x, x * 1))(X)
    assert "array of the function around" in caught.value.what
    assert "y = x.copy()" in caught.value.repair


def test_an_array_of_numpy_is_not_written_and_the_error_names_what_can_be():
    y = np.zeros(4)

    def f(x):
        y[1] = x[0]
        return np.sum(y)

    def g(x):
        y[:2] = x[:2]
        return np.sum(y)

    def h(x):
        y[0] = x
        return np.sum(y)

    for wrong in (f, g, h):
        for run in (wg.grad(wrong), wg.trace(wrong)):
            with pytest.raises(TraceError) as caught:
                run(X)
            assert "cannot be written into a NumPy array" in caught.value.what
            assert "] = x" in caught.value.where
            assert "np.zeros(3)" in caught.value.repair
            assert "np.array(a)" in caught.value.repair


PLACE = np.zeros(4)
PLAIN = {
    "out": lambda x: np.add(x, 1, out=PLACE),
    "sum out": lambda x: np.sum(x, out=PLACE[0, ...]),
    "+=": lambda x: PLACE.__iadd__(x),
    "copyto": lambda x: np.copyto(PLACE, x),
    "add.at": lambda x: np.add.at(PLACE, [0], x[0]),
    "put": lambda x: np.put(PLACE, [0], x[0]),
    "putmask": lambda x: np.putmask(PLACE, X > 0, x),
}


@pytest.mark.parametrize("write", PLAIN.values(), ids=PLAIN.keys())
def test_functions_do_not_write_traced_values_into_arrays_of_numpy(write):
    with pytest.raises(TraceError) as caught:
        wg.grad(lambda x: (write(x), np.sum(x))[1])(X)
    assert "would write a traced value into a NumPy array" in caught.value.what
    assert "wengert.numpy.zeros(n)" in caught.value.repair


@pytest.mark.parametrize(
    "use",
    [
        lambda x: PLACE[x],
        lambda x: np.random.default_rng(0).normal(x),
    ],
)
def test_what_would_lose_the_derivative_says_what_does_not(use):
    for run in (wg.grad, wg.trace):
        with pytest.raises(TraceError) as caught:
            run(lambda x: np.sum(use(x)))(X)
        assert "cannot become a NumPy array" in caught.value.what
        assert "wg.asarray(a)[i]" in caught.value.repair


def test_arrays_that_lie_by_columns_are_written_as_in_numpy():
    def f(a):
        b = a * 1
        flat = b.ravel()
        flat[1] = 5.0 * a[0, 0]
        turned = b.T.reshape(-1)
        turned[2] *= a[1, 1]
        return total(b) + total(flat) + total(turned)

    for a in (np.asfortranarray(A), A.T, A[::-1]):

        def plain(x, a=a):
            lying = np.empty_like(a)
            lying[...] = x
            return f(lying)

        for _ in range(3):
            value, slope = wg.value_and_grad(f)(a)
            assert value == pytest.approx(plain(a), rel=1e-13)
            np.testing.assert_allclose(slope, central(plain, a), rtol=1e-7)


def test_a_copy_is_in_c_order_whatever_it_is_a_copy_of():
    def f(b):
        square = (b @ b.T).copy()
        flat = square.reshape(-1)
        flat[0] = 3 * b[0, 0]
        return np.sum(square * square)

    b = np.array([[1.0, 2.0], [3.0, 4.0]])
    g = wg.grad(f)
    for found in (g(b), g(b), g(b), wg.compile(g)(b)):
        np.testing.assert_allclose(found, [[150, 176], [344, 488]], rtol=1e-14)
