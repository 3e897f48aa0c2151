"""A piece of a document as lines that are read one by one, so that what cannot be read in one does not hide the others.

It knows where a line ends and whether the next goes on with it; it must not know what the signs mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wengert.notation.latex_commands import WRAPPERS
from wengert.notation.reader import Piece

ARRANGING = "|".join(re.escape(name) for name in sorted(WRAPPERS, key=len, reverse=True))
WRAPPER = re.compile(
    rf"(?:\\left\s*\\?[{{.]\s*)?\\begin\s*\{{(?:{ARRANGING})\}}(?:\[[a-z]\])?(?:\{{[\d.]+\}})?"
    rf"|\\end\s*\{{(?:{ARRANGING})\}}(?:\s*\\right\s*\\?[}}.])?"
)
"""Where an environment that only arranges equations begins or ends."""
SIGN = re.compile(r"\\(?P<side>begin|end)\s*\{|(?P<row>\\\\)\*?(?:\[[^\]\n]*\])?|%[^\n]*|\\.", re.DOTALL)
"""What matters for where a row ends; other commands and comments are stepped over."""
BLANK = r"(?:\s|&|\\[,;:! ]|\\q?quad\b|\{\})*"
GOES_ON = re.compile(rf"{BLANK}(?:[-+*/·∘⊙×−]|\\(?:cdot|odot|times|circ|pm)\b)")
"""How a line begins that may only go on with the one before."""
OPEN_END = re.compile(rf"(?:[-+*/·∘⊙×−=]|\\(?:cdot|odot|times|circ)){BLANK}$")
END = 200
"""So many signs at the end of a line tell whether it is complete."""
RELATION = re.compile(r"[=∈←]|\\(?:in|leftarrow|triangleq|coloneqq|gets)\b")


def separate_lines(piece: Piece) -> Iterator[Piece]:
    """The equations of a piece, each with the lines that go on with it."""
    latex = piece.syntax == "latex"
    text = WRAPPER.sub(lambda found: " " * len(found.group()), piece.text) if latex else piece.text
    ends = [
        *(_row_ends(text) if latex else ((k + 1, k + 1) for k, c in enumerate(text) if c == "\n")),
        (len(text),) * 2,
    ]
    start = 0
    for (end, behind), (following, _) in zip(ends, [*ends[1:], ends[-1]], strict=True):
        if end < len(text) and _goes_on(text[start:end], text[behind:following]):
            continue
        if text[start:end].strip():
            places = None if piece.places is None else piece.places[start : end + 1]
            yield Piece(text[start:end], piece.span(start, start).start, piece.syntax, places)
        start = behind


def _row_ends(text: str) -> Iterator[tuple[int, int]]:
    """Where the \\\\ between two rows begin and end, those inside of cases and matrices left out."""
    depth = 0
    for sign in SIGN.finditer(text):
        if sign["side"] is not None:
            depth = max(depth + (1 if sign["side"] == "begin" else -1), 0)
        elif sign["row"] is not None and not depth:
            yield sign.span()


def _goes_on(before: str, after: str) -> bool:
    """Whether a line only goes on with the one before it: x = a, then + b."""
    if OPEN_END.search(before[-END:]) is not None:
        return True
    return GOES_ON.match(after) is not None and RELATION.search(after) is None
