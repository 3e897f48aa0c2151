"""One text that was read: its system, its backward pass, and both as data, each worked out when it is first asked for."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from wengert.api import equations_from_text
from wengert.blackboard.diagnostics import utf16, warning
from wengert.blackboard.lines import SystemLines, space_tex
from wengert.blackboard.picture import picture
from wengert.core.ir.types import Dim
from wengert.errors import EquationError
from wengert.languages import LANGUAGES, printed
from wengert.notes.derive import backward as backward_pass
from wengert.notes.derive import steps
from wengert.notes.derive.printed import LinePrinter, default_form
from wengert.notes.manuscripts.systems import SystemHead, systems_in
from wengert.notes.show.diagram import diagram, space
from wengert.notes.show.scene import Direction


def told(head: SystemHead) -> dict[str, Any]:
    """One of several systems, for a page that offers them."""
    return {"line": head.line, "loss": head.loss, "equation": head.equation}


class Subject:
    """A system with its derivation: the only one of its text, or that with a number, counted from 1.

    A quantity is known to the page by its number in the order of the text.

    Raises EquationError where the text cannot be read.
    """

    def __init__(self, text: str, number: int = 0) -> None:
        self.text, self.number = text, number
        self.system = equations_from_text(text, system=number or None).data
        self.marks = {name: k for k, name in enumerate(self.system.quantities)}
        self.lines = SystemLines(self.system, self.marks)

    @cached_property
    def derived(self) -> backward_pass.Backward:
        """The backward pass."""
        return backward_pass.derive(self.system)

    @cached_property
    def diagram(self) -> Any:
        """The graph, without coordinates."""
        return diagram(self.system, self.derived)

    @cached_property
    def systems(self) -> tuple[SystemHead, ...]:
        """The systems of the text, where one was chosen."""
        return systems_in(self.text) if self.number else ()

    @property
    def head(self) -> str:
        """The text up to the end of its system: lines that are written after it are about that one."""
        return self.text[: self.systems[self.number - 1].end] if len(self.systems) > 1 else self.text

    @property
    def written_form(self) -> str:
        """The form in which the text is written."""
        return default_form(self.system)

    @property
    def few(self) -> dict[str, int]:
        """Two entries for every named size, where entries are written out."""
        shapes = [q.type.shape for q in self.system.quantities.values()]
        return dict.fromkeys((size.name for shape in shapes for size in shape if isinstance(size, Dim)), 2)

    @cached_property
    def spellings(self) -> dict[str, str]:
        """Each quantity by its name, and by those of it as a whole and of its entries: W and w."""
        quantities = self.system.quantities.items()
        others = {spelled: name for name, q in quantities for spelled in (q.whole, q.indexed) if spelled}
        return others | {name: name for name in self.marks}

    def named(self, spelled: str) -> str:
        """The quantity that a name means; "" where it means none."""
        return self.spellings.get(spelled, "")

    def kind(self, name: str) -> str:
        """What a quantity is: loss, computed, parameter, data or input."""
        if name == self.system.loss:
            return "loss"
        if self.system.defines(name):
            return "computed"
        return "parameter" if name in self.system.params else "data" if name in self.system.data else "input"

    def read(self, form: str, lang: str = LANGUAGES[0]) -> dict[str, Any]:
        """The message `read`: forward lines in a form, with their places in the text, and the quantities."""
        printer = LinePrinter(self.system, "index" if form == "elements" else form)
        forward = [
            {
                "q": self.marks[line.name],
                "from": utf16(self.text, line.span[0]),
                "to": utf16(self.text, line.span[1]),
                "space": space_tex(space(self.system.quantities[line.name])),
                "reads": [self.marks[name] for name in self.system.parents(line.name)],
            }
            | self.lines.both(printed)
            for line, printed in zip(self.system.lines, printer.forward(), strict=True)
        ]
        return {
            "type": "read",
            "form": form,
            "written": self.written_form,
            "diagnostics": [warning(sentence, self.text, lang) for sentence in self.system.warnings],
            "systems": [told(head) for head in self.systems],
            "forward": forward,
            "quantities": [self.quantity(name) for name in self.system.quantities],
        }

    def quantity(self, name: str) -> dict[str, Any]:
        """A quantity as the page knows it."""
        found = self.system.quantities[name]
        return {
            "name": name,
            "tex": self.lines.latex.ref(LinePrinter(self.system, "matrix").matrix.ref(name)),
            "identifier": found.identifier,
            "rank": found.type.rank,
            "space": space_tex(space(found)),
            "kind": self.kind(name),
            "whole": not found.type.is_float,
        }

    def backward(self, form: str, lang: str = LANGUAGES[0]) -> dict[str, Any]:
        """The message `backward`: a line a bar with the step that explains it, and what primed functions are.

        Where the form cannot be printed, that in which the text is written stands for it, and `remark` says why.
        """
        remark = None
        try:
            lines = self.printed(form)
        except EquationError as reason:
            form, remark = self.written_form, printed(f"{reason.what} {reason.repair}", lang)
            lines = self.printed(form)
        explained = {step.name: self.step(step, lang) for step in steps.steps(self.derived, form)}
        backward = [
            {"q": self.marks[line.name], "lines": lines.get(line.name, [])} | explained.get(line.name, {})
            for line in self.derived.lines
        ]
        legend = [self.lines.both(line) for line in steps.legend(self.derived)]
        return {"type": "backward", "form": form, "backward": backward, "legend": legend, "remark": remark}

    def printed(self, form: str) -> dict[str, list[dict[str, Any]]]:
        """The printed lines by quantity: sums that have a name first, and a line an entry where entries are written out."""
        printer = LinePrinter(self.system, form, self.few)
        if form == "elements" and self.system.recurrences:
            names = ", ".join(name for each in self.system.recurrences for name in each.names)
            raise EquationError("A recurrence has no line an entry here.", f"  {names}", "Choose another form.")
        found: dict[str, list[dict[str, Any]]] = {}
        for line in self.derived.lines:
            if line.name == self.derived.loss and not self.derived.seeded:
                rows = []
            elif form == "elements":
                rows = printer.elements(line)
            else:
                rows = [*(printer.sum_line(each) for each in line.sums), printer.backward_line(line, named=True)]
            found[line.name] = [self.lines.both(row) for row in rows]
        return found

    def step(self, step: steps.DerivationStep, lang: str) -> dict[str, Any]:
        """How one bar came about: children, forward lines, rules, chain rule, what was put in, result."""
        return {
            "children": [self.marks[child] for child in step.children],
            "rules": [printed(rule, lang) for rule in step.rules],
            "chain": self.lines.maybe(step.chain),
            "substituted": self.lines.maybe(step.substituted),
            "sums": [self.lines.both(line) for line in step.sums],
            "sources": [self.lines.both(line) for line in step.sources],
            "result": self.lines.both(step.simplified),
        }

    def graph(self, direction: Direction) -> dict[str, Any]:
        """The message `graph`."""
        return {"type": "graph", **picture(self.diagram, self.marks, direction)}
