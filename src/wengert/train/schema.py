"""What a record of JSON may hold: each reader takes a value and its place, and gives it back or raises WrongError.

A reader accepts what it names and nothing else: no field too many or too few, no truth value for a number, no number outside
its range. The module knows no model.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias

Reader: TypeAlias = Callable[[Any, str], Any]
"""Takes a value of JSON and its place in the record, such as run.batch, and gives the value."""

LONGEST_TEXT = 2**24
"""So many characters has the longest text that a record may hold."""
SHOWN = 40


class WrongError(Exception):
    """A value that does not belong where it stands: `place` in the record, and what is wrong there, as a sentence's end."""

    def __init__(self, place: str, fault: str) -> None:
        super().__init__(place, fault)
        self.place = place
        self.fault = fault


def loads(text: str | bytes) -> Any:
    """The value that JSON writes.

    Raises WrongError where it is none, a field stands twice, or a number is none of JSON.
    """
    try:
        return json.loads(text, object_pairs_hook=_without_doubles, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise WrongError("", f"is no JSON: {error}") from error


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        double, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise WrongError(inside("", double), "stands there twice")
    return found


def _no_number(text: str) -> Any:
    raise WrongError("", f"holds {text}, which is no number of JSON")


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def wrong(value: Any, place: str, wanted: str) -> WrongError:
    """The error for a value that is not what stands there."""
    return WrongError(place, f"is {_shown(value)}, where {wanted} stands")


def whole(least: int, most: int) -> Reader:
    """A whole number from `least` to `most`."""

    def read(value: Any, place: str) -> int:
        if type(value) is not int or not least <= value <= most:
            raise wrong(value, place, f"a whole number from {least} to {most}")
        return value

    return read


def real(value: Any, place: str) -> float:
    """A finite number."""
    if type(value) not in (int, float) or not abs(value) <= sys.float_info.max:
        raise wrong(value, place, "a finite number")
    return float(value)


def text(value: Any, place: str) -> str:
    """A text."""
    if type(value) is not str or len(value) > LONGEST_TEXT:
        raise wrong(value, place, f"a text of at most {LONGEST_TEXT} characters")
    return value


def name(value: Any, place: str) -> str:
    """A text that is not empty."""
    if not text(value, place):
        raise wrong(value, place, "a name")
    return value


def one_of(*values: Any) -> Reader:
    """One of these values, of the same type."""

    def read(value: Any, place: str) -> Any:
        if not any(type(value) is type(each) and value == each for each in values):
            raise wrong(value, place, f"one of {', '.join(map(_shown, values))}")
        return value

    return read


def optional(reader: Reader) -> Reader:
    """null, or what the reader takes."""
    return lambda value, place: None if value is None else reader(value, place)


def several(reader: Reader) -> Reader:
    """A list of what the reader takes, as a tuple."""

    def read(value: Any, place: str) -> tuple[Any, ...]:
        if type(value) is not list:
            raise wrong(value, place, "a list")
        return tuple(reader(each, f"{place}[{k}]") for k, each in enumerate(value))

    return read


def distinct(reader: Reader) -> Reader:
    """A list without repetition."""

    def read(value: Any, place: str) -> tuple[Any, ...]:
        found = several(reader)(value, place)
        if len(set(found)) < len(found):
            raise wrong(value, place, "a list without repetition")
        return found

    return read


def by_name(reader: Reader) -> Reader:
    """What the reader takes, by names that the record chooses."""

    def read(value: Any, place: str) -> dict[str, Any]:
        if type(value) is not dict:
            raise wrong(value, place, "a record by names")
        return {name(key, place): reader(each, inside(place, key)) for key, each in value.items()}

    return read


def fields(readers: Mapping[str, Reader]) -> Reader:
    """A record of exactly these fields."""

    def read(value: Any, place: str) -> dict[str, Any]:
        if type(value) is not dict:
            raise wrong(value, place, f"a record of {', '.join(readers)}")
        check_names(value, readers, place)
        return {key: reader(value[key], inside(place, key)) for key, reader in readers.items()}

    return read


def check_names(found: Collection[str], wanted: Collection[str], place: str) -> None:
    """Refuse names that are missing or not known.

    Raises WrongError.
    """
    for key in wanted:
        if key not in found:
            raise WrongError(inside(place, key), "is missing")
    for key in found:
        if key not in wanted:
            raise WrongError(inside(place, key), "is not known")


def inside(place: str, key: str) -> str:
    """The place of a field in the record at a place."""
    shown = key if len(key) <= SHOWN else f"{key[:SHOWN]}…"
    return f"{place}.{shown}" if place else shown
