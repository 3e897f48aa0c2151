"""Backward passes of PyTorch and JAX: functions of tensors, torch.autograd.Function and jax.custom_vjp, where the libraries are installed."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path

import numpy as np
import pytest

import wengert as wg
from tests.code import planting
from wengert.programs.files import check_text
from wengert.programs.process import run_file

FOLDER = Path(__file__).parent
CALLED = {"torch": "PyTorch", "jax": "JAX"}
TEXTS = {name: (FOLDER / f"{name}_pairs.py").read_text(encoding="utf-8") for name in CALLED}
RESULTS = {"torch": 16, "jax": 6}
RNG = np.random.default_rng(0)


@pytest.fixture(params=CALLED)
def library(request):
    return with_library(request.param)


def with_library(name):
    """The name of a library, if it is installed."""
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{CALLED[name]} is not installed")
    return name


def wrong(report):
    return [row for judged in report.judged for row in judged.rows if row.status == "wrong"]


def test_right_pairs_of_a_file_are_run_and_no_line_is_called_wrong(library):
    report = run_file(TEXTS[library], f"{library}_pairs.py")
    assert [(j.pair, j.error) for j in report.judged if j.error] == []
    assert [row.text for row in wrong(report)] == []
    found = [verdict for judged in report.judged for verdict in judged.results.values()]
    assert set(found) <= {"right", "value"}
    assert len(found) == RESULTS[library]


def test_what_is_added_in_place_is_a_line(library):
    rows = [row.text for judged in check_text(TEXTS[library], "pairs.py").judged for row in judged.rows]
    assert any("index_add_" in row or ".at[idx].add" in row for row in rows)


PLANTS = [
    (name, plant)
    for name, text in TEXTS.items()
    for plant in planting.plants(text, seed=3)
    if plant.kind in ("sign", "transpose", "mean", "factor")
]


@pytest.mark.parametrize(("library", "plant"), PLANTS, ids=lambda p: p if isinstance(p, str) else f"{p.line}-{p.kind}")
def test_a_planted_mistake_is_one_line_with_a_mend_in_the_words_of_the_library(library, plant):
    with_library(library)
    report = planting.judged_plant(plant)
    rows = wrong(report)
    assert [row.line for row in rows] == [plant.line], report.text()
    assert rows[0].corrected
    assert "np." not in rows[0].corrected.replace("jnp.", "")


def functions(library):
    return importlib.import_module(f"tests.code.{with_library(library)}_pairs")


def test_tensors_and_rules_of_torch_are_judged_as_functions():
    pairs = functions("torch")
    import torch

    x, w, b = torch.randn(4, 3), torch.randn(3, 5), torch.randn(5)
    assert wg.check_backward(pairs.affine_forward, pairs.affine_backward, x, w, b).holds
    report = wg.check_backward(pairs.Linear, None, x, w.T, b)
    assert report.judged[0].results == dict.fromkeys(
        ("gradient of x", "gradient of weight", "gradient of bias"), "right"
    )
    assert wg.check_backward(pairs.Swish, None, x).holds
    assert wg.check_backward(pairs.ScaledTanh, None, x, 0.7).holds


def test_arrays_and_rules_of_jax_are_judged_as_functions():
    pairs = functions("jax")
    import jax.numpy as jnp

    x, w, b = (jnp.asarray(RNG.standard_normal(s), jnp.float32) for s in ((4, 3), (3, 5), 5))
    assert wg.check_backward(pairs.softmax_forward, pairs.softmax_backward, x).holds
    report = wg.check_backward(pairs.dense, None, x, w, b)
    assert report.judged[0].results == dict.fromkeys(("gradient of x", "gradient of w", "gradient of b"), "right")
    assert wg.check_backward(pairs.power, None, 3, x).holds


def test_a_rule_with_too_few_results_is_refused():
    with_library("torch")
    text = TEXTS["torch"].replace("return grad_x, grad_weight, grad_bias", "return grad_x, grad_weight")
    (judged,) = [j for j in check_text(text, "rule.py").judged if j.pair.startswith("Linear")]
    assert judged.error.split("\n") == [
        "'backward' gives another number of results than there are inputs.",
        "  2, and the inputs are x, weight, bias",
        "Return one for each, None for what has no gradient:  return dx, dweight, dbias",
    ]


def test_a_library_that_is_not_installed_is_named(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "torch" else find(name, *a))
    monkeypatch.delitem(importlib.import_module("sys").modules, "torch", raising=False)
    first = check_text(TEXTS["torch"], "pairs.py").judged[0]
    assert first.error.split("\n") == [
        "PyTorch is not installed, so what is written with it cannot be run.",
        "  import torch",
        "Install it beside this package:  pip install torch",
    ]
