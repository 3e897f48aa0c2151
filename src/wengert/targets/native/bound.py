"""A program whose arrays are bound once: a function of C without arguments that runs it and gives the result again.

It knows no graph; who binds has checked the arrays, and holds them by the function.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from wengert.targets.native import entry, entry_ir, jit
from wengert.targets.native import numpy_abi as abi
from wengert.targets.native.calls import pointers, scratch
from wengert.targets.native.processor import host
from wengert.targets.native.signature import PROGRAM
from wengert.targets.native.writer import NULL, Fields, Function

BOUND = "wg_bound"
_NO_ARGUMENTS = 0x0004
_FAIL, _BUSY = 2, 3
"""Places in `self`: the record, the result, whom to call where the program gives up, whom where it runs already."""

_DECLARED = """
declare ptr @PyErr_NoMemory()
declare ptr @PyErr_Occurred()
declare void @PyEval_RestoreThread(ptr)
declare ptr @PyEval_SaveThread()
declare ptr @PyObject_Vectorcall(ptr, ptr, i64, ptr)
declare void @Py_IncRef(ptr)
"""
_P, _I = ctypes.c_void_p, ctypes.c_int64


class Record(ctypes.Structure):
    """The program, what it is called with, whether others run meanwhile, and where it says that it runs."""

    _fields_ = [("program", _P), ("inputs", _P), ("outputs", _P), ("arena", _P), ("long", _I), ("busy", _P)]


def bind(
    code: jit.MachineCode,
    inputs: Sequence[Any],
    outputs: Sequence[Any],
    arena_bytes: int,
    long: bool,
    result: Any,
    fail: Callable[[], Any],
    busy: Callable[[], Any],
) -> Callable[[], Any]:
    """A function without arguments: the program on these arrays, which lie without gaps, and `result`, which holds the outputs.

    `fail` is called where the program gives up, `busy` where it is called while it runs.
    """
    taken, given = pointers(inputs), pointers(outputs)
    arena, start = scratch(arena_bytes)
    running = _I(0)
    if not abi.usable():
        program = ctypes.PYFUNCTYPE(ctypes.c_int32, _P, _P, _P)(code.address(PROGRAM))
        return _Plain(lambda: program(taken, given, start), result, fail, (code, inputs, outputs, arena))
    places = (ctypes.addressof(each) for each in (taken, given))
    record = Record(code.address(PROGRAM), *places, start, long, ctypes.addressof(running))
    held = (bytes(record), result, fail, busy, (code, inputs, outputs, taken, given, arena, running))
    return entry.function(_definition, held)


class _Plain:
    """The same in Python, where objects do not look as expected; the interpreter's lock stays held."""

    def __init__(self, run: Callable[[], int], result: Any, fail: Callable[[], Any], held: Any) -> None:
        self._run, self._result, self._fail, self._held = run, result, fail, held

    def __call__(self) -> Any:
        status = self._run()
        if status == 2:
            raise MemoryError
        return self._result if status == 0 else self._fail()


@cache
def _definition() -> entry.MethodDef:
    """What Python reads to call it."""
    code = jit.load(text(), [BOUND], entry.imports(), host())
    return entry.defined(b"bound", code, BOUND, _NO_ARGUMENTS, b"The result, computed into the bound arrays.")


def text() -> str:
    """The module that exports it, a C function of the kind METH_NOARGS. Its `self` is a tuple, see `_FAIL` and `_BUSY`."""
    f = Function(BOUND, "ptr", {"self": "ptr", "nothing": "ptr"})
    items = f.at("%self", abi.TUPLE_ITEMS)
    get = Fields(f, Record, f.at(f.load("ptr", items), abi.BYTES))
    busy = get("busy")
    f.require(f.compare("eq", "i64", f.load("i64", busy), 0), "busy")
    f.store("i64", "1", busy)
    status = entry_ir.run(f, get, [get(name) for name in ("inputs", "outputs", "arena")])
    f.store("i64", "0", busy)
    f.do(f"switch i32 {status}, label %fail [ i32 0, label %fine i32 2, label %no_memory i32 3, label %interrupted ]")
    f.label("fine")
    result = f.entry("ptr", items, "1")
    f.do(f"call void @Py_IncRef(ptr {result})")
    f.do(f"ret ptr {result}")
    f.label("no_memory")
    f.do(f"ret ptr {f.value('call ptr @PyErr_NoMemory()')}")
    f.label("interrupted")
    pending = f.compare("ne", "ptr", f.value("call ptr @PyErr_Occurred()"), NULL)
    f.require(f.value(f"xor i1 {pending}, true"), "raised")
    f.jump("fail")
    f.label("raised")
    f.do("ret ptr null")
    for label, place in (("fail", _FAIL), ("busy", _BUSY)):
        f.label(label)
        callback = f.entry("ptr", items, str(place))
        f.do(f"ret ptr {f.value(f'call ptr @PyObject_Vectorcall(ptr {callback}, ptr null, i64 0, ptr null)')}")
    return f"{_DECLARED}\n{f.text()}\n"
