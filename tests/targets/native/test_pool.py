"""Parallel loops: every chunk once, for any number of threads, callers, forks and interruptions."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from wengert.errors import GraphError
from wengert.targets.native import jit, pool, runtime
from wengert.targets.native.processor import AARCH64, AVX2, AVX512, host

COUNT = """
declare void @wg_parallel_for(ptr, ptr, i64)
define void @chunk(ptr %context, i64 %k) {
entry:
  %place = getelementptr i64, ptr %context, i64 %k
  %old = load i64, ptr %place
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %s = phi i64 [ %old, %entry ], [ %sum, %loop ]
  %sum = add i64 %s, 1
  store volatile i64 %sum, ptr %place
  %next = add i64 %i, 1
  %c = icmp slt i64 %next, WORK
  br i1 %c, label %loop, label %end
end:
  ret void
}
define void @nested(ptr %context, i64 %k) {
  %row = mul i64 %k, 10
  %place = getelementptr i64, ptr %context, i64 %row
  call void @wg_parallel_for(ptr @chunk, ptr %place, i64 10)
  ret void
}
define i32 @run(ptr %context, i64 %n) {
  call void @wg_parallel_for(ptr @chunk, ptr %context, i64 %n)
  ret i32 0
}
define i32 @run_nested(ptr %context, i64 %n) {
  call void @wg_parallel_for(ptr @nested, ptr %context, i64 %n)
  ret i32 0
}
"""


def runner(work: int = 1, name: str = "run"):
    """A function of (array of i64, chunks): each chunk adds `work` to its entry. Python's lock is released meanwhile."""
    text = COUNT.replace("WORK", str(work))
    code = jit.load(text, [name], runtime.imports_of(text), host(), cache=False)
    made = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_int64)(code.address(name))
    made.code = code
    return made


@pytest.fixture
def size():
    """Sets the number of threads for a test."""
    before = pool.threads()
    yield pool.set_threads
    pool.set_threads(before)


def cells(count: int):
    return (ctypes.c_int64 * count)()


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
@pytest.mark.parametrize("chunks", [0, 1, 2, 7, 64, 1000])
def test_every_chunk_runs_once(size, threads, chunks):
    size(threads)
    run, found = runner(), cells(max(1, chunks))
    for _ in range(20):
        run(found, chunks)
    assert list(found)[:chunks] == [20] * chunks


def test_thousands_of_short_loops_lose_nothing(size):
    size(2)
    run, found = runner(), cells(8)
    for _ in range(20_000):
        run(found, 8)
    assert list(found) == [20_000] * 8


def test_the_number_of_threads_may_change_between_loops(size):
    run, found = runner(10), cells(16)
    for k in range(300):
        size(1 + k % 5)
        run(found, 16)
    assert list(found) == [3000] * 16


def test_a_loop_inside_a_chunk_runs_too(size):
    size(3)
    run, found = runner(name="run_nested"), cells(100)
    for _ in range(200):
        run(found, 10)
    assert list(found) == [200] * 100


def test_helpers_that_slept_are_woken(size):
    size(3)
    run, found = runner(1000), cells(32)
    for _ in range(10):
        run(found, 32)
        time.sleep(0.005)
    assert list(found) == [10_000] * 32


@pytest.mark.parametrize("callers", [2, 8])
def test_several_python_threads_may_call_at_once(size, callers):
    size(3)
    run = runner(20)
    arrays = [cells(16) for _ in range(callers)]

    def work(found) -> None:
        for _ in range(500):
            run(found, 16)

    threads = [threading.Thread(target=work, args=(found,)) for found in arrays]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [list(found) for found in arrays] == [[10_000] * 16] * callers


def test_chunks_run_on_several_threads(size):
    """Two chunks that wait for each other: neither could end if one thread ran them in turn."""
    size(2)
    text = """
declare void @wg_parallel_for(ptr, ptr, i64)
define void @meet(ptr %context, i64 %k) {
entry:
  %a = atomicrmw add ptr %context, i64 1 seq_cst
  br label %wait
wait:
  %v = load atomic i64, ptr %context acquire, align 8
  %c = icmp slt i64 %v, 2
  br i1 %c, label %wait, label %end
end:
  ret void
}
define i32 @run(ptr %context, i64 %n) {
  call void @wg_parallel_for(ptr @meet, ptr %context, i64 2)
  ret i32 0
}
"""
    code = jit.load(text, ["run"], runtime.imports_of(text), host(), cache=False)
    run = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_int64)(code.address("run"))
    for _ in range(50):
        found = cells(1)
        run(found, 2)
        assert found[0] == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_has_its_own_helpers(size):
    size(3)
    run, found = runner(100), cells(64)
    run(found, 64)
    children = []
    for _ in range(5):
        child = os.fork()
        if child == 0:
            for _ in range(50):
                run(found, 64)
            os._exit(0 if list(found) == [5100] * 64 else 1)
        children.append(child)
    run(found, 64)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 5
    assert list(found) == [200] * 64


def script(body: str, **options) -> subprocess.CompletedProcess:
    """A program of its own with the runner above."""
    head = f"import sys\nsys.path.insert(0, {os.path.dirname(__file__)!r})\nfrom test_pool import *\n"
    return subprocess.run(
        [sys.executable, "-c", head + textwrap.dedent(body)], capture_output=True, text=True, timeout=600, **options
    )


def test_a_process_ends_while_helpers_spin_or_sleep():
    for wait in (0, 0.2):
        done = script(f"pool.set_threads(8)\nrun, found = runner(10), cells(64)\nrun(found, 64)\ntime.sleep({wait})")
        assert (done.returncode, done.stderr) == (0, "")


def test_no_thread_starts_without_a_parallel_loop():
    body = """
        import os
        count = lambda: len(os.listdir("/proc/self/task"))
        before = count()
        pool.set_threads(4)
        run, found = runner(), cells(4)
        run(found, 1)
        pool.set_threads(1)
        run(found, 4)
        between = count()
        pool.set_threads(3)
        run(found, 4)
        print(between - before, count() - before)
    """
    if not os.path.isdir("/proc/self/task"):
        pytest.skip("a system that does not list its threads")
    assert script(body).stdout.split() == ["0", "2"]


def test_threads_that_all_are_the_first_share_one_pool():
    body = """
        pool.set_threads(2)
        start, right = threading.Barrier(8), []
        def work():
            start.wait()
            run, found = runner(10), cells(16)
            run(found, 16)
            right.append(list(found) == [10] * 16)
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        print(right == [True] * 8, pool._loaded.cache_info().misses)
    """
    done = script(body)
    assert (done.stdout, done.stderr) == ("True 1\n", "")


def test_the_default_is_what_the_affinity_mask_gives():
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("a system without affinity masks")
    assert script("os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\nprint(pool.threads())").stdout == "1\n"


@pytest.mark.parametrize("count", [0, -1, 257])
def test_a_number_of_threads_that_cannot_be_is_refused(count):
    with pytest.raises(GraphError, match="threads"):
        pool.set_threads(count)


@pytest.mark.parametrize("target", [AVX512, AVX2, AARCH64], ids=lambda target: target.cpu)
def test_the_code_is_made_for_every_machine(target):
    pause = "yield" if target is AARCH64 else "pause"
    assert pause in jit.emit_assembly(pool.text(target), target)
