"""Products of arrays with any labels in any order, native code against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
from tests.thorough import rounds
from wengert.core.ir.graph import Graph, apply, input_node
from wengert.core.ir.types import ArrayType
from wengert.targets.native import pool
from wengert.targets.native.loops.inside import statements
from wengert.targets.native.loops.layout import ProductLayout, planned, row_major, steps_of
from wengert.targets.native.loops.lower import lower
from wengert.targets.native.loops.nest import Accumulator, Contract, For

SPECS = [
    ("nop,nqp->oq", (12, 16, 40), (12, 25, 40)),
    ("nchwij,ocij->nohw", (3, 4, 6, 6, 3, 3), (8, 4, 3, 3)),
    ("abc,cbd->ad", (24, 6, 7), (7, 6, 24)),
    ("abcd,ebcf->adef", (5, 8, 8, 20), (6, 8, 8, 16)),
    ("bthd,bshd->bhts", (2, 33, 3, 17), (2, 33, 3, 17)),
    ("bhts,bshd->bthd", (2, 3, 33, 33), (2, 33, 3, 17)),
    ("nkj,kij->nki", (100, 7, 10), (7, 10, 10)),
    ("xay,bxy->ab", (9, 40, 9), (40, 9, 9)),
    ("ijk,jkl->lik", (6, 30, 5), (30, 5, 20)),
    ("abij,jicd->dbca", (4, 5, 6, 7), (7, 6, 8, 9)),
]


def close(spec: str, a: np.ndarray, b: np.ndarray) -> None:
    got = wg.compile(lambda a, b: np.einsum(spec, a, b))(a, b)
    want = np.einsum(spec, a.astype("f8"), b.astype("f8"))
    size = np.einsum(spec, abs(a).astype("f8"), abs(b).astype("f8"))
    bound = 30 * np.finfo(a.dtype).eps
    assert got.shape == want.shape
    assert got.dtype == a.dtype
    assert np.all(abs(got - want) <= bound * size + 1e-30)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("case", SPECS, ids=lambda case: case[0])
def test_a_product_over_any_labels_is_that_of_numpy(case, dtype):
    rng = np.random.default_rng(1)
    spec, a, b = case
    close(spec, rng.normal(size=a).astype(dtype), rng.normal(size=b).astype(dtype))


@pytest.mark.parametrize("seed", range(rounds(15, 400)))
def test_random_products_are_those_of_numpy(seed):
    rng = np.random.default_rng(seed)
    letters = list("abcdefg")[: rng.integers(3, 7)]
    roles = {letter: rng.integers(4) for letter in letters}  # batch, row, column, summed
    sizes = {letter: int(rng.choice([1, 2, 3, 5, 8, 17])) for letter in letters}

    def some(*kinds: int) -> str:
        return "".join(rng.permutation([letter for letter in letters if roles[letter] in kinds]).tolist())

    a, b, out = some(0, 1, 3), some(0, 2, 3), some(0, 1, 2)
    x = rng.normal(size=[sizes[letter] for letter in a])
    y = rng.normal(size=[sizes[letter] for letter in b])
    close(f"{a},{b}->{out}", x, y)


def test_sums_over_two_axes_that_lie_apart_are_one_matrix_product():
    a, b = input_node("a", ArrayType((64, 16, 576))), input_node("b", ArrayType((64, 25, 576)))
    graph = Graph((a, b), (apply("einsum", a, b, inputs=((0, 1, 2), (0, 3, 2)), output=(1, 3)),))
    found = [each for each in statements(lower(graph).body) if isinstance(each, Contract)]
    assert [({each.rows.extent, each.columns.extent}, each.inner.extent) for each in found] == [({16, 25}, 36864)]


def test_operands_that_lie_as_matrices_are_not_copied():
    a, b = input_node("a", ArrayType((8, 64, 64))), input_node("b", ArrayType((8, 64, 64)))
    layout = ProductLayout(
        {0: 8, 1: 64, 2: 64, 3: 64},
        steps_of(a, (0, 1, 2)),
        steps_of(b, (0, 2, 3)),
        row_major((0, 1, 3), {0: 8, 1: 64, 3: 64}),
    )
    plan = planned(layout)
    assert (plan.a, plan.b, plan.out) == (None, None, None)


def test_many_small_products_are_chunks_for_threads():
    a, b = input_node("a", ArrayType((1001, 16, 16))), input_node("b", ArrayType((1001, 16, 16)))
    graph = Graph((a, b), (apply("einsum", a, b, inputs=((0, 1, 2), (0, 2, 3)), output=(0, 1, 3)),))
    loops = [each for each in lower(graph).body if isinstance(each, For)]
    assert [loop.kind for loop in loops] == ["parallel"]
    assert loops[0].axis.extent > 1


def test_the_number_of_threads_changes_no_bit_of_products():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(1001, 16, 16)), rng.normal(size=(1001, 16, 16))
    f, before, found = wg.compile(lambda a, b: np.sinh(np.matmul(a, b))), pool.threads(), set()
    for count in (1, 2, 3):
        pool.set_threads(count)
        found.add(np.asarray(f(x, y)).tobytes())
    pool.set_threads(before)
    assert len(found) == 1
    np.testing.assert_allclose(f(x, y), np.sinh(x @ y), rtol=1e-10)


ROWS = [[1.0, 2.0, 3.0], [-np.inf, 0.0, 1e300], [np.inf, 1.0, 2.0], [np.nan, 1.0, 2.0], [-np.inf, -np.inf, -np.inf], [5.0, 5.0, -5.0]]  # fmt: skip


@pytest.mark.parametrize("axis", [0, 1, (0, 1)])
def test_a_softmax_below_its_maximum_is_that_of_numpy_in_every_row(axis):
    def softmax(x):
        powers = np.exp(x - np.max(x, axis=axis, keepdims=True))
        return powers / np.sum(powers, axis=axis, keepdims=True)

    for x in (np.array(ROWS), np.array(ROWS[:2] + ROWS[5:]), np.arange(9.0).reshape(3, 3)):
        with np.errstate(all="ignore"):
            want = softmax(x)
        got = wg.compile(softmax)(x)
        np.testing.assert_allclose(got[np.isfinite(want)], want[np.isfinite(want)], rtol=1e-14)
        assert not np.any(np.isfinite(got) & np.isnan(want))


def test_a_softmax_below_its_maximum_looks_for_it_once():
    def softmax(x):
        powers = np.exp(x - np.max(x, axis=1, keepdims=True))
        return powers / np.sum(powers, axis=1, keepdims=True)

    graph = wg.compile(softmax).graph(np.ones((4, 300)))
    found = [each for each in statements(lower(graph).body) if isinstance(each, Accumulator)]
    assert sorted(each.combine for each in found) == ["add", "maximum"]
