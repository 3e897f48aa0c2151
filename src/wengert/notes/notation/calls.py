"""Functions that are applied: f(x, …), f'(x), f²(x), log y_k, e^x, sum(A, axis=1)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from wengert.core.ir.op import OPS
from wengert.notes.notation.big_signs import big
from wengert.notes.notation.expr import BigOp, Call, Expr, Neg, Num, Product, Span
from wengert.notes.notation.function_names import function_op
from wengert.notes.notation.occurrences import REDUCTIONS
from wengert.notes.notation.scripts import next_script
from wengert.notes.notation.symbols import FUNCTIONS, OTHER_SPELLINGS
from wengert.notes.notation.tokens import Token

if TYPE_CHECKING:
    from wengert.notes.notation.parser import Parser


INVERTIBLE = {"sin": "arcsin", "cos": "arccos", "tan": "arctan", "sinh": "arsinh", "cosh": "arcosh", "tanh": "artanh"}
KEYWORD_ARGUMENTS = frozenset({"axis", "dim", "keepdims", "keepdim"})
SEVERAL_ARGUMENTS = frozenset({"max", "min", "prod"})
LOGARITHMS = {"2": "log2", "10": "log10", "e": "log"}
"""The logarithms to a base."""


def call(parser: Parser) -> Expr:
    """f(x, …), f'(x), f²(x), log y_k, e^x; max and min with a subscript are reductions."""
    start = parser.at
    token = parser.advance()
    function = OTHER_SPELLINGS.get(token.text, token.text)
    if function == "e":
        script = next_script(parser.tokens, parser.at, parser.source)
        assert script is not None
        tree = parser.script_expression(script.content, script.end)
        return Call("exp", (tree,), span=parser.span_from(start))
    if function in REDUCTIONS and parser.token.kind == "sub":
        return big(parser, function, start)
    primes, power = 0, None
    while (script := next_script(parser.tokens, parser.at, parser.source)) is not None:
        if all(t.kind == "prime" for t in script.content):
            primes += len(script.content)
            parser.at = script.end
        elif script.kind == "sup" and power is None:
            power = parser.script_expression(script.content, script.end)
        elif function == "log" and (base := _base(script.content)):
            function = base
            parser.at = script.end
        else:
            raise parser.error(
                f"The function '{token.text}' has no index.", script.span, f"Write, for example:  {token.text}(x_i)"
            )
    if power == Neg(Num(Fraction(1))):
        other = INVERTIBLE.get(function)
        meant = (
            f"Write '{other}(x)' or '1/{function}(x)'."
            if other
            else f"Write '1/{token.text}(x)', or name the inverse function."
        )
        raise parser.error(
            f"'{token.text}⁻¹' can mean the inverse function or the reciprocal.", parser.span_from(start), meant
        )
    if parser.token.kind == "open" and parser.token.text in ("(", "[", "\\{"):
        return applied(parser, function, primes, power, start)
    if not parser.begins_factor():
        raise parser.error(
            f"The function '{token.text}' is not applied to anything.", token.span, f"Write:  {token.text}(x)"
        )
    argument = with_constant(parser, parser.factor())
    tree = Call(function, (argument,), primes, power, span=parser.span_from(start))
    check_one_factor(parser, token, start, argument)
    return tree


def _base(content: Sequence[Token]) -> str | None:
    """The logarithm that log_2 and log_{10} are."""
    return LOGARITHMS.get(content[0].text) if len(content) == 1 else None


def with_constant(parser: Parser, number: Expr) -> Expr:
    """2π in log 2π: a number directly before π is one factor with it."""
    token = parser.token
    constant = token.kind == "name" and token.text == "π" and not token.bars and not parser.symbols.is_quantity("π")
    if not isinstance(number, Num) or not constant:
        return number
    factor = parser.factor()
    return Product((number, factor), span=Span(number.span.start, factor.span.end))


def applied(parser: Parser, function: str, primes: int, power: Expr | None, start: int) -> Expr:
    """The arguments in brackets."""
    parser.advance()
    with parser.enclosed():
        args = [parser.sum()]
        while parser.token.kind == "comma":
            parser.advance()
            if parser.token.text in KEYWORD_ARGUMENTS and parser.ahead().text == "=":
                function = along_axis(parser, function)
            else:
                args.append(parser.sum())
        parser.close()
    span = parser.span_from(start)
    wanted = _wanted(function)
    if function in FUNCTIONS and not (
        len(args) > 1 if function in SEVERAL_ARGUMENTS else len(args) == _arity(function)
    ):
        raise parser.error(f"'{function}' has {len(args)} here; it takes {wanted}.", span, f"Give it {wanted}.")
    return Call(function, tuple(args), primes, power, span=span)


def _arity(function: str) -> int:
    """The number of arguments of a function that has not any number of them."""
    op = function_op(function)
    return 1 if op is None else OPS[op].arity or 1


def _wanted(function: str) -> str:
    """How many arguments a function takes, in words."""
    if function in SEVERAL_ARGUMENTS:
        return "two or more arguments, or an index as in 'max_j x_j'"
    return "one argument" if _arity(function) == 1 else f"{_arity(function)} arguments"


def along_axis(parser: Parser, function: str) -> str:
    """The function that sum(A, axis=1) is; that the axis is kept says nothing new."""
    keyword = parser.advance()
    parser.advance()
    start = parser.at
    while parser.token.kind not in ("comma", "close", "end"):
        parser.advance()
    value = "".join(token.text for token in parser.tokens[start : parser.at])
    if keyword.text.startswith("keepdim"):
        return function
    sums = {"1": "rowsum", "-1": "rowsum", "0": "colsum", "-2": "colsum"}
    if function != "sum" or value not in sums:
        raise parser.error(
            f"'{function}' along an axis is not read here.", keyword.span, "Write a Σ over the index of that axis."
        )
    return sums[value]


def check_one_factor(parser: Parser, token: Token, start: int, argument: Expr) -> None:
    """A function without parentheses takes one factor; what follows it could belong to it (decision 6)."""
    slash = parser.token.kind == "op" and parser.token.text == "/"
    if isinstance(argument, BigOp) or not (parser.begins_factor() or slash):
        return
    written = parser.quote(parser.span_from(start))
    inner = parser.quote(argument.span)
    place = parser.at
    rest = parser.quote(parser.tokens[place].span) if not slash else "… "
    raise parser.error(
        f"What stands after '{written}' could belong to '{token.text}' or not: without brackets '{token.text}' takes one factor.",
        parser.token.span,
        f"Write '{rest if not slash else ''}{' ' if not slash else '('}{written}{')' if slash else ''} …'"
        f" if it does not belong to it, '{token.text}({inner}{'/' if slash else ' '}…)' if it does.",
    )
