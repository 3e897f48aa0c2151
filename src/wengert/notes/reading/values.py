"""Values of neutral trees at a point: products, functions and operators; `terms` and `answers` have the rest."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from wengert.notes.reading.answers import INDICATORS, STEP, Array, Environment, Nested
from wengert.notes.reading.arrays import (
    BatchedArray,
    Closed,
    Misfit,
    fit,
    joint,
    over,
    tail,
    times,
    total,
)
from wengert.notes.reading.facts import LOSSES
from wengert.notes.reading.heads import Key
from wengert.notes.reading.lexicon import Lexicon
from wengert.notes.reading.limits import CALLS
from wengert.notes.reading.patterns import name_of
from wengert.notes.reading.points import FUNCTIONS, Sizes, drawn
from wengert.notes.reading.scope import FAR, OPAQUE, SUPPOSED, Scope
from wengert.notes.reading.scope_line import ScopeLine
from wengert.notes.reading.terms import Terms, is_operator
from wengert.notes.reading.trees import (
    DOTS,
    Call,
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
    Tree,
    Word,
    base_of,
    product,
)

USUAL_FUNCTIONS = {"σ": "sigmoid"}


class Evaluator(Terms):
    """Values of trees under one lexicon at one point."""

    def __init__(self, scope: Scope, lexicon: Lexicon, asker: float, sizes: Sizes, seed: int = 0) -> None:
        super().__init__(scope, lexicon, asker, sizes, seed)
        self.evaluate |= {
            Row: self.row,
            Frac: self.fraction,
            Call: self.marked,
        }

    # rows of factors

    def row(self, tree: Row, env: Environment) -> BatchedArray:
        out: BatchedArray | None = None
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

    def factor(self, items: Sequence[tuple[str, Tree]], at: int, env: Environment) -> tuple[BatchedArray, int]:
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
        if isinstance(beside, Group) and self.is_slope_of_quantity(tree, beside):
            return self.applied(Name(base_of(tree)), beside.inner, env), at + 2
        if self.is_function(tree, beside):
            return self.called(items, at, env)
        value = self.value(tree, env)
        if isinstance(beside, Group) and isinstance(tree, Name | Script | Word) and self.says_arguments(tree, beside):
            return value, at + 2
        return value, at + 1

    def small(
        self, beside: Tree, items: Sequence[tuple[str, Tree]], at: int, env: Environment
    ) -> tuple[BatchedArray, int]:
        """dv: the signal of v, or the differential of what follows."""
        if isinstance(beside, Group | Func | Matrix) or self.lexicon.ask("differential", "", self.facts.differentials):
            behind = items[at + 2][1] if at + 2 < len(items) and items[at + 2][0] == "" else None
            called = isinstance(_without_script(behind), Group) and self.is_function(beside, behind)
            width = 2 if called or isinstance(beside, Func) else 1
            rest = len(items) - at - 1
            if rest > width and not isinstance(beside, Group) and self.lexicon.ask("reach of d", "", False):
                width = rest
            body = product([item for _, item in items[at + 1 : at + 1 + width]])
            return self.moved(body, env), at + 1 + width
        if not isinstance(beside, Name | Script | Word):
            raise Closed("a differential is not understood")
        return self.applied(Name(self.facts.loss), beside, env), at + 2

    def operated(self, items: Sequence[tuple[str, Tree]], at: int, env: Environment) -> tuple[BatchedArray, int]:
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

    def gradient(self, items: Sequence[tuple[str, Tree]], at: int, env: Environment) -> tuple[BatchedArray, int]:
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
        if isinstance(tree, Script) and tree.sub is not None and name in self.scope.vectors:
            return False  # σ_i (1 - σ_j) where σ(z)_i has a line
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
        factor = base in self.scope.supposed and not isinstance(group.inner, Listing | Name | Script | Word)
        return not factor and base not in self.scope.functions and group.bracket in "(["

    def is_slope_of_quantity(self, tree: Tree, group: Group) -> bool:
        """C′(a) of a C = (a − y)² that has a line: its derivative by a."""
        plain = isinstance(tree, Script) and tree.primes == 1 and tree.sub is None and tree.sup is None
        argument = isinstance(group.inner, Name | Script | Word)
        return plain and argument and self.is_quantity(base_of(tree)) and self.says_arguments(tree, group)

    def called(self, items: Sequence[tuple[str, Tree]], at: int, env: Environment) -> tuple[BatchedArray, int]:
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
        if script.base == Func("log") and script.sub is not None:
            value = over(value, self.logarithm_of_base(script.sub, env))
        elif script.sub is not None and isinstance(script.base, Func) and not outside:
            value = self.entry_of_function(value, script.sub, env)
        if outside and isinstance(behind, Script):
            value = self.scripted(value, Script(Group("(", behind.base), behind.sub, behind.sup, behind.primes), env)
        return value, at + width

    def logarithm_of_base(self, base: Tree, env: Environment) -> BatchedArray:
        """log b of log_b x; that of e is 1."""
        x = self.value(Num(Fraction(1)) if base == Name("e") else base, env)
        return x if base == Name("e") else BatchedArray(FUNCTIONS["log"](x.array), x.letters)

    def is_open_loss(self, name: str) -> bool:
        """Whether a name is that of a loss without a line."""
        return (
            name == self.facts.loss
            and name in LOSSES
            and name not in self.scope.functions
            and self.find((name,)) is None
        )

    def entry_of_function(self, value: BatchedArray, sub: Tree, env: Environment) -> BatchedArray:
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

    def slope(self, name: str, label: tuple[str, ...], x: BatchedArray, env: Environment, order: int) -> BatchedArray:
        """f′(x), entry by entry."""
        if env.hot:
            raise Nested
        if order == 1:
            y = self.apply(name, label, [BatchedArray(x.array + STEP * 1j, x.letters, x.row)], env)
            return BatchedArray(y.array.imag / STEP + 0j, y.letters, y.row)
        if order > 2:
            raise Closed("a third derivative is not read")
        self.lexicon.marks.add("differences")
        h = 1e-5
        up, down = (self.slope(name, label, BatchedArray(x.array + s * h, x.letters, x.row), env, 1) for s in (1, -1))
        return BatchedArray((up.array - down.array) / (2 * h), up.letters, up.row)

    def apply(
        self, name: str, label: tuple[str, ...], values: Sequence[BatchedArray], env: Environment
    ) -> BatchedArray:
        asker = self.lines[-1].position if self.lines else self.asker
        line = self.scope.function(name, asker)
        if line is not None and asker < line.position < FAR and not self.lexicon.ask("later line", "", True):
            line = None
        if line is not None and len(line.arguments) == len(values):
            return self.by_line(line, values, env)
        x = values[0]
        known = (
            name.lower()
            if name.lower() in (*FUNCTIONS, "softmax", "max", "min", "trace", "det", "diag", "total", "logsumexp")
            else None
        )
        known = known or USUAL_FUNCTIONS.get(name)
        if known in ("softmax", "logsumexp"):
            return self.softmax(x, known)
        if known in ("max", "min"):
            return self.extreme(values, known)
        if known == "trace" and x.rank == 2:
            fit(x.shape[:1], x.shape[1:])
            return BatchedArray(np.trace(x.array, axis1=-2, axis2=-1), x.letters)
        if known == "det" and x.rank == 2:
            fit(x.shape[:1], x.shape[1:])
            return BatchedArray(np.linalg.det(x.array), x.letters)
        if known == "diag" and x.rank:
            return self.diag(x)
        if known == "total":
            return total(x)
        if known in FUNCTIONS and len(values) == 1:
            return BatchedArray(FUNCTIONS[known](x.array), x.letters, x.row)
        return self.opaque(name, label, values)

    def by_line(self, line: ScopeLine, values: Sequence[BatchedArray], env: Environment) -> BatchedArray:
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

    def softmax(self, x: BatchedArray, known: str) -> BatchedArray:
        if x.rank == 0 and not x.letters:
            raise Misfit("softmax of a number")
        rows = x.rank == 2 and self.lexicon.ask("bias") == "rows"
        axis = -1 if rows or x.rank < 2 else -2
        powers = np.exp(x.array)
        whole = powers.sum(axis, keepdims=True)
        if known == "logsumexp":
            return BatchedArray(np.log(whole).squeeze(axis), x.letters if x.rank else x.letters[:-1])
        return BatchedArray(powers / whole, x.letters, x.row)

    def extreme(self, values: Sequence[BatchedArray], known: str) -> BatchedArray:
        if len(values) != 2:
            raise Closed("the largest entry of an array is not read")
        x, y = values
        letters, a, b = joint(x, y)
        if x.rank != y.rank:
            if x.rank and y.rank:
                raise Misfit("arrays of other ranks are compared")
            a, b = (tail(a, y.rank), b) if x.rank == 0 else (a, tail(b, x.rank))
        upper = a.real > b.real
        return BatchedArray(np.where(upper if known == "max" else ~upper, a, b), letters)

    def diag(self, x: BatchedArray) -> BatchedArray:
        if x.rank == 1:
            return BatchedArray(x.array[..., :, None] * np.eye(x.shape[-1]), x.letters)
        fit(x.shape[:1], x.shape[1:])
        return BatchedArray(np.diagonal(x.array, axis1=-2, axis2=-1), x.letters)

    def opaque(self, name: str, label: tuple[str, ...], values: Sequence[BatchedArray]) -> BatchedArray:
        """Some smooth function that nothing is known of: entry by entry, or a number where it is a loss or its arguments differ."""
        whole: BatchedArray | None = None
        scalar = name in LOSSES or name == "l" or any(value.rank != values[0].rank for value in values)
        for k, v in enumerate(values):
            rate, height, weights = self.shape_of(label, k, v.shape)
            w = BatchedArray(np.sin(rate * v.array + k) * height + 0.3 * v.array * v.array, v.letters, v.row)
            if scalar and v.rank:
                w = total(BatchedArray(w.array * weights, w.letters))
            whole = w if whole is None else times(whole, w, "∘" if whole.rank and w.rank else "", self.lexicon)
        assert whole is not None
        if len(values) > 1:
            whole = BatchedArray(np.sin(whole.array) + whole.array, whole.letters, whole.row)
        return whole

    def shape_of(self, label: tuple[str, ...], k: int, shape: tuple[int, ...]) -> tuple[float, float, Array]:
        """What an unknown function is made of, for its k-th argument."""
        mark = (("function", label, k), shape, self.seed)
        if mark not in self.scope.draws:
            numbers = drawn(("function", label, k), self.seed)
            self.scope.draws[mark] = (*numbers.uniform(0.5, 1.5, 2), numbers.uniform(0.5, 1.5, shape))
        return self.scope.draws[mark]

    # what is marked by its own signs

    def marked(self, tree: Call, env: Environment) -> BatchedArray:
        """√x, |x|, ‖x‖, ⟨x, y⟩, and the sum of all entries."""
        if tree.function == "inner":
            if not isinstance(tree.inner, Listing) or len(tree.inner.items) != 2:
                raise Closed("angle brackets hold one thing")
            x, y = (self.value(item, env) for item in tree.inner.items)
            letters, a, b = joint(x, y)
            fit(x.shape, y.shape)
            return total(BatchedArray(a * b, letters))
        x = self.value(tree.inner, env)
        if tree.function == "norm":
            return BatchedArray(np.sqrt(total(BatchedArray(x.array * x.array, x.letters)).array), x.letters)
        if tree.function == "total":
            return BatchedArray(x.array.reshape((x.array.shape[0], -1)).sum(-1))
        if tree.function == "abs" and x.rank == 2:
            raise Closed("a determinant is not read")
        return BatchedArray(FUNCTIONS[tree.function](x.array), x.letters, x.row)


SECOND_GRADIENT = Script(Name("∇"), None, Num(Fraction(2)))


def order_of(tree: Frac) -> int:
    """1 of ∂u/∂v, 2 of ∂²u/∂v²."""
    top = tree.top.items[0][1] if isinstance(tree.top, Row) else tree.top
    return int(top.sup.value) if isinstance(top, Script) and isinstance(top.sup, Num) else 1


def _without_script(tree: Tree | None) -> Tree | None:
    return tree.base if isinstance(tree, Script) else tree
