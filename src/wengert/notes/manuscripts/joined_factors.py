"""Factors written without a space, wx + b in plain text, where other lines of the document show that w and x are two names.

It looks at the signs of equations before they are parsed. The parser takes a word apart if the equations themselves have its letters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from wengert.notes.notation.chunks import KEYWORDS, REMARK_WORDS, Chunk
from wengert.notes.notation.expr import Span
from wengert.notes.notation.scripts import clusters
from wengert.notes.notation.symbols import FUNCTIONS, OTHER_SPELLINGS
from wengert.notes.notation.tokens import Token, match_again

MAX_FACTORS = 3
WORDS = FUNCTIONS.keys() | OTHER_SPELLINGS.keys() | KEYWORDS.keys() | REMARK_WORDS | {"if", "otherwise", "else"}


@dataclass
class _TextNames:
    """The names in a text: letters that stand alone, letters that something is differentiated by, words, and words that are one name."""

    alone: set[str] = field(default_factory=set[str])
    below: set[str] = field(default_factory=set[str])
    words: set[str] = field(default_factory=set[str])
    whole: set[str] = field(default_factory=set[str])

    def add(self, tokens: Sequence[Token]) -> None:
        for at, token in enumerate(tokens):
            before = tokens[at - 1] if at else Token("", "", Span(0, 0))
            if token.kind != "name" or (before.kind == "sub" and not (at > 1 and tokens[at - 2].kind == "nabla")):
                continue
            differentiated = before.kind in ("partial", "nabla", "sub") or token.bars > 0
            word = token.text
            if word[:1] == "d" and len(clusters(word)) > 1:
                word, differentiated = word[1:], True
            if len(clusters(word)) == 1 and not _touches(tokens, at):
                self.alone.add(word)
                if differentiated:
                    self.below.add(word)
            elif differentiated or at == 0:
                self.whole.add(word)
            elif not token.font and word not in WORDS and word.isalpha() and len(clusters(word)) <= MAX_FACTORS:
                self.words.add(word)


def _touches(tokens: Sequence[Token], at: int) -> bool:
    """Whether a letter is part of a word in which only some letters have bars: lr̄."""
    around = (tokens[k : k + 2] for k in (at - 1, at) if 0 <= k < len(tokens) - 1)
    return any(one.kind == other.kind == "name" and not other.space for one, other in around)


def joined_factors(chunks: Iterable[Chunk]) -> frozenset[str]:
    """The words of plain text that are products of letters: each letter stands alone somewhere, and something is differentiated by one."""
    names = _TextNames()
    for chunk in chunks:
        names.add(chunk.tokens)
    return frozenset(
        word
        for word in names.words - names.whole
        if set(clusters(word)) <= names.alone and not names.below.isdisjoint(clusters(word))
    )


def with_factors_apart(chunk: Chunk, words: frozenset[str]) -> Chunk:
    """The equation with each of these words as its letters; one directly behind a slash stays, since 1/wx can mean two things."""
    if not any(token.text in words for token in chunk.tokens):
        return chunk
    out: list[Token] = []
    for token in chunk.tokens:
        if token.kind != "name" or token.text not in words or (out and out[-1].text == "/"):
            out.append(token)
            continue
        for k, letter in enumerate(clusters(token.text)):
            out.append(replace(token, text=letter, space=token.space or k > 0))
    return replace(chunk, tokens=match_again(out))
