"""Node and Graph: an immutable computation. Identity is equality; a node knows its op, never its users."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count
from typing import Any

from wengert.core.ir.op import OPS, Op
from wengert.core.ir.types import ArrayType
from wengert.errors import GraphError

Number = int | float | Fraction
_NUMBERS = count()


class Node:
    """One value v_i: an op applied to earlier nodes.

    `source` says where it comes from (a span of a user's line, or a rule and a forward line); it takes no part in meaning.
    """

    __slots__ = ("__weakref__", "inputs", "key", "number", "op", "params", "source", "type")

    key: tuple[object, ...] | None
    """What equal nodes have in common; a pass that asks finds it out and leaves it here. None while nobody has asked."""
    number: int
    """Its place in the order in which nodes were made."""

    def __init__(
        self, op: Op, inputs: tuple[Node, ...], params: Mapping[str, Any], type: ArrayType, source: Any = None
    ) -> None:
        self.op = op
        self.inputs = inputs
        self.params = params
        self.type = type
        self.source = source
        self.key = None
        self.number = next(_NUMBERS)

    @property
    def shape(self) -> tuple[Any, ...]:
        """The sizes of the axes."""
        return self.type.shape

    def applied(self, op: Op, inputs: tuple[Node, ...], params: Mapping[str, Any]) -> Node:
        """A node of the op; what is a value in place of a node computes it."""
        return Node(op, inputs, params, op.infer(tuple([node.type for node in inputs]), params))

    def __repr__(self) -> str:
        return f"<{self.op.name} {self.type}>"

    # Operators between nodes of one type, or a node and a Python number: for the bodies of rules.

    def __add__(self, other: Node | Number) -> Node:
        return _binary("add", self, other)

    def __radd__(self, other: Number) -> Node:
        return _binary("add", other, self)

    def __sub__(self, other: Node | Number) -> Node:
        return _binary("subtract", self, other)

    def __rsub__(self, other: Number) -> Node:
        return _binary("subtract", other, self)

    def __mul__(self, other: Node | Number) -> Node:
        return _binary("multiply", self, other)

    def __rmul__(self, other: Number) -> Node:
        return _binary("multiply", other, self)

    def __truediv__(self, other: Node | Number) -> Node:
        return _binary("divide", self, other)

    def __rtruediv__(self, other: Number) -> Node:
        return _binary("divide", other, self)

    def __pow__(self, exponent: Number) -> Node:
        if isinstance(exponent, int):
            return apply("integer_power", self, exponent=exponent)
        return apply("power", self, constant_like(exponent, self))

    def __neg__(self) -> Node:
        return apply("negative", self)

    def __lt__(self, other: Node | Number) -> Node:
        return _binary("less", self, other)

    def __le__(self, other: Node | Number) -> Node:
        return _binary("less_equal", self, other)

    def __gt__(self, other: Node | Number) -> Node:
        return _binary("greater", self, other)

    def __ge__(self, other: Node | Number) -> Node:
        return _binary("greater_equal", self, other)

    # == stays identity; equality of entries is apply("equal", x, y).

    def __bool__(self) -> bool:
        raise GraphError("A node of a graph has no truth value.", f"  {self!r}", "Write:  where(condition, a, b)")


def apply(op: str | Op, /, *inputs: Node, source: Any = None, **params: Any) -> Node:
    """A new node: the op applied to the inputs, its type inferred.

    Raises GraphError where the op does not take these types.
    """
    record = OPS[op] if isinstance(op, str) else op
    for each in inputs:
        if type(each) is not Node:  # a value in place of a node: it says what the op makes of it
            return each.applied(record, inputs, params)
    if record.arity is not None and len(inputs) != record.arity:
        raise GraphError(
            f"'{record.name}' takes {record.arity} inputs, not {len(inputs)}.",
            f"  its inputs are {', '.join(str(node.type) for node in inputs) or 'none'}",
            f"Give {record.arity}.",
        )
    return Node(record, inputs, params, record.infer(tuple(node.type for node in inputs), params), source)


def input_node(name: str, type: ArrayType, source: Any = None) -> Node:
    """An input of a graph, known by its name."""
    return apply("input", source=source, name=name, type=type)


def constant(value: Any, type: ArrayType) -> Node:
    """A constant: a number that fills the shape of `type`, or an array of that shape."""
    return apply("constant", value=value, type=type)


def constant_like(value: Number | bool, node: Node) -> Node:
    """A number that fills the shape of another node, in its dtype."""
    return constant(value, node.type)


def _binary(name: str, a: Node | Number, b: Node | Number) -> Node:
    if not isinstance(a, Node):
        assert isinstance(b, Node)
        a = constant_like(a, b)
    if not isinstance(b, Node):
        b = constant_like(b, a)
    return apply(name, a, b)


@dataclass(frozen=True, eq=False, slots=True)
class Graph:
    """A function: input nodes in order and output nodes in order, with names for both."""

    inputs: tuple[Node, ...]
    outputs: tuple[Node, ...]
    names: tuple[str, ...] = field(default=())
    """The names of the outputs; empty, or one an output."""
    known_order: list[tuple[Node, ...]] = field(default_factory=list[tuple[Node, ...]], init=False, repr=False)
    """The answer of `walk.order_of`, once somebody has asked."""

    @property
    def input_names(self) -> tuple[str, ...]:
        """The names of the inputs."""
        return tuple(str(node.params["name"]) for node in self.inputs)

    def with_outputs(self, outputs: Iterable[Node], names: Sequence[str] = ()) -> Graph:
        """The same inputs with other outputs."""
        return Graph(self.inputs, tuple(outputs), tuple(names))
