"""The kind of an expression, number, column, row or matrix, for given kinds of the names in it, and what is surprising in that."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from wengert.notes.elaboration.exponents import is_exponential
from wengert.notes.notation.expr import (
    And,
    Bars,
    BigOp,
    Call,
    Cases,
    Compare,
    Expr,
    Indicator,
    Inverse,
    MatrixEntries,
    Neg,
    Norm,
    Num,
    Ones,
    Partial,
    Power,
    Product,
    Quotient,
    Ref,
    Sum,
    Transpose,
    walk,
)

BESIDE_COST = 2.0  # a bias: a vector beside a matrix
NO_MATRIX_COST = 3.0  # a Frobenius norm is of a matrix
BROADCAST_COST = 4.0
RARE_BROADCAST = 9.0
"""What it costs more where hardly anybody means a number beside a vector: in the distance ‖h − t‖ and in the product i ⊙ g."""
TIMES_COST = 3.5
"""What it costs that a sign * is a product of matrices: less than that a capital is a number."""
MISFIT_COST = 20.0
"""What it costs when a claim makes no sense in a reading."""
WORDS = {"s": "a number", "c": "a column vector", "r": "a row vector", "m": "a matrix", "any": "an array of more axes"}


def check_transposed(tree: Expr) -> None:
    """Raise Mismatch where the transpose of a number is that of a name: (xᵀ A y)ᵀ is xᵀ A y, but cᵀ is meant to be a row."""
    inner = tree
    while isinstance(inner, Transpose):
        inner = inner.operand
    if isinstance(inner, Ref | Num):
        raise Mismatch(tree, "A scalar has no transpose.", "Declare the quantity a vector or a matrix:  x ∈ ℝ^n")


class Mismatch(Exception):
    """A reading in which a line makes no sense; `tree` is where, `what` is why, `repair` how to mend it."""

    def __init__(self, tree: Expr, what: str, repair: str = "") -> None:
        super().__init__(what)
        self.tree = tree
        self.what = what
        self.repair = repair


def product_kind(left: str, right: str, tree: Expr) -> str:
    """The kind of a product side by side."""
    if left == "s":
        return right
    if right == "s":
        return left
    table = {("m", "m"): "m", ("m", "c"): "c", ("r", "m"): "r", ("r", "c"): "s", ("c", "r"): "m"}
    if (left, right) in table:
        return table[left, right]
    raise Mismatch(
        tree,
        f"{WORDS[left].capitalize()} stands directly before {WORDS[right]}: no product is meant by that.",
        "Write 'xᵀ y' for the inner product, 'x yᵀ' for the outer product, or 'x ∘ y' entry by entry.",
    )


def times_kind(left: str, right: str, tree: Expr) -> str:
    """The kind of a product with the sign *: entry by entry of two columns or two rows."""
    return left if left == right and left in "cr" else product_kind(left, right, tree)


@dataclass
class KindReader:
    """The kind of every expression for given kinds of names; the cost of scalars that are broadcast adds up in `cost`."""

    kinds: Mapping[str, str]
    cost: float = 0.0

    def read(self, tree: Expr) -> str:
        """The kind of a tree: s, c, r or m.

        Raises Mismatch where it makes no sense.
        """
        match tree:
            case Ref(indices=None, name=name):
                return self.kinds.get(name, "s")
            case Num() | BigOp(op="argmax" | "argmin"):
                return "s"
            case Ref(indices=indices):
                return self._entry(tree, len(indices or ()))
            case Ones():
                return "c"
            case Sum(terms=terms):
                return self.same([term for _, term in terms], tree)
            case Product(factors=factors, sign=sign):
                return self._product(factors, sign, tree)
            case Quotient(numerator=a, denominator=b):
                return self._quotient(a, b, tree)
            case Power(base=Ref(name="e", indices=None), exponent=a) if is_exponential(tree, self.kinds, False):
                return self.read(a)
            case Power(base=a) if is_transpose(tree, self.kinds):
                return self._transpose(a, tree)
            case Neg(operand=a) | Power(base=a):
                return self.read(a)
            case Transpose(operand=a):
                return self._transpose(a, tree)
            case Inverse(operand=a):
                return self.read(a)
            case Call():
                return self._call(tree)
            case BigOp(body=body):
                return self.read(body)
            case Norm():
                return self._norm(tree)
            case Bars(operand=a):
                kind = self.read(a)
                return "s" if kind == "m" else kind
            case Compare(left=a, right=b):
                return self.same([a, b], tree)
            case And(parts=parts):
                return self.same(list(parts), tree)
            case Cases(branches=branches):
                return self.same([part for branch in branches for part in branch if part is not None], tree)
            case Indicator(condition=a):
                return self.read(a)
            case Partial(numerator=Ref(indices=None) as a, denominator=Ref() as b) if self.read(a) == "s":
                return self.read(b)  # of a number: as many axes as what it is differentiated by
            case MatrixEntries(rows=rows):
                return "c" if all(len(row) == 1 for row in rows) else "m"
            case _:
                return "s"

    def _norm(self, tree: Norm) -> str:
        before = self.cost
        kind = self.read(tree.operand)
        self.cost += (self.cost - before) * RARE_BROADCAST
        if kind == "s":
            raise Mismatch(tree, "A norm takes a vector or a matrix, not a scalar.", "Write the absolute value:  |x|")
        if tree.order == "F" and kind != "m":
            self.cost += NO_MATRIX_COST
        return "s"

    def _entry(self, tree: Ref, given: int) -> str:
        rank = {"s": 0, "c": 1, "m": 2}.get(self.kinds.get(tree.name, ""), given)
        if given > rank:
            raise wrong_indices(tree, rank, given)
        return {0: "s", 1: "c", 2: "m"}[rank - given]

    def same(self, parts: Sequence[Expr], tree: Expr) -> str:
        """The common kind of parts that stand entry by entry; scalars are broadcast."""
        kinds = [self.read(part) for part in parts]
        found = {kind for kind in kinds if kind != "s"}
        beside = [part for part, kind in zip(parts, kinds, strict=True) if kind == "c"]
        linear = found == {"c", "m"} and isinstance(tree, Sum) and any(self._is_product(part) for part in parts)
        if linear and all(isinstance(part, Ref) for part in beside):
            self.cost += BESIDE_COST
            found = {"m"}
        if len(found) > 1:
            raise Mismatch(
                tree,
                f"{' and '.join(WORDS[k] for k in sorted(found)).capitalize()} do not fit entry by entry.",
                "Make the shapes equal, or sum over an index.",
            )
        if found:
            self.cost += sum(
                BROADCAST_COST for part, kind in zip(parts, kinds, strict=True) if kind == "s" and has_bare(part)
            )
            return found.pop()
        return "s"

    def _is_product(self, tree: Expr) -> bool:
        """Whether a term is a product of two matrices, beside which a vector is a bias."""
        factors = tree.factors if isinstance(tree, Product) and not tree.sign else ()
        return sum(KindReader(self.kinds).read(factor) == "m" for factor in factors) == 2

    def _product(self, factors: Sequence[Expr], sign: str, tree: Expr) -> str:
        if sign == "∘":
            before = self.cost
            kind = self.same(factors, tree)
            self.cost += (self.cost - before) * RARE_BROADCAST
            if kind == "s" and all(map(has_bare, factors)):
                self.cost += 2 * BROADCAST_COST  # ⊙ says that there are entries
            return kind
        if sign == "*":
            return self._times(factors, tree)
        kind = self.read(factors[0])
        for factor in factors[1:]:
            right = self.read(factor)
            kind = "s" if sign == "·" and kind == right == "c" else product_kind(kind, right, tree)
        return kind

    def _times(self, factors: Sequence[Expr], tree: Expr) -> str:
        """Of columns only the product entry by entry can be meant by a * b, of a matrix and a column only that of matrices."""
        kinds = [self.read(factor) for factor in factors]
        if "m" in kinds and not any(isinstance(factor, Transpose) for factor in factors):
            self.cost += TIMES_COST
        both = any(one == other == "m" for one, other in itertools.pairwise(kind for kind in kinds if kind != "s"))
        if both:
            raise Mismatch(
                tree,
                "'*' between arrays could mean two products.",
                "Write '∘' (or '⊙') for entry by entry, or set the factors side by side for the matrix product.",
            )
        try:
            return reduce(lambda one, other: times_kind(one, other, tree), kinds)
        except Mismatch:
            return reduce(lambda one, other: times_kind(other, one, tree), reversed(kinds))

    def _quotient(self, a: Expr, b: Expr, tree: Expr) -> str:
        top, bottom = self.read(a), self.read(b)
        if bottom == "s" or top == bottom:
            return top
        if top == "s":
            self.cost += BROADCAST_COST if bottom == "c" else 2 * BROADCAST_COST  # the N of 1/N is a number
            return bottom
        raise Mismatch(tree, "Numerator and denominator have different shapes.")

    def _transpose(self, operand: Expr, tree: Expr) -> str:
        kind = self.read(operand)
        if kind == "s":
            check_transposed(tree)
            self.cost += MISFIT_COST
            return kind
        if kind == "any":
            raise Mismatch(tree, "What has more than two axes has no transpose.", "Write it with indices.")
        return {"c": "r", "r": "c", "m": "m"}[kind]

    def _call(self, tree: Call) -> str:
        if tree.function in ("tr", "det", "sum", "mean"):
            kinds = [self.read(arg) for arg in tree.args]
            if tree.function in ("tr", "det") and kinds != ["m"]:
                raise Mismatch(tree, f"'{tree.function}' takes a matrix.")
            if tree.function in ("sum", "mean") and kinds == ["s"]:
                raise Mismatch(
                    tree, f"'{tree.function}' takes a vector or a matrix, not a scalar.", "Write 'Σ' with an index."
                )
            return "s"
        if tree.function == "prod" and isinstance(last := tree.args[-1], Partial) and isinstance(last.denominator, Ref):
            return self.read(last.denominator)
        if tree.function in ("rowsum", "colsum"):
            if self.read(tree.args[0]) != "m":
                raise Mismatch(tree, f"'{tree.function}' takes a matrix.")
            return "c"
        if tree.function == "logsumexp":
            return {"m": "c"}.get(self.read(tree.args[0]), "s")
        if tree.function == "diag":
            kind = self.read(tree.args[0])
            if kind == "s":
                raise Mismatch(
                    tree, "'diag' takes a vector or a matrix, not a scalar.", "Declare its argument a vector:  v ∈ ℝ^n"
                )
            return {"c": "m", "m": "c"}.get(kind, "s")
        if tree.function == "softmax" and self.read(tree.args[0]) == "s":
            raise Mismatch(
                tree,
                "'softmax' takes a vector or a matrix, not a scalar.",
                "Declare its argument a vector, or write the indices out.",
            )
        return self.same(tree.args, tree)


def kind_of(tree: Expr, kinds: Mapping[str, str]) -> str:
    """The kind of an expression; "" where it makes no sense."""
    try:
        return KindReader(kinds).read(tree)
    except Mismatch:
        return ""


def is_transpose(tree: Power, kinds: Mapping[str, str]) -> bool:
    """Whether X^T is a transpose although T is a quantity: one that is an array is no exponent."""
    exponent = tree.exponent
    return (
        isinstance(exponent, Ref) and exponent.indices is None and exponent.name == "T" and kinds.get("T", "s") != "s"
    )


def wrong_indices(tree: Ref, rank: int, given: int, repair: str = "") -> Mismatch:
    """What is wrong where a quantity has more, or fewer, indices than axes."""
    return Mismatch(tree, f"'{tree.name}' has {axes_in_words(rank)} but {given} indices here.", repair)


def axes_in_words(rank: int) -> str:
    return {0: "no axis", 1: "one axis", 2: "two axes"}.get(rank, f"{rank} axes")


def has_bare(tree: Expr) -> bool:
    return any(isinstance(part, Ref) and part.indices is None for part in walk(tree)) and not isinstance(tree, BigOp)
