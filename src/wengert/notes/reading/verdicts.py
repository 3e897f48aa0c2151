"""What is said of a link of a statement, and the sentences that say under which reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wengert.notes.reading.lexicon import Lexicon, Question
from wengert.notes.reading.readings import READINGS
from wengert.notes.reading.story import Statement
from wengert.notes.reading.trees import Tree

CHECKABLE = frozenset({"holds", "conditional", "wrong", "open", "unread"})


@dataclass(frozen=True)
class Verdict:
    """What was found of side `link` of a statement beside its side `before`.

    status     holds, conditional, wrong, open, unread; and for what is nothing to be judged: defined, again, given, update,
               approximate, condition, schematic
    derived    whether it is about derivatives
    under      of one that holds under conditions: the names of the readings that are its conditions, "=" or "≠" for those of indices
    kind       of a wrong line: the kind of its mistake
    corrected  of a wrong line: the right side that holds
    """

    statement: Statement
    link: int
    before: int
    status: str
    note: str = ""
    derived: bool = False
    under: frozenset[str] = frozenset()
    kind: str = ""
    corrected: Tree | None = None


Answers = Mapping[Question, Any]


def conditions_of(given: Answers, lexicon: Lexicon, learned: Answers) -> tuple[str, ...]:
    """What must be true for an accepted reading, beside what the lines before it have shown."""
    return _sentences(given, lexicon, learned, conditional=True)


def notes_of(given: Answers, lexicon: Lexicon, learned: Answers) -> tuple[str, ...]:
    """How names are read, where that does not go without saying."""
    return _sentences(given, lexicon, learned, conditional=False)


def _sentences(given: Answers, lexicon: Lexicon, learned: Answers, *, conditional: bool) -> tuple[str, ...]:
    found: list[str] = []
    for question, answer in given.items():
        reading = READINGS.get(question[0])
        if reading is None:
            continue
        if reading.conditional(answer, learned.get(question, lexicon.asked.get(question)), question[1]) == conditional:
            found.append(reading.says(question[1], answer))
    return tuple(dict.fromkeys(found))
