"""Products while they are read: runs of factors side by side, fractions with /, and the signs between runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from wengert.errors import Fix
from wengert.notes.notation.derivatives import divide
from wengert.notes.notation.expr import Expr, Num, Ones, Product, Span, Transpose
from wengert.notes.notation.tokens import Token

if TYPE_CHECKING:
    from wengert.notes.notation.parser import Parser


class ReadProduct(NamedTuple):
    """A product as it is read: the tree, its factors as they stand without brackets, and the sign between them."""

    tree: Expr
    factors: tuple[Expr, ...]
    sign: str


def join(left: ReadProduct, right: Expr, factors: list[Expr], sign: str, number_next: str, span: Span) -> ReadProduct:
    """left · right. Before a number the dot only keeps digits apart: it is juxtaposition there."""
    before_number = number_next == "num" or (number_next == "frac" and isinstance(factors[0], Num))
    if sign in ("·", "*") and (isinstance(left.tree, Num) or (before_number and not left.sign)):
        all_factors = (*left.factors, *factors)
        return ReadProduct(Product(all_factors, span=span), all_factors, "")
    parts = (*left.factors, right) if left.sign == sign else (left.tree, right)
    return ReadProduct(Product(parts, sign, span=span), parts, sign)


class FactorRun:
    """Factors side by side and fractions with / as they are read, from left to right; / takes one factor."""

    def __init__(self, parser: Parser) -> None:
        self.parser = parser
        self.start = parser.at
        self.places = [parser.at]
        self.factors: list[Expr] = []
        self.plain_ones: list[bool] = []

    def add(self, factor: Expr) -> None:
        """One more factor, which began at the last of `places`."""
        parser, place = self.parser, self.places[-1]
        token = parser.tokens[place]
        self.plain_ones.append(parser.at == place + 1 and token.kind == "num" and token.text == "1")
        if self.factors and token.kind == "num" and isinstance(self.factors[-1], Num):
            times = Fix(token.span.start, token.span.start, "· ")
            raise parser.error(
                "Two numbers stand side by side.", token.span, "Write '2 · 3', or a decimal point.", times
            )
        self.factors.append(factor)

    def divide(self, slash: Token, place: int, denominator: Expr) -> None:
        """Everything so far over the factor that began at `place`."""
        self.check_slash(slash, place)
        left = self.finish(last=False)
        span = self.parser.span_from(self.start)
        self.factors, self.plain_ones, self.places = [divide(left, denominator, span)], [False], [self.start]

    def check_slash(self, slash: Token, place: int) -> None:
        """a/bc without a space can mean two things (K52)."""
        parser = self.parser
        token, before = parser.token, parser.tokens[place]
        if slash.space or before.space or token.space or before.kind not in ("name", "num"):
            return
        bottom = parser.quote(parser.span_from(place))
        top = parser.quote(Span(parser.tokens[self.start].span.start, slash.span.start))
        place_span = Span(slash.span.start, token.span.end)
        if token.kind in ("name", "num", "root", "big"):
            raise parser.error(
                f"'{top}/{bottom}{token.text}' can mean two things.",
                place_span,
                f"Write '{top}/({bottom} {token.text})' or '({top}/{bottom}) {token.text}'.",
            )
        if token.kind == "open" and before.kind == "name":
            parser.warn(
                f"'{top}/{bottom}' is read as a fraction of its own, the bracket as a factor after it.",
                place_span,
                f"Write '{top}/({bottom} (…))' if the bracket belongs below.",
            )

    def finish(self, *, last: bool) -> Expr:
        """One factor, or their product; a plain 1 before a transposed factor or after the others is the ones vector."""
        factors = self.factors
        if len(factors) == 1:
            return factors[0]
        for place, plain in enumerate(self.plain_ones):
            before_transpose = place + 1 < len(factors) and isinstance(factors[place + 1], Transpose)
            if plain and (before_transpose or (last and place == len(factors) - 1)):
                factors[place] = Ones(span=factors[place].span)
        return Product(tuple(factors), span=self.parser.span_from(self.start))
