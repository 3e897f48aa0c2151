"""Letters and sizes of a system once its lines are read: home letters for every axis, a name for every size class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wengert.ir.types import Dim
from wengert.notation.context import Context, trees_of
from wengert.notation.expr import Index, Line, Ref

DEFAULT_LETTERS = "ijklmnpqrs"


@dataclass(frozen=True)
class Homes:
    """For every quantity, in order of first appearance, the letters of its axes; which were written with indices."""

    letters: dict[str, tuple[str, ...]]
    by_index: frozenset[str]
    order: tuple[str, ...]


def home_letters(context: Context, lines: Sequence[Line]) -> Homes:
    """The left side's letters, else those of the first use, else i, j, k … by size class."""
    order, home = first_appearance(context, lines), dict[str, tuple[str, ...]]()
    for tree in trees_of(lines):
        if isinstance(tree, Ref) and tree.indices:
            letters = tuple(index.letter for index in tree.indices if isinstance(index, Index))
            name = context.resolve(tree.name)
            if len(letters) == len(tree.indices) == len(context.axes.get(name, ())) == len(set(letters)):
                home.setdefault(name, letters)
    by_index = frozenset(home)
    used = {letter for letters in context.classes.letters.values() for letter in letters} | set(order)
    for name in order:
        if name not in home:
            home[name] = _letters_for(context, context.axes.get(name, ()), used)
    return Homes(home, by_index, order)


def _letters_for(context: Context, axes: Sequence[int], used: set[str]) -> tuple[str, ...]:
    """Letters for axes that the user wrote without: those of their size class, or new ones."""
    classes, letters = context.classes, list[str]()
    for axis in axes:
        have = classes.letters.get(classes.find(axis), [])
        letter = next((q for q in have if q not in letters), None)
        if letter is None:
            letter = next(q for q in (*DEFAULT_LETTERS, *(f"i{n}" for n in range(1, 1000))) if q not in used)
            used.add(letter)
            classes.add_letter(axis, letter)
        letters.append(letter)
    return tuple(letters)


def name_sizes(context: Context, order: Sequence[str]) -> dict[Dim, tuple[str, ...]]:
    """Give every size class its number, its declared name, or the first letter that stands for it; the letters of each name."""
    classes = context.classes
    taken: set[str] = set()
    found: dict[Dim, tuple[str, ...]] = {}
    roots = dict.fromkeys(classes.find(axis) for name in order for axis in context.axes.get(name, ()))
    for root in (*roots, *(r for r in map(classes.find, range(len(classes.parent))) if r not in roots)):
        if root in classes.final:
            continue
        letters = classes.letters.get(root, [])
        size = classes.known.get(root)
        if size is None:
            base = letters[0] if letters else "n"
            size = Dim(next(n for n in (base, *(f"{base}{k}" for k in range(2, 10_000))) if n not in taken))
        if isinstance(size, Dim):
            taken.add(size.name)
            found[size] = tuple(letters)
        classes.final[root] = size
    return found


def first_appearance(context: Context, lines: Sequence[Line]) -> tuple[str, ...]:
    """Every quantity in the order in which the lines mention it, the left side first."""
    names = (context.resolve(tree.name) for tree in trees_of(lines) if isinstance(tree, Ref))
    return tuple(dict.fromkeys(name for name in names if name in context.axes))
