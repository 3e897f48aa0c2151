"""One row in a process of its own: `python -m benchmarks.child ROW ROUNDS SAMPLE LIMIT PRIORITY FILE` writes its outcome as JSON.

The process is held to the row's processors before anything that starts threads is imported. Every contestant's results are
compared with the reference before it is timed; one that fails or disagrees is reported and not timed.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks import machine

PAUSE = 0.15
"""Seconds; threads of OpenBLAS wait actively for about 0.1 after their work."""


def outcome(name: str, rounds: int, sample: float, limit: float) -> dict[str, Any]:
    """{"title", "unit", "samples": {contestant: seconds}, "absent": {contestant: need}, "failed": {contestant: sentence}}."""
    from benchmarks.rows import BY_NAME
    from benchmarks.timing import Sampler, interleave

    row = BY_NAME[name]
    machine.pin(row.threads)
    set_threads(row.threads)
    workload = row.build()
    absent: dict[str, str] = {}
    failed: dict[str, str] = {}
    samplers: list[Sampler] = []
    references: dict[str, Any] = {}
    for contestant in workload.contestants:
        missing = [need for need in contestant.needs if not machine.has(need)]
        if missing:
            absent[contestant.name] = missing[0]
            continue
        try:
            call = agreed_call(contestant, workload, references)
            samplers.append(Sampler(contestant, call, sample, machine.clock(row.threads)))
        except Exception as error:  # any failure of a contestant is part of the report, and the others go on
            failed[contestant.name] = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    if samplers:
        interleave(samplers, rounds, limit, PAUSE if row.threads > 1 else 0.0)
    samples = {sampler.contestant.name: sampler.samples for sampler in samplers}
    return {"title": workload.title, "unit": workload.unit, "samples": samples, "absent": absent, "failed": failed}


def agreed_call(contestant: Any, workload: Any, references: dict[str, Any]) -> Any:
    """The contestant's call, after its first results have been compared with the reference of its kind of answer.

    Raises Disagreement where they differ.
    """
    from benchmarks.agreement import require
    from benchmarks.contest import results

    call, kind = contestant.make(), contestant.answers
    if contestant.prepare:
        contestant.prepare()
    found = results(call)
    if kind in workload.references:
        if kind not in references:
            references[kind] = workload.references[kind]()
        require(found[1] if contestant.measured else found, references[kind], workload.tolerance[kind])
    return call


def set_threads(threads: int) -> None:
    """The libraries whose number of threads is not taken from the environment alone."""
    import wengert

    wengert.set_threads(threads)
    if importlib.util.find_spec("torch"):
        import torch

        torch.set_num_threads(threads)


if __name__ == "__main__":
    _, name, rounds, sample, limit, priority, path = sys.argv
    if priority == "realtime":
        machine.realtime()
    Path(path).write_text(json.dumps(outcome(name, int(rounds), float(sample), float(limit))), encoding="utf-8")
