"""This process among those that train together: joining them, and whether it is the one that prints and writes."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version

from wengert.errors import TrainingError
from wengert.targets.base import mesh_target
from wengert.targets.mesh import Sharding
from wengert.train.meeting import Invitation
from wengert.train.task import Task, TrainOptions

PATIENCE = 300
"""The seconds that processes under Slurm, MPI or Kubernetes wait for one another."""


@dataclass(frozen=True)
class ProcessPlace:
    """The number of this process, and how many there are."""

    rank: int = 0
    count: int = 1


def join(task: Task, options: TrainOptions, sharding: Sharding | None, detected: bool) -> ProcessPlace:
    """Join the processes of a launch, or those that Slurm, MPI or Kubernetes knows of; alone where there are none.

    Raises TrainingError where there is no mesh, a rank is missing, or has other versions, options or equations.
    """
    invitation = Invitation.found()
    if invitation is None and not detected:
        return ProcessPlace()
    if sharding is None:
        raise TrainingError(
            "Several processes train on a mesh, and none is stated.",
            "  neither --mesh nor --shard is given",
            "Write, for example:  --backend xla --mesh data=2 --shard n=data",
        )
    facts = facts_of(task, options, sharding)
    target = mesh_target()
    if invitation is not None:
        coordinator = invitation.meet(facts)
        target.join(coordinator, invitation.count, invitation.rank, invitation.seconds)
    else:
        target.join(None, None, None, PATIENCE)
        if not target.agree(json.dumps(dict(facts), sort_keys=True)):
            raise TrainingError(
                "The ranks have other versions, options or equations.",
                f"  rank {target.rank()}: {facts}",
                "Give all ranks the same program, options and equations.",
            )
    return ProcessPlace(target.rank(), target.processes())


def facts_of(task: Task, options: TrainOptions, sharding: Sharding) -> Mapping[str, str]:
    """What all processes must have in common."""
    stated = {name: str(value) for name, value in vars(options).items() if name not in ("model", "log", "curve")}
    told = json.dumps([stated, repr(sharding)], sort_keys=True)
    equations = json.dumps([task.equations, dict(task.context)], sort_keys=True)
    return {
        "versions": f"Python {sys.version.split()[0]}, wengert {version('wengert')}, JAX {version('jax')}",
        "equations": hashlib.sha256(equations.encode()).hexdigest()[:16],
        "options": hashlib.sha256(told.encode()).hexdigest()[:16],
    }
