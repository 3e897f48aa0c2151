"""The user's line: where a traced value was used, for messages. It knows the frames of Python and no graph."""

from __future__ import annotations

import linecache
import opcode
import sys
from contextvars import ContextVar
from itertools import islice
from pathlib import Path
from types import CodeType, FrameType

from wengert.errors import TraceError, place

_OURS = str(Path(__file__).parents[1])
_BENEATH = tuple(
    f"{part}{end}" for part in ("numpy", "scipy", "optree", "contextlib", "functools") for end in (".", "")
)


Line = tuple[CodeType, int]
"""A place in the user's code: the code of a function and the instruction in it."""
STANDS_FOR: ContextVar[Line | None] = ContextVar("stands_for", default=None)
"""The line whose call is done now, where that is later than the line has run: errors of today are about that line."""


def running(depth: int = 1) -> Line | None:
    """The line of the user's code that is running, or that for which something is done now; the caller is `depth` frames up."""
    found = STANDS_FOR.get()
    if found is not None:
        return found
    frame = _user_frame(sys._getframe(depth))
    return None if frame is None else (frame.f_code, frame.f_lasti)


def user_line() -> str:
    """The line of the user's code that is running, with a caret; the name of its function where there is no text of it."""
    return shown_line(running(2))


def shown_line(line: Line | None) -> str:
    """A line, with a caret."""
    return "  outside of any file" if line is None else _shown(*line)


def _shown(code: CodeType, instruction: int) -> str:
    lines = linecache.getlines(code.co_filename)
    positions = next(islice(code.co_positions(), instruction // 2, None), (None,) * 4)
    number = positions[0]
    if number is None or not 0 < number <= len(lines):
        return f"  in '{code.co_name}'"
    first, last = _columns(positions, lines[number - 1])
    start = sum(len(line) for line in lines[: number - 1])
    return place("".join(lines), start + first, start + last)


_STORES = {opcode.opmap[name] for name in ("STORE_SUBSCR", "STORE_SLICE") if name in opcode.opmap}


def is_assignment() -> bool:
    """Whether the user's line, as it runs now, assigns to an entry or a slice of something."""
    frame = _user_frame(sys._getframe(1))
    return frame is not None and frame.f_code.co_code[frame.f_lasti] in _STORES


def own_error(error: ValueError) -> Exception:
    """What a traced value said to NumPy when NumPy asked it for a number, in place of the error that NumPy made of that."""
    return error.__cause__ if isinstance(error.__cause__, TraceError) else error


def _user_frame(frame: FrameType | None) -> FrameType | None:
    """The innermost frame that belongs neither to this package nor to what it calls."""
    while frame is not None:
        file = frame.f_code.co_filename
        known = _USERS.get(file)
        if known is None:
            known = not file.startswith(_OURS) and not str(frame.f_globals.get("__name__", "")).startswith(_BENEATH)
            if not file.startswith("<"):  # one name for the code of many
                _USERS[file] = known
        if known:
            return frame
        frame = frame.f_back
    return None


_USERS: dict[str, bool] = {}
"""Files, and whether they are the user's."""


def _columns(positions: tuple[int | None, ...], line: str) -> tuple[int, int]:
    """The characters of the line that are running."""
    first_line, last_line, first, last = positions
    body = line.rstrip("\n")
    start = len(body) - len(body.lstrip())
    if first is None or last is None:
        return start, len(body)
    data = body.encode()
    begin = len(data[:first].decode(errors="ignore"))
    return begin, len(data[:last].decode(errors="ignore")) if last_line == first_line else len(body)
