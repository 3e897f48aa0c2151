"""One page, whatever carries its messages: the newest request of each kind waits, older ones are dropped.

A session has two processes with limits of time and memory: one answers, the other trains, so that a training can be ended at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from wengert.blackboard.process import Worker

RESTING = "check"
"""What is asked when typing rests; an edit does not wait for it, and the page asks again."""
PATIENCE = 0.4
"""An answer that is younger is not cancelled for a newer request of its kind: fast typing would never see one."""
HOURS = 3600.0
"""So long may a training go on."""


class Session:
    """The requests of one page and their answers; `send` takes each reply, as JSON."""

    def __init__(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        self.send = send
        self.worker, self.trainer = Worker(), Worker()
        self.newest: dict[str, dict[str, Any]] = {}
        self.running = ""
        self.wake = asyncio.Event()
        self.training: asyncio.Task[None] | None = None
        self.lock = asyncio.Lock()
        self.work: asyncio.Task[None] | None = None

    async def taken(self, found: dict[str, Any]) -> None:
        """A request, put where it will be answered."""
        if found["type"] == "train":
            await self.stop()
            self.training = asyncio.create_task(self.answer(self.trainer, found, HOURS))
        elif found["type"] == "control" and found.get("to") == "stop":
            await self.stop()
        elif found["type"] == "control":
            self.trainer.tell(found)
        else:
            if found["type"] == "edit":
                self.newest.pop(RESTING, None)
            self.newest[found["type"]] = found
            if found["type"] == self.running:
                self.worker.cancel(PATIENCE)
            elif found["type"] == "edit" and self.running == RESTING:
                self.worker.cancel()
            self.wake.set()

    async def stop(self) -> None:
        """End a training at once, with its process."""
        if self.training is not None and not self.training.done():
            self.training.cancel()
            await asyncio.to_thread(self.trainer.drop)

    def begin(self) -> None:
        """Answer from now on what is asked."""
        self.work = asyncio.create_task(self._work())

    async def _work(self) -> None:
        """Answer what waits, the oldest kind first, until it is cancelled."""
        while True:
            await self.wake.wait()
            self.wake.clear()
            while self.newest:
                self.running = next(iter(self.newest))
                await self.answer(self.worker, self.newest.pop(self.running))
                self.running = ""

    async def answer(self, worker: Worker, asked: dict[str, Any], seconds: float | None = None) -> None:
        """Send the replies to a request as they come."""
        async for reply in worker.ask(asked, seconds):
            async with self.lock:
                await self.send(reply)

    async def close(self) -> None:
        """End both processes."""
        tasks = [task for task in (self.work, self.training) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self.worker.close)
        await asyncio.to_thread(self.trainer.close)
