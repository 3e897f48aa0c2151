"""Derivatives that stand inside a line: ∂u/∂v of one line of a system, and ∂/∂v (…) of an expression."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wengert.core.autodiff.reverse import vjp
from wengert.core.autodiff.transforms import jacobian
from wengert.core.ir.graph import Graph, Node, apply, constant
from wengert.core.ir.names import is_bar
from wengert.core.ir.walk import substitute, topological
from wengert.errors import GraphError
from wengert.notes.elaboration.context import KIND_OF_RANK
from wengert.notes.elaboration.kinds import Mismatch
from wengert.notes.elaboration.system import SystemData
from wengert.notes.elaboration.values import Val
from wengert.notes.notation.expr import Call, Derive, Expr, Index, Partial, Ref

KINDS = {("s", "s"): "s", ("c", "s"): "c", ("s", "c"): "c", ("c", "c"): "m", ("s", "m"): "m", ("m", "s"): "m"}
"""The kind of ∂u/∂v for the kinds of u and v where both stand whole: a vector by a vector has a row an entry of u."""


MAX_NESTED = 4
"""Derivatives of derivatives grow by a factor with every level."""


class LocalDerivatives:
    """The meaning of ∂u/∂v and ∂/∂v (…) in lines about a system."""

    def __init__(self, system: SystemData) -> None:
        self.system = system

    def __call__(self, meaning: Any, tree: Partial | Derive | Call) -> Val:
        if isinstance(tree, Call):
            value: Val = meaning.number(tree.args[0])
            for link in tree.args[1:]:
                assert isinstance(link, Partial)
                value = self.sent_back(meaning, value, link)
            return value
        below = tree.denominator
        if nested(tree) > MAX_NESTED:
            raise GraphError(
                f"Derivatives nest deeper than {MAX_NESTED} levels here.",
                f"  they are {nested(tree)} deep",
                "Give the inner derivative a line of its own.",
            )
        if not isinstance(below, Ref) or below.barred:
            raise Mismatch(below, "A derivative is by a quantity.", "Write:  ∂u/∂v")
        name = meaning.context.resolve(below.name)
        if name not in self.system.quantities:
            known = ", ".join(self.system.quantities)
            raise Mismatch(below, f"'{below.name}' is not defined.", f"Write one of the quantities:  {known}")
        above = tree.numerator if isinstance(tree, Partial) else tree.body
        for other, part in meaning.context.names_in([above]):
            if other not in meaning.context.axes and other not in meaning.context.size_names:
                raise Mismatch(part, f"'{part.name}' is not defined.", "Write the derivative of a quantity:  ∂u/∂v")
        return self.derivative(meaning, tree, meaning.number(above), below, name, alone=isinstance(tree, Partial))

    def sent_back(self, meaning: Any, signal: Val, link: Partial) -> Val:
        """Σ ū ∂u/∂v for a signal of u, what the line of u reads held unless it does not read v at all."""
        above, below = link.numerator, link.denominator
        assert isinstance(above, Ref)
        assert isinstance(below, Ref)
        context, system = meaning.context, self.system
        u, v = context.resolve(above.name), context.resolve(below.name)
        for name, part in ((u, above), (v, below)):
            if name not in system.quantities or name in system.time or len(context.axes[name]) > 2:
                raise Mismatch(part, f"'{part.name}' is not read in 'prod'.", "Write the signals with indices.")
        if signal.letters or signal.kind != KIND_OF_RANK[len(context.axes[u])]:
            raise Mismatch(link, f"The signal before this derivative is not that of '{above.name}'.")
        node = self.held(system.line(u).node if system.defines(u) else system.leaves[u], v)

        def make() -> Node:
            (result,) = vjp([node], [system.leaves[v]], [signal.make()], masked=True)
            return constant(0, system.leaves[v].type) if result is None else result

        return Val((), KIND_OF_RANK[len(context.axes[v])], context.axes[v], make, link)

    def held(self, node: Node, name: str) -> Node:
        """What is differentiated by a quantity: the node as it stands, or, where it does not read that, over what moves with it."""
        return node if self.system.leaves[name] in topological([node]) else self.moved(node, name)

    def moved(self, node: Node, name: str) -> Node:
        """The node with the quantities that depend on one over what does not."""
        if self.system.recurrences:
            where = Ref(name)
            raise Mismatch(
                where, "A derivative through the steps of a recurrence is not read.", "Write error signals:  v̄_t"
            )
        (found,) = substitute([node], self.moving(name))
        return found

    def derivative(self, meaning: Any, tree: Expr, value: Val, below: Ref, name: str, *, alone: bool) -> Val:
        """∂value/∂v as a value whose letters are those of both; a letter in both takes the diagonal."""
        axes = meaning.context.axes[name]
        given = [index.letter for index in below.indices or () if isinstance(index, Index)]
        if below.indices is not None and len(given) != len(axes):
            raise Mismatch(below, "A derivative by an entry needs an index for every axis.", "Write:  ∂u/∂w_ij")
        for letter, axis in zip(given, axes, strict=False):
            meaning.context.classes.unite(meaning.letter(letter, below), axis, below)
        whole = "s" if below.indices is not None else {0: "s", 1: "c", 2: "m"}.get(len(axes), "?")
        kind = KINDS.get((value.kind, whole))
        if kind is None:
            raise Mismatch(tree, "This derivative has more than two axes.", "Write it with indices:  ∂y_k/∂h_i")
        letters = tuple(dict.fromkeys((*value.letters, *given)))
        sizes = {q: meaning.letters[q] for q in letters}
        rest = (*value.sizes[len(value.letters) :], *(() if below.indices is not None else axes))

        def make() -> Node:
            node = self.jacobian(value.make(), name, alone=alone)
            labels = self.labels(value, given, len(axes), letters)
            total = len(letters) + len(rest)
            if labels == tuple(range(total)):
                return node
            return apply("einsum", node, inputs=(labels,), output=tuple(range(total)))

        return Val(letters, kind, (*(sizes[q] for q in letters), *rest), make, tree)

    def labels(self, value: Val, given: Sequence[str], rank: int, letters: Sequence[str]) -> tuple[int, ...]:
        """A label for each axis of the Jacobian: letters by their place, whole axes behind them."""
        place = {q: k for k, q in enumerate(letters)}
        whole = len(value.sizes) - len(value.letters)
        first = [place[q] for q in value.letters] + [len(letters) + k for k in range(whole)]
        second = [place[q] for q in given] or [len(letters) + whole + k for k in range(rank)]
        return (*first, *second)

    def jacobian(self, node: Node, name: str, *, alone: bool) -> Node:
        """∂node/∂v, of the shape of the node and then that of v.

        With `alone` a quantity as the numerator is its line, and what the line reads is held, unless it does not read v at all;
        otherwise all quantities that depend on v move with it.
        """
        system = self.system
        names = {leaf: known for known, leaf in system.leaves.items()}
        if alone and node in names and system.defines(names[node]):
            node = system.line(names[node]).node
        leaf = system.leaves[name]
        node = self.held(node, name) if alone else self.moved(node, name)
        inputs = [n for n in topological([node]) if n.op.leaf == "input" and not is_bar(str(n.params["name"]))]
        if leaf not in inputs:
            inputs.append(leaf)
        signals = [n for n in topological([node]) if n.op.leaf == "input" and n not in inputs]
        (result,) = jacobian(Graph((*inputs, *signals), (node,)), name).outputs
        return result

    def moving(self, name: str) -> dict[Node, Node]:
        """For the leaf of each quantity that depends on v: its value over v and what v does not move."""
        values: dict[Node, Node] = {}
        moved = {name}
        for line in self.system.lines:
            if line.name != name and moved & set(self.system.parents(line.name)):
                moved.add(line.name)
                (values[self.system.leaves[line.name]],) = substitute([line.node], values)
        return values


def nested(tree: Expr) -> int:
    """How many derivatives stand one inside of the other."""
    return isinstance(tree, Derive) + max(map(nested, tree.inner), default=0)
