"""How much memory is there, and the refusal of what needs more, before it is begun.

What counts is the least of: what the system says is available, what is left of the limits of the control groups that the process
is in (also those around it), and what is left of the process's own limit of addresses. Where none of these can be read, nothing is refused.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator

from wengert.errors import MemoryLimitError

SMALL = 64 * 2**20
"""What needs so few bytes is not asked about: to ask takes some 0.1 ms."""
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_GROUPS = "/sys/fs/cgroup"
_PROCESS = "/proc/self"
_SYSTEM = "/proc/meminfo"


def require(needed: int, what: str, where: str, repair: str) -> None:
    """Refuse what needs more bytes than are there; `what` is it, as the subject of a sentence.

    Raises MemoryLimitError.
    """
    if needed <= SMALL:
        return
    there = available()
    if there is not None and needed > there:
        raise MemoryLimitError(f"{what} needs {shown(needed)}, and {shown(there)} are there.", where, repair)


def refused(error: MemoryError, where: str) -> MemoryLimitError:
    """The error in three lines, where memory was asked for and not given."""
    if isinstance(error, MemoryLimitError):
        return error
    return MemoryLimitError(
        "An array on the way does not fit in the memory that is there.",
        f"  {str(error) or where}",
        "Work on fewer entries at a time, or sum them before they stand side by side.",
    )


def shown(count: int) -> str:
    """A number of bytes for a reader."""
    power = min(int(math.log2(max(count, 1))) // 10, len(_UNITS) - 1)
    return f"{count / 1024**power:.3g} {_UNITS[power]}"


def available() -> int | None:
    """The bytes that can be had now; None where nothing tells."""
    found = [*_of_system(), *_of_groups(), *_of_addresses()]
    return max(0, min(found)) if found else None


def _of_system() -> Iterator[int]:
    facts = _facts(_SYSTEM)
    if "MemAvailable" in facts:
        yield 1024 * (facts["MemAvailable"] + facts.get("SwapFree", 0))
        return
    try:  # other systems say how much there is in all
        yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return


def _of_groups() -> Iterator[int]:
    """What is left of the limits of the control groups, of both versions."""
    for line in _text(os.path.join(_PROCESS, "cgroup")).splitlines():
        _, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        if names == "":
            yield from _left(_GROUPS, path, "memory.max", "memory.current", "inactive_file")
        elif "memory" in names.split(","):
            files = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            yield from _left(os.path.join(_GROUPS, "memory"), path, *files)


def _left(root: str, path: str, limit: str, used: str, reclaimed: str) -> Iterator[int]:
    """What is left of a group and of each around it. Pages of files that nobody uses are given back when memory is short."""
    parts = [part for part in path.split("/") if part not in ("", "..")]
    for folder in [os.path.join(root, *parts[:k]) for k in range(len(parts), -1, -1)]:
        most, now = (_text(os.path.join(folder, name)).strip() for name in (limit, used))
        if most.isdecimal() and now.isdecimal():
            yield int(most) - int(now) + _facts(os.path.join(folder, "memory.stat")).get(reclaimed, 0)


def _of_addresses() -> Iterator[int]:
    """What is left of the process's limit of addresses (ulimit -v)."""
    try:
        import resource
    except ImportError:  # Windows
        return
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY:
        pages = _text(os.path.join(_PROCESS, "statm")).split()
        yield limit - (int(pages[0]) * os.sysconf("SC_PAGE_SIZE") if pages else 0)


def _text(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def _facts(path: str) -> dict[str, int]:
    """The numbers of lines such as "name: 3 kB" or "name 3"."""
    rows = (line.replace(":", " ").split() for line in _text(path).splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdecimal()}
