"""The chain rule v̄ = Σ_u ū ∂u/∂v with one thing left out, compared with what an author has: which path, which use, which factor."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from wengert.core.ir.graph import Graph, Node, input_node
from wengert.core.ir.names import bar, is_bar
from wengert.core.ir.op import OPS
from wengert.core.ir.walk import map_graph, topological
from wengert.errors import EquationError
from wengert.notes.claims.kinds import Diagnosis, said
from wengert.notes.claims.outside import GIVEN
from wengert.notes.claims.points import ClaimPoint, SignalChain, close

Array = Any
MAX_PARTS = 8
"""Of more contributions, subsets are not tried."""
FEW_USES = 4
"""Of so many uses of one value, all subsets are tried."""
FEW_ENTRIES = 100
"""Of so many entries of a quantity each is moved alone."""

MAX_FLIPPED = 4
"""Of quantities with more axes none is turned round."""

Use = tuple[Node, int]
"""A node that uses a value, and at which place."""


@dataclass(frozen=True)
class Omissions:
    """What was left out of the chain rule for the signal of `name`, if that gives the values which an author has."""

    points: Sequence[ClaimPoint]
    name: str
    values: Sequence[Array]
    expected: Sequence[Array]
    said: Callable[[list[Array]], list[Array]]
    """What a line says of values: at steps that it leaves out they are as expected."""
    exhausted: Callable[[], bool]

    def first(self) -> Diagnosis | None:
        """The first thing whose omission explains the values."""
        if self.name == self.chain.loss or not self.nodes:
            return None
        return (
            self.without_paths()
            or self.without_signal()
            or self.without_activation()
            or self.without_use()
            or self.without_factor()
            or self.without_slope()
            or self.only_diagonal()
            or self.flipped()
        )

    @cached_property
    def chain(self) -> SignalChain:
        return self.points[0].chain

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        """The contribution of each child."""
        return self.chain.contributions[self.name]

    @cached_property
    def parts(self) -> dict[str, list[Array]]:
        """The values of the contributions, by child; that of a signal from outside under the signal's own name."""
        found = {child: [point.value(node) for point in self.points] for child, node in self.nodes.items()}
        if self.name in self.chain.outside:
            found[f"{self.name} outside"] = [point.truth[GIVEN + self.name] for point in self.points]
        return found

    def with_part(self, child: str, values: Sequence[Array]) -> list[Array]:
        """The sum of the contributions with other values for that of one child."""
        others = [found for other, found in self.parts.items() if other != child]
        return added([values, *others])

    def explains(self, found: Sequence[Array]) -> bool:
        """Whether these values, which are not the right ones, are those of the author."""
        found = self.said(list(found))
        return close(self.values, found) and not close(found, self.expected)

    def without_paths(self) -> Diagnosis | None:
        names = list(self.parts)
        if not 1 < len(names) <= MAX_PARTS:
            return None
        for size in range(len(names) - 1, 0, -1):
            for kept in itertools.combinations(names, size):
                if self.explains(added([self.parts[n] for n in kept])):
                    return said("missing path", [n for n in names if n not in kept])
        return None

    def without_signal(self) -> Diagnosis | None:
        """The contributions with 1 in place of the incoming signals."""
        found: list[Array] = []
        for point in self.points:
            env = point.everything()
            for child in self.nodes:
                env[bar(child)] = np.ones_like(env[bar(child)])
            found.append(sum(point.value(node, env) for node in self.nodes.values()))
        return said("no incoming signal") if self.explains(found) else None

    def without_activation(self) -> Diagnosis | None:
        """The chain rule through lines in which one function is taken for the identity when it is differentiated."""
        for child in self.nodes:
            line = self.chain.system.line(child).node
            for node in topological([line]):
                if not is_activation(node) or self.exhausted():
                    continue
                changed = self.chain.contribution(self.name, child, passed_through(line, node))
                if changed is None:
                    continue
                if self.explains(self.with_part(child, [point.value(changed) for point in self.points])):
                    function = node.op.notation.unicode
                    return Diagnosis("activation derivative", f"the derivative of {function} is lost")
        return None

    def without_slope(self) -> Diagnosis | None:
        """The incoming signal itself, where the child is a function of this quantity alone, entry by entry."""
        system = self.chain.system
        shape = np.shape(self.values[0])
        for child in self.nodes:
            if system.quantities[child].type.shape != system.quantities[self.name].type.shape:
                continue
            if tuple(system.parents(child)) != (self.name,) or system.recurrences:
                continue
            signals = [point.everything()[bar(child)] for point in self.points]
            if np.shape(signals[0]) == shape and self.explains(self.with_part(child, signals)):
                return Diagnosis("activation derivative", f"the slope of {child} as a function of {self.name} is lost")
        return None

    def without_use(self) -> Diagnosis | None:
        """The chain rule through a line in which what depends on the quantity is used several times, some of the uses held."""
        for child in self.nodes:
            line = self.chain.system.line(child).node
            for held in held_uses(line, self.chain.system.leaves[self.name]):
                if self.exhausted():
                    return None
                node = self.chain.contribution(self.name, child, with_held(line, held))
                if node is None:
                    continue
                found = [with_values(point, node, held) for point in self.points]
                if self.explains(self.with_part(child, found)):
                    return Diagnosis("missing path", f"a use of {self.name} in the line of {child} is missing")
        return None

    def without_factor(self) -> Diagnosis | None:
        """The chain rule with 1 in place of another quantity, in all contributions and in all signals not yet stated."""
        system = self.chain.system
        for other in system.quantities:
            if other == self.name or not system.quantities[other].type.is_float or self.exhausted():
                continue
            try:
                found = [with_one(point, other, self.name) for point in self.points]
            except EquationError:
                continue  # a matrix of ones that is inverted
            if self.explains(found):
                return said("missing factor", [f"1/{other}" if self.divides(other) else other])
        return None

    def divides(self, other: str) -> bool:
        """Whether what is expected is what the author has, divided by a number."""
        pairs = zip(self.values, self.expected, self.points, strict=True)
        return all(not np.shape(p.truth[other]) and close([value], [e * p.truth[other]]) for value, e, p in pairs)

    def only_diagonal(self) -> Diagnosis | None:
        """Contributions in which an entry of a child moves with the entry of the quantity at its own place only."""
        system = self.chain.system
        shape = np.shape(self.expected[0])
        if not shape or np.size(self.expected[0]) > FEW_ENTRIES or system.recurrences:
            return None
        for child, node in self.nodes.items():
            if system.quantities[child].type.shape != system.quantities[self.name].type.shape:
                continue
            first = diagonal(self.points[0], child, node)
            rest = sum((values[0] for other, values in self.parts.items() if other != child), np.zeros(shape))
            if not close([first + rest], [self.values[0]]):
                continue
            found = [first, *(diagonal(point, child, node) for point in self.points[1:])]
            if self.explains(self.with_part(child, found)):
                return said("only the diagonal", [f"{child}/∂{self.name}"])
        return None

    def flipped(self) -> Diagnosis | None:
        """The chain rule with the entries of a quantity, such as the kernel of a convolution, from the last to the first."""
        for child in self.nodes:
            for other in self.chain.system.parents(child):
                rank = self.chain.system.quantities[other].type.rank
                for axes in (a for size in range(1, rank + 1) for a in itertools.combinations(range(rank), size)):
                    if other == self.name or rank > MAX_FLIPPED or self.exhausted():
                        continue
                    found = [with_flipped(point, other, axes, self.nodes[child]) for point in self.points]
                    if self.explains(self.with_part(child, found)):
                        return said("flipped", [other])
        return None


def added(parts: Sequence[Sequence[Array]]) -> list[Array]:
    """The sum of several values at every point."""
    return [sum(values[1:], values[0]) for values in map(list, zip(*parts, strict=True))]


def with_one(point: ClaimPoint, other: str, name: str) -> Array:
    """v̄ as it follows from the author's statements if another quantity were 1 wherever the chain rule reads it."""
    loss = bar(point.chain.loss)
    known = {n: v for n, v in point.author.items() if not is_bar(n) or n in point.stated or n == loss}
    known[other] = np.ones_like(known[other])
    changed = ClaimPoint(point.chain, truth=point.truth, author=known, stated=set(point.stated))
    try:
        return changed.follows(name)
    finally:
        point.work += changed.work


def with_flipped(point: ClaimPoint, name: str, axes: tuple[int, ...], node: Node) -> Array:
    """The value of a node that reads a quantity with its entries in the other order."""
    env = point.everything()
    env[name] = np.flip(env[name], axes)
    return point.value(node, env)


def diagonal(point: ClaimPoint, child: str, node: Node) -> Array:
    """Σ ū ∂u/∂v with the diagonal of ∂u/∂v only, entry by entry."""
    env = point.everything()
    signal = env[bar(child)]
    found = np.zeros(np.shape(signal))
    for place in np.ndindex(*np.shape(signal)):
        alone = np.zeros(np.shape(signal))
        alone[place] = signal[place]
        env[bar(child)] = alone
        found[place] = point.value(node, env)[place]
    return found


def is_activation(node: Node) -> bool:
    """Whether a node is a function of one input, entry by entry, with a slope."""
    return (
        node.op.kind == "elementwise"
        and node.op.arity == 1
        and node.op.partials is not None
        and OPS.get(node.op.name) is node.op
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
    for value in (leaf, *(node for node in order if node in moving and node is not leaf)):
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


def with_values(point: ClaimPoint, node: Node, held: Sequence[Use]) -> Array:
    """The value of a node that reads held values."""
    env = point.everything()
    for k, (user, place) in enumerate(held):
        env[held_name(k)] = point.value(user.inputs[place], point.truth)
    return point.value(node, env)


def _mapped(line: Node, define: Callable[[Node, tuple[Node, ...]], Node]) -> Node:
    inputs = tuple(n for n in topological([line]) if n.op.leaf == "input")
    return map_graph(Graph(inputs, (line,)), define).outputs[0]
