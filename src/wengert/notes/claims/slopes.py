"""Lines σ'(z) = … in which z stands for any number: read of one entry where z is an array, or of a known quantity where it is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from wengert.notes.claims.stated import Stated
from wengert.notes.elaboration.system import Quantity
from wengert.notes.notation.expr import Call, Expr, Index, Line, Ref, mapped_line


def argument_of(line: Line) -> Ref | None:
    """The z of a line σ'(z) = …, where it is a name that stands whole."""
    left = line.left
    if not isinstance(left, Call) or len(left.args) != 1:
        return None
    (argument,) = left.args
    whole = isinstance(argument, Ref) and argument.indices is None and not argument.barred
    return argument if whole and isinstance(argument, Ref) else None


def with_known_argument(stated: Stated, line: Line) -> Line:
    """The line with an entry of a quantity in place of a letter that no equation has."""
    argument, system = argument_of(line), stated.system
    if argument is None or not stated.unknown(argument):
        return line
    real = [quantity for quantity in system.quantities.values() if quantity.type.is_float]
    quantity = min(real, key=lambda each: each.type.rank, default=None)
    if quantity is None:
        return line
    return with_changes(line, lambda ref: entry(quantity) if ref == argument else ref)


def by_entries(stated: Stated, line: Line) -> Line | None:
    """The line about one entry of an array z, and of the arrays of its shape; None where z is none."""
    argument, system = argument_of(line), stated.system
    if argument is None or (name := stated.resolve(argument.name)) not in system.quantities:
        return None
    shape = system.quantities[name].type.shape
    letters = system.quantities[name].letters

    def change(ref: Ref) -> Expr:
        known = system.quantities.get(stated.resolve(ref.name))
        whole = known is not None and ref.indices is None and not ref.barred and known.type.shape == shape
        return entry(replace(known, letters=letters)) if whole and known is not None else ref

    return with_changes(line, change) if shape else None


def with_changes(line: Line, change: Callable[[Ref], Expr]) -> Line:
    """The line with other expressions for its names."""

    def changed(tree: Expr) -> Expr:
        return change(tree) if isinstance(tree, Ref) else tree

    return mapped_line(line, changed)


def entry(quantity: Quantity) -> Ref:
    """An entry of a quantity, at its own letters; the quantity itself where it is a number."""
    return Ref(quantity.indexed or quantity.name, tuple(map(Index, quantity.letters)) or None)
