"""How much of the exhaustive and the random parts a run of the tests takes: some every day, all with --thorough.

Parameters are chosen while test modules are imported, so tests/conftest.py says which run it is before that.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, TypeVar

import pytest

Case = TypeVar("Case")
GOLDEN = (math.sqrt(5) - 1) / 2


class Run:
    """Which run this is: `thorough` is everything in full numbers; `whole` has all cases of the tables, as a test named alone needs."""

    thorough = False
    whole = False


def rounds(everyday: int, thorough: int) -> int:
    """So many random rounds, examples or sizes; also for max_examples of Hypothesis."""
    return thorough if Run.thorough else everyday


def part(cases: Iterable[Case], each: int, *groups: Callable[[Case], Hashable]) -> list[Case]:
    """All cases in a thorough run; every day a part of them in which every value of every group occurs `each` times, or as often as it can.

    Without groups these are `each` cases spread over all.
    """
    found = list(cases)
    if Run.thorough or Run.whole:
        return found
    return [found[k] for k in spread([[group(case) for group in groups] for case in found], each)]


def everyday(each: int, *groups: str | Callable[..., Hashable]) -> pytest.MarkDecorator:
    """The same for a test with one or several parametrizations; a group is a parameter's name, or a function with parameters' names.

    Cases that are left out are deselected; a case that is named on the command line runs.
    """
    return pytest.mark.everyday(each, groups)


def spread(keys: Sequence[Sequence[Hashable]], each: int) -> list[int]:
    """Places of cases with such keys, in order, so that each key at each position occurs `each` times: always the same, from all over."""
    chosen: list[int] = []
    counts: Counter[tuple[int, Hashable]] = Counter()
    for k in sorted(range(len(keys)), key=lambda k: k * GOLDEN % 1):
        mine = list(enumerate(keys[k])) or [(0, None)]
        if any(counts[key] < each for key in mine):
            chosen.append(k)
            counts.update(mine)
    return sorted(chosen)


def left_out(items: Sequence[pytest.Item]) -> set[pytest.Item]:
    """Those of the collected tests that an everyday run does not take: each marked test keeps its part."""
    tables: dict[str, list[Any]] = {}
    for item in items:
        if item.get_closest_marker("everyday") and hasattr(item, "callspec"):
            tables.setdefault(item.nodeid.split("[")[0], []).append(item)
    out: set[pytest.Item] = set()
    for table in tables.values():
        each, groups = table[0].get_closest_marker("everyday").args
        kept = spread([[key(group, item.callspec.params) for group in groups] for item in table], each)
        out.update(set(table) - {table[k] for k in kept})
    return out


def key(group: str | Callable[..., Hashable], params: dict[str, Any]) -> Hashable:
    """The value of a group for a case; an object that cannot be hashed is itself."""
    if callable(group):
        names = group.__code__.co_varnames[: group.__code__.co_argcount]
        return group(*(params[name] for name in names))
    value = params[group]
    return value if isinstance(value, Hashable) and not isinstance(value, tuple) else repr(value)
