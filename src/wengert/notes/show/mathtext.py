"""One line of mathematics as pieces of text: italic letters, upright words, raised and lowered scripts, bars.

The widths are those of Times; layout adds some room, so that what is drawn stays in its box with other fonts too.
It knows the canonical spelling of names (w⁽¹⁾_ij, L_reg), not quantities.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from wengert.notes.notation.names import LOWERED, RAISED

SCRIPT = 0.7
"""Size of a script relative to its line."""
RAISE, LOWER = 0.42, -0.24
"""Baselines of superscripts and subscripts, in units of the line's size."""

UPRIGHT = "ℝℤΣ∏𝟏"
BARS = frozenset("\u0304\u0305")

_ITALIC = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (500, 500, 444, 500, 444, 278, 500, 500, 278, 278, 444, 278, 722, 500, 500, 500, 500, 389, 389, 278, 500, 444, 667, 444, 444, 389)
        + (611, 611, 667, 722, 611, 611, 722, 722, 333, 444, 667, 556, 833, 667, 722, 611, 722, 611, 500, 556, 722, 611, 833, 611, 556, 556),
        strict=True,
    )
)  # fmt: skip
_UPRIGHT = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (444, 500, 444, 500, 444, 333, 500, 500, 278, 278, 500, 278, 778, 500, 500, 500, 500, 333, 389, 278, 500, 500, 722, 500, 500, 444)
        + (722, 667, 667, 722, 611, 556, 722, 722, 333, 389, 722, 611, 889, 722, 722, 556, 722, 667, 556, 611, 722, 722, 944, 722, 722, 611),
        strict=True,
    )
)  # fmt: skip
_SIGNS = dict.fromkeys("0123456789∂", 500) | dict.fromkeys("+−=<>≤≥≠∘⊙×", 580) | dict.fromkeys("()[]{}‖", 333)
_SIGNS |= dict.fromkeys(" .,·;:/|′", 265) | dict.fromkeys("Σ∏ℝℤ", 740) | dict.fromkeys("𝟏→", 1000)
"""Widths in thousandths of an em. Source: the font metrics (AFM) of Times-Roman and Times-Italic."""

SAFETY = 1.08
"""Layout reckons with letters that are wider than those of Times by this factor."""


@dataclass(frozen=True)
class StyledText:
    """Text in one style; `size` and `shift` are in units of the line's size, `back` says how far to step back before it.

    `barred` draws a bar over it. A bar is a drawn line, not a combining mark: set by a font, h with a macron looks like ħ.
    """

    text: str
    italic: bool = False
    size: float = 1.0
    shift: float = 0.0
    back: float = 0.0
    barred: bool = False

    @property
    def width(self) -> float:
        """The width in units of the line's size, as Times has it."""
        return self.size * sum(letter_width(letter, self.italic) for letter in self.text)

    @property
    def top(self) -> float:
        """How high the letters and the bar reach over the line's baseline, in units of its size."""
        return self.shift + self.size * (self.height + (0.2 if self.barred else 0.0))

    @property
    def height(self) -> float:
        """How high the letters reach, in em of the piece itself."""
        small = all(c in "acegmnopqrsuvwxyzαγεηικμνοπρστυχω" for c in self.text)
        return 0.47 if small else 0.7


def letter_width(letter: str, italic: bool = False) -> float:
    """The width of a letter in em; 0 for a combining mark."""
    if unicodedata.combining(letter):
        return 0.0
    wide = 1000 if unicodedata.east_asian_width(letter) in "WF" else 720 if letter.isupper() else 550
    return ((_ITALIC if italic else _UPRIGHT).get(letter) or _SIGNS.get(letter, wide)) / 1000


def width(pieces: Collection[StyledText]) -> float:
    """How far a line may reach, in units of its size."""
    reach = at = 0.0
    for piece in pieces:
        at += piece.width - piece.back
        reach = max(reach, at)
    return reach * SAFETY


def pieces(text: str, words: Collection[str] = ()) -> tuple[StyledText, ...]:
    """The pieces of a line in the one-line Unicode notation; subscripts in `words` are names (reg) and stand upright.

    A subscript directly after a superscript stands below it.
    """
    out: list[StyledText] = []
    raised = 0.0
    for kind, part in _scan(unicodedata.normalize("NFD", text).replace("'", "′")):
        if kind == "line":
            out += _runs(part)
            raised = 0.0
        elif kind == "up":
            script = [replace(p, size=SCRIPT, shift=RAISE, italic=p.italic and p.text != "T") for p in _runs(part)]
            out += script
            raised = sum(p.width for p in script)
        else:
            upright = part in words and len(part) > 1
            runs = [StyledText(_composed(part), not upright)] if part.isalpha() else _runs(part)
            script = [replace(p, size=SCRIPT, shift=LOWER) for p in runs]
            out.append(StyledText("", back=raised))
            out += script
            out.append(StyledText("", back=min(0.0, sum(p.width for p in script) - raised)))
            raised = 0.0
    return tuple(piece for piece in out if piece.text or piece.back)


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _scan(text: str) -> Iterator[tuple[str, str]]:
    """("line" | "up" | "down", text): scripts in Unicode signs and after _ or ^, brackets around them dropped."""
    line, at = "", 0
    while at < len(text):
        sign = text[at]
        if sign in "_^" and at + 1 < len(text):
            if line:
                yield "line", line
            line = ""
            at, part = _script(text, at + 1)
            yield ("down" if sign == "_" else "up"), part
            continue
        table = RAISED if sign in RAISED or sign in "⁽⁾" else LOWERED if sign in LOWERED else None
        if table is None:
            line += sign
            at += 1
            continue
        if line:
            yield "line", line
        line, start = "", at
        extra = {"⁽": "(", "⁾": ")"} if table is RAISED else {}
        while at < len(text) and (text[at] in table or text[at] in extra):
            at += 1
        yield ("up" if table is RAISED else "down"), "".join(table.get(c) or extra.get(c, c) for c in text[start:at])
    if line:
        yield "line", line


def _script(text: str, at: int) -> tuple[int, str]:
    """The script that begins at a place, and the place after it."""
    if text[at] in "{(":
        end = text.find("}" if text[at] == "{" else ")", at)
        end = len(text) if end < 0 else end
        return end + 1, text[at + 1 : end]
    end = at
    while end < len(text) and (text[end].isalnum() or unicodedata.combining(text[end])) and text[end] not in RAISED:
        end += 1
    return max(end, at + 1), text[at : max(end, at + 1)]


def _runs(text: str) -> list[StyledText]:
    """Runs of one style: single letters are italic, words, digits and signs upright, barred letters for themselves."""
    out: list[StyledText] = []
    for (letter, barred), group in groupby(_clusters(text), key=lambda c: (c[0].isalpha(), not BARS.isdisjoint(c))):
        run = ["".join(sign for sign in cluster if sign not in BARS) for cluster in group]
        out.append(
            StyledText(_composed("".join(run)), letter and len(run) == 1 and run[0] not in UPRIGHT, barred=barred)
        )
    return out


def _clusters(text: str) -> list[str]:
    """Each character with the combining marks over it."""
    out: list[str] = []
    for sign in text:
        if out and unicodedata.combining(sign):
            out[-1] += sign
        else:
            out.append(sign)
    return out
