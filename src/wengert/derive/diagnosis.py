"""The likely kind of a mistake in a claim, found by taking each kind back until the claim holds, and the corrected line.

Sign, factor, transpose, a missing sum, path or use, a lost activation derivative, a mean for a sum, a local derivative without the
incoming signal, a wrong index: what makes the value right names the kind.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from wengert.derive.edits import Surroundings, edits, letters_of
from wengert.derive.points import Chain, Point, close
from wengert.errors import WengertError
from wengert.ir.graph import Graph, Node, input_node
from wengert.ir.op import OPS
from wengert.ir.system import System, bar
from wengert.ir.walk import map_graph, topological
from wengert.notation.expr import BigOp, Expr, Index, Ref, walk

Array = Any
MAX_EDITS = 1500
"""So many edits of one expression are tried."""
MAX_WORK = 10_000_000
"""So many entries are computed for one diagnosis."""
MAX_PARTS = 8
"""Of more contributions, subsets are not tried."""
FEW_USES = 4
"""Of so many uses of one value, all subsets are tried."""

Use = tuple[Node, int]
"""A node that uses a value, and at which place."""

SENTENCES = {
    "sign": "a sign is wrong",
    "factor": "a factor is wrong",
    "transpose": "a factor is transposed, or two are in the wrong order",
    "missing sum": "a sum is missing, over an axis that was broadcast or over the batch",
    "sum too much": "a sum is too much",
    "missing path": "the path through {names} is missing",
    "activation derivative": "the derivative of an activation is lost",
    "mean for sum": "a mean stands for a sum",
    "sum for mean": "a sum stands for a mean",
    "no incoming signal": "the local derivative stands without the incoming signal",
    "index": "an index is wrong",
    "signal": "the error signal of another quantity is used",
}
"""Kinds of mistakes, and how each is said."""


@dataclass
class Effort:
    """How many entries may still be computed to find out what is wrong, and for how many lines: in one document all in all."""

    left: int = 3 * MAX_WORK
    diagnoses: int = 200


@dataclass(frozen=True)
class Diagnosis:
    """The kind of a mistake, in words, and the author's expression corrected where an edit of it did that."""

    kind: str
    sentence: str
    corrected: Expr | None = None


def _said(kind: str, names: Sequence[str] = (), corrected: Expr | None = None) -> Diagnosis:
    return Diagnosis(kind, SENTENCES[kind].format(names=" and ".join(names)), corrected)


@dataclass
class Diagnostician:
    """Finds what is wrong with values that were expected to be others; `evaluate` gives the values of another right side."""

    points: Sequence[Point]
    values: Sequence[Array]
    expected: Sequence[Array]
    evaluate: Callable[[Expr], list[Array]]
    effort: Effort = field(default_factory=Effort)

    def __post_init__(self) -> None:
        self.start = self.work
        self.limit = min(MAX_WORK, self.effort.left)

    @property
    def work(self) -> int:
        """How many entries were computed at the points so far."""
        return sum(point.work for point in self.points)

    @property
    def exhausted(self) -> bool:
        """Whether as much was tried as is reasonable."""
        return self.work - self.start > self.limit

    def diagnose(self, tree: Expr, name: str, around: Surroundings) -> Diagnosis | None:
        """The first kind that explains the values; `name` is the quantity whose signal is claimed, "" for none."""
        self.effort.diagnoses -= 1
        if self.effort.diagnoses < 0:
            return None
        try:
            return self.first(tree, name, around)
        finally:
            self.effort.left -= min(self.work - self.start, self.effort.left)

    def first(self, tree: Expr, name: str, around: Surroundings) -> Diagnosis | None:
        """From what the values tell to what other expressions would give."""
        found = self.shaped() or self.scaled() if self.values else None
        if found is not None and found.kind != "factor":
            return self.edited(tree, around, {found.kind}) or found
        if name and self.values:
            found = self.by_chain(name) or found
            if found is not None and found.kind != "factor":
                return found
        return self.edited(tree, around, None) or found

    # the whole value

    def shaped(self) -> Diagnosis | None:
        """The value in another layout, or with an axis that should be summed."""
        value, wanted = np.asarray(self.values[0]), np.asarray(self.expected[0])
        if value.ndim == 2 and close([np.asarray(v).T for v in self.values], self.expected):
            return _said("transpose")
        if value.ndim > wanted.ndim:
            for axes in itertools.combinations(range(value.ndim), value.ndim - wanted.ndim):
                summed = [np.asarray(v).sum(axis=axes) for v in self.values]
                if close(summed, self.expected) or close([s.T for s in summed], self.expected):
                    return _said("missing sum")
        return None

    def scaled(self) -> Diagnosis | None:
        """The value times a number that is the same for every entry and every point."""
        ratio = ratio_of(self.values, self.expected)
        if ratio is None:
            return None
        sizes = [float(size) for size in self.points[0].chain.sizes.values()]
        if abs(ratio + 1) < 1e-9:
            return _said("sign")
        for size in sizes:
            if abs(ratio - size) < 1e-9 * size:
                return _said("mean for sum")
            if abs(ratio * size - 1) < 1e-9:
                return _said("sum for mean")
        return Diagnosis("factor", times_too_large(1 / ratio)) if ratio else _said("factor")

    # the chain rule, with one thing left out

    def by_chain(self, name: str) -> Diagnosis | None:
        """What comes out of the chain rule when a path, a use, an activation's derivative or the incoming signal is left out."""
        chain = self.points[0].chain
        if name == chain.loss:
            return None
        nodes = chain.contributions[name]
        parts = {child: [point.value(node) for point in self.points] for child, node in nodes.items()}
        return (
            self.without_paths(parts)
            or self.without_signal(chain, nodes)
            or self.without_activation(chain, name)
            or self.without_use(chain, name)
        )

    def without_paths(self, parts: Mapping[str, list[Array]]) -> Diagnosis | None:
        names = list(parts)
        if not 1 < len(names) <= MAX_PARTS:
            return None
        for size in range(len(names) - 1, 0, -1):
            for kept in itertools.combinations(names, size):
                if close(self.values, added([parts[n] for n in kept])):
                    return _said("missing path", [n for n in names if n not in kept])
        return None

    def without_signal(self, chain: Chain, nodes: Mapping[str, Node]) -> Diagnosis | None:
        """The contributions with 1 in place of the incoming signals."""
        if not nodes:
            return None
        found: list[Array] = []
        for point in self.points:
            env = point.everything()
            for child in nodes:
                env[bar(child)] = np.ones_like(env[bar(child)])
            found.append(sum(point.value(node, env) for node in nodes.values()))
        return _said("no incoming signal") if close(self.values, found) and not close(found, self.expected) else None

    def without_activation(self, chain: Chain, name: str) -> Diagnosis | None:
        """The chain rule through lines in which one function is taken for the identity when it is differentiated."""
        for child in chain.contributions[name]:
            line = chain.system.line(child).node
            for node in topological([line]):
                if not is_activation(node) or self.exhausted:
                    continue
                changed = chain.contribution(name, child, passed_through(line, node))
                others = [n for c, n in chain.contributions[name].items() if c != child]
                nodes = [*([] if changed is None else [changed]), *others]
                if nodes and close(self.values, added([[p.value(n) for p in self.points] for n in nodes])):
                    return _said("activation derivative")
        return None

    def without_use(self, chain: Chain, name: str) -> Diagnosis | None:
        """The chain rule through a line in which what depends on the quantity is used several times, some of the uses held."""
        for child in chain.contributions[name]:
            line = chain.system.line(child).node
            others = [n for c, n in chain.contributions[name].items() if c != child]
            for held in held_uses(line, chain.system.leaves[name]):
                if self.exhausted:
                    return None
                node = chain.contribution(name, child, with_held(line, held))
                nodes = [*([] if node is None else [node]), *others]
                if not nodes:
                    continue
                found = [self.with_values(point, nodes, held) for point in self.points]
                if close(self.values, found) and not close(found, self.expected):
                    return Diagnosis("missing path", f"a use of {name} in the line of {child} is missing")
        return None

    def with_values(self, point: Point, nodes: Sequence[Node], held: Sequence[Use]) -> Array:
        """The sum of nodes that read held values."""
        env = point.everything()
        for k, (user, place) in enumerate(held):
            env[held_name(k)] = point.value(user.inputs[place], point.truth)
        return sum(point.value(node, env) for node in nodes)

    # the author's own expression

    def edited(self, tree: Expr, around: Surroundings, kinds: set[str] | None) -> Diagnosis | None:
        """The first edit of the author's expression that has the expected value."""
        for kind, changed in itertools.islice(edits(tree, around), MAX_EDITS):
            if kinds is not None and kind not in kinds:
                continue
            if self.exhausted:
                return None
            try:
                values = self.evaluate(changed)
            except WengertError:
                continue  # an edit that means nothing is none
            if close(values, self.expected):
                summed = bound(changed) - bound(tree)
                if kind == "missing sum" and summed:
                    return Diagnosis(kind, f"the sum over {' and '.join(sorted(summed))} is missing", changed)
                if kind == "factor" and (ratio := ratio_of(self.expected, self.values)) is not None:
                    return Diagnosis(kind, times_too_large(ratio), changed)
                return _said(kind, corrected=changed)
        return None


def bound(tree: Expr) -> set[str]:
    """The letters over which an expression sums."""
    return {letter for part in walk(tree) if isinstance(part, BigOp) for letter in part.letters}


def times_too_large(ratio: float) -> str:
    """How a value that is `ratio` times the right one is said."""
    return f"a factor is wrong: it is {Fraction(ratio).limit_denominator(1000)} times what it should be"


def added(parts: Sequence[Sequence[Array]]) -> list[Array]:
    """The sum of several values at every point."""
    return [sum(values[1:], values[0]) for values in map(list, zip(*parts, strict=True))]


def ratio_of(values: Sequence[Array], expected: Sequence[Array]) -> float | None:
    """The number by which all entries at all points differ, if there is one."""
    if len(values) != len(expected) or any(np.shape(v) != np.shape(e) for v, e in zip(values, expected, strict=True)):
        return None
    above = np.concatenate([np.ravel(e) for e in expected])
    below = np.concatenate([np.ravel(v) for v in values])
    if not len(below) or not np.all(np.isfinite(below)) or np.any(below == 0):
        return None
    ratios = above / below
    return float(ratios[0]) if np.allclose(ratios, ratios[0], rtol=1e-9, atol=0) else None


def is_activation(node: Node) -> bool:
    """Whether a node is a function of one input, entry by entry, with a slope."""
    return (
        node.op.kind == "elementwise"
        and node.op.arity == 1
        and node.op.partials is not None
        and node.op.name in OPS
        and node.op.notation.fixity == "function"
    )


def passed_through(line: Node, function: Node) -> Node:
    """The line with one function taken for the identity."""

    def define(node: Node, inputs: tuple[Node, ...]) -> Node:
        if node is function:
            return inputs[0]
        return node if inputs == node.inputs else Node(node.op, inputs, node.params, node.type, node.source)

    return _mapped(line, define)


def held_uses(line: Node, leaf: Node) -> Iterator[tuple[Use, ...]]:
    """Uses of a leaf, or of one value that depends on it, that may be held: all subsets where there are few, else one at a time."""
    order = topological([line])
    moving = {leaf}
    for node in order:
        if any(x in moving for x in node.inputs):
            moving.add(node)
    for value in moving:
        uses = [(node, k) for node in order for k, x in enumerate(node.inputs) if x is value]
        if len(uses) > 1:
            sizes = range(1, len(uses)) if len(uses) <= FEW_USES else (1,)
            for size in sizes:
                yield from itertools.combinations(uses, size)


def held_name(k: int) -> str:
    """The name of the input that stands for a held value."""
    return f"held {k}"


def with_held(line: Node, held: Sequence[Use]) -> Node:
    """The line with inputs of some of its nodes as values of their own."""
    known = {(user, place): input_node(held_name(k), user.inputs[place].type) for k, (user, place) in enumerate(held)}

    def define(node: Node, inputs: tuple[Node, ...]) -> Node:
        new = tuple(known.get((node, k), x) for k, x in enumerate(inputs))
        return node if new == node.inputs else Node(node.op, new, node.params, node.type, node.source)

    return _mapped(line, define)


def _mapped(line: Node, define: Callable[[Node, tuple[Node, ...]], Node]) -> Node:
    inputs = tuple(n for n in topological([line]) if n.op.name == "input")
    return map_graph(Graph(inputs, (line,)), define).outputs[0]


def surroundings(system: System, left: Expr, tree: Expr, children: Sequence[str]) -> Surroundings:
    """What edits of a right side may put in; `children` are the quantities whose signals come in."""
    letters = letters_of([left, tree])
    signals = tuple(Ref(name, barred=True) for name in system.quantities)
    incoming = [ref for child in children for ref in _entries(system, child, letters)]
    ranks = {name: q.type.rank for q in system.quantities.values() for name in (q.name, q.whole, q.indexed)}

    def rank(ref: Ref) -> int:
        return ranks.get(ref.name, 0)

    return Surroundings(letters, signals, tuple(incoming), rank)


def _entries(system: System, name: str, letters: Sequence[str]) -> Iterator[Ref]:
    """The signal of a quantity: whole where a line has no indices, else its entries at letters of the line."""
    quantity = system.quantities[name]
    if not letters:
        yield Ref(quantity.whole or name, barred=True)
        return
    known = tuple(dict.fromkeys((*letters, *quantity.letters)))
    for chosen in itertools.permutations(known, quantity.type.rank):
        yield Ref(name, tuple(map(Index, chosen)) or None, barred=True)
