#!/usr/bin/env python3
"""Native code against the interpreter on random graphs, with their gradients: python -m scripts.compare_backends --graphs 20000

A graph that differs is shrunk to its smallest part that still differs, and printed; a process that dies is reported with the
seed that it died of, and a new one goes on. The exit status is 1 then.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from scripts.random_graphs import Case, random_case
from wengert.core.ir.dump import dump
from wengert.core.ir.graph import Graph
from wengert.core.ir.walk import topological
from wengert.core.ops.evaluate import evaluate, run, schedule, with_sizes

TOLERANCE = {"float64": 1e-10, "float32": 2e-3}
LONGEST = 120
"""The seconds after which a graph counts as one that does not end."""
Run = Callable[[Case], Sequence[Any]]

# running


def native(case: Case) -> Sequence[Any]:
    """The outputs by native code; of two calls, since the first finds the sizes and the second is sure of them.

    Raises AssertionError where the calls differ, or an input that was not donated is changed.
    """
    from wengert.targets import compiled

    with small_thresholds(case.small):
        f = compiled.compile(case.graph, donate=case.donate, cache=False)
        first = f(**_given(case))
    given = _given(case)
    second = f(**given)
    for a, b in zip(first, second, strict=True):
        assert np.array_equal(np.asarray(a), np.asarray(b), equal_nan=np.asarray(a).dtype.kind == "f"), "calls differ"
    for name, value in case.values.items():
        if name not in case.donate:
            assert given[name].tobytes() == value.tobytes(), f"the input {name} is changed"
    return second


def _given(case: Case) -> dict[str, np.ndarray]:
    """Copies of the values, of which every other has gaps where the case wants it."""
    given = {name: value.copy() for name, value in case.values.items()}
    for name in list(given)[:: 2 if case.strided else len(given) + 1]:
        value = given[name]
        if value.ndim:
            wide = np.zeros((*value.shape[:-1], 2 * value.shape[-1]), value.dtype)
            wide[..., ::2] = value
            given[name] = wide[..., ::2]
    return given


@contextmanager
def small_thresholds(number: int) -> Iterator[None]:
    """Blocks, chunks, rows and kernels so small that a small graph has many: the first choices for 1, random ones for larger
    numbers; as they are for 0.
    """
    modules = {module: import_module(f"wengert.targets.native.loops.{module}") for module, _ in THRESHOLDS}
    before = {(module, name): getattr(modules[module], name) for module, name in THRESHOLDS}
    rng = np.random.default_rng(number)
    try:
        for (module, name), choices in THRESHOLDS.items() if number else ():
            k = 0 if number == 1 else int(rng.integers(len(choices)))
            setattr(modules[module], name, choices[k])
        yield
    finally:
        for (module, name), usual in before.items():
            setattr(modules[module], name, usual)


THRESHOLDS: dict[tuple[str, str], tuple[int, ...]] = {
    ("sweep", "BLOCK"): (32, 8, 100, 4096),
    ("sweep", "CHUNK_WORK"): (100, 1, 3000, 400_000),
    ("sweep", "LONGEST_CHUNK"): (64, 16, 1 << 16),
    ("sweep", "MOST_CHUNKS"): (64, 2, 3),
    ("rows", "NEAR"): (1024, 64, 24 * 1024),
    ("rows", "FAR"): (0, 0, 0, 512 * 1024),
    ("rows", "MOST_PRIVATE"): (256 * 1024, 0, 2048),
    ("contraction", "PARALLEL_WORK"): (64, 1, 400_000),
    ("fuse", "LONG"): (4, 0, 4096),
    ("fuse", "LONGEST"): (8, 2, 500),
    ("fuse", "MOST_OPS"): (10, 1, 3, 600),
    ("fuse", "CHEAP"): (4, 0, 1, 100),
    ("fuse", "WINDOW"): (64, 1, 2),
    ("coalesce", "MOST_PIECES"): (9, 1, 2, 30),
}

# comparing


def difference(case: Case, run: Run = native) -> str | None:
    """What differs between a back end and the interpreter, the errors that they raise among it; None where nothing does."""
    wanted, refusal = _attempt(lambda: evaluate(case.graph, case.values))
    found, failure = _attempt(lambda: run(case))
    if refusal or failure:
        return None if refusal == failure else f"{failure or 'no error'} instead of {refusal or 'none'}"
    tolerance = TOLERANCE["float32" if _is_single(case.graph) else "float64"]
    slack: list[Any] | None = None
    for k, (got, want) in enumerate(zip(found, wanted, strict=True)):
        a, b = np.asarray(got), np.asarray(want)
        if a.shape != b.shape or a.dtype != b.dtype:
            return f"output {k} is {a.dtype}{list(a.shape)}, not {b.dtype}{list(b.shape)}"
        if _wrong(a, b, tolerance, 0).any():
            slack = slack or _slack(case)
            wrong = _wrong(a, b, tolerance, slack[k])
            if wrong.any():
                at = int(np.argmax(wrong))
                return f"output {k}, entry {at} of {b.size}: {a.flat[at]!r} instead of {b.flat[at]!r}"
    return None


def _attempt(run: Callable[[], Any]) -> tuple[Any, str]:
    try:
        return run(), ""
    except Exception as error:
        return None, f"{type(error).__name__}: {error}"


def _is_single(graph: Graph) -> bool:
    """Whether a value on the way is a float32."""
    found = list(topological(graph.outputs))
    for node in found:
        found.extend(x for part in node.params.values() if isinstance(part, Graph) for x in topological(part.outputs))
    return any(node.type.dtype == "float32" for node in found)


def _wrong(a: np.ndarray, b: np.ndarray, tolerance: float, slack: Any) -> np.ndarray:
    """Where two results differ by more than rounding and slack."""
    if b.dtype.kind != "f":
        return (a != b) & (np.asarray(slack) == 0)
    with np.errstate(all="ignore"):
        scale = max(1.0, float(np.max(np.abs(b), initial=0, where=np.isfinite(b))))
        near = np.abs(a - b) <= tolerance * scale + 100 * slack
    return ~(near | (a == b) | (np.isnan(a) & np.isnan(b)))


def _slack(case: Case) -> list[Any]:
    """How far the interpreter's own results move when every value moves by its rounding: what a jump or a pole makes of it."""
    rng = np.random.default_rng(0)
    program = with_sizes(schedule(case.graph), {})
    steps = [step._replace(value=partial(_shaken, rng, step.value)) for step in program.steps]
    shaken = replace(program, steps=steps)
    arrays = [case.values[name] for name in case.graph.input_names]
    first = evaluate(case.graph, case.values)
    moved = [np.zeros(np.shape(y)) for y in first]
    for _ in range(8):
        for k, (x, y) in enumerate(zip(run(shaken, [_nudged(rng, a) for a in arrays]), first, strict=True)):
            with np.errstate(all="ignore"):
                step = np.abs(np.asarray(x, np.float64) - np.asarray(y, np.float64))
            moved[k] = np.maximum(moved[k], np.where(np.isnan(step), np.isnan(x) != np.isnan(y), step))
    return moved


def _shaken(rng: np.random.Generator, value: Callable[..., Any], *arrays: Any, **params: Any) -> Any:
    """The value of an op, off by some units of the last place."""
    return _nudged(rng, value(*arrays, **params))


def _nudged(rng: np.random.Generator, x: Any) -> Any:
    if isinstance(x, tuple | list):
        return type(x)(_nudged(rng, part) for part in x)
    if x.dtype.kind != "f":
        return x
    return (x * (1 + rng.uniform(-4, 4, x.shape) * np.finfo(x.dtype).eps)).astype(x.dtype)


def shrunk(case: Case, run: Run = native) -> Case:
    """The smallest part that still differs: the first node in order whose value alone does, else the fewest outputs."""

    def fails(part: Case) -> bool:
        try:
            return difference(part, run) is not None
        except Exception:
            return True

    for node in topological(case.graph.outputs):
        if node.op.kind != "leaf" and node.type.dtype not in ("tuple", "tape") and fails(case.alone([node])):
            part = case.alone([node])
            plain = replace(part, small=0, strided=False)
            return plain if fails(plain) else part
    outputs = list(case.graph.outputs)
    for y in case.graph.outputs:
        fewer = [z for z in outputs if z is not y]
        if fewer and fails(case.alone(fewer)):
            outputs = fewer
    undonated = case.alone(outputs)
    if fails(undonated):
        return undonated
    kept = replace(case, graph=case.graph.with_outputs(outputs))
    return kept if fails(kept) else case


def described(case: Case) -> str:
    """A case as text."""
    facts = f"donate={case.donate}, small={case.small}, strided={case.strided}"
    return f"{facts}\n{dump(case.graph)}"


# processes


def work(first: int, last: int) -> None:
    """Compare, saying on standard output which seed is at work and what differs."""
    for seed in range(first, last):
        print(f"\0{seed}", flush=True)
        signal.alarm(LONGEST)
        case = random_case(seed)
        found = difference(case)
        if found is not None:
            print(f"seed {seed}: {found}\n{described(shrunk(case))}\n", flush=True)
    signal.alarm(0)


def watch(first: int, last: int) -> list[int]:
    """The seeds that differ or kill their process, with what they print passed on."""
    failed: list[int] = []
    while first < last:
        command = [sys.executable, "-m", "scripts.compare_backends", "--work", str(first), str(last)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
            assert worker.stdout is not None
            for line in worker.stdout:
                if line.startswith("\0"):
                    first = int(line[1:])
                    if first % 500 == 0:
                        print(f"at {first}, {len(failed)} differ", file=sys.stderr, flush=True)
                    continue
                if line.startswith("seed "):
                    failed.append(first)
                print(line, end="", flush=True)
        if worker.returncode == 0:
            break
        print(f"seed {first}: the process ended with {worker.returncode}\n", flush=True)
        failed.append(first)
        first += 1
    return failed


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, and say what differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graphs", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--work", type=int, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.work:
        work(*options.work)
        return 0
    failed = watch(options.first, options.first + options.graphs)
    print(f"{options.graphs} graphs, {len(failed)} differ: {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
