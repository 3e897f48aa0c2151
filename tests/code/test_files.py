"""wengert check --run: pairs and inputs are found, mistakes planted by a script are found, and files do no harm."""

from __future__ import annotations

import json
import os

import pytest
from typer.testing import CliRunner

from tests.code import planting
from wengert.cli import app
from wengert.errors import CheckError, EquationError
from wengert.programs.files import check_text
from wengert.programs.process import run_file

TEXT = planting.PAIRS.read_text(encoding="utf-8")
AFFINE = """import numpy as np

def affine_forward(x, w, b):
    out = x @ w + b
    return out, (x, w)

def affine_backward(dout, cache):
    x, w = cache
    dx = dout @ w.T
    dw = x.T @ dout
    db = np.sum(dout, axis=0)
    return dx, dw, db
"""


def test_inputs_of_right_pairs_are_found_and_no_line_is_called_wrong():
    report = check_text(TEXT, "pairs.py")
    assert [(j.pair, j.error) for j in report.judged if j.error] == []
    assert [(r.line, r.text) for j in report.judged for r in j.rows if r.status == "wrong"] == []
    assert sum(v in ("right", "value") for j in report.judged for v in j.results.values()) == 27


PLANTS = [p for p in planting.plants(TEXT, seed=5) if p.kind in ("sign", "transpose", "mean", "mask")]


@pytest.mark.parametrize("plant", PLANTS, ids=lambda p: f"{p.function.split('_')[0]}-{p.kind}")
def test_a_planted_mistake_is_one_line_with_a_mend(plant):
    report = planting.judged_plant(plant)
    wrong = [r for j in report.judged for r in j.rows if r.status == "wrong"]
    assert [r.line for r in wrong] == [plant.line], report.text()
    assert wrong[0].corrected


def test_nothing_is_executed_without_the_switch_and_the_report_names_it(tmp_path):
    file, trace = tmp_path / "layer.py", tmp_path / "trace"
    file.write_text(f"open({str(trace)!r}, 'w').write('here')\n{AFFINE}")
    result = CliRunner().invoke(app, ["check", str(file)])
    assert not trace.exists()
    assert f"wengert check --run {file}" in result.output


def test_a_file_is_judged_with_the_switch(tmp_path):
    file = tmp_path / "layer.py"
    file.write_text(AFFINE.replace("np.sum", "np.mean"))
    result = CliRunner().invoke(app, ["check", "--run", "--json", str(file)])
    assert result.exit_code == 1
    (claim,) = [c for c in json.loads(result.stdout)["pairs"][0]["claims"] if c["status"] == "wrong"]
    assert (claim["line"], claim["kind"], claim["corrected"]) == (11, "mean", "db = np.sum(dout, axis=0)")


def test_code_blocks_of_documents_and_cells_of_notebooks_are_programs():
    document = f"# A layer\n\n```python\n{AFFINE}```\n"
    assert check_text(document, "notes.md").judged[0].rows[0].line == 12
    cells = [{"cell_type": "code", "source": AFFINE.splitlines(keepends=True)}]
    report = check_text(json.dumps({"cells": cells}), "notes.ipynb")
    assert "cell 1, line 9" in report.text()


def test_a_network_that_steps_a_parameter_before_it_reads_it_is_wrong_there():
    text = """import numpy as np

class Net:
    def __init__(self, n_in, n_hidden, n_out):
        self.W1 = np.random.randn(n_in, n_hidden)
        self.W2 = np.random.randn(n_hidden, n_out)

    def train_step(self, X, y, lr=0.1):
        h = np.tanh(X @ self.W1)
        out = h @ self.W2
        loss = 0.5 * np.sum((out - y) ** 2)
        dout = out - y
        dW2 = h.T @ dout
        self.W2 -= lr * dW2
        dh = dout @ self.W2.T
        dW1 = X.T @ (dh * (1 - h ** 2))
        self.W1 -= lr * dW1
        return loss
"""
    (row,) = [r for r in check_text(text, "net.py").judged[0].rows if r.status == "wrong"]
    assert (row.line, row.kind) == (14, "order")


BAD = {
    "never ends": ("    while True: pass\n", "It does not end: it was stopped after"),
    "needs memory": ("    np.ones((100000, 200000)) + 1\n", "needs more memory"),
    "waits for input": ("    input()\n", "waits for input"),
    "leaves": ("    import sys; sys.exit(3)\n", "cannot be run"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_forward_that_cannot_be_run_is_told_in_three_lines(what, monkeypatch):
    monkeypatch.setattr("wengert.programs.process.PAIR_SECONDS", 3)
    line, says = BAD[what]
    (judged,) = run_file(AFFINE.replace("    out = x", f"{line}    out = x"), "bad.py").judged
    assert says in judged.error, judged.error
    assert judged.error.count("\n") == 2


@pytest.mark.parametrize("at", ["top", "forward"])
def test_a_file_that_writes_is_refused_and_nothing_is_changed(at, tmp_path):
    target = tmp_path / "made"
    write = f"made = open({str(target)!r}, 'w').write('x')\n"
    text = (
        AFFINE.replace("def affine_forward", write + "def affine_forward")
        if at == "top"
        else AFFINE.replace("    out = x", f"    {write}    out = x")
    )
    with pytest.raises(CheckError, match=r"for writing, which is refused\.") as caught:
        run_file(text, "writes.py")
    assert str(caught.value).count("\n") == 2
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_prints_much_does_not_disturb_the_report():
    assert run_file(AFFINE.replace("    out = x", "    print('x' * 100)\n    out = x"), "prints.py").holds


def test_a_file_that_is_no_program_is_shown_where():
    with pytest.raises(EquationError, match="is no program of Python"):
        check_text("def f(:\n", "broken.py")


def test_a_file_without_pairs_says_what_is_looked_for():
    with pytest.raises(EquationError, match=r"No forward and backward pass is found in 'empty\.py'\."):
        check_text("x = 1\n", "empty.py")


def test_the_process_sees_no_secrets(monkeypatch):
    monkeypatch.setitem(os.environ, "A_SECRET", "x")
    text = AFFINE.replace("    out = x", "    import os\n    assert 'A_SECRET' not in os.environ\n    out = x")
    assert run_file(text, "reads.py").holds
