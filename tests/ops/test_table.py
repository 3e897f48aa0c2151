"""Every op of the table, by its own samples: a new op is tested here without a new test."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import wengert.core.ops  # noqa: F401
from tests.thorough import rounds
from wengert.core.autodiff.batch import vmap
from wengert.core.autodiff.check import check_grads
from wengert.core.ir.graph import Graph
from wengert.core.ir.op import OPS
from wengert.core.ir.verify import verify
from wengert.core.ir.walk import topological
from wengert.core.ops.evaluate import evaluate
from wengert.core.passes.open_primes import open_primes
from wengert.errors import GraphError

WITHOUT_VALUE = ("input", "opaque", "item", "undetermined")
"""An input has the value it is given; a function letter has none; a result is taken out of an op that has several, in their samples;
of what is undetermined there is no derivative to test."""


DIRECTIONS = rounds(1, 3)
"""Along so many random ones derivatives are compared."""


def test_an_op_has_samples_errors_and_a_sentence(op):
    assert op.summary.endswith((".", ")")), "the docstring is a sentence"
    if op.kind == "leaf":
        assert op.name == "input" or op.samples(np.random.default_rng(0))
        return
    assert op.errors, "an op says what it refuses"
    if op.name not in WITHOUT_VALUE:
        assert len(op.samples(np.random.default_rng(0))) >= 30


def test_a_sample_set_has_an_axis_without_entries(op):
    if op.kind == "leaf" or op.name in (*WITHOUT_VALUE, "prime"):
        return
    arrays = [a for arrays, _ in op.samples(np.random.default_rng(0)) for a in arrays]
    assert any(np.size(a) == 0 for a in arrays)


def test_the_value_has_the_inferred_type(op, graphs):
    for graph, values in graphs(op):
        verify(graph)
        for y, node in zip(evaluate(graph, values), graph.outputs, strict=True):
            assert (np.shape(y), str(y.dtype)) == (node.shape, node.type.dtype)


def test_infer_refuses_what_the_record_says(op):
    for types, params, words in op.errors:
        with pytest.raises(GraphError) as caught:
            op.infer(types, params)
        assert words in caught.value.what
        assert caught.value.repair, "an error says what to write instead"


def test_inputs_are_not_changed_and_not_shared(op, graphs):
    for graph, values in graphs(op):
        before = {name: np.copy(value) for name, value in values.items()}
        results = evaluate(graph, values)
        for name, value in values.items():
            assert np.array_equal(value, before[name])
            assert not any(np.shares_memory(value, y) for y in results)


REAL_ONLY = (
    *("erfinv", "prime", "polygamma", "digamma", "erfcinv", "ndtri", "beta", "betaln", "zeta", "exp1", "expi"),
    *("gammainc", "gammaincc", "betainc", "gammaincinv", "gammainccinv", "betaincinv"),
    *(
        "gammainc_slope",
        "betainc_slope_a",
        "betainc_slope_b",
        "rel_entr",
        "kl_div",
        "remainder",
        "fmod",
        "rgamma",
        "gamma",
    ),
    *("jv", "yv", "ive", "j0", "j1", "y0", "y1", "i0e", "i1e"),
)
"""SciPy has no complex form of these, or one whose own derivatives have none: differences check them here, mpmath in test_values
and test_special."""


CONJUGATING = ("cholesky", "eigh", "svd", "qr", "pinv", "sqrtm", "solve_sylvester")
"""Functions of real matrices that have no analytic continuation: differences check them here, and mpmath in test_linalg."""


def has_complex(graph) -> bool:
    return any(node.type.is_complex for node in topological(graph.outputs))


def tolerance(op, graph) -> float | None:
    if op.name in REAL_ONLY or has_complex(graph):
        return None
    if op.name in CONJUGATING:
        return 1e-9
    return 1e-12 if op.kind == "elementwise" else 1e-10


def is_smooth_enough(graph: Graph) -> bool:
    wide = graph.outputs[0].type.dtype in ("float64", "complex128")
    return wide and all(x.type.dtype != "float32" for x in graph.inputs)


def test_both_modes_agree_with_each_other_and_with_the_complex_step(op, graphs):
    for graph, values in graphs(op):
        if is_smooth_enough(graph):
            check_grads(graph, values, order=1, directions=DIRECTIONS, rtol=tolerance(op, graph))


def test_second_derivatives_agree(op, forms):
    for graph, values in forms(op):
        if is_smooth_enough(graph):
            check_grads(
                graph,
                values,
                order=2,
                directions=DIRECTIONS,
                rtol=None if op.name in (*REAL_ONLY, *CONJUGATING) or has_complex(graph) else 1e-10,
            )


def test_the_batch_rule_is_stacking(op, forms):
    rng = np.random.default_rng(1)
    for graph, values in forms(op):
        names = graph.input_names
        for chosen in itertools.chain.from_iterable(itertools.combinations(names, n) for n in range(1, len(names) + 1)):
            for size in (2, 0):
                wide = {name: np.stack([varied(op, rng, values[name]) for _ in range(2)])[:size] for name in chosen}
                many = evaluate(verify(vmap(graph, size, chosen)), {**values, **wide})
                single = [evaluate(graph, {**values, **{n: wide[n][k] for n in chosen}}) for k in range(size)]
                for j, (y, node) in enumerate(zip(many, graph.outputs, strict=True)):
                    assert y.shape == (size, *node.shape)
                    expected = np.array([results[j] for results in single]).reshape(y.shape)
                    np.testing.assert_allclose(y, expected, rtol=1e-13, atol=1e-13)


OF_MATRICES = ("solve_triangular", "solve_sylvester", "cholesky", "eigh", "svd", "qr", "sqrtm", "expm")
"""Ops whose samples do not stay in the domain, or well conditioned, if entries change places."""


def varied(op, rng, value):
    """Other values of the domain: the entries in another order, or matrices times a number."""
    if op.name in OF_MATRICES:
        return value * rng.uniform(0.5, 1)
    return rng.permutation(value.ravel()).reshape(value.shape)


def test_opened_primes_have_the_value_of_the_primes(op, graphs):
    from wengert.core.autodiff.transforms import pull_back

    for graph, values in graphs(op)[:12]:
        if not is_smooth_enough(graph):
            continue
        back = pull_back(graph)
        opened = open_primes(back)
        rng = np.random.default_rng(2)
        signals = {x.params["name"]: rng.normal(size=x.shape) for x in back.inputs if x.params["name"] not in values}
        for a, b in zip(evaluate(back, values | signals), evaluate(opened, values | signals), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-14)


def test_every_op_is_in_a_family_with_its_name():
    assert all(name == op.name for name, op in OPS.items())


NARROW = {"float64": "float32", "complex128": "complex64"}


def test_float32_stays_float32_forward_and_backward(op):
    from wengert.core.autodiff.transforms import pull_back, push_forward
    from wengert.core.ir.graph import apply, input_node
    from wengert.core.ir.types import ArrayType, TupleType
    from wengert.core.ops.control import results

    if op.kind in ("leaf", "control") or op.name == "cast":
        return  # the body of a loop has types of its own: its float32 stands in test_control
    for arrays, params in op.samples(np.random.default_rng(0))[::5]:
        arrays = [np.asarray(a) for a in arrays]
        arrays = [a.astype(NARROW.get(str(a.dtype), a.dtype)) for a in arrays]
        inputs = [input_node(f"x{k}", ArrayType(a.shape, str(a.dtype))) for k, a in enumerate(arrays)]
        node = apply(op, *inputs, **params)
        graph = Graph(tuple(inputs), tuple(results(node)) if isinstance(node.type, TupleType) else (node,))
        values = {f"x{k}": a for k, a in enumerate(arrays)}
        for derived in (graph, pull_back(graph), push_forward(graph)):
            signals = {x.params["name"]: np.ones(x.shape, x.type.dtype) for x in derived.inputs}
            for got, node in zip(evaluate(verify(derived), signals | values), derived.outputs, strict=True):
                assert str(got.dtype) == node.type.dtype
                assert node.type.dtype in ("float32", "complex64", "bool", "int64")
