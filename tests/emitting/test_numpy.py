"""Modules of NumPy: each passes its own test, agrees with the derivation it was made from, and reads like code that one writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from modules import ENTRIES, derivation, loaded, module, run_alone

import wengert as wg
from wengert.emission import emit
from wengert.notes.derive.random_points import draw_point, sizes_for


@pytest.mark.parametrize("key", ENTRIES)
def test_every_entry_passes_its_own_test(key: str) -> None:
    loaded(module(key, "numpy"), key)["test"]()


@pytest.mark.parametrize("key", ENTRIES)
def test_a_module_gives_the_numbers_of_the_derivation(key: str) -> None:
    data = derivation(key).data
    system = data.system
    point = draw_point(system, np.random.default_rng(3), sizes_for(system))
    names = loaded(module(key, "numpy"), key)
    signature = names["forward"].__code__
    identifiers = {q.identifier: n for n, q in system.quantities.items()}
    given = [
        point[identifiers[name.rstrip("_") if name not in identifiers else name]]
        for name in signature.co_varnames[: signature.co_argcount]
    ]
    loss, kept = names["forward"](*given)
    signal = np.random.default_rng(4).normal(size=np.shape(loss))
    found: Any = names["backward"](signal, kept)
    found = found if isinstance(found, tuple) else (found,)
    from wengert.core.ir.names import bar
    from wengert.core.ops.evaluate import evaluate
    from wengert.notes.derive.random_points import concrete

    expected = evaluate(concrete(data.graph()), {**point, bar(data.loss): signal}, sizes_for(system))
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


def test_a_module_runs_where_the_package_is_not(tmp_path: Path) -> None:
    path = tmp_path / "layer.py"
    path.write_text(module("E12", "numpy"), encoding="utf-8")
    assert run_alone(path) == "the derivatives agree with differences\n"


def test_a_wrong_backward_line_fails_the_modules_own_test() -> None:
    source = module("E12", "numpy")
    wrong = source.replace("dh = w_2.T @ dy", "dh = 2 * w_2.T @ dy")
    assert wrong != source
    with pytest.raises(AssertionError):
        loaded(wrong, "wrong")["test"]()


def lines(key: str) -> list[str]:
    return [line.strip() for line in module(key, "numpy").splitlines()]


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("E12", "dw_2 = np.outer(dy, h)"),
        ("E12", "dh = w_2.T @ dy"),
        ("E12", "dz = dh * h * (1 - h)"),
        ("E14", "Z = X @ W_1 + b_1"),
        ("E14", "dW_1 = X.T @ dZ"),
        ("E14", "db_1 = dZ.sum(axis=0)"),
        ("E39", "L = -np.log(P[np.arange(N), Y]).mean()"),
        ("E39", "dZ = dL * (P - (np.arange(n_j) == Y[:, None])) / N"),
        ("E51", "E = C[s]"),
        ("E51", "np.add.at(dC, s, dE)"),
        ("E53", "a[t] = W @ h_before + U @ x[t] + b"),
        ("E57", "dV = P.T @ dO"),
        ("E63", "dz = dh * (z > 0)"),
    ],
)
def test_lines_read_as_one_writes_them(key: str, line: str) -> None:
    assert line in lines(key)


def test_a_comment_ties_a_backward_line_to_its_forward_line() -> None:
    found = lines("E12")
    place = found.index("dh = w_2.T @ dy")
    assert found[place - 1] == "# h̄_i = Σ_k ȳ_k w⁽²⁾_ki    through line 3"
    assert "# line 3: y_k = Σ_i w⁽²⁾_ki h_i + b⁽²⁾_k" in found


def test_a_slope_by_its_value_keeps_the_value_alone() -> None:
    assert "# kept: x, w_2, t, h, y" in lines("E12")


def test_what_is_cheap_is_computed_again() -> None:
    assert "# kept: X, w, r; computed again: Y" in lines("E45")


def test_without_its_test_a_module_is_its_two_functions() -> None:
    source = emit(derivation("E12"), test=False)
    assert "def test" not in source
    assert set(loaded(source, "bare")) >= {"forward", "backward"}


def test_an_unknown_target_is_refused() -> None:
    with pytest.raises(wg.EquationError) as error:
        emit(derivation("E12"), target="fortran")
    assert str(error.value).splitlines() == [
        "There is no target 'fortran'.",
        "  the targets are numpy, torch, jax, c, triton, latex",
        "Write one of these.",
    ]


def test_a_function_that_is_only_a_letter_is_refused() -> None:
    with pytest.raises(wg.EquationError) as error:
        emit(wg.equations("y = φ(x)\nL = y²"))
    assert str(error.value).splitlines() == [
        "A function without a formula cannot be emitted.",
        "  line 1: y = φ(x)",
        "Give it one, for example:  f(x) = tanh(x)",
    ]


def test_what_is_neither_system_nor_function_is_refused() -> None:
    with pytest.raises(wg.EquationError) as error:
        emit(3)  # type: ignore[arg-type]
    assert str(error.value).splitlines() == [
        "A int cannot be emitted.",
        "  3",
        "Give a system, a derivation, or a function and its arguments:  wg.emit(f, x, w)",
    ]
