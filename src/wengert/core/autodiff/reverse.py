"""Reverse mode: v̄ = Σ_{u ∈ Ch(v)} ū ∂u/∂v, from the outputs back, one walk. It knows no array and no printing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from wengert.core.autodiff import slopes
from wengert.core.autodiff.deferred import Deferred, together
from wengert.core.autodiff.growth import is_singular
from wengert.core.autodiff.masks import Mask, either, given
from wengert.core.autodiff.passing import back_through, of_body
from wengert.core.ir.graph import Node
from wengert.core.ir.types import TapeType, TupleType
from wengert.core.ir.walk import topological
from wengert.core.ops.control import Cotangents, add_signals
from wengert.core.ops.piecewise import stop_gradient
from wengert.core.ops.squares import is_over_powers, passes, raised, root
from wengert.errors import GraphError

Use = tuple[Node | None, Node]
"""(u, ū ∂u/∂v): a child and what it adds to the bar of v; the child is None for a given cotangent. Where v has several
results, the children are its items."""


@dataclass(frozen=True, slots=True, eq=False)
class Adjoints:
    """The bars of a backward pass, and for each of them what it was added from."""

    bars: dict[Node, Node] = field(default_factory=dict[Node, Node])
    """v̄ for every node v that has one result and a bar, in the order of the backward pass."""
    contributions: dict[Node, list[Use]] = field(default_factory=dict[Node, list[Use]])
    """For v: a `Use` for each use of v in a child u, in topological order of u."""
    masks: dict[Node, Mask | None] = field(default_factory=dict[Node, "Mask | None"])
    """Where the bar of a node may be something (see `masks`); None, everywhere."""


def vjp(
    outputs: Sequence[Node],
    inputs: Sequence[Node],
    cotangents: Sequence[Node | None],
    *,
    stop: Collection[Node] = (),
    masked: bool = False,
    certain: bool = False,
) -> list[Node | None]:
    """x̄ = Jᵀ ȳ for each input x; None where it is zero. See `contributions`."""
    bars = contributions(outputs, inputs, cotangents, stop=stop, masked=masked, certain=certain).bars
    return [bars.get(node) for node in inputs]


def contributions(
    outputs: Sequence[Node],
    inputs: Sequence[Node],
    cotangents: Sequence[Node | None],
    *,
    stop: Collection[Node] = (),
    masked: bool = False,
    certain: bool = False,
    masks: Sequence[Mask | None] | None = None,
) -> Adjoints:
    """The backward pass with the cotangents ȳ of the outputs, as far as the inputs need it.

    An input may be an interior node; bars go through it to inputs above, unless it is in `stop`, whose nodes are taken
    as independent. Contributions are added in topological order of the children. With `masked`, a bar that is nothing
    stays nothing beside an infinite partial (see `masks`); without it the rules are the plain products that a reader expects.
    `certain` says that all of the cotangents was asked for, zeros as well; `masks` are theirs, where they are known.

    Raises GraphError where a cotangent's type is not its output's.
    """
    order = topological(outputs, stop)
    active = _needed(order, inputs, stop)
    found = _given(outputs, cotangents, active)
    result = Adjoints()
    marks = CotangentMarks(active) if masked else None
    if marks is not None:
        known = [None] * len(outputs) if certain else masks
        marks.begin(found, None if known is None else _by_output(outputs, cotangents, known))
    for node in reversed(order):
        if node not in found:
            continue
        # Children were met last first; their order is restored, and within a child the order of its inputs is kept.
        uses = result.contributions[node] = _in_order(found.pop(node))
        if not isinstance(node.type, TupleType):
            bar = add_signals([value for _, value in uses])
            assert bar is not None
            result.bars[node] = bar
        if marks is not None:
            result.masks[node] = marks.arrived(node)
        if node in stop or not any(parent in active for parent in node.inputs):
            continue
        values, leaving, waiting = _signals(node, result, active, marks)
        for parent, value in zip(node.inputs, values, strict=True):
            if value is not None and parent in active:
                found.setdefault(parent, []).append((node, value))
        if marks is not None:
            marks.passed(node, result.masks[node], values, leaving)
            marks.wait(node, values, waiting)
    return result


def _signals(
    node: Node, result: Adjoints, active: set[Node], marks: CotangentMarks | None
) -> tuple[Sequence[Node | None], Sequence[bool], Sequence[Sequence[Deferred]]]:
    """What a node adds to the bar of each of its inputs; of a node with several results, which of it may be nothing in places; and
    which of it is a product that waits."""
    if isinstance(node.type, TupleType):
        bars = _by_result(node.type, result.contributions[node])
        masks = [None] * len(bars) if marks is None else marks.of_results(node, len(bars))
        given = Cotangents(bars, [parent in active for parent in node.inputs], masks, [])
        return node.op.vjp(node, given), given.leaving, ()
    bar = result.bars[node]
    if marks is None:
        return node.op.vjp(node, bar), (), ()
    values, waiting = slopes.vjp(
        node,
        bar,
        result.masks[node],
        steep=node in marks.steep or node in marks.rooted,
        degree=marks.degree(node),
        arrived=marks.terms(node, len(result.contributions[node])),
    )
    return values, (), waiting


class CotangentMarks:
    """What is known of the bars of a backward pass: their masks, and which of them may be infinite."""

    def __init__(self, active: Collection[Node]) -> None:
        self.active = active
        self.masks: dict[Node, list[Mask | None]] = {}
        """What has arrived at a node."""
        self.results: dict[Node, dict[int, list[Mask | None]]] = {}
        """What has arrived at each result of a node that has several."""
        self.steep: set[Node] = set()
        """The nodes whose bar may be infinite, where it has passed a singular partial."""
        self.deferred: dict[Node, list[tuple[Node, Sequence[Deferred]]]] = {}
        """What each child added, and its terms, where they are products that wait."""
        self.rooted: dict[Node, float] = {}
        """The bars that are infinite where all squares under a root are 0 (see `ops.squares`), with the least exponent of the roots."""

    def begin(self, found: Mapping[Node, list[Use]], known: Mapping[Node, list[Mask | None]] | None) -> None:
        """The masks of the given cotangents: those that are known, else by value."""
        for y, uses in found.items():
            if known is not None or isinstance(y.type, TupleType | TapeType):
                self.masks[y] = list((known or {}).get(y, [None]))
            else:
                self.masks[y] = [given(value) for _, value in uses]

    def arrived(self, node: Node) -> Mask | None:
        """The mask of the bar of a node, all of whose uses have been met."""
        return either(self.masks.pop(node, []))

    def of_results(self, node: Node, count: int) -> list[Mask | None]:
        """The mask of the bar of each result of a node that has several."""
        found = self.results.pop(node, {})
        return [either(found.get(k, [])) for k in range(count)]

    def passed(self, node: Node, mask: Mask | None, values: Sequence[Node | None], leaving: Sequence[bool]) -> None:
        """Note what a node adds to the bars of its inputs.

        Under a root a sum passes the mark on, a power that is high enough ends it, and any other op has an infinite bar to deal with.
        """
        there = [v if x in self.active else None for v, x in zip(values, node.inputs, strict=True)]
        if any(isinstance(x.type, TupleType) for x in node.inputs):
            (parent,) = node.inputs
            self.results.setdefault(parent, {}).setdefault(node.params["index"], []).append(mask)
            return
        parts = of_body(there, leaving) if isinstance(node.type, TupleType) else back_through(node, mask, there)
        for parent, value, part in zip(node.inputs, there, parts, strict=True):
            if value is not None:
                self.masks.setdefault(parent, []).append(part)
        power = root(node)
        starts = is_over_powers(node)
        for k, (parent, value) in enumerate(zip(node.inputs, there, strict=True)):
            if value is None:
                continue
            if power is not None and starts and k == 0:
                self._root(parent, power)
            elif node in self.rooted and node not in self.steep and passes(node, k):
                self._root(parent, self.rooted[node])
            elif node in self.steep or is_singular(node) or (node in self.rooted and self.degree(node) is None):
                self.steep.add(parent)

    def wait(self, node: Node, values: Sequence[Node | None], waiting: Sequence[Sequence[Deferred]]) -> None:
        """Note which of what a node sends on are products that wait."""
        for k, (x, value) in enumerate(zip(node.inputs, values, strict=False)):
            if value is not None and x in self.active:
                self.deferred.setdefault(x, []).append((value, waiting[k] if waiting else ()))

    def terms(self, node: Node, uses: int) -> Sequence[Deferred]:
        """What arrives at a node as terms that wait; `uses` says how many parts there are."""
        parts = self.deferred.pop(node, [])
        return together(parts) if len(parts) == uses else ()

    def degree(self, node: Node) -> float | None:
        """Of a power whose bar is infinite only where a root of such powers is least: the degree of the root by its base, at least 1."""
        if node not in self.rooted or node in self.steep:
            return None
        power = raised(node)
        degree = 0.0 if power is None else power[1] * self.rooted[node]
        return degree if degree >= 1 else None

    def _root(self, parent: Node, exponent: float) -> None:
        self.rooted[parent] = min(exponent, self.rooted.get(parent, exponent))


def _by_result(type: TupleType, uses: Sequence[Use]) -> list[Node | None]:
    """The bar of each result of a node, from the items that read it."""
    found = [list[Node | None]() for _ in type.items]
    for item, value in uses:
        assert item is not None
        index: int = item.params["index"]
        found[index].append(value)
    return [add_signals(values) for values in found]


def _by_output(
    outputs: Sequence[Node], cotangents: Sequence[Node | None], masks: Sequence[Mask | None]
) -> dict[Node, list[Mask | None]]:
    """The masks of the cotangents of each node, which may be several outputs: a carry and what is stacked."""
    found: dict[Node, list[Mask | None]] = {}
    for y, bar, mask in zip(outputs, cotangents, masks, strict=True):
        if bar is not None:
            found.setdefault(y, []).append(mask)
    return found


def _given(outputs: Sequence[Node], cotangents: Sequence[Node | None], active: set[Node]) -> dict[Node, list[Use]]:
    """The cotangents of the outputs that the inputs reach."""
    found: dict[Node, list[Use]] = {}
    for output, cotangent in zip(outputs, cotangents, strict=True):
        if cotangent is not None and cotangent.type != output.type:
            raise GraphError(
                "The cotangent of an output has another type than the output.",
                f"  the output is {output.type}, the cotangent {cotangent.type}",
                "Give a cotangent of its output's shape and dtype.",
            )
        if cotangent is not None and output in active:
            found.setdefault(output, []).append((None, cotangent))
    return found


def _needed(order: Sequence[Node], inputs: Sequence[Node], stop: Collection[Node]) -> set[Node]:
    reached = set(inputs)
    for node in order:
        if node in stop or not node.type.is_float or node.op is stop_gradient:
            continue
        if any(parent in reached for parent in node.inputs):
            reached.add(node)
    return reached


def _in_order(uses: list[Use]) -> list[Use]:
    if len(uses) == 1:
        return uses
    groups: list[list[Use]] = []
    for use in uses:
        if groups and groups[-1][0][0] is use[0]:
            groups[-1].append(use)
        else:
            groups.append([use])
    given = [group for group in groups if group[0][0] is None]
    children = [group for group in groups if group[0][0] is not None]
    return [use for group in given + children[::-1] for use in group]
