"""Fourier transforms as LLVM text: calls of NumPy's own, which work on complex numbers that lie side by side.

The parts of numbers are brought there and taken from there in vectors.
"""

from __future__ import annotations

from wengert.targets.native import pocketfft
from wengert.targets.native.factors_ir import RoutineCode
from wengert.targets.native.loops.decompositions import Parts
from wengert.targets.native.loops.fourier import parts_of

LANES = 8
"""Complex numbers that are moved at once."""


class FourierCode(RoutineCode):
    """The function of a transform of rows, whose parts lie in one array."""

    def entries(self) -> int:
        return self.parts.total

    @property
    def parts(self) -> Parts:
        """Where the parts of the result lie."""
        return parts_of(self.routine.name, self.n, dict(self.routine.params))

    def _reserve(self) -> None:
        """What a transform takes by address: its arrays, their sizes, the bytes from one entry to the next, and the factor 1."""
        f = self.f
        self.arrays, self.sizes = f.value("alloca [3 x ptr]"), f.value("alloca [3 x i64]")
        self.steps, self.factor = f.value("alloca [5 x i64]"), f.value(f"alloca {self.kind}")
        f.store(self.kind, "1.0", self.factor)

    def part(self, t: str, name: str) -> str:
        """Where a part of the result lies."""
        return self.f.at(t, self.parts.start(name), self.kind)

    def transform(self, name: str, source: str, before: int, target: str, after: int, bytes: tuple[int, int]) -> None:
        """NumPy's transform of one row: `before` entries to `after`, so many bytes each."""
        f = self.f
        for k, place in enumerate((source, self.factor, target)):
            f.store("ptr", place, self.arrays, 8 * k)
        for k, size in enumerate((1, before, after)):
            f.store("i64", str(size), self.sizes, 8 * k)
        for k, step in enumerate((0, 0, 0, *bytes)):
            f.store("i64", str(step), self.steps, 8 * k)
        symbol, data = pocketfft.symbol(name, self.letter), "null"
        if name in pocketfft.DIRECTED:
            data = self.module.declare(f"declare void @{symbol}{pocketfft.DATA}()")
        called = self.module.declare(f"declare void @{symbol}(ptr, ptr, ptr, ptr)")
        f.do(f"call void {called}(ptr {self.arrays}, ptr {self.sizes}, ptr {self.steps}, ptr {data})")

    def fft_parts(self, x: str, y: str, t: str) -> None:
        """y_k = Σ_j x_j e^(∓2πi jk/n), in the place of the numbers."""
        n, work, whole = self.n, self.part(t, "work"), 2 * self.bytes
        self.join(x, y, work, n)
        name = "ifft" if dict(self.routine.params)["inverse"] else "fft"
        self.transform(name, work, n, work, n, (whole, whole))
        self.take_apart(work, t, n)

    def rfft_parts(self, x: str, t: str) -> None:
        """The half of a spectrum."""
        work, half = self.part(t, "work"), self.parts.sizes["real"]
        name = "rfft_n_odd" if self.n % 2 else "rfft_n_even"
        self.transform(name, x, self.n, work, half, (self.bytes, 2 * self.bytes))
        self.take_apart(work, t, half)

    def irfft_parts(self, x: str, y: str, t: str) -> None:
        """The real numbers of half a spectrum."""
        work, size = self.part(t, "work"), self.parts.sizes["real"]
        self.join(x, y, work, self.n)
        self.transform("irfft", work, self.n, t, size, (2 * self.bytes, self.bytes))

    # parts and whole numbers

    def join(self, x: str, y: str, whole: str, n: int) -> None:
        """x + iy."""
        f, row, both = self.f, f"<{LANES} x {self.kind}>", f"<{2 * LANES} x {self.kind}>"
        mixed = ", ".join(f"i32 {k // 2 + LANES * (k % 2)}" for k in range(2 * LANES))
        with f.count(str(n // LANES)) as block:
            first = f.value(f"mul i64 {block}, {LANES}")
            parts = [f.value(f"load {row}, ptr {f.at(part, first, self.kind)}, align {self.bytes}") for part in (x, y)]
            shuffled = f.value(f"shufflevector {row} {parts[0]}, {row} {parts[1]}, <{2 * LANES} x i32> <{mixed}>")
            target = f.at(whole, f.value(f"mul i64 {first}, 2"), self.kind)
            f.do(f"store {both} {shuffled}, ptr {target}, align {self.bytes}")
        with f.count(str(n), str(n - n % LANES)) as k:
            place = f.value(f"mul i64 {k}, 2")
            self.store(self.load(x, k), whole, place)
            self.store(self.load(y, k), whole, self.after(place))

    def take_apart(self, whole: str, t: str, n: int) -> None:
        """The real and the imaginary parts, each as an array."""
        f, row, both = self.f, f"<{LANES} x {self.kind}>", f"<{2 * LANES} x {self.kind}>"
        targets = [self.part(t, name) for name in ("real", "imag")]
        with f.count(str(n // LANES)) as block:
            first = f.value(f"mul i64 {block}, {LANES}")
            source = f.at(whole, f.value(f"mul i64 {first}, 2"), self.kind)
            numbers = f.value(f"load {both}, ptr {source}, align {self.bytes}")
            for odd, target in enumerate(targets):
                places = ", ".join(f"i32 {2 * k + odd}" for k in range(LANES))
                taken = f.value(f"shufflevector {both} {numbers}, {both} poison, <{LANES} x i32> <{places}>")
                f.do(f"store {row} {taken}, ptr {f.at(target, first, self.kind)}, align {self.bytes}")
        with f.count(str(n), str(n - n % LANES)) as k:
            place = f.value(f"mul i64 {k}, 2")
            self.store(self.load(whole, place), targets[0], k)
            self.store(self.load(whole, self.after(place)), targets[1], k)
