"""One function of a program, statement by statement. It decides nothing: each statement has its place in the classes below it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wengert.errors import GraphError
from wengert.targets.native.instructions import constant_of
from wengert.targets.native.loops.nest import (
    Accumulate,
    Accumulator,
    Branch,
    Compute,
    Constant,
    Contract,
    Copy,
    Fill,
    For,
    Gather,
    Inside,
    Load,
    MatrixProduct,
    Position,
    Replay,
    Routine,
    Statement,
    Store,
    Total,
    While,
)
from wengert.targets.native.neighbours import runs
from wengert.targets.native.routines_ir import Routines


class NestFunction(Routines):
    """A function in the making, with the dispatch over statements."""

    def body(self, statements: Sequence[Statement]) -> None:
        """Write statements in order."""
        if self.lanes is None or self.lanes.width == 1:
            for statement in statements:
                self.statement(statement)
            return
        for run in runs(statements):
            if any(each in self.outlined or each in self.hoisted for each in run) or not self.are_neighbours(run):
                for statement in run:
                    self.statement(statement)
            elif isinstance(run[0], Load):
                self.load_run([each for each in run if isinstance(each, Load)])
            else:
                self.store_run([each for each in run if isinstance(each, Store)])

    def statement(self, statement: Statement) -> None:
        """Write one statement."""
        if statement in self.outlined:
            if group := self.outlined[statement]:
                self.call(group)
            return
        match statement:
            case Accumulator():
                self.open_accumulator(statement)
            case Accumulate():
                self.accumulate(statement)
            case Store():
                self.store(statement)
            case For():
                self.loop(statement)
            case Contract():
                self.contract(statement)
            case Routine():
                self.routine(statement)
            case Copy():
                self.copy(statement)
            case Fill():
                self.fill(statement)
            case Branch():
                self.branch_on(statement)
            case While():
                self.loop_while(statement)
            case Replay():
                self.replay(statement)
            case _:
                if statement not in self.hoisted:
                    self.instruction(statement)

    def instruction(self, instruction: Any) -> None:
        """Write one instruction, and keep its value.

        Raises GraphError where it is none.
        """
        match instruction:
            case Constant():
                return
            case Position():
                value = self.position(instruction)
            case Inside(ranges):
                value = self.both(self.condition(ranges), self.lane_mask(ranges)) or constant_of(True, "bool", 1)
            case Load(buffer, index, guards):
                value = self.load(buffer, index, guards)
            case Gather(buffer, index, lookups, guards):
                value = self.load(buffer, index, guards, lookups)
            case Compute():
                value = self.compute(instruction)
            case Total(accumulator):
                value = self.total(accumulator)
            case MatrixProduct():
                value = self.values[self.products[instruction]]
            case _:
                raise GraphError(
                    f"A loop nest cannot hold a {type(instruction).__name__}.",
                    f"  {instruction!r}",
                    "Use the statements of wengert.targets.native.loops.nest.",
                )
        self.values[instruction] = value

    def loop(self, loop: For) -> None:
        """A loop over an axis."""
        if loop.kind == "parallel":
            self.parallel(loop)
        elif loop.kind == "vector":
            self.vector(loop)
        else:
            self.serial(loop)
