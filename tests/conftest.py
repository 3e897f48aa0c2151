"""Bounds of a test process: a test that would take all memory fails by itself, and leaves the others theirs."""

from __future__ import annotations

import resource

MEMORY = 8 * 2**30
"""So many bytes a process of tests may hold, on a machine where some run at once."""


def pytest_configure() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    allowed = MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard)
    if soft == resource.RLIM_INFINITY or soft > allowed:
        resource.setrlimit(resource.RLIMIT_DATA, (allowed, hard))
