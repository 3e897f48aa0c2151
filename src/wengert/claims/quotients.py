"""Derivatives inside a system, ∂u/∂v = …, judged for themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.claims.diagonals import BEFORE, BEHIND, stated_entries
from wengert.claims.findings import Claim, Finding
from wengert.claims.points import close
from wengert.claims.stated import Stated
from wengert.errors import EquationError
from wengert.manuscripts.manuscript import Unread, unread
from wengert.notation.expr import Derive, Expr, Line, Partial, Span

Array = Any


def quotient(stated: Stated, line: Line) -> tuple[list[Claim], list[Unread]]:
    """The right sides of a line ∂u/∂v = …, and those that are not read."""
    try:
        letters, node = stated.reader().value(line.left)
        expected = [point.value(node, point.truth) for point in stated.points]
    except EquationError as error:
        return [], [unread(line.span, error)]
    claims: list[Claim] = []
    refused: list[Unread] = []
    for k, tree in enumerate(line.rights):
        place = tree.span if tree.span.start >= 0 else line.span
        try:
            own, right = stated.reader().value(tree, line.left)
            values = [
                _laid_out(point.value(right), own, letters, np.shape(e))
                for point, e in zip(stated.points, expected, strict=True)
            ]
        except EquationError as error:
            refused.append(unread(place, error))
            continue
        note = how_it_holds(stated, line, place, values, expected, letters)
        if note is None:
            claims.append(Claim(line, k, place, "wrong", finding=Finding("", tuple(values), tuple(expected))))
        else:
            claims.append(Claim(line, k, place, "holds", note))
    return claims, refused


def how_it_holds(
    stated: Stated,
    line: Line,
    place: Span,
    values: list[Array],
    expected: list[Array],
    letters: Sequence[str],
) -> str | None:
    """In which sense ∂u/∂v has these values, "" in the usual one; None where it has others."""
    if close(values, expected):
        return ""
    if not letters and np.ndim(expected[0]) == 2 and close([value.T for value in values], expected):
        return "with a column for each entry above the line"
    if (total := total_derivative(stated, line.left)) and close(values, total):
        return "as the derivative through all lines between"
    if entries := stated_entries(letters, values, expected, around(stated, line, place)):
        return f"for {entries}"
    return None


def around(stated: Stated, line: Line, place: Span) -> str:
    """The text around a claim, which may say what it is about."""
    text = stated.system.source
    return text[max(0, line.span.start - BEFORE) : line.span.start] + "\n" + text[place.end : place.end + BEHIND]


def total_derivative(stated: Stated, left: Expr) -> list[Array]:
    """∂y/∂x where the quantities that the line of y reads are not held, but move with x; nothing where it has no value."""
    if not isinstance(left, Partial):
        return []
    try:
        _, node = stated.reader().value(Derive(left.denominator, left.numerator, span=left.span))
    except EquationError:
        return []  # it is the partial derivative that the claim is judged against
    return [point.value(node, point.truth) for point in stated.points]


def _laid_out(value: Array, own: Sequence[str], letters: Sequence[str], shape: tuple[int, ...]) -> Array:
    """A value with the axes of its letters in the order of others; one that lacks a letter is the same for each of its entries."""
    missing = [q for q in letters if q not in own]
    order = [*own, *missing]
    value = np.reshape(value, (*np.shape(value)[: len(own)], *(1,) * len(missing), *np.shape(value)[len(own) :]))
    if sorted(order) != sorted(letters):
        return value
    axes = [order.index(q) for q in letters]
    value = np.transpose(value, (*axes, *range(len(axes), np.ndim(value))))
    fits = np.ndim(value) == len(shape) and all(a in (1, b) for a, b in zip(np.shape(value), shape, strict=True))
    return np.broadcast_to(value, shape) if fits else value
