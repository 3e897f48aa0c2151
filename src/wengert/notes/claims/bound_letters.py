"""Bound letters: Σ_i a_i Σ_i b_i says the same with another letter in the second sum, whose axis need not be that of the first."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from wengert.notes.notation.expr import BigOp, Expr, Index, mapped, with_parts


def with_own_letters(tree: Expr, free: Collection[str]) -> Expr:
    """The tree with letters of their own for sums whose letter is free or bound by another sum before; itself where none is."""
    seen = set(free)

    def renamed(part: Expr) -> Expr:
        if not isinstance(part, BigOp):
            return part
        new = {letter: _unused(letter, seen) for letter in part.letters if letter in seen}
        seen.update(part.letters, new.values())
        return _with_letters(part, new) if new else part

    return mapped(tree, renamed)


def _unused(letter: str, seen: Collection[str]) -> str:
    return next(name for name in _primed(letter) if name not in seen)


def _primed(letter: str) -> Iterator[str]:
    while True:
        letter += "′"
        yield letter


def _with_letters(tree: BigOp, new: dict[str, str]) -> Expr:
    """A sum with other letters."""
    inside = with_parts(tree, lambda part: _substituted(part, new))
    return replace(inside, letters=tuple(new.get(q, q) for q in tree.letters))


def _substituted(tree: Expr, new: dict[str, str]) -> Expr:
    """The tree with other letters, but where a sum inside binds them itself."""
    if isinstance(tree, Index):
        return replace(tree, letter=new.get(tree.letter, tree.letter))
    if isinstance(tree, BigOp):
        new = {old: name for old, name in new.items() if old not in tree.letters}
    return with_parts(tree, lambda part: _substituted(part, new)) if new else tree
