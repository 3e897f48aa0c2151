"""Rates of matrix products, ours and BLAS's: `python -m benchmarks.matmul [float32|float64]` prints a table in GFLOP/s.

Both run on one thread of one processor, in interleaved samples; ours writes the product through a storing epilogue and is called
in a loop of native code, as it stands in a compiled program. It must not know how a product is made.
"""

from __future__ import annotations

import ctypes
import importlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.machine import has, pin, processor, settings
from wengert.targets.native import jit
from wengert.targets.native.builder import Builder, CodeBody, Module, Value
from wengert.targets.native.counted import Count, counted, plus, times
from wengert.targets.native.matmul import ContractSpec, Operands, emit_contract, workspace_bytes
from wengert.targets.native.processor import host

ROUNDS, SAMPLE_SECONDS = 15, 3e-3
CASES = (
    *("64x784 784x128 NN", "784x64 64x128 TN", "64x128 128x10 NN", "128x64 64x10 TN", "64x10 10x128 NT"),
    *("100x16 16x16 NN", "256x1024 1024x1024 NN", "1024x256 256x1024 TN", "256x1024 1024x1024 NT"),
    *("4x4 4x4 NN", "16x16 16x16 NN", "64x64 64x64 NN", "256x256 256x256 NN", "512x512 512x512 NN"),
    *("1024x1024 1024x1024 NN", "2048x2048 2048x2048 NN", "1000x64 64x2 NN", "4x512 512x512 NN"),
    *("1x1024 1024x1024 NN", "1x1024 1024x1024 NT", "1024x1024 1024x1 NN", "1024x1024 1024x1 TN"),
)


@dataclass(frozen=True)
class Case:
    """A product a b; `a` and `b` are as they lie in memory, "T" says that a transposed view of a row-major array is meant."""

    name: str
    a: np.ndarray
    b: np.ndarray

    @property
    def flops(self) -> int:
        """Multiplications and additions."""
        return 2 * self.a.shape[0] * self.a.shape[1] * self.b.shape[1]


def case(name: str, dtype: str) -> Case:
    """The operands of a line of CASES, random."""
    left, right, kinds = name.split()
    rng = np.random.default_rng(0)

    def operand(sizes: str, kind: str) -> np.ndarray:
        rows, columns = map(int, sizes.split("x"))
        if kind == "T":
            return rng.standard_normal((columns, rows)).astype(dtype).T
        return rng.standard_normal((rows, columns)).astype(dtype)

    return Case(name, operand(left, kinds[0]), operand(right, kinds[1]))


def ours(case: Case) -> tuple[Callable[[int], None], float]:
    """A function that computes the product so many times, and the seconds of its compilation. Raises where it is wrong."""
    size = case.a.itemsize
    strides = (stride // size for stride in (*case.a.strides, *case.b.strides))
    (m, k), n, dtype = case.a.shape, case.b.shape[1], str(case.a.dtype)
    spec = ContractSpec(m, n, k, dtype, *strides)
    begin = time.perf_counter()
    code = jit.load(_text(spec), ["program"], {}, host(), cache=False)
    seconds = time.perf_counter() - begin
    function = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4, ctypes.c_int64)(code.address("program"))
    c, memory = np.zeros((m, n), dtype), np.zeros(workspace_bytes(spec, host()) + 64, np.uint8)
    work = memory[-memory.ctypes.data % 64 :]

    def run(calls: int, holding: jit.MachineCode = code) -> None:
        function(case.a.ctypes.data, case.b.ctypes.data, c.ctypes.data, work.ctypes.data, calls)

    run(1)
    np.testing.assert_allclose(c, case.a @ case.b, rtol=0, atol=k * 8 * np.finfo(dtype).eps)
    return run, seconds


def _text(spec: ContractSpec) -> str:
    module = Module(host())
    b = Builder(module, 1, CodeBody("entry"))

    def epilogue(row: Count, column: Count, mask: Value | None, product: Value) -> None:
        wide = b.with_width(product.width)
        place = wide.element("%c", spec.dtype, str(plus(b, times(b, row, spec.n), column)))
        if mask is None:
            wide.store(product, place)
        else:
            wide.masked_store(product, place, mask)

    with counted(b, "%calls"):
        emit_contract(b, spec, Operands("%a", "%b", "%work"), epilogue)
    lines = "\n".join(b.lines)
    parameters = "ptr %a, ptr %b, ptr %c, ptr %work, i64 %calls"
    module.define("program", f"define void @program({parameters}) #0 {{\nentry:\n{lines}\n  ret void\n}}")
    return module.text()


def blas(case: Case) -> Callable[[int], None]:
    """NumPy's product into an array that is there."""
    out = np.zeros((case.a.shape[0], case.b.shape[1]), case.a.dtype)

    def run(calls: int) -> None:
        for _ in range(calls):
            np.matmul(case.a, case.b, out=out)

    return run


def xla(case: Case) -> Callable[[int], None]:
    """JAX's product of arrays that lie as NumPy's do."""
    jax, jnp = importlib.import_module("jax"), importlib.import_module("jax.numpy")
    kinds = case.name.split()[2]
    stored = [x.T if kind == "T" else x for x, kind in zip((case.a, case.b), kinds, strict=True)]
    a, b = (jnp.asarray(x) for x in stored)

    def transposed_as_meant(a: Any, b: Any) -> Any:
        return jnp.matmul(a.T if kinds[0] == "T" else a, b.T if kinds[1] == "T" else b)

    product = jax.jit(transposed_as_meant)

    def run(calls: int) -> None:
        for _ in range(calls):
            product(a, b).block_until_ready()

    return run


def filling(run: Callable[[int], None]) -> int:
    """How many calls fill a sample, by doubling."""
    calls = 1
    while True:
        begin = time.perf_counter()
        run(calls)
        if time.perf_counter() - begin >= SAMPLE_SECONDS / 2:
            return calls
        calls *= 2


def rates(case: Case, contestants: list[Callable[[int], None]]) -> list[list[float]]:
    """GFLOP/s of each contestant, a number a round."""
    calls = [filling(run) for run in contestants]
    found: list[list[float]] = [[] for _ in contestants]
    for _ in range(ROUNDS):
        for run, number, samples in zip(contestants, calls, found, strict=True):
            begin = time.perf_counter()
            run(number)
            samples.append(1e-9 * case.flops * number / (time.perf_counter() - begin))
    return found


def table(dtype: str) -> None:
    """Print a line for each product: the best rate of each, and the median over rounds of ours over BLAS's."""
    peers = [blas, xla] if has("jax") else [blas]
    print(f"{dtype}, one thread, {processor()}: GFLOP/s\n")
    print("| product | wengert | " + " | ".join(p.__name__ for p in peers) + " | wengert : blas | compiled in ms |")
    print("|---|---|" + "---|" * len(peers) + "---|---|")
    for name in CASES:
        product = case(name, dtype)
        run, seconds = ours(product)
        found = rates(product, [run, *(peer(product) for peer in peers)])
        ratio = statistics.median(a / b for a, b in zip(found[0], found[1], strict=True))
        best = " | ".join(f"{max(samples):.1f}" for samples in found)
        print(f"| {name} | {best} | {ratio:.2f} | {1e3 * seconds:.0f} |", flush=True)


def main(arguments: list[str]) -> int:
    """The tables, in a process whose libraries have one thread."""
    if arguments[:1] != ["--here"]:
        command = [sys.executable, "-m", "benchmarks.matmul", "--here", *arguments]
        return subprocess.run(command, env=settings(1), check=False).returncode
    pin(1)
    for dtype in arguments[1:] or ["float32", "float64"]:
        table(dtype)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
