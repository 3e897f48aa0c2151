"""What the reader says of a text, as data for an editor: where, the three lines, and repairs that are known to work.

Places count UTF-16 units, as JavaScript does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from wengert.errors import WengertError
from wengert.languages import LANGUAGES, printed

CODES = 3
"""So many alternatives of a repair are tried."""
_CODE = re.compile(r":  (?P<code>[^\n]+)$")
_OTHERS = re.compile(r",?  or  |,  ")


def utf16(text: str, at: int) -> int:
    """The number of UTF-16 units before character `at`."""
    return at + sum(ord(sign) > 0xFFFF for sign in text[:at])


def diagnostic(
    error: WengertError, text: str, reads: Callable[[str], bool] | None = None, lang: str = LANGUAGES[0]
) -> dict[str, Any]:
    """An error with its place; with `reads`, which says whether a text can be read, also the changes that mend it."""
    span = getattr(error, "span", None)
    what, repair = printed(error.what, lang), printed(error.repair, lang)
    found: dict[str, Any] = {"severity": "error", "what": what, "where": error.where, "repair": repair}
    if span is not None:
        start, end = (min(max(at, 0), len(text)) for at in span)
        found |= {"from": utf16(text, start), "to": utf16(text, max(start, end))}
    if reads is not None and (fixes := list(_fixes(error, text, span, reads))):
        found["fixes"] = fixes
    return found


def warning(sentence: str, text: str, lang: str = LANGUAGES[0]) -> dict[str, Any]:
    """A guess of the reader; a warning quotes the line it is about, which gives it its place."""
    what, _, rest = sentence.partition("\n")
    quoted, _, repair = rest.partition("\n")
    said = printed(what, lang), printed(repair.lstrip(" ^\n"), lang)
    found: dict[str, Any] = {"severity": "warning", "what": said[0], "where": "", "repair": said[1]}
    line = re.sub(r"^line \d+: ", "", quoted.strip())
    at = text.find(line) if line else -1
    if at >= 0:
        found |= {"from": utf16(text, at), "to": utf16(text, at + len(line))}
    return found


def _fixes(
    error: WengertError, text: str, span: tuple[int, int] | None, reads: Callable[[str], bool]
) -> Iterator[dict[str, Any]]:
    """The change that the error states; else for each code that its repair names one after which the text can be read."""
    if error.fix is not None and reads(error.fix.applied(text)):
        start, end, put = error.fix
        yield {"from": utf16(text, start), "to": utf16(text, end), "insert": put, "code": put.strip()}
        return
    match = _CODE.search(error.repair)
    codes = [] if match is None else [code.strip() for code in _OTHERS.split(match["code"])]
    for code in codes[:CODES]:
        for start, end, put in _ways(text, span, code):
            if reads(text[:start] + put + text[end:]):
                yield {"from": utf16(text, start), "to": utf16(text, end), "insert": put, "code": code}
                break


def _ways(text: str, span: tuple[int, int] | None, code: str) -> Iterator[tuple[int, int, str]]:
    """An equation in the place of what is wrong or of its line; a declaration, which has no equals sign, as a line before it."""
    if span is None:
        yield 0, 0, code + "\n"
        return
    start, end = span
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", max(start, end - 1))
    if "=" not in code:
        yield first, first, code + "\n"
    yield start, end, code
    if "=" in code:
        yield first, len(text) if last < 0 else last, code
