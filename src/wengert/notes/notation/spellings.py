"""How letters are spelled: in which fonts, 𝓛 beside L, and Z_nu that has two index letters and no ν."""

from __future__ import annotations

import unicodedata
from collections import defaultdict

from wengert.notes.notation.occurrences import Occurrences
from wengert.notes.notation.scripts import is_roman, list_letters
from wengert.notes.notation.symbols import Symbols

SHORT_GREEK = {"μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi"}
"""The Greek letters whose names could be two index letters."""


def fonts_of(facts: Occurrences) -> dict[str, str]:
    """How letters and name subscripts were spelled in LaTeX, where that is not the plain spelling."""
    fonts: dict[str, str] = {}
    for occurrence in facts.occurrences:
        if occurrence.token.font.startswith("\\"):
            fonts.setdefault(occurrence.base, occurrence.token.font)
        for token in occurrence.subscript or []:
            if is_roman(token):
                fonts.setdefault("_" + token.text, token.font)
    return fonts


def tell_fonts_apart(facts: Occurrences, context: Symbols) -> None:
    """Where a letter is defined both plain and in script (L and 𝓛), the one in script becomes a letter of its own."""
    spellings: dict[str, set[str]] = defaultdict(set)
    for left in facts.lefts.values():
        if left.subscript is None and not left.token.bars:
            spellings[left.base].add(left.token.font)
    for occurrence in facts.occurrences:
        font = occurrence.token.font
        script = _script_letter(occurrence.base, font)
        if script and (len(spellings[occurrence.base]) > 1 or script in context.names):
            occurrence.token.text = script


def tell_letters_from_greek(facts: Occurrences, context: Symbols) -> None:
    """Z_nu, where n and u are index letters and ν is nothing: two letters, which spell the name of a Greek one."""
    lefts = [o for n, o in (facts.denominators | facts.lefts).items() if o.subscript is not None]
    letters = facts.bound | context.letters | {c for o in lefts for c in list_letters(o.subscript or [])}
    for occurrence in facts.occurrences:
        content = occurrence.subscript or []
        if len(content) != 1 or content[0].text not in SHORT_GREEK or content[0].span.end - content[0].span.start != 2:
            continue
        greek, word = content[0].text, SHORT_GREEK[content[0].text]
        known = greek in facts.bound | context.letters | context.names
        if not known and set(word) <= letters:
            content[0].text = word


def _script_letter(base: str, font: str) -> str:
    if not font.startswith(("\\mathcal", "\\mathscr")) or len(base) != 1 or not base.isascii():
        return ""
    for name in (f"SCRIPT CAPITAL {base.upper()}", f"MATHEMATICAL SCRIPT CAPITAL {base.upper()}"):
        try:
            return unicodedata.lookup(name)
        except KeyError:
            continue  # the few script letters outside the mathematical block have the first name, the others the second
    return ""
