"""What a factor can begin with: numbers, brackets, calls, Σ, fractions, norms, cases, derivatives.

Each handler reads from the parser's current token to the end of the atom; exponents and transposes are the parser's.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from wengert.errors import Fix
from wengert.notes.notation import derivatives, references
from wengert.notes.notation.big_signs import big_sign
from wengert.notes.notation.cases import cases, condition_in, has_relation, indicator, mask
from wengert.notes.notation.expr import Bars, Call, Expr, Indicator, Norm, Num, Ones, Product, Span
from wengert.notes.notation.matrix_entries import entries, matrix
from wengert.notes.notation.scripts import next_script

if TYPE_CHECKING:
    from wengert.notes.notation.parser import Parser


def number(parser: Parser) -> Expr:
    token = parser.advance()
    return Num(token.value or Fraction(0), token.text, span=token.span)


def ones(parser: Parser) -> Expr:
    """𝟏, or an indicator written 𝟏[c] or 𝟏{c}."""
    token = parser.advance()
    follower = parser.token
    if follower.kind == "sub":
        script = next_script(parser.tokens, parser.at, parser.source)
        if script is not None and any(t.kind == "rel" for t in script.content):
            condition = condition_in(parser, script)
            return Indicator(condition, span=Span(token.span.start, script.span.end))
    if follower.kind == "open" and follower.text in ("[", "\\{", "(", "⟦", "{", "cases") and has_relation(parser):
        return indicator(parser)
    return Ones(span=token.span)


def bracket(parser: Parser) -> Expr:
    """A bracket: a Σ inside it ends at its close."""
    opening = parser.token
    if opening.text == "⟦" or (opening.text in ("[", "\\{") and has_relation(parser)):
        return indicator(parser)
    if opening.text == "⟨":
        return inner_product(parser)
    if opening.text == "cases":
        return cases(parser)
    if opening.text == "matrix":
        return matrix(parser)
    if opening.text in ("\\{", ".") and parser.ahead().text == "matrix" and opening.reach == parser.ahead().reach + 2:
        return braced_matrix(parser)
    parser.advance()
    with parser.enclosed():
        tree = parser.sum()
        if parser.token.kind in ("comma", "semicolon") and opening.text == "[":
            return entries(parser, opening, tree)
        if parser.token.kind == "comma" and opening.text == "(":
            raise no_argument_list(parser)
        if parser.token.kind == "rel" and parser.token.text in "<>≤≥≠" and opening.text == "(":
            return mask(parser, opening, tree)
        parser.close()
    return tree


def no_argument_list(parser: Parser) -> Exception:
    """What is wrong with a comma in round brackets after no function."""
    if parser.symbols.backward:
        return parser.error(
            "Several expressions stand in one bracket.", parser.token.span, "Write a line for each of them."
        )
    return parser.error(
        "A comma stands in a bracket that is no argument list.", parser.token.span, "Give the parts names of their own."
    )


def inner_product(parser: Parser) -> Expr:
    """⟨A, B⟩ = Σ_ij A_ij B_ij, with an F below it or without."""
    start = parser.at
    parser.advance()
    with parser.enclosed():
        parts = [parser.sum()]
        while parser.token.kind == "comma":
            parser.advance()
            parts.append(parser.sum())
        if parser.token.kind == "close" and len(parts) != 2:
            raise parser.error(
                "Between these brackets stands the inner product of two arrays.",
                parser.span_from(start),
                "Write, for example:  ⟨A, B⟩",
            )
        parser.close()
    script = next_script(parser.tokens, parser.at, parser.source)
    if script is not None and script.kind == "sub" and [token.text for token in script.content] == ["F"]:
        parser.at = script.end
    span = parser.span_from(start)
    return Call("sum", (Product(tuple(parts), "∘", span=span),), span=span)


def braced_matrix(parser: Parser) -> Expr:
    """\\left\\{ \\begin{array}{ll} a & c \\\\ b & d \\end{array} \\right. : cases by hand."""
    parser.advance()
    tree = cases(parser)
    parser.advance()
    return tree


def bars(parser: Parser) -> Expr:
    """|x| or ‖x‖, with the order of a norm as a subscript."""
    start = parser.at
    opening = parser.advance()
    parser.open_bars.append(opening.kind)
    mark = len(parser.reaches)
    tree = parser.sum()
    del parser.reaches[mark:]
    parser.open_bars.pop()
    if parser.token.kind != opening.kind:
        sign = opening.text[0]
        end = parser.tokens[parser.at - 1].span.end
        second = Fix(end, end, sign)
        raise parser.error(f"This '{sign}' is not closed.", opening.span, f"Write the second '{sign}'.", second)
    parser.advance()
    if opening.kind == "bar":
        return Bars(tree, span=parser.span_from(start))
    order = "2"
    if parser.token.kind == "sub":
        script = next_script(parser.tokens, parser.at, parser.source)
        order = "".join(t.text for t in script.content) if script else ""
        if script is None or order not in ("1", "2", "F", "∞"):
            raise parser.error(
                "A norm has the order 1, 2, F or ∞.", parser.token.span, "Write '‖x‖', '‖x‖_1' or '‖A‖_F'."
            )
        parser.at = script.end
    return Norm(tree, order, span=parser.span_from(start))


def root(parser: Parser) -> Expr:
    """√ takes one factor."""
    start = parser.at
    parser.advance()
    if parser.syntax == "latex" and parser.token.text == "[":
        raise parser.error("Only square roots are read.", parser.token.span, "Write the root as a power:  x^{1/3}")
    return Call("sqrt", (parser.factor(),), span=parser.span_from(start))


def misplaced(parser: Parser) -> Expr:
    token = parser.token
    if token.kind == "transpose":
        raise parser.error(
            "A transpose sign stands alone.", token.span, "Write it as a superscript, 'Wᵀ' or 'W^\\top'."
        )
    raise parser.error(
        f"'{token.text[:30]}' is no mathematics.", token.span, "Put remarks after '#' or at the end of the line."
    )


HANDLERS: dict[str, Callable[[Parser], Expr]] = {
    "num": number,
    "name": references.name,
    "open": bracket,
    "bar": bars,
    "norm": bars,
    "big": big_sign,
    "root": root,
    "frac": derivatives.fraction,
    "partial": derivatives.partial,
    "nabla": derivatives.nabla,
    "ones": ones,
    "transpose": misplaced,
    "remark": misplaced,
}
