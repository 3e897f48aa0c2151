"""What a process of a launch does before its command: it speaks to the launcher, and ends when the launcher is gone.

Python's standard error goes to the launcher, which tells the user at once; what the C++ of JAX writes to file 2 (a stack trace, where a
neighbour is gone) is kept apart.
"""

from __future__ import annotations

import os
import sys
import threading

HEARD, TOLD = "WENGERT_HEARD", "WENGERT_TOLD"
"""Numbers of open files: the end of one says that the launcher is gone; into the other the process says what the user should hear."""
ABANDONED = 3
"""The status of a process whose launcher is gone."""


def attach() -> None:
    """Speak to the launcher, and end with it, however it ends."""
    sys.stderr = os.fdopen(int(os.environ[TOLD]), "w", buffering=1, encoding="utf-8", errors="backslashreplace")
    threading.Thread(target=_end_with, args=(int(os.environ[HEARD]),), daemon=True).start()


def _end_with(launcher: int) -> None:
    while os.read(launcher, 1):
        continue
    os._exit(ABANDONED)
