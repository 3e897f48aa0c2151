"""The machine and the versions that a run was made with, and a process held to some of its processors."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("wengert", "numpy", "scipy", "llvmlite", "jax", "torch", "autograd", "numba")
FOREIGN = ("OPENBLAS_", "OMP_", "MKL_", "XLA_", "JAX_", "TORCH")
"""How the names of settings of the peers begin."""
GPU = "a GPU"
"""What a contestant needs that computes on one."""


def pin(threads: int) -> None:
    """Hold this process to `threads` processors, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])


def realtime() -> None:
    """Run this process before all others, so that threads which wait for each other do not wait for a busy machine.

    Raises PermissionError where the user may not.
    """
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


def clock(threads: int) -> Callable[[], float]:
    """The processor time of this process where it has one processor, so that what else the machine does is not counted; elapsed
    time where it has several, since threads that wait for each other count too."""
    return time.process_time if threads == 1 else time.perf_counter


def settings(threads: int, gpu: bool = False) -> dict[str, str]:
    """The environment in which every library has `threads` threads and is else as it comes: a setting of the user's that holds
    a peer back, such as OPENBLAS_CORETYPE, is not passed on. Libraries read it when they are imported."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    one = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    return (
        own
        | ({} if gpu else {"JAX_PLATFORMS": "cpu"})
        | {
            "OPENBLAS_NUM_THREADS": str(threads),
            "OMP_NUM_THREADS": str(threads),
            "MKL_NUM_THREADS": str(threads),
            "VECLIB_MAXIMUM_THREADS": str(threads),
            "TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1",
            "TORCHINDUCTOR_COMPILE_THREADS": "1",
            "JAX_ENABLE_X64": "1",
            "XLA_FLAGS": one if threads == 1 else "",
        }
    )


def has(need: str) -> bool:
    """Whether a module or the compiler is installed, or a GPU is there."""
    if need == GPU:
        return shutil.which("nvidia-smi") is not None
    return shutil.which("gcc") is not None if need == "gcc" else importlib.util.find_spec(need) is not None


def processor() -> str:
    """The processor's name, with family and model where the system says them, for a name alone can mean several designs."""
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return platform.processor() or platform.machine()
    found = dict(re.findall(r"^(model name|cpu family|model)\s*:\s*(.+)$", cpuinfo.read_text(), re.MULTILINE))
    name = found.get("model name", platform.machine())
    family, model = found.get("cpu family"), found.get("model")
    return f"{name} (family {family}, model {model})" if family and model else name


def load() -> float:
    """How many processes compute, averaged over the last minute; NaN where the system does not say."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")


def versions() -> dict[str, str]:
    """The version of each package that is installed, of Python and of gcc."""
    found = {"Python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "absent"
    gcc = shutil.which("gcc")
    said = subprocess.run([gcc, "-dumpfullversion"], capture_output=True, text=True, check=True) if gcc else None
    return found | {"gcc": said.stdout.strip() if said else "absent"}


def description() -> dict[str, str]:
    """What stands above the table: processor, number of processors, system, versions."""
    return {
        "processor": processor(),
        "processors": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
    } | versions()
