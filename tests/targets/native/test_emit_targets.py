"""Nests are emitted for every target, without a call of libm, and in the same text each time."""

from __future__ import annotations

import random
import re

import pytest

from tests.targets.native.nests import random_program
from tests.targets.native.test_emit import embedding, product
from tests.targets.native.test_emit_control import collatz, counting
from wengert.targets.native.emit import emit
from wengert.targets.native.jit import emit_assembly
from wengert.targets.native.loops.buffers import plan
from wengert.targets.native.loops.nest import Axis, Buffer, Compute, For, Load, NestProgram, Store, along
from wengert.targets.native.processor import AARCH64, AVX2, AVX512, X86_64_V2, Processor

TARGETS = {"AVX-512": AVX512, "AVX2": AVX2, "no FMA": X86_64_V2, "AArch64": AARCH64}
OURS = {"wg_poll", "wg_parallel_for", "realloc", "free", "malloc", "memcpy", "memset", "kernel", "program"}


def function_of(name: str, dtype: str) -> NestProgram:
    x, y, i = Buffer("x", dtype, (100,), "input"), Buffer("y", dtype, (100,), "output"), Axis(100)
    a = Load(x, along(i))
    b = Compute(name, (a,), dtype)
    return NestProgram((x,), (y,), (For(i, (a, b, Store(y, along(i), b)), "vector"),))


PROGRAMS = {
    "lookups": embedding(7, 21, 40, "lanes"),
    "product": product(17, 33, 9, "float32"),
    "large product": product(200, 300, 100, "float64", parallel=True),
    "while": collatz()[0],
    "tape": counting(),
    **{
        f"{name} {dtype}": function_of(name, dtype)
        for name in ("exp", "log", "tanh")
        for dtype in ("float32", "float64")
    },
    **{f"random {seed}": random_program(random.Random(seed))[0] for seed in range(8)},
}


def called(assembly: str) -> set[str]:
    """The functions that are called, by their plain names; numbered ones of our own by their stems."""
    names = re.findall(r"^\s+(?:callq?|bl|jmp|b)\s+\*?([A-Za-z_][\w.]*)", assembly, re.MULTILINE)
    return {name.split("@")[0].split(".")[0] for name in names if not name.startswith((".L", "wg_"))}


def test_a_call_of_libm_would_be_seen():
    assert called("\tcallq\texpf@PLT\n\tjmp\t.LBB0_1\n\tbl\tfmaf\n\tb\t.LBB1\n\tcallq\tkernel.3") == {
        "expf",
        "fmaf",
        "kernel",
    }


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_programs_assemble_for_every_target(program: NestProgram, target: Processor):
    text = emit(program, plan(program), target).text
    assert called(emit_assembly(text, target)) <= OURS


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_equal_programs_give_equal_text(program: NestProgram):
    first, second = (emit(program, plan(program), AVX512).text for _ in range(2))
    assert first == second
