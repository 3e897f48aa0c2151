"""What one line means: every surface tree becomes a Val. The signs of mathematics, one method each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from typing import TYPE_CHECKING

from wengert.core.ir.graph import Node, apply, constant
from wengert.core.ir.op import OPS
from wengert.core.ir.types import ArrayType
from wengert.core.ops.primes import instance
from wengert.notes.elaboration import conditions, entries
from wengert.notes.elaboration.big_operators import big
from wengert.notes.elaboration.exponents import exact_value, is_exponential
from wengert.notes.elaboration.functions import FUNCTIONS, norm
from wengert.notes.elaboration.kinds import (
    Mismatch,
    axes_in_words,
    check_transposed,
    is_transpose,
    product_kind,
    times_kind,
)
from wengert.notes.elaboration.shifts import Loose, apply_ranges, can_leave, kept_inside, shifted_axes
from wengert.notes.elaboration.values import Combiner, Val, filled
from wengert.notes.notation.expr import (
    And,
    Bars,
    BigOp,
    Call,
    Cases,
    Compare,
    Derive,
    Expr,
    Index,
    Indicator,
    Inverse,
    Line,
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
from wengert.notes.notation.function_names import function_op
from wengert.notes.notation.symbols import FUNCTIONS as BUILT_IN

if TYPE_CHECKING:
    from wengert.notes.elaboration.context import Context


class LineMeaning:
    """Reads the trees of one line; `letters` holds the size of each index letter of this line."""

    def __init__(self, context: Context, letter_sizes: Mapping[str, str]) -> None:
        self.context = context
        self.letter_sizes = letter_sizes
        self.letters: dict[str, int] = {}
        self.combine = Combiner(context.classes)
        self.hidden = 0
        self.left: tuple[str, ...] = ()
        self.shifted: frozenset[tuple[str, int]] = frozenset()
        self.may_leave = False
        self.bound: list[str] = []
        """Letters of the sums around what is read."""
        self.loose: list[Loose] = []
        """Indices that may leave their axis, whose term is not read to its end yet."""

    def letter(self, letter: str, tree: Expr) -> int:
        """The size id of an index letter in this line."""
        classes = self.context.classes
        if letter not in self.letters:
            self.letters[letter] = classes.fresh()
            if not letter.startswith("?"):
                classes.add_letter(self.letters[letter], letter)
        if letter in self.letter_sizes:
            classes.unite(self.letters[letter], self.context.size_names[self.letter_sizes[letter]], tree)
        return self.letters[letter]

    def assign(self, line: Line) -> Val:
        """The value of a line's right side, its axes united with those of the left side."""
        left = line.left
        assert isinstance(left, Ref)
        name = self.context.target(left)
        right = line.rights[0]
        self.left = tuple(index.letter for index in left.indices or () if isinstance(index, Index))
        self.shifted = shifted_axes([right], self.context.target)
        if self.shifted:
            apply_ranges(self, line)
        val = self.whole(right)
        if self.context.reading.symbols.implicit_sums:
            val = self.summed_over_repeated(val, right, {t.letter for t in left.indices or () if isinstance(t, Index)})
        if left.indices is not None:
            letters = [index.letter for index in left.indices if isinstance(index, Index)]
            self.only(val, letters, right)
            axes = self.context.axes_of(name, len(letters))
            if val.kind != "s" and len(axes) == len(letters):
                raise Mismatch(
                    right,
                    "The right side is a whole array, the left side one entry.",
                    "Give both sides indices, or neither.",
                )
            for axis, letter in zip(axes, letters, strict=False):
                self.context.classes.unite(axis, self.letter(letter, left), right)
            for axis, size in zip(axes[len(letters) :], val.sizes[len(val.letters) :], strict=False):
                self.context.classes.unite(axis, size, right)
            return val
        self.only(val, [], right)
        kind = "c" if val.kind == "r" else val.kind
        known = self.context.kinds.get(name, kind)
        if known == "any":
            raise Mismatch(left, f"'{name}' has more than two axes.", "Write an index for every axis.")
        rank = {"s": 0, "c": 1, "m": 2}[known]
        axes = self.context.axes_of(name, rank)
        if val.kind != "s":
            if len(axes) != len(val.sizes):
                raise Mismatch(
                    right,
                    f"'{name}' has {axes_in_words(len(axes))}, but its right side has {axes_in_words(len(val.sizes))}.",
                    "Write both sides with the same axes.",
                )
            for axis, size in zip(axes, val.sizes, strict=True):
                self.context.classes.unite(axis, size, right)
        return val

    def summed_over_repeated(self, val: Val, tree: Expr, left: set[str]) -> Val:
        """Σ, where it is left out by declaration: a letter that is not on the left is summed in each term that has it."""
        terms = tree.terms if isinstance(tree, Sum) else ((1, tree),)
        parts: list[Val] = []
        for sign, term in terms:
            part = val if tree is term else self.number(term)
            free = [q for q in part.letters if q not in left]
            part = self.combine.reduce("sum", part, free, term) if free else part
            parts.append(part if sign > 0 else self.combine.map(lambda node: -node, part, term))
        return self.combine.entrywise(_add_all, parts, tree)

    def only(self, val: Val, letters: Sequence[str], tree: Expr) -> None:
        """Every free letter of the value stands on the left side too."""
        free = [q for q in val.letters if q not in letters]
        if free:
            listed = ", ".join(f"'{q}'" for q in free)
            raise Mismatch(
                self.place_of(free[0], tree),
                f"The index {listed} is free on the right side but not on the left.",
                f"Write 'Σ_{free[0]}' in front of the term, or put '{free[0]}' on the left side.",
            )

    def place_of(self, letter: str, tree: Expr) -> Expr:
        """The first use of a letter in a tree."""
        return next(
            (
                t
                for t in walk(tree)
                if isinstance(t, Ref) and any(isinstance(i, Index) and i.letter == letter for i in t.indices or ())
            ),
            tree,
        )

    # -- trees

    def whole(self, tree: Expr) -> Val:
        """The value of a whole right side: where an index leaves its axis, the term with it is dropped."""
        self.shifted = self.shifted or shifted_axes([tree], self.context.target)
        self.may_leave = self.context.known_letters is not None or can_leave([tree])
        val = self.number(tree)
        found, self.loose = self.loose, []
        return kept_inside(self, val, found, 0.0, tree)

    def number(self, tree: Expr) -> Val:
        """The value of a tree as real numbers."""
        return self.combine.cast(self.read(tree), "float64")

    def read(self, tree: Expr) -> Val:
        """The value of a tree; integers stay integers and conditions stay bools."""
        method = _METHODS.get(type(tree))
        if method is None:
            raise Mismatch(tree, "This cannot stand in a forward equation.", "Write the value that it stands for.")
        val = method(self, tree)
        return val._replace(make=lambda: _with_source(val.make(), tree), tree=tree)

    def index(self, tree: Index) -> Val:
        size = self.letter(tree.letter, tree)
        return Val(
            (tree.letter,),
            "s",
            (size,),
            lambda: apply("position", size=self.context.classes.size(size), dtype="int64"),
            tree,
        )

    def num(self, tree: Num) -> Val:
        return Val((), "s", (), filled(tree.value), tree)

    def ones(self, tree: Ones) -> Val:
        size = self.context.classes.fresh()
        return Val((), "c", (size,), lambda: constant(1, ArrayType((self.context.classes.size(size),))), tree)

    def sum(self, tree: Sum) -> Val:
        signs = [sign for sign, _ in tree.terms]

        def add(*nodes: Node) -> Node:
            node = nodes[0] if signs[0] > 0 else -nodes[0]
            for sign, other in zip(signs[1:], nodes[1:], strict=True):
                node = node + other if sign > 0 else node - other
            return node

        vals = [self.summand(term) for _, term in tree.terms]
        if any(val.kind != "s" for val in vals):
            self.warn_of_spread_sums(vals)
        return self.combine.entrywise(add, vals, tree)

    def summand(self, tree: Expr) -> Val:
        """One term of a sum, dropped where an index leaves its axis, unless a Σ around binds a letter of that index."""
        before, self.loose = self.loose, []
        val = self.number(tree)
        own = [loose for loose in self.loose if loose.letters.isdisjoint(self.bound)]
        self.loose = [*before, *(loose for loose in self.loose if loose not in own)]
        return kept_inside(self, val, own, 0.0, tree)

    def warn_of_spread_sums(self, vals: Sequence[Val]) -> None:
        """A Σ that is a number beside an array is rarely meant to be added to every entry."""
        for val in vals:
            if val.kind == "s" and not val.letters and any(isinstance(part, BigOp | Norm) for part in walk(val.tree)):
                self.context.warn(
                    val.tree,
                    "This sum is a number, and it is added to every entry of an array.",
                    "Check the indices of the other terms: is each quantity there meant whole?",
                )

    def product(self, tree: Product) -> Val:
        vals = [self.number(factor) for factor in tree.factors]
        if tree.sign == "∘":
            return self.combine.entrywise(_multiply_all, vals, tree)
        if tree.sign == "*":
            return self.starred(vals, tree)
        result = vals[0]
        for val in vals[1:]:
            if tree.sign == "·" and result.kind == val.kind == "c":
                result = self.combine.contract(result, val, "a", "a", "s", "", tree)
            else:
                result = self.times(result, val, tree)
        return result

    def starred(self, vals: Sequence[Val], tree: Product) -> Val:
        """W * x * y: products of matrices, and entry by entry between columns; taken from the left where that makes sense."""
        if {val.kind for val in vals} <= {"s", "c"}:
            return self.combine.entrywise(_multiply_all, vals, tree)

        def times(one: Val, other: Val) -> Val:
            if one.kind == other.kind and one.kind in "cr":
                return self.combine.entrywise(_multiply_all, [one, other], tree)
            return self.times(one, other, tree)

        try:
            reduce(lambda one, other: times_kind(one, other, tree), [val.kind for val in vals])
        except Mismatch:
            return reduce(lambda one, other: times(other, one), reversed(vals))
        return reduce(times, vals)

    def times(self, a: Val, b: Val, tree: Expr) -> Val:
        """Two factors side by side."""
        if a.kind == "s" or b.kind == "s":
            return self.combine.entrywise(_multiply_all, [a, b], tree)
        kind = product_kind(a.kind, b.kind, tree)
        left, right = {"m": "ab", "r": "b", "c": "a"}[a.kind], {"m": "bc", "c": "b", "r": "c"}[b.kind]
        out = {"s": "", "c": "a", "r": "c", "m": "ac"}[kind]
        return self.combine.contract(a, b, left, right, kind, out, tree)

    def quotient(self, tree: Quotient) -> Val:
        exact = exact_value(tree)
        if exact is not None:
            return Val((), "s", (), filled(exact), tree)
        return self.combine.entrywise(
            lambda a, b: a / b, [self.number(tree.numerator), self.number(tree.denominator)], tree
        )

    def negative(self, tree: Neg) -> Val:
        return self.combine.map(lambda node: -node, self.number(tree.operand), tree)

    def power(self, tree: Power) -> Val:
        exponent = exact_value(tree.exponent)
        if is_exponential(tree, self.context.kinds, "e" in self.context.constants):
            if "e" not in self.context.constants:
                what = "'e^…' is read as the exponential function, because 'e' is an array here."
                self.context.warn(
                    tree, what, "Write 'exp(…)' for the function, and an index on 'e' if its power is meant."
                )
            return self.combine.map(lambda node: apply("exp", node), self.number(tree.exponent), tree)
        if is_transpose(tree, self.context.kinds):
            return self.transpose(Transpose(tree.base, span=tree.span))
        if isinstance(tree.base, Norm) and exponent == 2 and tree.base.order != "1":
            return norm(self, tree.base, squared=True)
        base = self.number(tree.base)
        if exponent is None:
            return self.combine.entrywise(lambda a, b: apply("power", a, b), [base, self.number(tree.exponent)], tree)
        return self.combine.map(lambda node: raised(node, exponent), base, tree)

    def inverse(self, tree: Inverse) -> Val:
        """x⁻¹: the reciprocal of a number, entry by entry of a vector."""
        val = self.number(tree.operand)
        if val.kind == "m":
            self.square(val, tree)
            return self.combine.map(lambda node: apply("inv", node), val, tree)
        if val.kind != "s":
            self.context.warn(tree, "'x⁻¹' of a vector is read entry by entry.", "Write:  1 / x")
        return self.combine.map(lambda node: raised(node, Fraction(-1)), val, tree)

    def transpose(self, tree: Transpose) -> Val:
        val = self.number(tree.operand)
        if val.kind == "s":
            check_transposed(tree)
            return val
        return self.combine.transpose(val, tree)

    def call(self, tree: Call) -> Val:
        special = FUNCTIONS.get(tree.function)
        if special is not None and not tree.primes:
            val = special(self, tree)
        else:
            val = self.plain_call(tree)
        if tree.power is not None:
            exponent = exact_value(tree.power)
            if exponent is None:
                raise Mismatch(tree.power, "The exponent on a function's name must be a number.", "Write:  (f(x))^p")
            return self.combine.map(lambda node: raised(node, exponent), val, tree)
        return val

    def plain_call(self, tree: Call) -> Val:
        """f(x): an op of the table, its derivative f'(x), or a letter without a definition."""
        vals = [self.number(arg) for arg in tree.args]
        op = function_op(tree.function)
        if op is None and tree.function in BUILT_IN:
            raise Mismatch(tree, f"'{tree.function}' has no value here yet.", "Give its value as an input of its own.")
        if op is None:
            orders = (tree.primes, *(0 for _ in vals[1:]))

            def opaque(*nodes: Node) -> Node:
                return apply("opaque", *nodes, function=tree.function, order=orders)

            return self.combine.entrywise(opaque, vals, tree)
        if len(vals) != OPS[op].arity:
            raise Mismatch(
                tree,
                f"'{tree.function}' takes {OPS[op].arity} argument, not {len(vals)}.",
                "Separate arguments by commas.",
            )
        if tree.primes == 1 and not OPS[op].smooth and OPS[op].partials is not None and len(vals) == 1:
            return self.combine.map(lambda node: instance(op, 1, node), vals[0], tree)
        if tree.primes and not OPS[op].smooth:
            raise Mismatch(
                tree,
                f"'{tree.function}' has no derivative at some points.",
                "Write its cases:  { 1 if x > 0; 0 otherwise }",
            )
        if tree.primes:
            return self.combine.map(lambda node: apply("prime", node, function=op, order=tree.primes), vals[0], tree)
        return self.combine.entrywise(lambda *nodes: apply(op, *nodes), vals, tree)

    def bars(self, tree: Bars) -> Val:
        val = self.number(tree.operand)
        if val.kind == "m":
            return self.determinant(val, tree)
        return self.combine.map(lambda node: apply("abs", node), val, tree)

    def square(self, val: Val, tree: Expr) -> None:
        """Both whole axes of a matrix are equally long."""
        self.context.classes.unite(val.sizes[-2], val.sizes[-1], tree)

    def determinant(self, val: Val, tree: Expr) -> Val:
        """det A of a whole matrix."""
        if val.kind != "m":
            raise Mismatch(tree, "'det' takes a matrix.", "Declare its argument a matrix:  A ∈ ℝ^(n×n)")
        self.square(val, tree)
        return Val(val.letters, "s", val.sizes[:-2], lambda: apply("det", val.make()), tree)

    def derivative(self, tree: Partial | Derive | Call) -> Val:
        """∂u/∂v, ∂/∂v (…) or prod(∂L/∂u, ∂u/∂v), where the context can differentiate."""
        if self.context.derivative is None:
            raise Mismatch(tree, "This cannot stand in a forward equation.", "Write the value that it stands for.")
        return self.context.derivative(self, tree)


def _with_source(node: Node, tree: Expr) -> Node:
    """Remember the place in the source; a node is made once, so nothing else has seen it yet."""
    if node.source is None and node.op.leaf != "input":
        node.source = tree.span
    return node


def _add_all(*nodes: Node) -> Node:
    node = nodes[0]
    for other in nodes[1:]:
        node = node + other
    return node


def _multiply_all(*nodes: Node) -> Node:
    node = nodes[0]
    for other in nodes[1:]:
        node = node * other
    return node


def raised(node: Node, exponent: Fraction) -> Node:
    """node ^ exponent for a number known now."""
    if exponent == Fraction(1, 2):
        return apply("sqrt", node)
    if exponent.denominator == 1 and abs(exponent) < 2**31:
        return apply("integer_power", node, exponent=int(exponent))
    return apply("power", node, constant(exponent, node.type))


_METHODS: dict[type[Expr], Callable[..., Val]] = {
    Ref: entries.quantity,
    Index: LineMeaning.index,
    Num: LineMeaning.num,
    Ones: LineMeaning.ones,
    Sum: LineMeaning.sum,
    Product: LineMeaning.product,
    Quotient: LineMeaning.quotient,
    Neg: LineMeaning.negative,
    Power: LineMeaning.power,
    Transpose: LineMeaning.transpose,
    Inverse: LineMeaning.inverse,
    Call: LineMeaning.call,
    BigOp: big,
    Norm: norm,
    Bars: LineMeaning.bars,
    Compare: conditions.compare,
    And: conditions.conjunction,
    Cases: conditions.cases,
    Indicator: conditions.indicator,
    Partial: LineMeaning.derivative,
    Derive: LineMeaning.derivative,
}
