"""Processes that share one mesh: joining them, and who this one is. On CPUs their collectives go by gloo."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec

import numpy as np

from wengert.errors import GraphError
from wengert.targets.xla.library import jax

HEARTBEAT = 10
"""A process that is silent for so many seconds counts as gone."""


def join(coordinator: str | None, count: int | None, rank: int | None, seconds: int) -> None:
    """Join the others at the address of the first; without one, as Slurm, MPI or Kubernetes says where they are.

    Raises GraphError where they do not come within so many seconds.
    """
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    try:
        jax.distributed.initialize(
            coordinator,
            count,
            rank,
            cluster_detection_method=None if coordinator else _method(),
            initialization_timeout=seconds,
            heartbeat_timeout_seconds=HEARTBEAT,
        )
    except (ValueError, RuntimeError) as error:
        raise GraphError(
            "The processes did not come together.",
            f"  {str(error).splitlines()[0]}",
            "Start them by wengert launch, or by srun, mpirun or a job of Kubernetes: see docs/scale.md.",
        ) from error


def _method() -> str | None:
    """ "mpi4py" under an MPI that JAX does not know by itself, where that package is there; None for what JAX detects."""
    known = {"SLURM_PROCID", "OMPI_MCA_orte_hnp_uri"} & os.environ.keys()
    by_mpi = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"} & os.environ.keys()
    return "mpi4py" if by_mpi and not known and find_spec("mpi4py") is not None else None


def leave() -> None:
    """Leave the others, when all is done."""
    jax.distributed.shutdown()


def rank() -> int:
    """The number of this process, counted from 0."""
    return jax.process_index()


def processes() -> int:
    """How many processes share the mesh."""
    return jax.process_count()


def agree(text: str) -> bool:
    """Whether all processes give the same text; they wait for one another."""
    if processes() == 1:
        return True
    gathered = import_module("jax.experimental.multihost_utils").process_allgather
    digest = np.frombuffer(hashlib.sha256(text.encode()).digest(), np.int32)
    found = np.asarray(gathered(digest)).reshape(processes(), -1)
    return bool((found == digest).all())


def of_first(numbers: Sequence[int]) -> tuple[int, ...]:
    """The numbers that the first process gives; they wait for one another."""
    if processes() == 1:
        return tuple(numbers)
    told = import_module("jax.experimental.multihost_utils").broadcast_one_to_all
    count = int(told(np.int32(len(numbers))))
    mine = np.zeros(count, np.int32) if rank() else np.asarray(numbers, np.int32)
    return tuple(int(number) for number in np.asarray(told(mine)))
