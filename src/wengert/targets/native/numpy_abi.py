"""What emitted code must know of Python's and NumPy's objects: where their fields lie and where their functions are.

Every fact is tried out on live objects before the first use (`usable`); it knows no graph and emits nothing.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache

import numpy as np

from wengert.core.ir.types import ORDERED

HEADER = object.__basicsize__
TYPE = HEADER - 8
"""Of every object: the pointer to its type, the last field of the header."""
SIZE = HEADER
"""Of tuples and lists: how many items."""
TUPLE_ITEMS = tuple.__basicsize__
LIST_ITEMS = HEADER + 8
"""Of lists: the pointer to the items."""
BYTES = bytes.__basicsize__ - 1
"""Of bytes: where the content begins (the size counts the zero behind it)."""
VALUE = HEADER
"""Of Python floats and of NumPy's scalars: where the number lies."""

ARRAY_DATA = HEADER
ARRAY_RANK = HEADER + 8
ARRAY_SHAPE = HEADER + 16
ARRAY_DESCR = HEADER + 40
ARRAY_FLAGS = HEADER + 48
"""Of ndarray, in the order of PyArrayObject_fields: data, nd, dimensions, strides, base, descr, flags.

Source: numpy/ndarraytypes.h, the same since NumPy 1.7.
"""

C_CONTIGUOUS, ALIGNED, WRITEABLE, WRITEBACK = 0x0001, 0x0100, 0x0400, 0x2000
"""The bits of the flags. Source: numpy/ndarraytypes.h."""

EQUAL = 2
"""Py_EQ, the comparison ==. Source: CPython's object.h."""

_API = {"PyArray_Type": 2, "PyArray_NewFromDescr": 94}
"""Places in NumPy's table of C functions. Source: numpy/__multiarray_api.h; a place never changes its meaning."""

_PYTHON = (
    "PyDict_New",
    "PyDict_Next",
    "PyDict_SetItem",
    "PyDict_Size",
    "PyErr_CheckSignals",
    "PyErr_Clear",
    "PyErr_NoMemory",
    "PyErr_Occurred",
    "PyEval_RestoreThread",
    "PyEval_SaveThread",
    "PyFloat_Type",
    "PyGILState_Ensure",
    "PyGILState_Release",
    "PyList_New",
    "PyList_SetItem",
    "PyLong_AsLongLongAndOverflow",
    "PyMem_RawFree",
    "PyMem_RawMalloc",
    "PyObject_RichCompareBool",
    "PyObject_Vectorcall",
    "PyThread_acquire_lock",
    "PyThread_allocate_lock",
    "PyThread_get_thread_ident",
    "PyThread_release_lock",
    "PyThread_start_new_thread",
    "PyTuple_New",
    "PyTuple_SetItem",
    "Py_DecRef",
    "Py_IncRef",
    "_PyObject_New",
    "_Py_FalseStruct",
    "_Py_TrueStruct",
)
"""Functions and objects that every CPython exports."""


def scalar_type(dtype: str) -> type[np.generic]:
    """The type of NumPy's scalars of a dtype."""
    return np.dtype(dtype).type


def descr(dtype: str) -> int:
    """The address of the one dtype object that NumPy gives to all arrays of a native dtype."""
    return id(np.dtype(dtype))


def python_symbol(name: str) -> int:
    """The address of a function or object that CPython exports."""
    found = ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value
    assert found is not None
    return found


@cache
def symbols() -> dict[str, int]:
    """The addresses of what emitted code calls or compares with, by their C names."""
    found = {name: python_symbol(name) for name in _PYTHON if hasattr(ctypes.pythonapi, name)}
    table = _numpy_table()
    for name, place in _API.items():
        found[name] = int(table[place])
    found["NumPy_True"], found["NumPy_False"] = id(np.True_), id(np.False_)
    return found


def _numpy_table() -> ctypes.Array[ctypes.c_size_t]:
    """NumPy's table of C functions."""
    from numpy._core import multiarray

    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
    address = get(multiarray._ARRAY_API, None)
    return (ctypes.c_size_t * (max(_API.values()) + 1)).from_address(address)


@cache
def usable() -> bool:
    """Whether objects of this Python and this NumPy look as this module says; emitted entries are used only then."""
    if sys.implementation.name != "cpython" or "free-threading" in sys.version:
        return False
    if ctypes.sizeof(ctypes.c_void_p) != 8 or sys.byteorder != "little":
        return False
    try:
        return _containers_fit() and _scalars_fit() and _arrays_fit() and _symbols_fit()
    except (AttributeError, ImportError, ValueError):
        return False


def _symbols_fit() -> bool:
    return set(_PYTHON) <= symbols().keys() and symbols()["PyArray_Type"] == id(np.ndarray)


def _read(address: int, kind: type[ctypes._SimpleCData]) -> int | float:
    value = kind.from_address(address).value
    return 0 if value is None else value


def _pointer(address: int) -> int:
    return ctypes.c_size_t.from_address(address).value


def _containers_fit() -> bool:
    pair, listed, text = ("first", 2.5), ["first", 2.5, 3], b"wengert"
    items = _pointer(id(listed) + LIST_ITEMS)
    return (
        _pointer(id(pair) + TYPE) == id(tuple)
        and _pointer(id(pair) + SIZE) == 2
        and [_pointer(id(pair) + TUPLE_ITEMS + 8 * k) for k in range(2)] == [id(x) for x in pair]
        and _pointer(id(listed) + SIZE) == 3
        and [_pointer(items + 8 * k) for k in range(3)] == [id(x) for x in listed]
        and ctypes.string_at(id(text) + BYTES) == text
    )


def _scalars_fit() -> bool:
    kinds = {"float64": ctypes.c_double, "float32": ctypes.c_float, "int64": ctypes.c_int64, "bool": ctypes.c_uint8}
    for dtype in ORDERED:
        value = scalar_type(dtype)(1)
        if _pointer(id(value) + TYPE) != id(type(value)) or _read(id(value) + VALUE, kinds[dtype]) != 1:
            return False
    number = 1.25
    return _read(id(number) + VALUE, ctypes.c_double) == number


def _arrays_fit() -> bool:
    for dtype in ORDERED:
        made = np.zeros((3, 5, 7), dtype)
        shape = _pointer(id(made) + ARRAY_SHAPE)
        if not (
            _pointer(id(made) + TYPE) == id(np.ndarray)
            and _pointer(id(made) + ARRAY_DATA) == made.ctypes.data
            and _read(id(made) + ARRAY_RANK, ctypes.c_int) == 3
            and [_pointer(shape + 8 * k) for k in range(3)] == [3, 5, 7]
            and _pointer(id(made) + ARRAY_DESCR) == descr(dtype)
            and _flags(made) == C_CONTIGUOUS | ALIGNED | WRITEABLE
        ):
            return False
    turned = np.zeros((3, 5)).T
    closed = np.zeros(3)
    closed.flags.writeable = False
    return _flags(turned) == ALIGNED | WRITEABLE and _flags(closed) == C_CONTIGUOUS | ALIGNED


def _flags(array: np.ndarray) -> int:
    return int(_read(id(array) + ARRAY_FLAGS, ctypes.c_int)) & (C_CONTIGUOUS | ALIGNED | WRITEABLE | WRITEBACK)
