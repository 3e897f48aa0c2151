"""Programs interpreted with every temporary at its planned place in one arena that is full of rubbish."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scripts.compare_backends import small_thresholds
from scripts.random_graphs import Case
from wengert.core.ops.evaluate import evaluate
from wengert.errors import GraphError
from wengert.targets import native
from wengert.targets.native.loops.buffers import ArenaPlan, plan
from wengert.targets.native.loops.inside import buffers_of, statements
from wengert.targets.native.loops.interpret import Interpreter
from wengert.targets.native.loops.lower import lower
from wengert.targets.native.loops.nest import Buffer, NestProgram, Store
from wengert.targets.partition import partition
from wengert.targets.ready import pair_donated

RUBBISH = 0xA5


def interpreted(case: Case) -> Sequence[Any]:
    """The outputs of a case by its loop nests; where these give up, or are not made at all, by NumPy as for native code."""
    if partition(case.graph, native) is not None:
        return evaluate(case.graph, case.values)
    try:
        return in_arena(*lowered(case))
    except GraphError:
        return evaluate(case.graph, case.values)


def lowered(case: Case) -> tuple[NestProgram, list[Any]]:
    """The program of a case, and the arrays of its inputs."""
    with small_thresholds(case.small):
        program = lower(case.graph, pair_donated(case.graph, case.donate))
    return program, [case.values[name] for name in case.graph.input_names]


def in_arena(program: NestProgram, arrays: Sequence[Any], places: ArenaPlan | None = None) -> list[np.ndarray]:
    """The outputs of a program whose temporaries share an arena as the plan says; nothing is 0 before it is written."""
    places = places or plan(program)
    stores = [s for s in statements(program.body) if isinstance(s, Store)]
    assert all(store.value.dtype == store.buffer.dtype for store in stores), "a store does not convert"
    arena = np.full(places.bytes, RUBBISH, np.uint8)
    state = Interpreter()
    for buffer, array in zip(program.inputs, arrays, strict=True):
        state.memory[buffer] = np.array(array, dtype=buffer.dtype, order="C").reshape(-1)
    for buffer in {b for statement in statements(program.body) for b in buffers_of(statement)} - set(program.inputs):
        if buffer.kind == "temporary":
            state.memory[buffer] = _view(arena[places.offset(buffer) :], buffer)
        elif buffer.kind != "constant":
            state.memory[buffer] = _view(np.full(buffer.entries * 8, RUBBISH, np.uint8), buffer)
    with np.errstate(all="ignore"):
        state.body(program.body)
    return [state.entries(buffer).reshape(buffer.shape).copy() for buffer in program.outputs]


def _view(memory: np.ndarray, buffer: Buffer) -> np.ndarray:
    return memory[: buffer.entries * np.dtype(buffer.dtype).itemsize].view(buffer.dtype)
