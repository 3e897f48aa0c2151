"""What scripts/check refuses: a test that reads a clock."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TIMED = """
import time
from time import perf_counter


def test_it_is_fast():
    start = time.process_time()
    assert time.process_time() - start < 5
    assert perf_counter() > 0
"""
WAYS = """
import datetime as dates
import os
import resource
import signal
import time
import time as clocks
import timeit
from datetime import datetime
from resource import getrusage
from time import *
from time import monotonic as since
from timeit import default_timer

import psutil
import pytest

started = clocks.perf_counter()
used = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
here = getattr(time, "thread_time")
ended = datetime.now() - dates.datetime.utcnow() - datetime.today()
user = resource.getrusage(resource.RUSAGE_SELF).ru_utime
cost = os.times().user
clock = time.localtime()
signal.alarm(5)


@pytest.mark.timeout(5)
def test_it_ends(): ...
"""
"""One way of timing a test in each line but the blank ones, those that only import a module with other uses, and the last."""
HARMLESS = {f"import {name}" for name in ("datetime as dates", "os", "resource", "signal", "time", "pytest")} | {
    "import time as clocks",
    "from datetime import datetime",
    "def test_it_ends(): ...",
}
COUNTED = """
from tests.counting import growth, slowdown


def test_it_grows_slowly():
    assert growth(lambda n: lambda: sorted(range(n)), 100) < 2.3
    assert slowdown(lambda: sum(range(1000)), lambda: sum(range(10))) < 1000
"""


def check(text: str, place: str) -> list[str]:
    """What scripts/check says about a file with this text at this place."""
    command = [sys.executable, "-m", "ruff", "check", "--output-format=concise", "--stdin-filename", place, "-"]
    done = subprocess.run(command, input=text.lstrip(), cwd=ROOT, capture_output=True, text=True, check=False)
    assert "ruff check ." in (ROOT / "scripts" / "check").read_text(encoding="utf-8")
    return [line for line in done.stdout.splitlines() if line.startswith(place)]


@pytest.mark.parametrize("folder", ["tests", "tests/derive", "tests/a/new/folder"])
def test_test_that_reads_a_clock_is_refused_with_what_to_do_instead(folder):
    found = check(TIMED, f"{folder}/test_sample.py")
    assert [line.split(":")[1] for line in found] == ["2", "6", "7"]
    assert all("No test asserts a time: count with calls() or growth()" in line for line in found)


def test_every_way_of_reading_a_clock_is_refused():
    lines = dict(enumerate(WAYS.strip().splitlines(), 1))
    found = check(WAYS, "tests/test_sample.py")
    refused = {int(line.split(":")[1]) for line in found if any(code in line for code in ("TID251", "B009", "F403"))}
    assert {line for number, line in lines.items() if line and number not in refused} == HARMLESS


def test_test_that_counts_or_compares_two_runs_passes():
    assert check(COUNTED, "tests/test_sample.py") == []


def test_clocks_are_read_elsewhere():
    assert check(TIMED, "benchmarks/sample.py") == []
    assert check(TIMED, "tests/counting.py") == []
