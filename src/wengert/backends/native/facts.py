"""What a statement of a nest reads, writes, uses and costs, gathered once for each. It emits nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from wengert.loops.nest import (
    Accumulate,
    Accumulator,
    Affine,
    Axis,
    Branch,
    Buffer,
    Compute,
    Constant,
    Contract,
    Copy,
    Fill,
    For,
    Gather,
    Inside,
    Load,
    Lookup,
    Position,
    Product,
    Range,
    Replay,
    Statement,
    Store,
    Tape,
    Total,
    While,
    bodies,
    statements,
)

CHEAP = frozenset(
    {
        "add",
        "subtract",
        "multiply",
        "divide",
        "negative",
        "reciprocal",
        "fma",
        "sqrt",
        "abs",
        "floor",
        "round",
        "sign",
        "maximum",
        "minimum",
        "weigh",
        "where",
        "cast",
        "less",
        "less_equal",
        "greater",
        "greater_equal",
        "equal",
        "not_equal",
        "logical_and",
        "logical_or",
        "logical_not",
        "integer_power",
        "stop_gradient",
    }
)
"""Functions of one or a few machine instructions; every other one is a polynomial of about twenty."""
FUNCTION_COST = 15
CONTRACT_COST = 150

Thing = TypeVar("Thing")
Ordered = dict[Thing, None]
"""A set in order of insertion, so that equal programs give equal text."""


@dataclass(slots=True)
class Facts:
    """What a statement, with all inside it, touches; `cost` is about the number of machine instructions of its code.

    `used` and `axes` are the instructions and axes that come from outside.
    """

    reads: Ordered[Buffer] = field(default_factory=dict)
    writes: Ordered[Buffer] = field(default_factory=dict)
    used: Ordered[Any] = field(default_factory=dict)
    defined: Ordered[Any] = field(default_factory=dict)
    axes: Ordered[Axis] = field(default_factory=dict)
    bound: Ordered[Axis] = field(default_factory=dict)
    accumulates: Ordered[Accumulator] = field(default_factory=dict)
    opened: Ordered[Accumulator] = field(default_factory=dict)
    totals: Ordered[Accumulator] = field(default_factory=dict)
    tapes: Ordered[Tape] = field(default_factory=dict)
    contracts: Ordered[Contract] = field(default_factory=dict)
    cost: int = 0
    functions: int = 0
    parallel: bool = False

    @property
    def buffers(self) -> Ordered[Buffer]:
        """Every buffer that is touched."""
        return self.reads | self.writes

    @property
    def added(self) -> Ordered[Accumulator]:
        """The accumulators opened outside that are added to."""
        return {a: None for a in self.accumulates if a not in self.opened}

    @property
    def crossing(self) -> bool:
        """Whether an accumulator that is opened outside is added to or read."""
        return any(a not in self.opened for a in self.accumulates | self.totals)


class FactBook:
    """The facts of statements, each gathered at the first question."""

    def __init__(self) -> None:
        self._known: dict[Any, Facts] = {}

    def of(self, statement: Statement) -> Facts:
        """The facts of one statement with all inside it."""
        facts = self._known.get(statement)
        if facts is None:
            facts = self._known[statement] = gather([statement])
        return facts

    def all(self, body: Iterable[Statement]) -> Facts:
        """The facts of several statements together."""
        return gather(body)


def gather(body: Iterable[Statement]) -> Facts:
    """The facts of statements with all inside them."""
    facts = Facts()
    for statement in statements(body):
        _add(facts, statement)
    facts.used = {x: None for x in facts.used if x not in facts.defined}
    facts.axes = {axis: None for axis in facts.axes if axis not in facts.bound}
    return facts


def own(statement: Statement) -> Facts:
    """The facts of a statement without those inside it."""
    facts = Facts()
    _add(facts, statement)
    return facts


def _add(facts: Facts, statement: Statement) -> None:
    """One statement without what is inside it."""
    match statement:
        case Accumulator():
            facts.opened[statement] = None
        case Accumulate(accumulator, value):
            facts.accumulates[accumulator] = None
            facts.used[value] = None
            facts.cost += 1
        case For() | Contract():
            _add_loop(facts, statement)
        case Branch() | While() | Replay():
            _add_control(facts, statement)
        case Store() | Copy() | Fill():
            _add_write(facts, statement)
        case _:
            facts.defined[statement] = None
            _add_instruction(facts, statement)


def _add_loop(facts: Facts, loop: For | Contract) -> None:
    facts.cost += 3
    if isinstance(loop, For):
        facts.bound[loop.axis] = None
        if loop.axis.clip is not None:
            facts.axes[loop.axis.clip[0]] = None
        facts.parallel |= loop.kind == "parallel"
        return
    facts.bound.update(dict.fromkeys((loop.rows, loop.columns, loop.inner)))
    for buffer, index in (loop.a, loop.b):
        facts.reads[buffer] = None
        facts.axes.update(dict.fromkeys(index.axes))
    facts.defined[loop.product] = None
    facts.contracts[loop] = None
    facts.parallel |= loop.parallel
    facts.cost += CONTRACT_COST


def _add_control(facts: Facts, statement: Branch | While | Replay) -> None:
    facts.cost += 5
    if not isinstance(statement, Replay):
        facts.reads[statement.flag] = None
    if isinstance(statement, Branch):
        return
    records = statement.tapes if isinstance(statement, While) else statement.writes
    for buffer, tape in records:
        facts.reads[buffer] = None
        facts.tapes[tape] = None
    if isinstance(statement, Replay):
        for tape, buffer in statement.reads:
            facts.writes[buffer] = None
            facts.tapes[tape] = None
        if statement.counter is not None:
            facts.writes[statement.counter] = None


def _add_write(facts: Facts, statement: Store | Copy | Fill) -> None:
    facts.cost += 2
    match statement:
        case Store(buffer, index, value, combine, lookups):
            facts.writes[buffer] = None
            if combine is not None:
                facts.reads[buffer] = None
            facts.used[value] = None
            _add_places(facts, index, (), lookups)
        case Copy(source, source_index, target, target_index):
            facts.reads[source] = None
            facts.writes[target] = None
            facts.axes.update(dict.fromkeys(source_index.axes + target_index.axes))
        case Fill(buffer, index):
            facts.writes[buffer] = None
            facts.axes.update(dict.fromkeys(index.axes))


def _add_instruction(facts: Facts, instruction: Any) -> None:
    facts.cost += 0 if isinstance(instruction, Constant | Product | Total) else 1
    match instruction:
        case Position(index):
            facts.axes.update(dict.fromkeys(index.axes))
        case Inside(ranges):
            _add_places(facts, Affine(), ranges, ())
        case Load(buffer, index, guards):
            facts.reads[buffer] = None
            _add_places(facts, index, guards, ())
        case Gather(buffer, index, lookups, guards):
            facts.reads[buffer] = None
            _add_places(facts, index, guards, lookups)
        case Total(accumulator):
            facts.totals[accumulator] = None
        case Compute(function, inputs):
            facts.used.update(dict.fromkeys(inputs))
            if function not in CHEAP:
                facts.functions += 1
                facts.cost += FUNCTION_COST
        case _:
            pass


def _add_places(facts: Facts, index: Affine, guards: Iterable[Range], lookups: Iterable[Lookup]) -> None:
    facts.axes.update(dict.fromkeys(index.axes))
    for guard in guards:
        facts.axes.update(dict.fromkeys(guard.index.axes))
        facts.cost += 2
    for lookup in lookups:
        facts.used[lookup.place] = None
        facts.cost += 2


def compound(statement: Statement) -> bool:
    """Whether a statement has statements inside it."""
    return bool(bodies(statement)) or isinstance(statement, Contract)
