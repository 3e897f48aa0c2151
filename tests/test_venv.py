"""The environment that the scripts make: said before, made once, made again when it is out of date or was left unfinished."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PYTHON = f"""#!/bin/sh
# Answers -c and programs as Python; notes what else it is asked, and makes an environment with itself.
case "$1 $2" in
    "-c "* | "- "*) exec {sys.executable} "$@" ;;
esac
echo "$*" >> log
if [ "$2" = venv ]; then mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; fi
if [ "$2" = pip ] && [ -e offline ]; then exit 7; fi
exit 0
"""
MADE = "-m venv .venv"
INSTALLED = "-m pip install --quiet --disable-pip-version-check --editable .[{}]"


@pytest.fixture
def project(tmp_path):
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "_venv", tmp_path / "scripts")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "python").write_text(PYTHON)
    (tmp_path / "python").chmod(0o755)
    return tmp_path


def start(project: Path, extras: str = "data,plots") -> tuple[int, str, str, list[str]]:
    """Exit status, standard output and error of a script that needs these extras, and what Python was asked."""
    (project / "scripts" / "some").write_text(
        f'extras={extras}\nsource "$(dirname "$0")/_venv"\necho at work in "$PWD"\n'
    )
    environment = {**os.environ, "PYTHON": str(project / "python")}
    command = ["bash", str(project / "scripts" / "some")]
    done = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False)
    log = project / "log"
    asked = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return done.returncode, done.stdout, done.stderr, asked


def test_first_start_says_what_it_installs_and_how_long_that_took(project):
    status, out, err, asked = start(project)
    assert (status, out) == (0, f"at work in {project}\n")
    assert asked == [MADE, INSTALLED.format("data,plots")]
    first, second, last = err.splitlines()
    assert re.fullmatch(
        r"setting up \.venv, once: wengert with the extras data,plots \(about \d+ MB on disk; .*\)", first
    )
    assert {"numpy", "llvmlite", "typer", "scikit-learn", "matplotlib"} <= set(second.strip().split(", "))
    assert "pytest" not in second
    assert re.fullmatch(r"set up in \d+ s", last)


def test_second_start_asks_for_nothing_and_says_nothing(project):
    start(project)
    assert start(project) == (0, f"at work in {project}\n", "", [])


def test_python_keeps_what_it_compiles_whatever_the_caller_has_set(project, monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    start(project)
    (project / ".venv" / "bin" / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (project / "module.py").write_text("")
    with (project / "scripts" / "_venv").open("a") as file:
        file.write(".venv/bin/python -c 'import module'\n")
    start(project)
    assert list((project / "__pycache__").glob("module.*.pyc"))


def test_tools_for_development_are_enough_for_every_script(project):
    _, _, err, _ = start(project, "dev")
    assert {"numpy", "scipy", "scikit-learn", "matplotlib", "pytest", "ruff", "pyright"} <= set(
        err.splitlines()[1].strip().split(", ")
    )
    assert start(project, "data,plots")[3] == []
    shutil.rmtree(project / ".venv")
    start(project, "data,plots")
    assert start(project, "dev")[3] == [INSTALLED.format("dev")]


def test_new_dependency_is_installed_and_a_new_setting_of_a_tool_is_none(project):
    start(project)
    path = project / "pyproject.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("line-length = 120", "line-length = 119"), encoding="utf-8")
    assert start(project)[3] == []
    path.write_text(text.replace('"numpy>=2.1"', '"numpy>=2.2"'), encoding="utf-8")
    assert start(project)[3] == [INSTALLED.format("data,plots")]


def test_installation_that_was_interrupted_is_repaired_by_the_next_start(project):
    (project / "offline").touch()
    status, out, _, _ = start(project)
    assert (status != 0, out) == (True, "")
    (project / "offline").unlink()
    (project / ".venv" / "half").touch()
    status, out, err, asked = start(project)
    assert (status, out) == (0, f"at work in {project}\n")
    assert asked == [MADE, INSTALLED.format("data,plots")]
    assert err.startswith("the last installation into .venv was interrupted: .venv is made anew\n")
    assert not (project / ".venv" / "half").exists()
    assert start(project)[2:] == ("", [])


def test_update_that_was_interrupted_is_repaired_even_when_the_project_goes_back(project):
    start(project)
    path = project / "pyproject.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"numpy>=2.1"', '"numpy>=2.2"'), encoding="utf-8")
    (project / "offline").touch()
    start(project)
    (project / "offline").unlink()
    path.write_text(text, encoding="utf-8")
    assert start(project)[3] == [MADE, INSTALLED.format("data,plots")]


def test_environment_whose_python_is_gone_is_made_anew(project):
    start(project)
    (project / ".venv" / "bin" / "python").unlink()
    assert start(project)[3] == [MADE, INSTALLED.format("data,plots")]
