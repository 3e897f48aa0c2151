"""Fractions written with \\frac, and derivatives in every notation: ∂u/∂v, du/dv, ∂/∂v (…), ∇_v u."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from wengert.notes.notation import references
from wengert.notes.notation.expr import Derive, Expr, Num, Partial, Quotient, Ref, Span
from wengert.notes.notation.scripts import clusters, next_script
from wengert.notes.notation.tokens import Token
from wengert.notes.notation.tokens_text import ascii_letter

if TYPE_CHECKING:
    from wengert.notes.notation.parser import Parser

SECOND = "This is a derivative of second order, and first ones are judged only."
FIRST_AS_LINE = "Give the first derivative a forward line, and write this as the derivative of it:  ∂g/∂w"


def divide(left: Expr, right: Expr, span: Span) -> Expr:
    """left / right; a fraction of two whole numbers is one number."""
    if (
        isinstance(left, Num)
        and isinstance(right, Num)
        and left.value.denominator == right.value.denominator == 1
        and right.value
    ):
        return Num(left.value / right.value, f"{left.text}/{right.text}", span=span)
    return Quotient(left, right, span=span)


def fraction(parser: Parser) -> Expr:
    """\\frac{a}{b}, \\frac12, \\frac{∂L}{∂w}, \\frac{∂}{∂w} body"""
    start = parser.at
    parser.advance()
    above, below = argument(parser, start), argument(parser, start)
    if is_second(parser, above):
        raise second_order(parser, start)
    top = differential_part(parser, above)
    bottom = differential_part(parser, below) if top is not None else None
    if top is not None and bottom is not None and bottom[1]:
        return derivative(parser, top, bottom, start)
    numerator = argument_expression(parser, above)
    denominator = argument_expression(parser, below)
    span = parser.span_from(start)
    tree = divide(numerator, denominator, span)
    return replace(tree, stacked=True) if isinstance(tree, Quotient) else tree


def argument(parser: Parser, start: int) -> list[Token]:
    """The tokens of one argument of \\frac."""
    token = parser.token
    if token.kind in ("end", "close", "op", "rel", "sup", "sub"):
        raise parser.error("'\\frac' needs two arguments.", parser.tokens[start].span, "Write:  \\frac{a}{b}")
    if token.kind == "open" and token.text == "{":
        content = parser.tokens[parser.at + 1 : parser.at + token.reach]
        parser.at += token.reach + 1
        if not content:
            raise parser.error("This part of the fraction is empty.", token.span, "Write:  \\frac{a}{b}")
        return content
    parser.advance()
    return [token]


def argument_expression(parser: Parser, content: list[Token]) -> Expr:
    inner = replace(parser, tokens=content, at=0, open_bars=[], reaches=[])
    tree = inner.sum()
    if inner.token.kind != "end":
        raise inner.unexpected()
    return tree


def differential_part(parser: Parser, content: list[Token]) -> tuple[str, list[Token]] | None:
    """∂u, du, ∂ or d: the sign and the tokens after it; None if this is no differential."""
    first = content[0]
    if first.kind == "partial":
        return "∂", content[1:]
    if first.kind == "name" and first.text == "d" and not (first.bars or parser.symbols.is_quantity("d")):
        return ("d", content[1:]) if len(content) == 1 or content[1].kind == "name" else None
    if (
        first.kind == "name"
        and len(first.text) > 1
        and first.text[0] == "d"
        and ascii_letter(first.text[1:])[0] in parser.symbols.bases
    ):
        return "d", [replace(first, text=ascii_letter(first.text[1:])[0]), *content[1:]]
    return None


def is_second(parser: Parser, above: list[Token]) -> bool:
    """Whether ∂² or d² stands above a line."""
    first = above[0]
    power = len(above) > 1 and above[1].kind == "sup"
    d = first.kind == "name" and first.text == "d" and not (first.bars or parser.symbols.is_quantity("d"))
    return power and (first.kind == "partial" or d)


def second_order(parser: Parser, start: int) -> Exception:
    """What is said of ∂²L/∂w² that begins at a token, ∇²L and f''(x)."""
    return parser.error(SECOND, parser.span_from(start), FIRST_AS_LINE)


def slope(parser: Parser, function: Ref, primes: int) -> Expr:
    """The (x) after f', where a line has f of x: the derivative of f by x."""
    start = parser.at
    opening = parser.advance()
    below = parser.sum()
    if parser.token.kind != "close" or not isinstance(below, Ref):
        name = function.name
        raise parser.error(
            f"'{name}′' is applied to an expression here.", opening.span, f"Write the derivative by a name:  d{name}/dx"
        )
    parser.advance()
    span = Span(function.span.start, parser.span_from(start).end)
    if primes > 1:
        raise parser.error(SECOND, span, FIRST_AS_LINE)
    return Partial(function, below, "'", span=span)


def derivative(parser: Parser, top: tuple[str, list[Token]], bottom: tuple[str, list[Token]], start: int) -> Expr:
    below = argument_expression(parser, bottom[1])
    if top[1]:
        above = argument_expression(parser, top[1])
        return Partial(above, below, top[0], span=parser.span_from(start))
    return derive(parser, below, start)


def derive(parser: Parser, below: Expr, start: int) -> Expr:
    """∂/∂v and the one factor that it is applied to."""
    if not parser.begins_factor():
        raise parser.error(
            "'∂/∂' is not applied to anything.", parser.span_from(start), "Write the expression after it, in brackets."
        )
    bracketed = parser.token.kind == "open"
    body = parser.factor()
    if not bracketed and parser.begins_factor():
        raise parser.error(
            "What stands after this could belong to the derivative or not.",
            parser.token.span,
            "Put the derivative's operand in brackets.",
        )
    return Derive(below, body, span=parser.span_from(start))


def partial(parser: Parser) -> Expr:
    """∂u/∂v and ∂/∂v in text."""
    start = parser.at
    parser.advance()
    if parser.token.kind == "sup":
        raise second_order(parser, start)
    if parser.token.kind == "op" and parser.token.text == "/":
        parser.advance()
        below = below_the_line(parser)
        return derive(parser, below, start)
    if parser.token.kind != "name":
        raise parser.error("'∂' stands before a name.", parser.tokens[start].span, "Write:  ∂L/∂w")
    above = references.reference(parser, parser.advance())
    return partial_below(parser, above, "∂", start)


def partial_below(parser: Parser, above: Expr, symbol: str, start: int | None = None) -> Expr:
    """The /∂v after ∂u."""
    if parser.token.kind != "op" or parser.token.text != "/":
        raise parser.error("A derivative is written as a fraction.", parser.token.span, "Write:  ∂L/∂w")
    parser.advance()
    below = below_the_line(parser)
    begin = above.span.start - 1 if start is None else parser.tokens[start].span.start
    return Partial(above, below, symbol, span=Span(begin, below.span.end))


def below_the_line(parser: Parser) -> Expr:
    token = parser.advance()
    if token.kind == "name" and token.text[0] == "d":
        if len(clusters(token.text)) > 1:
            parser.tokens[parser.at - 1] = token = replace(token, text=ascii_letter(token.text[1:])[0])
            return references.reference(parser, token)
    elif token.kind != "partial":
        raise parser.error("Below a '∂' stands another '∂'.", token.span, "Write:  ∂L/∂w")
    if parser.token.kind != "name":
        raise parser.error("'∂' stands before a name.", parser.token.span, "Write:  ∂L/∂w")
    return references.reference(parser, parser.advance())


def nabla(parser: Parser) -> Expr:
    """∇_W L: the error signal of W, as a derivative."""
    start = parser.at
    parser.advance()
    if is_laplacian(parser):
        raise second_order(parser, start)
    script = next_script(parser.tokens, parser.at, parser.source)
    if script is None or script.kind != "sub":
        raise parser.error("'∇' needs the name that it differentiates by.", parser.tokens[start].span, "Write:  ∇_W L")
    below = argument_expression(parser, script.content)
    parser.at = script.end
    if parser.token.kind != "name" or not isinstance(below, Ref):
        raise parser.error("'∇' stands before the name of the loss.", parser.token.span, "Write:  ∇_W L")
    above = references.reference(parser, parser.advance())
    return Partial(above, below, "∇", span=parser.span_from(start))


def is_laplacian(parser: Parser) -> bool:
    """Whether a 2 stands above the ∇ before the current place, before or behind the name by which it differentiates."""
    at = parser.at
    while (script := next_script(parser.tokens, at, parser.source)) is not None:
        if script.kind == "sup" and [token.text for token in script.content] in (["2"], ["²"]):
            return True
        at = script.end
    return False
