"""Random points of a system at which claims are judged: every quantity's value, every error signal, and what an author has stated."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from wengert.core.autodiff.reverse import vjp
from wengert.core.ir.graph import Graph, Node, input_node
from wengert.core.ir.names import bar, is_bar, sequence_name, unbar
from wengert.core.ir.types import ArrayType, Dim
from wengert.core.ir.walk import topological
from wengert.core.ops.evaluate import Prepared
from wengert.core.ops.exponential import exp
from wengert.core.ops.functions import broadcast
from wengert.core.ops.products import einsum
from wengert.errors import CheckError, EquationError
from wengert.notes.claims.outside import GIVEN
from wengert.notes.derive.backward import influence
from wengert.notes.derive.random_points import concrete, distinct_sizes, draw_point
from wengert.notes.derive.recurrences import placed_array, value_at, ways
from wengert.notes.elaboration.system import SystemData

Array = Any
POINTS = 3
"""A claim is judged at so many, and at a few more where a line has kinks."""
SMALLEST = 5
"""No axis is shorter, so that a factor 2, 3 or 4 is not taken for the size of an axis."""
MAX_ENTRIES = 1 << 21
"""No array that is drawn or computed has more entries, and no product runs over more."""
FEW_ENTRIES = 1 << 16
"""Axes are made shorter where an array would have more entries."""
MAX_STEPPED = 1 << 26
"""Of a recurrence, the number of steps times the entries of its sequences is not larger."""
STEP = 1000
"""A step of a recurrence is at least as much work as so many entries."""
STEEP = 4.0
"""A larger exponent is avoided: a softmax of it is so near to 1 and 0 that differences drown in rounding."""
CALMINGS = 8
"""So many times the inputs of larger exponents are made smaller."""
CLOSE = 1e-8
"""Largest difference of two values that are equal, relative to the larger one."""

SINGULAR = (
    "A matrix that is inverted here is singular at a random point.",
    "  as is A Aᵀ where A has fewer columns than rows",
    "State the shapes of what it is made of.",
)
"""Why something with an inverse has no value."""

Adjust = Callable[[dict[str, Array]], None]


def claim_sizes(system: SystemData) -> dict[str, int]:
    """A size for every named size, all different; small ones where there are many axes.

    Raises EquationError where the numbers that the system states are too large for arrays to be drawn.
    """
    nodes = [line.node for line in system.lines]
    for smallest in (SMALLEST, 3, 2):
        names = (size.name for q in system.quantities.values() for size in q.type.shape if isinstance(size, Dim))
        check_work([*system.leaves.values(), *nodes], dict.fromkeys(names, smallest))
        sizes = distinct_sizes(system, smallest)
        if max(_axes(node, sizes)[1] for node in topological(nodes)) <= FEW_ENTRIES:
            break
    check_steps(system, sizes)
    return sizes


def check_steps(system: SystemData, sizes: Mapping[str, int]) -> None:
    """Raise EquationError where a recurrence has too many steps to be computed: its sequences are worked out at every step."""
    for loop in system.recurrences:
        leaves = {name: _axes(system.leaves[name], sizes) for name in loop.names}
        steps = max(shape[system.time[name]] for name, (shape, _) in leaves.items())
        if steps * sum(STEP + entries for _, entries in leaves.values()) > MAX_STEPPED:
            raise EquationError(
                f"A recurrence of {steps:,} steps is needed to judge this, and so many are not computed.",
                f"  {', '.join(loop.names)}",
                "Write a letter for the number of steps, as in 't = 1…T', or state a small one.",
            )


def _axes(node: Node, sizes: Mapping[str, int]) -> tuple[tuple[int, ...], int]:
    """The axes that one node runs over; those of a product are all its letters."""
    found: dict[Any, Any] = dict(enumerate(node.type.shape)) if isinstance(node.type, ArrayType) else {}
    if node.op is einsum:
        labels = zip(node.params["inputs"], node.inputs, strict=True)
        found = {label: size for own, x in labels for label, size in zip(own, x.shape, strict=True)}
    shape = tuple(sizes.get(size.name, SMALLEST) if isinstance(size, Dim) else size for size in found.values())
    return shape, math.prod(shape)


def check_work(nodes: Sequence[Node], sizes: Mapping[str, int]) -> int:
    """How many entries are computed for nodes, each node at least 100.

    Raises EquationError where one has more than is reasonable.
    """
    found = [_axes(node, sizes) for node in topological(list(nodes))]
    shape, entries = max(found, key=lambda each: each[1])
    if entries > MAX_ENTRIES:
        raise EquationError(
            f"Arrays of {entries:,} entries are needed to judge this, and more than {MAX_ENTRIES:,} are not drawn.",
            f"  {' × '.join(map(str, shape))}",
            "Name the sizes, as in ℝ^(m×n), or state small ones.",
        )
    return sum(max(100, each) for _, each in found)


@dataclass(frozen=True, eq=False)
class PreparedFormula:
    """A node over quantities and error signals, ready to be computed."""

    prepared: Prepared
    work: int
    """How many entries are computed."""

    @property
    def reads(self) -> tuple[str, ...]:
        """The names of what it is computed from."""
        return self.prepared.graph.input_names

    def value(self, system: SystemData, env: Mapping[str, Array], sizes: Mapping[str, int]) -> Array:
        """The value for those of quantities and signals."""
        given = {name: value_at(system, name, env) for name in self.reads}
        try:
            (found,) = self.prepared.values(given, sizes)
        except np.linalg.LinAlgError:
            raise EquationError(*SINGULAR) from None
        return np.asarray(found)


@dataclass(frozen=True)
class Scale:
    """With J = 1/m Σ_i L_i, signals of what has an entry for each example that are m times the true ones: those of Σ_i L_i."""

    examples: Dim
    times: str = ""
    """The number that is m; where it is "", the size of the axis."""


@dataclass(frozen=True, eq=False)
class SignalChain:
    """How error signals follow from each other: for each quantity, its children and the contribution ū ∂u/∂v of each, as a node."""

    system: SystemData
    loss: str
    given: bool = False
    """Whether the signal of the loss is a letter that stands for anything, and not 1."""
    outside: tuple[str, ...] = ()
    """Quantities that have a signal from outside as well."""
    scale: Scale | None = None

    formulas: MutableMapping[Node, PreparedFormula] = field(default_factory=WeakKeyDictionary[Node, PreparedFormula])
    readings: dict[Hashable, Node] = field(default_factory=dict[Hashable, Node])
    """The lines about the system that were read already, with what else they were read by."""

    @cached_property
    def sizes(self) -> Mapping[str, int]:
        """The size of every axis at the points.

        Raises EquationError where the arrays are too large.
        """
        return claim_sizes(self.system)

    def formula(self, node: Node) -> PreparedFormula:
        """A node made ready to be computed; once for all points, unless its constants take much memory.

        Raises EquationError where its arrays are too large.
        """
        found = self.formulas.get(node)
        if found is None:
            leaves = tuple(n for n in topological([node]) if n.op.leaf == "input")
            work = check_work([node], self.sizes)
            found = PreparedFormula(Prepared(concrete(Graph(leaves, (node,)))), work)
            if work <= FEW_ENTRIES:
                self.formulas[node] = found
        return found

    @cached_property
    def lines(self) -> Prepared:
        """All lines of the system in their order, over the inputs."""
        return Prepared(concrete(self.system.graph()))

    @cached_property
    def exponents(self) -> tuple[Prepared, frozenset[str]] | None:
        """The lines and what stands in exponents, over the inputs, and those that may be made smaller for its sake; None without any."""
        graph = self.lines.graph
        found = [n.inputs[0] for n in topological(list(graph.outputs)) if n.op is exp]
        leaves = [n for n in topological(found) if n.op.leaf == "input"]
        assumed = topological([side for pair in self.system.assumptions for side in pair])
        names = frozenset(str(n.params["name"]) for n in leaves if n.type.is_float and n not in assumed)
        return (Prepared(Graph(graph.inputs, (*graph.outputs, *found))), names) if names else None

    @cached_property
    def influence(self) -> frozenset[str]:
        """The quantities on which the loss depends, or another to which a signal comes from outside."""
        return frozenset[str]().union(*(influence(self.system, name) for name in (self.loss, *self.outside)))

    @cached_property
    def contributions(self) -> Mapping[str, Mapping[str, Node]]:
        """By quantity, by child."""
        found: dict[str, dict[str, Node]] = {name: {} for name in self.system.quantities}
        for line in self.system.lines:
            if line.name not in self.influence or not line.node.type.is_float:
                continue
            for name in self.system.parents(line.name):
                node = self.contribution(name, line.name, line.node)
                if node is not None:
                    found[name][line.name] = node
        return found

    @cached_property
    def backwards(self) -> Mapping[str, int]:
        """The quantities other than the loss, each after its children, with its place."""
        order = [line.name for line in reversed(self.system.lines)]
        names = (name for name in (*order, *self.system.inputs) if name != self.loss)
        return {name: place for place, name in enumerate(names)}

    def contribution(self, name: str, child: str, line: Node) -> Node | None:
        """ū ∂u/∂v for one line u; None where v is no real number or does not move it."""
        if not self.system.leaves[name].type.is_float:
            return None
        signal = input_node(bar(child), line.type)
        total: Node | None = None
        for leaf, way in ways(self.system, name, line):
            (result,) = vjp([line], [leaf], [signal], masked=True)
            if result is not None:
                part = placed_array(self.system, result, name, way)
                total = part if total is None else total + part
        return total if total is None else self.scaled(total, name, child)

    def counts(self, name: str) -> bool:
        """Whether a quantity has an entry for each example."""
        return self.scale is not None and self.scale.examples in self.system.quantities[name].type.shape

    def scaled(self, part: Node, name: str, child: str) -> Node:
        """ū ∂u/∂v with the signals in their scale."""
        if self.scale is None or self.counts(name) == self.counts(child):
            return part
        size = self.sizes[self.scale.examples.name]
        times = broadcast(self.system.leaves[self.scale.times], part.shape, ()) if self.scale.times else size
        return part * times if self.counts(name) else part / times


@dataclass
class ClaimPoint:
    """The values at one point: `truth` holds every quantity and every true error signal, `author` what the author has stated instead.

    Signals of which the author has said nothing follow from those of which he has; they are worked out where they are read.
    """

    chain: SignalChain
    truth: dict[str, Array] = field(default_factory=dict[str, Array])
    author: dict[str, Array] = field(default_factory=dict[str, Array])
    work: int = 0
    """How many entries were computed so far; each node counts as 100 or more."""
    stated: set[str] = field(default_factory=set[str])

    def value(self, node: Node, env: Mapping[str, Array] | None = None) -> Array:
        """The value of a node over quantities and error signals; the author's by default.

        Raises EquationError where its arrays are too large.
        """
        formula = self.chain.formula(node)
        self.work += formula.work
        if env is None:
            self.complete(map(sequence_name, formula.reads))
            env = self.author
        return formula.value(self.chain.system, env, self.chain.sizes)

    def knows(self, node: Node, env: Mapping[str, Array]) -> bool:
        """Whether there is a value of all that a node reads; the signal of a loss that no equation has is none."""
        return all(name in env or sequence_name(name) in env for name in self.chain.formula(node).reads)

    def state(self, name: str, value: Array) -> None:
        """Take what the author says; the signals that follow from it are not known any more."""
        self.author[name] = value
        self.stated.add(name)
        changed = [unbar(name)] if is_bar(name) else []
        while changed:
            child = changed.pop()
            for parent in self.chain.system.parents(child) if self.chain.system.defines(child) else ():
                known = bar(parent) in self.stated or parent == self.chain.loss
                if not known and self.author.pop(bar(parent), None) is not None:
                    changed.append(parent)

    def complete(self, names: Iterable[str]) -> None:
        """Work out the signals among some names that follow from others."""
        missing: set[str] = set()
        waiting = [name for name in names if is_bar(name) and name not in self.author]
        while waiting:
            name = unbar(waiting.pop())
            if name not in self.chain.contributions:
                raise EquationError(
                    f"The error signal of '{name}' is not known here.",
                    f"  {', '.join(self.chain.contributions)}",
                    "Write the signal of one of the quantities in the equations.",
                )
            if name not in missing:
                missing.add(name)
                children = self.chain.contributions[name]
                waiting += [bar(child) for child in children if bar(child) not in self.author]
        self.settle(sorted(missing, key=self.chain.backwards.__getitem__), self.author)

    def settle(self, names: Sequence[str], env: dict[str, Array]) -> None:
        """Work out the signals of quantities, each after those of its children; those of a recurrence step by step from the last."""
        loops = {name: loop.names for loop in self.chain.system.recurrences for name in loop.names}
        for name in names:
            if name not in loops:
                env[bar(name)] = self.follows(name, env)
            elif bar(name) not in env or env is self.truth:
                members = [each for each in names if each in loops[name]]
                if name == members[0]:
                    self.settle_loop(members, env)

    def settle_loop(self, names: Sequence[str], env: dict[str, Array]) -> None:
        for name in names:
            env[bar(name)] = np.zeros(np.shape(env[name]))
        for _ in range(np.shape(env[names[0]])[self.chain.system.time[names[0]]]):
            for name in names:
                env[bar(name)] = self.follows(name, env)

    def everything(self) -> dict[str, Array]:
        """All values, as the author has stated them or as they follow."""
        self.complete(map(bar, self.chain.backwards))
        return dict(self.author)

    def follows(self, name: str, env: Mapping[str, Array] | None = None) -> Array:
        """v̄ = Σ_u ū ∂u/∂v, from the author's signals by default."""
        if name == self.chain.loss:
            return self.truth[bar(name)]
        parts = [self.value(node, env) for node in self.chain.contributions[name].values()]
        if name in self.chain.outside:
            parts.append(self.truth[GIVEN + name])
        return sum(parts[1:], parts[0]) if parts else np.zeros(np.shape(self.truth[name]))


def draw(chain: SignalChain, rng: Any, adjust: Adjust | None = None) -> ClaimPoint:
    """A point at which every line is finite, with all its true error signals; `adjust` changes the inputs that were drawn.

    Raises CheckError where there is none, EquationError where the arrays are too large.
    """
    system, sizes = chain.system, chain.sizes
    order = tuple(line.name for line in system.lines)
    values: tuple[Array, ...] = ()

    def lines(inputs: Mapping[str, Array]) -> tuple[Array, ...]:
        nonlocal values
        values = chain.lines.values(inputs, sizes)
        return values

    try:
        drawn = draw_point(system, rng, sizes, lines)
        inputs = calmed(chain, drawn)
        if adjust is not None:
            adjust(inputs)
        if adjust is not None or inputs is not drawn:
            lines(inputs)
    except np.linalg.LinAlgError:
        raise CheckError(*SINGULAR) from None
    point = ClaimPoint(chain)
    env = point.truth
    env.update(inputs)
    env.update(zip(order, map(np.asarray, values), strict=True))
    shape = np.shape(env[chain.loss])
    env[bar(chain.loss)] = np.asarray(rng.normal(size=shape)) if chain.given else np.ones(shape)
    for name in chain.outside:
        env[GIVEN + name] = np.asarray(rng.normal(size=np.shape(env[name])))
    point.settle(tuple(chain.backwards), env)
    point.author = dict(env)
    return point


def calmed(chain: SignalChain, inputs: dict[str, Array]) -> dict[str, Array]:
    """The inputs, smaller where an exponent would be large, as long as all lines are finite."""
    if chain.exponents is None:
        return inputs
    prepared, names = chain.exponents
    lines = len(chain.system.lines)
    smaller = inputs
    for _ in range(CALMINGS):
        found = prepared.values(smaller, chain.sizes)
        if not all(np.all(np.isfinite(value)) for value in found):
            return inputs
        if max(float(np.max(np.abs(value), initial=0.0)) for value in found[lines:]) <= STEEP:
            break
        smaller = {name: 0.7 * value if name in names else value for name, value in smaller.items()}
    return smaller


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
