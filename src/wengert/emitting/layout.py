"""Lines of source within a width: long expressions are broken after commas and before operators, at the lowest level first."""

from __future__ import annotations

import re
import textwrap

WIDTH = 88
OPERATORS = (r" (?=[+-] )", r" (?=[*/@] )")


def statement(target: str, code: str, indent: int) -> list[str]:
    """target = code, broken where it is too long."""
    pad = " " * indent
    line = f"{pad}{target} = {code}"
    if len(line) <= WIDTH:
        return [line]
    pieces = broken(code)
    if len(pieces) == 1:
        return [line]
    return [f"{pad}{target} = (", *(f"{pad}    {piece}" for piece in joined(pieces, WIDTH - indent - 4)), f"{pad})"]


def broken(code: str) -> list[str]:
    """The pieces of an expression at its lowest operators."""
    for pattern in OPERATORS:
        cuts = [m.start() for m in re.finditer(pattern, code) if outside(code, m.start())]
        if cuts:
            ends = [*cuts, len(code)]
            return [code[a:b].strip() for a, b in zip([0, *cuts], ends, strict=True)]
    return [code]


def joined(pieces: list[str], width: int) -> list[str]:
    """Pieces put together as long as they fit."""
    rows: list[str] = []
    for piece in pieces:
        if rows and len(rows[-1]) + 1 + len(piece) <= width:
            rows[-1] += f" {piece}"
        else:
            rows.append(piece)
    return rows


def outside(code: str, at: int) -> bool:
    """Whether a place stands in no bracket."""
    before = code[:at]
    return all(before.count(a) == before.count(b) for a, b in ("()", "[]"))


def comment(text: str, indent: int, mark: str = "#") -> list[str]:
    """A comment of one equation or sentence, continued where it is long."""
    pad = " " * indent
    rows = textwrap.wrap(text, WIDTH - indent - len(mark) - 1, break_long_words=False, break_on_hyphens=False)
    return [f"{pad}{mark} {'  ' if k else ''}{row}" for k, row in enumerate(rows)]


def call(head: str, args: list[str], tail: str, indent: int) -> list[str]:
    """head(args)tail, one line or an argument list below it."""
    pad = " " * indent
    line = f"{pad}{head}({', '.join(args)}){tail}"
    if len(line) <= WIDTH:
        return [line]
    rows = joined([f"{arg}," for arg in args], WIDTH - indent - 4)
    return [f"{pad}{head}(", *(f"{pad}    {row}" for row in rows), f"{pad}){tail}"]
