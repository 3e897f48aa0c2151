"""One text for a product however its factors stand and its labels are called: colours refined as in graph isomorphism."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wengert.core.ops.terms import Factor, ProductTerm


def canonical_order(product: ProductTerm) -> tuple[list[Factor], dict[int, int]]:
    """The factors in an order, and numbers for the labels, that depend neither on how either stands nor on how labels are called.

    Labels get colours from where they stand, refined until nothing changes (as in graph isomorphism); summed labels that are
    still alike are told apart one by one, and the smallest of the readings is taken.
    """
    colors = {label: (0, str(k)) for k, label in enumerate(product.out)}
    for factor in product.factors:
        for label in factor.labels:
            colors.setdefault(label, (1, str(product.sizes[label])))
    if len(colors) == len(product.out):
        order = sorted(product.factors, key=lambda f: (f.term.key, f.exponent, [int(colors[q][1]) for q in f.labels]))
        return order, {label: k for k, label in enumerate(product.out)}
    rank = {color: k for k, color in enumerate(sorted(set(colors.values())))}
    _, order, number = _least(product, {label: rank[color] for label, color in colors.items()})
    return order, number


_Reading = list[tuple[str, Fraction, tuple[int, ...]]]
MAX_ALIKE = 5
"""So many labels that stand alike are told apart in every order; of more, in the order in which they are written."""


def _least(product: ProductTerm, colors: dict[int, int]) -> tuple[_Reading, list[Factor], dict[int, int]]:
    """The smallest reading of a product under colours of its labels: (its text, the factors, numbers of the labels)."""
    colors = _refined(product, colors)
    alike: dict[int, list[int]] = {}
    for label, color in colors.items():
        alike.setdefault(color, []).append(label)
    tied = min((color for color, labels in alike.items() if len(labels) > 1), default=None)
    if tied is None:
        order = sorted(product.factors, key=lambda f: (f.term.key, f.exponent, [colors[q] for q in f.labels]))
        number = {label: k for k, label in enumerate(product.out)}
        for label in sorted((q for q in colors if q not in number), key=colors.__getitem__):
            number[label] = len(number)
        return [(f.term.key, f.exponent, tuple(number[q] for q in f.labels)) for f in order], order, number
    labels = alike[tied] if len(alike[tied]) <= MAX_ALIKE else alike[tied][:1]
    doubled = {label: 2 * color + 1 for label, color in colors.items()}
    return min((_least(product, {**doubled, label: 2 * tied}) for label in labels), key=lambda reading: reading[0])


def _refined(product: ProductTerm, colors: dict[int, int]) -> dict[int, int]:
    """Colours told apart by the factors in which the labels stand, until no more can be."""
    while True:
        seen: dict[int, list[tuple[str, Fraction, tuple[int, ...], int]]] = {label: [] for label in colors}
        for term, labels, exponent in product.factors:
            around = tuple(colors[q] for q in labels)
            pattern = tuple(labels.index(q) for q in labels)
            for place, label in enumerate(labels):
                seen[label].append((term.key, exponent, around + pattern, place))
        signs = {label: (color, sorted(seen[label])) for label, color in colors.items()}
        distinct: list[tuple[int, list[tuple[str, Fraction, tuple[int, ...], int]]]] = []
        for sign in sorted(signs.values()):
            if not distinct or distinct[-1] != sign:
                distinct.append(sign)
        if len(distinct) == len(set(colors.values())):
            return colors
        colors = {label: distinct.index(sign) for label, sign in signs.items()}
