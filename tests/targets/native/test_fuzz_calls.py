"""A few thousand of the random calls of scripts/fuzz_calls.py, and that it would find an entry that checks too little."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from wengert.targets.native import numpy_abi, plan

SCRIPT = Path(__file__).parents[3] / "scripts" / "fuzz_calls.py"


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("fuzz_calls", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_the_entry_and_the_checks_in_python_agree_on_random_calls(script):
    fine, wrong = script.fuzz(5000, seed=1)
    assert wrong == []
    assert 1000 < fine < 4500


@pytest.mark.parametrize("bit", [numpy_abi.C_CONTIGUOUS, numpy_abi.WRITEABLE])
def test_an_entry_that_forgets_a_flag_is_found(script, monkeypatch, bit):
    whole = plan._leaf

    def forgetful(*args):
        leaf = whole(*args)
        leaf.mask &= ~bit
        leaf.flags &= ~bit
        return leaf

    monkeypatch.setattr(plan, "_leaf", forgetful)
    _, wrong = script.fuzz(5000, seed=1)
    assert wrong
