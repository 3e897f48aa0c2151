"""Text with mathematics in ASCII: h̄ as hbar, Σ as sum, σ² as sigma^2, as the ASCII printer writes them, sign by sign.

It serves what is text already, the notes and lines of a report; trees are printed in ASCII by their printer.
"""

from __future__ import annotations

import re
import unicodedata

from wengert.notes.notation.names import ACCENTS, BAR, LETTER_WORDS, LOWERED, OVERLINE, RAISED
from wengert.notes.notation.unicode import ASCII_RELATIONS
from wengert.regex import regex

SIGNS = ASCII_RELATIONS | {
    "∏": "prod", "∑": "sum", "√": "sqrt", "∂": "d", "∇": "grad", "−": "-", "·": ".", "∘": ".*", "⊙": ".*",
    "×": "x", "½": "1/2", "⅓": "1/3", "¼": "1/4", "⟦": "[", "⟧": "]", "‖": "||", "…": "...", "ℝ": "R", "𝟏": "ones", "′": "'",
    "→": "->", "←": "<-", "⋆": "^*",
}  # fmt: skip
MARKS = {BAR: "bar", OVERLINE: "bar"} | {mark: word for mark, word in ACCENTS.items() if mark != BAR}
RUN = regex("⁽([^⁾]*)⁾|([" + re.escape("".join(RAISED)) + "]+)|([" + re.escape("".join(LOWERED)) + "]+)")


def in_ascii(text: str) -> str:
    """The text with the signs of mathematics in ASCII; signs of other kinds, such as those of a language, stay."""
    text = text.replace("ᵀ", "^T").replace("Σ_", "sum_").replace("Π_", "prod_")  # other Σ are names
    text = RUN.sub(_script, text)
    found = unicodedata.normalize("NFD", text)
    out = "".join(SIGNS.get(c) or MARKS.get(c) or LETTER_WORDS.get(c, c) for c in found)
    return unicodedata.normalize("NFC", out)


def _script(match: re.Match[str]) -> str:
    label, raised, lowered = match.groups()
    if label is not None:
        return f"^({''.join(RAISED.get(c, c) for c in label)})"
    return f"^{''.join(RAISED[c] for c in raised)}" if raised else f"_{''.join(LOWERED[c] for c in lowered)}"
