"""Mistakes inside of a line, and lines that are not there: what is missing is put together from what is in sight."""

from __future__ import annotations

import pytest

from wengert.programs.files import check_text
from wengert.programs.judging import JudgedLine

STEPS = """
import numpy as np

def one_step(x, h, p):
    return np.tanh(x @ p["Wx"] + h @ p["Wh"] + p["b"])

def steps_loss(x, y, p):
    T = x.shape[1]
    hs = [np.zeros(y.shape)]
    for t in range(T):
        hs.append(one_step(x[:, t], hs[-1], p))
    loss = 0.5 * np.sum((hs[-1] - y) ** 2)
    grads = {k: np.zeros_like(v) for k, v in p.items()}
    dh = hs[-1] - y
    for t in reversed(range(T)):
        da = dh * (1 - hs[t + 1] ** 2)
        grads["Wx"] += x[:, t].T @ da
        grads["Wh"] += hs[t].T @ da
        grads["b"] += da.sum(axis=0)
        dh = da @ p["Wh"].T
    return loss, grads
"""
LAYERS = """
import numpy as np

def scaled_forward(x, gamma, beta):
    n = np.tanh(x)
    return n * gamma + beta, (n, gamma)

def scaled_backward(dout, cache):
    n, gamma = cache
    dgamma = (dout * n).sum(axis=0)
    dbeta = dout.sum(axis=0)
    dx = dout * gamma * (1 - n ** 2)
    return dx, dgamma, dbeta

def gate_forward(x, a):
    s = 1 / (1 + np.exp(-a))
    return x * s + x * x, (x, s)

def gate_backward(dout, cache):
    x, s = cache
    dx = dout * (s + 2 * x)
    da = dout * x * s * (1 - s)
    return dx, da
"""
CLASSES = """
import numpy as np

def class_loss(x, y):
    N = x.shape[0]
    p = np.exp(x - x.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(N), y]).sum() / N
    dx = p.copy()
    dx[np.arange(N), y] -= 1
    dx /= N
    return loss, dx
"""


def wrong(text: str) -> list[JudgedLine]:
    return [row for found in check_text(text, "program.py").judged for row in found.rows if row.status == "wrong"]


@pytest.mark.parametrize("text", [STEPS, LAYERS, CLASSES])
def test_the_right_programs_have_no_wrong_line(text):
    assert wrong(text) == []


def test_a_factor_too_many_in_a_recurrence_that_begins_with_zeros_is_one_line():
    """At the last turn the state is 0, and twice it is no other value: the first turn tells the edits apart."""
    (row,) = wrong(STEPS.replace("hs[t].T @ da", "2 * hs[t].T @ da"))
    assert (row.text, row.kind, row.corrected) == (
        'grads["Wh"] += 2 * hs[t].T @ da',
        "factor",
        'grads["Wh"] += hs[t].T @ da',
    )


def test_a_factor_that_is_missing_inside_of_a_sum_is_found():
    (row,) = wrong(LAYERS.replace("(dout * n).sum(axis=0)", "dout.sum(axis=0)"))
    assert row.text == "dgamma = dout.sum(axis=0)"
    assert row.corrected == "dgamma = (dout * n).sum(axis=0)"


def test_a_term_that_is_missing_inside_of_a_product_is_found():
    (row,) = wrong(LAYERS.replace("dout * (s + 2 * x)", "dout * s"))
    assert row.text == "dx = dout * s"
    assert row.corrected


def test_a_one_that_no_target_takes_away_is_a_missing_line():
    (row,) = wrong(CLASSES.replace("    dx[np.arange(N), y] -= 1\n", ""))
    assert row.corrected == "dx = p.copy(); dx[np.arange(N), y] -= 1"


def test_a_gradient_that_is_never_added_to_in_a_loop_is_a_missing_line():
    (row,) = wrong(STEPS.replace('        grads["b"] += da.sum(axis=0)\n', ""))
    assert "grads['b'] += da.sum(axis=0)" in row.corrected
