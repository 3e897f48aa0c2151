"""Ops that move entries: as index maps for loops, and look-ups by arrays of places as sums with ⟦p = e⟧, which both kinds of languages know."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from wengert.core.ir.types import Shape, Size
from wengert.core.ops.calls import map_leaves
from wengert.core.ops.normal_form import product, split_coef
from wengert.core.ops.terms import ONE, Add, Apply, Factor, Term, is_zero
from wengert.emitting.code import NotWritten

MOVES = frozenset(("reshape", "slice", "pad", "flip", "concatenate"))


def with_deltas(term: Term) -> Term:
    """The term with `gather` as Σ_p x_p ⟦p = e⟧ and `scatter_add` as Σ_e v_e ⟦p = e⟧."""

    def change(part: Term) -> Term | None:
        if isinstance(part, Apply) and part.op == "reshape" and (found := _scattered_apart(part)) is not None:
            return found
        if not isinstance(part, Apply) or part.op not in ("gather", "scatter_add"):
            return None
        x, places = with_deltas(part.args[0]), known_places(with_deltas(part.args[1]))
        axis, batch = part.param("axis"), part.param("batch")
        if part.op == "gather" and (found := _gathered_apart(x, places, axis, batch)) is not None:
            return found
        return _gathered(x, places, axis, batch) if part.op == "gather" else _scattered(x, places, axis, batch, part)

    return map_leaves(term, change)


def _gathered_apart(x: Term, places: Term, axis: int, batch: int) -> Term | None:
    """A look-up in an array that was laid flat for it, as one at several axes: p.reshape(12)[3 i + j] is p[i, j]."""
    if not (isinstance(x, Apply) and x.op == "reshape" and axis == batch == 0):
        return None
    (inner,) = x.args
    apart = _places_apart(inner.shape, x.shape, places)
    if apart is None:
        return None
    own, new = tuple(range(inner.rank)), tuple(range(inner.rank, inner.rank + places.rank))
    deltas = [Factor(_delta(inner.shape[k], each), (k, *new)) for k, each in enumerate(apart)]
    sizes = (*inner.shape, *places.shape)
    return product(ONE, [Factor(inner, own), *deltas], (*new, *own[len(apart) :]), sizes)


def _scattered_apart(term: Apply) -> Term | None:
    """Values that were added into a flat array, added at several axes."""
    (flat,) = term.args
    if not (isinstance(flat, Apply) and flat.op == "scatter_add" and flat.param("axis") == flat.param("batch") == 0):
        return None
    values, places = with_deltas(flat.args[0]), known_places(with_deltas(flat.args[1]))
    apart = _places_apart(term.shape, flat.shape, places)
    if apart is None:
        return None
    own = tuple(range(values.rank))
    at, rest = own[: places.rank], own[places.rank :]
    labels = tuple(range(values.rank, values.rank + len(apart)))
    deltas = [
        Factor(_delta(term.shape[k], each), (label, *at))
        for k, (label, each) in enumerate(zip(labels, apart, strict=True))
    ]
    return product(ONE, [Factor(values, own), *deltas], (*labels, *rest), (*values.shape, *term.shape[: len(apart)]))


def _places_apart(shape: Shape, flat: Shape, places: Term) -> list[Term] | None:
    """The places at each of the first axes of a shape, where `places` are those in the array with these axes laid flat."""
    count = len(shape) - len(flat) + 1
    if count < 2 or any(not isinstance(size, int) for size in shape[:count]) or shape[count:] != flat[1:]:
        return None
    strides, behind = list[int](), 1
    for size in reversed(shape[:count]):
        strides.insert(0, behind)
        behind *= _number(size)
    found: dict[Fraction, Term] = {}
    for term in places.terms if isinstance(places, Add) else (places,):
        coef, base = split_coef(term)
        if coef in found:
            return None
        found[coef] = base
    if behind != flat[0] or sorted(found) != sorted(map(Fraction, strides)):
        return None
    return [found[Fraction(stride)] for stride in strides]


def known_places(places: Term) -> Term:
    """Places with what is known of those that are numbers: 0, 1, …, n − 1 are the positions of an axis, none of them counts from the end."""

    def change(part: Term) -> Term | None:
        if not isinstance(part, Apply):
            return None
        if part.op == "where" and isinstance(part.args[2], Apply) and part.args[2].op == "constant":
            values = np.asarray(part.args[2].param("value"))
            plain = counted_from_the_front(part)
            return known_places(plain) if plain is not part and np.all(values >= 0) else None
        values = np.asarray(part.param("value")) if part.op == "constant" else np.zeros(0)
        if (
            values.ndim == 1
            and values.size
            and values.dtype.kind == "i"
            and np.array_equal(values, np.arange(values.size))
        ):
            return Apply(part.shape, "position", (), (("dtype", "int64"), ("size", part.shape[0])), "int64")
        return None

    return map_leaves(places, change)


def counted_from_the_front(places: Term) -> Term:
    """e in place of e + n where e is negative, which counts from the end: for languages that know that themselves."""

    def change(part: Term) -> Term | None:
        if not (isinstance(part, Apply) and part.op == "where"):
            return None
        condition, other, own = part.args
        below = isinstance(condition, Apply) and condition.op == "less" and condition.args[0] == own
        added = isinstance(other, Add) and any(t == own for t in other.terms) and len(other.terms) == 2
        return own if below and added and isinstance(condition, Apply) and is_zero(condition.args[1]) else None

    return map_leaves(places, change)


def _delta(size: Size, places: Term) -> Term:
    """⟦p = e⟧ over (p, axes of e)."""
    shape = (size, *places.shape)
    position = Apply((size,), "position", (), (("dtype", "int64"), ("size", size)), "int64")
    own = product(ONE, [Factor(position, (0,))], range(len(shape)), shape)
    other = product(ONE, [Factor(places, tuple(range(1, len(shape))))], range(len(shape)), shape)
    equal = Apply(shape, "equal", (own, other), (), "bool")
    return Apply(shape, "cast", (equal,), (("dtype", "float64"),))


def _gathered(x: Term, places: Term, axis: int, batch: int) -> Term:
    own = tuple(range(x.rank))
    new = tuple(range(x.rank, x.rank + places.rank - batch))
    at = (*own[:batch], *new)
    sizes = (*x.shape, *places.shape[batch:])
    factors = [Factor(x, own), Factor(_delta(x.shape[axis], places), (axis, *at))]
    return product(ONE, factors, (*own[:axis], *new, *own[axis + 1 :]), sizes)


def _scattered(values: Term, places: Term, axis: int, batch: int, term: Apply) -> Term:
    own = tuple(range(values.rank))
    picked = places.rank - batch
    label, size = values.rank, term.param("size")
    at = (*own[:batch], *own[axis : axis + picked])
    factors = [Factor(values, own), Factor(_delta(size, places), (label, *at))]
    return product(ONE, factors, (*own[:axis], label, *own[axis + picked :]), (*values.shape, size))


def kept_axes(shape: Shape, result: Shape) -> list[int | None] | None:
    """For each axis of the result that of x which it is, None for a new one of size 1; None where more than such axes change."""
    found: list[int | None] = []
    rest = [k for k, size in enumerate(shape) if size != 1]
    ones = [k for k, size in enumerate(shape) if size == 1]
    if [size for size in result if size != 1] != [shape[k] for k in rest]:
        return None
    if ones and any(size == 1 for size in result):
        return list(range(len(shape))) if shape == result else None
    for size in result:
        found.append(None if size == 1 else rest.pop(0))
    return found


def entry_of(term: Apply, index: Sequence[str]) -> tuple[list[str], list[str]]:
    """The index of x whose entry a moved array has, and the conditions under which it is one; elsewhere it is 0.

    Raises NotWritten where a size that is needed is open.
    """
    (x,) = term.args
    if term.op == "flip":
        axes = term.param("axes")
        return [
            f"({_number(n)} - 1 - {v})" if k in axes else v for k, (n, v) in enumerate(zip(x.shape, index, strict=True))
        ], []
    if term.op == "slice":
        pairs = zip(index, term.param("start"), term.param("step"), strict=True)
        return [_linear(v, c, a) for v, a, c in pairs], []
    if term.op == "pad":
        return _padded(term, x, index)
    return _reshaped(x.shape, term.shape, index), []


def _padded(term: Apply, x: Term, index: Sequence[str]) -> tuple[list[str], list[str]]:
    if "step" in dict(term.params):
        raise NotWritten("pad with entries between")
    places = [_linear(v, 1, -low) for v, low in zip(index, term.param("low"), strict=True)]
    conditions: list[str] = []
    for v, low, high, size in zip(index, term.param("low"), term.param("high"), x.shape, strict=True):
        conditions += [f"{v} >= {low}"] if low else []
        conditions += [f"{v} < {_number(size) + low}"] if high else []
    return places, conditions


def _reshaped(shape: Shape, result: Shape, index: Sequence[str]) -> list[str]:
    kept = kept_axes(shape, result)
    if kept is not None:
        place = {q: index[k] for k, q in enumerate(kept) if q is not None}
        return [place.get(k, "0") for k in range(len(shape))]
    whole = index[0] if index else "0"
    for size, variable in zip(result[1:], index[1:], strict=True):
        whole = f"({whole} * {_number(size)} + {variable})"
    places: list[str] = []
    behind = 1
    for k in range(len(shape) - 1, -1, -1):
        size = _number(shape[k])
        place = whole if behind == 1 else f"{whole} / {behind}"
        places.insert(0, f"({place})" if k == 0 else f"({place} % {size})")
        behind *= size
    return places


def _linear(variable: str, step: int, start: int) -> str:
    scaled = variable if step == 1 else f"{step} * {variable}"
    if step == 1 and not start:
        return variable
    return f"({scaled} {'+' if start >= 0 else '-'} {abs(start)})" if start else f"({scaled})"


def _number(size: Size) -> int:
    if not isinstance(size, int):
        raise NotWritten("an array of open size that is moved")
    return size
