"""Two versions side by side, the calculus-class expansion with its operations, and versions with another loss."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

from wengert.blackboard.subject import Subject
from wengert.notes.derive import expand
from wengert.notes.derive.counting import OperationCount
from wengert.notes.derive.difference import difference
from wengert.notes.notation.expr import Ref
from wengert.notes.notation.unicode import show


def compared(old: Subject, new: Subject) -> dict[str, Any]:
    """The message `compared`: forward lines matched in order, backward lines by quantity, each with whether both are the same."""
    form = new.written_form
    changes = difference(old.derived, new.derived, form)
    backward = [
        {"same": change.same, "old": old.lines.maybe(change.old), "new": new.lines.maybe(change.new)}
        for change in changes
    ]
    return {"type": "compared", "forward": list(_forward(old, new, form)), "backward": backward}


def _forward(old: Subject, new: Subject, form: str) -> Iterator[dict[str, Any]]:
    """Lines that are the same, and between them those that were put in the place of others."""
    before, after = old.read(form)["forward"], new.read(form)["forward"]
    texts = [line["text"] for line in before], [line["text"] for line in after]
    for kind, a, b, c, d in SequenceMatcher(None, *texts, autojunk=False).get_opcodes():
        for k in range(max(b - a, d - c)):
            yield {
                "same": kind == "equal",
                "old": before[a + k] if a + k < b else None,
                "new": after[c + k] if c + k < d else None,
            }


def expanded(subject: Subject) -> dict[str, Any]:
    """The message `expanded`: L and its derivatives written out, operations counted, and what is written more than once.

    Raises EquationError where the expansion grows beyond a bound, or the loss is not a scalar.
    """
    found = expand.compare(subject.derived)
    return {
        "type": "expanded",
        "lines": [subject.lines.both(line) for line in found.lines],
        "counts": {
            "expanded": _count(found.expanded),
            "forward": _count(found.forward),
            "backward": _count(found.backward),
        },
        "repeated": [
            subject.lines.tree(each.tree) | {"times": each.times, "q": subject.marks.get(each.name)}
            for each in found.repeated
        ],
        "sizes": dict(found.sizes),
    }


def _count(count: OperationCount) -> dict[str, int]:
    return {"total": count.total, "products": count.products, "sums": count.sums, "functions": count.functions}


def losses(subject: Subject) -> Iterator[dict[str, str]]:
    """The text with its line of the loss replaced, where that compares a prediction with an input of the same kind."""
    system = subject.system
    if not system.defines(system.loss):
        return
    line = next(line for line in system.lines if line.name == system.loss)
    predictions = [name for name in system.parents(system.loss) if system.defines(name)]
    targets = [name for name in system.parents(system.loss) if not system.defines(name) and name not in system.params]
    if len(predictions) != 1 or len(targets) != 1:
        return
    (y,), (t,) = predictions, targets
    if system.quantities[y].type.shape != system.quantities[t].type.shape or system.quantities[y].type.rank > 1:
        return
    letters = system.quantities[y].letters if system.quantities[y].type.rank else ()
    if system.quantities[y].type.rank and not letters:
        letters = ("k",)
    left = show(Ref(system.loss))
    y, t = (show(Ref(name)) + (f"_{letters[0]}" if letters else "") for name in (y, t))
    total = f"Σ_{letters[0]} " if letters else ""
    forms = {"squared": f"½ {total}({y} − {t})²", "absolute": f"{total}|{y} − {t}|", "entropy": f"−{total}{t} log {y}"}
    if not letters:
        forms["entropy"] = f"−{t} log {y} − (1 − {t}) log(1 − {y})"
    start, end = line.span
    for name, right in forms.items():
        yield {"name": name, "text": subject.text[:start] + f"{left} = {right}" + subject.text[end:]}
