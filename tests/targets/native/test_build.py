"""At which level code is made, and that it computes the same."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
from wengert.targets.native import build
from wengert.targets.native.build import Build
from wengert.targets.native.variant import Variant


def chain(x):
    for _ in range(30):
        x = np.sin(x) * 0.5 + np.tanh(x * 0.3)
    return x


@pytest.mark.parametrize(("crowded", "level"), [(10, 0), (10_000, 2)])
def test_programs_of_very_many_operations_are_made_at_the_lowest_level(monkeypatch, crowded, level):
    monkeypatch.setattr(build, "CROWDED", crowded)
    x = np.linspace(-1.0, 1.0, 1000)
    made = Build(wg.trace(chain)(x))
    assert made.opt == level
    (got,) = [Variant(made, cache=False).run([x], None)]  # pyright: ignore[reportArgumentType]
    np.testing.assert_allclose(got[0] if isinstance(got, tuple) else got, chain(x), rtol=1e-13)
