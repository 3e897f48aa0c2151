"""What a side may lack: a factor, a term, a sum, a division, a link of a chain; each change puts back what stands near it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from wengert.notes.reading.printing import plain_text
from wengert.notes.reading.trees import (
    Big,
    Frac,
    Func,
    Group,
    Name,
    Num,
    Row,
    Script,
    Sum,
    Tree,
    first_sign,
    is_fraction_of,
    product,
    without_first,
)

MOST_SPELLED = 40
Put = Callable[[Tree], Tree]


@dataclass(frozen=True)
class Edit:
    """A side with one change, the kind of mistake that it undoes, and the sentence about it."""

    kind: str
    sentence: str
    tree: Tree


@dataclass(frozen=True)
class Nearby:
    """What stands near a line and may be missing in it, or stand there in the place of something else.

    close   names, derivatives, calls, brackets of the sides beside it
    far     those of other lines, and of the line itself
    terms   terms of the other sides of its statement
    sums    what stands below and above the Σ of the lines near it
    sizes   names of numbers over which a mean may be taken
    lows    what the sides beside it divide by
    numbers the pieces that are numbers or entries, whose place in a product does not matter
    """

    close: Sequence[Tree] = ()
    far: Sequence[Tree] = ()
    terms: Sequence[Tree] = ()
    sums: Sequence[tuple[Tree | None, Tree | None]] = ()
    sizes: Sequence[Tree] = ()
    lows: Sequence[Tree] = ()
    numbers: frozenset[Tree] = frozenset()


def lost_links(inner: Sequence[tuple[Tree, Put]], left: Tree) -> Iterator[Edit]:
    """A derivative that a product of derivatives lacks: ∂b/∂c between ∂a/∂b and ∂c/∂d, or one at its ends."""
    outer = _of_what_by_what(left)
    for node, put in inner:
        items = node.items if isinstance(node, Row) else (("", node),)
        links = [(k, ends) for k, (_, item) in enumerate(items) if (ends := _of_what_by_what(item)) is not None]
        if len(links) < 2:
            continue
        sign = Name(_sign_of(items[links[0][0]][1]))
        gaps = [(k + 1, one[1], two[0]) for (k, one), (_, two) in itertools.pairwise(links)]
        if outer is not None:
            gaps += [(links[0][0], outer[0], links[0][1][0]), (links[-1][0] + 1, links[-1][1][1], outer[1])]
        for k, top, low in gaps:
            if top != low:
                link = Frac(product([sign, top]), product([sign, low]))
                before = items[:k] if k else ()
                after = items[k:] if k else (("·", items[0][1]), *items[1:])
                new = Row((*before, ("·" if k else "", link), *after))
                yield Edit("missing factor", f"the factor {spelled(link)} is missing", put(new))


def _of_what_by_what(tree: Tree) -> tuple[Tree, Tree] | None:
    """a and b of ∂a/∂b; None for anything else."""
    if not (isinstance(tree, Frac) and is_fraction_of(tree, "∂", "d")):
        return None
    top, low = without_first(tree.top), without_first(tree.low)
    return None if top is None or low is None else (top, low)


def _sign_of(tree: Tree) -> str:
    """∂ or d, with which a derivative is written."""
    return first_sign(tree.top) if isinstance(tree, Frac) else ""


def lost_divisions(inner: Sequence[tuple[Tree, Put]], nearby: Nearby) -> Iterator[Edit]:
    """What a side beside this one divides by."""
    for low in nearby.lows:
        for node, put in inner:
            if isinstance(node, Row | Name | Script | Num | Frac | Sum | Group) and not acts(node):
                yield Edit("missing factor", f"the division by {spelled(low)} is missing", put(Frac(node, low)))


def lost_sums(inner: Sequence[tuple[Tree, Put]], nearby: Nearby) -> Iterator[Edit]:
    """A Σ of a line nearby that is left out before a part."""
    for under, over in nearby.sums:
        for node, put in inner:
            if isinstance(node, Row | Name | Script | Frac | Sum) and not acts(node):
                said = "the sum is missing" if under is None else f"the sum over {spelled(under)} is missing"
                yield Edit("missing sum", said, put(Big("Σ", under, over, bracketed(node))))


def missing_terms(inner: Sequence[tuple[Tree, Put]], found: Sequence[Tree]) -> Iterator[Edit]:
    """A term that is left out, and 1 − y for y."""
    for part, put in inner:
        if isinstance(part, Name | Script) and first_sign(part) not in ("∂", "d", "∇"):
            said = f"{spelled(part)} stands where 1 − {spelled(part)} should"
            yield Edit("missing term", said, put(_grouped(((1, Num(Fraction(1))), (-1, part)))))
    whole = inner[0][0]
    for term in dict.fromkeys(found):
        for node, put in inner:
            if not isinstance(node, Sum | Name | Script | Row | Num | Frac) or acts(node) or _is_factor(node, whole):
                continue
            for sign in (1, -1):
                terms = node.terms if isinstance(node, Sum) else ((1, node),)
                longer = Sum((*terms, (sign, term))) if terms[0][0] > 0 or sign < 0 else Sum(((sign, term), *terms))
                bare = node is whole or isinstance(node, Sum)
                yield Edit(
                    "missing term", f"the term {spelled(term)} is missing", put(longer if bare else Group("(", longer))
                )


def _is_factor(node: Tree, whole: Tree) -> bool:
    """Whether a derivative stands within a side, where no term is lost beside it."""
    return node is not whole and is_fraction_of(node, "∂", "d")


def missing_factors(
    inner: Sequence[tuple[Tree, Put]], pieces: Sequence[Tree], numbers: frozenset[Tree]
) -> Iterator[Edit]:
    """A factor that is left out: at the end of a product, before it, within it."""
    for piece in pieces:
        for node, put in inner:
            if not _may_lack_a_factor(node):
                continue
            kind, said = _lost(piece)
            for new in itertools.islice(_with_factor(node, piece), 1 if piece in numbers else None):
                yield Edit(kind, said, put(new))


def _lost(piece: Tree) -> tuple[str, str]:
    """The kind of a mistake and the sentence about it where a factor is left out."""
    first = piece.items[0][1] if isinstance(piece, Row) else piece
    if isinstance(first, Script) and first.primes:
        return "activation derivative", f"the derivative of {spelled(first.base)} is lost"
    return "missing factor", f"the factor {spelled(piece)} is missing"


def _may_lack_a_factor(node: Tree) -> bool:
    if isinstance(node, Row):
        return first_sign(node.items[0][1]) not in ("d", "∇") and not any(acts(item) for item in node.parts)
    return isinstance(node, Sum | Name | Script | Frac | Big | Num) and not acts(node)


def _with_factor(node: Tree, piece: Tree) -> Iterator[Tree]:
    """A product with one more factor at each of its places."""
    items = node.items if isinstance(node, Row) else (("", bracketed(node)),)
    factor = piece.items if isinstance(piece, Row) else (("", piece),)
    for sign in ("", "∘"):
        for k in range(len(items), -1, -1):
            if 0 < k < len(items) and (
                items[k][0] == "/" or isinstance(items[k - 1][1], Func) or isinstance(items[k][1], Group)
            ):
                continue
            before, after = items[:k], items[k:]
            middle = ((sign if k else "", factor[0][1]), *factor[1:])
            if after and not before:
                after = ((sign, after[0][1]), *after[1:])
            yield Row((*before, *middle, *after))


def _grouped(terms: tuple[tuple[int, Tree], ...]) -> Tree:
    return Group("(", Sum(terms))


def acts(item: Tree) -> bool:
    """Whether something is derived by what is written behind an item, or it is a function that wants its argument."""
    if isinstance(item, Frac):
        return is_fraction_of(item, "∂", "d") and item.top in (Name("∂"), Name("d"))
    base = item.base if isinstance(item, Script) else item
    return base in (Name("∇"), Name("∂"), Name("d"))


def bracketed(tree: Tree) -> Tree:
    return Group("(", tree) if isinstance(tree, Sum) else tree


def spelled(tree: Tree) -> str:
    """A part of a formula in a sentence."""
    text = plain_text(tree)
    return text if len(text) <= MOST_SPELLED else f"{text[:MOST_SPELLED]}…"
