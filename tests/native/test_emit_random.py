"""Random nests: native code gives what the interpreter of nests gives, to the last bit."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.native.nests import RUNNABLE, native, random_program
from wengert.loops.interpret import run
from wengert.loops.show import show


@settings(max_examples=75, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(RUNNABLE))
def test_random_nests_equal_the_interpreter(seed, target):
    program, arrays = random_program(random.Random(seed))
    status, results = native(program, arrays, target=target)
    assert status == 0
    for buffer, found, wanted in zip(program.outputs, results, run(program, arrays), strict=True):
        assert np.array_equal(found, wanted), f"{buffer!r} in\n{show(program)}"
