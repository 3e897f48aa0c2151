"""Programs as scientists write them, unmodified: their gradients in every tier are those of differences."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import wengert as wg

SCRIPTS = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith(("test_", "__")))


def differences(f, x):
    """∇f by central differences of three sizes, extrapolated twice."""
    found = np.zeros_like(x)
    for k in range(len(x)):
        e = np.zeros_like(x)
        e[k] = 2e-3 * max(1.0, abs(x[k]))
        d = [(f(x + e / s) - f(x - e / s)) / (2 * e[k] / s) for s in (1, 2, 4)]
        first = [(4 * d[1] - d[0]) / 3, (4 * d[2] - d[1]) / 3]
        found[k] = (16 * first[1] - first[0]) / 15
    return found


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_has_the_gradient_of_differences_in_every_tier(name):
    script = import_module(f"tests.scripts.{name}")
    f, x = script.objective, script.START
    expected, value = differences(f, x), f(x)
    scale = max(1.0, float(np.max(np.abs(expected))))
    both = wg.value_and_grad(f)
    for _ in range(3):
        found, gradient = both(x.copy())
        np.testing.assert_allclose(found, value, rtol=1e-12)
        np.testing.assert_allclose(gradient, expected, atol=1e-8 * scale)
    direction = np.cos(np.arange(len(x)) + 1.0)
    np.testing.assert_allclose(wg.jvp(f, (x,), (direction,))[1], expected @ direction, atol=3e-8 * scale)
    np.testing.assert_allclose(wg.compile(wg.grad(f), backend="interpreter")(x), expected, atol=1e-8 * scale)
