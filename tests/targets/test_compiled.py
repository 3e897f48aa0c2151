"""Native callables of graphs: every layout and kind of argument, sizes, errors, threads, forks, and what is left behind."""

from __future__ import annotations

import gc
import multiprocessing
import os
import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert.core.autodiff  # noqa: F401
from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.types import ArrayType, Dim
from wengert.core.ops.functions import matmul
from wengert.errors import GraphError, ShapeError, WengertError
from wengert.targets import compiled, interpreter
from wengert.targets.native import cache

SHAPE = (6, 8)


def node(name: str, *shape: Any, dtype: str = "float64") -> Node:
    return input_node(name, ArrayType(shape, dtype))


def two_matrices() -> Graph:
    """Elementwise, a product, a total."""
    x, y = node("x", *SHAPE), node("y", *SHAPE)
    product = apply("einsum", x, y, inputs=((0, 1), (2, 1)), output=(0, 2))
    return Graph((x, y), (apply("tanh", x) * y, product, apply("sum", x, axes=(0, 1))))


def numbers(seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=SHAPE)


def assert_as_interpreted(f: Any, graph: Graph, /, **arrays: Any) -> tuple[Any, ...]:
    """The native results are the interpreter's, the first time and later, and the arguments stay as they are."""
    kept = {name: np.array(value) for name, value in arrays.items()}
    wanted = interpreter.compile(graph)(**arrays)
    for _ in range(2):
        found = f(**arrays)
        for a, b in zip(found, wanted, strict=True):
            assert type(a) is type(b)
            assert a.dtype == b.dtype
            np.testing.assert_allclose(a, b, rtol=1e-5 if a.dtype == "float32" else 1e-12, atol=1e-12)
    for name, value in arrays.items():
        np.testing.assert_array_equal(value, kept[name])
    return found


# layouts


def strided(x: Any) -> Any:
    wide = np.full((2 * SHAPE[0], 3 * SHAPE[1]), 7.0)
    wide[::2, 1::3] = x
    return wide[::2, 1::3]


def read_only(x: Any) -> Any:
    x = x.copy()
    x.flags.writeable = False
    return x


def unaligned(x: Any) -> Any:
    memory = np.zeros(x.nbytes + 1, np.uint8)
    moved = memory[1:].view(x.dtype).reshape(x.shape)
    moved[...] = x
    return moved


class Subclass(np.ndarray):
    """An array of a class of its own."""


LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "C": lambda x: x.copy(),
    "Fortran": np.asfortranarray,
    "negative strides": lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
    "every other row and third column": strided,
    "transposed": lambda x: x.T.copy().T,
    "repeated rows": lambda x: np.broadcast_to(x[:1], SHAPE),
    "read-only": read_only,
    "unaligned": unaligned,
    "swapped bytes": lambda x: x.astype(">f8"),
    "float32": lambda x: x.astype(np.float32),
    "float16": lambda x: x.astype(np.float16),
    "whole numbers": lambda x: np.floor(x * 10).astype(np.int32),
    "truths": lambda x: x > 0,
    "lists": lambda x: x.tolist(),
    "a subclass": lambda x: x.view(Subclass),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("other", ["C", "Fortran"])
def test_every_layout_gives_the_interpreters_results(layout, other):
    graph = two_matrices()
    f = compiled.compile(graph, cache=False)
    assert_as_interpreted(f, graph, x=LAYOUTS[layout](numbers(0)), y=LAYOUTS[other](numbers(1)))
    assert_as_interpreted(f, graph, x=LAYOUTS[other](numbers(0)), y=LAYOUTS[layout](numbers(1)))


def test_a_memmap_is_read(tmp_path):
    graph = two_matrices()
    x = np.memmap(tmp_path / "x", dtype=np.float64, mode="w+", shape=SHAPE)
    x[:] = numbers()
    assert_as_interpreted(compiled.compile(graph, cache=False), graph, x=x, y=numbers(1))
    x.flush()
    again = np.memmap(tmp_path / "x", dtype=np.float64, mode="r", shape=SHAPE)
    assert_as_interpreted(compiled.compile(graph, cache=False), graph, x=again, y=numbers(1))


def test_the_same_array_twice():
    graph = two_matrices()
    x = numbers()
    assert_as_interpreted(compiled.compile(graph, cache=False), graph, x=x, y=x)
    square = node("a", 8, 8), node("b", 8, 8)
    y = apply("einsum", *square, inputs=((0, 1), (1, 2)), output=(0, 2))
    whole = np.random.default_rng(0).normal(size=(8, 8))
    graph = Graph(square, (y, square[0] - square[1]))
    assert_as_interpreted(compiled.compile(graph, cache=False), graph, a=whole, b=whole)
    assert_as_interpreted(compiled.compile(graph, cache=False), graph, a=whole, b=whole.T)


def test_parts_of_one_array():
    graph = two_matrices()
    whole = np.random.default_rng(0).normal(size=(9, 8))
    assert_as_interpreted(compiled.compile(graph, cache=False), graph, x=whole[:6], y=whole[3:])


@pytest.mark.parametrize(
    "value", [2.5, 3, True, np.float64(2.5), np.float32(2.5), np.int64(3), np.array(2.5), np.array(3)]
)
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64"])
def test_numbers_for_an_input_without_axes(value, dtype):
    s, x = node("s", dtype=dtype), node("x", 5, dtype=dtype)
    graph = Graph((s, x), (s * s, x + apply("broadcast", s, shape=(5,), axes=())))
    f = compiled.compile(graph, cache=False)
    arrays = {"s": value, "x": np.arange(5).astype(dtype)}
    if dtype == "int64" and np.asarray(value).dtype.kind == "f":
        with pytest.raises(ShapeError, match="which is not int64"):
            f(**arrays)
    else:
        assert_as_interpreted(f, graph, **arrays)


def test_results_without_axes_are_numpy_scalars():
    x = node("x", 3)
    total = apply("sum", x, axes=(0,))
    graph = Graph((x,), (total, apply("less", total, constant(0, total.type)), apply("cast", total, dtype="int64")))
    found = assert_as_interpreted(compiled.compile(graph, cache=False), graph, x=np.arange(3.0))
    assert [type(y) for y in found] == [np.float64, np.bool_, np.int64]


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (0, 0), (2, 0, 3)])
def test_arrays_without_entries(shape):
    x = node("x", *shape)
    sums = [apply("sum", x, axes=(k,)) for k in range(len(shape))]
    graph = Graph((x,), (apply("sin", x), *sums, apply("prod", x, axes=tuple(range(len(shape))))))
    f = compiled.compile(graph, cache=False)
    for array in (np.zeros(shape), np.zeros(shape, np.float32), np.zeros(shape).tolist()):
        if np.shape(array) == shape:
            assert_as_interpreted(f, graph, x=array)


def test_complex_values_go_through_the_interpreter():
    x = node("x", 3)
    (y,) = compiled.compile(Graph((x,), (apply("sin", x),)), cache=False)(x=np.array([0, 1j, 1 + 1e-30j]))
    np.testing.assert_allclose(y, np.sin([0, 1j, 1 + 1e-30j]))


def test_results_are_new_arrays():
    x = node("x", 4)
    graph = Graph((x,), (x, x, constant(np.arange(4.0), x.type), apply("flip", x, axes=(0,))))
    given = np.arange(4.0)
    f = compiled.compile(graph, cache=False)
    first, second = f(x=given), f(x=given)
    for y in (*first, *second):
        assert y.flags.owndata
        assert y.flags.writeable
        assert not np.shares_memory(y, given)
    first[2][:] = 9
    assert f(x=given)[2].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("name", ["self", "args", "values", "σ", "x y", "class", "", "a" * 300, '%x"\n'])
def test_an_input_may_have_any_name(name):
    x = node(name, 3)
    graph = Graph((x,), (apply("sin", x),), (name,))
    assert_as_interpreted(compiled.compile(graph, cache=False), graph, **{name: np.arange(3.0)})


def test_graphs_without_inputs_or_outputs():
    x, unused = node("x", 3), node("unused", 2)
    for inputs, outputs in (((), (constant(2.5, ArrayType()),)), ((x,), ()), ((x, unused), (apply("exp", x),))):
        graph = Graph(inputs, outputs)
        arrays = {str(y.params["name"]): np.ones(y.shape) for y in inputs}
        assert_as_interpreted(compiled.compile(graph, cache=False), graph, **arrays)


# sizes


def test_named_sizes_are_bound_at_each_call():
    n, m = Dim("n"), Dim("m")
    W, x = node("W", n, m), node("x", m)
    graph = Graph((W, x), (matmul(W, x), apply("size_of", size=n, dtype="float64")))
    f = compiled.compile(graph, cache=False)
    rng = np.random.default_rng(0)
    for a, b in [(2, 3), (4, 1), (2, 3), (0, 3), (5, 5), (6, 5), (7, 5), (8, 5), (1, 1), (2, 3)]:
        assert_as_interpreted(f, graph, W=rng.normal(size=(a, b)), x=rng.normal(size=b))
    assert len(f.variants) == 8


def test_a_size_that_no_array_has_is_given():
    n = Dim("n")
    graph = Graph((), (apply("position", size=n, dtype="int64"),))
    (y,) = compiled.compile(graph, sizes={"n": 4}, cache=False)()
    assert y.tolist() == [0, 1, 2, 3]
    with pytest.raises(ShapeError, match="The size 'n' is not known"):
        compiled.compile(graph, cache=False)()


# errors


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"x": np.zeros(SHAPE)},
        {"x": np.zeros(SHAPE), "y": np.zeros((8, 6))},
        {"x": np.zeros(SHAPE), "y": np.zeros(48)},
        {"x": np.zeros(SHAPE), "y": 1.0},
        {"x": np.zeros(SHAPE), "y": None},
        {"x": np.zeros(SHAPE), "y": "text"},
        {"x": np.zeros(SHAPE), "y": [[1.0], [1.0, 2.0]]},
        {"x": np.zeros(SHAPE), "y": np.full(SHAPE, "a")},
        {"x": np.zeros(SHAPE), "y": np.zeros(SHAPE, "M8[s]")},
    ],
    ids=["nothing", "one is missing", "transposed", "flat", "a number", "None", "text", "ragged", "strings", "dates"],
)
def test_what_does_not_fit_has_the_interpreters_words(arrays):
    graph = two_matrices()
    f = compiled.compile(graph, cache=False)
    with pytest.raises(WengertError) as wanted:
        interpreter.compile(graph)(**arrays)
    for _ in range(2):  # before there is code, and after
        with pytest.raises(type(wanted.value)) as found:
            f(**arrays)
        assert str(found.value) == str(wanted.value)
        f(x=np.zeros(SHAPE), y=np.zeros(SHAPE))


def test_more_arguments_than_inputs_are_taken_as_the_interpreter_takes_them():
    graph = two_matrices()
    arrays = {"x": numbers(0), "y": numbers(1), "z": numbers(2)}
    assert_as_interpreted(compiled.compile(graph, cache=False), graph, **arrays)


@pytest.mark.parametrize("bad", [-1, 6, 2**62, -(2**63)])
@pytest.mark.parametrize("size", [1, 5, 100])
def test_an_index_outside_has_the_interpreters_words(bad, size):
    x, k = node("x", 6), node("k", size, dtype="int64")
    picked = apply("gather", x, k, axis=0, batch=0)
    spread = apply("scatter_add", picked, k, axis=0, batch=0, size=6)
    for output in (picked, spread, apply("sum", apply("sin", picked), axes=(0,))):
        graph = Graph((x, k), (output,))
        f = compiled.compile(graph, cache=False)
        places = np.arange(size) % 6
        assert_as_interpreted(f, graph, x=np.arange(6.0), k=places)
        for place in (0, size - 1, size // 2):
            wrong = places.copy()
            wrong[place] = bad
            with pytest.raises(GraphError) as wanted:
                interpreter.compile(graph)(x=np.arange(6.0), k=wrong)
            with pytest.raises(GraphError) as found:
                f(x=np.arange(6.0), k=wrong)
            assert str(found.value) == str(wanted.value)


def test_a_bad_index_in_a_branch_not_taken_is_no_error():
    from wengert.core.ops.control import results

    x, k = node("x", 6), node("k", 3, dtype="int64")
    a, b = node("a", 6), node("b", 3, dtype="int64")
    sides = {
        "then": Graph((a, b), (apply("gather", a, b, axis=0, batch=0),)),
        "other": Graph((a, b), (apply("cast", b, dtype="float64"),)),
    }
    test = apply("less", constant(0, ArrayType()), apply("sum", x, axes=(0,)))
    graph = Graph((x, k), tuple(results(apply("cond", test, x, k, **sides))))
    f = compiled.compile(graph, cache=False)
    bad = np.array([0, 1, 77])
    assert_as_interpreted(f, graph, x=-np.ones(6), k=bad)
    with pytest.raises(GraphError, match="The index 77 is outside"):
        f(x=np.ones(6), k=bad)


# threads, forks, memory


def test_two_threads_call_at_once():
    """Long kernels with chunks, temporaries and a product, called by several threads on different arrays."""
    x, w = node("x", 400, 300), node("w", 300, 40)
    z = apply("tanh", apply("einsum", x, w, inputs=((0, 1), (1, 2)), output=(0, 2)))
    graph = Graph((x, w), (apply("sum", apply("softmax", z, axes=(1,)) * z, axes=(1,)), apply("sin", x)))
    f = compiled.compile(graph, cache=False)
    rng = np.random.default_rng(0)
    cases = [{"x": rng.normal(size=(400, 300)), "w": rng.normal(size=(300, 40))} for _ in range(4)]
    wanted = [[y.tobytes() for y in f(**case)] for case in cases]
    wrong: list[int] = []

    def call(k: int) -> None:
        for _ in range(20):
            if [y.tobytes() for y in f(**cases[k])] != wanted[k]:
                wrong.append(k)

    threads = [threading.Thread(target=call, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_many_threads_find_one_variant():
    n = Dim("n")
    x = node("x", n)
    f = compiled.compile(Graph((x,), (apply("sum", x * x, axes=(0,)),)), cache=False)
    found: list[tuple[int, float]] = []

    def call(k: int) -> None:
        for size in (3, 4, 5, 3, 6, 7, 8):
            found.append((size, float(f(x=np.full(size, 2.0))[0])))

    threads = [threading.Thread(target=call, args=(k,)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(value == 4.0 * size for size, value in found)
    assert len(found) == 42
    assert len(f.variants) == 6


def _in_child(f: Any, arrays: Any, wanted: list[bytes], result: Any) -> None:
    result.put([y.tobytes() for y in f(**arrays)] == wanted)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning")
def test_a_child_process_calls_what_its_parent_compiled():
    x = node("x", 1000, 500)
    f = compiled.compile(Graph((x,), (apply("sum", apply("sin", x), axes=(1,)), apply("exp", x))), cache=False)
    arrays = {"x": np.random.default_rng(0).normal(size=(1000, 500))}
    wanted = [y.tobytes() for y in f(**arrays)]
    context = multiprocessing.get_context("fork")
    result = context.Queue()
    child = context.Process(target=_in_child, args=(f, arrays, wanted, result))
    child.start()
    assert result.get(timeout=600)
    child.join(600)
    assert child.exitcode == 0
    assert [y.tobytes() for y in f(**arrays)] == wanted


def test_a_dropped_callable_is_collected():
    x = node("x", 5)
    f = compiled.compile(Graph((x,), (apply("sin", x),)), cache=False)
    f(x=np.zeros(5))
    f(x=np.zeros(5))
    gone = weakref.ref(f)
    del f
    gc.collect()
    assert gone() is None


def test_results_outlive_the_callable():
    x = node("x", 5000)
    f = compiled.compile(Graph((x,), (apply("sin", x), constant(np.arange(5000.0), x.type))), cache=False)
    first, second = f(x=np.arange(5000.0))
    del f
    gc.collect()
    np.testing.assert_allclose(first, np.sin(np.arange(5000.0)), rtol=1e-12, atol=1e-15)
    assert second[-1] == 4999


def test_a_large_constant_belongs_to_its_graph():
    """Two graphs of the same form with other numbers have other code, or other memory."""
    x = node("x", 5000)
    found = []
    for factor in (1.0, 2.0):
        k = constant(np.arange(5000.0) * factor, x.type)
        found.append(compiled.compile(Graph((x,), (apply("flip", k, axes=(0,)) * x,)), cache=False))
    gc.collect()
    assert [f(x=np.ones(5000))[0][0] for f in found] == [4999.0, 9998.0]


def test_code_from_the_disk_has_its_own_constants(tmp_path, monkeypatch):
    monkeypatch.setattr(cache._Settings, "cache", None)
    monkeypatch.setattr(cache._Settings, "decided", True)
    cache.configure(tmp_path / "objects")
    x = node("x", 5000)
    found = []
    for factor in (1.0, 2.0, 1.0):
        k = constant(np.arange(5000.0) * factor, x.type)
        f = compiled.compile(Graph((x,), (apply("flip", k, axes=(0,)) * x,)))
        assert f(x=np.ones(5000))[0][0] == 4999.0 * factor
        (variant,) = f.variants.values()
        found.append(variant.code.times.from_cache)
    assert found[-1]
