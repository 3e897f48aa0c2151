"""A worker process as its parent sees it: started, asked, cancelled, killed at its limit, started again."""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

from wengert.blackboard.worker import DONE, serve

MEGABYTES = 1024
SECONDS = 20.0
"""So long may one answer take."""

_MAIN = threading.Lock()
_METHODS = multiprocessing.get_all_start_methods()
CONTEXT: Any = multiprocessing.get_context("forkserver" if "forkserver" in _METHODS else "spawn")
if "forkserver" in _METHODS:
    CONTEXT.set_forkserver_preload(["wengert.blackboard.warm"])


def warm_up() -> None:
    """Start the process that workers are forked from, before the first one is asked for."""
    if "forkserver" in _METHODS:
        from multiprocessing import forkserver

        forkserver.ensure_running()


@contextlib.contextmanager
def unnamed_main() -> Iterator[None]:
    """A process that is started here does not import the user's script or notebook, which would run once more in it."""
    with _MAIN:
        main = sys.modules["__main__"]
        kept = {name: main.__dict__[name] for name in ("__file__", "__spec__") if name in main.__dict__}
        main.__dict__.pop("__file__", None)
        main.__spec__ = None
        try:
            yield
        finally:
            main.__dict__.update(kept)


class Process:
    """One process with a thread that hands its messages on; `take` gets each, and None when it has ended."""

    def __init__(self, take: Callable[[bytes | None], None], megabytes: int = MEGABYTES) -> None:
        here, there = CONTEXT.Pipe()
        self.pipe, self.take = here, take
        self.sent, self.unwanted = 0, CONTEXT.RawValue("q", 0)  # requests are counted on both sides
        self.process = CONTEXT.Process(target=serve, args=(there, megabytes, self.unwanted), daemon=True)
        with unnamed_main():
            self.process.start()
        there.close()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                message = self.pipe.recv_bytes()
            except (EOFError, OSError):
                self.take(None)
                return
            self.take(message)

    @property
    def alive(self) -> bool:
        return self.process.is_alive()

    def send(self, request: Mapping[str, Any]) -> None:
        """Raises OSError where the process has ended."""
        self.sent += request["type"] != "control"
        self.pipe.send_bytes(json.dumps(request).encode())

    def cancel(self) -> None:
        """Stop the answer to what was sent last; where a system has no signals, the process ends."""
        if hasattr(signal, "SIGUSR1"):
            self.unwanted.value = self.sent
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGUSR1)
        else:
            self.kill()

    def kill(self) -> None:
        """End the process; its memory of texts is lost."""
        self.process.kill()
        self.process.join()


class Worker:
    """A process for requests one after the other; one that takes too long, or dies, is replaced at the next request."""

    def __init__(self, seconds: float = SECONDS, megabytes: int = MEGABYTES) -> None:
        self.seconds, self.megabytes = seconds, megabytes
        self.process: Process | None = None
        self.replies: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.since = 0.0
        self.busy = self.sent = self.closed = False
        self.words: list[Mapping[str, Any]] = []

    async def _ready(self) -> Process:
        """The process, started where there is none."""
        if self.process is None or not self.process.alive:
            loop, replies = asyncio.get_running_loop(), asyncio.Queue[bytes | None]()

            def take(message: bytes | None) -> None:
                with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
                    loop.call_soon_threadsafe(replies.put_nowait, message)

            made = await asyncio.shield(asyncio.to_thread(Process, take, self.megabytes))
            self.process, self.replies = made, replies
            if self.closed:
                made.kill()
        return self.process

    async def ask(self, request: Mapping[str, Any], seconds: float | None = None) -> AsyncIterator[bytes]:
        """The replies as JSON; the last one is `lost` where there is no answer within the limit."""
        self.busy, self.since = True, time.monotonic()
        self.sent, self.words = False, []
        try:
            process = await self._ready()
            self.since = time.monotonic()
            limit = self.seconds if seconds is None else seconds
            try:
                for message in (request, *self.words):
                    process.send(message)
                self.sent = True
                while (left := self.since + limit - time.monotonic()) > 0:
                    async with asyncio.timeout(left):
                        message = await self.replies.get()
                    if message == DONE:
                        return
                    if message is None:
                        break
                    yield message
                why = "died" if left > 0 else "time"
            except TimeoutError:
                why = "time"
            except OSError:
                why = "died"
            self.drop()
            yield json.dumps({"type": "lost", "why": why, "id": request.get("id")}).encode()
        finally:
            self.busy = False

    def cancel(self, age: float = 0.0) -> None:
        """Stop an answer that nobody waits for any more, where it is older than so many seconds."""
        if self.busy and self.process is not None and time.monotonic() - self.since > age:
            self.process.cancel()

    def tell(self, message: Mapping[str, Any]) -> None:
        """A word to a request that is being answered; while its process starts it is kept."""
        if self.busy and not self.sent:
            self.words.append(message)
        elif self.busy and self.process is not None:
            with contextlib.suppress(OSError):
                self.process.send(message)

    def drop(self) -> None:
        """End the process; the next request starts another."""
        if self.process is not None:
            self.process.kill()
            self.process = None

    def close(self) -> None:
        """End the process for good."""
        self.closed = True
        self.drop()
