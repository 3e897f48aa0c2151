"""Nests by hand in native code: extents, steps, directions, clips, places that depend on data, accumulators, registers, threads."""

from __future__ import annotations

import numpy as np
import pytest

from tests.targets.native.nests import native
from tests.thorough import everyday, part
from wengert.errors import GraphError
from wengert.targets.native import pool
from wengert.targets.native.emit import emit
from wengert.targets.native.loops.buffers import plan
from wengert.targets.native.loops.interpret import run
from wengert.targets.native.loops.nest import (
    Accumulate,
    Accumulator,
    Affine,
    Axis,
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
    Store,
    Total,
    along,
)
from wengert.targets.native.processor import host

RNG = np.random.default_rng(3)


def whole(shape, dtype):
    """Small whole numbers, whose sums and products are exact."""
    return RNG.integers(-4, 5, shape).astype(dtype)


def agrees(program, *arrays):
    """Native code and the interpreter give the same bits."""
    status, found = native(program, arrays)
    assert status == 0
    for buffer, x, y in zip(program.outputs, found, run(program, arrays), strict=True):
        np.testing.assert_array_equal(x, y, err_msg=repr(buffer))
    return found


# extents and steps


@pytest.mark.parametrize("n", part(range(71), 20))
def test_every_extent_is_mapped_and_summed_whole(n):
    for dtype in ("float32", "float64", "int64"):
        x, y, s = (
            Buffer("x", dtype, (n,), "input"),
            Buffer("y", dtype, (n,), "output"),
            Buffer("s", dtype, (), "output"),
        )
        i, total = Axis(n), Accumulator("add", dtype)
        a = Load(x, along(i))
        b = Compute("multiply", (a, a), dtype)
        loop = For(i, (a, b, Store(y, along(i), b), Accumulate(total, b)), "vector")
        end = Total(total)
        agrees(NestProgram((x,), (y, s), (total, loop, end, Store(s, Affine(), end))), whole(n, dtype))


@everyday(1, "step", "dtype")
@pytest.mark.parametrize("step", [-4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 7])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "bool"])
def test_every_step_from_lane_to_lane(step, dtype):
    for n in (1, 5, 32, 67):
        reach = abs(step) * (n - 1)
        x = Buffer("x", dtype, (reach + 3,), "input")
        y = Buffer("y", dtype, (max(reach, n - 1) + 1,), "output")
        i = Axis(n)
        start = reach if step < 0 else 0
        a = Load(x, along(i) * step + (start + 1))
        place = along(i) * step + start if step else along(i)
        values = whole(reach + 3, "int64") > 0 if dtype == "bool" else whole(reach + 3, dtype)
        agrees(NestProgram((x,), (y,), (For(i, (a, Store(y, place, a)), "vector"),)), values)


@pytest.mark.parametrize("kind", ["vector", "serial"])
@pytest.mark.parametrize("start", [0, 1, 3, 9])
def test_loops_begin_where_they_say(kind, start):
    x, y = Buffer("x", "float32", (40,), "input"), Buffer("y", "float32", (40,), "output")
    i = Axis(40)
    a = Load(x, along(i))
    (found,) = agrees(NestProgram((x,), (y,), (For(i, (a, Store(y, along(i), a)), kind, start),)), whole(40, "float32"))
    assert not found[:start].any()


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("n", [1, 2, 9])
def test_serial_loops_go_in_their_direction(n, reverse):
    """A recurrence: each entry is made of its neighbour, so the order shows."""
    x, y = Buffer("x", "float64", (n,), "input"), Buffer("y", "float64", (n + 2,), "output")
    i = Axis(n)
    a, before = Load(x, along(i)), Load(y, along(i) + (2 if reverse else 0))
    two = Constant(2.0, "float64")
    b = Compute("add", (Compute("multiply", (two, before), "float64"), a), "float64")
    body = (a, before, two, b.inputs[0], b, Store(y, along(i) + 1, b))
    agrees(NestProgram((x,), (y,), (For(i, body, reverse=reverse),)), whole(n, "float64"))


@pytest.mark.parametrize("kind", ["vector", "serial"])
@pytest.mark.parametrize("outer_kind", ["serial", "parallel"])
@pytest.mark.parametrize(("block", "total"), [(8, 8), (8, 20), (5, 23), (64, 200), (40, 41), (128, 70)])
def test_the_last_block_of_a_clipped_axis_is_shorter(kind, outer_kind, block, total):
    outer = Axis(-(-total // block), "o")
    inner = Axis(block, "i", (outer, total))
    x, y = Buffer("x", "float32", (total,), "input"), Buffer("y", "float32", (total,), "output")
    s = Buffer("s", "float32", (outer.extent,), "output")
    place = along(outer) * block + along(inner)
    gathered = Accumulator("add", "float32")
    a = Load(x, place)
    end = Total(gathered)
    body = (
        gathered,
        For(inner, (a, Store(y, place, a), Accumulate(gathered, a)), kind),
        end,
        Store(s, along(outer), end),
    )
    agrees(NestProgram((x,), (y, s), (For(outer, body, outer_kind),)), whole(total, "float32"))


# guards, positions, bools


@pytest.mark.parametrize("n", [3, 16, 33, 100])
def test_guarded_loads_touch_no_memory_outside(n):
    """A window of three, as a padded array gives it; the fences around the arrays show that nothing else is touched."""
    x, y = Buffer("x", "float32", (n,), "input"), Buffer("y", "float32", (n,), "output")
    i = Axis(n)
    parts = [Load(x, along(i) + k, (Range(along(i) + k, 0, n),)) for k in (-1, 0, 1)]
    first = Compute("add", (parts[0], parts[1]), "float32")
    second = Compute("add", (first, parts[2]), "float32")
    loop = For(i, (*parts, first, second, Store(y, along(i), second)), "vector")
    agrees(NestProgram((x,), (y,), (loop,)), whole(n, "float32"))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_positions_and_conditions_on_them(dtype):
    n, m = 37, 5
    y = Buffer("y", dtype, (m, n), "output")
    i, j = Axis(m, "i"), Axis(n, "j")
    step = 2**40 if dtype == "int64" else 3
    number = Position(along(j) * step + along(i) * -7 + 2, dtype)
    held = Inside((Range(along(j) + along(i) * 2, 4, 30), Range(along(i), 1, 4)))
    value = Compute("where", (held, number, Compute("negative", (number,), dtype)), dtype)
    body = (number, held, value.inputs[2], value, Store(y, along(i) * n + along(j), value))
    agrees(NestProgram((), (y,), (For(i, (For(j, body, "vector"),)),)))


def test_truth_values_go_through_memory():
    n = 50
    x, y = Buffer("x", "float64", (n,), "input"), Buffer("y", "bool", (n,), "output")
    every, some = Buffer("all", "bool", (), "output"), Buffer("any", "bool", (), "output")
    i = Axis(n)
    a, zero = Load(x, along(i)), Constant(0.0, "float64")
    test = Compute("less", (a, zero), "bool")
    both, either = Accumulator("minimum", "bool"), Accumulator("maximum", "bool")
    body = (a, zero, test, Store(y, along(i), test), Accumulate(both, test), Accumulate(either, test))
    ends = Total(both), Total(either)
    stores = Store(every, Affine(), ends[0]), Store(some, Affine(), ends[1])
    program = NestProgram((x,), (y, every, some), (both, either, For(i, body, "vector"), *ends, *stores))
    for values in (whole(n, "float64"), np.ones(n), -np.ones(n)):
        agrees(program, values)


def test_a_value_of_the_outer_loop_is_the_same_in_every_lane():
    m, n = 6, 40
    x, w, y = (
        Buffer("x", "float32", (m, n), "input"),
        Buffer("w", "float32", (m,), "input"),
        Buffer("y", "float32", (m, n), "output"),
    )
    i, j = Axis(m, "i"), Axis(n, "j")
    a, scale = Load(w, along(i)), Load(x, along(i) * n + along(j))
    b = Compute("multiply", (scale, a), "float32")
    inner = For(j, (scale, b, Store(y, along(i) * n + along(j), b)), "vector")
    agrees(NestProgram((x, w), (y,), (For(i, (a, inner)),)), whole((m, n), "float32"), whole(m, "float32"))


def test_updates_in_place():
    n = 45
    w, g = Buffer("w", "float32", (n,), "input"), Buffer("g", "float32", (n,), "input")
    i = Axis(n)
    a, b, rate = Load(w, along(i)), Load(g, along(i)), Constant(0.5, "float32")
    step = Compute("multiply", (rate, b), "float32")
    c = Compute("subtract", (a, step), "float32")
    agrees(
        NestProgram((w, g), (w,), (For(i, (a, b, rate, step, c, Store(w, along(i), c)), "vector"),)),
        whole(n, "float32"),
        whole(n, "float32"),
    )


# places that depend on data


def embedding(rows, count, width, kind):
    table, places = Buffer("table", "float64", (rows, width), "input"), Buffer("places", "int64", (count,), "input")
    y = Buffer("y", "float64", (count, width), "output")
    i, j = Axis(count, "i"), Axis(width, "j")
    place = Load(places, along(i))
    value = Gather(table, along(j), (Lookup(place, width, rows),))
    store = Store(y, along(i) * width + along(j), value)
    if kind == "rows":
        return NestProgram((table, places), (y,), (For(i, (place, For(j, (value, store), "vector"))),))
    return NestProgram((table, places), (y,), (For(j, (For(i, (place, value, store), "vector"),)),))


@pytest.mark.parametrize("kind", ["rows", "lanes"])
def test_rows_are_looked_up(kind):
    program = embedding(7, 21, 5, kind)
    agrees(program, whole((7, 5), "float64"), RNG.integers(0, 7, 21))


@pytest.mark.parametrize("kind", ["rows", "lanes"])
@pytest.mark.parametrize("wrong", [-1, 7, 2**40, -(2**63)])
def test_a_place_outside_gives_status_1(kind, wrong):
    places = RNG.integers(0, 7, 21)
    for k in (0, 10, 20):
        given = places.copy()
        given[k] = wrong
        program, table = embedding(7, 21, 5, kind), whole((7, 5), "float64")
        status, _ = native(program, [table, given])
        assert status == 1
        with pytest.raises(GraphError, match="outside an axis of 7 entries"):
            run(program, [table, given])


@pytest.mark.parametrize("kind", ["vector", "serial"])
@pytest.mark.parametrize("combine", ["add", "maximum"])
def test_scattered_entries_meet_in_order(kind, combine):
    n, size = 67, 5
    x, places = Buffer("x", "float32", (n,), "input"), Buffer("places", "int64", (n,), "input")
    y = Buffer("y", "float32", (size,), "output")
    i = Axis(n)
    a, place = Load(x, along(i)), Load(places, along(i))
    body = (a, place, Store(y, Affine(), a, combine, (Lookup(place, 1, size),)))
    agrees(NestProgram((x, places), (y,), (For(i, body, kind),)), whole(n, "float32"), RNG.integers(0, size, n))


def test_a_sum_into_one_entry_from_lanes():
    n = 53
    x, y = Buffer("x", "float64", (n,), "input"), Buffer("y", "float64", (3,), "output")
    i = Axis(n)
    a = Load(x, along(i))
    agrees(NestProgram((x,), (y,), (For(i, (a, Store(y, Affine((), 1), a, "add")), "vector"),)), whole(n, "float64"))


def test_lanes_that_write_one_entry_differently_are_refused():
    x, y = Buffer("x", "float64", (9,), "input"), Buffer("y", "float64", (1,), "output")
    i = Axis(9)
    a = Load(x, along(i))
    program = NestProgram((x,), (y,), (For(i, (a, Store(y, Affine(), a)), "vector"),))
    with pytest.raises(GraphError, match="different values to one entry"):
        emit(program, plan(program), host())


# accumulators


@pytest.mark.parametrize("combine", ["add", "multiply", "maximum", "minimum"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_accumulators_over_two_axes(combine, dtype):
    """Opened outside both loops; read once, after them."""
    m, n = 3, 37
    x, s = Buffer("x", dtype, (m, n), "input"), Buffer("s", dtype, (), "output")
    i, j, total = Axis(m, "i"), Axis(n, "j"), Accumulator(combine, dtype)
    a = Load(x, along(i) * n + along(j))
    end = Total(total)
    loop = For(i, (For(j, (a, Accumulate(total, a)), "vector"),))
    values = np.where(RNG.random((m, n)) < 0.8, 1, -1) if combine == "multiply" else whole((m, n), dtype)
    agrees(NestProgram((x,), (s,), (total, loop, end, Store(s, Affine(), end))), values.astype(dtype))


def test_lanes_have_accumulators_of_their_own():
    """Columns in lanes, a sum over rows inside: the vector loop is outside."""
    m, n = 9, 70
    x, y = Buffer("x", "float32", (m, n), "input"), Buffer("y", "float32", (n,), "output")
    i, j, total = Axis(m, "i"), Axis(n, "j"), Accumulator("add", "float32")
    a, end = Load(x, along(i) * n + along(j)), Total(total)
    body = (total, For(i, (a, Accumulate(total, a))), end, Store(y, along(j), end))
    agrees(NestProgram((x,), (y,), (For(j, body, "vector"),)), whole((m, n), "float32"))


def test_extremes_pass_nan_on_and_empty_ones_are_infinite():
    for n in (0, 5, 64):
        x, s = Buffer("x", "float64", (n,), "input"), Buffer("s", "float64", (), "output")
        i, high = Axis(n), Accumulator("maximum", "float64")
        a, end = Load(x, along(i)), Total(high)
        program = NestProgram(
            (x,), (s,), (high, For(i, (a, Accumulate(high, a)), "vector"), end, Store(s, Affine(), end))
        )
        for place in range(0, n, 13):
            values = whole(n, "float64")
            values[place] = np.nan
            assert np.isnan(native(program, [values])[1][0])
        agrees(program, whole(n, "float64"))


def test_long_sums_of_float32_keep_their_accuracy():
    n = 100_003
    x, s = Buffer("x", "float32", (n,), "input"), Buffer("s", "float32", (), "output")
    i, total = Axis(n), Accumulator("add", "float32")
    a, end = Load(x, along(i)), Total(total)
    program = NestProgram(
        (x,), (s,), (total, For(i, (a, Accumulate(total, a)), "vector"), end, Store(s, Affine(), end))
    )
    values = RNG.random(n).astype("float32")
    status, (found,) = native(program, [values])
    assert status == 0
    assert abs(found - values.astype("float64").sum()) < 1e-6 * n


# registers


def test_carries_without_axes_live_in_registers():
    """x ← x/2 + k over steps, through a temporary: the loop touches no memory but that of the record."""
    n = 20
    x, y, stack = (
        Buffer("x", "float64", (), "input"),
        Buffer("y", "float64", (), "output"),
        Buffer("stack", "float64", (n,), "output"),
    )
    t, k = Buffer("t", "float64", ()), Axis(n, "k")
    at = Affine()
    first, before, half = Load(x, at), Load(y, at), Constant(0.5, "float64")
    scaled = Compute("multiply", (before, half), "float64")
    again, number = Load(t, at), Position(along(k), "float64")
    after = Compute("add", (again, number), "float64")
    body = (
        before,
        half,
        scaled,
        Store(t, at, scaled),
        again,
        number,
        after,
        Store(stack, along(k), after),
        Store(y, at, after),
    )
    program = NestProgram((x,), (y, stack), (first, Store(y, at, first), For(k, body)))
    agrees(program, np.float64(3))
    text = emit(program, plan(program), host()).text
    inside = text[text.index("\nloop") : text.index("\nafter")]
    assert "phi double" in inside
    assert inside.count("store") == 1
    assert "load" not in inside


def test_small_vectors_at_constant_places_live_in_registers_too():
    """Two weights, each updated with the other, ten times."""
    w, k = Buffer("w", "float32", (2,), "input"), Axis(10)
    a, b = Load(w, Affine()), Load(w, Affine((), 1))
    s = Compute("add", (a, b), "float32")
    program = NestProgram((w,), (w,), (For(k, (a, b, s, Store(w, Affine(), b), Store(w, Affine((), 1), s))),))
    (found,) = agrees(program, np.array([0, 1], "float32"))
    assert list(found) == [55, 89]
    text = emit(program, plan(program), host()).text
    assert "load" not in text[text.index("\nloop") : text.index("\nafter")]


# copies, fills, constants


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "bool"])
def test_copies_and_fills(dtype):
    x, y, z = Buffer("x", dtype, (30,), "input"), Buffer("y", dtype, (30,), "output"), Buffer("z", dtype, (), "output")
    i = Axis(3)
    body = (
        Fill(y, Affine(), 30, True if dtype == "bool" else 2),
        For(i, (Copy(x, along(i) * 9, y, along(i) * 10 + 1, 6), Fill(y, along(i) * 10 + 8, 1, 0))),
        Copy(x, Affine((), 29), z, Affine(), 1),
        Fill(y, Affine((), 27), 3, 0),
    )
    agrees(NestProgram((x,), (y, z), body), whole(30, "int64").astype(dtype))


@pytest.mark.parametrize("n", [10, 20_000])
def test_constant_arrays_stand_in_the_module_or_beside_it(n):
    value = whole(n, "float64")
    c, y = Buffer("c", "float64", (n,), "constant", value), Buffer("y", "float64", (n,), "output")
    i = Axis(n)
    a = Load(c, along(i))
    program = NestProgram((), (y,), (For(i, (a, Store(y, along(i), a)), "vector"),))
    assert len(emit(program, plan(program), host()).constants) == (n > 8192)
    agrees(program)


# matrix products


def product(m, n, k, dtype, parallel=False, extra=0):
    """y = x w + b, the bias read in the epilogue."""
    x, w, b = (Buffer(name, dtype, shape, "input") for name, shape in (("x", (m, k)), ("w", (k, n)), ("b", (n,))))
    y = Buffer("y", dtype, (m, n), "output")
    i, j, inner = Axis(m, "i"), Axis(n, "j"), Axis(k, "k")
    p, bias = MatrixProduct(dtype), Load(b, along(j))
    value = Compute("add", (p, bias), dtype)
    body = (bias, value, Store(y, along(i) * n + along(j), value))
    a = (x, along(i) * k + along(inner))
    return NestProgram(
        (x, w, b), (y,), (Contract(i, j, inner, a, (w, along(inner) * n + along(j)), p, body, parallel),)
    )


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
@pytest.mark.parametrize("size", [(1, 1, 1), (3, 5, 4), (17, 33, 9), (2, 64, 0), (0, 4, 3), (40, 3, 70)])
def test_products_with_an_epilogue(size, dtype):
    m, n, k = size
    agrees(product(m, n, k, dtype), whole((m, k), dtype), whole((k, n), dtype), whole(n, dtype))


def test_batched_products_in_a_loop():
    for kind in ("serial", "parallel"):
        count, m, n, k = 5, 4, 18, 7
        x, w, y = (
            Buffer("x", "float32", (count, m, k), "input"),
            Buffer("w", "float32", (count, k, n), "input"),
            Buffer("y", "float32", (count, m, n), "output"),
        )
        batch, i, j, inner = Axis(count, "b"), Axis(m, "i"), Axis(n, "j"), Axis(k, "k")
        p = MatrixProduct("float32")
        a = (x, along(batch) * (m * k) + along(i) * k + along(inner))
        b = (w, along(batch) * (k * n) + along(inner) * n + along(j))
        contract = Contract(i, j, inner, a, b, p, (Store(y, along(batch) * (m * n) + along(i) * n + along(j), p),))
        program = NestProgram((x, w), (y,), (For(batch, (contract,), kind),))
        agrees(program, whole((count, m, k), "float32"), whole((count, k, n), "float32"))


def test_products_that_copy_their_operands_have_memory_for_it_in_each_chunk():
    count, n = 4, 130
    x, w, y = (
        Buffer(name, "float64", (count, n, n), kind) for name, kind in (("x", "input"), ("w", "input"), ("y", "output"))
    )
    batch, i, j, inner = Axis(count, "b"), Axis(n, "i"), Axis(n, "j"), Axis(n, "k")
    start, p = along(batch) * (n * n), MatrixProduct("float64")
    a, b = (x, start + along(inner) * n + along(i)), (w, start + along(j) * n + along(inner))
    contract = Contract(i, j, inner, a, b, p, (Store(y, start + along(i) * n + along(j), p),))
    program = NestProgram((x, w), (y,), (For(batch, (contract,), "parallel"),))
    text = emit(program, plan(program), host()).text
    chunk = text[text.index("@chunk(ptr %context") :].split("\n}")[0]
    assert chunk.count("call ptr @malloc") == 1
    assert chunk.count("call void @free") == chunk.count("ret void") > 0
    values = whole((count, n, n), "float64"), whole((count, n, n), "float64")
    status, (found,) = native(program, values)
    assert status == 0
    np.testing.assert_array_equal(found, np.einsum("bki,bjk->bij", *values))


def test_a_loop_that_would_end_differently_in_each_lane_is_refused():
    outer = Axis(4, "o")
    inner = Axis(3, "i", (outer, 10))
    y = Buffer("y", "float64", (10,), "output")
    one = Constant(1.0, "float64")
    program = NestProgram(
        (), (y,), (For(outer, (For(inner, (one, Store(y, along(outer) * 3 + along(inner), one))),), "vector"),)
    )
    with pytest.raises(GraphError, match="different places in its lanes"):
        emit(program, plan(program), host())


# threads


@pytest.mark.parametrize("threads", [1, 2])
def test_results_do_not_depend_on_the_number_of_threads(threads):
    before = pool.threads()
    try:
        pool.set_threads(threads)
        program = product(300, 200, 150, "float32", parallel=True)
        rng = np.random.default_rng(5)
        arrays = [rng.normal(size=s).astype("float32") for s in ((300, 150), (150, 200), (200,))]
        status, (found,) = native(program, arrays)
        assert status == 0
        pool.set_threads(1)
        assert np.array_equal(native(program, arrays)[1][0], found)
        np.testing.assert_allclose(found, arrays[0] @ arrays[1] + arrays[2], rtol=1e-4, atol=1e-4)
    finally:
        pool.set_threads(before)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_place_outside_in_a_thread_gives_status_1(threads):
    before = pool.threads()
    try:
        pool.set_threads(threads)
        n, size = 400, 9
        table, places = Buffer("t", "float32", (size,), "input"), Buffer("p", "int64", (n, 8), "input")
        y = Buffer("y", "float32", (n, 8), "output")
        i, j = Axis(n, "i"), Axis(8, "j")
        at = along(i) * 8 + along(j)
        place = Load(places, at)
        value = Gather(table, Affine(), (Lookup(place, 1, size),))
        program = NestProgram(
            (table, places), (y,), (For(i, (For(j, (place, value, Store(y, at, value)), "vector"),), "parallel"),)
        )
        given = RNG.integers(0, size, (n, 8))
        agrees(program, whole(size, "float32"), given)
        given[377, 5] = size
        assert native(program, [whole(size, "float32"), given])[0] == 1
    finally:
        pool.set_threads(before)


def test_a_parallel_loop_adds_to_no_accumulator_outside():
    x, s = Buffer("x", "float32", (9,), "input"), Buffer("s", "float32", (), "output")
    i, total = Axis(9), Accumulator("add", "float32")
    a, end = Load(x, along(i)), Total(total)
    program = NestProgram(
        (x,), (s,), (total, For(i, (a, Accumulate(total, a)), "parallel"), end, Store(s, Affine(), end))
    )
    with pytest.raises(GraphError, match="accumulators opened outside"):
        emit(program, plan(program), host())


def test_a_vector_loop_holds_no_vector_loop():
    x, y = Buffer("x", "float32", (9, 9), "input"), Buffer("y", "float32", (9, 9), "output")
    i, j = Axis(9, "i"), Axis(9, "j")
    a = Load(x, along(i) * 9 + along(j))
    program = NestProgram(
        (x,), (y,), (For(i, (For(j, (a, Store(y, along(i) * 9 + along(j), a)), "vector"),), "vector"),)
    )
    with pytest.raises(GraphError, match="inside a vector loop"):
        emit(program, plan(program), host())
