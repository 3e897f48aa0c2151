"""What a left side defines, as a pattern that names match: a^{l} answers for a³ with l = 3; and what a right side is made of."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from wengert.notes.reading.facts import LAST_STEP
from wengert.notes.reading.heads import Key
from wengert.notes.reading.trees import DOTS, Func, Group, Listing, Matrix, Name, Num, Script, Tree, Word, names

Pattern = tuple[tuple[str, str | int, int], ...]
"""One label of a left side each: ("is", label, 0), or ("step", letter, offset)."""


def matched(pattern: Pattern, labels: Sequence[str | int]) -> tuple[dict[str, int], int] | None:
    """The steps at which a left side is a name, and how exactly it says it; None where it is another name."""
    binding: dict[str, int] = {}
    exact = 0
    for (kind, what, offset), label in zip(pattern, labels, strict=True):
        if kind == "is":
            if what != label:
                return None
            exact += 1
            continue
        letter = str(what)
        if not isinstance(label, int):
            return None
        count = label - offset
        if binding.get(letter, count) != count or count < 1 or (letter in "LT" and count != LAST_STEP):
            return None
        binding[letter] = count
        exact += letter in "LT"
    return binding, exact


def is_example(tree: Tree) -> bool:
    """Whether a side is numbers alone, or an array that is written out."""
    inner = tree.base if isinstance(tree, Script) else tree
    if isinstance(inner, Matrix) or (isinstance(inner, Group) and isinstance(inner.inner, Listing)):
        return True
    return not any(isinstance(node, Name | Word | Func) for node in tree.nodes)


def only_letters(sub: Tree, letters: set[str]) -> bool:
    return all(name.text in letters for name in names(sub)) and bool(names(sub))


def has_dots(tree: Tree) -> bool:
    """Whether dots are left that nothing explains."""
    return Name(DOTS) in tree.nodes


def name_of(key: Key) -> Tree | None:
    """A key written as a name again; None for one with other labels than a step."""
    if len(key) == 1:
        return Name(str(key[0]))
    if len(key) == 2 and isinstance(key[1], int):
        return Script(Name(str(key[0])), None, Group("(", Num(Fraction(key[1]))))
    return None
