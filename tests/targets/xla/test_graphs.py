"""Random graphs with their gradients, branches and loops on XLA against the interpreter."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
import wengert.core.autodiff
from scripts.compare_backends import described, difference, shrunk
from scripts.random_graphs import Case, random_case
from tests.thorough import rounds
from wengert.core.ir.graph import Graph, apply, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ir.walk import order_of
from wengert.errors import GraphError
from wengert.targets import compiled
from wengert.targets.base import target


def run(case: Case):
    return compiled.compile(case.graph, "xla")(**case.values)


def is_refused(case: Case) -> bool:
    """Whether a loop records its steps, and no bound is stated."""
    return any(target("xla").supports(node).by == "nobody" for node in order_of(case.graph))


@pytest.mark.parametrize("seed", range(rounds(24, 140)))
def test_random_graphs_equal_the_interpreter(seed):
    case = random_case(seed)
    if is_refused(case):
        with pytest.raises(GraphError, match="needs a bound"):
            run(case)
        return
    found = difference(case, run)
    assert found is None, f"{found}\n{described(shrunk(case, run))}"


# loops


def climb(x, max_steps):
    def step(s):
        return s[0] + np.sin(s[0]) * 0.4 * s[1] + 0.9, s[1]

    return wg.while_loop(lambda s: s[0] < 5, step, (x, x * 2), max_steps=max_steps)[0]


def test_a_while_loop_is_derived_twice_and_over_rows_with_a_bound():
    def f(x):
        return climb(x, 64)

    for derivative in (wg.grad(f), wg.grad(wg.grad(f))):
        found = wg.compile(derivative, backend="xla")(0.3)
        np.testing.assert_allclose(found, wg.compile(derivative)(0.3), rtol=1e-12)
    rows = wg.vmap(wg.grad(f))
    x = np.array([0.3, 0.2, 0.25])
    np.testing.assert_allclose(wg.compile(rows, backend="xla")(x), rows(x), rtol=1e-12)


@pytest.mark.parametrize(("bound", "enough"), [(5, False), (6, True), (7, True)])
def test_a_bound_of_one_step_too_few_is_an_error_and_no_number(bound, enough):
    f = wg.compile(wg.grad(lambda x: climb(x, bound)), backend="xla")
    if enough:
        np.testing.assert_allclose(f(0.3), 0.028258453994925, rtol=1e-10)
        return
    with pytest.raises(GraphError, match=f"wants more than {bound} steps"):
        f(0.3)


def test_without_a_bound_the_derivative_of_a_while_loop_is_refused():
    with pytest.raises(GraphError) as error:
        wg.compile(wg.grad(lambda x: climb(x, None)), backend="xla")(0.3)
    assert str(error.value) == (
        "The derivative of a while loop records every step, and XLA needs a bound for their number.\n"
        "  the loop has no max_steps\n"
        "Give it:  wg.while_loop(test, body, init, max_steps=1000)"
    )


# findings: what NumPy raises


def picked(x, k):
    return apply("gather", x, k, axis=0, batch=0)


def at_index(inside) -> Graph:
    x, k = input_node("x", ArrayType((4,))), input_node("k", ArrayType((3,), "int64"))
    return Graph((x, k), (inside(x, k),))


def in_a_loop(x, k):
    place = input_node("place", ArrayType((), "int64"))
    inner = input_node("inner", x.type)
    total = input_node("total", ArrayType())
    body = Graph((total, place, inner), (total + picked(inner, place),))
    zero = apply("sum", x * 0, axes=(0,))
    node = apply("scan", zero, k, x, body=body, carries=1, xs=1, length=3, reverse=False, first=None)
    return apply("item", node, index=0)


def in_a_branch(x, k):
    inner, place = input_node("inner", x.type), input_node("place", k.type)
    then = Graph((inner, place), (picked(inner, place),))
    other = Graph((inner, place), (picked(inner, place * 0),))
    truth = apply("less", apply("sum", x * 0, axes=(0,)), apply("sum", x * 0 + 1, axes=(0,)))
    return apply("item", apply("cond", truth, x, k, then=then, other=other), index=0)


@pytest.mark.parametrize("inside", [picked, in_a_loop, in_a_branch])
@pytest.mark.parametrize("wrong", [-1, 4])
def test_an_index_outside_raises_the_sentence_of_numpy(inside, wrong):
    made = compiled.compile(at_index(inside), "xla")
    values = {"x": np.arange(4.0), "k": np.array([0, 3, 1])}
    np.testing.assert_array_equal(made(**values), made.interpret(**values))
    with pytest.raises(GraphError, match=f"The index {wrong} is outside an axis of 4 entries"):
        made(**{**values, "k": np.array([0, wrong, 1])})


@pytest.mark.parametrize("f", [np.linalg.inv, np.linalg.cholesky, lambda a: np.linalg.solve(a, a)])
def test_a_matrix_that_numpy_refuses_is_refused(f):
    made = wg.compile(f, backend="xla")
    np.testing.assert_allclose(made(np.diag([2.0, 3.0])), f(np.diag([2.0, 3.0])), rtol=1e-14)
    with pytest.raises(np.linalg.LinAlgError):
        made(np.array([[0.0, 1.0], [0.0, -1.0]]))
