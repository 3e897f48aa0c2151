"""Random points of a system at which claims are judged: every quantity's value, every error signal, and what an author has stated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from wengert.autodiff.reverse import vjp
from wengert.derive.backward import influence
from wengert.derive.outside import GIVEN
from wengert.derive.verify import concrete, distinct_sizes, draw_point
from wengert.ir.graph import Graph, Node, input_node
from wengert.ir.system import System, bar, is_bar
from wengert.ir.walk import topological
from wengert.ops.evaluate import evaluate

Array = Any
SMALLEST = 5
"""No axis is shorter, so that a factor 2, 3 or 4 is not taken for the size of an axis."""
CLOSE = 1e-8
"""Largest difference of two values that are equal, relative to the larger one."""

Adjust = Callable[[dict[str, Array]], None]


def claim_sizes(system: System) -> dict[str, int]:
    """A size for every named size, all different."""
    return distinct_sizes(system, SMALLEST)


@dataclass(frozen=True)
class Chain:
    """How error signals follow from each other: for each quantity, its children and the contribution ū ∂u/∂v of each, as a node."""

    system: System
    loss: str
    given: bool = False
    """Whether the signal of the loss is a letter that stands for anything, and not 1."""
    outside: tuple[str, ...] = ()
    """Quantities that have a signal from outside as well."""

    @cached_property
    def contributions(self) -> Mapping[str, Mapping[str, Node]]:
        """By quantity, by child."""
        found: dict[str, dict[str, Node]] = {name: {} for name in self.system.quantities}
        below = influence(self.system, self.loss)
        for line in self.system.lines:
            if line.name not in below or not line.node.type.is_float:
                continue
            for name in self.system.parents(line.name):
                node = self.contribution(name, line.name, line.node)
                if node is not None:
                    found[name][line.name] = node
        return found

    def backwards(self) -> list[str]:
        """The quantities other than the loss, each after its children."""
        order = [line.name for line in reversed(self.system.lines)]
        return [name for name in (*order, *self.system.inputs) if name != self.loss]

    def contribution(self, name: str, child: str, line: Node) -> Node | None:
        """ū ∂u/∂v for one line u; None where v is no real number or does not move it."""
        leaf = self.system.leaves[name]
        if not leaf.type.is_float:
            return None
        signal = input_node(bar(child), line.type)
        (result,) = vjp([line], [leaf], [signal], weigh=True)
        return result


@dataclass
class Point:
    """The values at one point: `truth` holds every quantity and every true error signal, `author` what the author has stated instead."""

    chain: Chain
    sizes: Mapping[str, int]
    truth: dict[str, Array] = field(default_factory=dict[str, Array])
    author: dict[str, Array] = field(default_factory=dict[str, Array])
    stated: set[str] = field(default_factory=set[str])

    def value(self, node: Node, env: Mapping[str, Array] | None = None) -> Array:
        """The value of a node over quantities and error signals; the author's by default."""
        env = self.author if env is None else env
        graph = concrete(Graph(tuple(n for n in topological([node]) if n.op.name == "input"), (node,)))
        with np.errstate(all="ignore"):
            (found,) = evaluate(graph, {name: env[name] for name in graph.input_names}, self.sizes)
        return np.asarray(found)

    def state(self, name: str, value: Array) -> None:
        """Take what the author says; signals of which he has said nothing follow from those of which he has."""
        self.author[name] = value
        self.stated.add(name)
        if not is_bar(name):
            return
        for each in self.chain.backwards():
            if bar(each) not in self.stated:
                self.author[bar(each)] = self.follows(each)

    def follows(self, name: str, env: Mapping[str, Array] | None = None) -> Array:
        """v̄ = Σ_u ū ∂u/∂v, from the author's signals by default."""
        env = self.author if env is None else env
        if name == self.chain.loss:
            return self.truth[bar(name)]
        parts = [self.value(node, env) for node in self.chain.contributions[name].values()]
        if name in self.chain.outside:
            parts.append(env[GIVEN + name])
        return sum(parts[1:], parts[0]) if parts else np.zeros(np.shape(env[name]))


def draw(chain: Chain, rng: Any, adjust: Adjust | None = None) -> Point:
    """A point at which every line is finite, with all its true error signals; `adjust` changes the inputs that were drawn.

    Raises CheckError where there is none.
    """
    system, sizes = chain.system, claim_sizes(chain.system)
    inputs = draw_point(system, rng, sizes)
    if adjust is not None:
        adjust(inputs)
    point = Point(chain, sizes)
    order = tuple(line.name for line in system.lines)
    values = evaluate(concrete(system.graph(order)), inputs, sizes)
    env = point.truth
    env.update(inputs)
    env.update(zip(order, map(np.asarray, values), strict=True))
    loss = np.shape(env[chain.loss])
    env[bar(chain.loss)] = np.asarray(1.0) if not (loss or chain.given) else np.asarray(rng.normal(size=loss))
    for name in chain.outside:
        env[GIVEN + name] = np.asarray(rng.normal(size=np.shape(env[name])))
    for name in chain.backwards():
        env[bar(name)] = point.follows(name, env)
    point.author = dict(env)
    return point


def close(values: Sequence[Array], expected: Sequence[Array]) -> bool:
    """Whether arrays are equal at every point, up to rounding."""
    return all(_close(np.asarray(a), np.asarray(b)) for a, b in zip(values, expected, strict=True))


def _close(a: Array, b: Array) -> bool:
    if a.shape != b.shape:
        return False
    if not (np.all(np.isfinite(a)) and np.all(np.isfinite(b))):
        return bool(np.array_equal(a, b, equal_nan=True))
    scale = max(np.max(np.abs(a), initial=0.0), np.max(np.abs(b), initial=0.0))
    return bool(np.max(np.abs(a - b), initial=0.0) <= CLOSE * scale) or scale < 1e-200
