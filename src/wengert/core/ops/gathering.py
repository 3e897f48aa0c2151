"""A node read as a term: nested products, quotients, powers, sums, broadcasts and transposes become one Product or Add each."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from fractions import Fraction

from wengert.core.ir.graph import Node
from wengert.core.ir.types import Size
from wengert.core.ir.walk import topological
from wengert.core.ops.calls import applied, indicator, negated
from wengert.core.ops.normal_form import Running, power, product, scale, split_coef, times, total
from wengert.core.ops.terms import (
    ONE,
    Apply,
    Factor,
    NamedLeaf,
    ProductTerm,
    Term,
    is_number,
    is_zero,
    number,
    size_term,
    whole,
)


def gather(node: Node) -> Term:
    """The node read as a term: nested products, quotients, powers, sums, broadcasts and transposes become one Product or Add each."""
    order = topological([node])
    begun = _begun(order)
    terms: dict[Node, Term] = {}
    sums: dict[Node, Running] = {}
    for item in order:
        if item not in begun and not (item.inputs and item.inputs[0] in begun):
            terms[item] = _read(item, [terms[x] for x in item.inputs])
            continue
        left, right = item.inputs
        running = sums.pop(left) if left in begun else Running(item.shape)
        running.add(*([] if left in begun else [terms[left]]), _signed(item, terms[right]))
        if item in begun:
            sums[item] = running
        else:
            terms[item] = running.term
    return terms[node]


def _begun(order: Sequence[Node]) -> set[Node]:
    """Sums to which one other node adds something, and which nothing else reads: a + b in (a + b) + c."""
    readers: dict[Node, list[Node]] = {}
    for node in order:
        for x in node.inputs:
            readers.setdefault(x, []).append(node)
    sums = ("add", "subtract")
    return {
        node
        for node in order
        if node.op.name in sums
        and len(reader := readers.get(node, [])) == 1
        and reader[0].op.name in sums
        and reader[0].inputs[0] is node
    }


def _signed(node: Node, term: Term) -> Term:
    """What a sum or a difference adds to its first argument."""
    return scale(-1, term) if node.op.name == "subtract" else term


def _read(node: Node, args: list[Term]) -> Term:
    reader = _READERS.get(node.op.name)
    term = reader(node, args) if reader else None
    if term is not None:
        return term
    params = tuple(sorted(node.params.items()))
    return applied(node.op.name, args, node.shape, params, node.type.dtype)


def _read_constant(node: Node, args: list[Term]) -> Term | None:
    value = node.params["value"]
    if isinstance(value, bool) or not isinstance(value, int | float | Fraction):
        return None
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        exact = with_pi(value)
        if exact is not None:
            coef, factors = exact
            return product(coef, factors, range(node.type.rank), node.shape)
        value = Fraction(repr(float(value)))
    return number(Fraction(value), node.shape)


PI = Apply((), "pi", ())
TWO = number(2)
HALF = Fraction(1, 2)
IRRATIONAL: tuple[tuple[float, tuple[Factor, ...]], ...] = (
    (math.pi, (Factor(PI, ()),)),
    (1 / math.pi, (Factor(PI, (), -ONE),)),
    (math.sqrt(math.pi), (Factor(PI, (), HALF),)),
    (1 / math.sqrt(math.pi), (Factor(PI, (), -HALF),)),
    (math.sqrt(2 * math.pi), (Factor(scale(2, PI), (), HALF),)),
    (1 / math.sqrt(2 * math.pi), (Factor(scale(2, PI), (), -HALF),)),
    (1 / math.sqrt(2), (Factor(TWO, (), -HALF),)),
    (math.sqrt(2), (Factor(TWO, (), HALF),)),
)
"""Numbers that rules have as floats, and what they are."""


def with_pi(value: float) -> tuple[Fraction, tuple[Factor, ...]] | None:
    """A float as a small fraction times π, √π, √(2π), √2 or one over these: (½, √π) for √π/2; None where it is none, to the last bits."""
    for base, factors in IRRATIONAL:
        ratio = Fraction(value / base).limit_denominator(4)
        if ratio != 0 and abs(ratio.numerator) <= 4 and abs(value - float(ratio) * base) <= 2 * math.ulp(value):
            return ratio, factors
    return None


def _read_power(node: Node, args: list[Term]) -> Term | None:
    base, exponent = args
    if not is_number(exponent):
        return None
    assert isinstance(exponent, ProductTerm)
    return power(base, exponent.coef)


def _read_broadcast(node: Node, args: list[Term]) -> Term:
    return product(ONE, [Factor(args[0], tuple(node.params["axes"]))], range(node.type.rank), node.shape)


def _read_transpose(node: Node, args: list[Term]) -> Term:
    (x,) = args
    return product(ONE, [whole(x)], node.params["axes"], x.shape)


def _read_sum(node: Node, args: list[Term]) -> Term:
    (x,) = args
    axes: tuple[int, ...] = node.params["axes"]
    return product(ONE, [whole(x)], [k for k in range(x.rank) if k not in axes], x.shape)


def _read_einsum(node: Node, args: list[Term]) -> Term:
    factors = [Factor(x, tuple(labels)) for x, labels in zip(args, node.params["inputs"], strict=True)]
    size: dict[int, Size] = {q: n for x, labels, _ in factors for q, n in zip(labels, x.shape, strict=True)}
    local = {q: k for k, q in enumerate(size)}
    renamed = [Factor(x, tuple(local[q] for q in labels)) for x, labels, _ in factors]
    return product(ONE, renamed, [local[q] for q in node.params["output"]], [size[q] for q in local])


_COMPARED = {
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "equal": operator.eq,
    "not_equal": operator.ne,
}


def known_condition(condition: Term) -> bool | None:
    """Whether a condition between two numbers holds; None where it is not one."""
    if not (isinstance(condition, Apply) and condition.op in _COMPARED):
        return None
    left, right = condition.args
    if not (isinstance(left, ProductTerm) and isinstance(right, ProductTerm) and is_number(left) and is_number(right)):
        return None
    return bool(_COMPARED[condition.op](left.coef, right.coef))


def _is_infinite(condition: Node) -> bool:
    """Whether the condition is x = ±∞, which no quantity of a page is."""
    found = [x.params["value"] for x in condition.inputs if x.op.leaf == "constant"]
    return condition.op.name == "equal" and any(isinstance(v, float) and math.isinf(v) for v in found)


def _read_hypot(node: Node, args: list[Term]) -> Term:
    """hypot(x, y) = hypot(y, x)."""
    return applied("hypot", sorted(args, key=lambda x: x.key), node.shape, (), node.type.dtype)


def _read_direction(node: Node, args: list[Term]) -> Term:
    """x / √(x² + y²), by the function that a page has."""
    return times(args[0], power(_read_hypot(node, args), -1))


def _read_where(node: Node, args: list[Term]) -> Term | None:
    condition, a, b = args
    if _is_infinite(node.inputs[0]):
        return b
    known = known_condition(condition)
    if known is not None:
        return a if known else b
    if is_zero(b) and is_zero(a):
        return a
    if is_zero(b):
        return times(a, indicator(condition))
    if is_zero(a):
        return times(b, indicator(negated(condition)))
    return None


def _read_relu(node: Node, args: list[Term]) -> Term | None:
    """max(0, −x) = −min(0, x); the kink stays relu's when it is built again."""
    coef, base = split_coef(args[0])
    return scale(-1, Apply(node.shape, "negative_part", (base,))) if coef == -1 else None


_MIRRORED = {"less": "greater", "less_equal": "greater_equal", "greater": "less", "greater_equal": "less_equal"}


def _read_comparison(node: Node, args: list[Term]) -> Term | None:
    """−x > 0 is x < 0."""
    left, right = args
    coef, base = split_coef(left)
    if not is_zero(right) or coef != -1:
        return None
    return Apply(node.shape, _MIRRORED[node.op.name], (base, right), (), "bool")


def _read_cast(node: Node, args: list[Term]) -> Term | None:
    (x,), (source,) = args, node.inputs
    if node.type.dtype == source.type.dtype:
        return x
    return indicator(x) if source.type.dtype == "bool" and node.type.is_float else None


def _read_inverse(node: Node, args: list[Term]) -> Term | None:
    """(Aᵀ)⁻¹ = (A⁻¹)ᵀ, and (c A)⁻¹ = A⁻¹ / c for a number c."""
    (x,) = args
    if x.rank != 2 or not isinstance(x, ProductTerm) or len(x.factors) != 1 or x.factors[0].exponent != 1:
        return None
    (factor,) = x.factors
    if factor.term.rank != 2 or sorted(factor.labels) != sorted(x.out):
        return None
    inverse = Apply(factor.term.shape, "inv", (factor.term,))
    return product(1 / x.coef, [Factor(inverse, factor.labels)], x.out, x.sizes)


def _read_cofactors(node: Node, args: list[Term]) -> Term | None:
    """det A · A⁻ᵀ, as it is written."""
    (a,) = args
    if a.rank != 2:
        return None
    det, inverse = Apply((), "det", (a,)), Apply(a.shape, "inv", (a,))
    return product(ONE, [Factor(det, ()), Factor(inverse, (1, 0))], (0, 1), a.shape)


_READERS: dict[str, Callable[[Node, list[Term]], Term | None]] = {
    "input": lambda node, args: NamedLeaf(node.shape, node.params["name"], node.type.dtype),
    "constant": _read_constant,
    "size_of": lambda node, args: size_term(node.params["size"]),
    "add": lambda node, args: total(args, node.shape),
    "subtract": lambda node, args: total([args[0], _signed(node, args[1])], node.shape),
    "negative": lambda node, args: scale(-1, args[0]),
    "multiply": lambda node, args: times(*args),
    "divide": lambda node, args: times(args[0], power(args[1], -1)),
    "reciprocal": lambda node, args: power(args[0], -1),
    "sqrt": lambda node, args: power(args[0], Fraction(1, 2)),
    "integer_power": lambda node, args: power(args[0], node.params["exponent"]),
    "power": _read_power,
    "broadcast": _read_broadcast,
    "transpose": _read_transpose,
    "sum": _read_sum,
    "einsum": _read_einsum,
    "where": _read_where,
    "hypot": _read_hypot,
    "direction": _read_direction,
    "ratio": lambda node, args: times(args[0], power(args[1], -1)),
    "relu": _read_relu,
    "inv": _read_inverse,
    "cofactors": _read_cofactors,
    "cast": _read_cast,
    **dict.fromkeys(_MIRRORED, _read_comparison),
}
