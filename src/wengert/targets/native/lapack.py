"""The functions of BLAS and LAPACK that SciPy exports to C, by the names under which compiled programs import them.

`wg_lapack_dgetrf` is dgetrf with its arguments by address and integers of 32 bits. Without SciPy there is none.
"""

from __future__ import annotations

import ctypes
import importlib
from functools import cache
from typing import Any

from wengert.core.ops.scipy_functions import is_installed

PREFIX = "wg_lapack_"
SMALL = 16
"""Matrices of so many rows are cut by loops of our own: a call of LAPACK takes longer than that."""
_HOMES = ("scipy.linalg.cython_lapack", "scipy.linalg.cython_blas")


def can_run(rows: int) -> bool:
    """Whether routines for matrices of so many rows are there."""
    return rows <= SMALL or is_installed("scipy.linalg")


def provides(name: str) -> bool:
    """Whether a symbol is a function of SciPy's."""
    return name.startswith(PREFIX)


@cache
def address(name: str) -> int:
    """Where the function lies."""
    function = name.removeprefix(PREFIX)
    for home in _HOMES:
        exported: dict[str, Any] = importlib.import_module(home).__pyx_capi__
        if function in exported:
            return _pointer(exported[function])
    raise KeyError(function)


def _pointer(capsule: Any) -> int:
    """What a capsule holds."""
    name, get = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
    name.restype, name.argtypes = ctypes.c_char_p, (ctypes.py_object,)
    get.restype, get.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
    return get(capsule, name(capsule))
