"""The first wrong line of a backward pass, and what mends it.

A line is wrong only if a change of that line alone makes wrong results right and no right result wrong. Where the true value, put in
place of a named gradient, does so, the mistake lies at or before it; edits of these lines are then tried by running.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from wengert.programs.absent import axes_in, behind, likelier, written_in
from wengert.programs.arrays import is_tensor, numbers
from wengert.programs.claims import GIVEN, Claims, Status
from wengert.programs.edits import StatementEdit, edits, expression, in_block, target_of, written
from wengert.programs.events import Event, Key, Recorder, call, place_of, thunk
from wengert.programs.holes import edits_of_parts
from wengert.programs.known import absent_statements, differing, known_line, names_only, source_text
from wengert.programs.names import quantity
from wengert.programs.scenario import RunOutcome
from wengert.programs.source import FILENAME, copied_tree, line_of, value_of
from wengert.programs.spelling import spelled
from wengert.programs.terms import missing

RUNS = 6000  # of the search for one mistake
SECONDS = 40.0
ENTRIES = 8  # of lists and arrays that are tried in place of others
SOLVED = ("right", "value")


@dataclass
class Fault:
    """A wrong line: `edit` is what mends it, None where nothing that was tried does."""

    line: int
    column: int
    kind: str
    text: str
    corrected: str
    results: list[str]
    edit: StatementEdit | None = None
    details: list[str] = field(default_factory=list)
    sid: str = ""


@dataclass
class Healed:
    """Named events whose true value makes results right."""

    sid: str
    values: dict[Key, Key]  # event of the backward pass -> event whose cotangent it is
    fixed: int


class FaultSearch:
    """The search for the mistakes of one scenario, one after the other."""

    def __init__(self, claims: Claims, text: str, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self.claims = claims
        self.scenario = claims.scenario
        self.program = claims.scenario.program
        self.text = text
        self.started = time.process_time()

        self._written: dict[ast.AST, list[str]] = {}  # by function, as it is edited so far

    _near = 0  # how many suspects stand between the last right line and the first wrong one

    # -- what is wrong ------------------------------------------------------------------------------------------------------------

    def state(self, p: int = 0, **how: Any) -> tuple[Recorder, RunOutcome, dict[str, Status]]:
        recorder = Recorder(**how)
        out = self.scenario.run(recorder, p)
        return recorder, out, self.claims.statuses(recorder, out, p) if out.error is None else {}

    def next(self) -> Fault | None:
        """The first mistake, carried out of the program: mended, or its true value put in place. None where all results hold."""
        recorder, out, found = self.state()
        self.wrong = [n for n, s in found.items() if s.verdict == "wrong"]
        self.right = [n for n, s in found.items() if s.verdict in SOLVED]
        if out.error is None and not self.wrong:
            return None
        self.limit = self.scenario.runs + RUNS
        healed = self._healed(recorder) if out.error is None else None
        suspects = self._suspects(recorder, out, healed)
        fault = self._explained(suspects, out, healed) or self._absent(recorder, out, found)
        if fault is not None:
            return fault
        return self._unexplained(recorder, out, healed, found)

    # -- healing ------------------------------------------------------------------------------------------------------------------

    def backward_events(self, recorder: Recorder) -> list[Event]:
        return [e for e in recorder.events if self.claims.is_backward(e) and not e.key[0].startswith("def ")]

    def _healed(self, recorder: Recorder) -> Healed | None:
        groups: dict[str, list[Event]] = {}
        for event in self.backward_events(recorder):
            if quantity(event.name) and self.claims.targets(event.name, 0):
                groups.setdefault(event.key[0], []).append(event)
        for sid, group in groups.items():
            if all(self.claims.status(e.name, e.value, 0).verdict in SOLVED for e in group):
                continue
            for values in self._pairings(group):
                fixed = self._fixed_by(values)
                if fixed:
                    return Healed(sid, values, fixed)
        return None

    def _pairings(self, group: list[Event]) -> Iterator[dict[Key, Key]]:
        """Which cotangents the occurrences of a statement may be: of the steps forwards or backwards, or of one quantity."""
        cotangents = self.claims.found[0].cotangents
        keys = list(self.claims.targets(group[0].name, 0))
        fitting = [k for k in keys if cotangents[k].size == group[0].value.size or len(group) == 1]
        if len(group) > 1:
            seen: list[tuple[Key, ...]] = []
            steps = [k for k in fitting if k[0] not in GIVEN]
            for each in (steps[::-1], steps, steps[::-1][: len(group)], steps[: len(group)]):
                if len(each) == len(group) and tuple(each) not in seen:
                    seen.append(tuple(each))
                    yield {e.key: k for e, k in zip(group, each, strict=True)}
        for event in group[::-1][:2]:
            for key in fitting[:3]:
                if not self.claims.found[0].close(event.value, key):
                    yield {event.key: key}

    def _fixed_by(self, values: dict[Key, Key]) -> int:
        refs = self.claims.found[0].cotangents
        return self._gain(0, Recorder(replace={k: refs[v] for k, v in values.items()}))

    def _gain(self, p: int, recorder: Recorder) -> int:
        """How many wrong results a run makes right; 0 where it makes a right one wrong, or moves the loss."""
        try:
            out = self.scenario.run(recorder, p)
        except (Exception, SystemExit):
            return 0
        if out.error is not None or out.loss is None:
            return 0
        loss = self.claims.found[p].loss
        if not abs(float(np.sum(out.loss)) - loss) <= 1e-9 * max(1.0, abs(loss)):  # nan too
            return 0
        found = self.claims.statuses(recorder, out, p)
        if not self.wrong and not self.right:  # the program failed before: all or nothing
            verdicts = [s.verdict for s in found.values()]
            return 10**6 if "wrong" not in verdicts and any(v in SOLVED for v in verdicts) else 0
        if any(n not in found or found[n].verdict not in SOLVED for n in self.right):
            return 0
        return sum(n in found and found[n].verdict in SOLVED for n in self.wrong)

    # -- suspects -----------------------------------------------------------------------------------------------------------------

    def _suspects(self, recorder: Recorder, out: RunOutcome, healed: Healed | None) -> list[str]:
        """The statements that may be wrong, the likeliest first."""
        events = self.backward_events(recorder)
        forward = {e.key[0] for e in recorder.events if not self.claims.is_backward(e)}
        own = {s.owner for e in events if (s := self.program.statements.get(e.key[0]))}
        own |= {(self.scenario.pair.cls, str(self.scenario.pair.backward))} if self.scenario.pair.backward else set()
        run = recorder.met
        known = [
            s
            for s in self.program.statements.values()
            if s.owner in own
            and s.sid not in forward
            and (s.sid in run or isinstance(s.node, ast.Return) or out.error is not None)
        ]
        known = [s for s in known if not (isinstance(s.node, ast.Return) and names_only(s.node.value))]
        order = [s.sid for s in sorted(known, key=lambda s: (s.node.lineno, s.node.col_offset))]
        if out.error is not None:
            at = line_of(out.error)
            line = {sid: self.program.statements[sid].node.lineno for sid in order}
            return sorted(order, key=lambda sid: (line[sid] > at, abs(at - line[sid])))
        good = self.right_statements(recorder)
        if healed is None or healed.sid not in order:
            self._near = 0
            return [s for s in order if s not in good][::-1] + [s for s in order if s in good]
        i = order.index(healed.sid)
        last = max((k for k in range(i) if order[k] in good), default=-1)
        near, before = order[last + 1 : i], [s for s in order[: last + 1] if s not in good]
        self._near = len(near)
        rest = [s for s in order[i + 1 :] if s not in good]
        return [order[i], *near[::-1], *before[::-1], *rest, *(s for s in order[:i] if s in good)]

    def right_statements(self, recorder: Recorder) -> set[str]:
        """The statements whose values are the cotangents of what their names say."""
        verdicts: dict[str, list[str]] = {}
        for e in self.backward_events(recorder):
            verdicts.setdefault(e.key[0], []).append(self.claims.status(e.name, e.value, 0).verdict)
        return {sid for sid, found in verdicts.items() if all(v == "right" for v in found)}

    # -- edits --------------------------------------------------------------------------------------------------------------------

    def _explained(self, suspects: list[str], out: RunOutcome, healed: Healed | None) -> Fault | None:
        recorder = self.state(scopes_of=frozenset(suspects))[0]
        wanted = len(self.wrong) if out.error is None else 1
        best: tuple[tuple[float, ...], str, StatementEdit] | None = None
        enough = healed.fixed if healed is not None else wanted
        near = self._near if healed is not None else 0
        for rank, sid in enumerate(suspects):
            if self.spent():
                break
            line = self.program.statements[sid].node.lineno
            for edit, gain in self._accepted(sid, recorder, healed):
                score = (-min(gain, wanted), edit.cost, line, len(edit.text))
                if best is None or score < best[0]:
                    best = (score, sid, edit)
            if best is not None and -best[0][0] >= min(enough, wanted) and rank >= near:
                break
        return None if best is None else self._carried_out(best[1], best[2])

    def spent(self) -> bool:
        return self.scenario.runs > self.limit or time.process_time() - self.started > self.seconds

    def _accepted(self, sid: str, recorder: Recorder, healed: Healed | None) -> Iterator[tuple[StatementEdit, int]]:
        """The edits of a statement that make results right, with how many."""
        statement = self.program.statements[sid]
        scopes = recorder.scopes.get(sid, [])
        scope = scopes[-1] if scopes else {}
        if statement.owner is None:
            scope = {k: v for k, v in scope.items() if k not in ("__builtins__",)}
        texts = self._texts(statement.owner)
        every = edits(statement.node, scope, self._entries(texts, scope), axes_in(texts))
        if healed is not None and healed.sid == sid:
            every += self._terms(statement.node, recorder, healed)
            every += self._parts(statement.node, recorder, healed)
        every = [spelled(e, self.program.library) for e in every]
        chosen = [e for e in every if not e.after and not e.last and _same_form(e.node, statement.node)]
        turns = [scope] if len(scopes) < 2 else [scope, scopes[0]]  # at one of them what is read may be zeros
        chosen = [e for e in chosen if any(self._changes(statement.node, e, s) for s in turns)]
        others = [e for e in every if e.after or e.last or not _same_form(e.node, statement.node)]
        cheapest = float("inf")
        for edit in sorted(others, key=lambda e: e.cost):
            if self.spent() or edit.cost > cheapest:
                break
            gain = self._gain_of(sid, edit)
            if gain:
                cheapest = min(cheapest, edit.cost)
                yield edit, gain
        yield from self._by_switch(sid, chosen, cheapest)

    def _by_switch(self, sid: str, chosen: list[StatementEdit], cheapest: float) -> Iterator[tuple[StatementEdit, int]]:
        """One compilation for all edits of a right side: which is taken is told at run time."""
        if not chosen:
            return
        node = copied_tree(self.program.statements[sid].node)
        node.value = call("_wg_pick", *[thunk(copied_tree(v)) for v in (node.value, *(e.node.value for e in chosen))])
        undo = self.apply(sid, StatementEdit("", 0, ast.fix_missing_locations(node)))
        if undo is None:
            return
        try:
            for k, edit in enumerate(chosen):
                if self.spent() or edit.cost > cheapest:
                    break
                self.program.hooks.choice = k + 1
                gain = self._gain_everywhere()
                if gain:
                    cheapest = min(cheapest, edit.cost)
                    yield edit, gain
        finally:
            self.program.hooks.choice = 0
            undo()

    def _gain_of(self, sid: str, edit: StatementEdit) -> int:
        """The gain of an edit alone; 0 where it cannot be put in."""
        undo = self.apply(sid, edit)
        if undo is None:
            return 0
        gain = self._gain_everywhere()
        undo()
        return gain

    def _gain_everywhere(self) -> int:
        gain = 10**6
        keep = self.scenario.pair.combined
        for p in range(len(self.claims.found)):
            gain = min(gain, self._gain(p, Recorder(keep=keep)))
            if not gain:
                return 0
        return gain

    def _changes(self, node: Any, edit: StatementEdit, scope: dict[str, Any]) -> bool:
        """Whether a right side has another value than the author's, as far as one evaluation shows, and one that fits."""
        try:
            old, new = (self.value(each, scope) for each in (node.value, edit.node.value))
        except Exception:  # the author's line may itself fail: running decides
            return not scope or self._fails(node, scope)
        if isinstance(old, tuple) and isinstance(new, tuple):  # results of which one is changed: running decides
            return True
        old, new = (numbers(v) if is_tensor(v) else v for v in (old, new))
        if not all(isinstance(v, np.ndarray | np.generic | float | int) for v in (old, new)):
            return False
        if np.shape(old) != np.shape(new):
            return isinstance(node, ast.Return) or edit.kind in (
                "sum",
                "transpose",
                "cache",
                "path",
                "step",
                "factor",
                "term",
                "mean",
            )
        return not (isinstance(new, np.ndarray | float) and np.array_equal(old, new))

    def value(self, value: ast.expr, scope: Mapping[str, Any]) -> Any:
        """What an expression of the program is to a statement that sees these variables."""
        with np.errstate(all="ignore"), self.program.library.running():
            return value_of(_compiled(value), self.program.names, dict(scope))

    def _fails(self, node: Any, scope: dict[str, Any]) -> bool:
        try:
            self.value(node.value, scope)
        except Exception:  # whatever a line of the user's raises
            return True
        return False

    def _terms(self, node: Any, recorder: Recorder, healed: Healed) -> list[StatementEdit]:
        """Terms and factors that are missing at a statement whose true value is known."""
        event = next((e for e in recorder.events if e.key in healed.values), None)
        scopes = recorder.scopes.get(healed.sid, [])
        if event is None or not scopes:
            return []
        scope = scopes[min(event.key[2], len(scopes) - 1)]
        wanted = self.claims.found[0].cotangents[healed.values[event.key]]
        if event.value.size == wanted.size:  # dx of groups, before it is given the shape of x
            wanted = wanted.reshape(event.value.shape)
        return missing(node, scope, np.asarray(event.value, float), wanted)

    def _parts(self, node: Any, recorder: Recorder, healed: Healed) -> list[StatementEdit]:
        """Edits of parts of a statement whose true value is known, or in all its turns."""
        line = known_line(self, node, recorder, healed)
        if line is None or self.program.library.name != "numpy":
            return []
        return edits_of_parts(line, self._texts(self.program.statements[healed.sid].owner), self.value)

    def _texts(self, owner: Any) -> list[str]:
        """The expressions that the author writes in a function, or outside of all, then in the forward pass."""
        forward = self.program.functions.get((self.scenario.pair.cls, str(self.scenario.pair.forward)))
        function = self.program.functions[owner] if owner is not None else self.program.tree
        if function not in self._written:
            more = written_in(forward) if forward is not None and forward is not function else []
            self._written[function] = list(dict.fromkeys([*written_in(function), *more]))
        return self._written[function]

    def _entries(self, texts: list[str], scope: dict[str, Any]) -> dict[str, Any]:
        """What the author reads of lists and arrays elsewhere, as h[t - 1], as far as a statement sees it."""
        out: dict[str, Any] = {}
        for text in texts:
            if len(out) >= ENTRIES:
                break
            if not isinstance(node := expression(text), ast.Subscript) or isinstance(node.slice, ast.Constant):
                continue
            try:
                value = self.value(node, scope)
            except Exception:  # what is not there at this line
                continue
            if isinstance(value, np.ndarray) and value.dtype.kind in "fb" and value.size:
                out[text] = value
        return out

    def apply(self, sid: str, edit: StatementEdit) -> Any:
        """Put an edit into the program; the way back is given, None where it cannot be."""
        statement = self.program.statements[sid]
        owner, functions = statement.owner, self.program.functions
        before = functions[owner] if owner is not None else self.program.tree
        tree = copied_tree(before)
        if not in_block(tree, lambda s: isinstance(s, type(statement.node)) and place_of(s) == sid, edit):
            return None
        self._set(owner, tree)
        try:
            back = self.program.install(owner)
        except (SyntaxError, ValueError, TypeError, KeyError):
            self._set(owner, before)
            return None

        def undo() -> None:
            back()
            self._set(owner, before)

        return undo

    def _set(self, owner: Any, tree: Any) -> None:
        if owner is None:
            self.program.tree = tree
        else:
            self.program.functions[owner] = tree

    def _absent(self, recorder: Recorder, out: RunOutcome, found: dict[str, Status]) -> Fault | None:
        """A statement that is not there: behind which others it makes wrong results right, and is likeliest missing."""
        if out.error is not None or self.program.library.name != "numpy":
            return None
        back = self.scenario.pair.backward or self.scenario.pair.forward
        function = self.program.functions.get((self.scenario.pair.cls, str(back)), self.program.tree)
        first = next((s for s in self.program.statements.values() if s.node in set(ast.walk(function))), None)
        texts = self._texts(first.owner) if first is not None else []
        nodes = self.program.statements
        for sid, text, others in absent_statements(self, recorder, out, found, texts):
            if self.spent():
                return None
            if gain := self._gain_of(sid, behind(nodes[sid].node, text)):
                rest = [o for o in others if o != sid and self._gain_of(o, behind(nodes[o].node, text)) == gain]
                best = likelier(text, [nodes[s].node for s in (sid, *rest)])
                return self._carried_out(place_of(best), behind(best, text))
        return None

    # -- what is said -------------------------------------------------------------------------------------------------------------

    def _carried_out(self, sid: str, edit: StatementEdit) -> Fault:
        statement = self.program.statements[sid]
        node = statement.node
        text = source_text(self.text, node)
        corrected = written(self.text, node, edit)
        if edit.after:
            corrected = f"{text}; {edit.text}" if "\n" not in text and text != "pass" else edit.text
        fault = Fault(node.lineno, node.col_offset, edit.kind, text, corrected, list(self.wrong), edit, sid=sid)
        if edit.last:
            fault.corrected = f"{text}   at the end of its block"
        self.apply(sid, edit)
        if not edit.after and not edit.last:
            made = copied_tree(edit.node)
            self.program.statements[sid] = type(statement)(sid, made, statement.owner)
        return fault

    def _unexplained(
        self, recorder: Recorder, out: RunOutcome, healed: Healed | None, found: dict[str, Status]
    ) -> Fault | None:
        if healed is None:
            at = line_of(out.error) if out.error is not None else 0
            return self._left(recorder, out, found, at)
        node = self.program.statements[healed.sid].node
        event = next(e for e in recorder.events if e.key in healed.values)
        for p, refs in enumerate(self.claims.found):
            true = {k: refs.cotangents[v] for k, v in healed.values.items() if v in refs.cotangents}
            self.scenario.healed.setdefault(p, {}).update(true)
        wanted = self.claims.found[0].cotangents[healed.values[event.key]]
        fault = Fault(
            node.lineno, node.col_offset, "", source_text(self.text, node), "", list(self.wrong), sid=healed.sid
        )
        fault.details = [differing(event.value, wanted)]
        return fault

    def _left(self, recorder: Recorder, out: RunOutcome, found: dict[str, Status], at: int) -> Fault:
        """Results that are wrong, with no line that can be said to make them so."""
        if out.error is not None:
            line = self.text.split("\n")[at - 1].strip() if at else ""
            return Fault(
                at,
                0,
                "",
                line,
                "",
                [],
                details=[f"it fails: {type(out.error).__name__}: {str(out.error).splitlines()[0]}"],
            )
        values = self.claims.of_run(recorder, out)
        name = self.wrong[0]
        key = found[name].key
        assert key is not None
        last = [e for e in self.backward_events(recorder) if e.name == name or e.name.endswith(name)]
        node = self.program.statements[last[-1].key[0]].node if last else None
        fault = Fault(
            node.lineno if node else 0,
            node.col_offset if node else 0,
            "",
            source_text(self.text, node) if node else name,
            "",
            list(self.wrong),
        )
        fault.details = [f"{name}: {differing(values[name], self.claims.found[0].cotangents[key])}"]
        return fault


def _same_form(a: Any, b: Any) -> bool:
    """Whether two statements differ in their right side only."""
    if type(a) is not type(b) or getattr(a, "value", None) is None or isinstance(a, ast.Expr):
        return False
    return type(getattr(a, "op", 0)) is type(getattr(b, "op", 0)) and ast.dump(target_of(a) or ast.Pass()) == ast.dump(
        target_of(b) or ast.Pass()
    )


def _compiled(value: ast.expr) -> Any:
    return compile(ast.fix_missing_locations(ast.Expression(copied_tree(value))), FILENAME, "eval")
