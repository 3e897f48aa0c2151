"""Which ops each target takes, found by asking it about the ops' own samples: what `wengert targets` prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

import wengert.core.autodiff  # pyright: ignore[reportUnusedImport]  # the rules of branches and loops
import wengert.core.ops  # noqa: F401  # pyright: ignore[reportUnusedImport]  # fills the table of ops
from wengert.cells import cells, pad
from wengert.core.ir.graph import Graph, Node, apply, input_node
from wengert.core.ir.op import OPS, Op
from wengert.core.ir.types import ArrayType, TupleType
from wengert.core.ir.walk import order_of, with_inputs
from wengert.core.ops.complex_numbers import PART
from wengert.targets.base import NAMES, OWN, Support, Target, target

WORDS = {"target": "yes", "host": "by NumPy", "nobody": "no"}


@dataclass(frozen=True)
class OpRow:
    """An op, and for each target who computes its samples: more than one where it depends on parameters or dtypes."""

    op: Op
    found: tuple[tuple[Support, ...], ...]

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as text."""
        return (self.op.name, self.op.kind, *(_words(each) for each in self.found))


def _words(found: Sequence[Support]) -> str:
    if not found:
        return "without samples"
    return " or ".join(_word(each) for each in found)


def _word(found: Support) -> str:
    if found.by == "target" and found.reason:
        return found.reason
    return f"{WORDS[found.by]}: {found.reason}" if found.reason else WORDS[found.by]


def nodes_of(op: Op) -> list[Node]:
    """The op on inputs of the types of its samples, each once."""
    nodes: dict[str, Node] = {}
    for arrays, params in op.samples(np.random.default_rng(0)):
        types = [ArrayType(np.shape(x), np.asarray(x).dtype.name) for x in arrays]
        key = f"{types} {params}"
        if key not in nodes:
            inputs = [input_node(f"x{k}", type) for k, type in enumerate(types)]
            nodes[key] = apply(op, *inputs, **params)
    return list(nodes.values())


def rows(ops: Sequence[Op] | None = None) -> list[OpRow]:
    """A row for each op, by name."""
    targets = [target(name) for name in NAMES]
    chosen = sorted(OPS.values() if ops is None else ops, key=lambda op: op.name)
    made: list[OpRow] = []
    for op in chosen:
        nodes = nodes_of(op)
        found = (dict.fromkeys(_support(each, node) for node in nodes) for each in targets)
        made.append(
            OpRow(op, tuple(tuple(sorted(each, key=lambda s: (s.by, s.reason), reverse=True)) for each in found))
        )
    return made


def _support(each: Target, node: Node) -> Support:
    """Who computes a node. One of complex numbers is asked for as it stands in a program, where a target may take them in parts."""
    if isinstance(node.type, TupleType) or not (node.type.is_complex or any(x.type.is_complex for x in node.inputs)):
        return each.supports(node)
    graph = each.prepared(_between_real(node))
    return min((each.supports(x) for x in order_of(graph)), key=lambda found: found.by == "target", default=OWN)


def _between_real(node: Node) -> Graph:
    """A node whose complex inputs are made of real ones, and its value in parts."""
    inputs: list[Node] = []
    given: list[Node] = []
    for k, x in enumerate(node.inputs):
        real = x.type.with_dtype(PART[x.type.dtype]) if x.type.is_complex else x.type
        parts = [input_node(f"x{k}{part}", real) for part in (("r", "i") if x.type.is_complex else ("",))]
        inputs += parts
        given.append(apply("complex", *parts) if x.type.is_complex else parts[0])
    y = with_inputs(node, given)
    return Graph(tuple(inputs), (apply("real", y), apply("imag", y)) if y.type.is_complex else (y,))


def table(ops: Sequence[Op] | None = None) -> str:
    """The rows as text, and how many ops each target takes whole."""
    made = rows(ops)
    shown = [("op", "kind", *NAMES), *(row.cells for row in made)]
    wide = [max(cells(row[k]) for row in shown) for k in range(len(shown[0]))]
    lines = ["  ".join(pad(text, w) for text, w in zip(row, wide, strict=True)).rstrip() for row in shown]
    counts = [sum({s.by for s in row.found[k]} == {"target"} for row in made) for k in range(len(NAMES))]
    said = ", ".join(f"{name} {count}" for name, count in zip(NAMES, counts, strict=True))
    return "\n".join([*lines, "", f"{len(made)} ops, taken whole by: {said}"])
