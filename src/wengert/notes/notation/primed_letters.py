"""Primed index letters, the k' of e^{z_k} / Σ_{k'} e^{z_{k'}}: a letter with its primes is one sign, another letter over the axis of k.

It looks at tokens before their brackets are matched, and must not know names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wengert.notes.notation.expr import Span
from wengert.notes.notation.tokens import Token

LINE_ENDS = frozenset({"newline", "row", "hard"})


def with_primed_letters(tokens: Sequence[Token], syntax: str) -> list[Token]:
    """The tokens with k' as one name: wherever a group below a sign has it, and where the letter has been bound so, as the k' of ⟦k = k'⟧.

    In plain text Σ_k' binds it without a group, and z_k' on the same line is then an entry.
    """
    if not any(token.kind == "prime" for token in tokens):
        return list(tokens)
    below = _below(tokens)
    letters = {_letter(tokens, at) for at, inside in enumerate(below) if inside and _primes(tokens, at)}
    bound: set[str] = set()
    out: list[Token] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.kind in LINE_ENDS:
            bound = set()
        end = _primes(tokens, at)
        if end and not below[at]:
            script = at > 0 and tokens[at - 1].kind == "sub"
            letter = _letter(tokens, at)
            if script and at > 1 and tokens[at - 2].kind == "big" and syntax == "text":
                bound.add(letter)
                letters.add(letter)
            called = end < len(tokens) and tokens[end].kind == "open" and tokens[end].text == "("
            known = letter in bound if script else letter in letters and not called
            end = end if known else 0
        if end:
            span = Span(token.span.start, tokens[end - 1].span.end)
            out.append(replace(token, text=token.text + "'" * _count(tokens[at + 1 : end]), span=span))
        else:
            out.append(token)
        at = end or at + 1
    return out


def _below(tokens: Sequence[Token]) -> list[bool]:
    """Which tokens stand in a group below a sign."""
    found: list[bool] = []
    groups: list[bool] = []
    for at, token in enumerate(tokens):
        if token.kind == "close" and groups:
            groups.pop()
        found.append(bool(groups) and groups[-1])
        if token.kind == "open":
            groups.append(found[-1] or (at > 0 and tokens[at - 1].kind == "sub"))
    return found


def _primes(tokens: Sequence[Token], at: int) -> int:
    """Where the primes end that stand directly after a name, in LaTeX also k^{\\prime}; 0 where there are none."""
    if tokens[at].kind != "name":
        return 0
    end = at + 1
    while end < len(tokens) and tokens[end].kind == "prime" and not tokens[end].space:
        end += 1
    if end > at + 1:
        return end
    kinds = [token.kind for token in tokens[at + 1 : at + 5]]
    if kinds[:2] == ["sup", "prime"]:
        return at + 3
    return at + 5 if kinds == ["sup", "open", "prime", "close"] else 0


def _letter(tokens: Sequence[Token], at: int) -> str:
    """The last letter of a name with its primes: i' of w_{ki'}."""
    return tokens[at].text[-1:] + "'" * _count(tokens[at + 1 : _primes(tokens, at)])


def _count(tokens: Sequence[Token]) -> int:
    return sum(token.kind == "prime" for token in tokens)
