"""Branches, loops of unknown length, tapes, interrupts and memory that runs out, in native code."""

from __future__ import annotations

import ctypes
import itertools

import numpy as np
import pytest

from tests.targets.native.nests import native
from tests.targets.native.test_emit import product
from wengert.errors import GraphError
from wengert.targets.native import pool
from wengert.targets.native.emit import emit
from wengert.targets.native.loops.buffers import plan, size_in_bytes
from wengert.targets.native.loops.interpret import run
from wengert.targets.native.loops.nest import (
    Affine,
    Axis,
    Branch,
    Buffer,
    Compute,
    Constant,
    Copy,
    For,
    Gather,
    Load,
    Lookup,
    NestProgram,
    RecordTape,
    Replay,
    Store,
    While,
    along,
)
from wengert.targets.native.processor import host

AT = Affine()


def agrees(program, *arrays):
    """Native code and the interpreter give the same bits."""
    status, found = native(program, arrays)
    assert status == 0
    for buffer, x, y in zip(program.outputs, found, run(program, arrays), strict=True):
        np.testing.assert_array_equal(x, y, err_msg=repr(buffer))
    return found


def scaled(source, target, factor, n):
    """target = factor · source, entry by entry, in lanes; both may be one buffer."""
    i = Axis(n)
    a, f = Load(source, along(i)), Constant(factor, source.dtype)
    b = Compute("multiply", (a, f), source.dtype)
    return For(i, (a, f, b, Store(target, along(i), b)), "vector")


@pytest.mark.parametrize("n", [1, 3, 40])
@pytest.mark.parametrize("flag", [False, True])
def test_a_branch_runs_one_of_its_bodies(n, flag):
    f, x, y = (
        Buffer("f", "bool", (), "input"),
        Buffer("x", "float64", (n,), "input"),
        Buffer("y", "float64", (n,), "output"),
    )
    program = NestProgram((f, x), (y,), (Branch(f, (scaled(x, y, 2.0, n),), (scaled(x, y, -1.0, n),)),))
    agrees(program, np.array(flag), np.arange(float(n)))


@pytest.mark.parametrize("flag", [False, True])
def test_a_branch_without_else_changes_registers_or_not(flag):
    f, x, y = (
        Buffer("f", "bool", (), "input"),
        Buffer("x", "float32", (), "input"),
        Buffer("y", "float32", (), "output"),
    )
    a, b = Load(x, AT), Load(y, AT)
    c = Compute("add", (a, b), "float32")
    k = Axis(5)
    body = (a, Store(y, AT, a), For(k, (Branch(f, (b, c, Store(y, AT, c)), ()),)))
    (found,) = agrees(NestProgram((f, x), (y,), body), np.array(flag), np.float32(3))
    assert found == (18 if flag else 3)


def collatz(tapes=()):
    """n ← n/2 or 3n + 1 until 1; y counts the steps."""
    x, n, y = Buffer("x", "int64", (), "input"), Buffer("n", "int64", (), "output"), Buffer("y", "int64", (), "output")
    more, odd = Buffer("more", "bool", ()), Buffer("odd", "bool", ())
    one, two, three = (Constant(k, "int64") for k in (1, 2, 3))
    first, now = Load(x, AT), Load(n, AT)
    test = Compute("greater", (now, one), "bool")
    half = Compute(
        "cast",
        (Compute("multiply", (Compute("cast", (now,), "float64"), Constant(0.5, "float64")), "float64"),),
        "int64",
    )
    whole = half.inputs[0]
    twice = Compute("multiply", (half, two), "int64")
    rest = Compute("not_equal", (twice, now), "bool")
    up = Compute("add", (Compute("multiply", (three, now), "int64"), one), "int64")
    count = Load(y, AT)
    more_steps = Compute("add", (count, one), "int64")
    body = (
        one, two, three, now, whole.inputs[0], whole.inputs[1], whole, half, twice, rest, Store(odd, AT, rest),
        Branch(odd, (up.inputs[0], up, Store(n, AT, up)), (Store(n, AT, half),)),
        count, more_steps, Store(y, AT, more_steps),
    )  # fmt: skip
    zero = Constant(0, "int64")
    loop = While((now, one, test, Store(more, AT, test)), more, body, tuple((n, tape) for tape in tapes))
    return NestProgram((x,), (n, y), (first, Store(n, AT, first), zero, Store(y, AT, zero), loop)), n


@pytest.mark.parametrize(("start", "steps"), [(1, 0), (2, 1), (7, 16), (27, 111)])
def test_a_while_loop_with_a_branch_inside(start, steps):
    program, _ = collatz()
    found = agrees(program, np.int64(start))
    assert list(map(int, found)) == [1, steps]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("start", [1, 7, 27])
def test_a_replay_reads_what_a_while_loop_recorded(start, reverse):
    """z ← z/2 + record, in either direction, and a second tape made on the way and read back in order."""
    records, halves = RecordTape("records", "int64", 1), RecordTape("halves", "float64", 1)
    program, _ = collatz([records])
    r, z, k, w = (
        Buffer("r", "int64", ()),
        Buffer("z", "float64", (), "output"),
        Buffer("k", "int64", ()),
        Buffer("w", "float64", (), "output"),
    )
    half, before = Constant(0.5, "float64"), Load(z, AT)
    less = Compute("multiply", (before, half), "float64")
    record, number = Compute("cast", (Load(r, AT),), "float64"), Compute("cast", (Load(k, AT),), "float64")
    both = Compute("add", (record, number), "float64")
    after = Compute("add", (less, both), "float64")
    body = (half, before, less, record.inputs[0], record, number.inputs[0], number, both, after, Store(z, AT, after))
    back = Replay(((records, r),), ((z, halves),), body, reverse, k)
    h = Buffer("h", "float64", ())
    a, b = Load(h, AT), Load(w, AT)
    c = Compute("subtract", (a, b), "float64")
    again = Replay(((halves, h),), (), (a, b, c, Store(w, AT, c)))
    agrees(NestProgram(program.inputs, (*program.outputs, z, w), (*program.body, back, again)), np.int64(start))


@pytest.mark.parametrize("n", [1, 7, 300])
def test_records_of_arrays(n):
    """x ← 2x until its first entry passes a bound; then the records are added up, last first."""
    x, v, s = (
        Buffer("x", "float32", (n,), "input"),
        Buffer("v", "float32", (n,), "output"),
        Buffer("s", "float32", (n,), "output"),
    )
    more, copy, tape = Buffer("more", "bool", ()), Buffer("copy", "float32", (n,)), RecordTape("tape", "float32", n)
    first, bound = Load(v, AT), Constant(1000.0, "float32")
    test = Compute("less", (first, bound), "bool")
    loop = While((first, bound, test, Store(more, AT, test)), more, (scaled(v, v, 2.0, n),), ((v, tape),))
    i = Axis(n)
    a, b = Load(copy, along(i)), Load(s, along(i))
    c = Compute("subtract", (a, b), "float32")
    back = Replay(((tape, copy),), (), (For(i, (a, b, c, Store(s, along(i), c)), "vector"),), reverse=True)
    program = NestProgram((x,), (v, s), (Copy(x, AT, v, AT, n), loop, back))
    agrees(program, np.arange(1, n + 1, dtype="float32"))


def test_a_tape_in_a_loop_is_emptied_each_time():
    records = RecordTape("records", "int64", 1)
    program, _ = collatz([records])
    r, z, step = Buffer("r", "int64", ()), Buffer("z", "int64", (), "output"), Axis(3)
    a, b = Load(r, AT), Load(z, AT)
    c = Compute("add", (a, b), "int64")
    back = Replay(((records, r),), (), (a, b, c, Store(z, AT, c)))
    whole = NestProgram(program.inputs, (*program.outputs, z), (For(step, (*program.body, back)),))
    (_, _, found) = agrees(whole, np.int64(7))
    assert found == 3 * sum([22, 11, 34, 17, 52, 26, 13, 40, 20, 10, 5, 16, 8, 4, 2, 1])


def test_large_steps_are_functions_of_their_own_in_a_loop():
    """A step of several nests: too large for one function, so the loop calls functions of some nests each."""
    n, steps = 40, 6
    x, y = Buffer("x", "float64", (n,), "input"), Buffer("y", "float64", (n,), "output")
    rows = [Buffer(f"t{k}", "float64", (n,)) for k in range(4)]
    chain = [y, *rows, y]
    nests = []
    for source, target in itertools.pairwise(chain):
        i = Axis(n)
        a = Load(source, along(i))
        made = [a]
        for k in range(60):
            c = Constant(float(k % 3 - 1), "float64")
            made += [c, Compute("add" if k % 2 else "subtract", (made[-1], c), "float64")]
        nests.append(For(i, (*made, Store(target, along(i), made[-1])), "vector"))
    program = NestProgram((x,), (y,), (Copy(x, AT, y, AT, n), For(Axis(steps), tuple(nests))))
    text = emit(program, plan(program), host()).text
    assert 1 < text.count("define internal i32 @kernel") < len(nests)
    agrees(program, np.arange(float(n)))


def test_a_place_outside_in_a_called_function_ends_the_loop():
    n, steps = 40, 9
    table, places, y = (
        Buffer("t", "float64", (9,), "input"),
        Buffer("p", "int64", (steps, n), "input"),
        Buffer("y", "float64", (n,), "output"),
    )
    k, i = Axis(steps, "k"), Axis(n)
    place = Load(places, along(k) * n + along(i))
    value = Gather(table, AT, (Lookup(place, 1, 9),))
    made = [value]
    for number in range(400):
        made.append(Compute("negative" if number % 3 else "abs", (made[-1],), "float64"))
    nest = For(i, (place, *made, Store(y, along(i), made[-1])), "vector")
    program = NestProgram((table, places), (y,), (For(k, (nest, scaled(y, y, 2.0, n))),))
    given = np.random.default_rng(0).integers(0, 9, (steps, n))
    agrees(program, np.arange(9.0), given)
    given[7, 39] = 9
    assert native(program, [np.arange(9.0), given])[0] == 1


# interrupts and memory


def counting():
    """y ← y + 1 so many times, as a while loop without a known length, its values on a tape."""
    x, y, more = Buffer("x", "int64", (), "input"), Buffer("y", "int64", (), "output"), Buffer("more", "bool", ())
    now, end, one = Load(y, AT), Load(x, AT), Constant(1, "int64")
    test, following = Compute("less", (now, end), "bool"), Compute("add", (now, one), "int64")
    zero = Constant(0, "int64")
    loop = While(
        (now, end, test, Store(more, AT, test)),
        more,
        (now, one, following, Store(y, AT, following)),
        ((y, RecordTape("t", "int64", 1)),),
    )
    return NestProgram((x,), (y,), (zero, Store(y, AT, zero), loop))


def address(function):
    return ctypes.cast(function, ctypes.c_void_p).value


def test_a_loop_asks_for_interrupts_and_ends_with_status_3():
    asked = []
    poll = ctypes.CFUNCTYPE(ctypes.c_int32)(lambda: asked.append(1) or len(asked) == 5)
    assert native(counting(), [np.int64(10**9)], {"wg_poll": address(poll)})[0] == 3
    assert len(asked) == 5


def test_a_long_loop_of_known_length_asks_too():
    y, k, j = Buffer("y", "float64", (), "output"), Axis(10**5, "k"), Axis(10**4, "j")
    a, half = Load(y, AT), Constant(0.5, "float64")
    b = Compute("multiply", (a, half), "float64")
    c = Compute("add", (b, half), "float64")
    program = NestProgram((), (y,), (For(k, (For(j, (a, half, b, c, Store(y, AT, c))),)),))
    asked = []
    poll = ctypes.CFUNCTYPE(ctypes.c_int32)(lambda: asked.append(1) or len(asked) == 3)
    assert native(program, [], {"wg_poll": address(poll)})[0] == 3
    assert len(asked) == 3


def test_short_loops_ask_nothing():
    y, k = Buffer("y", "float64", (), "output"), Axis(1000, "k")
    a, half = Load(y, AT), Constant(0.5, "float64")
    b = Compute("multiply", (a, half), "float64")
    program = NestProgram((), (y,), (For(k, (a, half, b, Store(y, AT, b))),))
    assert emit(program, plan(program), host()).imports == ()


def test_memory_that_runs_out_gives_status_2():
    libc = ctypes.CDLL(None)
    libc.realloc.restype, libc.realloc.argtypes = ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_size_t)
    signature = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
    sizes = []

    def scarce(memory, size):
        sizes.append(size)
        return libc.realloc(memory, size) if len(sizes) < 4 else None

    function = signature(scarce)
    assert native(counting(), [np.int64(1000)], {"realloc": address(function)})[0] == 2
    assert sizes[0] == 128
    assert all(2 * before <= after for before, after in itertools.pairwise(sizes))
    assert len(sizes) == 4


def test_control_stands_in_no_vector_loop():
    f, y = Buffer("f", "bool", (), "input"), Buffer("y", "float64", (9,), "output")
    i, one = Axis(9), Constant(1.0, "float64")
    program = NestProgram((f,), (y,), (For(i, (Branch(f, (one, Store(y, along(i), one)), ()),), "vector"),))
    with pytest.raises(GraphError, match="cannot hold a Branch"):
        emit(program, plan(program), host())


def test_long_parallel_loops_ask_between_batches():
    n, inside = 4000, 100_000
    y, k, j = Buffer("y", "float64", (n,), "output"), Axis(n, "k"), Axis(inside, "j")
    half, before = Constant(0.5, "float64"), Load(y, along(k))
    once = Compute("add", (before, half), "float64")
    body = (For(j, (half, before, once, Store(y, along(k), once))),)
    program = NestProgram((), (y,), (For(k, body, "parallel"),))
    asked = []
    poll = ctypes.CFUNCTYPE(ctypes.c_int32)(lambda: asked.append(1) or len(asked) == 2)
    status, (found,) = native(program, [], {"wg_poll": address(poll)})
    assert status == 3
    done = np.count_nonzero(found)
    assert 0 < done < n // 2
    assert (found[:done] == 0.5 * inside).all()


@pytest.mark.parametrize("parallel", [False, True])
def test_large_products_ask_between_pieces(parallel):
    program = product(2000, 2000, 2000, "float32", parallel)
    asked = []
    poll = ctypes.CFUNCTYPE(ctypes.c_int32)(lambda: asked.append(1) or len(asked) == 1)
    arrays = [np.ones(shape, "float32") for shape in ((2000, 2000), (2000, 2000), (2000,))]
    status, (found,) = native(program, arrays, {"wg_poll": address(poll)})
    assert status == 3
    assert not found.all()


@pytest.mark.parametrize("threads", [1, 2])
def test_private_memory_is_a_chunk_s_own_wherever_its_loop_stands(threads):
    """A parallel loop inside a serial one that is a function of its own, beside another large nest."""
    n, m = 64, 500
    x, y, z = (
        Buffer("x", "float64", (n, m), "input"),
        Buffer("y", "float64", (n, m), "output"),
        Buffer("z", "float64", (m,), "output"),
    )
    own = Buffer("own", "float64", (m,), "private")
    k, i, j, again = Axis(3, "k"), Axis(n, "i"), Axis(m, "j"), Axis(m, "j2")
    a, two = Load(x, along(i) * m + along(j)), Constant(2.0, "float64")
    b = Compute("multiply", (a, two), "float64")
    c = Load(own, along(again) * -1 + (m - 1))
    inside = (
        For(j, (a, two, b, Store(own, along(j), b)), "vector"),
        For(again, (c, Store(y, along(i) * m + along(again), c, "add")), "vector"),
    )
    far = Axis(m, "f")
    chain = [Load(x, along(far))]
    for _ in range(400):
        chain.append(Compute("negative", (chain[-1],), "float64"))
    body = (For(k, (For(i, inside, "parallel"),)), For(far, (*chain, Store(z, along(far), chain[-1])), "vector"))
    program = NestProgram((x,), (y, z), body)
    text = emit(program, plan(program), host()).text
    assert text.count("define internal i32 @kernel") == 2
    assert f"alloca [{size_in_bytes(own)} x i8]" in text[text.index("@chunk(ptr %context") :].split("\n}")[0]
    given = np.arange(float(n * m)).reshape(n, m)
    before = pool.threads()
    try:
        pool.set_threads(threads)
        for _ in range(20):
            status, (found, _) = native(program, [given])
            assert status == 0
            np.testing.assert_array_equal(found, 6 * given[:, ::-1])
    finally:
        pool.set_threads(before)
