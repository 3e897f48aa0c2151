"""Functions of NumPy and SciPy on XLA: their samples with both modes against the interpreter, or refused by the name of an op."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from tests.coverage.routes import Call, derived, drawn, evaluated
from tests.coverage.samples import Sample, every_sample, labelled
from tests.thorough import Run, part
from wengert.core.ir.graph import Graph
from wengert.core.ir.walk import topological
from wengert.errors import GraphError
from wengert.targets import compiled
from wengert.targets.xla import support

SAMPLES = {name: sample for name, sample in labelled(every_sample()).items() if not sample.at_values}
NUMPYS = 8
"""Every day one function of so many of NumPy, whose ops have samples of their own; those of SciPy are composed of them, and all are tried."""
LOOSE = {"expm": 1e-11, "logm": 1e-11, "sqrtm": 1e-11}
"""Functions that XLA computes by another algorithm than LAPACK's."""


def is_taken(name: str) -> bool:
    return Run.thorough or Run.whole or name.startswith("scipy") or zlib.crc32(name.encode()) % NUMPYS == 0


TAKEN = dict(part(((n, s) for n, s in SAMPLES.items() if is_taken(s.name)), 1, lambda case: case[1].name))


def with_derivatives(sample: Sample) -> tuple[Graph, list[np.ndarray]]:
    """The graph of a sample, where it moves with J v and Jᵀ w, and the values of its inputs."""
    call = Call(sample)
    graph, rng = call.graph(), np.random.default_rng(8)
    if not sample.orders or not call.arrays:
        return graph, call.arrays
    found, values = derived(graph), evaluated(graph, call.arrays)
    given = [*call.arrays, *(drawn(rng, a) for a in call.arrays), *(drawn(rng, values[k]) for k in found.moving)]
    return found.with_outputs([*graph.outputs, *found.tangents, *found.slopes]), given


def close(found: np.ndarray, expected: np.ndarray, tolerance: float) -> None:
    """Entries to the tolerance of the largest, and of 1e-2 where all are small."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    if expected.dtype.kind in "bi":
        np.testing.assert_array_equal(found, expected)
        return
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(found[~finite], expected[~finite])
    size = np.max(np.abs(expected[finite]), initial=1e-2)
    np.testing.assert_allclose(found[finite], expected[finite], rtol=0, atol=tolerance * size)


@pytest.mark.parametrize("sample", TAKEN.values(), ids=TAKEN.keys())
def test_a_sample_is_the_interpreters_or_is_refused_by_name(sample: Sample) -> None:
    graph, given = with_derivatives(sample)
    nobodys = [node.op.name for node in topological(graph.outputs) if support.supports(node).by == "nobody"]
    if nobodys:
        with pytest.raises(GraphError, match="|".join({*nobodys, "max_steps"})):
            compiled.compile(graph, "xla")
        return
    made = compiled.compile(graph, "xla")
    results = made(**dict(zip(graph.input_names, given, strict=True)))
    for found, expected in zip(results, evaluated(graph, given), strict=True):
        close(found, expected, LOOSE.get(sample.name.rpartition(".")[2], 1e-11))
