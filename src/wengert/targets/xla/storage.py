"""Checkpoints of arrays that lie on a mesh, by Orbax: each process writes its parts, in the background, and a folder is there whole or not."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from functools import partial
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from wengert.errors import MissingPackageError
from wengert.targets.mesh import Mesh, Spec
from wengert.targets.xla import hosts
from wengert.targets.xla.library import jax, sharding, wide
from wengert.targets.xla.over_mesh import grid

Array = Any
UNWRITTEN = (OSError, ValueError, RuntimeError)
"""What Orbax and its C++ raise where a file cannot be written."""
KEPT = 3
"""So many checkpoints are kept."""
DIGESTS = "digests"
"""The fact that has the SHA-256 of each array."""


def _orbax() -> Any:
    logging.getLogger("absl").setLevel(
        logging.ERROR
    )  # Orbax warns there of each checkpoint that waits for the one before
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
            digests = {name: _digest(np.asarray(array)) for name, array in arrays.items()}
            whole = args.Composite(arrays=args.StandardSave(tree), facts=args.JsonSave({**facts, DIGESTS: digests}))
            try:
                self._manager.save(step, args=whole)
            except UNWRITTEN as error:
                self._unwritten(error)

    def _given(self, array: Array, spec: Spec) -> Array:
        return jax.make_array_from_callback(array.shape, self._place(spec), lambda index: array[index])

    def _unwritten(self, error: Exception) -> None:
        self.say(f"A checkpoint could not be written: {first_line(error)}. The one before it stays.")
        self._manager = self._opened()

    def wait(self) -> None:
        """Until all is written."""
        try:
            self._manager.wait_until_finished()
        except UNWRITTEN as error:
            self._unwritten(error)

    def latest(
        self,
        types: Mapping[str, Array],
        specs: Mapping[str, Spec],
        require: Callable[[Mapping[str, Any]], None],
    ) -> tuple[dict[str, Array], dict[str, Any]] | None:
        """(arrays, facts) of the newest checkpoint that is whole; one that is not is said and laid aside. None without one.

        `require` gets the facts before any array is read, and raises where they are another training's: then nothing was touched.
        """
        only, kept = self._orbax.args.JsonRestore(), sorted(self._manager.all_steps(), reverse=True)
        facts = {
            step: self._agreed(step, partial(self._read, step, "JsonCheckpointHandler", facts=only)) for step in kept
        }
        for each in facts.values():
            if each is not None:
                require(each)
        for step, each in facts.items():
            arrays = None if each is None else self._arrays(step, types, specs, each[DIGESTS])
            if each is not None and arrays is not None:
                return arrays, {key: value for key, value in each.items() if key != DIGESTS}
            self._lay_aside(step)
        return None

    def _arrays(
        self, step: int, types: Mapping[str, Array], specs: Mapping[str, Spec], digests: Mapping[str, str]
    ) -> dict[str, Array] | None:
        with wide():
            wanted = self._orbax.args.StandardRestore(
                {
                    name: jax.ShapeDtypeStruct(np.shape(x), np.asarray(x).dtype, sharding=self._place(specs[name]))
                    for name, x in types.items()
                }
            )
            found = self._agreed(step, partial(self._read, step, "StandardCheckpointHandler", arrays=wanted))
            # Fetching is a collective: no rank begins it before all have read their parts.
            return None if found is None else self._agreed(step, lambda: self._whole(found, digests))

    def _whole(self, found: Mapping[str, Any], digests: Mapping[str, str]) -> dict[str, Array]:
        """Raises ValueError where an array is not the one that was written."""
        arrays = {name: self._fetched(x) for name, x in found.items()}
        for name, array in arrays.items():
            if _digest(array) != digests[name]:
                raise ValueError(f"the bytes of {name} are not those that were written")
        return arrays

    def _read(self, step: int, handler: str, **item: Any) -> Any:
        """One item of a checkpoint, without the barrier behind it that Orbax's manager has: a rank that cannot read would not come to it."""
        with closing(getattr(self._orbax, handler)()) as reader:
            ((name, wanted),) = item.items()
            return reader.restore(self.folder / str(step) / name, args=wanted)

    def _agreed(self, step: int, read: Callable[[], Any]) -> Any:
        """What is read; None where it is torn, for this process or another, which is said."""
        found, reason = None, ""
        try:
            found = read()
        except Exception as error:  # whatever a torn file makes of the reader
            reason = first_line(error)[:100]
        if hosts.agree(reason) and not reason:
            return found
        self.say(f"The checkpoint of step {step} is torn ({reason or 'for another rank'}); the one before it is used.")
        return None

    def _lay_aside(self, step: int) -> None:
        """Rename the folder of a torn checkpoint, so that another may be written in its place. Nothing is deleted."""
        if hosts.rank() == 0:
            free = next(
                name for k in count() if not (name := self.folder / f"torn-{step}{f'-{k}' if k else ''}").exists()
            )
            with suppress(OSError):  # a folder that may be read alone; then no checkpoint is written in its place
                (self.folder / str(step)).rename(free)
        hosts.agree("laid aside")
        self._manager = self._opened()

    def _fetched(self, array: Array) -> Array:
        if not array.is_fully_addressable and not array.is_fully_replicated:
            array = jax.jit(lambda x: x, out_shardings=self._place(()))(array)
        return np.array(array.addressable_data(0) if array.is_fully_replicated else array)


def first_line(error: Exception) -> str:
    """The first line of what an error says, or its class."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _digest(array: Array) -> str:
    """The SHA-256 of an array's bytes."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
