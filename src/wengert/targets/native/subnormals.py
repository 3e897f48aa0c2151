"""Subnormal numbers in programs that loop: taken as 0 and rounded to 0 while such a program runs, and the thread's state restored.

Signals that vanish over hundreds of steps end in subnormal numbers, on which many processors are ten to a hundred times slower. It
knows no nest.
"""

from __future__ import annotations

import ctypes

from wengert.core.ir.graph import Graph
from wengert.core.ir.walk import order_of
from wengert.targets.native.processor import Processor

SWITCH = "wg_flush_subnormals"
"""The symbol of a 32-bit number: 1 where subnormal numbers are flushed, 0 where arithmetic is that of IEEE 754 throughout."""
STEPS = 16
"""From so many steps on, or of unknown length, a loop makes its program flush."""
WRITTEN_OUT = 2000
"""So does a graph of so many nodes: a loop of Python, step after step."""
_switch = ctypes.c_int32(1)


def address() -> int:
    """Where the switch lies."""
    return ctypes.addressof(_switch)


def keep(kept: bool) -> None:
    """Let programs keep subnormal numbers from now on, or flush them."""
    _switch.value = int(not kept)


def are_flushed(graph: Graph) -> bool:
    """Whether the program of a graph flushes subnormal numbers, if the switch says so."""
    nodes = order_of(graph)
    if len(nodes) >= WRITTEN_OUT:
        return True
    for node in nodes:
        if node.op.name == "while_loop" or (node.op.name == "scan" and node.params["length"] >= STEPS):
            return True
        if any(are_flushed(value) for value in node.params.values() if isinstance(value, Graph)):
            return True
    return False


def declarations(target: Processor) -> tuple[str, ...]:
    """What the lines below need."""
    if target.triple.startswith("x86_64"):
        return ("declare void @llvm.x86.sse.stmxcsr(ptr)", "declare void @llvm.x86.sse.ldmxcsr(ptr)")
    if target.triple.startswith(("aarch64", "arm64")):
        return ("declare i64 @llvm.aarch64.get.fpcr()", "declare void @llvm.aarch64.set.fpcr(i64)")
    return ()


def begin(target: Processor, switch: str = "") -> list[str]:
    """The lines that note the thread's state and change it: to flush if the switch says so, without one to keep subnormal
    numbers. Empty where it is not known how.
    """
    if target.triple.startswith("x86_64"):
        return [
            "  %fp.state = alloca i32, align 4",
            "  call void @llvm.x86.sse.stmxcsr(ptr %fp.state)",
            "  %fp.before = load i32, ptr %fp.state, align 4",
            *_changed("i32", 0x8040, switch),  # flush to zero, and denormals are zeros
            "  store i32 %fp.after, ptr %fp.state, align 4",
            "  call void @llvm.x86.sse.ldmxcsr(ptr %fp.state)",
        ]
    if target.triple.startswith(("aarch64", "arm64")):
        return [
            "  %fp.before = call i64 @llvm.aarch64.get.fpcr()",
            *_changed("i64", 1 << 24, switch),
            "  call void @llvm.aarch64.set.fpcr(i64 %fp.after)",
        ]
    return []


def _changed(kind: str, bits: int, switch: str) -> list[str]:
    """The lines that make the new state of the old one."""
    if not switch:
        return [f"  %fp.after = and {kind} %fp.before, {~bits}"]
    return [
        f"  %fp.flag = load i32, ptr {switch}, align 4",
        "  %fp.on = icmp ne i32 %fp.flag, 0",
        f"  %fp.bits = select i1 %fp.on, {kind} {bits}, {kind} 0",
        f"  %fp.after = or {kind} %fp.before, %fp.bits",
    ]


def end(target: Processor) -> list[str]:
    """The lines that restore the thread's state."""
    if target.triple.startswith("x86_64"):
        return [
            "  store i32 %fp.before, ptr %fp.state, align 4",
            "  call void @llvm.x86.sse.ldmxcsr(ptr %fp.state)",
        ]
    if target.triple.startswith(("aarch64", "arm64")):
        return ["  call void @llvm.aarch64.set.fpcr(i64 %fp.before)"]
    return []


def around(target: Processor, switch: str, name: str, inner: str, arguments: str) -> str:
    """The function `name` that calls `inner`, of the same arguments and a status, between both."""
    lines = [
        f"define i32 @{name}({arguments}) #0 {{",
        "entry:",
        *begin(target, switch),
        f"  %status = call i32 @{inner}({arguments})",
        *end(target),
        "  ret i32 %status",
        "}",
    ]
    return "\n".join(lines)
