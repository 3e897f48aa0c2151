"""Derivation.function: the same loss and gradients by either back end."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
from wengert.errors import GraphError, ShapeError, WengertError
from wengert.targets.base import NAMES

UNIT = "z = w x + b\ny = σ(z)\nL = ½ (y − t)²"
NET = "h_i = tanh(Σ_j w_ij x_j + b_i)\ny = Σ_i v_i h_i\nL = ½ (y − t)²"


@pytest.mark.parametrize("name", ["native", "interpreter"])
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


@pytest.mark.parametrize("name", ["native", "interpreter"])
def test_mistakes_have_the_same_three_lines_by_either_back_end(name):
    f = wg.equations(NET).backward(wrt=["w"]).function(name)
    with pytest.raises(ShapeError) as caught:
        f(w=np.ones((7, 5)), x=np.ones(4), b=np.ones(7), v=np.ones(7), t=0.0)
    assert str(caught.value).splitlines() == [
        "The size 'j' is 5 in 'w' but 4 in 'x'.",
        "  axis 0 of x, declared as float64[j], was given with shape (4,)",
        "Give arrays that agree on 'j'.",
    ]


ROWS = "y = Σ_j w_j x_j\nL = ½ (y − t)² + λ Σ_j w_j²"


def test_arguments_may_be_anything_that_the_interpreter_takes():
    """Each call twice: the second is taken by the entry of a variant where it fits, else by the way around it."""
    derivation = wg.equations(ROWS).backward(wrt=["w", "t"])
    native, plain = derivation.function(), derivation.function("interpreter")
    wide = np.linspace(-1, 1, 24).reshape(4, 6)
    calls = [
        {"w": wide[0], "x": wide[1], "t": 0.5, "lam": np.float64(0.1)},
        {"w": wide[0], "x": wide[:, ::2][1].repeat(2), "t": np.array(0.5), "lam": 1},
        {"w": wide[:, 0], "x": wide[:, 1], "t": np.float32(0.5), "lam": 0},
        {"w": wide[0].astype(np.float32), "x": [1, 2, 3, 4, 5, 6], "t": True, "lam": 0.1},
        *({"w": wide[2, :n], "x": wide[3, :n], "t": 2, "lam": 0.1} for n in range(7)),
    ]
    for call in [call for call in calls for _ in range(2)]:
        value, gradients = native(**call)
        expected, expected_gradients = plain(**call)
        assert isinstance(value, np.float64)
        assert list(gradients) == list(expected_gradients) == ["w", "t"]
        np.testing.assert_allclose(value, expected, rtol=1e-14)
        np.testing.assert_allclose(gradients["w"], expected_gradients["w"], rtol=1e-13, atol=1e-15)
        np.testing.assert_allclose(gradients["t"], expected_gradients["t"], rtol=1e-13)


def test_results_are_the_callers_own():
    f = wg.equations(ROWS).backward(wrt=["w"]).function()
    given = {"w": np.ones(3), "x": np.ones(3), "t": 1.0, "lam": 0.1}
    _, first = f(**given)
    kept = first["w"].copy()
    _, second = f(**given)
    second["w"][:] = 0
    second["more"] = 1
    np.testing.assert_array_equal(first["w"], kept)
    assert list(f(**given)[1]) == ["w"]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"t": None}, "An input has no value."),
        ({"q": 1.0}, "There is no quantity 'q'."),
        ({"y": 1.0}, "'y' is computed by a line of the system, so it cannot be given."),
        ({"x": np.ones((3, 1))}, "The input 'x' has 2 axes, not 1."),
        ({"t": np.array("a")}, "The input 't' has dtype <U1, which is not float64."),
    ],
)
def test_mistakes_are_found_before_and_after_there_is_code(change, what):
    derivation = wg.equations(ROWS).backward(wrt=["w"])
    for f in (derivation.function("interpreter"), derivation.function()):
        given = {"w": np.ones(3), "x": np.ones(3), "t": 1.0, "lam": 0.1}
        wrong = {name: value for name, value in {**given, **change}.items() if value is not None}
        for _ in range(2):
            with pytest.raises(WengertError) as caught:
                f(**wrong)
            assert caught.value.what == what
            f(**given)


def test_loss_that_is_no_scalar_takes_its_error_signal():
    f = wg.equations("y_i = Σ_j w_ij x_j").backward(wrt=["x"]).function()
    w, signal = np.arange(6.0).reshape(2, 3), np.array([1.0, -2.0])
    for _ in range(2):
        value, gradients = f(w=w, x=np.ones(3), y_bar=signal)
        np.testing.assert_array_equal(value, w.sum(axis=1))
        np.testing.assert_array_equal(gradients["x"], w.T @ signal)


def test_names_made_at_run_time_reach_the_entry():
    f = wg.equations(ROWS).backward(wrt=["w"]).function()
    given = {"w": np.ones(3), "x": np.ones(3), "t": 1.0, "lam": 0.1}
    expected, _ = f(**given)

    def refuse(**values):
        raise AssertionError(f"the entry did not take {', '.join(values)}")

    f.slow = refuse
    assert f(**given)[0] == expected
    assert f(**{"".join(list(name)): value for name, value in given.items()})[0] == expected
    with pytest.raises(AssertionError, match="did not take"):
        f(**{**given, "x": np.ones(4)})


def test_it_says_what_it_computes():
    assert (
        wg.equations(UNIT).backward(wrt=["w"]).function().__doc__ == "(L, derivatives by w) for values of w, x, b, t."
    )


def test_a_back_end_that_is_not_there_is_refused():
    assert NAMES == ("native", "interpreter", "xla")
    with pytest.raises(GraphError) as caught:
        wg.equations(UNIT).backward().function("cuda")
    assert str(caught.value).splitlines() == [
        "There is no back end 'cuda'.",
        "  known: native, interpreter, xla",
        "Write backend='native' or leave it out.",
    ]
