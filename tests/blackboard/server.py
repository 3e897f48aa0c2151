"""A board that runs as a person would start it, for the tests that talk to it and those that drive a browser."""

from __future__ import annotations

import http.client
import re
import subprocess
import sys
from collections.abc import Sequence

from websockets.sync.client import ClientConnection, connect

START = "import sys; sys.argv = ['wengert', 'board', '--no-open', *sys.argv[1:]]; from wengert.cli import main; main()"


class Server:
    """The process of `wengert board`, its address and what it answers."""

    def __init__(self, arguments: Sequence[str] = ()) -> None:
        command = [sys.executable, "-c", START, *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/\?token=([\w-]{43})", self.address)
        assert found is not None
        self.port, self.token = int(found[1]), found[2]
        self.host = f"127.0.0.1:{self.port}"

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def workers(self) -> set[int]:
        """The processes that work for pages: children of the one that the server starts to fork them."""
        shown = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        parents = {int(pid): int(parent) for pid, parent in map(str.split, shown.splitlines())}
        return {pid for pid, parent in parents.items() if parents.get(parent) == self.process.pid}

    @property
    def cookie(self) -> str:
        return f"wengert-board-{self.port}={self.token}"

    def get(self, path: str, **headers: str | None) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body; a header that is None is left out."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = {"Host": self.host, "Cookie": self.cookie} | headers
        connection.putrequest("GET", path, skip_host=True)
        for name, value in sent.items():
            if value is not None:
                connection.putheader(name, value)
        connection.endheaders()
        found = connection.getresponse()
        body = found.read()
        connection.close()
        return found.status, dict(found.getheaders()), body

    def socket(self, origin: str | None = "", cookie: str | None = None) -> ClientConnection:
        """A WebSocket as the board's own page opens it, or with another origin or cookie."""
        headers = {"Cookie": self.cookie if cookie is None else cookie}
        own = f"http://{self.host}" if origin == "" else origin
        return connect(
            f"ws://{self.host}/ws",
            origin=own,
            additional_headers=headers,
            open_timeout=60,
            close_timeout=5,
            max_size=2**24,
        )  # type: ignore[arg-type]
