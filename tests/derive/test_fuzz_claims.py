"""A few of the random documents of scripts/fuzz_claims.py: only EquationError leaves `review`, and soon."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from itertools import islice
from pathlib import Path
from types import ModuleType

import pytest

from tests.thorough import rounds


@cache
def script() -> ModuleType:
    path = Path(__file__).parents[2] / "scripts" / "fuzz_claims.py"
    spec = importlib.util.spec_from_file_location("fuzz_claims", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # the dataclasses of a module are looked up there
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("seed", range(4))
def test_random_documents_are_judged_or_refused(seed: int):
    fuzz = script()
    found = [(fuzz.problem(text), text) for text in islice(fuzz.mutated(seed), rounds(25, 150))]
    assert [pair for pair in found if pair[0]] == []


def test_random_lines_are_judged_or_refused():
    fuzz = script()
    found = [(fuzz.problem(text), text) for text in islice(fuzz.mutated(4, lines=True), rounds(400, 2000))]
    assert [pair for pair in found if pair[0]] == []


def test_what_is_mutated_is_there():
    assert len(script().documents()) > 60
