"""One document, all commands: whatever `check` takes, the others take; which of several systems is meant is said by its number."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import wengert as wg
from wengert.cli import main
from wengert.errors import EquationError

FORWARD = ("$$z = w x + b$$", "$$y = \\sigma(z)$$", "$$L = \\frac12 (y - t)^2$$")
BACKWARD = ("$$\\bar y = y - t$$", "$$\\bar z = \\bar y y (1 - y)$$", "$$\\bar w = \\bar z x$$")
SECOND = "# Another unit\n\n$$h = \\tanh(v q)$$\n$$J = \\frac12 h^2$$\n$$\\frac{\\partial J}{\\partial v} = h (1 - h^2) q$$\n"
MARKDOWN = "# A unit\n\n" + "\n".join((*FORWARD, "", *BACKWARD)) + "\n"
CELLS = {"cells": [{"cell_type": "markdown", "source": MARKDOWN}], "metadata": {}}
TEXT = "z = w x + b\ny = σ(z)\nL = ½ (y − t)²\n\nȳ = y − t\nz̄ = ȳ y (1 − y)\nw̄ = z̄ x\n"
RST = "A unit\n======\n\n" + "".join(f".. math:: {line.strip('$')}\n\n" for line in (*FORWARD, *BACKWARD))
LATEX = "\\documentclass{article}\n\\usepackage{ours}\n\\begin{document}\n\\input{forward}\n\\begin{align}\n%s\n\\end{align}\n\\end{document}\n"
DOCUMENTS: dict[str, dict[str, str]] = {
    "unit.md": {"unit.md": MARKDOWN},
    "unit.txt": {"unit.txt": TEXT},
    "unit.rst": {"unit.rst": RST},
    "unit.ipynb": {"unit.ipynb": json.dumps(CELLS)},
    "unit.tex": {
        "unit.tex": LATEX % " \\\\\n".join(line.strip("$") for line in BACKWARD),
        "forward.tex": "\\begin{gather}\n\\zz = w x + b \\\\ y = \\sigma(\\zz) \\\\ L = \\frac12 (y - t)^2\n\\end{gather}\n",
        "ours.sty": "\\newcommand{\\zz}{z}\n",
    },
}


@pytest.fixture
def run(monkeypatch, capsys):
    """The command line in this process."""

    def start(*arguments: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["wengert", *arguments])
        capsys.readouterr()
        status = 0
        try:
            main()
        except SystemExit as left:
            status = int(left.code or 0)
        said = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, status, said.out, said.err)

    return start


def saved(folder: Path, name: str) -> Path:
    for file, text in DOCUMENTS[name].items():
        (folder / file).write_text(text, encoding="utf-8")
    return folder / name


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_format_is_checked(name: str, run, tmp_path: Path):
    found = run("check", "--strict", str(saved(tmp_path, name)))
    assert (found.returncode, found.stdout.splitlines()[-1]) == (0, "3 right, 0 wrong, 0 not read; 1 system")


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("command", ["derive", "trace", "draw", "diff", "stages"])
def test_what_is_checked_is_taken_by_every_command(command: str, name: str, run, tmp_path: Path):
    path = saved(tmp_path, name)
    plain = tmp_path / "plain.txt"
    plain.write_text("z = w x + b\ny = σ(z)\nL = ½ (y − t)²\n", encoding="utf-8")
    more = {"draw": ["--out", str(tmp_path / "a.dot")], "trace": ["--seed", "1"], "diff": [str(plain)]}.get(command, [])
    found = run(command, str(path), *more)
    assert found.returncode == 0, found.stderr
    if command in ("derive", "trace", "stages"):
        assert found.stdout == run(command, str(plain), *more).stdout
    if command == "diff":
        assert found.stdout.splitlines()[-1] == "0 of 6 lines of the backward pass differ"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_is_checked_is_trained(name: str, run, tmp_path: Path):
    path, model = saved(tmp_path, name), tmp_path / "model.safetensors"
    rng = np.random.default_rng(0)
    x = rng.normal(size=40)
    np.savez(tmp_path / "data.npz", x=x, t=(x > 0).astype(float))
    given = [
        "--data",
        str(tmp_path / "data.npz"),
        "--params",
        "w,b",
        "--epochs",
        "2",
        "--out",
        str(model),
        "--no-cache",
    ]
    assert run("train", str(path), *given).returncode == 0
    again = run("predict", str(model), "--data", str(tmp_path / "data.npz"))
    assert again.returncode == 0, again.stderr


def test_of_several_systems_one_is_named_by_its_number(run, tmp_path: Path):
    path = tmp_path / "two.md"
    path.write_text(MARKDOWN + SECOND, encoding="utf-8")
    refused = run("derive", str(path))
    assert refused.returncode == 2
    assert refused.stderr.splitlines() == [
        "This document has 2 systems.",
        "  1  line 3, loss L:  z = w x + b",
        "  2  line 12, loss J:  h = tanh(v q)",
        "Say which one is meant:  --system 1",
    ]
    assert "v̄ = h̄ q" in run("derive", str(path), "--system", "2").stdout
    assert "w̄ = z̄ x" in run("derive", str(path), "--system", "1").stdout
    missing = run("derive", str(path), "--system", "3")
    assert (missing.returncode, missing.stderr.splitlines()[0]) == (2, "There is no system 3 in this document.")


def test_a_system_is_chosen_in_python_too():
    assert wg.equations(MARKDOWN + SECOND, system=2).data.loss == "J"
    with pytest.raises(EquationError, match="This document has 2 systems"):
        wg.equations(MARKDOWN + SECOND)


def test_equations_alone_are_read_as_a_whole_or_not_at_all():
    with pytest.raises(EquationError, match="The LaTeX command"):
        wg.equations("$$z = w x$$\n\n$$y = \\sgma(z)$$\n\n$$L = y^2$$\n")


def test_a_forward_line_of_a_derivation_that_is_not_read_is_a_warning():
    system = wg.equations("$$z = w x$$\n\n$$q = \\strange{x}$$\n\n$$L = z^2 + q$$\n\n$$\\bar w = 2 z x$$\n")
    assert system.names == ("z", "w", "x", "L", "q")
    (warning,) = system.warnings
    assert warning.startswith("Not read: The LaTeX command '\\strange' is not known.\n  line 3:")


def test_names_that_begin_with_d_are_names_where_nothing_is_derived():
    assert wg.equations("dt = a b\nL = dt²\n").names == ("dt", "a", "b", "L")
