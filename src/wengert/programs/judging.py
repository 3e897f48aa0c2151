"""A pair judged: its mistakes one after the other, then what each line of the backward pass is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from wengert.errors import CheckError
from wengert.programs.claims import Claims
from wengert.programs.edits import KINDS
from wengert.programs.events import Event, Key, Recorder
from wengert.programs.faults import SECONDS, SOLVED, Fault, FaultSearch, source_text
from wengert.programs.names import quantity
from wengert.programs.references import references
from wengert.programs.scenario import Scenario

MISTAKES = 6
EMPTY = re.compile(r"= \w+\.empty(_like)?\(")
"""A line that makes an array to be filled: its entries mean nothing."""


@dataclass
class JudgedLine:
    """A line of a backward pass. status: holds, wrong, defined (a part of right results), unread (without effect)."""

    status: str
    line: int
    column: int
    text: str
    note: str = ""
    kind: str = ""
    corrected: str = ""
    details: list[str] = field(default_factory=list)


@dataclass
class Judged:
    """What was found about one pair."""

    pair: str
    rows: list[JudgedLine]
    results: dict[str, str]
    notes: list[str] = field(default_factory=list)
    error: str = ""

    def count(self, status: str) -> int:
        return sum(row.status == status for row in self.rows)


def judged(scenario: Scenario, text: str, seconds: float = SECONDS) -> Judged:
    """Judge a scenario.

    Raises CheckError where the forward pass cannot be run twice to the same numbers, or a result is none.
    """
    found = []
    for p in range(len(scenario.points)):
        found.append(references(scenario, p))
        again = Recorder()
        loss = scenario.run(again, p, only_forward=not scenario.pair.combined).loss
        if not np.isfinite(found[p].loss):
            raise CheckError(
                f"The forward pass of {scenario.pair} gives a number that is not finite.",
                f"  it is {found[p].loss}",
                'Give inputs from its domain, of other sizes:  --shapes "x=(4,3)"',
            )
        if float(np.sum(loss)) != found[p].loss:
            raise CheckError(
                f"{str(scenario.pair)[0].upper()}{str(scenario.pair)[1:]} gives other numbers when it is run again.",
                f"  {found[p].loss:.9g}, then {float(np.sum(loss)):.9g}",
                "Draw random numbers from np.random, or from a generator with a seed.",
            )
    claims = Claims(scenario, found)
    search = FaultSearch(claims, text, seconds)
    faults: list[Fault] = []
    while len(faults) < MISTAKES:
        fault = search.next()
        if fault is None:
            break
        faults.append(fault)
        if not fault.sid:
            break
    return _report(search, faults)


def _report(search: FaultSearch, faults: list[Fault]) -> Judged:
    recorder, out, found = search.state()
    claims, scenario = search.claims, search.scenario
    wrong = {f.sid or f"{f.line}": f for f in faults}
    rows = [_wrong(f) for f in faults]
    groups: dict[str, list[Event]] = {}
    for event in search.backward_events(recorder):
        groups.setdefault(event.key[0], []).append(event)
    forward_values = [e.value for e in claims.found[0].events.values() if not claims.is_backward(e)]
    for sid, group in groups.items():
        statement = scenario.program.statements.get(sid)
        if sid in wrong or statement is None or out.error is not None or str(statement.node.lineno) in wrong:
            continue
        row = _row(search, statement.node, group, found)
        if row is not None and not _is_read_back(group, forward_values) and not EMPTY.search(row.text):
            rows.append(row)
    rows.sort(key=lambda r: (r.line, r.column))
    results = {n: s.verdict for n, s in found.items()}
    for fault in faults:
        results.update(dict.fromkeys(fault.results, "wrong"))
    notes = list(scenario.program.notes)
    if claims.found[0].why_differences:
        notes.append(f"the true values are central differences ({claims.found[0].why_differences})")
    if not any(v != "open" for v in results.values()):
        notes.append("no result has a name that says of which quantity it is the gradient")
    return Judged(str(scenario.pair), rows, results, notes)


def _wrong(fault: Fault) -> JudgedLine:
    details = list(fault.details)
    if fault.kind:
        details.append(f"likely: {KINDS[fault.kind]}")
    else:
        details.append("no single change that was tried mends it")
    return JudgedLine(
        "wrong", fault.line, fault.column, fault.text, kind=fault.kind, corrected=fault.corrected, details=details
    )


def _row(search: FaultSearch, node: Any, group: list[Event], found: dict[str, Any]) -> JudgedLine | None:
    """What a line is: the cotangent of a quantity, a part of right results, or without effect."""
    claims = search.claims
    text = source_text(search.text, node)
    last = group[-1]
    status = claims.status(last.name, last.value, 0)
    if status.verdict in SOLVED and status.key is not None:
        name = status.key[1]
        said = quantity(last.name)
        note = (
            "" if status.verdict == "right" and said and said[1].split("[")[0] in name else f"the cotangent of {name}"
        )
        if np.shape(last.value) != claims.found[0].cotangents[status.key].shape:
            note = f"of shape {np.shape(last.value)}; the quantity has {claims.found[0].cotangents[status.key].shape}"
        return JudgedLine("holds", node.lineno, node.col_offset, text, note)
    if quantity(last.name) is None and not last.value.ndim and last.name in ("loss", "cost"):
        return None
    moved = _moved(search, last.key, last.value, found)
    if moved is None and len(group) > 1:  # at the last step nothing may read it any more
        moved = _moved(search, group[0].key, group[0].value, found)
    if moved is None and claims.scenario.pair.flat and quantity(last.name) is None:  # a step, or what comes after it
        return None
    if moved is None:
        return JudgedLine("unread", node.lineno, node.col_offset, text, "no result changes with it")
    return JudgedLine("defined", node.lineno, node.col_offset, text, f"part of {', '.join(moved)}" if moved else "")


def _moved(search: FaultSearch, key: Key, value: np.ndarray, found: dict[str, Any]) -> list[str] | None:
    """The right results that move when a line is moved; None where none does."""
    rng = np.random.default_rng(7)
    step = rng.standard_normal(value.shape) * max(1e-2, 0.1 * float(np.max(np.abs(value), initial=0)))
    _recorder, out, now = search.state(move={key: step})
    if out.error is not None:
        return []
    moved = [n for n, s in found.items() if n in now and now[n].verdict != s.verdict]
    return moved or None


def _is_read_back(group: list[Event], values: list[np.ndarray]) -> bool:
    """Whether a line only takes what forward has kept, or zeros: no name of a gradient, and values that forward had."""
    if not any(np.any(e.value) for e in group):  # what sums start from
        return True
    if any(quantity(e.name) for e in group):
        return False
    return all(any(v.shape == e.value.shape and np.array_equal(v, e.value) for v in values) for e in group)
