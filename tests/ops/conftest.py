"""Graphs of single ops from their samples, for the tests that go through the table."""

from __future__ import annotations

import numpy as np
import pytest

from tests.thorough import part
from wengert.core.ir.graph import Graph, apply, input_node
from wengert.core.ir.op import OPS, Op
from wengert.core.ir.types import ArrayType, TupleType
from wengert.core.ops.control import results


def single(op: Op, arrays, params) -> tuple[Graph, dict]:
    """The graph of one op on inputs x0, x1, …, with all results that it has, and their values."""
    arrays = [np.asarray(a) for a in arrays]
    inputs = [input_node(f"x{k}", ArrayType(a.shape, str(a.dtype))) for k, a in enumerate(arrays)]
    node = apply(op, *inputs, **params)
    outputs = results(node) if isinstance(node.type, TupleType) else [node]
    return Graph(tuple(inputs), tuple(outputs)), {f"x{k}": a for k, a in enumerate(arrays)}


def samples(op: Op, seed: int = 0) -> list[tuple[Graph, dict]]:
    """Every sample; every day two of each combination of shapes and parameters, or as many as there are."""
    return part((single(op, arrays, params) for arrays, params in op.samples(np.random.default_rng(seed))), 2, form)


def form(case: tuple[Graph, dict]) -> tuple[tuple[str, ...], str]:
    """The types and the parameters of a sample."""
    return types(case), parameters(case)


def types(case: tuple[Graph, dict]) -> tuple[str, ...]:
    return tuple(str(x.type) for x in case[0].inputs)


def parameters(case: tuple[Graph, dict]) -> str:
    return repr(sorted(case[0].outputs[0].params.items()))


def one_a_form(op: Op) -> list[tuple[Graph, dict]]:
    """One sample for each combination of shapes and parameters; every day one for each shape and each parameter."""
    seen: dict = {}
    for case in (single(op, arrays, params) for arrays, params in op.samples(np.random.default_rng(0))):
        seen.setdefault(form(case), case)
    return part(seen.values(), 1, types, parameters)


@pytest.fixture
def graphs():
    return samples


@pytest.fixture
def forms():
    return one_a_form


def pytest_generate_tests(metafunc):
    if "op" in metafunc.fixturenames:
        metafunc.parametrize("op", OPS.values(), ids=OPS.keys())
