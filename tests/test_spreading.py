"""How tests are shared out to processes."""

from __future__ import annotations

import os
from pathlib import Path

from scripts.spreading import LONGEST, WHOLE, units

pytest_plugins = ["pytester"]
ROOT = Path(__file__).parents[1]
WRITES = """
import os
import pytest

@pytest.mark.parametrize("i", range({count}))
def test_given(i):
    with open({folder!r} + "/" + os.environ["PYTEST_XDIST_WORKER"], "a") as file:
        file.write(f"{{__name__}} {{i}}\\n")
"""


def test_files_that_stay_whole_exist():
    assert [file for file in WHOLE if not (ROOT / file).exists()] == []


def test_long_file_is_cut_and_one_that_stays_whole_is_not():
    whole = next(iter(WHOLE))
    names = [f"{file}::test_a[{i}]" for file in (whole, "tests/test_b.py") for i in range(2 * LONGEST + 1)]
    found = units(names)
    assert {found[name] for name in names if name.startswith(whole)} == {whole}
    assert [found[f"tests/test_b.py::test_a[{i}]"] for i in (0, LONGEST - 1, LONGEST, 2 * LONGEST)] == [
        f"tests/test_b.py {unit}" for unit in (0, 0, 1, 2)
    ]


def test_every_test_runs_once_and_a_unit_runs_in_one_process(pytester, monkeypatch, tmp_path):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    counts = {"test_demo": 2 * LONGEST, "test_other": LONGEST + 1, "test_short": 2}
    for name, count in counts.items():
        folder = pytester.mkdir("tests") if not (pytester.path / "tests").exists() else pytester.path / "tests"
        (folder / f"{name}.py").write_text(WRITES.format(count=count, folder=str(tmp_path)))
    pytester.runpytest_subprocess("-p", "xdist", "-n", "2", "-p", "scripts.spreading").assert_outcomes(
        passed=sum(counts.values())
    )
    ran = {path.name: path.read_text().splitlines() for path in tmp_path.glob("gw*")}
    assert sorted(line for lines in ran.values() for line in lines) == sorted(
        f"{name} {i}" for name, count in counts.items() for i in range(count)
    )
    assert len([lines for lines in ran.values() if any(line.startswith("test_demo ") for line in lines)]) == 1
    assert len(ran) == 2
    assert all(lines for lines in ran.values())


def test_one_process_needs_no_schedule(pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    pytester.makepyfile("def test_a(): pass")
    pytester.runpytest_subprocess("-p", "scripts.spreading").assert_outcomes(passed=1)
