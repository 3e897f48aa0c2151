"""Quantities in a line: entries by their indices, shifted ones, look-ups, and the identity matrix."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from wengert.core.ir.graph import Node, apply, constant
from wengert.core.ir.types import ArrayType
from wengert.notes.elaboration.kinds import Mismatch, wrong_indices
from wengert.notes.elaboration.shifts import ARITHMETIC, AffineIndex, Loose, Window, affine, inside, place
from wengert.notes.elaboration.values import WHOLE_RANK, Val, filled
from wengert.notes.notation.expr import Expr, Index, Num, Ref

if TYPE_CHECKING:
    from wengert.notes.elaboration.meaning import LineMeaning


CONSTANTS: dict[str, Callable[[], Node]] = {"e": lambda: apply("exp", constant(1, ArrayType(()))), "π": filled(math.pi)}


def quantity(line: LineMeaning, tree: Ref) -> Val:
    """A name: a constant, the length of an axis, the identity matrix, or a quantity or error signal, whole or at indices."""
    if tree.name in line.context.constants and tree.indices is None and not tree.barred:
        return Val((), "s", (), CONSTANTS[tree.name], tree)
    if tree.name in line.context.size_names and tree.indices is None and not tree.barred:
        size = line.context.size_names[tree.name]
        return Val((), "s", (), lambda: apply("size_of", size=line.context.classes.size(size), dtype="float64"), tree)
    if tree.name in line.context.identities and tree.indices is None and not tree.barred:
        return identity(line, tree)
    name = line.context.target(tree)
    kind = line.context.kinds.get(name, "s")
    given = tree.indices or ()
    rank = len(given) if kind == "any" else max({"s": 0, "c": 1, "m": 2}[kind], len(given))
    axes = line.context.axes_of(name, rank)
    if len(given) > len(axes):
        raise wrong_indices(tree, len(axes), len(given), "Leave the extra index out, or declare the shape.")
    letters: list[str] = []
    lookups: list[tuple[str, Expr | AffineIndex]] = []
    for number, (axis, index) in enumerate(zip(axes, given, strict=False)):
        letter = index_letter(line, index, (name, number) in line.shifted, lookups)
        line.context.classes.unite(line.letter(letter, tree), axis, index)
        letters.append(letter)
    whole = len(axes) - len(given)
    if whole > 2:
        raise wrong_indices(tree, len(axes), len(given), "Write an index for every axis.")
    val = entry(line, tree, name, letters, axes, {0: "s", 1: "c", 2: "m"}[whole])
    for letter, index in lookups:
        if isinstance(index, Num):
            at = place(line, affine(index), tree)
        else:
            at = line.read(index) if isinstance(index, Expr) else window(line, index, line.letters[letter], tree)
        val = look_up(line, val, letter, at, tree)
    return val


def index_letter(line: LineMeaning, index: Expr, shifted: bool, lookups: list[tuple[str, Expr | AffineIndex]]) -> str:
    """The letter of an axis: that of the index, or a hidden one that the index is looked up for."""
    if isinstance(index, Index) and not shifted:
        return index.letter
    if isinstance(index, Ref) and line.context.dtypes.get(line.context.target(index), "int64") != "int64":
        raise Mismatch(index, f"'{index.name}' holds no integers, so it is no index.", "Write an index letter.")
    line.hidden += 1
    letter = f"?{line.hidden}"
    lookups.append((letter, affine(index) if isinstance(index, Index | ARITHMETIC) else index))
    return letter


def window(line: LineMeaning, index: AffineIndex, axis: int, tree: Ref) -> Val:
    """The places that a shifted index reads."""
    at = place(line, index, tree)
    sizes = {q: line.letter(q, tree) for q, _ in index.coefficients}
    line.context.windows.append(Window(axis, index, sizes, line.left, line.may_leave, tree))
    if line.may_leave:
        line.loose.append(Loose(frozenset(sizes), tree, inside(line, at, axis, tree)))
    return at


def entry(line: LineMeaning, tree: Ref, name: str, letters: Sequence[str], axes: Sequence[int], kind: str) -> Val:
    """x_ij: the leaf with lettered axes; a letter used twice takes the diagonal."""
    distinct = tuple(dict.fromkeys(letters))
    sizes = tuple(line.letters[q] for q in distinct) + tuple(axes[len(letters) :])
    if len(distinct) == len(letters):
        return Val(distinct, kind, sizes, lambda: line.context.leaf(name), tree)
    number = {q: k for k, q in enumerate(distinct)}
    extra = tuple(range(len(distinct), len(distinct) + WHOLE_RANK[kind]))
    labels = (*(number[q] for q in letters), *extra)

    def make() -> Node:
        return apply("einsum", line.context.leaf(name), inputs=(labels,), output=(*number.values(), *extra))

    return Val(distinct, kind, sizes, make, tree)


def look_up(line: LineMeaning, val: Val, letter: str, at: Val, tree: Ref) -> Val:
    """x_{Y_i} = Σ_j x_j ⟦j = Y_i⟧."""
    chosen = line.combine.entrywise(lambda a, b: apply("equal", a, b), [line.index(Index(letter)), at], tree)
    onehot = line.combine.cast(chosen, "float64")
    product = line.times(val, onehot, tree)
    return line.combine.reduce("sum", product, [letter], tree)


def identity(line: LineMeaning, tree: Ref) -> Val:
    """I_ij = ⟦i = j⟧, of the size that its surroundings have."""
    item = line.context.classes.fresh()

    def make() -> Node:
        size = line.context.classes.size(item)
        place = apply("position", size=size, dtype="int64")
        rows, columns = (apply("broadcast", place, shape=(size, size), axes=(axis,)) for axis in (0, 1))
        return apply("cast", apply("equal", rows, columns), dtype="float64")

    return Val((), "m", (item, item), make, tree)
