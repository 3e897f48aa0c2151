"""NumPy's Fourier transforms as functions of C, by the names under which compiled programs import them.

`wg_fft_rfft_n_even_d` is the loop of the universal function `rfft_n_even` for float64. A loop takes the addresses of its arrays (the
numbers, a factor, the result), their sizes (rows, entries of a row before and after), the bytes from one row and one entry to the next,
and what the function says of itself, as which way `fft` goes: `wg_fft_fft_d_data`. Python is not needed.

Source: NumPy's C API, PyUFuncObject and PyUFuncGenericFunction, whose layout extensions rely on.
"""

from __future__ import annotations

import ctypes
import importlib
from functools import cache
from typing import Any

PREFIX, DATA = "wg_fft_", "_data"
DIRECTED = ("fft", "ifft")
"""The functions that share a loop, which is told the direction."""
_HOME = "numpy.fft._pocketfft_umath"


class _Function(ctypes.Structure):
    """The beginning of a PyUFuncObject."""

    _fields_ = (
        ("reference_count", ctypes.c_ssize_t),
        ("type", ctypes.c_void_p),
        ("inputs", ctypes.c_int),
        ("outputs", ctypes.c_int),
        ("arguments", ctypes.c_int),
        ("identity", ctypes.c_int),
        ("loops", ctypes.POINTER(ctypes.c_void_p)),
        ("data", ctypes.POINTER(ctypes.c_void_p)),
    )


def symbol(function: str, letter: str) -> str:
    """The name of the loop for float64 (d) or float32 (s)."""
    return f"{PREFIX}{function}_{letter}"


def provides(name: str) -> bool:
    """Whether a symbol is a transform of NumPy's."""
    return name.startswith(PREFIX)


@cache
def is_there() -> bool:
    """Whether this NumPy has the functions in the form that is called."""
    try:
        home: Any = importlib.import_module(_HOME)
    except ImportError:
        return False
    wanted = {"fft": "Dd->D", "ifft": "Dd->D", "rfft_n_even": "dd->D", "rfft_n_odd": "dd->D", "irfft": "Dd->d"}
    return all(loop in getattr(getattr(home, name, None), "types", ()) for name, loop in wanted.items())


@cache
def address(name: str) -> int:
    """Where the loop lies, or what is given to it beside its arrays."""
    function, letter = name.removeprefix(PREFIX).removesuffix(DATA).rsplit("_", 1)
    found: Any = getattr(importlib.import_module(_HOME), function)
    number = [loop[0].lower() for loop in found.types].index("f" if letter == "s" else "d")
    head = _Function.from_address(id(found))
    place = head.data[number] if name.endswith(DATA) else head.loops[number]
    assert place, f"{name} lies somewhere"
    return place
