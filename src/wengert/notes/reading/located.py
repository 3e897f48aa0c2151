"""Text that knows where it comes from: each character with its place in the document, through macros and normalising."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wengert.notes.notation.expr import Span


@dataclass(frozen=True)
class Located:
    """A part of a document; `places[k]` is where its k-th character stands there, the last entry where it ends."""

    text: str
    places: Sequence[int]

    @classmethod
    def whole(cls, text: str) -> Located:
        """A text that is its own document."""
        return cls(text, range(len(text) + 1))

    def cut(self, start: int, end: int) -> Located:
        """Characters start … end − 1."""
        return Located(self.text[start:end], self.places[start : end + 1])

    def span(self, start: int, end: int) -> Span:
        """The place in the document of characters start … end − 1."""
        begin = self.places[min(start, len(self.places) - 1)]
        if end <= start:
            return Span(begin, begin)
        return Span(begin, max(self.places[end - 1] + 1, begin))

    def replaced(self, pattern: re.Pattern[str], by: Callable[[re.Match[str]], str]) -> Located:
        """The text with what matches written anew; each new character stands where the match begins."""
        out: list[str] = []
        places: list[int] = []
        at = 0
        for found in pattern.finditer(self.text):
            new = by(found)
            if new == found.group():
                continue
            start, end = found.span()
            out += [self.text[at:start], new]
            places += self.places[at:start]
            places += self._places_of(new, start, end)
            at = end
        if not out:
            return self
        out.append(self.text[at:])
        places += self.places[at:]
        return Located("".join(out), places)

    def _places_of(self, new: str, start: int, end: int) -> Sequence[int]:
        """Places of what is written for characters start … end − 1: one by one where it is as long, else all at the beginning."""
        return self.places[start:end] if len(new) == end - start else [self.places[start]] * len(new)

    def blanked(self, spans: Sequence[tuple[int, int]]) -> Located:
        """The text with blanks for some of its parts."""
        if not spans:
            return self
        signs = list(self.text)
        for start, end in spans:
            signs[start:end] = " " * (end - start)
        return Located("".join(signs), self.places)
