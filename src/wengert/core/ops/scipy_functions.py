"""SciPy, which is an extra: its special functions as values of ops, and the few that the base has where it is not installed.

On the entries of native code the values raise TypeError, so that the host runs them.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from wengert.core.ops import special_functions
from wengert.errors import MissingPackageError


@cache
def _installed(module: str) -> Any:
    """A module of SciPy, imported on first use, since that takes longer than importing all else; None where SciPy is not installed."""
    try:
        return import_module(module)
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] != "scipy":
            raise
        return None


def is_installed(module: str) -> bool:
    """Whether a module of SciPy can be imported."""
    return _installed(module) is not None


def needed(module: str, what: str) -> Any:
    """A module of SciPy that `what` cannot do without.

    Raises MissingPackageError where SciPy is not installed.
    """
    found = _installed(module)
    if found is None:
        raise MissingPackageError(
            f"{what} needs SciPy, which is not installed.",
            f"  there is no module {module}",
            "Install it:  pip install scipy",
        )
    return found


class _Special:
    """scipy.special, or what the base has of it."""

    def __getattr__(self, name: str) -> Any:
        if not is_installed("scipy.special") and hasattr(special_functions, name):
            return getattr(special_functions, name)
        return getattr(needed("scipy.special", f"'{name}'"), name)


FUNCTIONS: Any = _Special()
COMPLEX = frozenset({"iv", "kv", "kve", "erfcx", "erfi", "dawsn", "log_ndtr"})
"""The functions that are analytic and keep an imaginary part of 10⁻³⁰ to the last digit, as the complex step needs."""


def scipy(name: str, *inputs: Any) -> Any:
    """The function of that name of arrays, in their dtype.

    Raises TypeError for complex numbers where the function is for real ones, and for what is no array.
    """
    if not all(isinstance(x, np.ndarray | np.generic | float | int) for x in inputs):
        raise TypeError(f"'{name}' takes arrays.")
    if name not in COMPLEX and any(np.iscomplexobj(x) for x in inputs):
        raise TypeError(f"'{name}' takes real numbers only.")
    return getattr(FUNCTIONS, name)(*inputs)
