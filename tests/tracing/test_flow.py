"""cond, scan, fori_loop, while_loop of Python functions: as loops written out, in any container, with their derivatives."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
from wengert.core.ir.walk import topological
from wengert.core.passes import pipeline
from wengert.errors import TraceError

RNG = np.random.default_rng(0)
X, T = RNG.normal(size=(8, 3)), RNG.normal(size=8)


def loss(w, x, t):
    return np.mean((x @ w - t) ** 2)


def descended(w, steps, rate=0.1):
    for _ in range(steps):
        w = w - rate * wg.grad(loss)(w, X, T)
    return w


def test_a_loop_over_steps_of_descent_is_the_steps_written_out():
    w = np.zeros(3)
    got = wg.fori_loop(0, 7, lambda i, w: w - 0.1 * wg.grad(loss)(w, X, T), w)
    np.testing.assert_allclose(got, descended(w, 7), rtol=1e-13)


def test_the_gradient_goes_through_the_steps_of_descent():
    def trained(rate):
        w = wg.fori_loop(0, 5, lambda i, w: w - rate * wg.grad(loss)(w, X, T), np.zeros(3))
        return loss(w, X, T)

    h = 1e-6
    slope = (trained(0.1 + h) - trained(0.1 - h)) / (2 * h)
    assert wg.grad(trained)(0.1) == pytest.approx(slope, rel=1e-7)
    assert wg.grad(wg.grad(trained))(0.1) == pytest.approx(
        (wg.grad(trained)(0.1 + h) - wg.grad(trained)(0.1 - h)) / (2 * h), rel=1e-6
    )


def test_a_scan_stacks_what_its_steps_give():
    def step(carry, x):
        total = carry["total"] + x["a"]
        return {"total": total, "last": x["b"]}, (total * x["b"], x["a"] > 0)

    init = {"total": 0.0, "last": np.zeros(2)}
    xs = {"a": np.array([1.0, -2.0, 3.0]), "b": np.arange(6.0).reshape(3, 2)}
    carry, (products, positive) = wg.scan(step, init, xs)
    assert carry["total"] == 2.0
    assert carry["last"].tolist() == [4, 5]
    assert products.tolist() == [[0, 1], [-2, -3], [8, 10]]
    assert positive.tolist() == [True, False, True]


def test_a_scan_in_reverse_begins_at_the_end():
    last, ys = wg.scan(lambda c, x: (c * 0.5 + x, c), 0.0, np.array([1.0, 2.0, 4.0]), reverse=True)
    assert last == 0.5 * (0.5 * 4 + 2) + 1
    assert ys.tolist() == [4.0, 4.0, 0.0]


def test_a_scan_without_xs_has_a_length_and_one_without_steps_gives_the_first_carry():
    assert wg.scan(lambda c, _: (c * 2, None), 1.0, length=10) == (1024.0, None)
    carry, ys = wg.scan(lambda c, x: (c + x, c), 1.5, np.zeros((0,)))
    assert carry == 1.5
    assert ys.shape == (0,)


def test_the_counter_takes_the_dtype_that_it_meets_and_counts_from_the_lower_bound():
    assert wg.fori_loop(3, 6, lambda i, c: c + i, 0) == 3 + 4 + 5
    assert wg.fori_loop(2, 2, lambda i, c: c + i, 7) == 7
    assert wg.fori_loop(5, 2, lambda i, c: c + i, 7) == 7
    assert wg.fori_loop(0, 3, lambda i, c: c * (i + 1), np.ones(2, np.float32)).dtype == np.float32
    table = np.array([5.0, 7.0, 11.0])
    assert wg.fori_loop(0, 3, lambda i, c: c + wg.asarray(table)[i], 0.0) == 23.0


def test_a_bound_that_is_traced_makes_a_loop_of_unknown_length():
    def power(x, n):
        return wg.fori_loop(0, n, lambda i, c: c * x, 1.0)

    assert power(3.0, 4) == 81.0
    graph = wg.trace(power)(3.0, 4)
    assert "while_loop" in {node.op.name for node in topological(graph.outputs)}
    assert wg.jvp(lambda x: wg.vmap(lambda n: power(x, n))(np.array([1, 2, 3])), (2.0,), (1.0,))[1].tolist() == [
        1,
        4,
        12,
    ]


def test_a_while_loop_runs_until_its_test_fails():
    def root(a):
        return wg.while_loop(lambda s: np.abs(s * s - a) > 1e-12, lambda s: 0.5 * (s + a / s), a)

    assert root(2.0) == pytest.approx(np.sqrt(2), rel=1e-12)
    assert wg.grad(root)(2.0) == pytest.approx(0.5 / np.sqrt(2), rel=1e-9)
    assert wg.grad(wg.grad(root))(2.0) == pytest.approx(-0.25 * 2**-1.5, rel=1e-6)
    np.testing.assert_allclose(wg.vmap(root)(np.array([2.0, 9.0, 100.0])), np.sqrt([2.0, 9.0, 100.0]), rtol=1e-11)
    np.testing.assert_allclose(wg.vmap(wg.grad(root))(np.array([2.0, 9.0])), 0.5 / np.sqrt([2.0, 9.0]), rtol=1e-8)


def test_only_the_branch_that_is_taken_runs():
    def f(x, k):
        return wg.cond(x > 0, lambda x: x * x, lambda x: x * wg.asarray(np.arange(3.0))[k], x)

    graph = wg.trace(f)(1.0, 7)
    from wengert.core.ops.evaluate import evaluate

    assert evaluate(graph, {"x": 3.0, "k": 7}) == (9.0,)


def test_a_branch_reads_values_from_outside_and_gives_containers():
    def f(x, y):
        return wg.cond(x > y, lambda: {"a": x * y, "b": (x,)}, lambda: {"a": y, "b": (x * 2,)})

    got = wg.vjp(f, 2.0, 3.0)
    assert got[0] == {"a": 3.0, "b": (4.0,)}
    assert got[1]({"a": 1.0, "b": (10.0,)}) == (20.0, 1.0)
    assert wg.grad(lambda x: f(x, 1.0)["a"])(5.0) == 1.0


def test_a_known_predicate_is_pythons():
    ran = []
    assert wg.cond(True, lambda: ran.append(1) or 1, lambda: ran.append(2) or 2) == 1
    assert wg.cond(np.bool_(False), lambda x: x, lambda x: -x, 3) == -3
    assert ran == [1]


def test_branches_of_two_dtypes_meet():
    f = wg.trace(lambda c, x: wg.cond(c > 0, lambda: x, lambda: 0))
    assert str(f(1.0, np.float32(2)).outputs[0].type) == "float32[]"
    f = wg.trace(lambda c, x: wg.cond(c > 0, lambda: x, lambda: x.astype(float)))
    assert str(f(1.0, np.float32(2)).outputs[0].type) == "float64[]"


def test_loops_nest_and_their_derivatives_are_those_of_loops_written_out():
    def table(a, n, m, loop):
        def row(i, acc):
            return loop(0, m, lambda j, s: s * 0.9 + np.sin(a * (i + 1)) * j, acc)

        return loop(0, n, row, 0.1)

    def python(lower, upper, body, init):
        for i in range(lower, upper):
            init = body(i, init)
        return init

    value, slope = wg.value_and_grad(lambda a: table(a, 3, 4, wg.fori_loop))(0.7)
    expected = wg.value_and_grad(lambda a: table(a, 3, 4, python))(0.7)
    assert (value, slope) == pytest.approx(expected, rel=1e-13)


def test_a_number_of_python_in_a_carry_takes_the_dtype_of_the_loop():
    single = np.ones(3, np.float32)
    assert wg.scan(lambda c, x: (c + x, None), 0.0, single)[0].dtype == np.float32
    assert wg.scan(lambda c, x: (c + x, None), 0, single)[0].dtype == np.float32
    assert wg.scan(lambda c, x: (c + 0.5, None), 0, single)[0] == 1.5
    assert wg.scan(lambda c, x: (c + x, None), np.float64(0), single)[0].dtype == np.float64
    a, b = wg.fori_loop(0, 2, lambda i, s: (s[0] + s[1], s[1] * single[0]), (0, 1))
    assert a.dtype == b.dtype == np.float32


def test_the_value_and_the_gradient_of_a_loop_run_it_once():
    def f(x):
        return np.sum(wg.fori_loop(0, 5, lambda i, x: x + 0.1 * np.sin(x), x))

    graph = pipeline.run(wg.trace(wg.value_and_grad(f))(np.ones(3)))
    assert [node.op.name for node in topological(graph.outputs)].count("scan") == 2
    graph = pipeline.run(wg.trace(wg.vmap(wg.value_and_grad(f)))(np.ones((2, 3))))
    assert [node.op.name for node in topological(graph.outputs)].count("scan") == 2


WRONG = {
    "a shape": (lambda: wg.fori_loop(0, 3, lambda i, c: c * np.ones(2), 0.0), "changes 'carry 0' from float64[] to float64[2]"),
    "a dtype": (lambda: wg.scan(lambda c, x: (c * x, None), np.float32(1), np.ones(3)), "from float32[] to float64[]"),
    "a container": (lambda: wg.fori_loop(0, 3, lambda i, c: (c, c), 0.0), "another container than the carries"),
    "a container of a while loop": (lambda: wg.while_loop(lambda c: c < 1, lambda c: [c], 0.0), "another container"),
    "no pair": (lambda: wg.scan(lambda c, x: c, 0.0, np.ones(3)), "returns a pair"),
    "no length": (lambda: wg.scan(lambda c, x: (c, x), 0.0), "number of steps of 'scan' is not known"),
    "two lengths": (lambda: wg.scan(lambda c, x: (c, None), 0.0, (np.ones(2), np.ones(3))), "not the same for all"),
    "a length beside xs": (lambda: wg.scan(lambda c, x: (c, None), 0.0, np.ones(2), length=3), "not the same for all"),
    "a number as xs": (lambda: wg.scan(lambda c, x: (c, None), 0.0, 1.0), "is not known"),
    "a test of numbers": (lambda: wg.while_loop(lambda c: c, lambda c: c, 0.0), "instead of one truth value"),
    "a test of arrays": (lambda: wg.while_loop(lambda c: c < 1, lambda c: c, np.zeros(2)), "instead of one truth value"),
    "branches": (lambda: wg.grad(lambda x: wg.cond(x > 0, lambda: x, lambda: (x, x)))(1.0), "branches of 'cond' give different"),
    "branches of two shapes": (lambda: wg.grad(lambda x: wg.cond(x > 0, lambda: x, lambda: x * np.ones(2)))(1.0), "give different"),
    "a predicate of numbers": (lambda: wg.grad(lambda x: wg.cond(x, lambda: x, lambda: x))(1.0), "takes one truth value"),
}  # fmt: skip


@pytest.mark.parametrize(("f", "words"), WRONG.values(), ids=WRONG.keys())
def test_what_does_not_fit_is_refused_with_a_repair(f, words):
    with pytest.raises(TraceError) as caught:
        f()
    assert words in caught.value.what
    assert caught.value.where
    assert caught.value.repair
