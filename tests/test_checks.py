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


def test_test_that_counts_or_compares_two_runs_passes():
    assert check(COUNTED, "tests/test_sample.py") == []


def test_clocks_are_read_elsewhere():
    assert check(TIMED, "benchmarks/sample.py") == []
    assert check(TIMED, "tests/counting.py") == []
