"""A product or sum read as monomials, and built back: what printers, algebra and derivations share.

A Term is a structural view of a node: equal mathematics compares equal up to the order of factors and terms, which is kept as written.
Inside a Product axes carry labels (local integers): a label that is not in `out` is summed, a label of `out` in no factor is a
broadcast. Terms are for equation systems; code with rounding of its own is never put through them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

from wengert.ir.graph import Node, apply, constant
from wengert.ir.types import ArrayType, Shape, Size
from wengert.ir.walk import topological

ONE = Fraction(1)


@dataclass(frozen=True, eq=False)
class Term:
    """A piece of mathematics with a shape; two terms are equal when their keys are."""

    shape: Shape

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @cached_property
    def key(self) -> str:
        """A text that is the same for terms equal up to the order of factors and terms; long ones are digested."""
        text = self._text()
        return text if len(text) < 160 else "#" + hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    def _text(self) -> str:
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Term) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


@dataclass(frozen=True, eq=False)
class Leaf(Term):
    """A named quantity, whole."""

    name: str
    dtype: str = "float64"

    def _text(self) -> str:
        return f"{self.name!r}"


class Factor(NamedTuple):
    """term ^ exponent inside a product, its axes at `labels`."""

    term: Term
    labels: tuple[int, ...]
    exponent: Fraction = ONE


@dataclass(frozen=True, eq=False)
class Product(Term):
    """coef · Π factor, summed over the labels that are not in `out`; label k has size sizes[k]."""

    coef: Fraction
    factors: tuple[Factor, ...]
    out: tuple[int, ...]
    sizes: tuple[Size, ...]

    @property
    def summed(self) -> tuple[int, ...]:
        """The labels that are summed over, in order of appearance."""
        seen = dict.fromkeys(label for factor in self.factors for label in factor.labels)
        return tuple(label for label in seen if label not in self.out)

    def _text(self) -> str:
        order, number = canonical_order(self)
        inner = " ".join(f"{f.term.key}@{','.join(str(number[q]) for q in f.labels)}^{f.exponent}" for f in order)
        return f"P({self.coef};{inner};{','.join(str(number[q]) for q in self.out)};{self.shape})"


@dataclass(frozen=True, eq=False)
class Add(Term):
    """The sum of terms of one shape."""

    terms: tuple[Term, ...]

    def _text(self) -> str:
        return f"A({' '.join(sorted(term.key for term in self.terms))};{self.shape})"


@dataclass(frozen=True, eq=False)
class Apply(Term):
    """Any other op on terms; `params` as sorted pairs."""

    op: str
    args: tuple[Term, ...]
    params: tuple[tuple[str, Any], ...] = ()
    dtype: str = "float64"

    def param(self, name: str) -> Any:
        """The value of a parameter."""
        return dict(self.params)[name]

    def _text(self) -> str:
        return f"F({self.op};{' '.join(arg.key for arg in self.args)};{self.params};{self.shape})"


def canonical_order(product: Product) -> tuple[list[Factor], dict[int, int]]:
    """The factors in an order that does not depend on how labels are numbered, and numbers for the labels in that order."""
    color: dict[int, str] = {label: f"s{product.sizes[label]}" for factor in product.factors for label in factor.labels}
    color.update({label: f"o{k}" for k, label in enumerate(product.out)})

    def signature(factor: Factor) -> str:
        pattern = [factor.labels.index(q) for q in factor.labels]
        return f"{factor.term.key}^{factor.exponent}{pattern}{[color[q] for q in factor.labels]}"

    for _ in range(2):
        signs = [(signature(f), f) for f in product.factors]
        fresh = {
            label: color[label] + str(sorted((sign, f.labels.index(label)) for sign, f in signs if label in f.labels))
            for label in color
            if label not in product.out
        }
        color.update(
            {label: hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest() for label, text in fresh.items()}
        )
    order = sorted(product.factors, key=signature)
    number: dict[int, int] = {label: k for k, label in enumerate(product.out)}
    for factor in order:
        for label in factor.labels:
            number.setdefault(label, len(number))
    return order, number


def ones(size: Size, label: int) -> Factor:
    """A factor 1 that holds a summed label of `size`, so that Σ_j 1 is counted."""
    return Factor(Apply((size,), "ones", ()), (label,))


def whole(term: Term) -> Factor:
    """The term as a factor with labels 0, 1, …."""
    return Factor(term, tuple(range(term.rank)))


def number(value: Fraction | int, shape: Shape = ()) -> Term:
    """A number that fills a shape."""
    return Product(tuple(shape), Fraction(value), (), tuple(range(len(shape))), tuple(shape))


def size_term(size: Size) -> Term:
    """The number of entries of an axis: a number where it is known, else a quantity of its own."""
    return number(size) if isinstance(size, int) else Apply((), "size_of", (), (("dtype", "float64"), ("size", size)))


def is_number(term: Term) -> bool:
    """Whether a term is a number, filled over its shape."""
    return isinstance(term, Product) and not term.factors


def is_zero(term: Term) -> bool:
    """Whether a term is the number 0."""
    return isinstance(term, Product) and term.coef == 0


def scale(coef: Fraction | int, term: Term) -> Term:
    """coef · term."""
    return product(Fraction(coef), [whole(term)], tuple(range(term.rank)), term.shape)


def power(term: Term, exponent: Fraction | int) -> Term:
    """term ^ exponent, entry by entry."""
    labels = tuple(range(term.rank))
    return product(ONE, [Factor(term, labels, Fraction(exponent))], labels, term.shape)


def times(*terms: Term) -> Term:
    """The product of terms of one shape, entry by entry."""
    shape = terms[0].shape
    labels = tuple(range(len(shape)))
    return product(ONE, [Factor(t, labels) for t in terms], labels, shape)


def product(coef: Fraction, factors: Iterable[Factor], out: Sequence[int], sizes: Sequence[Size]) -> Term:
    """coef · Π factors as a Product in normal form: nested products flattened, equal factors merged, sums over nothing counted.

    `sizes[k]` is the size of label k. The result is a bare term where the product is one factor as it stands.
    """
    out = tuple(out)
    table = list(sizes)
    coef, flat = _flatten(coef, list(factors), table)
    coef, flat = _drop_deltas(coef, flat, out, table)
    shape = tuple(table[label] for label in out)
    if coef == 0:
        return number(0, shape)
    merged = _merge(flat)
    coef, merged = _count_free_labels(coef, merged, out, table, flat)
    return _finish(coef, merged, out, table, shape)


def _flatten(coef: Fraction, work: list[Factor], table: list[Size]) -> tuple[Fraction, list[Factor]]:
    """Open nested products where their exponent allows it; fresh labels for their summed axes are added to `table`."""
    flat: list[Factor] = []
    work.reverse()
    while work:
        term, labels, exponent = work.pop()
        if isinstance(term, Product) and _opens(term, exponent):
            if term.coef != 1:
                coef *= term.coef ** int(exponent)
            local = dict(zip(term.out, labels, strict=True))
            inner: list[Factor] = []
            for factor in term.factors:
                for q in factor.labels:
                    if q not in local:
                        local[q] = len(table)
                        table.append(term.sizes[q])
                inner.append(Factor(factor.term, tuple(local[q] for q in factor.labels), factor.exponent * exponent))
            work.extend(reversed(inner))
        elif exponent != 0:
            flat.append(_without_broadcast(Factor(term, tuple(labels), exponent)))
    return coef, flat


def _without_broadcast(factor: Factor) -> Factor:
    """A closed product that is constant along some of its axes, without those axes: a power of a broadcast is a broadcast power."""
    term = factor.term
    if not isinstance(term, Product):
        return factor
    carried = {q for f in term.factors for q in f.labels}
    kept = [k for k, q in enumerate(term.out) if q in carried]
    if len(kept) == len(term.out):
        return factor
    inner = product(term.coef, term.factors, [term.out[k] for k in kept], term.sizes)
    return Factor(inner, tuple(factor.labels[k] for k in kept), factor.exponent)


def _opens(term: Product, exponent: Fraction) -> bool:
    if exponent == 1:
        return True
    if exponent.denominator != 1:
        return False  # (x²)^½ is |x|, so a fractional power stays closed
    if term.summed or (term.coef == 0 and exponent < 0):
        return False
    return (
        term.coef.numerator.bit_length() * abs(exponent) < 4096
        and term.coef.denominator.bit_length() * abs(exponent) < 4096
    )


def delta_labels(factor: Factor) -> tuple[int, int] | None:
    """The two labels that a factor ⟦i = j⟧ identifies, where it is one."""
    term = factor.term
    if not (isinstance(term, Apply) and term.op == "cast" and factor.exponent >= 1):
        return None
    (inner,) = term.args
    if not (isinstance(inner, Apply) and inner.op == "equal"):
        return None
    sides = [position_axis(arg) for arg in inner.args]
    if sides[0] is None or sides[1] is None or sides[0] == sides[1]:
        return None
    return factor.labels[sides[0]], factor.labels[sides[1]]


def position_axis(term: Term) -> int | None:
    """The axis whose position a term is: k where term[i…] = i_k."""
    if isinstance(term, Apply) and term.op == "position":
        return 0
    if isinstance(term, Product) and term.coef == 1 and len(term.factors) == 1:
        (inner,) = term.factors
        if (
            isinstance(inner.term, Apply)
            and inner.term.op == "position"
            and inner.exponent == 1
            and inner.labels[0] in term.out
        ):
            return term.out.index(inner.labels[0])
    return None


def _drop_deltas(
    coef: Fraction, factors: list[Factor], out: tuple[int, ...], table: list[Size]
) -> tuple[Fraction, list[Factor]]:
    """Σ_j ⟦i = j⟧ a_j = a_i."""
    while True:
        for k, factor in enumerate(factors):
            pair = delta_labels(factor)
            if pair is None or pair[0] == pair[1]:
                continue
            gone = next((q for q in pair if q not in out), None)
            kept = pair[0] if gone == pair[1] else pair[1]
            if gone is None or table[gone] != table[kept]:
                continue
            rest = factors[:k] + factors[k + 1 :]
            factors = [Factor(f.term, tuple(kept if q == gone else q for q in f.labels), f.exponent) for f in rest]
            if not any(kept in f.labels for f in factors) and kept not in out:
                factors.append(ones(table[kept], kept))
            break
        else:
            return coef, factors


def _merge(factors: list[Factor]) -> list[Factor]:
    """x^a x^b = x^(a+b) at equal labels; the place of the first is kept."""
    exponents: dict[tuple[Term, tuple[int, ...]], Fraction] = {}
    for term, labels, exponent in factors:
        place = (term, labels)
        if is_indicator(term):
            exponents[place] = ONE
        else:
            exponents[place] = exponents.get(place, Fraction(0)) + exponent
    return [Factor(term, labels, e) for (term, labels), e in exponents.items() if e != 0]


def is_indicator(term: Term) -> bool:
    """Whether a term is ⟦condition⟧, so that its powers are itself."""
    return isinstance(term, Apply) and term.op == "cast" and getattr(term.args[0], "dtype", "") == "bool"


def _count_free_labels(
    coef: Fraction, factors: list[Factor], out: tuple[int, ...], table: list[Size], before: list[Factor]
) -> tuple[Fraction, list[Factor]]:
    """Σ_j 1 is the size of j: summed labels left without a factor become numbers."""
    used = {q for f in factors for q in f.labels}
    lost = [q for q in dict.fromkeys(q for f in before for q in f.labels) if q not in used and q not in out]
    kept = [f for f in factors if not (isinstance(f.term, Apply) and f.term.op == "ones")]
    held = {q for f in kept for q in f.labels}
    lost += [f.labels[0] for f in factors if f not in kept and f.labels[0] not in held and f.labels[0] not in out]
    for label in lost:
        size = table[label]
        if isinstance(size, int):
            coef *= size
        else:
            kept = _merge([*kept, Factor(size_term(size), ())])
    return coef, kept


def _finish(coef: Fraction, factors: list[Factor], out: tuple[int, ...], table: list[Size], shape: Shape) -> Term:
    """Number the labels, out first, and unwrap a product that is one factor as it stands."""
    if (
        coef == 1
        and len(factors) == 1
        and factors[0].exponent == 1
        and factors[0].labels == out
        and len(set(out)) == len(out)
    ):
        return factors[0].term
    local: dict[int, int] = {}
    for label in (*out, *(q for f in factors for q in f.labels)):
        local.setdefault(label, len(local))
    renamed = tuple(Factor(f.term, tuple(local[q] for q in f.labels), f.exponent) for f in factors)
    return Product(shape, coef, renamed, tuple(local[q] for q in out), tuple(table[q] for q in local))


def monomial(term: Term) -> Product:
    """The term as a Product: itself, or one factor."""
    if isinstance(term, Product):
        return term
    labels = tuple(range(term.rank))
    return Product(term.shape, ONE, (Factor(term, labels),), labels, term.shape)


def split_coef(term: Term) -> tuple[Fraction, Term]:
    """(c, t) with term = c · t and t without a numeric coefficient."""
    if isinstance(term, Product) and term.coef not in (0, 1):
        return term.coef, product(ONE, term.factors, term.out, term.sizes)
    return ONE, term


def total(terms: Iterable[Term], shape: Shape) -> Term:
    """The sum with like terms collected: nested sums flattened, coefficients added, zeros dropped; order of first appearance."""
    coefs: dict[Term, Fraction] = {}
    stack = list(terms)[::-1]
    while stack:
        term = stack.pop()
        if isinstance(term, Add):
            stack.extend(reversed(term.terms))
        elif not is_zero(term):
            coef, base = split_coef(term)
            coefs[base] = coefs.get(base, Fraction(0)) + coef
    kept = [scale(coef, base) for base, coef in coefs.items() if coef != 0]
    if not kept:
        return number(0, shape)
    return kept[0] if len(kept) == 1 else Add(tuple(shape), tuple(kept))


def addends(term: Term) -> tuple[Term, ...]:
    """The terms of a sum; the term itself where it is none."""
    return term.terms if isinstance(term, Add) else () if is_zero(term) else (term,)


def map_leaves(term: Term, change: Callable[[Term], Term | None]) -> Term:
    """The term rebuilt from the leaves up: where change(t) gives a term, it stands for t (and is not entered)."""
    new = change(term)
    if new is not None:
        return new
    if isinstance(term, Add):
        return total([map_leaves(t, change) for t in term.terms], term.shape)
    if isinstance(term, Product):
        factors = [Factor(map_leaves(f.term, change), f.labels, f.exponent) for f in term.factors]
        return product(term.coef, factors, term.out, term.sizes)
    if isinstance(term, Apply):
        return Apply(term.shape, term.op, tuple(map_leaves(a, change) for a in term.args), term.params, term.dtype)
    return term


def subterms(term: Term) -> Iterable[Term]:
    """Every term inside a term, itself first."""
    stack = [term]
    while stack:
        item = stack.pop()
        yield item
        if isinstance(item, Add):
            stack.extend(reversed(item.terms))
        elif isinstance(item, Product):
            stack.extend(f.term for f in reversed(item.factors))
        elif isinstance(item, Apply):
            stack.extend(reversed(item.args))


def mentions(term: Term, name: str) -> bool:
    """Whether a quantity occurs in a term."""
    return any(isinstance(t, Leaf) and t.name == name for t in subterms(term))


# ---------------------------------------------------------------- from nodes


def gather(node: Node) -> Term:
    """The node read as a term: nested products, quotients, powers, sums, broadcasts and transposes become one Product or Add each."""
    terms: dict[Node, Term] = {}
    for item in topological([node]):
        terms[item] = _read(item, [terms[x] for x in item.inputs])
    return terms[node]


def _read(node: Node, args: list[Term]) -> Term:
    reader = _READERS.get(node.op.name)
    term = reader(node, args) if reader else None
    if term is not None:
        return term
    params = tuple(sorted(node.params.items()))
    return Apply(node.shape, node.op.name, tuple(args), params, node.type.dtype)


def _read_constant(node: Node, args: list[Term]) -> Term | None:
    value = node.params["value"]
    if isinstance(value, bool) or not isinstance(value, int | float | Fraction):
        return None
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            return None
        value = Fraction(repr(value))
    return number(Fraction(value), node.shape)


def _read_power(node: Node, args: list[Term]) -> Term | None:
    base, exponent = args
    if not is_number(exponent):
        return None
    assert isinstance(exponent, Product)
    return power(base, exponent.coef)


def _read_broadcast(node: Node, args: list[Term]) -> Term:
    return product(ONE, [Factor(args[0], tuple(node.params["axes"]))], range(node.type.rank), node.shape)


def _read_transpose(node: Node, args: list[Term]) -> Term:
    (x,) = args
    return product(ONE, [whole(x)], node.params["axes"], x.shape)


def _read_sum(node: Node, args: list[Term]) -> Term:
    (x,) = args
    out = [k for k in range(x.rank) if k not in node.params["axes"]]
    if is_number(x):
        x = product(
            ONE,
            [whole(x), *(Factor(Apply((x.shape[k],), "ones", ()), (k,)) for k in node.params["axes"])],
            range(x.rank),
            x.shape,
        )
    return product(
        ONE, [whole(x), *(Factor(Apply((x.shape[k],), "ones", ()), (k,)) for k in node.params["axes"])], out, x.shape
    )


def _read_einsum(node: Node, args: list[Term]) -> Term:
    factors = [Factor(x, tuple(labels)) for x, labels in zip(args, node.params["inputs"], strict=True)]
    size: dict[int, Size] = {q: n for x, labels, _ in factors for q, n in zip(labels, x.shape, strict=True)}
    local = {q: k for k, q in enumerate(size)}
    summed = [ones(size[q], local[q]) for q in size if q not in node.params["output"]]
    renamed = [Factor(x, tuple(local[q] for q in labels)) for x, labels, _ in factors]
    return product(ONE, renamed + summed, [local[q] for q in node.params["output"]], [size[q] for q in local])


def _read_where(node: Node, args: list[Term]) -> Term | None:
    condition, a, b = args
    if is_zero(b) and is_zero(a):
        return a
    if is_zero(b):
        return times(a, indicator(condition))
    if is_zero(a):
        return times(b, indicator(negated(condition)))
    return None


_NEGATION = {
    "less": "greater_equal",
    "less_equal": "greater",
    "greater": "less_equal",
    "greater_equal": "less",
    "equal": "not_equal",
    "not_equal": "equal",
}


def indicator(condition: Term) -> Term:
    """⟦condition⟧: 1 where it holds, else 0."""
    return Apply(condition.shape, "cast", (condition,), (("dtype", "float64"),))


def negated(condition: Term) -> Term:
    """The condition that holds where this one does not (NaN aside)."""
    if isinstance(condition, Apply) and condition.op in _NEGATION:
        return Apply(condition.shape, _NEGATION[condition.op], condition.args, condition.params, "bool")
    if isinstance(condition, Apply) and condition.op == "logical_not":
        return condition.args[0]
    return Apply(condition.shape, "logical_not", (condition,), (), "bool")


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
    (x,) = args
    same = node.op.name == "cast" and node.type.dtype == node.inputs[0].type.dtype
    return x if same else None


_READERS: dict[str, Callable[[Node, list[Term]], Term | None]] = {
    "input": lambda node, args: Leaf(node.shape, node.params["name"], node.type.dtype),
    "constant": _read_constant,
    "size_of": lambda node, args: size_term(node.params["size"]),
    "add": lambda node, args: total(args, node.shape),
    "subtract": lambda node, args: total([args[0], scale(-1, args[1])], node.shape),
    "negative": lambda node, args: scale(-1, args[0]),
    "multiply": lambda node, args: times(*args),
    "weigh": lambda node, args: times(*args),
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
    "relu": _read_relu,
    "cast": _read_cast,
    **dict.fromkeys(_MIRRORED, _read_comparison),
}


# ---------------------------------------------------------------- to nodes


def build(term: Term, env: Mapping[str, Node]) -> Node:
    """The term as ops on the nodes of its leaves; equal parts are built once."""
    return Builder(env).build(term)


@dataclass
class Builder:
    """Builds terms over one environment and shares what they have in common."""

    env: Mapping[str, Node]
    made: dict[Term, Node] = field(default_factory=dict[Term, Node])

    def build(self, term: Term) -> Node:
        """The node of a term."""
        if term not in self.made:
            self.made[term] = self._make(term)
        return self.made[term]

    def _make(self, term: Term) -> Node:
        if isinstance(term, Leaf):
            return self.env[term.name]
        if isinstance(term, Add):
            return self._add(term)
        if isinstance(term, Product):
            return self._product(term)
        assert isinstance(term, Apply)
        if term.op == "ones":
            return constant(1, ArrayType(term.shape))
        if term.op == "negative_part":
            return -apply("relu", -self.build(term.args[0]))
        return apply(term.op, *(self.build(arg) for arg in term.args), **dict(term.params))

    def _add(self, term: Add) -> Node:
        node: Node | None = None
        for part in sorted(term.terms, key=lambda t: split_coef(t)[0] < 0):
            coef, base = split_coef(part)
            if node is None:
                node = self.build(part)
            elif coef < 0:
                node = node - self.build(scale(-coef, base))
            else:
                node = node + self.build(part)
        assert node is not None
        return node

    def _product(self, term: Product) -> Node:
        """Numerator as one einsum, divided by what stands below the line; an indicator masks instead of multiplying."""
        masks = [f for f in term.factors if is_indicator(f.term) and all(q in term.out for q in f.labels)]
        below = [f for f in term.factors if f.exponent < 0 and all(q in term.out for q in f.labels)]
        above = [f for f in term.factors if f not in masks and f not in below]
        node = self._contract([(self._raised(f), f.labels) for f in above], term)
        if below:
            size = [Factor(f.term, f.labels, -f.exponent) for f in below]
            node = node / self._contract([(self._raised(f), f.labels) for f in size], term)
        numerator, denominator = term.coef.numerator, term.coef.denominator
        if abs(numerator) != 1:
            node = node * abs(numerator)
        if denominator != 1:
            node = node * Fraction(1, denominator) if denominator & (denominator - 1) == 0 else node / denominator
        if numerator < 0:
            node = -node
        for mask in masks:
            assert isinstance(mask.term, Apply)
            condition = spread(self.build(mask.term.args[0]), mask.labels, term.out, term.sizes)
            node = apply("where", condition, node, constant(0, node.type))
        return node

    def _raised(self, factor: Factor) -> Node:
        node = self.build(factor.term)
        exponent = factor.exponent
        if exponent == 1:
            return node
        if exponent == -1:
            return apply("reciprocal", node)
        if abs(exponent) == Fraction(1, 2):
            root = apply("sqrt", node)
            return root if exponent > 0 else apply("reciprocal", root)
        if exponent.denominator == 1:
            return apply("integer_power", node, exponent=int(exponent))
        return apply("power", node, constant(exponent, node.type))

    def _contract(self, factors: list[tuple[Node, tuple[int, ...]]], term: Product) -> Node:
        """einsum of the factors to `out`, then a broadcast over labels that no factor has."""
        dtype = next((node.type.dtype for node, _ in factors), "float64")
        if not factors:
            return constant(1, ArrayType(term.shape, dtype))
        have = {q for _, labels in factors for q in labels}
        inner = tuple(q for q in term.out if q in have)
        node = self._einsum(factors, inner)
        return spread(node, inner, term.out, term.sizes)

    def _einsum(self, factors: list[tuple[Node, tuple[int, ...]]], out: tuple[int, ...]) -> Node:
        if all(labels == out for _, labels in factors):
            node = factors[0][0]
            for other, _ in factors[1:]:
                node = node * other
            return node
        if len(factors) == 1 and len(set(factors[0][1])) == len(factors[0][1]):
            node, labels = factors[0]
            gone = tuple(k for k, q in enumerate(labels) if q not in out)
            if gone:
                node = apply("sum", node, axes=gone)
                labels = tuple(q for q in labels if q in out)
            return node if labels == out else apply("transpose", node, axes=tuple(labels.index(q) for q in out))
        return apply(
            "einsum", *(node for node, _ in factors), inputs=tuple(labels for _, labels in factors), output=out
        )


def spread(node: Node, labels: tuple[int, ...], out: tuple[int, ...], sizes: Sequence[Size]) -> Node:
    """A node at `labels` brought to the axes `out` by a transpose and a broadcast."""
    if labels == out:
        return node
    order = sorted(range(len(labels)), key=lambda k: out.index(labels[k]))
    if order != list(range(len(labels))):
        node = apply("transpose", node, axes=tuple(order))
    axes = tuple(sorted(out.index(q) for q in labels))
    if len(axes) == len(out):
        return node
    return apply("broadcast", node, shape=tuple(sizes[q] for q in out), axes=axes)
