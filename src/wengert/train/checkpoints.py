"""Checkpoints of a training that is spread or may be killed: parameters and moments with step, place in the data, seed and topology."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from wengert.errors import ModelError
from wengert.targets.base import mesh_target
from wengert.targets.mesh import Mesh
from wengert.train.model import EpochRecord, Progress
from wengert.train.model_file import TrainingRun


class Checkpoints:
    """The checkpoints of one training, in a folder; every `every` updates one."""

    def __init__(
        self,
        folder: str | Path,
        every: int,
        run: TrainingRun,
        fingerprint: str,
        mesh: Mesh | None,
        say: Callable[[str], None],
    ) -> None:
        self.every, self.run, self.fingerprint = every, run, fingerprint
        self.mesh, self.folder = mesh, folder
        self.store = mesh_target().store(folder, say)
        self.done = 0
        """The updates at the last checkpoint."""

    def __call__(self, progress: Progress) -> None:
        """Write one, where enough updates were made since the last."""
        updates = int(progress.state["count"])  # pyright: ignore[reportArgumentType]
        if updates - self.done < self.every:
            return
        self.done = updates
        self.store.save(updates, _arrays(progress), self._facts(progress))

    def close(self) -> None:
        """Wait until all is written."""
        self.store.wait()

    def latest(self, start: Progress) -> Progress:
        """The newest progress that is whole, or the start.

        Raises ModelError where the folder has checkpoints of another training.
        """
        found = self.store.latest(_arrays(start), self._require)
        if found is None:
            return start
        kept, facts = found
        self.done = facts["count"]
        return _restored(start, kept, facts)

    def _require(self, facts: Mapping[str, Any]) -> None:
        for key, mine in self._what().items():
            if facts.get(key) != mine:
                raise ModelError(
                    "The checkpoints are those of another training.",
                    f"  {self.folder}: its {key} is {facts.get(key)!r}, and this one's {mine!r}",
                    "Name another folder with --checkpoints, or start from an empty one.",
                )

    def _what(self) -> dict[str, Any]:
        return {
            "fingerprint": self.fingerprint,
            "seed": self.run.seed,
            "batch": self.run.batch,
            "optimizer": self.run.optimizer,
            "data": self.run.data,
        }

    def _facts(self, progress: Progress) -> dict[str, Any]:
        return {
            **self._what(),
            "mesh": None if self.mesh is None else self.mesh.axes,
            "count": int(progress.state["count"]),  # pyright: ignore[reportArgumentType]
            "epoch": progress.epoch,
            "step": progress.step,
            "loss_sum": float(progress.loss_sum).hex(),
            "history": [asdict(record) for record in progress.history],
        }


def _arrays(progress: Progress) -> dict[str, Any]:
    """Parameters and moments by one name each."""
    moments: Any = {key: value for key, value in progress.state.items() if key != "count"}
    groups = {"parameter": progress.params, **moments}
    return {f"{group}/{name}": array for group, arrays in groups.items() for name, array in arrays.items()}


def _restored(start: Progress, kept: Mapping[str, Any], facts: Mapping[str, Any]) -> Progress:
    groups: dict[str, dict[str, Any]] = {}
    for name, array in kept.items():
        group, _, own = name.partition("/")
        groups.setdefault(group, {})[own] = array
    params = {name: groups["parameter"][name] for name in start.params}
    state: dict[str, Any] = {"count": facts["count"]}
    for key, value in start.state.items():
        if key != "count":
            state[key] = {name: groups[key][name] for name in value}  # pyright: ignore[reportGeneralTypeIssues]
    return replace(
        start,
        params=params,
        state=state,
        epoch=facts["epoch"],
        step=facts["step"],
        loss_sum=float.fromhex(facts["loss_sum"]),
        history=tuple(EpochRecord(**record) for record in facts["history"]),
    )
