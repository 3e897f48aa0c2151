"""Products equal their definition in every form: sizes, transpositions, strides, batches, epilogues, special values."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from benchmarks import matmul as benchmark
from tests.targets.native.products import (
    Program,
    assert_close,
    callables,
    load,
    matrix,
    product,
    products,
    spec_of,
    store,
    workspace,
)
from tests.thorough import everyday
from wengert.targets.native import matmul
from wengert.targets.native.matmul import ContractSpec, workspace_bytes
from wengert.targets.native.processor import host

SIZES = [1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65, 100]
TRANSPOSITIONS = list(itertools.product([False, True], repeat=2))
SAMPLED = [tuple(map(int, np.random.default_rng(seed).choice(SIZES, 3))) for seed in range(14)]
NAMED = {
    "straight": [(4, 4, 4), (1, 1, 1), (3, 10, 5), (2, 17, 3), (1, 33, 4), (9, 1, 9)],
    "matrix times vector": [(33, 1, 100), (100, 1, 33), (65, 1, 16), (64, 1, 5)],
    "vector times matrix": [(1, 100, 33), (1, 33, 100), (1, 300, 40)],
    "large, one row": [(1, 600, 1000), (1, 2100, 130), (2300, 1, 130), (1, 17, 17000)],
    "few columns": [(100, 2, 33), (65, 3, 64), (33, 4, 17)],
    "few rows": [(2, 100, 33), (3, 65, 64), (4, 33, 17), (5, 100, 9), (6, 70, 20), (7, 50, 30)],
    "one term": [(33, 65, 1), (100, 100, 1)],
    "narrow": [(64, 10, 128), (100, 5, 64)],
    "many terms": [(13, 20, 1024), (13, 20, 1025), (9, 33, 2300), (1, 5, 5000)],
    "packed blocks": [(25, 700, 400), (203, 523, 527), (18, 1100, 261), (400, 2000, 140), (192, 260, 1100)],
    "several blocks": [(17, 1100, 70), (120, 530, 530), (9, 784, 50), (784, 3, 50)],
}
CASES = [(name, sizes) for name, listed in NAMED.items() for sizes in listed] + [("sampled", s) for s in SAMPLED]


@everyday(1, "name", "dtype")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "sizes"), CASES, ids=str)
def test_a_product_is_the_sum_over_the_inner_axis_in_every_transposition(name, sizes, dtype):
    m, n, k = sizes
    rng = np.random.default_rng(m * n + k)
    pairs = [(matrix(rng, m, k, dtype, x), matrix(rng, k, n, dtype, y)) for x, y in TRANSPOSITIONS]
    for c, (a, b) in zip(products(pairs), pairs, strict=True):
        assert_close(c, a, b)


@pytest.mark.parametrize("sizes", [(3, 4, 5), (33, 65, 17), (1, 33, 20), (20, 2, 33)], ids=str)
@pytest.mark.parametrize(("a_transposed", "b_transposed"), TRANSPOSITIONS)
def test_integer_products_wrap_around(sizes, a_transposed, b_transposed):
    m, n, k = sizes
    rng = np.random.default_rng(0)
    a, b = matrix(rng, m, k, "int64", a_transposed), matrix(rng, k, n, "int64", b_transposed)
    assert_close(product(a, b), a, b)


@everyday(1, "sizes", lambda steps, dtype: (steps, dtype))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "sizes", [(5, 6, 7), (33, 65, 31), (1, 40, 33), (40, 1, 33), (3, 40, 33), (40, 3, 33)], ids=str
)
@pytest.mark.parametrize("steps", [(2, 3), (-1, 1), (1, -1), (-2, -3)])
def test_strides_may_be_any_numbers(sizes, steps, dtype):
    m, n, k = sizes
    rng = np.random.default_rng(1)
    outer, inner = steps
    a = rng.standard_normal((3 * m, 3 * k)).astype(dtype)[::outer, ::inner][:m, :k]
    b = rng.standard_normal((3 * k, 3 * n)).astype(dtype)[::inner, ::outer][:k, :n]
    for left, right in ((a, b), (a, np.asfortranarray(b)), (np.asfortranarray(a), b)):
        assert_close(product(left, right), left, right)


@pytest.mark.parametrize("stride", ["a_row", "a_inner", "b_inner", "b_column"])
@pytest.mark.parametrize("sizes", [(4, 5, 6), (33, 65, 31), (40, 2, 33)], ids=str)
def test_a_stride_may_be_zero(sizes, stride):
    m, n, k = sizes
    a, b = (
        matrix(np.random.default_rng(2), m, k, "float64", False),
        matrix(np.random.default_rng(3), k, n, "float64", False),
    )
    shape, axis, name = (
        (a.shape, ["a_row", "a_inner"].index(stride), "a")
        if stride[0] == "a"
        else (b.shape, ("b_inner", "b_column").index(stride), "b")
    )
    kept = (a if name == "a" else b).take([0], axis)
    spread = np.broadcast_to(kept, shape)
    if name == "a":
        a = spread
    else:
        b = spread
    assert_close(product(a, b), a, b)


@pytest.mark.parametrize(("a_transposed", "b_transposed"), TRANSPOSITIONS)
def test_pointers_inside_a_batch_reach_one_matrix(a_transposed, b_transposed):
    rng = np.random.default_rng(4)
    a = [matrix(rng, 9, 33, "float32", a_transposed) for _ in range(3)]
    b = [matrix(rng, 33, 20, "float32", b_transposed) for _ in range(3)]
    spec = spec_of(a[0], b[0])
    (run,) = callables(Program(spec).text(), ["program"])
    every_a = np.stack([x.T if a_transposed else x for x in a])
    every_b = np.stack([x.T if b_transposed else x for x in b])
    c = np.zeros((3, 9, 20), "float32")
    for index in (2, 0, 1):
        run(every_a[index], every_b[index], c[index], None, workspace(spec))
    for index in range(3):
        assert_close(c[index], a[index], b[index])


@pytest.mark.parametrize("sizes", [(0, 5, 3), (5, 0, 3), (0, 0, 0)], ids=str)
def test_a_product_without_entries_runs_no_epilogue(sizes):
    m, n, k = sizes
    spec = ContractSpec(m, n, k, "float64", k, 1, n, 1)
    assert workspace_bytes(spec, host()) == 0
    assert matmul.stages(spec, host()) == ()
    (run,) = callables(Program(spec).text(), ["program"])
    run(None, None, None)


@pytest.mark.parametrize("sizes", [(1, 1), (3, 5), (40, 33)], ids=str)
def test_a_sum_of_no_terms_is_zero_and_the_epilogue_runs(sizes):
    m, n = sizes
    c = product(np.zeros((m, 0), "float32"), np.zeros((0, n), "float32"))
    np.testing.assert_array_equal(c, np.zeros((m, n)))
    assert not np.signbit(c).any()


# epilogues

EPILOGUE_SIZES = [
    (4, 5, 6),
    (64, 10, 128),
    (33, 65, 31),
    (40, 100, 1100),
    (1, 70, 40),
    (70, 1, 40),
    (50, 3, 40),
    (2, 50, 40),
]


def _bias_and_tanh(b, place, row, column, mask, product):
    bias = load(b, b.element("%d", product.dtype, str(column)), product.dtype, mask)
    store(b, b.tanh(b.add(product, bias)), place, mask)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sizes", EPILOGUE_SIZES, ids=str)
def test_an_epilogue_may_add_a_bias_and_apply_a_function(sizes, dtype):
    m, n, k = sizes
    rng = np.random.default_rng(5)
    a, b = matrix(rng, m, k, dtype, False) / np.sqrt(k).astype(dtype), matrix(rng, k, n, dtype, False)
    spec, bias, c = spec_of(a, b), rng.standard_normal(n).astype(dtype), np.zeros((m, n), dtype)
    (run,) = callables(Program(spec, _bias_and_tanh).text(), ["program"])
    run(a, b, c, bias, workspace(spec))
    wanted = np.tanh((a.astype(np.longdouble) @ b.astype(np.longdouble)) + bias)
    np.testing.assert_allclose(c, wanted.astype(dtype), rtol=0, atol=(k + 8) * np.finfo(dtype).eps)


def _sine(b, place, row, column, mask, product):
    store(b, b.sin(product), place, mask)  # has a branch for large angles


@pytest.mark.parametrize("sizes", EPILOGUE_SIZES, ids=str)
def test_an_epilogue_may_have_branches(sizes):
    m, n, k = sizes
    rng = np.random.default_rng(5)
    a, b = rng.integers(-3, 4, (m, k)).astype("float64"), rng.integers(-3, 4, (k, n)).astype("float64")
    a[m // 2] *= 1e15
    spec, c = spec_of(a, b), np.zeros((m, n))
    (run,) = callables(Program(spec, _sine).text(), ["program"])
    run(a, b, c, None, workspace(spec))
    np.testing.assert_allclose(c, np.sin(a @ b), rtol=0, atol=2e-15)


def _descent_step(b, place, row, column, mask, product):
    before = load(b, place, product.dtype, mask)
    store(b, b.subtract(before, b.multiply(product, b.constant(0.5, product.dtype))), place, mask)


@pytest.mark.parametrize("sizes", EPILOGUE_SIZES, ids=str)
def test_an_epilogue_changes_every_entry_in_place_once(sizes):
    m, n, k = sizes
    rng = np.random.default_rng(6)
    a = rng.integers(-4, 5, (m, k)).astype("float32")
    b = rng.integers(-4, 5, (k, n)).astype("float32")
    spec, c = spec_of(a, b), rng.integers(-9, 10, (m, n)).astype("float32")
    wanted = c - (a @ b) / 2
    (run,) = callables(Program(spec, _descent_step).text(), ["program"])
    run(a, b, c, None, workspace(spec))
    np.testing.assert_array_equal(c, wanted)


def _two_stores(b, place, row, column, mask, product):
    store(b, product, place, mask)
    transposed = b.element("%d", product.dtype, str(column))
    before = load(b, transposed, product.dtype, mask)
    store(b, b.add(before, product), transposed, mask)


@pytest.mark.parametrize("sizes", EPILOGUE_SIZES, ids=str)
def test_an_epilogue_may_store_twice(sizes):
    m, n, k = sizes
    rng = np.random.default_rng(7)
    a = rng.integers(-4, 5, (m, k)).astype("float64")
    b = rng.integers(-4, 5, (k, n)).astype("float64")
    spec, c, sums = spec_of(a, b), np.zeros((m, n)), np.zeros(n)
    (run,) = callables(Program(spec, _two_stores).text(), ["program"])
    run(a, b, c, sums, workspace(spec))
    np.testing.assert_array_equal(c, a @ b)
    np.testing.assert_array_equal(sums, (a @ b).sum(0))


# special values

FORMS = [(4, 5, 6), (64, 10, 40), (33, 65, 31), (17, 100, 1100), (1, 70, 40), (70, 1, 40), (50, 3, 40), (2, 50, 40)]


@everyday(1, "sizes", "special", lambda a_transposed, b_transposed: (a_transposed, b_transposed))
@pytest.mark.parametrize("special", [np.nan, np.inf])
@pytest.mark.parametrize("sizes", FORMS, ids=str)
@pytest.mark.parametrize(("a_transposed", "b_transposed"), TRANSPOSITIONS)
def test_what_is_not_finite_reaches_its_row_and_column_and_nothing_else(sizes, special, a_transposed, b_transposed):
    m, n, k = sizes
    a, b = np.ones((m, k), "float32"), np.ones((k, n), "float32")
    a[m // 2, k - 1] = special
    b[k // 2, n - 1] = special
    left = np.asfortranarray(a) if a_transposed else a
    right = np.asfortranarray(b) if b_transposed else b
    wanted = np.full((m, n), float(k))
    wanted[m // 2], wanted[:, n - 1] = special, special
    np.testing.assert_array_equal(product(left, right), wanted)


@pytest.mark.parametrize("sizes", FORMS, ids=str)
def test_infinity_times_zero_is_not_a_number(sizes):
    m, n, k = sizes
    a, b = np.zeros((m, k)), np.zeros((k, n))
    b[0, 0] = np.inf
    c = product(a, b)
    assert np.isnan(c[:, 0]).all()
    assert not c[:, 1:].any()


# order and threads


@everyday(1, "sizes", "dtype", lambda a_transposed, b_transposed: (a_transposed, b_transposed))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "sizes", [(100, 100, 40), (64, 784, 50), (300, 600, 520), (1, 3000, 70), (500, 2, 64)], ids=str
)
@pytest.mark.parametrize(("a_transposed", "b_transposed"), TRANSPOSITIONS)
def test_pieces_in_any_order_give_the_bits_of_one_thread(sizes, dtype, a_transposed, b_transposed):
    m, n, k = sizes
    rng = np.random.default_rng(8)
    a, b = matrix(rng, m, k, dtype, a_transposed), matrix(rng, k, n, dtype, b_transposed)
    spec = spec_of(a, b)
    text, counts = Program(spec).staged()
    functions = callables(text, [f"stage{number}" for number in range(len(counts))])
    c, work = np.full((m, n), np.nan, dtype), workspace(spec)
    for function, chunks in zip(functions, counts, strict=True):
        for chunk in rng.permutation(chunks):
            function(a, b, c, None, work, chunk=int(chunk))
    np.testing.assert_array_equal(c, product(a, b))


def test_large_products_are_cut_into_several_pieces():
    spec = ContractSpec(1024, 1024, 1024, "float32", 1024, 1, 1024, 1)
    assert matmul.stages(spec, host())[-1].chunks >= 16
    assert matmul.stages(spec, host(), parallel=False)[-1].chunks < 64


@pytest.mark.parametrize("b_transposed", [False, True])
def test_long_sums_round_as_sums_of_blocks_do(b_transposed):
    k = 1 << 17
    a = np.full((8, k), 0.1, "float32")
    b = np.ones((16, k), "float32").T if b_transposed else np.ones((k, 16), "float32")
    exact = np.float64(np.float32(0.1)) * k
    c = product(a, b)
    assert np.all(abs(c - exact) <= 1e-4 * exact)  # one chain of additions is off by 1e-2


def test_the_benchmark_of_products_computes_them():
    for name in ("4x4 4x4 NN", "64x10 10x128 NT", "128x64 64x10 TN"):
        case = benchmark.case(name, "float32")
        run, seconds = benchmark.ours(case)  # raises where the product is wrong
        assert seconds > 0
        ours, blas = benchmark.rates(case, [run, benchmark.blas(case)])
        assert len(ours) == len(blas) == benchmark.ROUNDS
