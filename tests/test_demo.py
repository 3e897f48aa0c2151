"""The demo, in full: every command shown before it runs, every bound reached, every file left where it says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.thorough import part
from wengert.train.model_file import load_model

ROOT = Path(__file__).parents[1]
COUNTED = """
import atexit, json, sys
from wengert.targets.native import jit
from wengert.cli import main

def count():
    with open(f"{sys.path[0]}/counts", "a") as file:
        print(json.dumps([sys.argv[1], jit.COUNTS.compiled, jit.COUNTS.found]), file=file)

atexit.register(count)
main()
"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A copy of the scripts and examples with this interpreter as its .venv, and what scripts/demo said there."""
    folder = tmp_path_factory.mktemp("demo")
    for name in ("scripts", "examples"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "pyproject.toml", folder)
    binaries = folder / ".venv" / "bin"
    binaries.mkdir(parents=True)
    (folder / "counted.py").write_text(COUNTED)
    for name, command in (("python", ""), ("wengert", f" {folder}/counted.py")):
        (binaries / name).write_text(f'#!/bin/sh\nexec {sys.executable}{command} "$@"\n')
        (binaries / name).chmod(0o755)
    project = (folder / "pyproject.toml").read_text(encoding="utf-8")
    (folder / ".venv" / "installed-for").write_text("dev\n" + project.split("[tool.ruff]")[0], encoding="utf-8")
    return folder, start(folder)


def start(folder, *command):
    """scripts/demo, or a command that it shows, with a cache of its own, which a second start finds."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    environment["PATH"] = f"{folder / '.venv' / 'bin'}{os.pathsep}{environment['PATH']}"
    return subprocess.run(
        command or ["bash", "scripts/demo"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=on_one_core,
    )


def on_one_core():
    """Where other tests run beside it, threads that wait for one another only take time."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def counts(folder):
    """(command, pieces of code compiled, pieces found on disk) of each wengert command since the last question."""
    lines = (folder / "counts").read_text().splitlines()
    (folder / "counts").unlink()
    return [tuple(json.loads(line)) for line in lines]


def test_demo_reaches_its_bounds_and_says_nothing_on_standard_error(demo):
    _, done = demo
    assert (done.returncode, done.stderr) == (0, "")
    reached = done.stdout.split("=== What was reached\n")[1]
    accuracies = re.findall(
        r"^(\w+) +accuracy +([\d.]+)% of (\d+) test rows +at least 95%: reached$", reached, re.MULTILINE
    )
    assert [(name, rows) for name, _, rows in accuracies] == [("digits", "359"), ("breast_cancer", "114")]
    assert all(float(share) >= 95 for _, share, _ in accuracies)
    assert re.search(r"^diabetes +RMSE +[\d.]+ of 88 test rows +within 1 % of Ridge: reached$", reached, re.MULTILINE)


def test_demo_prints_the_backward_pass_in_both_forms_and_its_check(demo):
    _, done = demo
    assert "  z̄_i = h̄_i σ'(z_i)    [i]\n" in done.stdout
    assert "  z̄ = h̄ ∘ σ'(z)\n" in done.stdout
    assert done.stdout.count("\nchecked: 7 quantities, ") == 2
    assert "✗ line    13  h̄_i = ȳ_k v_ki\n" in done.stdout


def test_demo_shows_each_command_before_it_runs_it(demo):
    _, done = demo
    shown = re.findall(r"^\$ (\w+) (\S+)", done.stdout, re.MULTILINE)
    assert [what if program == "wengert" else program for program, what in shown] == [
        *("derive", "derive", "check", "train"),
        *("derive", "train"),
        *("train", "python"),
    ]


@pytest.mark.parametrize("name", ["digits", "breast_cancer", "diabetes"])
def test_demo_leaves_model_log_and_picture(demo, name):
    folder, _ = demo
    out = folder / "demo-output"
    model = load_model(out / f"{name}.safetensors")
    events = [json.loads(line) for line in (out / f"{name}.jsonl").read_text().splitlines()]
    assert model.progress.epoch == events[-1]["epoch"] == len(events) - 2
    assert (out / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_demo_fails_if_a_bound_is_missed(demo, tmp_path):
    """Its last part, over logs that say 94 %."""
    folder, _ = demo
    script = (folder / "scripts" / "demo").read_text(encoding="utf-8")
    summary = script.split("<<'PYTHON'\n")[1].split("PYTHON\n")[0]
    for name, value in (("digits", 0.94), ("breast_cancer", 0.96), ("diabetes", 50.0)):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"test": {"value": value, "examples": 9}}) + "\n")
    for ridge, digits, status in (("0", 0.94, 1), ("0", 0.95, 0), ("1", 0.95, 1)):
        (tmp_path / "digits.jsonl").write_text(json.dumps({"test": {"value": digits, "examples": 9}}) + "\n")
        done = subprocess.run([sys.executable, "-c", summary, tmp_path, ridge], capture_output=True, check=False)
        assert done.returncode == status


def test_second_start_compiles_nothing_and_gives_the_same_models(demo):
    """Each command as it is shown; every day one that compiles and one that does not."""
    folder, done = demo
    first = counts(folder)
    assert [compiled > 0 for command, compiled, _ in first if command == "train"] == [True] * 3
    models = {path.name: path.read_bytes() for path in (folder / "demo-output").glob("*.safetensors")}
    shown = re.findall(r"^\$ (wengert .*)$", done.stdout, re.MULTILINE)
    again = part(zip(shown, first, strict=True), 1, lambda case: case[1][1] > 0)
    for line, (command, compiled, found) in again:
        done = start(folder, "bash", "-c", line)
        assert (done.returncode, done.stderr) == (1 if command == "check" else 0, "")
        assert counts(folder) == [(command, 0, compiled + found)]
    assert {path.name: path.read_bytes() for path in (folder / "demo-output").glob("*.safetensors")} == models
