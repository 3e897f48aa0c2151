"""Samples of scipy.sparse: the product that all matrices have."""

from __future__ import annotations

import numpy as np

from tests.coverage.samples import NAMED, cases
from wengert.scipy import sparse

RNG = np.random.default_rng(15)
DATA, ROWS, COLS = RNG.normal(size=6), [0, 2, 1, 2, 0, 0], [1, 3, 0, 0, 3, 1]
NAMED[sparse.row_sums] = "scipy.sparse.A @ x"

SAMPLES = cases(
    sparse.row_sums,
    *((DATA, x, {"rows": ROWS, "cols": COLS, "size": 3}) for x in (RNG.normal(size=4), RNG.normal(size=(4, 2)))),
    complex_step=True,
    single=False,
    call=lambda *args, **kwargs: next(x for x in args if hasattr(x, "call")).call(sparse.row_sums, args, kwargs),
    reference=sparse.row_sums,
)
