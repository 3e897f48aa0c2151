"""What stands beside an equation and is no part of it: its number, the shape of a name, a word between two."""

from __future__ import annotations

from wengert.notes.notation.tokens import Token

WORDY = ("\\text", "\\mbox", "\\emph", "\\hbox")


def is_equation_number(part: list[Token]) -> bool:
    """(5), (2.3), (3a)"""
    return (
        part[0].kind == "open"
        and part[0].text == "("
        and part[0].reach == len(part) - 1
        and 2 < len(part) < 6
        and part[1].kind == "num"
        and all(token.kind in ("num", "dot") or (token.kind == "name" and len(token.text) == 1) for token in part[1:-1])
        and not any(token.space for token in part[1:-1])
    )


def is_lone_word(part: list[Token]) -> bool:
    """A word in plain text between two equations: \\quad\\text{et}\\quad."""
    return len(part) == 1 and part[0].kind == "name" and len(part[0].text) > 1 and part[0].font.startswith(WORDY)


def is_shape(part: list[Token]) -> bool:
    """[k], [k x h] or (n, m) behind a gap: the shape of what stands before."""
    if part[0].kind != "open" or part[0].text not in ("[", "(") or part[0].reach != len(part) - 1:
        return False
    signs = [token for token in part[1:-1] if token.kind == "comma" or token.text in ("x", "×")]
    plain = all(t.kind in ("name", "num", "comma") or t.text in ("×", "*") for t in part[1:-1])
    return plain and len(part) > 2 and (bool(signs) or (part[0].text == "[" and len(part) == 3))


def is_long_word(part: list[Token]) -> bool:
    """One word of five letters or more behind a gap: 'elementwise'."""
    return len(part) == 1 and is_word(part[0]) and len(part[0].text) > 4


def is_word(token: Token) -> bool:
    return token.kind == "name" and len(token.text) > 2 and token.text.isascii() and token.text.islower()
