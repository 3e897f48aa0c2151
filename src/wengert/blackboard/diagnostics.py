"""What the reader says of a text, as data for an editor: where, the three lines, and a repair that is known to work.

Places count UTF-16 units, as JavaScript does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from wengert.errors import WengertError

TRIES = 4
"""So many ways of putting the code of a repair into the text are read."""
_CODE = re.compile(r":  (?P<code>[^\n]+)$")


def utf16(text: str, at: int) -> int:
    """The number of UTF-16 units before character `at`."""
    return at + sum(ord(sign) > 0xFFFF for sign in text[:at])


def diagnostic(error: WengertError, text: str, reads: Callable[[str], bool] | None = None) -> dict[str, Any]:
    """An error with its place; with `reads`, which says whether a text can be read, also the change that mends it, if one does."""
    span = getattr(error, "span", None)
    found: dict[str, Any] = {"severity": "error", "what": error.what, "where": error.where, "repair": error.repair}
    if span is not None:
        start, end = (min(max(at, 0), len(text)) for at in span)
        found |= {"from": utf16(text, start), "to": utf16(text, max(start, end))}
    if reads is not None and (fix := _fix(error, text, span, reads)):
        found["fix"] = fix
    return found


def warning(sentence: str, text: str) -> dict[str, Any]:
    """A guess of the reader; a warning quotes the line it is about, which gives it its place."""
    what, _, rest = sentence.partition("\n")
    quoted, _, repair = rest.partition("\n")
    found: dict[str, Any] = {"severity": "warning", "what": what, "where": "", "repair": repair.lstrip(" ^\n")}
    line = re.sub(r"^line \d+: ", "", quoted.strip())
    at = text.find(line) if line else -1
    if at >= 0:
        found |= {"from": utf16(text, at), "to": utf16(text, at + len(line))}
    return found


def _fix(
    error: WengertError, text: str, span: tuple[int, int] | None, reads: Callable[[str], bool]
) -> dict[str, Any] | None:
    """The change {from, to, insert} by the code of the repair after which the text can be read."""
    match = _CODE.search(error.repair)
    if match is None:
        return None
    code = match["code"].strip()
    for k, (start, end, put) in enumerate(_ways(text, span, code)):
        if k < TRIES and reads(text[:start] + put + text[end:]):
            return {"from": utf16(text, start), "to": utf16(text, end), "insert": put}
    return None


def _ways(text: str, span: tuple[int, int] | None, code: str) -> Iterator[tuple[int, int, str]]:
    """Code in the place of the line, in the place that is wrong, as a line before it, as the first line."""
    if span is not None:
        start, end = span
        first = text.rfind("\n", 0, start) + 1
        last = text.find("\n", max(start, end - 1))
        yield first, len(text) if last < 0 else last, code
        yield start, end, code
        yield first, first, code + "\n"
    yield 0, 0, code + "\n"
