#!/usr/bin/env python3
"""Random NumPy programs, differentiated by every route: python -m scripts.random_programs --programs 20000

The first call, the later ones with machine code, forward mode and the compiled gradient must agree with one another and with
central differences in extended precision, and the value must be NumPy's. A program that fails is shrunk to the statements that
it needs and printed as a file that shows the failure; a process that dies is reported by the seeds it had. The exit status is 1 then.
"""

from __future__ import annotations

import argparse
import collections
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

import numpy as np

import wengert as wg
from scripts.program_writer import Program, random_program, without

Array = np.ndarray[Any, Any]
CALLS = 5
SAME = {"float64": 1e-10, "float32": 1e-3}
"""How far routes may differ, relative to the largest entry or 1."""
VALUE = {"float64": 1e-11, "float32": 1e-4}
NEAR = {"float64": 5e-9, "float32": 2e-3}
"""How far differences may be from the derivative."""
STEPS = (1e-4, 0.5e-4)
WORTHLESS = 1e-6
"""Differences that change by more with their step say nothing: there is a kink between."""


@dataclass(frozen=True)
class Failure:
    """What is wrong with a program: a kind, by which failures are told apart while shrinking, and the facts."""

    kind: str
    facts: str


class Checker:
    """One program, its routes and what they gave."""

    def __init__(self, program: Program, calls: int = CALLS, compiled: bool = True) -> None:
        self.program, self.calls, self.compiled = program, calls, compiled
        self.f, self.plain = program.function(program.module), program.function()
        self.numbers = tuple(range(len(program.arguments)))
        given = program.arguments.values()
        weak = any(isinstance(v, float) for v in given) and re.search(r"\bs\b", program.source) is not None
        single = weak or any(np.asarray(v).dtype == np.float32 for v in given)
        self.dtype = "float32" if single else "float64"
        self.differences: str = ""
        """Why the differences say nothing, if so."""

    def failure(self) -> Failure | None:
        """The first thing that is wrong; None where nothing is."""
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            plain = self.plain(*self.program.values())
            for check in (self._calls, self._forward, self._by_differences, self._compiled):
                if check is self._compiled and not self.compiled:
                    continue
                try:
                    found = check(plain)
                except Exception as error:
                    first = str(error).partition("\n")[0]
                    found = Failure(f"{check.__name__[1:]} raised {type(error).__name__}", first[:200])
                if found is not None:
                    return found
        return None

    def _calls(self, plain: Any) -> Failure | None:
        g = wg.value_and_grad(self.f, self.numbers)
        for call in range(1, self.calls + 1):
            value, grads = g(*self.program.values())
            if call == 1:
                self.grads = [np.array(x) for x in grads]
                found = self._types(grads)
            else:
                found = self._apart(f"call {call}", grads)
            found = found or self._value(f"call {call}", value, plain)
            if found is not None:
                return found
        return None

    def _types(self, grads: Sequence[Any]) -> Failure | None:
        for name, given, got in zip(self.program.arguments, self.program.values(), grads, strict=True):
            same = np.shape(got) == np.shape(given) and np.asarray(got).dtype == np.asarray(given).dtype
            if not same:
                return Failure("type", f"the gradient by {name} is {np.asarray(got).dtype}{np.shape(got)}")
        return None

    def _apart(self, label: str, grads: Sequence[Any]) -> Failure | None:
        for name, want, got in zip(self.program.arguments, self.grads, grads, strict=True):
            off = _distance(np.asarray(got), want)
            if off > SAME[self.dtype]:
                return Failure(f"{label} against call 1", f"by {name}: {np.asarray(got)} against {want}")
        return None

    def _value(self, label: str, value: Any, plain: Any) -> Failure | None:
        if _distance(np.asarray(value), np.asarray(plain)) > VALUE[self.dtype]:
            return Failure(f"value, {label}", f"{value!r}, NumPy's is {plain!r}")
        return None

    def _directions(self) -> Iterator[list[Array]]:
        rng = np.random.default_rng(0)
        for _ in range(2):
            yield [np.asarray(rng.normal(size=np.shape(v))) for v in self.program.values()]

    def _along(self, direction: Sequence[Array]) -> float:
        return float(sum(np.sum(g.astype(float) * d) for g, d in zip(self.grads, direction, strict=True)))

    def _forward(self, plain: Any) -> Failure | None:
        values = self.program.values()
        for direction in self._directions():
            cast = [_like(v, d) for v, d in zip(values, direction, strict=True)]
            value, tangent = wg.jvp(self.f, values, tuple(cast))
            want = self._along([np.asarray(c, float) for c in cast])
            if _distance(np.asarray(tangent), np.asarray(want), self._scale(direction)) > SAME[self.dtype]:
                return Failure("jvp", f"{tangent!r}, by the gradient {want!r}")
            if (found := self._value("jvp", value, plain)) is not None:
                return found
        return None

    def _compiled(self, plain: Any) -> Failure | None:
        value, grads = wg.compile(wg.value_and_grad(self.f, self.numbers))(*self.program.values())
        found = self._apart("compiled", grads) or self._value("compiled", value, plain)
        return found or self._value("compiled f", wg.compile(self.f)(*self.program.values()), plain)

    def _by_differences(self, plain: Any) -> Failure | None:
        if any(np.all(v == np.round(v)) for v in self.program.values()):
            self.differences = "whole numbers stand at kinks and ties"
            return None
        for direction in self._directions():
            slopes = [self._difference(direction, step) for step in STEPS]
            scale = self._scale(direction)
            noise = _distance(np.asarray(slopes[0]), np.asarray(slopes[1]), scale)
            if not noise < WORTHLESS:
                self.differences = "a kink is near"
                return None
            if (
                _distance(np.asarray(self._along(direction)), np.asarray(slopes[1]), scale)
                > NEAR[self.dtype] + 10 * noise
            ):
                return Failure("differences", f"{slopes[1]!r}, by the gradient {self._along(direction)!r}")
        return None

    def _difference(self, direction: Sequence[Array], step: float) -> float:
        """The slope along a direction, of fourth order in the step, in extended precision."""

        def at(h: float) -> Any:
            pairs = zip(self.program.values(), direction, strict=True)
            moved = [np.asarray(v, np.longdouble) + np.longdouble(h) * d for v, d in pairs]
            return self.plain(
                *(m if isinstance(v, np.ndarray) else m[()] for v, m in zip(self.program.values(), moved, strict=True))
            )

        return float((8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * np.longdouble(step)))

    def _scale(self, direction: Sequence[Array]) -> float:
        """The size of the terms that a slope along a direction is the sum of."""
        return float(sum(np.sum(np.abs(g * d)) for g, d in zip(self.grads, direction, strict=True)))


def _like(value: Any, direction: Array) -> Any:
    """A tangent of the type of a value."""
    if isinstance(value, np.ndarray):
        return direction.astype(value.dtype)
    return type(value)(direction)


def _distance(got: Array, want: Array, scale: float = 1.0) -> float:
    """The largest difference beside the largest entry; infinite where shapes or what is finite differ."""
    if got.shape != want.shape:
        return np.inf
    if not np.all(np.isfinite(got)):
        return 0.0 if np.array_equal(got, want, equal_nan=True) else np.inf
    size = max(1.0, scale, float(np.max(np.abs(want), initial=0.0)))
    return float(np.max(np.abs(got.astype(float) - want), initial=0.0)) / size


# shrinking


def shrunk(program: Program, fails: Callable[[Program], bool]) -> Program:
    """The program without the statements and terms that the failure does not need."""
    changed = True
    while changed:
        changed = False
        smaller = [without(program, (k,)) for k in range(len(program.statements))][::-1]
        if len(program.terms) > 1:
            smaller += [without(program, term=k) for k in range(len(program.terms))]
        for candidate in smaller:
            if fails(candidate):
                program, changed = candidate, True
                break
    return program


def same_failure(kind: str) -> Callable[[Program], bool]:
    """Whether a program fails in this way; one that plain NumPy refuses is no program, and does not."""

    def fails(program: Program) -> bool:
        try:
            found = Checker(program).failure()
        except Exception:
            return False
        return found is not None and found.kind == kind

    return fails


def report(seed: int) -> tuple[str, str, str]:
    """(kind of failure, text about it with the shrunk program, why differences said nothing); empty where all is right."""
    program = random_program(seed)
    checker = Checker(program)
    found = checker.failure()
    if found is None:
        return "", "", checker.differences
    small = shrunk(program, same_failure(found.kind))
    again = Checker(small).failure() or found
    return found.kind, f"# seed {seed}: {again.kind}: {again.facts}\n{small.script()}", ""


# processes


def reports(seeds: Sequence[int], processes: int) -> Iterator[tuple[int, tuple[str, str, str]]]:
    """The reports of all seeds, in order; a block whose process dies is run seed by seed."""
    if processes == 1:
        yield from ((seed, report(seed)) for seed in seeds)
        return
    block = 50 * processes
    for first in range(0, len(seeds), block):
        part = seeds[first : first + block]
        try:
            with ProcessPoolExecutor(processes) as pool:
                yield from list(zip(part, pool.map(report, part, chunksize=5), strict=True))
        except BrokenProcessPool:
            yield from ((seed, _apart(seed)) for seed in part)


def _apart(seed: int) -> tuple[str, str, str]:
    with ProcessPoolExecutor(1) as pool:
        try:
            return pool.submit(report, seed).result()
        except BrokenProcessPool:
            return "the process died", f"# seed {seed}: the process died\n{random_program(seed).script()}", ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, and say what fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    options = parser.parse_args(arguments)
    kinds: collections.Counter[str] = collections.Counter()
    quiet = 0
    seeds = range(options.seed, options.seed + options.programs)
    for done, (_, (kind, text, silent)) in enumerate(reports(seeds, options.jobs), 1):
        quiet += bool(silent)
        if kind:
            kinds[kind] += 1
            print(text, flush=True)
        if done % 500 == 0:
            print(f"{done} programs, {kinds.total()} fail", file=sys.stderr, flush=True)
    print(f"{options.programs} programs, {kinds.total()} fail, {quiet} of them by routes alone, near a kink")
    print("\n".join(f"  {count:5}  {kind}" for kind, count in kinds.most_common()))
    return 1 if kinds else 0


if __name__ == "__main__":
    sys.exit(main())
