"""What a statement is by its form alone: an update, an approximation, a comparison, a mention, a definition; else it is open.

Each form is a record with an example and with what looks like it and is not; both are tests. What an open equation says,
definition or claim, is for those to decide who know the other lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from wengert.regex import regex

Form = Literal["open", "update", "approximate", "comparison", "mention", "definition"]

ASSIGNING = frozenset({":=", "←"})
ADDING = frozenset({"+=", "-=", "*=", "/="})
DEFINING = frozenset({"≜", ":="})
NEARLY = frozenset({"≈", "∝", "~"})
COMPARING = frozenset({"<", ">", "≤", "≥", "≠", "∈", "∉", "⊂", "⊆", "≪", "≫", "→", "⊥"})

SCRIPT = r"(?:[_^](?:\{(?:[^{}]|\{[^{}]*\})*\}|\([^()]*\)|\\?\w+))"
DERIVATIVE = regex(r"∂|\\partial|∇|\\nabla|\bd\w+\b|[̅̄]|\\bar|\\overline|\\Delta|Δ|\bgrad")
LABEL = r"(?:[_^]\{?\(?(?:\\(?:text|mathrm|textrm)\{)?(?:%s)\}?\)?\}?|(?<=\w)_?(?:%s)\b)"
NEW = regex(LABEL % (("new|next|neu",) * 2), re.IGNORECASE)
OLD = regex(LABEL % (("old|prev|previous|alt",) * 2), re.IGNORECASE)
"""The labels of a value before and after a step."""
STEP = regex(r"\\(?:eta|alpha|epsilon|varepsilon|gamma|lambda|mu)(?![A-Za-z])|[ηαεγ]|\blr\b|learning|\brate\b")
"""How a line writes the size of a step."""


@dataclass(frozen=True)
class FormRecord:
    """One form: what it says, how it is seen, a statement that has it and one that has not."""

    name: Form
    says: str
    has: Callable[[Sequence[str], Sequence[str]], bool]
    example: str
    counter: str


def _compact(side: str) -> str:
    """A side without blanks and without braces around single signs, so that spellings of a name meet."""
    side = re.sub(r"\\[,;:! ]|[\s~]+", "", side)
    return re.sub(r"\{(\w|\\[A-Za-z]+)\}", r"\1", side)


def _updates(sides: Sequence[str], relations: Sequence[str]) -> bool:
    if not relations or not sides[0].strip():
        return False
    if relations[0] in ADDING:
        return True
    if relations[0] not in ASSIGNING | {"="} or len(sides) < 2:
        return False
    left, right = _compact(sides[0]), _compact(sides[1])
    if NEW.search(left) is not None and OLD.search(right) is not None:
        return NEW.sub("", left) in OLD.sub("", right)
    if DERIVATIVE.search(left) is not None or not re.match(r"\\?[^\W\d]", left):
        return False
    again = re.search(rf"(?<![\w\\∂∇_^{{]){re.escape(left)}(?![\w_^'({{\[])", right)
    if again is None or re.search(r"(?:partial|nabla)$|(?<![\w])d$", right[: again.start()]) is not None:
        return False
    return relations[0] in ASSIGNING or (_is_sum(right) and _steps(right, left))


def _steps(right: str, left: str) -> bool:
    """Whether a sum that begins with the left side goes on with a derivative, a step, or one more term."""
    begins = right.startswith(left) and right[len(left) : len(left) + 1] in ("+", "-", "−")
    return begins or DERIVATIVE.search(right) is not None or STEP.search(right) is not None


RANGE = regex(r"\s*(?:\d+|\w)\s*(?:,\s*(?:\d+|\w)\s*)*,?\s*(?:\\[lc]?dots[cb]?|…|\.\.+)")


def _compares(sides: Sequence[str], relations: Sequence[str]) -> bool:
    """Whether all relations compare, or a letter runs through a range: i = 1, …, n."""
    if all(relation in COMPARING for relation in relations):
        return True
    letter = re.fullmatch(r"\s*(?:[^\W\d_]|\\ell)\s*", sides[0]) is not None
    return letter and len(relations) == 1 and RANGE.match(sides[1]) is not None


def _is_sum(side: str) -> bool:
    """Whether a plus or a minus stands outside of all brackets, not first."""
    depth = 0
    for at, sign in enumerate(side):
        depth += (sign in "([{") - (sign in ")]}")
        if sign in "+-−" and depth == 0 and at:
            return True
    return False


FORMS: tuple[FormRecord, ...] = (
    FormRecord("mention", "says no relation", lambda sides, relations: not relations, r"\frac{\partial L}{\partial w}", "z = w x"),
    FormRecord("update", "gives a quantity a new value that is computed from its old one", _updates, r"w := w - \eta \bar w", r"w_{t+1} = w_t - \eta \bar w"),
    FormRecord("update", "names the new value and the old one", _updates, r"w^{\text{new}} = w^{\text{old}} - \eta \bar w", r"w^{(2)} = w^{(1)} x"),
    FormRecord("approximate", "says that numbers are nearly equal", lambda sides, relations: all(r in NEARLY for r in relations), r"y \approx 0.731", r"y = \sigma(1) \approx 0.731"),
    FormRecord("comparison", "compares, or says where something lies", _compares, r"z > 0", r"0 < y = \sigma(z)"),
    FormRecord("definition", "gives a name its meaning", lambda sides, relations: relations[0] in DEFINING | ASSIGNING, r"a := \sigma(z)", r"a = \sigma(z)"),
)  # fmt: skip
"""In the order in which they are tried; what has none of these forms is open."""


def form_of(sides: Sequence[str], relations: Sequence[str]) -> Form:
    """The form of a chain of sides with relations between them."""
    for form in FORMS:
        if form.has(sides, relations):
            return form.name
    return "open"
