"""Reverse mode: v̄ = Σ_{u ∈ Ch(v)} ū ∂u/∂v, from the outputs back, one walk. It knows no array and no printing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from wengert.autodiff import weighing
from wengert.errors import GraphError
from wengert.ir.graph import Node
from wengert.ir.walk import topological
from wengert.ops.kinds import add_all

Use = tuple[Node | None, Node]
"""(u, ū ∂u/∂v): a child and what it adds to the bar of v; the child is None for a given cotangent."""


@dataclass(frozen=True, slots=True, eq=False)
class Adjoints:
    """The bars of a backward pass, and for each of them what it was added from."""

    bars: dict[Node, Node] = field(default_factory=dict[Node, Node])
    """v̄ for every node v that has one, in the order of the backward pass."""
    contributions: dict[Node, list[Use]] = field(default_factory=dict[Node, list[Use]])
    """For v: a `Use` for each use of v in a child u, in topological order of u."""


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
) -> Adjoints:
    """The backward pass with the cotangents ȳ of the outputs, as far as the inputs need it.

    An input may be an interior node; bars go through it to inputs above, unless it is in `stop`, whose nodes are taken
    as independent. Contributions are added in topological order of the children. With `weigh`, a zero bar annihilates an
    infinite partial (see `weighing`); without it the rules are the plain products that a reader expects.

    Raises GraphError where a cotangent's type is not its output's.
    """
    order = topological(outputs, stop)
    active = _needed(order, inputs, stop)
    found = _given(outputs, cotangents, active)
    doubtful = {y for y, uses in found.items() if any(weighing.may_be_zero(g) for _, g in uses)}
    result = Adjoints()
    for node in reversed(order):
        if node not in found:
            continue
        # Children were met last first; their order is restored, and within a child the order of its inputs is kept.
        uses = _in_order(found.pop(node))
        bar = add_all([value for _, value in uses])
        assert bar is not None
        result.bars[node] = bar
        result.contributions[node] = uses
        if node in stop or not any(parent in active for parent in node.inputs):
            continue
        values = weighing.vjp(node, bar, node in doubtful) if weigh else node.op.vjp(node, bar)
        spreads = weigh and (node in doubtful or weighing.may_mask(node))
        for parent, value in zip(node.inputs, values, strict=True):
            if value is not None and parent in active:
                found.setdefault(parent, []).append((node, value))
                if spreads:
                    doubtful.add(parent)
    return result


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
        if node not in stop and node.type.is_float and any(parent in reached for parent in node.inputs):
            reached.add(node)
    return reached


def _in_order(uses: list[Use]) -> list[Use]:
    groups: list[list[Use]] = []
    for use in uses:
        if groups and groups[-1][0][0] is use[0]:
            groups[-1].append(use)
        else:
            groups.append([use])
    given = [group for group in groups if group[0][0] is None]
    children = [group for group in groups if group[0][0] is not None]
    return [use for group in given + children[::-1] for use in group]
