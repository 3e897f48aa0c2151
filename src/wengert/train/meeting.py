"""The meeting of the processes of a launch, before anything else is set up: who is there, and whether all mean the same training.

A socket on which each says what it is, and hears where all go on, or why not. It knows no JAX, whose own meeting ends a process that
finds itself alone without a sentence.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from wengert.errors import TrainingError

MEETING, RANK, PROCESSES, PATIENCE = "WENGERT_MEETING", "WENGERT_RANK", "WENGERT_PROCESSES", "WENGERT_PATIENCE"


@dataclass(frozen=True)
class Invitation:
    """What the launcher tells a process by its environment."""

    address: tuple[str, int]
    rank: int
    count: int
    seconds: int

    @staticmethod
    def found() -> Invitation | None:
        """That of this process; None where it was not launched."""
        if MEETING not in os.environ:
            return None
        host, port = os.environ[MEETING].rsplit(":", 1)
        numbers = (int(os.environ[name]) for name in (RANK, PROCESSES, PATIENCE))
        return Invitation((host, int(port)), *numbers)

    def environment(self) -> dict[str, str]:
        """The same as variables."""
        host, port = self.address
        return {
            MEETING: f"{host}:{port}",
            RANK: str(self.rank),
            PROCESSES: str(self.count),
            PATIENCE: str(self.seconds),
        }

    def meet(self, facts: Mapping[str, str]) -> str:
        """The address where all go on.

        Raises TrainingError where one is missing, or is another training.
        """
        with socket.create_connection(self.address, timeout=self.seconds + 10) as connection:
            connection.sendall(json.dumps({"rank": self.rank, "facts": dict(facts)}).encode() + b"\n")
            answer = json.loads(_line(connection))
        if "refused" in answer:
            raise TrainingError(*answer["refused"])
        return answer["coordinator"]


def _line(connection: socket.socket) -> bytes:
    got = b""
    while not got.endswith(b"\n"):
        more = connection.recv(65536)
        if not more:
            raise TrainingError(
                "The launcher is gone.", "  it closed the connection", "Start all again:  wengert launch …"
            )
        got += more
    return got


@dataclass
class Host:
    """The launcher's side: it waits for `count` processes for so many seconds, in a thread of its own."""

    count: int
    seconds: int
    refused: tuple[str, str, str] | None = None
    _socket: socket.socket = field(default_factory=socket.socket)

    def __post_init__(self) -> None:
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(self.count)
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def address(self) -> tuple[str, int]:
        """Where the processes find it."""
        host, port = self._socket.getsockname()
        return host, port

    def close(self) -> None:
        """No one is waited for any more."""
        self._socket.close()

    def _run(self) -> None:
        here: dict[int, tuple[socket.socket, dict[str, str]]] = {}
        end = time.monotonic() + self.seconds
        try:
            while len(here) < self.count and time.monotonic() < end:
                self._socket.settimeout(max(end - time.monotonic(), 0.01))
                try:
                    connection, _ = self._socket.accept()
                    connection.settimeout(self.seconds)
                    said = json.loads(_line(connection))
                    here[said["rank"]] = connection, said["facts"]
                except TimeoutError:
                    break
            self.refused = self._judge({rank: facts for rank, (_, facts) in here.items()})
            answer = {"refused": self.refused} if self.refused else {"coordinator": f"127.0.0.1:{free_port()}"}
            for connection, _ in here.values():
                connection.sendall(json.dumps(answer).encode() + b"\n")
                connection.close()
        except (OSError, TrainingError):
            return  # closed, or a process died while it spoke: the launcher sees that itself
        finally:
            self._socket.close()

    def _judge(self, here: Mapping[int, Mapping[str, str]]) -> tuple[str, str, str] | None:
        missing = sorted(set(range(self.count)) - set(here))
        if missing:
            return (
                f"Rank {missing[0]} of {self.count} did not come within {self.seconds} s.",
                f"  there are {', '.join(map(str, sorted(here))) or 'none'}",
                "See what it printed, or wait longer:  --patience",
            )
        for key in here[0]:
            other = next((rank for rank in here if here[rank].get(key) != here[0][key]), None)
            if other is not None:
                return (
                    f"Ranks 0 and {other} have other {key}.",
                    f"  rank 0: {here[0][key]}; rank {other}: {here[other].get(key)}",
                    "Give all ranks the same program, options and equations.",
                )
        return None


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
