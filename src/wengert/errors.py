"""The exceptions that wengert raises for what a user wrote or gave.

WengertError                 three lines: what is wrong, where, what to write instead
├── EquationError            a line of an equation system cannot be read or does not fit the others
├── ShapeError               shapes, ranks or sizes disagree
├── GraphError               a graph is not well formed, or an op was given what it cannot take
├── DataError                a data file or an array is not what training needs
├── ModelError               a saved model or checkpoint cannot be used
├── TrainingError            the training cannot go on: numbers that are not finite
├── TraceError               a function of Python does with a traced value what a graph cannot hold
├── NonFiniteError           a value or a derivative is not finite, where that was watched for
├── MemoryLimitError         something needs more memory than is there
├── CheckError               a derivative disagrees with an independent route
└── MissingPackageError      a package is needed that is not installed
"""

from __future__ import annotations

from typing import NamedTuple

from wengert.cells import cells

WINDOW = 100  # characters of a long line that a message shows


class Fix(NamedTuple):
    """What mends a mistake: `text` in place of characters start … end − 1 of what was read."""

    start: int
    end: int
    text: str

    def applied(self, source: str) -> str:
        """The text that is mended."""
        return source[: self.start] + self.text + source[self.end :]


class WengertError(Exception):
    """A message of three parts: what is wrong, where (with a caret), what to write instead.

    what    a sentence; names and code in it stand in single quotes, and nothing but such a quotation begins it in lower case
    where   the user's line with a caret (`place`), or a fact, indented by two blanks
    repair  a sentence, or one that ends in code to copy: after a colon and two blanks, without a full stop
    fix     the same as a change of the text, where one change mends it; None where a person has to choose
    """

    fix: Fix | None = None

    def __init__(self, what: str, where: str = "", repair: str = "") -> None:
        self.what = what
        self.where = where
        self.repair = repair
        super().__init__(message(what, where, repair))


class EquationError(WengertError):
    """A line of an equation system cannot be read or does not fit the others.

    `span` is its place in the text, characters start … end − 1; the reader's errors all have one.
    """

    span: tuple[int, int] | None = None


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


class TraceError(WengertError, TypeError):
    """A function of Python does with a traced value what a graph cannot hold."""


class NonFiniteError(WengertError, FloatingPointError):
    """A value or a derivative is NaN or infinite, where that was watched for."""


class MemoryLimitError(WengertError, MemoryError):
    """Something needs more memory than is there."""


class CheckError(WengertError):
    """A derivative disagrees with an independent route."""


class MissingPackageError(WengertError, ImportError):
    """A package is needed that is not installed."""


def message(what: str, where: str, repair: str) -> str:
    """The parts of an error or a warning, one under the other."""
    return "\n".join(part for part in (what, where, repair) if part)


def place(text: str, start: int, end: int) -> str:
    """The line of the text in which character `start` stands, and under it a caret below the characters start … end − 1.

    The number of the line stands before it unless the text has one line only. Columns are display cells: combining marks take none and
    wide characters (Hangul, CJK) two, so that the caret stands where a terminal shows the place. `start` and `end` may lie outside the
    text; a negative `end` is the end of the line. Of a long line the part around the place is shown.
    """
    start = min(max(start, 0), len(text))
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", start)
    line = text[first : last if last >= 0 else len(text)].replace("\r", " ").replace("\t", " ")
    begin = start - first
    stop = min(max(end - first, begin + 1), len(line)) if end >= 0 else len(line)
    cut = max(0, begin - WINDOW // 2)
    if len(line) - cut > WINDOW or cut:
        line = ("…" if cut else "") + line[cut : cut + WINDOW] + ("…" if len(line) > cut + WINDOW else "")
        shift = cut - bool(cut)
        begin, stop = begin - shift, min(stop - shift, len(line))
    prefix = f"  line {text.count(chr(10), 0, start) + 1}: " if "\n" in text.strip() else "  "
    pad = " " * (len(prefix) + cells(line[:begin]))
    return f"{prefix}{line}\n{pad}{'^' * max(1, cells(line[begin:stop]))}"
