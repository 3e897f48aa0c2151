"""A document judged: its story, scope by scope. What a section may use is part of its reading: itself, what is just before, everything."""

from __future__ import annotations

import itertools
import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from wengert.notation.expr import Span
from wengert.reading.arrays import Closed, Misfit
from wengert.reading.edits import Edit
from wengert.reading.ellipsis import written_out
from wengert.reading.established import FAULTS, established
from wengert.reading.facts import LOSSES
from wengert.reading.forms import COMPARING
from wengert.reading.heads import Key, head_of
from wengert.reading.lexicon import Lexicon
from wengert.reading.limits import (
    AGAIN,
    AT_SIGHT,
    COMPARABLE,
    DOCUMENT_SECONDS,
    EXPLAINED_SECONDS,
    FIRST_SIGHT,
    MISTAKE_SECONDS,
    TRIES,
    TRIES_AGAIN,
    TRIES_AT_SIGHT,
    UNDERSTOOD,
)
from wengert.reading.parser import NotNeutral, parse_with_braces
from wengert.reading.scope import EQUALS, Line, Scope, name_of
from wengert.reading.search import ZEROS, Found, Outcome, Search, previous
from wengert.reading.story import Statement, Story, read_story
from wengert.reading.trees import (
    Call,
    Frac,
    Group,
    Name,
    Num,
    Relation,
    Row,
    Script,
    Sum,
    Tree,
    Word,
    base_of,
    has_derivative,
    is_fraction_of,
    names,
    product,
    without_first,
)
from wengert.reading.values import INDICATORS, Independent, is_operator
from wengert.reading.verdicts import Verdict, conditions_of, notes_of
from wengert.reading.windows import windows

WORTH = {"holds": 1.0, "conditional": 0.8, "wrong": -0.6, "open": -0.6, "given": 0.05, "condition": -0.2}
BLIND = 0.15
"""What a line costs that derives by what is not in reach, so that a window in which it is wins."""
OTHER_LINKS = 0.2
"""The time of a link that is about no derivative, in that of one that is."""
WINDOW = 0.1
"""What a wider window costs, so that the smallest one wins where they are equal."""
BRACE = Statement(("", ""), ("=",), (Span(0, 0), Span(0, 0)), "inline", "", 0, "definition", "latex")
NOT_AS_READ = "does not hold as read"
UNGUESSED = frozenset({"sign", "factor", "missing factor", "missing term", "term", "activation derivative", "quantity"})
"""Mistakes that are shown without what is only guessed of a name that no line defines: how many axes it has."""
EXCUSES = frozenset({"rank", "symmetric", "simplex", "turned vector", "product"})
"""Readings that a mistake calls for: where a change makes a line hold without them, it is one."""
MOST_AXES = 2
"""A derivative with more axes is often written in a short form, which does not fit and is no mistake."""


def judge_document(text: str, name: str = "", seconds: float = DOCUMENT_SECONDS) -> list[Verdict]:
    """What is found of each statement of a document, in the order of its text; `name` is that of its file."""
    return judge_story(read_story(text, name), seconds)


def judge_story(story: Story, seconds: float = DOCUMENT_SECONDS) -> list[Verdict]:
    """What is found of each statement of a document that is cut into statements."""
    with np.errstate(all="ignore"):
        return JudgedDocument(story, seconds).judged()


def lines_of(statements: Sequence[Statement]) -> list[Line]:
    """The statements with their sides as trees; a side that cannot be taken apart is a hole."""
    lines: list[Line] = []
    for statement in statements:
        named: list[tuple[Tree, Tree]] = []
        line = Line(statement, [side_of(side, statement.notation, named) for side in statement.sides])
        for k, side in enumerate(line.sides):
            if side is not None:
                line.sides[k], condition = _without_condition(side)
                line.conditions += [] if condition is None else [condition]
        lines.append(line)
        beside = replace(BRACE, section=statement.section)
        lines += [Line(beside, [_at_the_step_of(line.left, name), inner], brace=True) for name, inner in named]
    return lines


def _without_condition(side: Tree) -> tuple[Tree, Relation | None]:
    """A side without the condition that stands behind it in brackets, and that condition."""
    if isinstance(side, Sum):
        sign, last = side.terms[-1]
        bare, condition = _without_condition(last)
        return (side, None) if condition is None else (Sum((*side.terms[:-1], (sign, bare))), condition)
    condition = _condition_behind(side) if isinstance(side, Row) else None
    if condition is None or not isinstance(side, Row):
        return side, None
    return product([item for _, item in side.items[:-1]], [sign for sign, _ in side.items[:-1]]), condition


def _condition_behind(side: Row) -> Relation | None:
    """(i ≠ j) at the end of a side."""
    last, before = side.items[-1], side.items[-2][1]
    inner = last[1].inner if isinstance(last[1], Group) and last[0] == "" else None
    if not isinstance(inner, Relation) or base_of(before) in INDICATORS or isinstance(before, Num):
        return None
    return inner


def _at_the_step_of(left: Tree | None, name: Tree) -> Tree:
    """A name below a brace with the layer or the time that stands above the left side of its line."""
    if not (isinstance(left, Script) and isinstance(left.sup, Group) and isinstance(left.sup.inner, Name)):
        return name
    if isinstance(name, Script):
        return name if name.sup is not None else Script(name.base, name.sub, left.sup, name.primes)
    return Script(name, None, left.sup)


def side_of(text: str, notation: str, named: list[tuple[Tree, Tree]]) -> Tree | None:
    """A side as a tree, None where it cannot be taken apart; what has a name below a brace is added to `named`."""
    try:
        tree, more = parse_with_braces(text, notation)
        named += [(name, written_out(inner)) for name, inner in more]
        return written_out(tree)
    except (NotNeutral, RecursionError):
        return None


class JudgedDocument:
    """A document that is judged section by section; `best` holds for each what was found there and how it was read."""

    def __init__(self, story: Story, seconds: float) -> None:
        self.end = time.process_time() + seconds
        self.lines = lines_of(story.statements)
        self.best: dict[int, Judge] = {}

    def judged(self) -> list[Verdict]:
        """Every section in turn; what time is left goes to those that were cut short, from the beginning."""
        sections = [list(group) for _, group in itertools.groupby(self.lines, key=lambda line: line.statement.section)]
        waiting = list(range(len(sections)))
        while waiting:
            left = sum(_weight(sections[k]) for k in waiting)
            budget = self.end - time.process_time()
            short: list[int] = []
            for k in waiting:
                share = max(self.end - time.process_time(), 0.0) * _weight(sections[k]) / left
                left -= _weight(sections[k])
                judge = self.section(sections, k, share)
                if judge is not None and (k not in self.best or judge.worth() > self.best[k].worth()):
                    self.best[k] = judge
                if judge is None or judge.hurried:
                    short.append(k)
            rest = self.end - time.process_time()
            waiting = short if AGAIN < rest < 0.8 * budget else []
        self.explain()
        return [verdict for judge in self.judges for verdict in judge.verdicts]

    def explain(self) -> None:
        """Look for the mistakes in what does not hold, now that it is known how much of the document does."""
        end = time.process_time() + EXPLAINED_SECONDS
        for judge in self.judges:
            judge.elsewhere = Counter(
                verdict.status
                for other in self.judges
                if other is not judge
                for verdict in other.verdicts
                if verdict.derived
            )
            for line, link in list(judge.failed):
                if time.process_time() < end:
                    judge.explain(line, link)

    @property
    def judges(self) -> list[Judge]:
        """What was found of each section, in the order of the text."""
        return [judge for _, judge in sorted(self.best.items())]

    def section(self, sections: list[list[Line]], k: int, seconds: float) -> Judge | None:
        """One section judged in the window in which most of it holds at first sight, and there with patience."""
        start = time.process_time()
        best: tuple[float, Judge] | None = None
        hurried = False
        each = windows(sections, k)
        for cost, window in enumerate(each):
            spent = time.process_time() - start
            if best is not None and not best[1].unsettled():
                break
            if best is not None and spent > seconds * AT_SIGHT:
                hurried = True
                break
            part = FIRST_SIGHT if not cost and len(each) > 1 else AT_SIGHT
            judge = self.at_sight(window, sections[k], k, max(seconds * part - spent, seconds / 8))
            if judge is None:
                continue
            worth = judge.worth() - WINDOW * cost
            if best is None or worth > best[0]:
                best = (worth, judge)
        if best is None:
            return None
        best[1].with_patience(start + seconds)
        best[1].hurried |= hurried
        return best[1]

    def at_sight(self, window: list[Line], own: list[Line], k: int, seconds: float) -> Judge | None:
        """The lines of section k judged by few tries a line within a window; None where the window cannot be read at all."""
        copies = {id(line): replace(line, sides=list(line.sides)) for line in window}
        try:
            judge = Judge(list(copies.values()), [copies[id(line)] for line in own])
            judge.at_sight(time.process_time() + seconds)
        except FAULTS:
            return None
        return judge


def _weight(section: list[Line]) -> float:
    """The part of the time that a section is worth: its links about derivatives, the others less."""
    links = [derived(line, link) for line in section for link in range(1, len(line.sides))]
    return sum(links) + OTHER_LINKS * (1 + len(links))


class Judge:
    """The lines of one scope judged in order."""

    def __init__(self, lines: Sequence[Line], own: Sequence[Line]) -> None:
        self.scope = Scope(lines)
        self.own = own
        self.search = Search(self.scope)
        self.found: dict[tuple[Line, int], Verdict] = {}
        self.unsure: dict[tuple[Line, int], None] = {}
        """Links that do not hold so far."""
        self.blind: set[tuple[Line, int]] = set()
        """Links in which something does not depend on what it is derived by."""
        self.supposed_loss = ""
        self.signal_of = ""
        self.hurried = False
        """Whether something was left untried for want of time."""
        self.elsewhere = Counter[str]()
        """How many lines about derivatives hold and are open in the other sections."""
        self.failed: dict[tuple[Line, int], Found] = {}
        """What was found of links that do not hold, or under a condition only."""

    def at_sight(self, end: float) -> None:
        """Every link of the scope's own lines with few tries."""
        self.find_loss()
        self.find_delta()
        for line in self.own:
            if line.brace:
                continue
            if (line.update or line.statement.form == "update") and len(line.sides) > 1:
                self.say(line, 1, "update")
                continue
            for link in range(1, len(line.sides)):
                self.link(line, link, TRIES_AT_SIGHT, end)

    def with_patience(self, end: float) -> None:
        """What does not hold at first sight searched again with all tries."""
        for line, link in [*filter(lambda pair: derived(*pair), self.unsure), *list(self.unsure)]:
            if (line, link) not in self.unsure:
                continue
            if time.process_time() > end:
                self.hurried = True
                return
            self.link(line, link, TRIES if derived(line, link) else TRIES_AGAIN, end)
            self.unsure.pop((line, link), None)

    def unsettled(self) -> bool:
        """Whether more tries or a wider window could change something."""
        return any(derived(line, link) for line, link in (*self.unsure, *self.blind))

    def worth(self) -> float:
        """How well a scope explains its own lines."""
        counts = Counter(verdict.status for verdict in self.verdicts)
        return sum(WORTH.get(status, 0.0) * count for status, count in counts.items()) - BLIND * len(self.blind)

    @property
    def verdicts(self) -> list[Verdict]:
        """The verdicts in the order of the lines."""
        return list(self.found.values())

    # one link

    def link(self, line: Line, link: int, tries: int, end: float) -> None:
        if line.sides[0] is None or line.sides[link] is None:
            self.say(line, link, "unread", "a side is not read")
            return
        kind = self.kind(line, link)
        if kind:
            self.say(line, link, kind)
        elif line.sides[link] == line.sides[previous(line, link)]:
            self.say(line, link, "unread", "both sides are the same")
        elif time.process_time() > end:
            self.unsure[line, link] = None
            self.say(line, link, "unread", "it was not tried for want of time")
        elif link == 1 and line.defines() and not self.is_signal(line):
            self.again(line)
        else:
            self.judge(line, link, tries)

    def kind(self, line: Line, link: int) -> str:
        """The class of a link that is nothing to be judged; "" where it is."""
        if link == 1:
            if line in self.scope.given.values():
                return "given"
            if line.defines() and not self.is_signal(line) and not self.said_before(line):
                return "defined"
            if line.arguments and not line.defines():
                return "defined"
            if line.index:
                return "comparison"
        relation = line.statement.relations[link - 1]
        if relation in COMPARING:
            return "comparison"
        if relation not in EQUALS or any(is_up_to_order(side) for side in line.sides if side is not None):
            return "approximate"
        return ""

    def is_signal(self, line: Line) -> bool:
        return bool(self.signal_of) and str(line.key[0]) == "δ"

    def said_before(self, line: Line) -> bool:
        others = self.scope.definitions.get(str(line.key[0]), ())
        return any(other.position < line.position and other.pattern == line.pattern for other in others)

    def again(self, line: Line) -> None:
        """A name that has a line already: the same again, or defined anew."""
        position = line.position
        line.position = position - 0.5
        try:
            found = self.search.search(line, 1, TRIES_AGAIN)
        finally:
            line.position = position
        right = line.sides[1]
        same = found.holds and right is not None and any(isinstance(node, Name | Word) for node in right.nodes)
        self.say(line, 1, "again" if same else "defined")

    def judge(self, line: Line, link: int, tries: int) -> None:
        found = self.search.search(line, link, tries, condition=condition_of(line.statement))
        self.unsure.pop((line, link), None)
        (self.blind.add if found.blind else self.blind.discard)((line, link))
        self.failed.pop((line, link), None)
        if not found.holds:
            self.failed[line, link] = found
        if not found.holds and found.untried:
            self.unsure[line, link] = None
        if found.holds:
            self.holds(line, link, found)
        elif found.fitted is not None:
            self.fails(line, link, found, found.fitted)
        elif found.first.fault is not None:
            self.say(line, link, "unread", str(found.first.fault) or "a derivative within a derivative")
        else:
            self.say(line, link, "unread", "it holds only where all axes have one size")

    def explain(self, line: Line, link: int) -> None:
        """A link that does not hold: wrong where one small change shows why, open where its sides cannot fit."""
        found, said = self.failed[line, link], self.found[line, link]
        if not derived(line, link) or line.sides[link] in ZEROS or not self.understood(line, link, found.first):
            return
        mistake = self.mistake(line, link, found)
        if mistake is not None:
            self.wrong(line, link, mistake)
        elif said.status == "unread" and found.fitted is None and found.fitting and does_not_fit(found):
            self.say(line, link, "open", f"{NOT_AS_READ}: {found.first.fault}")

    def wrong(self, line: Line, link: int, mistake: Edit) -> None:
        self.say(line, link, "wrong", f"likely: {mistake.sentence}")
        self.found[line, link] = replace(self.found[line, link], kind=mistake.kind, corrected=mistake.tree)

    def holds(self, line: Line, link: int, found: Found) -> None:
        assert found.outcome is not None
        conditions = conditions_of(found.given, found.outcome.lexicon, self.search.learned)
        if conditions and {question[0] for question in found.given} <= EXCUSES:
            self.failed[line, link] = found
        if self.supposed_loss and self.scope.facts.loss in {key[0] for key in found.outcome.world.read}:
            conditions = (*conditions, f"{self.scope.facts.loss} is {self.supposed_loss}")
        if conditions:
            self.say(line, link, "conditional", "holds if " + " and ".join(conditions))
            return
        learned = dict(self.search.learned)
        self.search.learn(found.given, found.outcome.lexicon)
        notes = notes_of(found.given, found.outcome.lexicon, learned)
        if "open loss" in found.outcome.lexicon.marks:
            notes = (*notes, f"{self.scope.facts.loss} is any loss of what is computed last")
        self.say(line, link, "holds", "read as: " + "; ".join(notes) if notes else "")

    def domain(self, line: Line, link: int, outcome: Outcome) -> str:
        """i = j or i ≠ j where a line holds only for such indices, of which its left side tells both apart."""
        left = line.sides[previous(line, link)]
        own = {name.text for name in names(left)} if left is not None else set()
        for i, j in itertools.combinations([c for c in outcome.letters if c in self.scope.facts.letters & own], 2):
            for sign in "=≠":
                condition = Relation(sign, Name(i), Name(j))
                if self.search.evaluate(line, link, {}, None, 0, condition).equal and self.search.certified(
                    line, link, {}, condition
                ):
                    return f"{i} {sign} {j}"
        return ""

    def fails(self, line: Line, link: int, found: Found, outcome: Outcome) -> None:
        """A link whose sides differ under every reading."""
        open_loss = "open loss" in outcome.lexicon.marks or bool(self.supposed_loss)
        if open_loss and (mean := self.mean_over(outcome)):
            self.say(line, link, "conditional", f"holds if {self.scope.facts.loss} is a mean over {mean}")
        elif domain := self.domain(line, link, outcome):
            self.say(line, link, "conditional", f"holds if {domain}")
            if "≠" in domain:
                del self.failed[line, link]
        elif open_loss and not self.follows(line, link):
            self.say(line, link, "given", "the loss has no line")
        elif not derived(line, link):
            self.say(line, link, "condition", "it does not hold for all values, so it is a condition")
        else:
            self.unexplained(line, link, outcome)

    def unexplained(self, line: Line, link: int, outcome: Outcome) -> None:
        """A link about derivatives that fails, and no change shows a mistake."""
        read = {str(key[0]) for key in outcome.world.read}
        signal = ("δ",) in {key[:1] for key in outcome.world.read} and "δ" not in self.scope.definitions
        if unknown := sorted(read & self.scope.supposed):
            self.say(line, link, "given", f"no line says what {unknown[0]} is")
        elif name := self.scope.only_here(line):
            self.say(line, link, "unread", f"it does not hold as read, and no other line says what {name} is")
        elif signal and not self.signal_of:
            self.say(line, link, "unread", "no line says of what δ is the signal")
        else:
            self.say(line, link, "open", NOT_AS_READ)

    def follows(self, line: Line, link: int) -> bool:
        """Whether both sides of a link speak of signals, so that it follows from others whatever the loss is."""
        sides = (line.sides[previous(line, link)], line.sides[link])
        return all(side is not None and is_signal_like(side, self.scope) for side in sides)

    def mistake(self, line: Line, link: int, found: Found) -> Edit | None:
        """The one small change that makes a link hold; None where nothing shows a mistake."""
        if not found.holds and found.next_surprise < COMPARABLE:
            return None
        read = {str(key[0]) for key in found.first.world.read}
        kinds = UNGUESSED if read & self.scope.supposed else None
        for given in found.fitting:
            change = established(self.search, line, link, given, MISTAKE_SECONDS)
            if change is not None and (kinds is None or change.kind in kinds):
                return change
        return None

    def understood(self, line: Line, link: int, outcome: Outcome) -> bool:
        """Whether all that a link reads is read, and enough else holds to say that its scope is."""
        read = {str(key[0]) for key in outcome.world.read}
        if read & self.scope.lost():
            return False
        counts = Counter(
            verdict.status for (other, _), verdict in self.found.items() if other is not line and verdict.derived
        )
        counts.update(self.elsewhere)
        right, left_open = counts["holds"], counts["open"]
        if link > 1 and self.found.get((line, link - 1)) is not None:
            right += self.found[line, link - 1].status == "holds"
            left_open += self.found[line, link - 1].status in ("open", "unread")
        return right >= UNDERSTOOD and right > 2 * left_open

    def mean_over(self, outcome: Outcome) -> str:
        """The number m by which all of a side is divided, where the loss is not known."""
        assert outcome.sides is not None
        a, b = np.broadcast_arrays(*outcome.sides)
        ratio = (a / b).ravel()
        ratio = ratio[np.isfinite(ratio)]
        if not len(ratio) or not np.allclose(ratio, ratio[0], rtol=1e-6):
            return ""
        for key, value in outcome.world.inputs.items():
            here = value.array.ravel()[0]
            if (
                value.rank == 0
                and str(key[0]) in "mnNMB"
                and min(abs(ratio[0] - here), abs(ratio[0] - 1 / here)) < 1e-9
            ):
                return str(key[0])
        return ""

    def say(self, line: Line, link: int, status: str, note: str = "") -> None:
        self.found[line, link] = Verdict(line.statement, link, previous(line, link), status, note, derived(line, link))

    # the loss and δ

    def find_loss(self) -> None:
        """Where no line says what the loss is, the first line about the signal of something says it."""
        scope = self.scope
        if scope.facts.loss in scope.definitions:
            return
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
            if not self.usual_loss(line, named[0]):
                scope.given[named[0]] = line
                line.axes = list(named[1])
                scope.forget()
            return

    def usual_loss(self, line: Line, key: Key) -> bool:
        """Whether a usual loss has just the signal that the author states; then that is the loss."""
        scope = self.scope
        outcome = self.search.evaluate(line, len(line.sides) - 1, {})
        try:
            outs = outcome.world.sinks() or [key]
        except FAULTS:
            outs = [key]
        for out in outs:
            for target in list(outcome.world.inputs):
                if any(isinstance(label, int) for label in target[1:]) or target[0] in scope.facts.indexed:
                    continue
                y, o = name_of(target), name_of(out)
                if y is not None and o is not None and self.try_losses(line, target, y, o):
                    return True
        return False

    def try_losses(self, line: Line, target: Key, y: Tree, o: Tree) -> bool:
        scope = self.scope
        for word, tree in losses(y, o):
            definition = Line(
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
                outcome = self.search.evaluate(line, link, given)
                if outcome.equal and "open loss" not in outcome.lexicon.marks:
                    self.search.learned.update(given)
                    self.supposed_loss = word
                    return True
            del scope.definitions[scope.facts.loss]
            scope.forget()
        return False

    def find_delta(self) -> None:
        """δ is the signal of the quantity for which most of its lines hold."""
        scope = self.scope
        about = [
            line
            for line in scope.lines
            if any(n == Name("δ") for side in line.sides if side is not None for n in names(side))
        ]
        own = scope.definitions.get("δ", [])
        if not about or any(isinstance(line.right, Frac) and has_derivative(line.right) for line in own):
            return
        best = (0, "")
        for base in [base for base in scope.definitions if base not in LOSSES and base != "δ"]:
            given = {("signal of", "δ"): base}
            count = sum(
                self.search.evaluate(line, link, given).equal
                for line in about[:12]
                for link in range(1, len(line.sides))
                if line.sides[link] is not None and line.sides[link - 1] is not None
            )
            best = max(best, (count, base), key=lambda pair: pair[0])
        links = sum(line.sides[k] is not None for line in about[:12] for k in range(1, len(line.sides)))
        if best[0] * 2 > links:
            self.signal_of = best[1]
            self.search.learned["signal of", "δ"] = best[1]


def does_not_fit(found: Found) -> bool:
    """Whether the sides of a link have shapes that no reading of comparable surprise brings together."""
    left, fault = found.first.world.left, found.first.fault
    shapes = isinstance(fault, Misfit) and not isinstance(fault, Closed | Independent)
    return shapes and left is not None and left.rank <= MOST_AXES and found.next_surprise >= COMPARABLE


def is_up_to_order(tree: Tree) -> bool:
    """Whether o(h) or O(h) stands in a sum: what it says is not exact."""
    terms = [term for node in tree.nodes if isinstance(node, Sum) for _, term in node.terms]
    return any(
        isinstance(term, Row)
        and len(term.items) == 2
        and term.items[0][1] in (Name("o"), Name("O"))
        and isinstance(term.items[1][1], Group)
        for term in terms
    )


def derived(line: Line, link: int) -> bool:
    """Whether a link is about derivatives."""
    return line.signals or any(
        side is not None and (has_derivative(side) or _has_small(side)) for side in line.sides[: link + 1]
    )


def _has_small(tree: Tree) -> bool:
    return any(isinstance(node, Row) and node.items[0][1] == Name("d") for node in tree.nodes)


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


CONDITION = re.compile(r"([a-z])\s*(=|≠|\\neq?(?![a-z])|<|>|\\leq?(?![a-z])|\\geq?(?![a-z])|≤|≥)\s*([a-z])(?![a-z])")
RELATION_SIGNS = {"\\ne": "≠", "\\neq": "≠", "\\le": "≤", "\\leq": "≤", "\\ge": "≥", "\\geq": "≥"}


def condition_of(statement: Statement) -> Relation | None:
    """The condition that is written behind a statement: (i ≠ j)."""
    found = CONDITION.search(statement.remark)
    if found is None:
        return None
    return Relation(RELATION_SIGNS.get(found.group(2), found.group(2)), Name(found.group(1)), Name(found.group(3)))
