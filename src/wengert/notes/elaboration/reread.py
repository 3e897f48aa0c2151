"""Lines read in the context of a system: a backward pass, an assumption, a single expression.

Names, letters, ranks and sizes are the system's; a barred name is an error signal of the same type as its quantity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from wengert.core.ir.graph import Node
from wengert.core.ir.names import bar
from wengert.core.ir.types import ArrayType, Dim
from wengert.core.ops.stepping import own
from wengert.errors import EquationError
from wengert.notes.elaboration.context import KIND_OF_RANK, Context, Derivative, arrange
from wengert.notes.elaboration.fitting import settle_letters
from wengert.notes.elaboration.kinds import KindReader, Mismatch
from wengert.notes.elaboration.meaning import LineMeaning
from wengert.notes.elaboration.phases import with_entries
from wengert.notes.elaboration.ranks import infer_kinds
from wengert.notes.elaboration.sequences import (
    RANKS,
    clock_with,
    kinds_within_step,
    know_step,
    timeless,
    within_step,
)
from wengert.notes.elaboration.settled_signs import settled
from wengert.notes.elaboration.system import Definition, SystemData
from wengert.notes.elaboration.values import Val
from wengert.notes.notation.expr import Expr, Index, Line, Neg, Product, Ref, refs_of
from wengert.notes.notation.reader import Page
from wengert.notes.notation.tokens import Source
from wengert.notes.notation.unicode import show_name


def read_in_context(reading: Page, system: SystemData) -> tuple[Definition, ...]:
    """The lines of a text that belongs to a system, each over the leaves of the system and of the error signals.

    The name of a barred left side is `bar(v)`; any other left side is an auxiliary quantity that later lines may use.

    Raises EquationError where a line does not fit the system.
    """
    reader = ContextReader(system, reading)
    return tuple(reader.line(line) for line in reading.lines)


def read_sides(system: SystemData, reading: Page, trees: Sequence[Expr]) -> list[Node]:
    """Scalar expressions over a system's quantities, as nodes."""
    return [ContextReader(system, reading).expression(tree) for tree in trees]


class ContextReader:
    """Reads lines and expressions in the names of a system; `more` are the types of quantities beside those of the system."""

    def __init__(
        self,
        system: SystemData,
        reading: Page,
        more: Mapping[str, ArrayType] = MappingProxyType({}),
        derivative: Derivative | None = None,
    ) -> None:
        self.system = system
        self.reading = reading
        self.context = Context(
            reading, leaves=dict(system.leaves), known_letters=system.letter_sizes, derivative=derivative
        )
        context, classes = self.context, self.context.classes
        ids = {size: classes.fresh(size) for quantity in system.quantities.values() for size in quantity.type.shape}
        for name, size in system.size_names.items():
            context.size_names[name] = ids.setdefault(size, classes.fresh(size))
        for name, quantity in system.quantities.items():
            for known in (name, bar(name)):
                context.kinds[known] = KIND_OF_RANK.get(quantity.type.rank, "any")
                context.axes[known] = tuple(ids[size] for size in quantity.type.shape)
            context.dtypes[name] = quantity.type.dtype
            for other in (quantity.whole, quantity.indexed):
                if other != name and other not in system.quantities:
                    context.spellings[other] = name
                    context.kinds[other] = context.kinds[name]
        self.clock = clock_with(system.clock, system, more)
        for name, type in more.items():
            context.kinds[name] = KIND_OF_RANK.get(type.rank, "any")
            context.axes[name] = tuple(ids.setdefault(size, classes.fresh(size)) for size in type.shape)
        context.constants -= system.quantities.keys() | more.keys()

    def error(self, tree: Expr | Line, mismatch: Mismatch) -> EquationError:
        span = mismatch.tree.span if mismatch.tree.span.start >= 0 else tree.span
        return Source(self.reading.source).error(
            mismatch.what, span, mismatch.repair or "Check the shapes of both sides."
        )

    def line(self, line: Line) -> Definition:
        left = line.left
        if not isinstance(left, Ref):
            raise Source(self.reading.source).error(
                "The left side must be a quantity or an error signal.", line.span, "Write, for example:  v̄ = expression"
            )
        try:
            written = self.resolved_dots(line)
            if self.clock is not None:
                once = self.clock.once
                written = timeless(written, self.clock, "") if once else with_entries(written, self.clock)
            line = settled(self.counted(self.timeless(written)), self.context)
            left = line.left
            assert isinstance(left, Ref)
            self.know_names(line)
            meaning = LineMeaning(self.context, {})
            val = meaning.assign(line)
            self.finish_sizes()
            return Definition(self.context.target(left), arrange(val, line, self.context), written, line.span)
        except Mismatch as mismatch:
            raise self.error(line, mismatch) from None

    def timeless(self, line: Line) -> Line:
        """The line with sequences at other steps under names of their own, which are known then.

        Raises EquationError where another single step is read.
        """
        if self.clock is None:
            return line
        line = timeless(line, self.clock, self.reading.source)
        for tree in refs_of([line]):
            know_step(self.context, self.clock, tree)
        return line

    def counted(self, line: Line) -> Line:
        """The line with indices that count from 0.

        Raises EquationError where it counts otherwise than the system.
        """
        counting = self.system.counting
        if counting is None:
            return line
        counting.check_claim(line, self.clock, self.reading.source)
        return counting.read(line)

    def bind_letters(self, meaning: LineMeaning, left: Ref) -> None:
        """The letters of a left side have the sizes of its axes."""
        axes = self.context.axes.get(self.context.target(left), ())
        for index, axis in zip(left.indices or (), axes, strict=False):
            if isinstance(index, Index):
                self.context.classes.unite(meaning.letter(index.letter, left), axis, left)

    def resolved_dots(self, line: Line) -> Line:
        """x · y where only the reading entry by entry has the left side's shape; a sign or a number may stand before it."""
        left, right = line.left, line.rights[0]
        inner = right.operand if isinstance(right, Neg) else right
        if not (isinstance(left, Ref) and left.indices is None and isinstance(inner, Product) and inner.sign == "·"):
            return line
        reader = KindReader(self.context.kinds)
        kinds = [reader.read(factor) for factor in inner.factors]
        if self.context.kinds.get(left.name) == "c" and kinds == ["c"] * len(kinds):
            self.context.warn(
                right,
                "'·' is read entry by entry, since the left side is a vector.",
                "Write '∘' for the product entry by entry.",
            )
            product = replace(inner, sign="∘")
            settled = replace(right, operand=product) if isinstance(right, Neg) else product
            return replace(line, rights=(settled, *line.rights[1:]))
        return line

    def check_names(self, trees: Sequence[Expr]) -> None:
        """Every name is known."""
        context = self.context
        for name, tree in context.names_in(trees):
            is_size = name in context.size_names and not (tree.indices or tree.barred)
            if name not in context.axes and not is_size and not self.is_size(tree):
                raise Mismatch(
                    tree,
                    f"'{show_name(tree.name)}' is not defined.",
                    f"Write one of the quantities:  {', '.join(map(show_name, self.system.quantities))}",
                )

    def know_names(self, line: Line) -> None:
        """Every name on the right is known; a new name on the left gets its kind from the right."""
        context = self.context
        self.check_names(line.rights)
        clock = self.clock if self.clock is not None and not self.clock.once else None
        if clock is None:
            kinds = infer_kinds([line], context.kinds, lambda name: False, frozenset(context.hidden_names()))
            context.kinds.update(kinds)
            return
        kinds_within_step(context, clock)
        inner = within_step(line, clock)
        kinds = infer_kinds([inner], context.kinds, lambda name: False, frozenset(context.hidden_names()))
        if isinstance(line.left, Ref) and line.left.name not in context.axes and inner.left != line.left:
            step = kinds[own(line.left.name)]
            if step not in RANKS:
                raise Mismatch(
                    line.left, f"'{line.left.name}' has more than two axes.", "Write an index for every axis."
                )
            rank = RANKS[step] + 1
            context.axes_of(context.target(line.left), rank)
            kinds[line.left.name] = KIND_OF_RANK.get(rank, "any")
        context.kinds.update(kinds)

    def is_size(self, tree: Ref) -> bool:
        """Whether an unknown capital is the size of the index with its small letter: I in 0 ≤ p − k < I. It is from now on."""
        letter = tree.name.lower()
        size = self.system.letter_sizes.get(letter)
        if tree.indices is not None or len(tree.name) != 1 or letter == tree.name or size is None:
            return False
        self.context.size_names[tree.name] = self.context.classes.fresh(size)
        self.context.warn(
            tree,
            f"'{tree.name}' is read as the size of the index '{letter}'.",
            f"Declare it:  {tree.name} = size of {letter}",
        )
        return True

    def finish_sizes(self) -> None:
        classes = self.context.classes
        settle_letters(self.context)
        for item in range(len(classes.parent)):
            root = classes.find(item)
            classes.final[root] = classes.known.get(root, Dim(f"size{root}"))

    def expression(self, tree: Expr) -> Node:
        return self.value(tree)[1]

    def value(self, tree: Expr, left: Expr | None = None) -> tuple[tuple[str, ...], Node]:
        """An expression for itself: the letters of its first axes, which no left side orders, and its node.

        The letters of `left` run over the axes of that quantity. Raises EquationError.
        """
        try:
            here = self.counted(self.timeless(Line(left if isinstance(left, Ref) else tree, (tree,))))
            here = replace(settled(replace(here, left=left or tree), self.context), left=here.left)
            left, (tree,) = (here.left if isinstance(left, Ref) else left), here.rights
            meaning = LineMeaning(self.context, {})
            if isinstance(left, Ref) and left.indices:
                self.bind_letters(meaning, left)
            self.check_names([tree])
            val: Val = meaning.whole(tree)
            self.finish_sizes()
            return val.letters, val.make()
        except Mismatch as mismatch:
            raise self.error(tree, mismatch) from None
