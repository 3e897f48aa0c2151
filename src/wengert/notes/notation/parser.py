"""The parser: one equation's tokens to a surface tree, by operator precedence, with the symbols that the first pass found.

A term is products with a sign (·, ∘, *) of runs (juxtaposition and /) of factors. The handlers for what a factor can begin with are in
atoms.py, names with their scripts in references.py. Ranks and shapes are not known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction

from wengert.errors import Fix
from wengert.notes.notation import atoms, calls, references
from wengert.notes.notation.big_signs import Reach
from wengert.notes.notation.expr import (
    And,
    Compare,
    Expr,
    Inverse,
    Neg,
    Num,
    Power,
    Ref,
    Span,
    Sum,
    Transpose,
    children,
)
from wengert.notes.notation.precedence import LEVEL, PRODUCT_SIGNS, RUN, SIGNED, SUM
from wengert.notes.notation.products import FactorRun, ReadProduct, join
from wengert.notes.notation.scripts import ScriptTokens, next_script
from wengert.notes.notation.symbols import Symbols
from wengert.notes.notation.tokens import MAX_DEPTH, Source, Token

STARTS = frozenset(
    {"num", "name", "open", "bar", "norm", "big", "root", "frac", "partial", "nabla", "ones", "transpose", "remark"}
)
"""Kinds of tokens that can begin a factor."""

COMPARING = frozenset("<≤>≥=≠")
RESERVED = frozenset({"if", "otherwise", "else"})


@dataclass
class Parser:
    """The state of reading one equation."""

    tokens: list[Token]
    source: Source
    symbols: Symbols
    warnings: list[str]
    syntax: str
    scope: set[str] = field(default_factory=set[str])
    at: int = 0
    depth: int = 0
    script_depth: int = 0
    open_bars: list[str] = field(default_factory=list[str])
    reaches: list[Reach] = field(default_factory=list[Reach])
    loose: list[tuple[str, Span]] = field(default_factory=list[tuple[str, Span]])
    name_start: int = -1  # where the name begins whose subscript is read
    in_index: bool = False  # inside a subscript: bare letters index
    reads_signals: bool = False  # whether dW stands for the error signal of W here
    on_left: bool = False  # what an entry on a left side is indexed by are letters, not quantities
    condition: bool = False  # inside an indicator or a case: bare index letters compare

    def __post_init__(self) -> None:
        end = self.tokens[-1].span.end if self.tokens else 0
        self.tokens = [*self.tokens, Token("end", "", Span(end, end))]

    # the token stream

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def advance(self) -> Token:
        token = self.tokens[self.at]
        self.at += token.kind != "end"
        return token

    def ahead(self, steps: int = 1) -> Token:
        return self.tokens[min(self.at + steps, len(self.tokens) - 1)]

    def close(self) -> Token:
        """The end of a bracket, and past it.

        Raises EquationError where something else stands there.
        """
        if self.token.kind != "close":
            raise self.unexpected()
        return self.advance()

    def span_from(self, start: int) -> Span:
        """From the token at `start` to the token before the current one; virtual brackets take no place."""
        begin = self.tokens[start].span.start
        return Span(begin, max(begin, self.tokens[max(start, self.at - 1)].span.end))

    @contextmanager
    def enclosed(self) -> Iterator[None]:
        """Inside of a bracket: bars that are open outside do not close there, and a Σ ends with it."""
        bars, self.open_bars = self.open_bars, []
        mark = len(self.reaches)
        yield
        del self.reaches[mark:]
        self.open_bars = bars

    def error(self, what: str, span: Span, repair: str, fix: Fix | None = None) -> Exception:
        return self.source.error(what, span, repair, fix)

    def warn(self, what: str, span: Span, repair: str) -> None:
        self.warnings.append(self.source.warning(what, span, repair))

    def quote(self, span: Span) -> str:
        """The user's own text at a place, shortened."""
        return self.source.quote(span)

    # expressions

    def expression(self) -> Expr:
        """A sum to its end, and nothing after it."""
        tree = self.sum()
        if self.token.kind != "end":
            raise self.unexpected()
        check_tree_depth(tree, self)
        return tree

    def unexpected(self) -> Exception:
        token = self.token
        if token.kind == "comma":
            return self.error(
                "A comma stands here, and no further equation after it.",
                token.span,
                "Remove it, or complete the equation.",
            )
        if token.kind == "close":
            return self.error(f"This '{token.text}' closes nothing.", token.span, "Remove it.")
        if token.kind == "end":
            return self.error("The expression ends too early.", token.span, "Complete it.")
        if token.text in RESERVED:
            return self.error(
                "A condition stands outside a brace.", token.span, "Write, for example:  { a if c; b otherwise }"
            )
        if token.text in "⊗±∓" and token.kind == "op":
            return self.error(f"The sign '{token.text}' is not read.", token.span, "Write the operation out.")
        return self.error(f"'{token.text}' cannot stand here.", token.span, "Check the equation at this place.")

    def sum(self) -> Expr:
        """Terms with + and − between them. A Σ reaches to the end of its term (decision 1)."""
        start, reach_mark = self.at, len(self.reaches)
        sign = self.leading_sign()
        terms = [(sign, self.term())]
        while self.token.kind == "op" and LEVEL.get(self.token.text) == SUM:
            sign = -1 if self.advance().text == "-" else 1
            if self.token.kind == "op" and LEVEL.get(self.token.text) == SUM:
                raise self.error(
                    "Two signs stand side by side.", self.token.span, "Put the second one in brackets:  a + (−b)"
                )
            reaches, loose = self.reaches[reach_mark:], len(self.loose)
            terms.append((sign, self.term()))
            self.check_reach(reaches, loose)
        if len(terms) > 1:
            return Sum(tuple(terms), span=self.span_from(start))
        return terms[0][1] if sign > 0 else Neg(terms[0][1], span=self.span_from(start))

    def leading_sign(self) -> int:
        sign, count = 1, 0
        while self.token.kind == "op" and self.token.text in ("-", "+"):
            count += 1
            if count > 1:
                raise self.error(
                    "Two signs stand side by side.", self.token.span, "Put the second one in brackets:  −(−b)"
                )
            sign = -1 if self.advance().text == "-" else 1
        return sign

    def check_reach(self, reaches: list[Reach], loose: int) -> None:
        """A later summand must not use the letter of a Σ that has ended."""
        for letter, place in self.loose[loose:]:
            for reach in reaches:
                if letter in reach.letters:
                    sigma = self.quote(reach.span)
                    body = self.quote(reach.body)
                    later = self.quote(Span(place.start, place.end))
                    raise self.error(
                        f"The sum over '{letter}' has ended before this '{letter}': a Σ reaches to the end of its term, not over + or −.",
                        place,
                        f"Write '{sigma} ({body} + {later})' to sum both together, or '{sigma} {body} + {sigma} {later}' to sum each.",
                    )

    def term(self) -> Expr:
        """Runs with a product sign between them, from left to right; a run is factors side by side and / (decision 15)."""
        start, sign, number_next = self.at, "", ""
        left: ReadProduct | None = None
        while True:
            run = FactorRun(self)
            run.add(self.factor(signed=True))
            while True:
                if self.token.kind == "op" and LEVEL.get(self.token.text) == RUN:
                    slash = self.advance()
                    references.check_short_word(self, slash, self.token)
                    run.divide(slash, self.at, self.factor(signed=True))
                elif self.begins_factor():
                    run.places.append(self.at)
                    run.add(self.factor())
                else:
                    break
            right = run.finish(last=True)
            if left is None:
                left = ReadProduct(right, tuple(run.factors), "")
            else:
                left = join(left, right, run.factors, sign, number_next, self.span_from(start))
            if self.token.kind != "op" or LEVEL.get(self.token.text) != SIGNED:
                return left.tree
            sign = PRODUCT_SIGNS[self.advance().text]
            number_next = self.token.kind

    def begins_factor(self) -> bool:
        token = self.token
        if token.kind == "norm" and self.open_bars[-1:] == ["bar"] and self.source.text[slice(*token.span)] == "||":
            halves = [Token("bar", "|", Span(place, place + 1)) for place in range(*token.span)]
            self.tokens[self.at : self.at + 1] = halves  # |a||b|: two bars, no norm
            token = self.token
        if token.kind not in STARTS or (token.kind in ("bar", "norm") and self.closes_bars(token)):
            return False
        return not self.is_reserved(token)

    def is_reserved(self, token: Token) -> bool:
        """Whether a word belongs to cases and conditions and so names nothing."""
        return token.kind == "name" and (token.text in RESERVED or (token.text == "and" and self.condition))

    def closes_bars(self, token: Token) -> bool:
        """Whether a | or ‖ closes: its side says so, or one of its kind is open."""
        if token.text.endswith("<"):
            return False
        return token.text.endswith(">") or (bool(self.open_bars) and self.open_bars[-1] == token.kind)

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH + 1:
            raise self.error(
                f"The expression nests deeper than {MAX_DEPTH} levels here.",
                self.token.span,
                "Give the inner part a name of its own.",
            )

    def factor(self, *, signed: bool = False) -> Expr:
        """An atom with its exponents and transposes; with `signed`, a minus sign may stand before it (a · −b)."""
        self.deeper()
        start = self.at
        token = self.token
        if signed and token.kind == "op" and token.text == "-":
            self.advance()
            tree: Expr = Neg(self.factor(), span=self.span_from(start))
            self.depth -= 1
            return tree
        handler = atoms.HANDLERS.get(token.kind)
        if handler is None or self.is_reserved(token) or (handler is atoms.bars and self.closes_bars(token)):
            raise self.unexpected()
        if token.kind == "name" and references.is_call(self):
            handler = calls.call
        tree = handler(self)
        raised = False
        while (script := next_script(self.tokens, self.at, self.source)) is not None:
            if raised and script.kind == "sup" and not isinstance(tree, Transpose):
                raise self.error(
                    "A power of a power can mean two things.",
                    script.span,
                    "Write 'a^(b^c)' with the exponents in brackets, or '(a^b)^c'.",
                )
            tree = self.scripted(tree, script, start)
            raised = isinstance(tree, Power)
        self.depth -= 1
        return tree

    def scripted(self, tree: Expr, script: ScriptTokens, start: int) -> Expr:
        """base^exponent, transposes and inverses; a subscript on a bracket is an error."""
        kinds = [token.kind for token in script.content]
        here = Span(self.tokens[start].span.start, script.span.end)
        if script.kind == "sub":
            raise self.error(
                "Only a name can have a subscript.", script.span, "Give the bracket a name of its own, and index that."
            )
        if script.kind == "prime":
            if self.symbols.dialect != "matlab":
                raise self.error(
                    "A prime stands after something that is no function.", script.span, "Write 'ᵀ' for a transpose."
                )
            self.at = script.end
            return Transpose(tree, span=here)
        if len(kinds) == 1 and self.is_plain_transpose(script.content[0], tree):
            self.at = script.end
            return Transpose(tree, span=here)
        if len(kinds) == 2 and script.content[0].text == "-" and self.is_plain_transpose(script.content[1], tree):
            self.at = script.end
            return Transpose(Inverse(tree, span=here), span=here)
        if len(script.content) > 1 and kinds[-1] == "transpose" and kinds[-2] not in ("sub", "sup"):
            script = replace(script, content=script.content[:-1])
            return Transpose(self.power(tree, script, here), span=here)
        return self.power(tree, script, here)

    def power(self, tree: Expr, script: ScriptTokens, here: Span) -> Expr:
        exponent = self.script_expression(script.content, script.end)
        if exponent == Neg(Num(Fraction(1))):
            return Inverse(tree, span=here)
        return Power(tree, exponent, span=here)

    def is_plain_transpose(self, token: Token, base: Expr) -> bool:
        """^T with a plain T is a transpose unless T is a variable (decision 3); a number of steps is no exponent but of γ beside γ^t."""
        if token.kind == "transpose" or (token.kind == "name" and token.text == "top"):
            return True
        if token.kind != "name" or token.text != "T":
            return False
        if token.font == "transpose":
            return True
        if "T" in self.symbols.ends:
            return not (isinstance(base, Ref) and base.name in self.symbols.powers)
        if "T" in self.symbols.names or "T" in self.symbols.letters:
            self.warn(
                "'^T' is read as a power, because 'T' is a quantity here.",
                token.span,
                "Write 'ᵀ' or '^\\top' if the transpose is meant.",
            )
            return False
        return True

    def script_expression(self, content: list[Token], end: int) -> Expr:
        """The expression in a script; the parser stands at `end` afterwards."""
        self.script_depth += 1
        if self.script_depth > 8:
            raise self.error(
                "Scripts nest deeper than 8 levels here.", content[0].span, "Give the exponent a name of its own."
            )
        inner = replace(self, tokens=content, at=0, open_bars=[], reaches=[])
        tree = inner.sum()
        if inner.token.kind != "end":
            raise inner.unexpected()
        self.script_depth -= 1
        self.at = end
        return tree

    def index_script(self, content: list[Token]) -> Expr:
        """The expression of one index."""
        outer, self.in_index = self.in_index, True
        end = self.at
        tree = self.script_expression(content, end)
        self.in_index = outer
        return tree

    def comparison(self) -> Expr:
        """a < b, 0 ≤ p − k < I, s_t = v, and conditions joined by 'and' or a comma."""
        start = self.at
        parts: list[Expr] = []
        while True:
            left = self.sum()
            if self.token.kind != "rel":
                raise self.error("A condition needs a comparison.", self.token.span, "Write, for example:  z > 0")
            while self.token.kind == "rel":
                sign = self.advance()
                if sign.text not in COMPARING:
                    raise self.error(
                        f"'{sign.text}' does not compare numbers.", sign.span, "Write one of these signs:  < ≤ > ≥ = ≠"
                    )
                right = self.sum()
                parts.append(Compare(sign.text, left, right, span=Span(left.span.start, right.span.end)))
                left = right
            if not (self.token.kind in ("and", "comma") or (self.token.kind == "name" and self.token.text == "and")):
                break
            self.advance()
        return parts[0] if len(parts) == 1 else And(tuple(parts), span=self.span_from(start))


def check_tree_depth(tree: Expr, parser: Parser) -> None:
    """Refuse a tree deeper than the limit: what comes after the reader may recurse over trees."""
    level: list[Expr] = [tree]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in children(node)]
        if not level:
            return
    raise parser.error(
        f"The expression nests deeper than {MAX_DEPTH} levels.", level[0].span, "Give the inner part a name of its own."
    )
