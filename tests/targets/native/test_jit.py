"""Code in memory: right addresses, several threads, processes made by fork, errors that say what LLVM said."""

from __future__ import annotations

import ctypes
import gc
import os
import threading

import pytest

from wengert.errors import GraphError
from wengert.targets.native import jit
from wengert.targets.native.processor import host


def text(number: int) -> str:
    return f"define i64 @answer(i64 %x) {{\n  %y = add i64 %x, {number}\n  ret i64 %y\n}}"


def loaded(number: int, **options) -> jit.MachineCode:
    return jit.load(text(number), ["answer"], {}, host(), cache=False, **options)


def function(code: jit.MachineCode):
    callable = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(code.address("answer"))
    callable.code = code  # who can call it holds the code
    return callable


@pytest.mark.parametrize("opt", [0, 1, 2, 3])
def test_a_function_runs(opt):
    code = loaded(40, opt=opt)
    assert function(code)(2) == 42
    assert code.times.codegen > 0
    assert code.object_bytes > 0
    assert not code.times.from_cache


def test_equal_names_in_different_code_do_not_meet():
    codes = [loaded(k) for k in range(20)]
    assert [function(code)(100) for code in codes] == [100 + k for k in range(20)]


def test_code_stays_while_it_is_held_and_other_code_goes():
    kept = loaded(7)
    for k in range(20):
        loaded(k)
    gc.collect()
    loaded(0)  # unmaps them
    assert function(kept)(1) == 8


def test_dropped_code_is_unmapped_at_the_next_load():
    gc.collect()  # what other tests left in cycles
    jit._release_retired()
    loaded(1)
    gc.collect()
    assert len(jit._RETIRED) == 1
    kept = loaded(2)
    assert len(jit._RETIRED) == 0
    assert function(kept)(0) == 2


def test_a_symbol_is_imported_by_its_address():
    given = loaded(5)
    caller = (
        "declare i64 @five(i64)\ndefine i64 @answer(i64 %x) {\n  %y = call i64 @five(i64 %x)\n"
        "  %z = mul i64 %y, 2\n  ret i64 %z\n}"
    )
    code = jit.load(caller, ["answer"], {"five": given.address("answer")}, host(), cache=False)
    assert function(code)(1) == 12


def test_a_variable_is_exported():
    code = jit.load("@number = global i64 17", ["number"], {}, host(), cache=False)
    assert ctypes.c_int64.from_address(code.address("number")).value == 17


def test_a_text_that_is_no_module_is_refused_with_what_llvm_says():
    with pytest.raises(GraphError, match="1:8: error: expected"):
        jit.load("define nonsense", ["answer"], {}, host(), cache=False)


def test_a_missing_symbol_is_refused(capfd):
    missing = "declare i64 @nowhere_to_be_found()\ndefine i64 @answer() {\n  %y = call i64 @nowhere_to_be_found()\n  ret i64 %y\n}"
    with pytest.raises(GraphError, match="LLVM does not take the code"):
        jit.load(missing, ["answer"], {}, host(), cache=False)
    assert function(loaded(1))(1) == 2


def test_eight_threads_compile_at_once():
    found: list[int] = []

    def work(first: int) -> None:
        for k in range(first, first + 5):
            found.append(function(loaded(k))(0) - k)

    threads = [threading.Thread(target=work, args=(100 * k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [0] * 40


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_runs_old_code_and_compiles_new(while_others_compile):
    before = loaded(3)
    child = os.fork()
    if child == 0:
        right = function(before)(1) == 4 and function(loaded(9))(1) == 10
        os._exit(0 if right else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert function(before)(1) == 4


@pytest.fixture
def while_others_compile():
    """Two threads that compile all the time."""
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            loaded(11)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    yield
    stop.set()
    for thread in threads:
        thread.join()


def test_assembly_can_be_read():
    assert "answer" in jit.emit_assembly(text(1), host())


def test_code_in_a_cycle_is_unmapped_once_and_under_the_lock_only(monkeypatch):
    gc.collect()
    jit._release_retired()
    code = loaded(3)
    kind, disposed = type(next(iter(jit._TRACKERS.values()))), []
    dispose = kind._dispose
    monkeypatch.setattr(kind, "_dispose", lambda self: disposed.append(self.name) or dispose(self))
    code.holds = code
    del code
    gc.collect()
    assert disposed == []  # the collector must not do it: another thread may be about to
    jit._release_retired()
    assert len(disposed) == 1
