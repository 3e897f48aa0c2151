"""The tiers of a gradient: the first call, those after it, and machine code give the same numbers, for every function that is covered."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wengert as wg
from tests.coverage.routes import Call, derived, drawn, evaluated, outputs_of
from tests.coverage.samples import Sample, every_sample, labelled, tried
from wengert.functions.tracing.trees import flatten

SAMPLES = tried(
    {
        name: sample
        for name, sample in labelled(every_sample()).items()
        if sample.orders and not sample.at_values and Call(sample).arrays
    },
    1,
)


def weighted(result: Any, weights: list[Any]) -> Any:
    """A number that depends on every real entry of a result."""
    total: Any = 0.0
    for y, w in zip(flatten(result)[0], weights, strict=True):
        if w is not None:
            total = total + np.sum(np.real(y * w))
    return total


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES.keys())
def test_every_call_gives_the_same_gradient(sample: Sample):
    call = Call(sample)
    rng = np.random.default_rng(11)
    results = outputs_of(call.expected(call.arrays))
    weights = [drawn(rng, y) if y.dtype.kind in "fc" else None for y in results]
    found = derived(call.graph())
    zeros = [np.zeros_like(a) for a in call.arrays]
    signals = [w for w in weights if w is not None]
    expected = evaluated(found.with_outputs(found.slopes), [*call.arrays, *zeros, *signals])

    def f(*arrays: Any) -> Any:
        return weighted(call.traced(arrays), weights)

    values = []
    for attempt in range(4):
        value, slopes = wg.value_and_grad(f, argnums=tuple(range(len(call.arrays))))(*call.arrays)
        values.append(value)
        for mine, theirs in zip(slopes, expected, strict=True):
            scale = max(1.0, float(np.max(np.abs(theirs), initial=0.0)))
            np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-11 * scale, err_msg=f"call {attempt}")
    np.testing.assert_allclose(values[1:], values[0], rtol=1e-11, atol=1e-12)
