"""A document judged: its story, section by section. What a section may use is part of its reading: itself, what it reads, what is just before."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from wengert.notes.notation.expr import Span
from wengert.notes.reading.answers import INDICATORS
from wengert.notes.reading.declared import declared_ranks
from wengert.notes.reading.ellipsis import written_out
from wengert.notes.reading.established import FAULTS
from wengert.notes.reading.judge import Judge
from wengert.notes.reading.limits import (
    AGAIN,
    AT_SIGHT,
    DOCUMENT_STEPS,
    EXPLAINED_STEPS,
    FIRST_SIGHT,
)
from wengert.notes.reading.links import derived
from wengert.notes.reading.parser import NotNeutral, parse_with_braces
from wengert.notes.reading.scope_line import ScopeLine
from wengert.notes.reading.story import Statement, Story
from wengert.notes.reading.trees import (
    Group,
    Name,
    Num,
    Relation,
    Row,
    Script,
    Sum,
    Tree,
    base_of,
    product,
)
from wengert.notes.reading.verdicts import Verdict
from wengert.notes.reading.windows import windows
from wengert.notes.reading.work import Work

OTHER_LINKS = 0.2
"""The steps of a link that is about no derivative, in that of one that is."""
WINDOW = 0.1
"""What a wider window costs, so that the smallest one wins where they are equal."""
BRACE = Statement(("", ""), ("=",), (Span(0, 0), Span(0, 0)), "inline", "", 0, "definition", "latex")


def judge_story(story: Story, steps: float = DOCUMENT_STEPS) -> list[Verdict]:
    """What is found of each statement of a document that is cut into statements."""
    with np.errstate(all="ignore"):
        return JudgedDocument(story, steps).judged()


def lines_of(statements: Sequence[Statement]) -> list[ScopeLine]:
    """The statements with their sides as trees; a side that cannot be taken apart is a hole."""
    lines: list[ScopeLine] = []
    long = long_names(statements)
    for statement in statements:
        named: list[tuple[Tree, Tree]] = []
        texts = [with_long_names(side.removeprefix(":"), statement, long) for side in statement.sides]
        line = ScopeLine(statement, [side_of(text, statement.notation, named) for text in texts])
        for k in (k for k, side in enumerate(statement.sides) if k and side.startswith(":")):
            name, said = line.sides[k], line.sides[k - 1]
            if name is not None and said is not None and base_of(name):
                line.introduced[k] = base_of(name)
                named.append((name, said))
        for k, side in enumerate(line.sides):
            if side is not None:
                line.sides[k], condition = _without_condition(side)
                line.conditions += [] if condition is None else [condition]
        lines.append(line)
        beside = replace(BRACE, section=statement.section)
        lines += [ScopeLine(beside, [_at_the_step_of(line.left, name), inner], brace=True) for name, inner in named]
    return lines


def long_names(statements: Sequence[Statement]) -> re.Pattern[str] | None:
    """The names of several capitals that lines without marks define, so that formulas in LaTeX may hold them: NLL = -y log p."""
    found = {s.sides[0] for s in statements if s.notation == "text" and s.relations[:1] == ("=",)}
    names = sorted((name for name in found if re.fullmatch("[A-Z]{2,8}", name)), key=len, reverse=True)
    return re.compile(rf"(?<![A-Za-z\\])(d?)({'|'.join(names)})(?![A-Za-z])") if names else None


def with_long_names(side: str, statement: Statement, long: re.Pattern[str] | None) -> str:
    """A side in LaTeX with the long names of the page as one name each."""
    if long is None or statement.notation != "latex":
        return side
    return long.sub(_as_one_name, side)


def _as_one_name(found: re.Match[str]) -> str:
    """A long name set as one; what stands alone in braces is set so already: \\text{NLL}."""
    around = found.string[found.start() - 1 : found.start()] + found.string[found.end() : found.end() + 1]
    return found[0] if around == "{}" and not found[1] else f"{found[1]} \\operatorname{{{found[2]}}}"


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

    def __init__(self, story: Story, steps: float) -> None:
        self.work = Work()
        self.end = steps
        self.lines = lines_of(story.statements)
        self.declared = declared_ranks(story.statements)
        self.best: dict[int, Judge] = {}

    def judged(self) -> list[Verdict]:
        """Every section in turn; what steps are left goes to those that were cut short, from the beginning."""
        sections = [list(group) for _, group in itertools.groupby(self.lines, key=lambda line: line.statement.section)]
        waiting = list(range(len(sections)))
        while waiting:
            left = sum(_weight(sections[k]) for k in waiting)
            budget = self.end - self.work.done
            short: list[int] = []
            for k in waiting:
                share = max(self.end - self.work.done, 0.0) * _weight(sections[k]) / left
                left -= _weight(sections[k])
                judge = self.section(sections, k, share)
                if judge is not None and (k not in self.best or judge.worth() > self.best[k].worth()):
                    self.best[k] = judge
                if judge is None or judge.hurried:
                    short.append(k)
            rest = self.end - self.work.done
            waiting = short if AGAIN < rest < 0.8 * budget else []
        self.explain()
        return [verdict for judge in self.judges for verdict in judge.verdicts]

    def explain(self) -> None:
        """Look for the mistakes in what does not hold, now that it is known how much of the document does."""
        end = self.work.done + EXPLAINED_STEPS
        for judge in self.judges:
            judge.elsewhere = Counter(
                verdict.status
                for other in self.judges
                if other is not judge
                for verdict in other.verdicts
                if verdict.derived
            )
            for line, link in list(judge.failed):
                if self.work.done < end and (line, link) in judge.failed:
                    judge.explain(line, link)

    @property
    def judges(self) -> list[Judge]:
        """What was found of each section, in the order of the text."""
        return [judge for _, judge in sorted(self.best.items())]

    def section(self, sections: list[list[ScopeLine]], k: int, steps: float) -> Judge | None:
        """One section judged in the window in which most of it holds at first sight, and there with patience."""
        start = self.work.done
        best: tuple[float, Judge] | None = None
        hurried = False
        each = windows(sections, k)
        for cost, window in enumerate(each):
            spent = self.work.done - start
            if best is not None and not best[1].unsettled():
                break
            if best is not None and spent > steps * AT_SIGHT:
                hurried = True
                break
            part = FIRST_SIGHT if not cost and len(each) > 1 else AT_SIGHT
            judge = self.at_sight(window, sections[k], k, max(steps * part - spent, steps / 8))
            if judge is None:
                continue
            worth = judge.worth() - WINDOW * cost
            if best is None or worth > best[0]:
                best = (worth, judge)
        if best is None:
            return None
        best[1].with_patience(start + steps)
        best[1].hurried |= hurried
        return best[1]

    def at_sight(self, window: list[ScopeLine], own: list[ScopeLine], k: int, steps: float) -> Judge | None:
        """The lines of section k judged by few tries a line within a window; None where the window cannot be read at all."""
        copies = {id(line): replace(line, sides=list(line.sides)) for line in window}
        try:
            judge = Judge(list(copies.values()), [copies[id(line)] for line in own], self.work, self.declared)
            judge.at_sight(self.work.done + steps)
        except FAULTS:
            return None
        return judge


def _weight(section: list[ScopeLine]) -> float:
    """The part of the steps that a section is worth: its links about derivatives, the others less."""
    links = [derived(line, link) for line in section for link in range(1, len(line.sides))]
    return sum(links) + OTHER_LINKS * (1 + len(links))
