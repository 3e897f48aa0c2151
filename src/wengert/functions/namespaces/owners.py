"""Whose a module is: the user's, Python's, a library's or ours."""

from __future__ import annotations

import sys
from typing import Any

from wengert.functions.tracing.source import PYTHON, is_installed

LIBRARIES = frozenset({"numpy", "scipy", "wengert", "optree", "builtins", "importlib", "jax", "torch"})
FOLLOWED = frozenset(
    {
        *("numpy.polynomial", "numpy.lib._polynomial_impl", "scipy.signal._short_time_fft"),
        *("scipy.stats._continuous_distns", "scipy.stats._discrete_distns", "scipy.stats._distn_infrastructure"),
    }
)
"""Modules of libraries whose classes are followed as the user's are: they are written in Python."""
_KNOWN: dict[str, bool] = {}


def is_users(name: str | None, file: str | None) -> bool:
    """Whether a module of this name and file is the user's: neither Python's nor installed."""
    key = f"{name} {file}"
    found = _KNOWN.get(key)
    if found is None:
        found = _KNOWN[key] = _is_users(name or "", file or "")
    return found


def _is_users(name: str, file: str) -> bool:
    root = name.partition(".")[0]
    if is_followed(name):
        return True
    if root in LIBRARIES:
        return False
    is_pythons = root in sys.stdlib_module_names and (not file or file.startswith(PYTHON))
    return not (is_installed(file) or is_pythons)


def is_followed(name: str) -> bool:
    """Whether a module is one of a library whose code is followed."""
    return name in FOLLOWED or name.rpartition(".")[0] in FOLLOWED


def of_globals(real: dict[str, Any]) -> bool:
    """Whether globals are those of a module of the user."""
    return is_users(real.get("__name__"), real.get("__file__"))


def of_class(cls: type) -> bool:
    """Whether a class is the user's."""
    name = cls.__module__
    if name == "numpy":  # as it says of classes that stand elsewhere
        name = getattr(vars(cls).get("__init__"), "__module__", name)
    return is_users(name, getattr(sys.modules.get(name), "__file__", None))


def is_ours(real: dict[str, Any]) -> bool:
    """Whether globals are those of a module of this package."""
    return str(real.get("__name__", "")).partition(".")[0] == "wengert"
