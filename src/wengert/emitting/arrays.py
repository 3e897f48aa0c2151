"""Terms as expressions over whole arrays: products as matrix products where they are, sums over axes, einsum where nothing else is.

Each part of a product is an expression whose axes carry labels; what has fewer axes is broadcast as these libraries do it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from wengert.core.ir.types import Size
from wengert.core.ops.calls import REDUCTIONS
from wengert.core.ops.normal_form import scale, split_coef
from wengert.core.ops.terms import (
    Add,
    Apply,
    Factor,
    NamedLeaf,
    ProductTerm,
    Term,
    components,
    is_indicator,
    is_number,
)
from wengert.emitting.code import (
    ATOM,
    NotWritten,
    SourceCode,
    SourceVocabulary,
    as_code,
    chained,
    to_the_power,
    written_number,
)
from wengert.emitting.contraction import contracted
from wengert.emitting.dialects import Dialect
from wengert.emitting.lookups import KroneckerDelta, laid_out, read_at, stays_inside
from wengert.emitting.moves import MOVES, counted_from_the_front, kept_axes
from wengert.emitting.parts import Labelled, kept_code, laid_alike, letters_for
from wengert.emitting.stable import LOGSUMEXP, SOFTMAX

NEAR = "near"
"""The name of places that are made to be some of an axis."""


@dataclass
class Arrays:
    """Writes terms in one dialect; `names` are the identifiers of leaves and sizes, `like` an array whose dtype new ones have."""

    dialect: Dialect
    names: Mapping[str, str]
    like: str = ""
    local: Callable[[SourceCode, str], SourceCode] = lambda code, wish: code
    """Gives an expression a name of its own, where that reads better."""
    functions: SourceVocabulary = field(init=False)

    def __post_init__(self) -> None:
        self.functions = SourceVocabulary(self.dialect.table, self.dialect.helpers)

    # ---- whole terms

    def whole(self, term: Term) -> SourceCode:
        """The term with all its axes there.

        Raises NotWritten where a part of it has no source.
        """
        part = self.part(term)
        if len(part.labels) == term.rank:
            return part.code
        if part.labels and all(term.shape[k] == 1 for k in range(term.rank) if k not in part.labels):
            code = self.aligned(part, range(term.rank))
            leading = part.labels[0]
            return (
                code
                if code is not part.code
                else SourceCode(f"{code.at(ATOM)}[{'None, ' * leading}:]")
                if leading
                else code
            )
        shape = [self.size(size) for size in term.shape]
        if is_number(term):
            return self.dialect.new(part.code.text, shape, self.like)
        return self.dialect.spread(self.aligned(part, range(term.rank)), shape)

    def size(self, size: Size) -> str:
        """The source of a size."""
        return str(size) if isinstance(size, int) else self.names[f"size {size.name}"]

    def part(self, term: Term) -> Labelled:
        """The term, its labels the numbers of its axes that are there, in order."""
        if isinstance(term, NamedLeaf):
            return Labelled(SourceCode(self.names[term.name]), tuple(range(term.rank)), mask=term.dtype == "bool")
        if isinstance(term, Add):
            return self.added(term)
        if isinstance(term, ProductTerm):
            return self.product(term)
        assert isinstance(term, Apply)
        return self.applied(term)

    def added(self, term: Add) -> Labelled:
        """A sum, what is positive first."""
        terms = sorted(term.terms, key=lambda t: split_coef(t)[0] < 0)
        code: SourceCode | None = None
        parts = [self.part(t if split_coef(t)[0] > 0 or k == 0 else scale(-1, t)) for k, t in enumerate(terms)]
        axes = sorted({q for part in parts for q in part.labels})
        for k, (each, part) in enumerate(zip(terms, parts, strict=True)):
            piece = self.aligned(part, axes)
            if part.mask and self.dialect.name == "torch":  # which adds no conditions
                piece = self.numbers(piece)
            if code is None:
                code = piece
            else:
                code = code - piece if k and split_coef(each)[0] < 0 else code + piece
        assert code is not None
        pattern, kept = laid_alike(parts), None
        if pattern is not None and [q for q in pattern if q is not None] == axes:
            whole = kept_code(parts[0])
            for each, part in zip(terms[1:], parts[1:], strict=True):
                whole = whole - kept_code(part) if split_coef(each)[0] < 0 else whole + kept_code(part)
            kept = (whole, pattern)
        return Labelled(code, tuple(axes), kept)

    def applied(self, term: Apply) -> Labelled:
        """Any other op."""
        if term.op in REDUCTIONS:
            return self.reduced(term.op, self.full(term.args[0]), tuple(term.param("axes")))
        if term.op == "pi":
            return Labelled(SourceCode("math.pi"), ())
        if term.op == "size_of":
            return Labelled(SourceCode(self.size(term.param("size"))), ())
        if term.op == "position":
            return Labelled(self.dialect.positions(SourceCode(self.size(term.param("size"))), self.like), (0,))
        if term.op in (SOFTMAX, LOGSUMEXP):
            code = self.dialect.over_axis(term.op, self.whole(term.args[0]), tuple(term.param("axes")))
            self.functions.used.update(dict.fromkeys({term.op} & self.dialect.helpers.keys()))
            return Labelled(code, tuple(range(term.rank)))
        if term.op in MOVES:
            return self.moved(term)
        if term.op == "constant":
            return Labelled(self.constant(np.asarray(term.param("value"))), tuple(range(term.rank)))
        if term.op in ("inv", "det"):
            return Labelled(self.dialect.matrix(term.op, self.whole(term.args[0])), tuple(range(term.rank)))
        if term.op == "prod_others":
            return self.product_of_others(term)
        parts = [self.part(arg) for arg in term.args]
        axes = sorted({q for part in parts for q in part.labels})
        pieces = [self.aligned(part, axes) for part in parts]
        if term.op == "negative_part":
            return Labelled(self.functions.minimum(pieces[0], as_code(0)), tuple(axes))
        if term.op == "cast" and is_indicator(term):
            return Labelled(pieces[0], tuple(axes), mask=True)
        params, kept, pattern = dict(term.params), None, laid_alike(parts)
        if pattern is not None and [q for q in pattern if q is not None] == axes:
            kept = (self.functions.source(term.op, [kept_code(part) for part in parts], params), pattern)
        return Labelled(self.functions.source(term.op, pieces, params), tuple(axes), kept, term.dtype == "bool")

    def moved(self, term: Apply) -> Labelled:
        """Reshaped, sliced, padded, turned round or joined arrays."""
        (x, *_) = term.args
        kept = kept_axes(x.shape, term.shape) if term.op == "reshape" else None
        if kept is not None:
            return self.squeezed(term, kept)
        axes = tuple(range(term.rank))
        sizes = [self.size(size) for size in term.shape]
        return Labelled(
            self.dialect.moved(term.op, [self.whole(arg) for arg in term.args], dict(term.params), x, sizes), axes
        )

    def squeezed(self, term: Apply, kept: Sequence[int | None]) -> Labelled:
        """An array with axes of size 1 put in or left out: `kept` are the axes of x in the order of the result, None for new ones."""
        (x,) = term.args
        if isinstance(x, Apply) and x.op == "slice" and None not in kept:
            gone = [k for k in range(x.rank) if k not in kept]
            code = self.dialect.sliced(self.whole(x.args[0]), dict(x.params), x.args[0].shape, gone)
            return Labelled(code, tuple(range(term.rank)))
        part = self.part(x)
        labels = tuple(k for k, q in enumerate(kept) if q is not None and q in part.labels)
        gone = [k for k in part.labels if k not in kept]
        if gone:
            index = ", ".join("0" if k in gone else ":" for k in part.labels).removesuffix(", :")
            place = {q: k for k, q in enumerate(kept) if q is not None}
            around = tuple(place.get(k) for k in part.labels)
            return Labelled(SourceCode(f"{part.code.at(ATOM)}[{index}]"), labels, (part.code, around))
        if part.kept is not None:
            place = {q: k for k, q in enumerate(kept) if q is not None}
            return Labelled(
                part.code, labels, (part.kept[0], tuple(None if q is None else place[q] for q in part.kept[1]))
            )
        return Labelled(part.code, labels)

    def constant(self, values: np.ndarray) -> SourceCode:
        """An array of numbers that the function brought along."""
        if values.ndim == 1 and values.size > 1 and np.array_equal(values, np.arange(values.size)):
            return self.dialect.positions(SourceCode(str(values.size)), self.like)
        word = {"numpy": "np.array", "torch": "torch.tensor", "jax": "jnp.array"}[self.dialect.name]
        return SourceCode(f"{word}({values.tolist()})") if values.shape else SourceCode(repr(values.item()))

    def product_of_others(self, term: Apply) -> Labelled:
        """Π_{j ≠ i} x_j: a product over a matrix with ones on its diagonal."""
        (x,) = term.args
        axes = tuple(term.param("axes")) if "axes" in dict(term.params) else ()
        if x.rank != 1 or axes not in ((0,), ()):
            raise NotWritten("prod_others of more than one axis")
        n = self.size(x.shape[0])
        eye = (
            self.dialect.as_numbers(SourceCode(f"{self.dialect.prefix}.eye({n})"), "")
            if self.dialect.name == "torch"
            else None
        )
        same = SourceCode(
            f"{self.dialect.prefix}.eye({n}, dtype={self.dialect.prefix if eye else ''}{'.' if eye else ''}bool)"
        )
        code = SourceCode(f"{self.dialect.prefix}.where({same.text}, 1.0, {self.whole(x).text})")
        return Labelled(self.dialect.reduced("prod", code, (1,), 2), (0,))

    def full(self, term: Term) -> Labelled:
        """The term with all its axes."""
        return Labelled(self.whole(term), tuple(range(term.rank)))

    def reduced(self, op: str, part: Labelled, gone: Sequence[int]) -> Labelled:
        """A part without some axes, which are numbers of places in it; the others are numbered anew."""
        rank = len(part.labels)
        code = self.dialect.reduced(op, part.code, tuple(gone), rank)
        kept = self.dialect.reduced(op, part.code, tuple(gone), rank, keep=True)
        left = [k for k in range(rank) if k not in gone]
        return Labelled(
            code, tuple(range(len(left))), (kept, tuple(left.index(k) if k in left else None for k in range(rank)))
        )

    # ---- axes

    def aligned(self, part: Labelled, labels: Sequence[int]) -> SourceCode:
        """The expression so that it broadcasts against the axes `labels`, among which its own are."""
        wanted = list(labels)
        own = [q for q in wanted if q in part.labels]
        code, have, kept = part.code, part.labels, part.kept
        if tuple(own) != have:
            code, kept = self.dialect.turned(code, [have.index(q) for q in own]), None
        if not own:
            return code
        if kept is not None and _lie_alike(kept[1], wanted, own):
            return kept[0]
        missing = [q not in own for q in wanted]
        first = missing.index(False)
        if not any(missing[first:]):
            return code
        index = ", ".join("None" if gone else ":" for gone in missing[first:])
        return SourceCode(f"{code.at(ATOM)}[{index}]")

    # ---- products

    def product(self, term: ProductTerm) -> Labelled:
        """coef · Π factor, numerators before denominators."""
        above: list[Labelled] = []
        below: list[Labelled] = []
        for group in components(term.factors, term.out):
            parts, group = self.looked_up(group, term)
            if any(q not in term.out for part in parts for q in part.labels):
                pieces = [self.up(f, p) for f, p in zip(group, parts, strict=True)]
                above.append(contracted(self, pieces, term.out, term.sizes))
                continue
            for f, part in zip(group, parts, strict=True):
                (above if f.exponent > 0 else below).append(part)
        coef = self.averaged(term.coef, above, below)
        return self.assembled(coef, above, below, term.out)

    def averaged(self, coef: Fraction, above: list[Labelled], below: list[Labelled]) -> Fraction:
        """Sums over an axis that are divided by how many entries it has as means, in place; the coefficient that is left."""
        for k, part in enumerate(above):
            if part.added is None:
                continue
            if isinstance(part.added, int):
                if part.added > 1 and coef.denominator % part.added == 0:
                    above[k], coef = part.average, coef * part.added
                continue
            size = next((p for p in below if p.code.text == self.size(part.added)), None)
            if size is not None:
                above[k] = part.average
                below.remove(size)
        return coef

    def looked_up(self, group: Sequence[Factor], term: ProductTerm) -> tuple[list[Labelled], list[Factor]]:
        """The factors of a group as parts, with x at the places e for Σ_p x_p ⟦p = e⟧."""
        left = list(group)
        known: dict[Factor, Labelled] = {}
        while (found := read_at(left, term.out)) is not None:
            delta, read = found
            part = known.get(read) or self.raised(read, read.labels)
            place = len(left)
            labels = tuple(q for q in read.labels if q != delta.label)
            labels += tuple(q for q in delta.labels if q not in labels)
            new = Factor(NamedLeaf((), f"look-up {place} {len(known)}"), labels)
            known[new] = self.taken(part, delta, term.sizes[delta.label], term.sizes)
            left = [new if f is read else f for f in left if f is not delta.factor]
        return [known.get(f) or self.raised(f, term.out) for f in left], left

    def taken(self, part: Labelled, delta: KroneckerDelta, size: Size, sizes: Sequence[Size]) -> Labelled:
        """x at the places of an axis; axes that the places run over too go along with them."""
        place = self.part(counted_from_the_front(delta.place))
        labels = tuple(delta.labels[k] for k in place.labels)
        place = Labelled(place.code, labels)
        if not stays_inside(delta.place, size):
            return self.taken_inside(part, place, delta, size, sizes)
        index: list[str] = []
        for label in part.labels:
            if label == delta.label:
                index.append(self.local(place.code, "at").text)
            elif label in labels:
                along = Labelled(self.dialect.positions(SourceCode(self.size(sizes[label])), self.like), (label,))
                index.append(self.aligned(along, labels).text)
            else:
                index.append(":")
        moved = [k for k, text in enumerate(index) if text != ":"]
        left = [q for q in part.labels if q != delta.label and q not in labels]
        together = moved[-1] - moved[0] + 1 == len(moved)
        at = moved[0] if together else 0
        while index and index[-1] == ":":
            index.pop()
        return Labelled(SourceCode(f"{part.code.at(ATOM)}[{', '.join(index)}]"), (*left[:at], *labels, *left[at:]))

    def taken_inside(
        self, part: Labelled, place: Labelled, delta: KroneckerDelta, size: Size, sizes: Sequence[Size]
    ) -> Labelled:
        """The same with 0 for places that are none of the axis."""
        prefix, n = self.dialect.prefix, self.size(size)
        place = place._replace(code=self.local(place.code, "at"))
        near = SourceCode(f"{prefix}.clip({place.code.text}, 0, {n} - 1)")
        nearby = KroneckerDelta(delta.factor, delta.label, NamedLeaf(delta.place.shape, NEAR, "int64"), delta.labels)
        names = {**self.names, NEAR: near.text}
        taken = replace(self, names=names).taken(part, nearby, size, sizes)
        inside = SourceCode(f"({place.code.at(5)} >= 0) & ({place.code.at(5)} < {n})", 2)
        mask = Labelled(inside, place.labels, mask=True)
        labels = taken.labels
        return Labelled(taken.code * self.aligned(mask, labels), labels)

    def raised(self, factor: Factor, out: Sequence[int]) -> Labelled:
        """|exponent| of a factor, at its labels."""
        factor = laid_out(factor, out)
        part = self.part(factor.term)
        labels = tuple(factor.labels[k] for k in part.labels)
        kept = None
        if part.kept is not None:
            kept = (part.kept[0], tuple(None if k is None else factor.labels[k] for k in part.kept[1]))
        code, size = part.code, abs(factor.exponent)
        if size != 1:
            code, kept = self.power(code, size), (self.power(kept[0], size), kept[1]) if kept is not None else None
        found = Labelled(code, labels, kept, part.mask and size == 1)
        return self.diagonal(found) if len(set(labels)) < len(labels) else found

    def diagonal(self, part: Labelled) -> Labelled:
        """x_ii: an axis an index."""
        if len(part.labels) == 2:
            return Labelled(SourceCode(f"{self.dialect.prefix}.diagonal({part.code.text})"), part.labels[:1])
        letters = letters_for(part.labels)
        once = tuple(dict.fromkeys(part.labels))
        pattern = f"{''.join(letters[q] for q in part.labels)}->{''.join(letters[q] for q in once)}"
        return Labelled(self.dialect.einsum(pattern, [part.code]), once)

    def power(self, code: SourceCode, exponent: Fraction) -> SourceCode:
        """x to a positive power, entry by entry."""
        if exponent == Fraction(1, 2):
            return self.dialect.root(code)
        number = as_code(int(exponent)) if exponent.denominator == 1 else written_number(exponent)
        return to_the_power(code, number)

    def up(self, factor: Factor, part: Labelled) -> Labelled:
        """A factor of a sum: 1/x where its exponent is negative, numbers where it is a condition."""
        if factor.exponent < 0:
            return Labelled(1 / part.code, part.labels)
        return part

    def assembled(
        self, coef: Fraction, above: Sequence[Labelled], below: Sequence[Labelled], out: Sequence[int]
    ) -> Labelled:
        """coef · Π above / Π below."""
        masks = [part for part in above if part.mask]
        plain = [part for part in above if not part.mask]
        axes = [q for q in out if any(q in part.labels for part in (*above, *below))]
        code = self.times(None, plain, axes)
        alone = coef == 1 and not below and not plain and len(masks) == 1
        pieces = [*([code] if code is not None else [])]
        for part in masks:
            piece = self.aligned(part, axes)
            pieces.append(piece if alone or pieces else self.numbers(piece))
        found = chained(coef, pieces, [self.aligned(part, axes) for part in below])
        pattern = laid_alike([*above, *below]) if not masks else None
        kept = None
        if pattern is not None and [q for q in pattern if q is not None] == axes:
            kept = (chained(coef, [kept_code(p) for p in plain], [kept_code(p) for p in below]), pattern)
        return self.renumbered(Labelled(found, tuple(axes), kept, alone), out)

    def renumbered(self, part: Labelled, out: Sequence[int]) -> Labelled:
        """The part with the numbers of axes of the result in place of labels."""
        place = {q: k for k, q in enumerate(out)}
        kept = part.kept
        if kept is not None:
            kept = (kept[0], tuple(None if q is None else place[q] for q in kept[1]))
        return part._replace(labels=tuple(place[q] for q in part.labels), kept=kept)

    def numbers(self, condition: SourceCode) -> SourceCode:
        """A condition as 1 and 0."""
        return self.dialect.as_numbers(condition, self.like)

    def times(self, code: SourceCode | None, parts: Sequence[Labelled], axes: Sequence[int]) -> SourceCode | None:
        """code · Π part; a column times a row is an outer product."""
        if len(axes) == 2 and parts and all(len(part.labels) <= 1 for part in parts):
            rows = [p for p in parts if p.labels == (axes[0],)]
            columns = [p for p in parts if p.labels == (axes[1],)]
            scalars = [p for p in parts if not p.labels]
            if rows and columns:
                left = self.times(None, rows, axes[:1])
                right = self.times(None, columns, axes[1:])
                assert left is not None
                assert right is not None
                code = self.times(code, scalars, ())
                outer = self.dialect.outer(left, right)
                return outer if code is None else code * outer
        for part in parts:
            piece = self.aligned(part, axes)
            code = piece if code is None else code * piece
        return code


def _lie_alike(kept: Sequence[int | None], wanted: Sequence[int], own: Sequence[int]) -> bool:
    """Whether axes, None for one of size 1, stand where they are wanted, and none of those of size 1 where there is one of their own."""
    return len(kept) == len(wanted) and all(
        w not in own if q is None else q == w for q, w in zip(kept, wanted, strict=True)
    )
