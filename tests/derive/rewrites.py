"""Random rewrites of an expression that do not change its value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from fractions import Fraction
from typing import Any

from wengert.notation.expr import Expr, Index, Neg, Num, Power, Product, Quotient, Ref, Sum, Transpose, walk


def rewritten(tree: Expr, rng: Any) -> Expr:
    """The tree with one to three rewrites at random places; the same tree where none applies."""
    for _ in range(int(rng.integers(1, 4))):
        places = _all(tree)
        if not places:
            return tree
        tree = places[int(rng.integers(len(places)))]()
    return tree


def _all(tree: Expr) -> list[Callable[[], Expr]]:
    """Every rewrite of the tree or of a part of it, not done yet."""
    found: list[Callable[[], Expr]] = [lambda new=new: new for new in _here(tree)]
    for spot in fields(tree):
        value: Any = getattr(tree, spot.name)
        if spot.name == "span":
            continue
        if isinstance(value, Expr):
            found += [lambda part=part, spot=spot: replace(tree, **{spot.name: part()}) for part in _all(value)]
        elif isinstance(value, tuple) and not isinstance(tree, Ref):
            for k, item in enumerate(value):
                inner = item[1] if isinstance(tree, Sum) else item
                if not isinstance(inner, Expr):
                    continue
                for part in _all(inner):
                    found.append(
                        lambda part=part, k=k, item=item, value=value, spot=spot: replace(
                            tree,
                            **{
                                spot.name: (
                                    *value[:k],
                                    (item[0], part()) if isinstance(tree, Sum) else part(),
                                    *value[k + 1 :],
                                )
                            },
                        )
                    )
    return found


def _is_number(tree: Ref) -> bool:
    """Whether a name stands for one number; a sequence h_t may have vectors as entries."""
    return bool(tree.indices) and not any(Index("t") in walk(index) for index in tree.indices or ())


def _scalar_factors(tree: Product) -> bool:
    """Whether the order of factors means nothing: every name in them has all its indices."""
    return all(_is_number(t) for t in walk(tree) if isinstance(t, Ref)) and not any(
        isinstance(t, Transpose) for t in walk(tree)
    )


def _here(tree: Expr) -> list[Expr]:
    found: list[Expr] = []
    match tree:
        case Sum(terms=terms):
            found.append(Sum((*terms[1:], terms[0])))
            found.append(Neg(Sum(tuple((-sign, term) for sign, term in terms))))
        case Product(factors=factors, sign="") if _scalar_factors(tree) and not any(
            type(f).__name__ in ("BigOp", "Neg", "Sum", "Cases") for f in factors
        ):
            found.append(Product((*factors[1:], factors[0])))
        case Power(base=Ref() as base, exponent=Num(value=Fraction(numerator=2, denominator=1))) if _is_number(base):
            found.append(Product((base, base)))
        case Quotient(numerator=above, denominator=below):
            found.append(Neg(Quotient(Neg(above), below)))
        case Transpose(operand=Ref() as inner):
            found.append(Transpose(Transpose(Transpose(inner))))
        case _:
            pass
    return found
