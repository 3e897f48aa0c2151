"""A file is run in a process of its own: limits of time and memory, no writing, no network, no other programs.

This guards against accidents, not against an attacker: who judges what strangers send runs it in a container.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from wengert.errors import CheckError
from wengert.programs.report import Report

SECONDS = 300  # of a file
PAIR_SECONDS = 60  # of a pair
MEMORY = 4 << 30
START = "import sys, json; given = json.load(sys.stdin); sys.path[:0] = given['path']; from wengert.programs.worker import main; main(given)"


def run_file(text: str, name: str, shapes: str = "", seconds: float = SECONDS, file: Path | None = None) -> Report:
    """Run and judge the pairs of a file in a process with limits; with `file`, the modules of its project that it imports are run too.

    Raises CheckError where the file cannot be run, takes too long, or does what is refused.
    """
    with tempfile.TemporaryDirectory(prefix="wengert-run-") as folder:
        given = {
            "text": text,
            "name": name,
            "file": str(file.resolve()) if file is not None else "",
            "shapes": shapes,
            "path": [p for p in sys.path if p],
            "memory": MEMORY,
            "seconds": PAIR_SECONDS,
        }
        environment = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")}
        environment.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
        command = [sys.executable, "-I", "-B", "-c", START]
        try:
            done = subprocess.run(
                command,
                input=json.dumps(given),
                capture_output=True,
                text=True,
                cwd=folder,
                env=environment,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise CheckError(
                f"'{name}' does not end: it was stopped after {seconds:g} seconds.",
                "  nothing of it was judged",
                'Leave out what runs for long, or give smaller sizes:  --shapes "x=(4,3)"',
            ) from None
    return _report(done, name)


def _report(done: subprocess.CompletedProcess[str], name: str) -> Report:
    try:
        data: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        last = (done.stderr.strip().split("\n") or [""])[-1]
        raise CheckError(
            f"'{name}' brought its process to an end.",
            f"  status {done.returncode}{': ' + last[:150] if last else ''}",
            'It may need more memory, or leave by os._exit; give smaller sizes:  --shapes "x=(4,3)"',
        ) from None
    if "error" in data:
        raise CheckError(*data["error"])
    return Report.from_json(data)
