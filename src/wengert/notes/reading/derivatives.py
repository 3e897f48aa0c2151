"""Derivatives at a point: a complex step through the lines in reach, cut at the name by which is derived.

Total, partial and cut derivatives are one operation with other cuts. A derivative within a derivative takes central differences
outside. A loss without a line is some function of the quantities that nobody reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.notes.reading.answers import STEP, Circle, Environment, Independent, Nested, Still
from wengert.notes.reading.arrays import BatchedArray, Clash, Closed, Misfit, lifted, number, over
from wengert.notes.reading.facts import LAST_STEP, LOSSES
from wengert.notes.reading.heads import WHOLE, Axis, Key, step_of
from wengert.notes.reading.lexicon import Lexicon
from wengert.notes.reading.limits import LARGEST
from wengert.notes.reading.points import drawn
from wengert.notes.reading.stated import derivative_mark, stating
from wengert.notes.reading.trees import (
    Frac,
    Group,
    Listing,
    Name,
    Num,
    Row,
    Script,
    Tree,
    Word,
    base_of,
    first_sign,
    has_derivative,
    is_fraction_of,
    names,
    without_first,
)
from wengert.notes.reading.values import Evaluator, order_of

Array = Any
DIFFERENCE = 1e-5


class World(Evaluator):
    """An evaluator that derives."""

    def fraction(self, tree: Frac, env: Environment) -> BatchedArray:
        """∂u/∂v where it is written so, else a quotient."""
        written = is_fraction_of(tree, "∂") or (is_fraction_of(tree, "d") and not self.is_quantity("d"))
        if not written:
            return over(self.value(tree.top, env), self.value(tree.low, env))
        body = without_first(tree.top)
        if body is None:
            raise Closed("an operator has nothing to act on")
        if self.is_unwritten(body) and (value := self.as_stated(tree, env)) is not None:
            return value
        try:
            return self.applied(body, tree.low, env, order_of(tree), total=first_sign(tree.low) == "d")
        except Independent:
            value = self.as_stated(tree, env)
            if value is None:
                raise
            return value

    def is_unwritten(self, body: Tree) -> bool:
        """Whether no line says what a quantity is that is derived."""
        base = base_of(body)
        loss = base in LOSSES or base == self.facts.loss
        return base in self.scope.supposed or (loss and base not in self.scope.definitions)

    def as_stated(self, tree: Frac, env: Environment) -> BatchedArray | None:
        """A derivative as a line states it, else any number where it is that of a number by a number; None where it has no value."""
        mark = derivative_mark(tree)
        if mark is None or env.hot or order_of(tree) != 1 or not self.lexicon.ask("as stated", "", False):
            return None
        own = next((line for line in self.scope.lines if line.position == self.asker), None)
        for line, side in stating(self.scope, mark, self.asker, self.stating):
            if own is not None and side in own.sides:
                continue  # the same said twice shows nothing
            self.stating.add(line.position)
            try:
                return self.value(side, env)
            except Misfit:
                continue
            finally:
                self.stating.discard(line.position)
        known = own is None or any(derivative_mark(side) == mark for side in own.sides)
        letters = {name.text for part in mark for name in names(part)} & (self.facts.letters | self.facts.steps)
        if known or letters or any(self.value(part, env).rank for part in mark):
            return None
        return number(float(drawn(("stated", mark), self.seed).uniform(0.2, 0.9)))

    def applied(
        self, body: Tree, low: Tree | None, env: Environment, order: int = 1, total: bool = False
    ) -> BatchedArray:
        """The derivative of a formula by the names below ∂ or ∇, one after the other."""
        if low is None:
            raise Closed("∇ does not say by what")
        by = _denominators(low, order)
        if len(by) != order or order > 2:
            raise Closed("a derivative of this order is not read")
        if len(by) == 2:
            body = Frac(Row((("", Name("∂")), ("", Group("(", body)))), Row((("", Name("∂")), ("", by[1]))))
        head = self.head(by[0], env)
        if head is None:
            raise Closed("a derivative by a formula is not read")
        if head.power is not None:
            raise Closed("a derivative by a power is not read")
        if isinstance(body, Group):
            body = body.inner
        value = self.by_name(body, head.key, head.axes, env, total)
        return BatchedArray(value.array, value.letters, True, value.jac) if head.turned and value.rank == 1 else value

    def signal(self, base: str, labels: Sequence[str | int], env: Environment) -> BatchedArray:
        loss = self.facts.loss
        if self.scope.last and self.lexicon.look("signal of", "δ") is None:
            loss = self.scope.last
            if base == loss:
                return number(1)
            if self.whole((loss,), env).rank:
                self.scope.sinks = [(loss,)]
                loss = "outside"
        value = self.by_name(Name(loss), (base, *labels), [], env)
        return BatchedArray(value.array, value.letters)

    def by_name(
        self, body: Tree, key: Key, axes: Sequence[Axis], env: Environment, total: bool = False
    ) -> BatchedArray:
        """The derivative of a formula by a name or its entries; a total one goes through all arguments."""
        if env.hot:
            raise Nested
        key = self.last_step(key)
        at = self.whole(key, env)
        if at.letters or len(axes) > at.rank:
            raise Misfit("more indices than axes")
        loss = body.text if isinstance(body, Name | Word) else ""
        whole = (loss, WHOLE) if loss in self.facts.split else (loss,)
        if loss and (loss in LOSSES or loss == self.facts.loss) and self.find(whole) is None and whole not in env.over:
            return self.entries(self.open_loss(loss, key, bool(axes), env), axes, env)
        if isinstance(body, Script) and base_of(body) == self.facts.loss and (head := self.head(body, env)) is not None:
            step = step_of(head.key)
            if step is not None and not head.axes and self.find(head.key) is None:
                return self.entries(self.open_loss(base_of(body), key, bool(axes), env, step), axes, env)
        others = {} if total else self.other_arguments(body, key, env)
        if others and self.lexicon.ask("partial", "", False):
            env = env.with_values(others)
        slopes, value = self.slopes(body, key, at, env)
        return self.laid_as_jacobian(slopes, value, len(at.shape), axes, env)

    def other_arguments(self, body: Tree, key: Key, env: Environment) -> dict[Key, BatchedArray]:
        """The values of the other arguments of f(x, y) where it is derived by its argument x; none where x is no argument."""
        if not (isinstance(body, Row) and len(body.items) == 2 and isinstance(body.items[1][1], Group)):
            return {}
        inner = body.items[1][1].inner
        if not isinstance(inner, Listing) or not all(isinstance(item, Name | Script | Word) for item in inner.items):
            return {}
        heads = [self.head(item, env) for item in inner.items]
        keys = [head.key for head in heads if head is not None and not head.axes]
        return {other: self.whole(other, env) for other in keys if other != key} if key in keys else {}

    def last_step(self, key: Key) -> Key:
        """A bare a where only a^l has a line is the a of the last layer."""
        base = key[0]
        if len(key) > 1 or self.find(key) is not None:
            return key
        lines = self.scope.definitions.get(str(base), ())
        stepped = any(line.pattern and line.pattern[0][0] == "step" for line in lines)
        return (base, LAST_STEP) if stepped else key

    def slopes(self, body: Tree, key: Key, at: BatchedArray, env: Environment) -> tuple[Array, BatchedArray]:
        """∂body/∂key with axes (batch, axes of key, letters, axes of body), and the value of the body there."""
        shape = at.shape
        size = int(np.prod(shape)) if shape else 1
        batch = at.array.shape[0]
        if batch * size * size > LARGEST:
            raise Closed("an array is too large to be judged")
        units = np.tile(np.eye(size).reshape((size, *shape)), (batch,) + (1,) * len(shape))
        base = np.repeat(at.array, size, axis=0)

        def moved(step: complex, env: Environment, hot: bool) -> BatchedArray:
            values = {k: _repeated(x, batch, size) for k, x in env.over.items()}
            values[key] = BatchedArray(base + step * units, (), at.row)
            return self.value(body, env.with_values(values, hot))

        try:
            value = moved(STEP * 1j, env, True)
            slopes = value.array.imag / STEP
        except Nested:
            there = env.differenced()
            value, down = moved(DIFFERENCE, there, False), moved(-DIFFERENCE, there, False)
            slopes = (value.array - down.array).real / (2 * DIFFERENCE)
            self.lexicon.marks.add("differences")
        if not np.any(slopes) and not any(isinstance(node, Name | Word) for node in body.nodes):
            return np.zeros((batch, *shape, *value.array.shape[1:])) + 0j, value
        if (slopes.shape[0] == 1 and batch * size > 1) or not np.any(slopes):
            raise Independent(str(key[0]), base_of(body))
        return slopes.reshape((batch, *shape, *slopes.shape[1:])) + 0j, value

    def laid_as_jacobian(
        self, slopes: Array, value: BatchedArray, q: int, axes: Sequence[Axis], env: Environment
    ) -> BatchedArray:
        n, p = len(value.letters), value.rank
        order = [0, *range(1 + q, 1 + q + n + p), *range(1, 1 + q)]
        array = np.transpose(slopes, order)  # batch, letters, axes of what is derived, axes of what it is derived by
        if axes:
            turned = np.moveaxis(array, range(1 + n, 1 + n + p), range(array.ndim - p, array.ndim))
            picked = self.entries(BatchedArray(turned, value.letters), axes, env)
            left = q - len(axes)
            shifted = np.moveaxis(
                picked.array,
                range(picked.array.ndim - p, picked.array.ndim),
                range(picked.array.ndim - p - left, picked.array.ndim - left),
            )
            return BatchedArray(shifted, picked.letters, jac=(p, left))
        if p == 1 and q == 1 and self.lexicon.ask("layout") == "turned":
            return BatchedArray(np.swapaxes(array, -1, -2), value.letters, jac=(1, 1))
        return BatchedArray(array, value.letters, jac=(p, q))

    def moved(self, body: Tree, env: Environment) -> BatchedArray:
        """The differential of a formula: every input moves along a direction of its own."""
        if env.hot:
            raise Nested
        there = Environment(env.step, dict(env.over), hot=True, moving=True)
        value = self.value(body, there)
        if not np.any(value.array.imag):
            raise Still
        return BatchedArray(value.array.imag / STEP + 0j, value.letters, value.row)

    # a loss without a line

    def open_loss(self, loss: str, key: Key, bare: bool, env: Environment, step: int | None = None) -> BatchedArray:
        """The derivative of a loss that has no line: it reads the signals that the author states, else what nobody reads; that of one step only what is computed there."""
        self.lexicon.marks.add("open loss")
        tops = list(self.scope.given) or self.sinks()
        if step is not None:
            at_step = list(self.scope.given) or self.scope.last_at_steps
            tops = [top for top in at_step if step_of(top) == step] or tops
        at = self.whole(key, env)
        shape = at.shape
        if key in tops or not tops:
            return BatchedArray(self.outer_signal(loss, key, shape), (), jac=None if bare else (0, at.rank))
        if at.array.shape[0] != 1:
            raise Nested
        size = int(np.prod(shape)) if shape else 1
        moved = BatchedArray(
            np.repeat(at.array, size, axis=0) + STEP * 1j * np.eye(size).reshape((size, *shape)), (), at.row
        )
        there = env.with_values({key: moved}, True)
        whole: Array = 0
        for top in tops:
            value = self.whole(top, there)
            product = value.array * self.outer_signal(loss, top, value.array.shape[1:])
            whole = whole + product.reshape(product.shape[0], -1).sum(1)
        slopes: Array = np.imag(whole) / STEP
        if slopes.ndim == 0 or slopes.shape[0] != size or not np.any(slopes):
            raise Independent(str(key[0]))
        return BatchedArray(slopes.reshape((1, *shape)) + 0j, (), jac=None if bare else (0, len(shape)))

    def outer_signal(self, loss: str, top: Key, shape: tuple[int, ...]) -> Array:
        """The derivative of an unknown loss by one of the quantities that it reads."""
        line = self.scope.given.get(top)
        mark = (top, -2.0)
        if line is None or mark in self.busy:
            key = (("signal", loss, top), shape, self.seed)
            if key not in self.scope.draws:
                self.scope.draws[key] = drawn(key[0], self.seed).uniform(0.3, 1.3, shape)[None] + 0j
            return self.scope.draws[key]
        self.busy.add(mark)
        try:
            right = line.sides[-1]
            assert right is not None
            value = self.value(right, self.environment())
        finally:
            self.busy.discard(mark)
        wanted = tuple(str(axis) for axis in line.axes)
        array = lifted(value, wanted)
        sizes = [full if n == 1 else n for n, full in zip(array.shape[1:], shape, strict=False)]
        if tuple(sizes) != shape:
            raise Misfit("the stated signal has another shape")
        return np.broadcast_to(array, (array.shape[0], *shape))

    def read_by_loss(self, base: str) -> list[Key]:
        found = self.find((base,))
        if found is None:
            keys = list(self.scope.given) or self.sinks()
            return [key for key in keys if step_of(key) in (None, LAST_STEP)]
        heads = [
            self.head(node, self.environment()) for node in found[0].right.nodes if isinstance(node, Name | Script)
        ]
        keys = [head.key for head in heads if head is not None]
        return list(dict.fromkeys(key for key in keys if key[0] != base and self.find(key) is not None))

    def sinks(self) -> list[Key]:
        """The quantities that no line reads."""
        if self.scope.sinks is None:
            self.scope.sinks = []
            try:
                found, self.scope.last_at_steps = unread_quantities(
                    World(self.scope, Lexicon(self.lexicon.given), 10.0**6, self.sizes, self.seed)
                )
            except Clash:
                self.scope.sinks = None
                raise
            self.scope.sinks = found
        return self.scope.sinks


def unread_quantities(world: World) -> tuple[list[Key], list[Key]]:
    """What the lines of a scope compute that none of them reads; and what none of them reads at the same step."""
    keys: list[Key] = []
    for base, lines in world.scope.definitions.items():
        line = lines[-1]
        if base == "δ" or base in LOSSES or line.pattern is None or line.example or line.brace:
            continue
        if line.sides[1] is not None and has_derivative(line.right):
            continue
        stepped = any(kind == "step" for kind, _, _ in line.pattern)
        for step in range(1, LAST_STEP + 1) if stepped else (LAST_STEP,):
            key: Key = (base, *(what if kind == "is" else step for kind, what, _ in line.pattern))
            if world.find(key) is None:
                continue
            try:
                world.whole(key, world.environment())
                keys.append(key)
            except (Misfit, Nested, Circle, RecursionError, ArithmeticError, ValueError, IndexError):
                continue
    read = {a for a, b in world.edges if b in keys}
    read_at_once = {a for a, b in world.edges if b in keys and step_of(a) == step_of(b)}
    return [key for key in keys if key not in read], [key for key in keys if key not in read_at_once]


def _repeated(x: BatchedArray, batch: int, size: int) -> BatchedArray:
    """A value that is cut already, once for every unit vector."""
    return (
        BatchedArray(np.repeat(x.array, size, axis=0), x.letters, x.row, x.jac) if x.array.shape[0] == batch > 1 else x
    )


def _denominators(low: Tree, order: int) -> list[Tree]:
    """The names below a derivative of some order: w of ∂w, x and y of ∂x∂y, x twice of ∂x²."""
    if first_sign(low) not in ("∂", "d"):
        return [low] * order
    inner = low.inner if isinstance(low, Group) else low
    if not isinstance(inner, Row):
        raise Closed("a derivative does not say by what")
    groups: list[list[Tree]] = []
    for _, item in inner.items:
        if first_sign(item) in ("∂", "d") and isinstance(item, Name | Script):
            groups.append([])
        elif groups:
            groups[-1].append(item)
    if any(len(group) != 1 for group in groups):
        raise Closed("a derivative by several names is not read")
    found = [group[0] for group in groups]
    if len(found) == 1 and order == 2:
        item = found[0]
        twice = isinstance(item, Script) and isinstance(item.sup, Num) and item.sup.value == 2
        bare = (
            item
            if not (twice and isinstance(item, Script))
            else item.base
            if item.sub is None
            else Script(item.base, item.sub)
        )
        return [bare, bare]
    return found
