"""Whose a module is: the user's, Python's, a library's or ours."""

from __future__ import annotations

import sys
import sysconfig
from typing import Any

LIBRARIES = frozenset({"numpy", "scipy", "wengert", "optree", "builtins", "importlib", "jax", "torch"})
_PYTHON = tuple({path for name in ("stdlib", "platstdlib") if (path := sysconfig.get_path(name))})
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
    if root in LIBRARIES:
        return False
    installed = any(part in file for part in ("site-packages", "dist-packages"))
    return not (installed or (root in sys.stdlib_module_names and (not file or file.startswith(_PYTHON))))


def of_globals(real: dict[str, Any]) -> bool:
    """Whether globals are those of a module of the user."""
    return is_users(real.get("__name__"), real.get("__file__"))


def of_class(cls: type) -> bool:
    """Whether a class is the user's."""
    module = sys.modules.get(cls.__module__)
    return is_users(cls.__module__, getattr(module, "__file__", None))


def is_ours(real: dict[str, Any]) -> bool:
    """Whether globals are those of a module of this package."""
    return str(real.get("__name__", "")).partition(".")[0] == "wengert"
