"""Index arithmetic in terms: ⟦p = 2i + k⟧ as a relation between labels, which can be solved for one with coefficient 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from wengert.core.ir.types import Size
from wengert.core.ops.normal_form import split_coef
from wengert.core.ops.terms import Apply, Factor, Term, addends, is_indicator, is_zero, monomial, position_axis


class PositionRelation(NamedTuple):
    """Σ_q c_q q + offset = 0 over labels q; `place` is the label whose position the sum is, with c = −1."""

    coefficients: Mapping[int, int]
    offset: int
    place: int

    def solved(self, label: int) -> tuple[dict[int, int], int] | None:
        """The label as Σ_q c_q q + offset over the others; None where its coefficient is not ±1."""
        own = self.coefficients.get(label, 0)
        if abs(own) != 1:
            return None
        return {q: -own * c for q, c in self.coefficients.items() if q != label}, -own * self.offset


def shift_of(factor: Factor) -> PositionRelation | None:
    """The relation of a factor ⟦p = Σ_q c_q q + offset⟧; None where it is none."""
    term = factor.term
    if not is_indicator(term) or factor.exponent < 1 or len(set(factor.labels)) != len(factor.labels):
        return None
    assert isinstance(term, Apply)
    condition = term.args[0]
    if not (isinstance(condition, Apply) and condition.op == "equal"):
        return None
    sides = [affine_positions(side) for side in condition.args]
    for one, other in (sides, sides[::-1]):
        if one is not None and other is not None and one[1] == 0 and list(one[0].values()) == [1]:
            (axis,) = one[0]
            if axis not in other[0]:
                found = {factor.labels[a]: c for a, c in other[0].items()}
                return PositionRelation({**found, factor.labels[axis]: -1}, other[1], factor.labels[axis])
    return None


def range_of(factor: Factor) -> tuple[Mapping[int, int], int, Size] | None:
    """(coefficients of labels, offset, size) of a factor ⟦0 ≤ index and index < size⟧; None where it is none."""
    term = factor.term
    condition = term.args[0] if is_indicator(term) and isinstance(term, Apply) else None
    if not (isinstance(condition, Apply) and condition.op == "logical_and"):
        return None
    low, high = condition.args
    if not (isinstance(low, Apply) and low.op == "greater_equal" and is_zero(low.args[1])):
        return None
    if not (isinstance(high, Apply) and high.op == "less" and high.args[0] == low.args[0]):
        return None
    index = low.args[0].args[0] if isinstance(low.args[0], Apply) and low.args[0].op == "cast" else None
    found, size = affine_positions(index) if index is not None else None, _size(high.args[1])
    if found is None or size is None:
        return None
    return {factor.labels[axis]: c for axis, c in found[0].items()}, found[1], size


def _size(term: Term) -> Size | None:
    """The size that a term is, laid out or not."""
    item = monomial(term)
    if not item.factors:
        return int(item.coef) if item.coef.denominator == 1 else None
    inner = item.factors[0].term
    single = len(item.factors) == 1 and item.coef == 1 and not item.summed
    return inner.param("size") if single and isinstance(inner, Apply) and inner.op == "size_of" else None


def affine_positions(term: Term) -> tuple[dict[int, int], int] | None:
    """({axis: coefficient}, offset) of an entry that is Σ c_axis · position + offset; None where it is not."""
    axis = position_axis(term)
    if axis is not None:
        return {axis: 1}, 0
    found: dict[int, int] = {}
    offset = 0
    for part in addends(term):
        coefficient, base = split_coef(part)
        if coefficient.denominator != 1:
            return None
        inner = _scaled_position(base)
        if inner is None:
            return None
        axes, constant = inner
        for a, c in axes.items():
            found[a] = found.get(a, 0) + int(coefficient) * c
        offset += int(coefficient) * constant
    return {a: c for a, c in found.items() if c}, offset


def _scaled_position(term: Term) -> tuple[dict[int, int], int] | None:
    """What one summand holds: a position, a number, or a sum of such that is laid out."""
    axis = position_axis(term)
    if axis is not None:
        return {axis: 1}, 0
    item = monomial(term)
    if not item.factors:
        return ({}, int(item.coef)) if item.coef.denominator == 1 else None
    if len(item.factors) != 1 or item.factors[0].term is term or item.factors[0].exponent != 1 or item.summed:
        return None
    (inner,) = item.factors
    if len(set(inner.labels)) != len(inner.labels):
        return None
    below = affine_positions(inner.term)
    if below is None or item.coef.denominator != 1:
        return None
    scale = int(item.coef)
    return {item.out.index(inner.labels[a]): scale * c for a, c in below[0].items()}, scale * below[1]
