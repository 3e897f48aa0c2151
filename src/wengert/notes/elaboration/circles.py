"""Lines that read each other in a circle, which only recurrences may do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from wengert.notes.elaboration.clock import is_single, references
from wengert.notes.notation.expr import Line, Ref


def circles(defined: Mapping[str, Line]) -> list[tuple[str, ...]]:
    """The names that read each other in a circle, by circle and in the order of the text."""
    reads = {name: {t.name for t in references(line)} & defined.keys() for name, line in defined.items()}
    below = {name: reachable(name, reads) for name in defined}
    found: list[tuple[str, ...]] = []
    for name in defined:
        if name in below[name] and not any(name in group for group in found):
            found.append(tuple(n for n in defined if n in below[name] and name in below[n]))
    return found


def reachable(name: str, reads: Mapping[str, Iterable[str]]) -> set[str]:
    """What a name reads, directly or through others."""
    seen: set[str] = set()
    stack = list(reads[name])
    while stack:
        each = stack.pop()
        if each not in seen:
            seen.add(each)
            stack.extend(reads[each])
    return seen


def circles_of(lines: Sequence[Line]) -> list[tuple[str, ...]]:
    """The names of lines that read each other in a circle."""
    return circles({line.left.name: line for line in lines if isinstance(line.left, Ref) and not is_single(line.left)})
