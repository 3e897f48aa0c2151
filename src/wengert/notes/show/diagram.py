"""The computation graph of a system as a reader sees it: named quantities, what each is, and the signals between them.

SVG and DOT draw the same diagram. It knows no coordinates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from wengert.cells import cells
from wengert.core.ir.names import bar, sequence_name, unmoment
from wengert.core.ir.types import Dim
from wengert.core.ops.normal_form import total
from wengert.core.ops.terms import addends
from wengert.notes.derive.backward import Backward, BackwardLine, Contribution
from wengert.notes.derive.chain_in_time import chain_in_time, steps_later
from wengert.notes.derive.printed import LinePrinter, default_form
from wengert.notes.derive.recurrences import ways
from wengert.notes.derive.steps import chain_line
from wengert.notes.elaboration.system import Quantity, SystemData
from wengert.notes.notation.expr import Expr
from wengert.notes.notation.names import split
from wengert.notes.notation.unicode import show

KINDS = {
    "parameter": "parameter",
    "data": "data",
    "input": "input",
    "intermediate": "intermediate quantity",
    "earlier": "value of an earlier step",
    "loss": "loss",
}
"""What a quantity can be, with the words of the legend."""
LONGEST_LABEL = 16
"""A contribution with more characters than this is written as ū ∂u/∂v."""


@dataclass(frozen=True)
class Vertex:
    """A quantity: its name in the user's notation, its error signal where it has one, the set it lies in, its kind."""

    name: str
    text: str
    signal: str
    space: str
    kind: str


@dataclass(frozen=True)
class Signal:
    """parent → child; on the way back `contribution` is ū ∂u/∂v as the derivation has it, "" where nothing flows back."""

    parent: str
    child: str
    contribution: str = ""


@dataclass(frozen=True)
class Diagram:
    """The vertices in the order of the system, the edges, and the subscripts that are words."""

    loss: str
    vertices: tuple[Vertex, ...]
    edges: tuple[Signal, ...]
    words: frozenset[str]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that occur, in the order of the legend."""
        return tuple(kind for kind in KINDS if any(v.kind == kind for v in self.vertices))

    def describe(self) -> str:
        """The graph in a sentence a line, for those who cannot see it."""
        lines = [f"{name} is computed from {', '.join(parents)}" for name, parents in self.computed()]
        lines += [f"{child} sends {signal} back to {parent}" for child, signal, parent in self.sent_back()]
        return "; ".join(lines) + "." if lines else "One quantity."

    def computed(self) -> list[tuple[str, list[str]]]:
        """Each quantity that is computed, with those that its line reads."""
        text = {v.name: v.text for v in self.vertices}
        parents = {v.name: [text[e.parent] for e in self.edges if e.child == v.name] for v in self.vertices}
        return [(text[name], read) for name, read in parents.items() if read]

    def sent_back(self) -> list[tuple[str, str, str]]:
        """Each signal on the way back: child, contribution, parent."""
        text = {v.name: v.text for v in self.vertices}
        return [(text[e.child], e.contribution, text[e.parent]) for e in self.edges if e.contribution]


def diagram(system: SystemData, backward: Backward | None = None) -> Diagram:
    """The diagram of a system, with the error signals of a backward pass where one is given."""
    form = _Names(system)
    lines = {line.name: line for line in backward.lines} if backward else {}
    loss = backward.loss if backward else system.loss
    earlier = {name: sequence_name(name) for name in system.moments if unmoment(name)[1]}
    vertices = [
        Vertex(
            name,
            form.name(name),
            form.signal(name, backward) if backward and name in lines else "",
            space(quantity),
            _kind(system, backward, name, loss),
        )
        for name, quantity in system.quantities.items()
    ]
    vertices += [
        Vertex(name, form.name(name), "", space(system.quantities[base]), "earlier") for name, base in earlier.items()
    ]
    flows = {
        (way, use.child): text
        for line in lines.values()
        for use in line.contributions
        for way in form.ways(line.name, use.child)
        if (text := form.contribution(line, use, way))
    }
    edges = [
        Signal(way, child, flows.get((way, child), ""))
        for child in system.quantities
        for parent in system.parents(child)
        for way in form.ways(parent, child)
    ]
    starts = [
        (system.starts[base], name)
        for name, base in earlier.items()
        if unmoment(name)[1] == -1 and base in system.starts
    ]
    edges += [Signal(start, way, form.start(lines[start]) if start in lines else "") for start, way in starts]
    words = frozenset(split(name).subscript for name in system.quantities)
    return Diagram(form.name(loss), tuple(vertices), tuple(edges), words - {""})


class _Names:
    """Names and contributions in the form in which the user wrote: with index letters or as matrices."""

    def __init__(self, system: SystemData) -> None:
        self.system = system
        self.printer = LinePrinter(system, default_form(system))
        self.symbols = system.symbols

    def show(self, tree: Expr) -> str:
        return show(tree, symbols=self.symbols)

    @property
    def ahead(self) -> int | None:
        """How far the letter of time is ahead of the step, so that recurrences compute the step that they were written for."""
        return -self.system.steps.lag if self.system.time else None

    def name(self, name: str) -> str:
        """A quantity or an error signal, as it stands on a left side, or a sequence at an earlier step."""
        return self.show(self.printer.left(name, self.ahead))

    def ways(self, parent: str, child: str) -> list[str]:
        """The vertices by which a line reads a quantity: itself, or an earlier step of it, which a start value leads to."""
        found = [way for _, way in ways(self.system, parent, self.system.line(child).node)]
        if parent in self.system.starts.values():
            found = [way for way in found if not unmoment(way)[1]]
        return list(dict.fromkeys(way if unmoment(way)[1] else parent for way in found))

    def start(self, line: BackwardLine) -> str:
        """What comes back to a start value, all in all."""
        return self.show(self.printer.equation(bar(line.name), [line.value])[1][0])

    def signal(self, name: str, backward: Backward) -> str:
        """The error signal beside a quantity; that of a scalar loss is 1."""
        return self.name(bar(name)) + (" = 1" if name == backward.loss and backward.seeded else "")

    def contribution(self, line: BackwardLine, use: Contribution, way: str) -> str:
        """ū ∂u/∂v by one way, substituted where that is short; "" where nothing comes back by it."""
        offset = unmoment(way)[1]
        parts = addends(use.term)
        if self.system.time:
            parts = [part for part in parts if steps_later(part) == -offset]
        if not parts:
            return ""
        ahead = None if self.ahead is None else self.ahead - offset
        left, rights, _ = self.printer.equation(bar(line.name), [total(parts, use.term.shape)], ahead)
        text = self.show(rights[0])
        if cells(text) <= LONGEST_LABEL:
            return text
        if self.system.time:
            return self.show(chain_in_time(self.system, line.name, use, self.printer, ahead, -offset)[0])
        chain = chain_line(self.system, replace(line, contributions=(use,)), self.printer, left)
        return text if chain is None else self.show(chain.rights[0])


def space(quantity: Quantity, sizes: Mapping[str, int] | None = None) -> str:
    """The set a quantity lies in: ℝ, ℝ^{i×j}, ℤ^{n}; named sizes as numbers where `sizes` has them."""
    letter = "ℝ" if quantity.type.is_float else "ℤ"
    shape = [str((sizes or {}).get(s.name, s.name)) if isinstance(s, Dim) else str(s) for s in quantity.type.shape]
    return letter + ("^{" + "×".join(shape) + "}" if shape else "")


def _kind(system: SystemData, backward: Backward | None, name: str, loss: str) -> str:
    if name == loss:
        return "loss"
    if system.defines(name):
        return "intermediate"
    if name in system.params:
        return "parameter"
    if name in system.data:
        return "data"
    if system.params or system.data:
        return "input"
    inputs = set(system.inputs)
    wrt = inputs & set(backward.wrt) if backward else set[str]()
    if not wrt or wrt == {n for n in inputs if system.quantities[n].type.is_float}:
        return "input"
    return "parameter" if name in wrt else "data"
