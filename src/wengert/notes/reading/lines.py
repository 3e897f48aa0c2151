"""Formulas that no mark sets apart: lines of plain text that are formulas, and formulas within sentences.

It looks at lines as text: 'so z = w x + b, and the loss is L = z²' has two formulas. It must not know tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from wengert.notes.notation.prose import is_prose, without_lead
from wengert.notes.notation.symbols import FUNCTIONS, OTHER_SPELLINGS
from wengert.notes.notation.unmarked_blocks import CODE
from wengert.regex import regex

RELATION = regex(r"(?<![<>!=:+*/-])(?::=|[+]=|==?|≔|≈|←|≜|≡)(?![=>])")
DECLARATION = regex(
    r"(?:params?|data|functions?|constants?)\s+[^\W\d_]\w*(?:\s*,\s*[^\W\d_]\w*)*\s*$|assume\s+\S.*=|[^\W\d_][\w,\s]*(?:∈|\bin)\s*[ℝR]\b"
)
LETTERS = regex(r"[^\W\d_]+")
WORDS = frozenset(
    {
        *FUNCTIONS,
        *OTHER_SPELLINGS,
        "sum",
        "prod",
        "argmax",
        "argmin",
        "dot",
        "if",
        "otherwise",
        "else",
        "ones",
        "diag",
        "rowsum",
        "sub",
        "sup",
    }
)
"""Words that a formula may hold, the tags of HTML's scripts among them."""
BEGINNING = frozenset({"Let", "Then", "Thus", "Hence", "Where", "Since", "Dann", "Sei"})
"""Words with a capital that begin a sentence about formulas."""
LEFT = regex(
    r"(?:(?:∂|d|D)\^?\d?\s*[^\W\d]\w*(?:[_^](?:\{[^{}]*\}|\([^()]*\)|\w+))*\s*/\s*(?:∂|d)\s*)?"
    r"(?:∇[_\w]*\s*)?[-−]?[^\W\d](?:\w|[\u0300-\u036f']|[_^](?:\{[^{}\n]*\}|\([^()\n]*\))|\[[^\[\]\n]*\]|[⁰-₎ᵀ*⋆]|\([^()\n]*\)"
    r"|<su[bp]>[^<>\n]*</su[bp]>)*\s*$"
)
"""The one quantity before an equals sign: w_ij, ∂L/∂w, σ'(z), dW."""
END = regex(r"[;\0|]|[.!?](?:\s|$)|[，。；、：ぁ-ん]|:\s|,\s+(?=[^\W\d_]{2,}\s)|\s(?:#|//|--)\s|\s{3,}")
TAG = regex(
    r"</?(?!su[bp]>)[A-Za-z][^<>\n]*>|\]\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)|\{[%{:][^{}\n]*\}|https?://[^\s)]+|&\w+;"
)
"""Tags, addresses and commands of pages."""
MAX_LINE = 2000
"""Longer lines hold no formulas that no mark sets apart."""

Part = tuple[int, int]


def unmarked(text: str, *, plain: bool = False, hashes: bool = False) -> Iterator[tuple[Part, bool]]:
    """The parts of a text outside of all marks that are formulas, each with whether it stands within a sentence.

    In plain text all lines are formulas that are no sentences; elsewhere a line with a word is a sentence. What stands
    behind # is a remark or a heading; with `hashes`, where a text has nothing else, it is read.
    """
    text = TAG.sub(lambda found: "\0" * len(found.group()), text)
    run: Part | None = None
    for start, line in _lines(text, hashes=hashes):
        kind = _kind(line, plain=plain)
        if kind == "formula" or (run is not None and kind == "more"):
            run = (run[0] if run is not None else start, start + len(line))
            continue
        if run is not None:
            yield run, False
            run = None
        if kind == "table":
            yield from (((start + a, start + b), False) for a, b in _cells(line))
        elif kind == "sentence":
            yield from (((start + a, start + b), True) for a, b in formulas_within(line))
    if run is not None:
        yield run, False


def _lines(text: str, *, hashes: bool) -> Iterator[tuple[int, str]]:
    """The lines with their places; of one that begins with # what stands behind that, or nothing."""
    at = 0
    for line in text.splitlines(keepends=True):
        bare = line.lstrip(" \t")
        if not bare.startswith("#"):
            yield at, line
        else:
            yield at, ""  # the line before goes on with nothing
            said = bare.lstrip("# \t") if hashes else ""
            yield at + len(line) - len(said), said
        at += len(line)


def _kind(line: str, *, plain: bool) -> str:
    """What a line is: a formula, what may go on with one, a row of a table, a sentence with a relation, or nothing of these."""
    bare = line.strip(" \t\r\n>")
    if not bare:
        return "more" if plain and line else ""
    if plain and "\0" not in bare and not is_prose(line) and not BEGINNING & set(LETTERS.findall(bare)):
        return "formula"
    if len(line) > MAX_LINE:
        return ""
    related = RELATION.search(bare) is not None
    if "\0" in bare:
        return "sentence" if related else ""
    if bare.startswith("|") and bare.endswith("|") and bare.count("|") > 2:
        return "table" if related else ""
    if is_formula_line(bare):
        return "formula"
    if not related:
        return "more" if bare[0] in "+-−·∘*/=" and not is_prose(bare) and not _words(bare) else ""
    return "sentence"


def is_formula_line(line: str) -> bool:
    """Whether a line is a formula or a declaration as a whole, but for a bullet, a number or connecting words before it."""
    if DECLARATION.match(line) is not None:
        return True
    if RELATION.search(line) is None or is_prose(line):
        return False
    said = without_lead(line).split("#")[0]
    if CODE.search(said.replace("**", "^").replace(".T", "")) is not None:
        return False
    return _words(re.split(r"\s{2,}", said.strip())[0].partition("=")[2]) == 0


def _words(text: str) -> int:
    """How many words of prose stand in a text: three letters or more that are no function, with blanks around them."""
    found = re.findall(r"(?<![\w^{(\[])[^\W\d_]{3,}(?![\w({\[^])", text)
    return sum(word not in WORDS and (word.islower() or word in BEGINNING) for word in found)


def _cells(row: str) -> Iterator[Part]:
    """The cells of a row of a table that hold an equation."""
    edges = [found.start() for found in re.finditer(r"(?<!\\)\|", row)]
    for a, b in pairwise(edges):
        cell = row[a + 1 : b]
        if RELATION.search(cell) is not None:
            if is_formula_line(cell.strip()):
                yield a + 1, b
            else:
                yield from ((a + 1 + start, a + 1 + end) for start, end in formulas_within(cell))


def formulas_within(line: str) -> Iterator[Part]:
    """The formulas in a sentence: one quantity, a relation, and what follows up to a word of the sentence."""
    at = 0
    while (sign := RELATION.search(line, at)) is not None:
        left = LEFT.search(line, max(at, sign.start() - 80), sign.start())
        at = sign.end()
        if left is None or not _is_quantity(left.group()):
            continue
        end = _end(line, sign.end())
        right = line[sign.end() : end].strip()
        if right and right[0] not in "\"'“‘<`":
            yield left.start(), end
        at = max(end, sign.end())


def _is_quantity(left: str) -> bool:
    """Whether the left side may be a quantity: a letter with scripts or a short word, no long word of a sentence."""
    word = LETTERS.search(left)
    return word is not None and len(left.strip()) < 60


def _end(line: str, at: int) -> int:
    """Where the right side of a formula in a sentence ends: before a word of the sentence, a full stop, a comma and a word."""
    stop = END.search(line, at)
    end = stop.start() if stop is not None else len(line)
    for word in re.compile(r"(?<![\w^{(\[/])[^\W\d_]{2,}(?![\w({\[^'])").finditer(line, at, end):
        before = line[at : word.start()].rstrip()
        said = word.group() not in WORDS and (
            len(word.group()) > 2 or word.group() in ("is", "we", "so", "in", "of", "as", "to", "or")
        )
        if said and word.group().islower() and before and before[-1:] not in "+-−*/·∘=(@":
            return word.start()
    return end
