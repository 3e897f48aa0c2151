"""Terms of rank 0 to 2 printed as matrices: chains, outer products, ∘, norms, 𝟏. What has no such form raises NoForm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from wengert.ir.system import System, is_bar, unbar
from wengert.notation.expr import Call, Expr, Norm, Num, Ones, Power, Product, Ref, Sum, Transpose
from wengert.notation.forms import (
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
from wengert.ops import terms as tm
from wengert.ops.terms import Apply, Factor, Leaf, Term, components


@dataclass
class MatrixForm:
    """Terms of a system printed without indices."""

    system: System
    style: Style = field(default_factory=Style)

    def line(self, name: str, term: Term) -> tuple[Ref, Expr]:
        """Left and right side of `name = term`.

        Raises NoForm where only indices can say it.
        """
        return self.ref(name), self.show(term)

    def ref(self, name: str) -> Ref:
        """A quantity, whole."""
        quantity = self.system.quantities.get(unbar(name))
        return Ref(whole_name(quantity, unbar(name)), None, is_bar(name))

    def show(self, term: Term) -> Expr:
        """The tree of a term."""
        sign, tree = self.signed(term)
        return tree if sign > 0 else negated(tree)

    def signed(self, term: Term) -> tuple[int, Expr]:
        """(sign, tree) of a term."""
        if term.rank > 2:
            raise NoForm("more than two axes")
        if isinstance(term, Leaf):
            return 1, self.ref(term.name)
        if isinstance(term, tm.Add):
            return 1, Sum(tuple(positive_first([self.in_sum(t) for t in term.terms])))
        if isinstance(term, Apply):
            return 1, self.apply(term)
        assert isinstance(term, tm.Product)
        return self.product(term)

    def in_sum(self, term: Term) -> tuple[int, Expr]:
        """A term of a sum; a filled number stands bare and is broadcast by the reader."""
        if tm.is_number(term) and isinstance(term, tm.Product):
            return fraction(term.coef, [], [], self.style)
        return self.signed(term)

    def apply(self, term: Apply) -> Expr:
        if term.op in ("position", "max", "min", "prod", "prod_others"):
            raise NoForm(f"{term.op.removesuffix('_others')} needs an index")
        if term.rank and term.args and all(_bare(arg) for arg in term.args):
            raise NoForm("a scalar spread over an array")
        return function_tree(term, lambda: [self.argument(arg) for arg in term.args], self.style)

    def argument(self, term: Term) -> Expr:
        """An argument of a function of entries: a scalar there may stand bare."""
        if isinstance(term, tm.Product) and _bare(term):
            sign, tree = fraction(term.coef, *self.scalars(term.factors), self.style)
            return tree if sign > 0 else negated(tree)
        return self.show(term)

    def scalars(self, factors: Sequence[Factor]) -> tuple[list[Expr], list[Expr]]:
        """The trees of factors without axes, above and below the line."""
        above = [raised(self.show(f.term), f.exponent) for f in ordered(factors, self.style) if f.exponent > 0]
        below = [raised(self.show(f.term), -f.exponent) for f in ordered(factors, self.style) if f.exponent < 0]
        return above, below

    # -- products

    def product(self, term: tm.Product) -> tuple[int, Expr]:
        if len(set(term.out)) < len(term.out):
            raise NoForm("a diagonal")
        if any(isinstance(f.term, Apply) and f.term.dtype == "bool" for f in term.factors):
            raise NoForm("a condition spread over an array")
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
        return fraction(term.coef, [*above, *([body] if body is not None else [])], bottom, self.style)

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
        pieces: list[Expr] = []
        heads = [f for f in part if label in f.labels]
        rest = [f for f in part if f not in heads]
        if len(heads) != 1:
            raise NoForm("several arrays share a summed axis and a free one")
        (head,) = heads
        if len(head.labels) == 1:
            if rest:
                raise NoForm("unconnected factors")
            return self.power_of(head)
        if len(head.labels) != 2 or head.labels[0] == head.labels[1]:
            raise NoForm("more than two axes")
        first = head.labels[0] == label
        other = head.labels[1] if first else head.labels[0]
        tree = self.power_of(head)
        pieces = [tree if first else Transpose(tree)]
        return Product((*pieces, *flat(self.sum_over(rest, other))))

    def sum_over(self, part: Sequence[Factor], label: int) -> Expr:
        """The column over a summed label that the remaining factors make; 𝟏 where none is left."""
        groups = components(part, [label])
        if not groups:
            return Ones()
        return entrywise([self.column(group, label) for group in groups])

    def chain(self, part: Sequence[Factor], start: int, end: int) -> Expr:
        """A matrix product from axis `start` to axis `end`."""
        left, at, links = list(part), start, list[Expr]()
        if all(set(f.labels) == {start, end} for f in part):
            if any(f.exponent < 0 for f in part):
                raise NoForm("a quotient inside a chain")
            return entrywise([self.oriented(f, (start, end)) for f in part])
        while at != end:
            found = [f for f in left if at in f.labels and len(f.labels) == 2]
            diagonal = [f for f in left if f.labels == (at,)]
            if len(found) != 1 or found[0].labels[0] == found[0].labels[1]:
                raise NoForm("not a chain of matrices")
            (link,) = found
            for f in (link, *diagonal):
                left.remove(f)
            if diagonal:
                links.append(Call("diag", (entrywise([self.power_of(f) for f in diagonal]),)))
            forward = link.labels[0] == at
            tree = self.power_of(link)
            links.append(tree if forward else Transpose(tree))
            at = link.labels[1] if forward else link.labels[0]
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
                raise NoForm("a sum over three matrices entry by entry")
            (other,) = rest
            same = other.labels == head.labels
            left = self.power_of(head)
            return Call("tr", (Product((Transpose(left) if same else left, self.power_of(other))),))
        return Call("tr", (Product((self.power_of(head), *flat(self.chain(rest, head.labels[1], head.labels[0])))),))


def flat(tree: Expr) -> tuple[Expr, ...]:
    """The factors of a plain product."""
    return tree.factors if isinstance(tree, Product) and not tree.sign else (tree,)


def entrywise(parts: Sequence[Expr]) -> Expr:
    """a ∘ b."""
    return side_by_side(parts, "∘")


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
    return isinstance(term, tm.Product) and not any(f.labels for f in term.factors)
