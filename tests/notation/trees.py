"""Random surface trees of the form that the reader yields, and symbols that know their names."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from wengert.notes.notation.expr import (
    And,
    Bars,
    BigOp,
    Call,
    Cases,
    Compare,
    Derive,
    Expr,
    Index,
    Indicator,
    Inverse,
    MatrixEntries,
    Neg,
    Norm,
    Num,
    Ones,
    Partial,
    Power,
    Product,
    Quotient,
    Ref,
    Sum,
    Transpose,
)
from wengert.notes.notation.symbols import Symbols

NAMES = ("w", "x", "y", "A", "λ", "β", "w⁽¹⁾", "W⁽²⁾", "L_reg", "w_0", "X\u0302", "c'", "loss", "x1", "f", "θ⁽¹⁾_old")
COUNTS = {"x": 1, "w⁽¹⁾": 2, "A": 2, "λ": 1, "X\u0302": 1, "h": 1}
SYMBOLS = Symbols(
    names=frozenset(NAMES) | {"h", "s"},
    assigned=("y", "c'", "f", "loss", "L_reg"),
    functions=frozenset({"σ", "φ"}),
    letters=frozenset("ijkℓ"),
    counts={name: frozenset({count}) for name, count in COUNTS.items()} | {"s": frozenset({1})},
)

letters = st.sampled_from("ijkℓ")
indices = st.one_of(
    letters.map(Index),
    st.builds(
        lambda a, n, s: Sum(((1, Index(a)), (s, Num(Fraction(n))))),
        letters,
        st.integers(1, 3),
        st.sampled_from((1, -1)),
    ),
    st.builds(lambda a, b: Sum(((1, Product((Num(Fraction(2)), Index(a)))), (1, Index(b)))), letters, letters),
    letters.map(lambda a: Ref("s", (Index(a),))),
    st.integers(0, 12).map(lambda n: Num(Fraction(n))),
)
numbers = st.one_of(
    st.integers(0, 120).map(lambda n: Num(Fraction(n))),
    st.sampled_from(
        [
            Num(Fraction(1, 2)),
            Num(Fraction(2, 3)),
            Num(Fraction(3, 7)),
            Num(Fraction(1, 4)),
            Num(Fraction(3, 10), "0.30"),
        ]
    ),
)


@st.composite
def refs(draw: st.DrawFn) -> Ref:
    barred = draw(st.booleans())
    if draw(st.booleans()):
        return Ref(draw(st.sampled_from(NAMES)), barred=barred)
    name = draw(st.sampled_from(sorted(COUNTS)))
    return Ref(name, tuple(draw(indices) for _ in range(COUNTS[name])), barred)


def is_fraction(pair: tuple[Expr, Expr]) -> bool:
    return all(isinstance(part, Num) and part.value.denominator == 1 for part in pair)


def compound(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    signs = st.sampled_from((1, -1))
    not_number = inner.filter(lambda t: not isinstance(t, Num))
    calls = st.builds(
        Call, st.sampled_from(("σ", "log", "tanh", "exp", "sqrt", "softmax", "φ", "relu")), st.tuples(inner)
    )
    return st.one_of(
        st.lists(st.tuples(signs, inner), min_size=2, max_size=3).map(lambda terms: Sum(tuple(terms))),
        several.map(Product),
        several.map(lambda factors: Product(factors, "∘")),
        st.builds(
            lambda fs, s: Product(fs, s),
            st.lists(not_number, min_size=2, max_size=3).map(tuple),
            st.sampled_from("·*"),
        ),
        st.tuples(inner, inner).filter(lambda pair: not is_fraction(pair)).map(lambda pair: Quotient(*pair)),
        inner.map(Neg),
        st.builds(Power, inner, inner.filter(lambda t: t != Neg(Num(Fraction(1))))),
        inner.map(Transpose),
        inner.map(Inverse),
        calls,
        st.builds(lambda t, n: Call("σ", (t,), primes=n), inner, st.integers(1, 2)),
        st.builds(lambda t, n: Call("tanh", (t,), power=n), inner, st.integers(2, 3).map(lambda n: Num(Fraction(n)))),
        st.builds(lambda a, b: Call("max", (a, b)), inner, inner),
        st.builds(BigOp, st.sampled_from(("sum", "prod", "max", "argmin")), st.lists(letters, min_size=1, max_size=2, unique=True).map(tuple), inner),
        st.builds(lambda a, b: BigOp("sum", ("j",), a, None, Num(Fraction(0)), b), inner, refs()),
        st.builds(lambda a: BigOp("sum", ("i",), BigOp("sum", ("j",), a, Compare("≠", Index("j"), Index("i")))), inner),
        st.builds(lambda a, b, c, d: MatrixEntries(((a, b), (c, d))), inner, inner, inner, inner),
        st.builds(lambda a, b: MatrixEntries(((a,), (b,))), inner, inner),
        inner.map(Norm),
        inner.map(Bars),
        st.builds(lambda op, a, b: Indicator(Compare(op, a, b)), st.sampled_from("<>≤≥=≠"), inner, inner),
        st.builds(lambda a, b, c: Indicator(And((Compare("<", a, b), Compare("≤", b, c)))), inner, inner, inner),
        st.builds(lambda a, b, c: Cases(((a, Compare(">", b, Num(Fraction(0)))), (c, None))), inner, inner, inner),
        st.builds(Partial, refs().filter(lambda r: not r.barred), refs().filter(lambda r: not r.barred)),
        st.builds(Derive, st.sampled_from(("w", "x")).map(Ref), inner),
    )  # fmt: skip


trees = st.recursive(st.one_of(refs(), numbers, st.just(Ones())), compound, max_leaves=10)
