"""Documents: which parts of a Markdown, LaTeX or plain text file are equations, and where they stand in it.

Display mathematics is the system; inline mathematics ($…$) and everything else is prose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wengert.errors import EquationError
from wengert.notation.expr import Span
from wengert.notation.latex_commands import WRAPPERS
from wengert.notation.listings import without_code
from wengert.notation.macros import Expanded, expand
from wengert.notation.prose import is_prose, without_lead
from wengert.notation.reader import Piece, Reading, guess_syntax, read
from wengert.notation.symbols import Symbols
from wengert.notation.tokens import Source
from wengert.notation.unmarked_blocks import holds_equations

MAX_DOCUMENT = 1024 * 1024

FENCE = re.compile(
    r"^ {0,3}(`{3,}|~{3,})[ \t]*([\w+-]*)[^\n]*\n(.*?)(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL
)
FENCE_SYNTAX = {
    "math": "latex",
    "latex": "latex",
    "tex": "latex",
    "text": "text",
    "equations": "text",
    "wengert": "text",
}
ENVIRONMENTS = "|".join(
    sorted((re.escape(name) for name in WRAPPERS - {"document", "math", "split"}), key=len, reverse=True)
)
OPENING = re.compile(rf"(?<!\\)(?:\$\$|\\\[(?!\d)|\\begin\{{(?P<name>{ENVIRONMENTS})\}})")
INLINE = re.compile(r"(?<![\\$])\$(?P<dollars>[^$\n]+(?:\n[^$\n]+)?)\$(?!\$)|\\\((?P<brackets>[^\n]+?)\\\)")
DOLLARS = re.compile(r"(?<!\\)\$\$")
BLANK_LINE = re.compile(r"\n[ \t]*\n")
COMMENT = re.compile(r"(?<!\\)%[^\n]*")
COMMENT_LINE = re.compile(r"^[ \t]*%[^\n]*", re.MULTILINE)
LATEX_FILE = re.compile(r"\\documentclass|\\begin\{document\}")
QUOTED = {"<!--": "-->"} | {
    rf"\begin{{{name}}}": rf"\end{{{name}}}" for name in ("verbatim", "Verbatim", "lstlisting", "minted", "comment")
}
"""Where text begins and ends that is quoted or left out."""
CODE = re.compile(r"`[^`\n]+`")


def pieces(text: str, faults: list[EquationError] | None = None) -> tuple[Piece, ...]:
    """The equations of a document: fenced blocks (text, math, latex, or equations without a language), $$…$$, \\[…\\] and display environments.

    If there is none of these, a text with LaTeX commands is LaTeX mathematics as a whole, and a plain text gives its lines without
    the sentences between them. A display that is not closed ends at the next blank line if `faults` is given, to which the error is
    added. Raises EquationError for a display that is not closed otherwise, and for a document that is too long.
    """
    if len(text) > MAX_DOCUMENT:
        raise EquationError(
            f"The document has {len(text):,} characters; documents of more than {MAX_DOCUMENT:,} are not read.",
            "  " + " ".join(text[:60].split()) + "…",
            "Give the part with the equations.",
        )
    expanded = expand(without_code(text))
    body = _without_quotes(expanded.text)
    found: list[Piece] = []
    fenced = False
    for fence in FENCE.finditer(body):
        fenced = True
        language, block = fence.group(2).lower(), fence.group(3)
        syntax = FENCE_SYNTAX.get(language)
        if not language and holds_equations(block):
            syntax = guess_syntax(block)
        if syntax:
            found.append(_piece(expanded, fence.start(3), fence.end(3), syntax))
        body = body[: fence.start()] + " " * (fence.end() - fence.start()) + body[fence.end() :]
    found += _displays(body, expanded, text, faults)
    if found or fenced or faults:
        return tuple(sorted(found, key=lambda piece: piece.start))
    return _whole(expanded)


def inline_formulas(text: str) -> Iterator[Piece]:
    """The formulas $…$ and \\(…\\) in lines of prose."""
    expanded = expand(without_code(text))
    body = _without_quotes(expanded.text)
    body = FENCE.sub(lambda fence: " " * len(fence.group()), body)
    for formula in INLINE.finditer(body):
        yield _piece(expanded, *formula.span(formula.lastgroup or 0), "latex")


def unread_blocks(text: str) -> Iterator[Span]:
    """The first lines of fenced blocks without a language that are not read although an equals sign stands in them."""
    for fence in FENCE.finditer(text):
        if not fence.group(2) and "=" in fence.group(3) and not holds_equations(fence.group(3)):
            yield Span(fence.start(3), fence.start(3) + len(fence.group(3).split("\n", 1)[0]))


def _piece(expanded: Expanded, start: int, end: int, syntax: str) -> Piece:
    """A part of a document whose macros are expanded."""
    text = expanded.text[start:end]
    if syntax == "text":
        text = "".join(map(without_lead, text.splitlines(keepends=True)))
    places = None if expanded.places is None else expanded.places[start : end + 1]
    return Piece(text, expanded.place(start), syntax, places)


def _without_quotes(text: str) -> str:
    """The text with blanks for what is quoted or left out in it: LaTeX comments, verbatim, HTML comments, code with signs of displays."""
    comment = COMMENT if LATEX_FILE.search(text) else COMMENT_LINE
    text = comment.sub(lambda found: " " * len(found.group()), text)
    for opening, closing in QUOTED.items():
        start = text.find(opening)
        while start >= 0 and (end := text.find(closing, start)) >= 0:
            end += len(closing)
            text = text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]
            start = text.find(opening, end)

    def without_code(found: re.Match[str]) -> str:
        code = found.group()
        return " " * len(code) if "$$" in code or "\\[" in code or "\\begin" in code else code

    return CODE.sub(without_code, text)


def read_document(text: str, context: Symbols | None = None) -> Reading:
    """All equations of a document as one system."""
    return read(pieces(text), context=context, source=text)


def _displays(body: str, expanded: Expanded, text: str, faults: list[EquationError] | None) -> list[Piece]:
    """Display mathematics of a text whose fenced blocks are blanked out."""
    found: list[Piece] = []
    odd = len(DOLLARS.findall(body)) % 2 == 1
    at = 0
    while (opening := OPENING.search(body, at)) is not None:
        sign = opening.group()
        name = opening.group("name")
        closing = "$$" if sign == "$$" else r"\]" if name is None else rf"\end{{{name}}}"
        end = body.find(closing, opening.end())
        doubtful = faults is not None and (end < 0 or (odd and sign == "$$"))
        blank = BLANK_LINE.search(body, opening.end()) if doubtful else None
        if blank is not None and blank.start() < end:
            end = -1
        if end < 0:
            error = Source(text).error(
                f"This display formula '{sign}' is not closed.",
                Span(expanded.place(opening.start()), expanded.place(opening.end() - 1) + 1),
                f"Write '{closing}' after it.",
            )
            if faults is None:
                raise error
            faults.append(error)
            at = len(body) if blank is None else blank.end()
            continue
        if name is None:
            found.append(_piece(expanded, opening.end(), end, "latex"))
        else:
            found.append(_piece(expanded, opening.start(), end + len(closing), "latex"))
        at = end + len(closing)
    return [piece for piece in found if COMMENT.sub("", piece.text).strip()]


def _whole(expanded: Expanded) -> tuple[Piece, ...]:
    """A text without display mathematics: all of it, or its lines that are no sentences."""
    text = expanded.text
    if guess_syntax(text) == "latex":
        return (_piece(expanded, 0, len(text), "latex"),)
    runs: list[Piece] = []
    at = start = 0
    for line in text.splitlines(keepends=True):
        if is_prose(line):
            runs.append(_piece(expanded, start, at, "text"))
            start = at + len(line)
        at += len(line)
    runs.append(_piece(expanded, start, len(text), "text"))
    return tuple(piece for piece in runs if piece.text.strip()) or (_piece(expanded, 0, len(text), "text"),)
