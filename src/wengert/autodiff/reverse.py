"""Reverse mode: v̄ = Σ_{u ∈ Ch(v)} ū ∂u/∂v, from the outputs back, one walk. It knows no array and no printing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from wengert.autodiff import weighing
from wengert.errors import GraphError
from wengert.ir.graph import Node
from wengert.ir.types import TupleType
from wengert.ir.walk import topological
from wengert.ops.control import Cotangents, add_signals
from wengert.ops.piecewise import stop_gradient

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
    doubtful: set[Node] = field(default_factory=set[Node])
    """The nodes whose bar may hold zeros that annihilate an infinite partial (see `weighing`)."""
    steep: set[Node] = field(default_factory=set[Node])
    """The nodes whose bar may be infinite, where it has passed a singular partial."""


def vjp(
    outputs: Sequence[Node],
    inputs: Sequence[Node],
    cotangents: Sequence[Node | None],
    *,
    stop: Collection[Node] = (),
    weigh: bool = False,
) -> list[Node | None]:
    """x̄ = Jᵀ ȳ for each input x; None where it is zero. See `contributions`."""
    bars = contributions(outputs, inputs, cotangents, stop=stop, weigh=weigh).bars
    return [bars.get(node) for node in inputs]


def contributions(
    outputs: Sequence[Node],
    inputs: Sequence[Node],
    cotangents: Sequence[Node | None],
    *,
    stop: Collection[Node] = (),
    weigh: bool = False,
    certain: bool = False,
) -> Adjoints:
    """The backward pass with the cotangents ȳ of the outputs, as far as the inputs need it.

    An input may be an interior node; bars go through it to inputs above, unless it is in `stop`, whose nodes are taken
    as independent. Contributions are added in topological order of the children. With `weigh`, a zero bar annihilates an
    infinite partial (see `weighing`); without it the rules are the plain products that a reader expects. `certain` says
    that the cotangents hold no such zeros.

    Raises GraphError where a cotangent's type is not its output's.
    """
    order = topological(outputs, stop)
    active = _needed(order, inputs, stop)
    found = _given(outputs, cotangents, active)
    result = Adjoints()
    if not certain:
        result.doubtful.update(y for y, uses in found.items() if any(weighing.may_be_zero(g) for _, g in uses))
    for node in reversed(order):
        if node not in found:
            continue
        # Children were met last first; their order is restored, and within a child the order of its inputs is kept.
        uses = result.contributions[node] = _in_order(found.pop(node))
        if not isinstance(node.type, TupleType):
            bar = add_signals([value for _, value in uses])
            assert bar is not None
            result.bars[node] = bar
        if node in stop or not any(parent in active for parent in node.inputs):
            continue
        spreads = weigh and (node in result.doubtful or weighing.may_mask(node))
        steepens = weigh and (node in result.steep or weighing.is_singular(node))
        for parent, value in zip(node.inputs, _signals(node, result, active, weigh), strict=True):
            if value is not None and parent in active:
                found.setdefault(parent, []).append((node, value))
                if spreads:
                    result.doubtful.add(parent)
                if steepens:
                    result.steep.add(parent)
    return result


def _signals(node: Node, result: Adjoints, active: set[Node], weigh: bool) -> Sequence[Node | None]:
    """What a node adds to the bar of each of its inputs."""
    doubtful = node in result.doubtful
    if isinstance(node.type, TupleType):
        bars = _by_result(node.type, result.contributions[node])
        return node.op.vjp(node, Cotangents(bars, [parent in active for parent in node.inputs], doubtful))
    bar = result.bars[node]
    return weighing.vjp(node, bar, doubtful, node in result.steep) if weigh else node.op.vjp(node, bar)


def _by_result(type: TupleType, uses: Sequence[Use]) -> list[Node | None]:
    """The bar of each result of a node, from the items that read it."""
    found = [list[Node | None]() for _ in type.items]
    for item, value in uses:
        assert item is not None
        index: int = item.params["index"]
        found[index].append(value)
    return [add_signals(values) for values in found]


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
