"""Who answers for a name: the line that defines it, or numbers drawn for it; and what was asked on the way, so that a value is kept.

What a formula leaves open is asked of the lexicon; a reading that gives no value raises `Misfit`.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from wengert.notes.reading.arrays import (
    BatchedArray,
    Closed,
    Misfit,
    fit,
    lifted,
    number,
    summed,
    total,
)
from wengert.notes.reading.facts import LOSSES, index_parts, is_bar
from wengert.notes.reading.heads import Head, Key, head_of, step_of, without_step
from wengert.notes.reading.lexicon import Lexicon, Question
from wengert.notes.reading.limits import DEPTH, DIFFERENCES, LARGEST
from wengert.notes.reading.points import Sizes, drawn
from wengert.notes.reading.scope import FAR, Found, Scope
from wengert.notes.reading.scope_line import EQUALS, ScopeLine
from wengert.notes.reading.trees import (
    BAR,
    Big,
    Call,
    Frac,
    Relation,
    Row,
    Script,
    Tree,
    base_of,
)
from wengert.notes.reading.work import ENTRIES, RECALLED, VALUE

Array = Any
ONES = "𝟙"
INDICATORS = (ONES, "I", "𝕀", "1", "δ")
REMEMBERED = frozenset({Row, Frac, Big, Call})
"""Formulas whose values are kept from one try to the next."""
STEP = 1e-20
"""The imaginary step of a derivative: nothing is subtracted, so it may be as small as one likes."""


class Independent(Misfit):
    """What is derived does not depend on the name by which it is derived; `base` is its own name where it has one."""

    def __init__(self, by: str, base: str = "") -> None:
        super().__init__(f"it does not depend on {by}")
        self.base = base


class Still(Misfit):
    """Nothing of which something is the differential moves."""

    def __init__(self) -> None:
        super().__init__("nothing of which this is the differential moves")


class Nested(Exception):
    """A derivative within a derivative: the outer one takes differences."""


class Circle(Exception):
    """Lines that define each other; the last of them in the text is then no definition."""

    def __init__(self, lines: Sequence[ScopeLine]) -> None:
        super().__init__("lines define each other")
        self.lines = lines


@dataclass
class Kept:
    """A value that was worked out before: what it asked and how that was answered, what it read, and what else happened."""

    asked: dict[Question, Any] = field(default_factory=dict)
    looked: dict[Question, Any] = field(default_factory=dict)
    marks: set[str] = field(default_factory=set)
    inputs: dict[Key, BatchedArray] = field(default_factory=dict)
    read: set[Key] = field(default_factory=set)
    edges: set[tuple[Key, Key]] = field(default_factory=set)
    conditions: list[Relation] = field(default_factory=list)
    answers: list[tuple[Question, Any, Any]] = field(default_factory=list)
    value: BatchedArray = field(default_factory=lambda: number(0))
    tree: Tree | None = None
    """The formula of which it is the value, which keeps its identity as long as the value is kept."""

    def fits(self, given: Mapping[Question, Any], over: Mapping[Key, BatchedArray]) -> bool:
        """Whether the value is the same under these answers, with some names cut from their lines."""
        for cut in over:
            if cut in self.read or without_step(cut) in self.read:
                return False
        return all(given.get(question, default) == answer for question, default, answer in self.answers)


@dataclass
class Environment:
    """Where a formula is evaluated.

    over      values that names have instead of what their lines say
    step      the numbers of layers and of time
    hot       whether imaginary parts carry a derivative
    moving    whether every input moves along its own direction
    outside   how many derivatives around it are taken by differences
    """

    step: Mapping[str, int]
    over: dict[Key, BatchedArray] = field(default_factory=dict)
    hot: bool = False
    moving: bool = False
    memo: dict[tuple[Key, float], Kept] = field(default_factory=dict)
    outside: int = 0

    def at(self, steps: Mapping[str, int]) -> Environment:
        """The same at other steps."""
        return Environment({**self.step, **steps}, self.over, self.hot, self.moving, self.memo, self.outside)

    def with_values(self, values: Mapping[Key, BatchedArray], hot: bool | None = None) -> Environment:
        """The same with some names cut from their lines."""
        hot = self.hot if hot is None else hot
        return Environment(self.step, {**self.over, **values}, hot, self.moving, outside=self.outside)

    def differenced(self) -> Environment:
        """The same within a derivative that is taken by differences.

        Raises Closed where so many are around it that the digits of a number are used up.
        """
        if self.outside == DIFFERENCES:
            raise Closed("derivatives are nested too deeply to be judged")
        return Environment(self.step, self.over, self.hot, self.moving, outside=self.outside + 1)


class Answers:
    """Values of trees under one lexicon at one point."""

    def __init__(self, scope: Scope, lexicon: Lexicon, asker: float, sizes: Sizes, seed: int = 0) -> None:
        self.scope, self.facts, self.lexicon, self.asker, self.work = scope, scope.facts, lexicon, asker, scope.work
        self.sizes, self.seed = sizes, seed
        self.inputs: dict[Key, BatchedArray] = {}
        self.read: set[Key] = set()
        self.edges: set[tuple[Key, Key]] = set()
        self.conditions: list[Relation] = []
        self.kept: dict[tuple[Any, ...], list[Kept]] = scope.kept if sizes.fixed_for_all() else {}
        self.lines: list[ScopeLine] = []
        self.keys: list[Key] = []
        self.busy: set[tuple[Key, float]] = set()
        self.stating: set[float] = set()
        """The places of the lines whose derivatives are being looked up."""
        self.depth = 0
        self.moving: frozenset[str] = frozenset()
        """Names before which a d stands in the formula that is judged."""
        self.left: BatchedArray | None = None
        """The value of the first side of the link that is judged."""
        self.evaluate: dict[type, Callable[[Any, Environment], BatchedArray]] = {}
        """How each kind of tree is worked out; the classes below add theirs."""

    def environment(self) -> Environment:
        return Environment(self.facts.at)

    def value(self, tree: Tree, env: Environment) -> BatchedArray:
        evaluate = self.evaluate.get(type(tree))
        if evaluate is None:
            raise Closed("a function has no argument")
        if type(tree) in REMEMBERED and not (self.lines or env.over or env.hot or env.moving):
            mark = (id(tree), self.asker, (*env.step.values(), self.moving), self.seed)
            value = self.kept_for(mark, env, lambda: evaluate(tree, env), tree).value
        else:
            value = evaluate(tree, env)
        self.work.done += VALUE + value.array.size / ENTRIES
        if value.array.size > LARGEST:
            raise Closed("an array is too large to be judged")
        return value

    # what other files add

    def fraction(self, tree: Frac, env: Environment) -> BatchedArray:
        raise NotImplementedError

    def applied(
        self, body: Tree, low: Tree | None, env: Environment, order: int = 1, total: bool = False
    ) -> BatchedArray:
        """The derivative of a formula by a name."""
        raise NotImplementedError

    def moved(self, body: Tree, env: Environment) -> BatchedArray:
        """The differential of a formula."""
        raise NotImplementedError

    def signal(self, base: str, labels: Sequence[str | int], env: Environment) -> BatchedArray:
        """The derivative of the loss by a quantity."""
        raise NotImplementedError

    # names

    def find(self, key: Key) -> Found | None:
        """The line that defines a name for the line that asks."""
        asker = self.lines[-1].position if self.lines else self.asker
        forbidden = self.lexicon.look("no definition", "", ())
        examples = self.scope.has_example(key) and self.lexicon.ask("example", "", False)
        found = self.scope.find(key, asker, forbidden, bool(examples))
        if found is not None and asker < found[0].position < FAR and not self.lexicon.ask("later line", "", True):
            return None
        return found

    def is_quantity(self, base: str) -> bool:
        """Whether a line says what a name is; a later one does so unless it is not meant."""
        lines = self.scope.definitions.get(base)
        if not lines:
            return False
        asker = self.lines[-1].position if self.lines else self.asker
        return any(not asker < line.position < FAR for line in lines) or self.lexicon.ask("later line", "", True)

    def is_bare_quantity(self, base: str) -> bool:
        """Whether a line says what a name without labels is: that of e^{(t)} says nothing of e^x."""
        return self.is_quantity(base) and any(len(line.key) == 1 for line in self.scope.definitions[base])

    def head(self, tree: Tree, env: Environment) -> Head | None:
        """A name with its scripts taken apart; trees are known by their identity, so that each is taken apart once."""
        mark = (id(tree), tuple(env.step.values()))
        known = self.scope.heads.get(mark)
        given = self.lexicon.given
        if known is not None and all(given.get(question, default) == answer for question, default, answer in known[2]):
            head = known[1]
            for question, default, _ in known[2]:
                self.lexicon.asked.setdefault(question, default)
        else:
            asking = Lexicon(given)
            head = head_of(tree, self.facts, env.step, asking)
            asked = [(question, default, given.get(question, default)) for question, default in asking.asked.items()]
            self.scope.heads[mark] = (tree, head, asked)
            for question, default, _ in asked:
                self.lexicon.asked.setdefault(question, default)
        if head is not None:
            self.conditions += head.conditions
        return head

    def whole(self, key: Key, env: Environment) -> BatchedArray:
        """The array of a name."""
        if self.keys:
            self.edges.add((key, self.keys[-1]))
        if key in env.over:
            self.read.add(key)
            return env.over[key]
        copy = self.copy_in_use(key, env)
        if copy is not None:
            return copy
        found = self.find(key)
        mark = (key, found[0].position if found is not None else -1.0)
        known = env.memo.get(mark)
        if known is not None:
            self.recall(known)
            return known.value
        if self.depth > DEPTH or mark in self.busy:
            first = next((k for k, line in enumerate(self.lines) if found is not None and line is found[0]), 0)
            raise Circle(self.lines[first:])
        self.depth += 1
        try:
            kept = self.remembered(key, mark[1], found, env)
        finally:
            self.depth -= 1
        env.memo[mark] = kept
        return kept.value

    def copy_in_use(self, key: Key, env: Environment) -> BatchedArray | None:
        """The value of W^{(k)} where W is read by a line at step k; None where no copy of W is cut."""
        for cut, value in env.over.items():
            step = step_of(cut)
            if step is not None and without_step(cut) == key and self.keys and step_of(self.keys[-1]) == step:
                self.read.add(cut)
                return value
        return None

    def remembered(self, key: Key, position: float, found: Found | None, env: Environment) -> Kept:
        """The value of a name as it was found before, if what it reads and what it asked are the same; else worked out."""
        return self.kept_for((key, position, self.seed), env, lambda: self.defined(key, found, env))

    def kept_for(
        self, mark: tuple[Any, ...], env: Environment, work: Callable[[], BatchedArray], tree: Tree | None = None
    ) -> Kept:
        """A value as it was found before, if what it reads and what it asked are the same; else worked out."""
        known = [] if env.moving else self.kept.setdefault(mark, [])
        for kept in known:
            if kept.fits(self.lexicon.given, env.over):
                self.recall(kept)
                return kept
        lexicon = self.lexicon
        outer = (lexicon.asked, lexicon.looked, lexicon.marks, self.inputs, self.read, self.edges, self.conditions)
        kept = Kept(tree=tree)
        lexicon.asked, lexicon.looked, lexicon.marks = kept.asked, kept.looked, kept.marks
        self.inputs, self.read, self.edges, self.conditions = kept.inputs, kept.read, kept.edges, kept.conditions
        try:
            kept.value = work()
        finally:
            lexicon.asked, lexicon.looked, lexicon.marks, self.inputs, self.read, self.edges, self.conditions = outer
            self.recall(kept)
        if not any(cut in kept.read or without_step(cut) in kept.read for cut in env.over):
            given = lexicon.given
            answers = (*kept.asked.items(), *kept.looked.items())
            kept.answers = [(question, default, given.get(question, default)) for question, default in answers]
            known.append(kept)
        return kept

    def recall(self, kept: Kept) -> None:
        """Note what happened while a value was worked out."""
        self.work.done += RECALLED
        for question, default in kept.asked.items():
            self.lexicon.asked.setdefault(question, default)
        for question, default in kept.looked.items():
            self.lexicon.looked.setdefault(question, default)
        self.lexicon.marks |= kept.marks
        self.inputs.update(kept.inputs)
        self.read |= kept.read
        self.edges |= kept.edges
        self.conditions += kept.conditions

    def defined(self, key: Key, found: Found | None, env: Environment) -> BatchedArray:
        self.read.add(key)
        base = str(key[0])
        if base == "δ" and self.lexicon.look("signal of", "δ"):
            return self.signal(self.lexicon.look("signal of", "δ"), key[1:], env)
        if is_bar(base) and self.scope.last and self.scope.barred(base):
            return self.signal(base.removesuffix(BAR), key[1:], env)
        if found is None and step_of(key) is not None and without_step(key) in self.scope.shared:
            return self.whole(without_step(key), env)
        if found is None:
            return self.input(key, env)
        line, binding = found
        mark = (key, line.position)
        self.busy.add(mark)
        self.lines.append(line)
        self.keys.append(key)
        try:
            value = self.first_value(line, env.at({**self.facts.at, **binding}))
        finally:
            self.busy.discard(mark)
            self.lines.pop()
            self.keys.pop()
        return self.laid_out(base, line, value)

    def first_value(self, line: ScopeLine, env: Environment) -> BatchedArray:
        """The value of the first right side of a definition that has one: L = log P(y) = Σ … says the same twice.

        Of z = f(g(x)) = f(y) that which reads y comes first where y is cut, and s_ij = Σ_k p_ik q_kj before s_ij = p_iᵀ q_j.
        """
        fault: Misfit | None = None
        cut = {key[0] for key in env.over}
        sides = list(enumerate(line.sides[1:]))
        if len(sides) > 1:
            sides.sort(key=lambda pair: self.likelihood_of_side(pair[1], cut))
        for k, side in sides:
            if side is None or any(relation not in EQUALS for relation in line.statement.relations[: k + 1]):
                continue
            try:
                return self.value(side, env)
            except Misfit as misfit:
                fault = fault or misfit
        raise fault or Closed("a line has no right side that is read")

    def likelihood_of_side(self, side: Tree | None, cut: Container[object]) -> tuple[bool, bool]:
        """What puts a right side of a definition behind the others: it reads nothing that is cut; a name of it lacks an index."""
        if side is None:
            return True, True
        written = [node for node in side.nodes if isinstance(node, Script) and node.sub is not None]
        bare = any(
            len(index_parts(node.sub)) < self.facts.indexed.get(base_of(node), 0)
            for node in written
            if node.sub is not None
        )
        return bool(cut) and not any(base_of(node) in cut for node in side.nodes), bare

    def laid_out(self, base: str, line: ScopeLine, value: BatchedArray) -> BatchedArray:
        """The value of a right side with the axes of its left side; letters that only the right side has are summed."""
        axes = tuple(str(axis) for axis in line.axes)
        for letter in [c for c in value.letters if c not in axes]:
            value = summed(value, letter)
            self.lexicon.marks.add("summed")
        array = lifted(value, axes)
        sizes = [
            self.sizes.of(("axis", base, k)) if n == 1 else n for k, n in enumerate(array.shape[1 : 1 + len(axes)])
        ]
        array = np.broadcast_to(array, array.shape[:1] + tuple(sizes) + array.shape[1 + len(axes) :])
        whole = BatchedArray(array, (), value.row and not axes)
        if base in LOSSES and array.ndim > 1 and not axes and self.lexicon.ask("sum of entries", base, False):
            return total(whole)
        return whole

    def input(self, key: Key, env: Environment) -> BatchedArray:
        if key not in self.inputs:
            self.inputs[key] = self.drawn(key)
        if not env.moving:
            return self.inputs[key]
        x = self.inputs[key]
        if key[0] not in self.moving:
            return x
        along = drawn(("direction", key), self.seed).uniform(0.2, 0.9, x.array.shape)
        return BatchedArray(x.array + STEP * 1j * along, x.letters, x.row)

    def drawn(self, key: Key) -> BatchedArray:
        """Numbers for a name that no line defines."""
        base = str(key[0])
        if base in self.facts.sizes:
            return number(self.sizes.of(("size", base)))
        rank = self.input_rank(base, len(key) > 1)
        shape = tuple(self.sizes.of(("axis", key, k)) for k in range(rank))
        if base in self.facts.whole:
            most = self.sizes.of(("values", base))
            return BatchedArray(drawn(key, self.seed).integers(1, most + 1, (1, *shape)) + 0j)
        array = self.scope.draws.get((key, shape, self.seed))
        if array is None:
            array = drawn(key, self.seed).uniform(0.15, 0.85, (1, *shape)) + 0j
            self.scope.draws[key, shape, self.seed] = array
        if rank and self.lexicon.ask("simplex", base, False):
            array = array / array.sum(-1, keepdims=True)
        if rank == 2 and self.lexicon.ask("symmetric", base, False):
            fit(array.shape[1:2], array.shape[2:])
            array = array + np.swapaxes(array, -1, -2)
        return BatchedArray(array)

    def input_rank(self, base: str, labelled: bool = False) -> int:
        facts = self.facts
        known = facts.indexed.get(base)
        if known is not None:
            return known + self.lexicon.ask("further axis", base, 1 if base in facts.vectors else 0)
        if base == ONES:
            return self.lexicon.ask("rank", base, 1)
        capital = (
            base[:1].isupper() and len(base.rstrip("\u0302\u0304\u0303")) == 1 and base not in facts.scalars | LOSSES
        )
        if base in facts.declared:
            return self.lexicon.ask("rank", base, facts.declared[base])
        upright = base in facts.bold or (base in facts.columns and not labelled)
        prior = 1 if upright and not base[:1].isupper() else 2 if capital or base in facts.bold else 0
        return self.lexicon.ask("rank", base, prior)
