"""Modules of PyTorch and JAX: each passes its own test where the library is there (`scripts/test --peers` installs it)."""

from __future__ import annotations

import ast
import importlib.util
import warnings

import pytest
from modules import ENTRIES, derivation, has_recurrences, loaded, module

import wengert as wg
from wengert.emission import emit

PEERS = ("torch", "jax")


@pytest.mark.parametrize("target", PEERS)
@pytest.mark.parametrize("key", ENTRIES)
def test_every_entry_passes_its_own_test(key: str, target: str) -> None:
    source = module(key, target)
    ast.parse(source)
    if importlib.util.find_spec(target) is None:
        pytest.skip(f"{target} is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the libraries themselves
        loaded(source, key)["test"]()


@pytest.mark.parametrize("key", [key for key in ENTRIES if not has_recurrences(key)])
def test_a_backward_pass_can_be_derived_again_where_that_is_asked_for(key: str) -> None:
    source = module(key, "torch", double=True)
    assert "once_differentiable" not in source
    if importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed")
    loaded(source, key)["test"]()


def test_a_recurrence_has_no_second_derivative() -> None:
    with pytest.raises(wg.EquationError) as error:
        emit(derivation("E53"), target="torch", double=True)
    assert str(error.value).splitlines() == [
        "The backward pass of a recurrence writes into arrays, which PyTorch cannot derive again.",
        "  a, h are read by their next steps",
        "Emit it without --double, or give each step lines of its own.",
    ]


@pytest.mark.parametrize(
    ("target", "line"),
    [
        ("torch", "class Function(torch.autograd.Function):"),
        ("torch", "ctx.save_for_backward(x, w_2, t, h, y)"),
        ("torch", "@once_differentiable"),
        ("torch", "return dw_1, None, db_1, dw_2, db_2, None"),
        ("jax", "@jax.custom_vjp"),
        ("jax", "function.defvjp(forward, backward)"),
        ("jax", "return (dw_1, None, db_1, dw_2, db_2, None)"),
    ],
)
def test_lines_read_as_one_writes_them(target: str, line: str) -> None:
    assert line in [each.strip() for each in module("E12", target).splitlines()]
