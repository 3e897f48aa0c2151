"""The user's line: where a traced value was used, for messages. It knows the frames of Python and no graph."""

from __future__ import annotations

import linecache
import opcode
import sys
from itertools import islice
from pathlib import Path
from types import FrameType, TracebackType

from wengert.errors import TraceError, place

_OURS = str(Path(__file__).parents[1])
_BENEATH = tuple(
    f"{part}{end}" for part in ("numpy", "scipy", "optree", "contextlib", "functools") for end in (".", "")
)


def user_line() -> str:
    """The line of the user's code that is running, with a caret; the name of its function where there is no text of it."""
    frame = _user_frame(sys._getframe(1))
    return "  outside of any file" if frame is None else _shown(frame, frame.f_lineno, frame.f_lasti)


def raised_line(trace: TracebackType | None) -> str:
    """The innermost line of the user's code that an error has come through."""
    found = "  outside of any file"
    while trace is not None:
        if _user_frame(trace.tb_frame) is trace.tb_frame:
            found = _shown(trace.tb_frame, trace.tb_lineno, trace.tb_lasti)
        trace = trace.tb_next
    return found


def _shown(frame: FrameType, number: int, place_in_code: int) -> str:
    lines = linecache.getlines(frame.f_code.co_filename, frame.f_globals)
    if not 0 < number <= len(lines):
        return f"  in '{frame.f_code.co_name}'"
    first, last = _columns(frame, number, place_in_code, lines[number - 1])
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
        module = str(frame.f_globals.get("__name__", ""))
        if not frame.f_code.co_filename.startswith(_OURS) and not module.startswith(_BENEATH):
            return frame
        frame = frame.f_back
    return None


def _columns(frame: FrameType, number: int, place_in_code: int, line: str) -> tuple[int, int]:
    """The characters of the line that are running."""
    index = place_in_code // 2
    first_line, last_line, first, last = next(islice(frame.f_code.co_positions(), index, None), (None,) * 4)
    body = line.rstrip("\n")
    start = len(body) - len(body.lstrip())
    if first is None or last is None or first_line != number:
        return start, len(body)
    data = body.encode()
    begin = len(data[:first].decode(errors="ignore"))
    return begin, len(data[:last].decode(errors="ignore")) if last_line == first_line else len(body)
