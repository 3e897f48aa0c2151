"""The threads that share the chunks of a parallel loop: `void @wg_parallel_for(ptr function, ptr context, i64 chunks)`.

It knows nothing of what a chunk computes. Threads start at the first parallel loop and sleep between loops; they never touch Python.
"""

from __future__ import annotations

import ctypes
import os
from functools import cache

from wengert.errors import GraphError
from wengert.targets.native import jit, numpy_abi
from wengert.targets.native.processor import Processor, host
from wengert.targets.native.writer import NULL, Function

PARALLEL_FOR = "wg_parallel_for"
_FORGET = "wg_pool_forget"
_WANTED = "wg_pool_helpers"

MOST_THREADS = 256
_CALLER_SPINS = 4000
_HELPER_SPINS = 2000

_USED = ("PyThread_acquire_lock", "PyThread_allocate_lock", "PyThread_release_lock", "PyThread_start_new_thread")

_GLOBALS = f"""
@generation = internal global i64 0, align 64
@ticket = internal global i64 0, align 64
@done = internal global i64 0, align 64
@chunks = internal global i64 0, align 64
@function = internal global ptr null
@context = internal global ptr null
@active = internal global i64 0
@caller_asleep = internal global i64 0, align 64
@caller_lock = internal global ptr null
@busy = internal global i64 0, align 64
@started = internal global i64 0
@{_WANTED} = global i64 0
@locks = internal global [{MOST_THREADS} x ptr] zeroinitializer
@asleep = internal global [{MOST_THREADS} x [8 x i64]] zeroinitializer, align 64
declare i64 @PyThread_start_new_thread(ptr, ptr)
declare ptr @PyThread_allocate_lock()
declare i32 @PyThread_acquire_lock(ptr, i32)
declare void @PyThread_release_lock(ptr)
declare i64 @llvm.smin.i64(i64, i64)
declare void @llvm.x86.sse2.pause()
declare void @llvm.aarch64.hint(i32)
"""
# generation     the number of the present loop; it goes up by one when a loop is published
# ticket         generation · 2³² + the next chunk: a thread takes a chunk by exchanging it, so a late one cannot take another loop's
# done           chunks that are finished; they are counted, not the threads, so that a thread without the processor delays nobody
# active         helpers that may take part
# asleep         for each helper, whether it waits at its lock; who sets it back to 0 opens the lock
# busy           whether a loop is running: a second caller runs its loop alone


def text(target: Processor) -> str:
    """The module."""
    parts = (
        _parallel_for(),
        _serial(),
        _start(),
        _work(target),
        _run_chunks(),
        _publish(),
        _wait(target),
        _forget(),
    )
    return "\n".join([_GLOBALS, *(part.text() for part in parts)]) + "\n"


def _parallel_for() -> Function:
    """Runs function(context, k) for every chunk k, by the helpers and the caller, or by the caller alone."""
    f = Function(PARALLEL_FOR, "void", {"function": "ptr", "context": "ptr", "chunks": "i64"})
    wanted = f.value(f"load atomic i64, ptr @{_WANTED} monotonic, align 8")
    useful = f.value("sub i64 %chunks, 1")
    some = f.value(f"call i64 @llvm.smin.i64(i64 {wanted}, i64 {useful})")
    f.require(f.compare("sgt", "i64", some, 0), "alone")
    free = f.value("cmpxchg ptr @busy, i64 0, i64 1 acq_rel monotonic")
    f.require(f.value(f"extractvalue {{ i64, i1 }} {free}, 1"), "alone")
    there = f.value(f"call i64 @wg_pool_start(i64 {some})")
    helpers = f.value(f"call i64 @llvm.smin.i64(i64 {some}, i64 {there})")
    generation = f.value(f"call i64 @wg_pool_publish(ptr %function, ptr %context, i64 %chunks, i64 {helpers})")
    f.do(f"call void @wg_pool_run(i64 {generation})")
    f.do("call void @wg_pool_wait(i64 %chunks)")
    f.do("store atomic i64 0, ptr @busy release, align 8")
    f.do("ret void")
    f.label("alone")
    f.do("call void @wg_pool_serial(ptr %function, ptr %context, i64 %chunks)")
    f.do("ret void")
    return f


def _serial() -> Function:
    f = Function("wg_pool_serial", "void", {"function": "ptr", "context": "ptr", "chunks": "i64"}, "internal")
    with f.count("%chunks") as k:
        f.do(f"call void %function(ptr %context, i64 {k})")
    f.do("ret void")
    return f


def _start() -> Function:
    """Starts helpers until there are `wanted`, as far as the system gives threads; how many there are."""
    f = Function("wg_pool_start", "i64", {"wanted": "i64"}, "internal")
    started = f.load("i64", "@started")
    f.require(f.compare("slt", "i64", started, "%wanted"), "enough")
    with f.when(f.compare("eq", "ptr", f.load("ptr", "@caller_lock"), NULL)):
        f.store("ptr", _closed_lock(f), "@caller_lock")
    with f.count("%wanted", started) as k:
        f.store("ptr", _closed_lock(f), f.at("@locks", k, "ptr"))
        number = f.value(f"inttoptr i64 {k} to ptr")
        thread = f.value(f"call i64 @PyThread_start_new_thread(ptr @wg_pool_work, ptr {number})")
        f.require(f.compare("ne", "i64", thread, -1), "enough")
        f.store("i64", f.value(f"add i64 {k}, 1"), "@started")
    f.jump("enough")
    f.label("enough")
    f.do(f"ret i64 {f.load('i64', '@started')}")
    return f


def _closed_lock(f: Function) -> str:
    """A new lock that the next to take it will wait at."""
    lock = f.value("call ptr @PyThread_allocate_lock()")
    f.require(f.compare("ne", "ptr", lock, NULL), "enough")
    f.value(f"call i32 @PyThread_acquire_lock(ptr {lock}, i32 1)")
    return lock


def _work(target: Processor) -> Function:
    """A helper's life: wait for a loop that is not the last one seen, run chunks of it, wait again."""
    f = Function("wg_pool_work", "void", {"number": "ptr"}, "internal")
    number = f.value("ptrtoint ptr %number to i64")
    flag = f.at("@asleep", number, "[8 x i64]")
    lock = f.entry("ptr", "@locks", number)
    f.jump("rest")
    f.label("rest")
    f.do("%seen = phi i64 [ 0, %entry ], [ %now, %tried ]")
    f.jump("spin")
    f.label("spin")
    f.do("%turn = phi i64 [ 0, %rest ], [ %turns, %again ]")
    new = f.compare("ne", "i64", f.value("load atomic i64, ptr @generation acquire, align 64"), "%seen")
    f.branch(new, "look", "again")
    f.label("again")
    _pause(f, target)
    f.do("%turns = add i64 %turn, 1")
    f.branch(f.compare("slt", "i64", "%turns", _HELPER_SPINS), "spin", "sleep")
    f.label("sleep")
    _sleep(f, flag, lock, "@generation", "%seen", "look")
    f.label("look")
    f.do("%now = load atomic i64, ptr @generation acquire, align 64")
    part = f.compare("slt", "i64", number, f.value("load atomic i64, ptr @active monotonic, align 8"))
    f.branch(part, "take", "tried")
    f.label("take")
    f.do("call void @wg_pool_run(i64 %now)")
    f.jump("tried")
    f.label("tried")
    f.jump("rest")
    return f


def _sleep(f: Function, flag: str, lock: str, watched: str, while_it_is: str, then: str) -> None:
    """Waits at the lock while a number is as it was: the flag is raised first, then the number is read again.

    Whoever takes the flag down opens the lock, so a sleeper that changes its mind takes down its own or waits for the opening.
    """
    f.do(f"store atomic i64 1, ptr {flag} seq_cst, align 8")
    again = f.value(f"load atomic i64, ptr {watched} seq_cst, align 8")
    stay, leave = f.new_label("stay"), f.new_label("leave")
    f.branch(f.compare("eq", "i64", again, while_it_is), stay, leave)
    f.label(leave)
    mine = f.value(f"atomicrmw xchg ptr {flag}, i64 0 seq_cst")
    f.branch(f.compare("eq", "i64", mine, 1), then, stay)
    f.label(stay)
    f.value(f"call i32 @PyThread_acquire_lock(ptr {lock}, i32 1)")
    f.jump(then)


def _run_chunks() -> Function:
    """Takes chunks of the loop with this number until none is left; who finishes the last one wakes the caller."""
    f = Function("wg_pool_run", "void", {"generation": "i64"}, "internal")
    base = f.value("shl i64 %generation, 32")
    f.jump("next")
    f.label("next")
    ticket = f.value("load atomic i64, ptr @ticket acquire, align 64")
    chunks = f.value("load atomic i64, ptr @chunks acquire, align 64")
    chunk = f.value(f"sub i64 {ticket}, {base}")
    f.require(f.compare("ult", "i64", chunk, chunks), "end")
    following = f.value(f"add i64 {ticket}, 1")
    taken = f.value(f"cmpxchg ptr @ticket, i64 {ticket}, i64 {following} acq_rel monotonic")
    f.require(f.value(f"extractvalue {{ i64, i1 }} {taken}, 1"), "next")
    function, context = f.load("ptr", "@function"), f.load("ptr", "@context")
    f.do(f"call void {function}(ptr {context}, i64 {chunk})")
    before = f.value("atomicrmw add ptr @done, i64 1 seq_cst")
    last = f.compare("eq", "i64", f.value(f"add i64 {before}, 1"), chunks)
    f.branch(last, "wake", "next")
    f.label("wake")
    sleeping = f.value("atomicrmw xchg ptr @caller_asleep, i64 0 seq_cst")
    f.require(f.compare("eq", "i64", sleeping, 1), "end")
    f.do(f"call void @PyThread_release_lock(ptr {f.load('ptr', '@caller_lock')})")
    f.jump("end")
    f.label("end")
    f.do("ret void")
    return f


def _publish() -> Function:
    """Makes a loop known and wakes the helpers that may take part; its number. The loop before it is complete."""
    parameters = {"function": "ptr", "context": "ptr", "chunks": "i64", "helpers": "i64"}
    f = Function("wg_pool_publish", "i64", parameters, "internal")
    generation = f.value(f"add i64 {f.value('load atomic i64, ptr @generation monotonic, align 64')}, 1")
    f.do("store atomic i64 0, ptr @chunks seq_cst, align 64")  # no ticket of the loop before is good from here on
    f.store("ptr", "%function", "@function")
    f.store("ptr", "%context", "@context")
    f.do("store atomic i64 %helpers, ptr @active monotonic, align 8")
    f.do("store atomic i64 0, ptr @done release, align 64")
    f.do(f"store atomic i64 {f.value(f'shl i64 {generation}, 32')}, ptr @ticket release, align 64")
    f.do("store atomic i64 %chunks, ptr @chunks release, align 64")
    f.do(f"store atomic i64 {generation}, ptr @generation seq_cst, align 64")
    with f.count("%helpers") as k:
        sleeping = f.value(f"atomicrmw xchg ptr {f.at('@asleep', k, '[8 x i64]')}, i64 0 seq_cst")
        with f.when(f.compare("eq", "i64", sleeping, 1)):
            f.do(f"call void @PyThread_release_lock(ptr {f.entry('ptr', '@locks', k)})")
    f.do(f"ret i64 {generation}")
    return f


def _wait(target: Processor) -> Function:
    """Returns when every chunk is done. A late waker of the loop before may open the lock: then the count is read again."""
    f = Function("wg_pool_wait", "void", {"chunks": "i64"}, "internal")
    f.jump("from_start")
    f.label("from_start")
    f.jump("spin")
    f.label("spin")
    f.do("%turn = phi i64 [ 0, %from_start ], [ %turns, %again ]")
    count = f.value("load atomic i64, ptr @done acquire, align 64")
    f.branch(f.compare("eq", "i64", count, "%chunks"), "complete", "again")
    f.label("again")
    _pause(f, target)
    f.do("%turns = add i64 %turn, 1")
    f.branch(f.compare("slt", "i64", "%turns", _CALLER_SPINS), "spin", "sleep")
    f.label("sleep")
    f.do("store atomic i64 1, ptr @caller_asleep seq_cst, align 64")
    again = f.value("load atomic i64, ptr @done seq_cst, align 64")
    f.branch(f.compare("eq", "i64", again, "%chunks"), "leave", "stay")
    f.label("leave")
    mine = f.value("atomicrmw xchg ptr @caller_asleep, i64 0 seq_cst")
    f.branch(f.compare("eq", "i64", mine, 1), "complete", "stay")
    f.label("stay")
    f.value(f"call i32 @PyThread_acquire_lock(ptr {f.load('ptr', '@caller_lock')}, i32 1)")
    f.jump("from_start")
    f.label("complete")
    f.do("ret void")
    return f


def _forget() -> Function:
    """In a child made by fork: the helpers are not there. Locks that they held are left behind."""
    f = Function(_FORGET, "void", {})
    for name in ("@started", "@busy", "@active", "@chunks", "@caller_asleep"):
        f.store("i64", "0", name)
    f.store("ptr", NULL, "@caller_lock")
    with f.count(str(MOST_THREADS)) as k:
        f.store("i64", "0", f.at("@asleep", k, "[8 x i64]"))
    f.do("ret void")
    return f


def _pause(f: Function, target: Processor) -> None:
    """Tells the processor that this thread only waits; intrinsics, since text of another machine's assembler cannot be read here."""
    if target.triple.startswith("x86_64"):
        f.do("call void @llvm.x86.sse2.pause()")
    elif target.triple.startswith(("aarch64", "arm64")):
        f.do("call void @llvm.aarch64.hint(i32 1)")


class _Size:
    """How many threads are wanted, also before there is any code."""

    threads: int | None = None


def threads() -> int:
    """How many threads a parallel loop may use, the caller among them: what was set, else what the affinity mask gives."""
    if _Size.threads is None:
        affinity = getattr(os, "sched_getaffinity", None)
        found = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
        _Size.threads = min(found, MOST_THREADS)
    return _Size.threads


def set_threads(count: int) -> None:
    """Lets parallel loops use `count` threads, the caller among them; 1 is none besides the caller. Results do not depend on it.

    Raises GraphError where the count is not between 1 and 256.
    """
    if not 1 <= count <= MOST_THREADS:
        raise GraphError(
            f"There cannot be {count} threads.",
            f"  the caller is one of them; at most {MOST_THREADS}",
            "Write for example:  set_threads(2)",
        )
    with jit.LOCK:
        _Size.threads = count
        if _loaded.cache_info().currsize:
            _apply(_loaded())


def code() -> jit.MachineCode:
    """The pool in memory. No thread starts before the first parallel loop."""
    with jit.LOCK:
        return _loaded()


@cache
def _loaded() -> jit.MachineCode:
    imports = {name: numpy_abi.symbols()[name] for name in _USED}
    made = jit.load(text(host()), [PARALLEL_FOR, _FORGET, _WANTED], imports, host(), opt=0)  # made five times as fast
    _apply(made)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(made))  # for ever: a helper may still spin in it when Python ends
    forget = ctypes.CFUNCTYPE(None)(made.address(_FORGET))
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=forget)
    return made


def _apply(made: jit.MachineCode) -> None:
    ctypes.c_int64.from_address(made.address(_WANTED)).value = threads() - 1
