"""Code: a piece of source with how tightly it binds, and a vocabulary whose functions give such pieces.

The value of an op is written in a vocabulary (`core/ir/vocabulary.py`); run on pieces of source instead of arrays it leaves its own source
behind, so an op needs nothing of its own to be emitted. It knows no language: that is a table of spellings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from wengert.core.ir.op import OPS

CHOICE, OR, AND, COMPARED, SUM, PRODUCT, SIGN, POWER, ATOM = range(1, 10)
"""How tightly a piece binds, as Python and C have it."""


class NotWritten(Exception):
    """What a language has no source for; the text names it."""


class NoSize(Exception):
    """A size that none of the arrays that are there has; the text is its name."""


@dataclass(frozen=True)
class SourceCode:
    """Source text and its level; operators between pieces set the brackets that are needed."""

    text: str
    level: int = ATOM

    def at(self, level: int) -> str:
        """The text, in brackets where it binds less tightly than `level`."""
        return self.text if self.level >= level else f"({self.text})"

    def __add__(self, other: Any) -> SourceCode:
        return joined(self, "+", as_code(other), SUM)

    def __radd__(self, other: Any) -> SourceCode:
        return as_code(other) + self

    def __sub__(self, other: Any) -> SourceCode:
        return joined(self, "-", as_code(other), SUM)

    def __rsub__(self, other: Any) -> SourceCode:
        return as_code(other) - self

    def __mul__(self, other: Any) -> SourceCode:
        return joined(self, "*", as_code(other), PRODUCT)

    def __rmul__(self, other: Any) -> SourceCode:
        return as_code(other) * self

    def __truediv__(self, other: Any) -> SourceCode:
        return joined(self, "/", as_code(other), PRODUCT)

    def __rtruediv__(self, other: Any) -> SourceCode:
        return as_code(other) / self

    def __matmul__(self, other: SourceCode) -> SourceCode:
        return joined(self, "@", other, PRODUCT)

    def __neg__(self) -> SourceCode:
        return (
            SourceCode(f"-{self.at(SIGN)}", SIGN)
            if not self.text.startswith("-")
            else SourceCode(f"-({self.text})", SIGN)
        )

    def __lt__(self, other: Any) -> SourceCode:
        return compared(self, "<", other)

    def __le__(self, other: Any) -> SourceCode:
        return compared(self, "<=", other)

    def __gt__(self, other: Any) -> SourceCode:
        return compared(self, ">", other)

    def __ge__(self, other: Any) -> SourceCode:
        return compared(self, ">=", other)


def joined(left: SourceCode, sign: str, right: SourceCode, level: int) -> SourceCode:
    """left sign right; the right side is put in brackets where it stands at the same level, except in a sum of sums."""
    tighter = right.at(level if sign == "+" else level + 1)
    if tighter.startswith("-") and sign in "+-":
        tighter = f"({tighter})"
    return SourceCode(f"{left.at(level)} {sign} {tighter}", level)


def compared(left: Any, sign: str, right: Any) -> SourceCode:
    """left sign right, a condition."""
    return SourceCode(f"{as_code(left).at(SUM)} {sign} {as_code(right).at(SUM)}", COMPARED)


def to_the_power(x: SourceCode, exponent: SourceCode) -> SourceCode:
    """x ** e, without spaces between plain names and numbers, as formatters have it."""
    plain = x.text.isidentifier() and exponent.text.replace(".", "").isalnum()
    sign = "**" if plain else " ** "
    return SourceCode(f"{x.at(ATOM)}{sign}{exponent.at(POWER if exponent.level != SIGN else ATOM)}", POWER)


def as_code(value: Any) -> SourceCode:
    """A piece of source as it is, or that of a number."""
    return value if isinstance(value, SourceCode) else written_number(value)


def written_number(value: Any) -> SourceCode:
    """A number as Python and C both write it, exactly where it has a short decimal form."""
    exact = Fraction(value)
    if exact.denominator == 1:
        text = str(exact.numerator) if abs(exact) < 10**15 else repr(float(exact))
    elif Fraction(repr(float(exact))) == exact or not isinstance(value, Fraction):
        text = repr(float(exact))
    else:
        return SourceCode(f"{exact.numerator}.0 / {exact.denominator}.0", PRODUCT)
    return SourceCode(text, SIGN if text.startswith("-") else ATOM)


Spelling = str | Callable[..., SourceCode]
"""A template with {0}, {1}, …, of which the level is that of an atom; or a function of pieces."""


class SourceVocabulary:
    """A vocabulary that gives source: for each function the spelling that a table has for it, or its operators.

    The names of the helper functions that were used are in `used`. Raises NotWritten where the table has no spelling.
    """

    inf = float("inf")

    def __init__(self, table: Mapping[str, Spelling], helpers: Mapping[str, str]) -> None:
        self._table, self._helpers = table, helpers
        self.used: dict[str, None] = {}

    def __getattr__(self, name: str) -> Callable[..., SourceCode]:
        spelling = OPERATORS.get(name) or self._table.get(name)
        if spelling is None:
            raise NotWritten(name)

        def write(*args: Any, **params: Any) -> SourceCode:
            pieces = [as_code(arg) for arg in args]
            if callable(spelling):
                return as_code(spelling(*pieces, **params))
            helper = spelling.partition("(")[0]
            if helper in self._helpers:
                self.used[helper] = None
            return SourceCode(spelling.format(*(piece.text for piece in pieces), **params))

        return write

    def source(self, op: str, args: list[SourceCode], params: Mapping[str, Any]) -> SourceCode:
        """The source of an op on pieces: its value, written.

        Raises NotWritten where the language has no word for a part of it.
        """
        record = OPS.get(op)
        if record is None or record.kind != "elementwise":
            raise NotWritten(op)
        return as_code(record.value(self, *args, **params))


OPERATORS: dict[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "negative": lambda x: -x,
    "reciprocal": lambda x: 1 / x,
    "less": lambda x, y: x < y,
    "less_equal": lambda x, y: x <= y,
    "greater": lambda x, y: x > y,
    "greater_equal": lambda x, y: x >= y,
    "equal": lambda x, y: compared(x, "==", y),
    "not_equal": lambda x, y: compared(x, "!=", y),
    "asarray": lambda x, dtype=None: x,
    "stop_gradient": lambda x: x,
}
"""What is an operator in every language."""


LONG = 10**6
"""Fractions with more below the line are written as decimals."""


def chained(coef: Fraction, above: Sequence[SourceCode], below: Sequence[SourceCode]) -> SourceCode:
    """coef · Π above / Π below of expressions that broadcast."""
    numbers = abs(coef)
    top, bottom = numbers.numerator, numbers.denominator
    code: SourceCode | None = None
    if bottom != 1 and (_short(numbers) or bottom > LONG):
        code, bottom = written_number(numbers if _short(numbers) else float(numbers)), 1
    elif top != 1 or not above:
        code = as_code(top)
    for k, piece in enumerate(above):
        plain = k == 0 and piece.level == PRODUCT and "@" not in piece.text  # a number in front needs no brackets
        code = piece if code is None else SourceCode(f"{code.text} * {piece.text}", PRODUCT) if plain else code * piece
    assert code is not None
    code = _negative(code) if coef < 0 else code
    divisors = [*below, *([as_code(bottom)] if bottom != 1 else [])]
    if not divisors:
        return code
    under = divisors[0]
    for each in divisors[1:]:
        under = under * each
    return code / under


def _short(number: Fraction) -> bool:
    """Whether a fraction has a short exact decimal form."""
    return Fraction(repr(float(number))) == number and len(repr(float(number))) <= 6


def _negative(code: SourceCode) -> SourceCode:
    """−code, which binds no tighter than the product it stands before."""
    if code.level == PRODUCT and not code.text.startswith("-"):
        return SourceCode(f"-{code.text}", PRODUCT)
    return -code
