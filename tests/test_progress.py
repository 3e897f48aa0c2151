"""What scripts/test shows: how much is done and left, and how a failure runs alone."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from scripts.progress import Progress, duration

pytest_plugins = ["pytester"]
ROOT = Path(__file__).parents[1]
SAMPLE = """
import pytest

@pytest.mark.parametrize("x", ["right", "two words", "σ'(z)", "$HOME"])
def test_given(x):
    assert x == "right"

def test_alone():
    raise ValueError
"""


@pytest.fixture
def run(pytester, monkeypatch):
    """Runs SAMPLE in a process of its own, which imports no other plugins."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    pytester.makepyfile(test_sample=SAMPLE)
    return lambda *options: pytester.runpytest_subprocess("-q", "-p", "scripts.progress", *options)


@pytest.mark.parametrize(
    "options", [(), ("-p", "xdist", "-n", "2", "-p", "scripts.spreading")], ids=["one process", "two processes"]
)
def test_plain_lines_say_what_is_done_and_how_a_failure_runs_alone(run, options):
    done = run(*options)
    lines = done.stdout.lines
    assert "collecting the tests" in lines
    assert "0 of 5 tests (0 %)" in lines
    assert any(re.fullmatch(r"5 of 5 tests \(100 %\), \d+ s so far, 4 failed", line) for line in lines)
    assert sum(line.startswith("FAILED ") and " - " not in line for line in lines) == 4
    commands = [line for line in lines if line.startswith("scripts/test ")]
    assert len(commands) == 4
    assert "scripts/test test_sample.py::test_alone" in commands
    named = [name for command in commands for name in shlex.split(command)[1:]]
    assert len(set(named)) == 4
    if not options:  # the names are the same
        run(*named).assert_outcomes(failed=4)


class Config:
    """As much of a configuration as the line needs."""

    option = None

    class pluginmanager:
        @staticmethod
        def get_plugin(name):
            return type("Reporter", (), {"isatty": False})

    @staticmethod
    def get_terminal_writer():
        return type("Writer", (), {"line": staticmethod(lambda text: None)})


def test_rest_is_estimated_from_the_rate():
    now = [100.0]
    progress = Progress(Config, clock=lambda: now[0])
    progress.collected(25_000)
    assert progress.text() == "0 of 25,000 tests (0 %)"
    now[0], progress.done = 160.0, 5_000
    assert progress.text() == "5,000 of 25,000 tests (20 %), about 4 min left"
    now[0], progress.done, progress.failed = 400.0, 25_000, 2
    assert progress.text() == "25,000 of 25,000 tests (100 %), 5 min so far, 2 failed"


def test_durations_are_read_at_a_glance():
    assert [duration(s) for s in (0.2, 8.4, 89, 95, 3599, 3900)] == [
        "0 s",
        "8 s",
        "89 s",
        "2 min",
        "1 h 0 min",
        "1 h 5 min",
    ]


@pytest.mark.parametrize("options", [(), ("-p", "xdist", "-n", "2")], ids=["one process", "two processes"])
def test_processor_time_is_summed_by_folder_with_that_of_processes_that_tests_start(pytester, monkeypatch, options):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    for folder, work in (("busy", "subprocess.run([sys.executable, '-c', 'sum(range(10**7))'])"), ("idle", "pass")):
        pytester.mkdir("tests") if not (pytester.path / "tests").exists() else None
        (pytester.path / "tests" / folder).mkdir()
        text = f"import subprocess, sys\ndef test_one(): {work}\ndef test_two(): pass\n"
        (pytester.path / "tests" / folder / f"test_{folder}.py").write_text(text)
    done = pytester.runpytest_subprocess("-q", "-p", "scripts.folder_times", *options)
    rows = [line.split() for line in done.stdout.lines if re.match(r" *\d+\.\d s ", line)]
    assert [(row[2], row[-1]) for row in rows] == [("2", "tests/busy"), ("2", "tests/idle"), ("4", "all")]
    assert float(rows[0][0]) > 10 * float(rows[1][0])
