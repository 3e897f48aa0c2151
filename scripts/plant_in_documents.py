"""Mistakes planted in lines of documents that hold: how many are flagged, how many are named, how many are said to hold.

python -m scripts.plant_in_documents FILE … [-v]

The documents are judged by evidence. In each line about derivatives that holds, one mistake after the other is made as people make
them: a sign, a factor 2, a transpose or a derivative that is lost, a factor or a term left out, another index. With -v every mistake
that was said to hold is shown.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from wengert.reading.judge import Judge, JudgedDocument
from wengert.reading.limits import TRIES
from wengert.reading.printing import plain_text
from wengert.reading.scope import Line
from wengert.reading.story import read_story
from wengert.reading.trees import (
    TRANSPOSE,
    Big,
    Frac,
    Name,
    Num,
    Row,
    Script,
    Sign,
    Sum,
    Tree,
    first_sign,
    product,
)
from wengert.reading.values import is_operator

SECONDS = 20.0
NAMES = {"sign": ("sign",), "factor": ("factor",), "transpose": ("transpose",), "derivative": ("activation derivative",), "term": ("term", "missing term"), "missing factor": ("missing factor", "factor"), "index": ("index",)}  # fmt: skip


def planted(tree: Tree) -> Iterator[tuple[str, Tree]]:
    """A side with one mistake each."""
    yield "factor", product([Num(Fraction(2)), tree])
    yield from _within(tree)


def _within(tree: Tree) -> Iterator[tuple[str, Tree]]:
    first = tree.terms[0][1] if isinstance(tree, Sum) else tree
    if isinstance(first, Row) and any(is_operator(item) for item in first.parts):
        return  # what is constant there may be changed without a mistake
    yield from _here(tree)
    if isinstance(tree, Frac) and first_sign(tree.top) in ("∂", "d"):
        return
    for k, part in enumerate(tree.parts):
        if not (isinstance(tree, Script) and k) and not (isinstance(tree, Big) and k < len(tree.parts) - 1):
            for kind, new in _within(part):
                yield kind, tree.with_parts((*tree.parts[:k], new, *tree.parts[k + 1 :]))


def _here(tree: Tree) -> Iterator[tuple[str, Tree]]:
    if isinstance(tree, Sum) and len(tree.terms) > 1:
        last = len(tree.terms) - 1
        sign, term = tree.terms[last]
        yield "sign", Sum((*tree.terms[:last], (-sign, term)))
        rest = tree.terms[:last]
        yield "term", rest[0][1] if len(rest) == 1 and rest[0][0] > 0 else Sum(rest)
    if isinstance(tree, Script) and tree.sup in (Sign(TRANSPOSE), Name("T")):
        yield "transpose", tree.base if tree.sub is None else Script(tree.base, tree.sub)
    if isinstance(tree, Script) and tree.primes:
        bare = tree.sub is None and tree.sup is None
        yield "derivative", tree.base if bare else Script(tree.base, tree.sub, tree.sup)
    if isinstance(tree, Row) and len(tree.items) > 2 and all(sign != "/" for sign, _ in tree.items):
        (_, last), (_, before) = tree.items[-1], tree.items[-2]
        if (
            isinstance(last, Name | Script)
            and isinstance(before, Name | Script)
            and first_sign(before) not in ("d", "∂")
        ):
            rest = tree.items[:-1]
            yield "missing factor", product([item for _, item in rest], [sign for sign, _ in rest])


def main() -> None:
    """Judge, plant and print."""
    verbose = "-v" in sys.argv
    total = Counter[tuple[str, str]]()
    named = Counter[str]()
    start = time.process_time()
    for path in [Path(argument) for argument in sys.argv[1:] if argument != "-v"]:
        story = read_story(path.read_text(encoding="utf-8", errors="replace"), path.name)
        document = JudgedDocument(story, SECONDS)
        document.judged()
        for judge in document.judges:
            for line, link in right_links(judge):
                plant(judge, line, link, total, named, path.name if verbose else "")
    statuses = ("holds", "conditional", "wrong", "open", "given", "unread", "condition")
    for kind in NAMES:
        counts = [total[kind, status] for status in statuses]
        print(
            f"{kind:16}{sum(counts):6}  "
            + "  ".join(f"{s} {c}" for s, c in zip(statuses, counts, strict=True))
            + f"  named {named[kind]}"
        )
    count = total.total()
    print(f"{count} mistakes: said to hold {sum(total[k, 'holds'] for k in NAMES)}, under a condition {sum(total[k, 'conditional'] for k in NAMES)}, "
          f"wrong or open {sum(total[k, s] for k in NAMES for s in ('wrong', 'open'))}, named {named.total()}; {time.process_time() - start:.0f} s")  # fmt: skip


def right_links(judge: Judge) -> list[tuple[Line, int]]:
    """The links about derivatives that hold without a condition."""
    return [place for place, verdict in judge.found.items() if verdict.status == "holds" and verdict.derived]


def plant(
    judge: Judge, line: Line, link: int, total: Counter[tuple[str, str]], named: Counter[str], shown: str
) -> None:
    """Make each mistake in one side and judge it."""
    side, said = line.sides[link], judge.found[line, link]
    assert side is not None
    learned = dict(judge.search.learned)
    for kind, wrong in planted(side):
        line.sides[link] = wrong
        judge.scope.forget()
        judge.judge(line, link, TRIES)
        verdict = judge.found[line, link]
        total[kind, verdict.status] += 1
        named[kind] += verdict.status == "wrong" and verdict.kind in NAMES[kind]
        if shown and verdict.status in ("holds", "conditional", "open"):
            print(
                f"{verdict.status}: {kind}  {shown}  {line.statement.sides[0][:50]} = {plain_text(wrong)[:110]}  ({verdict.note})",
                flush=True,
            )
        judge.search.learned = dict(learned)
    line.sides[link], judge.found[line, link] = side, said


if __name__ == "__main__":
    main()
