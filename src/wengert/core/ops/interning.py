"""Terms made once: the same parts in the same order are one object, so what was found of a term is found again wherever it comes up.

Nothing may depend on two equal terms being one object: beyond a bound everything kept here is forgotten, and terms are made anew.
It knows the terms' parts by identity and order, never by `Term.key`, which forgets the order in which the author wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

MOST = 20_000
"""So many terms, or values of one function, are kept: a derivation of forty lines makes about nine thousand."""

T = TypeVar("T")

_made: dict[Hashable, Any] = {}
_tables: list[dict[Any, Any]] = [_made]


class Interned(type):
    """The type of classes whose objects are made once; each says by `written` what it is made of."""

    def __call__(cls, *args: Any, **named: Any) -> Any:
        new = super().__call__(*args, **named)
        try:
            found = _made.get(written := new.written())
        except TypeError:  # a parameter that cannot be hashed, such as an array
            return new
        if found is not None:
            return found
        make_room(_made)
        _made[written] = new
        return new


def table() -> dict[Any, Any]:
    """A table for what a function finds of terms. An entry has to hold the terms by whose identity it is found."""
    _tables.append({})
    return _tables[-1]


def make_room(full: dict[Any, Any]) -> None:
    """Forget everything where one table has become too long."""
    if len(full) >= MOST:
        forget()


def forget() -> None:
    """Forget all terms, and what was found of them."""
    for each in _tables:
        each.clear()


def sizes() -> list[int]:
    """How long the tables are."""
    return [len(each) for each in _tables]


def remembered(function: Callable[[Any], T]) -> Callable[[Any], T]:
    """A function of one term alone, whose value is kept with the term."""
    name = f"{function.__module__}.{function.__qualname__}"

    def run(term: Any) -> T:
        kept = term.kept
        if name not in kept:
            kept[name] = function(term)  # two threads at once find the same
        return kept[name]

    run.__doc__, run.__name__ = function.__doc__, function.__name__
    return run
