"""Values of neutral trees at a point. Index letters are named axes, steps of layers and time are numbers, a sum binds its letter.

What a formula leaves open is asked of the lexicon; a reading that gives no value raises `Misfit`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np

from wengert.reading.arrays import (
    Clash,
    Closed,
    Misfit,
    Value,
    fit,
    gathered,
    joint,
    lifted,
    number,
    over,
    picked,
    plus,
    summed,
    tail,
    times,
    total,
    turned,
)
from wengert.reading.facts import LAST_STEP, LOSSES, bound_letters, is_bar
from wengert.reading.heads import Axis, Head, Key, head_of, is_transpose, step_of, without_step
from wengert.reading.lexicon import Lexicon, Question
from wengert.reading.limits import CALLS, DEPTH, LARGEST
from wengert.reading.points import FUNCTIONS, Sizes, drawn, positive
from wengert.reading.scope import EQUALS, FAR, OPAQUE, SUPPOSED, Found, Line, Scope, name_of
from wengert.reading.trees import (
    BAR,
    DOTS,
    Big,
    Both,
    Call,
    Cases,
    Entries,
    Frac,
    Func,
    Group,
    Listing,
    Matrix,
    Name,
    Num,
    Relation,
    Row,
    Script,
    Sum,
    Tree,
    Word,
    base_of,
    is_fraction_of,
    names,
    product,
)

Array = Any
ONES = "𝟙"
INDICATORS = (ONES, "I", "𝕀", "1", "δ")
REMEMBERED = frozenset({Row, Frac, Big, Call})
"""Formulas whose values are kept from one try to the next."""
USUAL_FUNCTIONS = {"σ": "sigmoid"}
STEP = 1e-20
"""The imaginary step of a derivative: nothing is subtracted, so it may be as small as one likes."""


class Independent(Misfit):
    """What is derived does not depend on the name by which it is derived; `base` is its own name where it has one."""

    def __init__(self, by: str, base: str = "") -> None:
        super().__init__(f"it does not depend on {by}")
        self.base = base


class Nested(Exception):
    """A derivative within a derivative: the outer one takes differences."""


class Circle(Exception):
    """Lines that define each other; the last of them in the text is then no definition."""

    def __init__(self, lines: Sequence[Line]) -> None:
        super().__init__("lines define each other")
        self.lines = lines


@dataclass
class Kept:
    """A value that was worked out before: what it asked and how that was answered, what it read, and what else happened."""

    asked: dict[Question, Any] = field(default_factory=dict)
    looked: dict[Question, Any] = field(default_factory=dict)
    marks: set[str] = field(default_factory=set)
    inputs: dict[Key, Value] = field(default_factory=dict)
    read: set[Key] = field(default_factory=set)
    edges: set[tuple[Key, Key]] = field(default_factory=set)
    conditions: list[Relation] = field(default_factory=list)
    answers: list[tuple[Question, Any, Any]] = field(default_factory=list)
    value: Value = field(default_factory=lambda: number(0))
    tree: Tree | None = None
    """The formula of which it is the value, which keeps its identity as long as the value is kept."""

    def fits(self, given: Mapping[Question, Any], over: Mapping[Key, Value]) -> bool:
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
    """

    step: Mapping[str, int]
    over: dict[Key, Value] = field(default_factory=dict)
    hot: bool = False
    moving: bool = False
    memo: dict[tuple[Key, float], Kept] = field(default_factory=dict)

    def at(self, steps: Mapping[str, int]) -> Environment:
        """The same at other steps."""
        return Environment({**self.step, **steps}, self.over, self.hot, self.moving, self.memo)

    def with_values(self, values: Mapping[Key, Value], hot: bool | None = None) -> Environment:
        """The same with some names cut from their lines."""
        return Environment(self.step, {**self.over, **values}, self.hot if hot is None else hot, self.moving)


class Evaluator:
    """Values of trees under one lexicon at one point."""

    def __init__(self, scope: Scope, lexicon: Lexicon, asker: float, sizes: Sizes, seed: int = 0) -> None:
        self.scope, self.facts, self.lexicon, self.asker = scope, scope.facts, lexicon, asker
        self.sizes, self.seed = sizes, seed
        self.inputs: dict[Key, Value] = {}
        self.read: set[Key] = set()
        self.edges: set[tuple[Key, Key]] = set()
        self.conditions: list[Relation] = []
        self.kept: dict[tuple[Any, ...], list[Kept]] = scope.kept if sizes.fixed_for_all() else {}
        self.lines: list[Line] = []
        self.keys: list[Key] = []
        self.busy: set[tuple[Key, float]] = set()
        self.stating: set[float] = set()
        """The places of the lines whose derivatives are being looked up."""
        self.depth = 0
        self.moving: frozenset[str] = frozenset()
        """Names before which a d stands in the formula that is judged."""
        self.left: Value | None = None
        """The value of the first side of the link that is judged."""
        self.evaluate: dict[type, Callable[[Any, Environment], Value]] = {
            Num: lambda tree, env: number(float(tree.value)),
            Name: self.name,
            Script: self.name,
            Word: self.name,
            Group: lambda tree, env: self.value(tree.inner, env),
            Sum: self.sum,
            Row: self.row,
            Frac: self.fraction,
            Call: self.marked,
            Big: self.big,
            Cases: self.cases,
            Relation: self.condition,
            Matrix: self.matrix,
            Entries: self.written,
            Listing: self.listed,
        }

    def environment(self) -> Environment:
        return Environment(self.facts.at)

    def value(self, tree: Tree, env: Environment) -> Value:
        evaluate = self.evaluate.get(type(tree))
        if evaluate is None:
            raise Closed("a function has no argument")
        if type(tree) in REMEMBERED and not (self.lines or env.over or env.hot or env.moving):
            mark = (id(tree), self.asker, (*env.step.values(), self.moving), self.seed)
            value = self.kept_for(mark, env, lambda: evaluate(tree, env), tree).value
        else:
            value = evaluate(tree, env)
        if value.array.size > LARGEST:
            raise Closed("an array is too large to be judged")
        return value

    # what other files add

    def fraction(self, tree: Frac, env: Environment) -> Value:
        raise NotImplementedError

    def applied(self, body: Tree, low: Tree | None, env: Environment, order: int = 1, total: bool = False) -> Value:
        """The derivative of a formula by a name."""
        raise NotImplementedError

    def moved(self, body: Tree, env: Environment) -> Value:
        """The differential of a formula."""
        raise NotImplementedError

    def signal(self, base: str, labels: Sequence[str | int], env: Environment) -> Value:
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

    def whole(self, key: Key, env: Environment) -> Value:
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

    def copy_in_use(self, key: Key, env: Environment) -> Value | None:
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
        self, mark: tuple[Any, ...], env: Environment, work: Callable[[], Value], tree: Tree | None = None
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
        for question, default in kept.asked.items():
            self.lexicon.asked.setdefault(question, default)
        for question, default in kept.looked.items():
            self.lexicon.looked.setdefault(question, default)
        self.lexicon.marks |= kept.marks
        self.inputs.update(kept.inputs)
        self.read |= kept.read
        self.edges |= kept.edges
        self.conditions += kept.conditions

    def defined(self, key: Key, found: Found | None, env: Environment) -> Value:
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

    def first_value(self, line: Line, env: Environment) -> Value:
        """The value of the first right side of a definition that has one: L = log P(y) = Σ … says the same twice."""
        fault: Misfit | None = None
        for k, side in enumerate(line.sides[1:]):
            if side is None or any(relation not in EQUALS for relation in line.statement.relations[: k + 1]):
                continue
            try:
                return self.value(side, env)
            except Misfit as misfit:
                fault = fault or misfit
        raise fault or Closed("a line has no right side that is read")

    def laid_out(self, base: str, line: Line, value: Value) -> Value:
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
        whole = Value(array, (), value.row and not axes)
        if base in LOSSES and array.ndim > 1 and not axes and self.lexicon.ask("sum of entries", base, False):
            return total(whole)
        return whole

    def input(self, key: Key, env: Environment) -> Value:
        if key not in self.inputs:
            self.inputs[key] = self.drawn(key)
        if not env.moving:
            return self.inputs[key]
        x = self.inputs[key]
        if key[0] not in self.moving:
            return x
        along = drawn(("direction", key), self.seed).uniform(0.2, 0.9, x.array.shape)
        return Value(x.array + STEP * 1j * along, x.letters, x.row)

    def drawn(self, key: Key) -> Value:
        """Numbers for a name that no line defines."""
        base = str(key[0])
        if base in self.facts.sizes:
            return number(self.sizes.of(("size", base)))
        rank = self.input_rank(base, len(key) > 1)
        shape = tuple(self.sizes.of(("axis", key, k)) for k in range(rank))
        if base in self.facts.whole:
            most = self.sizes.of(("values", base))
            return Value(drawn(key, self.seed).integers(1, most + 1, (1, *shape)) + 0j)
        array = self.scope.draws.get((key, shape, self.seed))
        if array is None:
            array = drawn(key, self.seed).uniform(0.15, 0.85, (1, *shape)) + 0j
            self.scope.draws[key, shape, self.seed] = array
        if rank and self.lexicon.ask("simplex", base, False):
            array = array / array.sum(-1, keepdims=True)
        if rank == 2 and self.lexicon.ask("symmetric", base, False):
            fit(array.shape[1:2], array.shape[2:])
            array = array + np.swapaxes(array, -1, -2)
        return Value(array)

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
        upright = base in facts.bold or (base in facts.columns and not labelled)
        prior = 1 if upright and not base[:1].isupper() else 2 if capital or base in facts.bold else 0
        return self.lexicon.ask("rank", base, prior)

    def name(self, tree: Tree, env: Environment) -> Value:
        special = self.special(tree, env)
        if special is not None:
            return special
        head = self.head(tree, env)
        if head is None:
            assert isinstance(tree, Script)
            return self.scripted(self.value(tree.base, env), tree, env)
        base = str(head.key[0])
        if head.primes and base in OPAQUE:
            raise Closed("a prime stands at a function without its argument")
        if head.primes:
            head = replace(head, key=(*head.key, "′" * head.primes))
        if base in ("d", "∂", "∇"):
            raise Closed("an operator has nothing to act on")
        if (
            base == "δ"
            and len(head.axes) == 2
            and self.find(head.key) is None
            and not self.lexicon.look("signal of", "δ")
        ):
            return self.equal_letters(head.axes, env)
        if (
            base in ("I", "E")
            and not head.axes
            and self.find(head.key) is None
            and base not in self.facts.indexed
            and base not in LOSSES
        ):
            return Value(np.eye(self.sizes.of(("axis", head.key, 0)))[None] + 0j)
        value = self.entries(self.whole(head.key, env), head.axes, env)
        if head.turned:
            if not value.rank:
                self.lexicon.marks.add("empty sign")
            value = turned(value)
        return value if head.power is None else self.raised(value, head.power, env)

    def special(self, tree: Tree, env: Environment) -> Value | None:
        """Names that are known: π, e^x, numbers of steps, index letters, sizes, the vector of ones."""
        if (
            isinstance(tree, Script)
            and tree.base == Name("e")
            and tree.sup is not None
            and tree.sub is None
            and not (isinstance(tree.sup, Group) and any(n.text in self.facts.steps for n in names(tree.sup)))
            and not self.is_bare_quantity("e")
        ):
            x = self.value(tree.sup, env)
            return Value(np.exp(x.array), x.letters, x.row)
        if isinstance(tree, Script) and base_of(tree) in INDICATORS and isinstance(_bare(tree.sub), Relation):
            return self.value(_bare(tree.sub) or tree, env)
        if base_of(tree) == ONES and isinstance(tree, Word):
            return Value(
                np.ones((1,) + tuple(self.sizes.of(("axis", ONES, k)) for k in range(self.input_rank(ONES)))) + 0j
            )
        if not isinstance(tree, Name) or self.is_quantity(tree.text) or (tree.text,) in env.over:
            return None
        if tree.text == "π":
            return number(np.pi)
        if tree.text in self.facts.steps and tree.text in env.step and tree.text != self.facts.loss:
            return number(env.step[tree.text])
        if tree.text in self.facts.letters:
            return Value(np.arange(self.sizes.of(("letter", tree.text)))[None] + 1.0 + 0j, (tree.text,))
        return number(self.sizes.of(("size", tree.text))) if tree.text in self.facts.sizes else None

    def equal_letters(self, axes: Sequence[Axis], env: Environment) -> Value:
        """δ_ij: one where both indices are the same."""
        sides = [self.index_value(axis, env) for axis in axes]
        return self.compared("=", sides[0], sides[1])

    def index_value(self, axis: Axis, env: Environment) -> Value:
        if isinstance(axis, int):
            return number(axis)
        return self.value(Name(axis) if isinstance(axis, str) else axis, env)

    def entries(self, value: Value, axes: Sequence[Axis], env: Environment) -> Value:
        """The entries of an array at indices; an index that is an expression is looked up."""
        if len(axes) > value.rank:
            raise Misfit("more indices than axes")
        first = 0 if self.facts.zero else 1
        for k, axis in reversed(list(enumerate(axes))):
            if isinstance(axis, Tree):
                value = gathered(value, self.looked_up(axis, value.shape[k], env), k, 1)
        plain = [axis for axis in axes if not isinstance(axis, Tree)]
        return picked(value, plain, first) if plain else value

    def looked_up(self, axis: Tree, size: int, env: Environment) -> Value:
        """The value of an index that is an expression; a name in its place has values up to the size of the axis."""
        base = base_of(axis)
        if base in self.facts.whole:
            most = self.sizes.of(("values", base))
            if most != size:
                raise Clash(most, size)
        value = self.value(axis, env)
        if base not in self.facts.whole:
            for letter, count in zip(value.letters, value.array.shape[1:], strict=False):
                if count not in (1, size) and letter:
                    raise Clash(count, size)
        return value

    # powers

    def scripted(self, value: Value, tree: Script, env: Environment) -> Value:
        """(…)_i^T: what stands at a bracket."""
        if tree.sub is not None:
            head = self.head(Script(Name("(…)"), tree.sub), env)
            assert head is not None
            value = self.entries(value, head.axes, env)
        if tree.primes:
            raise Closed("a prime stands at a bracket")
        return value if tree.sup is None else self.raised(value, tree.sup, env)

    def raised(self, value: Value, power: Tree, env: Environment) -> Value:
        for part in power.items if isinstance(power, Both) else (power,):
            value = self.raised_once(value, part, env)
        return value

    def raised_once(self, value: Value, power: Tree, env: Environment) -> Value:
        if is_transpose(power, self.facts):
            if not value.rank:
                self.lexicon.marks.add("empty sign")
            return turned(value)
        if power == Sum(((-1, Num(Fraction(1))),)) and value.rank == 2:
            fit(value.shape[:1], value.shape[1:])
            return Value(np.linalg.inv(value.array), value.letters)
        if isinstance(power, Row) and is_transpose(power.items[-1][1], self.facts):
            rest = product([item for _, item in power.items[:-1]])
            return turned(self.raised_once(value, rest, env))
        exponent = self.value(power, env)
        letters, a, b = joint(value, exponent)
        if exponent.rank:
            raise Misfit("a power is an array")
        whole = exponent.array.flat[0].real if exponent.array.size == 1 else 0.5
        if exponent.array.size == 1 and abs(whole - round(whole)) < 1e-12 and not exponent.array.flat[0].imag:
            return Value(a ** round(whole), letters, value.row)
        b = tail(b, value.rank)
        if not np.any(a.imag) and not np.any(np.abs(b - np.rint(b.real)) > 1e-12):
            return Value(np.power(a.real, np.rint(b.real)) + 0j, letters, value.row)
        return Value(np.exp(b * np.log(positive(a))), letters, value.row)

    # sums, conditions, matrices

    def sum(self, tree: Sum, env: Environment) -> Value:
        first = tree.terms[0][1]
        operator = first.items[0][1] if isinstance(first, Row) and len(first.items) > 1 else first
        if (
            tree.terms[0][0] > 0
            and is_operator(operator)
            and isinstance(first, Row)
            and self.lexicon.ask("reach of ∂") == "sum"
        ):
            body = Sum(
                ((1, product([item for _, item in first.items[1:]], [s for s, _ in first.items[1:]])), *tree.terms[1:])
            )
            return self.operated((("", operator), ("", Group("(", body))), 0, env)[0]
        whole: Value | None = None
        for sign, term in tree.terms:
            x = self.value(term, env)
            whole = (
                Value(sign * x.array, x.letters, x.row, x.jac) if whole is None else plus(whole, x, sign, self.lexicon)
            )
        assert whole is not None
        return whole

    def condition(self, tree: Relation, env: Environment) -> Value:
        """One where a relation holds, else zero."""
        return self.compared(tree.sign, self.value(tree.left, env), self.value(tree.right, env))

    def compared(self, sign: str, x: Value, y: Value) -> Value:
        if x.rank and not y.rank:
            y = Value(tail(y.array, x.rank), y.letters)
        letters, a, b = joint(x, y)
        if a.ndim != b.ndim:
            raise Misfit("arrays of other ranks are compared")
        a, b = a.real, b.real
        tests = {
            "=": lambda: np.abs(a - b) < 1e-12,
            "≠": lambda: np.abs(a - b) > 1e-12,
            "<": lambda: a < b,
            ">": lambda: a > b,
            "≤": lambda: a <= b + 1e-12,
            "≥": lambda: a >= b - 1e-12,
        }
        if sign not in tests:
            raise Closed(f"'{sign}' within a formula is not read")
        return Value(tests[sign]() + 0j, letters)

    def cases(self, tree: Cases, env: Environment) -> Value:
        whole: Value | None = None
        rest: Value | None = None
        for branch, condition in tree.branches:
            if condition is None:
                if rest is None:
                    raise Closed("the cases have no condition")
                here = rest
            else:
                here = self.value(condition, env)
                other = Value(1 - here.array, here.letters)
                rest = (
                    other if rest is None else times(rest, other, "∘" if rest.rank and other.rank else "", self.lexicon)
                )
            x = self.value(branch, env)
            part = times(here, x, "∘" if here.rank and x.rank else "", self.lexicon)
            whole = part if whole is None else plus(whole, part, 1, self.lexicon)
        assert whole is not None
        return whole

    def big(self, tree: Big, env: Environment) -> Value:
        letters, conditions, low = bound_letters(tree.under)
        if not letters:
            if tree.sign == "Σ" and tree.under is None:
                return self.sum_of_everything(tree, env)
            raise Closed("a sum does not say over what")
        if letters[0] in self.facts.steps and letters[0] in env.step:
            return self.over_steps(tree, letters[0], low, env)
        value = self.value(tree.term, env)
        for condition in conditions:
            value = times(self.member(condition, env), value, "", self.lexicon)
        for letter in letters:
            value = self.bound(tree, letter, value, env)
        return value

    def sum_of_everything(self, tree: Big, env: Environment) -> Value:
        """Σ without a letter: over the one letter that is free, else over all entries."""
        value = self.value(tree.term, env)
        if len(value.letters) > 1:
            raise Closed("a sum does not say over what")
        return summed(value, value.letters[0]) if value.letters else total(value)

    def member(self, condition: Relation, env: Environment) -> Value:
        """Which values of a letter a sum runs over: a relation, or a set by name, drawn at random."""
        if condition.sign != "∈":
            return self.condition(condition, env)
        letter = base_of(condition.left)
        more = [
            name
            for name in dict.fromkeys(n.text for n in names(condition.right))
            if name in self.facts.letters and name != letter
        ]
        sizes = tuple(self.sizes.of(("letter", c)) for c in (letter, *more))
        chosen = drawn(("set", repr(condition.right)), self.seed).uniform(0, 1, (1, *sizes)) > 0.4
        return Value(chosen + 0j, (letter, *more))

    def bound(self, tree: Big, letter: str, value: Value, env: Environment) -> Value:
        size = self.sizes.of(("letter", letter))
        if letter in value.letters:
            size = value.array.shape[1 + value.letters.index(letter)]
            if size == 1:
                value = Value(
                    np.repeat(value.array, self.sizes.of(("letter", letter)), 1 + value.letters.index(letter)),
                    value.letters,
                    value.row,
                )
                size = self.sizes.of(("letter", letter))
            value = summed(value, letter, product=tree.sign == "∏")
        elif tree.sign == "Σ":
            self.lexicon.marks.add("empty sign")
            value = Value(value.array * size, value.letters, value.row, value.jac)
        if isinstance(tree.over, Name) and tree.over.text in self.facts.sizes and not self.is_quantity(tree.over.text):
            named = self.sizes.of(("size", tree.over.text))
            if named != size:
                raise Clash(named, size)
        return value

    def over_steps(self, tree: Big, letter: str, low: Tree | None, env: Environment) -> Value:
        """A sum over layers or time, step by step."""
        first = 1 if low is None else round(float(self.value(low, env).array.real.flat[0]))
        last = LAST_STEP
        if isinstance(tree.over, Name) and tree.over.text in env.step:
            last = env.step[tree.over.text]
        elif isinstance(tree.over, Sum):
            last = round(float(self.value(tree.over, env).array.real.flat[0]))
        whole: Value | None = None
        without: Misfit | None = None
        for step in range(max(first, 1), last + 1):
            try:
                x = self.value(tree.term, env.at({letter: step}))
            except Independent as fault:
                without = fault
                continue
            if whole is None:
                whole = x
            else:
                whole = plus(whole, x, 1, self.lexicon) if tree.sign == "Σ" else times(whole, x, "", self.lexicon)
        if without is not None and (whole is None or tree.sign != "Σ"):
            raise without
        if whole is None:
            raise Misfit("a sum has no terms at this step")
        return whole

    def matrix(self, tree: Matrix, env: Environment) -> Value:
        """An array written out entry by entry."""
        cells = [cell for row in tree.rows for cell in row]
        if any(cell == Name(DOTS) for cell in cells):
            raise Closed("what the dots of an array stand for is not clear")
        values = [self.value(cell, env) for cell in cells]
        letters = tuple(dict.fromkeys(c for value in values for c in value.letters))
        if len({value.shape for value in values}) > 1:
            raise Closed("the entries of a matrix have other shapes")
        arrays = np.broadcast_arrays(*(lifted(value, letters) for value in values))
        rows, columns = len(tree.rows), len(tree.rows[0])
        at = 1 + len(letters)
        stacked = np.stack(arrays, axis=at)
        if rows == 1 or columns == 1:
            return Value(stacked, letters, row=rows == 1 and columns > 1)
        return Value(stacked.reshape(stacked.shape[:at] + (rows, columns) + stacked.shape[at + 1 :]), letters)

    def written(self, tree: Entries, env: Environment) -> Value:
        """An array whose entries are given by a formula over letters of its own."""
        return self.axes_of(self.value(tree.body, env), tree.letters, tree.row)

    def listed(self, tree: Listing, env: Environment) -> Value:
        """A vector written as a list; a list of lists is a matrix."""
        rows = [
            item.inner.items if isinstance(item, Group) and isinstance(item.inner, Listing) else (item,)
            for item in tree.items
        ]
        if len({len(row) for row in rows}) != 1:
            raise Closed("a list of things is not read here")
        return self.matrix(Matrix(tuple(tuple(row) for row in rows)), env)

    def axes_of(self, value: Value, letters: tuple[str, ...], row: bool = False) -> Value:
        """Letters turned into axes; vectors beside each other or below each other are a matrix."""
        if value.rank + len(letters) > 2 or any(c not in value.letters for c in letters):
            raise Closed("the entries of a matrix are not numbers")
        kept = tuple(c for c in value.letters if c not in letters)
        array = lifted(value, (*kept, *letters))
        if value.rank and row:
            array = np.swapaxes(array, -1, -2)
        return Value(array, kept, row and not value.rank)

    # rows of factors

    def row(self, tree: Row, env: Environment) -> Value:
        out: Value | None = None
        items = tree.items
        at = 0
        while at < len(items):
            sign = items[at][0]
            value, at = self.factor(items, at, env)
            if out is None:
                out = value
            else:
                out = over(out, value) if sign == "/" else times(out, value, sign, self.lexicon)
        assert out is not None
        return out

    def factor(self, items: Sequence[tuple[str, Tree]], at: int, env: Environment) -> tuple[Value, int]:
        """The value of the factor that begins here, and where the next begins."""
        tree = items[at][1]
        beside = items[at + 1][1] if at + 1 < len(items) and items[at + 1][0] == "" else None
        if is_operator(tree):
            return self.operated(items, at, env)
        if tree in (Name("∇"), SECOND_GRADIENT) and at + 1 < len(items):
            return self.gradient(items, at, env)
        if tree == Name("d") and beside is not None and not self.is_quantity("d"):
            return self.small(beside, items, at, env)
        if isinstance(beside, Group) and isinstance(beside.inner, Relation) and base_of(tree):
            if base_of(tree) not in INDICATORS:
                raise Closed("a relation in brackets is not read")
            return self.condition(beside.inner, env), at + 2
        if self.is_function(tree, beside):
            return self.called(items, at, env)
        value = self.value(tree, env)
        if isinstance(beside, Group) and isinstance(tree, Name | Script | Word) and self.says_arguments(tree, beside):
            return value, at + 2
        return value, at + 1

    def small(self, beside: Tree, items: Sequence[tuple[str, Tree]], at: int, env: Environment) -> tuple[Value, int]:
        """dv: the signal of v, or the differential of what follows."""
        if isinstance(beside, Group | Func | Matrix) or self.lexicon.ask("differential", "", self.facts.differentials):
            behind = items[at + 2][1] if at + 2 < len(items) and items[at + 2][0] == "" else None
            width = (
                2
                if (isinstance(_without_script(behind), Group) and self.is_function(beside, behind))
                or isinstance(beside, Func)
                else 1
            )
            body = product([item for _, item in items[at + 1 : at + 1 + width]])
            return self.moved(body, env), at + 1 + width
        if not isinstance(beside, Name | Script | Word):
            raise Closed("a differential is not understood")
        return self.applied(Name(self.facts.loss), beside, env), at + 2

    def operated(self, items: Sequence[tuple[str, Tree]], at: int, env: Environment) -> tuple[Value, int]:
        """∂/∂v or ∇_v and what it acts on: the rest of the term, or its next factor."""
        tree = items[at][1]
        rest = items[at + 1 :]
        if not rest:
            raise Closed("an operator has nothing to act on")
        take = len(rest) if len(rest) == 1 or self.lexicon.ask("reach of ∂") != "next" else 1
        while (
            take == 1
            and len(rest) > 1
            and isinstance(rest[0][1], Func | Script | Name)
            and rest[1][0] == ""
            and isinstance(rest[1][1], Group)
        ):
            take = 2
        body = product([item for _, item in rest[:take]], [sign for sign, _ in rest[:take]])
        if isinstance(tree, Frac):
            return self.applied(body, tree.low, env, order_of(tree)), at + 1 + take
        assert isinstance(tree, Script)
        order = 2 if isinstance(tree.sup, Num) and tree.sup.value == 2 else 1
        return self.applied(body, tree.sub, env, order), at + 1 + take

    def gradient(self, items: Sequence[tuple[str, Tree]], at: int, env: Environment) -> tuple[Value, int]:
        """∇f(x), ∇²f: the derivative by the argument that is written, else by what the function is said to depend on."""
        order = 1 if items[at][1] == Name("∇") else 2
        body = items[at + 1][1]
        behind = items[at + 2][1] if at + 2 < len(items) and items[at + 2][0] == "" else None
        argument = _without_script(behind)
        if not isinstance(argument, Group) or not isinstance(argument.inner, Name | Script):
            return self.applied(body, self.depends_on(body, env), env, order), at + 2
        value = self.applied(Row((("", body), ("", argument))), argument.inner, env, order)
        if isinstance(behind, Script):
            value = self.scripted(value, Script(Group("(", argument), behind.sub, behind.sup, behind.primes), env)
        return value, at + 3

    def depends_on(self, body: Tree, env: Environment) -> Tree:
        """By what ∇f is meant where nothing says it: the argument with which f is written, the script of f, what a loss reads."""
        if isinstance(body, Script) and isinstance(body.sub, Name) and body.sub.text not in self.facts.letters:
            return body.sub
        written = self.scope.argument_of(base_of(body))
        if written is not None:
            return written
        read = self.read_by_loss(base_of(body))
        if len(read) != 1 or (name := name_of(read[0])) is None:
            raise Closed("∇ does not say by what")
        return name

    def read_by_loss(self, base: str) -> list[Key]:
        """What a loss depends on directly, if it has a line, else what nobody reads."""
        raise NotImplementedError

    def is_function(self, tree: Tree, beside: Tree | None) -> bool:
        base = tree.base if isinstance(tree, Script) else tree
        if isinstance(base, Func):
            return True
        if not isinstance(base, Name | Word):
            return False
        name = base.text
        if name in self.scope.functions or name.startswith(SUPPOSED):
            return isinstance(_without_script(beside), Group) or name.startswith(SUPPOSED)
        if not isinstance(_without_script(beside), Group):
            return isinstance(tree, Script) and bool(tree.primes) and name in OPAQUE and beside is not None
        if self.is_quantity(name):
            return self.lexicon.look("call", name, False)
        several = isinstance(beside, Group) and isinstance(beside.inner, Listing)
        return self.lexicon.ask("call", name, isinstance(base, Word) or name in OPAQUE or several)

    def says_arguments(self, tree: Tree, group: Group) -> bool:
        """J(w, b) where J has a line: the arguments say nothing new."""
        base = base_of(tree)
        if base not in self.scope.called and not (base in LOSSES and isinstance(group.inner, Listing | Name | Script)):
            return False
        return base not in self.scope.functions and group.bracket in "(["

    def called(self, items: Sequence[tuple[str, Tree]], at: int, env: Environment) -> tuple[Value, int]:
        """A function with its arguments, in brackets or without."""
        tree = items[at][1]
        script = tree if isinstance(tree, Script) else Script(tree)
        name = base_of(script)
        if at + 1 >= len(items):
            raise Closed("a function has no argument")
        behind = items[at + 1][1]
        arguments, width, outside = self.arguments(items, at)
        if any(argument == Name(DOTS) for argument in arguments):
            raise Closed("what the dots of a function's arguments stand for is not clear")
        label = (name,) if script.sub is None or isinstance(script.base, Func) else (name, repr(script.sub))
        if script.primes and self.is_open_loss(name) and isinstance(arguments[0], Name | Script):
            return self.applied(Name(name), arguments[0], env), at + width
        values = [self.value(argument, env) for argument in arguments]
        if script.primes:
            value = self.slope(name, label, values[0], env, script.primes)
        else:
            value = self.apply(name, label, values, env)
        power = script.sup
        if (
            power is not None
            and not isinstance(power, Group)
            and not (isinstance(power, Name) and power.text in self.facts.layers)
        ):
            value = self.raised(value, power, env)
        if script.sub is not None and isinstance(script.base, Func) and not outside:
            value = self.entry_of_function(value, script.sub, env)
        if outside and isinstance(behind, Script):
            value = self.scripted(value, Script(Group("(", behind.base), behind.sub, behind.sup, behind.primes), env)
        return value, at + width

    def is_open_loss(self, name: str) -> bool:
        """Whether a name is that of a loss without a line."""
        return (
            name == self.facts.loss
            and name in LOSSES
            and name not in self.scope.functions
            and self.find((name,)) is None
        )

    def entry_of_function(self, value: Value, sub: Tree, env: Environment) -> Value:
        """softmax_i(z): the entry i of what a known function gives."""
        head = self.head(Script(Name("(…)"), sub), env)
        return self.entries(value, head.axes, env) if head is not None and head.axes and value.rank else value

    def arguments(self, items: Sequence[tuple[str, Tree]], at: int) -> tuple[list[Tree], int, bool]:
        """The arguments of a function, how many factors it takes, and whether a script stands behind its bracket."""
        behind = items[at + 1][1]
        bracket = _without_script(behind)
        if isinstance(bracket, Group):
            inner = bracket.inner
            return list(inner.items) if isinstance(inner, Listing) else [inner], 2, isinstance(behind, Script)
        stop = len(items)
        for k in range(at + 2, len(items)):
            if items[k][0] in ("∘", "⊗", "·", "*") or isinstance(items[k][1], Func):
                stop = k
                break
        return (
            [product([item for _, item in items[at + 1 : stop]], [sign for sign, _ in items[at + 1 : stop]])],
            stop - at,
            False,
        )

    # functions

    def slope(self, name: str, label: tuple[str, ...], x: Value, env: Environment, order: int) -> Value:
        """f′(x), entry by entry."""
        if env.hot:
            raise Nested
        if order == 1:
            y = self.apply(name, label, [Value(x.array + STEP * 1j, x.letters, x.row)], env)
            return Value(y.array.imag / STEP + 0j, y.letters, y.row)
        if order > 2:
            raise Closed("a third derivative is not read")
        self.lexicon.marks.add("differences")
        h = 1e-5
        up, down = (self.slope(name, label, Value(x.array + s * h, x.letters, x.row), env, 1) for s in (1, -1))
        return Value((up.array - down.array) / (2 * h), up.letters, up.row)

    def apply(self, name: str, label: tuple[str, ...], values: Sequence[Value], env: Environment) -> Value:
        asker = self.lines[-1].position if self.lines else self.asker
        line = self.scope.function(name, asker)
        if line is not None and asker < line.position < FAR and not self.lexicon.ask("later line", "", True):
            line = None
        if line is not None and len(line.arguments) == len(values):
            return self.by_line(line, values, env)
        x = values[0]
        known = (
            name.lower()
            if name.lower() in (*FUNCTIONS, "softmax", "max", "min", "trace", "diag", "total", "logsumexp")
            else None
        )
        known = known or USUAL_FUNCTIONS.get(name)
        if known in ("softmax", "logsumexp"):
            return self.softmax(x, known)
        if known in ("max", "min"):
            return self.extreme(values, known)
        if known == "trace" and x.rank == 2:
            fit(x.shape[:1], x.shape[1:])
            return Value(np.trace(x.array, axis1=-2, axis2=-1), x.letters)
        if known == "diag" and x.rank:
            return self.diag(x)
        if known == "total":
            return total(x)
        if known in FUNCTIONS and len(values) == 1:
            return Value(FUNCTIONS[known](x.array), x.letters, x.row)
        return self.opaque(name, label, values)

    def by_line(self, line: Line, values: Sequence[Value], env: Environment) -> Value:
        """A function whose line the text has."""
        self.depth += 1
        if self.depth > CALLS:
            raise Closed("functions call each other without end")
        try:
            return self.value(
                line.right, env.with_values({(a,): v for a, v in zip(line.arguments, values, strict=True)})
            )
        finally:
            self.depth -= 1

    def softmax(self, x: Value, known: str) -> Value:
        if x.rank == 0 and not x.letters:
            raise Misfit("softmax of a number")
        rows = x.rank == 2 and self.lexicon.ask("bias") == "rows"
        axis = -1 if rows or x.rank < 2 else -2
        powers = np.exp(x.array)
        whole = powers.sum(axis, keepdims=True)
        if known == "logsumexp":
            return Value(np.log(whole).squeeze(axis), x.letters if x.rank else x.letters[:-1])
        return Value(powers / whole, x.letters, x.row)

    def extreme(self, values: Sequence[Value], known: str) -> Value:
        if len(values) != 2:
            raise Closed("the largest entry of an array is not read")
        x, y = values
        letters, a, b = joint(x, y)
        if x.rank != y.rank:
            if x.rank and y.rank:
                raise Misfit("arrays of other ranks are compared")
            a, b = (tail(a, y.rank), b) if x.rank == 0 else (a, tail(b, x.rank))
        upper = a.real > b.real
        return Value(np.where(upper if known == "max" else ~upper, a, b), letters)

    def diag(self, x: Value) -> Value:
        if x.rank == 1:
            return Value(x.array[..., :, None] * np.eye(x.shape[-1]), x.letters)
        fit(x.shape[:1], x.shape[1:])
        return Value(np.diagonal(x.array, axis1=-2, axis2=-1), x.letters)

    def opaque(self, name: str, label: tuple[str, ...], values: Sequence[Value]) -> Value:
        """Some smooth function that nothing is known of: entry by entry, or a number where it is a loss or its arguments differ."""
        whole: Value | None = None
        scalar = name in LOSSES or name == "l" or any(value.rank != values[0].rank for value in values)
        for k, v in enumerate(values):
            rate, height, weights = self.shape_of(label, k, v.shape)
            w = Value(np.sin(rate * v.array + k) * height + 0.3 * v.array * v.array, v.letters, v.row)
            if scalar and v.rank:
                w = total(Value(w.array * weights, w.letters))
            whole = w if whole is None else times(whole, w, "∘" if whole.rank and w.rank else "", self.lexicon)
        assert whole is not None
        if len(values) > 1:
            whole = Value(np.sin(whole.array) + whole.array, whole.letters, whole.row)
        return whole

    def shape_of(self, label: tuple[str, ...], k: int, shape: tuple[int, ...]) -> tuple[float, float, Array]:
        """What an unknown function is made of, for its k-th argument."""
        mark = (("function", label, k), shape, self.seed)
        if mark not in self.scope.draws:
            numbers = drawn(("function", label, k), self.seed)
            self.scope.draws[mark] = (*numbers.uniform(0.5, 1.5, 2), numbers.uniform(0.5, 1.5, shape))
        return self.scope.draws[mark]

    # what is marked by its own signs

    def marked(self, tree: Call, env: Environment) -> Value:
        """√x, |x|, ‖x‖, ⟨x, y⟩, and the sum of all entries."""
        if tree.function == "inner":
            if not isinstance(tree.inner, Listing) or len(tree.inner.items) != 2:
                raise Closed("angle brackets hold one thing")
            x, y = (self.value(item, env) for item in tree.inner.items)
            letters, a, b = joint(x, y)
            fit(x.shape, y.shape)
            return total(Value(a * b, letters))
        x = self.value(tree.inner, env)
        if tree.function == "norm":
            return Value(np.sqrt(total(Value(x.array * x.array, x.letters)).array), x.letters)
        if tree.function == "total":
            return Value(x.array.reshape((x.array.shape[0], -1)).sum(-1))
        if tree.function == "abs" and x.rank == 2:
            raise Closed("a determinant is not read")
        return Value(FUNCTIONS[tree.function](x.array), x.letters, x.row)


SECOND_GRADIENT = Script(Name("∇"), None, Num(Fraction(2)))


def is_operator(tree: Tree) -> bool:
    """∂/∂v or ∇_v standing before what it acts on."""
    if isinstance(tree, Frac):
        alone = tree.top.base if isinstance(tree.top, Script) else tree.top
        return alone in (Name("∂"), Name("d")) and is_fraction_of(tree, "∂", "d")
    return isinstance(tree, Script) and tree.base == Name("∇") and tree.sub is not None


def order_of(tree: Frac) -> int:
    """1 of ∂u/∂v, 2 of ∂²u/∂v²."""
    top = tree.top.items[0][1] if isinstance(tree.top, Row) else tree.top
    return int(top.sup.value) if isinstance(top, Script) and isinstance(top.sup, Num) else 1


def _bare(tree: Tree | None) -> Tree | None:
    return tree.inner if isinstance(tree, Group) else tree


def _without_script(tree: Tree | None) -> Tree | None:
    return tree.base if isinstance(tree, Script) else tree
