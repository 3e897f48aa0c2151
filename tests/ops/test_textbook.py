"""The slopes that run and those that are printed: two forms of one function."""

from __future__ import annotations

import numpy as np
import pytest

import wengert.core.ops  # noqa: F401
from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.op import OPS
from wengert.core.ir.types import ArrayType
from wengert.core.ops.evaluate import evaluate
from wengert.core.ops.kinds import has_prime
from wengert.core.ops.primes import instance
from wengert.core.passes.open_primes import open_primes

TWO_FORMS = [op.name for op in OPS.values() if op.partials is not op.textbook]


def test_ops_whose_printed_slope_cancels_run_another_one():
    assert {"logistic", "tanh", "coth", "erf", "erfc", "silu", "gelu", "arctan", "arcsin", "arcsinh"} <= set(TWO_FORMS)


@pytest.mark.parametrize("name", TWO_FORMS)
def test_both_forms_are_one_function_at_moderate_points(name):
    op = OPS[name]
    for arrays, params in op.samples(np.random.default_rng(0))[10:15]:
        inputs = [input_node(f"x{k}", ArrayType(np.shape(a))) for k, a in enumerate(arrays)]
        node = apply(op, *inputs, **params)
        pairs = zip(op.partials(node, *inputs, **params), op.textbook(node, *inputs, **params), strict=True)
        slopes = [p if isinstance(p, Node) else constant(p, node.type) for pair in pairs for p in pair]
        moderate = {f"x{k}": np.clip(a, -3, 3) for k, a in enumerate(arrays)}
        found = evaluate(Graph(tuple(inputs), tuple(slopes)), moderate)
        for runs, printed in zip(found[::2], found[1::2], strict=True):
            np.testing.assert_allclose(runs, printed, rtol=1e-11)


@pytest.mark.parametrize("name", [name for name in TWO_FORMS if has_prime(OPS[name])])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_both_forms_of_a_prime_are_one_function(name, order):
    (values,), _ = OPS[name].samples(np.random.default_rng(0))[10]
    x = input_node("x", ArrayType(np.shape(values)))
    prime = apply("prime", x, function=name, order=order)
    graph = Graph((x,), (*open_primes(Graph((x,), (prime,))).outputs, instance(name, order, x, textbook=True)))
    runs, printed = evaluate(graph, {"x": np.clip(values, -2, 2)})
    np.testing.assert_allclose(runs, printed, rtol=1e-9)
