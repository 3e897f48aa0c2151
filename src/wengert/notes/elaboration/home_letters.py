"""Letters and sizes of a system once its lines are read: home letters for every axis, a name for every size class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from wengert.core.ir.types import Dim, Size
from wengert.notes.elaboration.context import Context
from wengert.notes.elaboration.fitting import rule_of
from wengert.notes.elaboration.shifts import ARITHMETIC
from wengert.notes.notation.expr import Index, Line, Ref, refs_of, trees_of

DEFAULT_LETTERS = "ijklmnpqrs"
SHIFTED_LETTERS = "pqrsuvijklmn"
"""Letters for axes that are only read at shifted indices."""


@dataclass(frozen=True)
class Homes:
    """For every quantity, in order of first appearance, the letters of its axes; which were written with indices."""

    letters: dict[str, tuple[str, ...]]
    by_index: frozenset[str]
    order: tuple[str, ...]


def home_letters(context: Context, lines: Sequence[Line]) -> Homes:
    """The left side's letters, else those of the first use, else i, j, k … by size class."""
    order, home = first_appearance(context, lines), dict[str, tuple[str, ...]]()
    defined = {context.target(line.left) for line in lines if isinstance(line.left, Ref)}
    shifted = partial_letters(context, lines)
    for tree in trees_of(lines):
        if isinstance(tree, Ref) and tree.indices:
            letters = tuple(index.letter for index in tree.indices if isinstance(index, Index))
            name = context.resolve(tree.name)
            if name in shifted and name not in defined:
                continue
            if len(letters) == len(tree.indices) == len(context.axes.get(name, ())) == len(set(letters)):
                home.setdefault(name, letters)
    by_index = frozenset((*home, *shifted, *_with_every_index(context, lines)))
    used = {letter for letters in context.classes.letters.values() for letter in letters} | set(order)
    for name in order:
        if name in shifted and name not in home:
            home[name] = _letters_between(context, context.axes[name], shifted[name], used)
        elif name not in home:
            home[name] = _letters_for(context, context.axes.get(name, ()), used)
    return Homes(home, by_index, order)


def _with_every_index(context: Context, lines: Sequence[Line]) -> list[str]:
    """The names that stand with an index for every axis somewhere, be it a look-up: C_{s_t,j}."""
    refs = [(context.resolve(tree.name), tree.indices) for tree in refs_of(lines)]
    return [name for name, indices in refs if indices and len(indices) == len(context.axes.get(name, ()))]


def partial_letters(context: Context, lines: Sequence[Line]) -> dict[str, tuple[str | None, ...]]:
    """The letters of arrays that stand with shifted indices: c of x_{c,i+m}, and None for the other axis."""
    found: dict[str, tuple[str | None, ...]] = {}
    for tree in trees_of(lines):
        if isinstance(tree, Ref) and any(isinstance(index, ARITHMETIC) for index in tree.indices or ()):
            name = context.resolve(tree.name)
            letters = tuple(index.letter if isinstance(index, Index) else None for index in tree.indices or ())
            if len(letters) == len(context.axes.get(name, ())):
                found.setdefault(name, letters)
    return found


def _letters_between(
    context: Context, axes: Sequence[int], given: Sequence[str | None], used: set[str]
) -> tuple[str, ...]:
    """The letters that are given, and p, q, r … for the axes without one."""
    letters: list[str] = []
    for axis, letter in zip(axes, given, strict=True):
        have = context.classes.letters.get(context.classes.find(axis), [])
        spare = chain(have, (q for q in SHIFTED_LETTERS if q not in used), (f"p{n}" for n in range(1, 1000)))
        letter = letter or next(q for q in spare if q not in letters and q not in given)
        used.add(letter)
        context.classes.add_letter(axis, letter)
        letters.append(letter)
    return tuple(letters)


def _letters_for(context: Context, axes: Sequence[int], used: set[str]) -> tuple[str, ...]:
    """Letters for axes that the user wrote without: those of their size class, or new ones."""
    classes, letters = context.classes, list[str]()
    for axis in axes:
        have = classes.letters.get(classes.find(axis), [])
        letter = next((q for q in have if q not in letters), None)
        if letter is None:
            letter = next(q for q in chain(DEFAULT_LETTERS, (f"i{n}" for n in range(1, 1000))) if q not in used)
            used.add(letter)
            classes.add_letter(axis, letter)
        letters.append(letter)
    return tuple(letters)


def name_sizes(context: Context, order: Sequence[str]) -> dict[Dim, tuple[str, ...]]:
    """Give every size class its number, its declared name, or the first letter that stands for it; the letters of each name."""
    classes = context.classes
    taken: set[str] = set()
    names: dict[int, str] = {}
    roots = dict.fromkeys(classes.find(axis) for name in order for axis in context.axes.get(name, ()))
    for root in (*roots, *(r for r in map(classes.find, range(len(classes.parent))) if r not in roots)):
        size = classes.known.get(root)
        if root in names or isinstance(size, int):
            continue
        base = (classes.letters.get(root) or ["n"])[0]
        spare = (n for n in chain([base], (f"{base}{k}" for k in range(2, 10_000))) if n not in taken)
        names[root] = size.name if size is not None else next(spare)
        taken.add(names[root])
    for root in map(classes.find, range(len(classes.parent))):
        _final(context, root, names)
    return {
        size: tuple(classes.letters.get(root, [])) for root in names if isinstance(size := classes.final[root], Dim)
    }


def letter_sizes(context: Context) -> dict[str, Size]:
    """The size of each letter that has one meaning in all lines."""
    found: dict[str, set[Size]] = {}
    for root, letters in context.classes.letters.items():
        for letter in letters:
            found.setdefault(letter, set()).add(context.classes.size(root))
    return {letter: next(iter(sizes)) for letter, sizes in found.items() if len(sizes) == 1}


def _final(context: Context, item: int, names: Mapping[int, str]) -> Size:
    """The size of a class; those from which it follows come first."""
    classes = context.classes
    root = classes.find(item)
    if root not in classes.final:
        rule = rule_of(context, root, lambda other: _final(context, other, names))
        classes.final[root] = Dim(names[root], rule) if root in names else classes.known[root]
    return classes.final[root]


def first_appearance(context: Context, lines: Sequence[Line]) -> tuple[str, ...]:
    """Every quantity in the order in which the lines mention it, the left side first."""
    names = (context.resolve(tree.name) for tree in refs_of(lines))
    return tuple(dict.fromkeys(name for name in names if name in context.axes))
