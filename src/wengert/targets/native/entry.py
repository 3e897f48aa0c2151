"""A compiled program becomes a Python callable: the builtin that checks and calls, and a class of its own around it.

It knows no graph; what is not as its signature says goes to a Python function, the slow path.
"""

from __future__ import annotations

import ctypes
import types
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from wengert.targets.native import calls, entry_ir, jit, numpy_abi, plan, runtime
from wengert.targets.native.processor import Processor, host
from wengert.targets.native.signature import PROGRAM, Signature

_FASTCALL_KEYWORDS = 0x0080 | 0x0002


class MethodDef(ctypes.Structure):
    """PyMethodDef: what Python reads to call a C function."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    ]


class NativeFunction:
    """A compiled function. Each has a class of its own, whose `__call__` is the builtin; as a method it gets the instance first."""

    code: jit.MachineCode
    signature: Signature

    __call__: Callable[..., Any]

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)


def build(
    ir_text: str,
    signature: Signature,
    slow: Callable[..., Any],
    fail: Callable[..., Any] | None = None,
    *,
    target: Processor | None = None,
    imports: Mapping[str, int] | None = None,
    opt: int = 2,
    cache: bool = True,
    base: type[NativeFunction] = NativeFunction,
) -> Any:
    """The program of a module, callable with the arguments of its signature.

    `slow` is called with the same arguments where they are not exactly what the signature says (another layout or dtype,
    a wrong shape, a keyword that is no parameter); `fail` where the program ends with status 1 (by default, `slow`).
    """
    found = {**runtime.imports_of(ir_text), **(imports or {})}
    code = jit.load(ir_text, [PROGRAM], found, target or host(), opt=opt, cache=cache)
    return wrap(code, signature, slow, fail, base=base)


def wrap(
    code: jit.MachineCode,
    signature: Signature,
    slow: Callable[..., Any],
    fail: Callable[..., Any] | None = None,
    *,
    base: type[NativeFunction] = NativeFunction,
) -> Any:
    """The same for code that is already in memory."""
    caller = builtin(code, signature, slow, fail or slow)
    made = type(base.__name__, (base,), {"__call__": caller, "__module__": base.__module__, "__doc__": base.__doc__})()
    made.code, made.signature = code, signature
    return made


def builtin(code: jit.MachineCode, signature: Signature, slow: Callable[..., Any], fail: Callable[..., Any]) -> Any:
    """The function alone, without attributes and without binding: for a dispatcher's next variant."""
    if not numpy_abi.usable():
        return calls.PlainCall(code, signature, slow, fail)
    memory = plan.make(signature, code.address(PROGRAM))
    return function(_definition, (memory.plan, slow, fail, memory, code))


def function(definition: Callable[[], MethodDef], held: tuple[Any, ...]) -> Any:
    """A function of C, which gets the tuple `held` as its `self`."""
    with jit.LOCK:
        made = definition()
    new = ctypes.pythonapi.PyCFunction_NewEx
    new.restype, new.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)
    return new(ctypes.addressof(made), held, None)


@cache
def _entry() -> jit.MachineCode:
    """The entry that all compiled functions share."""
    return jit.load(entry_ir.text(), [entry_ir.ENTRY], imports(), host())


@cache
def _definition() -> MethodDef:
    """What Python reads to call the entry."""
    return defined(b"compiled", _entry(), entry_ir.ENTRY, _FASTCALL_KEYWORDS)


def defined(name: bytes, code: jit.MachineCode, exported: str, flags: int, doc: bytes | None = None) -> MethodDef:
    """What Python reads to call a function of the code. It is never freed: Python reads it also when it takes down a function of a
    cycle, or the last functions at its own end.
    """
    made = MethodDef(name, code.address(exported), flags, doc)
    for thing in (code, made):
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))
    return made


def imports() -> dict[str, int]:
    """The functions of Python and NumPy that entries call."""
    return {name: address for name, address in numpy_abi.symbols().items() if not name.startswith("PyThread")}
