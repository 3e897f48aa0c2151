"""What runs in the process of a file: limits are set, then the file is judged, and the report is written as JSON."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wengert.errors import CheckError, WengertError
from wengert.programs.files import check_text, given_shapes

REFUSED = (
    *(
        "os.remove",
        "os.rename",
        "os.mkdir",
        "os.rmdir",
        "os.link",
        "os.symlink",
        "os.truncate",
        "os.chmod",
        "os.chown",
    ),
    *(
        "shutil.rmtree",
        "shutil.move",
        "shutil.copyfile",
        "shutil.copytree",
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "os.fork",
    ),
    *("os.posix_spawn", "os.spawn", "socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "os.kill"),
)
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class TooLong(BaseException):
    """The time of a pair is over."""


class Guard:
    """What the file was refused, and the time of a pair."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.refused: list[str] = []
        self.on = True

    def audit(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.on or not self._is_refused(event, args):
            return
        what = (
            f"opens {args[0]!r} for writing"
            if event == "open"
            else f"calls {event}{(' of ' + repr(args[0])) if args and isinstance(args[0], str) else ''}"
        )
        self.refused.append(what)
        raise PermissionError(f"refused: the file {what}")

    def _is_refused(self, event: str, args: tuple[Any, ...]) -> bool:
        if event != "open":
            return event in REFUSED
        path, mode, flags = (*args, None, None, None)[:3]
        if path == os.devnull or isinstance(path, int):
            return False
        return (isinstance(mode, str) and any(sign in mode for sign in "wax+")) or (
            isinstance(flags, int) and bool(flags & WRITES)
        )

    def timed(self, do: Callable[[], Any]) -> Any:
        signal.signal(signal.SIGALRM, self._stop)
        signal.setitimer(signal.ITIMER_REAL, self.seconds)
        try:
            return do()
        except TooLong:
            raise CheckError(
                f"It does not end: it was stopped after {self.seconds:g} seconds.",
                "  no line of it was judged",
                'Leave out what runs for long, or give smaller sizes:  --shapes "x=(4,3)"',
            ) from None
        except MemoryError:
            raise CheckError(
                "It needs more memory than it is given.",
                "  the limit is 4 GiB",
                'Give smaller sizes:  --shapes "x=(4,3)"',
            ) from None
        except EOFError:
            raise CheckError(
                "It waits for input, and there is none.",
                "  a file that is checked has an empty standard input",
                "Take the numbers as arguments.",
            ) from None
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _stop(self, *_: Any) -> None:
        raise TooLong


def main(given: dict[str, Any]) -> None:
    """Judge the file that is given, and write the report to standard output."""
    out = os.fdopen(os.dup(1), "w")
    quiet = open(os.devnull, "w")  # noqa: SIM115 - it stays open as long as the process
    os.dup2(quiet.fileno(), 1)
    sys.stdout, sys.stdin = quiet, io.StringIO()
    warnings.simplefilter("ignore")
    guard = Guard(given["seconds"])
    data = _judged(given, guard)
    guard.on = False
    json.dump(data, out)
    out.flush()


def _judged(given: dict[str, Any], guard: Guard) -> dict[str, Any]:
    from wengert.targets.base import default

    default().keep_code(False)
    try:
        import resource
    except ImportError:  # Windows has no such limits
        resource = None
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_AS, (given["memory"], given["memory"]))
    sys.addaudithook(guard.audit)
    file = Path(given["file"]) if given["file"] else None
    try:
        report = guard.timed(
            lambda: check_text(given["text"], given["name"], given_shapes(given["shapes"]), guard.timed, file)
        )
    except WengertError as error:
        if not guard.refused:
            return {"error": (error.what, error.where, error.repair)}
        report = None
    if guard.refused:
        return {
            "error": (
                f"'{given['name']}' {guard.refused[0]}, which is refused.",
                "  nothing was changed, and nothing is judged",
                "Leave this out, or put it below:  if __name__ == '__main__':",
            )
        }
    assert report is not None
    return report.to_json()
