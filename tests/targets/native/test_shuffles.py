"""Straight-line code of shuffled vectors: what LLVM makes of it for this processor is what the shuffles say.

LLVM 22.1 gave wrong numbers here for AMD's Zen 4 and 5, in one program of forty (see `target.host`).
"""

from __future__ import annotations

import ctypes
import random
from dataclasses import dataclass, field

import numpy as np
import pytest

from wengert.targets.native import jit
from wengert.targets.native.processor import host

PROGRAMS = 120
LENGTHS = (3, 5, 6, 7, 9, 10, 12)


@dataclass
class Straight:
    """A function of straight-line LLVM code over two short vectors, and the same in NumPy as it is written down."""

    rng: random.Random
    lines: list[str] = field(default_factory=list)

    def named(self, text: str) -> str:
        self.lines.append(f"%v{len(self.lines)} = {text}")
        return f"%v{len(self.lines) - 1}"

    def loaded(self, offset: int, values: np.ndarray, lanes: int) -> tuple[str, np.ndarray]:
        """The values in a vector of `lanes`, filled up with the first."""
        n = len(values)
        place = self.named(f"getelementptr double, ptr %x, i64 {offset}")
        vector = self.named(f"load <{n} x double>, ptr {place}, align 8")
        return self.shuffled((vector, values), [k if k < n else 0 for k in range(lanes)])

    def shuffled(self, source: tuple[str, np.ndarray], order: list[int]) -> tuple[str, np.ndarray]:
        name, values = source
        type, picks = f"<{len(values)} x double>", ", ".join(f"i32 {k}" for k in order)
        mask = f"<{len(order)} x i32> <{picks}>"
        return self.named(f"shufflevector {type} {name}, {type} zeroinitializer, {mask}"), values[order]

    def combined(self, op: str, a: tuple[str, np.ndarray], b: tuple[str, np.ndarray]) -> tuple[str, np.ndarray]:
        value = a[1] * b[1] if op == "fmul" else a[1] + b[1]
        return self.named(f"{op} <{len(value)} x double> {a[0]}, {b[0]}"), value

    def order(self, size: int, lanes: int) -> list[int]:
        """Entries of which each is repeated, a few alternate, or any follow."""
        step, period, first = (self.rng.randrange(1, 4) for _ in range(3))
        kind = self.rng.randrange(4)
        if kind == 0:
            return [first % size] * lanes
        if kind == 3:
            return [self.rng.randrange(size) for _ in range(lanes)]
        places = [k % period if kind == 1 else k // period for k in range(lanes)]
        return [(first + step * place) % size for place in places]


def program(number: int, seed: int) -> tuple[str, np.ndarray, np.ndarray]:
    """The text of a function of sums of products of shuffled vectors, its input and its output."""
    rng = random.Random(seed)
    straight = Straight(rng)
    n, m = rng.choice(LENGTHS), rng.choice((3, 4))
    lanes = 1 << (n - 1).bit_length()
    x = np.array([rng.uniform(1, 2) for _ in range(n + m)])
    sources = [(straight.loaded(0, x[:n], lanes), n), (straight.loaded(n, x[n:], 4), m)]
    found: list[np.ndarray] = []
    for k in range(rng.randrange(1, 4)):
        total: tuple[str, np.ndarray] | None = None
        for _ in range(rng.randrange(2, 5)):
            chosen = [rng.choice(sources) for _ in range(rng.randrange(2, 4))]
            factors = [straight.shuffled(source, straight.order(size, lanes)) for source, size in chosen]
            term = factors[0]
            for factor in factors[1:]:
                term = straight.combined("fmul", term, factor)
            total = term if total is None else straight.combined("fadd", total, term)
        assert total is not None
        place = straight.named(f"getelementptr double, ptr %y, i64 {k * lanes}")
        straight.lines.append(f"store <{lanes} x double> {total[0]}, ptr {place}, align 8")
        found.append(total[1])
    body = "\n  ".join([*straight.lines, "ret void"])
    return f"define void @f{number}(ptr %x, ptr %y) {{\n  {body}\n}}\n", x, np.concatenate(found)


@pytest.mark.parametrize("opt", [0, 2])
def test_sums_of_products_of_shuffled_vectors_are_those_of_numpy(opt: int):
    cases = [program(k, seed=k) for k in range(PROGRAMS)]
    names = [f"f{k}" for k in range(PROGRAMS)]
    code = jit.load("".join(text for text, _, _ in cases), names, {}, host(), opt=opt, cache=False)
    for name, (_, x, expected) in zip(names, cases, strict=True):
        y = np.zeros(len(expected))
        ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(code.address(name))(x.ctypes.data, y.ctypes.data)
        np.testing.assert_allclose(y, expected, rtol=1e-13, err_msg=name)
