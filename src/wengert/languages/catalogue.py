"""Sentences by their templates: an English sentence is matched against those of the catalogue, and the one that fits is filled.

A template has {} for what is put in. Its translation has {0}, {1}, … for the same, in the order of its own language. So no place that
makes a sentence knows of languages. Of several templates that fit, the one with the most letters of its own is meant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from wengert.errors import WengertError

LANGUAGES = ("en", "ko")
"""The languages in which there are sentences; the first is that of the program."""
PLACE = re.compile(r"\{(\d*)\}")
PREFIX = 6
"""By so many letters at its beginning a template is found."""
CODE = ":  "
"""Between a sentence and the code to copy in which it ends: what stands before it is the template."""
ENDS = re.compile(r"(?<=[.?!])\s+(?=[A-Z'])")
"""Between two sentences."""

LIST = "; "


@dataclass(frozen=True)
class _Template:
    """A template as a pattern, its translation, and how many letters it has of its own."""

    pattern: re.Pattern[str]
    meant: str
    own: int


class Catalogue:
    """The sentences of one language, found by those in English."""

    def __init__(self, sentences: Mapping[str, str]) -> None:
        self._whole = {each: meant for each, meant in sentences.items() if not PLACE.search(each)}
        self._begun: dict[str, list[_Template]] = {}
        for each, meant in sentences.items():
            if each not in self._whole:
                literal = PLACE.split(each)[::2]
                pattern = re.compile("(.*?)".join(map(re.escape, literal)), re.DOTALL)
                self._begun.setdefault(literal[0][:PREFIX], []).append(
                    _Template(pattern, meant, sum(map(len, literal)))
                )

    def text(self, said: str) -> str:
        """A sentence or several in this language; those without a translation as they are."""
        lead, colon, code = said.partition(CODE)
        if colon and (found := self.sentence(lead)) is not None:
            return found + colon + code
        found = self.sentence(said)
        if found is not None:
            return found
        return " ".join(self._listed(each) for each in ENDS.split(said))

    def _listed(self, said: str) -> str:
        """Words that stand one after the other, or a sentence."""
        return self.sentence(said) or LIST.join(self.sentence(each) or each for each in said.split(LIST))

    def sentence(self, said: str) -> str | None:
        """One sentence in this language; None where it has no translation."""
        if said in self._whole:
            return self._whole[said]
        best: tuple[_Template, re.Match[str]] | None = None
        for length in range(min(PREFIX, len(said)), -1, -1):
            for template in self._begun.get(said[:length], ()):
                if best is None or template.own > best[0].own:
                    match = template.pattern.fullmatch(said)
                    best = (template, match) if match is not None else best
        return None if best is None else _filled(best[0].meant, [self._part(part) for part in best[1].groups()])

    def _part(self, part: str) -> str:
        """What is put into a sentence: words in this language, names and code as they are."""
        return self._listed(part) if " " in part else part


def _filled(meant: str, parts: list[str]) -> str:
    return PLACE.sub(lambda place: parts[int(place[1])], meant)


@cache
def catalogue(language: str) -> Catalogue:
    """The sentences of a language.

    Raises WengertError where there are none in it.
    """
    if language not in LANGUAGES:
        raise WengertError(
            f"There is no language '{language}' here.", f"  --lang {language}", f"Choose one of {', '.join(LANGUAGES)}."
        )
    if language == LANGUAGES[0]:
        return Catalogue({})
    return Catalogue(json.loads(files("wengert.languages").joinpath(f"{language}.json").read_text(encoding="utf-8")))
