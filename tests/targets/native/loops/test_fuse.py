"""Fusion: what is computed together, what is stored between, and in which order kernels run."""

from __future__ import annotations

import numpy as np
import pytest

import wengert.core.autodiff  # noqa: F401
from scripts.random_graphs import random_case
from wengert.core.autodiff.reverse import vjp
from wengert.core.autodiff.transforms import hvp
from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ops.effort import partners, side_by_side
from wengert.core.ops.evaluate import evaluate
from wengert.core.passes.pipeline import run
from wengert.targets import compiled
from wengert.targets.native.builder import PAIRS
from wengert.targets.native.loops import fuse as fusion
from wengert.targets.native.loops.body import cost
from wengert.targets.native.loops.expand import expand
from wengert.targets.native.loops.forms import is_leaf
from wengert.targets.native.loops.fuse import MOST_OPS, Fusion, fuse
from wengert.targets.native.loops.nest import Compute, Constant

VECTOR = ArrayType((50,))
MATRIX = ArrayType((8, 50))


def kernels(*outputs: Node) -> list[set[str]]:
    """The ops of the roots of each kernel, in the order in which they run."""
    found = fuse(expand(Graph((), outputs)))
    return [{root.op.name for root in kernel.roots} for kernel in found.ordered()]


def stored(*outputs: Node) -> list[str]:
    """The ops of the nodes that have memory."""
    found = fuse(expand(Graph((), outputs)))
    return sorted(node.op.name for node in found.stored)


def node(name: str, type: ArrayType = VECTOR) -> Node:
    return input_node(name, type)


def total(x: Node) -> Node:
    return apply("sum", x, axes=tuple(range(x.type.rank)))


def spread(x: Node, axis: int, like: ArrayType = MATRIX) -> Node:
    return apply("broadcast", x, shape=like.shape, axes=(axis,))


def matmul(a: Node, b: Node) -> Node:
    return apply("einsum", a, b, inputs=((0, 1), (1, 2)), output=(0, 2))


def test_a_chain_of_entries_is_one_kernel():
    x = node("x")
    assert kernels(apply("tanh", apply("exp", apply("sin", x)) * 2 + x)) == [{"tanh"}]


def test_a_value_and_its_gradient_are_one_kernel():
    x = node("x")
    y = total(apply("tanh", x) * apply("exp", -(x * x)))
    (bar,) = vjp([y], [x], [constant(1, y.type)])
    assert bar is not None
    assert len(kernels(y, bar)) == 1


def test_the_hessian_of_neighbours_times_a_direction_is_one_kernel():
    """Rosenbrock's function: the gates of the direction do not make it store what lies between."""
    x = node("x")
    left, right = (apply("slice", x, start=(k,), stop=(49 + k,), step=(1,)) for k in (0, 1))
    f = Graph((x,), (total((right - left**2) ** 2 * 100 + (1 - left) ** 2),))
    (product,) = run(hvp(f)).outputs
    assert kernels(product) == [{"add"}]


def test_a_slope_is_computed_where_its_function_is():
    x, w, b, v = (
        node("x", ArrayType((8, 16))),
        node("w", ArrayType((16, 50))),
        node("b"),
        node("v", ArrayType((50, 50))),
    )
    z = matmul(x, w) + spread(b, 1)
    y = apply("tanh", z)
    late = matmul(y, v) * apply("sech2", z)
    assert kernels(late) == [{"einsum", "add", "tanh", "sech2"}, {"einsum", "multiply"}]
    assert stored(late) == ["multiply", "sech2", "tanh"]


@pytest.mark.parametrize("slope_first", [False, True])
def test_what_is_computed_together_stands_together_in_an_order(slope_first):
    x, y = node("x"), node("y")
    two = [apply("gauss", x), apply("erf", x)]
    order = [x, y, *(two if slope_first else two[::-1])[:1], apply("sin", x), apply("gauss", y)]
    order += (two if slope_first else two[::-1])[1:]
    found = side_by_side(order)
    assert sorted(map(id, found)) == sorted(map(id, order))
    assert abs(found.index(two[0]) - found.index(two[1])) == 1
    assert [n for n in found if n not in two] == [n for n in order if n not in two]
    assert partners(order) == {two[0]: two[1]}


def test_what_is_laid_out_over_many_entries_is_stored_where_it_is_made_of_several_arrays():
    a, b, c, d = (node(name, ArrayType((8,))) for name in "abcd")
    few, many = a * b, (a + b) * (c * d)
    like = node("m", MATRIX)
    assert stored(total(spread(few, 0) * like)) == ["sum"]
    assert stored(total(spread(many, 0) * like)) == ["multiply", "sum"]


def test_a_sum_is_computed_with_what_it_sums():
    x = node("x")
    y = apply("sin", x)
    assert kernels(total(y), y) == [{"sum", "sin"}]
    assert stored(total(y)) == ["sum"]


def test_a_bias_and_activation_are_computed_with_their_product():
    x, w, b = node("x", ArrayType((8, 16))), node("w", ArrayType((16, 50))), node("b")
    y = apply("tanh", matmul(x, w) + spread(b, 1))
    assert kernels(y) == [{"einsum", "tanh"}]
    assert stored(y) == ["tanh"]


def test_the_update_of_a_weight_is_computed_with_its_gradient():
    x, r, w = node("x", ArrayType((16, 8))), node("r", ArrayType((16, 50))), node("w", MATRIX)
    g = apply("einsum", x, r, inputs=((0, 1), (0, 2)), output=(1, 2))
    y = w - g * 0.1
    assert kernels(y) == [{"einsum", "subtract"}]
    assert stored(y) == ["subtract"]


def test_a_transposed_factor_is_read_in_place():
    a, b = node("a", ArrayType((16, 8))), node("b", ArrayType((50, 16)))
    y = matmul(apply("transpose", a, axes=(1, 0)), apply("transpose", b, axes=(1, 0)))
    assert stored(y) == ["einsum"]


def test_what_costs_little_is_computed_again_where_it_is_spread():
    b, x = node("b"), node("x", MATRIX)
    assert stored(spread(b + 1, 1) * x) == ["multiply"]
    assert stored(spread(apply("exp", b), 1) * x) == ["exp", "multiply"]


def test_what_is_read_at_another_place_is_stored_if_it_costs_much():
    x = node("x")
    y = apply("exp", x)
    assert stored(y + apply("flip", y, axes=(0,))) == ["add", "exp"]
    z = -x
    assert stored(z + apply("flip", z, axes=(0,))) == ["add"]


def test_a_matrix_product_stores_its_factors():
    a, b = node("a", ArrayType((8, 16))), node("b", ArrayType((16, 50)))
    assert stored(matmul(apply("sin", a), b)) == ["einsum", "sin"]


def test_softmax_and_log_sum_exp_share_their_exponentials():
    x = node("x", MATRIX)
    found = fuse(expand(Graph((), (apply("softmax", x, axes=(1,)), apply("logsumexp", x, axes=(1,))))))
    names = [root.op.name for kernel in found.kernels for root in kernel.roots]
    assert names.count("max") == 1
    assert names.count("sum") == 1


def test_independent_kernels_over_other_arrays_stay_apart():
    x, y = node("x"), node("y")
    assert len(kernels(apply("sin", x), apply("cos", y))) == 2
    assert len(kernels(apply("sin", x), apply("cos", x))) == 1


def test_a_kernel_has_not_too_many_ops():
    x = node("x")
    outputs = []
    for k in range(120):
        y = x * float(k)
        for _ in range(10):
            y = apply("sin", y)
        outputs.append(y)
    found = fuse(expand(Graph((), tuple(outputs))))
    assert len(found.kernels) > 1
    assert all(kernel.ops <= MOST_OPS for kernel in found.kernels)


def test_a_long_chain_is_stored_on_the_way(monkeypatch):
    monkeypatch.setattr(fusion, "LONGEST", 10)
    y = node("x")
    for _ in range(25):
        y = apply("sin", y)
    assert len(fuse(Graph((), (y,))).home) == 3


def waits_for(found: Fusion) -> list[tuple[Node, Node]]:
    """(root, what it reads outside its kernel)."""
    return [
        (root, x)
        for kernel in found.kernels
        for root in kernel.roots
        for x in kernel.reads
        if x in found.home and found.home[x] is not kernel
    ]


@pytest.mark.parametrize("seed", range(40))
def test_kernels_run_after_what_they_read(seed):
    graph = expand(random_case(seed).graph)
    found = fuse(graph)
    order = {kernel.number: k for k, kernel in enumerate(found.ordered())}
    assert sorted(order) == list(range(len(found.kernels)))
    for root, x in waits_for(found):
        assert order[found.home[x].number] < order[found.home[root].number]
        assert x in found.stored
    assert all(y in found.home or is_leaf(y) for y in graph.outputs)


def test_a_kernel_does_not_wait_for_one_that_waits_for_it():
    x = node("x")
    y, z = apply("sin", x), apply("cos", x * 3)
    w = apply("exp", y + apply("flip", z, axes=(0,)))
    found = fuse(Graph((x,), (apply("flip", y, axes=(0,)) + z, w, y, z)))
    first, last = found.home[y], found.home[w]
    assert first is not last
    assert found.run_after(last, [first])
    assert not found.run_after(first, [last])


def test_kernels_over_the_same_rows_run_one_after_the_other():
    x, v = node("x", MATRIX), node("v", ArrayType((13,)))
    top = apply("max", x, axes=(1,))
    y = apply("exp", x - spread(top, 0))
    found = fuse(expand(Graph((x, v), (top, apply("sin", v), apply("sum", y, axes=(1,))))))
    spaces = [kernel.space[0] for kernel in found.ordered()]
    assert spaces == sorted(spaces) or spaces == sorted(spaces, reverse=True)
    assert np.unique(spaces).size == 2


def rosenbrock(n: int) -> Graph:
    """Σ 100 (x_{i+1} − x_i²)² + (1 − x_i)² and its gradient."""
    x = node("x", ArrayType((n,)))
    low, high = (apply("slice", x, start=(k,), stop=(n - 1 + k,), step=(1,)) for k in (0, 1))
    a, b = high - low * low, 1 - low
    value = total(a * a * 100 + b * b)
    (bar,) = vjp([value], [x], [constant(1, value.type)])
    assert bar is not None
    return Graph((x,), (value, bar))


def test_what_is_shorter_is_0_behind_its_end():
    graph = rosenbrock(5000)
    values = {"x": np.random.default_rng(0).normal(size=5000)}
    for found, wanted in zip(compiled.compile(graph, cache=False)(**values), evaluate(graph, values), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_sums_join_a_slightly_longer_kernel_and_stored_entries_do_not():
    x = node("x", ArrayType((5000,)))
    part = apply("slice", x, start=(3,), stop=(5000,), step=(1,))
    assert len(kernels(apply("sin", x), apply("exp", part))) == 2
    assert len(kernels(apply("sin", x), total(apply("exp", part)))) == 1
    assert len(kernels(total(apply("exp", part)), apply("sin", x), total(apply("cos", x)))) == 1


def test_a_slope_costs_little_beside_its_function_and_as_much_as_any_alone():
    x, other = Constant(0.5, "float64"), Constant(2.0, "float64")
    for pair, rules in PAIRS.items():
        function, slope = (rule.__name__ for rule in rules)
        alone = cost([Compute(slope, (x,), "float64")])
        beside = cost([Compute(function, (x,), "float64"), Compute(slope, (x,), "float64")])
        apart = cost([Compute(function, (x,), "float64"), Compute(slope, (other,), "float64")])
        assert 2 * alone - 1 == apart > beside > alone, pair
