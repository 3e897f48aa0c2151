"""Imported by the process that workers are forked from: what a first answer loads is loaded there once, for all of them."""

from __future__ import annotations

import os

# One session computes on one processor; and threads of a library would not survive the fork.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

from wengert.blackboard import training  # noqa: E402, F401
from wengert.blackboard.content import Content  # noqa: E402
from wengert.blackboard.samples import HIDDEN  # noqa: E402

for _ in Content().edit(HIDDEN):
    pass
