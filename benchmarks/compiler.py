"""C functions by gcc, called through ctypes: what a careful hand gets. It must not know what the functions compute."""

from __future__ import annotations

import atexit
import ctypes
import functools
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

SOURCES = Path(__file__).parent / "c"
FLAGS = ("-O3", "-march=native", "-fPIC")


@functools.cache
def _folder() -> Path:
    folder = tempfile.mkdtemp(prefix="wengert-benchmarks-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def library(source: str, sizes: Mapping[str, int] | None = None, flags: tuple[str, ...] = ()) -> ctypes.CDLL:
    """The functions of c/`source`.c, compiled with `sizes` as macros.

    Compiling and linking are two commands: gcc links -ffast-math with start-up code that makes the whole process flush subnormals.
    """
    macros = [f"-D{name}={value}" for name, value in (sizes or {}).items()]
    key = "-".join([source, *(f"{name}{value}" for name, value in (sizes or {}).items())])
    compiled, linked = _folder() / f"{key}.o", _folder() / f"{key}.so"
    subprocess.run(
        ["gcc", *FLAGS, *flags, *macros, "-c", str(SOURCES / f"{source}.c"), "-o", str(compiled)], check=True
    )
    subprocess.run(["gcc", "-shared", str(compiled), "-o", str(linked), "-lmvec", "-lm"], check=True)
    return ctypes.CDLL(str(linked))


def function(library: ctypes.CDLL, name: str, *types: type) -> Any:
    """A void function with its argument types declared."""
    found = getattr(library, name)
    found.argtypes, found.restype = types, None
    return found


def address(array: np.ndarray) -> int:
    """Where the data of an array begins; the caller keeps the array alive."""
    return array.ctypes.data


def blas(name: str) -> int:
    """The address of a BLAS routine in Fortran's calling convention, from the library that SciPy carries."""
    capsule = import_module("scipy.linalg.cython_blas").__pyx_capi__[name]
    api = ctypes.pythonapi
    api.PyCapsule_GetName.restype, api.PyCapsule_GetName.argtypes = ctypes.c_char_p, [ctypes.py_object]
    api.PyCapsule_GetPointer.restype = ctypes.c_void_p
    api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    return api.PyCapsule_GetPointer(capsule, api.PyCapsule_GetName(capsule))
