"""What an author has stated so far, and the values at random points of what he writes by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node
from wengert.core.ir.names import bar, is_bar, is_entry, sequence_name, unbar
from wengert.core.ir.types import ArrayType
from wengert.errors import EquationError, GraphError, ShapeError
from wengert.notes.claims.bound_letters import with_own_letters
from wengert.notes.claims.broadcast import with_columns
from wengert.notes.claims.chain_rule import with_chains
from wengert.notes.claims.edits import letters_of
from wengert.notes.claims.local_derivatives import LocalDerivatives
from wengert.notes.claims.over_time import Steps, filled, said_of, steps_left_out, with_entry
from wengert.notes.claims.points import ClaimPoint, SignalChain, close
from wengert.notes.claims.row_signals import with_rows
from wengert.notes.elaboration.clock import running_letters
from wengert.notes.elaboration.reread import ContextReader
from wengert.notes.elaboration.system import SystemData
from wengert.notes.notation.expr import Expr, Line, Ref
from wengert.notes.notation.unicode import show_name

Array = Any
MOST_READINGS = 2000
"""So many lines about one system are kept as they were read."""


@dataclass(eq=False)
class Stated:
    """The author's side of a derivation: his signals and auxiliaries as he has them, in the order of his lines."""

    chain: SignalChain
    points: list[ClaimPoint] = field(default_factory=list[ClaimPoint])
    auxiliaries: dict[str, ArrayType] = field(default_factory=dict[str, ArrayType])
    statements: list[tuple[str, Node]] = field(default_factory=list[tuple[str, Node]])
    """Names and nodes in order, for points that are drawn later."""
    rows: set[str] = field(default_factory=set[str])
    """The signals of vectors that the author has written as rows."""
    left_out: dict[Node, Steps] = field(default_factory=dict[Node, Steps])
    """For right sides that are stated for some steps only, how many are left out."""
    phases: dict[str, int] = field(default_factory=dict[str, int])
    """How far the indices of the author's own sequences are ahead of the steps."""

    @property
    def system(self) -> SystemData:
        """The system that the lines are about."""
        return self.chain.system

    @cached_property
    def resolve(self) -> Callable[[str], str]:
        """The quantity that a spelling means."""
        return ContextReader(self.system, self.system.reading).context.resolve

    def about(self, line: Line) -> str:
        """The quantity whose error signal a line states; "" for none."""
        left = line.left
        return self.resolve(left.name) if isinstance(left, Ref) and left.barred else ""

    def reader(self) -> ContextReader:
        """A reader that knows the system, its signals and the author's auxiliaries."""
        reader = ContextReader(self.system, self.system.reading, self.auxiliaries, LocalDerivatives(self.system))
        if reader.clock is not None:
            reader.clock = replace(reader.clock, phases={**reader.clock.phases, **self.phases})
        return reader

    def node(self, line: Line, tree: Expr) -> Node:
        """A right side laid out as the left one; a line that was read before is that again.

        Raises EquationError where it does not fit.
        """
        by = (line.left, tree, line.notes, tuple(self.auxiliaries.items()), tuple(self.phases.items()))
        known = self.chain.readings
        if by not in known:
            found = self.read(line, tree)
            if len(known) >= MOST_READINGS:
                known.clear()
            known[by] = found
        return known[by]

    def read(self, line: Line, tree: Expr) -> Node:
        """A right side laid out as the left one.

        Raises EquationError where it does not fit.
        """
        try:
            return self.reader().line(replace(line, rights=(tree,))).node
        except EquationError:
            own = with_own_letters(tree, letters_of([line.left]))
            if own is tree:
                raise
            return self.reader().line(replace(line, rights=(own,))).node

    def side(self, line: Line, tree: Expr) -> tuple[Expr, Node]:
        """A right side as it stands; where it does not fit so, with the signals as rows that the author has written as rows, or with
        row sums for all entries of a row, or with products of derivatives as the chain rule has them.

        Raises EquationError where it does not fit.
        """
        try:
            return tree, self.node(line, tree)
        except EquationError as error:
            for turned in self.other_layouts(tree):
                try:
                    return turned, self.node(line, turned)
                except EquationError:
                    continue  # the reason why the line does not fit as it stands is the one to be said
            raise error

    def other_layouts(self, tree: Expr) -> Iterator[Expr]:
        """A right side with its rows, row sums and products of derivatives laid out as they may be meant."""
        turned = with_rows(tree, self.rows, self.reader().context) if self.rows else tree
        if turned != tree:
            yield turned
        vectors = [name for name, type in self.auxiliaries.items() if type.rank == 1]
        spread = with_columns(tree, vectors)
        if spread != tree:
            yield spread
        chained = with_chains(tree, self.resolve)
        if chained != tree:
            yield chained

    def values(
        self, line: Line, node: Node, known: Sequence[Array], points: Sequence[ClaimPoint] = (), *, truly: bool = False
    ) -> list[Array]:
        """The values of a right side, at steps that the line says nothing about those that are known; `truly` of true signals."""
        values = [point.value(node, point.truth if truly else None) for point in points or self.points]
        name = self.about(line)
        if name not in self.system.time:
            return values
        return filled(self.system, name, steps_left_out(self.system, name, node), values, known)

    def filled(self, line: Line, name: str, tree: Expr, known: Sequence[Array], found: list[Array]) -> list[Array]:
        """Other values, at the steps that a line leaves out those that are known."""
        if name not in self.system.time:
            return found
        try:
            node = self.node(line, tree)
        except (EquationError, GraphError, ShapeError):
            return found  # a line of another shape says nothing of single steps
        return filled(self.system, name, steps_left_out(self.system, name, node), found, known)

    def steps(self, line: Line, name: str, node: Node, values: Sequence[Array]) -> str:
        """For which steps a line holds, where that is not all: for t < T."""
        clock, left = self.system.clock, line.left
        if (
            clock is None
            or unbar(name) not in self.system.time
            or close([point.value(node) for point in self.points], values)
        ):
            return ""
        out = steps_left_out(self.system, name, node)
        self.left_out[node] = out
        assert isinstance(left, Ref)
        assert clock is not None, "a quantity in time has a clock"
        letter = next(
            iter(running_letters(Line(left, ())) & {clock.letter, *self.system.quantities[unbar(name)].letters})
        )
        return said_of(clock, letter, clock.phase(unbar(name)), out)

    def state(self, name: str, node: Node) -> None:
        """The author's value of a signal or an auxiliary; one of another shape than the true one is not taken over."""
        self.statements.append((name, node))
        for point in self.points:
            self.take(point, name, node)

    def take(self, point: ClaimPoint, name: str, node: Node) -> None:
        value = point.value(node)
        if is_bar(name) and is_entry(name):
            name, value = (
                bar(sequence_name(unbar(name))),
                with_entry(self.system, unbar(name), self.known(point, name), value),
            )
        elif node in self.left_out:
            (value,) = filled(self.system, name, self.left_out[node], [value], [self.known(point, name)])
        if name not in point.truth:
            point.truth[name] = point.value(node, point.truth)
        if np.shape(value) == np.shape(point.truth[name]):
            point.state(name, value)

    def known(self, point: ClaimPoint, name: str) -> Array:
        """The signal of a sequence as the author has stated it, or as it follows."""
        base = sequence_name(unbar(name))
        return point.author[bar(base)] if bar(base) in point.stated else point.follows(base)

    def names(self, name: str = "") -> str:
        """What can be written in place of what is not known; `name` is one that could get a line."""
        own = f"Write what it is,  {show_name(name)} = …,  or one" if name else "Write one"
        return f"{own} of the quantities:  {', '.join(map(show_name, self.system.quantities))}"

    def unknown(self, tree: Expr) -> str:
        """The first name in an expression that is not known, "" where all are."""
        context = self.reader().context
        return next((part.name for name, part in context.names_in([tree]) if name not in context.axes), "")
