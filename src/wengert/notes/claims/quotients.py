"""Derivatives inside a system, ∂u/∂v = …, judged for themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from wengert.errors import EquationError
from wengert.notes.claims.diagonals import BEFORE, BEHIND, stated_entries
from wengert.notes.claims.findings import Claim, place_of
from wengert.notes.claims.local_lines import Local
from wengert.notes.claims.mistakes import Mistakes
from wengert.notes.claims.points import close
from wengert.notes.claims.slopes import by_entries, with_known_argument
from wengert.notes.claims.stated import Stated
from wengert.notes.manuscripts.sections import Unread, unread
from wengert.notes.notation.expr import Derive, Expr, Line, Partial, Ref, Span

Array = Any


def quotient(stated: Stated, line: Line, mistakes: Mistakes) -> tuple[list[Claim], list[Unread]]:
    """The right sides of a line ∂u/∂v = … or σ'(z) = …, and those that are not read."""
    claims: list[Claim] = []
    refused: list[Unread] = []
    read = with_known_argument(stated, line)
    if (reason := without_value(stated, read)) is not None:
        return [], [reason]
    for k, tree in enumerate(read.rights):
        place = place_of(line, k)
        try:
            local, tree = readable(stated, replace(read, rights=(tree,)))
            values = local.values(tree)
        except EquationError as error:
            refused.append(unread(place, error))
            continue
        note = how_it_holds(local, place, values)
        if note is None and (name := said_to_depend(local)):
            what = f"No line here says on what '{name}' depends."
            refused.append(Unread(place, what, f"Write the line that defines '{name}'.", place))
        elif note is None:
            finding = mistakes.in_derivative(local, tree, values)
            if read is not line or local.line.left != line.left:
                finding = replace(finding, corrected=None)  # it is in other letters than the author's
            claims.append(Claim(line, k, place, "wrong", finding=finding))
        else:
            claims.append(Claim(line, k, place, "holds", note))
    return claims, refused


def said_to_depend(local: Local) -> str:
    """The u of ∂u/∂v = … where no line defines u and its derivative is 0 for that alone: the text defines it in words; else ""."""
    above = local.line.left.numerator if isinstance(local.line.left, Partial) else None
    name = local.stated.resolve(above.name) if isinstance(above, Ref) else ""
    return name if name in local.stated.system.inputs and not any(np.any(each) for each in local.expected) else ""


def without_value(stated: Stated, line: Line) -> Unread | None:
    """Why the left side has no value, if it has none."""
    try:
        point, (_, node) = stated.points[0], stated.reader().value(line.left)
        point.value(node, point.truth)
    except EquationError as error:
        return unread(line.span, error)
    return None


def readable(stated: Stated, line: Line) -> tuple[Local, Expr]:
    """A line with one right side as it stands, else for one entry of the argument of a function.

    Raises EquationError where it has no value in either way.
    """
    local = Local(stated, line)
    try:
        local.values(line.rights[0])
    except EquationError:
        single = by_entries(stated, line)
        if single is None:
            raise
        return Local(stated, single), single.rights[0]
    return local, line.rights[0]


def how_it_holds(local: Local, place: Span, values: list[Array]) -> str | None:
    """In which sense ∂u/∂v has these values, "" in the usual one; None where it has others."""
    stated, line, expected, letters = local.stated, local.line, local.expected, local.left[0]
    if close(values, expected):
        return ""
    if not letters and np.ndim(expected[0]) == 2 and has_axis_above(stated, line.left):
        if close([value.T for value in values], expected):
            return "with a column for each entry above the line"
        if is_diagonal(values, expected):
            return "as the diagonal; the other entries are 0"
    if (total := total_derivative(stated, line.left)) and close(values, total):
        return "as the derivative through all lines between"
    if entries := stated_entries(letters, values, expected, around(stated, line, place)):
        return f"for {entries}"
    return None


def has_axis_above(stated: Stated, left: Expr) -> bool:
    """Whether the u of ∂u/∂v is not a number, so that a matrix of its derivatives has a row for each entry of u, or a column."""
    above = left.numerator if isinstance(left, Partial) else None
    quantity = stated.system.quantities.get(stated.resolve(above.name)) if isinstance(above, Ref) else None
    return quantity is None or quantity.type.rank > 0


def is_diagonal(values: Sequence[Array], expected: Sequence[Array]) -> bool:
    """Whether square matrices have these entries on their diagonal, and 0 elsewhere."""
    square = all(np.shape(e) == 2 * np.shape(v) for v, e in zip(values, expected, strict=True))
    return square and close([np.diag(v) for v in values], expected)


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
