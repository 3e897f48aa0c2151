"""What a run of every day leaves out of a table: never a kind."""

from __future__ import annotations

import itertools

import pytest

from tests import thorough
from tests.thorough import Run, part, rounds, spread

pytest_plugins = ["pytester"]
OPS, BACKENDS = [f"op{k}" for k in range(40)], ["numpy", "native", "nests"]
TABLE = list(itertools.product(OPS, BACKENDS, range(5)))

SAMPLE = """
import pytest
from tests.thorough import everyday

@everyday(1, "op", lambda backend, op: (backend, op % 2))
@pytest.mark.parametrize("op", range(10))
@pytest.mark.parametrize("backend", ["numpy", "native"])
def test_table(op, backend):
    pass
"""


@pytest.fixture
def run(monkeypatch):
    """Says which run it is."""

    def say(full: bool, whole: bool = False) -> None:
        monkeypatch.setattr(Run, "thorough", full)
        monkeypatch.setattr(Run, "whole", whole)

    return say


@pytest.mark.parametrize("each", [1, 2, 5])
def test_part_of_a_table_has_every_value_of_every_group(run, each):
    run(False)
    chosen = part(TABLE, each, lambda case: case[0], lambda case: case[1])
    assert [case for case in TABLE if case in chosen] == chosen
    for op in OPS:
        assert sum(case[0] == op for case in chosen) >= each
    for backend in BACKENDS:
        assert sum(case[1] == backend for case in chosen) >= each
    assert len(chosen) <= each * (len(OPS) + len(BACKENDS))


def test_part_without_groups_is_spread_over_all(run):
    run(False)
    chosen = part(range(1000), 20)
    assert len(chosen) == 20
    assert max(b - a for a, b in itertools.pairwise([0, *chosen, 1000])) < 100


def test_group_with_fewer_cases_is_taken_whole(run):
    run(False)
    assert part(["a", "b", "a", "a", "a", "a"], 3, str).count("b") == 1


def test_thorough_run_takes_everything(run):
    run(True)
    assert part(TABLE, 1) == TABLE
    assert rounds(40, 2000) == 2000
    run(False)
    assert rounds(40, 2000) == 40


def test_choice_does_not_depend_on_the_process():
    assert spread([["even" if k % 2 == 0 else "odd"] for k in range(20)], 2) == [0, 5, 13, 18]


@pytest.fixture
def session(pytester, monkeypatch):
    """A run of pytest in a process of its own, with our conftest and SAMPLE."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest("from tests.conftest import *")
    path = pytester.makepyfile(test_sample=SAMPLE)
    root = str(thorough.__file__).rsplit("/tests/", 1)[0]
    return lambda *options: pytester.runpytest_subprocess(
        "-c/dev/null", f"--override-ini=pythonpath={root}", *options
    ), path


def test_marked_test_runs_a_part_every_day_and_everything_in_a_thorough_run(session):
    start, _ = session
    start().assert_outcomes(passed=10, deselected=10)
    start("--thorough").assert_outcomes(passed=20)


def test_case_that_is_left_out_runs_when_it_is_named(session):
    start, path = session
    taken = start("-v").stdout.str()
    left = next(f"native-{op}" for op in range(10) if f"[native-{op}]" not in taken)
    start(f"{path}::test_table[{left}]").assert_outcomes(passed=1)
