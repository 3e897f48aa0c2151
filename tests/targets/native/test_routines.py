"""Factors of matrices in native code: the values and slopes of NumPy, one factorisation for all that needs it, its errors."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
from wengert.core.ir.graph import Graph
from wengert.core.ir.walk import order_of
from wengert.core.passes import pipeline
from wengert.targets.base import default
from wengert.targets.native import jit, lapack, pool
from wengert.targets.native.emit import emit
from wengert.targets.native.loops import interpret
from wengert.targets.native.loops.buffers import plan
from wengert.targets.native.loops.inside import statements
from wengert.targets.native.loops.lower import lower
from wengert.targets.native.loops.nest import For, Routine
from wengert.targets.native.processor import AARCH64, AVX2, AVX512, X86_64_V2
from wengert.targets.partition import partition

SIZES = (1, 2, 5, lapack.SMALL, lapack.SMALL + 1, 40)


def matrices(n, dtype="float64", many=(), seed=0):
    """Matrices that need exchanges of rows, with their right-hand sides, and positive definite ones."""
    rng = np.random.default_rng((seed, n))
    a = rng.normal(size=(*many, n, n))
    a[..., range(n), range(n)] *= 0.01
    a += np.roll(np.eye(n), 1, axis=0) * 4
    s = a @ a.swapaxes(-1, -2) + np.eye(n)
    return [x.astype(dtype) for x in (a, rng.normal(size=(*many, n, 3)), s)]


FUNCTIONS = {
    "solve": lambda a, b, s: np.sum(np.linalg.solve(a, b) ** 2),
    "solve with the transposed": lambda a, b, s: np.sum(np.linalg.solve(a.swapaxes(-1, -2), b) ** 3),
    "solve for one vector": lambda a, b, s: np.sum(np.linalg.solve(a, b[..., :1]) ** 2),
    "inverse": lambda a, b, s: np.sum(np.linalg.inv(a) ** 3),
    "log determinant": lambda a, b, s: np.sum(np.linalg.slogdet(a)[0] * np.linalg.slogdet(a)[1]),
    "Cholesky": lambda a, b, s: np.sum(np.linalg.cholesky(s) ** 3),
    "QR": lambda a, b, s: np.sum(np.linalg.qr(a)[0] ** 3) + np.sum(np.linalg.qr(a)[1] ** 3),
    "R alone": lambda a, b, s: np.sum(np.linalg.qr(b @ b.swapaxes(-1, -2) + a)[1] ** 2),
    "eigenvalues": lambda a, b, s: np.sum(np.linalg.eigh(s)[0] ** 3) + np.sum(np.linalg.eigh(s)[1] ** 4),
    "singular values": lambda a, b, s: sum(np.sum(each**4) for each in np.linalg.svd(a, full_matrices=False)),
    "Cholesky and solve": lambda a, b, s: np.sum(np.linalg.solve(np.linalg.cholesky(s), b) ** 2),
}


def graph_of(f, *arrays, gradient=True):
    made = wg.trace(wg.value_and_grad(f, (0, 1, 2)) if gradient else f)(*arrays)
    return pipeline.run(made)


def routines(graph):
    return [each.name for each in statements(lower(graph).body) if isinstance(each, Routine)]


@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_values_and_slopes_are_those_of_numpy(f, n, dtype):
    given = matrices(n, dtype)
    wanted = wg.compile(wg.value_and_grad(f, (0, 1, 2)), backend="interpreter")(*(x.astype("float64") for x in given))
    value, slopes = wg.compile(wg.value_and_grad(f, (0, 1, 2)), cache=False)(*given)
    tolerance = {"float64": 1e-10, "float32": 2e-2}[dtype]
    for found, other in zip([value, *slopes], [wanted[0], *wanted[1]], strict=True):
        assert found.dtype == dtype
        np.testing.assert_allclose(found, other, rtol=tolerance, atol=tolerance * max(np.max(np.abs(other)), 1e-30))


@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)
def test_stacks_are_solved_matrix_by_matrix(f):
    given = matrices(4, many=(2, 3))
    value, slopes = wg.compile(wg.value_and_grad(f, (0, 1, 2)), cache=False)(*given)
    parts = [[x[k] for x in given] for k in np.ndindex(2, 3)]
    singles = [wg.compile(wg.value_and_grad(f, (0, 1, 2)), backend="interpreter")(*each) for each in parts]
    np.testing.assert_allclose(value, sum(each[0] for each in singles), rtol=1e-10)
    for k, slope in enumerate(slopes):
        joined = np.stack([each[1][k] for each in singles]).reshape(slope.shape)
        np.testing.assert_allclose(slope, joined, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)
def test_nothing_is_left_to_the_host_and_the_nests_say_what_the_code_does(f):
    given = matrices(5)
    graph = graph_of(f, *given)
    assert partition(graph, default()) is None
    wanted = wg.compile(graph, backend="interpreter")(**dict(zip(graph.input_names, given, strict=True)))
    for found, other in zip(interpret.run(lower(graph), given), wanted, strict=True):
        np.testing.assert_allclose(found, other, rtol=1e-9, atol=1e-9)


def test_one_matrix_is_factored_once_for_all_that_is_made_of_it():
    def f(a, b, s):
        x, y = np.linalg.solve(a, b), np.linalg.solve(a.T, b)
        return np.sum(x * y) + np.linalg.slogdet(a)[1] + np.sum(np.linalg.inv(a))

    assert routines(graph_of(f, *matrices(5))).count("lu") == 1
    assert routines(graph_of(FUNCTIONS["Cholesky"], *matrices(5))).count("cholesky") == 1
    for name, routine in ("QR", "qr_parts"), ("eigenvalues", "eigh_parts"), ("singular values", "svd_parts"):
        assert routines(graph_of(FUNCTIONS[name], *matrices(5))).count(routine) == 1


TALL_AND_WIDE = {
    "Q and R": lambda a: np.linalg.qr(a),
    "all columns of Q": lambda a: np.linalg.qr(a, "complete"),
    "thin U and V": lambda a: np.linalg.svd(a, full_matrices=False),
    "all of U and V": lambda a: np.linalg.svd(a),
}


@pytest.mark.parametrize("f", TALL_AND_WIDE.values(), ids=TALL_AND_WIDE)
@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (3, 7), (2, 3, 50, 20), (20, 50)], ids=str)
def test_decompositions_of_any_shape_have_the_signs_of_numpy(f, shape):
    a = np.random.default_rng(1).normal(size=shape)
    graph = pipeline.run(wg.trace(lambda a: tuple(f(a)))(a))
    assert partition(graph, default()) is None
    for found, wanted in zip(wg.compile(lambda a: tuple(f(a)), cache=False)(a), f(a), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("f", "n"), [(np.linalg.eigh, 3), (np.linalg.svd, 3), (np.linalg.svd, 30)])
def test_matrices_of_what_is_no_number_raise_what_numpy_raises(f, n):
    nan = np.full((n, n), np.nan)
    for each in (f, wg.compile(lambda a: tuple(f(a)), cache=False)):
        with pytest.raises(np.linalg.LinAlgError):
            each(nan)


@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)
def test_stacks_are_shared_among_threads_and_no_bit_depends_on_their_number(f):
    given = matrices(20, many=(151,))
    both = wg.compile(wg.value_and_grad(f, (0, 1, 2)), cache=False)
    loops = [each for each in statements(lower(graph_of(f, *given)).body) if isinstance(each, For)]
    shared = [each for each in loops if each.kind == "parallel" and isinstance(each.body[0], Routine)]
    assert shared
    before = pool.threads()
    try:
        found = []
        for count in (1, 2):
            pool.set_threads(count)
            value, slopes = both(*given)
            found.append([value, *slopes])
    finally:
        pool.set_threads(before)
    for one, two in zip(*found, strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_loop_that_solves_is_code_as_a_whole():
    def f(a, b, s):
        return np.sum(wg.scan(lambda x, _: (np.linalg.solve(a, x + b), x[0, 0]), b, None, length=4)[0])

    given = matrices(3)
    graph = graph_of(f, *given)
    assert partition(graph, default()) is None
    f_a, a_f = (wg.compile(wg.value_and_grad(f, (0, 1)), backend=b)(*given) for b in ("native", "interpreter"))
    np.testing.assert_allclose(f_a[0], a_f[0], rtol=1e-10)
    np.testing.assert_allclose(f_a[1][0], a_f[1][0], rtol=1e-9)


@pytest.mark.parametrize("n", [3, 30])
@pytest.mark.parametrize(
    "f", [np.linalg.inv, np.linalg.cholesky, lambda a: np.linalg.solve(a, a)], ids=["inv", "cholesky", "solve"]
)
def test_matrices_without_a_result_raise_what_numpy_raises(f, n):
    g = wg.compile(f, cache=False)
    singular, fine = np.zeros((n, n)), np.eye(n)
    np.testing.assert_array_equal(g(fine), f(fine))
    with pytest.raises(np.linalg.LinAlgError):
        g(singular)
    with pytest.raises(np.linalg.LinAlgError):
        g(-fine if f is np.linalg.cholesky else np.ones((n, n)))
    np.testing.assert_array_equal(g(fine), f(fine))


@pytest.mark.parametrize("n", [3, 30])
def test_the_determinant_of_a_singular_matrix_is_0_and_its_logarithm_minus_infinity(n):
    sign, log = wg.compile(lambda a: tuple(np.linalg.slogdet(a)), cache=False)(np.ones((n, n)))
    assert (sign, log) == (0.0, -np.inf)


def test_without_scipy_small_matrices_are_code_and_others_the_hosts(monkeypatch):
    monkeypatch.setattr(lapack, "is_installed", lambda name: False)
    for n, alone in ((lapack.SMALL, True), (lapack.SMALL + 1, False)):
        given = matrices(n)
        f = FUNCTIONS["solve"]
        assert (partition(graph_of(f, *given), default()) is None) == alone
        found = wg.compile(wg.value_and_grad(f), cache=False)(*given)
        np.testing.assert_allclose(found[0], f(*given), rtol=1e-9)


@pytest.mark.parametrize("target", [AVX512, AVX2, X86_64_V2, AARCH64], ids=["AVX-512", "AVX2", "no FMA", "AArch64"])
@pytest.mark.parametrize("n", [4, 40])
def test_routines_assemble_for_every_target(target, n):
    def whole(a, b, s):
        return sum(f(a, b, s) for f in FUNCTIONS.values())

    program = lower(graph_of(whole, *matrices(n)))
    assert jit.emit_assembly(emit(program, plan(program), target).text, target)


def test_the_same_node_has_its_routine_in_the_printed_nests():
    graph: Graph = graph_of(FUNCTIONS["solve"], *matrices(3))
    assert any(node.op.name == "solve" for node in order_of(graph))
    assert {"lu", "lu_solve"} == set(routines(graph))
