"""Rows of a block, and the sides of a row, by their text alone: for what the tokenizers cannot cut into signs.

It knows where a row ends and whether the next goes on with it; it must not know what the signs mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wengert.notes.notation.latex_commands import WRAPPERS
from wengert.notes.reading.normal import Notation
from wengert.regex import regex

ARRANGING = "|".join(re.escape(name) for name in sorted(WRAPPERS, key=len, reverse=True))
WRAPPER = regex(
    rf"(?:\\left\s*\\?[{{.]\s*)?\\begin\s*\{{(?:{ARRANGING})\}}(?:\[[a-z]\])?(?:\{{[\d.]+\}})?"
    rf"|\\end\s*\{{(?:{ARRANGING})\}}(?:\s*\\right\s*\\?[}}.])?"
)
"""Where an environment that only arranges equations begins or ends."""
SIGN = regex(r"\\(?P<side>begin|end)\s*\{|(?P<row>\\\\)\*?(?:\[[^\]\n]*\])?|%[^\n]*|\\.", re.DOTALL)
"""What matters for where a row ends; other commands and comments are stepped over."""
BLANK = r"(?:\s|&|\\[,;:! ]|\\q?quad\b|\{\})*"
GOES_ON = regex(rf"{BLANK}(?:[-+*/·∘⊙×−]|\\(?:cdot|odot|times|circ|pm)\b)")
"""How a line begins that may only go on with the one before."""
OPEN_END = regex(rf"(?:[-+*/·∘⊙×−=]|\\(?:cdot|odot|times|circ)){BLANK}$")
END = 200
"""So many signs at the end of a line tell whether it is complete."""
RELATION = regex(
    r"(?<!\\)(?::=|\+=|==|=|≈|∈|←|≜|≔)|\\(?:in|leftarrow|gets|triangleq|coloneqq|approx|simeq|equiv|doteq|propto)(?![A-Za-z])"
)
WALK = regex(
    rf"(?P<open>[{{(\[]|\\\{{|\\begin\s*\{{\w+\*?\}})|(?P<close>[}})\]]|\\\}}|\\end\s*\{{\w+\*?\}})"
    rf"|(?P<part>\\q?quad\b|\\(?:[Rr]ightarrow|Longrightarrow|implies|iff|to)(?![A-Za-z])|→|⇒|⇔|;)|(?P<sign>{RELATION.pattern})|\\[A-Za-z]+|\\.",
    re.DOTALL,
)
Part = tuple[int, int]


def rows(text: str, notation: Notation) -> Iterator[Part]:
    """Where the rows of a block begin and end, each with the lines that go on with it."""
    latex = notation == "latex"
    if latex:
        text = WRAPPER.sub(lambda found: " " * len(found.group()), text)
    ends = [
        *(_row_ends(text) if latex else ((k + 1, k + 1) for k, c in enumerate(text) if c == "\n")),
        (len(text),) * 2,
    ]
    start = 0
    for (end, behind), (following, _) in zip(ends, [*ends[1:], ends[-1]], strict=True):
        if end < len(text) and _goes_on(text, start, end, behind, following):
            continue
        if text[start:end].strip():
            yield start, end
        start = behind


def _row_ends(text: str) -> Iterator[Part]:
    """Where the \\\\ between two rows begin and end, those inside of cases and matrices left out."""
    depth = 0
    for sign in SIGN.finditer(text):
        if sign["side"] is not None:
            depth = max(depth + (1 if sign["side"] == "begin" else -1), 0)
        elif sign["row"] is not None and not depth:
            yield sign.span()


def _goes_on(text: str, start: int, end: int, behind: int, following: int) -> bool:
    """Whether a line only goes on with the one before it: x = a, then + b."""
    if OPEN_END.search(text[max(start, end - END) : end]) is not None:
        return True
    return GOES_ON.match(text, behind, following) is not None and RELATION.search(text, behind, following) is None


def without_wrappers(text: str) -> str:
    """LaTeX with blanks for what only arranges equations."""
    return WRAPPER.sub(lambda found: " " * len(found.group()), text).replace("&", " ")


def sides_of_text(text: str) -> Iterator[tuple[list[Part], list[str]]]:
    """The chains of a row: the sides of each and the relations between them, as they are typed."""
    spans: list[Part] = []
    signs: list[str] = []
    depth = start = 0
    for found in WALK.finditer(text):
        if found["open"]:
            depth += 1
        elif found["close"]:
            depth = max(depth - 1, 0)
        elif depth == 0 and found["sign"]:
            spans.append((start, found.start()))
            signs.append(found["sign"])
            start = found.end()
        elif depth == 0 and found["part"]:
            if signs and text[start : found.start()].strip():
                yield [*spans, (start, found.start())], signs
            spans, signs, start = [], [], found.end()
    if text[start:].strip() or signs:
        yield [*spans, (start, len(text))], signs
