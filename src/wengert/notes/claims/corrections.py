"""Corrected lines where no edit of what an author wrote mends it: the contributions that he left out, or the line as it is derived,
in his letters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property

from wengert.core.ir.graph import Node
from wengert.core.ir.walk import topological
from wengert.core.ops.gathering import gather
from wengert.core.ops.normal_form import total
from wengert.core.ops.terms import Term
from wengert.errors import WengertError
from wengert.notes.claims.kinds import Diagnosis
from wengert.notes.claims.outside import GIVEN
from wengert.notes.derive.backward import BackwardLine, SingleLines
from wengert.notes.derive.forms import IndexForm
from wengert.notes.derive.further import written_length
from wengert.notes.derive.matrices import MatrixForm
from wengert.notes.derive.printed import LinePrinter, default_form, style_of
from wengert.notes.derive.recognise import open_term_primes
from wengert.notes.derive.term_trees import NoForm
from wengert.notes.elaboration.system import SystemData
from wengert.notes.manuscripts.increments import terms_of
from wengert.notes.notation.expr import BigOp, Call, Expr, Index, Line, Num, Product, Ref, Sum, mapped, refs_of, walk
from wengert.notes.notation.function_names import function_op

MAX_LINES = 100
"""Of longer systems no backward pass is derived."""
MAX_READS = 100
"""Nor where the operations of one line read more values,"""
MAX_USES = 12
"""or one value more often."""
MAX_LENGTH = 16
"""A line with more names is not put in place of a signal."""
LETTERS = "ijklmnpqrsabcdefghotuvwxyz"


@dataclass(frozen=True, eq=False)
class Corrections:
    """The right sides that a derivation of `system` offers for claims about error signals.

    unit     whether the signal of the loss is 1 and need not be written
    outside  the quantities that have a signal from outside as well
    claims   the author's lines: a signal that he writes nowhere is not put into his lines if that can be helped
    """

    system: SystemData
    loss: str
    unit: bool
    outside: tuple[str, ...] = ()
    claims: Sequence[Line] = ()
    through: dict[tuple[str, Term], BackwardLine | None] = field(
        default_factory=dict[tuple[str, Term], "BackwardLine | None"]
    )
    """The lines from signals that the author writes, found once."""

    @cached_property
    def signals_written(self) -> frozenset[str]:
        """The quantities whose error signals the author writes."""
        return frozenset(ref.name for ref in refs_of(self.claims) if ref.barred)

    def is_held(self, name: str) -> bool:
        """Whether the signal of a quantity stays in a corrected line: the author writes it, or it comes from outside."""
        if name == self.loss:
            return not self.unit
        quantity = self.system.quantities.get(name)
        if quantity is None or self.system.time or name in self.outside:
            return True
        return not self.signals_written.isdisjoint((name, quantity.whole, quantity.indexed))

    @cached_property
    def derivation(self) -> SingleLines | None:
        """The lines of the backward pass; None where there is none, or it takes long."""
        system = replace(self.system, loss=self.loss)
        reads = [[each for node in topological([line.node]) for each in node.inputs] for line in system.lines]
        if len(reads) > MAX_LINES or max(map(len, reads)) > MAX_READS or max(map(most_uses, reads)) > MAX_USES:
            return None
        try:
            return SingleLines(system)
        except (WengertError, RecursionError):
            return None

    def line(self, name: str) -> BackwardLine | None:
        """The derived line of one error signal; None where there is none."""
        try:
            return None if self.derivation is None else self.derivation.line(name)
        except (WengertError, RecursionError):
            return None

    def mended(
        self, left: Expr, name: str, tree: Expr, diagnosis: Diagnosis | None, holds: Callable[[Expr], bool]
    ) -> Expr | None:
        """The right side v̄ = … in place of the author's: his own, edited, or the first of those on offer that holds."""
        if diagnosis is not None and diagnosis.corrected is not None:
            return diagnosis.corrected
        if not (name and isinstance(left, Ref)):
            return None
        missing = () if diagnosis is None else diagnosis.missing
        return next((right for right in self.of(left, name, tree, missing) if holds(right)), None)

    def signals(self, left: Expr, name: str) -> list[Ref]:
        """The error signals that the derived line of v̄ reads, at its letters."""
        if not (name and isinstance(left, Ref)) or (found := self.line(name)) is None:
            return []
        trees = list(self.printed(found, left))
        return [t for tree in trees for t in walk(tree) if isinstance(t, Ref) and t.barred]

    def of(self, left: Ref, name: str, tree: Expr, missing: Sequence[str]) -> Iterator[Expr]:
        """Right sides for v̄ = tree, the closest to the author's first; `missing` are the children whose contributions he left out."""
        found = self.line(name)
        if found is None:
            return
        left_out = [part.term for part in found.contributions if part.child in missing]
        if left_out:
            part = replace(found, value=total(left_out, found.value.shape), further=None)
            yield from (with_term(tree, more) for each in self.ways(part) for more in self.printed(each, left))
        given = Ref(GIVEN + name, left.indices)
        for right in (right for each in self.ways(found) for right in self.printed(each, left)):
            yield with_term(given, right) if name in self.outside else right

    def ways(self, line: BackwardLine) -> Iterator[BackwardLine]:
        """A derived line from signals that the author writes, unless it is long, and as the chain rule gives it."""
        key = (line.name, line.value)
        if key not in self.through:
            self.through[key] = self.from_signals_written(line)
        own = self.through[key]
        yield from (line,) if own is None else (own, line)

    def from_signals_written(self, line: BackwardLine) -> BackwardLine | None:
        """A derived line from signals that the author writes; None where it is long or cannot be derived."""
        if not self.claims or self.derivation is None:
            return None
        try:
            own = self.derivation.through(line, self.is_held)
        except (WengertError, RecursionError):
            return None  # what the chain rule gives is on offer
        return own if written_length(own.value) <= MAX_LENGTH else None

    def printed(self, line: BackwardLine, left: Ref) -> Iterator[Expr]:
        """The value of a derived line by index and as matrices, first as the left side is written."""
        first = default_form(self.system) if not line.value.rank else "index" if left.indices is not None else "matrix"
        forms = (first, "matrix" if first == "index" else "index")
        for form in forms:
            try:
                printed = LinePrinter(self.system, form).backward_line(replace(line, further=None))
            except (WengertError, RecursionError):
                continue
            if isinstance(printed.left, Ref):
                right = self.without_loss(printed.rights[0]) if self.unit else printed.rights[0]
                yield self.in_his_functions(with_letters(right, renaming(printed.left, left, right)))

    def of_derivative(self, node: Node, letters: Sequence[str]) -> Iterator[Expr]:
        """A derivative inside the system as it is derived, its first axes at these letters; none where it has no short form."""
        if self.derivation is None:
            return
        derivation = self.derivation.derivation
        try:
            term = derivation.shortest(open_term_primes(gather(node), derivation.letters))
            if written_length(term) > MAX_LENGTH:
                return
            style = style_of(self.system)
            if len(letters) == term.rank:
                yield self.in_his_functions(IndexForm(self.system, style).show(term, letters))
            elif not letters:
                yield self.in_his_functions(MatrixForm(self.system, style).show(term))
        except (NoForm, WengertError, RecursionError):
            return

    @cached_property
    def functions(self) -> dict[str, str]:
        """The names by which the author calls functions in the equations, by op."""
        rights = [right for line in self.system.lines for right in line.written.rights]
        calls = [tree.function for right in rights for tree in walk(right) if isinstance(tree, Call)]
        return {op: name for name in calls if (op := function_op(name)) is not None}

    def in_his_functions(self, tree: Expr) -> Expr:
        """The tree with functions under the names that the author has for them: sigmoid for σ."""

        def change(part: Expr) -> Expr:
            if not isinstance(part, Call):
                return part
            return replace(part, function=self.functions.get(function_op(part.function) or "", part.function))

        return mapped(tree, change)

    def without_loss(self, tree: Expr) -> Expr:
        """The tree with 1 for L̄."""
        loss, one = Ref(self.loss, barred=True), Num(Fraction(1))

        def change(part: Expr) -> Expr:
            if part == loss:
                return one
            if isinstance(part, Product) and one in part.factors:
                rest = tuple(factor for factor in part.factors if factor != one)
                return one if not rest else rest[0] if len(rest) == 1 else replace(part, factors=rest)
            return part

        return mapped(tree, change)


def most_uses(values: Sequence[Node]) -> int:
    """How often the value is there that is there most often."""
    return max(Counter(map(id, values)).values(), default=0)


def as_written(tree: Expr, primed: Mapping[str, str]) -> Expr:
    """A right side with the names that its author has for signals from outside: c̄' for that of c, by `primed`, and c̄ for the one
    that comes in; of a line c̄ += x what is added."""
    if isinstance(tree, Sum) and (first := tree.terms[0][1]) and isinstance(first, Ref):
        name = first.name.removeprefix(GIVEN)
        if first.name != name and name not in primed:
            rest = tree.terms[1:]
            tree = rest[0][1] if len(rest) == 1 and rest[0][0] > 0 else Sum(rest)

    def change(part: Expr) -> Expr:
        if not isinstance(part, Ref):
            return part
        if part.name.startswith(GIVEN):
            return replace(part, name=part.name.removeprefix(GIVEN), barred=True)
        return replace(part, name=primed[part.name]) if part.barred and part.name in primed else part

    return mapped(tree, change) if primed else tree


def with_term(tree: Expr, more: Expr) -> Expr:
    """tree + more."""
    return Sum((*terms_of(tree), *terms_of(more)))


def renaming(printed: Ref, left: Ref, tree: Expr) -> Mapping[str, str]:
    """New letters for those of a printed line, so that its left side has the author's; bound ones give way."""
    given, wanted = printed.indices or (), left.indices or ()
    new: dict[str, str] = {}
    for index, other in zip(given, wanted, strict=False):
        if isinstance(index, Index) and isinstance(other, Index):
            new[index.letter] = other.letter
    used = {t.letter for t in walk(tree) if isinstance(t, Index)} | {
        q for t in walk(tree) if isinstance(t, BigOp) for q in t.letters
    }
    names = {t.name for t in walk(tree) if isinstance(t, Ref)}
    spare = (q for q in LETTERS if q not in used | names | set(new.values()))
    for letter in sorted(used):
        if letter not in new and letter in new.values():
            new[letter] = next(spare, letter)
    return new


def with_letters(tree: Expr, new: Mapping[str, str]) -> Expr:
    """The tree with other index letters."""

    def change(part: Expr) -> Expr:
        if isinstance(part, Index):
            return replace(part, letter=new.get(part.letter, part.letter))
        if isinstance(part, BigOp):
            return replace(part, letters=tuple(new.get(q, q) for q in part.letters))
        return part

    return mapped(tree, change)
