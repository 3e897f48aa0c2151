"""The board: a system's forward lines, graph, backward lines, steps and numbers, to see, step through and play with.

    content ──▶ worker, process ──▶ session ──▶ server (guard): a local page · widget: a notebook
    content ──▶ export: one file
    protocol: the messages · lines, picture, diagnostics: what they carry · judging, comparing, training: further views

It has no mathematics of its own: what is shown comes from the reader, the derivation, the trace, the check and the training. Read
`protocol.py` first, then `content.py`. The front end, in TypeScript, stands in web/ beside src/.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wengert.api import Derivation, System
from wengert.blackboard.packages import refuse_missing
from wengert.notes.manuscripts.systems import number_of

if TYPE_CHECKING:
    from wengert.blackboard.widget import Board


def board(shown: System | Derivation | str, *, lang: str = "en", values: dict[str, Any] | None = None) -> Board:
    """The board of a system, a derivation or a text, as a widget for Jupyter, VS Code, Colab or marimo.

    `values` are those of inputs by any spelling; what is not given is drawn. `lang` is "en" or "ko".

    Raises MissingPackageError where the extra `board` is not installed, EquationError where a text cannot be read.
    """
    refuse_missing("anywidget")
    from wengert.blackboard.widget import Board

    if isinstance(shown, str):
        return Board(shown, lang=lang, values=values or {})
    data = shown.system.data if isinstance(shown, Derivation) else shown.data
    form = shown.form if isinstance(shown, Derivation) else ""
    return Board(data.source, lang=lang, form=form, values=values or {}, system=number_of(data))
