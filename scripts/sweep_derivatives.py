#!/usr/bin/env python3
"""Derivatives of compositions at special values, by every route, against the truth at 60 digits: python -m scripts.sweep_derivatives

Every function of one argument, every f(g(x)), the functions of two arguments, and samples of f(g(h(x))), F(g(x), h(x)) and
f(F(x, y)); at 0, −0, subnormal numbers, the neighbours of branch points and numbers up to 1e300, of both signs. A derivative is

right        within 64 units of the last place times what rounding of the steps makes of one;
not finite   NaN or infinite on some route;
WRONG        finite and not right.

Routes disagree where one is finite and another is not, or two differ by more than both may. Entries of which some partial or
value leaves the range of normal floats are counted apart ("beyond"), and so are those where only the limit of the slopes is
known ("limit") or no derivative is ("kink": routes must agree, but forward mode and batches may be NaN where others know a
limit). The exit status is 1 if, but for what is beyond the range, a value is finite and wrong, or routes disagree.
"""

from __future__ import annotations

import argparse
import collections
import itertools
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import mpmath as mp
import numpy as np

from scripts import derivative_routes as ways
from scripts.derivative_routes import Array, Route
from scripts.derivative_truths import FUNCTIONS, ONE_INPUT, TWO_INPUTS
from scripts.exact_derivatives import DIGITS, FORMATS, SEVERAL, Composition, Truth, X, Y, of, single, truths

SPREAD = {
    "float64": [0.0, 5e-324, 1e-310, 1e-200, 1e-20, 1e-8, 0.5, 1 - 2**-53, 1.0, 1 + 2**-52, 2.0, 10.0, 20.0, 40.0]
    + [600.0, 710.0, 800.0, 1e4, 1e20, 1e154, 1e200, 1e300],
    "float32": [0.0, 1e-45, 1e-40, 1e-30, 1e-8, 0.5, 1 - 2**-24, 1.0, 1 + 2**-23, 2.0, 10.0, 20.0, 40.0]
    + [80.0, 100.0, 1e4, 1e10, 1e19, 1e30, 1e38],
}
FEW = [0.0, 5e-324, 1e-200, 0.5, 1.0, 40.0, 800.0, 1e154, 1e300]
"""The coordinates of pairs of points."""
ALONE = (0.0, 0.5, 40.0, -40.0, 800.0, -800.0, 1e200)
KINKS = (0.0, 1.0, -1.0)
"""Where no truth is known, routes must still agree at these: by convention a slope at a kink is one."""
FEWER_LIMITS = ("jvp", "vmap")
"""Routes that may be NaN where the slope is 0 · ∞, while the others know its limit."""
TINY = {"float64": 2.0**-1070, "float32": 2.0**-145}
FAINT = {"float64": (2.0**-1020, 1e-306), "float32": (2.0**-124, 1e-36)}
"""Below these, the truth and what is found, loss of digits is that of subnormal numbers."""


@lru_cache
def points(dtype: str, variables: int) -> tuple[Array, ...]:
    """The points, a coordinate an array."""
    if variables == 1:
        right = SPREAD[dtype]
        return (np.array([*right, *(-x for x in right)], dtype),)
    few = [*FEW, *(-x for x in FEW[1:])]
    pairs = np.array(list(itertools.product(few, few)), dtype)
    return tuple(np.ascontiguousarray(column) for column in pairs.T)


@dataclass(frozen=True)
class Job:
    """A composition, the routes that it is sent by, and the format of its points."""

    composition: Composition
    routes: tuple[Route, ...]
    dtype: str = "float64"
    only: tuple[int, ...] = ()
    """The places of the points that are judged; none given: all."""


@dataclass
class Finding:
    """An entry that is not right on some route."""

    verdict: str
    kind: str
    composition: Composition
    gives: str
    dtype: str
    at: tuple[float, ...]
    truth: str
    found: dict[str, float]
    reproduction: str

    @property
    def line(self) -> str:
        """All about it in a line."""
        at = ", ".join(f"{v:.17g}" for v in self.at)
        found = ", ".join(f"{label}: {value:.9g}" for label, value in self.found.items())
        text = f"{self.verdict} ({self.kind}, {self.dtype}) ∂{self.gives} {self.composition.label} at {at}"
        return f"{text}: truth {self.truth}; {found}  # {self.reproduction}"


@dataclass
class Outcome:
    """What was counted and found."""

    count: collections.Counter[tuple[str, str, str, str]] = field(default_factory=collections.Counter)
    """By format, order of the derivative, kind of the entry and verdict."""
    findings: list[Finding] = field(default_factory=list)
    raised: list[str] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        """Take in what another found."""
        self.count.update(other.count)
        self.findings += other.findings
        self.raised += other.raised

    def failures(self) -> list[Finding]:
        """What must not be."""
        return [f for f in self.findings if f.kind != "beyond" and f.verdict in ("WRONG", "routes disagree")]


# one composition


def judged(job: Job) -> Outcome:
    """All entries of a composition by all its routes."""
    made, outcome = job.composition, Outcome()
    given = points(job.dtype, len(made.variables))
    found: dict[str, dict[str, Any]] = collections.defaultdict(dict)
    used: dict[tuple[str, str], tuple[Route, int]] = {}
    alone = _alone(given, job.only)
    for route in job.routes:
        try:
            for label, name, column in ways.values(route, made.source, given, alone):
                found["".join(sorted(name))][_unique(label, name, found)] = column
                used["".join(sorted(name)), label] = (route, _call(label))
        except Exception as error:
            outcome.raised.append(f"{route.source(made.source)} ({job.dtype}): {type(error).__name__}: {error}"[:400])
    order = max(route.order for route in job.routes)
    value = _value(made, given)
    for k in job.only or range(given[0].size):
        if np.isnan(value[k]):
            continue
        at = tuple(float(p[k]) for p in given)
        known = truths(made, at, order, FORMATS[job.dtype], float(value[k]))
        if not known and all(x in KINKS for x in at) and np.isfinite(value[k]):
            known = dict.fromkeys(made.variables, Truth(None, mp.mpf(0), "kink"))
        for name, truth in known.items():
            seen = {label: column[k] for label, column in found[name].items() if k in column}
            if seen:
                _judge_entry(outcome, job, name, at, truth, seen, used, given, k)
    return outcome


def _unique(label: str, name: str, found: Any) -> str:
    """The label, with the order of the variables where they are two."""
    return label if name == "".join(sorted(name)) else f"{label} (by {name})"


def _call(label: str) -> int:
    return int(label.partition("call ")[2][:1] or 1)


def _alone(given: Sequence[Array], only: Sequence[int]) -> list[int]:
    """The places of the points that are tried alone too."""
    if len(given) == 1:
        found = [k for k in only or range(given[0].size) if float(given[0][k]) in ALONE]
        return found[::5] if only else found
    return list(only or range(0, given[0].size, 23))


def _value(made: Composition, given: Sequence[Array]) -> Array:
    f = ways.callable_of(f"lambda {', '.join(made.variables)}: {made.source}")
    return np.broadcast_to(np.asarray(f(*given)), given[0].shape)


def verdict_of(got: float, truth: Truth, dtype: str) -> str:
    """Of one value."""
    if not np.isfinite(got):
        return "not finite"
    want = truth.value
    if want is None:
        return "right"
    if abs(mp.mpf(got) - want) <= truth.slack + TINY[dtype]:
        return "right"
    faint, small = FAINT[dtype]
    return "right" if abs(want) < faint and abs(got) < small else "WRONG"


def _compared(seen: dict[str, float], truth: Truth) -> list[float]:
    """The values that must agree: at limits and kinks forward mode and batches may be NaN, since they take fewer limits."""
    if truth.kind in ("within", "beyond"):
        return list(seen.values())
    return [v for label, v in seen.items() if not (np.isnan(v) and any(name in label for name in FEWER_LIMITS))]


def disagree(seen: Sequence[float], truth: Truth, dtype: str) -> bool:
    """Whether some are finite and some are not, or two differ by more than both may be off."""
    finite = [v for v in seen if np.isfinite(v)]
    if len(finite) < len(seen):
        return bool(finite)
    apart = mp.mpf(max(finite, default=0)) - mp.mpf(min(finite, default=0))
    if truth.value is None:
        return bool(apart > mp.mpf("1e-9") * max(map(abs, finite), default=0))
    return bool(apart > 2 * truth.slack + FAINT[dtype][1])


def _judge_entry(
    outcome: Outcome,
    job: Job,
    name: str,
    at: tuple[float, ...],
    truth: Truth,
    seen: dict[str, float],
    used: dict[tuple[str, str], tuple[Route, int]],
    given: Sequence[Array],
    k: int,
) -> None:
    order = str(len(name))
    verdicts = {label: verdict_of(value, truth, job.dtype) for label, value in seen.items()}
    verdict = next((v for v in ("WRONG", "not finite") if v in verdicts.values()), "right")
    count = outcome.count
    count[job.dtype, order, truth.kind, "entries"] += 1
    count[job.dtype, order, truth.kind, verdict] += 1
    lost = verdict == "not finite" and truth.value is not None and abs(truth.value) < FORMATS[job.dtype].largest
    count[job.dtype, order, truth.kind, "not finite, truth a float"] += lost
    split = disagree(_compared(seen, truth), truth, job.dtype)
    count[job.dtype, order, truth.kind, "routes disagree"] += split
    if not split and verdict == "right":
        return
    bad = next((label for label, v in verdicts.items() if v == verdict), next(iter(seen)))
    shown = seen if split else {label: v for label, v in seen.items() if verdicts[label] == verdict}
    route, call = used[name, bad.partition(" (by")[0]]
    by = name if name in route.gives else name[::-1]
    line = ways.reproduction(route, job.composition.source, given, k, call, by, job.dtype)
    for which in [verdict] * (verdict != "right") + ["routes disagree"] * split:
        truth_text = "unknown" if truth.value is None else mp.nstr(truth.value, 12)
        finding = Finding(which, truth.kind, job.composition, name, job.dtype, at, truth_text, dict(shown), line)
        outcome.findings.append(finding)


# what is swept


def everything(seed: int = 0) -> list[Job]:
    """The jobs of the whole sweep; the samples in it are drawn by the seed."""
    rng = np.random.default_rng(seed)
    names, two = [*ONE_INPUT, *SEVERAL], list(TWO_INPUTS)
    full = (*ways.FIRST, *ways.SECOND)
    jobs = [Job(of(f), (*full, ways.THREADS)) for f in names]
    for k, (f, g) in enumerate(itertools.product(names, names)):
        routes = (*full, ways.THREADS) if k % 8 == seed % 8 else full if k % 2 == seed % 2 else tuple(ways.FIRST)
        jobs.append(Job(of(f, g), routes))
        if k % 4 == seed % 4:
            jobs.append(Job(of(f, g), tuple(ways.SINGLE), "float32"))
    jobs += [Job(of(f), tuple(ways.SINGLE), "float32") for f in names]
    both = (*ways.FIRST_OF_TWO, *ways.SECOND_OF_TWO)
    jobs += [Job(single(FUNCTIONS[f]), both) for f in two]
    for _ in range(120):
        f, g, h = (names[k] for k in rng.integers(len(names), size=3))
        jobs.append(Job(of(f, g, h), full))
        outer = two[rng.integers(len(two))]
        jobs.append(Job(Composition(outer, (of(f), of(g))), full))
        if len(jobs) % 3 == 0:
            jobs.append(Job(of(f, at=Composition(outer, (X, Y))), both))
    return jobs


def sample(jobs: Sequence[Job], count: int, seed: int) -> list[Job]:
    """A fixed part of them."""
    chosen = np.random.default_rng(seed).permutation(len(jobs))[:count]
    return [jobs[k] for k in sorted(chosen)]


def sweep(jobs: Sequence[Job], processes: int = 1, report: Callable[[int, Outcome], None] | None = None) -> Outcome:
    """The outcome of all jobs; `report` is told that of each."""
    total = Outcome()
    for done, outcome in enumerate(_outcomes(jobs, processes), 1):
        total.add(outcome)
        if report is not None:
            report(done, outcome)
    return total


def _outcomes(jobs: Sequence[Job], processes: int) -> Iterator[Outcome]:
    if processes == 1:
        yield from map(_quietly, jobs)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(_quietly, jobs, chunksize=8)


def _quietly(job: Job) -> Outcome:
    """The outcome of a job; NumPy's warnings about special values are what is asked for."""
    with warnings.catch_warnings(), np.errstate(all="ignore"), mp.workdps(DIGITS):
        warnings.simplefilter("ignore")
        return judged(job)


# what is printed

COLUMNS = ("entries", "right", "not finite", "not finite, truth a float", "WRONG", "routes disagree")


def table(outcome: Outcome) -> str:
    """A line for each format, order and kind."""
    heads = ("entries", "right", "not finite", "(truth a float)", "WRONG", "routes disagree")
    lines = ["format   order kind    " + "".join(f"{head:>17}" for head in heads)]
    for dtype, order, kind in itertools.product(FORMATS, "12", ("within", "limit", "kink", "beyond")):
        row = [outcome.count[dtype, order, kind, column] for column in COLUMNS]
        if row[0]:
            lines.append(f"{dtype:8} {order:5} {kind:7} " + "".join(f"{n:17,}" for n in row))
    return "\n".join(lines)


def classes(outcome: Outcome) -> str:
    """Failures by their outer and inner functions."""
    lines: list[str] = []
    for verdict in ("WRONG", "routes disagree"):
        some = [f for f in outcome.failures() if f.verdict == verdict]
        outer = collections.Counter(f.composition.function for f in some)
        inner = collections.Counter(part.function for f in some for part in f.composition.inner if part.inner)
        routes = collections.Counter(label for f in some for label in f.found)
        for title, counted in (("outer", outer), ("inner", inner), ("route", routes)):
            if counted:
                lines.append(f"{verdict}, by {title}: " + ", ".join(f"{n} {c}" for n, c in counted.most_common(15)))
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Sweep, and say what is not right."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, help="so many compositions only")
    parser.add_argument("--seed", type=int, default=0, help="which ones, and which triples")
    parser.add_argument("--list", action="store_true", help="every failing entry as a line that reproduces it")
    parser.add_argument("--beyond", action="store_true", help="list those beyond the range of floats too")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument(
        "--part", default="1/1", help="K/N: every Nth composition from the Kth on, for a sweep in parts"
    )
    options = parser.parse_args(arguments)
    start = time.perf_counter()
    first, parts = map(int, options.part.split("/"))
    jobs = everything(options.seed)[first - 1 :: parts]
    if options.sample is not None:
        jobs = sample(jobs, options.sample, options.seed)

    def report(done: int, found: Outcome) -> None:
        shown = found.findings if options.beyond else found.failures()
        lines = [finding.line for finding in shown] + found.raised
        print("".join(f"{line}\n" for line in lines if options.list), end="", flush=True)
        if done % 200 == 0:
            print(f"{done} of {len(jobs)}", file=sys.stderr, flush=True)

    outcome = sweep(jobs, options.jobs, report)
    print(table(outcome), classes(outcome), sep="\n")
    print(f"{len(jobs)} compositions, {len(outcome.raised)} raised, {time.perf_counter() - start:.0f} s")
    return 1 if outcome.failures() or outcome.raised else 0


if __name__ == "__main__":
    sys.exit(main())
