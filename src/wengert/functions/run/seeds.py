"""Reverse mode on the values of one run, by what its cotangents are: for `Transform.back`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.functions.run.runs import Pull


def of_first(values: Sequence[Any], pull: Pull, extra: Sequence[Any]) -> list[Any]:
    """The outputs, and the gradient of the first, a number."""
    return [*values, *pull([values[0].dtype.type(1), *(None for _ in values[1:])])]


def of_sum(values: Sequence[Any], pull: Pull, extra: Sequence[Any]) -> list[Any]:
    """The gradient of the sum of the entries of the first output."""
    return pull([np.ones_like(values[0]), *(None for _ in values[1:])])


def of_real(values: Sequence[Any], pull: Pull, extra: Sequence[Any]) -> list[Any]:
    """Jᵀ ȳ for cotangents of the real outputs."""
    given = iter(extra)
    return pull([next(given) if value.dtype.kind in "fc" else None for value in values])
