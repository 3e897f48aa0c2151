"""Path: the graph of a function where Python's questions have certain answers, and its code. It knows no arguments of Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from wengert.core.ir.graph import Graph, Node, apply, constant, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ir.walk import order_of, substitute
from wengert.core.ops.control import while_loop
from wengert.functions.run.programs import GraphRunner
from wengert.functions.tracing.narrow import restored
from wengert.functions.tracing.record import Leaf, TracedProgram
from wengert.functions.tracing.tracer import Assumed
from wengert.functions.tracing.trees import is_common, unflatten
from wengert.targets import interpreter
from wengert.targets.base import target
from wengert.targets.ready import pair_donated

if TYPE_CHECKING:
    from wengert.functions.run.kind import FunctionOfKind

Backend = Literal["native", "interpreter", "xla"]
Answers = tuple[bool | int, ...]
"""What Python was told, in the order in which it asked."""


@dataclass(frozen=True)
class Options:
    """How a function is compiled."""

    donate: Sequence[str | int]
    backend: Backend
    cache: bool


def answers_of(program: TracedProgram) -> Answers:
    """What Python was told while a function was written down."""
    return tuple(guard.outcome for guard in program.guards)


class CompiledPath:
    """A function where Python is told `answers`. Its graph has a further output then: whether these are the right ones.

    The result of a path that may be the wrong one must not be written over what is given, so nothing is donated to it.
    """

    def __init__(self, program: TracedProgram, names: Sequence[str], donated: Sequence[bool], options: Options) -> None:
        self.answers = answers_of(program)
        self.result, self.arguments, self.options = program.result, program.arguments, options
        self.widths = program.widths
        asked = tuple(guard.node for guard in program.guards)
        named = _named(Graph(program.graph.inputs, (*program.graph.outputs, *asked)), names)
        self.count = len(program.graph.outputs)
        nodes = named.outputs[self.count :]
        self._questions = Graph(named.inputs, nodes)
        self.results = Graph(named.inputs, named.outputs[: self.count])
        hit = _all_hold([Assumed(node, answer) for node, answer in zip(nodes, self.answers, strict=True)])
        self.program = GraphRunner(Graph(named.inputs, (*self.results.outputs, *hit)))
        self.tried: Callable[..., Any] | None = None
        """The entry that gives the result and whether it is the right one, once it is made."""
        self.target = target(options.backend)
        chosen = [name for name, back in zip(named.input_names, donated, strict=True) if back]
        pairs = pair_donated(self.results, chosen) if self.target.makes_code else {}
        self.executable = self.program.lower(self.target, {} if self.answers else pairs, cache=options.cache)

    @property
    def graph(self) -> Graph:
        """The graph that is run."""
        return self.program.graph

    @property
    def bytes(self) -> int:
        """The bytes of the code."""
        return self.executable.bytes

    # calls

    def entry(
        self, kind: FunctionOfKind, slow: Callable[..., Any], fail: Callable[..., Any], into: str | None = None
    ) -> Callable[..., Any] | None:
        """The emitted entry; of a path with answers it gives the result and whether they are right. None where there is none.
        With `into`, the entry whose results lie in arrays given by that keyword.
        """
        if not self._plain_containers(kind) or self._may_not_end():
            return None
        if not self.has_plain_dtypes(kind):
            return None
        result = unflatten(self.result, range(self.count))
        weak = [leaf.weak for leaf in kind.leaves]
        tree = (result, self.count) if self.answers else result
        return self.executable.entry(kind.trees(), tree, slow, fail, strict=True, weak=weak, into=into)

    def has_plain_dtypes(self, kind: FunctionOfKind) -> bool:
        """Whether all dtypes are those of the graph, which are what code knows."""
        return all(x is None for x in (*self.widths, *(leaf.width for leaf in kind.leaves)))

    def _plain_containers(self, kind: FunctionOfKind) -> bool:
        """Whether an entry understands the containers of arguments and result, and the keywords are not seen in their order."""
        trees = (self.arguments, self.result)
        return all(is_common(unflatten(spec, range(spec.num_leaves))) for spec in trees) and not kind.sees_order()

    def _may_not_end(self) -> bool:
        """Whether it may run for ever where it is the wrong one."""
        return bool(self.answers) and any(node.op is while_loop for node in order_of(self.graph))

    def run(self, arrays: Sequence[Any], leaves: Sequence[Leaf]) -> Any:
        """The result for arrays whose answers are those of the path."""
        return self.checked(arrays, leaves)[0]

    def checked(self, arrays: Sequence[Any], leaves: Sequence[Leaf]) -> tuple[Any, bool]:
        """The result, and whether the answers are right."""
        if not self.target.makes_code:
            return self._split(self.program.interpreted(*arrays))
        donated = set(self.executable.donated.values())
        whole = [_whole(array, leaf, k in donated) for k, (array, leaf) in enumerate(zip(arrays, leaves, strict=True))]
        return self._split(self.program.by_code(whole))

    def attempt(self, arrays: Sequence[Any], leaves: Sequence[Leaf]) -> tuple[Any, bool]:
        """The same where the path may be the wrong one: it is not run if it may never end, and what it raises is no answer."""
        if self._may_not_end():
            return None, False
        try:
            return self.checked(arrays, leaves)
        except Exception:  # of the right path it is raised again, when that is known to be the right one
            return None, False

    def _split(self, outputs: Sequence[Any]) -> tuple[Any, bool]:
        results = [restored(x, width) for x, width in zip(outputs, self.widths, strict=False)]
        return unflatten(self.result, results), bool(all(outputs[self.count :]))

    def interpreted(self, arrays: Sequence[Any]) -> Any:
        """The result by NumPy."""
        return self._split(self.program.interpreted(*arrays))[0]

    # answers

    @cached_property
    def _questioner(self) -> GraphRunner:
        """The questions alone, as code that is made soon."""
        made = GraphRunner(self._questions)
        made.lower(self.target, cache=self.options.cache, quick=True)
        return made

    def asked(self, arrays: Sequence[Any], leaves: Sequence[Leaf]) -> Answers:
        """What Python would be told, as far as it asks what it asks on this path."""
        whole = [_whole(array, leaf, False) for array, leaf in zip(arrays, leaves, strict=True)]
        try:
            return tuple(value.item() for value in self._questioner.by_code(whole))
        except Exception:  # a later question may make sense on this path only
            return self._asked_in_turn(whole)

    def _asked_in_turn(self, arrays: Sequence[Any]) -> Answers:
        """The same, question by question up to the first that is answered otherwise, or that raises: that will be raised on the way."""
        given = dict(zip(self.graph.input_names, arrays, strict=True))
        for k, (node, answer) in enumerate(zip(self._questions.outputs, self.answers, strict=True)):
            try:
                (found,) = interpreter.compile(Graph(self._questions.inputs, (node,)))(**given)
            except Exception:  # whoever goes on from here meets it too
                break
            if found != answer:
                return (*self.answers[:k], found.item(), *self.answers[k + 1 :])
        return self.answers


def _all_hold(guards: Sequence[Assumed]) -> tuple[Node, ...]:
    """Whether every answer is right; nothing where nothing was asked."""
    held: Node | None = None
    for node, answer in dict.fromkeys(guards):
        if not -(2**63) <= answer < 2**63:
            right = constant(False, ArrayType((), "bool"))
        elif node.type.dtype == "bool":
            right = node if answer else apply("logical_not", node)
        else:
            right = apply("equal", node, constant(answer, ArrayType((), node.type.dtype)))
        held = right if held is None else apply("logical_and", held, right)
    return () if held is None else (held,)


def _whole(value: Any, leaf: Leaf, donated: bool) -> Any:
    """The array without gaps, in the graph's dtype; of a donated one a copy, since it is none that could be overwritten."""
    dtype = leaf.type.dtype
    return np.array(value, dtype, order="C") if donated else np.require(value, dtype, ["C", "A"])


def _named(graph: Graph, names: Sequence[str]) -> Graph:
    """The graph whose inputs have names of their own."""
    seen: dict[str, int] = {}
    new: dict[Node, Node] = {}
    for node, name in zip(graph.inputs, names, strict=True):
        seen[name] = seen.get(name, 0) + 1
        new[node] = input_node(name if seen[name] == 1 else f"{name} ({seen[name]})", node.type, node.source)
    return Graph(tuple(new.values()), tuple(substitute(graph.outputs, new)), graph.names)
