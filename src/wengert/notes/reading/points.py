"""Points at which lines are judged: the sizes of axes, and the numbers drawn for inputs."""

from __future__ import annotations

import zlib
from collections.abc import Collection
from typing import Any

import numpy as np

from wengert.notes.reading.limits import AXIS, FIRST_SIZE

Array = Any


class Square:
    """Every axis has the same size, so that only ranks must fit."""

    def __init__(self, size: int) -> None:
        self.size = size

    def of(self, axis: object) -> int:
        return self.size

    def fixed_for_all(self) -> bool:
        """Whether sizes are the same at each try."""
        return self.size == AXIS

    def join(self, left: int, right: int) -> bool:
        """Whether two sizes that must be one can be."""
        return False


class Ragged:
    """Every axis has a size of its own, until an operation needs two to be one.

    No two classes of axes have the same size, so a size says which axes it belongs to. Sizes of arrays that are written out are fixed;
    the others are at least `least`, so that there are entries with all numbers that are written.
    """

    def __init__(self, fixed: Collection[int] = (), least: int = 0) -> None:
        self.fixed = frozenset(fixed)
        self.sizes: dict[object, int] = {}
        self.joined: dict[int, int] = {}
        self.next = max(FIRST_SIZE, least)

    def fixed_for_all(self) -> bool:
        return False

    def of(self, axis: object) -> int:
        if axis not in self.sizes:
            while self.next in self.fixed:
                self.next += 1
            self.sizes[axis] = self.next
            self.next += 1
        size = self.sizes[axis]
        while size in self.joined:
            size = self.joined[size]
        return size

    def join(self, left: int, right: int) -> bool:
        keep, drop = (
            (left, right) if left in self.fixed or (right not in self.fixed and left < right) else (right, left)
        )
        if keep == drop or drop in self.fixed or drop not in self.sizes.values():
            return False
        self.joined[drop] = keep
        return True


Sizes = Square | Ragged


def drawn(key: object, seed: int) -> np.random.Generator:
    """The numbers of one input at one point: they depend on nothing but its name."""
    return np.random.default_rng(zlib.crc32(repr((key, seed)).encode()))


def positive(z: Array) -> Array:
    """log, √ and powers of negative numbers go on analytically, so that a negative draw does no harm."""
    return np.where(z.real < 0, -z, z)


FUNCTIONS = {
    "exp": np.exp,
    "log": lambda z: np.log(positive(z)),
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "tanh": np.tanh,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "arctan": np.arctan,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "softplus": lambda z: np.log(1 + np.exp(z)),
    "sqrt": lambda z: np.sqrt(positive(z)),
    "relu": lambda z: np.where(z.real > 0, z, 0),
    "sign": lambda z: np.sign(z.real) + 0j,
    "abs": lambda z: np.where(z.real < 0, -z, z),
}
