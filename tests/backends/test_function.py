"""Derivation.function: the same loss and gradients by either back end."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
from wengert.backends.base import NAMES, backend
from wengert.errors import GraphError, ShapeError

UNIT = "z = w x + b\ny = σ(z)\nL = ½ (y − t)²"
NET = "h_i = tanh(Σ_j w_ij x_j + b_i)\ny = Σ_i v_i h_i\nL = ½ (y − t)²"


@pytest.mark.parametrize("name", NAMES)
def test_gradient_of_the_unit_is_that_of_the_chain_rule(name):
    value, gradients = wg.equations(UNIT).backward(wrt=["w", "b"]).function(name)(w=0.5, x=2.0, b=-0.25, t=1.0)
    y = 1 / (1 + np.exp(-0.75))
    z_bar = (y - 1) * y * (1 - y)
    np.testing.assert_allclose(
        [value, gradients["w"], gradients["b"]], [(y - 1) ** 2 / 2, 2 * z_bar, z_bar], rtol=1e-14
    )


def test_the_default_is_native_code_and_equals_the_interpreter():
    rng = np.random.default_rng(0)
    values = {"w": rng.normal(size=(7, 5)), "x": rng.normal(size=5), "b": rng.normal(size=7), "v": rng.normal(size=7)}
    derivation = wg.equations(NET).backward(wrt=["w", "b", "v"])
    native, interpreted = (f(**values, t=0.3) for f in (derivation.function(), derivation.function("interpreter")))
    np.testing.assert_allclose(native[0], interpreted[0], rtol=1e-13)
    for name in interpreted[1]:
        np.testing.assert_allclose(native[1][name], interpreted[1][name], rtol=1e-12, atol=1e-15)


def test_sizes_may_change_from_call_to_call():
    f = wg.equations("L = ½ Σ_i (x_i − t_i)²").backward(wrt=["x"]).function()
    for n in (1, 3, 8, 3):
        value, gradients = f(x=np.arange(float(n)), t=np.zeros(n))
        np.testing.assert_allclose(value, 0.5 * np.sum(np.arange(n) ** 2))
        np.testing.assert_array_equal(gradients["x"], np.arange(float(n)))


@pytest.mark.parametrize("name", NAMES)
def test_mistakes_have_the_same_three_lines_by_either_back_end(name):
    f = wg.equations(NET).backward(wrt=["w"]).function(name)
    with pytest.raises(ShapeError) as caught:
        f(w=np.ones((7, 5)), x=np.ones(4), b=np.ones(7), v=np.ones(7), t=0.0)
    assert str(caught.value).splitlines() == [
        "The size 'j' is 5 in 'w' but 4 in 'x'.",
        "  axis 0 of x, declared as float64[j], was given with shape (4,)",
        "Give arrays that agree on 'j'.",
    ]


def test_a_back_end_that_is_not_there_is_refused():
    assert [backend(name).name for name in NAMES] == list(NAMES)
    with pytest.raises(GraphError) as caught:
        wg.equations(UNIT).backward().function("cuda")
    assert str(caught.value).splitlines() == [
        "There is no back end 'cuda'.",
        "  known: native, interpreter",
        "Write backend='native' or leave it out.",
    ]
