"""Brackets matched, before anything is parsed: each opening token learns where its partner is.

The braces of cases in plain text need no closing brace; here they get one.
"""

from __future__ import annotations

from wengert.errors import Fix
from wengert.notes.notation.expr import Span
from wengert.notes.notation.tokens import Source, Token, check_depth
from wengert.notes.notation.tokens_text import CASE_WORDS

PARTNERS = {"(": ")", "[": "]", "{": "}", "\\{": "\\}", "⟦": "⟧", "⟨": "⟩", "matrix": "matrix"}
LAST_WORDS = frozenset({"otherwise", "else"})
SEPARATORS = frozenset({"newline", "soft", "hard", "row", "amp"})
"""What parts rows and columns."""


def match_brackets(tokens: list[Token], source: Source, syntax: str) -> list[Token]:
    """The tokens with `reach` set on every opening bracket, line ends and & inside brackets removed, and text cases closed."""
    check_depth(tokens, source)
    return _Matcher(_without_breaks(tokens), source, syntax == "text").run()


def _without_breaks(tokens: list[Token]) -> list[Token]:
    """The tokens without \\right. \\\\ & \\left., which breaks what stands in brackets into two rows."""
    out: list[Token] = []
    at = 0
    while at < len(tokens):
        end = at + 1
        if tokens[at].kind == "close" and tokens[at].text == ".":
            while end < len(tokens) and tokens[end].kind in SEPARATORS:
                end += 1
            if end < len(tokens) and tokens[end].kind == "open" and tokens[end].text == ".":
                at = end + 1
                continue
        out.append(tokens[at])
        at += 1
    return out


class _Matcher:
    def __init__(self, tokens: list[Token], source: Source, text: bool) -> None:
        self.tokens, self.source, self.text = tokens, source, text
        self.out: list[Token] = []
        self.stack: list[int] = []  # positions in `out` of the open brackets
        self.last_row = False  # whether the row of text cases that is being read says "otherwise"

    def run(self) -> list[Token]:
        for at, token in enumerate(self.tokens):
            if token.kind == "open":
                self.stack.append(len(self.out))
                self.out.append(token)
                self.last_row = False
            elif token.kind == "close":
                self.close(token)
            elif self.stack and token.kind in ("newline", "soft", "hard"):
                self.line_end(at, token)
            elif self.stack and token.kind == "amp" and self.top().text in ("(", "[", "\\{"):
                continue  # the second row of what is broken inside brackets
            elif self.stack and token.kind in ("row", "semicolon") and self.top().text not in ("cases", "matrix"):
                if token.kind == "semicolon":
                    self.out.append(token)
            else:
                if token.kind == "name" and token.text in LAST_WORDS:
                    self.last_row = True
                self.out.append(Token("row", ";", token.span) if token.kind == "semicolon" and self.stack else token)
        while self.stack and self.text and self.top().text == "cases":
            self.close_cases(self.out[-1])
        if self.stack:
            raise self.unclosed(self.top())
        return self.out

    def top(self) -> Token:
        return self.out[self.stack[-1]]

    def close(self, token: Token) -> None:
        while self.text and self.stack and self.top().text == "cases" and token.text != "}":
            self.close_cases(token)
        if not self.stack:
            raise self.source.error(
                f"This '{_shown(token)}' closes nothing.",
                token.span,
                "Remove it, or write the bracket that it closes.",
                Fix(*token.span, ""),
            )
        opening = self.top()
        expected = ("}" if self.text else "cases") if opening.text == "cases" else PARTNERS.get(opening.text, "")
        if token.text != expected and "." not in (token.text, opening.text):
            raise self.unclosed(opening)
        opening.reach = len(self.out) - self.stack.pop()
        self.out.append(token)
        self.last_row = False

    def close_cases(self, place: Token) -> None:
        opening = self.top()
        opening.reach = len(self.out) - self.stack.pop()
        self.out.append(Token("close", "cases", Span(place.span.end, place.span.end)))
        self.last_row = False

    def line_end(self, at: int, token: Token) -> None:
        """The end of a physical line inside a bracket: a new row of text cases or their end; nothing in other brackets."""
        if token.kind != "newline" or not self.text or self.top().text != "cases":
            if at + 1 < len(self.tokens):
                self.tokens[at + 1].space = True
            return
        if not self.last_row and self.next_is_case(at):
            self.out.append(Token("row", ";", token.span))
        else:
            while self.stack and self.top().text == "cases":
                self.close_cases(self.out[-1])
            if not self.stack:
                self.out.append(token)

    def next_is_case(self, at: int) -> bool:
        """Whether the next physical line is a further case: it has 'if' or 'otherwise'."""
        for place in range(at + 1, len(self.tokens)):
            token = self.tokens[place]
            if token.kind == "newline":
                return False
            if token.kind == "name" and token.text in CASE_WORDS:
                return True
        return False

    def unclosed(self, opening: Token) -> Exception:
        shown = _shown(opening)
        partner = PARTNERS.get(opening.text, "")
        repair = (
            "Write the '\\end' that closes it."
            if opening.text in ("cases", "matrix") and not self.text
            else f"Write the '{partner or '}'}' that closes it."
        )
        end = self.out[-1].span.end
        fix = Fix(end, end, partner) if partner in (")", "]", "}", "⟧") else None
        return self.source.error(f"This '{shown}' is not closed.", opening.span, repair, fix)


def _shown(token: Token) -> str:
    return {"cases": "cases", "matrix": "matrix"}.get(token.text, token.text)
