"""Macros of a LaTeX document: \\newcommand, \\def, \\DeclareMathOperator and their kin, expanded with places in the text as it was written.

A macro is expanded wherever the document calls it, before anything else looks at the text; it must not know what a formula means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from wengert.notes.notation.expr import Span
from wengert.notes.notation.tokens import Source
from wengert.regex import regex

MAX_DEPTH = 20
MAX_EXPANDED = 256 * 1024
MAX_ARGUMENT = 1000

DEFINING = regex(
    r"\\(?P<by>(?:re)?newcommand|providecommand|DeclareRobustCommand|DeclareMathOperator|DeclarePairedDelimiter|NewDocumentCommand|[gex]?def|let)(?![A-Za-z])"
)
NAME = regex(r"\s*(?:\{\s*\\(?P<braced>[A-Za-z]+|.)\s*\}|\\(?P<bare>[A-Za-z]+))")
COUNT = regex(r"\s*\[\s*(\d)\s*\]")
PARAMETERS = regex(r"\s*((?:#\d)*)\s*(?=\{)")
CALL = regex(r"\\([A-Za-z]+|.)", re.DOTALL)


@dataclass(frozen=True)
class Macro:
    """What a command stands for: its body with #1 … #9, how many arguments it takes, and the first one if that may be left out."""

    body: str
    arguments: int = 0
    optional: str | None = None
    starred: bool = False
    """Whether a star or a size in square brackets may follow the name: \\norm*{x}."""


USUAL = {
    "pdv": Macro(r"\frac{\partial #1}{\partial #2}", 2),
    "dv": Macro(r"\frac{d #1}{d #2}", 2),
    "norm": Macro(r"\lVert #1 \rVert", 1, starred=True),
    "abs": Macro(r"\lvert #1 \rvert", 1, starred=True),
    "vb": Macro(r"\mathbf{#1}", 1, starred=True),
}
"""Commands of common packages; a definition in the document goes before them."""
USED = regex(rf"\\(?:{'|'.join(USUAL)})(?![A-Za-z])")


@dataclass(frozen=True)
class Expanded:
    """A text after expansion; `places[k]` is where in the original its k-th character stands."""

    text: str
    places: list[int] | None = None
    """None where nothing was expanded."""

    def place(self, at: int) -> int:
        """The place in the original of a place in this text."""
        return at if self.places is None else self.places[min(at, len(self.places) - 1)]


def definitions(text: str) -> dict[str, Macro]:
    """The macros that a text defines."""
    return _definitions(text)[0]


def expand(text: str) -> Expanded:
    """The text with its macros expanded and their definitions taken out.

    A character that a macro brings stands where the macro is called. Raises EquationError where macros call each other without end.
    """
    if DEFINING.search(text) is None and USED.search(text) is None:
        return Expanded(text)
    macros, spans = _definitions(text)
    work = _Expansion(USUAL | macros, Source(text))
    at = 0
    for start, end in [*spans, (len(text), len(text))]:
        work.run(text[at:start], list(range(at, start)), 0)
        if text[start - 1 : start] == text[end : end + 1] == "$":
            work.put(" ", [start])  # $\gdef…$ must not become $$
        at = end
    work.places.append(len(text))
    return Expanded("".join(work.out), work.places)


def _definitions(text: str) -> tuple[dict[str, Macro], list[tuple[int, int]]]:
    """The macros of a text and where their definitions stand."""
    macros: dict[str, Macro] = {}
    spans: list[tuple[int, int]] = []
    at = 0
    while (found := DEFINING.search(text, at)) is not None:
        at = found.end()
        if _commented(text, found.start()):
            continue
        read = _definition(text, found.end(), found["by"])
        if read is None:
            continue
        name, macro, at = read
        macros[name] = macro
        spans.append((found.start(), at))
    return macros, spans


def _commented(text: str, at: int) -> bool:
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return re.search(r"(?<!\\)%", line) is not None


def _definition(text: str, at: int, by: str) -> tuple[str, Macro, int] | None:
    """The name, the macro and the end of one definition; None where it is not one that is understood."""
    starred = text[at : at + 1] == "*"
    named = NAME.match(text, at + starred)
    if named is None:
        return None
    name, at = named["braced"] or named["bare"], named.end()
    if by == "let":
        target = re.compile(r"\s*=?\s*(\\(?:[A-Za-z]+|.))").match(text, at)
        return None if target is None else (name, Macro(target[1]), target.end())
    if by == "DeclarePairedDelimiter":
        left = _group(text, at)
        right = _group(text, left[1]) if left is not None else None
        if left is None or right is None:
            return None
        return name, Macro(f"{left[0]} #1 {right[0]}", 1, starred=True), right[1]
    arguments, optional = 0, None
    if by.endswith("def"):
        parameters = PARAMETERS.match(text, at)
        if parameters is None:
            return None
        arguments, at = len(parameters[1]) // 2, parameters.end()
    elif by == "NewDocumentCommand":
        signature = _group(text, at)
        if signature is None or set(signature[0]) - set("m "):
            return None
        arguments, at = signature[0].count("m"), signature[1]
    elif (count := COUNT.match(text, at)) is not None:
        arguments, at = int(count[1]), count.end()
        if (first := re.compile(r"\s*\[([^\]]*)\]").match(text, at)) is not None:
            optional, at = first[1], first.end()
    body = _group(text, at)
    if body is None:
        return None
    content = body[0] if by != "DeclareMathOperator" else f"\\operatorname{{{body[0]}}}"
    return name, Macro(content, arguments, optional), body[1]


def _group(text: str, at: int) -> tuple[str, int] | None:
    """The brace group (or the one sign) that stands next, without its braces, and where it ends."""
    while at < len(text) and text[at].isspace():
        at += 1
    if text[at : at + 1] == "\\":
        command = CALL.match(text, at)
        return None if command is None else (command[0], command.end())
    if text[at : at + 1] != "{":
        return (text[at], at + 1) if at < len(text) else None
    depth = 0
    for end in range(at, min(len(text), at + MAX_ARGUMENT)):
        escaped = text[end - 1] == "\\" and text[end - 2 : end] != "\\\\"
        if text[end] == "{" and not escaped:
            depth += 1
        elif text[end] == "}" and not escaped:
            depth -= 1
            if depth == 0:
                return text[at + 1 : end], end + 1
    return None


@dataclass
class _Expansion:
    """The text that has been put out so far, each character with its place."""

    macros: dict[str, Macro]
    source: Source
    out: list[str] = field(default_factory=list[str])
    places: list[int] = field(default_factory=list[int])

    def run(self, text: str, places: list[int], depth: int) -> None:
        """Put out a text, the macros in it expanded."""
        at = 0
        for call in CALL.finditer(text):
            macro = self.macros.get(call[1])
            if macro is None or call.start() < at:
                continue
            self.put(text[at : call.start()], places[at : call.start()])
            at = self.call(text, places, (call.start(), call.end()), macro, depth)
        self.put(text[at:], places[at:])

    def put(self, text: str, places: list[int]) -> None:
        self.out.extend(text)
        self.places.extend(places)

    def call(self, text: str, places: list[int], name: tuple[int, int], macro: Macro, depth: int) -> int:
        """Put out what one call stands for; where the call ends."""
        start, at = name
        given: list[tuple[str, list[int]]] = []
        if macro.starred:
            at += text[at : at + 1] == "*"
            if (size := re.compile(r"\[[^\]]*\]").match(text, at)) is not None:
                at = size.end()
        if macro.optional is not None:
            bracket = re.compile(r"\s*\[([^\]]*)\]").match(text, at)
            if bracket is None:
                given.append((macro.optional, [places[start]] * len(macro.optional)))
            else:
                given.append((bracket[1], places[bracket.start(1) : bracket.end(1)]))
                at = bracket.end()
        while len(given) < macro.arguments:
            group = _group(text, at)
            if group is None:
                break
            content, end = group
            begin = text.rfind(content, at, end)
            given.append((content, places[begin : begin + len(content)]))
            at = end
        self.check(depth, places[start], places[name[1] - 1] + 1)
        first, last = places[start], places[at - 1]
        body, spots = self.substituted(macro, given, first)
        if spots and spots[-1] == first:
            spots[-1] = last
        self.run(body, spots, depth + 1)
        follows = text[at : at + 1]
        if body[-1:].isalpha() and follows.isalpha() and re.search(r"\\[A-Za-z]+$", body):
            self.put(" ", [last])  # \R x must not become one command
        return at

    def substituted(self, macro: Macro, given: list[tuple[str, list[int]]], place: int) -> tuple[str, list[int]]:
        """The body with its arguments put in."""
        text: list[str] = []
        spots: list[int] = []
        for piece in re.split(r"(#\d)", macro.body):
            if re.fullmatch(r"#\d", piece):
                content, there = given[int(piece[1]) - 1] if 0 < int(piece[1]) <= len(given) else ("", [])
            else:
                content, there = piece, [place] * len(piece)
            text.append(content)
            spots.extend(there)
        return "".join(text), spots

    def check(self, depth: int, start: int, end: int) -> None:
        if depth >= MAX_DEPTH or len(self.out) > len(self.source.text) + MAX_EXPANDED:
            raise self.source.error(
                "The macros of this document call each other without end, or say too much.",
                Span(start, end),
                "Write the formula without this macro.",
            )
