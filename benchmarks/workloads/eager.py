"""`grad(f)` called as it is, nothing compiled by hand: small functions and Python loops, beside autograd.

"Once seen" is after a few calls; "the first time" is the first call of a function whose code is new, in a process where others ran.
"""

from __future__ import annotations

import functools
import itertools
import json
import subprocess
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import wengert as wg
from benchmarks.contest import ANSWER, Call, Contestant, Reach, Workload

ROOT = Path(__file__).parents[2]
SEEN = 6
"""Calls before "once seen"."""
STEPS = 100
VECTOR = np.array([0.1, -0.4, 0.7])
POINT = 0.3
DECAY = 0.9999
_line = itertools.count(1000)


def ten(x: Any, xp: Any = np) -> Any:
    """Ten operations on a small vector."""
    y = xp.tanh(x) * xp.exp(-x)
    z = xp.sin(y) + x * y
    return xp.sum(xp.log1p(z * z))


def loop(x: Any, xp: Any = np) -> Any:
    """A Python loop of four operations a step, on a number."""
    for _ in range(STEPS):
        x = x + 0.01 * xp.sin(x) * x
    return x


def ten_by_hand() -> np.ndarray:
    x = VECTOR
    y = np.tanh(x) * np.exp(-x)
    z = np.sin(y) + x * y
    slope = (1 - np.tanh(x) ** 2) * np.exp(-x) - y
    return 2 * z / (1 + z * z) * (np.cos(y) * slope + y + x * slope)


def loop_by_hand(steps: int = STEPS) -> np.ndarray:
    x, slope = POINT, 1.0
    for _ in range(steps):
        x, slope = x + 0.01 * np.sin(x) * x, slope * (1 + 0.01 * (np.cos(x) * x + np.sin(x)))
    return np.array(slope)


def chain_by_hand(operations: int) -> np.ndarray:
    x, slope = POINT, 1.0
    for _ in range(operations // 2):
        x, slope = DECAY * np.sin(x), DECAY * np.cos(x) * slope
    return np.array(slope)


def call() -> Workload:
    return Workload(
        title="gradient of ten operations on a 3-vector, structure seen",
        contestants=(
            Contestant("wengert, grad", lambda: _seen(wg.grad(ten), VECTOR)),
            Contestant("wengert, compiled", lambda: _seen(wg.compile(wg.grad(ten)), VECTOR)),
            Contestant("autograd", lambda: _seen(_autograd(ten), VECTOR), needs=("autograd",)),
        ),
        reaches=(
            Reach("grad: at most 12 µs", ("wengert, grad",), seconds=12e-6),
            Reach("compiled: at most 1 µs", ("wengert, compiled",), seconds=1e-6),
        ),
        references={ANSWER: ten_by_hand},
        tolerance={ANSWER: 1e-13},
    )


def steps() -> Workload:
    return Workload(
        title=f"gradient of a Python loop of {STEPS} steps of four operations on a number, structure seen",
        contestants=(
            Contestant("wengert, grad", lambda: _seen(wg.grad(loop), POINT), units=4 * STEPS),
            Contestant("autograd", lambda: _seen(_autograd(loop), POINT), needs=("autograd",), units=4 * STEPS),
        ),
        reaches=(
            Reach("at most 0.6 µs an operation", ("wengert, grad",), seconds=0.6e-6),
            Reach("at most 1/15 of autograd", ("wengert, grad",), ("autograd",), 1 / 15),
        ),
        references={ANSWER: loop_by_hand},
        tolerance={ANSWER: 1e-12},
        unit="operation",
    )


def first_call() -> Workload:
    return _first("ten operations on a 3-vector", ten, VECTOR, ten_by_hand)


def first_steps() -> Workload:
    return _first(f"a Python loop of {STEPS} steps of four operations on a number", loop, POINT, loop_by_hand)


def chain(operations: int = 1_000_000) -> Workload:
    """The process measures its own memory, and a contestant beyond 1 GB fails."""

    def contestant(name: str, needs: tuple[str, ...]) -> Contestant:
        return Contestant(
            name, lambda: functools.partial(_chain, name, operations), needs=needs, measured=True, rounds=3
        )

    return Workload(
        title=f"gradient of a chain of {operations:,} operations on a number, the first time, within 1 GB",
        contestants=(contestant("wengert", ()), contestant("autograd", ("autograd",))),
        reaches=(
            Reach("at most 10 s", ("wengert",), seconds=10),
            Reach("at most autograd's time", ("wengert",), ("autograd",), 1),
        ),
        references={ANSWER: lambda: chain_by_hand(operations)},
        tolerance={ANSWER: 1e-8},
    )


def _first(what: str, f: Callable[..., Any], x: Any, by_hand: Call) -> Workload:
    return Workload(
        title=f"gradient of {what}, the first time",
        contestants=(
            Contestant("wengert, grad", lambda: _new_each_time(wg.grad, f, x), measured=True),
            Contestant("autograd", lambda: _new_each_time(_autograd, f, x), needs=("autograd",), measured=True),
        ),
        reaches=(Reach("at most autograd's time", ("wengert, grad",), ("autograd",), 1),),
        references={ANSWER: by_hand},
        tolerance={ANSWER: 1e-12},
    )


def _autograd(f: Callable[..., Any]) -> Callable[..., Any]:
    import autograd
    import autograd.numpy as anp

    return autograd.grad(lambda x: f(x, anp))


def _seen(gradient: Callable[..., Any], x: Any) -> Call:
    for _ in range(SEEN):
        gradient(x)
    return functools.partial(gradient, x)


def _new_each_time(gradient_of: Callable[..., Any], f: Any, x: Any) -> Call:
    """A call that gives (seconds, gradient) for a copy of f with code of its own; one such call has been made."""

    def measured() -> tuple[float, Any]:
        code = f.__code__.replace(co_firstlineno=next(_line))
        gradient = gradient_of(types.FunctionType(code, f.__globals__, f.__name__, f.__defaults__))
        begin = time.perf_counter()
        found = gradient(x)
        return time.perf_counter() - begin, found

    measured()
    return measured


def _chain(who: str, operations: int) -> tuple[float, Any]:
    """(seconds, gradient) from a process of its own.

    Raises RuntimeError where it fails, or has needed more than 1 GB.
    """
    command = [sys.executable, "-m", "benchmarks.long_chain", who, str(operations)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if said.returncode:
        raise RuntimeError(said.stderr.strip().splitlines()[-1])
    found = json.loads(said.stdout)
    if found["bytes"] > 1e9:
        raise RuntimeError(f"{found['bytes'] / 1e9:.2f} GB of memory")
    return found["seconds"], found["result"]
