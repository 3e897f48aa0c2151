"""Ctrl-C while native code runs: `i32 @wg_poll()`, which long loops call between steps, says whether an exception is waiting.

It knows no loop. A program that is told 1 returns with status 3, and its caller raises.
"""

from __future__ import annotations

import ctypes
import os
import threading
from functools import cache

from wengert.targets.native import jit, numpy_abi, subnormals
from wengert.targets.native.processor import Processor, host
from wengert.targets.native.writer import Function

POLL = "wg_poll"
_MAIN = "wg_main_thread"

_TICKS = 10**8
"""Of the time stamp counter of x86, which ticks 1.5 to 5 times a nanosecond: 20 to 70 ms."""
_STEADY_TICKS = 10**6
"""Of the virtual counter of AArch64, which ticks 19 to 1000 times a microsecond: 1 to 53 ms."""
_CALLS = 1024
"""Between two questions, on a processor whose clock is not known here."""

_USED = ("PyErr_CheckSignals", "PyGILState_Ensure", "PyGILState_Release", "PyThread_get_thread_ident")


def text(target: Processor) -> str:
    """The module. Most calls only read the clock; after at most 70 ms the main thread takes Python's lock and runs signal handlers."""
    ident = "i32" if "windows" in target.triple else "i64"  # C's unsigned long
    lines = (
        f"@{_MAIN} = global i64 0",
        "@last = internal global i64 0",
        "@calls = internal global i64 0",
        "declare i64 @llvm.readcyclecounter()",
        "declare i64 @llvm.readsteadycounter()",
        f"declare {ident} @PyThread_get_thread_ident()",
        "declare i32 @PyGILState_Ensure()",
        "declare i32 @PyErr_CheckSignals()",
        "declare void @PyGILState_Release(i32)",
        *subnormals.declarations(target),
    )
    return "\n".join([*lines, _poll(target, ident).text()]) + "\n"


def _poll(target: Processor, ident: str) -> Function:
    f = Function(POLL, "i32", {})
    now, period = _clock(f, target)
    last = f.value("load atomic i64, ptr @last monotonic, align 8")
    passed = f.value(f"sub i64 {now}, {last}")
    f.require(f.compare("ugt", "i64", passed, period), "fine")
    mine = f.value(f"call {ident} @PyThread_get_thread_ident()")
    f.require(f.compare("eq", ident, mine, f.load(ident, f"@{_MAIN}")), "fine")  # only the main thread sees signals
    f.do(f"store atomic i64 {now}, ptr @last monotonic, align 8")
    for line in subnormals.begin(target):  # Python's handlers find arithmetic as it was
        f.do(line.strip())
    state = f.value("call i32 @PyGILState_Ensure()")  # right both with and without Python's lock
    failed = f.compare("ne", "i32", f.value("call i32 @PyErr_CheckSignals()"), 0)
    f.do(f"call void @PyGILState_Release(i32 {state})")
    for line in subnormals.end(target):
        f.do(line.strip())
    f.do(f"ret i32 {f.value(f'zext i1 {failed} to i32')}")
    f.label("fine")
    f.do("ret i32 0")
    return f


def _clock(f: Function, target: Processor) -> tuple[str, str]:
    """The time in ticks, and how many ticks are to pass between two questions."""
    if target.triple.startswith("x86_64"):
        return f.value("call i64 @llvm.readcyclecounter()"), str(_TICKS)
    if target.triple.startswith(("aarch64", "arm64")):
        return f.value("call i64 @llvm.readsteadycounter()"), str(_STEADY_TICKS)
    return f.value("atomicrmw add ptr @calls, i64 1 monotonic"), str(_CALLS)


def code() -> jit.MachineCode:
    """The function in memory; which thread is the main one is noted, and noted anew in a child made by fork."""
    with jit.LOCK:
        return _loaded()


@cache
def _loaded() -> jit.MachineCode:
    imports = {name: numpy_abi.symbols()[name] for name in _USED}
    made = jit.load(text(host()), [POLL, _MAIN], imports, host())
    main = ctypes.c_int64.from_address(made.address(_MAIN))
    main.value = threading.main_thread().ident or 0

    def note_main() -> None:
        main.value = threading.get_ident()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=note_main)
    return made
