"""Values of names with their indices and powers, of sums, conditions, cases and arrays that are written out.

Index letters are named axes, steps of layers and time are numbers, a sum binds its letter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from wengert.notes.reading.answers import INDICATORS, ONES, Answers, Environment, Independent
from wengert.notes.reading.arrays import (
    BatchedArray,
    Clash,
    Closed,
    Misfit,
    fit,
    gathered,
    joint,
    lifted,
    number,
    picked,
    plus,
    summed,
    tail,
    times,
    total,
    turned,
)
from wengert.notes.reading.facts import LAST_STEP, LOSSES, bound_letters
from wengert.notes.reading.heads import TRANSPOSES, Axis, is_transpose
from wengert.notes.reading.lexicon import Lexicon
from wengert.notes.reading.points import Sizes, drawn, positive
from wengert.notes.reading.scope import OPAQUE, Scope
from wengert.notes.reading.trees import (
    DOTS,
    Big,
    Both,
    Cases,
    Entries,
    Frac,
    Group,
    Listing,
    Matrix,
    Name,
    Num,
    Relation,
    Row,
    Script,
    Sum,
    Tree,
    Word,
    base_of,
    is_fraction_of,
    names,
    product,
)

INVERSE_TRANSPOSES = [Sum(((-1, sign),)) for sign in TRANSPOSES]
"""A^{-T}."""


class Terms(Answers):
    """Values of everything but products and functions."""

    def __init__(self, scope: Scope, lexicon: Lexicon, asker: float, sizes: Sizes, seed: int = 0) -> None:
        super().__init__(scope, lexicon, asker, sizes, seed)
        self.evaluate |= {
            Num: lambda tree, env: number(float(tree.value)),
            Name: self.name,
            Script: self.name,
            Word: self.name,
            Group: lambda tree, env: self.value(tree.inner, env),
            Sum: self.sum,
            Big: self.big,
            Cases: self.cases,
            Relation: self.condition,
            Matrix: self.matrix,
            Entries: self.written,
            Listing: self.listed,
        }

    def operated(self, items: Sequence[tuple[str, Tree]], at: int, env: Environment) -> tuple[BatchedArray, int]:
        """A derivative of what stands behind its sign."""
        raise NotImplementedError

    def name(self, tree: Tree, env: Environment) -> BatchedArray:
        special = self.special(tree, env)
        if special is not None:
            return special
        head = self.head(tree, env)
        if head is None:
            assert isinstance(tree, Script)
            return self.scripted(self.value(tree.base, env), tree, env)
        base = str(head.key[0])
        if head.primes and base in OPAQUE:
            raise Closed("a prime stands at a function without its argument")
        if head.primes:
            head = replace(head, key=(*head.key, "′" * head.primes))
        if base in ("d", "∂", "∇"):
            raise Closed("an operator has nothing to act on")
        if (
            base == "δ"
            and len(head.axes) == 2
            and self.find(head.key) is None
            and not self.lexicon.look("signal of", "δ")
        ):
            return self.equal_letters(head.axes, env)
        if (
            base in ("I", "E")
            and not head.axes
            and self.find(head.key) is None
            and base not in self.facts.indexed
            and base not in LOSSES
        ):
            return BatchedArray(np.eye(self.sizes.of(("axis", head.key, 0)))[None] + 0j)
        value = self.entries(self.whole(head.key, env), head.axes, env)
        if head.turned:
            if not value.rank:
                self.lexicon.marks.add("empty sign")
            value = turned(value)
        return value if head.power is None else self.raised(value, head.power, env)

    def special(self, tree: Tree, env: Environment) -> BatchedArray | None:
        """Names that are known: π, e^x, numbers of steps, index letters, sizes, the vector of ones."""
        if (
            isinstance(tree, Script)
            and tree.base == Name("e")
            and tree.sup is not None
            and tree.sub is None
            and not (isinstance(tree.sup, Group) and any(n.text in self.facts.steps for n in names(tree.sup)))
            and not self.is_bare_quantity("e")
        ):
            x = self.value(tree.sup, env)
            return BatchedArray(np.exp(x.array), x.letters, x.row)
        if isinstance(tree, Script) and base_of(tree) in INDICATORS and isinstance(_bare(tree.sub), Relation):
            return self.value(_bare(tree.sub) or tree, env)
        if base_of(tree) == ONES and isinstance(tree, Word):
            return BatchedArray(
                np.ones((1,) + tuple(self.sizes.of(("axis", ONES, k)) for k in range(self.input_rank(ONES)))) + 0j
            )
        if not isinstance(tree, Name) or self.is_quantity(tree.text) or (tree.text,) in env.over:
            return None
        if tree.text == "π":
            return number(np.pi)
        if tree.text in self.facts.steps and tree.text in env.step and tree.text != self.facts.loss:
            return number(env.step[tree.text])
        if tree.text in self.facts.letters:
            return BatchedArray(np.arange(self.sizes.of(("letter", tree.text)))[None] + 1.0 + 0j, (tree.text,))
        return number(self.sizes.of(("size", tree.text))) if tree.text in self.facts.sizes else None

    def equal_letters(self, axes: Sequence[Axis], env: Environment) -> BatchedArray:
        """δ_ij: one where both indices are the same."""
        sides = [self.index_value(axis, env) for axis in axes]
        return self.compared("=", sides[0], sides[1])

    def index_value(self, axis: Axis, env: Environment) -> BatchedArray:
        if isinstance(axis, int):
            return number(axis)
        return self.value(Name(axis) if isinstance(axis, str) else axis, env)

    def entries(self, value: BatchedArray, axes: Sequence[Axis], env: Environment) -> BatchedArray:
        """The entries of an array at indices; an index that is an expression is looked up."""
        if len(axes) > value.rank:
            raise Misfit("more indices than axes")
        first = 0 if self.facts.zero else 1
        for k, axis in reversed(list(enumerate(axes))):
            if isinstance(axis, Tree):
                value = gathered(value, self.looked_up(axis, value.shape[k], env), k, 1)
        plain = [axis for axis in axes if not isinstance(axis, Tree)]
        return picked(value, plain, first) if plain else value

    def looked_up(self, axis: Tree, size: int, env: Environment) -> BatchedArray:
        """The value of an index that is an expression; a name in its place has values up to the size of the axis."""
        base = base_of(axis)
        if base in self.facts.whole:
            most = self.sizes.of(("values", base))
            if most != size:
                raise Clash(most, size)
        value = self.value(axis, env)
        if base not in self.facts.whole:
            for letter, count in zip(value.letters, value.array.shape[1:], strict=False):
                if count not in (1, size) and letter:
                    raise Clash(count, size)
        return value

    # powers

    def scripted(self, value: BatchedArray, tree: Script, env: Environment) -> BatchedArray:
        """(…)_i^T: what stands at a bracket."""
        if tree.sub is not None:
            head = self.head(Script(Name("(…)"), tree.sub), env)
            assert head is not None
            value = self.entries(value, head.axes, env)
        if tree.primes:
            raise Closed("a prime stands at a bracket")
        return value if tree.sup is None else self.raised(value, tree.sup, env)

    def raised(self, value: BatchedArray, power: Tree, env: Environment) -> BatchedArray:
        for part in power.items if isinstance(power, Both) else (power,):
            value = self.raised_once(value, part, env)
        return value

    def raised_once(self, value: BatchedArray, power: Tree, env: Environment) -> BatchedArray:
        if is_transpose(power, self.facts):
            if not value.rank:
                self.lexicon.marks.add("empty sign")
            return turned(value)
        if power == Sum(((-1, Num(Fraction(1))),)) and value.rank == 2:
            fit(value.shape[:1], value.shape[1:])
            return BatchedArray(np.linalg.inv(value.array), value.letters)
        if power in INVERSE_TRANSPOSES and value.rank == 2:
            return turned(self.raised_once(value, Sum(((-1, Num(Fraction(1))),)), env))
        if isinstance(power, Row) and is_transpose(power.items[-1][1], self.facts):
            rest = product([item for _, item in power.items[:-1]])
            return turned(self.raised_once(value, rest, env))
        exponent = self.value(power, env)
        letters, a, b = joint(value, exponent)
        if exponent.rank:
            raise Misfit("a power is an array")
        whole = exponent.array.flat[0].real if exponent.array.size == 1 else 0.5
        if exponent.array.size == 1 and abs(whole - round(whole)) < 1e-12 and not exponent.array.flat[0].imag:
            return BatchedArray(a ** round(whole), letters, value.row)
        b = tail(b, value.rank)
        if not np.any(a.imag) and not np.any(np.abs(b - np.rint(b.real)) > 1e-12):
            return BatchedArray(np.power(a.real, np.rint(b.real)) + 0j, letters, value.row)
        return BatchedArray(np.exp(b * np.log(positive(a))), letters, value.row)

    # sums, conditions, matrices

    def sum(self, tree: Sum, env: Environment) -> BatchedArray:
        first = tree.terms[0][1]
        operator = first.items[0][1] if isinstance(first, Row) and len(first.items) > 1 else first
        if (
            tree.terms[0][0] > 0
            and is_operator(operator)
            and isinstance(first, Row)
            and self.lexicon.ask("reach of ∂") == "sum"
        ):
            body = Sum(
                ((1, product([item for _, item in first.items[1:]], [s for s, _ in first.items[1:]])), *tree.terms[1:])
            )
            return self.operated((("", operator), ("", Group("(", body))), 0, env)[0]
        whole: BatchedArray | None = None
        for sign, term in tree.terms:
            x = self.value(term, env)
            whole = (
                BatchedArray(sign * x.array, x.letters, x.row, x.jac)
                if whole is None
                else plus(whole, x, sign, self.lexicon)
            )
        assert whole is not None
        return whole

    def condition(self, tree: Relation, env: Environment) -> BatchedArray:
        """One where a relation holds, else zero."""
        return self.compared(tree.sign, self.value(tree.left, env), self.value(tree.right, env))

    def compared(self, sign: str, x: BatchedArray, y: BatchedArray) -> BatchedArray:
        if x.rank and not y.rank:
            y = BatchedArray(tail(y.array, x.rank), y.letters)
        letters, a, b = joint(x, y)
        if a.ndim != b.ndim:
            raise Misfit("arrays of other ranks are compared")
        a, b = a.real, b.real
        tests = {
            "=": lambda: np.abs(a - b) < 1e-12,
            "≠": lambda: np.abs(a - b) > 1e-12,
            "<": lambda: a < b,
            ">": lambda: a > b,
            "≤": lambda: a <= b + 1e-12,
            "≥": lambda: a >= b - 1e-12,
        }
        if sign not in tests:
            raise Closed(f"'{sign}' within a formula is not read")
        return BatchedArray(tests[sign]() + 0j, letters)

    def cases(self, tree: Cases, env: Environment) -> BatchedArray:
        whole: BatchedArray | None = None
        rest: BatchedArray | None = None
        for branch, condition in tree.branches:
            if condition is None:
                if rest is None:
                    raise Closed("the cases have no condition")
                here = rest
            else:
                here = self.value(condition, env)
                if rest is not None and _meet(here, rest):
                    raise Misfit("two cases hold at once")
                other = BatchedArray(1 - here.array, here.letters)
                rest = (
                    other if rest is None else times(rest, other, "∘" if rest.rank and other.rank else "", self.lexicon)
                )
            x = self.value(branch, env)
            part = times(here, x, "∘" if here.rank and x.rank else "", self.lexicon)
            whole = part if whole is None else plus(whole, part, 1, self.lexicon)
        assert whole is not None
        return whole

    def big(self, tree: Big, env: Environment) -> BatchedArray:
        letters, conditions, low = bound_letters(tree.under)
        if not letters:
            if tree.sign == "Σ" and tree.under is None:
                return self.sum_of_everything(tree, env)
            raise Closed("a sum does not say over what")
        if letters[0] in self.facts.steps and letters[0] in env.step:
            return self.over_steps(tree, letters[0], low, env)
        value = self.value(tree.term, env)
        for condition in conditions:
            value = times(self.member(condition, env), value, "", self.lexicon)
        for letter in letters:
            value = self.bound(tree, letter, value, env)
        return value

    def sum_of_everything(self, tree: Big, env: Environment) -> BatchedArray:
        """Σ without a letter: over the one letter that is free, else over all entries."""
        value = self.value(tree.term, env)
        if len(value.letters) > 1:
            raise Closed("a sum does not say over what")
        return summed(value, value.letters[0]) if value.letters else total(value)

    def member(self, condition: Relation, env: Environment) -> BatchedArray:
        """Which values of a letter a sum runs over: a relation, or a set by name, drawn at random."""
        if condition.sign != "∈":
            return self.condition(condition, env)
        letter = base_of(condition.left)
        if self.lexicon.ask("whole set", "".join(n.text for n in names(condition.right)), False):
            return number(1)
        more = [
            name
            for name in dict.fromkeys(n.text for n in names(condition.right))
            if name in self.facts.letters and name != letter
        ]
        sizes = tuple(self.sizes.of(("letter", c)) for c in (letter, *more))
        chosen = drawn(("set", repr(condition.right)), self.seed).uniform(0, 1, (1, *sizes)) > 0.4
        return BatchedArray(chosen + 0j, (letter, *more))

    def bound(self, tree: Big, letter: str, value: BatchedArray, env: Environment) -> BatchedArray:
        size = self.sizes.of(("letter", letter))
        if letter in value.letters:
            size = value.array.shape[1 + value.letters.index(letter)]
            if size == 1:
                value = BatchedArray(
                    np.repeat(value.array, self.sizes.of(("letter", letter)), 1 + value.letters.index(letter)),
                    value.letters,
                    value.row,
                )
                size = self.sizes.of(("letter", letter))
            value = summed(value, letter, product=tree.sign == "∏")
        elif tree.sign == "Σ" and len(value.letters) == 1 and self.lexicon.ask("summed letter", letter, False):
            return summed(value, value.letters[0])
        elif tree.sign == "Σ":
            self.lexicon.marks.add("empty sign")
            value = BatchedArray(value.array * size, value.letters, value.row, value.jac)
        if isinstance(tree.over, Name) and tree.over.text in self.facts.sizes and not self.is_quantity(tree.over.text):
            named = self.sizes.of(("size", tree.over.text))
            if named != size:
                raise Clash(named, size)
        return value

    def over_steps(self, tree: Big, letter: str, low: Tree | None, env: Environment) -> BatchedArray:
        """A sum over layers or time, step by step."""
        first = 1 if low is None else round(float(self.value(low, env).array.real.flat[0]))
        last = LAST_STEP
        if isinstance(tree.over, Name) and tree.over.text in env.step:
            last = env.step[tree.over.text]
        elif isinstance(tree.over, Sum):
            last = round(float(self.value(tree.over, env).array.real.flat[0]))
        whole: BatchedArray | None = None
        without: Misfit | None = None
        for step in range(max(first, 1), last + 1):
            try:
                x = self.value(tree.term, env.at({letter: step}))
            except Independent as fault:
                without = fault
                continue
            if whole is None:
                whole = x
            else:
                whole = plus(whole, x, 1, self.lexicon) if tree.sign == "Σ" else times(whole, x, "", self.lexicon)
        if without is not None and (whole is None or tree.sign != "Σ"):
            raise without
        if whole is None:
            raise Misfit("a sum has no terms at this step")
        return whole

    def matrix(self, tree: Matrix, env: Environment) -> BatchedArray:
        """An array written out entry by entry."""
        cells = [cell for row in tree.rows for cell in row]
        if any(cell == Name(DOTS) for cell in cells):
            raise Closed("what the dots of an array stand for is not clear")
        values = [self.value(cell, env) for cell in cells]
        letters = tuple(dict.fromkeys(c for value in values for c in value.letters))
        if len({value.shape for value in values}) > 1:
            raise Closed("the entries of a matrix have other shapes")
        arrays = np.broadcast_arrays(*(lifted(value, letters) for value in values))
        rows, columns = len(tree.rows), len(tree.rows[0])
        at = 1 + len(letters)
        stacked = np.stack(arrays, axis=at)
        if rows == 1 or columns == 1:
            return BatchedArray(stacked, letters, row=rows == 1 and columns > 1)
        return BatchedArray(stacked.reshape(stacked.shape[:at] + (rows, columns) + stacked.shape[at + 1 :]), letters)

    def written(self, tree: Entries, env: Environment) -> BatchedArray:
        """An array whose entries are given by a formula over letters of its own."""
        return self.axes_of(self.value(tree.body, env), tree.letters, tree.row)

    def listed(self, tree: Listing, env: Environment) -> BatchedArray:
        """A vector written as a list; a list of lists is a matrix."""
        rows = [
            item.inner.items if isinstance(item, Group) and isinstance(item.inner, Listing) else (item,)
            for item in tree.items
        ]
        if len({len(row) for row in rows}) != 1:
            raise Closed("a list of things is not read here")
        return self.matrix(Matrix(tuple(tuple(row) for row in rows)), env)

    def axes_of(self, value: BatchedArray, letters: tuple[str, ...], row: bool = False) -> BatchedArray:
        """Letters turned into axes; vectors beside each other or below each other are a matrix."""
        if value.rank + len(letters) > 2 or any(c not in value.letters for c in letters):
            raise Closed("the entries of a matrix are not numbers")
        kept = tuple(c for c in value.letters if c not in letters)
        array = lifted(value, (*kept, *letters))
        if value.rank and row:
            array = np.swapaxes(array, -1, -2)
        return BatchedArray(array, kept, row and not value.rank)


def is_operator(tree: Tree) -> bool:
    """∂/∂v or ∇_v standing before what it acts on."""
    if isinstance(tree, Frac):
        alone = tree.top.base if isinstance(tree.top, Script) else tree.top
        return alone in (Name("∂"), Name("d")) and is_fraction_of(tree, "∂", "d")
    return isinstance(tree, Script) and tree.base == Name("∇") and tree.sub is not None


def _bare(tree: Tree | None) -> Tree | None:
    return tree.inner if isinstance(tree, Group) else tree


def _meet(here: BatchedArray, rest: BatchedArray) -> bool:
    """Whether a condition holds where the ones before it, which leave `rest`, hold too."""
    _, a, b = joint(here, rest)
    return a.shape[1:] == b.shape[1:] and here.rank == rest.rank and bool(np.any(np.abs(a * (1 - b)) > 0.5))
