"""The functions that programs share: named by what they are, the same numbers as the code in place, for every target."""

import ctypes
import re

import numpy as np
import pytest

from tests.targets.native.lanes import Kernel, named
from tests.targets.native.math_functions import FUNCTIONS
from wengert.core.ir.graph import Graph, apply, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ops.control import results
from wengert.core.passes import pipeline
from wengert.targets.native import jit, library, runtime
from wengert.targets.native.build import Build
from wengert.targets.native.builder import PAIRS, Builder
from wengert.targets.native.jit import emit_object
from wengert.targets.native.microkernel import Tile, tile_kernel
from wengert.targets.native.module import PLAIN, QUICK, Module
from wengert.targets.native.processor import AARCH64, AVX2, AVX512, X86_64_V2, Processor, host
from wengert.targets.native.values import Value, type_of

TARGETS = {"AVX-512": AVX512, "AVX2": AVX2, "SSE4": X86_64_V2, "AArch64": AARCH64}
FLOATS = ("float32", "float64")


def called(write: str, dtype: str, width: int, operands: int) -> tuple[str, str]:
    """(a module that calls the function once on arrays, the name that it imports)."""
    module = Module(host(), shares=True)
    b = Builder(module, width, outline=True)
    result = getattr(b, write)(*(b.load(f"%p{k}", dtype) for k in range(operands)))
    b.store(result, "%out")
    pointers = ", ".join(f"ptr %p{k}" for k in range(operands))
    lines = "\n".join(b.lines)
    module.define("run", f"define void @run({pointers}, ptr %out) #0 {{\nentry:\n{lines}\n  ret void\n}}")
    found = [name for name in re.findall(r"^declare .*@(\w+)\(", module.text(), re.MULTILINE) if library.provides(name)]
    assert len(found) == 1, found
    return module.text(), found[0]


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_shared_function_is_the_one_in_place(name: str, dtype: str) -> None:
    width = 8
    points = FUNCTIONS[name].points(dtype, 50)
    text, imported = called(name, dtype, width, len(points))
    assert imported == f"wg_{name}_{dtype}_{width}"
    code = jit.load(text, ["run"], runtime.imports_of(text), host(), cache=False)
    run = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (len(points) + 1))(code.address("run"))
    expected = Kernel(named(name), [dtype] * len(points), width)(*points)
    for start in range(0, len(points[0]) - width, width):
        given = [np.ascontiguousarray(x[start : start + width], dtype) for x in points]
        out = np.empty(width, dtype)
        run(*(x.ctypes.data for x in given), out.ctypes.data)
        np.testing.assert_array_equal(out, expected[start : start + width])


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("name", ["tan", "power", "integer_power_m3", "reduce_large"])
@pytest.mark.parametrize("dtype", FLOATS)
def test_function_is_the_only_export_and_is_made_for_every_target(target: Processor, name: str, dtype: str) -> None:
    for width in (1, 2 * target.lanes(dtype)):
        symbol = f"wg_{name}_{dtype}_{width}"
        text = library.text(symbol, target)
        assert re.findall(r"^define (?!internal)[^@]*@(\w+)\(", text, re.MULTILINE) == [symbol]
        assert emit_object(text, target)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_name_says_how_many_operands_the_function_takes(name: str) -> None:
    text = library.text(f"wg_{name}_float64_4", host())
    head = next(line for line in text.splitlines() if line.startswith(f"define {type_of('float64', 4)}"))
    assert head.count("%x") == len(FUNCTIONS[name].points("float64", 1))


# pairs


def calls_of_both(first: str, second: str, dtype: str, width: int) -> Module:
    """A module whose function stores two functions of one vector."""
    module = Module(host(), shares=True)
    b = Builder(module, width, outline=True)
    x = b.load("%p", dtype)
    b.store(getattr(b, first)(x), "%first")
    b.store(getattr(b, second)(x), "%second")
    lines = "\n".join(b.lines)
    module.define("run", f"define void @run(ptr %p, ptr %first, ptr %second) #0 {{\nentry:\n{lines}\n  ret void\n}}")
    return module


@pytest.mark.parametrize("slope_first", [False, True])
@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("width", [1, 2, 16, 64])
def test_a_function_and_its_slope_are_one_call_with_the_numbers_of_both(
    pair: str, dtype: str, width: int, slope_first: bool
) -> None:
    names = [rule.__name__ for rule in PAIRS[pair]]
    order = names[::-1] if slope_first else names
    text = calls_of_both(*order, dtype, width).text()
    assert [name for name in runtime.imports_of(text) if library.provides(name)] == [f"wg_{pair}_{dtype}_{width}"]
    code = jit.load(text, ["run"], runtime.imports_of(text), host(), cache=False)
    run = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3)(code.address("run"))
    x = np.random.default_rng(0).normal(0, 3, 64).astype(dtype)
    x[:4] = 0.0, -0.0, np.inf, np.nan
    expected = [Kernel(named(name), [dtype], width)(x) for name in order]
    for start in range(0, 64, width):
        given = np.ascontiguousarray(x[start : start + width])
        found = [np.empty(width, dtype) for _ in order]
        run(given.ctypes.data, *(out.ctypes.data for out in found))
        for out, values in zip(found, expected, strict=True):
            np.testing.assert_array_equal(out, values[start : start + width])


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_a_pair_is_made_for_every_target(target: Processor, pair: str, dtype: str) -> None:
    for width in (1, 2 * target.lanes(dtype)):
        symbol = f"wg_{pair}_{dtype}_{width}"
        assert library.provides(symbol)
        text = library.text(symbol, target)
        assert re.findall(r"^define (?!internal)[^@]*@(\w+)\(", text, re.MULTILINE) == [symbol]
        assert emit_object(text, target)


def test_the_parts_of_a_pair_share_their_exponential_and_their_division() -> None:
    for name, (function, slope) in PAIRS.items():
        alone = [library.text(f"wg_{rule.__name__}_float64_8", host()) for rule in (function, slope)]
        both = library.text(f"wg_{name}_float64_8", host())
        assert both.count(" fdiv ") == alone[0].count(" fdiv ")
        assert both.count(" = ") < 0.8 * sum(text.count(" = ") for text in alone), name


@pytest.mark.parametrize("length", [40, 10**6])
@pytest.mark.parametrize("dtype", FLOATS)
def test_a_value_and_a_gradient_call_no_function_twice(length: int, dtype: str) -> None:
    x = input_node("x", ArrayType((length,), dtype))
    y = apply("sum", apply("tanh", x), axes=(0,))
    graph = pipeline.run(Graph((x,), (y, apply("sech2", x))))
    text = Build(graph).emitted.text
    called = [name for name in runtime.imports_of(text) if library.provides(name)]
    assert all(name.startswith("wg_tanh_sech2_") for name in called)
    assert bool(called) == (length == 40)


def test_function_is_compiled_once() -> None:
    assert library.address("wg_sinh_float32_4") == library.address("wg_sinh_float32_4")


@pytest.mark.parametrize(
    "name", ["wg_parallel_for", "wg_poll", "wg_nothing_float32_4", "tanh", "wg_tanh", "wg_kernel_f32_3x3"]
)
def test_other_symbols_are_not_of_the_library(name: str) -> None:
    assert not library.provides(name)


def test_kernel_of_a_matrix_product_is_shared_where_the_module_shares() -> None:
    tile = Tile("float32", 3, 1, 4)
    alone, sharing = Module(host()), Module(host(), shares=True)
    assert tile_kernel(alone, tile) == tile_kernel(sharing, tile) == f"@{tile.name}"
    assert alone.defined(tile.name)
    assert not sharing.defined(tile.name)
    assert library.provides(tile.name)
    for target in TARGETS.values():
        text = library.text(tile.name, target)
        assert re.findall(r"^define (?!internal)[^@]*@(\w+)\(", text, re.MULTILINE) == [tile.name]
        assert emit_object(text, target)


def test_module_that_shares_nothing_holds_its_functions() -> None:
    module = Module(host())
    b = Builder(module, 4, outline=True)
    b.tanh(Value("%x", "float32", 4))
    assert module.defined("wg_tanh_float32_4")


def program_of(entries: int) -> str:
    x = input_node("x", ArrayType((entries,), "float32"))
    return Build(pipeline.run(Graph((x,), (apply("tanh", x),)))).emitted.text


def test_functions_that_run_often_are_written_in_place_and_others_are_called() -> None:
    imported = [name for name in runtime.imports_of(program_of(1024)) if library.provides(name)]
    assert len(imported) == 1
    assert imported[0].startswith("wg_tanh_float32_")
    assert not [name for name in runtime.imports_of(program_of(10**6)) if library.provides(name)]


def test_function_in_a_long_loop_runs_often() -> None:
    x = input_node("x", ArrayType((64,), "float32"))
    body = Graph((x,), (apply("tanh", x),))
    loop = apply("scan", x, body=body, carries=1, xs=0, length=10**5, reverse=False, first=None)
    text = Build(pipeline.run(Graph((x,), tuple(results(loop))))).emitted.text
    assert not [name for name in runtime.imports_of(text) if library.provides(name)]


def test_program_that_only_starts_threads_is_itself_compiled_quickly() -> None:
    head = next(line for line in program_of(10**6).splitlines() if line.startswith("define i32 @program"))
    assert head.endswith(f"{QUICK} {{")
    head = next(line for line in program_of(64).splitlines() if line.startswith("define i32 @program"))
    assert head.endswith(f"{PLAIN} {{")
