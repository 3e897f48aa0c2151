"""Products touch their operands and results only: the pages before and behind each array forbid access."""

from __future__ import annotations

from contextlib import ExitStack

import numpy as np
import pytest

from tests.targets.native.products import Program, callables, guarded, spec_of, workspace
from tests.thorough import everyday

CASES = [
    (m, n, k)
    for m, n, k in (
        *((4, 5, 6), (3, 3, 3), (2, 17, 3), (64, 10, 40), (33, 65, 31), (9, 33, 65), (100, 7, 16), (17, 100, 1100)),
        *(
            (1, 70, 40),
            (70, 1, 40),
            (50, 3, 40),
            (2, 50, 40),
            (5, 31, 9),
            (120, 530, 530),
            (1, 1100, 17),
            (1, 600, 1000),
        ),
    )
]


@everyday(1, "sizes", "dtype", lambda a_transposed, b_transposed: (a_transposed, b_transposed))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sizes", CASES, ids=str)
@pytest.mark.parametrize(("a_transposed", "b_transposed"), [(False, False), (True, False), (False, True), (True, True)])
def test_nothing_outside_the_arrays_is_read_or_written(sizes, dtype, a_transposed, b_transposed):
    m, n, k = sizes
    rng = np.random.default_rng(0)
    a = rng.integers(-9, 10, (k, m) if a_transposed else (m, k)).astype(dtype)
    b = rng.integers(-9, 10, (n, k) if b_transposed else (k, n)).astype(dtype)
    left, right = a.T if a_transposed else a, b.T if b_transposed else b
    spec = spec_of(left, right)
    (run,) = callables(Program(spec).text(), ["program"])
    for at_end in (False, True):
        with ExitStack() as stack:
            inside = [stack.enter_context(guarded(x, at_end)) for x in (a, b, np.zeros((m, n), dtype))]
            work = stack.enter_context(guarded(workspace(spec), at_end))
            run(*inside, None, work)
            np.testing.assert_array_equal(inside[2], left @ right)
            del inside, work
