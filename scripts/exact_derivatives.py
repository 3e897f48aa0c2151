"""Compositions of the functions of `derivative_truths`, with their derivatives to order 2 at 60 digits and what floats may lose.

An evaluation carries, beside each number, how far rounding of the steps may move it: the tolerance is made of that, so that it
is as wide as the problem is badly conditioned and no wider.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import mpmath as mp
from mpmath.libmp.libhyper import NoConvergence

from scripts.derivative_truths import FUNCTIONS, Function

DIGITS = 60
ULPS = 64
"""So many units of the last place each rounding may take."""
WIDE = mp.mpf("1e-3")
"""Where rounding moves an argument by more than this part of it, the functions are looked at where it may be instead."""
LARGEST = mp.mpf(10) ** 3000
SMALLEST = mp.mpf(10) ** -3000
PERIODIC = ("sin", "cos", "tan", "sinc")
"""Where rounding moves their argument by a part of a period, nothing can be told."""
NOTICED = mp.mpf("1e-10")
"""Where it moves it by more, the functions are looked at on both sides, for there may be an extremum."""
TIES = ("maximum", "minimum")
"""Where rounding may decide which of their arguments is the larger, nothing can be told."""
NEAR = ("1e-1000", "1e-1200")
"""How near a point a limit is read."""
FAILURES = (ZeroDivisionError, OverflowError, ValueError, NoConvergence)


@dataclass(frozen=True)
class Composition:
    """A function of one or two variables: a variable, or a function of the table of such."""

    function: str
    """The name in the table; "x" or "y" for a variable."""
    inner: tuple[Composition, ...] = ()
    title: str = ""
    """What several functions together are called."""

    @property
    def source(self) -> str:
        """Python for it; an argument that occurs more than once gets a name."""
        if not self.inner:
            return self.function
        text = FUNCTIONS[self.function].source
        given = [part.source for part in self.inner]
        if any(part.inner and text.count(f"{{{k}}}") > 1 for k, part in enumerate(self.inner)):
            names = ("u", "v")[: len(given)]
            return f"(lambda {', '.join(names)}: {text.format(*names)})({', '.join(given)})"
        return text.format(*given)

    @property
    def label(self) -> str:
        """The names of its functions, outer first."""
        if self.title or not self.inner:
            return self.title or self.function
        return f"{self.function} of {', '.join(part.label for part in self.inner)}"

    @property
    def variables(self) -> tuple[str, ...]:
        """Those that it has."""
        if not self.inner:
            return (self.function,)
        return tuple(sorted({name for part in self.inner for name in part.variables}))

    def functions(self) -> Iterator[str]:
        """The names of its functions."""
        if self.inner:
            yield self.function
            for part in self.inner:
                yield from part.functions()


X, Y = Composition("x"), Composition("y")


def _pair(name: str, *parts: Composition) -> Composition:
    return Composition(name, parts)


def _gelu(gate: Composition, x: Composition) -> Composition:
    """½ x (1 + gate)."""
    return _pair("multiply", of("x/2", at=x), of("1+x", at=gate))


SEVERAL: dict[str, Callable[[Composition], Composition]] = {
    "√(1+x²)": lambda x: of("sqrt", "1+x", "x²", at=x),
    "x√|x|": lambda x: _pair("multiply", x, of("sqrt", "abs", at=x)),
    "cot": lambda x: _pair("divide", of("cos", at=x), of("sin", at=x)),
    "sec": lambda x: of("1/x", "cos", at=x),
    "csc": lambda x: of("1/x", "sin", at=x),
    "coth": lambda x: of("1/x", "tanh", at=x),
    "silu": lambda x: _pair("divide", x, of("1+x", "e^-x", at=x)),
    "gelu": lambda x: _gelu(of("erf", "x/√2", at=x), x),
    "gelu, tanh": lambda x: _gelu(of("tanh", "0.8 x", at=_pair("add", x, of("0.04 x", "x³", at=x))), x),
    "elu": lambda x: _pair("where", x, of("expm1", at=x)),
}
"""Functions whose roundings are those of their parts."""


def of(*names: str, at: Composition = X) -> Composition:
    """f(g(… x)) of functions of one argument."""
    for name in reversed(names):
        made = SEVERAL[name](at) if name in SEVERAL else Composition(name, (at,))
        at = replace(made, title=f"{name} of {at.label}" if name in SEVERAL else "")
    return at


@dataclass(frozen=True)
class Number:
    """A number, how far rounding may move it in units of `unit`, and whether all it was made of is within the range of floats."""

    value: Any
    error: Any
    inside: bool


@dataclass(frozen=True)
class Jet:
    """A value with its first and second derivatives by the variables, and what they were made of."""

    value: Number
    first: dict[str, Number]
    second: dict[tuple[str, str], Number]
    parts: tuple[Jet, ...] = ()
    slopes: tuple[Any, ...] = ()
    curvature: tuple[tuple[Any, ...], ...] = ()


@dataclass(frozen=True)
class Format:
    """A format of floats: the range of its normal numbers."""

    unit: Any
    smallest: Any
    largest: Any

    def holds(self, *values: Any) -> bool:
        """Whether each is 0 or a normal number of the format, with some room."""
        return all(v == 0 or self.smallest < abs(v) < self.largest for v in values)


FORMATS = {
    "float64": Format(mp.mpf(2) ** -53, mp.mpf("3e-308"), mp.mpf("1.7e308")),
    "float32": Format(mp.mpf(2) ** -24, mp.mpf("2e-38"), mp.mpf("3.3e38")),
}


class Unknown(Exception):
    """There is no derivative here, or it cannot be told."""


def checked(value: Any) -> Any:
    """A real number of a size that mpmath can go on with."""
    if value is None or mp.im(value) != 0 or mp.isnan(value) or mp.isinf(value):
        raise Unknown
    value = mp.re(value)
    if value != 0 and not SMALLEST < abs(value) < LARGEST:
        raise Unknown
    return value


@lru_cache(maxsize=400_000)
def local(name: str, arguments: tuple[Any, ...], order: int) -> tuple[Any, list[Any], list[Any], list[list[Any]]]:
    """The value of a function, its slopes, curvatures, and how the curvatures change by each argument; as far as the order asks.

    The curvatures are always made: the condition of a slope is made of them.
    """
    f = FUNCTIONS[name]
    value, slopes = checked(f.value(*arguments)), [checked(s(*arguments)) for s in f.slopes]
    curvatures = [_or_none(c, arguments) for c in f.curvatures]
    changes = [[_change(c, arguments, k) for k in range(f.arity)] for c in f.curvatures] if order > 1 else []
    return value, slopes, curvatures, changes


def _or_none(formula: Any, arguments: Sequence[Any]) -> Any:
    try:
        return checked(formula(*arguments))
    except (Unknown, *FAILURES):
        return None


def _change(formula: Any, arguments: Sequence[Any], k: int) -> Any:
    """A third derivative, from two values near each other: five digits of it are enough for a tolerance."""
    step = abs(arguments[k]) * mp.mpf("1e-25")
    if step == 0:
        return mp.mpf(0)
    moved = [x + step * (i == k) for i, x in enumerate(arguments)]
    a, b = _or_none(formula, arguments), _or_none(formula, moved)
    return None if a is None or b is None else (b - a) / step


def _known(value: Any) -> Any:
    if value is None:
        raise Unknown
    return value


def evaluate(made: Composition, at: dict[str, Any], order: int, floats: Format) -> Jet:
    """The derivatives of a composition at a point.

    Raises Unknown, or an error of mpmath's.
    """
    if not made.inner:
        one = Number(mp.mpf(1), mp.mpf(0), True)
        return Jet(Number(at[made.function], mp.mpf(0), True), {made.function: one}, {})
    parts = [evaluate(part, at, order, floats) for part in made.inner]
    f = FUNCTIONS[made.function]
    arguments = tuple(part.value.value for part in parts)
    u, d, dd, ddd = local(made.function, arguments, order)
    moved = [part.value.error + abs(part.value.value) * f.rounds for part in parts]
    if made.function in PERIODIC and moved[0] * floats.unit > mp.mpf("1e-5"):
        raise Unknown
    if made.function in TIES and abs(arguments[0] - arguments[1]) <= ULPS * floats.unit * sum(moved):
        raise Unknown
    inside = all(part.value.inside for part in parts) and floats.holds(u, *d)
    inside = inside and (f.factor is None or floats.holds(f.factor(*arguments)))
    symmetric = {pair: k for k, pair in enumerate(f.pairs)}
    curvature = tuple(tuple(dd[symmetric[min(k, m), max(k, m)]] for m in range(f.arity)) for k in range(f.arity))
    wide = _wide(made.function, arguments, moved, order, floats)
    slope_errors = [abs(d[k]) + (wide[0][k] if wide else _total(curvature[k], moved)) for k in range(f.arity)]
    value = Number(u, abs(u) + _total(d, moved), inside and floats.holds(u))
    slopes = [Number(s, e, inside) for s, e in zip(d, slope_errors, strict=True)]
    names = made.variables
    first = {
        i: _sum([_times(floats, slopes[k], p.first[i]) for k, p in enumerate(parts) if i in p.first]) for i in names
    }
    second: dict[tuple[str, str], Number] = {}
    if order > 1:
        rates = [[ddd[symmetric[min(k, m), max(k, m)]] for m in range(f.arity)] for k in range(f.arity)]
        off = [
            [wide[1][symmetric[min(k, m), max(k, m)]] if wide else None for m in range(f.arity)] for k in range(f.arity)
        ]
        size = abs(f.terms(*arguments)) if f.terms is not None else mp.mpf(0)
        bends = [
            [_bend(floats, curvature[k][m], rates[k][m], moved, off[k][m], size) for m in range(f.arity)]
            for k in range(f.arity)
        ]
        second = _second(floats, names, parts, slopes, bends)
    return Jet(value, first, second, tuple(parts), tuple(d), curvature)


def carried(jet: Jet, bar: Any, rates: dict[str, Any], order: int, floats: Format) -> bool:
    """Whether the signals of reverse mode, and their rates of change by each variable, are in the range of floats too."""
    for k, part in enumerate(jet.parts):
        below, moving = bar * jet.slopes[k], {}
        if not floats.holds(below):
            return False
        for i in rates if order > 1 else ():
            terms = [rates[i] * jet.slopes[k]]
            for m, other in enumerate(jet.parts):
                if i in other.first:
                    c, u = _known(jet.curvature[k][m]), other.first[i].value
                    terms += [bar * c, bar * c * u]
                    if c != 0 and not floats.holds(bar * u, *(bar * u * p.value for p in part.first.values())):
                        return False
            if not floats.holds(*terms):
                return False
            moving[i] = terms[0] + sum(terms[2::2])
        if not carried(part, below, moving, order, floats):
            return False
    return True


def _total(slopes: Sequence[Any], moved: Sequence[Any]) -> Any:
    """How far a result moves; an unknown slope matters only where something moves."""
    return sum((abs(_known(s)) * m for s, m in zip(slopes, moved, strict=True) if m), mp.mpf(0))


def _bend(floats: Format, curvature: Any, rates: Sequence[Any], moved: Sequence[Any], off: Any, size: Any) -> Number:
    c = _known(curvature)
    return Number(c, max(abs(c), size) + (_total(rates, moved) if off is None else off), floats.holds(c))


def _wide(
    name: str, arguments: tuple[Any, ...], moved: Sequence[Any], order: int, floats: Format
) -> tuple[list[Any], list[Any]] | None:
    """How far slopes and curvatures differ at the ends of where the arguments may be; None where that is near.

    Raises Unknown where there is none at an end, or at 0 if that is between: a kink may be there.
    """
    unit = ULPS * floats.unit
    near = all(m * unit <= WIDE * abs(x) for x, m in zip(arguments, moved, strict=True))
    if near and not (name in PERIODIC and moved[0] * unit > NOTICED):
        return None
    _, d, dd, _ = local(name, arguments, 1)
    if any(abs(x) < unit * m for x, m in zip(arguments, moved, strict=True)):
        local(name, tuple(mp.mpf(0) if abs(x) < unit * m else x for x, m in zip(arguments, moved, strict=True)), 1)
    off, bent = [mp.mpf(0)] * len(d), [mp.mpf(0)] * len(dd)
    for sign in (1, -1):
        there = tuple(x + sign * unit * m for x, m in zip(arguments, moved, strict=True))
        _, e, ee, _ = local(name, there, 1)
        off = [max(o, abs(a - b) / unit) for o, a, b in zip(off, d, e, strict=True)]
        if order > 1:
            bent = [max(o, abs(_known(a) - _known(b)) / unit) for o, a, b in zip(bent, dd, ee, strict=True)]
    return off, bent


def _second(floats: Format, names: Sequence[str], parts: Sequence[Jet], slopes: Any, bends: Any) -> dict[Any, Number]:
    """Σ f_kl u_k' u_l' + Σ f_k u_k″ for each pair of variables."""
    found: dict[tuple[str, str], Number] = {}
    for a, i in enumerate(names):
        for j in names[a:]:
            terms = [
                _times(floats, _times(floats, bends[k][m], p.first[i]), q.first[j])
                for k, p in enumerate(parts)
                for m, q in enumerate(parts)
                if i in p.first and j in q.first
            ]
            terms += [_times(floats, slopes[k], p.second[i, j]) for k, p in enumerate(parts) if (i, j) in p.second]
            found[i, j] = _sum(terms)
    return found


def _times(floats: Format, a: Number, b: Number) -> Number:
    value = a.value * b.value
    error = a.error * abs(b.value) + b.error * abs(a.value) + abs(value)
    return Number(value, error, a.inside and b.inside and floats.holds(value))


def _sum(terms: Sequence[Number]) -> Number:
    value = sum((t.value for t in terms), mp.mpf(0))
    return Number(value, sum((t.error for t in terms), abs(value)), all(t.inside for t in terms))


@dataclass(frozen=True)
class Truth:
    """What a derivative is, and how far floats may be from it; `kind` says whether that is a promise."""

    value: Any
    slack: Any
    kind: str
    """within: all is in the range of floats; beyond: something is not; limit: there the formula has no value, its limit has;
    kink: no value is known."""


def truths(
    made: Composition, at: Sequence[float], order: int, floats: Format, value: float = math.nan
) -> dict[str, Truth]:
    """The truths of a composition at a point by the derivative, "x" or "xy"; those that are not known are left out.

    `value` is what floats give for the composition, which may be known where a part of it is infinite.
    """
    point = {name: mp.mpf(x) for name, x in zip(("x", "y"), at, strict=False)}
    try:
        jet = evaluate(made, point, order, floats)
    except (Unknown, *FAILURES):
        if order > 1:
            return truths(made, at, 1, floats, value)
        return _limit(made, point, floats, value)
    numbers = jet.first | {i + j: n for (i, j), n in jet.second.items()}
    unit = ULPS * floats.unit
    held = jet.value.inside and carried(jet, mp.mpf(1), dict.fromkeys(jet.first, mp.mpf(0)), order, floats)
    return {
        name: Truth(n.value, unit * n.error, "within" if n.inside and held and floats.holds(n.value) else "beyond")
        for name, n in numbers.items()
    }


def _limit(made: Composition, point: dict[str, Any], floats: Format, value: float) -> dict[str, Truth]:
    """The slope at 0 of a function of x that is continuous there, if the slopes near 0 have a limit."""
    if list(point) != ["x"] or point["x"] != 0 or _is_tied(made):
        return {}
    try:
        centre = _centre(made, value)
        sides = [found for sign in (1, -1) if (found := _side(made, centre, sign, floats)) is not None]
    except (Unknown, *FAILURES):
        return {}
    if len(sides) < 2 and _chooses(made):  # one side may lie on a tie, which says nothing of it
        return {}
    if not sides or abs(sides[0] - sides[-1]) > abs(sides[0]) * mp.mpf("1e-20"):
        return {}
    return {"x": Truth(sides[0], ULPS * 8 * floats.unit * abs(sides[0]), "limit")}


def _is_tied(made: Composition) -> bool:
    """Whether a part of a composition is the larger or smaller of two numbers that are equal at 0, whose slope is shared by convention."""
    return (made.function in TIES and any(_meet(made.inner, sign) for sign in (1, -1))) or any(
        map(_is_tied, made.inner)
    )


def _meet(parts: Sequence[Composition], sign: int) -> bool:
    """Whether two functions have the same limit at 0 from one side."""
    try:
        first, second = (_value(part, sign * mp.mpf(NEAR[0])) for part in parts)
    except (Unknown, *FAILURES):
        return False
    return abs(first - second) < mp.mpf("1e-100")


def _chooses(made: Composition) -> bool:
    """Whether a part of a composition is one of two numbers."""
    return made.function in (*TIES, "where", "max(x, 0)") or any(_chooses(part) for part in made.inner)


def _centre(made: Composition, value: float) -> Any:
    try:
        return _value(made, mp.mpf(0))
    except (Unknown, *FAILURES):
        return checked(mp.mpf(value))


def _value(made: Composition, x: Any) -> Any:
    if not made.inner:
        return x
    return checked(FUNCTIONS[made.function].value(*(_value(part, x) for part in made.inner)))


def _side(made: Composition, centre: Any, sign: int, floats: Format) -> Any:
    """The limit of the slope from one side; None where the function is not real there.

    Raises Unknown where there is no finite limit, or the function jumps.
    """
    found: list[Any] = []
    for text in NEAR:
        t = sign * mp.mpf(text)
        try:
            value = _value(made, t)
        except (Unknown, *FAILURES):
            return None
        if abs(value - centre) > mp.mpf("1e-100"):
            raise Unknown
        found.append(evaluate(made, {"x": t}, 1, floats).first["x"].value)
    a, b = found
    if abs(a) < mp.mpf("1e-150") and abs(b) < mp.mpf("1e-150"):
        return mp.mpf(0)
    if abs(a - b) > abs(a) * mp.mpf("1e-20") or abs(a) > mp.mpf("1e150"):
        raise Unknown
    return a


def single(function: Function) -> Composition:
    """The function of its variables."""
    return Composition(function.name, (X, Y)[: function.arity])
