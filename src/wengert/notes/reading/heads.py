"""A name with its scripts taken apart: what tells it from others, what picks its entries, what is a power or ᵀ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from wengert.notes.reading.arrays import Closed
from wengert.notes.reading.facts import Facts
from wengert.notes.reading.lexicon import Lexicon
from wengert.notes.reading.trees import (
    DOTS,
    TRANSPOSE,
    Both,
    Func,
    Group,
    Listing,
    Name,
    Num,
    Relation,
    Row,
    Script,
    Sign,
    Sum,
    Tree,
    Word,
    names,
    product,
)

Key = tuple[str | int, ...]
"""A base name and its labels; whole numbers are steps."""
WHOLE = "Σ"
"""The label of a quantity that has no index beside one of the same name that has."""
Axis = str | int | Tree
"""An index letter, the number of an entry, or an expression that is looked up."""


def step_of(key: Key) -> int | None:
    """The step of a name that has one; None for one with none or several."""
    steps = [label for label in key[1:] if isinstance(label, int)]
    return steps[0] if len(steps) == 1 else None


def without_step(key: Key) -> Key:
    """A name without its steps."""
    return (key[0], *(label for label in key[1:] if not isinstance(label, int)))


@dataclass
class Head:
    key: Key
    axes: list[Axis] = field(default_factory=list)
    power: Tree | None = None
    turned: bool = False
    primes: int = 0
    conditions: list[Relation] = field(default_factory=list)


TRANSPOSES = (
    Sign(TRANSPOSE), Name(TRANSPOSE), Name("T"), Func("trace"), Word("Tr"), Row((("", Name("T")), ("", Name("r")))),
)  # fmt: skip


def is_transpose(tree: Tree | None, facts: Facts) -> bool:
    """Whether something above a base is ᵀ; T is, unless the page counts time up to it."""
    return tree in TRANSPOSES


def head_of(tree: Tree, facts: Facts, at: Mapping[str, int], lexicon: Lexicon) -> Head | None:
    """A name with its scripts; None for anything that is no name.

    Raises Closed where a script is not understood.
    """
    script = tree if isinstance(tree, Script) else Script(tree)
    if not isinstance(script.base, Name | Word | Func):
        return None
    base = facts.alias.get(script.base.text, script.base.text)
    head = Head((base,), primes=script.primes)
    labels: list[str | int] = []
    raised_axes: list[Axis] = []
    for part in () if script.sup is None else script.sup.items if isinstance(script.sup, Both) else (script.sup,):
        _above(part, head, labels, raised_axes, facts, at, lexicon)
    lower: list[Axis] = []
    for kind, what in () if script.sub is None else _indices(script.sub, facts, at, head):
        if (kind == "letter" and what in facts.letters) or kind == "expression":
            lower.append(what)
        elif kind == "entry" and base in facts.stepped:
            labels.append(int(str(what)))
        elif kind == "entry" and facts.indexed.get(base) == 2 and isinstance(what, int) and 10 < what < 100:
            lower += [what // 10, what % 10]
        elif kind == "entry" and base in facts.indexed and not lexicon.ask("numbered", base, False):
            assert isinstance(what, int)
            lower.append(what)
        else:
            labels.append(what if kind == "step" and isinstance(what, int) else f"_{what}")
    head.axes = raised_axes + lower
    if head.turned and len(lower) == 2 and not raised_axes:  # X_ki^T is the entry of Xᵀ, so X_ik
        head.axes, head.turned = lower[::-1], False
    if base in facts.split and not head.axes:
        labels.append(WHOLE)
    head.key = (base, *labels)
    return head


def _above(
    part: Tree,
    head: Head,
    labels: list[str | int],
    axes: list[Axis],
    facts: Facts,
    at: Mapping[str, int],
    lexicon: Lexicon,
) -> None:
    """One thing above a base: ᵀ, a label, an index of its own, or a power."""
    base = str(head.key[0])
    if is_transpose(part, facts):
        head.turned = True
    elif isinstance(part, Script) and isinstance(part.base, Group) and is_transpose(part.sup, facts):
        head.turned = True
        _above(part.base, head, labels, axes, facts, at, lexicon)
    elif isinstance(part, Func | Word | Sign):
        labels.append(f"^{part.text}")
    elif isinstance(part, Group):
        for kind, what in _indices(part.inner, facts, at, head):
            if (kind == "letter" and what in facts.letters) or kind == "expression":
                axes.append(what)
            else:
                labels.append(what if isinstance(what, int) else f"^{what}")
    elif isinstance(part, Name) and part.text in facts.layers:
        labels.append(at[part.text])
    elif isinstance(part, Name) and part.text in facts.marks:
        if part.text in facts.letters:
            axes.append(part.text)
        else:
            labels.append(f"^{part.text}")
    elif isinstance(part, Sum) and any(name.text in facts.layers for name in names(part)):
        labels += [what if isinstance(what, int) else f"^{what}" for _, what in _indices(part, facts, at, head)]
    elif (
        isinstance(part, Num)
        and part.value.denominator == 1
        and (base in facts.raised or lexicon.ask("raised", base, False))
    ):
        labels.append(int(part.value))
    elif isinstance(part, Row) and is_transpose(part.items[-1][1], facts):
        head.turned = True
        rest = product([item for _, item in part.items[:-1]])
        _above(rest, head, labels, axes, facts, at, lexicon)
    else:
        head.power = part


def _indices(sub: Tree, facts: Facts, at: Mapping[str, int], head: Head) -> list[tuple[str, Axis]]:
    """What stands in a script, each with its kind: letter, entry, step, word or expression."""
    if isinstance(sub, Name):
        if sub.text in facts.steps and sub.text in at:
            return [("step", at[sub.text])]
        return [("letter", sub.text)]
    if isinstance(sub, Num):
        return [("entry", int(sub.value))]
    if isinstance(sub, Listing | Row):
        return [index for part in sub.parts for index in _indices(part, facts, at, head)]
    if isinstance(sub, Word | Func | Sign):
        return [("word", sub.text)]
    if isinstance(sub, Group):
        return _indices(sub.inner, facts, at, head)
    if isinstance(sub, Sum):
        return [_counted(sub, facts, at)]
    if isinstance(sub, Script) and isinstance(sub.base, Name) and sub.base.text in facts.steps and sub.sub is not None:
        return [*_indices(sub.base, facts, at, head), *_indices(sub.sub, facts, at, head)]
    if isinstance(sub, Script) and any(name.text in facts.letters for name in names(sub)):
        return [("expression", sub)]
    if isinstance(sub, Script):
        return [("word", _spelled(sub))]
    if isinstance(sub, Relation):
        if sub.sign == "=":
            return _indices(sub.right, facts, at, head)
        head.conditions.append(sub)
        return _indices(sub.left, facts, at, head)
    raise Closed("an index is not understood")


def _counted(sub: Sum, facts: Facts, at: Mapping[str, int]) -> tuple[str, Axis]:
    """l + 1 as the number of a step; i + k as an expression."""
    if any(name.text in facts.letters for name in names(sub)):
        return "expression", sub
    count = Fraction(0)
    for sign, term in sub.terms:
        if isinstance(term, Num):
            count += sign * term.value
        elif isinstance(term, Name) and term.text in at and term.text in facts.steps:
            count += sign * at[term.text]
        else:
            return "word", _spelled(sub)
    return "step", int(count)


def _spelled(tree: Tree) -> str:
    """A label of several signs as letters."""
    if isinstance(tree, Name | Word | Func | Sign):
        return tree.text
    if isinstance(tree, Num):
        return str(tree.value)
    if isinstance(tree, Sum):
        return "".join(("+" if sign > 0 else "-") + _spelled(term) for sign, term in tree.terms)
    spelled = "".join(_spelled(part) for part in tree.parts)
    if not spelled or DOTS in spelled:
        raise Closed("an index is not understood")
    return spelled
