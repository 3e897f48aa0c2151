"""Terms of rank 0 to 2 printed as matrices: chains, outer products, ∘, norms, 𝟏. What has no such form raises NoForm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from wengert.core.ir.names import is_bar, is_entry, sequence_name, unbar, unmoment
from wengert.core.ops import normal_form as nf
from wengert.core.ops import terms as tm
from wengert.core.ops.stepping import STEP, NotByStep, at_step, runs, sequence_axes
from wengert.core.ops.terms import ONE, Apply, Factor, NamedLeaf, Term, components
from wengert.notes.derive.printed_steps import as_value, at_its_step, counted, furthest_ahead, printed_sequence
from wengert.notes.derive.term_trees import (
    NoForm,
    Style,
    fraction,
    function_tree,
    negated,
    ordered,
    positive_first,
    raised,
    side_by_side,
    whole_name,
)
from wengert.notes.elaboration.system import SystemData
from wengert.notes.notation.expr import BigOp, Call, Expr, Index, Norm, Num, Ones, Power, Product, Ref, Sum, Transpose


@dataclass
class MatrixForm:
    """Terms of a system printed without indices."""

    system: SystemData
    style: Style = field(default_factory=Style)
    times: list[str] = field(default_factory=list[str], init=False)
    """The letters of time in what is printed: that of the left side, and those of sums over time around it."""
    counts: dict[str, int] = field(default_factory=dict[str, int], init=False)
    """How far each of them is ahead of the step."""

    def left(self, name: str, ahead: int | None = None) -> Ref:
        """A sequence at the letter of time, or at another step than that."""
        base = unbar(sequence_name(name))
        letter = self.system.quantities[base].letters[self.system.time[base]]
        self.counts = {letter: self.system.steps.phase(base) if ahead is None else ahead}
        return self.ref(at_letter(name, letter))

    def at_time(self, name: str, term: Term, ahead: int | None = None) -> tuple[Ref, Expr]:
        """Both sides of v_t = term for a sequence, whole arrays at each step; `ahead` is how far t is ahead of the step.

        Raises NoForm where only indices can say it.
        """
        quantity = self.system.quantities[unbar(name)]
        axis = self.system.time[unbar(name)]
        letter = quantity.letters[axis]
        self.times = [letter]
        self.counts = {letter: self.system.steps.phase(unbar(name)) if ahead is None else ahead}
        step = self.step(term, axis, letter)
        tree = self.show(step)
        self.times = []
        return self.ref(at_letter(name, letter)), tree

    def step(self, term: Term, axis: int, letter: str) -> Term:
        """The term at one step of time.

        Raises NoForm where it has none.
        """
        try:
            return at_step(term, axis, sequence_axes(self.system.time), lambda name: at_letter(name, letter))
        except NotByStep as reason:
            raise NoForm(str(reason)) from None

    def line(self, name: str, term: Term) -> tuple[Ref, Expr]:
        """Left and right side of `name = term`.

        Raises NoForm where only indices can say it.
        """
        return self.ref(name), self.show(term)

    def ref(self, name: str) -> Ref:
        """A quantity, whole."""
        name, letter = unlettered(name)
        base = printed_sequence(self.system, name)
        quantity = self.system.quantities.get(unbar(base))
        if letter or base != name:
            indices: list[Expr] = [Index(letter)] if letter else []
            if unbar(base) in self.system.time:
                if not letter and unmoment(name)[1]:
                    raise NoForm("a whole sequence at another step")
                indices = at_its_step(self.system, name, indices, self.counts)
            return Ref(unbar(base), tuple(indices), is_bar(base))
        return Ref(whole_name(quantity, unbar(name)), None, is_bar(name))

    def show(self, term: Term) -> Expr:
        """The tree of a term."""
        sign, tree = self.signed(term)
        return tree if sign > 0 else negated(tree)

    def signed(self, term: Term) -> tuple[int, Expr]:
        """(sign, tree) of a term."""
        if term.rank > 2:
            raise NoForm("more than two axes")
        if isinstance(term, NamedLeaf):
            name, letter = unlettered(term.name)
            return 1, as_value(letter, self.system.steps, self.counts) if name == STEP else self.ref(term.name)
        if isinstance(term, tm.Add):
            total = Sum(tuple(positive_first([self.in_sum(t) for t in term.terms])))
            return 1, counted(total) if self.times else total
        if isinstance(term, Apply):
            return 1, self.apply(term)
        assert isinstance(term, tm.ProductTerm)
        over = self.over_time(term) if self.system.time else None
        return self.product(term) if over is None else over

    def over_time(self, term: tm.ProductTerm) -> tuple[int, Expr] | None:
        """coef a Σ_t … of a product that is summed over time; None for any other."""
        axis_of = sequence_axes(self.system.time)
        places = [(f, k, q) for f in term.factors for k, q in enumerate(f.labels) if q in term.summed]
        label = next((q for f, k, q in places if runs(f.term, k, axis_of)), None)
        if label is None:
            return None
        home = next(
            iter(q.letters[self.system.time[n]] for n, q in self.system.quantities.items() if n in self.system.time)
        )
        letter = next(q for q in (home, *"tsτu", *(f"t{k}" for k in range(1, 100))) if q not in self.times)
        self.times.append(letter)
        self.counts[letter] = furthest_ahead(
            self.system, self.sequences([(f.term, k) for f, k, q in places if q == label])
        )
        inside: list[Factor] = []
        for f in (f for f in term.factors if f.labels):
            if f.labels.count(label) > 1:
                raise NoForm("a diagonal over time")
            at = f.labels.index(label) if label in f.labels else -1
            inner = f.term if at < 0 else self.step(f.term, at, letter)
            inside.append(Factor(inner, tuple(q for q in f.labels if q != label), f.exponent))
        body = self.show(nf.product(ONE, inside, term.out, term.sizes))
        self.times.remove(letter)
        above, below = self.scalars([f for f in term.factors if not f.labels])
        return fraction(term.coef, [*above, BigOp("sum", (letter,), body)], below, self.style)

    def sequences(self, places: Sequence[tuple[Term, int]]) -> list[str]:
        """The sequences that run over time at axes of terms."""
        axis_of = sequence_axes(self.system.time)
        leaves = [leaf for term, k in places if runs(term, k, axis_of) for leaf in tm.subterms(term)]
        names = [leaf.name for leaf in leaves if isinstance(leaf, NamedLeaf) and not is_entry(leaf.name)]
        return [name for name in names if unbar(sequence_name(name)) in self.system.time]

    def in_sum(self, term: Term) -> tuple[int, Expr]:
        """A term of a sum; a filled number stands bare and is broadcast by the reader."""
        if tm.is_number(term) and isinstance(term, tm.ProductTerm):
            return fraction(term.coef, [], [], self.style)
        return self.signed(term)

    def apply(self, term: Apply) -> Expr:
        if term.op in ("position", "max", "min", "prod", "prod_others"):
            raise NoForm(f"{term.op.removesuffix('_others')} needs an index")
        if term.rank and term.args and all(_bare(arg) for arg in term.args):
            raise NoForm("a scalar spread over an array")
        if term.op == "abs" and term.rank == 2:
            return Call("abs", (self.argument(term.args[0]),))  # |A| is a determinant
        tree = function_tree(term, lambda: [self.argument(arg) for arg in term.args])
        return counted(tree) if self.times else tree

    def argument(self, term: Term) -> Expr:
        """An argument of a function of entries: a scalar there may stand bare."""
        if isinstance(term, tm.ProductTerm) and _bare(term):
            sign, tree = fraction(term.coef, *self.scalars(term.factors), self.style)
            return tree if sign > 0 else negated(tree)
        return self.show(term)

    def scalars(self, factors: Sequence[Factor]) -> tuple[list[Expr], list[Expr]]:
        """The trees of factors without axes, above and below the line."""
        above = [raised(self.show(f.term), f.exponent) for f in ordered(factors, self.style) if f.exponent > 0]
        below = [raised(self.show(f.term), -f.exponent) for f in ordered(factors, self.style) if f.exponent < 0]
        return above, below

    # -- products

    def product(self, term: tm.ProductTerm) -> tuple[int, Expr]:
        if len(set(term.out)) < len(term.out):
            raise NoForm("a diagonal")
        if any(isinstance(f.term, Apply) and f.term.dtype == "bool" for f in term.factors):
            raise NoForm("a condition spread over an array")
        deltas = [f for f in term.factors if set(tm.delta_labels(f) or (-1,)) == set(f.labels) == set(term.out)]
        if deltas:
            return self.diagonal(term, deltas)
        plain = [f for f in term.factors if not f.labels]
        above, below = self.scalars(plain)
        vectors: dict[int, list[Expr]] = {q: [] for q in term.out}
        blocks: list[Expr] = []
        under: list[Expr] = []
        for part in components([f for f in term.factors if f.labels], term.out):
            touched = [q for q in term.out if any(q in f.labels for f in part)]
            if not touched:
                above.append(self.scalar(part))
            elif len(part) == 1 and part[0].exponent < 0 and len(touched) == len(term.out):
                under.append(self.oriented(part[0], term.out))
            elif len(touched) == 1:
                vectors[touched[0]].append(self.column(part, touched[0]))
            else:
                blocks.append(self.chain(part, term.out[0], term.out[1]))
        body = self.assemble(term.out, vectors, blocks)
        if body is None and term.rank == 1:
            body = Ones()
        if body is None and term.rank == 2 and not under:
            raise NoForm("a scalar spread over a matrix")
        bottom = (
            below if not under else [side_by_side([*below, *([side_by_side(under, "∘")] if len(under) > 1 else under)])]
        )
        pieces = [*above, *([body] if body is not None else [])]
        return fraction(term.coef, [*pieces[:-1], *(q for last in pieces[-1:] for q in flat(last))], bottom, self.style)

    def diagonal(self, term: tm.ProductTerm, deltas: Sequence[Factor]) -> tuple[int, Expr]:
        """v_i ⟦i = j⟧ is diag(v), ⟦i = j⟧ is diag(𝟏)."""
        row = term.out[0]
        rest = [
            Factor(f.term, tuple(row if q == term.out[1] else q for q in f.labels), f.exponent)
            for f in term.factors
            if f not in deltas
        ]
        plain = [f for f in rest if not f.labels]
        vector = nf.product(ONE, [f for f in rest if f.labels], (row,), term.sizes)
        above, below = self.scalars(plain)
        return fraction(
            term.coef,
            [*above, Call("diag", (self.show(vector) if len(rest) > len(plain) else Ones(),))],
            below,
            self.style,
        )

    def assemble(self, out: Sequence[int], vectors: dict[int, list[Expr]], blocks: list[Expr]) -> Expr | None:
        """The array part of a product from its vectors on each axis and its matrices."""
        if not out:
            return None
        if len(out) == 1:
            parts = vectors[out[0]]
            return entrywise(parts) if parts else None
        rows, columns = vectors[out[0]], vectors[out[1]]
        if not blocks:
            if not rows and not columns:
                return None
            left = entrywise(rows) if rows else Ones()
            right = entrywise(columns) if columns else Ones()
            return Product((left, Transpose(right)))
        tree = entrywise(blocks)
        if rows:
            tree = Product((Call("diag", (entrywise(rows),)), tree))
        if columns:
            tree = Product(
                (
                    *(tree.factors if isinstance(tree, Product) and not tree.sign else (tree,)),
                    Call("diag", (entrywise(columns),)),
                )
            )
        return tree

    def oriented(self, factor: Factor, out: Sequence[int]) -> Expr:
        """A factor that has all the axes, transposed where they come in the other order, raised entry by entry."""
        tree = entry_power(self.show(factor.term), abs(factor.exponent), len(out))
        if factor.labels == tuple(out):
            return tree
        if factor.labels == tuple(reversed(out)):
            return Transpose(tree)
        raise NoForm("axes in another order")

    def power_of(self, factor: Factor) -> Expr:
        """A factor raised entry by entry."""
        if factor.exponent < 0:
            raise NoForm("a quotient under a sum")
        return entry_power(self.show(factor.term), factor.exponent, factor.term.rank)

    def column(self, part: Sequence[Factor], label: int) -> Expr:
        """A group of factors as a column over one label."""
        heads = [f for f in part if label in f.labels]
        rest = [f for f in part if f not in heads]
        if len(heads) == 1 and set(heads[0].labels) == {label} and not rest:
            (head,) = heads
            return self.power_of(head) if len(head.labels) == 1 else Call("diag", (self.power_of(head),))
        tree, other = self.link(heads, label)
        return Product((tree, *flat(self.sum_over(rest, other))))

    def link(self, factors: Sequence[Factor], start: int) -> tuple[Expr, int]:
        """The matrix that factors over the same two axes make entry by entry, from axis `start`, and its other axis."""
        ends = {q for f in factors for q in f.labels} - {start}
        if len(ends) != 1 or any(sorted(f.labels) != sorted((start, *ends)) for f in factors):
            raise NoForm("not a product of matrices")
        (end,) = ends
        parts = [self.power_of(f) for f in factors]
        factors = [f._replace(labels=(start, end)) if nf.is_symmetric(f.term) else f for f in factors]
        if all(f.labels == (end, start) for f in factors):
            return Transpose(entrywise(parts)), end
        turned = [p if f.labels == (start, end) else Transpose(p) for p, f in zip(parts, factors, strict=True)]
        return entrywise(turned), end

    def sum_over(self, part: Sequence[Factor], label: int) -> Expr:
        """The column over a summed label that the remaining factors make; 𝟏 where none is left."""
        groups = components(part, [label])
        if not groups:
            return Ones()
        return entrywise([self.column(group, label) for group in groups])

    def chain(self, part: Sequence[Factor], start: int, end: int) -> Expr:
        """A matrix product from axis `start` to axis `end`."""
        left, at, links = list(part), start, list[Expr]()
        while at != end:
            found = [f for f in left if at in f.labels and len(f.labels) == 2]
            diagonal = [f for f in left if f.labels == (at,)]
            tree, after = self.link(found, at)
            left = [f for f in left if f not in found and f not in diagonal]
            if diagonal:
                links.append(Call("diag", (entrywise([self.power_of(f) for f in diagonal]),)))
            links.append(tree)
            at = after
        if left:
            raise NoForm("not a chain of matrices")
        return side_by_side(links)

    def scalar(self, part: Sequence[Factor]) -> Expr:
        """A sum over everything: ‖x‖², xᵀ y, xᵀ A y, tr(A B)."""
        if len(part) == 1 and part[0].exponent == 2 and len(set(part[0].labels)) == len(part[0].labels) in (1, 2):
            return Power(Norm(self.show(part[0].term)), Num(Fraction(2)))
        vectors = [f for f in part if len(f.labels) == 1]
        if vectors:
            head = vectors[0]
            rest = [f for f in part if f is not head]
            return Product((Transpose(self.power_of(head)), *flat(self.sum_over(rest, head.labels[0]))))
        head = part[0]
        if len(head.labels) != 2:
            raise NoForm("more than two axes")
        rest = list(part[1:])
        if head.labels[0] == head.labels[1]:
            if rest:
                raise NoForm("a product of diagonals")
            return Call("tr", (self.power_of(head),))
        if not rest:
            return Product((Transpose(Ones()), self.power_of(head), Ones()))
        if all(set(f.labels) == set(head.labels) for f in rest):
            if len(rest) > 1:
                return Product((Transpose(Ones()), self.link(part, head.labels[0])[0], Ones()))
            (other,) = rest
            left = self.power_of(head)
            turned = Transpose(left) if other.labels == head.labels else left
            return Call("tr", (Product((turned, self.power_of(other))),))
        return Call("tr", (Product((self.power_of(head), *flat(self.chain(rest, head.labels[1], head.labels[0])))),))


def at_letter(name: str, letter: str) -> str:
    """The name of a sequence's entry at the step that a letter counts."""
    return f"{name} @at {letter}"


def unlettered(name: str) -> tuple[str, str]:
    """The sequence and the letter of such a name; "" for any other."""
    base, _, letter = name.partition(" @at ")
    return base, letter


def flat(tree: Expr) -> tuple[Expr, ...]:
    """The factors of a plain product."""
    return tree.factors if isinstance(tree, Product) and not tree.sign else (tree,)


def entrywise(parts: Sequence[Expr]) -> Expr:
    """a ∘ b ∘ …, without brackets inside."""
    flat_parts = [
        q for part in parts for q in (part.factors if isinstance(part, Product) and part.sign == "∘" else (part,))
    ]
    return side_by_side(flat_parts, "∘")


def entry_power(tree: Expr, exponent: Fraction, rank: int) -> Expr:
    """tree ^ exponent entry by entry; of a matrix as A ∘ A, since A² is A A to a reader.

    Raises NoForm for other powers of matrices.
    """
    if rank < 2 or exponent in (1, Fraction(1, 2)):
        return raised(tree, exponent)
    if exponent.denominator != 1 or exponent > 3:
        raise NoForm("a power of the entries of a matrix")
    return entrywise([tree] * int(exponent))


def _bare(term: Term) -> bool:
    """Whether a term is a scalar, spread or not, that may stand without axes."""
    return isinstance(term, tm.ProductTerm) and not any(f.labels for f in term.factors)
