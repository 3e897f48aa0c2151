"""Sizes that the text leaves open: all axes get different primes, and the errors of a run say which two are one."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from wengert.programs.holders import put_together
from wengert.programs.inputs import IMAGES, SIZES, Array, GivenValue, Slot, UnknownInput, made
from wengert.programs.scenario import Point

PRIMES = tuple(n for n in range(5, 300) if all(n % d for d in range(2, 18) if d < n))
LARGEST = 400  # of an axis: beyond it two sizes chase each other


@dataclass
class Sizes:
    """The axes of all arguments under way: their values by name."""

    slots: dict[tuple[str, str], Slot]
    axes: dict[str, int] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    stated: frozenset[str] = frozenset()  # arguments whose shapes the text says
    columns: int = 0  # how often an axis was made one entry long

    def entries(self) -> float:
        """How many numbers the arguments have."""
        return sum(float(np.prod(s.shape(self.axes))) for s in self.slots.values() if isinstance(s, Array))

    def point(self, seed: int) -> Point:
        rng = np.random.default_rng(seed)
        out: dict[str, dict[str, Any]] = {"init": {}, "forward": {}, "backward": {}}
        for (where, name), slot in self.slots.items():
            out[where][name] = made(slot, self.axes, rng)
        out = {where: put_together(values) for where, values in out.items()}
        return Point(out["forward"], out["init"], out["backward"], attributes=dict(self.attributes), seed=seed)


def start(slots: list[tuple[str, str, Slot]], ranks: tuple[int, ...], taken: set[int]) -> Sizes:
    """All axes different, and none of a size that the program has anyway; axes of one name are one."""
    fresh = (p for p in PRIMES if p not in taken)
    chosen = iter(ranks)
    out: dict[tuple[str, str], Slot] = {}
    axes: dict[str, int] = {}
    images = any(isinstance(s, Array) and len(s.axes) == 4 for _, _, s in slots)
    usual = SIZES | IMAGES if images else SIZES
    stated = [s.value for w, _, s in slots if w == "init" and isinstance(s, GivenValue) and isinstance(s.value, tuple)]
    for where, name, slot in slots:
        if isinstance(slot, UnknownInput):
            rank = next(chosen)
            known = (
                [v for v in stated if len(v) in (rank, rank - 1)] if where == "forward" and slot.kind == "real" else []
            )
            inner = known[0] if known else ()
            first = tuple(f"{where}.{name}.{k}" for k in range(rank - len(inner)))
            slot = Array((*first, *inner), slot.kind)
        elif isinstance(slot, Array) and slot.kind == "count":
            slot = Array((f"{where}.{name}",), "count")
        out[where, name] = slot
        for axis in slot.axes if isinstance(slot, Array) else ():
            if isinstance(axis, str) and axis not in axes:
                axes[axis] = _size_of(axis, axes, usual) or next(p for p in fresh if p not in axes.values())
    return Sizes(out, axes, stated=frozenset(n for _, n, s in slots if not isinstance(s, UnknownInput)))


def _size_of(axis: str, axes: dict[str, int], usual: dict[str, int]) -> int | None:
    """The size of an axis with a usual name; 4*H is four of H."""
    product = re.fullmatch(r"(\d+)\s*\*?\s*([A-Za-z]\w*)", axis)
    if product:
        base = axes.setdefault(product[2], _size_of(product[2], axes, usual) or 5)
        return int(product[1]) * base
    return usual.get(axis)


CLASHES = (
    r"cannot be multiplied \(\d+x(\d+) and (\d+)x\d+\)",
    r"size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\)",
    r"batch2 tensor to be: \[\d+, (\d+)\] but got: \[\d+, (\d+)\]",
    r"batch2 tensor to be: \[(\d+), \d+\] but got: \[(\d+), \d+\]",
    r"got input \((\d+)\), mat \(\d+x(\d+)\)",
    r"mat \(\d+x(\d+)\), vec \((\d+)\)",
    r"expected size: \[.*?(\d+)\], got size: \[.*?(\d+)\]",
    r"at index 0 has size (\d+) and the array at index \d+ has size (\d+)",
    r"contracting dimensions .* got \((\d+),\) and \((\d+),\)",
)
"""How PyTorch and JAX say it."""


def clash(message: str) -> tuple[int, int] | None:
    """The two sizes that an error of NumPy, PyTorch or JAX says should be one."""
    found = re.search(r"not aligned: .*?(\d+) \(dim \d\) != (\d+)", message) or re.search(
        r"size (\d+) is different from (\d+)", message
    )
    if found:
        return int(found[1]), int(found[2])
    for pattern in CLASHES:
        if (found := re.search(pattern, message)) and found[1] != found[2]:
            return int(found[1]), int(found[2])
    if "[original->remapped]" in message:  # of np.einsum: the axes that are one stand at one place
        a, b = (
            [int(n) if n.strip().isdigit() else 1 for n in s.split(",")]
            for s in re.findall(r"->\(([\w, ]*)\)", message)[:2]
        )
        return next(((m, n) for m, n in zip(a, b, strict=False) if m != n and 1 not in (m, n)), None)
    found = re.search(r"dimension is (\d+) but corresponding boolean dimension is (\d+)", message)
    if found:
        return int(found[1]), int(found[2])
    shapes = [tuple(int(n) for n in re.findall(r"\d+", s)) for s in re.findall(r"\(([\d, ]*)\)", message)]
    for a, b in zip(*(s[::-1] for s in shapes[:2]), strict=False) if len(shapes) >= 2 else ():
        if a != b and 1 not in (a, b):
            return a, b
    return None


def unite(sizes: Sizes, a: int, b: int) -> bool:
    """Make the two sizes one. False where no axis has them."""
    values = set(sizes.axes.values())
    if a in values and b in values:
        small, large = sorted((a, b))
        sizes.axes = {k: small if v == large else v for k, v in sizes.axes.items()}
        return True
    small, big = sorted((a, b))
    if parts := _parts_that_differ(values, small, big):
        return unite(sizes, *parts)
    for v in sorted(values) if small > 1 else ():  # what a slice leaves over: the axis is a multiple of another
        for m in (2, 3, 4):
            if v > small and big == v - (m - 1) * small and small * m not in values:
                sizes.axes = {k: small * m if u == v else u for k, u in sizes.axes.items()}
                return True
    if small == 1 and big in values:  # a product with a column: what is as long has one entry
        sizes.axes = {k: 1 if v == big else v for k, v in sizes.axes.items()}
        sizes.columns += 1
        return True
    for x, y in ((a, b), (b, a)):  # the other is a product of axes, or made of one
        if x in values and 1 < y <= LARGEST and not _chases(sizes, x, y):
            sizes.axes = {k: y if v == x else v for k, v in sizes.axes.items()}
            return True
    return False


def _parts_that_differ(values: set[int], small: int, big: int) -> tuple[int, int] | None:
    """u and v, where the sizes that clash are u + w and v + w: [h, x] of one step is longer than that of the next.

    All axes are odd at first, so that what is no sum of two is not taken for one.
    """
    if small % 2 or big % 2:
        return None
    found = [(u, v) for w in values for u in values for v in values if u + w == small and v + w == big and u > 1 < w]
    return found[0] if len(found) == 1 else None


def _chases(sizes: Sizes, x: int, y: int) -> bool:
    """Whether y is how many entries an argument has that runs over x: where x becomes y, there are as many times more."""
    shapes = [s.shape(sizes.axes) for s in sizes.slots.values() if isinstance(s, Array)]
    return any(x in shape and len(shape) > 1 and y == math.prod(shape) for shape in shapes)
