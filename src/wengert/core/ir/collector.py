"""Python's collector of cycles, which waits while a long graph is made: nodes form none, and each look at all of them takes time."""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def waiting() -> Generator[None]:
    """While this is open no cycles are collected, in no thread; where they are not collected anyway nothing changes."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
