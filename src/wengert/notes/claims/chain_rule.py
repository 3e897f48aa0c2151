"""Products by the chain rule in whole arrays: ∂L/∂a ∂a/∂z ∂z/∂W is what goes back to W on this way, also where no product of arrays of
these shapes has a meaning."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wengert.notes.notation.expr import Call, Expr, Partial, Product, Ref, mapped


def with_chains(tree: Expr, resolve: Callable[[str], str]) -> Expr:
    """The expression with prod(∂L/∂a, ∂a/∂z, ∂z/∂W) in place of such products, written from either end."""

    def changed(part: Expr) -> Expr:
        if isinstance(part, Product):
            for factors in (part.factors, part.factors[::-1]):
                if is_chain(factors, resolve):
                    return Call("prod", factors, span=part.span)
        return part

    return mapped(tree, changed)


def is_chain(factors: Sequence[Expr], resolve: Callable[[str], str]) -> bool:
    """Whether factors are a signal and derivatives, each of what the one before it is by."""
    first, links = factors[0], factors[1:]
    if not isinstance(first, Ref) or not first.barred or first.indices or not links:
        return False
    at = resolve(first.name)
    for link in links:
        if (
            not isinstance(link, Partial)
            or not isinstance(link.numerator, Ref)
            or not isinstance(link.denominator, Ref)
        ):
            return False
        if link.numerator.indices or link.denominator.indices or resolve(link.numerator.name) != at:
            return False
        at = resolve(link.denominator.name)
    return True
