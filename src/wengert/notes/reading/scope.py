"""A scope: the lines that may be looked up, what each defines, and which of them answers for a name where it is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from wengert.notes.reading.arrays import Misfit
from wengert.notes.reading.declared import declared_ranks
from wengert.notes.reading.facts import LOSSES, Facts, facts_of, is_bar
from wengert.notes.reading.heads import Head, Key, head_of, without_step
from wengert.notes.reading.implied import implied
from wengert.notes.reading.lexicon import Lexicon
from wengert.notes.reading.patterns import Pattern, has_dots, is_example, matched, only_letters
from wengert.notes.reading.scope_line import EQUALS, SUPPOSITION, ScopeLine
from wengert.notes.reading.trees import (
    BAR,
    Cases,
    Entries,
    Frac,
    Func,
    Group,
    Listing,
    Name,
    Num,
    Row,
    Script,
    Sum,
    Tree,
    Word,
    base_of,
    has_derivative,
    is_fraction_of,
    names,
    without_first,
)
from wengert.notes.reading.work import LOOKED, Work

OPAQUE = frozenset("fghFGσφϕψΦΨℓl")
"""Names that are functions where brackets follow them, until something else is found."""
CALLED_LOSSES = frozenset({"J", "E", "p", "q", "S"})
ELEMENTARY = frozenset({"log", "exp", "sin", "cos", "tan", "sinh", "cosh", "sqrt"})
"""Functions that mean the same in every text."""
SUPPOSED = "φ_"
"""What a supposed function is called: u = φ_u(v) for a ∂u/∂v whose u has no line."""
FAR = 10**5
MOVED = 20
"""By so much a step is moved to see which labels move with it."""


Found = tuple[ScopeLine, dict[str, int]]


class Scope:
    """The lines in reach of each other, with the facts of their letters."""

    def __init__(self, lines: Sequence[ScopeLine], work: Work | None = None, declared: Mapping[str, int] = {}) -> None:
        self.work = Work() if work is None else work
        self.lines = [line for line in lines if line.sides and line.sides[0] is not None]
        trees = [side for line in self.lines for side in line.sides if side is not None]
        self.work.done += LOOKED * sum(len(tree.nodes) for tree in trees)
        self.facts: Facts = facts_of(
            trees,
            [
                (line.sides[0], line.sides[1] if len(line.sides) > 1 else None)
                for line in self.lines
                if line.sides[0] is not None
            ],
        )
        self.facts.declared = {**declared, **declared_ranks(line.statement for line in self.lines)}
        self.read_names = {name.text for tree in trees for name in tree.nodes if isinstance(name, Name | Word)}
        self.functions: dict[str, list[ScopeLine]] = {}
        self.vectors: set[str] = set()
        """Functions of which a line says what the entry i is: σ(z)_i."""
        self.called: set[str] = set()
        self.definitions: dict[str, list[ScopeLine]] = {}
        self.supposed: set[str] = set()
        self.implied: dict[tuple[ScopeLine, int], str] = {}
        """Links that say what a name is, by its derivative."""
        self.given: dict[Key, ScopeLine] = {}
        """Signals that the author states of a loss without a line."""
        self.last = ""
        """The quantity whose signals the barred names are, where names are barred."""
        self.sinks: list[Key] | None = None
        self.last_at_steps: list[Key] = []
        """What no line reads at the same step: all that a loss of that step may read."""
        self.arguments: dict[str, Tree | None] = {}
        self.draws: dict[tuple[Any, tuple[int, ...], int], Any] = {}
        self.heads: dict[tuple[int, tuple[int, ...]], tuple[Tree, Head | None, list[tuple[Any, Any, Any]]]] = {}
        self.kept: dict[tuple[Any, ...], list[Any]] = {}
        """Values that were worked out at square points."""
        self.cache: dict[tuple[Key, float, tuple[float, ...], bool], Found | None] = {}
        for position, line in enumerate(self.lines):
            line.position = float(position)
            self.place(line)
        for line in self.lines:
            if line.pattern is not None:
                self.definitions.setdefault(str(line.key[0]), []).append(line)
        self.claim_signals()
        self.facts.sizes -= set(self.definitions)
        self.schematic: set[tuple[ScopeLine, int]] = set()
        """Sides that say no value: prod(∂L/∂u, ∂u/∂v)."""
        for line in self.lines:
            self.schematic |= {
                (line, k) for k, side in enumerate(line.sides) if k and side is not None and self.says_no_value(side)
            }
            line.sides[1:] = [None if (line, k) in self.schematic else s for k, s in enumerate(line.sides[1:], 1)]
            if line.pattern is not None and line.sides[1] is None:
                line.pattern = None
                self.definitions[str(line.key[0])].remove(line)
        first: dict[Key, Key] = {}
        for key in self.read_at_steps():
            first.setdefault(without_step(key), key)
        self.shared = {key for key, read in first.items() if key == read}
        """Names that lines with a step read, and first without one: what W^{(k)} may be a copy of."""
        self.imply()
        self.suppose(trees)
        self.bars()

    # what a line defines

    def place(self, line: ScopeLine) -> None:
        """Find out what a line may define."""
        left = line.left
        if (
            left is None
            or line.statement.form == "update"
            or len(line.sides) < 2
            or line.sides[1] is None
            or line.statement.relations[0] not in EQUALS
        ):
            return
        if (entry := self.place_entry(line, left)) is not None:
            left = entry
        if isinstance(left, Row) and len(left.items) == 2 and isinstance(left.items[1][1], Group):
            named = self.place_call(line, left.items[0][1], left.items[1][1])
            if named is None:
                return
            left = named
        if not isinstance(left, Name | Script | Word) or base_of(left) in ("", "∇", "∂", "d"):
            return
        if isinstance(left, Script) and left.primes:
            return
        self.place_name(line, left)

    def place_entry(self, line: ScopeLine, left: Tree) -> Tree | None:
        """A left side σ(z)_i: σ gives the vector whose entry i the right side is; it is σ_i too. None for any other left side."""
        if not (isinstance(left, Row) and len(left.items) == 2 and isinstance(left.items[1][1], Script)):
            return None
        called, behind = left.items[0][1], left.items[1][1]
        indexed = isinstance(behind.sub, Name) and behind.sup is None and not behind.primes
        if not (isinstance(called, Name | Word | Func) and isinstance(behind.base, Group) and indexed):
            return None
        argument = behind.base.inner
        assert isinstance(behind.sub, Name)
        if not isinstance(argument, Name) or argument.text not in {base_of(node) for node in line.right.nodes}:
            return None
        whole = Entries(line.right, (behind.sub.text,))
        said = ScopeLine(line.statement, [left, whole], line.position, arguments=(argument.text,))
        self.functions.setdefault(base_of(called), []).append(said)
        self.vectors.add(base_of(called))
        return None if isinstance(called, Func) else Script(called, behind.sub)

    def place_call(self, line: ScopeLine, called: Tree, group: Group) -> Tree | None:
        """A left side f(x): f is a function, or a quantity said to depend on x; None where it defines nothing more."""
        arguments = list(group.inner.items) if isinstance(group.inner, Listing) else [group.inner]
        if group.bracket not in "([" or not all(isinstance(a, Name | Script | Word) for a in arguments):
            return None
        base = base_of(called)
        letters = tuple(base_of(a) for a in arguments)
        inside = {node.text for node in line.right.nodes if isinstance(node, Name | Word)}
        plain = all(isinstance(a, Name | Word) for a in arguments) and isinstance(called, Name | Func | Word)
        if isinstance(called, Func) and called.text in ELEMENTARY:
            return None  # ln x = log_e x says nothing new of ln
        function = isinstance(called, Func) or base in OPAQUE | CALLED_LOSSES or base.islower()
        if plain and function and set(letters) & inside and base not in LOSSES and not _calls(line.right, base):
            line.arguments = letters
            self.functions.setdefault(base, []).append(line)
        else:
            self.called.add(base)
        return None if isinstance(called, Func) else called

    def place_name(self, line: ScopeLine, left: Tree) -> None:
        facts = self.facts
        try:
            here = head_of(left, facts, facts.at, Lexicon())
            pattern = self.pattern(left, here) if here is not None else None
        except Misfit:
            return
        if here is None or here.power is not None or here.turned:
            return
        if any(not isinstance(axis, str) for axis in here.axes) or len(set(map(str, here.axes))) < len(here.axes):
            return
        line.index = self.says_an_index(here, line.right)
        if has_dots(line.right) or line.index:
            return
        line.key, line.axes, line.pattern = here.key, here.axes, pattern
        line.example = is_example(line.right)
        again = any(node == left for node in line.right.nodes)
        if again and (
            isinstance(line.right, Sum) or line.statement.relations[0] in (":=", "←", "≜") or has_derivative(line.right)
        ):
            line.pattern, line.update = None, True

    def says_an_index(self, left: Head, right: Tree) -> bool:
        """Whether a line says which index or step is meant, i = j, or what the Kronecker delta is: δ_ij = 1."""
        base = str(left.key[0])
        if base == "δ" and len(left.axes) == 2:
            values = [value for value, _ in right.branches] if isinstance(right, Cases) else [right]
            return all(isinstance(value, Num) for value in values)
        counts = self.facts.letters | self.facts.steps
        leaves = [node for node in right.nodes if isinstance(node, Name | Word)]
        return len(left.key) == 1 and base in counts and not left.axes and all(leaf.text in counts for leaf in leaves)

    def pattern(self, left: Tree, here: Head) -> Pattern:
        """The labels of a left side, those that move with a step as the step and its offset.

        Raises Misfit where a script is not understood.
        """
        found: list[tuple[str, str | int, int]] = [("is", label, 0) for label in here.key[1:]]
        for letter in dict.fromkeys(name.text for name in names(left) if name.text in self.facts.steps):
            count = self.facts.at[letter]
            there = head_of(left, self.facts, {**self.facts.at, letter: count + MOVED}, Lexicon())
            assert there is not None
            for k, (label, moved) in enumerate(zip(here.key[1:], there.key[1:], strict=True)):
                if label != moved and isinstance(label, int):
                    found[k] = ("step", letter, label - count)
        return tuple(found)

    def only_here(self, line: ScopeLine) -> str:
        """A name of a line that stands in no other; "" where there is none."""
        elsewhere: set[str] = set()
        for other in self.lines:
            if other is not line:
                elsewhere |= {
                    node.text
                    for side in other.sides
                    if side is not None
                    for node in side.nodes
                    if isinstance(node, Name | Word)
                }
        own = [
            node.text for side in line.sides if side is not None for node in side.nodes if isinstance(node, Name | Word)
        ]
        known = (
            self.facts.letters
            | self.facts.steps
            | {"∂", "d", "∇", "e", "π", "I", "T", "⊤", "σ", self.facts.loss, "…", "δ"}
        )
        return next((name for name in own if name not in elsewhere | known and name not in self.functions), "")

    def lost(self) -> set[str]:
        """Names that have a line whose right side is not read."""
        return {
            base_of(line.sides[0])
            for line in self.lines
            if line.sides[0] is not None and len(line.sides) > 1 and line.sides[1] is None
        } - self.facts.letters

    def says_no_value(self, tree: Tree) -> bool:
        """Whether a word that nothing defines is called: prod(∂L/∂u, ∂u/∂v), or an unknown command, says no value."""
        for node in tree.nodes:
            if not isinstance(node, Row):
                continue
            for (_, one), (sign, two) in zip(node.items, node.items[1:], strict=False):
                if sign or not isinstance(two, Group) or not isinstance(one, Word):
                    continue
                schematic = isinstance(two.inner, Listing) or one.text.startswith("\\")
                if schematic and one.text not in self.definitions and one.text not in self.functions:
                    return True
        return False

    def claim_signals(self) -> None:
        """What stands behind δ = ∂L/∂z and says what δ is again is a claim: δ = a - y."""
        for lines in self.definitions.values():
            said = [line for line in lines if is_fraction_of(line.right, "∂", "d")]
            for line in [line for line in lines if line not in said]:
                if any(
                    first.position < line.position
                    and len(first.pattern or ()) == len(line.key) - 1
                    and matched(first.pattern or (), line.key[1:]) is not None
                    for first in said
                ):
                    lines.remove(line)
                    line.pattern, line.signals = None, True

    def imply(self) -> None:
        """y is F where ∂y/∂x = ∂F/∂x is said and no line defines y."""
        for line in list(self.lines):
            for k, name, formula in implied(line.sides, self.facts, {*self.definitions, *self.functions}):
                said = ScopeLine(SUPPOSITION, [name, formula], float(FAR + len(self.implied)))
                self.place(said)
                if said.pattern is not None:
                    self.definitions[base_of(name)] = [said]
                    self.implied[line, k] = base_of(name)

    def suppose(self, trees: Iterable[Tree]) -> None:
        """u of a ∂u/∂v that no line defines is some smooth function of the v's it is derived by."""
        found: dict[tuple[str, Tree], list[Tree]] = {}
        for tree in trees:
            for node in tree.nodes:
                if not (is_fraction_of(node, "∂", "d") and isinstance(node, Frac) and isinstance(node.top, Row)):
                    continue
                top, low = without_first(node.top), without_first(node.low)
                if top is None or low is None or not base_of(top) or base_of(low) in ("", "d", "∂", "∇"):
                    continue
                base = base_of(top)
                known = base in self.definitions or base in self.functions or base == base_of(low)
                known = known or (base in LOSSES and not self.is_entry(top))
                numbered = isinstance(low, Script) and isinstance(low.sup, Num)
                if not known and not numbered:
                    found.setdefault((base, top), []).append(low)
        through: dict[str, set[str]] = {}
        for (base, _), lows in found.items():
            through.setdefault(base, set()).update(map(base_of, lows))
        for (base, top), lows in found.items():
            self.suppose_one(base, top, lows, through)

    def is_entry(self, tree: Tree) -> bool:
        """Whether a name has index letters below it: E_k, the loss of one example."""
        return isinstance(tree, Script) and tree.sub is not None and only_letters(tree.sub, self.facts.letters)

    def reads(self, base: str, wanted: str, through: Mapping[str, set[str]] = {}) -> bool:
        """Whether the lines of a name read another, directly or through others; `through` says what names without lines are derived by."""
        seen, heap = {base}, [base]
        while heap:
            name = heap.pop()
            more = through.get(name, set()) - seen
            seen |= more
            heap += more
            for line in self.definitions.get(name, ()):
                for side in line.sides[1:]:
                    for node in () if side is None else side.nodes:
                        if isinstance(node, Name | Word) and node.text not in seen:
                            seen.add(node.text)
                            heap.append(node.text)
        return base != wanted and wanted in seen

    def suppose_one(self, base: str, top: Tree, lows: list[Tree], through: Mapping[str, set[str]]) -> None:
        if base in self.definitions:
            return
        fitting = [low for low in dict.fromkeys(lows) if all(name.text != base for name in names(low))]
        fitting = [low for low in fitting if not self.reads(base_of(low), base, through)]
        fitting = [
            low
            for low in fitting
            if not any(self.reads(base_of(other), base_of(low), through) for other in fitting if other != low)
        ]
        if not fitting:
            return
        arguments = fitting[0] if len(fitting) == 1 else Listing(tuple(fitting))
        line = ScopeLine(
            SUPPOSITION,
            [top, Row((("", Name(SUPPOSED + base)), ("", Group("(", arguments))))],
            float(FAR + len(self.implied) + len(self.supposed)),
        )
        self.place(line)
        if line.pattern is not None:
            self.definitions[base] = [line]
            self.supposed.add(base)
            self.called.add(base)

    def bars(self) -> None:
        """Barred names of quantities are signals of what is computed last before them, no quantities of their own."""
        signals = [line for line in self.lines if line.pattern is not None and self.barred(str(line.key[0]))]
        if not signals:
            return
        first = min(line.position for line in signals)
        before = [
            line
            for line in self.lines
            if line.pattern is not None and not is_bar(str(line.key[0])) and line.position < first
        ]
        self.last = str(before[-1].key[0]) if before else ""
        if not self.last:
            return
        for line in self.lines:
            trees = [name for side in line.sides if side is not None for name in names(side)]
            line.signals = any(self.barred(base_of(tree)) for tree in trees)
        for base in [base for base in self.definitions if self.barred(base)]:
            for line in self.definitions.pop(base):
                line.pattern = None

    def read_at_steps(self) -> Iterator[Key]:
        """The inputs that lines with a step read."""
        for line in self.lines:
            if line.pattern is None or not any(kind == "step" for kind, _, _ in line.pattern):
                continue
            for node in line.right.nodes:
                if not isinstance(node, Name | Script) or base_of(node) in self.definitions:
                    continue
                try:
                    head = head_of(node, self.facts, self.facts.at, Lexicon())
                except Misfit:
                    continue
                if head is not None:
                    yield head.key

    def barred(self, base: str) -> bool:
        """Whether a name is a quantity of this scope with a bar."""
        plain = base.removesuffix(BAR)
        return is_bar(base) and (plain in self.definitions or plain in self.read_names)

    # who answers for a name

    def forget(self) -> None:
        """Drop what was found before lines were changed."""
        self.cache.clear()
        self.kept.clear()

    def find(self, key: Key, asker: float, forbidden: tuple[float, ...] = (), numbers: bool = False) -> Found | None:
        """The line that defines a name for the place that asks: the nearest before it, else the nearest after it."""
        mark = (key, asker, forbidden, numbers)
        if mark not in self.cache:
            self.cache[mark] = self.look_up(key, asker, forbidden, numbers)
        return self.cache[mark]

    def has_example(self, key: Key) -> bool:
        """Whether a line gives a name the value of an example."""
        return any(line.example for line in self.definitions.get(str(key[0]), ()))

    def argument_of(self, base: str) -> Tree | None:
        """The one name with which a function is written, as in f(x); None where there is none or several."""
        if base not in self.arguments:
            found: dict[Tree, None] = {}
            for line in self.lines:
                for node in (node for side in line.sides if side is not None for node in side.nodes):
                    if not isinstance(node, Row):
                        continue
                    for (_, one), (sign, two) in zip(node.items, node.items[1:], strict=False):
                        if base_of(one) == base and sign == "" and isinstance(two, Group):
                            found.setdefault(two.inner)
            names_only = [tree for tree in found if isinstance(tree, Name | Word | Script)]
            self.arguments[base] = names_only[0] if len(names_only) == 1 else None
        return self.arguments[base]

    def function(self, name: str, asker: float, later: bool = True) -> ScopeLine | None:
        """The line that defines a function for the place that asks: the nearest before it, else the nearest after it."""
        lines = [line for line in self.functions.get(name, ()) if line.sides[1] is not None]
        before = [line for line in lines if line.position < asker]
        after = [line for line in lines if line.position > asker and (later or line.position >= FAR)]
        return before[-1] if before else after[0] if after else None

    def look_up(self, key: Key, asker: float, forbidden: tuple[float, ...], numbers: bool) -> Found | None:
        best: tuple[tuple[int, float], ScopeLine, dict[str, int]] | None = None
        for line in self.definitions.get(str(key[0]), ()):
            pattern = line.pattern
            if (
                pattern is None
                or len(pattern) != len(key) - 1
                or line.position in forbidden
                or (line.example and not numbers)
            ):
                continue
            if line.position == asker and not any(kind == "step" for kind, _, _ in pattern):
                continue
            fit = matched(pattern, key[1:])
            if fit is None:
                continue
            binding, exact = fit
            distance = asker - line.position if line.position < asker else 1000 + line.position - asker
            worth = (-exact - (2 if numbers and line.example else 0), distance)
            if best is None or worth < best[0]:
                best = (worth, line, binding)
        return None if best is None else (best[1], best[2])


def _calls(tree: Tree, base: str) -> bool:
    """Whether a name stands before a bracket: s(x) = [s(x)_1, s(x)_2] does not say what s is."""
    pairs = [pair for node in tree.nodes if isinstance(node, Row) for pair in pairwise(node.items)]
    behind = [(one, two.base if isinstance(two, Script) else two) for (_, one), (sign, two) in pairs if not sign]
    return any(base_of(one) == base and isinstance(two, Group) for one, two in behind)


Bindings = Mapping[str, int]
Find = Callable[[Key], Found | None]
