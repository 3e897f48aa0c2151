"""Which lines of the backward pass change when the forward system is changed: with another loss, only ȳ."""

from __future__ import annotations

from dataclasses import dataclass

from wengert.notes.derive.backward import Backward
from wengert.notes.derive.printed import LinePrinter
from wengert.notes.notation.expr import Line


@dataclass(frozen=True)
class Change:
    """One quantity's line in both derivations; None where it has none."""

    name: str
    old: Line | None
    new: Line | None

    @property
    def same(self) -> bool:
        """Whether both say the same."""
        return self.old == self.new


def difference(old: Backward, new: Backward, form: str) -> list[Change]:
    """Every line of both backward passes side by side, in the order of the new one.

    Lines are compared as the chain rule gives them; a further form with other bars put in is left out, since it repeats what
    changed in an earlier line.
    """
    before, after = _lines(old, form), _lines(new, form)
    gone = [name for name in before if name not in after]
    return [Change(name, before.get(name), after.get(name)) for name in (*after, *gone)]


def _lines(backward: Backward, form: str) -> dict[str, Line]:
    printer = LinePrinter(backward.system, form)
    result: dict[str, Line] = {}
    for line in backward.lines:
        if line.name != backward.loss:
            printed = printer.backward_line(line)
            result[line.name] = Line(printed.left, printed.rights[:1])
    return result
