"""SciPy's special functions as values of ops; on the entries of native code they raise TypeError, so that the host runs them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np


class _Special:
    """scipy.special, imported when one of its functions is first called: that takes longer than importing all else."""

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module("scipy.special"), name)


FUNCTIONS: Any = _Special()
COMPLEX = frozenset({"iv", "kv", "kve", "erfcx", "erfi", "dawsn", "log_ndtr"})
"""The functions that are analytic and keep an imaginary part of 10⁻³⁰ to the last digit, as the complex step needs."""


def scipy(name: str, *inputs: Any) -> Any:
    """The function of that name of arrays, in their dtype.

    Raises TypeError for complex numbers where the function is for real ones.
    """
    if name not in COMPLEX and any(np.iscomplexobj(x) for x in inputs):
        raise TypeError(f"'{name}' takes real numbers only.")
    return getattr(FUNCTIONS, name)(*inputs)
