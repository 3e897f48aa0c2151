"""A Python program as a whole: its forward and backward pass, as the blocks of code in a document are read."""

from __future__ import annotations

from wengert.notes.manuscripts.numpy_blocks import NotJudged, code_of
from wengert.notes.manuscripts.numpy_statements import steps_of
from wengert.notes.manuscripts.sections import Manuscript, Unread, section_of


def read_program(text: str) -> Manuscript:
    """The passes in a program; what of them cannot be read stands apart with the reason."""
    found = code_of(steps_of(text, 0), text)
    if isinstance(found, NotJudged):
        return Manuscript((), (Unread(found.span, found.reason, found.repair, found.span),), text)
    return Manuscript(() if found is None else (section_of(found),), (), text)
