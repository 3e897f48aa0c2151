"""Blocks that values flow around: phis of what changes, counted loops, questions whether the user interrupts. It knows no nest."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wengert.targets.native.facts import StatementFacts
from wengert.targets.native.frame import INTERRUPTED, Cell
from wengert.targets.native.instructions import Value, constant_of
from wengert.targets.native.neighbours import Neighbours

POLL = "wg_poll"
"""The function of this library that answers 1 where the user has interrupted."""

Phis = list[tuple[int, Value]]
Arm = tuple[Sequence[Value], str]


class Flow(Neighbours):
    """A function in the making that has blocks which control reaches on several ways."""

    def changed(self, facts: StatementFacts) -> list[Cell]:
        """The parts of the state that statements with these facts may change, in their order."""
        return [cell for cell in self.state if cell[0] in facts.writes or cell[0] in facts.added]

    def current(self, cells: Sequence[Cell]) -> list[Value]:
        """The values of parts of the state."""
        return [self.state[cell] for cell in cells]

    def restore(self, cells: Sequence[Cell], values: Sequence[Value]) -> None:
        """Give parts of the state the values that they had."""
        self.state.update(zip(cells, values, strict=True))

    def open(self, cells: Sequence[Cell]) -> Phis:
        """A phi for every part of the state, its line left to be written; from here on the phis are the state."""
        return [self._open(cell) for cell in cells]

    def _open(self, cell: Cell) -> tuple[int, Value]:
        phi = self.state[cell] = Value(self.one.fresh("s"), *self.state[cell][1:])
        self.one.lines.append("")
        return len(self.one.lines) - 1, phi

    def close(self, phis: Phis, *arms: Arm) -> None:
        """Write the lines of phis: what they are coming from each block."""
        for k, (line, phi) in enumerate(phis):
            incoming = ", ".join(f"[ {values[k].name}, %{label} ]" for values, label in arms)
            self.one.lines[line] = f"  {phi.name} = phi {phi.type} {incoming}"

    def join(self, cells: Sequence[Cell], *arms: Arm) -> None:
        """The state behind a place where ways meet."""
        self.close(self.open(cells), *arms)

    def counter(self) -> tuple[int, Value]:
        """A phi of an int64, its line left to be written."""
        self.one.lines.append("")
        return len(self.one.lines) - 1, Value(self.one.fresh("i"), "int64", 1)

    def counted(
        self,
        start: Value,
        stop: Value,
        step: int,
        cells: Sequence[Cell],
        body: Callable[[Value], None],
        *,
        certain: bool,
        poll: int = 0,
    ) -> None:
        """body(i) for i = start, start + step, … below stop (above it, for a negative step); at least once if `certain`.

        `cells` are the parts of the state that the body may change; with `poll` it asks for an interrupt once in so many steps.
        """
        b = self.one
        head, after, before = b.label("loop"), b.label("after"), b.block
        relation, initial = "slt" if step > 0 else "sgt", self.current(cells)
        if certain:
            b.jump(head)
        else:
            b.branch(b.compare(relation, start, stop), head, after)
        b.start_block(head)
        index = self.counter()
        phis = [index, *self.open(cells)]
        with b.scope():
            body(index[1])
            if poll:
                self.poll(index[1], poll, abs(step))
            following = b.add(index[1], self.number(step))
            b.branch(b.compare(relation, following, stop), head, after)
        latch, final = b.block, self.current(cells)
        self.close(phis, ([start, *initial], before), ([following, *final], latch))
        b.start_block(after)
        if not certain:
            self.join(cells, (initial, before), (final, latch))

    def choose(
        self, condition: Value, cells: Sequence[Cell], then: Callable[[], None], other: Callable[[], None] | None = None
    ) -> None:
        """One of two ways on, by a condition; `cells` are the parts of the state that they may change."""
        b, initial = self.one, self.current(cells)
        labels = b.label("then"), b.label("other"), b.label("after")
        before = b.block
        b.branch(condition, labels[0], labels[1] if other else labels[2])
        arms: list[Arm] = [] if other else [(initial, before)]
        for label, way in zip(labels, (then, other), strict=False):
            if way is not None:
                b.start_block(label)
                self.restore(cells, initial)
                with b.scope():
                    way()
                    b.jump(labels[2])
                arms.append((self.current(cells), b.block))
        b.start_block(labels[2])
        self.join(cells, *arms)

    def poll(self, index: Value, period: int, step: int = 1) -> None:
        """Ask for an interrupt, once in so many steps of the index; period and step are powers of two."""
        b = self.one
        called = self.unit.module.declare(f"declare i32 @{POLL}() cold")
        self.unit.imports[POLL] = None
        following = b.label("on")
        if period > 1:
            ask = b.label("ask")
            last = (period - 1) * step
            b.branch(b.equal(b.integer("and", index, last), self.number(last)), ask, following)
            b.start_block(ask)
        answer = b.effect(f"call i32 {called}()", "int32", 1)
        interrupted = self.failed.setdefault(INTERRUPTED, f"failed{INTERRUPTED}")
        b.branch(b.not_equal(answer, constant_of(0, "int32", 1)), interrupted, following)
        b.start_block(following)
