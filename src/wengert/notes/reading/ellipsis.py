"""What dots stand for: a sum, a vector or a matrix that is written out with … becomes a sum or an array over letters of its own."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from wengert.notes.reading.trees import (
    DOTS,
    Big,
    Entries,
    Group,
    Listing,
    Matrix,
    Name,
    Num,
    Row,
    Script,
    Sign,
    Sum,
    Tree,
    Word,
    base_of,
)

INNER, SECOND = "ι", "κ"
DOT = Name(DOTS)
ZERO = Num(Fraction(0))


def written_out(tree: Tree) -> Tree:
    """A tree in which dots are replaced by what they stand for; dots that are not understood stay."""
    new: Tree | None = None
    if isinstance(tree, Sum):
        new = _sum(tree)
    elif isinstance(tree, Matrix):
        new = _matrix(tree.rows)
    elif isinstance(tree, Group) and isinstance(tree.inner, Listing) and DOT in tree.inner.items:
        new = _vector([item for item in tree.inner.items if item != DOT], tree.bracket == "[")
    if new is not None:
        return new
    parts = tree.parts
    fresh = tuple(written_out(part) for part in parts)
    return tree if all(a is b for a, b in zip(parts, fresh, strict=True)) else tree.with_parts(fresh)


def _sum(tree: Sum) -> Tree | None:
    """a₁ b₁ + … + aₙ bₙ."""
    terms = list(tree.terms)
    at = next((k for k, (_, term) in enumerate(terms) if term == DOT), None)
    if at is None or not 0 < at < len(terms) - 1 or terms[0][0] < 0:
        return None
    body = generalised(terms[0][1], terms[at + 1][1], Name(INNER))
    if body is None or any(not _is_instance(term, body, INNER) for _, term in terms[:at]):
        return None
    whole = Big("Σ", Name(INNER), None, body)
    return Sum(((1, whole), *terms[at + 2 :])) if terms[at + 2 :] else whole


def _matrix(rows: Sequence[Sequence[Tree]]) -> Tree | None:
    """A vector or matrix with dots between its corners."""
    if not any(cell == DOT for row in rows for cell in row):
        return None
    rows = [[_digits(cell) for cell in row] for row in rows]
    filled = [row for row in rows if any(cell != DOT for cell in row)]
    if len(rows) == 1 or len(rows[0]) == 1:
        return _vector([cell for row in filled for cell in row if cell != DOT], len(rows) == 1)
    first, last = filled[0], filled[-1]
    if DOT in (first[0], first[-1], last[0], last[-1]):
        return None
    across = generalised(first[0], first[-1], Name(SECOND))
    below = generalised(last[0], last[-1], Name(SECOND))
    body = None if across is None or below is None else generalised(across, below, Name(INNER))
    if body is not None and across != first[0]:
        return Entries(body, (INNER, SECOND))
    on_diagonal = generalised(first[0], last[-1], Name(INNER))
    if on_diagonal is None or (first[-1], last[0]) != (ZERO, ZERO):
        return None
    return Group("(", Row((("", Big("Σ", Name(INNER), None, DOT)),))) if on_diagonal == DOT else _diagonal(on_diagonal)


def _digits(tree: Tree) -> Tree:
    """a₁₁ with two indices."""
    if isinstance(tree, Script) and isinstance(tree.sub, Num) and 10 < tree.sub.value < 100:
        first, second = divmod(int(tree.sub.value), 10)
        return Script(tree.base, Row((("", Num(Fraction(first))), ("", Num(Fraction(second))))), tree.sup, tree.primes)
    fresh = tuple(_digits(part) for part in tree.parts)
    return tree.with_parts(fresh) if fresh else tree


def _diagonal(body: Tree) -> Tree:
    """A diagonal matrix: its entries where both letters are the same."""
    unit = Script(Name("δ"), Row((("", Name(INNER)), ("", Name(SECOND)))))
    return Entries(Row((("", Group("(", body)), ("", unit))), (INNER, SECOND))


def _vector(cells: Sequence[Tree], row: bool) -> Tree | None:
    if len(cells) < 2:
        return None
    body = generalised(cells[0], cells[-1], Name(INNER))
    if body is None or body == cells[0] or any(not _is_instance(cell, body, INNER) for cell in cells[:-1]):
        return None
    return Entries(body, (INNER,), row)


def generalised(first: Tree, last: Tree, letter: Name) -> Tree | None:
    """The tree of which both are instances, with a letter where a number became another; None where they differ otherwise."""
    if first == last:
        return first
    if isinstance(first, Num) and isinstance(last, Name | Num | Word | Sign):
        return letter
    if isinstance(first, Num) and isinstance(last, Script | Sum) and base_of(last) != "":
        return letter
    if type(first) is not type(last) or len(first.parts) != len(last.parts) or not first.parts:
        return None
    parts = [generalised(a, b, letter) for a, b in zip(first.parts, last.parts, strict=True)]
    found = tuple(part for part in parts if part is not None)
    if len(found) < len(parts):
        return None
    made = first.with_parts(found)
    return made if last.with_parts(found) == made else None


def _is_instance(cell: Tree, body: Tree, letter: str) -> bool:
    """Whether an entry that is written out is one of those that the dots stand for."""
    return cell == body or generalised(cell, body, Name(letter)) == body
