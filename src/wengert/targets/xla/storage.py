"""Checkpoints by Orbax: written by one process in the background, read by all; a folder is there whole or not."""

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
from wengert.targets.xla import hosts

Array = Any
UNWRITTEN = (OSError, ValueError, RuntimeError)
"""What Orbax and its C++ raise where a file cannot be written."""
KEPT = 3
"""So many checkpoints are kept."""
WRITING = 300
"""A checkpoint that is not written after so many seconds counts as one that cannot be."""
DIGESTS = "digests"
"""The fact that has the SHA-256 of each array."""


def _orbax() -> Any:
    logging.getLogger("absl").setLevel(logging.CRITICAL)  # what cannot be written or read is said here, once
    try:
        return import_module("orbax.checkpoint")
    except ModuleNotFoundError:
        raise MissingPackageError(
            "Checkpoints need Orbax, which is not installed.",
            "  there is no module orbax.checkpoint",
            "Install it:  pip install 'wengert[xla]'",
        ) from None


class FolderStore:
    """The checkpoints of a folder. `say` gets a sentence for each that cannot be written or read.

    The first process alone writes, as each has all arrays then: Orbax's writers would wait for one another, and for ever where one of
    them could not write. All read.
    """

    def __init__(self, folder: str | Path, say: Callable[[str], None]) -> None:
        self._orbax = _orbax()
        self.folder, self.say = Path(folder).absolute(), say
        self._manager = self._opened()

    def _opened(self) -> Any:
        """Orbax's manager in the process that writes; None in others."""
        if hosts.rank():
            return None
        options = self._orbax.options
        alone = options.MultiprocessingOptions(primary_host=0, active_processes={0}, barrier_sync_key_prefix="writer")
        waiting = options.AsyncOptions(timeout_secs=WRITING)
        self.folder.mkdir(parents=True, exist_ok=True)
        return self._orbax.CheckpointManager(
            self.folder,
            options=self._orbax.CheckpointManagerOptions(
                max_to_keep=KEPT,
                enable_async_checkpointing=True,
                create=False,
                async_options=waiting,
                multiprocessing_options=alone,
            ),
        )

    def save(self, step: int, arrays: Mapping[str, Array], facts: Mapping[str, Any]) -> None:
        """Write a checkpoint in the background; where it cannot be written, that is said, and the one before stays."""
        self.wait()  # so that one that could not be written is said alone
        if self._manager is None:
            return
        args = self._orbax.args
        tree = {name: np.array(array) for name, array in arrays.items()}
        digests = {name: _digest(array) for name, array in tree.items()}
        whole = args.Composite(arrays=args.StandardSave(tree), facts=args.JsonSave({**facts, DIGESTS: digests}))
        try:
            self._manager.save(step, args=whole)
        except UNWRITTEN as error:
            self._unwritten(error)

    def _unwritten(self, error: Exception) -> None:
        self.say(f"A checkpoint could not be written: {first_line(error)}. The one before it stays.")
        self._manager = self._opened()

    def wait(self) -> None:
        """Until all is written."""
        if self._manager is None:
            return
        try:
            self._manager.wait_until_finished()
        except UNWRITTEN as error:
            self._unwritten(error)

    def latest(
        self, types: Mapping[str, Array], require: Callable[[Mapping[str, Any]], None]
    ) -> tuple[dict[str, Array], dict[str, Any]] | None:
        """(arrays, facts) of the newest checkpoint that is whole; one that is not is said and laid aside. None without one.

        `require` gets the facts before any array is read, and raises where they are another training's: then nothing was touched.
        """
        facts = {step: self._agreed(step, partial(self._facts, step)) for step in self._steps()}
        for each in facts.values():
            if each is not None:
                require(each)
        for step, each in facts.items():
            arrays = None if each is None else self._agreed(step, partial(self._arrays, step, types, each[DIGESTS]))
            if each is not None and arrays is not None:
                return arrays, {key: value for key, value in each.items() if key != DIGESTS}
            self._lay_aside(step)
        return None

    def _steps(self) -> tuple[int, ...]:
        """The steps of the checkpoints, newest first, as the process that writes has them: others may not see them yet."""
        mine = () if self._manager is None else sorted(self._manager.all_steps(), reverse=True)
        return hosts.of_first(mine)

    def _facts(self, step: int) -> dict[str, Any]:
        return self._read(step, "JsonCheckpointHandler", facts=self._orbax.args.JsonRestore())

    def _arrays(self, step: int, types: Mapping[str, Array], digests: Mapping[str, str]) -> dict[str, Array]:
        """Raises ValueError where an array is not the one that was written."""
        wanted = self._orbax.args.StandardRestore({name: np.asarray(x) for name, x in types.items()})
        arrays = {name: np.array(x) for name, x in self._read(step, "StandardCheckpointHandler", arrays=wanted).items()}
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


def first_line(error: Exception) -> str:
    """The first line of what an error says, or its class."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _digest(array: Array) -> str:
    """The SHA-256 of an array's bytes."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
