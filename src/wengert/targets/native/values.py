"""Values over lanes as LLVM writes them: types, names and constants. They know no instruction."""

from __future__ import annotations

import math
import struct
from functools import cache
from typing import Any, NamedTuple

ELEMENTS = {"float32": "float", "float64": "double", "int64": "i64", "int32": "i32", "bool": "i1"}
SUFFIXES = {"float32": "f32", "float64": "f64", "int64": "i64", "int32": "i32", "bool": "i1"}
INTEGERS = {"float32": "int32", "float64": "int64"}
"""The integer dtype that holds the bits of a float dtype."""
MANTISSA = {"float32": 23, "float64": 52}
BIAS = {"float32": 127, "float64": 1023}


class Value(NamedTuple):
    """An LLVM value: its text, the dtype of its entries and their number (1 is a scalar)."""

    name: str
    dtype: str
    width: int

    @property
    def is_constant(self) -> bool:
        """Whether the text is the number itself."""
        return not self.name.startswith("%")

    @property
    def is_float(self) -> bool:
        """Whether the entries are floating-point numbers."""
        return self.dtype in MANTISSA

    @property
    def type(self) -> str:
        """The LLVM type."""
        return type_of(self.dtype, self.width)

    @property
    def text(self) -> str:
        """Type and name, as an operand is written."""
        return f"{self.type} {self.name}"


@cache
def type_of(dtype: str, width: int) -> str:
    """The LLVM type of `width` entries of a dtype."""
    element = ELEMENTS[dtype]
    return element if width == 1 else f"<{width} x {element}>"


@cache
def suffix_of(dtype: str, width: int) -> str:
    """The type as the names of intrinsics spell it: f32, v16f32."""
    return SUFFIXES[dtype] if width == 1 else f"v{width}{SUFFIXES[dtype]}"


def literal(number: Any, dtype: str) -> str:
    """A number as LLVM text; a float is rounded to its dtype and written as the bits of a double."""
    if dtype == "bool":
        return "true" if number else "false"
    if dtype in MANTISSA:
        value = _single(float(number)) if dtype == "float32" else float(number)
        return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"
    return str(int(number))


def _single(number: float) -> float:
    """The nearest number of single precision."""
    try:
        return struct.unpack("<f", struct.pack("<f", number))[0]
    except OverflowError:
        return math.copysign(math.inf, number)


def constant_of(number: Any, dtype: str, width: int) -> Value:
    """A number in every one of `width` lanes."""
    text = literal(number, dtype)
    return Value(text if width == 1 else f"splat ({ELEMENTS[dtype]} {text})", dtype, width)
