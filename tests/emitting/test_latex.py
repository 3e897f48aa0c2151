"""Documents of LaTeX: both passes as displays that are read back."""

from __future__ import annotations

import re

import numpy as np
import pytest
from modules import ENTRIES, module

import wengert as wg


@pytest.mark.parametrize("key", ENTRIES)
def test_every_entry_is_a_document_with_two_displays(key: str) -> None:
    source = module(key, "latex")
    begun = re.findall(r"\\begin\{(\w+)\*?\}", source)
    assert begun == re.findall(r"\\end\{(\w+)\*?\}", source)[::-1] or sorted(begun) == sorted(
        re.findall(r"\\end\{(\w+)\*?\}", source)
    )
    assert source.count(r"\section*") == 2
    assert source.count("&=") >= 2


def test_a_function_has_no_notation() -> None:
    with pytest.raises(wg.EquationError) as error:
        wg.emit(lambda x: np.sum(np.sin(x)), np.ones(3), target="latex")
    assert str(error.value).splitlines()[0] == "A function has no notation that could be printed as LaTeX."
