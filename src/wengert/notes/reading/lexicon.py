"""A lexicon: how the names of a scope are read. The evaluator asks; what was asked is what a search may change next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Question = tuple[str, str]
"""The name of a reading, and what it is asked of: a name, or "" where it is asked of the line."""


class Lexicon:
    """Answers that a search has chosen; everything else is read as its prior says.

    given    the chosen answers
    asked    every question that was asked, with its prior
    looked   answers that were looked up without a question being put, with their defaults
    marks    what else happened: a sign that did nothing, a difference quotient, a loss without a line
    """

    def __init__(self, given: Mapping[Question, Any] = {}) -> None:
        self.given = given
        self.asked: dict[Question, Any] = {}
        self.looked: dict[Question, Any] = {}
        self.marks: set[str] = set()

    def look(self, reading: str, subject: str = "", default: Any = None) -> Any:
        """What was chosen, without a question that a search may answer otherwise."""
        question = (reading, subject)
        self.looked.setdefault(question, default)
        return self.given.get(question, default)

    def ask(self, reading: str, subject: str = "", default: Any = None) -> Any:
        """How something is read: as was chosen, else by its prior."""
        question = (reading, subject)
        self.asked.setdefault(question, default)
        return self.given.get(question, default)
