"""Runs a script in a process that has several virtual CPU devices: how many there are is read once, when JAX starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
LIMIT = 300
"""The seconds after which a process counts as hung."""


def run(script: str, devices: int = 8, status: int = 0) -> str:
    """What the script prints."""
    flags = f"--xla_force_host_platform_device_count={devices} --xla_cpu_collective_call_terminate_timeout_seconds=60"
    path = f"{ROOT / 'src'}{os.pathsep}{ROOT}"
    env = {**os.environ, "XLA_FLAGS": flags, "PYTHONPATH": path, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout
