"""A function of arrays as a system: its local names are the quantities, each assignment a line.

The function runs once on traced values; after each of its lines its locals are looked at, and a name with a new value is a line of the
system, which reads the earlier ones. A name that is assigned again gets a number.
"""

from __future__ import annotations

import inspect
import linecache
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np

from wengert.core.ir.graph import Graph, Node, apply, input_node
from wengert.core.ir.walk import map_graph, substitute, topological
from wengert.core.ops.kinds import constant_value
from wengert.emitting.module import SOURCE
from wengert.errors import EquationError
from wengert.functions.namespaces import standing
from wengert.functions.tracing.record import traced_program
from wengert.functions.tracing.tracer import Traced
from wengert.notes.elaboration.system import Definition, Quantity, SystemData
from wengert.notes.notation.expr import Line, Ref

Array = Any


@dataclass
class Assigned:
    """A local name that got a value in a line of the function."""

    name: str
    node: Node
    line: int


class Watch:
    """Looks at the locals of one function after each of its lines."""

    def __init__(self, code: Any) -> None:
        self.place = (code.co_filename, code.co_firstlineno, code.co_name)
        self.seen: dict[str, Node] = {}
        self.found: list[Assigned] = []
        self.line = 0

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Any:
        code = frame.f_code
        if (code.co_filename, code.co_firstlineno, code.co_name) != self.place:
            return None
        if event == "call":
            self.seen = {n: v.node for n, v in frame.f_locals.items() if isinstance(v, Traced)}
            self.line = frame.f_lineno
            return self
        for name, value in frame.f_locals.items():
            if isinstance(value, Traced) and self.seen.get(name) is not value.node:
                self.seen[name] = value.node
                self.found.append(Assigned(name, value.node, self.line))
        self.line = frame.f_lineno
        return self


def system_of_function(f: Callable[..., Any], inputs: Sequence[Array]) -> SystemData:
    """The system that f computes from arrays of these shapes.

    Raises TraceError where it cannot be followed, EquationError where it is no function of arrays that returns one array.
    """
    code = getattr(f, "__code__", None)
    if code is None:
        raise EquationError(
            f"'{f!r:.50}' is not written in Python, so it has no lines to follow.",
            f"  it is a {type(f).__name__}",
            "Give a function that calls it:  def f(x): return …",
        )
    names = [str(p) for p in inspect.signature(f).parameters][: len(inputs)]
    if len(names) != len(inputs) or not inputs:
        raise EquationError(
            f"'{f.__name__}' is followed at arrays, one for each of its arguments.",
            f"  it takes {', '.join(inspect.signature(f).parameters)}, and {len(inputs)} were given",
            f"Give them:  wg.emit({f.__name__}, {', '.join(inspect.signature(f).parameters)})",
        )
    arrays = [np.asarray(x) for x in inputs]
    arrays = [x.astype(np.float64) if x.dtype.kind == "f" else x for x in arrays]
    watch, before = Watch(code), sys.gettrace()
    sys.settrace(watch)
    try:
        program = traced_program(standing(f), arrays, {})
    finally:
        sys.settrace(before)
    if len(program.graph.outputs) != 1:
        raise EquationError(
            f"'{f.__name__}' returns {len(program.graph.outputs)} arrays, and an emitted function one.",
            f"  {code.co_filename}, line {code.co_firstlineno}",
            "Return the loss alone.",
        )
    return _system(f, names, program.graph.inputs, watch.found, program.graph.outputs[0])


def _system(
    f: Callable[..., Any], names: Sequence[str], inputs: Sequence[Node], found: Sequence[Assigned], result: Node
) -> SystemData:
    leaves = {name: input_node(name, node.type) for name, node in zip(names, inputs, strict=True)}
    known: dict[Node, Node] = {node: leaves[name] for name, node in zip(names, inputs, strict=True)}
    lines: list[Definition] = []
    taken = set(leaves)
    filename = f.__code__.co_filename
    if not any(each.node is result for each in found):
        word = next(
            w
            for w in ("L", "loss", "result", *(f"result_{k}" for k in range(99)))
            if w not in {e.name for e in found} | taken
        )
        found = [*found, Assigned(word if not result.shape else "result", result, _returned(f))]

    def define(name: str, node: Node, line: int, text: str) -> None:
        (value,) = substitute([node], known)
        written = Line(Ref(name), (), notes=(f"{SOURCE}line {line}: {text}",))
        taken.add(name)
        lines.append(Definition(name, with_gates(value), written))
        leaves[name] = input_node(name, value.type)
        known[node] = leaves[name]

    for each in found:
        if each.node in known:
            continue
        name = (
            each.name
            if each.name not in taken
            else next(w for k in range(2, 10**6) if (w := f"{each.name}_{k}") not in taken)
        )
        text = linecache.getline(filename, each.line).strip()
        inner = _argument(each.node)
        if inner is not None and inner not in known:
            word = next(w for w in (f"{name}_in", *(f"{name}_in{k}" for k in range(2, 99))) if w not in taken)
            define(word, inner, each.line, f"what stands in {text}")
        define(name, each.node, each.line, text)
        if each.node is result:
            break
    quantities = {name: Quantity(name, leaf.type, identifier=name, by_index=False) for name, leaf in leaves.items()}
    return SystemData(quantities, tuple(lines), leaves, lines[-1].name)


def _argument(node: Node) -> Node | None:
    """What a function of entries is taken of, where that is a sum or a product of arrays without a name: its signal is read often."""
    gate = node.op.name in ("maximum", "relu")
    if node.op.kind != "elementwise" or not (
        gate or (node.op.arity == 1 and node.op.name not in ("negative", "sqrt", "abs"))
    ):
        return None
    (inner,) = [x for x in node.inputs if x.op.leaf != "constant"][:1] or [node]
    return inner if inner.op.name in ("add", "subtract", "einsum", "broadcast") else None


def with_gates(node: Node) -> Node:
    """max(0, x) as relu, whose slope at 0 is 0."""

    def change(each: Node, inputs: tuple[Node, ...]) -> Node:
        if each.op.name == "maximum":
            zero = [x for x in inputs if constant_value(x) == 0]
            other = [x for x in inputs if x not in zero]
            if len(zero) == 1:
                return apply("relu", other[0])
        return each if inputs == each.inputs else Node(each.op, inputs, each.params, each.type, each.source)

    leaves = tuple(n for n in topological([node]) if n.op.leaf == "input")
    return map_graph(Graph(leaves, (node,)), change).outputs[0]


def _returned(f: Callable[..., Any]) -> int:
    """The last line of a function."""
    return max(line for *_, line in f.__code__.co_lines() if line is not None)
