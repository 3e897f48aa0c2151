"""Arrays of NumPy code while it is read: the axes that an expression has, and its surface tree once they are given index letters.

Broadcasting, reductions and products are what NumPy makes of them; in the tree every index is written, so that nothing is left to
be aligned. It must not know Python's syntax.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from wengert.notes.notation.expr import BigOp, Compare, Expr, Index, Indicator, Num, Product, Quotient, Ref, Sum

Letters = tuple[str, ...]


class NotRead(Exception):
    """What NumPy code is not read from; `what` is why, `repair` what to write instead."""

    def __init__(
        self, what: str, repair: str = "Write it with @, einsum, sums over axes and functions of entries."
    ) -> None:
        super().__init__(what)
        self.what = what
        self.repair = repair


@dataclass(frozen=True, eq=False)
class LetteredArray:
    """An expression: for each axis whether it has one entry only, and the tree for letters of the axes ("" for one of one entry)."""

    ones: tuple[bool, ...]
    build: Callable[[Letters], Expr]

    @property
    def rank(self) -> int:
        return len(self.ones)


def scalar(tree: Expr) -> LetteredArray:
    """A number."""
    return LetteredArray((), lambda letters: tree)


def quantity(name: str, ones: tuple[bool, ...], *, barred: bool = False) -> LetteredArray:
    """A named array, or its error signal; its axes of one entry have no index."""

    def build(letters: Letters) -> Expr:
        indices = tuple(Index(letter) for letter, one in zip(letters, ones, strict=True) if not one)
        return Ref(name, indices or None, barred)

    return LetteredArray(ones, build)


class Letter:
    """Index letters that are new in one line; every line begins anew."""

    def __init__(self, taken: frozenset[str]) -> None:
        self.taken = taken
        self.begin()

    def begin(self) -> None:
        """A new line."""
        self.spare: Iterator[str] = (q for q in "ijklmnpqrstuvabcdefgh" if q not in self.taken)
        self.count = 0

    def new(self) -> str:
        """A letter that the line has not yet."""
        self.count += 1
        return next(self.spare, f"i{self.count}")


def entrywise(make: Callable[..., Expr], parts: Sequence[LetteredArray]) -> LetteredArray:
    """make(a, b, …) entry by entry; axes are aligned at the last, and one of one entry is repeated."""
    rank = max(part.rank for part in parts)

    def is_one(axis: int) -> bool:
        return all(part.ones[axis] for part in parts if axis >= -part.rank)

    ones = tuple(is_one(axis) for axis in range(-rank, 0))

    def build(letters: Letters) -> Expr:
        return make(*(part.build(own(part, letters)) for part in parts))

    return LetteredArray(ones, build)


def own(part: LetteredArray, letters: Letters) -> Letters:
    """The letters of the axes that a part of an expression has."""
    mine = letters[len(letters) - part.rank :]
    return tuple("" if one else letter for letter, one in zip(mine, part.ones, strict=True))


def reduced(op: str, array: LetteredArray, axes: Sequence[int] | None, keep: bool, letter: Letter) -> LetteredArray:
    """Σ, max or ∏ over axes, all of them where none are given."""
    over = {axis % array.rank for axis in (range(array.rank) if axes is None else axes)} if array.rank else set[int]()
    kept = [axis for axis in range(array.rank) if axis not in over]
    ones = tuple(axis in over or array.ones[axis] for axis in (range(array.rank) if keep else kept))

    def build(letters: Letters) -> Expr:
        given = iter([q for axis, q in enumerate(letters) if axis not in over] if keep else letters)
        bound: list[str] = []
        inner: list[str] = []
        for axis in range(array.rank):
            if axis not in over:
                inner.append(next(given))
            elif array.ones[axis]:
                inner.append("")
            else:
                bound.append(letter.new())
                inner.append(bound[-1])
        body = array.build(tuple(inner))
        return BigOp(op, tuple(bound), body) if bound else body

    return LetteredArray(ones, build)


def mean(array: LetteredArray, axes: Sequence[int] | None, keep: bool, letter: Letter) -> LetteredArray:
    """Σ over axes, divided by how many entries they have."""
    total = reduced("sum", array, axes, keep, letter)

    def build(letters: Letters) -> Expr:
        tree = total.build(letters)
        return Quotient(tree, entries(tree.letters)) if isinstance(tree, BigOp) and tree.letters else tree

    return LetteredArray(total.ones, build)


def entries(letters: Sequence[str]) -> Expr:
    """How many entries index letters run over: Σ_i ⟦i = i⟧."""
    ones = [Indicator(Compare("=", Index(q), Index(q))) for q in letters]
    return BigOp("sum", tuple(letters), ones[0] if len(ones) == 1 else Product(tuple(ones)))


def size(array: LetteredArray, axis: int, letter: Letter) -> LetteredArray:
    """The number of entries along one axis: Σ_i (1 + 0 · Σ_j x_ij), in which x says how far i runs."""

    def build(letters: Letters) -> Expr:
        if array.ones[axis]:
            return Num(Fraction(1))
        names = tuple("" if one else letter.new() for one in array.ones)
        rest = tuple(q for k, q in enumerate(names) if q and k != axis % array.rank)
        tree = array.build(names)
        nothing = Product((Num(Fraction(0)), BigOp("sum", rest, tree) if rest else tree))
        return BigOp("sum", (names[axis],), Sum(((1, Num(Fraction(1))), (1, nothing))))

    return LetteredArray((), build)


def product(a: LetteredArray, b: LetteredArray, letter: Letter) -> LetteredArray:
    """a @ b; axes before the last two are aligned."""
    if not a.rank or not b.rank:
        raise NotRead("'@' stands between a number and an array.", "Write '*' for it.")
    before = max(a.rank - 2, b.rank - 2, 0)
    batch = entrywise(lambda *trees: trees[0], [_batch(a), _batch(b)]).ones if before else ()
    rows, columns = a.ones[-2:-1], b.ones[-1:] if b.rank > 1 else ()

    def build(letters: Letters) -> Expr:
        lead, last = letters[:before], letters[before:]
        inner = "" if a.ones[-1] or b.ones[-2 if b.rank > 1 else -1] else letter.new()
        left = (*lead[before - max(a.rank - 2, 0) :], *last[: len(rows)], inner)
        right = (*lead[before - max(b.rank - 2, 0) :], inner, *last[len(rows) :])
        body = Product((a.build(own(a, left)), b.build(own(b, right))))
        return BigOp("sum", (inner,), body) if inner else body

    return LetteredArray((*batch, *rows, *columns), build)


def _batch(array: LetteredArray) -> LetteredArray:
    return LetteredArray(array.ones[:-2], lambda letters: Num(Fraction(1)))


def einsum(spec: str, parts: Sequence[LetteredArray], letter: Letter) -> LetteredArray:
    """np.einsum of a text such as 'ij,jk->ik'."""
    inputs, arrow, output = spec.replace(" ", "").partition("->")
    words = inputs.split(",")
    if "." in spec or len(words) != len(parts) or any(len(w) != p.rank for w, p in zip(words, parts, strict=False)):
        raise NotRead("This einsum does not fit its arrays.", "Write a letter for each axis, as in 'ij,jk->ik'.")
    every = "".join(words)
    if not arrow:
        output = "".join(sorted(q for q in set(every) if every.count(q) == 1))
    if not set(output) <= set(every) or len(set(output)) != len(output):
        raise NotRead("The letters after '->' are not among those before it.", "Write, for example:  'ij,jk->ik'")
    one = {
        q
        for q in set(every)
        if all(p.ones[k] for w, p in zip(words, parts, strict=True) for k, c in enumerate(w) if c == q)
    }

    def build(letters: Letters) -> Expr:
        names = dict(zip(output, letters, strict=True))
        bound = [q for q in dict.fromkeys(every) if q not in names]
        names |= {q: "" if q in one else letter.new() for q in bound}
        factors = tuple(p.build(own(p, tuple(names[c] for c in w))) for w, p in zip(words, parts, strict=True))
        body = factors[0] if len(factors) == 1 else Product(factors)
        summed = tuple(names[q] for q in bound if names[q])
        return BigOp("sum", summed, body) if summed else body

    return LetteredArray(tuple(q in one for q in output), build)


def transposed(array: LetteredArray, order: Sequence[int] | None = None) -> LetteredArray:
    """The axes in another order, reversed where none is given."""
    places = tuple(reversed(range(array.rank))) if order is None else tuple(axis % array.rank for axis in order)

    def build(letters: Letters) -> Expr:
        given = dict(zip(places, letters, strict=True))
        return array.build(tuple(given[axis] for axis in range(array.rank)))

    return LetteredArray(tuple(array.ones[axis] for axis in places), build)


def looked_up(array: LetteredArray, at: Mapping[int, LetteredArray], letter: Letter) -> LetteredArray:
    """x[s], x[range(n), y]: the entries whose index along some axes is an integer of other arrays, aligned with each other."""
    joint = entrywise(lambda *trees: trees[0], list(at.values()))
    rest = [axis for axis in range(array.rank) if axis not in at]

    def build(letters: Letters) -> Expr:
        front, behind = letters[: joint.rank], iter(letters[joint.rank :])
        inner = [letter.new() if axis in at else next(behind) for axis in range(array.rank)]
        conditions = [Indicator(Compare("=", Index(inner[k]), each.build(own(each, front)))) for k, each in at.items()]
        body = Product((array.build(tuple(inner)), *conditions))
        return BigOp("sum", tuple(inner[k] for k in at), body)

    return LetteredArray((*joint.ones, *(array.ones[axis] for axis in rest)), build)


def spread(
    values: LetteredArray, at: Mapping[int, LetteredArray], like: LetteredArray, letter: Letter, *, last_only: bool
) -> LetteredArray:
    """What np.add.at(x, s, v) adds to each entry of x; with `last_only` what x[s] += v does, where of equal places the last one counts."""
    joint = entrywise(lambda *trees: trees[0], list(at.values()))
    if values.rank > joint.rank + like.rank - len(at):
        raise NotRead("These values have more axes than the places that they are written to.")

    def build(letters: Letters) -> Expr:
        inner = tuple("" if one else letter.new() for one in joint.ones)
        rest = [q for axis, q in enumerate(letters) if axis not in at]
        conditions = [Compare("=", each.build(own(each, inner)), Index(letters[k])) for k, each in at.items()]
        factors: list[Expr] = [*map(Indicator, conditions), values.build(own(values, (*inner, *rest)))]
        if last_only and len(at) == 1 and inner and inner[0]:
            ((axis, each),) = at.items()
            other = letter.new()
            same = Indicator(Compare("=", each.build(own(each, (other,))), Index(letters[axis])))
            last = BigOp("max", (other,), Product((Index(other), same)))
            factors.append(Indicator(Compare("=", Index(inner[0]), last)))
        bound = tuple(q for q in inner if q)
        return BigOp("sum", bound, Product(tuple(factors))) if bound else Product(tuple(factors))

    return LetteredArray(like.ones, build)
