"""Matrix products compiled for the tests: a program for one product with an epilogue, and arrays that end or begin at forbidden pages."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from wengert.targets.native import jit
from wengert.targets.native.builder import Builder, CodeBody, Module, Value
from wengert.targets.native.counted import Count, plus, times
from wengert.targets.native.matmul import ContractSpec, Operands, emit_contract, stages, workspace_bytes
from wengert.targets.native.processor import Processor, host

Finish = Callable[[Builder, str, Count, Count, "Value | None", Value], None]
"""finish(builder of the product's lanes, pointer to c[row, column], row, column, mask, product)."""


def load(b: Builder, place: str, dtype: str, mask: Value | None) -> Value:
    return b.load(place, dtype) if mask is None else b.masked_load(place, dtype, mask)


def store(b: Builder, x: Value, place: str, mask: Value | None) -> None:
    if mask is None:
        b.store(x, place)
    else:
        b.masked_store(x, place, mask)


def plain(b: Builder, place: str, row: Count, column: Count, mask: Value | None, product: Value) -> None:
    store(b, product, place, mask)


class Program:
    """`define void @name(ptr %a, ptr %b, ptr %c, ptr %d, ptr %work, i64 %chunk)`: c, row-major, gets what the epilogue stores."""

    def __init__(
        self,
        spec: ContractSpec,
        finish: Finish = plain,
        target: Processor | None = None,
        module: Module | None = None,
    ) -> None:
        self.spec = spec
        self.finish = finish
        self.target = target or host()
        self.module = module or Module(self.target)

    def epilogue(self, b: Builder) -> Callable[[Count, Count, Value | None, Value], None]:
        def run(row: Count, column: Count, mask: Value | None, product: Value) -> None:
            wide = b.with_width(product.width)
            place = b.element("%c", self.spec.dtype, str(plus(b, times(b, row, self.spec.n), column)))
            self.finish(wide, place, row, column, mask, product)

        return run

    def define(self, name: str, write: Callable[[Builder], None]) -> None:
        b = Builder(self.module, 1, CodeBody("entry"))
        write(b)
        parameters = "ptr %a, ptr %b, ptr %c, ptr %d, ptr %work, i64 %chunk"
        lines = "\n".join(b.lines)
        self.module.define(name, f"define void @{name}({parameters}) #0 {{\nentry:\n{lines}\n  ret void\n}}")

    def text(self, name: str = "program") -> str:
        """The module of the product for one thread."""
        operands = Operands("%a", "%b", "%work")
        self.define(name, lambda b: emit_contract(b, self.spec, operands, self.epilogue(b)))
        return self.module.text()

    def staged(self) -> tuple[str, list[int]]:
        """The module of the pieces for several threads, @stage0, @stage1 …, and the number of pieces of each."""
        operands, counts = Operands("%a", "%b", "%work"), []
        for number, stage in enumerate(stages(self.spec, self.target)):
            counts.append(stage.chunks)
            self.define(f"stage{number}", lambda b, stage=stage: stage.emit(b, "%chunk", operands, self.epilogue(b)))
        return self.module.text(), counts


class Function:
    """A function of a module, called with arrays and a number; it holds its code."""

    def __init__(self, code: jit.MachineCode, name: str) -> None:
        self.code = code
        self.function = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 5, ctypes.c_int64)(code.address(name))

    def __call__(self, *arrays: np.ndarray | None, chunk: int = 0) -> None:
        addresses = [None if array is None else array.ctypes.data for array in arrays]
        self.function(*addresses, *[None] * (5 - len(addresses)), chunk)


def callables(text: str, names: list[str], target: Processor | None = None) -> list[Function]:
    """The functions of a module."""
    code = jit.load(text, names, {}, target or host(), cache=False)
    return [Function(code, name) for name in names]


def workspace(spec: ContractSpec, target: Processor | None = None) -> np.ndarray:
    """Memory for a product's copies, aligned to 64 and full of NaN where it is not written."""
    size = workspace_bytes(spec, target or host())
    memory = np.full(size + 64, 0xFF, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size]


def products(pairs: list[tuple[np.ndarray, np.ndarray]], target: Processor | None = None) -> list[np.ndarray]:
    """The products of pairs of arrays as they lie in memory, by one module."""
    module, text, names = Module(target or host()), "", [f"product{number}" for number in range(len(pairs))]
    for name, (a, b) in zip(names, pairs, strict=True):
        text = Program(spec_of(a, b), target=target, module=module).text(name)
    results = []
    for run, (a, b) in zip(callables(text, names, target), pairs, strict=True):
        spec = spec_of(a, b)
        c = np.full((spec.m, spec.n), np.nan if a.dtype.kind == "f" else -1, spec.dtype)
        run(a, b, c, None, workspace(spec, target))
        results.append(c)
    return results


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The product of two arrays as they lie in memory."""
    return products([(a, b)])[0]


def spec_of(a: np.ndarray, b: np.ndarray) -> ContractSpec:
    """The product of two arrays as they lie in memory."""
    size = a.itemsize
    strides = (stride // size for stride in (*a.strides, *b.strides))
    return ContractSpec(a.shape[0], b.shape[1], a.shape[1], str(a.dtype), *strides)


def matrix(rng: np.random.Generator, rows: int, columns: int, dtype: str, transposed: bool) -> np.ndarray:
    """A random matrix, in row-major or in column-major order."""
    shape = (columns, rows) if transposed else (rows, columns)
    if np.dtype(dtype).kind == "i":
        drawn = rng.integers(-(2**62), 2**62, shape)
    else:
        drawn = rng.standard_normal(shape).astype(dtype)
    return drawn.T if transposed else drawn


def assert_close(got: np.ndarray, a: np.ndarray, b: np.ndarray) -> None:
    """Each sum, and that of NumPy in float64, is within the bound for k rounded additions: k eps Σ_k |a| |b|."""
    if got.dtype.kind == "i":
        np.testing.assert_array_equal(got, a @ b)
        return
    a, b = a.astype("float64"), b.astype("float64")
    eps = np.finfo(got.dtype).eps + np.finfo("float64").eps
    assert got.shape == (a.shape[0], b.shape[1])
    assert np.all(abs(got - a @ b) <= (a.shape[1] + 1) * eps * (abs(a) @ abs(b)))


@contextmanager
def guarded(array: np.ndarray, at_end: bool) -> Iterator[np.ndarray]:
    """A copy of a contiguous array that ends (or begins) where a page begins (or ends) that may not be touched."""
    page = mmap.PAGESIZE
    inside = -(-max(array.nbytes, 1) // page) * page
    memory = mmap.mmap(-1, inside + 2 * page)
    view = np.frombuffer(memory, np.uint8)
    start = page + (inside - array.nbytes if at_end else 0)
    copy = view[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    protect = ctypes.CDLL(None, use_errno=True).mprotect
    protect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    first, last, free = view.ctypes.data, view.ctypes.data + page + inside, mmap.PROT_READ | mmap.PROT_WRITE
    assert protect(first, page, 0) == 0
    assert protect(last, page, 0) == 0
    try:
        yield copy
    finally:
        assert protect(first, page, free) == 0
        assert protect(last, page, free) == 0
