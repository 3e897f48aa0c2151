"""The lines of one scope judged in their order: what holds, what does not fit, what a change shows to be a mistake."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from wengert.notes.reading.answers import Independent, Still
from wengert.notes.reading.arrays import Closed, Misfit
from wengert.notes.reading.edits import Edit
from wengert.notes.reading.established import established
from wengert.notes.reading.forms import COMPARING
from wengert.notes.reading.limits import (
    COMPARABLE,
    MISTAKE_STEPS,
    TRIES,
    TRIES_AGAIN,
    TRIES_AT_SIGHT,
    UNDERSTOOD,
)
from wengert.notes.reading.links import (
    begins_with_operator,
    condition_of,
    derived,
    in_words,
    is_chain,
    is_up_to_order,
    summing_to_one,
)
from wengert.notes.reading.losses import delta_of, is_signal_like, suppose_loss
from wengert.notes.reading.scope import Scope
from wengert.notes.reading.scope_line import EQUALS, ScopeLine
from wengert.notes.reading.search import ZEROS, Found, Outcome, Search, previous
from wengert.notes.reading.trees import (
    Name,
    Relation,
    Word,
    base_of,
    names,
)
from wengert.notes.reading.verdicts import Verdict, conditions_of, notes_of
from wengert.notes.reading.work import Work

WORTH = {"holds": 1.0, "conditional": 0.8, "wrong": -0.6, "open": -0.6, "given": 0.05, "condition": -0.2}
BLIND = 0.15
"""What a line costs that derives by what is not in reach, so that a window in which it is wins."""
NOT_AS_READ = "does not hold as read"
UNGUESSED = frozenset(
    {
        "sign",
        "factor",
        "missing factor",
        "missing term",
        "term",
        "activation derivative",
        "quantity",
        "index",
        "missing sum",
    }
)
"""Mistakes that are shown without what is only guessed of a name that no line defines: how many axes it has."""
EXCUSES = frozenset({"rank", "symmetric", "simplex", "turned vector", "product"})
"""Readings that a mistake calls for: where a change makes a line hold without them, it is one."""
REACH = ("reach of ∂", "")
MOST_AXES = 2
"""A derivative with more axes is often written in a short form, which does not fit and is no mistake."""


class Judge:
    """The lines of one scope judged in order."""

    def __init__(
        self,
        lines: Sequence[ScopeLine],
        own: Sequence[ScopeLine],
        work: Work | None = None,
        declared: Mapping[str, int] = {},
    ) -> None:
        self.scope = Scope(lines, work, declared)
        self.work = self.scope.work
        self.own = own
        self.search = Search(self.scope)
        self.found: dict[tuple[ScopeLine, int], Verdict] = {}
        self.unsure: dict[tuple[ScopeLine, int], None] = {}
        """Links that do not hold so far."""
        self.untried: set[tuple[ScopeLine, int]] = set()
        """Links for which no steps were left."""
        self.blind: set[tuple[ScopeLine, int]] = set()
        """Links in which something does not depend on what it is derived by."""
        self.supposed_loss = ""
        self.signal_of = ""
        self.hurried = False
        """Whether something was left untried for want of time."""
        self.elsewhere = Counter[str]()
        """How many lines about derivatives hold and are open in the other sections."""
        self.failed: dict[tuple[ScopeLine, int], Found] = {}
        """What was found of links that do not hold, or under a condition only."""

    def at_sight(self, end: float) -> None:
        """Every link of the scope's own lines with few tries."""
        self.search.learned |= {("simplex", base): True for line in self.scope.lines if (base := summing_to_one(line))}
        self.supposed_loss = suppose_loss(self.search)
        self.signal_of = delta_of(self.search)
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
            if self.work.done > end:
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
        counts["open"] += len(self.untried)
        return sum(WORTH.get(status, 0.0) * count for status, count in counts.items()) - BLIND * len(self.blind)

    @property
    def verdicts(self) -> list[Verdict]:
        """The verdicts in the order of the lines."""
        return list(self.found.values())

    # one link

    def link(self, line: ScopeLine, link: int, tries: int, end: float) -> None:
        if (line, link) in self.scope.schematic:
            self.say(line, link, "schematic")
            return
        if line.sides[0] is None or line.sides[link] is None:
            self.say(line, link, "unread", "a side is not read")
            return
        kind = self.kind(line, link)
        if said := self.scope.implied.get((line, link)) or line.introduced.get(link):
            self.say(line, link, "defined", f"says what {said} is")
        elif kind:
            self.say(line, link, kind)
        elif line.sides[link] == line.sides[previous(line, link)]:
            self.say(line, link, "unread", "both sides are the same")
        elif self.work.done > end:
            self.unsure[line, link] = None
            self.untried.add((line, link))
            self.say(line, link, "unread", "it was not tried for want of time")
        elif link == 1 and line.defines() and not self.is_signal(line):
            self.again(line)
        else:
            self.judge(line, link, tries)

    def kind(self, line: ScopeLine, link: int) -> str:
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
            if summing_to_one(line):
                return "condition"
        relation = line.statement.relations[link - 1]
        if relation in COMPARING:
            return "comparison"
        if relation not in EQUALS or any(is_up_to_order(side) for side in line.sides if side is not None):
            return "approximate"
        return ""

    def is_signal(self, line: ScopeLine) -> bool:
        return bool(self.signal_of) and str(line.key[0]) == "δ"

    def said_before(self, line: ScopeLine) -> bool:
        others = self.scope.definitions.get(str(line.key[0]), ())
        return any(other.position < line.position and other.pattern == line.pattern for other in others)

    def again(self, line: ScopeLine) -> None:
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

    def judge(self, line: ScopeLine, link: int, tries: int) -> None:
        found = self.search.search(line, link, tries, condition=condition_of(line.statement))
        self.unsure.pop((line, link), None)
        self.untried.discard((line, link))
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

    def explain(self, line: ScopeLine, link: int) -> None:
        """A link that does not hold: wrong where one small change shows why, open where its sides cannot fit or those around it agree."""
        found, said = self.failed[line, link], self.found[line, link]
        if not derived(line, link) or line.sides[link] in ZEROS:
            return
        around = self.around(line, link)
        understood = "≠" not in said.under and self.understood(line, link, found.first)
        if around is None and not understood and (self.reads_lost(found.first) or not self.follows_right(line, link)):
            return
        if around is not None:
            self.behind(line, link)
        mistake = self.mistake(line, link, found, around, understood)
        if mistake is not None:
            self.wrong(line, link, mistake)
        elif in_words(line.sides[link]) or in_words(line.sides[previous(line, link)]):
            return
        elif around is not None:
            self.say(line, link, "open", f"{NOT_AS_READ}, while the sides before and behind it are equal")
        elif understood and said.status == "unread" and found.fitted is None and found.fitting and does_not_fit(found):
            self.say(line, link, "open", f"{NOT_AS_READ}: {found.first.fault}")

    def around(self, line: ScopeLine, link: int) -> Found | None:
        """The reading under which the sides before and behind a side are equal, which shows that this side is the one that differs; None where there is none."""
        before, side = previous(line, link), line.sides[link]
        behind = line.sides[link + 1] if link + 1 < len(line.sides) else None
        related = all(relation in EQUALS for relation in line.statement.relations[before : link + 1])
        if behind is None or behind == line.sides[before] or not related:
            return None
        line.sides[link] = None
        self.scope.forget()
        try:
            found = self.search.search(line, link + 1, TRIES_AT_SIGHT, condition=condition_of(line.statement))
        finally:
            line.sides[link] = side
            self.scope.forget()
        assert found.outcome is not None or not found.holds
        conditions = found.outcome and conditions_of(found.given, found.outcome.lexicon, self.search.learned)
        return found if found.holds and not conditions else None

    def behind(self, line: ScopeLine, link: int) -> None:
        """What stands behind a side that differs is compared with what stands before it, which it equals."""
        said = self.found.get((line, link + 1))
        if said is not None and said.status in ("open", "unread", "given"):
            self.failed.pop((line, link + 1), None)
            self.found[line, link + 1] = replace(said, before=previous(line, link), status="holds", note="")

    def wrong(self, line: ScopeLine, link: int, mistake: Edit) -> None:
        self.say(line, link, "wrong", f"likely: {mistake.sentence}")
        self.found[line, link] = replace(self.found[line, link], kind=mistake.kind, corrected=mistake.tree)

    def holds(self, line: ScopeLine, link: int, found: Found) -> None:
        assert found.outcome is not None
        conditions = conditions_of(found.given, found.outcome.lexicon, self.search.learned)
        kinds = {question[0] for question in found.given}
        if conditions and kinds <= (EXCUSES | {"layout"} if "symmetric" in kinds else EXCUSES):
            self.failed[line, link] = found
        if self.supposed_loss and self.scope.facts.loss in {key[0] for key in found.outcome.world.read}:
            conditions = (*conditions, f"{self.scope.facts.loss} is {self.supposed_loss}")
        if conditions:
            self.say(line, link, "conditional", "holds if " + " and ".join(conditions), frozenset(kinds))
            return
        learned = dict(self.search.learned)
        self.search.learn(found.given, found.outcome.lexicon)
        notes = notes_of(found.given, found.outcome.lexicon, learned)
        if "open loss" in found.outcome.lexicon.marks:
            notes = (*notes, f"{self.scope.facts.loss} is any loss of what is computed last")
        self.say(line, link, "holds", "read as: " + "; ".join(notes) if notes else "")

    def domain(self, line: ScopeLine, link: int, outcome: Outcome) -> tuple[str, str, str] | None:
        """i = j or i ≠ j as i, its sign and j where a line holds only for such indices, of which its left side tells both apart."""
        left = line.sides[previous(line, link)]
        own = {name.text for name in names(left)} if left is not None else set()
        for i, j in itertools.combinations([c for c in outcome.letters if c in self.scope.facts.letters & own], 2):
            for sign in "=≠":
                condition = Relation(sign, Name(i), Name(j))
                if self.search.evaluate(line, link, {}, None, 0, condition).equal and self.search.certified(
                    line, link, {}, condition
                ):
                    return i, sign, j
        return None

    def fails(self, line: ScopeLine, link: int, found: Found, outcome: Outcome) -> None:
        """A link whose sides differ under every reading."""
        open_loss = "open loss" in outcome.lexicon.marks or bool(self.supposed_loss)
        if open_loss and (mean := self.mean_over(outcome)):
            self.say(line, link, "conditional", f"holds if {self.scope.facts.loss} is a mean over {mean}")
        elif domain := self.domain(line, link, outcome):
            self.say(line, link, "conditional", f"holds if {' '.join(domain)}", frozenset({domain[1]}))
        elif open_loss and not self.follows(line, link) and not self.only_derivatives(line, link):
            self.say(line, link, "given", "the loss has no line")
        elif not derived(line, link):
            self.say(line, link, "condition", "it does not hold for all values, so it is a condition")
        else:
            self.unexplained(line, link, outcome)

    def unexplained(self, line: ScopeLine, link: int, outcome: Outcome) -> None:
        """A link about derivatives that fails, and no change shows a mistake."""
        read = {str(key[0]) for key in outcome.world.read}
        signal = ("δ",) in {key[:1] for key in outcome.world.read} and "δ" not in self.scope.definitions
        if self.only_derivatives(line, link):
            self.say(line, link, "open", NOT_AS_READ)
        elif unknown := sorted(read & self.scope.supposed):
            self.say(line, link, "given", f"no line says what {unknown[0]} is")
        elif name := self.scope.only_here(line):
            self.say(line, link, "unread", f"it does not hold as read, and no other line says what {name} is")
        elif signal and not self.signal_of:
            self.say(line, link, "unread", "no line says of what δ is the signal")
        else:
            self.say(line, link, "open", NOT_AS_READ)

    def only_derivatives(self, line: ScopeLine, link: int) -> bool:
        """Whether a link is a chain rule in derivatives alone, which is right or wrong whatever is derived."""
        sides = (line.sides[previous(line, link)], line.sides[link])
        return all(side is not None and is_chain(side) for side in sides)

    def follows(self, line: ScopeLine, link: int) -> bool:
        """Whether both sides of a link speak of signals, so that it follows from others whatever the loss is."""
        sides = (line.sides[previous(line, link)], line.sides[link])
        return all(side is not None and is_signal_like(side, self.scope) for side in sides)

    def follows_right(self, line: ScopeLine, link: int) -> bool:
        """Whether the side before a link is the end of a chain that holds."""
        said = self.found.get((line, link - 1))
        return link > 1 and said is not None and said.status == "holds"

    def mistake(self, line: ScopeLine, link: int, found: Found, around: Found | None, understood: bool) -> Edit | None:
        """The one small change that makes a link hold; None where nothing shows a mistake."""
        if around is not None:
            readings, kinds = [around.given, *found.fitting], None
        else:
            if (not found.holds and found.next_surprise < COMPARABLE) or isinstance(found.first.fault, Still):
                return None
            read = {str(key[0]) for key in found.first.world.read}
            read |= {base_of(node) for side in line.sides[: link + 1] if side is not None for node in side.nodes}
            supposed = bool(read & self.scope.supposed)
            readings, kinds = found.fitting, UNGUESSED if supposed else None
            kinds = kinds if understood else UNGUESSED - {"quantity"}
            if kinds is not None and supposed and not self.only_derivatives(line, link):
                kinds -= {"missing factor"}  # another factor may be what ∂u/∂v is where no line says what u is
        if begins_with_operator(line.sides[link]):
            readings = [*readings, *({**given, REACH: "sum"} for given in readings[:1])]
        for given in readings:
            change = established(self.search, line, link, given, MISTAKE_STEPS)
            if change is not None and (kinds is None or change.kind in kinds):
                return change
        return None

    def understood(self, line: ScopeLine, link: int, outcome: Outcome) -> bool:
        """Whether all that a link reads is read, and enough else holds to say that its scope is."""
        if self.reads_lost(outcome):
            return False
        counts = Counter(
            verdict.status for (other, _), verdict in self.found.items() if other is not line and verdict.derived
        )
        counts.update(self.elsewhere)
        right, left_open = counts["holds"], counts["open"]
        if link > 1 and self.found.get((line, link - 1)) is not None:
            right += self.found[line, link - 1].status == "holds"
            left_open += self.found[line, link - 1].status in ("open", "unread")
        return right >= UNDERSTOOD and right > left_open

    def reads_lost(self, outcome: Outcome) -> bool:
        """Whether a link reads a name whose line is not read."""
        return bool({str(key[0]) for key in outcome.world.read} & self.scope.lost())

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

    def say(self, line: ScopeLine, link: int, status: str, note: str = "", under: frozenset[str] = frozenset()) -> None:
        before = previous(line, link)
        self.found[line, link] = Verdict(line.statement, link, before, status, note, derived(line, link), under)


def does_not_fit(found: Found) -> bool:
    """Whether the sides of a link have shapes that no reading of comparable surprise brings together."""
    left, fault = found.first.world.left, found.first.fault
    shapes = isinstance(fault, Misfit) and not isinstance(fault, Closed | Independent)
    return shapes and left is not None and left.rank <= MOST_AXES and found.next_surprise >= COMPARABLE
