"""The run of a system with numbers: v₁ … v_N forward, v̄_N … v̄₁ backward, each sum over children taken apart.

`trace` computes the rows; table.py prints them. By default a row is a named quantity; `primitive=True` gives every operation
(primitives.py). Each row is evaluated from the values of the rows before it, so what is printed is what was computed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from wengert.core.ir.graph import Graph, Node, input_node
from wengert.core.ir.names import bar, is_bar, unbar
from wengert.core.ir.walk import topological
from wengert.core.ops.build import TermBuilder
from wengert.core.ops.evaluate import Array, evaluate
from wengert.core.ops.evaluate import bind as bind_inputs
from wengert.core.ops.primes import opaque
from wengert.core.ops.terms import Term
from wengert.core.passes.open_primes import open_primes
from wengert.errors import DataError
from wengert.notes.derive.backward import Backward, BackwardLine
from wengert.notes.derive.by_steps import by_steps
from wengert.notes.derive.printed import LinePrinter, default_form
from wengert.notes.derive.recurrences import Steps, value_at
from wengert.notes.elaboration.system import SystemData
from wengert.notes.elaboration.unrolling import entry_names, number_of_steps
from wengert.notes.notation.expr import Expr, Ref
from wengert.notes.notation.tokens import Source
from wengert.notes.notation.unicode import show
from wengert.notes.show.numbers import is_finite, plain
from wengert.notes.show.settings import complete


@dataclass(frozen=True, eq=False)
class Use:
    """One contribution ū ∂u/∂v to a sum over the children: the child, its formula and its value."""

    child: str
    formula: str
    value: Array


@dataclass(frozen=True, eq=False)
class TraceRow:
    """One value: its number i in the list, its name, its formula ("" for an input), its value.

    A backward row is v̄_i, with the contributions that it is the sum of. `label` is the user's name of a primitive's value.
    """

    number: int
    name: str
    formula: str
    value: Array
    uses: tuple[Use, ...] = ()
    label: str = ""


@dataclass(frozen=True, eq=False)
class ValueTrace:
    """Forward rows in the order of the computation, backward rows in the order of the way back."""

    forward: tuple[TraceRow, ...]
    backward: tuple[TraceRow, ...]
    primitive: bool = False
    ascii: bool = False
    sizes: Mapping[str, int] = field(default_factory=dict[str, int])

    def to_json(self) -> dict[str, Any]:
        """The trace as a dictionary that JSON takes; NaN and infinities are strings."""
        return {
            "rows": "primitives" if self.primitive else "quantities",
            "sizes": dict(self.sizes),
            "forward": [_row(row) for row in self.forward],
            "backward": [_row(row) | {"contributions": [_use(use) for use in row.uses]} for row in self.backward],
        }

    def not_finite(self) -> list[str]:
        """The names of the values that hold NaN or infinities, the first one computed first."""
        return [row.name for row in (*self.forward, *self.backward) if not is_finite(row.value)]


def _row(row: TraceRow) -> dict[str, Any]:
    found = {"number": row.number, "name": row.name, "formula": row.formula, "value": plain(row.value)}
    return found | ({"label": row.label} if row.label else {})


def _use(use: Use) -> dict[str, Any]:
    return {"child": use.child, "formula": use.formula, "value": plain(use.value)}


def trace(
    system: SystemData,
    backward: Backward,
    values: Mapping[str, Any],
    *,
    primitive: bool = False,
    fill: np.random.Generator | None = None,
    sizes: Mapping[str, int] | None = None,
    ascii: bool = False,
) -> ValueTrace:
    """The rows of a run. `values` has an array for every input, by any spelling of its name; `fill` draws those that lack.

    Where the last line is not a scalar, its error signal is an input too, named with a bar.

    Raises DataError where a value is missing, ShapeError where one does not fit, EquationError where the system has a function
    without a formula.
    """
    from wengert.notes.show.primitives import primitive_rows

    refuse_opaque(system)
    signal = None if backward.seeded else bar(backward.loss)
    given = complete(system, values, signal, fill, sizes)
    if primitive and system.recurrences:
        backward, given = step_by_step(backward, given, sizes)
        sizes = None
    run = Run(backward.system, backward, given, ascii, sizes)
    rows = primitive_rows(run) if primitive else _quantities(run)
    return ValueTrace(*rows, primitive, ascii, run.sizes)


def step_by_step(
    backward: Backward, given: Mapping[str, Array], stated: Mapping[str, int] | None
) -> tuple[Backward, dict[str, Array]]:
    """The derivation with every step written out, and the values of its inputs.

    Raises EquationError where there are more steps than are written out.
    """
    system = backward.system
    _, sizes = bind_inputs(system.graph(), {name: given[name] for name in system.inputs}, stated)
    steps = number_of_steps(system, sizes, "the list of single operations")
    values: dict[str, Array] = {}
    for name, value in given.items():
        entries = entry_names(system, name, steps)
        if name in system.time:
            values |= {entry: np.take(value, k, system.time[name]) for k, entry in enumerate(entries)}
        else:
            values[name] = value
    return by_steps(backward, steps), values


def refuse_opaque(system: SystemData) -> None:
    """A function that is only named has no numbers.

    Raises EquationError.
    """
    for line in system.lines:
        for node in topological([line.node]):
            if node.op is opaque:
                name = node.params["function"]
                raise Source(system.source).error(
                    f"'{name}' has no formula, so the line of '{line.name}' has no value.",
                    line.written.span,
                    f"Define it with a line, for example:  {name}(x) = tanh(x)",
                )


class Run:
    """The values of a run: inputs as arrays of their declared types, and the numbers of the named sizes."""

    def __init__(
        self,
        system: SystemData,
        backward: Backward,
        given: Mapping[str, Array],
        ascii: bool = False,
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        self.system, self.backward, self.ascii = system, backward, ascii
        inputs = {name: given[name] for name in system.inputs}
        arrays, self.sizes = bind_inputs(system.graph(), inputs, sizes)
        self.values: dict[str, Array] = dict(zip(system.inputs, arrays, strict=True))
        self.signal = None if backward.seeded else np.asarray(given[bar(backward.loss)], dtype=np.float64)

    def seed(self, shape: tuple[int, ...]) -> Array:
        """The error signal of the loss: 1, or what was given.

        Raises DataError where what was given has another shape.
        """
        if self.signal is None:
            return np.float64(1.0)
        if self.signal.shape != shape:
            name = show(Ref(self.backward.loss, None, True))
            raise DataError(
                f"The error signal '{name}' has the shape {self.signal.shape}, but '{self.backward.loss}' has {shape}.",
                f"  --set {name}=…",
                "Give the error signal in the shape of its quantity.",
            )
        return self.signal


def _quantities(run: Run) -> tuple[tuple[TraceRow, ...], tuple[TraceRow, ...]]:
    system = run.system
    if system.recurrences:
        work_out(run)
    page = _Page(run)
    number = {name: k for k, name in enumerate((*system.inputs, *(line.name for line in system.lines)), 1)}
    forward = [TraceRow(number[name], page.name(name), "", run.values[name]) for name in system.inputs]
    for line in system.lines:
        (value,) = page.evaluate([line.node])
        run.values[line.name] = value
        name = page.text(line.written.left) if system.time else page.name(line.name)
        forward.append(TraceRow(number[line.name], name, page.text(line.written.rights[0]), value))
    backward: list[TraceRow] = []
    for line in run.backward.lines:
        if line.name == run.backward.loss:
            value = run.seed(np.shape(run.values[line.name]))
            formula, uses = ("1" if run.signal is None else ""), ()
        else:
            formula, uses, value = page.backward_line(line)
        run.values[bar(line.name)] = value
        backward.append(TraceRow(number[line.name], page.name(bar(line.name)), formula, value, uses))
    return tuple(forward), tuple(backward)


def work_out(run: Run) -> None:
    """All values at once, where lines read earlier steps of each other and none can be computed before the others."""
    system, backward = run.system, run.backward
    names = tuple(line.name for line in system.lines)
    found = evaluate(open_primes(system.graph(names)), run.values, run.sizes)
    run.values.update(zip(names, found, strict=True))
    run.values[bar(backward.loss)] = run.seed(np.shape(run.values[backward.loss]))
    bars = tuple(bar(line.name) for line in backward.lines if line.name != backward.loss)
    given = {name: run.values[name] for name in (*system.inputs, bar(backward.loss))}
    run.values.update(zip(bars, evaluate(open_primes(backward.graph(bars)), given, run.sizes), strict=True))


class _Page:
    """Formulas in the user's notation, and their values over those found so far."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.printer = LinePrinter(run.system, default_form(run.system))
        self.symbols = run.system.symbols

    def text(self, tree: Expr) -> str:
        return show(tree, ascii=self.run.ascii, symbols=self.symbols)

    def name(self, name: str) -> str:
        return self.text(self.printer.left(name))

    def backward_line(self, line: BackwardLine) -> tuple[str, tuple[Use, ...], Array]:
        """The printed right side, the contributions and the value of one bar."""
        terms = [use.term for use in line.contributions]
        *parts, value = self.evaluate_terms([*terms, line.run])
        uses = tuple(
            Use(self.name(use.child), self.right(line.name, use.term), part)
            for use, part in zip(line.contributions, parts, strict=True)
        )
        rights = self.printer.backward_line(line).rights
        return " = ".join(self.text(tree) for tree in rights), uses, value

    def right(self, name: str, term: Term) -> str:
        return self.text(self.printer.equation(bar(name), [term])[1][0])

    def evaluate_terms(self, terms: Sequence[Term]) -> tuple[Array, ...]:
        """Terms over the quantities and error signals found so far."""
        system = self.run.system
        env: dict[str, Node] = dict(system.leaves)
        for name in self.run.values:
            if is_bar(name):
                env[name] = input_node(name, system.quantities[unbar(name)].type)
        builder = TermBuilder(Steps(system, env))
        return self.evaluate([builder.build(term) for term in terms])

    def evaluate(self, nodes: Sequence[Node]) -> tuple[Array, ...]:
        """Nodes over the quantities and error signals found so far."""
        inputs = [n for n in topological(nodes) if n.op.leaf == "input"]
        graph = open_primes(Graph(tuple(inputs), tuple(nodes)))
        given = {name: value_at(self.run.system, name, self.run.values) for name in graph.input_names}
        return evaluate(graph, given, self.run.sizes)
