"""What a line of a manuscript is before it is read: prose, an update, a claim about signals or slopes, or a forward equation."""

from __future__ import annotations

from collections.abc import Sequence

from wengert.notes.manuscripts.sections import OpenSection
from wengert.notes.notation.chunks import relations
from wengert.notes.notation.symbols import LOSSES
from wengert.notes.notation.tokens import Token


def is_signal(tokens: Sequence[Token]) -> bool:
    """Whether a line begins with an error signal or a derivative: v̄, ∂L/∂v, ∇_v L, d/dv (…), δ, or minus one."""
    first = tokens[1] if tokens[0].text == "-" and len(tokens) > 1 else tokens[0]
    if [token.text[:1] for token in tokens[:3]] == ["d", "/", "d"] and tokens[0].text == "d":
        return True
    return first.kind in ("frac", "partial", "nabla") or (
        first.kind == "name" and (first.bars > 0 or first.text == "δ")
    )


def is_slope(tokens: Sequence[Token]) -> bool:
    """Whether a line begins with the derivative of a function: σ'(z) = …"""
    kinds = [token.kind for token in tokens]
    at = next((k for k, kind in enumerate(kinds[1:], 1) if kind != "prime"), 0)
    if kinds[0] != "name" or at < 2 or kinds[at] != "open":
        return False
    return relations(list(tokens))[:1] == [at + tokens[at].reach + 1]


def is_prose(section: OpenSection, tokens: Sequence[Token]) -> bool:
    """Whether these are words only, none of them a name in the equations."""
    words = [token for token in tokens if token.kind != "comma" and token.kind != "colon"]
    if len(words) < len(tokens) and all(t.kind in ("name", "comma", "colon", "num", "dot") for t in tokens):
        return True  # a label: 'a: input'
    return all(t.kind == "name" and len(t.text) > 1 and not t.bars for t in words) and not any(
        t.text in section.words for t in words
    )


def is_derivative(section: OpenSection, tokens: Sequence[Token]) -> bool:
    """Whether a right side begins with a derivative of what is minimised: G = ∂L/∂Y."""
    above = [t for t in tokens[:4] if t.kind not in ("open", "partial", "frac") and t.text != "d"]
    first = tokens[0].kind if tokens else ""
    loss = bool(above) and (above[0].text.removeprefix("d") in LOSSES or above[0].text in section.bases)
    return first == "nabla" or (
        loss and (first == "partial" or (first == "frac" and any(t.text[:1] in ("∂", "d") for t in tokens[2:3])))
    )


def is_mean(section: OpenSection, tokens: Sequence[Token]) -> bool:
    """Whether a first line such as x̄ = 1/N Σ_i x_i gives a mean the name x̄, the bar being an accent."""
    name = tokens[0].text
    summed = any(token.kind == "big" for token in tokens)
    again = any(token.text == name and token.kind == "name" and not token.bars for token in tokens)
    return not section.forward and section.system is None and summed and again


def is_first_delta(section: OpenSection, tokens: Sequence[Token]) -> bool:
    """Whether a system begins with a line of a quantity that is called δ."""
    return tokens[0].text == "δ" and not (tokens[0].bars or section.forward or section.system is not None)


def reads_signals(section: OpenSection, tokens: Sequence[Token]) -> bool:
    """Whether a right side holds error signals: dO of a quantity O in the equations, or ȳ of a y that one of them defines."""
    for at, token in enumerate(tokens):
        if token.kind == "name" and token.bars and token.text in section.bases:
            return True
        word = word_at(tokens, at)
        if token.kind == "name" and word[:1] == "d" and word not in section.words and word[1:] in section.bases:
            return True
    return False


def word_at(tokens: Sequence[Token], at: int) -> str:
    """The text of a token; of a d the word that it makes with the name directly behind it, dW."""
    behind = tokens[at + 1 : at + 2] if tokens[at].text == "d" else []
    return tokens[at].text + "".join(token.text for token in behind if token.kind == "name" and not token.space)


def is_differential(section: OpenSection, tokens: Sequence[Token]) -> bool:
    """Whether a line begins with a name such as dW, the error signal of a quantity in the equations before it."""
    word = word_at(tokens, 0)
    if tokens[0].kind != "name" or word[:1] != "d" or len(word) == 1 or word in section.words:
        return False
    return word[1:] in section.words or word[1:].swapcase() in section.words
