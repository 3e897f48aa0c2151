"""Roots: what is remembered of functions, by their code and the types of their arguments; the least recently used go."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

from wengert.functions.tracing.paths import Root

MOST = 4096
"""So many functions and types of arguments are remembered."""
MOST_CALLS = 2_000_000
"""So many calls are remembered, of all of them."""

_ROOTS: OrderedDict[Any, Root] = OrderedDict()
_LOCK = threading.Lock()


class _Total:
    """The calls that are remembered, of all roots."""

    calls = 0


def root_of(key: Any, codes: tuple[Any, ...]) -> Root:
    """What is remembered under a key: the mark of these codes, and places and kinds of arguments."""
    root = _ROOTS.get(key)
    if root is not None and not root.is_full:
        return root
    with _LOCK:
        if root is not None and _ROOTS.get(key) is root:
            _gone(_ROOTS.pop(key))
        root = _ROOTS.setdefault(key, Root(codes))
        if len(_ROOTS) > MOST:
            _gone(_ROOTS.popitem(last=False)[1])
        return root


def used(key: Any) -> None:
    """Note that a root is in use; those that are not go when there is too much."""
    with _LOCK:
        root = _ROOTS.get(key)
        if root is None:
            return
        _ROOTS.move_to_end(key)
        now = len(root.first.keys) * root.paths
        _Total.calls += now - root.counted
        root.counted = now
        while len(_ROOTS) > 1 and _Total.calls > MOST_CALLS:
            _gone(_ROOTS.popitem(last=False)[1])


def forget(key: Any) -> None:
    """Begin anew with a function."""
    with _LOCK:
        root = _ROOTS.pop(key, None)
        if root is not None:
            _gone(root)


def _gone(root: Root) -> None:
    _Total.calls -= root.counted
    root.counted = 0


def codes_of(f: Any) -> tuple[Any, ...]:
    """What two functions that do the same have in common, mostly: their code, and that of what they wrap."""
    inner = getattr(f, "__wrapped__", None) or getattr(f, "func", None)
    own = getattr(getattr(f, "__func__", f), "__code__", None) or type(f)
    return (own,) if inner is None else (own, *codes_of(inner))


def mark_of(codes: tuple[Any, ...]) -> Any:
    """The first part of a key, by identity: equal code of two places in a program would be slow to tell apart."""
    return id(codes[0]) if len(codes) == 1 else tuple([id(each) for each in codes])
