"""The table of a run, for a terminal and as a document. It must not know how anything was measured."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.contest import Reach
from benchmarks.machine import GPU
from benchmarks.timing import best, median_ratio

Samples = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Verdict:
    """One reach of one row: what was measured of it, and whether it is reached; None where it could not be measured."""

    text: str
    measured: str
    reached: bool | None


@dataclass(frozen=True)
class Run:
    """When a run was made, how many rounds it had at most, the machine's load average when it began and ended, and whether rows of
    several threads ran before all other processes."""

    date: str
    rounds: int
    loads: tuple[float, float]
    realtime: bool = False
    rows: str = ""
    """The rows that were asked for; all where it is empty."""


@dataclass(frozen=True)
class Outcome:
    """What a row's process reported."""

    name: str
    title: str
    unit: str
    threads: int
    samples: Samples
    absent: Mapping[str, str]
    failed: Mapping[str, str]
    verdicts: tuple[Verdict, ...]


def outcome(name: str, threads: int, found: Mapping[str, Any], reaches: Iterable[Reach]) -> Outcome:
    verdicts = tuple(verdict(reach, found["samples"]) for reach in reaches)
    parts = {key: found[key] for key in ("title", "unit", "samples", "absent", "failed")}
    return Outcome(name=name, threads=threads, verdicts=verdicts, **parts)


def verdict(reach: Reach, samples: Samples) -> Verdict:
    """ours / theirs as the median over rounds, against the reach; the best of each side counts."""
    ours = best(reach.ours, samples)
    if ours is None:
        return Verdict(reach.text, f"{reach.ours[0]} was not measured", None)
    if reach.seconds is not None:
        seconds = statistics.median(samples[ours])
        return Verdict(reach.text, duration(seconds), seconds <= reach.seconds)
    peers = reach.theirs or tuple(name for name in samples if not name.startswith("wengert"))
    theirs = best(peers, samples)
    if theirs is None:
        return Verdict(reach.text, f"{' or '.join(reach.theirs) or 'no peer'} was not measured", None)
    ratio = median_ratio(samples[ours], samples[theirs])
    return Verdict(reach.text, f"{ratio:.3g} of {theirs} (reach {reach.at_most:.3g})", ratio <= reach.at_most)


def duration(seconds: float) -> str:
    """Seconds with three digits, in the unit that suits them."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{digits(seconds / size)} {unit}"
    return f"{digits(seconds / 1e-9)} ns"


def digits(number: float) -> str:
    """Three digits, without an exponent."""
    return f"{number:.0f}" if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def row_lines(found: Outcome) -> list[tuple[str, str, str]]:
    """(contestant, median, ratio to the best of ours) with the fastest first; then the absent and the failed."""
    ours = best([name for name in found.samples if answers_as_ours(name)], found.samples)
    lines = []
    for name in sorted(
        (n for n in found.samples if found.samples[n]), key=lambda n: statistics.median(found.samples[n])
    ):
        ratio = median_ratio(found.samples[name], found.samples[ours]) if ours else None
        lines.append((name, duration(statistics.median(found.samples[name])), digits(ratio) if ratio else ""))
    for name, need in found.absent.items():
        lines.append((name, *(("not measured", "no GPU") if need == GPU else ("absent", f"{need} is not installed"))))
    return lines + [(name, "failed", sentence) for name, sentence in found.failed.items()]


def answers_as_ours(name: str) -> bool:
    """Ours, and not a part of the answer measured for comparison."""
    return name.startswith("wengert") and not name.endswith(("value alone", "value and gradient", "1 thread"))


def sign(reached: bool | None) -> str:
    return {True: "yes", False: "no", None: "not measured"}[reached]


def terminal(found: Outcome) -> str:
    """A row as plain text."""
    lines = row_lines(found)
    wide, tall = max(len(line[0]) for line in lines), max(len(line[1]) for line in lines)
    text = [f"{found.name}: {found.title}; a {found.unit}, {threads(found.threads)}"]
    text += [f"  {name:<{wide}}  {time:>{tall}}  {ratio}" for name, time, ratio in lines]
    text += [f"  → {v.text}: {v.measured}: {sign(v.reached)}" for v in found.verdicts]
    return "\n".join(text)


def threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


def document(outcomes: Sequence[Outcome], machine: Mapping[str, str], run: Run) -> str:
    """docs/benchmarks.md: how it was measured, what was to be reached, the times."""
    return "\n".join([*_head(machine, run), *_reaches(outcomes), *_times(outcomes)]) + "\n"


def _head(machine: Mapping[str, str], run: Run) -> list[str]:
    packages = ", ".join(f"{name} {version}" for name, version in machine.items() if name not in _PLACE)
    return [
        "# Benchmarks",
        "",
        f"Written by `python -m benchmarks{f' --rows {run.rows}' * bool(run.rows)} --write FILE`, which needs the extra `bench` and, for",
        "the C contestants, gcc.",
        "",
        f"* {run.date}; {machine['processor']}, {machine['processors']} processors, {machine['system']}",
        f"* {packages}",
        f"* Up to {run.rounds} rounds; in each round one sample of every contestant, in one process for a row, held to as many processors",
        "  as the row has threads. Times are medians; a ratio is the median of the ratios within the rounds, so that other load cancels.",
        "* With one thread the clock is the processor time of the process, so that what else runs does not count. With two it is",
        f"  elapsed time{', at real-time priority' * run.realtime}, since threads that wait for each other count too. The machine's load average was",
        f"  {run.loads[0]:.1f} when the run began and {run.loads[1]:.1f} when it ended.",
        "* Before anything is timed every contestant's results are compared with a reference in float64.",
        "* float32 unless a row says otherwise. First calls are each made in a fresh process; imports are not counted, and",
        "  caches on disk are off.",
        "",
    ]


_PLACE = ("processor", "processors", "system")


def _reaches(outcomes: Sequence[Outcome]) -> list[str]:
    lines = ["## What was to be reached", "", "| row | to be reached | measured | reached |", "|---|---|---|---|"]
    for found in outcomes:
        for v in found.verdicts:
            lines.append(f"| {found.title}, {threads(found.threads)} | {v.text} | {v.measured} | {sign(v.reached)} |")
    return [*lines, ""]


def _times(outcomes: Sequence[Outcome]) -> list[str]:
    lines = ["## Times", ""]
    for found in outcomes:
        lines += [f"### {found.title}, {threads(found.threads)}", ""]
        lines += [f"| contestant | a {found.unit} | times ours |", "|---|---|---|"]
        lines += [f"| {name} | {time} | {ratio.replace('|', '/')} |" for name, time, ratio in row_lines(found)]
        lines.append("")
    return lines[:-1]
