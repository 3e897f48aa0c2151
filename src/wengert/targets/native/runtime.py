"""The symbols that compiled programs may import from wengert and from Python, and their addresses in this process.

It knows no program. What a program does not name is not even compiled.
"""

from __future__ import annotations

import re

from wengert.targets.native import lapack, library, numpy_abi, pocketfft, poll, pool, subnormals

_DECLARED = re.compile(r"^\s*declare\b[^@\n]*@([\w.$]+)\(", re.MULTILINE)


def imports_of(ir_text: str) -> dict[str, int]:
    """The addresses of the symbols that a module declares and that this process has: the pool, `wg_poll`, Python's functions,
    the functions of the library.

    What is not among them (libm's functions) the linker looks for in the process.
    """
    declared = set(_DECLARED.findall(ir_text))
    known = numpy_abi.symbols()
    found = {name: known[name] for name in declared & known.keys()}
    found |= {name: library.address(name) for name in sorted(declared) if library.provides(name)}
    found |= {name: lapack.address(name) for name in sorted(declared) if lapack.provides(name)}
    found |= {name: pocketfft.address(name) for name in sorted(declared) if pocketfft.provides(name)}
    if pool.PARALLEL_FOR in declared:
        found[pool.PARALLEL_FOR] = pool.code().address(pool.PARALLEL_FOR)
    if poll.POLL in declared:
        found[poll.POLL] = poll.code().address(poll.POLL)
    if f"@{subnormals.SWITCH} =" in ir_text:
        found[subnormals.SWITCH] = subnormals.address()
    return found
