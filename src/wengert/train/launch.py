"""Starts the processes of a training on this machine, ends all when one is gone, and starts them again from the last checkpoint.

A process whose neighbour dies is ended by JAX without an exception, so the sentence is said here, and nothing depends on what a process
does at its end.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import IO, Any

from wengert.train.meeting import Host, Invitation

STOPPING = 5.0
"""The seconds that processes have to end by themselves when they are told to."""
_SCRIPT = "from wengert.cli import main; main()"
MISTAKE, INTERRUPTED = 2, 130


@dataclass
class Launch:
    """`count` processes of one command of wengert. `say` gets what happened, a sentence each time."""

    count: int
    command: Sequence[str]
    restarts: int
    seconds: int
    say: Callable[[str], None]
    on_start: Callable[[list[int]], None] = lambda pids: None
    _errors: list[IO[Any]] = field(default_factory=list[Any])

    def run(self) -> int:
        """The status of the command: 0 where all ranks came to their end."""
        for attempt in range(self.restarts + 1):
            status = self._once()
            if status in (0, MISTAKE, INTERRUPTED) or attempt == self.restarts:
                return status
            self.say(f"Starting again from the last checkpoint, {attempt + 1} of {self.restarts} times.")
        return 1

    def _once(self) -> int:
        with ExitStack() as files:
            self._errors = [files.enter_context(tempfile.TemporaryFile()) for _ in range(self.count)]
            return self._watched(Host(self.count, self.seconds))

    def _watched(self, host: Host) -> int:
        ranks = [self._started(rank, host) for rank in range(self.count)]
        self.on_start([rank.pid for rank in ranks])
        try:
            while True:
                ended = [(k, rank.poll()) for k, rank in enumerate(ranks) if rank.poll() is not None]
                wrong = [(k, status) for k, status in ended if status]
                if wrong:
                    return self._ended(ranks, wrong)
                if len(ended) == self.count:
                    return 0
                time.sleep(0.05)
        except KeyboardInterrupt:
            return INTERRUPTED
        finally:
            _stop(ranks)
            host.close()

    def _started(self, rank: int, host: Host) -> subprocess.Popen[bytes]:
        invitation = Invitation(host.address, rank, self.count, self.seconds)
        return subprocess.Popen(
            [sys.executable, "-c", _SCRIPT, *self.command],
            env={**os.environ, **invitation.environment()},
            stdout=None if rank == 0 else subprocess.DEVNULL,
            stderr=self._errors[rank],
            start_new_session=True,
        )

    def _ended(self, ranks: Sequence[subprocess.Popen[bytes]], wrong: Sequence[tuple[int, int]]) -> int:
        """Say who went first, and end the others; the status of the launch."""
        mistaken = next((k for k, status in wrong if status == MISTAKE), None)
        # SIGABRT is how JAX ends a rank that misses another; the one that it misses has another status.
        k, status = next((each for each in wrong if each[1] != -signal.SIGABRT), wrong[0])
        _stop(ranks)
        if mistaken is not None:
            self.say("\n".join(self._said(mistaken).rstrip().splitlines()[-3:]))
            return MISTAKE
        if status == -signal.SIGABRT:
            self.say(f"Rank {k} lost touch with another one; all were stopped.")
        elif status < 0:
            self.say(
                f"Rank {k} was ended by signal {-status} ({signal.Signals(-status).name}); the others were stopped."
            )
        else:
            self.say(f"Rank {k} ended with status {status}; the others were stopped.")
            last = self._said(k).rstrip().splitlines()[-3:]
            self.say("\n".join(f"  {line}" for line in last))
        return status if status > 0 else 1

    def _said(self, rank: int) -> str:
        self._errors[rank].seek(0)
        return self._errors[rank].read().decode(errors="replace")


def _stop(ranks: Sequence[subprocess.Popen[bytes]]) -> None:
    """Tell all that run to end, and end those that do not."""
    running = [rank for rank in ranks if rank.poll() is None]
    for rank in running:
        rank.terminate()
    end = time.monotonic() + STOPPING
    for rank in running:
        try:
            rank.wait(max(end - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            rank.kill()
            rank.wait()
