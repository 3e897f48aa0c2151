"""Copies of a matrix operand into panels: for each inner index the columns of one tile, side by side. It knows no product.

A panel's row k holds entries source[k · inner + j · column] for j = 0 … width − 1; strides are arguments, in bytes.
"""

from __future__ import annotations

from typing import Literal

from wengert.targets.native.counted import Count, counted
from wengert.targets.native.instructions import SUFFIXES, CodeBody, Value
from wengert.targets.native.memory import BYTES, Memory
from wengert.targets.native.module import Module

Unit = Literal["column", "inner", "none"]
"""The axis along which the entries of the source lie side by side."""

_PARAMETERS = (
    "ptr noalias readonly %source, ptr noalias %panel, i64 %k, i64 %inner, i64 %column, i64 %width, i64 %valid"
)


def pack_kernel(module: Module, dtype: str, unit: Unit) -> str:
    """The name of the kernel that copies `valid` columns over k inner indices into a panel with rows of `width` entries.

    Its arguments are source, panel, k, inner, column, width, valid. `unit` says along which axis the entries of the source lie
    side by side: columns are copied as vectors, the inner axis is transposed by square blocks in registers, and without either
    every entry is copied by itself.
    """
    lanes = module.target.lanes(dtype)
    name = f"wg_pack_{SUFFIXES[dtype]}_{unit}"
    writers = {"column": _rows, "inner": _transposed, "none": _plain}
    return module.kernel(name, _PARAMETERS, lambda module: writers[unit](module, name, dtype, lanes))


def _function(b: Memory, name: str) -> str:
    b.emit("ret void")
    lines = "\n".join(b.lines)
    return f"define internal void @{name}({_PARAMETERS}) noinline #0 {{\nentry:\n{lines}\n}}"


def _address(b: Memory, base: str, *terms: tuple[Count, str]) -> str:
    """The pointer at base + Σ index · stride bytes."""
    for index, stride in terms:
        product = b.pure(f"mul i64 {index}, {stride}", "int64", 1)
        base = b.pointer(f"getelementptr i8, ptr {base}, i64 {product.name}")
    return base


def _copy_entries(b: Memory, dtype: str, first: Count, last: Count, columns: tuple[Count, Count]) -> None:
    """The entries of inner indices first … last − 1 and of a range of columns, one by one."""
    size = BYTES[dtype]
    row_bytes = b.pure(f"mul i64 %width, {size}", "int64", 1).name
    with counted(b, last, start=first) as k:
        source, panel = _address(b, "%source", (k, "%inner")), _address(b, "%panel", (k, row_bytes))
        with counted(b, columns[1], start=columns[0]) as j:
            entry = b.load(_address(b, source, (j, "%column")), dtype)
            b.store(entry, b.element(panel, dtype, str(j)))


def _plain(module: Module, name: str, dtype: str, lanes: int) -> str:
    b = Memory(module, 1, CodeBody("entry"))
    _copy_entries(b, dtype, 0, "%k", (0, "%valid"))
    return _function(b, name)


def _rows(module: Module, name: str, dtype: str, lanes: int) -> str:
    """Vectors along the columns, then the last columns one by one."""
    b = Memory(module, lanes, CodeBody("entry"))
    scalar = Memory(module, 1, b.body)
    whole_columns = scalar.pure(f"and i64 %valid, -{lanes}", "int64", 1).name
    row_bytes = scalar.pure(f"mul i64 %width, {BYTES[dtype]}", "int64", 1).name
    with counted(b, "%k") as k:
        source, panel = _address(scalar, "%source", (k, "%inner")), _address(scalar, "%panel", (k, row_bytes))
        with counted(b, whole_columns, lanes) as j:
            b.store(b.load(b.element(source, dtype, str(j)), dtype), b.element(panel, dtype, str(j)))
        with counted(b, "%valid", start=whole_columns) as j:
            scalar.store(scalar.load(b.element(source, dtype, str(j)), dtype), b.element(panel, dtype, str(j)))
    return _function(b, name)


def _transposed(module: Module, name: str, dtype: str, lanes: int) -> str:
    """Square blocks through registers, then the rest of the inner axis and of the columns one by one."""
    lanes = min(lanes, 8)  # 16 rows are no faster, and a larger part of a small panel is left for the end
    b = Memory(module, lanes, CodeBody("entry"))
    scalar = Memory(module, 1, b.body)
    size = BYTES[dtype]
    whole_k = scalar.pure(f"and i64 %k, -{lanes}", "int64", 1).name
    whole_columns = scalar.pure(f"and i64 %valid, -{lanes}", "int64", 1).name
    row_bytes = scalar.pure(f"mul i64 %width, {size}", "int64", 1).name
    with counted(b, whole_columns, lanes) as j, counted(b, whole_k, lanes) as k:
        source = _address(scalar, "%source", (j, "%column"), (k, str(size)))
        panel = _address(scalar, "%panel", (k, row_bytes), (j, str(size)))
        rows = []
        for _ in range(lanes):
            rows.append(b.load(source, dtype))
            source = scalar.pointer(f"getelementptr i8, ptr {source}, i64 %column")
        for column in transpose(b, rows):
            b.store(column, panel)
            panel = scalar.pointer(f"getelementptr i8, ptr {panel}, i64 {row_bytes}")
    _copy_entries(scalar, dtype, whole_k, "%k", (0, whole_columns))
    _copy_entries(scalar, dtype, 0, "%k", (whole_columns, "%valid"))
    return _function(b, name)


def transpose(b: Memory, rows: list[Value]) -> list[Value]:
    """The columns of a square block given by its rows, a power of two of them: at each step, in pairs of blocks of doubled size,
    the halves off the diagonal change places. (Interleaving takes as many shuffles, but LLVM thinks long about those.)

    Source: J. O. Eklundh, "A fast computer method for matrix transposing", IEEE Trans. Comput. C-21 (1972) 801-803.
    """
    n, half = len(rows), 1
    while half < n:
        upper = [lane if not lane & half else n + lane - half for lane in range(n)]
        lower = [lane + half if not lane & half else n + lane for lane in range(n)]
        swapped = list(rows)
        for low in range(n):
            if not low & half:
                high = low | half
                swapped[low] = _shuffle(b, rows[low], rows[high], upper)
                swapped[high] = _shuffle(b, rows[low], rows[high], lower)
        rows, half = swapped, 2 * half
    return rows


def _shuffle(b: Memory, x: Value, y: Value, lanes: list[int]) -> Value:
    mask = ", ".join(f"i32 {lane}" for lane in lanes)
    return b.pure(f"shufflevector {x.text}, {y.text}, <{len(lanes)} x i32> <{mask}>", x.dtype, x.width)
