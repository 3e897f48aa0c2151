"""Equations as data for the board: LaTeX in which every quantity carries its number, the same as text, and notes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wengert.notes.derive.report import aside, symbols_of
from wengert.notes.elaboration.system import SystemData
from wengert.notes.notation import unicode
from wengert.notes.notation.expr import Expr, Line, Ref
from wengert.notes.notation.latex import LatexPrinter


class MarkedLatex(LatexPrinter):
    r"""LaTeX with \htmlData{q=4}{…} round every quantity and q=4b round its bar, so that a page finds all its places."""

    def __init__(self, system: SystemData, marks: Mapping[str, int]) -> None:
        super().__init__(symbols_of(system))
        self.keys: dict[tuple[str, bool], str] = {}
        for name, quantity in system.quantities.items():
            for spelled in (name, quantity.indexed, quantity.whole):
                self.keys[spelled, False] = str(marks[name])
                self.keys[spelled, True] = f"{marks[name]}b"

    def named(self, tree: Ref, raised: str) -> str:
        text = super().named(tree, raised)
        mark = self.keys.get((tree.name, bool(tree.barred)))
        return text if mark is None else rf"\htmlData{{q={mark}}}{{{text}}}"


class SystemLines:
    """The lines of one system as data."""

    def __init__(self, system: SystemData, marks: Mapping[str, int]) -> None:
        self.system, self.symbols = system, symbols_of(system)
        self.latex = MarkedLatex(system, marks)

    def both(self, line: Line) -> dict[str, Any]:
        """{tex, text}, and {note} where there is one."""
        bare = Line(line.left, line.rights, notes=tuple(n for n in line.notes if n == "+="))
        text = unicode.show(Line(line.left, line.rights), False, self.symbols)
        found = {"tex": self.latex.line(bare), "text": text}
        note = aside(line, self.system).strip()
        return found | ({"note": note} if note else {})

    def maybe(self, line: Line | None) -> dict[str, Any] | None:
        """The line as data; None where there is none."""
        return None if line is None else self.both(line)

    def tree(self, tree: Expr) -> dict[str, Any]:
        """An expression as data."""
        return {"tex": self.latex.show(tree), "text": unicode.show(tree, False, self.symbols)}


def space_tex(space: str) -> str:
    r"""ℝ^{i×j} as LaTeX: \mathbb{R}^{i \times j}."""
    letter, _, shape = space.partition("^")
    sizes = shape.strip("{}").replace("×", r" \times ")
    return (r"\mathbb{R}" if letter == "ℝ" else r"\mathbb{Z}") + (f"^{{{sizes}}}" if sizes else "")
