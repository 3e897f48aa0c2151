"""Programs in the conventions of courses and books: what they are given, and of what they are the gradient, is found by what is right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wengert.programs.files import check_text
from wengert.programs.report import Report

KEPT = """
import numpy as np

class Dense:
    def __init__(self, n_inputs, n_neurons):
        self.weights = 0.01 * np.random.randn(n_inputs, n_neurons)
        self.biases = np.zeros((1, n_neurons))

    def forward(self, inputs):
        self.inputs = inputs
        self.output = inputs @ self.weights + self.biases

    def backward(self, d_values):
        self.d_weights = self.inputs.T @ d_values
        self.d_biases = d_values.sum(axis=0, keepdims=True)
        self.d_inputs = d_values @ self.weights.T
"""
LOSS = """
import numpy as np

class SquaredLoss:
    def forward(self, predicted, y_true):
        return np.mean((y_true - predicted) ** 2, axis=-1)

    def backward(self, dvalues, y_true):
        samples, outputs = dvalues.shape
        self.dinputs = -2 * (y_true - dvalues) / outputs
        self.dinputs = self.dinputs / samples
"""
ENTROPY = """
import numpy as np
from bases_of_losses import Loss

class Entropy(Loss):
    def forward(self, y_pred, y_true):
        p = np.clip(y_pred, 1e-7, 1 - 1e-7)
        return -np.sum(y_true * np.log(p), axis=1)

    def backward(self, dvalues, y_true):
        self.dinputs = -y_true / dvalues / len(dvalues)
"""
TOGETHER = """
import numpy as np

class Classifier:
    def forward(self, scores, y_true):
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        self.output = e / e.sum(axis=1, keepdims=True)
        return -np.mean(np.log(self.output[range(len(scores)), y_true]))

    def backward(self, predicted, y_true):
        self.dinputs = predicted.copy()
        self.dinputs[range(len(predicted)), y_true] -= 1
        self.dinputs = self.dinputs / len(predicted)
"""
SLOPES = """
import numpy as np

def logistic(x):
    return 1 / (1 + np.exp(-x))

def logistic_derivative(x):
    return logistic(x) * (1 - logistic(x))

def squash(x):
    return np.tanh(x)

def squash_prime(y):
    return 1 - y ** 2

class Ramp:
    def __call__(self, x):
        return np.where(x >= 0, x, 0)

    def gradient(self, x):
        return np.where(x >= 0, 1, 0)
"""
GUARDED = """
import numpy as np

class Classifier:
    def forward(self, scores, t):
        e = np.exp(3 * (scores - scores.max(axis=1, keepdims=True)))
        self.y, self.t = e / e.sum(axis=1, keepdims=True), t
        return -np.sum(t * np.log(self.y + 1e-6)) / len(t)

    def backward(self, dout=1):
        return 3 * (self.y - self.t) * dout / len(self.t)
"""


def judged(text: str, **given: Any) -> Report:
    return check_text(text, "program.py", **given)


def wrong(report: Report) -> list[str]:
    return [row.text for j in report.judged for row in j.rows if row.status == "wrong"]


def results(report: Report) -> list[str]:
    return [verdict for j in report.judged for verdict in j.results.values()]


COLUMN = """
import numpy as np

class Dense:
    def __init__(self, n_in, n_out):
        self.weights = np.random.randn(n_out, n_in)
        self.bias = np.random.randn(n_out, 1)

    def forward(self, given):
        self.given = given
        return self.weights @ given + self.bias

    def backward(self, output_gradient, learning_rate):
        weights_gradient = output_gradient @ self.given.T
        self.weights -= learning_rate * weights_gradient
        self.bias -= learning_rate * output_gradient
        return np.dot(self.weights.T, output_gradient)
""".replace("        self.weights -= learning_rate * weights_gradient\n", "")
SOFTMAX = """
import numpy as np

class Softmax:
    def forward(self, scores):
        e = np.exp(scores)
        self.output = e / np.sum(e)
        return self.output

    def backward(self, output_gradient):
        n = np.size(self.output)
        return ((np.identity(n) - self.output.T) * self.output) @ output_gradient
"""
CASES = {
    "a layer that keeps its output as an attribute": (
        KEPT,
        3,
        "self.inputs.T @ d_values",
        "2 * self.inputs.T @ d_values",
    ),
    "a loss whose backward pass takes the predictions": (LOSS, 1, "-2 * (y_true", "2 * (y_true"),
    "a loss of probabilities whose base class is missing": (ENTROPY, 1, "-y_true / dvalues", "y_true / dvalues"),
    "a loss whose backward pass takes what it kept": (TOGETHER, 1, "] -= 1", "] += 1"),
    "slopes of the argument, of the value, of a class": (SLOPES, 3, "1 - y ** 2", "1 + y ** 2"),
    "a layer of one example as a column": (COLUMN, 2, "self.weights.T, output", "2 * self.weights.T, output"),
    "a softmax of one column": (SOFTMAX, 1, "np.identity(n) - self", "np.identity(n) + self"),
    "a logarithm with a guard that the gradient leaves out": (
        GUARDED,
        1,
        "3 * (self.y - self.t)",
        "3 * (self.y + self.t)",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_right_program_in_a_convention_of_courses_is_right(name: str):
    text, count, _, _ = CASES[name]
    report = judged(text)
    assert [j.error for j in report.judged if j.error] == []
    assert results(report) == ["right"] * count, report.text()
    assert wrong(report) == []


@pytest.mark.parametrize("name", CASES)
def test_a_mistake_in_it_is_called_wrong_at_its_line(name: str):
    text, _, old, new = CASES[name]
    assert text.count(old) == 1
    report = judged(text.replace(old, new))
    assert [new in row for row in wrong(report)] == [True], report.text()


def test_a_guard_that_is_left_out_is_said():
    notes = judged(GUARDED).judged[0].notes
    assert notes == ["constants up to 1e-05 that keep from 0 are no part of what is differentiated"]


def test_the_derivative_of_a_function_of_whole_rows_is_refused():
    text = "import numpy as np\n\ndef softmax(x):\n    e = np.exp(x)\n    return e / e.sum()\n\ndef softmax_derivative(x):\n    return softmax(x) * (1 - softmax(x))\n"
    (only,) = judged(text).judged
    assert only.error.split("\n") == [
        "'softmax' is no function of single entries, so its derivative is a matrix for each example.",
        "  softmax_derivative(x)",
        "Write its product with a signal:  def softmax_backward(dout, …)",
    ]


def test_modules_beside_a_program_and_above_it_in_its_project_are_run(tmp_path: Path):
    (tmp_path / "setup.py").write_text("", encoding="utf-8")
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "layers.py").write_text(KEPT + "\nfrom .scales import SCALE\n", encoding="utf-8")
    (tmp_path / "parts" / "scales.py").write_text("import numpy as np\nSCALE = np.ones(1) * 0.5\n", encoding="utf-8")
    (tmp_path / "nets").mkdir()
    file = tmp_path / "nets" / "net.py"
    text = """
from parts.layers import *

class Net:
    def __init__(self, n_in, n_out):
        self.layer = Dense(n_in, n_out)

    def forward(self, x):
        self.layer.forward(x)
        return SCALE * self.layer.output

    def backward(self, dout):
        self.layer.backward(SCALE * dout)
        return self.layer.d_inputs
"""
    file.write_text(text, encoding="utf-8")
    report = judged(text, file=file)
    assert "right" in results(report), report.text()
    assert wrong(report) == []
    report = judged(text)
    assert "right" not in results(report)


def test_modules_of_other_projects_are_not_run(tmp_path: Path):
    (tmp_path / "layers.py").write_text("raise SystemExit", encoding="utf-8")
    inner = tmp_path / "project"
    inner.mkdir()
    (inner / "pyproject.toml").write_text("", encoding="utf-8")
    file = inner / "net.py"
    file.write_text(f"import layers\n{KEPT}", encoding="utf-8")
    assert results(judged(file.read_text(encoding="utf-8"), file=file)) == ["right"] * 3


def test_a_method_that_takes_the_step_and_returns_nothing_is_judged_by_its_loss():
    report = check_text(
        """import numpy as np

class Logistic:
    def __init__(self, n_features):
        self.weights = np.zeros(n_features)
        self.bias = 0.0

    def fit(self, X, y, lr=0.1, steps=10):
        for _ in range(steps):
            p = 1 / (1 + np.exp(-(X @ self.weights + self.bias)))
            loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
            self.weights -= lr * (X.T @ (p - y)) / len(y)
            self.bias -= lr * np.mean(p - y)
""",
        "fit.py",
    )
    assert report.judged[0].results == {"step of self.weights": "right", "step of self.bias": "right"}


CUT = """import numpy as np

def gates_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    H = h0.shape[1]
    out = np.zeros((N, T, H))
    h = h0
    kept = []
    for t in range(T):
        a = x[:, t] @ Wx + h @ Wh + b
        z = 1 / (1 + np.exp(-a[:, :H]))
        g = np.tanh(a[:, H:])
        kept.append((x[:, t], h, z, g))
        h = (1 - z) * h + z * g
        out[:, t] = h
    return out, (kept, Wx, Wh)

def gates_backward(dout, cache):
    kept, Wx, Wh = cache
    N, T, H = dout.shape
    dx = np.zeros((N, T, Wx.shape[0]))
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros(Wx.shape[1])
    dh = np.zeros((N, H))
    for t in reversed(range(T)):
        xt, h, z, g = kept[t]
        dh = dh + dout[:, t]
        dz = dh * (g - h)
        dg = dh * z
        da = np.hstack([dz * z * (1 - z), dg * (1 - g**2)])
        dx[:, t] = da @ Wx.T
        dWx += xt.T @ da
        dWh += h.T @ da
        db += da.sum(axis=0)
        dh = dh * (1 - z) + da @ Wh.T
    return dx, dh, dWx, dWh, db

def column_loss(targets, h, Wy, by):
    loss = 0
    ps = {}
    for t in range(len(targets)):
        y = np.dot(Wy, h) + by
        ps[t] = np.exp(y) / np.sum(np.exp(y))
        loss += -np.log(ps[t][targets[t], 0])
    dWy, dby = np.zeros_like(Wy), np.zeros_like(by)
    for t in range(len(targets)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        dWy += np.dot(dy, h.T)
        dby += np.dot(dy, np.ones((1, 1)))
    return loss, dWy, dby

def word_loss(centre, outside, U):
    scores = U @ centre
    p = np.exp(scores - scores.max())
    p /= p.sum()
    loss = -np.log(p[outside])
    delta = p.copy()
    delta[outside] -= 1
    grad_centre = U.T @ delta
    grad_U = np.outer(delta, centre)
    return loss, grad_centre, grad_U
"""


def test_cut_axes_columns_and_single_indices_are_found():
    report = check_text(CUT, "sizes.py")
    assert [j.error for j in report.judged] == [""] * 3
    assert {v for j in report.judged for v in j.results.values()} <= {"right", "value"}
    assert [len(j.results) for j in report.judged] == [5, 2, 2]


MADE_WITH = """import numpy as np

class Layer:
    def forward(self, input):
        raise NotImplementedError

    def backward(self, output_gradient):
        raise NotImplementedError

class Activation(Layer):
    def __init__(self, activation, activation_prime):
        self.activation = activation
        self.activation_prime = activation_prime

    def forward(self, input):
        self.input = input
        return self.activation(self.input)

    def backward(self, output_gradient):
        return output_gradient * self.activation_prime(self.input)

class Cosine(Activation):
    def __init__(self):
        def slope(x):
            return np.sin(x)

        super().__init__(np.cos, slope)

class Pointwise:
    def Forward(self, x):
        self.y = self.value(x)
        return self.y

    def Backward(self, gradOutput):
        return gradOutput * self.slope()

    def value(self, x):
        raise NotImplementedError

    def slope(self):
        raise NotImplementedError

class Logistic(Pointwise):
    def value(self, x):
        return 1 / (1 + np.exp(-x))

    def slope(self):
        return self.y * (1 - self.y)

class Blur:
    def __init__(self, input_shape, size):
        channels, height, width = input_shape
        self.input_shape = input_shape
        self.kernels = np.random.randn(channels, size, size)

    def ForwardOutput(self, x):
        self.x = x
        k = self.kernels.shape[1]
        out = np.zeros((x.shape[1] - k + 1, x.shape[2] - k + 1))
        for i in range(out.shape[0]):
            for j in range(out.shape[1]):
                out[i, j] = np.sum(x[:, i : i + k, j : j + k] * self.kernels)
        return out

    def BackwardOutput(self, dout):
        k = self.kernels.shape[1]
        self.dkernels = np.zeros_like(self.kernels)
        dx = np.zeros(self.input_shape)
        for i in range(dout.shape[0]):
            for j in range(dout.shape[1]):
                self.dkernels += self.x[:, i : i + k, j : j + k] * dout[i, j]
                dx[:, i : i + k, j : j + k] += self.kernels * dout[i, j]
        return dx
"""


def test_constructors_of_functions_and_sizes_and_inherited_methods_are_run():
    report = check_text(MADE_WITH, "made.py")
    pairs = {j.pair.split(".")[0]: j for j in report.judged}
    assert list(pairs) == [
        "Activation",
        "Cosine",
        "Logistic",
        "Blur",
    ]  # what calls methods that are missing is left out
    for name in ("Activation", "Logistic", "Blur"):
        assert set(pairs[name].results.values()) == {"right"}
    (row,) = [r for r in pairs["Cosine"].rows if r.status == "wrong"]
    assert row.corrected == "return -(output_gradient * self.activation_prime(self.input))"


HELD = """
import numpy as np

def cell(x, h, p):
    a = np.tanh(x @ p["Wx"] + h @ p["Wh"] + p["b"])
    return a, (x, h, a)

def tape_forward(xs, h0, params):
    h, kept = h0, []
    for t in range(len(xs)):
        h, step = cell(xs[t], h, params)
        kept.append(step)
    return h, (kept, params)

def tape_backward(dh, cache):
    kept, params = cache
    grads = {k: np.zeros_like(v) for k, v in params.items()}
    for x, h, a in kept[::-1]:
        da = dh * (1 - a ** 2)
        grads["Wx"] += x.T @ da
        grads["Wh"] += h.T @ da
        grads["b"] += da.sum(axis=0)
        dh = da @ params["Wh"].T
    return dh, grads

def gate_forward(x, state):
    c, scale = state
    return c * scale + x, (c, scale)

def gate_backward(dout, cache):
    c, scale = cache
    dc = dout * scale
    dscale = dout * c
    return dout, (dc, dscale)
"""


def test_what_arguments_hold_is_asked_for_entry_by_entry_and_each_has_its_gradient():
    report = judged(HELD)
    found = {j.pair: j.results for j in report.judged}
    assert set(found["tape_forward and tape_backward"].values()) == {"right"}
    assert {"grads['Wx']", "grads['Wh']", "grads['b']"} < set(found["tape_forward and tape_backward"])
    assert not wrong(report)


TRAINED = """
import numpy as np

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(12, 4)), rng.normal(size=(12, 2))
w, b = rng.normal(size=(4, 2)), np.zeros(2)

def half_square(a):
    squares = 0.5 * a ** 2
    return squares.sum() * rate

rate = 1 / len(X)
for epoch in range(50):
    for turn in range(2):
        error = X @ w + b - Y
        loss = half_square(error)
        derror = error * rate
        dw = X.T @ derror
        db = derror.sum(axis=0)
        w -= 0.1 * dw
        b -= 0.1 * db
"""


def test_of_a_script_that_trains_in_loops_the_first_step_is_judged():
    report = judged(TRAINED)
    (found,) = report.judged
    assert found.results == {"derror": "right", "dw": "right", "db": "right"}
    assert "of a loop that trains the first step is judged" in found.notes
    assert {r.status for r in found.rows} == {"holds"}
    assert wrong(judged(TRAINED.replace("dw = X.T @ derror", "dw = 2 * X.T @ derror"))) == ["dw = 2 * X.T @ derror"]


PAIRWISE = """
import numpy as np

def scores_forward(q, k, bias):
    s = q @ k.T + bias
    return np.tanh(s), (q, k, s)

def scores_backward(dout, cache):
    q, k, s = cache
    ds = dout * (1 - np.tanh(s) ** 2)
    dq = ds @ k
    dk = ds.T @ q
    dbias = ds
    return dq, dk, dbias

def dense_forward(x, W, bias):
    return x @ W + bias, (x, W)

def dense_backward(dout, cache):
    x, W = cache
    dx = dout @ W.T
    dW = x.T @ dout
    dbias = dout
    return dx, dW, dbias
"""


def test_a_bias_of_each_two_rows_is_one_and_a_bias_of_each_row_hides_no_missing_sum():
    assert wrong(judged(PAIRWISE)) == ["dbias = dout"]
