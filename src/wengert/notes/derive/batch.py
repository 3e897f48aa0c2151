"""From one example to many: System -> System. What depends on data gets the letter n in front, the loss is averaged over n.

Summands of the last line that do not depend on data stay as they are, so a regularizer comes out once. The derivation of the
batch's system is the ordinary one, and prints Hᵀ Ȳ and Ȳᵀ 𝟏.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from wengert.core.ir.graph import Node, input_node
from wengert.core.ir.names import entry_place, sequence_name, unmoment
from wengert.core.ir.types import Dim
from wengert.core.ops.build import TermBuilder
from wengert.core.ops.gathering import gather
from wengert.core.ops.normal_form import product, total
from wengert.core.ops.stepping import entry_array, moved_array
from wengert.core.ops.terms import ONE, Add, Apply, Factor, NamedLeaf, ProductTerm, Term, addends, size_term
from wengert.errors import EquationError
from wengert.notes.derive.forms import IndexForm
from wengert.notes.derive.printed import style_of
from wengert.notes.derive.recognise import recognise
from wengert.notes.elaboration.sequences import loops_of
from wengert.notes.elaboration.system import Definition, Moment, Quantity, SystemData
from wengert.notes.notation.expr import Line

LETTERS = "nbsemuvpq"
AXES_OPS = ("sum", "max", "min", "prod", "logsumexp")


def batched(system: SystemData, data: Iterable[str]) -> SystemData:
    """The system over a batch: `data` and all that depends on it with a leading axis, the loss (1/N) Σ_n of itself.

    Raises EquationError where the last line is not a scalar, or a data name is not an input of the system.
    """
    names = tuple(data)
    for name in names:
        if name not in system.inputs:
            raise EquationError(
                f"'{name}' is not an input of these equations.",
                f"  the inputs are {', '.join(system.inputs)}",
                "Write one of these names.",
            )
    if system.quantities[system.loss].type.rank:
        raise EquationError(
            f"The loss '{system.loss}' is not a scalar, and the mean over a batch is one.",
            f"  {system.loss} has the shape {'×'.join(map(str, system.quantities[system.loss].type.shape))}",
            "Write a scalar loss as the last line, for example:  L = ½ Σ_k (y_k − t_k)²",
        )
    return _Batch(system, names).run()


@dataclass
class _Batch:
    system: SystemData
    data: tuple[str, ...]

    def run(self) -> SystemData:
        system = self.system
        used = {q for quantity in system.quantities.values() for q in (quantity.name, *quantity.letters)}
        used |= {q for letters in system.class_letters.values() for q in letters}
        self.letter = next(q for q in LETTERS if q not in used)
        name = next(
            n
            for n in (self.letter.upper(), f"{self.letter.upper()}_data")
            if n not in system.quantities and n not in system.size_names
        )
        self.size = Dim(name)
        self.leading = self.dependent()
        quantities = {n: self.quantity(q) for n, q in system.quantities.items()}
        leaves: dict[str, Node] = {n: input_node(n, q.type) for n, q in quantities.items()}
        letters = {**system.class_letters, self.size: (self.letter,)}
        self.check_starts()
        time = {n: axis + (n in self.leading) for n, axis in system.time.items()}
        moments = {n: self.moment(n, leaves, time) for n in system.moments}
        frame = replace(
            system,
            quantities=quantities,
            leaves=leaves,
            class_letters=letters,
            size_names={**system.size_names, name: self.size},
            data=self.data,
            assumptions=(),
            time=time,
            moments=moments,
            clock=None if system.clock is None else replace(system.clock, axes=time or system.clock.axes),
        )
        known = leaves | {n: each.leaf for n, each in moments.items()}
        builder, form = TermBuilder(known), IndexForm(frame, replace(style_of(system), sums_last=False))
        assumed = tuple(self.assumption(sides, builder) for sides in system.assumptions)
        lines: list[Definition] = []
        for line in system.lines:
            term = self.line(line)
            left, right = form.line(line.name, term)
            lines.append(Definition(line.name, builder.build(term), Line(left, (right,)), line.span))
        loops = loops_of(frame.steps, {line.name: line.node for line in lines}, known) if system.recurrences else ()
        return replace(frame, lines=tuple(lines), assumptions=assumed, recurrences=loops)

    def check_starts(self) -> None:
        """No sequence that each example has starts from a value that they share.

        Raises EquationError.
        """
        for sequence, start in self.system.starts.items():
            if sequence in self.leading and start not in self.leading:
                raise EquationError(
                    f"'{start}' is the same for every example, and '{sequence}', which starts from it, is not.",
                    f"  the data are {', '.join(self.data)}",
                    f"Write '({start} = 0)' beside the equations, or name '{start}' among the data.",
                )

    def moment(self, name: str, leaves: Mapping[str, Node], time: Mapping[str, int]) -> Moment:
        """A sequence at another step, or one of its entries, over the batch."""
        base, offset, place = sequence_name(name), unmoment(name)[1], entry_place(name)
        start = self.system.starts.get(base, "") if offset == -1 else ""
        if place is None:
            value = moved_array(leaves[base], time[base], offset, leaves[start] if start else None)
        else:
            value = entry_array(leaves[base], time[base], place)
        return Moment(input_node(name, value.type), (base, start) if start else (base,), value)

    def assumption(self, sides: tuple[Node, Node], builder: TermBuilder) -> tuple[Node, Node]:
        """Both sides for every example, where one of them depends on data."""
        parts = [self.lift(recognise(gather(side))) for side in sides]
        any_has = any(has for _, has in parts)
        left, right = (builder.build(self.spread(t, has) if any_has else t) for t, has in parts)
        return left, right

    def dependent(self) -> set[str]:
        """The quantities that depend on data, the loss left out."""
        reached, before = set(self.data), -1
        while len(reached) > before:  # once, unless lines read earlier steps of later lines
            before = len(reached)
            for line in self.system.lines:
                if line.name != self.system.loss and reached & set(self.system.parents(line.name)):
                    reached.add(line.name)
        return reached

    def quantity(self, quantity: Quantity) -> Quantity:
        if quantity.name not in self.leading:
            return quantity
        whole = quantity.whole
        if quantity.type.rank == 1 and whole[:1].islower() and whole[:1].isascii():
            capital = whole[0].upper() + whole[1:]
            taken = {q.whole for q in self.system.quantities.values()} | set(self.system.quantities)
            whole = whole if capital in taken else capital
        return replace(
            quantity,
            type=quantity.type.with_shape((self.size, *quantity.type.shape)),
            letters=(self.letter, *quantity.letters),
            whole=whole,
            indexed=quantity.indexed or quantity.name,
            by_index=quantity.by_index or all(not q.type.rank for q in self.system.quantities.values()),
        )

    def line(self, line: Definition) -> Term:
        term = recognise(gather(line.node))
        if line.name != self.system.loss:
            lifted, has = self.lift(term)
            return self.spread(lifted, has) if line.name in self.leading else lifted
        return total([self.average(t) for t in addends(term)], ())

    def average(self, term: Term) -> Term:
        """(1/N) Σ_n of a summand that depends on data; any other as it is."""
        lifted, has = self.lift(term)
        if not has:
            return lifted
        mean = Factor(size_term(self.size), (), Fraction(-1))
        return product(ONE, [mean, Factor(lifted, (0,))], (), (self.size,))

    def lift(self, term: Term) -> tuple[Term, bool]:
        """The term over the batch and whether it has the leading axis."""
        if isinstance(term, NamedLeaf):
            if sequence_name(term.name) not in self.leading:
                return term, False
            return NamedLeaf((self.size, *term.shape), term.name, term.dtype), True
        if isinstance(term, Add):
            parts = [self.lift(t) for t in term.terms]
            if not any(has for _, has in parts):
                return term, False
            return total([self.spread(t, has) for t, has in parts], (self.size, *term.shape)), True
        if isinstance(term, ProductTerm):
            return self.lift_product(term)
        assert isinstance(term, Apply)
        parts = [self.lift(arg) for arg in term.args]
        if not any(has for _, has in parts):
            return term, False
        params = tuple(
            (key, tuple(k + 1 for k in term.param(key)) if key == "axes" and term.op in AXES_OPS else value)
            for key, value in term.params
        )
        return Apply(
            (self.size, *term.shape), term.op, tuple(self.spread(t, has) for t, has in parts), params, term.dtype
        ), True

    def lift_product(self, term: ProductTerm) -> tuple[Term, bool]:
        label = len(term.sizes)
        lifted = [(*self.lift(f.term), f) for f in term.factors]
        if not any(has for _, has, _ in lifted):
            return term, False
        factors = [Factor(t, (label, *f.labels) if has else f.labels, f.exponent) for t, has, f in lifted]
        return product(term.coef, factors, (label, *term.out), (*term.sizes, self.size)), True

    def spread(self, term: Term, has: bool) -> Term:
        if has:
            return term
        labels = tuple(range(term.rank + 1))
        return product(ONE, [Factor(term, labels[1:])], labels, (self.size, *term.shape))
