"""Regular expressions that are compiled where they are first used."""

from __future__ import annotations

import re

import pytest

from wengert.regex import regex


def test_nothing_is_compiled_before_it_is_asked_for_and_once_then(monkeypatch):
    compiled, made = re.compile, list[str]()
    monkeypatch.setattr(re, "compile", lambda text, flags=0: made.append(text) or compiled(text, flags))
    words = regex(r"(?P<word>[a-z]+)", re.IGNORECASE)
    assert (words.pattern, made) == (r"(?P<word>[a-z]+)", [])
    assert [words.findall("Ab c"), words.sub("-", "Ab c"), words.groupindex["word"]] == [["Ab", "c"], "- -", 1]
    assert made == [words.pattern]


def test_an_error_in_the_text_is_said_at_the_first_use():
    broken = regex("(")
    with pytest.raises(re.error):
        broken.search("")
