"""Whole numbers narrower than int64 go round where NumPy's do, and keep NumPy's dtype, on every route."""

from __future__ import annotations

import operator

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import wengert as wg
from tests.thorough import rounds
from wengert.errors import TraceError

NARROW = ["int8", "int16", "int32", "uint8", "uint16", "uint32"]
DTYPES = [*NARROW, "int64", "bool"]

BINARY = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "<<": operator.lshift,
    ">>": operator.rshift,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<": operator.lt,
    "==": operator.eq,
    ">=": operator.ge,
    "/": operator.truediv,
    "maximum": np.maximum,
    "where": lambda a, b: np.where(a > b, a, b),
    "stack": lambda a, b: np.stack([a, b]),
    "concatenate": lambda a, b: np.concatenate([a, b]),
    "dot": lambda a, b: np.dot(a, b),
    "outer": lambda a, b: np.multiply.outer(a, b),
    "divmod": lambda a, b: divmod(a, b)[0] + divmod(a, b)[1],
}
UNARY = {
    "-": operator.neg,
    "+": operator.pos,
    "~": operator.invert,
    "abs": abs,
    "sum": np.sum,
    "prod": np.prod,
    "cumsum": np.cumsum,
    "max": np.max,
    "method sum": lambda a: a.sum(),
    "square": np.square,
    "sign": np.sign,
    "diff": np.diff,
    "sort": np.sort,
    "flip": lambda a: a[::-1],
    "entry": lambda a: a[1],
    "mask": lambda a: np.where(a > 1, a, 0),
    "clip": lambda a: np.clip(a, 1, 100),
    "ptp": np.ptp,
    "copy": lambda a: a.copy(),
    "float": lambda a: a * 2.0,
    "float32": lambda a: a * np.float32(2),
    "mean": np.mean,
    "sum as int8": lambda a: np.sum(a, dtype=np.int8),
    "zeros like": lambda a: np.zeros_like(a) + a,
    "reshape": lambda a: a.reshape(3, 1) * a,
    "written": lambda a: written(a),
    "augmented": lambda a: augmented(a),
}


def written(a):
    a = a.copy()
    a[0] = 7
    a[1:] = a[1:] * a[0]
    return a


def augmented(a):
    a = a.copy()
    a += a
    a *= 3
    return a


def routes(f, *args):
    """The function on every route, by name."""
    compiled = wg.compile(f)
    yield "compiled", compiled(*args)
    yield "compiled again", compiled(*args)
    yield "interpreter", wg.compile(f, backend="interpreter")(*args)
    rows = wg.vmap(f)(*(np.stack([a, a]) for a in args))
    yield "batch", rows[1]

    def beside(x):
        return x * 2.0, f(*args)

    for k in range(4):
        yield f"beside, call {k}", wg.value_and_grad(beside, has_aux=True)(1.0)[0][1]
    found, _ = wg.jvp(lambda x, *args: (x * 2.0, f(*args)), (1.0, *args), (1.0, *map(unmoved, args)))
    yield "jvp", found[1]
    yield "in compiled jvp", wg.compile(lambda x: wg.jvp(lambda y: (y * x, f(*args)), (x,), (1.0,))[0][1])(2.0)


def unmoved(x):
    """The tangent of an argument that does not move."""
    return np.zeros_like(x) if x.dtype.kind == "f" else None


def same(found, wanted, name):
    assert np.asarray(found).dtype == np.asarray(wanted).dtype, (
        name,
        np.asarray(found).dtype,
        np.asarray(wanted).dtype,
    )
    if np.asarray(wanted).dtype.kind == "f":
        np.testing.assert_allclose(found, wanted, rtol=1e-6 if wanted.dtype == np.float32 else 1e-12, err_msg=name)
    else:
        np.testing.assert_array_equal(found, wanted, err_msg=name)


def agree(f, *args):
    """Every route gives what NumPy gives; where NumPy raises, or gives what no graph holds, compiled code raises too."""
    with np.errstate(all="ignore"):
        try:
            wanted = f(*args)
        except (TypeError, ValueError, OverflowError):
            with pytest.raises((TypeError, ValueError, OverflowError)):
                wg.compile(f)(*args)
            return
        if np.asarray(wanted).dtype.name not in (*DTYPES, "uint64", "float32", "float64"):
            with pytest.raises(TraceError):
                wg.compile(f)(*args)
            return
        for name, found in routes(f, *args):
            same(found, wanted, name)


def arrays(dtype):
    return hnp.arrays(dtype, 3)


EXTREMES = {name: np.array([np.iinfo(name).min, np.iinfo(name).max, 3], name) for name in NARROW}


@pytest.mark.parametrize("op", UNARY)
@pytest.mark.parametrize("dtype", NARROW)
def test_a_function_of_one_array_at_the_ends_of_its_range(op, dtype):
    agree(UNARY[op], EXTREMES[dtype])


@pytest.mark.parametrize("op", BINARY)
@pytest.mark.parametrize("dtype", NARROW)
def test_a_function_of_two_arrays_at_the_ends_of_their_range(op, dtype):
    agree(BINARY[op], EXTREMES[dtype], EXTREMES[dtype][[1, 2, 0]])


@settings(max_examples=rounds(40, 400), deadline=None)
@given(st.data())
def test_random_arrays_of_random_dtypes(data):
    f = BINARY[data.draw(st.sampled_from(sorted(BINARY)))]
    a, b = (data.draw(arrays(data.draw(st.sampled_from(DTYPES)))) for _ in range(2))
    if f is not BINARY["dot"] or a.dtype != bool or b.dtype != bool:  # a graph has no product of truth values
        agree(f, a, b)


@settings(max_examples=rounds(25, 250), deadline=None)
@given(st.data())
def test_random_chains_of_calls(data):
    names = data.draw(
        st.lists(st.sampled_from(["+", "-", "*", "&", "^", "%", "//", "neg", "~", "abs", "3", "-3"]), min_size=2)
    )

    def f(a, b):
        x = a
        for name in names:
            if name in ("3", "-3"):
                x = x * int(name)
            elif name in BINARY:
                x = BINARY[name](x, b)
            else:
                x = {"neg": operator.neg, "~": operator.invert, "abs": abs}[name](x)
        return x

    a, b = (data.draw(arrays(data.draw(st.sampled_from(NARROW)))) for _ in range(2))
    agree(f, a, b)


@settings(max_examples=rounds(20, 200), deadline=None)
@given(st.data())
@example(None)
def test_casts(data):
    if data is None:
        for start in NARROW:
            for end in (*NARROW, "int64", "bool", "float32", "float64"):
                agree(lambda a, end=end: a.astype(end), EXTREMES[start])
        return
    start, end = (data.draw(st.sampled_from([*DTYPES, "float64"])) for _ in range(2))
    a = data.draw(arrays(start))
    if start == "float64":
        a = np.round(np.clip(np.nan_to_num(a), 0, 100))
    agree(lambda a: a.astype(end), a)


@pytest.mark.parametrize("dtype", NARROW)
@pytest.mark.parametrize("f", [lambda a: a + 300000000000, lambda a: a * -(2**40), lambda a: np.maximum(a, 2**40)])
def test_a_python_number_that_the_dtype_does_not_hold_is_refused_as_by_numpy(dtype, f):
    for route in (f, wg.compile(f), wg.vmap(f)):
        with pytest.raises(OverflowError, match="out of bounds"):
            route(np.ones(3, dtype))
    assert wg.compile(lambda a: a < 2**40)(np.ones(3, dtype)).all()


def test_kinds_of_arguments_are_told_apart_by_their_dtypes():
    f = wg.compile(lambda a: a * a)
    for dtype in [*NARROW, "int64", *NARROW]:
        a = np.array([200, 3]).astype(dtype)
        same(f(a), a * a, dtype)
        same(f(a[0]), (a * a)[0], dtype)


def test_an_array_from_outside_and_a_traced_number_meet_as_in_numpy():
    a = np.array([100, 127], "int8")
    for f in (lambda n: a + n, lambda n: (n > 1) + a, lambda n: a[n - 2] * a):
        same(wg.compile(f)(2), f(2), "number")
        same(wg.compile(f)(np.int64(2)), f(np.int64(2)), "int64")
        same(wg.compile(f)(np.int8(2)), f(np.int8(2)), "int8")


@pytest.mark.parametrize(
    "f",
    [
        lambda a: a < 3,
        lambda a: a // 2,
        lambda a: a >> 1,
        lambda a: a * 1.0,
        np.sort,
        lambda a: np.maximum(a, 1),
        np.mean,
    ],
)
def test_what_an_int64_does_not_tell_of_an_uint64_is_refused_by_name(f):
    a = np.arange(3, dtype=np.uint64)
    same(wg.compile(lambda a: f(a[::-1]))(a), f(a[::-1]), "as it is given, which is looked at")
    with pytest.raises(TraceError) as caught:
        wg.compile(lambda a: f(a * a))(a)
    assert caught.value.what == "Whole numbers of dtype uint64 may be beyond those of a graph, which are int64."
    assert caught.value.repair == "Convert first:  x.astype(np.int64)"


def test_sums_and_products_of_uint64_go_round_as_in_numpy():
    a = np.array([2**40, 2**62, 3], np.uint64)
    for f in (np.prod, np.cumsum, lambda a: a * a + a, lambda a: ~a, lambda a: a[1:] * 4, lambda a: a.astype("int32")):
        same(wg.compile(f)(a), f(a), "uint64")


def test_loops_and_branches_refuse_what_they_would_widen():
    a = np.array([100, 127], "int8")
    one = np.ones(2, int)
    for call in (
        lambda a: wg.fori_loop(0, 3, lambda i, x: x * x, a),
        lambda a: wg.while_loop(lambda x: np.sum(x) < 300, lambda x: x * 2, a),
        lambda a: wg.cond(np.sum(a) > 0, lambda x: x * x, lambda x: x, a),
        lambda a: wg.scan(lambda c, x: (c, x * x), 0.0, a),
        lambda a: wg.cond(np.sum(a) > 0, lambda x: x.astype("int8"), lambda x: x.astype("int8"), one),
    ):
        with pytest.raises(TraceError, match="carry whole numbers as int64"):
            wg.compile(call)(a)
    found = wg.compile(lambda a: wg.fori_loop(0, 3, lambda i, x: x + np.sum(a * a), 0))(a)
    assert found == 3 * np.sum(a * a)


def test_a_result_that_is_given_as_it_is_may_have_another_shape_at_the_next_call():
    for c in (np.zeros(3), np.zeros(2), np.zeros(3, "int8"), np.zeros(2, int)):
        (_, found), (_, moved) = wg.jvp(lambda x, c=c: (2 * x, c), (1.0,), (1.0,))
        same(found, c, "value")
        assert np.shape(moved) == np.shape(c)
