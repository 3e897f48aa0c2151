"""Mistakes that people make in a line about derivatives, planted in a side as it is written: each kind at each place that admits it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from wengert.notes.reading.facts import LOSSES
from wengert.notes.reading.printing import plain_text
from wengert.notes.reading.scope import OPAQUE
from wengert.notes.reading.terms import is_operator
from wengert.notes.reading.trees import (
    TRANSPOSE,
    Big,
    Call,
    Frac,
    Func,
    Group,
    Listing,
    Matrix,
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
    flat,
    is_fraction_of,
    names,
    product,
)

KINDS: dict[str, tuple[str, ...]] = {
    "sign": ("sign",),
    "factor": ("factor", "mean for sum", "sum for mean"),
    "missing factor": ("missing factor", "factor", "no incoming signal", "activation derivative", "missing path"),
    "missing term": ("missing term", "missing path", "activation derivative"),
    "transpose": ("transpose", "order"),
    "order": ("order", "transpose"),
    "derivative": ("activation derivative",),
    "index": ("index", "transpose", "missing sum"),
    "missing sum": ("missing sum", "missing path"),
    "mean": ("factor", "missing factor", "sum for mean", "mean for sum"),
    "power": ("power", "factor", "missing factor", "activation derivative"),
    "variable": ("quantity",),
}
"""What is planted, and the names under which a report may speak of it."""
Put = Callable[[Tree], Tree]


def plantings(
    tree: Tree, left: Tree, others: Sequence[Tree], letters: frozenset[str]
) -> Iterator[tuple[str, str, Tree]]:
    """(kind, what was done, a side with that mistake) for each kind and place.

    others   names that may stand in the place of another
    letters  what is an index
    """
    seen = {tree}
    for kind, what, wrong in _all(tree, left, others, letters):
        if wrong not in seen:
            seen.add(wrong)
            yield kind, what, wrong


def _all(tree: Tree, left: Tree, others: Sequence[Tree], letters: frozenset[str]) -> Iterator[tuple[str, str, Tree]]:
    yield "sign", "−", _negated(tree)
    yield "factor", "2 ×", product([Num(Fraction(2)), Group("(", tree) if isinstance(tree, Sum) else tree])
    here = dict.fromkeys(name.text for side in (left, tree) for name in names(side) if name.text in letters)
    for node, put in _within(tree, lambda new: new):
        for plant in (_terms, _transposes, _orders, _slopes, _factors, _sums, _powers):
            for kind, what, new in plant(node):
                yield kind, what, put(new)
        for what, new in _indices(node, tuple(here)):
            yield "index", what, put(new)
        for what, new in _variables(node, others):
            yield "variable", what, put(new)


def _negated(tree: Tree) -> Tree:
    if isinstance(tree, Sum):
        first = tree.terms[0]
        return first[1] if len(tree.terms) == 1 and first[0] < 0 else Sum(tuple((-s, t) for s, t in tree.terms))
    return Sum(((-1, tree),))


def _within(tree: Tree, put: Put) -> Iterator[tuple[Tree, Put]]:
    """Each part whose value counts, with what puts another in its place; nothing below ∂, in scripts, in what is called."""
    yield tree, put
    if isinstance(tree, Frac) and first_sign(tree.top) in ("∂", "d"):
        return
    if isinstance(tree, Row) and any(is_operator(item) for item in tree.parts):
        return  # what is constant there may be changed without a mistake
    for k, part in enumerate(tree.parts):
        if (isinstance(tree, Script) and (k or tree.primes)) or (isinstance(tree, Big) and k < len(tree.parts) - 1):
            continue
        if isinstance(tree, Row) and _is_called(tree, k):
            continue
        yield from _within(part, lambda new, k=k: put(tree.with_parts((*tree.parts[:k], new, *tree.parts[k + 1 :]))))


Planted = Iterator[tuple[str, str, Tree]]


def _terms(node: Tree) -> Planted:
    if not isinstance(node, Sum) or len(node.terms) < 2:
        return
    for k, (sign, term) in enumerate(node.terms):
        turned = Sum((*node.terms[:k], (-sign, term), *node.terms[k + 1 :]))
        yield "sign", f"sign of {plain_text(term)}", turned
        rest = (*node.terms[:k], *node.terms[k + 1 :])
        yield (
            "missing term",
            f"without {plain_text(term)}",
            rest[0][1] if len(rest) == 1 and rest[0][0] > 0 else Sum(rest),
        )


def _transposes(node: Tree) -> Planted:
    if isinstance(node, Script) and node.sup in (Sign(TRANSPOSE), Name("T")):
        yield (
            "transpose",
            f"without ᵀ of {plain_text(node.base)}",
            node.base if node.sub is None else Script(node.base, node.sub),
        )


def _orders(node: Tree) -> Planted:
    if not isinstance(node, Row):
        return
    for k, ((sign, one), (between, two)) in enumerate(zip(node.items, node.items[1:], strict=False)):
        if between not in ("", "·") or not all(isinstance(each, Name | Script) for each in (one, two)):
            continue
        if is_operator(one) or first_sign(one) in ("∂", "d") or _is_called(node, k + 1) or sign == "/":
            continue
        if any(base_of(each)[:1].isupper() or "T" in str(each) for each in (one, two)):
            swapped = (*node.items[:k], (sign, two), (between, one), *node.items[k + 2 :])
            yield "order", f"{plain_text(one)} and {plain_text(two)} exchanged", Row(swapped)


def _slopes(node: Tree) -> Planted:
    if isinstance(node, Script) and node.primes:
        bare = node.sub is None and node.sup is None
        yield (
            "derivative",
            f"{plain_text(node)} without ′",
            node.base if bare else Script(node.base, node.sub, node.sup),
        )


def _is_called(row: Row, k: int) -> bool:
    """Whether what is written behind a factor may be its argument."""
    item = row.items[k][1]
    base = item.base if isinstance(item, Script) else item
    called = isinstance(base, Func) or (isinstance(base, Name | Word) and base.text in OPAQUE)
    behind = k + 1 < len(row.items) and row.items[k + 1][0] == "" and isinstance(row.items[k + 1][1], Group)
    return isinstance(base, Func) or (behind and (called or isinstance(base, Name | Word)))


def _factors(node: Tree) -> Planted:
    if isinstance(node, Frac) and not is_fraction_of(node, "∂", "d"):
        mean = isinstance(node.low, Name | Script)
        if isinstance(node.top, Num) and node.top.value == 1:
            return
        yield ("mean" if mean else "factor"), f"without /{plain_text(node.low)}", node.top
    if not isinstance(node, Row) or first_sign(node) in ("∂", "d", "∇") or any(sign == "/" for sign, _ in node.items):
        return
    if any(is_operator(item) or item == Name("d") for item in node.parts):
        return
    k = 0
    while k < len(node.items):
        width = 2 if _is_called(node, k) else 1
        taken, rest = node.items[k : k + width], (*node.items[:k], *node.items[k + width :])
        if rest and not isinstance(rest[0][1], Listing) and not (k and _is_called(node, k - 1)):
            yield (
                _kind_without([item for _, item in taken]),
                f"without {plain_text(Row(taken))}",
                product([f for _, f in rest], [s for s, _ in rest]),
            )
        k += width


def _kind_without(taken: list[Tree]) -> str:
    item = taken[0]
    if isinstance(item, Num):
        return "factor"
    if isinstance(item, Script) and item.primes:
        return "derivative"
    if isinstance(item, Frac) and isinstance(item.top, Num):
        return "factor" if isinstance(item.low, Num) else "mean"
    return "missing factor"


def _sums(node: Tree) -> Planted:
    if isinstance(node, Big) and node.sign == "Σ":
        yield "missing sum", f"without Σ over {'' if node.under is None else plain_text(node.under)}", node.term


def _powers(node: Tree) -> Planted:
    if isinstance(node, Script) and isinstance(node.sup, Num) and node.sup.value == 2:
        yield (
            "power",
            f"{plain_text(node.base)} not squared",
            node.base if node.sub is None else Script(node.base, node.sub),
        )


def _indices(node: Tree, letters: Sequence[str]) -> Iterator[tuple[str, Tree]]:
    if not isinstance(node, Script) or node.sub is None or first_sign(node) in ("∂", "d", "∇"):
        return
    parts = flat(node.sub)
    own = [part.text for part in parts if isinstance(part, Name) and part.text in letters]
    if len(own) != len(parts):
        return
    if len(own) == 2 and own[0] != own[1]:
        yield (
            f"indices of {plain_text(node)} exchanged",
            Script(node.base, Row((("", parts[1]), ("", parts[0]))), node.sup, node.primes),
        )
    for k, letter in enumerate(own):
        for other in letters:
            if other not in own:
                sub = product([Name(other) if j == k else part for j, part in enumerate(parts)])
                yield f"{letter} of {plain_text(node)} is {other}", Script(node.base, sub, node.sup, node.primes)


def _variables(node: Tree, others: Sequence[Tree]) -> Iterator[tuple[str, Tree]]:
    """Another name of the page with scripts alike."""
    if not isinstance(node, Name | Script) or first_sign(node) in ("∂", "d", "∇", "δ", "e"):
        return
    if isinstance(node, Script) and node.primes:
        return
    shape = _shape(node)
    for other in others:
        if (
            _shape(other) == shape
            and base_of(other) != base_of(node)
            and base_of(node)
            and base_of(other) not in LOSSES
        ):
            yield f"{plain_text(other)} for {plain_text(node)}", other
            return


def _shape(tree: Tree) -> tuple[object, ...]:
    if isinstance(tree, Script):
        return ("script", tree.sub, tree.sup, tree.primes, base_of(tree)[:1].isupper())
    return ("name", base_of(tree)[:1].isupper(), isinstance(tree, Name) and tree.bold)


def is_plain(tree: Tree) -> bool:
    """Whether a side is written in signs that are printed again as they were read."""
    return not any(isinstance(node, Matrix | Call) for node in tree.nodes)
