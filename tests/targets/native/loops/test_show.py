"""Programs of nests as text."""

from __future__ import annotations

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
from wengert.targets.native.loops.show import show

AT = Affine()


def test_a_nest_with_an_accumulator():
    x, y, i, total = (
        Buffer("x", "float32", (100,), "input"),
        Buffer("y", "float32", (), "output"),
        Axis(100),
        Accumulator("add", "float32"),
    )
    a, two = Load(x, along(i)), Constant(2.0, "float32")
    b = Compute("multiply", (a, two), "float32")
    c, end = Compute("tanh", (b,), "float32"), Total(total)
    loop = For(i, (a, two, b, c, Accumulate(total, c)), "vector")
    assert (
        show(NestProgram((x,), (y,), (total, loop, end, Store(y, AT, end)), ("", "Σ tanh 2x")))
        == """\
in   x: float32[100]
out  y: float32[]
total: float32 by add

# Σ tanh 2x
for vector i < 100:
    v1 = x[i]
    v2 = 2.0 float32
    v3 = v1 · v2
    v4 = tanh(v3)
    total += v4
v5 = total
y[0] = v5
"""
    )


def test_indices_guards_lookups_and_clips():
    x, p, y = (
        Buffer("x", "float64", (4, 9), "input"),
        Buffer("p", "int64", (9,), "input"),
        Buffer("x", "float64", (9,), "output"),
    )
    outer = Axis(3, "o")
    inner = Axis(4, "i", (outer, 9))
    at = along(outer) * 4 + along(inner)
    place, held = Load(p, at), Inside((Range(at + -1, 0, 8),))
    a = Gather(x, at * -1 + 8, (Lookup(place, 9, 4),), (Range(along(inner), 1, 4),))
    number = Position(at, "float64")
    b = Compute("where", (held, a, number), "float64")
    c = Compute("integer_power", (b,), "float64", exponent=3)
    body = (place, held, a, number, b, c, Store(y, AT, c, "add", (Lookup(place, 1, 9),)))
    assert (
        show(NestProgram((x, p), (y,), (For(outer, (For(inner, body, start=1, reverse=True),), "parallel"),)))
        == """\
in   x: float64[4×9]
in   p: int64[9]
out  x.1: float64[9]
for parallel o < 3:
    for 1 ≤ i < min(4, 9 − 4·o) reversed:
        v1 = p[4·o + i]
        v2 = 0 ≤ 4·o + i − 1 < 8
        v3 = x[−4·o − i + 8 + 9·v1<4] where 1 ≤ i < 4
        v4 = float64(4·o + i)
        v5 = where(v2, v3, v4)
        v6 = integer_power(v5, 3)
        x.1[v1<9] += v6
"""
    )


def test_products_copies_and_fills():
    x, w, y, z = (
        Buffer(name, "float64", (4, 4), kind)
        for name, kind in (("x", "input"), ("w", "input"), ("y", "output"), ("z", "output"))
    )
    i, j, k, p = Axis(4, "i"), Axis(4, "j"), Axis(4, "k"), MatrixProduct("float64")
    body = (Store(y, along(i) * 4 + along(j), p),)
    contract = Contract(i, j, k, (x, along(i) * 4 + along(k)), (w, along(j) * 4 + along(k)), p, body, parallel=True)
    assert show(
        NestProgram((x, w), (y, z), (contract, Copy(y, AT, z, Affine((), 4), 8), Fill(z, AT, 4, 1.0)))
    ).splitlines()[4:] == [
        "for parallel i < 4, j < 4: v1 = Σ k < 4 x[4·i + k] · w[4·j + k]",
        "    y[4·i + j] = v1",
        "z[4, …] = y[0, …], 8 entries",
        "z[0, …] = 1.0, 4 entries",
    ]


def test_control():
    f, v, r, k, tape = (
        Buffer("f", "bool", (), "input"),
        Buffer("v", "float64", (), "output"),
        Buffer("r", "float64", ()),
        Buffer("k", "int64", ()),
        RecordTape("t", "float64", 1),
    )
    a = Load(v, AT)
    loop = While((a,), f, (Branch(f, (a,), ()), Branch(f, (), (a,))), ((v, tape),))
    back = Replay(((tape, r),), ((v, tape),), (a,), True, k)
    assert show(NestProgram((f,), (v,), (loop, back))).splitlines()[2:] == [
        "test:",
        "    v1 = v[0]",
        "while f, v to t:",
        "    if f:",
        "        v1 = v[0]",
        "    if f:",
        "    else:",
        "        v1 = v[0]",
        "replay backwards r from t, v to t, number in k:",
        "    v1 = v[0]",
    ]
