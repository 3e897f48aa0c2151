"""What a run of the tests arranges for the processes that it starts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

INNER = "import os, signal; print('ready', flush=True); os.kill(os.getpid(), signal.SIGINT); print('ignored')"
OUTER = f"""
import signal, subprocess, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
if "heeding" in sys.argv:
    from tests.conftest import heed_ctrl_c
    heed_ctrl_c()
print(subprocess.run([sys.executable, "-c", {INNER!r}], capture_output=True, text=True).stdout.split())
"""


def started(*arguments: str) -> str:
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", OUTER, *arguments], cwd=root, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_ctrl_c_reaches_processes_of_tests_that_run_in_the_background():
    assert started() == "['ready', 'ignored']"
    assert started("heeding") == "['ready']"
