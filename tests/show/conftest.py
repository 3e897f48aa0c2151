"""Systems that several tests show, and random diagrams."""

from __future__ import annotations

import random

import pytest

from wengert.notes.derive.backward import Backward, derive
from wengert.notes.elaboration.elaborate import elaborate
from wengert.notes.elaboration.system import SystemData
from wengert.notes.notation.reader import read
from wengert.notes.show.diagram import Diagram, Signal, Vertex

UNIT = """params w, b
data x, t
z = w x + b
y = σ(z)
L = ½ (y − t)²
R = ½ w²
L_reg = L + λ R
"""
NETWORK = """params w⁽¹⁾, b⁽¹⁾, w⁽²⁾, b⁽²⁾
data x, t
z_i = Σ_j w⁽¹⁾_ij x_j + b⁽¹⁾_i
h_i = σ(z_i)
y_k = Σ_i w⁽²⁾_ki h_i + b⁽²⁾_k
L = ½ Σ_k (y_k − t_k)²
"""
MATRICES = """params W⁽¹⁾, b⁽¹⁾, W⁽²⁾, b⁽²⁾
z = W⁽¹⁾ x + b⁽¹⁾
h = σ(z)
y = W⁽²⁾ h + b⁽²⁾
L = ½ ‖y − t‖²
"""
SOFTMAX = """params w, b
z_k = Σ_j w_kj x_j + b_k
y_k = e^(z_k) / Σ_l e^(z_l)
L = −Σ_k t_k log y_k
"""
LAYER = """z_i = Σ_j w_ij x_j
y_i = tanh(z_i)
"""
HAND = {"w": 0.5, "x": 2.0, "b": 0.1, "t": 1.0, "λ": 0.1}
"""The point at which the unit is worked by hand."""


def _derived(text: str) -> tuple[SystemData, Backward]:
    system = elaborate(read(text))
    return system, derive(system)


@pytest.fixture(scope="session")
def unit():
    return _derived(UNIT)


@pytest.fixture(scope="session")
def network():
    return _derived(NETWORK)


@pytest.fixture(scope="session")
def layer():
    return _derived(LAYER)


@pytest.fixture(
    scope="session",
    params=[UNIT, NETWORK, MATRICES, SOFTMAX, LAYER],
    ids=["unit", "network", "matrices", "softmax", "layer"],
)
def derived(request):
    return _derived(request.param)


@pytest.fixture(scope="session")
def hand():
    return dict(HAND)


@pytest.fixture(scope="session")
def text_of():
    return _derived


@pytest.fixture(scope="session")
def random_diagram():
    return _random_diagram


def _random_diagram(size: int, seed: int) -> Diagram:
    """A diagram of `size` quantities: a random graph without cycles, names and labels of all kinds and lengths."""
    rng = random.Random(seed)
    shapes = ("v⁽{k}⁾_ij", "a_{k}", "W⁽{k}⁾", "L_reg{k}", "x̂⁽{k}⁾", "z{k}")
    names = [rng.choice(shapes).format(k=k) for k in range(size)]
    inputs = max(1, round(size * rng.uniform(0.1, 0.5)))
    reach = rng.choice((4, 12, size))
    edges: list[Signal] = []
    for k in range(inputs, size):
        parents = sorted({rng.randrange(max(0, k - reach), k) for _ in range(rng.choice((1, 1, 2, 3, 4)))})
        for p in parents:
            flow = rng.choice(("", "z̄ x", "Σ_k ȳ_k w⁽²⁾_ki", "L̄ ∂L/∂P_ij"))
            edges.append(Signal(names[p], names[k], flow))
    kinds = [
        "loss" if k == size - 1 else "intermediate" if k >= inputs else rng.choice(("parameter", "data", "input"))
        for k in range(size)
    ]
    spaces = [rng.choice(("ℝ", "ℝ^{i×j}", "ℝ^{128×64}", "ℤ^{n}")) for _ in range(size)]
    vertices = tuple(
        Vertex(name, name, rng.choice(("", "W̄⁽¹²⁾_ij = 1", "z̄")), space, kind)
        for name, space, kind in zip(names, spaces, kinds, strict=True)
    )
    return Diagram(names[-1], vertices, tuple(edges), frozenset({"reg1", "reg2"}))
