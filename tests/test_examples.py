"""Each file of examples/ does what it says."""

from __future__ import annotations

import importlib.util
import re
import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import wengert as wg
from wengert.train.equations import task
from wengert.train.session import train
from wengert.train.task import TrainOptions

EXAMPLES = Path(__file__).parents[1] / "examples"
SYSTEMS = {
    "hidden_layer.txt": ("w⁽¹⁾", "b⁽¹⁾", "w⁽²⁾", "b⁽²⁾"),
    "hidden_layer.md": ("w⁽¹⁾", "b⁽¹⁾", "w⁽²⁾", "b⁽²⁾"),
    "regularized_unit.txt": ("w", "b"),
    "linear_regression.txt": ("w", "b"),
    "softmax_regression.txt": ("w", "b"),
    "lecture_unit.tex": (),
}
BY_HAND = "by_hand.md"
PROGRAMS = {"minimize.py", "display.py", "ridge.py"}
GRADIENTS = {
    "bayesian_network.py": 1e-13,
    "recurrent_network.py": 1e-13,
    "ode_network.py": 1e-13,
    "gaussian_process.py": 1e-12,
    "fluid.py": 1e-6,
}
"""Programs of NumPy whose gradient each compares with an independent one, and how far they may differ."""


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs a program of the examples as `python name …` would, in this process: (status, standard output, standard error)."""

    def run(name: str, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", [str(EXAMPLES / name), *arguments])
        capsys.readouterr()
        status = 0
        try:
            runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        except SystemExit as leave:
            status = int(leave.code or 0)
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def test_every_example_has_a_claim_here():
    assert {path.name for path in EXAMPLES.iterdir() if path.is_file()} == set(SYSTEMS) | PROGRAMS | set(GRADIENTS) | {
        BY_HAND
    }


def test_derivation_by_hand_has_one_mistake():
    found = wg.review(EXAMPLES / BY_HAND)
    assert [(row.kind, row.corrected) for row in found.rows if row.status != "holds"] == [
        ("missing sum", "h̄_i = Σ_k ȳ_k v_ki")
    ]


@pytest.mark.parametrize("name", SYSTEMS)
def test_system_is_read_without_a_guess_and_its_backward_pass_holds(name):
    system = wg.equations(EXAMPLES / name)
    assert system.warnings == ()
    assert system.data.params == SYSTEMS[name]
    assert system.backward().check().difference < 1e-12


def test_document_and_text_of_the_network_have_one_backward_pass():
    text, document = (wg.equations(EXAMPLES / f"hidden_layer.{kind}").backward() for kind in ("txt", "md"))
    assert str(text) == str(document)


def test_lecture_unit_has_the_lectures_backward_pass():
    lines = str(wg.equations(EXAMPLES / "lecture_unit.tex").backward(wrt=["w", "b"])).split("backward\n")[1]
    assert lines.split("\n") == [
        "  L̄_reg = 1",
        "  R̄ = L̄_reg λ",
        "  L̄ = L̄_reg",
        "  ȳ = L̄ (y − t)",
        "  z̄ = ȳ σ'(z)",
        "  w̄ = z̄ x + R̄ w",
        "  b̄ = z̄",
    ]


def test_softmax_regression_finds_the_short_form():
    assert "= L̄ (y_k − t_k)    (with Σ_k t_k = 1)" in str(wg.equations(EXAMPLES / "softmax_regression.txt").backward())


def test_softmax_regression_learns_the_irises(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = TrainOptions(
        "iris",
        "x=data,t=onehot(target)",
        standardise=("x",),
        test="0.2",
        validation="0",
        learning_rate=0.05,
        epochs=150,
    )
    with (tmp_path / "out").open("w") as stream:
        result = train(task((EXAMPLES / "softmax_regression.txt").read_text(encoding="utf-8")), options, stream)
    assert result.test is not None
    assert result.test.value is not None
    assert result.test.value >= 0.9


def test_minimize_finds_the_solution_of_the_normal_equations(run):
    status, said, complaint = run("minimize.py")
    assert (status, complaint) == (0, "")
    assert "  w̄_j = Σ_n ȳ_n x_nj + R̄ w_j" in said
    found = re.search(r"relative to the largest parameter: (\S+)", said)
    assert found is not None
    assert float(found[1]) < 1e-6


def loaded(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name.removesuffix(".py"), EXAMPLES / name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("name", "largest"), GRADIENTS.items())
def test_gradient_of_the_program_agrees_with_an_independent_one(name, largest):
    assert loaded(name).largest_difference() < largest


@pytest.mark.parametrize("name", GRADIENTS)
def test_program_runs_for_a_few_steps(run, name):
    status, said, complaint = run(name, "5")
    assert (status, complaint) == (0, "")
    assert "largest relative difference from" in said


def test_display_prints_both_forms_and_writes_a_document(run, tmp_path):
    status, said, complaint = run("display.py", str(tmp_path))
    assert (status, complaint) == (0, "")
    assert "  W̄⁽¹⁾ = z̄ xᵀ" in said
    document = (tmp_path / "backward.tex").read_text(encoding="utf-8")
    assert r"\overline{W^{(1)}} &= \bar{z}\,x^\top" in document
    assert document.count("{aligned}") == 2
    assert "$$" not in document


@pytest.mark.parametrize(("epochs", "status"), [(300, 0), (5, 1)])
def test_ridge_compares_with_scikit_learn_and_fails_beyond_one_percent(run, tmp_path, monkeypatch, epochs, status):
    monkeypatch.chdir(tmp_path)
    options = TrainOptions(
        "diabetes",
        "x=data,t=target",
        standardise=("x",),
        test="0.2",
        validation="0",
        optimizer="momentum",
        learning_rate=0.1,
        epochs=epochs,
        batch=0,
    )
    made = task((EXAMPLES / "linear_regression.txt").read_text(encoding="utf-8"), constants={"λ": 0.1})
    with (tmp_path / "out").open("w") as stream:
        result = train(made, options, stream)
    found, said, complaint = run("ridge.py", "model.safetensors")
    assert (found, complaint) == (status, "")
    rows = re.findall(r"^ +\d+ (\w+) +([\d.]+) +([\d.]+) ", said, re.MULTILINE)
    assert [name for name, _, _ in rows] == ["training", "test"]
    assert result.test is not None
    np.testing.assert_allclose(
        [float(ours) for _, ours, _ in rows], [result.training.value, result.test.value], atol=1e-4
    )
