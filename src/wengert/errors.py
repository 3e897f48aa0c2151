"""The exceptions that wengert raises for what a user wrote or gave.

WengertError                 three lines: what is wrong, where, what to write instead
├── EquationError            a line of an equation system cannot be read or does not fit the others
├── ShapeError               shapes, ranks or sizes disagree
├── GraphError               a graph is not well formed, or an op was given what it cannot take
├── DataError                a data file or an array is not what training needs
├── ModelError               a saved model or checkpoint cannot be used
├── TrainingError            the training cannot go on: numbers that are not finite
└── CheckError               a derivative disagrees with an independent route
"""

from __future__ import annotations

from wengert.cells import cells


class WengertError(Exception):
    """A message of three parts: what is wrong, where (with a caret), what to write instead."""

    def __init__(self, what: str, where: str = "", repair: str = "") -> None:
        self.what = what
        self.where = where
        self.repair = repair
        super().__init__("\n".join(part for part in (what, where, repair) if part))


class EquationError(WengertError):
    """A line of an equation system cannot be read or does not fit the others."""


class ShapeError(WengertError):
    """Shapes, ranks or sizes disagree."""


class GraphError(WengertError):
    """A graph is not well formed, or an op was given what it cannot take."""


class DataError(WengertError):
    """A data file or an array is not what training needs."""


class ModelError(WengertError):
    """A saved model or checkpoint cannot be used."""


class TrainingError(WengertError):
    """The training cannot go on: the loss or a gradient is not finite, or the model does not fit its parameters."""


class CheckError(WengertError):
    """A derivative disagrees with an independent route."""


def caret(line: str, start: int, end: int, *, number: int | None = None) -> str:
    """The line, and under it a caret below the characters start … end − 1, by display cells.

    Combining marks take no cell and wide characters (Hangul, CJK) take two, so that the caret stands where a terminal shows the place.
    """
    line = line.replace("\t", " ")
    prefix = f"  line {number}: " if number is not None else "  "
    pad = " " * (len(prefix) + cells(line[:start]))
    return f"{prefix}{line}\n{pad}{'^' * max(1, cells(line[start:end]))}"
