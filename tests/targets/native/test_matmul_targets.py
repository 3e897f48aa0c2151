"""Products for other machines: the code assembles, uses the registers of its target and calls no library."""

from __future__ import annotations

import platform
import re

import numpy as np
import pytest

from tests.targets.native.products import Program, assert_close, matrix, products
from tests.thorough import everyday
from wengert.targets.native import jit
from wengert.targets.native.matmul import ContractSpec
from wengert.targets.native.processor import AARCH64, AVX2, AVX512, X86_64_V2, host

TARGETS = {"avx512": AVX512, "avx2": AVX2, "aarch64": AARCH64, "no fma": X86_64_V2}
MULTIPLY_ADD = {
    "avx512": r"vfmadd\w+ps.*zmm",
    "avx2": r"vfmadd\w+ps.*ymm",
    "aarch64": r"fmla\s+v\d+\.4s",
    "no fma": r"mulps",
}
SIZES = {
    "straight": (4, 5, 6),
    "tiles": (64, 100, 40),
    "narrow": (64, 10, 40),
    "long": (64, 64, 1100),
    "copied": (128, 600, 600),
    "streamed": (1, 600, 600),
    "dots": (1, 100, 64),
    "few columns": (100, 3, 64),
}


def assembly(target, sizes, transposed) -> str:
    m, n, k = sizes
    spec = ContractSpec(m, n, k, "float32", k, 1, *((1, k) if transposed else (n, 1)))
    return jit.emit_assembly(Program(spec, target=target).text(), target)


@everyday(1, lambda name, form: (name, form), "transposed")
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("form", SIZES)
@pytest.mark.parametrize("name", TARGETS)
def test_code_assembles_without_calls_of_a_library(name, form, transposed):
    text = assembly(TARGETS[name], SIZES[form], transposed)
    called = set(re.findall(r"^\s+(?:callq?|bl)\s+([\w.@]+)", text, re.M))
    assert all(symbol.startswith("wg_") for symbol in called), called
    if form != "straight":
        assert re.search(MULTIPLY_ADD[name], text)


@pytest.mark.parametrize("name", ["avx512", "avx2", "aarch64"])
def test_sums_stay_in_registers_inside_the_loop(name):
    text = assembly(TARGETS[name], SIZES["tiles"], False)
    loops = re.findall(r"^(\.LBB\d+_\d+):((?:\n(?!\.LBB).*)*)", text, re.M)
    inner = [body for label, body in loops if len(re.findall(r"fmadd|fmla", body)) >= 12 and label in body]
    assert inner
    for body in inner:
        assert not re.search(r"(zmm|ymm)\d+, -?\d*\(%rsp\)|str\s+q\d+, \[sp", body), body


RUNS_HERE = {
    "avx2": platform.machine() == "x86_64" and host().vector_bytes >= 32,
    "no fma": platform.machine() == "x86_64",
    "avx512": platform.machine() == "x86_64" and host().vector_bytes == 64,
}


@everyday(1, "name", "sizes")
@pytest.mark.parametrize("sizes", [*SIZES.values(), (3, 50, 40), (9, 33, 17), (5, 31, 1100), (13, 4, 7)], ids=str)
@pytest.mark.parametrize("name", RUNS_HERE)
def test_narrower_registers_give_the_product_too(name, sizes):
    if not RUNS_HERE[name]:
        pytest.skip("this processor does not run that code")
    m, n, k = sizes
    rng = np.random.default_rng(0)
    for dtype in ("float32", "float64"):
        pairs = [
            (matrix(rng, m, k, dtype, x), matrix(rng, k, n, dtype, y)) for x in (False, True) for y in (False, True)
        ]
        for c, (a, b) in zip(products(pairs, TARGETS[name]), pairs, strict=True):
            assert_close(c, a, b)
