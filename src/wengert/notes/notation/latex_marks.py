"""Fonts, bars and accents in LaTeX, settled on the names that they stand over.

`\\overline{w_{ki}^{(2)}}`, `\\bar z_i` and `\\bar{\\mathbf W}` become one name token with a bar; the scripts stay after it.
"""

from __future__ import annotations

from wengert.notes.notation.expr import Span
from wengert.notes.notation.latex_commands import BOLD_FONTS
from wengert.notes.notation.tokens import Source, Token

UPRIGHT = frozenset({"mathrm", "mathit", "mathsf", "mathtt", "mathbf", "mathnormal", "boldsymbol", "bm"})
SKIPPED_KINDS = frozenset({"newline"})


def settle_marks(tokens: list[Token], source: Source) -> list[Token]:
    """The tokens without font and accent commands, from right to left so that inner marks are settled first."""
    done: list[Token] = []  # in reverse
    for token in reversed(tokens):
        if token.kind == "font":
            _font(token, done, source)
        elif token.kind == "accent":
            _accent(token, done, source)
        else:
            done.append(token)
    done.reverse()
    return done


def _group(done: list[Token]) -> int:
    """How many tokens the group at the end of the reversed list has, braces included; 0 if it is not closed."""
    depth = 0
    for count, token in enumerate(reversed(done), 1):
        depth += (token.kind == "open") - (token.kind == "close")
        if depth == 0:
            return count
    return 0


def _next(mark: Token, done: list[Token], source: Source) -> Token:
    while done and done[-1].kind in SKIPPED_KINDS:
        done.pop()
    if not done:
        raise source.error("Nothing stands after this command.", mark.span, "Write a letter or a group after it.")
    return done[-1]


def _font(mark: Token, done: list[Token], source: Source) -> None:
    follower = _next(mark, done, source)
    if follower.kind == "open" and follower.text == "{":
        count = _group(done)
        if not count:
            raise source.error("This brace is not closed.", follower.span, "Add the missing '}'.")
        inside = [done[-index] for index in range(2, count)]
        word = _word(mark, inside)
        if word is not None:
            del done[-count:]
            done.append(word)
        else:
            for token in inside:
                _dress(mark, token)
            if len(inside) == 1 or _is_scripted_name(inside):
                del done[-1]
                del done[-(count - 1)]
        done[-1].space = done[-1].space or mark.space
    else:
        _dress(mark, follower)
        follower.space = follower.space or mark.space
        follower.span = Span(mark.span.start, follower.span.end)


def _word(mark: Token, inside: list[Token]) -> Token | None:
    """One name of several letters under one upright font, as in \\mathrm{reg} or \\mathbf{dV}."""
    if (
        len(inside) < 2
        or mark.text not in UPRIGHT
        or any(t.kind not in ("name", "num") or t.bars or t.bold for t in inside)
    ):
        return None
    if inside[0].kind != "name" or any(t.space for t in inside[1:]) or any(not t.text.isascii() for t in inside):
        return None
    text = "".join(t.text for t in inside)
    span = Span(mark.span.start, inside[-1].span.end)
    return Token("name", text, span, mark.space, bold=mark.text in BOLD_FONTS, font=f"\\{mark.text}{{{text}}}")


def _dress(mark: Token, token: Token) -> None:
    """One token in a font: bold is a weight, other fonts are spellings; a bold or blackboard 1 is the ones vector."""
    if token.kind == "num" and token.text == "1" and mark.text not in ("mathrm", "mathit", "mathsf", "mathnormal"):
        token.kind, token.text, token.value = "ones", "𝟏", None
    elif token.kind == "name" and mark.text in BOLD_FONTS:
        token.bold = True
    elif token.kind == "name" and mark.text == "mathbb" and token.text == "R":
        token.text = "ℝ"
    elif token.kind == "name" and token.text == "T" and mark.text in ("mathsf", "mathrm"):
        token.font = "transpose"
    elif token.kind == "name" and not token.font and mark.text not in ("mathnormal", "mathit"):
        token.font = f"\\{mark.text}{{{token.text}}}"


def _accent(mark: Token, done: list[Token], source: Source) -> None:
    follower = _next(mark, done, source)
    if follower.kind == "open" and follower.text == "{":
        count = _group(done)
        inside = [done[-index] for index in range(2, count)]
        number = len(inside) == 1 and inside[0].kind == "num" and mark.text == "vec"
        if not count or not (_is_scripted_name(inside) or number):
            raise source.error(
                "A bar or an accent is read over one quantity only.",
                Span(mark.span.start, inside[-1].span.end if inside else follower.span.end),
                "Put it over a name:  \\overline{w_{ij}}",
            )
        closing = done[-count]
        del done[-1]
        del done[-(count - 1)]
        follower = done[-1]
        if count == 3:
            follower.span = Span(follower.span.start, closing.span.end)
    if follower.kind == "num" and mark.text == "vec" and follower.text in ("0", "1"):
        if follower.text == "1":
            follower.kind, follower.text, follower.value = "ones", "𝟏", None
        return
    if follower.kind not in ("name", "big"):
        raise source.error("A bar or an accent stands over a name.", mark.span, "Write it before a letter:  \\bar{z}")
    if follower.kind == "big":
        follower.kind, follower.text = "name", {"sum": "Σ", "prod": "Π"}[follower.text]
    if mark.text == "bar":
        follower.bars += 1
    elif mark.text == "vec":
        follower.bold = True
    else:
        follower.text += mark.text
    follower.space = mark.space
    follower.span = Span(mark.span.start, follower.span.end)


def _is_scripted_name(tokens: list[Token]) -> bool:
    """Whether the tokens are one name with its scripts and nothing else."""
    if not tokens or tokens[0].kind != "name":
        return False
    at = 1
    while at < len(tokens):
        if tokens[at].kind == "prime":
            at += 1
            continue
        if tokens[at].kind not in ("sub", "sup") or at + 1 >= len(tokens):
            return False
        at += 1
        if tokens[at].kind == "open":
            depth = 0
            while at < len(tokens):
                depth += (tokens[at].kind == "open") - (tokens[at].kind == "close")
                at += 1
                if depth == 0:
                    break
        else:
            at += 1
    return True
