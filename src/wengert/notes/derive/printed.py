"""The backward pass as equations: surface lines in index form, as matrices, or written out entry by entry."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from wengert.core.ir.names import bar, is_bar, sequence_name, unbar
from wengert.core.ir.types import Dim, bind_size
from wengert.core.ops.gathering import gather
from wengert.core.ops.terms import Term
from wengert.errors import EquationError
from wengert.notes.derive.backward import Backward, BackwardLine
from wengert.notes.derive.by_steps import by_steps, sizes_by_steps
from wengert.notes.derive.elements import ElementForm
from wengert.notes.derive.folding import symmetric_name
from wengert.notes.derive.forms import IndexForm
from wengert.notes.derive.matrices import MatrixForm
from wengert.notes.derive.row_sums import RowSum
from wengert.notes.derive.term_trees import NoForm, Style
from wengert.notes.elaboration.system import Definition, SystemData
from wengert.notes.elaboration.unrolling import number_of_steps
from wengert.notes.notation.expr import Compare, Expr, Line, Num, walk
from wengert.notes.notation.unicode import show

MOST_ENTRIES = 4
"""Of longer axes the entries are not written out."""
FORMS = ("index", "matrix", "elements")


def default_form(system: SystemData) -> str:
    """The form in which the user wrote: by index where any quantity has indices, else as matrices."""
    return "index" if any(q.by_index for q in system.quantities.values()) else "matrix"


def style_of(system: SystemData) -> Style:
    """Decimals where the user writes decimals."""
    numbers = [t for line in system.lines for right in line.written.rights for t in walk(right) if isinstance(t, Num)]
    return Style(decimals=any("." in n.text for n in numbers))


@dataclass
class LinePrinter:
    """Prints lines of one system in one form; a line that has no matrix form is printed by index, and `notes` says so."""

    system: SystemData
    form: str = "index"
    sizes: Mapping[str, int] | None = None

    def __post_init__(self) -> None:
        if self.form not in FORMS:
            raise EquationError(
                f"There is no form '{self.form}'.", f"  the forms are {', '.join(FORMS)}", "Write one of these."
            )
        style = style_of(self.system)
        self.index = IndexForm(self.system, style)
        self.matrix = MatrixForm(self.system, style)

    def forward(self) -> list[Line]:
        """The forward system: as it was written where that is the form asked for."""
        native = default_form(self.system) == self.form
        return [line.written if native else self.definition(line) for line in self.system.lines]

    def definition(self, line: Definition) -> Line:
        """A forward line in this form."""
        if self.form == "elements":
            return line.written
        term = recognise_written(line)
        ahead = -self.system.steps.lag if self.system.time else None
        left, rights, notes = self.equation(line.name, [term], ahead)
        return Line(left, tuple(rights), notes=notes)

    def left(self, name: str, ahead: int | None = None) -> Expr:
        """A quantity or an error signal, as it stands on a left side, or a sequence at another step."""
        if self.form == "matrix":
            return (
                self.matrix.left(name, ahead)
                if sequence_name(unbar(name)) in self.system.time
                else self.matrix.ref(name)
            )
        self.index.count_from(sequence_name(name), ahead)
        return self.index.ref(name, self.index.home(sequence_name(name)))

    def equation(
        self, name: str, terms: Sequence[Term], ahead: int | None = None
    ) -> tuple[Expr, list[Expr], tuple[str, ...]]:
        """Left side and the right sides of name = term = term …, and notes; `ahead` is how far the letter of time is ahead of the step.

        Raises EquationError where a term has neither a form by index nor one as matrices.
        """
        if not terms:
            return self.left(name, ahead), [], ()
        ways = [(self.by_index, "by index"), (self.as_matrices, "as matrices")]
        (first, _), (second, note) = reversed(ways) if self.form == "matrix" else ways
        self.index.zeros.clear()
        try:
            return *first(name, terms, ahead), self.zero_notes()
        except NoForm as reason:
            try:
                return *second(name, terms, ahead), (f"{note}: {reason}",)
            except NoForm as other:
                raise EquationError(
                    f"The line of {unbar(name)} can be written neither by index nor as matrices: {reason}; {other}.",
                    f"  {'the error signal of ' if is_bar(name) else ''}{unbar(name)}",
                    "Give a part of the equation a line of its own.",
                ) from None

    def by_index(self, name: str, terms: Sequence[Term], ahead: int | None = None) -> tuple[Expr, list[Expr]]:
        letters = self.index.home(name)
        self.index.count_from(name, ahead)
        return self.index.ref(name, letters), [self.index.show(t, letters) for t in terms]

    def zero_notes(self) -> tuple[str, ...]:
        """What the line that was printed last takes for 0 outside of its axis."""
        return tuple(f"with {show(each)} = 0 outside of {show(range)}" for each, range in self.index.zeros)

    def as_matrices(self, name: str, terms: Sequence[Term], ahead: int | None = None) -> tuple[Expr, list[Expr]]:
        if unbar(name) in self.system.time:
            sides = [self.matrix.at_time(name, t, ahead) for t in terms]
            return sides[0][0], [right for _, right in sides]
        return self.matrix.ref(name), [self.matrix.show(t) for t in terms]

    def backward(self, backward: Backward) -> list[Line]:
        """One line a quantity, from v̄_N = 1 back to the parameters; several an array when written out by elements."""
        if self.form == "elements" and self.system.recurrences:
            steps = number_of_steps(self.system, self.sizes or {}, "the form by entries", MOST_ENTRIES)
            backward = by_steps(backward, steps)
            sizes = sizes_by_steps(self.system, backward.system, self.sizes or {})
            return LinePrinter(backward.system, self.form, sizes).backward(backward)
        lines: list[Line] = []
        for line in backward.lines:
            if line.name == backward.loss and not backward.seeded:
                continue
            if self.form == "elements":
                lines += self.elements(line)
            else:
                lines += [*(self.sum_line(each) for each in line.sums), self.backward_line(line, named=True)]
        return lines

    def sum_line(self, each: RowSum) -> Line:
        """D_i = Σ_j … (= an equal sum)."""
        if self.form == "matrix":
            try:
                return Line(self.matrix.ref(each.name), tuple(self.matrix.show(t) for t in each.forms))
            except NoForm as reason:
                return replace(self.sum_by_index(each), notes=(f"by index: {reason}",))
        return self.sum_by_index(each)

    def sum_by_index(self, each: RowSum) -> Line:
        """The same with the letters of its signals."""
        letters: list[str] = []
        for axis, size in enumerate(each.value.shape):
            letters.append(self.index.free_letter(self.index.hints(each.value, axis), size, frozenset(letters)))
        return Line(self.index.ref(each.name, letters), tuple(self.index.show(t, letters) for t in each.forms))

    def backward_line(self, line: BackwardLine, *, named: bool = False) -> Line:
        """v̄ = value (= further form, with its assumption as a note); with `named`, sums that have lines of their own by their names."""
        terms = line.named if named else line.forms
        left, rights, notes = self.equation(bar(line.name), terms)
        return Line(left, tuple(dict.fromkeys(rights)), notes=(*notes, *self.assumption_notes(line)))

    def assumption_notes(self, line: BackwardLine) -> tuple[str, ...]:
        if not line.assumed:
            return ()
        return tuple(f"with {text}" for text in self.assumptions())

    def assumptions(self) -> list[str]:
        """The system's assumptions, by index."""
        found: list[str] = []
        for sides in self.system.assumptions:
            left, right = (gather(side) for side in sides)
            if symmetric_name(left, right):
                found.append(show(Compare("=", self.matrix.show(left), self.matrix.show(right))))
                continue
            letters = [self.index.hints(left, axis)[0] for axis in range(left.rank)]
            others = letters[: right.rank]
            found.append(show(Compare("=", self.index.show(left, letters), self.index.show(right, others))))
        return found

    def elements(self, line: BackwardLine) -> list[Line]:
        """v̄_11 = …, v̄_12 = …: every entry, where all sizes are at most 4.

        Raises EquationError where a size is unknown or larger.
        """
        bound = dict(self.sizes or {})
        form = ElementForm(self.system, style_of(self.system), bound)
        shape = [bind_size(size, bound) for size in self.system.quantities[line.name].type.shape]
        for dim in self.all_sizes():
            size = bind_size(dim, bound)
            if not isinstance(size, int):
                raise EquationError(
                    f"The size of {self.axis(size)} is not known, so entries cannot be written out.",
                    f"  it is an axis of {', '.join(self.having(dim))}",
                    f"Give it by a quantity that has it:  --size {self.owner(size)}=2",
                )
            if size > MOST_ENTRIES:
                raise EquationError(
                    f"The axis has {size} entries, and entries are written out up to {MOST_ENTRIES}.",
                    f"  it is an axis of {', '.join(self.having(dim))}",
                    "Use --form index or --form matrix.",
                )
        lines: list[Line] = []
        for place in itertools.product(*(range(1, int(n) + 1) for n in shape if isinstance(n, int))):
            letters = [str(k) for k in place]
            rights = [form.show(t, letters) for t in line.forms]
            lines.append(
                Line(form.ref(bar(line.name), letters), tuple(dict.fromkeys(rights)), notes=self.assumption_notes(line))
            )
        return lines

    def all_sizes(self) -> list[int | Dim]:
        return list(dict.fromkeys(size for q in self.system.quantities.values() for size in q.type.shape))

    def owner(self, size: Dim) -> str:
        """A quantity of one axis that has this size, else any."""
        return min(self.having(size), key=lambda name: self.system.quantities[name].type.rank)

    def having(self, size: int | Dim) -> list[str]:
        """The quantities that have an axis of this size."""
        return [name for name, quantity in self.system.quantities.items() if size in quantity.type.shape]

    def axis(self, size: Dim) -> str:
        """How the user knows an axis: by its index letters."""
        letters = self.system.class_letters.get(size, ())
        return f"the index {', '.join(map(repr, letters))}" if letters else f"the axis '{size}'"


def recognise_written(line: Definition) -> Term:
    """The term of a forward line, functions as they were written."""
    return gather(line.node)
