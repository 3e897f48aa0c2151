"""Ranks of names that stand whole: z = W x + b makes W a matrix and x, b vectors, at the least surprise.

A reading gives every bare name a kind (scalar, column, matrix). Each kind has a cost by spelling (bold, capital, lower case) and
broadcasting a scalar beside a vector costs too; the cheapest reading in which every line makes sense is taken, and two equally
cheap ones are an error that asks for a declaration.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from wengert.elaboration.exponents import is_exponential
from wengert.notation.expr import (
    And,
    Bars,
    BigOp,
    Call,
    Cases,
    Compare,
    Entries,
    Expr,
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

BESIDE_COST = 2.0  # a bias: a vector beside a matrix
NO_MATRIX_COST = 3.0  # a Frobenius norm is of a matrix
BROADCAST_COST = 4.0
RARE_BROADCAST = 9.0
"""What it costs more where hardly anybody means a number beside a vector: in the distance ‖h − t‖ and in the product i ⊙ g."""
OBJECTIVES = frozenset({"L", "J"})
"""Capitals that a line gives a number, as it does small letters."""
ROW_COST = 0.5  # a line that gives a row: y = wᵀ x is a number rather
MISFIT_COST = 20.0
"""What it costs when a claim makes no sense in a reading."""
ARRAY_AS_LOSS = 20.5
"""What is minimised is a number; a half, so that this ties with no count of other costs."""
MAX_OPEN = 24
"""Where a line has more new names, they are read as their spelling suggests."""
SEARCH_LIMIT = 20_000
KINDS = ("s", "c", "m")
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


class Tie(Exception):
    """Two readings of equal cost; `name` is the first quantity in which they differ."""

    def __init__(self, name: str, kinds: tuple[str, str]) -> None:
        super().__init__(name)
        self.name = name
        self.kinds = kinds


def spelling_costs(name: str, bold: bool) -> dict[str, float]:
    """What it costs to read a name as a scalar, a column or a matrix."""
    letter = next((c for c in name if c.isalpha()), "a")
    if bold:
        return {"s": 8.0, "c": 4.0, "m": 0.0} if letter.isupper() else {"s": 8.0, "c": 0.0, "m": 8.0}
    if letter.isupper() and letter != "Δ":  # a margin, a difference
        return {"s": 4.0, "c": 4.5, "m": 0.0}
    return {"s": 0.0, "c": 1.0, "m": 6.0}


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
            case Norm(operand=a):
                before = self.cost
                kind = self.read(a)
                self.cost += (self.cost - before) * RARE_BROADCAST
                if kind == "s":
                    raise Mismatch(
                        tree, "A norm takes a vector or a matrix, not a scalar.", "Write the absolute value:  |x|"
                    )
                if tree.order == "F" and kind != "m":
                    self.cost += NO_MATRIX_COST
                return "s"
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
            case Entries(rows=rows):
                return "c" if all(len(row) == 1 for row in rows) else "m"
            case _:
                return "s"

    def _entry(self, tree: Ref, given: int) -> str:
        rank = {"s": 0, "c": 1, "m": 2}.get(self.kinds.get(tree.name, ""), given)
        if given > rank:
            raise Mismatch(tree, f"'{tree.name}' has {axes_in_words(rank)} but {given} indices here.")
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
                BROADCAST_COST for part, kind in zip(parts, kinds, strict=True) if kind == "s" and _has_bare(part)
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
            if kind == "s" and all(map(_has_bare, factors)):
                self.cost += 2 * BROADCAST_COST  # ⊙ says that there are entries
            return kind
        arrays = [kind for f in factors if (kind := self.read(f)) != "s"] if sign == "*" else []
        if len(arrays) > 1 and set(arrays) == {"c"}:
            return "c"  # of two columns only the product entry by entry can be meant
        if len(arrays) > 1:
            raise Mismatch(
                tree,
                "'*' between arrays could mean two products.",
                "Write '∘' (or '⊙') for entry by entry, or set the factors side by side for the matrix product.",
            )
        kind = self.read(factors[0])
        for factor in factors[1:]:
            right = self.read(factor)
            kind = "s" if sign == "·" and kind == right == "c" else product_kind(kind, right, tree)
        return kind

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
            return {"c": "m", "m": "c"}.get(self.read(tree.args[0]), "s")
        if tree.function == "softmax" and self.read(tree.args[0]) == "s":
            raise Mismatch(
                tree,
                "'softmax' takes a vector or a matrix, not a scalar.",
                "Declare its argument a vector, or write the indices out.",
            )
        return self.same(tree.args, tree)


def is_transpose(tree: Power, kinds: Mapping[str, str]) -> bool:
    """Whether X^T is a transpose although T is a quantity: one that is an array is no exponent."""
    exponent = tree.exponent
    return (
        isinstance(exponent, Ref) and exponent.indices is None and exponent.name == "T" and kinds.get("T", "s") != "s"
    )


def axes_in_words(rank: int) -> str:
    return {0: "no axis", 1: "one axis", 2: "two axes"}.get(rank, f"{rank} axes")


def _has_bare(tree: Expr) -> bool:
    return any(isinstance(part, Ref) and part.indices is None for part in walk(tree)) and not isinstance(tree, BigOp)


@dataclass(order=True)
class _State:
    cost: float
    tick: int
    line: int = field(compare=False)
    kinds: dict[str, str] = field(compare=False)
    choice: tuple[int, ...] = field(compare=False)
    first: int = field(compare=False)


def infer_kinds(
    lines: Sequence[Line],
    known: Mapping[str, str],
    bold: Callable[[str], bool],
    sizes: frozenset[str],
    claims: Sequence[Line] = (),
) -> dict[str, str]:
    """A kind for every bare name of the lines, `known` ones kept; `sizes` are names that stand for sizes.

    `claims` are lines about error signals, which should make sense too: a reading in which one does not costs more. Raises Mismatch (of the reading that came furthest) where no reading makes sense, Tie where two are equally good.
    """
    search = _Search([*lines, *claims], bold, sizes, len(lines))
    return search.run(dict(known))


def bare_names(line: Line) -> Iterator[str]:
    """The names that stand whole on the right of a line."""
    return (t.name for right in line.rights for t in walk(right) if isinstance(t, Ref) and t.indices is None)


class _Search:
    def __init__(self, lines: Sequence[Line], bold: Callable[[str], bool], sizes: frozenset[str], firm: int) -> None:
        self.lines = lines
        self.firm = firm  # so many lines must make sense; those after them are claims
        self.bold = bold
        self.sizes = sizes
        self.ticks = itertools.count()
        self.furthest: tuple[int, Mismatch] | None = None
        self.bare = [list(dict.fromkeys(bare_names(line))) for line in lines]
        self.ranked: dict[str, list[tuple[str, float]]] = {}
        sides = (side for line in lines[:firm] for side in (line.left, *line.rights))
        self.firm_names = dict.fromkeys(t.name for side in sides for t in walk(side) if isinstance(t, Ref))

    def open_names(self, line: int, kinds: Mapping[str, str]) -> list[str]:
        """Bare names on the right of a line that have no kind yet, each once."""
        return [name for name in self.bare[line] if name not in kinds and name not in self.sizes]

    def options(self, name: str) -> list[tuple[str, float]]:
        """The kinds of a name with their costs, the likeliest first."""
        if name not in self.ranked:
            self.ranked[name] = sorted(spelling_costs(name, self.bold(name)).items(), key=lambda item: item[1])
        return self.ranked[name]

    def run(self, known: dict[str, str]) -> dict[str, str]:
        heap = [self.start(0.0, 0, known)]
        best: _State | None = None
        for _ in range(SEARCH_LIMIT):
            if not heap or (best is not None and heap[0].cost > best.cost):
                break
            state = heapq.heappop(heap)
            if state.line == len(self.lines):
                if best is None:
                    best = state
                else:
                    self.check_tie(best.kinds, state.kinds)
                continue
            for successor in self.expand(state):
                heapq.heappush(heap, successor)
        if best is not None:
            return best.kinds
        if self.furthest is not None:
            raise self.furthest[1]
        return known

    def check_tie(self, one: Mapping[str, str], other: Mapping[str, str]) -> None:
        """Raise Tie where two readings differ in a name of the lines that must make sense; of other names claims alone tell nothing."""
        for name in self.firm_names:
            if one.get(name) != other.get(name):
                raise Tie(name, (one.get(name, "s"), other.get(name, "s")))

    def start(self, cost: float, line: int, kinds: dict[str, str]) -> _State:
        names = self.open_names(line, kinds) if line < len(self.lines) else []
        return _State(cost, next(self.ticks), line, kinds, (0,) * len(names), 0)

    def expand(self, state: _State) -> Iterator[_State]:
        names = self.open_names(state.line, state.kinds)
        ranked = [self.options(name) for name in names]
        for k in range(state.first, len(names) if len(names) <= MAX_OPEN else 0):
            if state.choice[k] + 1 < len(KINDS):
                choice = state.choice[:k] + (state.choice[k] + 1,) + state.choice[k + 1 :]
                extra = ranked[k][choice[k]][1] - ranked[k][state.choice[k]][1]
                yield _State(state.cost + extra, next(self.ticks), state.line, state.kinds, choice, k)
        kinds = dict(state.kinds)
        base = state.cost
        for name, options, pick in zip(names, ranked, state.choice, strict=True):
            kinds[name] = options[pick][0]
        try:
            base += self.evaluate(self.lines[state.line], kinds)
        except Mismatch as mismatch:
            if state.line >= self.firm:
                yield self.start(base + MISFIT_COST, state.line + 1, kinds)
                return
            if self.furthest is None or state.line > self.furthest[0]:
                self.furthest = (state.line, mismatch)
            return
        yield self.start(base, state.line + 1, kinds)

    def evaluate(self, line: Line, kinds: dict[str, str]) -> float:
        """The cost of a line beyond its inputs' spelling; its left name gets its kind."""
        reader = KindReader(kinds)
        kind = "s"
        for right in line.rights:
            kind = reader.read(right)
        left = line.left
        assert isinstance(left, Ref)
        if left.indices is not None:
            rows = len(left.indices) == 1 and kinds.get(left.name) == "m" and kind in ("c", "r")
            if kind != "s" and not rows:
                raise Mismatch(
                    line.rights[-1],
                    f"The left side is one entry of '{left.name}', but the right side is a whole array.",
                )
            return reader.cost
        turned, kind = kind == "r", "c" if kind == "r" else kind
        declared = kinds.get(left.name)
        if declared not in (None, kind, "any"):
            if kind != "s":
                names = {**WORDS, "s": "a scalar", "c": "a vector"}
                raise Mismatch(
                    line.rights[-1], f"'{left.name}' is {names[declared]}, but its right side is {names[kind]}."
                )
            return reader.cost + BROADCAST_COST * any(map(_has_bare, line.rights))
        if declared == kind:
            return reader.cost + ROW_COST * turned  # its letter says nothing more
        kinds[left.name] = kind
        costs = spelling_costs(left.name.lower() if left.name in OBJECTIVES else left.name, self.bold(left.name))
        costs["any"] = max(costs.values())
        if left.name in OBJECTIVES and kind != "s":
            costs[kind] += ARRAY_AS_LOSS
        return reader.cost + costs[kind] - min(costs.values()) * (kind != "s") + ROW_COST * turned
