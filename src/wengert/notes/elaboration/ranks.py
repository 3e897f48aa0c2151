"""Ranks of names that stand whole: z = W x + b makes W a matrix and x, b vectors, at the least surprise.

A reading gives every bare name a kind (scalar, column, matrix). Each kind has a cost by spelling (bold, capital, lower case) and
broadcasting a scalar beside a vector costs too; the cheapest reading in which every line makes sense is taken, and two equally
cheap ones are an error that asks for a declaration. Of readings that can go on alike only the cheapest goes on.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from wengert.notes.elaboration.kinds import BROADCAST_COST, MISFIT_COST, WORDS, KindReader, Mismatch, has_bare
from wengert.notes.notation.expr import Line, Ref, refs_of, walk

OBJECTIVES = frozenset({"L", "J"})
"""Capitals that a line gives a number, as it does small letters."""
ROW_COST = 0.5  # a line that gives a row: y = wᵀ x is a number rather
ARRAY_AS_LOSS = 20.5
"""What is minimised is a number; a half, so that this ties with no count of other costs."""
MAX_OPEN = 24
"""Where a line has more new names, they are read as their spelling suggests."""
SEARCH_LIMIT = 20_000
KINDS = ("s", "c", "m")


class Tie(Exception):
    """Two readings of equal cost; `name` is the first quantity in which they differ."""

    def __init__(self, name: str, kinds: tuple[str, str]) -> None:
        super().__init__(name)
        self.name = name
        self.kinds = kinds


def spelling_costs(name: str, bold: bool) -> dict[str, float]:
    """What it costs to read a name as a scalar, a column or a matrix."""
    letter = next((c for c in name if c.isalpha()), "a")
    if bold:
        return {"s": 8.0, "c": 4.0, "m": 0.0} if letter.isupper() else {"s": 8.0, "c": 0.0, "m": 8.0}
    if letter.isupper() and letter != "Δ":  # a margin, a difference
        return {"s": 4.0, "c": 4.5, "m": 0.0}
    return {"s": 0.0, "c": 1.0, "m": 6.0}


@dataclass(order=True)
class _State:
    cost: float
    tick: int
    line: int = field(compare=False)
    kinds: dict[str, str] = field(compare=False)
    choice: tuple[int, ...] = field(compare=False)
    first: int = field(compare=False)


def infer_kinds(
    lines: Sequence[Line],
    known: Mapping[str, str],
    bold: Callable[[str], bool],
    sizes: frozenset[str],
    claims: Sequence[Line] = (),
) -> dict[str, str]:
    """A kind for every bare name of the lines, `known` ones kept; `sizes` are names that stand for sizes.

    `claims` are lines about error signals, which should make sense too: a reading in which one does not costs more. Raises Mismatch (of the reading that came furthest) where no reading makes sense, Tie where two are equally good.
    """
    search = _Search([*lines, *claims], bold, sizes, len(lines))
    return search.run(dict(known))


def bare_names(line: Line) -> Iterator[str]:
    """The names that stand whole on the right of a line."""
    return (t.name for right in line.rights for t in walk(right) if isinstance(t, Ref) and t.indices is None)


class _Search:
    def __init__(self, lines: Sequence[Line], bold: Callable[[str], bool], sizes: frozenset[str], firm: int) -> None:
        self.lines = lines
        self.firm = firm  # so many lines must make sense; those after them are claims
        self.bold = bold
        self.sizes = sizes
        self.ticks = itertools.count()
        self.furthest: tuple[int, Mismatch] | None = None
        self.bare = [list(dict.fromkeys(bare_names(line))) for line in lines]
        self.ranked: dict[str, list[tuple[str, float]]] = {}
        self.later: list[frozenset[str]] = []
        """For each line the names in it and after it."""
        for line in reversed(lines):
            self.later.insert(0, frozenset(ref.name for ref in refs_of([line])).union(*self.later[:1]))
        self.firm_names = dict.fromkeys(ref.name for ref in refs_of(lines[:firm]))

    def open_names(self, line: int, kinds: Mapping[str, str]) -> list[str]:
        """Bare names on the right of a line that have no kind yet, each once."""
        return [name for name in self.bare[line] if name not in kinds and name not in self.sizes]

    def options(self, name: str) -> list[tuple[str, float]]:
        """The kinds of a name with their costs, the likeliest first."""
        if name not in self.ranked:
            self.ranked[name] = sorted(spelling_costs(name, self.bold(name)).items(), key=lambda item: item[1])
        return self.ranked[name]

    def run(self, known: dict[str, str]) -> dict[str, str]:
        heap = [self.start(0.0, 0, known)]
        best: _State | None = None
        cheapest: dict[tuple[int, frozenset[tuple[str, str]]], float] = {}
        for _ in range(SEARCH_LIMIT):
            if not heap or (best is not None and heap[0].cost > best.cost):
                break
            state = heapq.heappop(heap)
            if state.line == len(self.lines):
                if best is None:
                    best = state
                else:
                    self.check_tie(best.kinds, state.kinds)
                continue
            if not any(state.choice) and cheapest.setdefault(self.outlook(state), state.cost) < state.cost:
                continue
            for successor in self.expand(state):
                heapq.heappush(heap, successor)
        if best is not None:
            return best.kinds
        if self.furthest is not None:
            raise self.furthest[1]
        return known

    def outlook(self, state: _State) -> tuple[int, frozenset[tuple[str, str]]]:
        """What decides how a reading can go on: the next line, and the kinds of names in it and after it."""
        later = self.later[state.line]
        return state.line, frozenset((name, kind) for name, kind in state.kinds.items() if name in later)

    def check_tie(self, one: Mapping[str, str], other: Mapping[str, str]) -> None:
        """Raise Tie where two readings differ in a name of the lines that must make sense; of other names claims alone tell nothing."""
        for name in self.firm_names:
            if one.get(name) != other.get(name):
                raise Tie(name, (one.get(name, "s"), other.get(name, "s")))

    def start(self, cost: float, line: int, kinds: dict[str, str]) -> _State:
        names = self.open_names(line, kinds) if line < len(self.lines) else []
        return _State(cost, next(self.ticks), line, kinds, (0,) * len(names), 0)

    def expand(self, state: _State) -> Iterator[_State]:
        names = self.open_names(state.line, state.kinds)
        ranked = [self.options(name) for name in names]
        for k in range(state.first, len(names) if len(names) <= MAX_OPEN else 0):
            if state.choice[k] + 1 < len(KINDS):
                choice = state.choice[:k] + (state.choice[k] + 1,) + state.choice[k + 1 :]
                extra = ranked[k][choice[k]][1] - ranked[k][state.choice[k]][1]
                yield _State(state.cost + extra, next(self.ticks), state.line, state.kinds, choice, k)
        kinds = dict(state.kinds)
        base = state.cost
        for name, options, pick in zip(names, ranked, state.choice, strict=True):
            kinds[name] = options[pick][0]
        try:
            base += self.evaluate(self.lines[state.line], kinds)
        except Mismatch as mismatch:
            if state.line >= self.firm:
                yield self.start(base + MISFIT_COST, state.line + 1, kinds)
                return
            if self.furthest is None or state.line > self.furthest[0]:
                self.furthest = (state.line, mismatch)
            return
        yield self.start(base, state.line + 1, kinds)

    def evaluate(self, line: Line, kinds: dict[str, str]) -> float:
        """The cost of a line beyond its inputs' spelling; its left name gets its kind."""
        reader = KindReader(kinds)
        kind = "s"
        for right in line.rights:
            kind = reader.read(right)
        left = line.left
        assert isinstance(left, Ref)
        if left.indices is not None:
            declared = kinds.get(left.name)
            rows = len(left.indices) == 1 and declared == "m" and kind in ("c", "r")
            if kind != "s" and not rows and declared != "any":  # entries of more axes may be vectors or matrices
                raise Mismatch(
                    line.rights[-1],
                    f"The left side is one entry of '{left.name}', but the right side is a whole array.",
                )
            return reader.cost
        turned, kind = kind == "r", "c" if kind == "r" else kind
        declared = kinds.get(left.name)
        if declared not in (None, kind, "any"):
            if kind != "s":
                names = {**WORDS, "s": "a scalar", "c": "a vector"}
                raise Mismatch(
                    line.rights[-1], f"'{left.name}' is {names[declared]}, but its right side is {names[kind]}."
                )
            return reader.cost + BROADCAST_COST * any(map(has_bare, line.rights))
        if declared == kind:
            return reader.cost + ROW_COST * turned  # its letter says nothing more
        kinds[left.name] = kind
        costs = spelling_costs(left.name.lower() if left.name in OBJECTIVES else left.name, self.bold(left.name))
        costs["any"] = max(costs.values())
        if left.name in OBJECTIVES and kind != "s":
            costs[kind] += ARRAY_AS_LOSS
        return reader.cost + costs[kind] - min(costs.values()) * (kind != "s") + ROW_COST * turned
