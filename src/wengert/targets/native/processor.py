"""The machine that code is made for: its triple, its processor and what its vectors can do. It knows no graph and emits nothing."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import llvmlite.binding as llvm

from wengert.targets.native.caches import L1_BYTES, L2_BYTES, cache_bytes

_LOCK = threading.Lock()
_WIDE_SHUFFLES = "+fast-variable-crosslane-shuffle"
"""Said of every AVX-512 processor. Where it is not (AMD's Zen 4 and 5), LLVM 22.1 combines two constant shuffles of 16 numbers into one
whose index register is never loaded: wrong numbers, in some 3 % of random programs of shuffles (`tests/targets/native/test_shuffles.py`)."""
_ready = False


@dataclass(frozen=True)
class Processor:
    """A processor as LLVM names it, and the facts that the emitted code depends on.

    vector_bytes     the width of a vector register: 64, 32 or 16
    fma              whether a fused multiply-add is one instruction (else LLVM would call libm)
    scaled_exponent  whether x · 2ⁿ is one instruction on vectors (AVX-512 vscalef, reached by llvm.ldexp)
    pause            the instruction that a spinning thread waits with, as LLVM text; it may be empty
    l1_bytes, l2_bytes   the sizes of the first data cache and of the second cache
    """

    triple: str
    cpu: str
    features: str
    vector_bytes: int
    fma: bool
    scaled_exponent: bool
    pause: str
    l1_bytes: int = L1_BYTES
    l2_bytes: int = L2_BYTES

    def lanes(self, dtype: str) -> int:
        """The entries of a dtype that fill one vector register."""
        return self.vector_bytes // {"float64": 8, "int64": 8, "float32": 4, "int32": 4, "bool": 1}[dtype]

    @property
    def attributes(self) -> str:
        """The attributes of every function: nothing unwinds, and vectors have the full width of a register."""
        bits = 8 * self.vector_bytes
        width = f' "prefer-vector-width"="{bits}" "min-legal-vector-width"="{bits}"' if "x86" in self.triple else ""
        return "nounwind" + width


_PAUSE_X86 = 'call void asm sideeffect "pause", "~{memory}"()'
_PAUSE_ARM = 'call void asm sideeffect "yield", "~{memory}"()'

AVX512 = Processor("x86_64-unknown-linux-gnu", "skylake-avx512", "", 64, True, True, _PAUSE_X86)
AVX2 = Processor("x86_64-unknown-linux-gnu", "haswell", "", 32, True, False, _PAUSE_X86)
X86_64_V2 = Processor("x86_64-unknown-linux-gnu", "x86-64-v2", "", 16, False, False, _PAUSE_X86)
AARCH64 = Processor("aarch64-unknown-linux-gnu", "neoverse-n1", "", 16, True, False, _PAUSE_ARM)


def initialize() -> None:
    """Make LLVM's targets known to it, once per process: every one of them, so that code can be made for other machines too."""
    global _ready
    with _LOCK:
        if not _ready:
            llvm.initialize_all_targets()
            llvm.initialize_all_asmprinters()
            llvm.initialize_native_asmparser()
            _ready = True


@cache
def host() -> Processor:
    """The machine this process runs on."""
    initialize()
    l1_bytes, l2_bytes = cache_bytes()
    return replace(_named(llvm.get_process_triple()), l1_bytes=l1_bytes, l2_bytes=l2_bytes)


def _named(triple: str) -> Processor:
    """This processor by its name and its features."""
    features = llvm.get_host_cpu_features()
    has = {name for name, present in features.items() if present}
    text = features.flatten()
    cpu = llvm.get_host_cpu_name()
    if triple.startswith(("aarch64", "arm64")):
        return Processor(triple, cpu, text, 16, True, False, _PAUSE_ARM)
    if not triple.startswith("x86_64"):
        return Processor(triple, cpu, text, 16, False, False, "")
    if {"avx512f", "avx512dq", "avx512bw", "avx512vl"} <= has:
        return Processor(triple, cpu, f"{text},{_WIDE_SHUFFLES}", 64, True, True, _PAUSE_X86)
    if {"avx2", "fma"} <= has:
        return Processor(triple, cpu, text, 32, True, False, _PAUSE_X86)
    return Processor(triple, cpu, text, 16, False, False, _PAUSE_X86)


def machine(target: Processor, opt: int = 2) -> Any:
    """A new LLVM target machine, position-independent; an engine takes one of its own, since two engines that share one crash."""
    initialize()
    made = llvm.Target.from_triple(target.triple)
    return made.create_target_machine(
        cpu=target.cpu, features=target.features, opt=opt, reloc="pic", codemodel="default", jit=True
    )
