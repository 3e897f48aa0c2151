"""Restated: the calls of a run in place of which stand stable formulas, so that its values and slopes are theirs from the first call on.

Around each outline the calls are written down, a few of them, and rewritten by the rules of stability. What comes of it is kept by its
form and by types, for all functions: log(1 + eˣ) of ten entries is found out once. It knows no run.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from wengert.core.ir.graph import Graph, Node, input_node
from wengert.core.ir.types import FLOATS
from wengert.core.ir.walk import order_of, substitute, topological
from wengert.core.ops.evaluate import run, schedule, with_sizes
from wengert.errors import GraphError, TraceError
from wengert.functions.run.formulas import stated
from wengert.functions.run.interned import structure
from wengert.functions.run.outlines import followed, name_of, outermost
from wengert.functions.run.written import fitted
from wengert.functions.tracing import references
from wengert.functions.tracing.calls import rule_of
from wengert.functions.tracing.kinds import Kind, kind_of
from wengert.functions.tracing.record import splice
from wengert.functions.tracing.tape import Tape
from wengert.functions.tracing.tracer import OPEN, Trace, Traced

MOST_CALLS = 32
"""So many calls around an outline are looked at."""
DEPTH = 8
"""So far beneath it."""
MOST = 4096
"""So many forms are remembered, the least recently used go."""

BOUNDED = frozenset({"logsumexp", "softmax"})
"""Reductions whose slopes are bounded, so that no mask is asked for: their rules run on arrays as they are."""

Array = Any
Calls = Mapping[int, Any]
"""By place: the call that stands there."""


class StableFormula:
    """A stable formula as a call of arrays, on numbers and in graphs."""

    def __init__(self, graph: Graph, weak: bool) -> None:
        self.graph = graph
        self.weak = weak
        """Whether its value is a Python number."""
        self._program = with_sizes(schedule(graph), {})
        self.is_plain = all(map(_has_plain_slope, order_of(graph)))
        """Whether the records of its nodes say the derivative on arrays, without a graph."""

    def __call__(self, *values: Array) -> Any:
        """The value for arrays of the inputs."""
        arrays = [np.asarray(x, node.type.dtype) for x, node in zip(values, self.graph.inputs, strict=True)]
        (found,) = run(self._program, arrays)
        return found.item() if self.weak else found

    def rule(self, *values: Any) -> Traced:
        """The value in the open trace."""
        (found,) = splice(self.graph.inputs, self.graph.outputs, values)
        return Traced(found.node, found.owner, self.weak)


def _has_plain_slope(node: Node) -> bool:
    """Whether a node is a leaf, a real function of entries with a slope in its record, or a bounded reduction."""
    op = node.op
    return op.kind == "leaf" or (node.type.dtype in FLOATS and (op.partials is not None or op.name in BOUNDED))


Found = tuple[StableFormula, tuple[int, ...]] | None
"""A formula and which of the places around an outline it reads, by number; None where no rule applies."""

_KNOWN: OrderedDict[Any, Found] = OrderedDict()
_LOCK = threading.Lock()


def restated(tape: Tape) -> dict[int, Any]:
    """The calls of a run that are other calls in stable form, with those."""
    found: dict[int, Any] = {}
    places, first = outermost(tape.log, tape.position)
    for place in places:
        around = _Around(tape, _around(tape, first, place), first)
        stable = _stable(*around.form)
        if stable is not None:
            formula, reads = stable
            found[place] = formula, tuple([around.places[k] for k in reads]), ()
    return found


def restate(tape: Tape, calls: Calls) -> None:
    """Put the values of these calls in place of those that NumPy gave, and anew what depends on them."""
    values = tape.values
    assert values is not None
    moved: set[int] = set()
    with np.errstate(all="ignore"):
        for place in range(min(calls), tape.position):
            key = calls.get(place)
            if key is None:
                key = tape.log[place]
                if key[0] == "outcome" or moved.isdisjoint(references.read_by(key)):
                    continue
            value = tape.computed(key)
            if isinstance(value, list) or not np.array_equal(value, values[place]):
                moved.add(place)
            values[place] = value


class _Around:
    """Calls around an outline, numbered anew: leaves first, in the order in which they are read, then calls, each after what it reads."""

    def __init__(self, tape: Tape, calls: Sequence[int], first: Sequence[int]) -> None:
        read = dict.fromkeys(first[k] if k >= 0 else k for place in calls for k in references.read_by(tape.log[place]))
        leaves = [k for k in read if k not in calls]
        self.places = [*leaves, *calls]
        number = {k: n for n, k in enumerate(self.places)}
        number |= {k: number[first[k]] for place in calls for k in references.read_by(tape.log[place]) if k >= 0}
        values: Any = tape.values
        form: list[Any] = []
        for place in calls:
            key = tape.log[place]
            given, named = references.arguments(key)
            args = tuple([references.renumbered(each, number) for each in given])
            kwargs = tuple([(name, references.renumbered(each, number)) for name, each in named])
            form.append((key[0], args, kwargs, tape.kinds[place]))
        self.form = tuple(form), tuple([kind_of(values[k] if k >= 0 else tape.inputs[~k]) for k in leaves])
        """The calls with the kinds of what they give, and the kinds of the leaves."""


def _around(tape: Tape, first: Sequence[int], place: int) -> list[int]:
    """The calls of which the one at a place is made, as far as they may be part of one formula."""
    log = tape.log
    chosen, edge = {place}, [place]
    for _ in range(DEPTH):
        below: set[int] = set()
        for parent in edge:
            name = name_of(log[parent][0])
            for k in references.read_by(log[parent]):
                if k >= 0 and followed(name, name_of(log[k][0])) and isinstance(tape.kinds[k], Kind):
                    below.add(first[k])
        edge = sorted(below - chosen)[: MOST_CALLS - len(chosen)]
        chosen.update(edge)
    return sorted(chosen)


def _stable(calls: Any, kinds: Any) -> Found:
    """What the last of these calls is in stable form; found out once."""
    key = calls, kinds
    try:
        found = _KNOWN[key]
    except KeyError:
        found = _found(calls, kinds)
    except TypeError:  # something in it can change
        return _found(calls, kinds)
    with _LOCK:
        _KNOWN[key] = found
        _KNOWN.move_to_end(key)
        if len(_KNOWN) > MOST:
            _KNOWN.popitem(last=False)
    return found


def _found(calls: Sequence[Any], kinds: Sequence[Kind]) -> Found:
    inputs = [input_node(f"x{k}", kind.type) for k, kind in enumerate(kinds)]
    try:
        nodes = _nodes(calls, inputs, kinds)
    except (TraceError, GraphError, TypeError):  # a rule asks for entries: the whole graph says what there is to say
        return None
    plain, rewritten, applied = stated(nodes)
    if not applied or rewritten[-1] is plain[-1]:
        return None
    reads, graph = _cut(rewritten, inputs)
    if rewritten[-1].op is plain[-1].op:
        same_reads, same = _cut(plain, inputs)
        if reads == same_reads and structure(graph.inputs, graph.outputs) == structure(same.inputs, same.outputs):
            return None
    return StableFormula(graph, calls[-1][3].weak), tuple(reads)


def _nodes(calls: Sequence[Any], inputs: Sequence[Node], kinds: Sequence[Kind]) -> list[Node]:
    """The nodes of calls, each by its rule."""
    token = OPEN.set(None)
    try:
        trace = Trace()
        with trace.open():
            known: list[Any] = [Traced(node, trace, kind.weak) for node, kind in zip(inputs, kinds, strict=True)]
            for function, given, named, kind in calls:
                args = [references.read(each, known, ()) for each in given]
                result = rule_of(function)(*args, **{name: references.read(each, known, ()) for name, each in named})
                weak = isinstance(result, Traced) and result.weak
                known.append(Traced(fitted(result, trace, kind.type, function), trace, weak))
            return [each.node for each in known[len(inputs) :]]
    finally:
        OPEN.reset(token)


def _cut(nodes: Sequence[Node], inputs: Sequence[Node]) -> tuple[list[int], Graph]:
    """The last node as a graph of those of other places, the nearest ones; and which these are."""
    places = {node: k for k, node in enumerate((*inputs, *nodes[:-1])) if node.op.leaf in (None, "input")}
    near = [node for node in topological(nodes[-1:], places) if node in places]
    renamed = {node: input_node(f"x{k}", node.type) for k, node in enumerate(near)}
    return [places[node] for node in near], Graph(tuple(renamed.values()), tuple(substitute(nodes[-1:], renamed)))
