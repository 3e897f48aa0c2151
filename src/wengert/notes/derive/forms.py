"""From terms back to the page: with index letters, or as matrices.

Letters are given top down: the axes of the result take the left side's letters, a summed axis the first letter that is free
among those the user used for it. It must not know where a term comes from.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from wengert.core.ir.names import is_bar, is_entry, sequence_name, unbar
from wengert.core.ir.types import Dim, Size
from wengert.core.ops import terms as tm
from wengert.core.ops.positions import range_of
from wengert.core.ops.terms import Apply, Factor, NamedLeaf, Term, components
from wengert.notes.derive.leaving import Leaving, condition, leaving, named_size, zero_outside
from wengert.notes.derive.printed_steps import as_value, at_its_step, counted, furthest_ahead, printed_sequence
from wengert.notes.derive.solving_shifts import Solved, is_implied, place_of, ranged, solved_shifts
from wengert.notes.derive.term_trees import (
    NoForm,
    Style,
    fraction,
    function_tree,
    negated,
    ordered,
    positive_first,
    raised,
)
from wengert.notes.elaboration.system import SystemData
from wengert.notes.notation.expr import (
    And,
    BigOp,
    Compare,
    Expr,
    Index,
    Num,
    Ref,
    Sum,
)

DEFAULT_LETTERS = "ijklmnpqrs"
WHOLE = frozenset({"inv", "det", "solve", "cofactors"})
"""Functions of a whole matrix, which have no form by index."""
Place = str | Expr
"""What stands at an axis: a letter, or the expression of a look-up."""


@dataclass
class IndexForm:
    """Terms of a system printed with index letters."""

    system: SystemData
    style: Style = field(default_factory=Style)
    meant: dict[str, Size] = field(default_factory=dict[str, Size], init=False)
    """The size over which each letter of the line runs: a letter has one meaning in a line."""
    counts: dict[str, int] = field(default_factory=dict[str, int], init=False)
    """The letters of the line that run over time, and how far each is ahead of the step."""
    zeros: dict[tuple[Expr, Expr], None] = field(default_factory=dict[tuple[Expr, Expr], None], init=False)
    """Quantities of the line that are 0 outside of a range, which no sum says: ȳ_i and 0 ≤ i < I."""

    def count_from(self, name: str, ahead: int | None = None) -> None:
        """Let the letters of a line count so that its left side, a quantity or a signal, stands at t, or as far ahead as is said."""
        axis = self.system.time.get(unbar(name))
        if axis is None:
            self.counts = {}
            return
        phase = self.system.steps.phase(unbar(name))
        self.counts = {self.home(name)[axis]: phase if ahead is None else ahead}

    def line(self, name: str, term: Term) -> tuple[Ref, Expr]:
        """Left and right side of `name_ij = term`; `name` may be that of an error signal."""
        letters = self.home(name)
        self.count_from(name)
        return self.ref(name, letters), self.show(term, letters)

    def home(self, name: str) -> tuple[str, ...]:
        """The letters of a quantity's axes on a left side."""
        return self.system.quantities[unbar(name)].letters

    def ref(self, name: str, letters: Sequence[Place]) -> Ref:
        """A quantity at letters."""
        base = printed_sequence(self.system, name)
        quantity = self.system.quantities.get(unbar(base))
        indices = [Index(q) if isinstance(q, str) else q for q in letters]
        if unbar(base) in self.system.time:
            indices = at_its_step(self.system, name, indices, self.counts)
        if indices and unbar(base) in ("Σ", "Π"):
            raise NoForm(f"{unbar(base)} with an index is a sign")
        spelled = quantity.indexed if quantity is not None and indices else unbar(base)
        return Ref(spelled or unbar(base), tuple(indices) or None, is_bar(base))

    def show(self, term: Term, letters: Sequence[Place], scope: Iterable[str] = ()) -> Expr:
        """The tree of a line's right side whose axes carry `letters`; letters in `scope` are taken."""
        self.meant = {q: size for q, size in zip(letters, term.shape, strict=True) if isinstance(q, str)}
        tree = self.tree(term, letters, frozenset(scope) | set(self.meant))
        return tree if self.system.counting is None else self.system.counting.written(tree)

    def tree(self, term: Term, letters: Sequence[Place], scope: frozenset[str]) -> Expr:
        """The tree of a part of a line."""
        sign, tree = self.signed(term, letters, scope)
        return tree if sign > 0 else negated(tree)

    def signed(self, term: Term, letters: Sequence[Place], scope: frozenset[str]) -> tuple[int, Expr]:
        """(sign, tree) of a term."""
        if isinstance(term, NamedLeaf):
            return 1, self.ref(term.name, letters)
        if isinstance(term, tm.Add):
            parts = [self.signed(t, letters, scope) for t in term.terms]
            total = Sum(tuple(positive_first(parts)))
            return 1, counted(total) if self.counts else total
        if isinstance(term, Apply):
            return 1, self.apply(term, letters, scope)
        assert isinstance(term, tm.ProductTerm)
        return self.product(term, letters, scope)

    def inner(self, term: Term, letters: Sequence[Place], scope: frozenset[str]) -> Expr:
        """The tree of a factor or an argument: where a quantity in it is 0, the term need not be."""
        before = dict(self.zeros)
        tree = self.tree(term, letters, scope)
        self.zeros = before
        return tree

    # -- functions

    def apply(self, term: Apply, letters: Sequence[Place], scope: frozenset[str]) -> Expr:
        def args() -> list[Expr]:
            return [self.inner(arg, letters, scope) for arg in term.args]

        if term.op == "size_of":
            return self.size_name(term.param("size"))
        if term.op == "position":
            (place,) = letters
            if isinstance(place, str) and place in self.counts:
                return as_value(place, self.system.steps, self.counts)
            return Index(place) if isinstance(place, str) else place
        if term.op in WHOLE:
            raise NoForm(f"{term.op} is of a whole matrix")
        if term.op in ("max", "min", "prod"):
            return self.reduction(term, letters, scope)
        if term.op == "prod_others":
            return self.other_entries(term, letters, scope)
        tree = function_tree(term, args)
        return counted(tree) if self.counts else tree

    def size_name(self, size: Size) -> Expr:
        """A size by its declared name, else the capital of an index letter that runs over it, else as it is called inside."""
        return named_size(size, self.system) or Ref(str(size))

    def reduction(self, term: Apply, letters: Sequence[Place], scope: frozenset[str]) -> Expr:
        """max_j x_ij, min, ∏."""
        (body,) = term.args
        names = list(letters)
        fresh: list[str] = []
        for axis in sorted(term.param("axes")):
            letter = self.free_letter(self.hints(body, axis), body.shape[axis], scope | set(fresh))
            names.insert(axis, letter)
            fresh.append(letter)
        return BigOp(term.op, tuple(fresh), self.tree(body, names, scope | set(fresh)))

    def other_entries(self, term: Apply, letters: Sequence[Place], scope: frozenset[str]) -> Expr:
        """∏_(j ≠ i) x_j."""
        (body,), axis = term.args, int(term.param("axis"))
        letter = self.free_letter(self.hints(body, axis), body.shape[axis], scope)
        names = list(letters)
        names[axis] = letter
        own = letters[axis]
        others = Compare("≠", Index(letter), Index(own) if isinstance(own, str) else own)
        return BigOp("prod", (letter,), self.tree(body, names, scope | {letter}), others)

    # -- products

    def product(self, term: tm.ProductTerm, letters: Sequence[Place], scope: frozenset[str]) -> tuple[int, Expr]:
        at: dict[int, Place] = dict(zip(term.out, letters, strict=True))
        free = [f for f in term.factors if all(q in term.out for q in f.labels)]
        bound = [f for f in term.factors if f not in free]
        above, below = self.factors(free, at, scope)
        above += [self.summed(part, term, at, scope) for part in components(bound, term.out)]
        return fraction(term.coef, above, below, self.style)

    def factors(
        self, factors: Sequence[Factor], at: Mapping[int, Place], scope: frozenset[str]
    ) -> tuple[list[Expr], list[Expr]]:
        """The trees of factors whose labels have the letters `at`, above and below the line."""
        above: list[Expr] = []
        below: list[Expr] = []
        ranges = [f for f in factors if range_of(f) is not None]
        for f in (*ordered([f for f in factors if f not in ranges], self.style), *ranges):
            if f in ranges and is_implied(f, at, (*above, *below), self.meant):
                continue
            tree = self.inner(f.term, [at[q] for q in f.labels], scope)
            (above if f.exponent > 0 else below).append(raised(tree, abs(f.exponent)))
        return above, below

    def summed(
        self, part: Sequence[Factor], term: tm.ProductTerm, at: Mapping[int, Place], scope: frozenset[str]
    ) -> Expr:
        """Σ_jk of the factors that share summed labels."""
        names = dict(at)
        fresh: list[str] = []
        part = self.look_ups(part, names, scope)
        part, solved, outside = self.solved(part, names, term.sizes)
        others = [q for answer, _ in solved.values() for q in answer]
        for label in dict.fromkeys([*(q for f in part for q in f.labels), *others]):
            if label not in names and label not in solved:
                letter = self.free_letter(self.label_hints(part, label), term.sizes[label], scope | set(fresh))
                names[label] = letter
                fresh.append(letter)
                self.count_letter(letter, part, label)
        names |= {label: place_of(answer, names) for label, answer in solved.items()}
        above, below = self.factors(part, names, scope | set(fresh))
        _, body = fraction(Fraction(1), above, below, self.style)
        if not fresh:
            self.zeros |= {self.range_of_axis(*each): None for each in zero_outside(part, solved, outside).items()}
            return body
        steps = {letter: self.system.steps.first + ahead for letter, ahead in self.counts.items()}
        limits = condition(outside, names, self.size_name, steps)
        if limits is not None:
            return BigOp("sum", tuple(fresh), body, limits)
        return ranged(BigOp("sum", tuple(fresh), body), self.meant, self.system.letter_sizes, self.size_name)

    def solved(
        self, part: Sequence[Factor], names: Mapping[int, Place], sizes: Sequence[Size]
    ) -> tuple[Sequence[Factor], Solved, list[Leaving]]:
        """The factors of a sum without its index arithmetic, the labels that go, and the indices that can leave their axes.

        Where a size has no name the arithmetic stays: Σ_ik ȳ_i w_k ⟦p = i + k⟧.
        """
        kept, solved = solved_shifts(part, names)
        outside = leaving(kept, solved, sizes)
        if any(each.above and named_size(each.size, self.system) is None for each in outside):
            return part, {}, []
        return [f for f in kept if range_of(f) is None], solved, outside

    def range_of_axis(self, leaf: NamedLeaf, axis: int) -> tuple[Expr, Expr]:
        """A quantity at its own letters, and how far the letter of an axis runs."""
        letters = self.home(sequence_name(leaf.name))
        own, size = Index(letters[axis]), self.size_name(leaf.shape[axis])
        first = self.system.counting.first if self.system.counting is not None else 0
        ends = Compare("≤", own, size) if first else Compare("<", own, size)
        return self.ref(leaf.name, letters), And((Compare("≤", Num(Fraction(first)), own), ends))

    def count_letter(self, letter: str, part: Sequence[Factor], label: int) -> None:
        """A summed letter that runs over time counts as the sequence that is furthest ahead."""
        places = [(f.term, axis) for f in part for axis, q in enumerate(f.labels) if q == label]
        leaves = [leaf for term, axis in places for leaf in self.leaves_at(term, axis)] if self.system.time else []
        sequences = [name for name, k in leaves if self.system.time.get(unbar(sequence_name(name))) == k]
        if sequences:
            self.counts[letter] = furthest_ahead(self.system, sequences)

    def label_hints(self, part: Sequence[Factor], label: int) -> list[str]:
        """Letters that the user gave to the axes at a label."""
        return [
            hint
            for f in ordered(part, self.style)
            for axis, q in enumerate(f.labels)
            if q == label
            for hint in self.hints(f.term, axis)
        ]

    def look_ups(self, part: Sequence[Factor], names: dict[int, Place], scope: frozenset[str]) -> Sequence[Factor]:
        """Σ_k x_k ⟦k = Y_i⟧ is x_{Y_i}: such labels get the expression Y_i for a letter, and the indicator goes."""
        kept = list(part)
        for f in part:
            place = chosen_place(f, names)
            if place is None:
                continue
            label, chooser, others = place
            if any(q not in names for q in others) or not any(label in g.labels for g in kept if g is not f):
                continue
            names[label] = self.tree(chooser, [names[q] for q in others], scope)
            kept.remove(f)
        return kept

    def hints(self, term: Term, axis: int) -> list[str]:
        """Letters that the user gave to an axis, from the leaves below it."""
        found: list[str] = []
        for name, k in self.leaves_at(term, axis):
            quantity = self.system.quantities.get(unbar(sequence_name(name)))
            if quantity is not None and k < len(quantity.letters):
                found.append(quantity.letters[k])
        return found

    def leaves_at(self, term: Term, axis: int) -> list[tuple[str, int]]:
        """The quantities below an axis of a term, each with its axis that lies there."""
        found: list[tuple[str, int]] = []
        stack: list[tuple[Term, int]] = [(term, axis)]
        while stack:
            item, k = stack.pop()
            if isinstance(item, NamedLeaf):
                k += is_entry(item.name) and k >= self.system.time[unbar(sequence_name(item.name))]
                found.append((item.name, k))
            elif isinstance(item, tm.Add):
                stack.extend((t, k) for t in reversed(item.terms))
            elif isinstance(item, tm.ProductTerm):
                label = item.out[k]
                stack.extend(
                    (f.term, axis) for f in reversed(item.factors) for axis, q in enumerate(f.labels) if q == label
                )
            elif isinstance(item, Apply) and item.op not in ("position", "size_of"):
                if item.op in ("max", "min", "prod"):
                    kept = [a for a in range(item.args[0].rank) if a not in item.param("axes")]
                    stack.append((item.args[0], kept[k]))
                else:
                    stack.extend((arg, k) for arg in reversed(item.args))
        return found

    def free_letter(self, hints: Sequence[str], size: Size, taken: frozenset[str]) -> str:
        """The first letter not in scope: hinted ones, those of the size class, then i, j, k, …, letters of no other class first.

        A letter that runs over another size in this line is left out.
        """
        system = self.system
        classed = system.class_letters.get(size, ()) if isinstance(size, Dim) else ()
        ranged = [q for q, n in system.letter_sizes.items() if n == size]
        names = {q for quantity in system.quantities.values() for q in (quantity.name, quantity.indexed)}
        spare = [q for q in DEFAULT_LETTERS if q not in names and q not in system.size_names]
        used = {q for letters in system.class_letters.values() for q in letters}
        numbered = (f"i{n}" for n in itertools.count(1))
        candidates = itertools.chain(hints, classed, ranged, sorted(spare, key=used.__contains__), numbered)
        letter = next(q for q in candidates if q not in taken and self.meant.get(q, size) == size)
        self.meant[letter] = size
        return letter


def chosen_place(factor: Factor, names: Mapping[int, Place]) -> tuple[int, Term, list[int]] | None:
    """(k, Y, labels of Y) of a factor ⟦k = Y⟧ whose label k is summed and on which Y does not depend."""
    condition = factor.term.args[0] if isinstance(factor.term, Apply) and factor.term.op == "cast" else None
    if not (isinstance(condition, Apply) and condition.op == "equal"):
        return None
    for one, other in (condition.args, condition.args[::-1]):
        axis = tm.position_axis(one)
        if axis is None or factor.labels[axis] in names or tm.position_axis(other) is not None:
            continue
        monomial = tm.monomial(other)
        if len(monomial.factors) == 1 and monomial.coef == 1 and isinstance(monomial.factors[0].term, NamedLeaf):
            inner = monomial.factors[0]
            axes = [monomial.out.index(q) for q in inner.labels]
            if axis not in axes:
                return factor.labels[axis], inner.term, [factor.labels[a] for a in axes]
    return None
