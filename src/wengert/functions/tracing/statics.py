"""Static arguments: which parameters of a function they are, and what their values are known by. It knows no graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.errors import GraphError, TraceError
from wengert.functions.tracing.standin import StandIn
from wengert.functions.tracing.trees import flatten, name_of, orders, parameters_of

Statics = str | int | Sequence[str | int]


def places_of(f: Callable[..., Any], static: Statics) -> dict[str, int]:
    """The parameters of f that `static` names or counts, with their places; -1 where one has no place.

    Raises GraphError where there is no such parameter.
    """
    plain = [p.name for p in parameters_of(f) if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    by_keyword = [p.name for p in parameters_of(f) if p.kind == p.KEYWORD_ONLY]
    found: dict[str, int] = {}
    for each in (static,) if isinstance(static, str | int) else static:
        name = plain[each] if isinstance(each, int) and 0 <= each < len(plain) else each
        if isinstance(name, int) or name not in (*plain, *by_keyword):
            raise GraphError(
                f"'{name_of(f)}' has no parameter {each!r} that could be static.",
                f"  its parameters are {', '.join([*plain, *by_keyword]) or 'none'}",
                "Name a parameter, or give its place, counted from 0.",
            )
        found[name] = plain.index(name) if name in plain else -1
    return found


def known_by(value: Any) -> Any:
    """What a static value is known by: equal for values for which the same code holds.

    Raises TraceError where it is traced, or can neither be compared nor be told apart by its parts.
    """
    leaves, spec = flatten(value)
    return (spec, orders(value), *map(_known_leaf, leaves))


def _known_leaf(leaf: Any) -> Any:
    if isinstance(leaf, StandIn):
        raise TraceError(
            "A static argument has a traced value, which is not known yet.",
            f"  it is {leaf!r:.60}",
            "Leave it out of 'static', or give a number from outside.",
        )
    if isinstance(leaf, np.ndarray) and not leaf.dtype.hasobject:
        return (np.ndarray, leaf.dtype.str, leaf.shape, leaf.tobytes())
    if isinstance(leaf, float | complex):
        return (type(leaf), repr(leaf))  # 0.0 and -0.0 differ, and nan is itself
    try:
        hash(leaf)
    except TypeError:
        raise TraceError(
            f"A static argument of type {type(leaf).__name__} may change, and a compiled function would not see it.",
            f"  it is {leaf!r:.60}",
            "Give numbers, strings, arrays, what has a hash, or tuples, lists and dicts of these.",
        ) from None
    return (type(leaf), leaf)
