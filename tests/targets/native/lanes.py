"""A function of the builder as a callable over arrays, compiled for the host: a loop over chunks of `width` entries."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Sequence
from typing import Any

import llvmlite.binding as llvm
import numpy as np

from wengert.targets.native.builder import Builder, Module, Value
from wengert.targets.native.processor import Processor, host, machine

Array = Any
Lanes = Callable[..., Value]


def text_of(function: Lanes, dtypes: Sequence[str], width: int, target: Processor, outline: bool = False) -> str:
    """A module with `void @run(inputs…, output, count)`; the count is a multiple of the width."""
    module = Module(target)
    b = Builder(module, width, outline=outline)
    b.jump("loop")
    b.start_block("loop")
    b.emit("%i = phi i64 [ 0, %entry ], [ %next, %tail ]")
    values = [b.load(b.element(f"%in{k}", dtype, "%i"), dtype) for k, dtype in enumerate(dtypes)]
    result = function(b, *values)
    b.store(result, b.element("%out", result.dtype, "%i"))
    b.jump("tail")
    b.start_block("tail")
    b.emit(f"%next = add i64 %i, {width}")
    b.emit("%more = icmp slt i64 %next, %count")
    b.emit("br i1 %more, label %loop, label %end")
    b.start_block("end")
    inputs = "".join(f"ptr %in{k}, " for k in range(len(dtypes)))
    lines = "\n".join(b.lines)
    module.define("run", f"define void @run({inputs}ptr %out, i64 %count) #0 {{\nentry:\n{lines}\n  ret void\n}}")
    return f"; result {result.dtype}\n{module.text()}"


class Kernel:
    """The compiled loop; it holds its engine, for the code goes with it."""

    def __init__(
        self, function: Lanes, dtypes: Sequence[str], width: int, target: Processor | None = None, outline: bool = False
    ) -> None:
        target = target or host()
        text = text_of(function, dtypes, width, target, outline)
        self.result = text.split(maxsplit=3)[2]
        self.dtypes, self.width = dtypes, width
        parsed = llvm.parse_assembly(text)
        parsed.verify()
        self.engine = llvm.create_mcjit_compiler(parsed, machine(target))
        self.engine.finalize_object()
        kinds = [ctypes.c_void_p] * (len(dtypes) + 1)
        self.run = ctypes.CFUNCTYPE(None, *kinds, ctypes.c_int64)(self.engine.get_function_address("run"))

    def __call__(self, *arrays: Array) -> Array:
        count = len(arrays[0])
        padding = -count % self.width
        filled = [
            np.ascontiguousarray(np.concatenate([x, np.repeat(x[-1:], padding)]), dtype=dtype)
            for x, dtype in zip(arrays, self.dtypes, strict=True)
        ]
        out = np.empty(count + padding, self.result)
        self.run(*(x.ctypes.data for x in filled), out.ctypes.data, count + padding)
        return out[:count]


def straight(write: Callable[[Builder], None], width: int, *arrays: Array, target: Processor | None = None) -> None:
    """Run code once on arrays in place; their pointers are %p0, %p1, … there."""
    target = target or host()
    module = Module(target)
    b = Builder(module, width)
    write(b)
    pointers = ", ".join(f"ptr %p{k}" for k in range(len(arrays)))
    lines = "\n".join(b.lines)
    module.define("run", f"define void @run({pointers}) #0 {{\nentry:\n{lines}\n  ret void\n}}")
    parsed = llvm.parse_assembly(module.text())
    parsed.verify()
    engine = llvm.create_mcjit_compiler(parsed, machine(target))
    engine.finalize_object()
    run = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * len(arrays))(engine.get_function_address("run"))
    run(*(x.ctypes.data for x in arrays))


def named(name: str, **params: Any) -> Lanes:
    """The builder's method of this name."""
    return lambda b, *values: getattr(b, name)(*values, **params)


def foreign_calls(text: str, target: Processor) -> set[str]:
    """The functions outside the module that its assembly calls."""
    parsed = llvm.parse_assembly(text)
    parsed.verify()
    assembly = machine(target).emit_assembly(parsed)
    called = set(re.findall(r"^\s+(?:callq?|bl|b|jmp)\s+([A-Za-z_]\w*)", assembly, re.MULTILINE))
    called |= set(re.findall(r"(\w+)@(?:PLT|GOTPCREL)", assembly))
    return {name for name in called if not name.startswith("wg_")}
