"""Roots: what is remembered of functions, by their code and the types of their arguments; the least recently used go."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from wengert.tracing.paths import Root

MOST = 4096
"""So many functions and types of arguments are remembered."""
MOST_CALLS = 2_000_000
"""So many calls are remembered, of all of them."""

_ROOTS: OrderedDict[Any, Root] = OrderedDict()
_LOCK = threading.Lock()


def root_of(key: Any) -> Root:
    """What is remembered under a key."""
    root = _ROOTS.get(key)
    if root is not None and not root.is_full:
        return root
    with _LOCK:
        if root is not None and _ROOTS.get(key) is root:
            del _ROOTS[key]
        root = _ROOTS.setdefault(key, Root())
        if len(_ROOTS) > MOST:
            _ROOTS.popitem(last=False)
        return root


def used(key: Any) -> None:
    """Note that a root is in use; those that are not go when there is too much."""
    with _LOCK:
        if key in _ROOTS:
            _ROOTS.move_to_end(key)
        while len(_ROOTS) > 1 and sum(len(root.first.keys) * root.paths for root in _ROOTS.values()) > MOST_CALLS:
            _ROOTS.popitem(last=False)


def forget(key: Any) -> None:
    """Begin anew with a function."""
    with _LOCK:
        _ROOTS.pop(key, None)


def key_of(f: Any, places: tuple[int, ...], kinds: Sequence[Any]) -> Any:
    """What a function is remembered by, for arguments of some kinds at some places."""
    return code_of(f), places, *kinds


def code_of(f: Any) -> Any:
    """What two functions that do the same have in common, mostly: their code, and that of what they wrap."""
    inner = getattr(f, "__wrapped__", None) or getattr(f, "func", None)
    own = getattr(getattr(f, "__func__", f), "__code__", None) or type(f)
    return own if inner is None else (own, code_of(inner))
