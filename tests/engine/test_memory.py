"""What is kept of calls is bounded, in number and in bytes."""

import numpy as np
import pytest

import wengert as wg
from wengert.functions.run import cold


def lifted(x):
    y = x * 2
    y[y > 0] += 1
    return np.sum(np.sin(y) * x)


@pytest.mark.parametrize("bound", ["MOST_BYTES", "MOST_ADJOINTS"])
def test_adjoints_of_long_arrays_do_not_pile_up(bound, monkeypatch):
    monkeypatch.setattr(cold, bound, {"MOST_BYTES": 4_000_000, "MOST_ADJOINTS": 5}[bound])
    slope = wg.grad(lifted)
    rng = np.random.default_rng(0)
    for _ in range(12):
        x = rng.normal(size=100_000)
        y = 2 * x + (x > 0)
        np.testing.assert_allclose(slope(x), np.sin(y) + 2 * x * np.cos(y), rtol=1e-13, atol=1e-13)
    assert sum(size for _, size in cold._KEPT.values()) <= 4_000_000 or bound == "MOST_ADJOINTS"
    assert len(cold._KEPT) <= 5 or bound == "MOST_BYTES"
