"""Kernels of Triton for systems that go by rows: they pass their own test by Triton's interpreter where it is there; others are refused by name."""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from modules import ENTRIES, module

import wengert as wg

LAYERS = {
    "layer norm": "N = size of j\nμ_i = 1/N Σ_j X_ij\nv_i = 1/N Σ_j (X_ij − μ_i)²\nr_i = (v_i + ε)^(−1/2)\nY_ij = (X_ij − μ_i) r_i g_j + b_j",
    "softmax": "P_ij = e^(Z_ij) / Σ_k e^(Z_ik)",
    "cross-entropy": "ℓ_i = log Σ_j e^(Z_ij)\nL = Σ_i (ℓ_i − Σ_j T_ij Z_ij)",
    "gate": "Y_ij = X_ij σ(1.702 X_ij)",
}
BY_ROWS = ["E11", "E24", "E32", "E39", "E45"]


def source(name: str) -> str:
    return wg.emit(wg.equations(LAYERS[name]), target="triton") if name in LAYERS else module(name, "triton")


@pytest.mark.parametrize("name", [*LAYERS, *BY_ROWS])
def test_a_system_by_rows_is_two_kernels_that_pass_their_own_test(name: str, tmp_path: Path) -> None:
    ast.parse(source(name))
    assert source(name).count("@triton.jit") == 2
    if importlib.util.find_spec("triton") is None or importlib.util.find_spec("torch") is None:
        pytest.skip("triton is not installed")
    (tmp_path / "kernels.py").write_text(source(name), encoding="utf-8")
    command, environment = [sys.executable, "kernels.py"], {**os.environ, "TRITON_INTERPRET": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "the derivatives agree with differences\n", done.stderr


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("E45", "r = 1 / tl.sqrt(tl.sum(tl.where(mask, X * X, 0.0), axis=0) / N + epsilon)"),
        ("E45", "tl.atomic_add(dw_at + columns, dY * X * r, mask=mask)"),
        ("E45", "dX = r * (dY * w - tl.sum(tl.where(mask, dY * Y, 0.0), axis=0) * r * X / N)"),
        ("softmax", "exp_1 = tl.where(mask, tl.exp(Z - exp_1_max), 0.0)"),
    ],
)
def test_lines_read_as_one_writes_them(name: str, line: str) -> None:
    assert line in [each.strip() for each in source(name).splitlines()]


@pytest.mark.parametrize("key", [key for key in ENTRIES if key not in BY_ROWS])
def test_what_does_not_go_by_rows_is_refused_by_name(key: str) -> None:
    with pytest.raises(wg.EquationError, match="A part of the system has no source in triton: "):
        module(key, "triton")
