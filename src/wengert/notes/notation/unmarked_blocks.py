"""Fenced blocks without a language: equations and the words between them, or a program, a drawing, the output of a command.

It looks at one block as text and must not know tokens.
"""

from __future__ import annotations

import re

from wengert.notes.notation.chunks import KEYWORDS
from wengert.notes.notation.prose import DEFINING_SIGN, OPERATOR, is_prose, without_lead
from wengert.regex import regex

CODE = regex(
    r"""^\s*(?:def|class|import|from\s+\w+\s+import|return|print|const|var|int|float|double|auto|void|function|fn|pub)\b
    | ^\s*(?:for|while|if|elif|else|with|try)\b.*[:{]\s*$ | \bfor\s+\w+\s+in\s
    | ^\s*(?:>>>|\$\s|%\s|//|/\*) | [;{}]\s*$ | ["`] | \*\* | == | != | \+\+ | && | \|\|\s*\w+\s*\|\|\s*\w | :: | :=
    | \s@\s | \w\.[A-Za-z_]\w*\s*\( | \w\.T\b | \w\[[^\]]*:[^\]]*\] | <-- | --> | [│┌└├─]""",
    re.VERBOSE,
)
"""Signs of a program, of a prompt or of a drawing."""
LATEX = regex(r"\\[A-Za-z]+")
WORDS = regex(r"[^\W\d_]+(?:[\s,'’-]+[^\W\d_]+)*\s*[.:,]?")
RULE = regex(r"[-=~_*]{3,}")
APPLIED = regex(r"[^\W\d_]\w*\s*\(|[^\W\d_]\w*\s+[^\W\d_]")
"""A function of something, or two factors side by side."""


def holds_equations(text: str) -> bool:
    """Whether a block without a language says equations: all its lines are equations, what goes on with one, or words, and one computes."""
    lines = [line.split("#")[0].strip() for line in text.splitlines()]
    lines = [line for line in lines if line]
    if LATEX.search(text):
        return any("=" in line for line in lines) and not any(CODE.search(LATEX.sub(" ", line)) for line in lines)
    if any(CODE.search(line) for line in lines) or not all(map(_belongs, lines)):
        return False
    return any(_computes(line) for line in lines)


def _belongs(line: str) -> bool:
    """Whether a line may stand among equations."""
    if WORDS.fullmatch(line) or RULE.fullmatch(line) or is_prose(line) or line.split()[0] in KEYWORDS:
        return True
    return DEFINING_SIGN.search(line) is not None or line[0] in "+-−·∘*/="


def _computes(line: str) -> bool:
    """Whether a line says what a name is in terms of others: z = w x + b, not loss = 0.25."""
    left, sign, right = without_lead(line).partition("=")
    letters = re.search(r"[^\W\d_]", right) is not None
    return bool(sign and left.strip() and letters) and bool(OPERATOR.search(right) or APPLIED.search(right))
