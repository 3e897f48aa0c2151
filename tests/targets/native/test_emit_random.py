"""Random nests: native code gives what the interpreter of nests gives, to the last bit."""

from __future__ import annotations

import random
from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.targets.native.nests import RUNNABLE, native, random_program
from tests.thorough import rounds
from wengert.targets.native import outlining, widths
from wengert.targets.native.loops.interpret import run
from wengert.targets.native.loops.show import show


@settings(max_examples=rounds(25, 80), deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(RUNNABLE), st.booleans(), st.booleans())
def test_random_nests_equal_the_interpreter(seed, target, masked, split):
    """On every target; also with every ragged loop under a mask, and with every statement a function of its own."""
    program, arrays = random_program(random.Random(seed))
    heavy, whole = 0 if masked else widths.HEAVY, 0 if split else outlining.WHOLE
    with patch.object(widths, "HEAVY", heavy), patch.object(outlining, "WHOLE", whole):
        status, results = native(program, arrays, target=target)
    assert status == 0
    for buffer, found, wanted in zip(program.outputs, results, run(program, arrays), strict=True):
        assert np.array_equal(found, wanted), f"{buffer!r} in\n{show(program)}"
