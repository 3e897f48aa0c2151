"""A function of its inverse, powers of powers and logarithms of powers: chains that leave the range on the way, as what they are.

The slope of 1/(1/x) is 1, but each of its two factors may be 0 and the other ∞. Where the inner function is not real, the value stays NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from wengert.core.passes.patterns import Env, Pattern, abs, call, computed, fill, power, reciprocal, sqrt, where
from wengert.core.passes.rewrite import Rewrite, Rule

Condition = Callable[[Pattern], Pattern]


def _unless(outside: Condition) -> Callable[[Pattern], Pattern]:
    return lambda x: where(outside(x), math.nan, x)


def _below(bound: float) -> Condition:
    return lambda x: call("less", x, bound)


def _of_inverse(outer: str, inner: str, result: Callable[[Pattern], Pattern], valid: str = "") -> Rule:
    return Rule("of-inverse", lambda x: call(outer, call(inner, x)), result, exact=False, valid=valid, ulps=1)


_POSITIVE, _ABOVE_MINUS_ONE, _ABOVE_ONE = (_unless(_below(bound)) for bound in (0, -1, 1))
_UNIT = _unless(lambda x: call("greater", abs(x), 1))


def _itself(x: Pattern) -> Pattern:
    return x


OF_INVERSES: tuple[Rewrite, ...] = (
    _of_inverse("exp", "log", _POSITIVE),
    _of_inverse("exp2", "log2", _POSITIVE),
    _of_inverse("expm1", "log1p", _ABOVE_MINUS_ONE),
    Rule(
        "of-inverse",
        lambda x: call("expm1", call("log", x)),
        lambda x: _POSITIVE(x) - 1,
        exact=False,
        ulps=1,
    ),
    _of_inverse("cosh", "arccosh", _ABOVE_ONE),
    *(_of_inverse(*pair, _UNIT) for pair in (("tanh", "arctanh"), ("sin", "arcsin"), ("cos", "arccos"), ("erf", "erfinv"))),
    *(_of_inverse(*pair, _itself) for pair in (("tan", "arctan"), ("sinh", "arcsinh"), ("arcsinh", "sinh"), ("log1p", "expm1"))),
    _of_inverse("arctanh", "tanh", _itself, valid="abs(x) < 700"),
    _of_inverse("arccosh", "cosh", abs),
)  # fmt: skip


def _is_threefold(env: Env) -> bool:
    return env["n"] % 3 == 0 and env["n"] > 0


def _is_third_or_more(env: Env) -> bool:
    return _is_threefold(env) and env["n"] > 3


def _third(n: int) -> int:
    return n // 3


def _finite(env: Env) -> bool:
    return all(math.isfinite(env[name]) and env[name] != 0 for name in ("c", "d") if name in env)


def _moderate_quotient(env: Env) -> bool:
    return _finite(env) and all(2.0**-32 <= math.fabs(env[name]) <= 2.0**32 for name in ("c", "d"))


def _cbrt(x: Pattern) -> Pattern:
    return call("cbrt", x)


POWERS_OF_POWERS: tuple[Rewrite, ...] = (
    Rule("reciprocal-twice", lambda x: reciprocal(reciprocal(x)), _itself, exact=False, valid="x != 0", any_quotient=True),
    Rule("quotient-twice", lambda x, c, d: fill(c) / (fill(d) / x), lambda x, c, d: (fill(c) / fill(d)) * x, exact=False, valid="x != 0", when=_moderate_quotient, examples=({"c": 2, "d": 3}, {"c": 0.1, "d": -7})),
    Rule("reciprocal-twice", lambda x: reciprocal(sqrt(reciprocal(x))), lambda x: sqrt(x), exact=False, valid="x > 0", any_quotient=True),
    Rule("reciprocal-twice", lambda x: reciprocal(_cbrt(reciprocal(x))), lambda x: _cbrt(x), exact=False, valid="x != 0", any_quotient=True),
    Rule("cube-of-root", lambda x: _cbrt(x) ** 3, _itself, exact=False),
    Rule("cube-of-root", lambda x, n: _cbrt(x) ** n, lambda x, n: x ** computed(_third, n), exact=False, ulps=8, when=_is_third_or_more, examples=({"n": 6}, {"n": 9})),
    Rule("root-of-cube", lambda x: _cbrt(x**3), _itself, exact=False),
    Rule("root-of-cube", lambda x, n: _cbrt(x**n), lambda x, n: x ** computed(_third, n), exact=False, when=_is_third_or_more, examples=({"n": 6}, {"n": 9})),
)  # fmt: skip


def _is_even(env: Env) -> bool:
    return env["n"] % 2 == 0 and env["n"] != 0


def _is_odd(env: Env) -> bool:
    return env["n"] % 2 == 1 and env["n"] != 1


def _is_broken(env: Env) -> bool:
    return math.isfinite(env["c"]) and env["c"] != int(env["c"])


def _logs_of_powers(name: str) -> tuple[Rewrite, ...]:
    """log xⁿ is n log |x|: xⁿ leaves the range long before x does, and is rounded."""

    def log(x: Pattern) -> Pattern:
        return call(name, x)

    return (
        Rule("log-of-power", lambda x: log(x * x), lambda x: 2 * log(abs(x)), exact=False),
        Rule("log-of-power", lambda x, n: log(x**n), lambda x, n: fill(n) * log(abs(x)), exact=False, valid="x != 0", when=_is_even, examples=({"n": 2}, {"n": -4})),
        Rule("log-of-power", lambda x, n: log(x**n), lambda x, n: fill(n) * log(x), exact=False, valid="x > 0", when=_is_odd, examples=({"n": 3}, {"n": -3})),
        Rule("log-of-power", lambda x, c: log(power(x, fill(c))), lambda x, c: fill(c) * log(x), exact=False, valid="x > 0", when=_is_broken, examples=({"c": 2.5}, {"c": -0.5})),
    )  # fmt: skip


LOGS_OF_POWERS: tuple[Rewrite, ...] = (*_logs_of_powers("log"), *_logs_of_powers("log2"), *_logs_of_powers("log10"))
CHAINS: tuple[Rewrite, ...] = (*OF_INVERSES, *POWERS_OF_POWERS, *LOGS_OF_POWERS)
_QUOTIENTS = frozenset({"reciprocal", "divide"})
_ROOTS = frozenset({"sqrt", "cbrt"})
_POWERS = frozenset({"integer_power", "multiply", "power"})
BENEATH: dict[str, frozenset[str]] = {
    "exp": frozenset({"log"}),
    "exp2": frozenset({"log2"}),
    "expm1": frozenset({"log1p", "log"}),
    "cosh": frozenset({"arccosh"}),
    "tanh": frozenset({"arctanh"}),
    "sin": frozenset({"arcsin"}),
    "cos": frozenset({"arccos"}),
    "erf": frozenset({"erfinv"}),
    "tan": frozenset({"arctan"}),
    "sinh": frozenset({"arcsinh"}),
    "arcsinh": frozenset({"sinh"}),
    "log1p": frozenset({"expm1"}),
    "arctanh": frozenset({"tanh"}),
    "arccosh": frozenset({"cosh"}),
    "reciprocal": _QUOTIENTS | _ROOTS,
    "divide": _QUOTIENTS | _ROOTS,
    "integer_power": frozenset({"cbrt", "hypot"}),
    "power": frozenset({"cbrt", "hypot"}),
    "multiply": frozenset({"cbrt", "hypot"}),
    "cbrt": _POWERS,
    "log": _POWERS,
    "log2": _POWERS,
    "log10": _POWERS,
}
"""For an op: what is right beneath it in a chain that a rule knows."""
