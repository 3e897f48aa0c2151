"""What can be told of a line by itself: what its right side should be, and which statement is missing beside it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from wengert.programs.absent import TURNS, Absent, additions, changes, into_parts, positions
from wengert.programs.claims import Status
from wengert.programs.edits import target_of
from wengert.programs.events import Recorder, place_of
from wengert.programs.holes import KnownLine
from wengert.programs.names import entry_of, quoted
from wengert.programs.scenario import RunOutcome

if TYPE_CHECKING:
    from wengert.programs.faults import FaultSearch, Healed


def known_line(search: FaultSearch, node: Any, recorder: Recorder, healed: Healed) -> KnownLine | None:
    """What the right side of a statement should be; None where that cannot be told."""
    scopes = recorder.scopes.get(healed.sid, [])
    events = [e for e in recorder.events if e.key[0] == healed.sid]
    last = next((e for e in events[::-1] if e.key in healed.values), None)
    if last is None or not scopes:
        return None
    wanted = search.claims.found[0].cotangents[healed.values[last.key]]
    if last.value.size == wanted.size:  # dx of groups, before it is given the shape of x
        wanted = wanted.reshape(last.value.shape)
    target = target_of(node)
    if isinstance(node, ast.Assign) and isinstance(target, ast.Name | ast.Attribute):
        return KnownLine(node, [scopes[min(last.key[2], len(scopes) - 1)]], [wanted], total=False)
    added = isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add) and not _is_part(target, scopes[0])
    if added and last is events[-1] and len(scopes) == len(events) and last.value.shape == wanted.shape:
        try:
            now = sum(np.asarray(search.value(node.value, s), float) for s in scopes)
        except Exception:  # a line that fails has no sum
            return None
        return KnownLine(node, scopes, [wanted - (last.value - now)], total=True)
    return None


def _is_part(target: ast.expr | None, scope: dict[str, Any]) -> bool:
    """Whether a target is a part of an array, not an entry of a dictionary or list that is an array."""
    if not isinstance(target, ast.Subscript):
        return False
    return not isinstance(scope.get(ast.unparse(target.value)), dict | list)


def absent_statements(
    search: FaultSearch, recorder: Recorder, out: RunOutcome, found: dict[str, Status], texts: list[str]
) -> Iterator[tuple[str, str, list[str]]]:
    """(statement, the text of one that may be missing behind it, other statements that it may be missing behind)."""
    pair = search.scenario.pair
    function = search.program.functions.get((pair.cls, str(pair.backward or pair.forward)), search.program.tree)
    pairs = [(place_of(a), place_of(b)) for a, b in positions(function)]
    pairs = [(a, b) for a, b in pairs if a in search.program.statements]
    scopes = search.state(scopes_of=frozenset(b for _, b in pairs), turns=TURNS)[0].scopes
    values = search.claims.of_run(recorder, out)
    for name in search.wrong[:2]:
        key = found[name].key
        wanted = search.claims.found[0].cotangents[key] if key is not None else None
        if wanted is None or values[name].shape != wanted.shape:
            continue
        rest = wanted - values[name]
        for here, after in pairs:
            frames = scopes.get(after, [])
            called = _called(name, frames[0], wanted.shape, search) if frames and len(frames) < TURNS else ""
            others = [h for h, a in pairs if len(scopes.get(a, [])) == len(frames)]
            for form in (additions, into_parts) if called and not search.spent() else ():
                made = form(Absent(called, rest), frames, texts, search.value, set(found))
                yield from ((here, text, others) for text in made)
    good = search.right_statements(recorder)
    for here, after in pairs:
        target = target_of(search.program.statements[here].node)
        if here not in good and isinstance(target, ast.Name) and scopes.get(after) and not search.spent():
            yield from ((here, text, [here]) for text in changes(target.id, scopes[after][0], texts, search.value))


def _called(name: str, frame: dict[str, Any], shape: tuple[int, ...], search: FaultSearch) -> str:
    """What a result is called where a statement sees it: by its own name, or as the entry of a local dictionary."""
    key = entry_of(name)[1]
    holders = [n for n, v in frame.items() if isinstance(v, dict)] if quoted(key) else []
    for text in (name, *(f"{holder}[{key}]" for holder in holders)):
        try:
            value = search.value(ast.parse(text, mode="eval").body, frame)
        except Exception:  # a result by another name
            continue
        if np.shape(value) == shape:
            return text
    return ""


def differing(had: Any, wanted: np.ndarray) -> str:
    """Both shapes where they differ, else the entry that differs most."""
    a = np.asarray(had, float)
    if a.shape != wanted.shape:
        return f"its shape is {a.shape}, and should be {wanted.shape}"
    at = np.unravel_index(int(np.argmax(np.abs(a - wanted))), a.shape) if a.ndim else ()
    where = f"[{', '.join(str(int(i)) for i in at)}]" if a.ndim else ""
    return f"at a random point its entry {where} is {a[at]:.6g}, and should be {wanted[at]:.6g}".replace(
        "entry  ", "value "
    )


def names_only(value: ast.expr | None) -> bool:
    """Whether what is returned was all named before."""
    parts = value.elts if isinstance(value, ast.Tuple) else [value]
    return all(e is None or isinstance(e, ast.Name | ast.Constant) for e in parts)


def source_text(text: str, node: Any) -> str:
    lines = text.split("\n")[node.lineno - 1 : node.end_lineno]
    return " ".join(line.strip() for line in lines).split("  #")[0].rstrip()
