"""Small functions over many rows as one loop: the same values and slopes, whatever the sizes, dtypes, threads and targets."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
from wengert.core.passes import pipeline
from wengert.targets.native import jit, pool
from wengert.targets.native.emit import emit
from wengert.targets.native.loops import interpret
from wengert.targets.native.loops.buffers import plan
from wengert.targets.native.loops.inside import statements
from wengert.targets.native.loops.lower import lower
from wengert.targets.native.loops.nest import Compute, For, Load
from wengert.targets.native.neighbours import cut
from wengert.targets.native.processor import AARCH64, AVX2, AVX512, X86_64_V2


def turned(r, x):
    """x turned about r, by the angle |r|."""
    angle = np.sqrt(np.sum(r * r))
    k = r / angle
    return x * np.cos(angle) + np.cross(k, x) * np.sin(angle) + k * np.dot(k, x) * (1 - np.cos(angle))


def projected(camera, x, weight):
    seen = turned(camera[:3], x - camera[3:6])
    p = seen[:2] / seen[2]
    square = np.sum(p * p)
    return weight * (camera[6] * (1 + camera[9] * square + camera[10] * square**2) * p + camera[7:9])


def spring(camera, x, weight):
    """An energy of a few terms."""
    return weight * np.sum((np.outer(x, x) @ camera[:3] - camera[3:6]) ** 2) + np.max(camera[6:9]) * np.prod(x)


FUNCTIONS = {
    "values": wg.vmap(projected),
    "Jacobians": wg.vmap(wg.jacobian(projected, (0, 1, 2))),
    "gradients": wg.vmap(wg.grad(spring, (0, 1))),
    "Hessians": wg.vmap(wg.hessian(lambda x, camera: spring(camera, x, 1.0))),
    "a loss and its slopes": wg.value_and_grad(lambda c, x, w: np.sum(wg.vmap(projected)(c, x, w) ** 2), (0, 1, 2)),
    "mean of norms": lambda c, x, w: np.mean(np.sqrt(np.sum(wg.vmap(projected)(c, x, w) ** 2, axis=1))) * 2.0,
}


def rows(count, dtype="float64"):
    random = np.random.default_rng(count)
    camera = random.normal(size=(count, 11)) * 0.1 + np.array([0.5, 0.3, 0.2, 0, 0, -5, 1, 0, 0, 0.01, 0.01])
    return [each.astype(dtype) for each in (camera, random.normal(size=(count, 3)), random.uniform(0.5, 1, size=count))]


def given(f, count, dtype="float64"):
    camera, x, weight = rows(count, dtype)
    return (x, camera) if f is FUNCTIONS["Hessians"] else (camera, x, weight)


def leaves(found):
    return [each for part in found for each in leaves(part)] if isinstance(found, tuple | list) else [np.asarray(found)]


def nests(f, *arrays):
    return lower(pipeline.run(wg.trace(f)(*arrays)))


def loops(program):
    return [each for each in statements(program.body) if isinstance(each, For) and each.axis.extent > 16]


@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)
@pytest.mark.parametrize("count", [64, 65, 100, 1000])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 3e-4)])
def test_values_and_slopes_are_those_of_numpy(f, count, dtype, tolerance):
    arrays = given(f, count, dtype)
    wanted = wg.compile(f, backend="interpreter")(*(x.astype("float64") for x in arrays))
    for found, other in zip(leaves(wg.compile(f, cache=False)(*arrays)), leaves(wanted), strict=True):
        assert found.dtype == dtype
        np.testing.assert_allclose(found, other, rtol=tolerance, atol=tolerance * np.max(np.abs(other)))


@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)
def test_all_of_a_row_is_one_loop_and_the_nests_say_what_the_code_does(f):
    arrays = given(f, 100)
    program = nests(f, *arrays)
    assert [each.kind for each in loops(program)] == ["vector"]
    wanted = leaves(wg.compile(f, backend="interpreter")(*arrays))
    for found, other in zip(interpret.run(program, arrays), wanted, strict=True):
        np.testing.assert_allclose(found, other, rtol=1e-11, atol=1e-11 * np.max(np.abs(other)))


def test_entries_that_are_known_cost_nothing():
    """The Jacobian of a diagonal function: one slope a row and entry, no products with 0 and 1."""

    def f(x):
        return np.stack([np.sin(x[0]), np.cos(x[1]), np.exp(x[2]), x[0] * x[1]])

    program = nests(wg.vmap(wg.jacobian(f)), rows(100)[1])
    made = [each for each in statements(program.body) if isinstance(each, Compute)]
    assert len(loops(program)) == 1
    assert len(made) <= 12
    assert len([each for each in statements(program.body) if isinstance(each, Load)]) == 3


def test_rows_that_are_looked_up_are_read_where_they_lie():
    cameras, x, _ = rows(100)
    which = np.random.default_rng(0).integers(0, 7, size=100)

    def f(table, places, x):
        return wg.vmap(projected)(table[places], x, np.ones(100))

    program = nests(f, cameras[:7], which, x)
    assert len(loops(program)) == 1
    np.testing.assert_allclose(wg.compile(f, cache=False)(cameras[:7], which, x), f(cameras[:7], which, x), rtol=1e-12)
    with pytest.raises(wg.WengertError, match="outside an axis of 7"):
        wg.compile(f, cache=False)(cameras[:7], which + 1, x)


def test_no_bit_depends_on_the_number_of_threads():
    arrays, f, before, found = rows(20_000), FUNCTIONS["a loss and its slopes"], pool.threads(), []
    made = wg.compile(f, cache=False)
    try:
        for count in (1, 2, 3):
            pool.set_threads(count)
            found.append(leaves(made(*arrays)))
    finally:
        pool.set_threads(before)
    for other in found[1:]:
        for one, two in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(one, two)


def test_norms_of_the_largest_and_smallest_rows_hold_their_digits():
    def f(x):
        y = x * np.array([1.0, 2.0, 3.0])
        return wg.vmap(lambda y: np.array([np.linalg.norm(y), np.sum(y), np.max(y) - np.min(y)]))(y)

    x = np.random.default_rng(0).normal(size=(100, 3)) * np.logspace(-300, 300, 100)[:, None]
    np.testing.assert_allclose(wg.compile(f, cache=False)(x), f(x), rtol=1e-15 * 8)


@pytest.mark.parametrize("target", [AVX512, AVX2, X86_64_V2, AARCH64], ids=["AVX-512", "AVX2", "no FMA", "AArch64"])
def test_rows_assemble_for_every_target(target):
    program = nests(FUNCTIONS["Jacobians"], *rows(100))
    assert jit.emit_assembly(emit(program, plan(program), target).text, target)


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64"])
@pytest.mark.parametrize("width", range(1, 17))
def test_rows_of_every_length_are_moved_whole(width, dtype):
    """Entries reversed and summed as they run: every entry of a row is read and written at its own place."""

    def f(x):
        parts = [x[:, k] for k in range(width)]
        sums = [parts[0]]
        for each in parts[1:]:
            sums.append(sums[-1] + each)
        return np.stack([*sums[::-1], parts[-1]], axis=1)

    for count in (64, 77, 128, 1000):
        x = np.arange(count * width).reshape(count, width).astype(dtype) % 251
        np.testing.assert_array_equal(wg.compile(f, cache=False)(x), f(x))


@pytest.mark.parametrize("count", range(1, 40))
def test_pieces_cover_a_row_and_stay_in_it(count):
    pieces = cut(count)
    assert {k for start, size in pieces for k in range(start, start + size)} == set(range(count))
    assert all(start >= 0 and size in (1, 2, 4, 8) and start + size <= count for start, size in pieces)
    assert sum(size for _, size in pieces) <= count + 4


def pendulum(y, a):
    return np.stack([y[:, 1], -a * np.sin(y[:, 0])], 1)


def swinging(y, a):
    """Steps whose carry is a state a row, and its energy along the way."""

    def step(y, k):
        half = y + 0.05 * pendulum(y, a)
        y = y + 0.1 * pendulum(half, a) + 0.001 * k
        return y, np.sum(y * y, axis=1)

    y, energies = wg.scan(step, y, np.arange(20.0))
    return np.sum(y**2) + np.mean(energies)


def exchanging(y, a):
    """Carries that change places at every step."""

    def step(pair, _):
        p, q = pair
        return (q * np.array([1.0, 0.5]), p + np.stack([q[:, 1], q[:, 0]], 1) * 0.1), np.sum(p, axis=1)

    (p, q), sums = wg.scan(step, (y, y * 2.0), None, length=7)
    return np.sum(p * q) + np.sum(sums) + np.sum(a)


@pytest.mark.parametrize("f", [swinging, exchanging])
@pytest.mark.parametrize("count", [64, 100])
def test_steps_of_loops_write_their_rows_in_place(f, count):
    random = np.random.default_rng(count)
    given = random.normal(size=(count, 2)), random.uniform(0.5, 1.5, size=count)
    wanted = leaves(wg.compile(wg.value_and_grad(f, (0, 1)), backend="interpreter")(*given))
    for found, other in zip(leaves(wg.compile(wg.value_and_grad(f, (0, 1)), cache=False)(*given)), wanted, strict=True):
        np.testing.assert_allclose(found, other, rtol=1e-12, atol=1e-13)
    inside = [each for each in statements(nests(f, *given).body) if isinstance(each, For) and each.kind == "vector"]
    assert [each.axis.extent for each in inside].count(count) <= 4


@pytest.mark.parametrize("f", [lambda y: np.stack([y[:, 1] - y[:, 0], np.sum(y, axis=1)], 1), lambda y: y[::-1, ::-1]])
def test_donated_rows_are_read_before_they_are_written(f):
    y = np.random.default_rng(0).normal(size=(100, 2))
    np.testing.assert_allclose(wg.compile(f, cache=False, donate=(0,))(y.copy()), f(y), rtol=1e-15)


def test_donated_rows_that_say_a_place_are_whole_where_it_is_outside():
    def f(y, table):
        z = table[y[:, 0].astype(np.int64)] * np.sum(y, axis=1)[:, None]
        return np.stack([z[:, 1] - z[:, 0] + y[:, 0], np.sum(z, axis=1)], 1)

    y, table = np.ones((100, 2)), np.ones((3, 2))
    made = wg.compile(f, cache=False, donate=(0,))
    np.testing.assert_array_equal(made(y.copy(), table), f(y, table))
    y[99, 0] = 3
    kept = y.copy()
    with pytest.raises(wg.WengertError, match="outside an axis of 3"):
        made(kept, table)
    np.testing.assert_array_equal(kept, y)
