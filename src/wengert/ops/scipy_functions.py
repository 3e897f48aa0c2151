"""SciPy's special functions as values of ops; on the entries of native code they raise TypeError, so that the host runs them."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special  # pyright: ignore[reportMissingTypeStubs]

FUNCTIONS: Any = special
COMPLEX = frozenset({"iv", "kv", "kve", "erfcx", "erfi", "dawsn", "log_ndtr"})
"""The functions that are analytic and keep an imaginary part of 10⁻³⁰ to the last digit, as the complex step needs."""


def scipy(name: str, *inputs: Any) -> Any:
    """The function of that name of arrays, in their dtype.

    Raises TypeError for complex numbers where the function is for real ones.
    """
    if name not in COMPLEX and any(np.iscomplexobj(x) for x in inputs):
        raise TypeError(f"'{name}' takes real numbers only.")
    return getattr(FUNCTIONS, name)(*inputs)
