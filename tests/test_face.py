"""The face of the package: its public names, its version, and what a type checker knows of them (tests/typing/public.py)."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from typer.testing import CliRunner

import wengert as wg
from wengert.cli import app


def test_dir_lists_the_public_names_and_nothing_else() -> None:
    assert dir(wg) == sorted(wg.__all__)


@pytest.mark.parametrize("name", wg.__all__)
def test_a_public_name_can_be_had(name: str) -> None:
    assert getattr(wg, name) is not None


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'wengert' has no attribute 'gradd'"):
        wg.gradd  # noqa: B018 - the look-up is what is tested


def test_the_version_is_that_of_the_distribution() -> None:
    assert wg.__version__ == version("wengert")


def test_the_command_line_says_its_version() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.output) == (0, f"wengert {wg.__version__}\n")
