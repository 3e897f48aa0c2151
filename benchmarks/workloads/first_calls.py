"""First calls: tracing, compiling and running once, each in a fresh process; chains of fused operations, and a network's step."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import first_call
from benchmarks.contest import ANSWER, Contestant, Reach, Workload
from benchmarks.descent import in_double
from benchmarks.workloads.mlp import SMALL, step_by_hand

ROOT = Path(__file__).parents[2]


def chain(operations: int) -> Workload:
    """Forward: the sum, and the array."""
    peers = [_contestant("JAX jit", "JAX", "chain", operations, ("jax",))]
    if operations == 10:
        peers.append(_contestant("torch.compile", "torch.compile", "chain", operations, ("torch", "gcc"), rounds=1))
    return _workload(f"first call: a chain of {operations:,} operations", "chain", operations, peers, 4)


def chain_gradient(operations: int) -> Workload:
    peers = [_contestant("JAX jit", "JAX", "chain-gradient", operations, ("jax",))]
    title = f"first call: a chain of {operations:,} operations, value and gradient"
    return _workload(title, "chain-gradient", operations, peers, 3)


def straight_gradient(operations: int) -> Workload:
    """Code without a pattern, which no compiler can make a loop of."""
    peers = [_contestant("JAX jit", "JAX", "straight-gradient", operations, ("jax",), rounds=3)]
    title = f"first call: {operations:,} operations without a pattern, value and gradient"
    return _workload(title, "straight-gradient", operations, peers, 4)


def mlp_step() -> Workload:
    peers = [_contestant("JAX jit", "JAX", "mlp-step", 0, ("jax",))]
    return _workload("first call: the step of MLP 784-128-10", "mlp-step", 0, peers, 3)


def _workload(title: str, task: str, size: int, peers: list[Contestant], part: int) -> Workload:
    return Workload(
        title=title,
        contestants=(_contestant("wengert", "wengert", task, size, ()), *peers),
        reaches=(Reach(f"at most 1/{part} of JAX", ("wengert",), ("JAX jit",), 1 / part),),
        references={ANSWER: functools.partial(reference, task, size)},
        tolerance={ANSWER: 1e-4},
    )


def reference(task: str, size: int) -> list[np.ndarray]:
    if task == "mlp-step":
        parameters, given = SMALL.data()
        found = step_by_hand(SMALL, *in_double([*parameters, *given]))
    elif task == "straight-gradient":
        found = straight_tangent(first_call.given(task).astype(np.float64), size)
    else:
        value, slope = first_call.chain_tangent(first_call.numbers().astype(np.float64), size)
        found = np.sum(value), value if task == "chain" else slope
    return [np.ravel(part)[:100] for part in found]


def straight_tangent(x: np.ndarray, operations: int) -> tuple[Any, np.ndarray]:
    """The sum and the derivative entry by entry, by a complex step."""
    found = first_call.straight(np, x + 1e-30j, operations)
    return np.sum(found.real), found.imag / 1e-30


def _contestant(
    name: str, who: str, task: str, size: int, needs: tuple[str, ...], rounds: int | None = None
) -> Contestant:
    call = functools.partial(_measure, who, task, size)
    return Contestant(name, lambda: call, needs=needs, measured=True, rounds=rounds)


def _measure(who: str, task: str, size: int) -> tuple[float, Any]:
    """(seconds, results) from a process of its own."""
    command = [sys.executable, "-m", "benchmarks.first_call", who, task, str(size)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if said.returncode:
        raise RuntimeError(said.stderr.strip().splitlines()[-1])
    found = json.loads(said.stdout.strip().splitlines()[-1])
    return found["seconds"], [np.array(part) for part in found["results"]]
