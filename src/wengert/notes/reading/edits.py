"""Small changes that would make a side right: each undoes a mistake that people make, and says which."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from fractions import Fraction

from wengert.notes.reading.facts import Facts
from wengert.notes.reading.omitted import (
    Edit,
    Nearby,
    Put,
    acts,
    bracketed,
    lost_divisions,
    lost_links,
    lost_sums,
    missing_factors,
    missing_terms,
    spelled,
)
from wengert.notes.reading.scope import OPAQUE
from wengert.notes.reading.trees import (
    TRANSPOSE,
    Big,
    Both,
    Frac,
    Func,
    Group,
    Listing,
    Name,
    Num,
    Row,
    Script,
    Sign,
    Sum,
    Tree,
    Word,
    base_of,
    first_sign,
    has_derivative,
    is_fraction_of,
    names,
    product,
)


def edits(tree: Tree, left: Tree, facts: Facts, nearby: Nearby) -> Iterator[Edit]:
    """A right side with one change, the likeliest mistakes first."""
    yield Edit("sign", "the sign is wrong", negated(tree))
    for value in (Fraction(1, 2), Fraction(2)):
        word = "too large" if value < 1 else "too small"
        yield Edit("factor", f"it is 2 times {word}", scaled(tree, value))
    for size in nearby.sizes:
        yield Edit("factor", f"the factor 1/{spelled(size)} is missing", over_size(tree, size))
        yield Edit("factor", f"it is {spelled(size)} times too small", product([size, bracketed(tree)]))
    inner = list(_within(tree, lambda new: new))
    for change in (_terms, _transposes, _slopes, _indices, _steps, _orders, _factors, _powers):
        for node, put in inner:
            for kind, sentence, new in change(node, left, tree, facts):
                yield Edit(kind, sentence, put(new))
    yield from _sums(tree, left, facts)
    yield from lost_sums(inner, nearby)
    yield from lost_links(inner, left)
    yield from lost_divisions(inner, nearby)
    for pieces, terms in ((nearby.close, nearby.terms), (nearby.far, ())):
        yield from _other_names(inner, facts, pieces)
        yield from missing_terms(inner, (*terms, *pieces, Num(Fraction(1))))
        yield from missing_factors(inner, pieces, nearby.numbers)


def _other_names(inner: Sequence[tuple[Tree, Put]], facts: Facts, pieces: Sequence[Tree]) -> Iterator[Edit]:
    """Another name in the place of a name."""
    for node, put in inner:
        if not isinstance(node, Name | Script) or (isinstance(node, Name) and node.text in facts.letters) or acts(node):
            continue
        for name in pieces:
            if name != node and base_of(name) and not _of_one_letter(base_of(name), base_of(node)):
                yield Edit("quantity", f"{spelled(node)} stands where {spelled(name)} should", put(name))


def _of_one_letter(one: str, two: str) -> bool:
    """Whether names are a letter in two shapes: X is often the matrix of all x̂_i, which nobody says."""
    bare = ["".join(c for c in name if not unicodedata.combining(c)).lower() for name in (one, two)]
    return one != two and bare[0] == bare[1]


def negated(tree: Tree) -> Tree:
    """Minus a side, without a minus sign that need not be."""
    if not isinstance(tree, Sum):
        return Sum(((-1, tree),))
    terms = sorted(((-sign, term) for sign, term in tree.terms), key=lambda pair: -pair[0])
    return terms[0][1] if len(terms) == 1 and terms[0][0] > 0 else Sum(tuple(terms))


def over_size(tree: Tree, size: Tree) -> Tree:
    """A side divided by a number: (a − y)/m."""
    if isinstance(tree, Row | Name | Script) and not any(isinstance(part, Frac) for part in tree.parts):
        return Frac(tree, size)
    return product([Frac(Num(Fraction(1)), size), bracketed(tree)])


def scaled(tree: Tree, value: Fraction) -> Tree:
    """A side times a number, which is multiplied into the one that the side begins with: λ w for twice (λ/2) w."""
    if isinstance(tree, Frac) and not is_fraction_of(tree, "∂", "d"):
        return _quotient(tree, value)
    if not isinstance(tree, Row) or any(sign == "/" for sign, _ in tree.items):
        return product([_number(value), bracketed(tree)])
    first, rest = tree.items[0][1], tree.items[1:]
    if not isinstance(first, Num) and not (isinstance(first, Frac) and not is_fraction_of(first, "∂", "d")):
        return product([_number(value), *tree.parts], ["", "", *(sign for sign, _ in rest)])
    new = _number(first.value * value) if isinstance(first, Num) else _quotient(first, value)
    if new == Num(Fraction(1)) and rest:
        alone = rest[0][1].inner if len(rest) == 1 and isinstance(rest[0][1], Group) else None
        return alone if alone is not None else product([item for _, item in rest], [sign for sign, _ in rest])
    return Row((("", new), *rest))


def _number(value: Fraction) -> Tree:
    if value.denominator == 1:
        return Num(value)
    return Frac(Num(Fraction(value.numerator)), Num(Fraction(value.denominator)))


def _quotient(tree: Frac, value: Fraction) -> Tree:
    """A quotient times a number, with the numbers before its parts in lowest terms."""
    top, above = _coefficient(tree.top)
    low, below = _coefficient(tree.low)
    number = value * top / low
    top_tree, low_tree = _times(Fraction(number.numerator), above), _times(Fraction(number.denominator), below)
    return top_tree if low_tree == Num(Fraction(1)) else Frac(top_tree, low_tree)


def _coefficient(tree: Tree) -> tuple[Fraction, Tree | None]:
    """The number that a product begins with, and the rest of it; None where nothing else is."""
    if isinstance(tree, Num) and tree.value != 0:
        return tree.value, None
    if (
        isinstance(tree, Row)
        and isinstance(tree.items[0][1], Num)
        and tree.items[1][0] != "/"
        and tree.items[0][1].value
    ):
        rest = tree.items[1:]
        return tree.items[0][1].value, product([item for _, item in rest], [sign for sign, _ in rest])
    return Fraction(1), tree


def _times(number: Fraction, rest: Tree | None) -> Tree:
    if rest is None:
        return Num(number)
    if number == 1:
        return rest
    return (
        product([Num(number), *rest.parts], ["", "", *(s for s, _ in rest.items[1:])])
        if isinstance(rest, Row)
        else product([Num(number), bracketed(rest)])
    )


def _within(tree: Tree, put: Put) -> Iterator[tuple[Tree, Put]]:
    """Every part of a side with what puts another in its place; below ∂ nothing is changed."""
    yield tree, put
    if isinstance(tree, Frac) and first_sign(tree.top) in ("∂", "d"):
        return
    for k, part in enumerate(tree.parts):
        if isinstance(tree, Big) and k < len(tree.parts) - 1:
            continue
        if isinstance(tree, Script) and (k or isinstance(part, Name | Word)):
            continue  # a name is changed with its scripts
        yield from _within(part, lambda new, k=k: put(tree.with_parts((*tree.parts[:k], new, *tree.parts[k + 1 :]))))


Changes = Iterator[tuple[str, str, Tree]]


def _terms(node: Tree, left: Tree, whole: Tree, facts: Facts) -> Changes:
    """Another sign of a term, and a sum without one of its terms."""
    if not isinstance(node, Sum) or len(node.terms) < 2:
        return
    for k, (sign, term) in enumerate(node.terms):
        turned = (*node.terms[:k], (-sign, term), *node.terms[k + 1 :])
        yield "sign", f"the sign of {spelled(term)} is wrong", Sum(turned)
    for k, (_, term) in enumerate(node.terms):
        if has_derivative(term):
            continue
        rest = (*node.terms[:k], *node.terms[k + 1 :])
        yield (
            "term",
            f"the term {spelled(term)} is too much",
            rest[0][1] if len(rest) == 1 and rest[0][0] > 0 else Sum(rest),
        )


def _transposes(node: Tree, left: Tree, whole: Tree, facts: Facts) -> Changes:
    """A factor with ᵀ, or without."""
    if isinstance(node, Script) and node.sup in (Sign(TRANSPOSE), Name("T")):
        bare = node.base if node.sub is None else Script(node.base, node.sub)
        yield "transpose", f"{spelled(bare)} is not to be transposed", bare
    elif isinstance(node, Name | Script | Group) and first_sign(node) not in ("∂", "d", "∇"):
        if isinstance(node, Script):
            sup: Tree = Sign(TRANSPOSE) if node.sup is None else Both((node.sup, Sign(TRANSPOSE)))
            turned: Tree = Script(node.base, node.sub, sup, node.primes)
        else:
            turned = Script(node, None, Sign(TRANSPOSE))
        yield "transpose", f"{spelled(node)} is to be transposed", turned


def _slopes(node: Tree, left: Tree, whole: Tree, facts: Facts) -> Changes:
    """f for f′ and f′ for f."""
    if not isinstance(node, Row):
        return
    for k, (sign, item) in enumerate(node.items[:-1]):
        base = item.base if isinstance(item, Script) else item
        called = isinstance(node.items[k + 1][1], Group) and node.items[k + 1][0] == ""
        if not called or not (isinstance(base, Func) or (isinstance(base, Name | Word) and base.text in OPAQUE)):
            continue
        if isinstance(item, Script) and item.primes:
            new: Tree = base if item.sub is None and item.sup is None else Script(base, item.sub, item.sup)
            said = f"the derivative of {spelled(base)} stands where {spelled(base)} should"
        else:
            new = Script(base, item.sub, item.sup, 1) if isinstance(item, Script) else Script(base, primes=1)
            said = f"the derivative of {spelled(base)} is lost"
        yield "activation derivative", said, Row((*node.items[:k], (sign, new), *node.items[k + 1 :]))


def _indices(node: Tree, left: Tree, whole: Tree, facts: Facts) -> Changes:
    """Another index letter of the line."""
    if not isinstance(node, Script) or node.sub is None or first_sign(node) in ("∂", "d"):
        return
    own = [name.text for name in names(node.sub) if name.text in facts.letters]
    others = dict.fromkeys(name.text for tree in (left, whole) for name in names(tree) if name.text in facts.letters)
    for letter in dict.fromkeys(own):
        for other in others:
            if other != letter:
                sub = _renamed(node.sub, letter, other)
                yield (
                    "index",
                    f"the index {letter} of {spelled(node.base)} should be {other}",
                    Script(node.base, sub, node.sup, node.primes),
                )
    if len(own) == 2 and own[0] != own[1]:
        swapped = _renamed(_renamed(_renamed(node.sub, own[0], "\0"), own[1], own[0]), "\0", own[1])
        yield (
            "index",
            f"the indices of {spelled(node.base)} are in the wrong order",
            Script(node.base, swapped, node.sup, node.primes),
        )


def _renamed(tree: Tree, old: str, new: str) -> Tree:
    if isinstance(tree, Name):
        return Name(new) if tree.text == old else tree
    return tree.with_parts(tuple(_renamed(part, old, new) for part in tree.parts))


def _steps(node: Tree, left: Tree, whole: Tree, facts: Facts) -> Changes:
    """The layer or the step before or after."""
    if not isinstance(node, Script):
        return
    for place in ("sub", "sup"):
        part = node.sub if place == "sub" else node.sup
        if part is None or not any(name.text in facts.steps for name in names(part)):
            continue
        for new in _shifted(part, facts):
            script = (
                Script(node.base, new, node.sup, node.primes)
                if place == "sub"
                else Script(node.base, node.sub, new, node.primes)
            )
            yield "layer", f"{spelled(node.base)} is of another layer or step", script


def _shifted(part: Tree, facts: Facts) -> Iterator[Tree]:
    if isinstance(part, Group):
        yield from (Group(part.bracket, new) for new in _shifted(part.inner, facts))
    elif isinstance(part, Name) and part.text in facts.steps:
        yield from (Sum(((1, part), (sign, Num(Fraction(1))))) for sign in (1, -1))
    elif isinstance(part, Sum) and isinstance(part.terms[0][1], Name):
        yield part.terms[0][1]


def _orders(node: Tree, left: Tree, whole: Tree, facts: Facts) -> Changes:
    """Two factors in the other order."""
    if not isinstance(node, Row):
        return
    for k in range(len(node.items) - 1):
        (sign, one), (between, two) = node.items[k : k + 2]
        operators = any(first_sign(part) in ("∂", "d", "∇") for part in (one, two))
        if between in ("", "·") and not operators and not isinstance(one, Func) and not isinstance(two, Group):
            swapped = (*node.items[:k], (sign, two), (between, one), *node.items[k + 2 :])
            yield "order", f"{spelled(one)} and {spelled(two)} are in the wrong order", Row(swapped)


def _factors(node: Tree, left: Tree, whole: Tree, facts: Facts) -> Changes:
    """A product without one of its factors."""
    if not isinstance(node, Row) or first_sign(node.items[0][1]) in ("∂", "d", "∇"):
        return
    for k, (_, item) in enumerate(node.items):
        behind = node.items[k + 1][1] if k + 1 < len(node.items) else None
        if isinstance(item, Func) or (isinstance(behind, Group) and isinstance(item, Name | Script)):
            continue
        if isinstance(item, Group) and isinstance(item.inner, Listing):
            continue
        if is_fraction_of(item, "∂", "d"):
            continue  # nobody writes a derivative too many
        rest = (*node.items[:k], *node.items[k + 1 :])
        if any(sign == "/" for sign, _ in rest[k : k + 1]):
            continue
        yield "factor", f"the factor {spelled(item)} is too much", product([f for _, f in rest], [s for s, _ in rest])


def _powers(node: Tree, left: Tree, whole: Tree, facts: Facts) -> Changes:
    """A square for a first power, and the other way."""
    if isinstance(node, Script) and isinstance(node.sup, Num) and node.sup.value == 2:
        yield (
            "power",
            f"{spelled(node.base)} is squared",
            node.base if node.sub is None else Script(node.base, node.sub),
        )
    elif isinstance(node, Name | Group) or (isinstance(node, Script) and node.sup is None and not node.primes):
        base, sub = (node.base, node.sub) if isinstance(node, Script) else (node, None)
        yield "power", f"{spelled(node)} is to be squared", Script(base, sub, Num(Fraction(2)))


def _sums(tree: Tree, left: Tree, facts: Facts) -> Iterator[Edit]:
    """A sum over an index that only the right side has."""
    outer = {name.text for name in names(left)}
    for letter in dict.fromkeys(
        name.text for name in names(tree) if name.text in facts.letters and name.text not in outer
    ):
        yield Edit("missing sum", f"the sum over {letter} is missing", Big("Σ", Name(letter), None, bracketed(tree)))
