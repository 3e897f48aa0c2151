"""Sums of products of arrays as matrix products, dot products and sums over axes; einsum where none of these is the sum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wengert.core.ir.types import Size
from wengert.emitting.code import SourceCode
from wengert.emitting.parts import Labelled, letters_for

if TYPE_CHECKING:
    from wengert.emitting.arrays import Arrays


def contracted(arrays: Arrays, parts: Sequence[Labelled], out: Sequence[int], sizes: Sequence[Size]) -> Labelled:
    """Σ Π parts over the labels that are not in `out`, its axes in the order of `out`."""
    left = [_as_number(arrays, part) if len(parts) > 1 else part for part in parts]
    while True:
        summed = {q for part in left for q in part.labels if q not in out}
        if not summed:
            return _entrywise(arrays, left, out)
        step = _summed_alone(arrays, left, out, sizes) or _merged(arrays, left, out) or _multiplied(arrays, left, out)
        if step is None:
            return _einsum(arrays, left, out)
        left = step


def _as_number(arrays: Arrays, part: Labelled) -> Labelled:
    return Labelled(arrays.numbers(part.code), part.labels) if part.mask else part


def _entrywise(arrays: Arrays, parts: Sequence[Labelled], out: Sequence[int]) -> Labelled:
    if len(parts) == 1:
        (part,) = parts
        axes = [q for q in out if q in part.labels]
        return part if list(part.labels) == axes else Labelled(arrays.aligned(part, axes), tuple(axes))
    axes = [q for q in out if any(q in part.labels for part in parts)]
    code = arrays.times(None, parts, axes)
    assert code is not None
    return Labelled(code, tuple(axes))


def _summed_alone(
    arrays: Arrays, parts: list[Labelled], out: Sequence[int], sizes: Sequence[Size]
) -> list[Labelled] | None:
    """A label that only one part has, summed there."""
    for k, part in enumerate(parts):
        others = {q for other in parts if other is not part for q in other.labels}
        alone = [q for q in part.labels if q not in out and q not in others]
        if alone:
            found = arrays.reduced("sum", part, [part.labels.index(q) for q in alone])
            rest = tuple(q for q in part.labels if q not in alone)
            kept = found.kept
            assert kept is not None
            named = (kept[0], tuple(None if p is None else rest[p] for p in kept[1]))
            count = sizes[alone[0]] if len(alone) == 1 and not part.mask else None
            return [*parts[:k], Labelled(found.code, rest, named, added=count), *parts[k + 1 :]]
    return None


def _merged(arrays: Arrays, parts: list[Labelled], out: Sequence[int]) -> list[Labelled] | None:
    """Two parts over the same axes, or one whose axes the other has, multiplied entry by entry; two vectors are a dot product."""
    for a in parts:
        for b in parts:
            if a is b or not set(b.labels) <= set(a.labels):
                continue
            shared = [q for q in b.labels if q not in out]
            if len(a.labels) == len(b.labels) == 1 and shared:
                if len(parts) == 2:
                    return [Labelled(a.code @ b.code, ())]
                if any(q in other.labels for other in parts if other is not a and other is not b for q in shared):
                    continue
            elif set(a.labels) != set(b.labels) and not _has_to_merge(parts, a, b, shared):
                continue
            labels = a.labels
            first, second = (a, b) if parts.index(a) < parts.index(b) else (b, a)
            code = arrays.aligned(first, labels) * arrays.aligned(second, labels)
            return [Labelled(code, labels) if p is first else p for p in parts if p is not second]
    return None


def _has_to_merge(parts: list[Labelled], a: Labelled, b: Labelled, shared: Sequence[int]) -> bool:
    """Whether b scales the axes of a, which further parts have too: no matrix product sees it."""
    if not b.labels:
        return False
    if not shared:
        return True
    return all(any(q in p.labels for p in parts if p is not a and p is not b) for q in b.labels)


def _multiplied(arrays: Arrays, parts: list[Labelled], out: Sequence[int]) -> list[Labelled] | None:
    """The matrix product of two parts that share exactly one axis, which no other part has."""
    best: tuple[int, Labelled, Labelled, int] | None = None
    for k, a in enumerate(parts):
        for b in parts[k + 1 :]:
            shared = set(a.labels) & set(b.labels)
            if len(shared) != 1:
                continue
            (label,) = shared
            if label in out or any(label in p.labels for p in parts if p is not a and p is not b):
                continue
            if len(a.labels) > 2 or len(b.labels) > 2:
                continue
            rank = len(a.labels) + len(b.labels) - 2
            if best is None or rank < best[0]:
                best = (rank, a, b, label)
    if best is None:
        return None
    _, a, b, label = best
    product = _matmul(arrays, a, b, label, out)
    rest = [p for p in parts if p is not a and p is not b]
    return [*rest, product] if rest else [product]


def _matmul(arrays: Arrays, a: Labelled, b: Labelled, label: int, out: Sequence[int]) -> Labelled:
    """Σ_label a b, so turned that the result has its axes in the order of `out`."""
    ends = [[q for q in part.labels if q != label] for part in (a, b)]
    if len(a.labels) == 1 and len(b.labels) == 2:
        a, b, ends = b, a, ends[::-1]  # a matrix times a vector
    elif ends[0] and ends[1]:
        order = {q: k for k, q in enumerate(out)}
        if order.get(ends[0][0], 0) > order.get(ends[1][0], 99):
            a, b, ends = b, a, ends[::-1]
    left = _oriented(arrays, a, [*ends[0], label])
    right = _oriented(arrays, b, [label, *ends[1]])
    return Labelled(left @ right, (*ends[0], *ends[1]))


def _oriented(arrays: Arrays, part: Labelled, labels: Sequence[int]) -> SourceCode:
    return arrays.dialect.turned(part.code, [part.labels.index(q) for q in labels])


def _einsum(arrays: Arrays, parts: Sequence[Labelled], out: Sequence[int]) -> Labelled:
    letters = letters_for([q for part in parts for q in part.labels])
    axes = [q for q in out if any(q in part.labels for part in parts)]
    inner = ",".join("".join(letters[q] for q in part.labels) for part in parts)
    pattern = f"{inner}->{''.join(letters[q] for q in axes)}"
    return Labelled(arrays.dialect.einsum(pattern, [part.code for part in parts]), tuple(axes))
