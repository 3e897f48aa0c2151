"""What the tests of XLA need: JAX, which is an extra."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NEEDED = pytest.mark.skipif(find_spec("jax") is None, reason="JAX is not installed: pip install 'wengert[xla]'")


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(HERE) and item.get_closest_marker("without_jax") is None:
            item.add_marker(NEEDED)
