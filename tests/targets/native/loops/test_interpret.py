"""The interpreter of nests against plain NumPy: what each statement means, in which dtype, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from wengert.errors import GraphError
from wengert.targets.native.loops.interpret import run
from wengert.targets.native.loops.nest import (
    Accumulate,
    Accumulator,
    Affine,
    Axis,
    Branch,
    Buffer,
    Compute,
    Constant,
    Contract,
    Copy,
    Fill,
    For,
    Gather,
    Inside,
    Load,
    Lookup,
    MatrixProduct,
    NestProgram,
    Position,
    Range,
    RecordTape,
    Replay,
    Store,
    Total,
    While,
    along,
)

AT = Affine()
X = np.arange(12.0).reshape(3, 4)


def matrix(name, kind, dtype="float64"):
    return Buffer(name, dtype, (3, 4), kind)


def entries(kind="serial", start=0, reverse=False):
    """A nest that writes y = x² + column, row by row."""
    x, y, i, j = matrix("x", "input"), matrix("y", "output"), Axis(3, "i"), Axis(4, "j")
    at = along(i) * 4 + along(j)
    a, p = Load(x, at), Position(along(j), "float64")
    b = Compute("integer_power", (a,), "float64", exponent=2)
    c = Compute("add", (b, p), "float64")
    inner = For(j, (a, p, b, c, Store(y, at, c)), kind, start, reverse)
    return NestProgram((x,), (y,), (For(i, (inner,)),))


@pytest.mark.parametrize("kind", ["serial", "vector", "parallel"])
def test_a_nest_maps_every_entry_whatever_its_kind(kind):
    np.testing.assert_array_equal(run(entries(kind), [X])[0], X**2 + np.arange(4))


def test_entries_that_nothing_writes_are_0():
    found = run(entries(start=2), [X])[0]
    np.testing.assert_array_equal(found[:, 2:], (X**2 + np.arange(4))[:, 2:])
    assert not found[:, :2].any()


def test_inputs_are_not_changed_where_an_output_takes_their_place():
    x, i = Buffer("x", "float64", (4,), "input"), Axis(4)
    a = Load(x, along(i))
    b = Compute("negative", (a,), "float64")
    given = np.arange(4.0)
    (found,) = run(NestProgram((x,), (x,), (For(i, (a, b, Store(x, along(i), b))),)), [given])
    assert list(found) == [0, -1, -2, -3]
    assert list(given) == [0, 1, 2, 3]


@pytest.mark.parametrize("reverse", [False, True])
def test_a_reversed_loop_ends_at_its_start(reverse):
    """The last index that the loop had is what stays."""
    y, i = Buffer("y", "int64", (), "output"), Axis(5)
    a = Position(along(i), "int64")
    assert run(NestProgram((), (y,), (For(i, (a, Store(y, AT, a)), start=2, reverse=reverse),)), [])[0] == (
        2 if reverse else 4
    )


def test_the_last_block_of_a_clipped_axis_is_shorter():
    outer = Axis(3, "o")
    inner = Axis(4, "i", (outer, 10))
    y = Buffer("y", "int64", (3,), "output")
    one = Constant(1, "int64")
    body = For(outer, (For(inner, (one, Store(y, along(outer), one, "add"))),))
    assert list(run(NestProgram((), (y,), (body,)), [])[0]) == [4, 4, 2]


@pytest.mark.parametrize(("combine", "wanted"), [("add", 66), ("multiply", 0), ("maximum", 11), ("minimum", 0)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_accumulators_are_opened_at_their_identity(combine, wanted, dtype):
    x, s, t, i = (
        Buffer("x", dtype, (12,), "input"),
        Buffer("s", dtype, (2,), "output"),
        Accumulator(combine, dtype),
        Axis(12),
    )
    nothing = Accumulator(combine, dtype)
    a, end, empty = Load(x, along(i)), Total(t), Total(nothing)
    body = (t, nothing, For(i, (a, Accumulate(t, a))), end, Store(s, AT, end), empty, Store(s, Affine((), 1), empty))
    (found,) = run(NestProgram((x,), (s,), body), [np.arange(12).astype(dtype)])
    ends = (
        {"maximum": np.iinfo("int64").min, "minimum": np.iinfo("int64").max}
        if dtype == "int64"
        else {"maximum": -np.inf, "minimum": np.inf}
    )
    assert found[0] == wanted
    assert found[1] == {"add": 0, "multiply": 1, **ends}[combine]
    assert found.dtype == dtype


def test_float32_stays_float32():
    x, s, t, i = (
        Buffer("x", "float32", (3,), "input"),
        Buffer("s", "float32", (), "output"),
        Accumulator("add", "float32"),
        Axis(3),
    )
    a, end = Load(x, along(i)), Total(t)
    values = np.array([2.0**24, 1, 1], "float32")
    (found,) = run(NestProgram((x,), (s,), (t, For(i, (a, Accumulate(t, a))), end, Store(s, AT, end))), [values])
    assert found == 2.0**24


def test_an_instruction_has_the_dtype_that_it_states():
    x, y = Buffer("x", "float32", (), "input"), Buffer("y", "float64", (), "output")
    a = Load(x, AT)
    b = Compute("exp", (a,), "float64")
    with pytest.raises(GraphError, match="gives float32, not float64"):
        run(NestProgram((x,), (y,), (a, b, Store(y, AT, b))), [np.float32(1)])


def test_inputs_fit_their_buffers():
    with pytest.raises(GraphError, match="does not fit its buffer"):
        run(entries(), [X.astype("float32")])


def test_guards_give_0_outside_and_inside_says_where():
    x, y, held, i = (
        Buffer("x", "float64", (4,), "input"),
        Buffer("y", "float64", (6,), "output"),
        Buffer("h", "bool", (6,), "output"),
        Axis(6),
    )
    within = (Range(along(i) + -1, 0, 4),)
    a, b = Load(x, along(i) + -1, within), Inside(within)
    body = (a, b, Store(y, along(i), a), Store(held, along(i), b))
    found = run(NestProgram((x,), (y, held), (For(i, body),)), [np.ones(4)])
    assert list(found[0]) == [0, 1, 1, 1, 1, 0]
    assert list(found[1]) == [False, True, True, True, True, False]


def lookups():
    table, places, y = (
        Buffer("t", "float64", (3, 2), "input"),
        Buffer("p", "int64", (4,), "input"),
        Buffer("y", "float64", (3,), "output"),
    )
    i = Axis(4)
    place = Load(places, along(i))
    a = Gather(table, Affine((), 1), (Lookup(place, 2, 3),))
    return NestProgram((table, places), (y,), (For(i, (place, a, Store(y, AT, a, "add", (Lookup(place, 1, 3),)))),))


def test_lookups_gather_and_scatter():
    (found,) = run(lookups(), [np.arange(6.0).reshape(3, 2), np.array([2, 0, 2, 2])])
    assert list(found) == [1, 0, 15]


@pytest.mark.parametrize("wrong", [-1, 3])
def test_a_place_outside_is_named(wrong):
    with pytest.raises(GraphError, match=f"The index {wrong} is outside an axis of 3 entries"):
        run(lookups(), [np.arange(6.0).reshape(3, 2), np.array([2, 0, wrong, 2])])


def test_a_product_sums_over_its_inner_axis():
    x, w, y = matrix("x", "input"), Buffer("w", "float64", (5, 4), "input"), Buffer("y", "float64", (3, 5), "output")
    i, j, k, p = Axis(3, "i"), Axis(5, "j"), Axis(4, "k"), MatrixProduct("float64")
    half = Constant(0.5, "float64")
    value = Compute("multiply", (p, half), "float64")
    a, b = (x, along(i) * 4 + along(k)), (w, along(j) * 4 + along(k))
    program = NestProgram(
        (x, w), (y,), (Contract(i, j, k, a, b, p, (half, value, Store(y, along(i) * 5 + along(j), value))),)
    )
    w_value = np.arange(20.0).reshape(5, 4) - 7
    np.testing.assert_array_equal(run(program, [X, w_value])[0], X @ w_value.T / 2)


def test_copies_and_fills_move_whole_rows():
    x, y, i = matrix("x", "input"), matrix("y", "output"), Axis(2)
    body = (Fill(y, AT, 12, 7.0), For(i, (Copy(x, along(i) * 4, y, along(i) * 4 + 4, 4),)))
    (found,) = run(NestProgram((x,), (y,), body), [X])
    np.testing.assert_array_equal(found, np.concatenate([np.full((1, 4), 7.0), X[:2]]))


@pytest.mark.parametrize("flag", [False, True])
def test_a_branch_runs_one_body(flag):
    f, y, one, two = (
        Buffer("f", "bool", (), "input"),
        Buffer("y", "float64", (), "output"),
        Constant(1.0, "float64"),
        Constant(2.0, "float64"),
    )
    program = NestProgram((f,), (y,), (Branch(f, (one, Store(y, AT, one)), (two, Store(y, AT, two))),))
    assert run(program, [np.array(flag)])[0] == (1 if flag else 2)


@pytest.mark.parametrize("reverse", [False, True])
def test_a_replay_walks_the_records_of_a_while_loop(reverse):
    """v doubles while it is below 100; the replay folds z ← 10 z + record and writes its own tape, which is read again."""
    x, v, more = Buffer("x", "float64", (), "input"), Buffer("v", "float64", (), "output"), Buffer("more", "bool", ())
    tape, second = RecordTape("t", "float64", 1), RecordTape("u", "float64", 1)
    now, bound = Load(v, AT), Constant(100.0, "float64")
    test, twice = Compute("less", (now, bound), "bool"), Compute("add", (now, now), "float64")
    loop = While((now, bound, test, Store(more, AT, test)), more, (now, twice, Store(v, AT, twice)), ((v, tape),))
    r, z, k, w = (
        Buffer("r", "float64", ()),
        Buffer("z", "float64", (), "output"),
        Buffer("k", "int64", (), "output"),
        Buffer("w", "float64", (), "output"),
    )
    before, record, ten = Load(z, AT), Load(r, AT), Constant(10.0, "float64")
    shifted = Compute("multiply", (ten, before), "float64")
    after = Compute("add", (shifted, record), "float64")
    back = Replay(((tape, r),), ((z, second),), (before, record, ten, shifted, after, Store(z, AT, after)), reverse, k)
    u = Buffer("u", "float64", ())
    last = Load(u, AT)
    again = Replay(((second, u),), (), (last, Store(w, AT, last)))
    first = Load(x, AT)
    program = NestProgram((x,), (v, z, k, w), (first, Store(v, AT, first), loop, back, again))
    found = [float(y) for y in run(program, [np.float64(30)])]
    records = [60.0, 120.0]
    folded = [records[-1], records[-1] * 10 + records[0]] if reverse else [records[0], records[0] * 10 + records[1]]
    assert found == [120, folded[-1], 0 if reverse else 1, folded[0] if reverse else folded[-1]]


def test_no_step_is_no_record():
    x, v, more, tape = (
        Buffer("x", "float64", (), "input"),
        Buffer("v", "float64", (), "output"),
        Buffer("more", "bool", ()),
        RecordTape("t", "float64", 1),
    )
    false, one = Constant(False, "bool"), Constant(1.0, "float64")
    loop = While((false, Store(more, AT, false)), more, (one, Store(v, AT, one)), ((v, tape),))
    back = Replay(((tape, x),), (), (one, Store(v, AT, one)))
    assert run(NestProgram((x,), (v,), (loop, back)), [np.float64(30)])[0] == 0
