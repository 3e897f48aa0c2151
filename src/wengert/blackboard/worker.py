"""The process that computes for one session: requests come through a pipe, replies go back as JSON, an empty message ends an answer.

Limits of memory are set here, of time by the parent. A signal may stop the mathematics, never a message that is half written.
"""

from __future__ import annotations

import gc
import json
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any

DONE = b""
"""The message after the last reply to a request."""


class Cancelled(BaseException):
    """A newer request came: what is being computed is not wanted any more."""


def limit_memory(megabytes: int) -> None:
    """Data of this process may not grow beyond that; the address space is left alone, since LLVM and NumPy reserve much of it."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (megabytes << 20, megabytes << 20))


class Switch:
    """Whether a signal may interrupt now. `unwanted` is the number of the request whose answer nobody waits for any more.

    A signal that comes before its request is read, or after its answer, stops that request or none, never the next one.
    """

    def __init__(self, unwanted: Any) -> None:
        self.open, self.number, self.unwanted = False, 0, unwanted
        if hasattr(signal, "SIGUSR1"):
            signal.signal(signal.SIGUSR1, self.signalled)

    def signalled(self, *_: Any) -> None:
        if self.open and self.unwanted.value == self.number:
            self.open = False
            raise Cancelled

    def next(self, stages: Iterator[dict[str, Any]]) -> dict[str, Any] | None:
        """The next reply, while signals may stop it; None after the last."""
        self.open = True
        try:
            if self.unwanted.value == self.number:
                raise Cancelled
            return next(stages, None)
        finally:
            self.open = False


def serve(pipe: Connection, megabytes: int, unwanted: Any) -> None:
    """Answer requests until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    switch = Switch(unwanted)
    limit_memory(megabytes)
    from wengert.blackboard import warm  # noqa: F401  loaded already where this process was forked
    from wengert.blackboard.content import Content
    from wengert.blackboard.training import training

    content = Content()
    gc.freeze()  # what is loaded stays: collections look at what requests made only

    def inbox(wait: bool) -> dict[str, Any] | None:
        """What the page said meanwhile, or with `wait` what it says next."""
        return json.loads(pipe.recv_bytes()) if wait or pipe.poll() else None

    while True:
        try:
            request = json.loads(pipe.recv_bytes())
            if request["type"] == "control":  # of a training that has ended
                continue
            switch.number += 1
            stages = training(request, inbox) if request["type"] == "train" else content.reply(request)
            _answer(iter(stages), request.get("id"), pipe.send_bytes, switch)
            pipe.send_bytes(DONE)
        except (EOFError, BrokenPipeError, ConnectionError):
            return


def _answer(
    stages: Iterator[dict[str, Any]], number: int | None, send: Callable[[bytes], None], switch: Switch
) -> None:
    """All replies to a request; what goes wrong beside the mathematics is told to the page as `lost`."""
    try:
        while (reply := switch.next(stages)) is not None:
            send(encoded({**reply, "id": number}))
    except Cancelled:
        return
    except (MemoryError, RecursionError):
        send(encoded({"type": "lost", "why": "memory", "id": number}))
    except (EOFError, BrokenPipeError, ConnectionError):
        raise
    except Exception:
        traceback.print_exc()
        send(encoded({"type": "lost", "why": "error", "id": number}))


def encoded(reply: dict[str, Any]) -> bytes:
    """A reply as JSON."""
    return json.dumps(reply, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
