"""System, as data: named lines over shared inputs, their home letters, size classes and places in the source.

A line's node reads other quantities through `leaves`, one input node a name, so every line stands alone: the granularity of
explanation is the user's naming. `written` is the surface line that a line was read from, for whoever prints it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from wengert.core.ir.graph import Graph, Node
from wengert.core.ir.types import ArrayType, Dim, Size
from wengert.core.ir.walk import substitute, topological
from wengert.notes.elaboration.clock import Clock
from wengert.notes.elaboration.counting import Counting
from wengert.notes.notation.expr import Line
from wengert.notes.notation.reader import Page
from wengert.notes.notation.symbols import Symbols


@dataclass(frozen=True)
class Quantity:
    """A named value: its type, the letters of its axes, and its names with indices (w⁽¹⁾_ij) and whole (W⁽¹⁾)."""

    name: str
    type: ArrayType
    letters: tuple[str, ...] = ()
    indexed: str = ""
    whole: str = ""
    identifier: str = ""
    """The Python identifier: keywords, emitted code and saved models use it."""
    by_index: bool = True
    """Whether the user wrote it with indices."""


@dataclass(frozen=True, eq=False)
class Definition:
    """One line: name = value. `span` is its place in the source."""

    name: str
    node: Node
    written: Line
    span: tuple[int, int] = (0, 0)


@dataclass(frozen=True, eq=False)
class Recurrence:
    """Lines that read each other's earlier steps, in their order within a step; each sequence as one loop over what they read."""

    names: tuple[str, ...]
    values: Mapping[str, Node]


@dataclass(frozen=True, eq=False)
class Moment:
    """The leaf of v_{t+k}, the quantities that it depends on, and its value over their leaves."""

    leaf: Node
    bases: tuple[str, ...]
    value: Node


@dataclass(frozen=True, eq=False)
class SystemData:
    """Lines in an order in which each reads only earlier ones and inputs; the last line of the text is the loss."""

    quantities: Mapping[str, Quantity]
    lines: tuple[Definition, ...]
    leaves: Mapping[str, Node]
    loss: str
    params: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    assumptions: tuple[tuple[Node, Node], ...] = ()
    """Pairs of values that are equal on every input."""
    class_letters: Mapping[Dim, tuple[str, ...]] = field(default_factory=dict[Dim, tuple[str, ...]])
    source: str = ""
    warnings: tuple[str, ...] = ()
    text: Page | None = None
    """What the reader knows of the text: symbols, fonts, syntax, declarations; None of a system that was made of a function."""
    letter_sizes: Mapping[str, Size] = field(default_factory=dict[str, Size])
    """How far an index letter runs, for letters that run over one size in every line."""
    size_names: Mapping[str, Size] = field(default_factory=dict[str, Size])
    """Names that stand for sizes: N, where N = size of n."""
    time: Mapping[str, int] = field(default_factory=dict[str, int])
    """The axis along which a sequence runs over time, by quantity; empty where nothing refers to an earlier step."""
    starts: Mapping[str, str] = field(default_factory=dict[str, str])
    """For a sequence v the quantity v_0 before its first step; without one v_0 is 0."""
    moments: Mapping[str, Moment] = field(default_factory=dict[str, Moment])
    """The leaves that stand for a sequence at other steps, by name."""
    recurrences: tuple[Recurrence, ...] = ()
    clock: Clock | None = None
    """What is known of time: its letter, the number of the first step, which sequences have whole arrays as entries."""
    counting: Counting | None = None
    """What is known of indices: whether they count from 0 or from 1, and which names are whole numbers in them."""

    @property
    def reading(self) -> Page:
        """What was read, of a system that a text has."""
        assert self.text is not None
        return self.text

    @property
    def symbols(self) -> Symbols | None:
        """What printers need to know of names and fonts; None of a system that no text has."""
        return None if self.text is None else self.text.symbols

    @property
    def steps(self) -> Clock:
        """What is known of time, where something runs over it."""
        assert self.clock is not None
        return self.clock

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names that no line defines, in order of first appearance."""
        defined = {line.name for line in self.lines}
        return tuple(name for name in self.quantities if name not in defined)

    @cached_property
    def _by_name(self) -> Mapping[str, Definition]:
        return {line.name: line for line in self.lines}

    @cached_property
    def _reads(self) -> Mapping[str, tuple[str, ...]]:
        """Pa(v) of every line."""
        names = {leaf: (name,) for name, leaf in self.leaves.items()}
        names |= {each.leaf: each.bases for each in self.moments.values()}
        place = {name: k for k, name in enumerate(self.quantities)}
        found: dict[str, tuple[str, ...]] = {}
        for line in self.lines:
            read = {name for n in topological([line.node]) for name in names.get(n, ())}
            found[line.name] = tuple(sorted(read, key=place.__getitem__))
        return found

    def line(self, name: str) -> Definition:
        """The line that defines a quantity.

        Raises KeyError where it is an input.
        """
        return self._by_name[name]

    def defines(self, name: str) -> bool:
        """Whether a line defines the quantity."""
        return name in self._by_name

    def parents(self, name: str) -> tuple[str, ...]:
        """Pa(v): the quantities that the line of v reads, in the order of the system; () for an input."""
        return self._reads.get(name, ())

    def children(self, name: str) -> tuple[str, ...]:
        """Ch(v): the quantities whose line reads v, in order of lines."""
        return tuple(line.name for line in self.lines if name in self._reads[line.name])

    def graph(self, outputs: tuple[str, ...] = ()) -> Graph:
        """The forward pass as one graph from the inputs to the named quantities (all lines where none is named)."""
        names = outputs or tuple(line.name for line in self.lines)
        values = self.values()
        return Graph(tuple(self.leaves[name] for name in self.inputs), tuple(values[name] for name in names), names)

    def values(self) -> dict[str, Node]:
        """For every quantity the node that computes it from the inputs."""
        values: dict[str, Node] = {name: self.leaves[name] for name in self.inputs}
        loops = {name: loop for loop in self.recurrences for name in loop.names}
        for line in self.lines:
            if line.name not in values:
                group = loops[line.name].values if line.name in loops else {line.name: line.node}
                known = self.known(values)
                values.update(zip(group, substitute(list(group.values()), known), strict=True))
        return values

    def known(self, values: Mapping[str, Node]) -> dict[Node, Node]:
        """The nodes to be put for leaves where some quantities have values; those of other steps are made of them."""
        known = {self.leaves[name]: node for name, node in values.items() if name in self.leaves}
        for each in self.moments.values():
            if all(base in values for base in each.bases):
                (known[each.leaf],) = substitute([each.value], known)
        return known
