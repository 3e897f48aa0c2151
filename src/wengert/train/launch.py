"""Starts the processes of a training on this machine, ends all when one is gone, and starts them again from the last checkpoint.

A process whose neighbour dies is ended by JAX without an exception, so the sentence is said here, and nothing depends on what a process
does at its end.
"""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import IO, Any

from wengert.errors import TrainingError
from wengert.train.launched import HEARD, TOLD
from wengert.train.meeting import Host, Invitation

STOPPING = 5.0
"""The seconds that processes have to end by themselves when they are told to."""
SCRIPT = "from wengert.train.launched import attach; attach(); from wengert.cli import main; main()"
MISTAKE, INTERRUPTED, TERMINATED = 2, 130, 143


class _Terminated(BaseException):
    """The launcher got SIGTERM."""


@dataclass
class _Heard:
    """What the ranks of one attempt say, line by line: what several say alike is told once."""

    say: Callable[[str], None]
    told: Counter[str] = field(default_factory=Counter[str])
    lock: threading.Lock = field(default_factory=threading.Lock)

    def listen(self, pipe: IO[str]) -> threading.Thread:
        """A thread that tells what one rank says, until it is gone."""
        thread = threading.Thread(target=self._tell, args=(pipe,), daemon=True)
        thread.start()
        return thread

    def _tell(self, pipe: IO[str]) -> None:
        own: Counter[str] = Counter()
        with pipe:
            for line in pipe:
                own[line] += 1
                with self.lock:
                    if own[line] > self.told[line]:
                        self.told[line] += 1
                        self.say(line.rstrip("\n"))


class _Attempt(ExitStack):
    """The processes of one start. At its end all are stopped; should the launcher be killed, they hear it by the end of a pipe."""

    def __init__(self, heard: _Heard) -> None:
        super().__init__()
        self.heard = heard
        self.ranks: list[subprocess.Popen[bytes]] = []
        self.threads: list[threading.Thread] = []
        self.alive, mine = os.pipe()
        for end in (self.alive, mine):
            self.callback(os.close, end)
        self.callback(lambda: [thread.join(STOPPING) for thread in self.threads])
        self.callback(lambda: _stop(self.ranks))

    def start(self, command: Sequence[str], invitation: Invitation) -> None:
        """Start a rank, and tell what it says. The first one's standard output is the launcher's."""
        listening, told = os.pipe()
        with tempfile.TemporaryFile() as noise:
            self.ranks.append(
                subprocess.Popen(
                    [sys.executable, "-c", SCRIPT, *command],
                    env={**os.environ, **invitation.environment(), HEARD: str(self.alive), TOLD: str(told)},
                    stdout=None if invitation.rank == 0 else subprocess.DEVNULL,
                    stderr=noise,
                    pass_fds=(self.alive, told),
                    start_new_session=True,
                )
            )
        os.close(told)
        self.threads.append(self.heard.listen(os.fdopen(listening, encoding="utf-8", errors="replace")))


@dataclass
class Launch:
    """`count` processes of one command of wengert. `say` gets what happened and what the processes say, as soon as they do."""

    count: int
    command: Sequence[str]
    restarts: int
    seconds: int
    say: Callable[[str], None]
    on_start: Callable[[list[int]], None] = lambda pids: None

    def run(self) -> int:
        """The status of the command: 0 where all ranks came to their end.

        Raises TrainingError on Windows.
        """
        if platform.system() == "Windows":
            raise TrainingError(
                "Several processes are not launched on Windows.",
                "  they hear of each other's end by pipes, which a process of Windows cannot hand on by number",
                "Train with one process, or launch several in Linux (WSL) or on macOS.",
            )
        with _terminable():
            for attempt in range(self.restarts + 1):
                status = self._once()
                if status in (0, MISTAKE, INTERRUPTED, TERMINATED) or attempt == self.restarts:
                    return status
                self.say(f"Starting again from the last checkpoint, {attempt + 1} of {self.restarts} times.")
        return 1

    def _once(self) -> int:
        host = Host(self.count, self.seconds)
        with _Attempt(_Heard(self.say)) as attempt:
            attempt.callback(host.close)
            try:
                for rank in range(self.count):
                    attempt.start(self.command, Invitation(host.address, rank, self.count, self.seconds))
                self.on_start([rank.pid for rank in attempt.ranks])
                wrong = _first_gone(attempt.ranks)
            except KeyboardInterrupt:
                return INTERRUPTED
            except _Terminated:
                return TERMINATED
        return self._judged(wrong) if wrong else 0

    def _judged(self, wrong: Sequence[tuple[int, int]]) -> int:
        """Say who went first; the status of the launch."""
        if any(status == MISTAKE for _, status in wrong):
            return MISTAKE  # the rank has said which
        # SIGABRT is how JAX ends a rank that misses another; the one that it misses has another status.
        k, status = next((each for each in wrong if each[1] != -signal.SIGABRT), wrong[0])
        if status == -signal.SIGABRT:
            self.say(f"Rank {k} lost touch with another one; all were stopped.")
        elif status < 0:
            self.say(
                f"Rank {k} was ended by signal {-status} ({signal.Signals(-status).name}); the others were stopped."
            )
        else:
            self.say(f"Rank {k} ended with status {status}; the others were stopped.")
        return status if status > 0 else 1


def _first_gone(ranks: Sequence[subprocess.Popen[bytes]]) -> list[tuple[int, int]]:
    """(rank, status) of those that ended wrongly, as soon as there are any; none where all came to their end."""
    while True:
        ended = [(k, rank.poll()) for k, rank in enumerate(ranks)]
        wrong = [(k, status) for k, status in ended if status]
        if wrong or all(status == 0 for _, status in ended):
            return wrong
        time.sleep(0.05)


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


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM ends the ranks too: it is raised in the main thread, the only one that signals reach."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def raised(number: int, frame: Any) -> None:
        raise _Terminated

    before = signal.signal(signal.SIGTERM, raised)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
