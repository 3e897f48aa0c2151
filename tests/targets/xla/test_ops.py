"""Every op on XLA: its samples against NumPy, each dtype that it takes, with its derivatives; and where nothing of NumPy may be called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import wengert.core.autodiff
import wengert.core.ops  # noqa: F401
from tests.thorough import part, rounds
from wengert.core.autodiff.transforms import pull_back, push_forward
from wengert.core.ir.graph import Graph, Node, apply, input_node
from wengert.core.ir.op import OPS, Op
from wengert.core.ir.types import ArrayType, TapeType, TupleType
from wengert.core.ir.walk import topological
from wengert.core.ops.control import results
from wengert.core.ops.evaluate import evaluate
from wengert.targets import compiled
from wengert.targets.xla import support

SAMPLED = {name: op for name, op in OPS.items() if op.samples(np.random.default_rng(0)) and name != "opaque"}
LOOSE = {"sqrtm": 1e-11, "expm": 1e-12, "solve_sylvester": 1e-11, "convolve": 1e-11, "eig": 1e-11}
"""Ops that XLA computes by another algorithm than LAPACK's."""
GIVEN_UP = {"while_loop": "its steps are recorded, and no bound is stated"}
"""Why XLA takes no derivative of an op."""


def of_forms(op: Op) -> list[tuple[Sequence[Any], dict[str, Any]]]:
    """A sample for each combination of types and parameters; every day one for each type and one for each parameter."""
    seen: dict[tuple[str, str], Any] = {}
    for arrays, params in op.samples(np.random.default_rng(0)):
        types = str([(np.shape(a), np.asarray(a).dtype.name) for a in arrays])
        seen.setdefault((types, str(params)), (types, arrays, params))
    return [(arrays, params) for _, arrays, params in part(seen.values(), 1, lambda c: c[0], lambda c: str(c[2]))]


def together(op: Op, cases: Sequence[tuple[Sequence[Any], dict[str, Any]]]) -> tuple[Graph, dict[str, Any]]:
    """All cases as one graph, so that XLA compiles once, and the values of its inputs."""
    inputs: list[Node] = []
    outputs: list[Node] = []
    values: dict[str, Any] = {}
    for arrays, params in cases:
        given = [np.asarray(a) for a in arrays]
        own = [input_node(f"x{len(inputs) + k}", ArrayType(a.shape, a.dtype.name)) for k, a in enumerate(given)]
        values |= {str(x.params["name"]): a for x, a in zip(own, given, strict=True)}
        inputs += own
        node = apply(op, *own, **params)
        each = results(node) if isinstance(node.type, TupleType) else [node]
        outputs += [y for y in each if not isinstance(y.type, TapeType)]
    return Graph(tuple(inputs), tuple(outputs)), values


def close(found: Any, expected: Any, tolerance: float) -> None:
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    if expected.dtype.kind in "bi":
        np.testing.assert_array_equal(found, expected)
        return
    width = 1e-5 if expected.dtype.name in ("float32", "complex64") else tolerance
    size = np.max(np.abs(expected[np.isfinite(expected)]), initial=0)
    np.testing.assert_allclose(found, expected, rtol=width, atol=width * min(size, 1))


@pytest.mark.parametrize("name", SAMPLED)
def test_samples_are_those_of_numpy(name):
    op = SAMPLED[name]
    cases = [c for c in of_forms(op) if not refused(op, c)]
    if not cases:
        pytest.skip(f"XLA takes no sample of '{name}'")
    graph, values = together(op, cases)
    made = compiled.compile(graph, "xla")
    expected = evaluate(graph, values)
    for found, y in zip(made(**values), expected, strict=True):
        close(found, y, LOOSE.get(name, 2e-12))


def refused(op: Op, case: tuple[Sequence[Any], dict[str, Any]]) -> bool:
    graph, _ = together(op, [case])
    nodes = [y.inputs[0] if y.op.name == "item" else y for y in graph.outputs]
    return any(support.supports(node).by == "nobody" for node in nodes)


def both_ways(graph: Graph) -> Graph:
    """ẏ and x̄ of a graph, from the values and random signals."""
    back, ahead = pull_back(graph), push_forward(graph)
    inputs = tuple(dict.fromkeys((*back.inputs, *ahead.inputs)))
    return Graph(inputs, (*back.outputs, *ahead.outputs))


@pytest.mark.parametrize("name", SAMPLED)
def test_derivatives_both_ways_are_those_of_numpy(name):
    op = SAMPLED[name]
    cases = [c for c in of_forms(op) if not refused(op, c)][: rounds(4, 1000)]
    moves = [c for c in cases if any(np.asarray(a).dtype.kind in "fc" for a in c[0])]
    if not moves:
        pytest.skip(f"'{name}' has no derivative")
    graph, values = together(op, moves)
    derived = both_ways(graph)
    if any(support.supports(node).by == "nobody" for node in topological(derived.outputs)):
        pytest.skip(f"the derivative of '{name}' is nobody's: {GIVEN_UP[name]}")
    rng = np.random.default_rng(1)
    for x in derived.inputs:
        if x.params["name"] not in values:
            signal = rng.normal(size=x.shape) * (1 + 1j if x.type.is_complex else 1)
            values[x.params["name"]] = np.asarray(signal, x.type.dtype)
    made = compiled.compile(derived, "xla")
    expected = evaluate(derived, values)
    for found, y in zip(made(**values), expected, strict=True):
        close(found, y, max(LOOSE.get(name, 0), 1e-11))
