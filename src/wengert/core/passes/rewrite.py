"""Rewriting: rules as pairs of ordinary functions, tried on every node from the leaves up until none applies.

    Rule("log-exp", lambda x: log(exp(x)), lambda x: x, exact=False)

A rule is exact to the last bit (on 0, −0, subnormals, ±∞, NaN too), or it says what it assumes. The result has the type of
what it replaces. Work is bounded: a graph that would take longer comes back as it was, and the outcome says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from typing import Literal as OneOf

from wengert.core.ir.graph import Graph, Node
from wengert.core.ir.op import OPS
from wengert.core.ir.types import ArrayType
from wengert.core.ir.walk import map_graph, order_of, with_inputs
from wengert.core.passes.cse import NodeTable
from wengert.core.passes.patterns import (
    CallPattern,
    Env,
    Literal,
    Number,
    Pattern,
    build,
    match,
    quotient_forms,
    screen,
    show,
    trace,
)
from wengert.errors import GraphError

P = Pattern
Side = (
    Callable[[P], P | Number]
    | Callable[[P, P], P | Number]
    | Callable[[P, P, P], P | Number]
    | Callable[[P, P, P, P], P | Number]
    | Callable[[P, P, P, P, P], P | Number]
    | Callable[[P, P, P, P, P, P], P | Number]
)
Units = OneOf["value", "inputs"]
Example = Mapping[str, Any]
"""Variables of a rule with what they stand for in a test: an ArrayType for a node, any other value for a parameter."""

SECONDS, SECONDS_A_NODE = 2.0, 1e-4
"""How long rewriting may take before the graph is left as it is, in time of the processor: other work does not change a result."""
STEPS_A_NODE = 20
"""How many rules may be applied, for each node of the graph."""
DEPTH = 24
"""How deep new nodes are rewritten while they are made; deeper ones wait for the next round."""
ROUNDS = 8


@dataclass(frozen=True, eq=False)
class Rewrite:
    """One equality of mathematics, read from left to right.

    `exact`: the same bits for every input. Otherwise the right side lies within `ulps` units in the last place of the true
    value of the left side wherever `valid` holds ("" is everywhere), and +0 stands for −0; ulps = 0 means equal numbers. The
    units are those of the value, or of Σ |inputs| where `units` is "inputs" (the terms of a sum may cancel).
    """

    name: str
    exact: bool = field(kw_only=True)
    valid: str = field(default="", kw_only=True)
    ulps: float = field(default=4, kw_only=True)
    units: Units = field(default="value", kw_only=True)
    examples: tuple[Example, ...] = field(default=(), kw_only=True)
    complex: bool = field(default=False, kw_only=True)
    """Whether it holds for complex numbers; a rule that does not say so is for real ones."""

    @property
    def statement(self) -> str:
        """left → right, in words."""
        raise NotImplementedError

    def signatures(self) -> Iterable[tuple[str, tuple[str | None, ...] | None]]:
        """The op of the root and the ops of its inputs that the rule asks for; None where any will do."""
        raise NotImplementedError

    def step(self, node: Node, rewriter: Rewriter) -> Node | None:
        """What stands for the node; None where the rule does not apply."""
        raise NotImplementedError

    def __str__(self) -> str:
        terms = "exact" if self.exact else f"valid for {self.valid}" if self.valid else "to rounding"
        return f"{self.name}: {self.statement}  ({terms})"


class Rule(Rewrite):
    """A pair of functions: left(x, …) → right(x, …), traced into patterns. `when` looks at what the variables stand for.

    With `any_quotient` it also matches the other ways to write a quotient: a·(1/b) and products with a reciprocal.
    """

    def __init__(
        self,
        name: str,
        left: Side,
        right: Side,
        *,
        exact: bool,
        valid: str = "",
        ulps: float = 4,
        units: Units = "value",
        when: Callable[[Env], bool] | None = None,
        examples: Sequence[Example] = ({},),
        any_quotient: bool = False,
        complex: bool = False,
    ) -> None:
        claim: dict[str, Any] = {"exact": exact, "valid": valid, "ulps": ulps, "units": units, "complex": complex}
        super().__init__(name, examples=tuple(examples), **claim)
        self.left, self.names = trace(left)
        self.right, right_names = trace(right)
        if right_names != self.names:
            raise GraphError(
                f"The sides of the rule '{name}' have different variables.",
                f"  {', '.join(self.names)} and {', '.join(right_names)}",
                "Give both functions the same parameters.",
            )
        self.forms = quotient_forms(self.left) if any_quotient else [self.left]
        self.screened = [(form, screen(form)) for form in self.forms]
        self.when = when

    @property
    def statement(self) -> str:
        return f"{show(self.left)} → {show(self.right)}"

    def signatures(self) -> Iterable[tuple[str, tuple[str | None, ...] | None]]:
        for form in self.forms:
            assert isinstance(form, CallPattern)
            yield form.op.name, tuple(_head(arg) for arg in form.args)

    def step(self, node: Node, rewriter: Rewriter) -> Node | None:
        for form, may_match in self.screened:
            if not may_match(node):
                continue
            env = match(form, node)
            if env is not None and (self.when is None or self.when(env)):
                return build(self.right, env, node.type, rewriter.maker(node))
        return None


def _head(pattern: Pattern) -> str | None:
    if isinstance(pattern, Literal):
        return "constant"
    return pattern.op.name if isinstance(pattern, CallPattern) else None


class Procedure(Rewrite):
    """A rule whose right side is computed: apply(node, make) gives what stands for a node of one of the ops `roots`, or None."""

    def __init__(
        self,
        name: str,
        roots: Sequence[str],
        apply: Callable[[Node, Maker], Node | None],
        statement: str,
        *,
        exact: bool,
        samples: Callable[[], Sequence[Node]],
        valid: str = "",
        ulps: float = 4,
        units: Units = "value",
        complex: bool = False,
    ) -> None:
        super().__init__(name, exact=exact, valid=valid, ulps=ulps, units=units, complex=complex)
        self.roots = tuple(roots)
        self.apply = apply
        self.text = statement
        self.samples = samples

    @property
    def statement(self) -> str:
        return self.text

    def signatures(self) -> Iterable[tuple[str, tuple[str | None, ...] | None]]:
        return ((root, None) for root in self.roots)

    def step(self, node: Node, rewriter: Rewriter) -> Node | None:
        return self.apply(node, rewriter.maker(node))


Maker = Callable[[str, tuple[Node, ...], Mapping[str, Any]], Node]


@dataclass(frozen=True, slots=True, eq=False)
class Applied:
    """A rule that was applied: which, to what, and where that comes from."""

    rule: Rewrite
    type: ArrayType
    source: object = None

    @property
    def name(self) -> str:
        """The name of the rule."""
        return self.rule.name

    def __str__(self) -> str:
        where = "" if self.source is None else f"  at {self.source}"
        return f"{self.rule.statement}{where}"


@dataclass(frozen=True, slots=True, eq=False)
class Rewritten:
    """A rewritten graph, what was applied, and whether rewriting came to its end; where not, the graph is the given one."""

    graph: Graph
    applied: tuple[Applied, ...]
    complete: bool

    def __str__(self) -> str:
        if not self.complete:
            return "not simplified: it would have taken too long"
        return "\n".join(map(str, self.applied)) or "nothing to rewrite"


class OutOfTime(Exception):
    """The bound on work was reached; it never leaves this module."""


def rewrite(graph: Graph, rules: Sequence[Rewrite], *, seconds: float | None = None) -> Rewritten:
    """The graph with every rule applied wherever it can be, earlier rules first, equal new nodes made once."""
    order = order_of(graph)
    given = SECONDS + SECONDS_A_NODE * len(order) if seconds is None else seconds
    rewriter = Rewriter(rules, STEPS_A_NODE * len(order) + 1000, time.thread_time() + given)
    if rewriter.admission.by_op.keys().isdisjoint({node.op.name for node in order}):
        return Rewritten(graph, (), True)
    result = graph
    try:
        for _ in range(ROUNDS):
            rewriter.deferred = False
            result = map_graph(result, rewriter.visit)
            if not rewriter.deferred:
                break
    except OutOfTime:
        return Rewritten(graph, (), False)
    return Rewritten(result, tuple(rewriter.applied), True)


class Rewriter:
    """Brings one node after another to a form to which no rule applies."""

    def __init__(self, rules: Sequence[Rewrite], steps: int, deadline: float) -> None:
        self.rules = rules
        self.steps = steps
        self.deadline = deadline
        self.table = NodeTable()
        self.unentered: list[Node] = []
        """The nodes met before the first new one; they enter the table with it."""
        self.normal: dict[Node, Node] = {}
        self.applied: list[Applied] = []
        self.deferred = False
        self.depth = 0
        self.visits = 0
        self.admission = admission(tuple(rules))

    def visit(self, node: Node, inputs: tuple[Node, ...]) -> Node:
        """The rule of a walk from the leaves up: the node on its new inputs, rewritten."""
        self.visits += 1
        if self.visits % 256 == 0 and time.thread_time() > self.deadline:
            raise OutOfTime
        if inputs == node.inputs and not self.table.known:
            self.unentered.append(node)
        else:
            node = self.entered(with_inputs(node, inputs))
        return self.rewritten(node)

    def entered(self, node: Node) -> Node:
        """The first node that computes what this one does."""
        for earlier in self.unentered:
            self.table.share(earlier)
        self.unentered.clear()
        return self.table.share(node)

    def rewritten(self, node: Node) -> Node:
        """What stands for the node when no rule applies any more."""
        if node in self.normal:
            return self.normal[node]
        if not self.candidates(node):
            return node
        if self.depth > DEPTH:
            self.deferred = True
            return node
        self.depth += 1
        last, path = node, [node]
        while (new := self.step(last)) is not None and new not in self.normal:
            path.append(new)
            last = new
        self.depth -= 1
        if new is not None:
            last = self.normal[new]
        for each in path:
            self.normal[each] = last
        return last

    def step(self, node: Node) -> Node | None:
        """The node after the first rule that applies; None where none does."""
        plane = node.type.is_complex
        for rule in self.candidates(node):
            if plane and not rule.complex:
                continue
            new = rule.step(node, self)
            if new is None or new is node:
                continue
            if new.type != node.type:
                raise GraphError(
                    f"The rule '{rule.name}' turns {node.type} into {new.type}.",
                    f"  {rule}",
                    "Let both sides of a rule have one type.",
                )
            self.steps -= 1
            if self.steps < 0 or (self.steps % 64 == 0 and time.thread_time() > self.deadline):
                raise OutOfTime
            self.applied.append(Applied(rule, node.type, node.source))
            return new
        return None

    def candidates(self, node: Node) -> Sequence[Rewrite]:
        """The rules that the op of the node and the ops of its inputs admit."""
        name = node.op.name
        if name not in self.admission.by_op:
            return ()
        heads = tuple([parent.op.name for parent in node.inputs]) if len(node.inputs) <= 3 else ()
        known = self.admission.known.get((name, heads))
        return self.admission.candidates(name, heads) if known is None else known

    def maker(self, replaced: Node) -> Maker:
        """How a rule makes nodes: typed, shared, rewritten, with the source of what they replace."""

        def make(op: str, inputs: tuple[Node, ...], params: Mapping[str, Any]) -> Node:
            record = OPS[op]
            type = record.infer(tuple(node.type for node in inputs), params)
            return self.rewritten(self.entered(Node(record, inputs, params, type, replaced.source)))

        return make


class Admission:
    """Which rules of a sequence an op with these ops as its inputs admits; asked once for every such pair in the process."""

    def __init__(self, rules: Sequence[Rewrite]) -> None:
        self.by_op: dict[str, list[tuple[int, Rewrite, tuple[str | None, ...] | None, frozenset[str]]]] = {}
        for place, rule in enumerate(rules):
            for op, wanted in rule.signatures():
                needed = frozenset(head for head in wanted or () if head is not None)
                self.by_op.setdefault(op, []).append((place, rule, wanted, needed))
        self.known: dict[tuple[str, tuple[str, ...]], list[Rewrite]] = {}

    def candidates(self, op: str, heads: tuple[str, ...]) -> Sequence[Rewrite]:
        """The rules in order."""
        key = (op, heads)
        if key not in self.known:
            there = set(heads)
            admitted = {
                place: rule
                for place, rule, wanted, needed in self.by_op.get(op, ())
                if (needed <= there or not heads) and _admits(op, wanted, heads)
            }
            self.known[key] = [admitted[place] for place in sorted(admitted)]
        return self.known[key]


@lru_cache(maxsize=256)
def admission(rules: tuple[Rewrite, ...]) -> Admission:
    """The admission table of a sequence of rules."""
    return Admission(rules)


def _admits(op: str, wanted: tuple[str | None, ...] | None, heads: tuple[str, ...]) -> bool:
    if wanted is None or (not heads and wanted):
        return True
    if len(wanted) != len(heads):
        return False
    return _agree(wanted, heads) or (OPS[op].commutes is not None and _agree(wanted, heads[::-1]))


def _agree(wanted: tuple[str | None, ...], heads: tuple[str, ...]) -> bool:
    return all(one is None or one == head for one, head in zip(wanted, heads, strict=True))


def listing(rules: Sequence[Rewrite]) -> str:
    """The rules of a table, one a line."""
    return "\n".join(map(str, rules))
