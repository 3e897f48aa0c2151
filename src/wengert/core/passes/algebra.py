"""Algebra: identities that make a graph smaller and keep what it means, NaN and ∞ included.

`IDENTITIES` never hides a NaN or a singularity: x − x, which is 0 for finite x only, is none of them.
"""

from __future__ import annotations

import math
from fractions import Fraction

from wengert.core.ir.graph import Graph
from wengert.core.ir.types import ArrayType, Dim
from wengert.core.ir.walk import order_of
from wengert.core.passes.moves import MOVES
from wengert.core.passes.patterns import (
    Env,
    Number,
    abs,
    call,
    computed,
    exp,
    fill,
    logical_not,
    moderate,
    power,
    reciprocal,
    sqrt,
    where,
)
from wengert.core.passes.rewrite import Example, Rewrite, Rewritten, Rule, rewrite

LONG = 20_000
"""Graphs of more nodes are left as they are: they are loops written out, whose derivatives have little to simplify and
whose compilation has to be short."""


def simplify(graph: Graph) -> Graph:
    """The graph with every rule of `IDENTITIES` applied: x·1 is x, ½·2·x is x, −(−x) is x, (Xᵀ)ᵀ is X, and so on."""
    return graph if len(order_of(graph)) > LONG else outcome(graph).graph


def outcome(graph: Graph) -> Rewritten:
    """The simplified graph with the list of what was applied."""
    return rewrite(graph, IDENTITIES)


# ---------------------------------------------------------------- what the constants of a rule must be


def _both_moderate(env: Env) -> bool:
    return moderate(env["c"]) and moderate(env["d"])


def _moderate_c(env: Env) -> bool:
    return moderate(env["c"])


def _dyadic(c: Number) -> bool:
    """Whether a number is held without rounding, with bits to spare."""
    return math.fabs(c) <= 2.0**20 and (Fraction(c) * 2**20).denominator == 1


def _both_dyadic(env: Env) -> bool:
    return all(math.isfinite(env[name]) and _dyadic(env[name]) for name in ("c", "d"))


def _negative_c(env: Env) -> bool:
    return env["c"] < 0


def _power_of_two(env: Env) -> bool:
    c = env["c"]
    return moderate(c) and math.frexp(math.fabs(c))[0] == 0.5 and c != 1


def _inverse(c: Number) -> Number:
    """1/c, a fraction where c is one."""
    return 1 / c if isinstance(c, float) else Fraction(1) / Fraction(c)


def _whole_exponent(env: Env) -> bool:
    c = env["c"]
    return math.isfinite(c) and c == int(c) and math.fabs(c) <= 64


def _as_integer(c: Number) -> int:
    return int(c)


def _even(env: Env) -> bool:
    return env["n"] % 2 == 0


def _odd(env: Env) -> bool:
    return env["n"] % 2 == 1


def _times(n: int, m: int) -> int:
    return n * m


def _plus(n: int, m: int) -> int:
    return n + m


def _plus_one(n: int) -> int:
    return n + 1


def _positive_exponents(env: Env) -> bool:
    return env["n"] >= 1 and env.get("m", 1) >= 1


def _small_exponents(env: Env) -> bool:
    return math.fabs(env["n"]) <= 16 and math.fabs(env["m"]) <= 16 and env["x"].type.is_float


# ---------------------------------------------------------------- signs

SIGNS: tuple[Rewrite, ...] = (
    Rule("double-negative", lambda x: -(-x), lambda x: x, exact=True),  # noqa: B002
    Rule("add-negative", lambda x, y: x + (-y), lambda x, y: x - y, exact=True),
    Rule("subtract-negative", lambda x, y: x - (-y), lambda x, y: x + y, exact=True),
    Rule("negative-difference", lambda x, y: -(x - y), lambda x, y: y - x, exact=False, ulps=0),
    Rule("negative-minus", lambda x, y: (-x) - y, lambda x, y: -(x + y), exact=False, ulps=0),
    Rule("negative-factors", lambda x, y: (-x) * (-y), lambda x, y: x * y, exact=True),
    Rule("negative-quotient", lambda x, y: (-x) / (-y), lambda x, y: x / y, exact=True),
    Rule("sign-outside", lambda x, c: (-x) * fill(c), lambda x, c: fill(-c) * x, exact=True, when=lambda env: env["c"] != 0, examples=({"c": 3}, {"c": 0.1})),
    Rule("sign-inside", lambda x, c: -(fill(c) * x), lambda x, c: fill(-c) * x, exact=True, when=lambda env: env["c"] != 0, examples=({"c": 3}, {"c": -0.1})),
    Rule("sign-outside", lambda x, y: (-x) * y, lambda x, y: -(x * y), exact=True),
    Rule("sign-outside", lambda x, y: (-x) / y, lambda x, y: -(x / y), exact=True),
    Rule("sign-outside", lambda x, y: x / (-y), lambda x, y: -(x / y), exact=True),
    Rule("negative-power", lambda x, n: (-x) ** n, lambda x, n: x**n, exact=True, when=_even, examples=({"n": 2}, {"n": 4})),
    Rule("negative-power", lambda x, n: (-x) ** n, lambda x, n: -(x**n), exact=True, when=_odd, examples=({"n": 3}, {"n": 5})),
    Rule("absolute-of-negative", lambda x: abs(-x), lambda x: abs(x), exact=True),
    Rule("absolute-twice", lambda x: abs(abs(x)), lambda x: abs(x), exact=True),
    Rule("absolute-power", lambda x, n: abs(x) ** n, lambda x, n: x**n, exact=True, when=_even, examples=({"n": 2}, {"n": 4})),
    Rule("absolute-of-power", lambda x, n: abs(x**n), lambda x, n: x**n, exact=True, when=_even, examples=({"n": 2},)),
    Rule("absolute-of-exp", lambda x: abs(exp(x)), lambda x: exp(x), exact=True),
)  # fmt: skip

# ---------------------------------------------------------------- 0, 1 and other numbers

_TWO_NUMBERS: tuple[Example, ...] = ({"c": Fraction(1, 2), "d": 2}, {"c": 3, "d": Fraction(1, 5)}, {"c": 0.1, "d": -7})
_DYADIC: tuple[Example, ...] = ({"c": 1, "d": 2}, {"c": 0.25, "d": Fraction(-3, 4)})

UNITS: tuple[Rewrite, ...] = (
    Rule("times-one", lambda x: x * 1, lambda x: x, exact=True),
    Rule("over-one", lambda x: x / 1, lambda x: x, exact=True),
    Rule("times-minus-one", lambda x: x * -1, lambda x: -x, exact=True),
    Rule("over-minus-one", lambda x: x / -1, lambda x: -x, exact=True),
    Rule("minus-zero", lambda x: x - 0, lambda x: x, exact=True),
    Rule("plus-minus-zero", lambda x: x + -0.0, lambda x: x, exact=True),
    Rule("plus-zero", lambda x: x + 0, lambda x: x, exact=False, ulps=0),
    Rule("zero-minus", lambda x: 0 - x, lambda x: -x, exact=False, ulps=0),
    Rule("one-over", lambda x: 1 / x, lambda x: reciprocal(x), exact=True),
    Rule("twice", lambda x: x + x, lambda x: 2 * x, exact=True),
)
NUMBERS: tuple[Rewrite, ...] = (
    Rule("plus-negative-number", lambda x, c: x + fill(c), lambda x, c: x - fill(-c), exact=True, when=_negative_c, examples=({"c": -2}, {"c": -0.1})),
    Rule("minus-negative-number", lambda x, c: x - fill(c), lambda x, c: x + fill(-c), exact=True, when=_negative_c, examples=({"c": -2}, {"c": -0.1})),
    Rule("over-power-of-two", lambda x, c: x / fill(c), lambda x, c: fill(computed(_inverse, c)) * x, exact=True, when=_power_of_two, examples=({"c": 2}, {"c": Fraction(-1, 8)})),
    Rule("numbers-together", lambda x, c, d: fill(c) * (fill(d) * x), lambda x, c, d: fill(c * d) * x, exact=False, when=_both_moderate, examples=_TWO_NUMBERS),
    Rule("numbers-together", lambda x, c, d: fill(c) * (x / fill(d)), lambda x, c, d: fill(c / d) * x, exact=False, when=_both_moderate, examples=_TWO_NUMBERS),
    Rule("numbers-together", lambda x, c, d: (fill(c) * x) / fill(d), lambda x, c, d: fill(c / d) * x, exact=False, when=_both_moderate, examples=_TWO_NUMBERS),
    Rule("numbers-together", lambda x, c, d: (x / fill(c)) / fill(d), lambda x, c, d: x / fill(c * d), exact=False, when=_both_moderate, examples=_TWO_NUMBERS),
    Rule("numbers-together", lambda x, c, d: fill(c) * (fill(d) / x), lambda x, c, d: fill(c * d) / x, exact=False, valid="x != 0", when=_both_moderate, examples=_TWO_NUMBERS),
    Rule("numbers-together", lambda x, c, d: fill(c) / (fill(d) * x), lambda x, c, d: fill(c / d) / x, exact=False, valid="x != 0", when=_both_moderate, examples=_TWO_NUMBERS),
    Rule("number-outside", lambda x, y, c: (fill(c) * x) * y, lambda x, y, c: fill(c) * (x * y), exact=False, valid="1e-280 < abs(x * y) < 1e280", when=_moderate_c, examples=({"c": Fraction(1, 2)}, {"c": 3})),
    Rule("number-outside", lambda x, y, c: (fill(c) * x) / y, lambda x, y, c: fill(c) * (x / y), exact=False, valid="y != 0 and 1e-280 < abs(x / y) < 1e280", when=_moderate_c, examples=({"c": Fraction(1, 2)}, {"c": 3})),
    Rule("number-outside", lambda x, y, c: x / (fill(c) * y), lambda x, y, c: fill(computed(_inverse, c)) * (x / y), exact=False, valid="y != 0 and 1e-280 < abs(x / y) < 1e280", when=_moderate_c, examples=({"c": Fraction(1, 2)}, {"c": 3})),
    Rule("sum-of-numbers", lambda x, c, d: fill(c) + (fill(d) + x), lambda x, c, d: fill(c + d) + x, exact=False, ulps=1, when=_both_dyadic, examples=_DYADIC),
    Rule("sum-of-numbers", lambda x, c, d: fill(c) + (x - fill(d)), lambda x, c, d: x + fill(c - d), exact=False, ulps=1, when=_both_dyadic, examples=_DYADIC),
    Rule("sum-of-numbers", lambda x, c, d: fill(c) + (fill(d) - x), lambda x, c, d: fill(c + d) - x, exact=False, ulps=1, when=_both_dyadic, examples=_DYADIC),
    Rule("sum-of-numbers", lambda x, c, d: (x + fill(c)) - fill(d), lambda x, c, d: x + fill(c - d), exact=False, ulps=1, when=_both_dyadic, examples=_DYADIC),
    Rule("sum-of-numbers", lambda x, c, d: (x - fill(c)) - fill(d), lambda x, c, d: x - fill(c + d), exact=False, ulps=1, when=_both_dyadic, examples=_DYADIC),
    Rule("sum-of-numbers", lambda x, c, d: fill(c) - (x + fill(d)), lambda x, c, d: fill(c - d) - x, exact=False, ulps=1, when=_both_dyadic, examples=_DYADIC),
    Rule("sum-of-numbers", lambda x, c, d: fill(c) - (fill(d) - x), lambda x, c, d: x + fill(c - d), exact=False, ulps=1, when=_both_dyadic, examples=_DYADIC),
    Rule("sum-of-numbers", lambda x, c, d: fill(c) - (x - fill(d)), lambda x, c, d: fill(c + d) - x, exact=False, ulps=1, when=_both_dyadic, examples=_DYADIC),
)  # fmt: skip

# ---------------------------------------------------------------- powers

POWERS: tuple[Rewrite, ...] = (
    Rule("power-zero", lambda x: x**0, lambda x: 1, exact=True),
    Rule("power-one", lambda x: x**1, lambda x: x, exact=True),
    Rule("square", lambda x: x * x, lambda x: x**2, exact=True),
    Rule("power-minus-one", lambda x: x ** (-1), lambda x: reciprocal(x), exact=False, ulps=1, valid="x != 0"),
    Rule("power-of-power", lambda x, n, m: (x**n) ** m, lambda x, n, m: x ** computed(_times, n, m), exact=False, valid="x != 0", when=_small_exponents, examples=({"n": 2, "m": 3}, {"n": -1, "m": 2})),
    Rule("power-times", lambda x, n: x * x**n, lambda x, n: x ** computed(_plus_one, n), exact=False, when=_positive_exponents, examples=({"n": 2}, {"n": 3})),
    Rule("power-times", lambda x, n, m: x**n * x**m, lambda x, n, m: x ** computed(_plus, n, m), exact=False, when=_positive_exponents, examples=({"n": 2, "m": 3},)),
    Rule("whole-power", lambda x, c: power(x, fill(c)), lambda x, c: x ** computed(_as_integer, c), exact=False, ulps=1, valid="x != 0", when=_whole_exponent, examples=({"c": 3}, {"c": 2.0}, {"c": 0}, {"c": -1})),
    Rule("half-power", lambda x: power(x, Fraction(1, 2)), lambda x: sqrt(x), exact=False, ulps=1, valid="x >= 0"),
)  # fmt: skip

# ---------------------------------------------------------------- choices

_N = Dim("n")
_CHOICE: tuple[Example, ...] = ({"c": ArrayType((_N,), "bool")},)


def _odd_function(op: str) -> Rule:
    return Rule(f"odd-{op}", lambda x: call(op, -x), lambda x: -call(op, x), exact=True)


def _even_function(op: str) -> Rule:
    return Rule(f"even-{op}", lambda x: call(op, -x), lambda x: call(op, x), exact=True)


PARITY: tuple[Rewrite, ...] = (
    *map(_odd_function, ("sin", "tan", "sinh", "tanh", "arcsin", "arctan", "arcsinh", "arctanh", "erf", "cbrt")),
    *map(_even_function, ("cos", "cosh")),
)

CHOICES: tuple[Rewrite, ...] = (
    Rule("same-choice", lambda c, x: where(c, x, x), lambda c, x: x, exact=True, examples=_CHOICE),
    Rule("negated-choice", lambda c, x, y: where(logical_not(c), x, y), lambda c, x, y: where(c, y, x), exact=True, examples=_CHOICE),
    Rule("choice-again", lambda c, x, y, z: where(c, where(c, x, y), z), lambda c, x, y, z: where(c, x, z), exact=True, examples=_CHOICE),
    Rule("choice-again", lambda c, x, y, z: where(c, x, where(c, y, z)), lambda c, x, y, z: where(c, x, z), exact=True, examples=_CHOICE),
    Rule("gates-joined", lambda c, x, y: where(c, where(c, x, 0) * y, 0), lambda c, x, y: where(c, x * y, 0), exact=True, examples=_CHOICE),
    Rule("gates-joined", lambda c, x, y: where(c, where(c, x, 0) / y, 0), lambda c, x, y: where(c, x / y, 0), exact=True, examples=_CHOICE),
    Rule("gates-joined", lambda c, x: where(c, -where(c, x, 0), 0), lambda c, x: where(c, -x, 0), exact=True, examples=_CHOICE),
    Rule("gates-joined", lambda c, x, y: where(c, x, 0) + where(c, y, 0), lambda c, x, y: where(c, x + y, 0), exact=True, examples=_CHOICE),
    Rule("gates-joined", lambda c, x, y: where(c, x, 0) - where(c, y, 0), lambda c, x, y: where(c, x - y, 0), exact=True, examples=_CHOICE),
    Rule("choices-joined", lambda c, x, y: where(c, x, 0) + where(c, 0, y), lambda c, x, y: where(c, x, y), exact=False, ulps=0, examples=_CHOICE),
    Rule("not-not", lambda c: logical_not(logical_not(c)), lambda c: c, exact=True, examples=_CHOICE),
)  # fmt: skip

IDENTITIES: tuple[Rewrite, ...] = (*SIGNS, *UNITS, *NUMBERS, *POWERS, *PARITY, *CHOICES, *MOVES)
"""In the order in which they are tried."""
