"""Claims written as a loop adds them up: x̄_{i+k} += w_k ȳ_i for every i and k is x̄_p = Σ_{i,k} w_k ȳ_i ⟦p = i + k⟧.

The index on the left is one at which a kernel writes: arithmetic of letters or a look-up. With = in place of += each entry must be
written once, which is for the judge to see.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from wengert.notes.elaboration.system import SystemData
from wengert.notes.manuscripts.increments import terms_of
from wengert.notes.notation.expr import (
    BigOp,
    Compare,
    Expr,
    Index,
    Indicator,
    Line,
    Num,
    Product,
    Ref,
    Sum,
    children,
    walk,
)

LETTERS = "pqrsuvabcdefghijklmn"


def gathered(line: Line, system: SystemData) -> Line:
    """The claim with a letter for each axis on the left, and the sums that a loop makes; another claim as it is."""
    left = line.left
    if not isinstance(left, Ref) or not left.barred or not left.indices or system.clock is not None:
        return line
    added = "+=" in line.notes
    if not added and not writes_at(left):
        return line
    indices, conditions = with_letters(line, system)
    kept = {index.letter for index in indices if isinstance(index, Index)}
    rights = tuple(summed(right, kept, conditions, implied=added) for right in line.rights)
    return replace(line, left=replace(left, indices=indices), rights=rights)


def writes_at(left: Ref) -> bool:
    """Whether an index on the left is no letter and no number."""
    return any(not isinstance(index, Index | Num) for index in left.indices or ())


def writings(line: Line, system: SystemData) -> Expr | None:
    """How many times a claim with = writes each entry of its left side, an expression in the letters of `gathered`; None where once."""
    left = line.left
    if not isinstance(left, Ref) or not left.barred or not left.indices or "+=" in line.notes or not writes_at(left):
        return None
    if system.clock is not None:
        return None
    indices, conditions = with_letters(line, system)
    kept = {index.letter for index in indices if isinstance(index, Index)}
    letters = tuple(dict.fromkeys(q for condition in conditions for q in free_letters(condition) if q not in kept))
    body = (
        Product(tuple(Indicator(condition) for condition in conditions))
        if len(conditions) > 1
        else Indicator(conditions[0])
    )
    return BigOp("sum", letters, body) if letters else body


def with_letters(line: Line, system: SystemData) -> tuple[tuple[Expr, ...], list[Expr]]:
    """The indices of the left side with a new letter where it writes at a place, and what the letter is there."""
    left = line.left
    assert isinstance(left, Ref)
    trees = [tree for side in (left, *line.rights) for tree in walk(side)]
    used = {tree.letter for tree in trees if isinstance(tree, Index)} | {t.name for t in trees if isinstance(t, Ref)}
    used |= {q for tree in trees if isinstance(tree, BigOp) for q in tree.letters} | set(system.quantities)
    spare = iter([*(q for q in LETTERS if q not in used), *(f"p{k}" for k in range(len(left.indices or ())))])
    indices: list[Expr] = []
    conditions: list[Expr] = []
    for index in left.indices or ():
        if isinstance(index, Index | Num):
            indices.append(index)
            continue
        letter = Index(next(spare), span=index.span)
        indices.append(letter)
        conditions.append(Compare("=", letter, index, span=index.span))
    return tuple(indices), conditions


def summed(right: Expr, kept: set[str], conditions: Sequence[Expr], *, implied: bool) -> Expr:
    """Each term summed over the letters that the left side has not: those of the places, and with += all that are free."""
    terms: list[tuple[int, Expr]] = []
    for sign, term in terms_of(right):
        free = [*(free_letters(term) if implied else ()), *(q for c in conditions for q in free_letters(c))]
        letters = tuple(q for q in dict.fromkeys(free) if q not in kept)
        factors = (term, *(Indicator(condition, span=condition.span) for condition in conditions))
        body = Product(factors, span=term.span) if conditions else term
        terms.append((sign, BigOp("sum", letters, body, span=term.span) if letters else body))
    return terms[0][1] if terms == [(1, terms[0][1])] else Sum(tuple(terms), span=right.span)


def free_letters(tree: Expr) -> Iterator[str]:
    """The index letters of an expression that no sum in it binds."""
    if isinstance(tree, Index):
        yield tree.letter
    bound = set(tree.letters) if isinstance(tree, BigOp) else set[str]()
    for part in children(tree):
        yield from (q for q in free_letters(part) if q not in bound)
