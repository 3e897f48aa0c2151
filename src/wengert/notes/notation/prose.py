"""What in a line of plain text is no mathematics: sentences, headings, and the bullet, number or words before an equation.

It looks at one line as text and must not know tokens.
"""

from __future__ import annotations

import re

from wengert.notes.notation.chunks import KEYWORDS
from wengert.notes.notation.names import GREEK
from wengert.notes.notation.symbols import FUNCTIONS, OTHER_SPELLINGS, words
from wengert.regex import regex

WORDS = regex(r"[^\W\d_]{2,}")
PLAIN_WORD = regex(r"[^\W\d_]{3,}(?![\w^(\[])")
EQUATION_SIGN = regex(r"[=∈≜:{}]|\b(otherwise|if|params|data|assume|implicit)\b")
DEFINING_SIGN = regex(r"[=∈≜≡≔←]|\b(otherwise|if)\b")
OPERATOR = regex(r"[+*/^·∘⊙Σ∑√∂∇_²ᵀ]|\s[-−]\s")

MAX_LEAD = 200
"""So far words before an equation are looked for."""
LEAD = regex(
    r"\s*(?:[>•‣▪●◦–—*-]\s+|\(\d+[a-z]?\)\s*|\d+[.)]\s+|\([a-z]\)\s+|[a-z]\)\s+|(?:step|eq\.?|equation|line)\s*\(?\d+\)?\s*[.:]?\s+)",
    re.IGNORECASE,
)
"""A bullet or a number before what a line says."""
LABEL = regex(r"\s*[^\W\d_][^=:(){}\[\]]*[^\W\d_]{2,}[^=:(){}\[\]]*:\s+")
"""Words and a colon before an equation: 'hidden layer: '."""
CONNECTING = frozenset(
    words(
        "where with and so then thus hence therefore let now since because we get have obtain find also that is finally first next gives "
        "yields which define set put as follows from this it to i"
    )
)
LINKING = frozenset(words("of the an for over with are by each from its this that per to in on at and or as into is"))
"""Words between words; none of them is a letter or a name of mathematics."""
CONNECTED = regex(r"\s*(?:[^\W\d_]+,?\s+)+(?=\S+\s*=)")


def is_prose(line: str) -> bool:
    """Whether a line is a heading or a sentence: words, and no sign of an equation."""
    bare = line.split("#")[0]
    if (EQUATION_SIGN.search(bare) is None and len(WORDS.findall(bare)) >= 4) or begins_as_sentence(bare):
        return True
    return DEFINING_SIGN.search(bare) is None and OPERATOR.search(bare) is None and _is_sentence(bare)


def begins_as_sentence(line: str) -> bool:
    """Whether words stand before an equation that is named in a sentence: 'Backward of y = softmax(z) over a row'."""
    before, sign, _ = without_lead(line).partition("=")
    said = re.findall(r"[^\W\d_]+", before)
    return (
        bool(sign)
        and len(said) > 2
        and not before.rstrip().endswith((")", "]", "}"))
        and any(word in LINKING for word in said[1:-1])
    )


def _is_sentence(line: str) -> bool:
    words = PLAIN_WORD.findall(line)
    first = line.split()[0].strip(":,").lower() if line.split() else ""
    known = FUNCTIONS.keys() | OTHER_SPELLINGS.keys() | GREEK.keys() | KEYWORDS.keys()
    return len([word for word in words if word not in known]) >= 2 and first not in KEYWORDS and "function" not in words


def without_lead(line: str) -> str:
    """The line with blanks for a bullet, a number or words before an equation; as it is where there is no equation."""
    if "=" not in line:
        return line
    start = 0
    while (lead := LEAD.match(line, start)) is not None and lead.end() < len(line) and lead.group().strip():
        start = lead.end()
    line = " " * start + line[start:]
    for pattern in (LABEL, CONNECTED):
        lead = pattern.match(line[: start + MAX_LEAD], start)
        if lead is None:
            continue
        said = [word.lower() for word in re.findall(r"[^\W\d_]+", lead.group())]
        if said[0] in KEYWORDS or (pattern is CONNECTED and not set(said) <= CONNECTING):
            continue
        start = lead.end()
        line = " " * start + line[start:]
    return line
