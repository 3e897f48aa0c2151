"""How long the axes are that shifted indices read: i is as long as the window i + k fits, size(x) = size(i) + size(k) − 1.

Where all but one of the sizes are numbers, so is the last; else a letter's size follows from the others when data arrives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from wengert.core.ir.types import Fit, Size
from wengert.notes.elaboration.context import Context
from wengert.notes.elaboration.kinds import Mismatch
from wengert.notes.elaboration.shifts import Window
from wengert.notes.notation.expr import Line, Ref


class FitIds(NamedTuple):
    """A Fit whose sizes are ids of classes."""

    axis: int
    stride: int
    others: tuple[tuple[int, int], ...]
    offset: int


def fit_windows(context: Context, lines: Sequence[Line]) -> None:
    """Find the size of every letter that stands in a shifted index.

    Raises Mismatch where a range does not fit an array, or where a size cannot be found.
    """
    defined = {context.target(line.left) for line in lines if isinstance(line.left, Ref)}
    given = [axis for name, axes in context.axes.items() if name not in defined for axis in axes]
    fitting = Fitting(context, given)
    for window in context.windows:
        fitting.window(window)
    for window, needed in fitting.needed:
        fitting.length(window, needed)


def rule_of(context: Context, root: int, sizes: Callable[[int], Size]) -> tuple[Fit, ...]:
    """How the size of a class follows from others; `sizes` gives those."""
    fits = [fit for each, found in context.fits.items() if context.classes.find(each) == root for fit in found]
    return tuple(
        dict.fromkeys(
            Fit(sizes(fit.axis), fit.stride, tuple((c, sizes(n)) for c, n in fit.others), fit.offset) for fit in fits
        )
    )


def settle_letters(context: Context) -> None:
    """In a line of a backward pass a letter runs as far as the line says; where it says nothing, as far as in the system.

    Raises Mismatch where a shifted index has a letter that the system does not know either.
    """
    classes = context.classes
    for root, letters in classes.letters.items():
        sizes = [size for q in letters if (size := (context.known_letters or {}).get(q)) is not None]
        if classes.find(root) not in classes.known and sizes:
            classes.known[classes.find(root)] = sizes[0]
    windows, context.windows = context.windows, []
    for window in windows:
        for letter, item in window.sizes.items():
            if classes.find(item) not in classes.known:
                raise unknown_range(window, letter)


def unknown_range(window: Window, letter: str) -> Mismatch:
    """What is wrong where nothing says how far a letter runs."""
    return Mismatch(
        window.tree, f"Nothing says how far the index '{letter}' runs.", f"State its range:  for {letter} = 0…2"
    )


class Fitting:
    """What is known of sizes while the windows are gone through, line by line."""

    def __init__(self, context: Context, given: Sequence[int]) -> None:
        self.context = context
        self.classes = context.classes
        self.given = given
        self.needed: list[tuple[Window, int]] = []
        """Windows over numbers only, and how many entries they read."""

    def known(self, item: int) -> bool:
        """Whether a size is a number, that of data, or follows from such."""
        root = self.classes.find(item)
        return self.number(item) is not None or root in self.roots() or root in map(self.classes.find, self.given)

    def number(self, item: int) -> int | None:
        """A size that is a number."""
        size = self.classes.known.get(self.classes.find(item))
        return size if isinstance(size, int) else None

    def window(self, window: Window) -> None:
        """Take one window into account."""
        if window.may_leave:
            self.loose(window)
            return
        numbers = [(c, self.number(window.sizes[q])) for q, c in window.index.coefficients]
        if all(n is not None for _, n in numbers):
            last = sum(c * (n - 1) for c, n in numbers if n is not None) + window.index.offset
            self.needed.append((window, last + 1))
            return
        letter = self.dependent(window)
        root = self.classes.find(window.sizes[letter])
        if root == self.classes.find(window.axis):
            raise Mismatch(
                window.tree,
                f"The index '{letter}' runs over the whole axis, so this index leaves it.",
                f"State the range:  for {letter} = 0…4",
            )
        stride = dict(window.index.coefficients)[letter]
        others = tuple((c, window.sizes[q]) for q, c in window.index.coefficients if q != letter)
        self.context.fits.setdefault(root, []).append(FitIds(window.axis, stride, others, window.index.offset))

    def length(self, window: Window, needed: int) -> None:
        """The array is as long as what is read of it, unless something makes it longer."""
        have = self.number(window.axis)
        if have is not None and have < needed:
            raise Mismatch(
                window.tree,
                f"This index goes up to {needed - 1}, and the axis has {have} entries.",
                "Correct the range, or the declared size.",
            )
        longest = max(n for other, n in self.needed if self.classes.find(other.axis) == self.classes.find(window.axis))
        if have is None:
            self.classes.unite(window.axis, self.classes.fresh(longest), window.tree)

    def dependent(self, window: Window) -> str:
        """The letter whose size follows from the others: the one that no data has, else one of the left side."""
        letters = [q for q, _ in window.index.coefficients]
        open_ones = [q for q in letters if not self.known(window.sizes[q])]
        if len(open_ones) > 1:
            unknown = next((q for q in open_ones if q not in window.left), open_ones[-1])
            raise unknown_range(window, unknown)
        if open_ones:
            return open_ones[0]
        following = [q for q in letters if self.classes.find(window.sizes[q]) in self.roots()]
        movable = following or [q for q in letters if self.number(window.sizes[q]) is None]
        return next((q for q in movable if q in window.left), movable[0])

    def roots(self) -> set[int]:
        """The classes whose size follows from others."""
        return {self.classes.find(each) for each in self.context.fits}

    def loose(self, window: Window) -> None:
        """In a line with an index that can be negative a letter on the left is as long as the array; what lies outside is dropped."""
        for letter, coefficient in window.index.coefficients:
            if self.known(window.sizes[letter]):
                continue
            if letter not in window.left or coefficient != 1:
                raise unknown_range(window, letter)
            self.classes.unite(window.sizes[letter], window.axis, window.tree)
        if not window.index.can_be_negative:
            return
        self.context.warn(
            window.tree,
            "This index leaves its axis for some entries; the terms with such entries are dropped.",
            "State the range in which all entries exist, counted from 0, if that is meant.",
        )
