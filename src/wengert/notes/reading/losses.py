"""The loss where no line says what it is, and of what δ is the signal."""

from __future__ import annotations

import itertools
from fractions import Fraction

from wengert.notes.reading.arrays import Misfit
from wengert.notes.reading.established import FAULTS
from wengert.notes.reading.facts import LOSSES
from wengert.notes.reading.heads import Key, head_of
from wengert.notes.reading.lexicon import Lexicon
from wengert.notes.reading.patterns import name_of
from wengert.notes.reading.scope import Scope
from wengert.notes.reading.scope_line import EQUALS, ScopeLine
from wengert.notes.reading.search import Search
from wengert.notes.reading.terms import is_operator
from wengert.notes.reading.trees import (
    Call,
    Frac,
    Group,
    Name,
    Num,
    Row,
    Script,
    Sum,
    Tree,
    Word,
    has_derivative,
    is_fraction_of,
    names,
    without_first,
)


def suppose_loss(search: Search) -> str:
    """Where no line says what the loss is, the first line about the signal of something says it; the word for a usual loss that has that signal."""
    scope = search.scope
    if scope.facts.loss in scope.definitions:
        return ""
    for line in scope.lines:
        if line.defines() or len(line.sides) < 2 or line.sides[-1] is None or line.left is None:
            continue
        if any(relation not in EQUALS for relation in line.statement.relations):
            continue
        if any(is_signal_like(side, scope) for side in line.sides[1:] if side is not None):
            continue
        named = signal_name(line.left, scope)
        if named is None or scope.find(named[0], line.position) is None:
            continue
        word = usual_loss(search, line, named[0])
        if not word:
            scope.given[named[0]] = line
            line.axes = list(named[1])
            scope.forget()
        return word
    return ""


def usual_loss(search: Search, line: ScopeLine, key: Key) -> str:
    """The usual loss that has just the signal that the author states, in words; then that is the loss."""
    scope = search.scope
    outcome = search.evaluate(line, len(line.sides) - 1, {})
    try:
        outs = outcome.world.sinks() or [key]
    except FAULTS:
        outs = [key]
    for out in outs:
        for target in list(outcome.world.inputs):
            if any(isinstance(label, int) for label in target[1:]) or target[0] in scope.facts.indexed:
                continue
            y, o = name_of(target), name_of(out)
            if y is not None and o is not None and (word := try_losses(search, line, target, y, o)):
                return word
    return ""


def try_losses(search: Search, line: ScopeLine, target: Key, y: Tree, o: Tree) -> str:
    """The usual loss of an output and a target under which a line holds."""
    scope = search.scope
    for word, tree in losses(y, o):
        definition = ScopeLine(
            line.statement,
            [Name(scope.facts.loss), tree],
            line.position - 0.25,
            key=(scope.facts.loss,),
            pattern=(),
        )
        scope.definitions[scope.facts.loss] = [definition]
        scope.forget()
        for rank, simplex in itertools.product((None, 1, 2), (False, True)):
            given = {("rank", str(target[0])): rank} if rank is not None else {}
            if simplex:
                given["simplex", str(target[0])] = True
            link = next(k for k, side in enumerate(line.sides) if k and side is not None)
            outcome = search.evaluate(line, link, given)
            if outcome.equal and "open loss" not in outcome.lexicon.marks:
                search.learned.update(given)
                return word
        del scope.definitions[scope.facts.loss]
        scope.forget()
    return ""


def delta_of(search: Search) -> str:
    """The quantity of which δ is the signal: that for which most of its lines hold; "" where none is."""
    scope = search.scope
    about = [
        line
        for line in scope.lines
        if any(n == Name("δ") for side in line.sides if side is not None for n in names(side))
    ]
    own = scope.definitions.get("δ", [])
    if not about or any(isinstance(line.right, Frac) and has_derivative(line.right) for line in own):
        return ""
    best = (0, "")
    for base in [base for base in scope.definitions if base not in LOSSES and base != "δ"]:
        given = {("signal of", "δ"): base}
        count = sum(
            search.evaluate(line, link, given).equal
            for line in about[:12]
            for link in range(1, len(line.sides))
            if line.sides[link] is not None and line.sides[link - 1] is not None
        )
        best = max(best, (count, base), key=lambda pair: pair[0])
    links = sum(line.sides[k] is not None for line in about[:12] for k in range(1, len(line.sides)))
    if best[0] * 2 <= links:
        return ""
    search.learned["signal of", "δ"] = best[1]
    return best[1]


def is_signal_like(tree: Tree, scope: Scope) -> bool:
    return has_derivative(tree) or any(
        name.text in ("∂", "∇", "δ") or (name.text == "d" and "d" not in scope.definitions) for name in names(tree)
    )


def signal_name(left: Tree, scope: Scope) -> tuple[Key, list[str]] | None:
    """The quantity of which a left side ∂L/∂v, dv or ∇_v L is the signal, and its indices."""
    loss = Name(scope.facts.loss)
    low: Tree | None = None
    if isinstance(left, Frac) and is_fraction_of(left, "∂", "d"):
        low = without_first(left.low) if without_first(left.top) == loss else None
    elif isinstance(left, Row) and len(left.items) == 2:
        head, behind = left.items[0][1], left.items[1][1]
        if head == Name("d"):
            low = behind
        elif is_operator(head) and isinstance(head, Script) and behind == loss:
            low = head.sub
    elif isinstance(left, Row) and all(is_fraction_of(item, "∂", "d") for item in left.parts):
        low = _end_of_chain(left, loss)
    if not isinstance(low, Name | Script | Word):
        return None
    try:
        head = head_of(low, scope.facts, scope.facts.at, Lexicon())
    except Misfit:
        return None
    if head is None or not all(isinstance(axis, str) for axis in head.axes):
        return None
    return head.key, [str(axis) for axis in head.axes]


def _end_of_chain(row: Row, loss: Name) -> Tree | None:
    """v of ∂L/∂u ∂u/∂v."""
    links = [(without_first(item.top), without_first(item.low)) for item in row.parts if isinstance(item, Frac)]
    chained = all(low == top for (_, low), (top, _) in itertools.pairwise(links))
    return links[-1][1] if chained and links[0][0] == loss else None


def losses(y: Tree, o: Tree) -> list[tuple[str, Tree]]:
    """The usual losses of an output o and a target y, in words and as formulas."""

    def log(x: Tree) -> Tree:
        return Call("log", x)

    def less(x: Tree) -> Tree:
        return Sum(((1, Num(Fraction(1))), (-1, x)))

    entropy = Call("total", Row((("", y), ("∘", log(o)))))
    other = Call("total", Row((("", Group("(", less(y))), ("∘", log(less(o))))))
    apart = Group("(", Sum(((1, o), (-1, y))))
    squares = Row((("", Num(Fraction(1, 2))), ("", Call("total", Row((("", apart), ("∘", apart)))))))
    return [
        ("half the sum of squares", squares),
        ("the cross entropy", Sum(((-1, entropy),))),
        ("the binary cross entropy", Sum(((-1, entropy), (-1, other)))),
    ]
