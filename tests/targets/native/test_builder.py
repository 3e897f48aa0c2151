"""The builder's instructions mean what NumPy's functions mean; equal instructions are written once; blocks and scopes hold."""

from __future__ import annotations

import dataclasses
import re
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tests.targets.native.lanes import Kernel, named, straight, text_of
from wengert.targets.native.builder import Builder, Module, Value
from wengert.targets.native.instructions import constant_of, literal
from wengert.targets.native.processor import AVX2, AVX512, X86_64_V2, host

FLOATS = ("float32", "float64")
WIDTHS = (1, 4, 16)
PLAIN = dataclasses.replace(host(), fma=False, scaled_exponent=False)
EDGES = [0.0, -0.0, 1.0, -1.0, 1.5, 2.5, -2.5, 3.7, 1e30, -1e30, 1e-40, np.inf, -np.inf, np.nan, 4503599627370497.0]
BINARY = ("add", "subtract", "multiply", "maximum", "minimum")
COMPARISONS = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")
UNARY = ("negative", "abs", "sign", "floor", "sqrt", "reciprocal")


def pairs(values: Any, dtype: str) -> tuple[Any, Any]:
    """Every pair of the values."""
    with np.errstate(all="ignore"):
        first, second = np.meshgrid(np.array(values).astype(dtype), np.array(values).astype(dtype))
    return first.ravel(), second.ravel()


# arithmetic


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", [*BINARY, "divide", *COMPARISONS])
def test_function_of_two_floats_is_that_of_numpy(name: str, dtype: str, width: int) -> None:
    x, y = pairs(EDGES, dtype)
    with np.errstate(all="ignore"):
        expected = getattr(np, name)(x, y)
    np.testing.assert_array_equal(Kernel(named(name), [dtype, dtype], width)(x, y), expected)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", [*BINARY, *COMPARISONS])
def test_function_of_two_integers_is_that_of_numpy_and_wraps_around(name: str, width: int) -> None:
    x, y = pairs([0, 1, -1, 2, -7, 2**40, -(2**40) - 3, 2**63 - 1, -(2**63)], "int64")
    with np.errstate(over="ignore"):
        expected = getattr(np, name)(x, y)
    np.testing.assert_array_equal(Kernel(named(name), ["int64", "int64"], width)(x, y), expected)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", [*COMPARISONS, "logical_and", "logical_or", "maximum", "minimum", "add", "multiply"])
def test_function_of_two_truth_values_is_that_of_numpy(name: str, width: int) -> None:
    x, y = np.array([False, False, True, True]), np.array([False, True, False, True])
    np.testing.assert_array_equal(Kernel(named(name), ["bool", "bool"], width)(x, y), getattr(np, name)(x, y))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", [*UNARY, "round"])
def test_function_of_a_float_is_that_of_numpy(name: str, dtype: str) -> None:
    with np.errstate(all="ignore"):
        x = np.array([*EDGES, 0.5, -0.5, 3.5]).astype(dtype)
        expected = getattr(np, name)(x)
    found = Kernel(named(name), [dtype], 4)(x)
    np.testing.assert_array_equal(found, expected)
    known = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(found)[known], np.signbit(expected)[known])


@pytest.mark.parametrize("name", ["negative", "abs", "sign"])
def test_function_of_an_integer_is_that_of_numpy(name: str) -> None:
    x = np.array([0, 1, -1, 5, -7, 2**63 - 1, -(2**63)])
    np.testing.assert_array_equal(Kernel(named(name), ["int64"], 4)(x), getattr(np, name)(x))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("constant", [0.0, 1.0, np.nan, -np.inf])
def test_extremes_against_a_constant_propagate_nan(constant: float, dtype: str) -> None:
    x = np.array([-1, 0, 2, np.nan, np.inf, -np.inf], dtype)
    for name in ("maximum", "minimum"):
        expected = getattr(np, name)(x, np.full_like(x, constant))
        right = Kernel(lambda b, x, name=name: getattr(b, name)(x, b.like(constant, x)), [dtype], 2)
        left = Kernel(lambda b, x, name=name: getattr(b, name)(b.like(constant, x), x), [dtype], 2)
        np.testing.assert_array_equal(right(x), expected)
        np.testing.assert_array_equal(left(x), expected)


def test_where_chooses_entry_by_entry() -> None:
    x, y = np.arange(8.0), -np.arange(8.0)
    kernel = Kernel(lambda b, x, y: b.where(b.greater(x, b.like(3, x)), x, y), ["float64"] * 2, 4)
    np.testing.assert_array_equal(kernel(x, y), np.where(x > 3, x, y))


# casts and constants


@pytest.mark.parametrize("source", ["bool", "int64", *FLOATS])
@pytest.mark.parametrize("target", ["bool", "int64", *FLOATS])
def test_cast_is_that_of_numpy(source: str, target: str) -> None:
    x = np.array([0, 1, -3, 2.75, -2.75, 1e6, 7, -1]).astype(source)
    for machine in (host(), PLAIN):
        np.testing.assert_array_equal(Kernel(named("cast", dtype=target), [source], 4, machine)(x), x.astype(target))


@pytest.mark.parametrize("dtype", FLOATS)
def test_float_outside_the_integers_becomes_the_smallest(dtype: str) -> None:
    x = np.array([np.nan, np.inf, -np.inf, 1e30, -1e30, 2.0**63, -(2.0**63)], dtype)
    assert (Kernel(named("cast", dtype="int64"), [dtype], 2)(x) == -(2**63)).all()


def test_literal_is_the_number_rounded_to_its_dtype() -> None:
    assert literal(1, "float64") == "0x3FF0000000000000"
    assert literal(0.1, "float32") == literal(float(np.float32(0.1)), "float64")
    assert literal(1e300, "float32") == literal(np.inf, "float64")
    assert (literal(-3, "int64"), literal(True, "bool"), literal(Fraction(1, 2), "float64")) == (
        "-3",
        "true",
        "0x3FE0000000000000",
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_iota_counts_the_lanes(width: int) -> None:
    out = np.full(width, -1)
    straight(lambda b: b.store(b.add(b.iota("int64"), b.constant(5, "int64")), "%p0"), width, out)
    np.testing.assert_array_equal(out, np.arange(width) + 5)


def test_scalar_builder_writes_the_same_lines_and_splat_fills_the_lanes() -> None:
    out = np.zeros(4)

    def write(b: Builder) -> None:
        scalar = b.scalar
        x = scalar.load("%p1", "float64")
        assert scalar.lines is b.lines
        assert b.splat(scalar.constant(2, "float64")).is_constant
        b.store(b.multiply(b.splat(x), b.splat(scalar.constant(2, "float64"))), "%p0")

    straight(write, 4, out, np.array([3.0]))
    np.testing.assert_array_equal(out, [6.0] * 4)


# rounding errors


@pytest.mark.parametrize("target", [host(), PLAIN], ids=["fused", "plain"])
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("name", "exact"), [("two_sum", lambda x, y: x + y), ("two_product", lambda x, y: x * y)])
def test_error_of_a_rounding_is_exact(name: str, exact: Any, dtype: str, target: Any) -> None:
    rng = np.random.default_rng(3)
    x, y = (rng.normal(size=200).astype(dtype) * rng.choice([1e-6, 1, 1e6], 200).astype(dtype) for _ in range(2))
    high = Kernel(lambda b, x, y: getattr(b, name)(x, y)[0], [dtype] * 2, 4, target)(x, y)
    low = Kernel(lambda b, x, y: getattr(b, name)(x, y)[1], [dtype] * 2, 4, target)(x, y)
    for parts in zip(x, y, high, low, strict=True):
        a, c, h, l = (Fraction(float(part)) for part in parts)
        assert h + l == exact(a, c)


def test_fma_without_the_instruction_is_a_product_and_a_sum() -> None:
    assert "llvm.fma" in text_of(named("fma"), ["float64"] * 3, 2, AVX512)
    assert "llvm.fma" not in text_of(named("fma"), ["float64"] * 3, 2, X86_64_V2)


def test_scaled_exponent_is_used_where_it_is_one_instruction() -> None:
    assert "llvm.ldexp" in text_of(named("exp"), ["float32"], 16, AVX512)
    assert "llvm.ldexp" not in text_of(named("exp"), ["float32"], 16, AVX2)


# reductions over the lanes


@pytest.mark.parametrize("dtype", [*FLOATS, "int64"])
@pytest.mark.parametrize("width", [1, 2, 8, 32])
def test_a_sum_of_lanes_adds_halves_to_halves(dtype: str, width: int) -> None:
    x = np.random.default_rng(1).normal(size=width) * 100
    x, out = x.astype(dtype), np.zeros(1, dtype)

    def write(b: Builder) -> None:
        b.scalar.store(b.reduce_add(b.load("%p1", dtype)), "%p0")

    straight(write, width, out, x)
    total = x
    while len(total) > 1:
        half = len(total) // 2
        total = total[:half] + total[half:]
    np.testing.assert_array_equal(out, total)


# memory


@pytest.mark.parametrize("dtype", ["bool", "int64", *FLOATS])
@pytest.mark.parametrize("width", [1, 8])
@pytest.mark.parametrize("count", [0, 1, 5, 8])
def test_masked_lanes_are_not_touched(dtype: str, width: int, count: int) -> None:
    x = np.arange(1, 9).astype(dtype)
    out = np.zeros(8, dtype)
    out[:] = 1
    expected = out.copy()
    expected[: min(count, width)] = x[: min(count, width)]

    def write(b: Builder) -> None:
        mask = b.first_lanes(str(count))
        b.masked_store(b.masked_load("%p1", dtype, mask), "%p0", mask)

    straight(write, width, out, x)
    np.testing.assert_array_equal(out, expected)


def test_masked_load_gives_zero_and_reads_nothing_elsewhere() -> None:
    out = np.full(4, 7.0)
    straight(lambda b: b.store(b.masked_load("null", "float64", b.constant(False, "bool")), "%p0"), 4, out)
    np.testing.assert_array_equal(out, np.zeros(4))


@pytest.mark.parametrize("dtype", ["bool", "int64", *FLOATS])
@pytest.mark.parametrize("width", [1, 4])
def test_gather_and_scatter_go_to_their_offsets(dtype: str, width: int) -> None:
    x = np.array([1, 0, 1, 1, 0, 0, 1, 0]).astype(dtype) if dtype == "bool" else np.arange(10, 18).astype(dtype)
    offsets = np.array([6, 3, 1, 0])
    out = np.zeros(8, dtype)

    def write(b: Builder) -> None:
        places = b.load("%p2", "int64")
        b.scatter(b.gather("%p1", dtype, places), "%p0", b.subtract(b.constant(7, "int64"), places))

    straight(write, width, out, x, offsets)
    expected = np.zeros(8, dtype)
    expected[7 - offsets[:width]] = x[offsets[:width]]
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("width", [1, 4])
def test_masked_offsets_are_not_followed(width: int) -> None:
    x, out = np.arange(4.0) + 1, np.zeros(4)
    offsets = np.array([2**40, 1, 2**40, 3])

    def write(b: Builder) -> None:
        places = b.load("%p2", "int64")
        mask = b.less(places, b.constant(4, "int64"))
        b.scatter(b.gather("%p1", "float64", places, mask), "%p0", places, mask)

    straight(write, width, out, x, offsets)
    expected = np.zeros(4)
    expected[[1, 3] if width == 4 else []] = [2.0, 4.0] if width == 4 else []
    np.testing.assert_array_equal(out, expected)


# writing once, scopes and blocks


def builder(width: int = 4) -> tuple[Builder, Value]:
    return Builder(Module(AVX512), width), Value("%x", "float64", width)


def test_equal_instructions_are_written_once() -> None:
    b, x = builder()
    assert b.add(x, x) == b.add(x, x)
    b.exp(x)
    length = len(b.lines)
    b.exp(x)
    assert len(b.lines) == length


def test_sine_and_cosine_share_one_reduction() -> None:
    b, x = builder()
    b.sin(x)
    branches = sum(" br " in line for line in b.lines)
    b.cos(x)
    assert sum(" br " in line for line in b.lines) == branches


def test_values_of_a_scope_are_not_reused_after_it() -> None:
    b, x = builder()
    before = b.add(x, x)
    with b.scope():
        inside = b.multiply(x, x)
        assert b.add(x, x) == before
        assert b.multiply(x, x) == inside
    assert b.multiply(x, x) != inside
    assert b.add(x, x) == before


def test_block_is_the_one_that_a_phi_must_name() -> None:
    b, x = builder()
    assert b.block == "entry"
    b.sin(x)
    assert b.block != "entry"
    assert f"{b.block}:" in b.lines


def test_a_loop_around_a_sine_is_well_formed() -> None:
    x, out = np.array([0.5, 1e30, 2.0, 3.0]), np.zeros(1)

    def write(b: Builder) -> None:
        before = b.block
        b.jump("loop")
        b.start_block("loop")
        mark = len(b.lines)
        with b.scope():
            s = b.sin(b.load(b.element("%p1", "float64", "%k"), "float64"))
            total = b.add(Value("%total", "float64", 1), s)
            b.emit("%next = add i64 %k, 1")
            b.emit("%more = icmp ult i64 %next, 4")
            last = b.block
            b.emit("br i1 %more, label %loop, label %after")
        b.lines.insert(mark, f"  %total = phi double [ 0.0, %{before} ], [ {total.name}, %{last} ]")
        b.lines.insert(mark, f"  %k = phi i64 [ 0, %{before} ], [ %next, %{last} ]")
        b.start_block("after")
        b.store(total, "%p0")

    straight(write, 1, out, x)
    np.testing.assert_allclose(out[0], np.sin(x.astype(np.longdouble)).sum(), rtol=1e-15)


@pytest.mark.parametrize("width", [1, 4, 32])
def test_any_is_whether_a_lane_holds(width: int) -> None:
    for place in (None, 0, width - 1):
        x, out = np.zeros(width, bool), np.zeros(1, bool)
        if place is not None:
            x[place] = True
        straight(lambda b: b.scalar.store(b.any(b.load("%p1", "bool")), "%p0"), width, out, x)
        assert out[0] == x.any()


def test_outlined_function_stands_in_the_module_once() -> None:
    module = Module(AVX512)
    b = Builder(module, 16, outline=True)
    x, y = Value("%x", "float32", 16), Value("%y", "float32", 16)
    b.exp(x), b.exp(y), b.with_width(1).exp(Value("%s", "float32", 1))
    assert module.text().count("define internal <16 x float> @wg_exp") == 1
    assert module.text().count("define internal float @wg_exp") == 1
    assert sum("call <16 x float> @wg_exp" in line for line in b.lines) == 2


def test_a_call_becomes_one_of_both_only_for_the_same_argument_where_it_was_made_before() -> None:
    b = Builder(Module(AVX512, shares=True), 16, outline=True)
    x, y = Value("%x", "float32", 16), Value("%y", "float32", 16)
    b.tanh(x), b.sech2(y)
    assert not any("wg_tanh_sech2" in line for line in b.lines)
    with b.scope():
        b.tanh(y)
    assert sum("@wg_tanh_sech2" in line for line in b.lines) == 1
    with b.scope():
        inside = b.sech2(x)
    assert inside.name in "".join(line for line in b.lines if "extractvalue" in line)
    assert sum("@wg_tanh_sech2" in line for line in b.lines) == 2
    assert b.sech2(x).name != inside.name  # not reused after its scope


def test_a_function_is_written_once_beside_its_pair() -> None:
    b = Builder(Module(AVX512, shares=True), 16, outline=True)
    x = Value("%x", "float32", 16)
    values = [b.tanh(x), b.sech2(x), b.tanh(x), b.sech2(x)]
    assert values[:2] == values[2:]
    assert values[0] != values[1]
    assert sum("call" in line for line in b.lines) == 1


# modules


def test_what_no_call_names_any_more_is_not_declared() -> None:
    module = Module(AVX512, shares=True)
    b = Builder(module, 16, outline=True)
    x, y = Value("%x", "float32", 16), Value("%y", "float32", 16)
    b.tanh(x), b.sech2(x), b.exp(x)
    module.define("f", "define void @f(<16 x float> %x) {\n" + "\n".join(b.lines) + "\n  ret void\n}")
    assert re.findall(r"declare .*@(\w+)\(", module.text()) == ["wg_tanh_sech2_float32_16", "wg_exp_float32_16"]
    other = Builder(module, 16, outline=True)
    other.tanh(y)
    module.define("g", "define void @g(<16 x float> %y) {\n" + "\n".join(other.lines) + "\n  ret void\n}")
    assert "@wg_tanh_float32_16(<16 x float>)" in module.text()


def test_declarations_and_arrays_stand_in_a_module_once() -> None:
    module = Module(AVX512)
    for _ in range(2):
        assert module.declare("declare double @llvm.sqrt.f64(double)") == "@llvm.sqrt.f64"
    assert module.array("i64", ["1", "2"]) == module.array("i64", ["1", "2"]) != module.array("i64", ["1", "3"])
    assert module.text().count("@llvm.sqrt.f64") == 1
    assert module.text().count("[2 x i64] [") == 2


def test_unique_names_differ() -> None:
    module = Module(AVX512)
    module.define("kernel", "define void @kernel() { ret void }")
    names = [module.unique(prefix) for prefix in ("kernel", "kernel", "other", "other")]
    assert len({"kernel", *names}) == 5
    assert names[2] == "other"


def test_constant_of_has_the_width() -> None:
    assert constant_of(1, "int64", 1) == Value("1", "int64", 1)
    assert constant_of(1, "int64", 8) == Value("splat (i64 1)", "int64", 8)
