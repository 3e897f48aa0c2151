"""The vocabulary of ops' values: what is documented is what is used, and each target's form has it."""

from __future__ import annotations

import ast
import inspect
import math
import re
from pathlib import Path

import numpy as np
import pytest

import wengert.core.ops
from wengert.core.ir.vocabulary import Fourier, Linalg, Vocabulary
from wengert.core.ops.vocabulary import NUMPY

FILES = sorted(Path(wengert.core.ops.__file__).parent.glob("*.py"))
BY_NAME = {"maximum", "minimum", "less", "less_equal", "greater", "greater_equal", "equal", "not_equal"} | {
    "logical_and",
    "logical_or",
}
"""Names that a table of `piecewise` asks for by its ops' names."""
NAMES = sorted({name for name in vars(Vocabulary) if not name.startswith("_")} | set(Vocabulary.__annotations__))


def asked(path: Path) -> set[str]:
    """The names that a file asks xp for: `exp`, `linalg.det`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and (part := re.fullmatch(r"xp\.([\w.]+)", ast.unparse(node))):
            found.add(part[1])
    return found


def documented() -> set[str]:
    parts = {f"linalg.{name}" for name in vars(Linalg) if not name.startswith("_")}
    parts |= {f"fft.{name}" for name in vars(Fourier) if not name.startswith("_")}
    return set(NAMES) | parts


def test_what_values_ask_for_is_what_is_documented():
    used = set.union(*map(asked, FILES)) | BY_NAME
    assert used == documented()


@pytest.mark.parametrize("protocol", [Vocabulary, Linalg, Fourier])
def test_every_name_says_what_it_means(protocol):
    plain = {name for name, each in vars(protocol).items() if inspect.isfunction(each) and not name.startswith("_")}
    assert {name for name in plain if not (inspect.getdoc(getattr(protocol, name)) or "").endswith(".")} == set()


@pytest.mark.parametrize("name", sorted(documented()))
def test_the_form_that_runs_has_every_name(name):
    found = NUMPY
    for part in name.split("."):
        found = getattr(found, part)
    assert callable(found) or found in (math.inf, np.linalg, np.fft)


def test_a_name_that_is_not_documented_is_not_there():
    assert not hasattr(NUMPY, "nanmedian")


@pytest.mark.parametrize(
    "name", [name for name in NAMES if isinstance(getattr(np, name, None), np.ufunc) and name != "matmul"]
)
def test_names_of_numpy_mean_what_numpy_says_at_the_edges(name):
    """Of functions of entries, at zeros of both signs, ±∞, NaN and numbers between."""
    function = getattr(np, name)
    edges = np.array([0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e300, -1e300, math.inf, -math.inf, math.nan])
    if name.startswith("logical"):
        edges = np.array([True, False])
    given = [edges] if function.nin == 1 else [x.ravel() for x in np.meshgrid(edges, edges)]
    with np.errstate(all="ignore"):
        found, wanted = getattr(NUMPY, name)(*given), function(*given)
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(np.signbit(found), np.signbit(wanted))
