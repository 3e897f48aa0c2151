"""What a statement of a nest reads, writes, uses and costs, gathered once for each. It emits nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from wengert.targets.native.loops.fuse import COST
from wengert.targets.native.loops.inside import bodies
from wengert.targets.native.loops.nest import (
    Accumulate,
    Accumulator,
    Affine,
    Axis,
    Branch,
    Buffer,
    Compute,
    Contract,
    Copy,
    Fill,
    For,
    Gather,
    Inside,
    Load,
    Lookup,
    Position,
    Range,
    RecordTape,
    Replay,
    Routine,
    Statement,
    Store,
    Total,
    While,
)

CHEAP = frozenset(COST)
"""Functions of one or a few machine instructions; every other one is a polynomial of about twenty."""
FUNCTION_COST, CALL_COST = 15, 3
CONTRACT_COST = 150

Thing = TypeVar("Thing")
Ordered = dict[Thing, None]
"""A set in order of insertion, so that equal programs give equal text."""


@dataclass(slots=True)
class StatementFacts:
    """What a statement, with all inside it, touches and costs.

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
    tapes: Ordered[RecordTape] = field(default_factory=dict)
    contracts: Ordered[Contract] = field(default_factory=dict)
    steps: int = 0
    """The machine instructions beside the mathematical functions."""
    functions: int = 0
    function_cost: int = FUNCTION_COST
    parallel: bool = False

    @property
    def cost(self) -> int:
        """About the number of machine instructions."""
        return self.steps + self.functions * self.function_cost

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

    def _sets(self) -> list[Ordered[Any]]:
        things = (self.reads, self.writes, self.used, self.defined, self.axes, self.bound)
        return [*things, self.accumulates, self.opened, self.totals, self.tapes, self.contracts]

    def include(self, inside: StatementFacts) -> None:
        """Add the facts of a statement."""
        for mine, its in zip(self._sets(), inside._sets(), strict=True):
            mine.update(its)
        self.steps += inside.steps
        self.functions += inside.functions
        self.parallel |= inside.parallel

    def seen_from_outside(self) -> StatementFacts:
        """The same without the instructions and axes that are used only inside."""
        self.used = {x: None for x in self.used if x not in self.defined}
        self.axes = {axis: None for axis in self.axes if axis not in self.bound}
        return self


class FactBook:
    """The facts of statements, each gathered at the first question. Mathematical functions stand in place, or are called."""

    def __init__(self, *, in_place: bool = True) -> None:
        self.in_place = in_place
        self.function_cost = FUNCTION_COST if in_place else CALL_COST
        self._known: dict[Any, StatementFacts] = {}

    def of(self, statement: Statement) -> StatementFacts:
        """The facts of one statement with all inside it."""
        facts = self._known.get(statement)
        if facts is None:
            facts = own(statement, self.function_cost)
            for part in bodies(statement):
                self._add_all(facts, part)
            self._known[statement] = facts.seen_from_outside()
        return facts

    def all(self, body: Iterable[Statement]) -> StatementFacts:
        """The facts of several statements together."""
        facts = StatementFacts(function_cost=self.function_cost)
        self._add_all(facts, body)
        return facts.seen_from_outside()

    def _add_all(self, facts: StatementFacts, body: Iterable[Statement]) -> None:
        for statement in body:
            if bodies(statement):
                facts.include(self.of(statement))
            else:
                _add(facts, statement)


def own(statement: Statement, function_cost: int = FUNCTION_COST) -> StatementFacts:
    """The facts of a statement without those inside it."""
    facts = StatementFacts(function_cost=function_cost)
    _add(facts, statement)
    return facts


def _add(facts: StatementFacts, statement: Statement) -> None:
    """One statement without what is inside it."""
    add = _ADD.get(type(statement))
    if add is not None:
        add(facts, statement)
    else:
        facts.defined[statement] = None


def _add_accumulator(facts: StatementFacts, accumulator: Accumulator) -> None:
    facts.opened[accumulator] = None


def _add_accumulate(facts: StatementFacts, statement: Accumulate) -> None:
    facts.accumulates[statement.accumulator] = None
    facts.used[statement.value] = None
    facts.steps += 1


def _add_total(facts: StatementFacts, total: Total) -> None:
    facts.defined[total] = None
    facts.totals[total.accumulator] = None


def _add_compute(facts: StatementFacts, compute: Compute) -> None:
    facts.defined[compute] = None
    facts.used.update(dict.fromkeys(compute.inputs))
    facts.steps += 1
    if compute.function not in CHEAP:
        facts.functions += 1


def _add_loop(facts: StatementFacts, loop: For | Contract) -> None:
    facts.steps += 3
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
    facts.steps += CONTRACT_COST


def _add_control(facts: StatementFacts, statement: Branch | While | Replay) -> None:
    facts.steps += 5
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


def _add_write(facts: StatementFacts, statement: Store | Copy | Fill | Routine) -> None:
    facts.steps += 2
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
        case Routine(target=(buffer, index)):
            facts.writes[buffer] = None
            facts.axes.update(dict.fromkeys(index.axes))
            for source, place, _ in statement.sources:
                facts.reads[source] = None
                facts.axes.update(dict.fromkeys(place.axes))


def _add_read(facts: StatementFacts, instruction: Position | Inside | Load | Gather) -> None:
    facts.defined[instruction] = None
    facts.steps += 1
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


def _add_places(facts: StatementFacts, index: Affine, guards: Iterable[Range], lookups: Iterable[Lookup]) -> None:
    facts.axes.update(dict.fromkeys(index.axes))
    for guard in guards:
        facts.axes.update(dict.fromkeys(guard.index.axes))
        facts.steps += 2
    for lookup in lookups:
        facts.used[lookup.place] = None
        facts.steps += 2


_ADD: dict[type, Callable[[StatementFacts, Any], None]] = {
    Accumulator: _add_accumulator,
    Accumulate: _add_accumulate,
    **dict.fromkeys((For, Contract), _add_loop),
    **dict.fromkeys((Branch, While, Replay), _add_control),
    **dict.fromkeys((Store, Copy, Fill, Routine), _add_write),
    **dict.fromkeys((Position, Inside, Load, Gather), _add_read),
    Total: _add_total,
    Compute: _add_compute,
}
"""By the class of a statement; constants and products cost nothing and touch nothing."""


def compound(statement: Statement) -> bool:
    """Whether a statement has statements inside it."""
    return bool(bodies(statement)) or isinstance(statement, Contract)
