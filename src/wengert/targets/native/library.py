"""Mathematical functions and matrix kernels as code that the programs of a process share, each made at its first use and kept
on disk.

A name says all: `wg_tanh_float32_32` is tanh of 32 float32, `wg_tanh_sech2_float32_32` tanh and its slope. It knows no program.
"""

from __future__ import annotations

import inspect
import re
from functools import cache

from wengert.targets.native import angles, jit
from wengert.targets.native.builder import PAIRS, Builder, definition
from wengert.targets.native.instructions import Value
from wengert.targets.native.module import SHARED, Module
from wengert.targets.native.processor import Processor, host
from wengert.targets.native.trigonometry import limit_of

_NAME = re.compile(r"wg_([a-z]\w*?)(?:_(m?\d+))?_(float32|float64|int64)_(\d+)")


def provides(name: str) -> bool:
    """Whether a symbol is a function of the library."""
    found = _NAME.fullmatch(name)
    return name in SHARED or (
        found is not None
        and (name.startswith(angles.PREFIX) or found.group(1) in PAIRS or hasattr(Builder, found.group(1)))
    )


def address(name: str) -> int:
    """Where the function lies, compiled or found on disk if it is not there yet; it stays as long as the process."""
    with jit.LOCK:
        return _code(name).address(name)


@cache
def _code(name: str) -> jit.MachineCode:
    return jit.load(text(name, host()), [name], {}, host())


def text(name: str, target: Processor) -> str:
    """The module with one function, and with the functions that it calls."""
    if name in SHARED:
        module = Module(target)
        module.define(name, SHARED[name](module))
        module.export(name)
        return module.text()
    found = _NAME.fullmatch(name)
    assert found is not None, name
    function, exponent, dtype, width = found.group(1), found.group(2), found.group(3), int(found.group(4))
    if name.startswith(angles.PREFIX):
        module = Module(target)
        angles.define(module, dtype, width, limit_of(target, dtype))
    elif function in PAIRS:
        module = Module(target)
        module.define(name, definition(module, name, PAIRS[function], [Value("%x0", dtype, width)], {}))
    else:
        module = Module(target)
        rule = getattr(Builder, function)
        operands = [p for p in inspect.signature(rule).parameters.values() if p.annotation == "Value"]
        params = {} if exponent is None else {"exponent": int(exponent.replace("m", "-"))}
        arguments = [Value(f"%x{k}", dtype, width) for k in range(len(operands))]
        module.define(name, definition(module, name, (rule,), arguments, params))
    module.export(name)
    return module.text()
