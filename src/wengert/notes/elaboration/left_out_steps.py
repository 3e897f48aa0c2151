"""Lines of a recurrence whose author leaves the index of time out: f = σ(W x_t + U h_{t−1}) beside c_t = f ⊙ c_{t−1} is f_t = ….

Of one step alone such lines are read as they stand; over time each is a line for step t.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from wengert.notes.elaboration.clock import Clock, offset_of
from wengert.notes.elaboration.context import Context
from wengert.notes.notation.expr import BigOp, Expr, Index, Line, Ref, mapped_line, refs_of, trees_of, walk
from wengert.notes.notation.unicode import show


def left_out_steps(lines: Sequence[Line], letter: str) -> frozenset[str]:
    """The names without an index of time that lines compute from quantities at step t, and that lines over time read."""
    plain = {line.left.name: line for line in lines if isinstance(line.left, Ref) and line.left.indices is None}
    found = set[str]()
    while True:
        more = {
            name
            for name, line in plain.items()
            if name not in found
            and any(_is_at_step(right, letter, found) for right in line.rights)
            and any(_reads(other, name) and _is_over_time(other, letter, found) for other in lines if other is not line)
        }
        if not more:
            return frozenset(found)
        found |= more


def _is_at_step(tree: Expr, letter: str, found: Collection[str]) -> bool:
    """Whether a tree has a value for each step: the letter of time stands in it, and no Σ runs over it."""
    if isinstance(tree, Index):
        return tree.letter == letter
    if isinstance(tree, BigOp) and letter in tree.letters:
        return False
    own = isinstance(tree, Ref) and tree.indices is None and tree.name in found
    return own or any(_is_at_step(part, letter, found) for part in tree.inner)


def _reads(line: Line, name: str) -> bool:
    refs = (t for right in line.rights for t in walk(right) if isinstance(t, Ref))
    return any(tree.name == name and tree.indices is None for tree in refs)


def _is_over_time(line: Line, letter: str, found: Collection[str]) -> bool:
    """Whether a line is one for every step, or goes over the steps."""
    if isinstance(line.left, Ref) and line.left.name in found:
        return True
    return any(
        (isinstance(tree, Index) and tree.letter == letter) or (isinstance(tree, BigOp) and letter in tree.letters)
        for tree in trees_of([line])
    )


def at_steps(line: Line, names: Collection[str], letter: str) -> Line:
    """The line with the index of time at names that are written without it."""

    def change(tree: Expr) -> Expr:
        plain = isinstance(tree, Ref) and tree.indices is None and tree.name in names
        return replace(tree, indices=(Index(letter, span=tree.span),)) if plain else tree

    return mapped_line(line, change) if names else line


def with_left_out_steps(lines: Sequence[Line], letter: str) -> tuple[Line, ...]:
    """The lines with the index of time where their author leaves it out."""
    names = left_out_steps(lines, letter)
    return tuple(at_steps(line, names, letter) for line in lines)


def tell_of_steps(lines: Sequence[Line], clock: Clock) -> bool:
    """Whether lines about one step speak of several: of a sum over time, or of a later step than t."""
    for line in lines:
        bound = any(
            isinstance(tree, BigOp) and clock.letter in tree.letters for right in line.rights for tree in walk(right)
        )
        indices = (index for tree in refs_of([line]) for index in tree.indices or ())
        if bound or any((offset := offset_of(i)) and offset[0] == clock.letter and offset[1] > 0 for i in indices):
            return True
    return False


def warn_of_left_out_steps(context: Context, before: Sequence[Line], after: Sequence[Line]) -> None:
    """Say which names are read at a step."""
    for line, new in zip(before, after, strict=True):
        if isinstance(line.left, Ref) and line.left != new.left:
            name, step = show(line.left), show(new.left)
            context.warn(
                line.left,
                f"'{name}' is read as '{step}', because its line is one for each step.",
                f"Write:  {step} = …",
            )
