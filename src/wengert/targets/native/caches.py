"""The sizes of the caches of the processor at hand, asked of the system. It knows no code."""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import sys
from pathlib import Path

L1_BYTES, L2_BYTES = 32 << 10, 512 << 10
"""What is assumed where the system does not say."""
_LINUX = Path("/sys/devices/system/cpu/cpu0/cache")
_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def cache_bytes() -> tuple[int, int]:
    """The bytes of the first data cache and of the second cache."""
    known = _of_linux(_LINUX) if sys.platform == "linux" else _of_darwin() if sys.platform == "darwin" else {}
    return known.get(1, L1_BYTES), known.get(2, L2_BYTES)


def _of_linux(folder: Path) -> dict[int, int]:
    """The bytes of each level, as the kernel lists them."""
    found: dict[int, int] = {}
    with contextlib.suppress(OSError):
        for cache in sorted(folder.glob("index*")):
            kind, level, size = ((cache / name).read_text().strip() for name in ("type", "level", "size"))
            if kind != "Instruction" and level.isdigit() and size[:-1].isdigit() and size[-1:] in _UNITS:
                found[int(level)] = int(size[:-1]) * _UNITS[size[-1]]
    return {level: size for level, size in found.items() if size}


def _of_darwin() -> dict[int, int]:
    """The bytes of each level by sysctl, of the fast cores where there are two kinds."""
    library = ctypes.CDLL(ctypes.util.find_library("c"))
    found: dict[int, int] = {}
    for level, name in ((1, "l1dcachesize"), (2, "l2cachesize")):
        for prefix in ("hw.perflevel0.", "hw."):
            value, size = ctypes.c_int64(), ctypes.c_size_t(8)
            key = f"{prefix}{name}".encode()
            if not library.sysctlbyname(key, ctypes.byref(value), ctypes.byref(size), None, 0) and value.value > 0:
                found.setdefault(level, value.value)
    return found
