"""Functions of NumPy as modules: their locals are the quantities, and the numbers are those of the function and of its gradient."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path

import numpy as np
import pytest
from functions import FUNCTIONS
from modules import loaded
from test_c import COMPILER, compiled

import wengert as wg


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_module_has_the_value_and_the_gradient_of_the_function(name: str) -> None:
    f, arguments = FUNCTIONS[name]
    module = loaded(wg.emit(f, *arguments), name)
    module["test"]()
    value, kept = module["forward"](*arguments)
    np.testing.assert_allclose(value, f(*arguments), rtol=1e-12)
    signal = np.random.default_rng(1).normal(size=np.shape(value))
    places = tuple(k for k, x in enumerate(arguments) if x.dtype.kind == "f")
    expected = wg.grad(lambda *given: np.sum(signal * f(*given)), places)(*arguments)
    found = module["backward"](signal, kept)
    for ours, theirs in zip(found if isinstance(found, tuple) else (found,), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.skipif(COMPILER is None, reason="this machine has no compiler of C")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_becomes_a_file_of_c(name: str, tmp_path: Path) -> None:
    f, arguments = FUNCTIONS[name]
    program = compiled(wg.emit(f, *arguments, target="c"), tmp_path, "-DTEST")
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "the derivatives agree with differences\n")


@pytest.mark.parametrize("target", ["torch", "jax"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_becomes_a_module_of_a_peer(name: str, target: str) -> None:
    f, arguments = FUNCTIONS[name]
    source = wg.emit(f, *arguments, target=target)
    compile(source, name, "exec")
    if importlib.util.find_spec(target) is None:
        pytest.skip(f"{target} is not installed")
    loaded(source, name)["test"]()


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("network", "dW1 = X.T @ dZ"),
        ("network", "db2 = dY.sum(axis=0)"),
        ("cross_entropy", "m = Z.max(axis=1, keepdims=True)"),
        ("cross_entropy", "L = -np.log(p[np.arange(4), y]).mean()"),
        ("layer_norm", "dg = (dresult * n).sum(axis=0)"),
        ("recurrent", "h_2 = np.tanh(h_2_in)"),
        ("recurrent", "dh_2 = dh_3_in @ Wh.T"),
        ("words", "e = C[i].reshape(4, 6)"),
        ("words", "dh_in = dh * (h_in > 0)"),
        ("words", "np.add.at(dC, i, de.reshape(4, 2, 3))"),
    ],
)
def test_lines_have_the_names_of_the_function(name: str, line: str) -> None:
    f, arguments = FUNCTIONS[name]
    assert line in [each.strip() for each in wg.emit(f, *arguments).splitlines()]


def test_a_comment_has_the_line_of_the_function() -> None:
    f, arguments = FUNCTIONS["network"]
    source = wg.emit(f, *arguments)
    line = f.__code__.co_firstlineno + 1
    assert f"    # line {line}: Z = X @ W1 + b1\n" in source
    assert f"    # derivative by W1    through line {line}\n    dW1 = X.T @ dZ\n" in source


def test_the_derivatives_are_those_asked_for() -> None:
    f, arguments = FUNCTIONS["network"]
    assert "return dW1, db1\n" in wg.emit(f, *arguments, wrt=["W1", "b1"])


def pair(x):
    return x, 2 * x


@pytest.mark.parametrize(
    ("f", "arguments", "lines"),
    [
        (
            np.sin,
            (np.ones(3),),
            [
                "'<ufunc 'sin'>' is not written in Python, so it has no lines to follow.",
                "  it is a ufunc",
                "Give a function that calls it:  def f(x): return …",
            ],
        ),
        (
            pair,
            (),
            [
                "'pair' is followed at arrays, one for each of its arguments.",
                "  it takes x, and 0 were given",
                "Give them:  wg.emit(pair, x)",
            ],
        ),
    ],
)
def test_what_cannot_be_followed_is_refused(f, arguments, lines) -> None:
    with pytest.raises(wg.EquationError) as error:
        wg.emit(f, *arguments)
    assert str(error.value).splitlines() == lines


def test_a_function_with_two_results_is_refused() -> None:
    with pytest.raises(wg.EquationError, match="'pair' returns 2 arrays, and an emitted function one"):
        wg.emit(pair, np.ones(3))


def test_an_op_without_source_is_refused_by_name() -> None:
    with pytest.raises(wg.EquationError) as error:
        wg.emit(lambda x: np.sum(np.linalg.svd(x)[1]), np.ones((3, 2)))
    assert str(error.value).splitlines()[0] == "A part of the system has no source in numpy: svd."
