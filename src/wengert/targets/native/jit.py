"""LLVM IR as text becomes code in this process: parsed, translated, linked, and unmapped when nobody holds it.

It knows nothing of what the code computes.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache as remembered
from typing import Any

import llvmlite
import llvmlite.binding as llvm

from wengert.errors import GraphError
from wengert.targets.native import cache as disk
from wengert.targets.native.processor import Processor, machine

LOCK = threading.RLock()
"""Held by whoever uses LLVM, or makes what the process has once; a fork waits for it, so that no child inherits it taken."""

_NUMBERS = itertools.count()
_TRACKERS: dict[int, Any] = {}
"""What LLVM knows of all code in memory, by number. Held here, so that no collector of garbage ever disposes of one: it would do
so beside the thread that holds the lock."""
_RETIRED: deque[int] = deque()
"""The numbers of code that nobody holds; unmapped at the next compilation, when it is sure that no finalizer waits for LLVM."""


@dataclass(slots=True)
class Times:
    """Seconds spent on one piece of code; `from_cache` says that parsing and code generation were not needed."""

    parse: float = 0.0
    codegen: float = 0.0
    link: float = 0.0
    from_cache: bool = False

    @property
    def total(self) -> float:
        """Their sum."""
        return self.parse + self.codegen + self.link


@dataclass(slots=True)
class Counts:
    """How many pieces of code this process has compiled, and how many it has found on disk."""

    compiled: int = 0
    found: int = 0


COUNTS = Counts()


class MachineCode:
    """Functions in memory. The addresses are good as long as this object lives: every callable must hold it."""

    def __init__(self, tracker: Any, exports: Iterable[str], object_bytes: int, times: Times) -> None:
        self._addresses = {name: int(tracker[name]) for name in exports}
        self._number = next(_NUMBERS)
        _TRACKERS[self._number] = tracker
        self.object_bytes = object_bytes
        self.times = times
        self.holds: Any = None
        """What the code reads and must not go before it: large constants."""

    def address(self, name: str) -> int:
        """Where an exported function or variable lies."""
        return self._addresses[name]

    def __del__(self, retire: Any = _RETIRED.append) -> None:
        number = getattr(self, "_number", None)
        if number is not None:
            retire(number)


class _Linker:
    """The one linker of the process, made at first use and never taken down: threads may still run code when Python ends."""

    engine: Any = None

    @classmethod
    def get(cls, target: Processor) -> Any:
        """The linker; its target machine is its own, since two engines that share one crash."""
        if cls.engine is None:
            cls.engine = llvm.create_lljit_compiler(machine(target))
        return cls.engine


def load(
    ir_text: str,
    exports: Iterable[str],
    imports: Mapping[str, int],
    target: Processor,
    *,
    opt: int = 2,
    cache: bool = True,
) -> MachineCode:
    """The functions and variables `exports` of a module in memory, with the addresses of the symbols that it only declares.

    `opt` is the level of code generation (0 to 3); no IR passes run. With `cache` the object code is looked for on disk and kept
    there. May be called by any thread.

    Raises GraphError where LLVM refuses the text or a symbol is missing.
    """
    exports = tuple(exports)
    times = Times()
    store = disk.current() if cache else None
    key = object_key(ir_text, target, opt) if store is not None else ""
    with LOCK:
        _release_retired()
        code = store.find(key) if store is not None else None
        if code is not None:
            times.from_cache = True
            try:
                found = _link(code, exports, imports, target, times)
                COUNTS.found += 1
                return found
            except GraphError:  # whole, but not what this text means to this process: made anew below
                times.from_cache = False
        code = emit_object(ir_text, target, opt, times)
        linked = _link(code, exports, imports, target, times)
        COUNTS.compiled += 1
    if store is not None:
        store.store(key, code)
    return linked


@remembered
def _translator(target: Processor, opt: int) -> Any:
    """The target machine that makes code, kept because it is slow to make; held by one thread at a time."""
    return machine(target, opt)


def object_key(ir_text: str, target: Processor, opt: int) -> str:
    """The digest of all that object code depends on: the text, LLVM, the processor and how hard the code generator tries."""
    llvm_version = ".".join(map(str, llvm.llvm_version_info))
    facts = ("1", llvmlite.__version__, llvm_version, target.triple, target.cpu, target.features, str(opt), ir_text)
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()


def emit_object(ir_text: str, target: Processor, opt: int = 2, times: Times | None = None) -> bytes:
    """The module as object code of the target. Raises GraphError where LLVM refuses the text."""
    times = times if times is not None else Times()
    with LOCK, llvm.create_context() as context:
        start = time.perf_counter()
        with _parse(ir_text, target, context) as module:
            translator = _translator(target, opt)
            module.data_layout = str(translator.target_data)
            parsed = time.perf_counter()
            code = translator.emit_object(module)
            times.parse, times.codegen = parsed - start, time.perf_counter() - parsed
    return code


def emit_assembly(ir_text: str, target: Processor, opt: int = 2) -> str:
    """The module as assembly of the target, to read. Raises GraphError where LLVM refuses the text."""
    with LOCK, llvm.create_context() as context, _parse(ir_text, target, context) as module:
        translator = _translator(target, opt)
        module.data_layout = str(translator.target_data)
        return translator.emit_assembly(module)


def _parse(ir_text: str, target: Processor, context: Any) -> Any:
    try:
        module = llvm.parse_assembly(ir_text, context)
    except RuntimeError as failure:
        raise _refused(failure) from failure
    module.triple = target.triple
    return module


def _link(
    code: bytes, exports: tuple[str, ...], imports: Mapping[str, int], target: Processor, times: Times
) -> MachineCode:
    """Maps object code and finds the addresses of its exports."""
    start = time.perf_counter()
    library = llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
    for name, address in imports.items():
        library.import_symbol(name, address)
    for name in exports:
        library.export_symbol(name)
    try:
        tracker = library.link(_Linker.get(target), f"wengert{next(_NUMBERS)}")
    except RuntimeError as failure:
        raise _refused(failure) from failure
    times.link = time.perf_counter() - start
    return MachineCode(tracker, exports, len(code), times)


def _refused(failure: RuntimeError) -> GraphError:
    reason = "; ".join(line.strip() for line in str(failure).splitlines() if line.strip(" ^"))
    return GraphError(
        "LLVM does not take the code made of this graph.",
        f"  {reason}",
        "Run it with the interpreter, and report the graph: this is a mistake in wengert.",
    )


def _release_retired() -> None:
    while _RETIRED:
        _TRACKERS.pop(_RETIRED.popleft()).close()


if hasattr(os, "register_at_fork"):  # a child must not inherit LLVM in the middle of another thread's compilation
    os.register_at_fork(before=LOCK.acquire, after_in_parent=LOCK.release, after_in_child=LOCK.release)
