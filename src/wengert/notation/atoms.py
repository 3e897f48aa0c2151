"""What a factor can begin with: numbers, brackets, calls, Σ, fractions, norms, cases, derivatives.

Each handler reads from the parser's current token to the end of the atom; exponents and transposes are the parser's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from wengert.notation import derivatives, names, references
from wengert.notation.expr import (
    Bars,
    BigOp,
    Call,
    Cases,
    Compare,
    Entries,
    Expr,
    Index,
    Indicator,
    Neg,
    Norm,
    Num,
    Ones,
    Product,
    Ref,
    Span,
    walk,
)
from wengert.notation.scripts import Script, clusters, list_letters, next_script
from wengert.notation.symbols import FUNCTIONS, OTHER_SPELLINGS
from wengert.notation.tokens import Token, letter_of

if TYPE_CHECKING:
    from wengert.notation.parser import Parser

SUM_EXAMPLE = {"text": "Write, for example:  Σ_j w_j x_j", "latex": r"Write, for example:  \sum_j w_j x_j"}
INVERTIBLE = {"sin": "arcsin", "cos": "arccos", "tan": "arctan", "sinh": "arsinh", "cosh": "arcosh", "tanh": "artanh"}
KEYWORD_ARGUMENTS = frozenset({"axis", "dim", "keepdims", "keepdim"})
SEVERAL_ARGUMENTS = frozenset({"max", "min", "prod"})


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


def condition_in(parser: Parser, script: Script) -> Expr:
    inner = replace(parser, tokens=script.content, at=0, open_bars=[], reaches=[], condition=True)
    tree = inner.comparison()
    if inner.token.kind != "end":
        raise inner.unexpected()
    parser.at = script.end
    return tree


def has_relation(parser: Parser) -> bool:
    """Whether the bracket that opens here holds a comparison at its own level."""
    at, end = parser.at + 1, parser.at + parser.token.reach
    while at < end:
        token = parser.tokens[at]
        if token.kind == "rel":
            return True
        at += token.reach + 1 if token.kind == "open" else 1
    return False


def indicator(parser: Parser) -> Expr:
    """⟦c⟧, [c] with a comparison, 𝟏[c]"""
    start = parser.at
    opening = parser.advance()
    outer, parser.condition = parser.condition, True
    bars, parser.open_bars = parser.open_bars, []
    condition = parser.comparison()
    parser.condition, parser.open_bars = outer, bars
    if parser.token.kind != "close":
        raise parser.unexpected()
    parser.advance()
    return Indicator(condition, span=Span(opening.span.start, parser.span_from(start).end))


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
    bars, parser.open_bars = parser.open_bars, []
    mark = len(parser.reaches)
    tree = parser.sum()
    if parser.token.kind in ("comma", "semicolon") and opening.text == "[":
        parser.open_bars = bars
        del parser.reaches[mark:]
        return entries(parser, opening, tree)
    if parser.token.kind == "comma" and opening.text == "(":
        if parser.symbols.backward:
            raise parser.error(
                "Several expressions stand in one bracket.", parser.token.span, "Write a line for each of them."
            )
        raise parser.error(
            "A comma stands in a bracket that is no argument list.",
            parser.token.span,
            "Give the parts names of their own.",
        )
    if parser.token.kind == "rel" and parser.token.text in "<>≤≥≠" and opening.text == "(":
        return mask(parser, opening, tree, bars, mark)
    if parser.token.kind != "close":
        raise parser.unexpected()
    parser.advance()
    del parser.reaches[mark:]
    parser.open_bars = bars
    return tree


def mask(parser: Parser, opening: Token, left: Expr, bars: list[str], mark: int) -> Expr:
    """(z > 0) among factors: 1 where it holds, as NumPy multiplies by it."""
    sign = parser.advance()
    right = parser.sum()
    if parser.token.kind != "close":
        raise parser.unexpected()
    end = parser.advance()
    parser.open_bars = bars
    del parser.reaches[mark:]
    span = Span(opening.span.start, end.span.end)
    return Indicator(Compare(sign.text, left, right, span=span), span=span)


def inner_product(parser: Parser) -> Expr:
    """⟨A, B⟩ = Σ_ij A_ij B_ij, with an F below it or without."""
    start = parser.at
    parser.advance()
    bars, parser.open_bars = parser.open_bars, []
    mark = len(parser.reaches)
    parts = [parser.sum()]
    while parser.token.kind == "comma":
        parser.advance()
        parts.append(parser.sum())
    if parser.token.kind != "close":
        raise parser.unexpected()
    if len(parts) != 2:
        raise parser.error(
            "Between these brackets stands the inner product of two arrays.",
            parser.span_from(start),
            "Write, for example:  ⟨A, B⟩",
        )
    parser.advance()
    parser.open_bars = bars
    del parser.reaches[mark:]
    script = next_script(parser.tokens, parser.at, parser.source)
    if script is not None and script.kind == "sub" and [token.text for token in script.content] == ["F"]:
        parser.at = script.end
    span = parser.span_from(start)
    return Call("sum", (Product(tuple(parts), "∘", span=span),), span=span)


def cases(parser: Parser) -> Expr:
    """{ a if c; b otherwise } and \\begin{cases}; a brace without conditions is a bracket."""
    opening = parser.advance()
    outer, parser.condition = parser.condition, True
    bars, parser.open_bars = parser.open_bars, []
    mark = len(parser.reaches)
    branches: list[tuple[Expr, Expr | None]] = []
    while parser.token.kind != "close":
        value = parser.sum()
        if parser.token.kind == "comma":
            parser.advance()
        branches.append((value, case_condition(parser)))
        if parser.token.kind == "row":
            parser.advance()
        elif parser.token.kind != "close":
            raise parser.unexpected()
    end = parser.advance()
    parser.condition, parser.open_bars = outer, bars
    del parser.reaches[mark:]
    span = Span(opening.span.start, max(end.span.end, opening.span.end))
    if len(branches) == 1 and branches[0][1] is None:
        return branches[0][0]
    open_ends = [place for place, (_, condition) in enumerate(branches) if condition is None]
    if not branches or open_ends not in ([], [len(branches) - 1]):
        raise parser.error(
            "A case without a condition must be the last one.", span, "Write, for example:  { a if c; b otherwise }"
        )
    return Cases(tuple(branches), span=span)


def case_condition(parser: Parser) -> Expr | None:
    """The condition after a case's value; None for 'otherwise'."""
    if parser.token.kind == "amp":
        parser.advance()
    token = parser.token
    if token.kind in ("row", "close"):
        return None
    if token.text in ("otherwise", "else"):
        parser.advance()
        if parser.token.kind == "dot":
            parser.advance()
        return None
    if token.text in ("if", "when", "for"):
        parser.advance()
    if parser.token.kind not in ("row", "close"):
        return parser.comparison()
    raise parser.unexpected()


def entries(parser: Parser, opening: Token, first: Expr) -> Expr:
    """[a, b; c, d] after its first entry."""
    bars, parser.open_bars = parser.open_bars, []
    rows = [[first]]
    while parser.token.kind in ("comma", "semicolon"):
        if parser.advance().kind == "semicolon":
            rows.append([])
        rows[-1].append(parser.sum())
    if parser.token.kind != "close":
        raise parser.unexpected()
    end = parser.advance()
    parser.open_bars = bars
    span = Span(opening.span.start, end.span.end)
    return same_lengths(parser, [tuple(row) for row in rows], span)


def same_lengths(parser: Parser, rows: list[tuple[Expr, ...]], span: Span) -> Expr:
    if not rows or len({len(row) for row in rows}) != 1:
        raise parser.error(
            "The rows of this matrix have different lengths.", span, "Write as many entries in every row."
        )
    return Entries(tuple(rows), span=span)


def matrix(parser: Parser) -> Expr:
    """The entries of a matrix or vector that is written out."""
    start = parser.at
    parser.advance()
    bars, parser.open_bars = parser.open_bars, []
    rows: list[tuple[Expr, ...]] = []
    row: list[Expr] = []
    while parser.token.kind != "close":
        row.append(parser.sum())
        if parser.token.kind == "amp":
            parser.advance()
        elif parser.token.kind == "row":
            parser.advance()
            rows.append(tuple(row))
            row = []
        elif parser.token.kind != "close":
            raise parser.unexpected()
    parser.advance()
    parser.open_bars = bars
    if row:
        rows.append(tuple(row))
    return same_lengths(parser, rows, parser.span_from(start))


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
        raise parser.error(f"This '{sign}' is not closed.", opening.span, f"Write the second '{sign}'.")
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


# calls


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
    if function in references.REDUCTIONS and parser.token.kind == "sub":
        return big(parser, function, start)
    primes, power = 0, None
    while (script := next_script(parser.tokens, parser.at, parser.source)) is not None:
        if all(t.kind == "prime" for t in script.content):
            primes += len(script.content)
            parser.at = script.end
        elif script.kind == "sup" and power is None:
            power = parser.script_expression(script.content, script.end)
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
    outer, parser.open_bars = parser.open_bars, []
    mark = len(parser.reaches)
    args = [parser.sum()]
    while parser.token.kind == "comma":
        parser.advance()
        if parser.token.text in KEYWORD_ARGUMENTS and parser.ahead().text == "=":
            function = along_axis(parser, function)
        else:
            args.append(parser.sum())
    if parser.token.kind != "close":
        raise parser.unexpected()
    parser.advance()
    parser.open_bars = outer
    del parser.reaches[mark:]
    span = parser.span_from(start)
    if function in FUNCTIONS and (len(args) > 1) != (function in SEVERAL_ARGUMENTS):
        wanted = (
            "two or more arguments, or an index as in 'max_j x_j'" if function in SEVERAL_ARGUMENTS else "one argument"
        )
        raise parser.error(f"'{function}' has {len(args)} here; it takes {wanted}.", span, f"Give it {wanted}.")
    return Call(function, tuple(args), primes, power, span=span)


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


# Σ, ∏, max over an index


def big_sign(parser: Parser) -> Expr:
    """Σ or Π over an index; without one, before an operator or a transpose or with an exponent, the letter is the name of a quantity."""
    start = parser.at
    token = parser.advance()
    letter = letter_of(token, parser.source)
    follower = parser.token
    if letter and follower.kind == "sup":
        script = next_script(parser.tokens, parser.at, parser.source)
        named = script is not None and (script.content[0].text == "-" or script.content[0].kind == "transpose")
    elif follower.kind == "name":
        after = next_script(parser.tokens, parser.at + 1, parser.source)
        turned = after is not None and after.content[0].kind == "transpose"  # A Σ Aᵀ
        named = turned or parser.symbols.is_quantity(letter)
    else:
        named = follower.kind in ("op", "rel", "end", "close", "comma", "bar", "norm", "prime")
    if letter and named:
        return references.reference(parser, replace(token, kind="name", text=letter))
    return big(parser, token.text, start)


def big(parser: Parser, op: str, start: int) -> Expr:
    """Σ_{j} body, with a range or a condition; it reaches to the end of the term."""
    head = parser.tokens[start]
    subscript: Script | None = None
    upper: Expr | None = None
    while (script := next_script(parser.tokens, parser.at, parser.source)) is not None and script.kind != "prime":
        if script.kind == "sub":
            subscript = script
            parser.at = script.end
        else:
            upper = parser.script_expression(script.content, script.end)
    if subscript is None and upper is None and op == "sum":
        return sum_of_all(parser, start)
    if subscript is None:
        raise parser.error("This needs an index letter.", head.span, SUM_EXAMPLE[parser.syntax])
    letters, condition, lower = limits(parser, subscript)
    new = set(letters) - parser.scope
    parser.scope |= new
    if condition is None and any(t.kind == "rel" for t in subscript.content) and lower is None:
        condition = condition_in_scope(parser, subscript)
    head_span = Span(head.span.start, max(subscript.span.end, parser.tokens[parser.at - 1].span.end))
    parser.deeper()
    mark = len(parser.reaches)
    body = parser.term()
    del parser.reaches[mark:]
    parser.depth -= 1
    parser.scope -= new
    span = parser.span_from(start)
    from wengert.notation.parser import Reach

    parser.reaches.append(Reach(letters, head_span, Span(head_span.end, span.end)))
    return BigOp(op, letters, body, condition, lower, upper, span=span)


def sum_of_all(parser: Parser, start: int) -> Expr:
    """Σ (y − t)² without an index, over all entries of an array."""
    parser.deeper()
    body = parser.term()
    parser.depth -= 1
    if any(_lacks_index(part, parser) for part in walk(body)):
        raise parser.error("This needs an index letter.", parser.tokens[start].span, SUM_EXAMPLE[parser.syntax])
    tree = Call("sum", (body,), span=parser.span_from(start))
    parser.warn(
        "The Σ without an index is read as the sum of all entries.",
        parser.tokens[start].span,
        SUM_EXAMPLE[parser.syntax],
    )
    return tree


def _lacks_index(tree: Expr, parser: Parser) -> bool:
    """Whether a letter in a subscript is bound by no Σ: the i of Σ x_i."""
    if isinstance(tree, Index):
        return tree.letter not in parser.scope
    named = isinstance(tree, Ref) and not tree.indices and not parser.symbols.is_quantity(tree.name)
    return named and isinstance(tree, Ref) and len(clusters(names.split(tree.name).subscript)) == 1


def limits(parser: Parser, script: Script) -> tuple[tuple[str, ...], Expr | None, Expr | None]:
    """The letters under a Σ and its lower limit; conditions are read later, when the letters are bound."""
    content = script.content
    texts = [t.text for t in content]
    if any(t.kind == "name" and len(clusters(t.text)) > 1 and t.font.startswith("\\") for t in content) or "∈" in texts:
        raise parser.error(
            "A sum over a set is not read.", script.span, "Sum over an index letter, with '⟦…⟧' for the condition."
        )
    found = list(dict.fromkeys(letter for letter in list_letters(content) if letter[0].isalpha()))
    if not found:
        raise parser.error("This needs an index letter.", script.span, SUM_EXAMPLE[parser.syntax])
    if len(content) > 2 and content[0].kind == "name" and content[1].text == "=":
        lower = parser.script_expression(content[2:], parser.at)
        return (content[0].text,), None, lower
    colon = _colon(content)
    if colon:
        return tuple(dict.fromkeys(list_letters(content[:colon]))), None, None
    if any(t.kind == "rel" for t in content):
        fresh = [letter for letter in found if letter not in parser.scope and not parser.symbols.is_quantity(letter)]
        first = [letter for letter in found if letter in fresh] or found[:1]
        return tuple(first[:2] if len(fresh) > 1 and _all_letters(content) else first[:1]), None, None
    return tuple(found), None, None


def _colon(content: list[Token]) -> int:
    """Where the condition of Σ_{m,n: 0 ≤ p − m < I} begins behind its letters; 0 where there is none."""
    at = next((k for k, token in enumerate(content) if token.kind == "colon"), 0)
    return at if all(token.kind in ("name", "comma") for token in content[:at]) else 0


def _all_letters(content: list[Token]) -> bool:
    return all(t.kind in ("name", "rel") for t in content)


def condition_in_scope(parser: Parser, script: Script) -> Expr:
    content = script.content
    colon = _colon(content)
    if colon:
        content = content[colon + 1 :]
    end = parser.at
    condition = condition_in(parser, replace(script, content=content))
    parser.at = end
    return condition


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
