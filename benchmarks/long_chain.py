"""The gradient of a long chain in a fresh process: `python -m benchmarks.long_chain WHO OPERATIONS` prints seconds, result and bytes.

The bytes are the largest resident memory of the process, imports included. It must not know what they are compared with.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.workloads.eager import DECAY, POINT


def gradient(who: str, operations: int) -> Callable[[float], Any]:
    """∂/∂x of sin and a product, one after the other."""

    def chain(x: Any, xp: Any = np) -> Any:
        for _ in range(operations // 2):
            x = xp.sin(x) * DECAY
        return x

    if who == "wengert":
        import wengert as wg

        return wg.grad(chain)
    import autograd
    import autograd.numpy as anp

    return autograd.grad(lambda x: chain(x, anp))


def measure(who: str, operations: int) -> dict[str, float]:
    """The seconds of one call, its result, and the bytes of the process at its largest."""
    gradient(who, 2)(POINT)
    of_chain = gradient(who, operations)
    begin = time.perf_counter()
    found = of_chain(POINT)
    seconds = time.perf_counter() - begin
    return {"seconds": seconds, "result": float(found), "bytes": peak()}


def peak() -> int:
    """The bytes of this process at its largest."""
    status = Path("/proc/self/status")
    if status.exists():  # a child of a large process has that one's size in ru_maxrss
        (line,) = [each for each in status.read_text().splitlines() if each.startswith("VmHWM:")]
        return 1024 * int(line.split()[1])
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
