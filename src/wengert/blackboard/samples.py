"""What the menus of the board offer: systems to begin with, and a data set of two features that needs no file."""

from __future__ import annotations

import numpy as np

from wengert.train.data import NAMED_SETS
from wengert.train.table import Table

LECTURE = """\
# The system with which lectures begin: one logistic unit, squared error, weight decay.
params w, b
data x, t

z = w x + b
y = σ(z)
L = ½ (y − t)²
R = ½ w²
L_reg = L + λ R
"""
UNIT = """\
# One logistic unit, squared error.
params w, b
data x, t

z = Σ_j w_j x_j + b
y = σ(z)
L = ½ (y − t)²
"""
HIDDEN = """\
# A network with one hidden layer: logistic units, squared error.
params w⁽¹⁾, b⁽¹⁾, w⁽²⁾, b⁽²⁾
data x, t

z_i = Σ_j w⁽¹⁾_ij x_j + b⁽¹⁾_i
h_i = σ(z_i)
y_k = Σ_i w⁽²⁾_ki h_i + b⁽²⁾_k
L = ½ Σ_k (y_k − t_k)²
"""
MOONS = """\
# Two classes in the plane: a layer of tanh units, then a probability.
params W, b, v, c
data x, t

h_i = tanh(Σ_j W_ij x_j + b_i)
y = σ(Σ_i v_i h_i + c)
L = −t log y − (1 − t) log(1 − y)
"""
SOFTMAX = """\
# Softmax regression with cross-entropy.
params W, b
data x, t

z = W x + b
p = softmax(z)
L = −Σ_k t_k log p_k
"""
LAYER_NORM = """\
# Layer normalisation of one vector; C is its size.
params w, b
data x, t

C = size of i
μ = 1/C Σ_i x_i
v = 1/C Σ_i (x_i − μ)²
r = (v + ε)^(−1/2)
n_i = (x_i − μ) r
y_i = n_i w_i + b_i
L = ½ Σ_i (y_i − t_i)²
"""
ATTENTION = """\
# Scaled dot-product attention; softmax over each row.
params Q, K, V
data T
Q ∈ ℝ^(m×d)
K ∈ ℝ^(n×d)
V ∈ ℝ^(n×c)

S = Q Kᵀ / √d
P = softmax(S)
O = P V
L = ½ ‖O − T‖²
"""
LSTM = """\
# One step of an LSTM cell.
data t

i = σ(a_i)
f = σ(a_f)
o = σ(a_o)
g = tanh(a_g)
c = f ⊙ c⁽⁰⁾ + i ⊙ g
h = o ⊙ tanh(c)
L = ½ ‖h − t‖²
"""
PROCESS = """\
# A Gaussian process: minus the log of its marginal likelihood, up to a constant.
K symmetric positive definite

α = K⁻¹ y
L = ½ yᵀ α + ½ log det K
"""
EXAMPLES = {
    "hidden": HIDDEN,
    "lecture": LECTURE,
    "unit": UNIT,
    "moons": MOONS,
    "softmax": SOFTMAX,
    "norm": LAYER_NORM,
    "attention": ATTENTION,
    "lstm": LSTM,
    "process": PROCESS,
}
"""Systems to begin with, the first one where no file is given."""

SAMPLES = ("moons",)
DATA = (*SAMPLES, *NAMED_SETS)
"""The data sets of the training's menu."""


def sample(name: str, number: int = 300, noise: float = 0.12) -> Table:
    """Two half circles that reach into each other, with normal noise: columns x1, x2 and the class 0 or 1.

    Raises KeyError where there is no sample of that name.
    """
    if name not in SAMPLES:
        raise KeyError(name)
    rng = np.random.default_rng(0)
    t = np.arange(number) % 2
    angle = rng.uniform(0, np.pi, number)
    x = np.where(t == 0, np.cos(angle), 1 - np.cos(angle)) + noise * rng.normal(size=number)
    y = np.where(t == 0, np.sin(angle), 0.5 - np.sin(angle)) + noise * rng.normal(size=number)
    return Table(name, {"x1": x, "x2": y, "target": t})
