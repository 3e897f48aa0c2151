"""The blocks of reStructuredText: the directive math, the role :math:`…`, literal blocks, and headings by their underlines."""

from __future__ import annotations

import re
from itertools import pairwise

from wengert.notes.notation.expr import Span
from wengert.notes.notation.latex_commands import WRAPPERS
from wengert.notes.reading.blocks import MAX_INLINE, Block, Layout
from wengert.regex import regex

MARK = regex(
    r"""^(?P<indent>[ \t]*)\.\.[ \t]+(?P<directive>[\w-]+)::[ \t]*(?P<argument>[^\n]*)$
    | ^(?P<comment>[ \t]*\.\.[ \t]+(?!_|\[|\|)[^\n]*)$
    | :math:`(?P<role>[^`]+)` | (?P<literal>``[^`\n]+``) | (?P<block>::)[ \t]*$
    | ^(?P<heading>[^\s=\-~^"'.*+\#:][^\n]*)\n(?P<line>[=\-~^"'.*+\#:])(?P=line){2,}[ \t]*$""",
    re.MULTILINE | re.VERBOSE,
)
OPTION = regex(r"[ \t]*:[\w-]+:[^\n]*\n|[ \t]*\n")
CODE = frozenset(
    {"code", "code-block", "sourcecode", "literalinclude", "highlight", "testcode", "ipython", "parsed-literal"}
)
ENVIRONMENT = regex(rf"\s*\\begin\{{(?:{'|'.join(map(re.escape, WRAPPERS))})\}}")


def directive_layout(text: str) -> Layout:
    """Where the formulas and the code of a text in reStructuredText stand, and its headings."""
    out = Layout(text)
    at = 0
    while (mark := MARK.search(text, at)) is not None:
        at = mark.end()
        if mark["heading"] is not None:
            out.headings.append((mark.start(), mark["heading"].strip()))
        elif mark["role"] is not None:
            if len(mark["role"]) < MAX_INLINE:
                out.blocks.append(Block(*mark.span("role"), "inline", "latex", Span(*mark.span())))
        elif mark["literal"] is not None:
            out.blocks.append(Block(*mark.span("literal"), "code", "text", Span(*mark.span())))
        elif mark["directive"] == "math":
            at = _mathematics(text, mark, out)
        elif mark["directive"] in CODE or mark["block"] is not None or mark["comment"] is not None:
            at = _code(text, mark, out)
    return out


def _body(text: str, at: int, indent: int) -> int:
    """Where the lines that are indented by more than `indent` end."""
    end = at
    for line in re.compile(r"([ \t]*)(\S?)[^\n]*(?:\n|\Z)").finditer(text, at):
        if line[2] and len(line[1].expandtabs()) <= indent:
            break
        if line[2]:
            end = line.end()
        if line.end() >= len(text):
            break
    return end


def _mathematics(text: str, mark: re.Match[str], out: Layout) -> int:
    """A directive math: its argument, and each paragraph below it, is a formula of its own."""
    start = min(mark.end() + 1, len(text))
    end = max(_body(text, start, len(mark["indent"].expandtabs())), start)
    while (option := OPTION.match(text, start, end)) is not None:
        start = option.end()
    outer = Span(mark.start(), end)
    if mark["argument"].strip():
        out.blocks.append(Block(*mark.span("argument"), "display", "latex", Span(mark.start(), start)))
        outer = Span(start, end)
    for paragraph in _paragraphs(text, start, end):
        out.blocks.append(Block(*paragraph, "display", "latex", outer if paragraph[0] == start else Span(*paragraph)))
    return end


def _paragraphs(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The paragraphs of a directive; one environment is one paragraph, blank lines in it or not."""
    if ENVIRONMENT.match(text, start, end) is not None:
        return [(start, end)]
    edges = [start, *(gap.end() for gap in re.compile(r"\n[ \t]*\n").finditer(text, start, end)), end]
    return [(a, b) for a, b in pairwise(edges) if text[a:b].strip()]


def _code(text: str, mark: re.Match[str], out: Layout) -> int:
    """A literal block, a block of code or a comment, with what is indented below it."""
    line = (
        text[text.rfind("\n", 0, mark.start()) + 1 : mark.start()]
        if mark["block"]
        else mark["indent"] or mark["comment"] or ""
    )
    indent = len(line.expandtabs()) - len(line.expandtabs().lstrip())
    end = _body(text, min(mark.end() + 1, len(text)), indent)
    if end > mark.end() and mark["comment"] is None:
        language = mark["argument"].strip() if mark["directive"] is not None else ""
        out.blocks.append(Block(mark.end(), end, "code", "text", Span(mark.end(), end), language))
    return max(end, mark.end())
