"""Documents as people write them, emitted: what is read becomes a module that passes its own test, or is refused by name."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from modules import loaded

import wengert as wg
from tests.thorough import part

DATA = Path(__file__).parents[1] / "data"
DOCUMENTS = sorted([*(DATA / "courses").iterdir(), *(DATA / "engineering").iterdir()])


@pytest.mark.parametrize("path", part(DOCUMENTS, 30, lambda path: ""), ids=lambda path: path.name)
def test_a_document_becomes_a_module_or_is_refused_by_name(path: Path) -> None:
    try:
        derivation = wg.equations(path).backward()
    except wg.EquationError:
        pytest.skip("it has no system of its own, or several")
    try:
        source = wg.emit(derivation)
    except wg.EquationError as error:
        assert str(error).startswith("A function without a formula cannot be emitted.")  # noqa: PT017
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        loaded(source, path.name)["test"]()


def test_a_line_beside_the_loss_that_a_shorter_form_reads_is_computed() -> None:
    source = wg.emit(
        wg.equations("ℓ = log Σ_k e^(z_k)\np_k = e^(z_k) / Σ_j e^(z_j)\nL = ℓ − Σ_k t_k z_k").backward(wrt="z")
    )
    assert "softmax(z, axis=0)" in source
    loaded(source, "beside")["test"]()
