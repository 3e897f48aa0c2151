"""The user's line: where a traced value was used, for messages. It knows the frames of Python and no graph."""

from __future__ import annotations

import ast
import linecache
import opcode
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from itertools import islice
from types import CodeType, FrameType, TracebackType
from typing import Any

from wengert.errors import TraceError, WengertError, place

_OURS = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
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


def own_error(error: Exception, is_traced: Callable[[Any], bool]) -> Exception:
    """What a traced value said to NumPy when NumPy asked it for a number, in place of the error that NumPy made of that; of what
    other code says to a traced value that it does not know, which call that was."""
    if isinstance(error.__cause__, TraceError):
        return error.__cause__
    if isinstance(error, WengertError) or error.__traceback__ is None:
        return error
    users = [step for step in _steps(error.__traceback__) if _owner(step.tb_frame) == "user"]
    if not users:
        return error
    line = users[-1].tb_frame.f_code, users[-1].tb_lasti
    named = bool(_NAMES_ONE.search(str(error)))
    if not _is_call(*line) or not (named or _is_given(users[-1].tb_frame, line, is_traced)):
        return error
    return TraceError(
        f"'{_called(*line)}' takes numbers and arrays, and knows no traced values.",
        shown_line(line),
        "Give it a derivative with wg.primitive, or call it outside of the function that is differentiated.",
    )


def _is_given(frame: FrameType, line: Line, is_traced: Callable[[Any], bool]) -> bool:
    """Whether the call of a function that belongs neither to the user nor to what knows traced values names one among its arguments."""
    try:
        call = ast.parse(_segment(*line).strip(), mode="eval").body
    except SyntaxError:
        return False
    if not isinstance(call, ast.Call):
        return False
    names: dict[str, Any] = {**frame.f_globals, **frame.f_locals}
    called = _meant(call.func, names)
    root = str(getattr(called, "__module__", None) or type(called).__module__).partition(".")[0].lstrip("_")
    module = sys.modules.get(root)
    file = getattr(module, "__file__", None) or ""
    if root in KNOWING or not (root in sys.stdlib_module_names or is_installed(file)):
        return False
    parts = [*call.args, *(keyword.value for keyword in call.keywords)]
    used = {each.id for part in parts for each in ast.walk(part) if isinstance(each, ast.Name)}
    return any(_holds(names.get(name), is_traced) for name in used)


KNOWING = frozenset(
    {"builtins", "numpy", "scipy", "wengert", "operator", "functools", "itertools", "collections", "contextlib"}
)
"""Modules whose errors about traced values are those about numbers."""


def _meant(expression: ast.expr, names: dict[str, Any]) -> Any:
    """What a name with attributes means; None for other expressions."""
    if isinstance(expression, ast.Name):
        return names.get(expression.id)
    if isinstance(expression, ast.Attribute):
        return getattr(_meant(expression.value, names), expression.attr, None)
    return None


def _holds(value: Any, is_traced: Callable[[Any], bool]) -> bool:
    parts = value.values() if type(value) is dict else value if type(value) in (list, tuple) else (value,)
    return any(map(is_traced, parts))


def _is_call(code: CodeType, instruction: int) -> bool:
    """Whether a call is done there. Of a function of Python, it is behind the caches of the instruction."""
    operations = code.co_code
    while instruction > 0 and operations[instruction] == opcode.opmap.get("CACHE", -1):
        instruction -= 2
    return operations[instruction] in _CALLS


_CALLS = {opcode.opmap[name] for name in ("CALL", "CALL_KW", "CALL_FUNCTION_EX") if name in opcode.opmap}
_NAMES_ONE = re.compile(r"\b(Live|LiveNumber|Traced)\b|<traced ")
"""What the errors of other code have that name a traced value."""


def _steps(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _called(code: CodeType, instruction: int) -> str:
    """What is called there, as the user wrote it."""
    return _segment(code, instruction).partition("(")[0].strip() or code.co_name


def _segment(code: CodeType, instruction: int) -> str:
    """The text of an instruction."""
    first, last, start, end = next(islice(code.co_positions(), instruction // 2, None), (None,) * 4)
    if first is None or last is None:
        return ""
    lines = [linecache.getline(code.co_filename, number).encode() for number in range(first, last + 1)]
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][start:]
    return b"".join(lines).decode(errors="ignore")


def _user_frame(frame: FrameType | None) -> FrameType | None:
    """The innermost frame that belongs neither to this package nor to what it calls: of installed code, that of the user who called it."""
    installed = None
    while frame is not None:
        owner = _owner(frame)
        if owner == "user":
            return frame
        if owner == "library":
            installed = installed or frame
        elif owner == "ours" and installed is not None:
            return installed
        frame = frame.f_back
    return installed


def _owner(frame: FrameType) -> str:
    """Whose a frame is: "ours", "beneath" us, of an installed "library" or of Python, or the "user"'s."""
    file = frame.f_code.co_filename
    known = _OWNERS.get(file)
    if known is None:
        if file.startswith(_OURS):
            known = "ours"
        elif str(frame.f_globals.get("__name__", "")).startswith(_BENEATH):
            known = "beneath"
        else:
            known = "library" if file.startswith(PYTHON) or is_installed(file) else "user"
        if not file.startswith("<"):  # one name for the code of many
            _OWNERS[file] = known
    return known


_OWNERS: dict[str, str] = {}
"""Files, and whose they are."""
PYTHON = os.path.dirname(os.__file__)
"""Where Python's own modules lie; `sysconfig` would read its whole configuration to say so."""


def is_installed(file: str) -> bool:
    """Whether a file is one of what is installed beside Python."""
    return any(part in file for part in ("site-packages", "dist-packages"))


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
