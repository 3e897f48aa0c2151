"""Checkpoints of arrays that lie on a mesh, by Orbax: each process writes its parts, in the background, and a folder is there whole or not."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from wengert.errors import MissingPackageError
from wengert.targets.mesh import Mesh, Spec
from wengert.targets.xla.library import jax, sharding, wide
from wengert.targets.xla.over_mesh import grid

Array = Any
UNWRITTEN = (OSError, ValueError, RuntimeError)
"""What Orbax and its C++ raise where a file cannot be written."""
KEPT = 3
"""So many checkpoints are kept."""


def _orbax() -> Any:
    try:
        return import_module("orbax.checkpoint")
    except ModuleNotFoundError:
        raise MissingPackageError(
            "Checkpoints need Orbax, which is not installed.",
            "  there is no module orbax.checkpoint",
            "Install it:  pip install 'wengert[xla]'",
        ) from None


class FolderStore:
    """The checkpoints of a folder. `say` gets a sentence for each that cannot be written or read."""

    def __init__(self, folder: str | Path, mesh: Mesh | None, say: Callable[[str], None]) -> None:
        self._orbax = _orbax()
        self.folder, self.say = Path(folder).absolute(), say
        self._grid = None if mesh is None else grid(mesh)
        self._manager = self._opened()

    def _opened(self) -> Any:
        options = self._orbax.CheckpointManagerOptions(max_to_keep=KEPT, enable_async_checkpointing=True, create=True)
        return self._orbax.CheckpointManager(self.folder, options=options)

    def _place(self, spec: Spec) -> Any:
        if self._grid is None:
            return sharding.SingleDeviceSharding(jax.devices()[0])
        return sharding.NamedSharding(self._grid, sharding.PartitionSpec(*spec))

    def save(self, step: int, arrays: Mapping[str, Array], specs: Mapping[str, Spec], facts: Mapping[str, Any]) -> None:
        """Write a checkpoint in the background; where it cannot be written, that is said, and the one before stays."""
        args = self._orbax.args
        with wide():
            tree = {name: self._given(np.asarray(array), specs[name]) for name, array in arrays.items()}
            whole = args.Composite(arrays=args.StandardSave(tree), facts=args.JsonSave(dict(facts)))
            try:
                self._manager.save(step, args=whole)
            except UNWRITTEN as error:
                self._unwritten(error)

    def _given(self, array: Array, spec: Spec) -> Array:
        return jax.make_array_from_callback(array.shape, self._place(spec), lambda index: array[index])

    def _unwritten(self, error: Exception) -> None:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        self.say(f"A checkpoint could not be written: {reason}. The one before it stays.")
        self._manager = self._opened()

    def wait(self) -> None:
        """Until all is written."""
        try:
            self._manager.wait_until_finished()
        except UNWRITTEN as error:
            self._unwritten(error)

    def latest(
        self, types: Mapping[str, Array], specs: Mapping[str, Spec]
    ) -> tuple[dict[str, Array], dict[str, Any]] | None:
        """(arrays, facts) of the newest checkpoint that is whole; those that are not are said and taken away. None without one."""
        args = self._orbax.args
        for step in sorted(self._manager.all_steps(), reverse=True):
            with wide():
                abstract = {
                    name: jax.ShapeDtypeStruct(np.shape(x), np.asarray(x).dtype, sharding=self._place(specs[name]))
                    for name, x in types.items()
                }
                wanted = args.Composite(arrays=args.StandardRestore(abstract), facts=args.JsonRestore())
                try:
                    found = self._manager.restore(step, args=wanted)
                    return {name: self._fetched(x) for name, x in found.arrays.items()}, found.facts
                except Exception as error:  # whatever a torn file makes of the reader
                    reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
                    self.say(f"The checkpoint of step {step} is torn ({reason}); the one before it is used.")
                    if jax.process_index() == 0:
                        shutil.rmtree(self.folder / str(step), ignore_errors=True)
                    self._manager = self._opened()
        return None

    def _fetched(self, array: Array) -> Array:
        if not array.is_fully_addressable and not array.is_fully_replicated:
            array = jax.jit(lambda x: x, out_shardings=self._place(()))(array)
        return np.array(array.addressable_data(0) if array.is_fully_replicated else array)
